"""A letter about a complaint: its kind, language and words at the left, the sheets at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import AnswerEdit, NoteEdit
from crmdesk.ui.widgets.pane import MARGIN, ActionButton, Pane
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar
from crmdesk.ui.widgets.sheet import Sheet
from crmdesk.ui.widgets.step_fields import combo
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QImage

    from crmdesk.ui.presenters.workplace import Tools

_SMALL = 76
_LEFT = 560


class LetterView(QWidget):
    """The page of one letter.

    Signals:
        chosen(): another letter, kind or language was chosen.
        answered(): what the template lacked was said.
        edited(): the words were changed.
        keep(), save(), sent(): the buttons.
    """

    chosen = Signal()
    answered = Signal()
    edited = Signal()
    keep = Signal()
    save = Signal()
    sent = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._ink, self._words = tools.ink, tools.words
        self.left = Pane(tools.ink, self)
        self.right = Pane(tools.ink, self)
        self.which, self.kind, self.language, self.sent_via = (combo(self.left) for _ in range(4))
        self.told = Told(tools.ink, self.left, 6)
        self.asked = AnswerEdit(tools.composing, tools.reserved, self.left)
        self.asked.setFixedHeight(_SMALL)
        self.text = NoteEdit(tools.composing, tools.reserved, self.left)
        self.text.setFont(tools.ink.fonts.body)
        self.marks = Told(tools.ink, self.left, 0)
        self._keep = self._action("Ctrl+Return", self.keep)
        self._save = self._action("Ctrl+S", self.save)
        self._sent = self._action("Ctrl+Return", self.sent)
        self.keep_button = ActionButton(tools.ink, self._keep, self.left, icon="check", main=True)
        self.save_button = ActionButton(tools.ink, self._save, self.left, icon="letter")
        self.sent_button = ActionButton(tools.ink, self._sent, self.left, icon="mail", main=True)
        self._sheets = QScrollArea(self.right)
        self._lay_out()
        for box in (self.which, self.kind, self.language):
            box.activated.connect(lambda _row: self.chosen.emit())
        self.asked.answered.connect(self.answered)
        self.text.edited.connect(self.edited)
        self._bind()

    def show_pictures(self, pictures: Sequence[QImage], count: int = 0) -> None:
        """Show the first sheets, one below the other, and of how many in all."""
        body = QWidget()
        body.setBackgroundRole(QPalette.ColorRole.Mid)
        column = QVBoxLayout(body)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(MARGIN)
        for number, picture in enumerate(pictures, 1):
            sheet = Sheet(picture, body)
            sheet.setAccessibleName(self._words.tr("Page {number} of {count}", number=number, count=count))
            line = QHBoxLayout()
            line.addStretch(0)
            line.addWidget(sheet, 1)
            line.addStretch(0)
            column.addLayout(line)
        told = ""
        if not pictures:
            told = self._words.tr("The sheets show here once the letter lacks nothing.")
        elif count > len(pictures):
            told = self._words.tr(
                "The first {shown} of {count} pages are shown here. All of them are printed and saved.",
                shown=len(pictures),
                count=count,
            )
        hint = QLabel(told, body, wordWrap=True, alignment=Qt.AlignmentFlag.AlignHCenter)
        hint.setVisible(bool(told))
        column.addWidget(hint)
        column.addStretch(1)
        self._sheets.setWidget(body)

    def wait(self, told: str) -> None:
        """Show nothing but why there is nothing to see yet."""
        self.show_nothing()
        self.offer(kept=True, sent=True)
        self.told.say(told)

    def show_nothing(self) -> None:
        """Show no letter, and ask for nothing."""
        self.text.load("", 0)
        self.show_pictures(())
        self.ask("")
        self.told.say("")

    def ask(self, hint: str) -> None:
        """Ask for what the template lacks; nothing: nothing is lacking."""
        self.asked.setVisible(bool(hint))
        if hint:
            self.asked.setPlaceholderText(hint)
            self.asked.setAccessibleName(hint)
            self.asked.setAccessibleDescription(hint)

    def offer(self, *, kept: bool, sent: bool, written: bool = True) -> None:
        """Show what can be done with a letter that is *written*: keep it; once kept, say how it was sent."""
        self.text.setReadOnly(kept or not written)
        for box in (self.kind, self.language):
            # Of a kept letter neither can be changed, and its name needs their room.
            box.setVisible(not kept)
        self.keep_button.setVisible(written and not kept)
        self.marks.setVisible(not kept)
        for widget in (self.sent_button, self.sent_via):
            widget.setVisible(kept and not sent)

    def controls(self) -> list[QWidget]:
        """Return what F6 goes through."""
        asked = [] if self.asked.isHidden() else [self.asked]
        return [self.which, *asked, self.text]

    def _action(self, key: str, signal: object) -> QAction:
        action = QAction(self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _on: signal.emit())  # type: ignore[attr-defined]  # a bound signal
        return action

    def _lay_out(self) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.setContentsMargins(MARGIN, 4, MARGIN, 8)
        foot.setContentsMargins(MARGIN, 8, MARGIN, MARGIN)
        for line, widgets in (
            (top, (self.which, self.kind, self.language)),
            (foot, (self.save_button, self.sent_via, self.sent_button, self.keep_button)),
        ):
            line.setSpacing(8)
            for widget in widgets:
                line.addWidget(widget, 0 if line is foot else 3 if widget is self.language else 4)
        foot.insertStretch(1, 1)
        self.sent_via.setMinimumWidth(120)
        content = self.left.content
        content.addLayout(top)
        for part in (self.told, self.asked, self.text, self.marks):
            row = QHBoxLayout()
            row.setContentsMargins(MARGIN, 0, MARGIN, 4)
            row.addWidget(part)
            content.addLayout(row, int(part is self.text))
        content.addLayout(foot)
        self._sheets.setWidgetResizable(True)
        self._sheets.setFrameShape(QFrame.Shape.NoFrame)
        self._sheets.setVerticalScrollBar(SlimScrollBar(self._ink, self._sheets))
        self._sheets.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for edit in (self.text, self.asked):
            edit.setVerticalScrollBar(SlimScrollBar(self._ink, edit))
        self.right.content.addWidget(self._sheets)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(8)
        across.addWidget(self.left, 1)
        across.addWidget(self.right, 1)
        self.left.setMaximumWidth(_LEFT)

    def _bind(self) -> None:
        bind = self._words.bind
        names = (
            (self.which, word("Which letter")),
            (self.kind, word("Kind of letter")),
            (self.language, word("Language of the letter")),
            (self.sent_via, word("Sent by")),
            (self.text, word("Words of the letter")),
            (self.asked, word("What the letter still lacks")),
            (self._sheets, word("The letter as it is printed")),
        )
        for widget, name in names:
            bind(widget.setAccessibleName, name)
            bind(widget.setAccessibleDescription, name)
        for action, name in (
            (self._keep, word("Keep the letter")),
            (self._save, word("Save as PDF")),
            (self._sent, word("Mark as sent")),
        ):
            for told in (action.setText, action.setIconText, action.setStatusTip):
                bind(told, name)
        bind(self.right.set_heading, word("As it is printed"))
        bind(self.left.set_aside, word("Esc goes back"))
        bind(self.marks.say, word("# subject · ## heading · - item · | flush left · > signature"))
