"""All views of the window, made once and handed to whoever steers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.slots import SLOTS
from crmdesk.ui.views.answers import AnswersPane
from crmdesk.ui.views.caller import CallerPane
from crmdesk.ui.views.chooser import Chooser
from crmdesk.ui.views.finder import Finder
from crmdesk.ui.views.follow_up import FollowUpPane
from crmdesk.ui.views.key_list import KeyList
from crmdesk.ui.views.note import NotePane
from crmdesk.ui.views.record import RecordView
from crmdesk.ui.views.strip_window import StripWindow
from crmdesk.ui.views.timeline import TimelinePane
from crmdesk.ui.views.wrap_up import WrapUpStrip
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.front import Front
    from crmdesk.ui.presenters.workplace import Tools
    from crmdesk.ui.views.band import Band
    from crmdesk.ui.views.home import HomeView
    from crmdesk.ui.views.stage import Stage
    from crmdesk.ui.views.status_line import StatusLine
    from crmdesk.ui.widgets.inputs import Composing, SearchBox
    from crmdesk.ui.widgets.message_strip import MessageStrip


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
            self.timeline.filters,
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
            self.wrap_up.reason,
            self.home.tasks,
            self.home.calls,
            self.home.news,
            self.home.article,
        ]

    @classmethod
    def build(cls, window: QWidget, front: Front, tools: Tools) -> Parts:
        """Make the views that are not in *front*, as children of *window*."""
        ink, words, moments, actions = tools.ink, tools.words, tools.moments, tools.actions
        composing, reserved = tools.composing, tools.reserved
        caller = CallerPane(ink, words)
        timeline = TimelinePane(ink, words, moments, actions["load-history"])
        chooser = Chooser(ink, words, actions["find"], actions["new-person"], actions["always-ask"])
        answers = AnswersPane(ink, words, moments, composing, reserved)
        note = NotePane(ink, words, composing, reserved)
        follow_up = FollowUpPane(ink, words, moments, composing, reserved, actions["go-on"])
        wrap_up = WrapUpStrip(ink, words, actions["finish"], actions["stretch"])
        record = RecordView(ink, caller, timeline, chooser, answers, note, follow_up, wrap_up)
        front.stage.add(record)
        return cls(
            box=front.box,
            band=front.band,
            stage=front.stage,
            home=front.home,
            record=record,
            caller=caller,
            timeline=timeline,
            chooser=chooser,
            answers=answers,
            note=note,
            follow_up=follow_up,
            wrap_up=wrap_up,
            finder=Finder(ink, words, front.box, actions.commands, window),
            keys=KeyList(ink, words, actions.commands, composing, reserved, window),
            status=front.status,
            messages=front.messages,
            strip=StripWindow(ink),
            composing=composing,
        )
