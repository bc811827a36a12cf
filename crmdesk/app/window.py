"""`crmdesk`: the window of a profile."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from crmdesk.app.program import Program
from crmdesk.errors import CrmdeskError, StoreBusy
from crmdesk.logs import log_file
from crmdesk.services.profile import is_profile, open_profile, profile_path
from crmdesk.ui.look import STYLE

if TYPE_CHECKING:
    from pathlib import Path

    from crmdesk.app.farewell import Farewell
    from crmdesk.services.profile import Profile

TRACE_VARIABLE = "CRMDESK_TRACE_START"
SWITCH_SECONDS = 0.001
FRONT = "crmdesk://window"
WAITS, WAIT_SECONDS = 20, 0.5
"""How often and how long a window waits, before it is there, for whoever has the profile open."""

UNSEEN_CODE = (
    "Your recovery code: {code}. Write it down; it brings your data back when the keyring is lost."
    " It is shown only now."
)


def run(named: Path | None, address: str) -> int:
    """Show the window of the profile *named*, opened at *address*; return the exit code."""
    path = profile_path(named, os.environ)
    app = application()
    try:
        if not is_profile(path):
            return _first_start(app, path, address)
        profile = _opened(path, address)
    except CrmdeskError as error:
        return _refused(error)
    return 0 if profile is None else _run(app, profile, "", address)


def _opened(path: Path, address: str) -> Profile | None:
    """Return the profile, open; None when a running window has taken *address*.

    Whoever has the profile open may be a script about to end, or a window about to begin: it is waited for.

    Raises:
        StoreBusy: it is neither, the whole time.
        CrmdeskError: the profile cannot be opened.
    """
    for _ in range(WAITS - 1):
        try:
            return open_profile(path)
        except StoreBusy:
            from crmdesk.services.telephony.hook_server import open_in_running

            if open_in_running(path, address or FRONT):
                return None
        with suppress(StoreBusy):
            return open_profile(path, wait_seconds=WAIT_SECONDS)
    return open_profile(path)


def application() -> QApplication:
    """Return Qt's application, made when there is none.

    A window's thread that has something to paint waits for other threads no longer than a millisecond.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    held = QApplication.instance()
    return held if isinstance(held, QApplication) else QApplication([sys.argv[0], *STYLE])


def _run(app: QApplication, profile: Profile, code: str, address: str) -> int:
    with log_file(profile.logs_path):
        return _show(app, profile, code, address)


def _show(app: QApplication, profile: Profile, code: str, address: str) -> int:
    program = Program(app, profile)
    trace = StartTrace(program, os.environ.get(TRACE_VARIABLE, ""))
    trace.setParent(app)
    farewells: list[Farewell] = []
    program.window.opened.connect(lambda: farewells.append(_farewell(app)))
    program.show()
    if code:
        words = program.look.words
        program.window.front.messages.say(words.tr(UNSEEN_CODE, code=code), "due", words.tr("Esc closes"))
    if address:
        program.open_address(address)
    try:
        return app.exec()
    finally:
        program.close()
        for farewell in farewells:
            farewell.end()


def _farewell(app: QApplication) -> Farewell:
    """Listen to the system's wish to end, once something is on the screen: sockets come along."""
    from crmdesk.app.farewell import Farewell

    return Farewell(app.closeAllWindows)


def _first_start(app: QApplication, path: Path, address: str) -> int:
    """Ask the questions of a first start, then go on with the new desk, or with the demo."""
    from crmdesk.app.first_start import Beginning
    from crmdesk.ui.sweeper import Sweeper

    sweeper = Sweeper()
    sweeper.begin()
    begun = Beginning(app, path).run()
    sweeper.end()
    if begun.demo:
        from crmdesk.app.demo import run as run_demo

        return run_demo(None, None, None)
    if begun.profile is None:
        return 0
    return _run(app, begun.profile, begun.unseen_code, address)


def _refused(error: CrmdeskError) -> int:
    """Say why there is no window, in a dialog and on standard error; return the exit code."""
    sys.stderr.write(f"crmdesk: {error}\n")
    if QApplication.platformName() not in ("offscreen", "minimal"):
        from PySide6.QtWidgets import QMessageBox

        QMessageBox.critical(None, "crmdesk", str(error))
    return 1


class StartTrace(QObject):
    """Marks on standard error when the first worklist is painted and when everything is ready.

    Off unless ``CRMDESK_TRACE_START`` is set; ``quit`` ends the program after the last mark. One JSON object
    a line: mark, ``at`` in seconds since 1970, CPU milliseconds of this process.
    """

    def __init__(self, program: Program, wanted: str) -> None:
        super().__init__()
        self._program = program
        self._wanted = wanted
        if wanted:
            program.window.opened.connect(lambda: self._mark("painted"))
            program.news.ready.connect(self._on_ready)

    def _on_ready(self) -> None:
        self._mark("ready")
        if self._wanted == "quit":
            self._program.window.close()

    def _mark(self, mark: str) -> None:
        line = {"mark": mark, "at": time.time(), "cpu_ms": time.process_time() * 1000}
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
