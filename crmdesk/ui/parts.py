"""All views of the window, made once and handed to whoever steers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdesk.ui.slots import SLOTS
from crmdesk.ui.translation import word
from crmdesk.ui.views.answers import AnswersPane
from crmdesk.ui.views.band import Band
from crmdesk.ui.views.caller import CallerPane
from crmdesk.ui.views.chooser import Chooser
from crmdesk.ui.views.finder import Finder
from crmdesk.ui.views.follow_up import FollowUpPane
from crmdesk.ui.views.home import HomeView
from crmdesk.ui.views.key_list import KeyList
from crmdesk.ui.views.note import NotePane
from crmdesk.ui.views.record import RecordView
from crmdesk.ui.views.stage import Stage
from crmdesk.ui.views.status_line import StatusLine
from crmdesk.ui.views.strip_window import StripWindow
from crmdesk.ui.views.timeline import TimelinePane
from crmdesk.ui.views.wrap_up import WrapUpStrip
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.message_strip import MessageStrip

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.actions import Actions
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved


@dataclass(frozen=True)
class Parts:
    """The views; none of them knows another."""

    box: SearchBox
    band: Band
    stage: Stage
    home: HomeView
    record: RecordView
    caller: CallerPane
    timeline: TimelinePane
    chooser: Chooser
    answers: AnswersPane
    note: NotePane
    follow_up: FollowUpPane
    wrap_up: WrapUpStrip
    finder: Finder
    keys: KeyList
    status: StatusLine
    messages: MessageStrip
    strip: StripWindow
    composing: Composing

    def reading_order(self) -> list[QWidget]:
        """Return all controls as one reads: what Tab follows."""
        return [
            self.box,
            *self.band.places,
            self.caller.list,
            *self.timeline.buttons,
            self.timeline.list,
            self.chooser.list,
            self.answers.search,
            self.answers.list,
            self.answers.article,
            *(self.note.edit(number) for number in range(1, SLOTS + 1)),
            self.follow_up.kind,
            self.follow_up.time,
            self.follow_up.subject,
            self.wrap_up.box,
            self.home.tasks,
            self.home.calls,
            self.home.news,
            self.home.article,
        ]

    @classmethod
    def build(
        cls,
        window: QWidget,
        ink: Ink,
        words: Words,
        moments: Moments,
        actions: Actions,
        composing: Composing,
        reserved: Reserved,
    ) -> Parts:
        """Make every view as a child of *window*."""
        box = _find_box(words, composing, reserved)
        band = Band(ink)
        words.bind(band.name_cards, word("A call; Enter opens the caller"))
        caller = CallerPane(ink, words)
        timeline = TimelinePane(ink, words, moments)
        chooser = Chooser(ink, words, actions["find"], actions["always-ask"])
        answers = AnswersPane(ink, words, moments, composing, reserved)
        note = NotePane(ink, words, composing, reserved)
        follow_up = FollowUpPane(ink, words, moments, composing, reserved, actions["go-on"])
        wrap_up = WrapUpStrip(ink, words, actions["finish"], actions["stretch"])
        record = RecordView(ink, caller, timeline, chooser, answers, note, follow_up, wrap_up)
        home = HomeView(ink, words, moments)
        stage = Stage()
        stage.add(home)
        stage.add(record)
        return cls(
            box=box,
            band=band,
            stage=stage,
            home=home,
            record=record,
            caller=caller,
            timeline=timeline,
            chooser=chooser,
            answers=answers,
            note=note,
            follow_up=follow_up,
            wrap_up=wrap_up,
            finder=Finder(ink, words, box, actions.commands, window),
            keys=KeyList(ink, words, actions.commands, composing, reserved, window),
            status=StatusLine(ink, words, moments),
            messages=MessageStrip(ink, window),
            strip=StripWindow(ink),
            composing=composing,
        )


def _find_box(words: Words, composing: Composing, reserved: Reserved) -> SearchBox:
    box = SearchBox(composing, reserved)
    words.bind(box.setPlaceholderText, word("Find anything  Ctrl+K"))
    words.bind(box.setAccessibleName, word("Find anything"))
    words.bind(
        box.setAccessibleDescription,
        word("Names, pinyin, numbers, plates, VINs and commands; arrows choose, Enter opens"),
    )
    return box
