"""F8 to a form that takes keys: from the key until the first field has the keyboard and is painted.

The real window over the demo company, offscreen; a customer is shown. `first` is the first F8, once the
form was made ahead in spare time (--cold: before that). The raw limit is a bare Qt form with as many
controls of the same kinds. Beside it what follows: what the form offers, words and history looked at
again, the complaint kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from benchmarks.measure import Timings, machine, percentile, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from crmdesk.app.program import Program
    from crmdesk.models.types import CustomerId
    from crmdesk.services.complaints.intake_sheet import Sheet
    from crmdesk.services.profile import Profile

RUNS, CUSTOMERS, PATIENCE_SECONDS = 100, 400, 20.0
WORDS = "车底又漏油，第三次了，换过油底壳垫仍然漏，客户要求退还工时费并提供代步车"


def main() -> None:
    """Measure and print JSON lines."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=RUNS)
    asked.add_argument("--customers", type=int, default=CUSTOMERS)
    asked.add_argument(
        "--cold", action="store_true", help="press the first F8 before the form was made ahead"
    )
    given = asked.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from crmdesk.app.program import Program
    from crmdesk.app.window import application
    from crmdesk.services.starter import complete

    app = application()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(app, company(Path(folder) / "desk", given.customers))
        program.store.write(complete).result()
        try:
            keys(program, given.runs, cold=given.cold)
            answers(program, given.runs)
        finally:
            program.window.close()
            program.close()


def company(folder: Path, customers: int) -> Profile:
    """Make a profile with the demo company in it."""
    from crmdesk.resources import resource
    from crmdesk.services.demo.company import fill_demo
    from crmdesk.services.demo_content import load_demo_content
    from crmdesk.services.profile import new_profile
    from crmdesk.services.store.keys import MemorySecrets

    content = load_demo_content(resource("demo"))
    settings = {"agent": content.company.agents[0].login, "zone": content.company.time_zone}
    profile = new_profile(folder, settings=settings, secrets=MemorySecrets(), environment={}).profile
    fill_demo(profile.store_path, profile.key, content, customers=customers, now=profile.clock())
    return profile


def keys(program: Program, runs: int, *, cold: bool) -> None:
    """Measure the key."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    window = program.window
    window.show()
    window.activateWindow()
    window.start()
    until(lambda: bool(program.store.read(lambda _: True).result()) and window._side is not None)
    customer = program.store.read(_somebody).result()
    window.commands.open_customer(customer)
    until(lambda: window.side.record.record is not None and not window.operations.busy)
    shown = time.monotonic() + 0.5
    until(lambda: time.monotonic() > shown)  # the record itself is painted before the key
    if not cold:
        until(lambda: window.side.complaints.intake._form is not None and not window.operations.busy)
    # Asked for a widget that Qt made, PySide loads the classes of all: not a cost of the key.
    window.side.parts.note.edit(1).viewport()
    first, then, limit = Timings(), Timings(), Timings()
    for n in range(runs + 1):
        into = first if n == 0 else then
        into.run(lambda: _f8(program))
        until(lambda: not window.operations.busy)
        QTest.keyClick(window.side.complaints.intake.form.fields.what, Qt.Key.Key_Escape)
        until(lambda: not window.operations.busy)
    bare = _bare_form()
    for _ in range(runs):
        limit.run(lambda: _shown(bare))
        bare.hide()
    more = {"first_ms": round(first.wall_ms[0], 1), "first_cpu_ms": round(first.cpu_ms[0], 1)}
    report("intake.key", then, limit, **more, cold=cold, cpu_min_ms=round(min(then.cpu_ms), 1))


def answers(program: Program, runs: int) -> None:
    """Measure what the services answer: CPU of this process by the clock of the request."""
    from crmdesk.services.complaints.intake_sheet import Sheet

    customer = program.store.read(_somebody).result()
    sheet = Sheet(
        complaint_id=str(uuid4()),
        received_at=program.profile.clock().isoformat(),
        customer_id=str(customer),
        channel="phone",
        what_happened=WORDS,
        severity="S3",
    )
    intakes = program.desk.intakes
    intakes.warm().result()
    for name, ask in (
        ("offer", lambda: intakes.offer(sheet).result()),
        ("assess", lambda: intakes.assess(sheet).result()),
        ("log", lambda: intakes.log(_another(sheet)).result()),
    ):
        taken = Timings()
        for _ in range(runs):
            taken.run(ask)
        line = {"bench": f"intake.{name}", "n": runs, "p50_ms": percentile(taken.wall_ms, 0.5)}
        line |= {"p99_ms": percentile(taken.wall_ms, 0.99), "machine": machine()}
        print(json.dumps(line, ensure_ascii=False))


def until(happened: Callable[[], bool]) -> None:
    """Let the window live until *happened*."""
    from PySide6.QtCore import QCoreApplication

    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        QCoreApplication.processEvents()
        if time.monotonic() > end:
            sys.exit("waited in vain")


def _f8(program: Program) -> None:
    """Press F8; return once the field has the keyboard and was painted."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    focus = QApplication.focusWidget() or program.window
    QTest.keyClick(focus, Qt.Key.Key_F8)
    field = program.window.side.complaints.intake.form.fields.what
    assert field.hasFocus()
    _painted(field)


def _painted(field: QWidget) -> None:
    """Return once the window of *field* has painted."""
    from PySide6.QtCore import QCoreApplication, QEvent, QObject

    class Watch(QObject):
        seen = False

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            self.seen |= event.type() == QEvent.Type.Paint
            return False

    watch = Watch()
    inner = field.viewport() if hasattr(field, "viewport") else field
    inner.installEventFilter(watch)
    while not watch.seen:
        QCoreApplication.processEvents()
    inner.removeEventFilter(watch)


def _bare_form() -> QWidget:
    from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

    form = QWidget()
    rows = QFormLayout(form)
    kinds = (QPlainTextEdit, QLineEdit, QComboBox, QLineEdit, QComboBox, QComboBox)
    for number, kind in enumerate(kinds):
        rows.addRow(str(number), kind(form))
    form.resize(400, 600)
    return form


def _shown(form: QWidget) -> None:
    from PySide6.QtWidgets import QPlainTextEdit

    form.show()
    (field,) = form.findChildren(QPlainTextEdit)
    field.setFocus()
    _painted(field)


def _another(sheet: Sheet) -> Sheet:
    return replace(sheet, complaint_id=str(uuid4()), category="quality_engine")


def _somebody(connection: Any) -> CustomerId:
    from uuid import UUID

    query = "SELECT customer_id FROM asset ORDER BY seq LIMIT 1"
    return cast("CustomerId", UUID(bytes=connection.execute(query).fetchone()[0]))


if __name__ == "__main__":
    main()
