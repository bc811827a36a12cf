"""Pictures of the real window in each of its states, drawn without a display."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer

from crmdesk.models.text import say
from crmdesk.models.types import utc_now
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk import CallState
from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.main_window import MainWindow, WindowOptions
from crmdesk.ui.views.first_start import FirstStartView
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from crmdesk.models.screen_pop import ScreenPop
    from crmdesk.models.sync_views import SyncStatus
    from crmdesk.models.types import Clock
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.look import Look
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

WIDTH, HEIGHT = 1440, 900
FIRST_START = "first-start"
_FOLDER = "~/.local/share/crmdesk"
_WAIT_MS = 5000
_FRAME_MS = 60
_LASTS = {"talking": 6.0, "ended": 148.0, "cut_off": 192.0}
"""Seconds that pass before a call comes into a state, as in a real one."""
_AFTER = {"talking": 74.0, "ended": 7.0, "cut_off": 4.0}


@dataclass(frozen=True, slots=True)
class Scenes:
    """The calls to be shown, of a shape that fits their names, and words to search for.

    ``note_*`` is typed into notes; ``answer_words`` and ``find_words`` are searched.
    """

    known: ScreenPop
    second: ScreenPop
    shared: ScreenPop
    unknown: ScreenPop
    note_zh: str
    note_en: str
    answer_words: str
    find_words: str
    status: DeskStatus = field(default_factory=DeskStatus)
    complaints: Mapping[str, UUID] = field(default_factory=dict)
    """Complaints to be shown, by what they show."""


class Studio:
    """One window, put into a state and pictured."""

    def __init__(
        self, desk: Desk, scenes: Scenes, words: Words, ink: Ink, options: WindowOptions, clock: Clock
    ) -> None:
        self._desk = desk
        self._scenes = scenes
        self._base_clock = clock
        self._elapsed = 0.0
        self._bridge = Bridge()
        self.window = MainWindow(desk, self._bridge, words, ink, options, self._clock, self._monotonic)
        self.window.resize(WIDTH, HEIGHT)
        self.window.front.status.show_status(scenes.status)
        self.window.show()
        whole = QEventLoop()
        self.window.settled.connect(whole.quit)
        self.window.start()
        whole.exec()
        self.settle()

    def settle(self) -> None:
        """Let answers arrive and the window paint."""
        loop = QEventLoop()
        self.window.operations.idle.connect(loop.quit)
        QTimer.singleShot(_WAIT_MS, loop.quit)
        if self.window.operations.busy:
            loop.exec()
        QTimer.singleShot(_FRAME_MS, loop.quit)
        loop.exec()

    def run(self, *commands: str) -> None:
        """Run commands as the keys would, one second after what came before."""
        for command in commands:
            self._elapsed += 1.0
            self.window.commands.run(command)
            self.settle()

    def ring(self, pop: ScreenPop, *states: str) -> None:
        """Let a call ring and go through *states*."""
        self.window.show_pop(pop)
        self.settle()
        for state in states:
            self._elapsed += _LASTS.get(state, 0.0)
            self.window.calls.call_changed(CallState(pop.call_key, state, self._clock()))
        self._elapsed += _AFTER.get(states[-1] if states else "", 1.0)
        self.window.calls.tick()
        self.settle()

    def share(self, *, away: bool = False) -> None:
        """Take in how the desk and its server stand; *away*: nine minutes ago it went away."""

        def known(status: SyncStatus) -> None:
            if away:
                trouble, at = say("The server cannot be reached at present."), self._clock()
                pulled = at - timedelta(minutes=9)
                status = replace(status, connected=False, trouble=trouble, pending=2, last_pull_at=pulled)
            self._bridge.sync_changed.emit(status)

        self.window.operations.run(self._desk.sharing.sync_status(), known)
        self.settle()

    def type_note(self) -> None:
        """Type a note into the current call."""
        words = self.window.words
        text = words.pick(self._scenes.note_en, self._scenes.note_zh)
        current = self.window.slots.current
        if current is not None:
            self.window.parts.note.edit(current.number).insertPlainText(text)
        self.run("note")

    def picture(self, path: Path) -> None:
        """Write what is seen."""
        self.settle()
        self.window.grab().save(str(path))

    def close(self) -> None:
        """Take the window away."""
        self.window.close()
        self._bridge.close()
        self.window.deleteLater()

    def _clock(self) -> datetime:
        return self._base_clock() + timedelta(seconds=self._elapsed)

    def _monotonic(self) -> float:
        return self._elapsed


def _worklist(studio: Studio, scenes: Scenes) -> None:
    studio.window.parts.home.tasks.setFocus()
    studio.window.parts.home.tasks.choose_row(0)


def _known(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known)


def _chooser(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.shared)


def _unknown(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.unknown, "talking")


def _talking(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.type_note()
    answers = studio.window.parts.answers
    if answers.model.rows:
        studio.run("answers")
        answers.read_current()
    studio.settle()


def _second(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.type_note()
    studio.ring(scenes.second)


def _wrap_up(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.type_note()
    studio.run("follow-up", "go-on", "answers", "go-on")
    studio.window.parts.messages.dismiss()
    studio.ring(scenes.known, "ended")
    studio.run("note")


def _answers(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.run("answers")
    box = studio.window.parts.answers.search
    box.setText(scenes.answer_words)
    box.textEdited.emit(scenes.answer_words)
    studio.settle()
    studio.settle()


def _find(studio: Studio, scenes: Scenes) -> None:
    studio.run("find")
    box = studio.window.parts.box
    box.setText(scenes.find_words)
    box.textEdited.emit(scenes.find_words)
    studio.settle()
    studio.settle()


def _follow_up(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.type_note()
    studio.run("follow-up")


def _new_person(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.unknown, "talking")
    studio.run("new-person")


def _change_record(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.run("edit-person")


def _keys(studio: Studio, scenes: Scenes) -> None:
    studio.run("keys")


def _trouble(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking", "cut_off")
    sentence = say("The disk is full. Free some space; what you typed is kept and saved then.")
    studio.window.parts.messages.say(studio.window.words.text(sentence), "breach")


def _sharing(studio: Studio, scenes: Scenes) -> None:
    studio.share(away=True)
    studio.ring(scenes.known, "talking")
    studio.run("sharing")


def _help(studio: Studio, scenes: Scenes) -> None:
    studio.share()
    studio.ring(scenes.known, "talking")
    studio.type_note()
    studio.run("help")


def _older_history(studio: Studio, scenes: Scenes) -> None:
    studio.share()
    page = scenes.known.timeline
    here = replace(page, after=None, total=len(page.items), complete=False, everywhere=page.total + 45)
    studio.ring(replace(scenes.known, timeline=here), "talking")


def _joining(studio: Studio, scenes: Scenes) -> None:
    studio.window.side.shared.joining.open()


def _complaint(name: str, *commands: str) -> Callable[[Studio, Scenes], None]:
    """Return what shows the complaint *name* and then runs *commands*, the next step for example."""

    def show(studio: Studio, scenes: Scenes) -> None:
        studio.window.commands.open_complaint(scenes.complaints[name])
        studio.settle()
        studio.run(*commands)

    return show


def _unfolded(studio: Studio, scenes: Scenes) -> None:
    _complaint("waiting")(studio, scenes)
    trail = studio.window.side.complaints.page.view.trail
    trail.entered.emit(trail.lines.rows[1])
    studio.settle()


def _kept_letter(studio: Studio, scenes: Scenes) -> None:
    _complaint("to_tell")(studio, scenes)
    file = studio.window.side.complaints.page.view.file
    letters = [n for n, line in enumerate(file.lines.rows) if line.kind == "letter"]
    file.list.choose_row(letters[0])
    file.list.entered_row.emit(letters[0])
    studio.settle()


def _intake_empty(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.unknown, "talking")
    studio.run("complaint", "go-on")


def _intake(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.known, "talking")
    studio.type_note()
    studio.run("complaint")


def _intake_repeats(studio: Studio, scenes: Scenes) -> None:
    _intake(studio, scenes)
    intake = studio.window.side.complaints.intake
    category = intake.form.fields.filters["category"].line
    category.setText("wxhgz")
    category.textEdited.emit("wxhgz")
    category.entered.emit()
    intake.look_again()
    studio.settle()


def _intake_solved(studio: Studio, scenes: Scenes) -> None:
    _intake(studio, scenes)
    studio.run("remedy")
    solution = studio.window.side.complaints.intake.form.fields.solution
    solution.done.insertPlainText(studio.window.words.pick("Apologised, voucher sent", "已致歉并赠送代金券"))
    solution.kinds[0].setCurrentIndex(8)
    solution.sums[0].setText("150")
    solution.kinds[0].activated.emit(8)
    studio.settle()


def _intake_saved(studio: Studio, scenes: Scenes) -> None:
    studio.ring(scenes.second, "talking")
    studio.type_note()
    studio.run("complaint", "go-on")


def _lists(segment: int, *commands: str) -> Callable[[Studio, Scenes], None]:
    """Return what shows a list of complaints with its third line looked at, and then runs *commands*."""

    def show(studio: Studio, scenes: Scenes) -> None:
        studio.run("complaints")
        lists = studio.window.side.complaints.lists
        lists.view.list.segment_picked.emit(segment)
        studio.settle()
        lists.view.list.choose_row(min(2, len(lists.view.list.lines.rows) - 1))
        lists.show_clocks()
        studio.settle()
        if commands:
            lists.mark_all()
            studio.run(*commands)

    return show


STATES: tuple[tuple[str, Callable[[Studio, Scenes], None]], ...] = (
    ("worklist", _worklist),
    ("pop-known", _known),
    ("pop-chooser", _chooser),
    ("pop-unknown", _unknown),
    ("talking-article", _talking),
    ("second-call", _second),
    ("wrap-up", _wrap_up),
    ("answers-search", _answers),
    ("find-anything", _find),
    ("follow-up", _follow_up),
    ("new-person", _new_person),
    ("change-record", _change_record),
    ("keys", _keys),
    ("cut-off-trouble", _trouble),
    ("sharing", _sharing),
    ("help", _help),
    ("older-history", _older_history),
    ("joining", _joining),
    ("intake-empty", _intake_empty),
    ("intake", _intake),
    ("intake-repeats", _intake_repeats),
    ("intake-solved", _intake_solved),
    ("intake-saved", _intake_saved),
    ("complaint-fresh", _complaint("fresh")),
    ("complaint-investigating", _complaint("investigating")),
    ("complaint-proposed", _complaint("proposed")),
    ("complaint-waiting", _unfolded),
    ("complaint-closed", _complaint("closed")),
    ("complaint-grave", _complaint("grave")),
    ("complaint-steps", _complaint("investigating", "complaint-steps")),
    ("step-accept", _complaint("fresh", "go-on")),
    ("step-assess", _complaint("acknowledged", "go-on")),
    ("step-propose", _complaint("investigating", "go-on")),
    ("step-tell", _complaint("to_tell", "go-on")),
    ("complaints", _lists(3)),
    ("complaints-to-approve", _lists(2)),
    ("complaints-hand-over", _lists(0, "hand-over")),
    ("complaints-mine", _lists(0)),
    ("complaint-overdue", _complaint("overdue")),
    ("complaint-outside", _complaint("outside")),
    ("complaint-appealed", _complaint("appealed")),
    ("letter", _complaint("to_tell_zh", "letter")),
    ("letter-kept", _kept_letter),
    ("follow-up-call", _complaint("follow_up", "follow-up")),
    ("corrective-action", _complaint("investigating", "corrective-action")),
    ("step-close", _complaint("follow_up", "go-on")),
)


def render_screens(  # noqa: PLR0913 - all but three are choices
    desk: Desk,
    scenes: Scenes,
    look: Look,
    out_dir: Path,
    *,
    languages: Sequence[str] = ("zh", "en"),
    themes: Sequence[str] = ("light", "dark"),
    options: WindowOptions | None = None,
    clock: Clock = utc_now,
    only: Sequence[str] = (),
) -> list[dict[str, str]]:
    """Write a PNG of each state into *out_dir* and return their list.

    The desk is asked as always, but nothing is finished: drafts are all that is written. Needs a running
    QApplication dressed with *look*, offscreen or on a display.

    Returns:
        For each picture ``file``, ``screen``, ``language`` and ``theme``.
    """
    chosen = options or WindowOptions(restore_drafts=False)
    written = []
    for language in languages:
        for theme in themes:
            for name, state in STATES:
                if only and name not in only:
                    continue
                studio = Studio(desk, scenes, look.words.twin(language), look.ink, chosen, clock)
                studio.window.use_theme(theme)
                studio.window.activateWindow()
                state(studio, scenes)
                file = f"{name}.{language}.{theme}.png"
                studio.picture(out_dir / file)
                studio.close()
                written.append({"file": file, "screen": name, "language": language, "theme": theme})
            if not only or FIRST_START in only:
                file = f"{FIRST_START}.{language}.{theme}.png"
                _picture_first_start(look.words.twin(language), look.ink, out_dir / file)
                written.append({"file": file, "screen": FIRST_START, "language": language, "theme": theme})
    return written


def _picture_first_start(words: Words, ink: Ink, path: Path) -> None:
    """Write what is seen before there is a desk, with the questions about a telephone system open."""
    view = FirstStartView(ink, words, _FOLDER)
    view.telephone.setCurrentIndex(1)
    view.show()
    view.grab().save(str(path))
    view.deleteLater()
