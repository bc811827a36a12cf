"""The record: who, time line and answers side by side, the note below, the wrap-up at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from crmdesk.ui.views.stage import Stage

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.views.answers import AnswersPane
    from crmdesk.ui.views.caller import CallerPane
    from crmdesk.ui.views.chooser import Chooser
    from crmdesk.ui.views.follow_up import FollowUpPane
    from crmdesk.ui.views.note import NotePane
    from crmdesk.ui.views.timeline import TimelinePane
    from crmdesk.ui.views.wrap_up import WrapUpStrip

_LEFT, _RIGHT, _NOTE = 344, 400, 152


class RecordView(QWidget):
    """Arranges the panes it is given; borders between them can be moved."""

    def __init__(
        self,
        ink: Ink,
        caller: CallerPane,
        timeline: TimelinePane,
        chooser: Chooser,
        answers: AnswersPane,
        note: NotePane,
        follow_up: FollowUpPane,
        wrap_up: WrapUpStrip,
    ) -> None:
        super().__init__()
        self.middle = Stage(self)
        self.middle.add(timeline)
        self.middle.add(chooser)
        self.middle.present(timeline)
        self._note, self._wrap_up = note, wrap_up
        self._across = _splitter(Qt.Orientation.Horizontal, caller, self.middle)
        self._down = _splitter(Qt.Orientation.Vertical, self._across, note)
        self._right = _splitter(Qt.Orientation.Vertical, answers, follow_up)
        self._whole = _splitter(Qt.Orientation.Horizontal, self._down, self._right)
        for splitter, stretching in ((self._across, 1), (self._down, 0), (self._right, 0), (self._whole, 0)):
            splitter.setStretchFactor(stretching, 1)
            splitter.setStretchFactor(1 - stretching, 0)
        follow_up.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._whole, 1)
        column.addWidget(wrap_up)
        self._sized = False
        for part in (caller, timeline, chooser, answers):
            part.setMinimumWidth(200)

    def add_side(self, pane: QWidget) -> None:
        """Put one more pane below the answers."""
        self._right.addWidget(pane)
        self._right.setStretchFactor(self._right.indexOf(pane), 0)

    def with_call(self, there: bool) -> None:
        """Show note and wrap-up only when there is a call."""
        for part in (self._note, self._wrap_up):
            if part.isVisibleTo(self) != there:
                part.setVisible(there)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt: give the panes their first sizes."""
        if not self._sized:
            self._sized = True
            width, height = self.width(), self.height()
            left, right = min(_LEFT, width // 4), min(_RIGHT, width * 3 // 10)
            note = min(_NOTE, height // 4)
            self._whole.setSizes([width - right, right])
            self._across.setSizes([left, width - right - left])
            self._down.setSizes([height - note - 48, note])
        super().showEvent(event)


def _splitter(direction: Qt.Orientation, *parts: QWidget) -> QSplitter:
    splitter = QSplitter(direction)
    splitter.setHandleWidth(4)
    splitter.setChildrenCollapsible(False)
    for part in parts:
        splitter.addWidget(part)
    return splitter
