"""The real window over a real server: joined by keys, level with a colleague, a conflict settled."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.app.program import Program
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.operations import Operation
from crmdesk.models.sync_views import HelpWanted
from crmdesk.models.types import CustomerId
from crmdesk.services.profile import is_profile, new_profile
from crmdesk.services.store.keys import STORE_KEY, MemorySecrets
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.address import PASSWORD
from crmdesk.services.sync.colleagues import Colleagues
from crmdesk.services.sync.outbox import is_shared
from crmdesk.ui.views.gone import CLOSES_AFTER_SECONDS, GoneView
from crmdesk.ui.views.help_strip import HelpStrip
from crmdesk.ui.views.join_pane import JoinPane
from crmdesk.ui.views.membership_pane import MembershipPane
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk
from tests.services.sync.proxy import Line

PATIENCE_MS = 20_000
SECONDS = 20.0
_CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class SharedWindow:
    """A window on a desk, and the keys pressed in it."""

    def __init__(self, program: Program, bot: QtBot) -> None:
        self.program = program
        self.window = program.window
        self._bot = bot

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the keyboard is."""
        focus = QApplication.focusWidget()
        assert focus is not None
        self._bot.keyClick(focus, key, modifiers)

    def until(self, happened: Any) -> None:
        """Let the window live until *happened*."""
        self._bot.waitUntil(happened, timeout=PATIENCE_MS)

    def mark(self) -> str:
        """Return what the status line says."""
        return self.window.front.status.accessibleDescription()

    def name_of(self, customer: UUID) -> str | None:
        """Return the name of a customer as this desk has it."""

        def query(connection: Any) -> str | None:
            found = connection.execute("SELECT name FROM customer WHERE id = ?", (customer.bytes,)).fetchone()
            return found[0] if found else None

        return self.program.store.read(query).result()

    def join(self, database: Database, login: str, port: int = 0) -> None:
        """Join by the fields of the pane, through another *port* if one is given."""
        self.key(Qt.Key.Key_J, _CTRL_SHIFT)
        self.until(lambda: bool(self.window.findChildren(JoinPane)))
        (pane,) = self.window.findChildren(JoinPane)
        pane.lines["address"].setText(f"127.0.0.1:{port or database.cluster.port}/{database.name}")
        pane.lines["user"].setText(login)
        pane.lines["password"].setText(database.password(login))
        pane.lines["ca_file"].setText(str(database.ca))
        self.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        self.until(pane.isHidden)
        assert pane.lines["password"].text() == ""
        self.until(lambda: "Up to date" in self.mark())


@pytest.fixture
def seat(tmp_path: Path, qapp: QApplication, qtbot: QtBot, light_recovery: None) -> Iterator[SharedWindow]:
    """A window that works alone, ready for keys."""
    profile = new_profile(
        tmp_path / "desk", test=True, settings={"language": "en"}, secrets=MemorySecrets(), environment={}
    ).profile
    program = Program(qapp, profile)
    with qtbot.waitSignal(program.window.settled, timeout=PATIENCE_MS):
        program.show()
        program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=PATIENCE_MS)
    qtbot.waitUntil(program.started.is_set, timeout=PATIENCE_MS)
    yield SharedWindow(program, qtbot)
    program.window.close()
    program.close()
    program.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def colleague(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    """The desk of somebody else on the same database."""
    with desk(database, database.person("wang"), tmp_path / "other") as made:
        # Its thread keeps the promise of a hint that may not be given at once.
        made.worker.start()
        yield made


@pytest.fixture
def line(database: Database) -> Iterator[Line]:
    """A line to the server that can go dead."""
    with Line(database.cluster.port) as made:
        yield made


def _renamed(at: TestDesk, customer: UUID, name: str) -> None:
    def perform(work: UnitOfWork) -> None:
        held = work.load(Customer, customer)
        work.do(held.change(work.author, {"name": name}, held.rev))
        work.commit()

    at.store.write(perform).result()


def _opened(at: TestDesk, name: str) -> UUID:
    made: Operation = at.do(at.describe(open_customer, {"name": name, "kind": "person"}, []))
    return UUID(made.payload["id"])


def test_a_window_joins_by_keys_and_stays_level(
    seat: SharedWindow, database: Database, colleague: TestDesk
) -> None:
    database.person("lin")
    seat.until(lambda: "This PC alone" in seat.mark())
    customer = _opened(colleague, "Chen Jing")
    colleague.worker.run_once()
    seat.join(database, "lin")
    seat.until(lambda: seat.name_of(customer) == "Chen Jing")
    _renamed(colleague, customer, "Chen Jingyi")
    colleague.worker.run_once()
    seat.until(lambda: seat.name_of(customer) == "Chen Jingyi")


def test_a_wrong_password_is_a_sentence_in_the_pane(seat: SharedWindow, database: Database) -> None:
    database.person("lin")
    seat.key(Qt.Key.Key_J, _CTRL_SHIFT)
    seat.until(lambda: bool(seat.window.findChildren(JoinPane)))
    (pane,) = seat.window.findChildren(JoinPane)
    pane.lines["address"].setText(f"127.0.0.1:{database.cluster.port}/{database.name}")
    pane.lines["user"].setText("lin")
    pane.lines["password"].setText("not it")
    pane.lines["ca_file"].setText(str(database.ca))
    seat.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    seat.until(lambda: "password" in pane.notes["password"].text())
    assert pane.isVisible()
    assert "This PC alone" in seat.mark()


def test_a_conflict_is_settled_with_two_keys(
    seat: SharedWindow, database: Database, colleague: TestDesk, line: Line
) -> None:
    database.person("lin")
    customer = _opened(colleague, "Chen Jing")
    colleague.worker.run_once()
    seat.join(database, "lin", line.port)
    seat.until(lambda: seat.name_of(customer) == "Chen Jing")
    version = seat.program.store.read(_revision, customer).result()
    line.dead.set()
    seat.program.desk.change_customer(CustomerId(customer), {"name": "Chen Jingyi"}, version).result()
    seat.until(lambda: "1 to send" in seat.mark())
    _renamed(colleague, customer, "Chen Qing")
    colleague.worker.run_once()
    line.cut()
    seat.until(lambda: "Server not reachable" in seat.mark())
    line.dead.clear()
    line.cut()
    seat.until(lambda: "needs your choice" in seat.mark())
    seat.key(Qt.Key.Key_S, _CTRL_SHIFT)
    panel = seat.window.side.shared.panel.view
    seat.until(lambda: len(panel.clashes.clashes.rows) == 1)
    (row,) = panel.clashes.clashes.rows
    assert (row.before, row.yours, row.theirs) == ("Chen Jing", "Chen Jingyi", "Chen Qing")
    seat.key(Qt.Key.Key_1)
    seat.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    seat.until(lambda: seat.mark().endswith("Up to date"))
    colleague.worker.run_once()
    row_there = colleague.row("customer", customer)
    assert row_there is not None
    assert row_there["name"] == "Chen Jingyi"


def _revision(connection: Any, customer: UUID) -> int:
    (revision,) = connection.execute("SELECT rev FROM customer WHERE id = ?", (customer.bytes,)).fetchone()
    return int(revision)


def test_a_colleague_is_seen_at_the_record_and_can_be_helped(
    seat: SharedWindow, database: Database, colleague: TestDesk
) -> None:
    lin = database.person("lin", role="supervisor")
    customer = CustomerId(_opened(colleague, "Chen Jing"))
    colleague.worker.run_once()
    seat.join(database, "lin")
    seat.until(lambda: seat.name_of(customer) == "Chen Jing")
    device = UUID(colleague.profile.identity.device)
    wang = Colleagues(colleague.worker.questions.ask, colleague.worker.address, device, lambda: "en")
    wang.tell("talking", customer, "note").result(SECONDS)
    asked = wang.ask_help(HelpWanted("person", lin.agent_id, customer, None, "he shouts")).result(SECONDS)
    seat.until(lambda: bool(seat.window.findChildren(HelpStrip)))
    (strip,) = seat.window.findChildren(HelpStrip)
    seat.until(lambda: "he shouts" in strip.text)
    seat.key(Qt.Key.Key_F4, Qt.KeyboardModifier.ShiftModifier)
    caller = seat.window.parts.caller
    seat.until(lambda: any("is writing a note here" in text for text, _ in caller.presence))
    assert strip.isHidden()
    (request,) = wang.requests().result(SECONDS)
    assert (request.id, request.state) == (asked.id, "taken")
    seat.until(lambda: any(line.doing == "open" for line in wang.present(customer).result(SECONDS)))


def test_a_window_leaves_by_keys_and_keeps_what_is_here(
    seat: SharedWindow, database: Database, colleague: TestDesk, line: Line
) -> None:
    database.person("lin")
    customer = _opened(colleague, "Chen Jing")
    colleague.worker.run_once()
    seat.join(database, "lin", line.port)
    seat.until(lambda: seat.name_of(customer) == "Chen Jing")
    version = seat.program.store.read(_revision, customer).result()
    line.dead.set()
    line.cut()
    seat.program.desk.change_customer(CustomerId(customer), {"name": "Chen Jingyi"}, version).result()
    seat.until(lambda: "1 to send" in seat.mark())
    seat.key(Qt.Key.Key_J, _CTRL_SHIFT)
    (pane,) = seat.window.findChildren(MembershipPane)
    seat.until(lambda: len(pane.unsent_lines.rows) == 1)
    for _ in range(2):
        seat.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    seat.until(lambda: pane.go.isEnabled() and not pane.trouble.isHidden())
    assert seat.program.store.read(is_shared).result()
    pane.choice.setFocus()
    seat.key(Qt.Key.Key_Down)
    for _ in range(2):
        seat.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    seat.until(lambda: seat.mark().endswith("This PC alone"))
    assert seat.name_of(customer) == "Chen Jingyi"
    assert seat.program.profile.secrets.get(seat.program.profile.id, PASSWORD) is None


def test_the_window_of_a_desk_that_is_put_off_says_so_and_closes_itself(
    seat: SharedWindow, database: Database, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    database.person("lin")
    seat.join(database, "lin", line.port)
    customer = open_customer(seat.program.store.author, {"name": "Chen Jing", "kind": "person"}, [])
    line.dead.set()
    seat.program.store.write(_did, customer).result()
    seat.until(lambda: "1 to send" in seat.mark())
    with database.connect() as admin:
        admin.execute("SELECT crm.forget_device(id) FROM crm.device")
    line.dead.clear()
    line.cut()
    seat.until(lambda: bool(_shown(GoneView)))
    (gone,) = _shown(GoneView)
    seat.until(lambda: not seat.window.isVisible())
    assert gone.told.text().startswith("The administrator has put this desk off the server")
    assert "1 change that had not reached the server is destroyed with it" in gone.told.text()
    seat.until(lambda: "Enter closes it now" in gone.closing.text())
    profile = seat.program.profile
    left = [*profile.path.glob("store.db*"), *profile.path.glob("drafts.db*")]
    assert left == []
    assert not is_profile(profile.path)
    assert profile.secrets.get(profile.id, STORE_KEY) is None
    with database.connect() as admin:
        seat.until(lambda: admin.execute("SELECT state FROM crm.device").fetchall() == [("confirmed",)])
    for _ in range(CLOSES_AFTER_SECONDS):
        gone._on_second()
    assert not gone.isVisible()
    seat.program.close()
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


def _did(work: UnitOfWork, operation: Operation) -> None:
    work.do(operation)
    work.commit()


def _shown(kind: type[QWidget]) -> list[Any]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()]


def test_name_role_and_teams_follow_the_server_while_the_window_is_open(
    seat: SharedWindow, database: Database
) -> None:
    database.person("lin")
    seat.join(database, "lin")
    status = seat.window.front.status
    seat.until(lambda: status.status.agent_name == "lin")
    seat.key(Qt.Key.Key_J, _CTRL_SHIFT)
    (pane,) = seat.window.findChildren(MembershipPane)
    seat.until(lambda: pane.facts["person"].text() == "lin · Agent")
    assert pane.facts["teams"].text() == "hotline"
    with database.connect() as admin:
        team = admin.execute("SELECT crm.set_team(NULL, 'night', NULL, 'Night shift', '夜班')").fetchone()
        assert team is not None
        admin.execute(
            "SELECT crm.set_person('lin', NULL, 'supervisor', %s::uuid[], NULL, 'Lin Yue', '林悦')",
            ([team[0]],),
        )
        admin.execute("SELECT crm.stamp()")
        admin.execute("SELECT crm.hint()")
    seat.until(lambda: status.status.agent_name == "Lin Yue")
    seat.until(lambda: pane.facts["person"].text() == "lin · Supervisor")
    seat.until(lambda: pane.facts["teams"].text() == "Night shift")
    seat.key(Qt.Key.Key_L, _CTRL_SHIFT)
    seat.until(lambda: status.status.agent_name == "林悦")
