"""The demo without a display: each call rings, is painted, pictured and told; then comes every screen."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEventLoop, QTimer

from crmdesk.app.showcase import shown_sharing
from crmdesk.errors import Bug
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.services.rpc.pops import pop_as_json
from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.main_window import SIZE, WindowOptions
from crmdesk.ui.screens import Scenes, render_screens
from crmdesk.ui.translation import CHINESE, ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crmdesk.app.demo import Stage
    from crmdesk.app.program import Program
    from crmdesk.services.demo.stars import DemoCaller
    from crmdesk.ui.desk import Desk

PATIENCE_MS = 15_000
NOTE_ZH = "客户说车位上又有机油，已经第三次。已请他先停车检查油位，安排今天下午进店，代步车免费。"
NOTE_EN = (
    "Oil under the car again, third time. Asked him to check the level before driving on; booked for today."
)
ANSWER_WORDS = "漏油"
PICTURED = frozenset({"repeat_leak", "english", "switchboard", "unknown"})
FIND_WORDS = "wjg"


@dataclass(frozen=True, slots=True)
class Painted:
    """A call that was shown: its pop, and the milliseconds from its bytes to the paint."""

    pop: ScreenPop
    painted_ms: float


class Rehearsal:
    """Plays calls of the demo company against a window nobody sees.

    Args:
        program: a desk with its window, not yet shown; closed when played.
        stage: the telephone system it is linked to, who rings on which lines, who complained.
    """

    def __init__(self, program: Program, stage: Stage) -> None:
        self._program = program
        self._simulator = stage.simulator
        self._company = stage.company
        self._complaints = stage.complaints
        self._lines = stage.content.company.lines
        self._pops: dict[str, ScreenPop] = {}

    def play(self, calls: int, folder: Path) -> int:
        """Play *calls* calls, then picture every screen into *folder*; return the exit code."""
        program = self._program
        try:
            program.show()
            # Nobody looks at a screen here, however small it may be.
            program.window.resize(*SIZE)
            self._wait(program.started.is_set, "the telephone")
            if not self._simulator.wait_for_clients(1, PATIENCE_MS / 1000):
                raise Bug("The window did not reach the demo's telephone system.")
            for n in range(calls):
                self._play(self._company.callers[n % len(self._company.callers)], n, folder)
            self._meet_the_rest()
            self._picture(folder)
        finally:
            program.window.close()
            program.close()
        return 0

    def _play(self, caller: DemoCaller, n: int, folder: Path) -> None:
        shown = self._ring(caller)
        name = f"call-{n + 1:02d}.png"
        self._program.window.grab().save(str(folder / name))
        self._program.window.calls.put_away(shown.pop.call_key)
        self._pops.setdefault(caller.key, shown.pop)
        line = {**pop_as_json(shown.pop), "png": name, "painted_ms": round(shown.painted_ms, 2)}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _meet_the_rest(self) -> None:
        """Ring whoever the pictures need and did not ring yet."""
        for caller in self._company.callers:
            if caller.key in PICTURED and caller.key not in self._pops:
                self._pops[caller.key] = self._ring(caller).pop

    def _ring(self, caller: DemoCaller) -> Painted:
        window, popped, painted = self._program.window, list[ScreenPop](), list[float]()
        line = self._lines[1 if caller.english else 0]
        self._program.bridge.popped.connect(popped.append)
        window.painted.connect(lambda _key: painted.append(time.perf_counter()))
        began = time.perf_counter()
        handle = self._simulator.ring(
            caller.number, caller.name, self._company.extension, line.number, line.queue
        )
        try:
            self._wait(lambda: bool(popped and painted), f"the call of {caller.key or caller.number}")
        finally:
            self._program.bridge.popped.disconnect(popped.append)
            window.painted.disconnect()
        self._simulator.answer(handle)
        self._simulator.hangup(handle, "caller")
        return Painted(popped[0], (painted[0] - began) * 1000)

    def _picture(self, folder: Path) -> None:
        program, pops = self._program, self._pops
        scenes = Scenes(
            known=pops["repeat_leak"],
            second=pops["english"],
            shared=pops["switchboard"],
            unknown=pops["unknown"],
            note_zh=NOTE_ZH,
            note_en=NOTE_EN,
            answer_words=ANSWER_WORDS,
            find_words=FIND_WORDS,
            complaints=self._complaints,
            status=DeskStatus(extension=self._company.extension, telephony="connected"),
        )
        options = WindowOptions(zone=ZoneInfo(program.profile.settings.text("zone")), restore_drafts=False)
        screens = []
        for language in (CHINESE, ENGLISH):
            # The services look at the window's language, too: news come in it.
            program.look.words.use(language)
            screens += render_screens(
                self._shown_desk(),
                scenes,
                program.look,
                folder,
                languages=(language,),
                options=options,
                clock=program.profile.clock,
            )
        (folder / "screens.json").write_text(json.dumps(screens, indent=1), encoding="utf-8")

    def _shown_desk(self) -> Desk:
        """Return the demo's desk as it would look on a shared database."""
        program, known = self._program, self._pops["repeat_leak"].customer
        if known is None:
            return program.desk
        return shown_sharing(program.desk, known, program.look.words, program.profile.clock)

    def _wait(self, happened: Callable[[], bool], what: str) -> None:
        """Let the window live until *happened*; raise Bug naming *what* when it does not in time."""
        if happened():
            return
        loop, looking, giving_up = QEventLoop(), QTimer(), QTimer()
        looking.timeout.connect(lambda: loop.quit() if happened() else None)
        giving_up.timeout.connect(loop.quit)
        looking.start(2)
        giving_up.start(PATIENCE_MS)
        loop.exec()
        looking.stop()
        giving_up.stop()
        if not happened():
            raise Bug("The demo waited in vain for {what}.", what=what)
