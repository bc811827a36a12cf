"""What is on its way to the server, what it did not accept, and which fields wait for a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit

from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.views.clashes import WIDE_HEIGHT, Clash, WideClashList
from crmdesk.ui.views.note_target import NoteTarget
from crmdesk.ui.widgets.floating import FloatingPane, main_button
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import HEADING, MARGIN, ActionButton, Pane
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.presenters.workplace import Tools

_SIZE = (1160, 700)
_CLASHES, _PENDING = 3, 2
_LOW = 560
"""In less height than this one clash shows at a time, and what waits only when there is nothing to choose."""
_EMPTY = 84
"""Room for the hint of an empty list."""


class SharingPanel(FloatingPane):
    """Three lists, and the whole text of what was not accepted.

    Signals:
        typed(int, str): the value of this field in conflict, typed anew.
        copy_wanted(), note_wanted(), away_wanted(): what to do with the refused line chosen.
        line_chosen(int): this refused line is the current one, -1 for none.
        sending_wanted(): send the choices made.
    """

    sending_wanted = Signal()
    typed = Signal(int, str)
    copy_wanted = Signal()
    note_wanted = Signal()
    away_wanted = Signal()
    line_chosen = Signal(int)

    def __init__(self, tools: Tools, around: QWidget, top: QWidget) -> None:
        super().__init__(tools.ink, around, top, _SIZE)
        ink, words = tools.ink, tools.words
        self._words = words
        self._typing = -1
        self.trouble = QLabel(self)
        self._clash_pane = Pane(ink, self)
        self.clashes = WideClashList(ink, words, self._clash_pane)
        self.anew = SearchBox(tools.composing, tools.reserved, self._clash_pane)
        self._refused_pane = Pane(ink, self)
        self.refused_lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.refused = ListPane(ink, self._refused_pane)
        self._text_pane = Pane(ink, self)
        self.text = QPlainTextEdit(self._text_pane)
        self.target = NoteTarget(tools, self._text_pane)
        self._pending_pane = Pane(ink, self)
        self.pending_lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.pending = ListPane(ink, self._pending_pane)
        self.copy = self._action(word("Copy"), "Ctrl+C", word("Copies reason and text"), self.copy_wanted)
        self.note = self._action(
            word("Send as note to …"), "Return", word("Writes a note of the text"), self.note_wanted
        )
        self.away = self._action(
            word("Put away"), "Del", word("Takes the line out of this list"), self.away_wanted
        )
        self._lay_out(tools)
        self._name()
        self.clashes.typing_wanted.connect(self._on_typing_wanted)
        self.anew.entered.connect(self._on_anew)
        self.refused.selectionModel().currentChanged.connect(lambda now: self.line_chosen.emit(now.row()))
        self.refused_lines.modelReset.connect(lambda: self.line_chosen.emit(self.refused.current_row()))

    def place(self) -> None:
        """Stand below the band; a low window leaves room for what needs the person only."""
        super().place()
        self._fit()

    def show_trouble(self, sentence: str) -> None:
        """Say why there is no connection; empty hides it."""
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))

    def show_clashes(self, clashes: list[Clash]) -> None:
        """Show the fields in conflict; none hides them."""
        row = self.clashes.current_row()
        self.clashes.clashes.show(clashes)
        self._clash_pane.setVisible(bool(clashes))
        self._fit()
        self.clashes.choose_row(min(max(0, row), len(clashes) - 1))
        self._clash_pane.set_heading(self._words.tr("Changed by somebody else, too: {n}", n=len(clashes)))
        if not clashes:
            self.leave_typing()

    def show_refused(self, lines: list[Line]) -> None:
        """Show what was not accepted."""
        _show(self.refused, self.refused_lines, lines)
        tr, count = self._words.tr, len(lines)
        self._refused_pane.set_heading(tr("Not accepted: {n}", n=count) if count else tr("Not accepted"))
        self._text_pane.setVisible(bool(lines))
        for action in (self.copy, self.note, self.away):
            action.setEnabled(bool(lines))

    def show_pending(self, lines: list[Line]) -> None:
        """Show what is on its way."""
        _show(self.pending, self.pending_lines, lines)
        tr, count = self._words.tr, len(lines)
        self._pending_pane.set_heading(tr("To be sent: {n}", n=count) if count else tr("To be sent"))
        self._fit()
        self._pending_pane.setFixedHeight(
            HEADING + 4 + (HEIGHT * min(_PENDING, len(lines)) + 2 if lines else _EMPTY)
        )

    def show_text(self, heading: str, text: str) -> None:
        """Show the whole text of the refused line chosen."""
        self._text_pane.set_heading(heading)
        self.text.setPlainText(text)

    def choose_target(self, choosing: bool) -> None:
        """Ask for whom the note is, in place of the text, or show the text again."""
        self.target.setVisible(choosing)
        self.text.setVisible(not choosing)

    def take_keyboard(self) -> None:
        """Put the keyboard on what needs the person first."""
        lists: tuple[ListPane, ...] = (self.clashes, self.refused, self.pending)
        first = next((part for part in lists if part.model().rowCount()), self.refused)
        first.choose_row(max(0, first.current_row()))
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def leave_typing(self) -> bool:
        """Give up typing a value anew; return whether that was going on."""
        if self.anew.isHidden():
            return False
        self._typing = -1
        if self.anew.hasFocus():
            self.clashes.setFocus(Qt.FocusReason.OtherFocusReason)
        self.anew.hide()
        return True

    def finish_typing(self) -> None:
        """Take what is being typed anew, if anything is."""
        if not self.anew.isHidden():
            self._on_anew()

    def _fit(self) -> None:
        low, clashes = self.height() < _LOW, len(self.clashes.clashes.rows)
        rows = min(1 if low else _CLASHES, clashes)
        self.clashes.setFixedHeight(WIDE_HEIGHT * rows + 2)
        self._pending_pane.setVisible(not low or not (clashes or self.refused_lines.rows))

    def _on_typing_wanted(self, row: int) -> None:
        clash = self.clashes.clashes.rows[row]
        self._typing = row
        self.anew.setText(clash.typed or clash.yours)
        self.anew.setAccessibleName(clash.label)
        self.anew.show()
        self.anew.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.anew.selectAll()

    def _on_anew(self) -> None:
        row, text = self._typing, self.anew.text().strip()
        self.leave_typing()
        self.typed.emit(row, text)

    def _action(self, text: str, key: str, tip: str, wanted: SignalInstance) -> QAction:
        action = QAction(self)
        self._words.bind(action.setText, text)
        self._words.bind(action.setIconText, text)
        self._words.bind(action.setStatusTip, tip)
        action.setShortcut(QKeySequence(key))
        # Enter, Del and Ctrl+C mean this only while the keyboard is in the list.
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setAutoRepeat(False)
        action.triggered.connect(lambda _checked: wanted.emit())
        self.refused.addAction(action)
        return action

    def _lay_out(self, tools: Tools) -> None:
        ink = tools.ink
        for rows, part in ((self.refused_lines, self.refused), (self.pending_lines, self.pending)):
            part.setModel(rows)
            part.setItemDelegate(LineDelegate(ink, HEIGHT, part))
        self.text.setReadOnly(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setTabChangesFocus(True)
        self.text.setVerticalScrollBar(SlimScrollBar(ink, self.text))
        self.text.document().setDocumentMargin(MARGIN - 1)
        self._clash_pane.content.addWidget(self.clashes)
        line = QHBoxLayout()
        line.setContentsMargins(12, 4, 12, 8)
        line.addWidget(self.anew, 1)
        line.addStretch(1)
        tip = word("Sends what was chosen for each field")
        send = main_button(
            ink, self._words, self._clash_pane, word("Send choices"), tip, self.sending_wanted.emit
        )
        line.addWidget(send)
        self._clash_pane.content.addLayout(line)
        self.anew.hide()
        self._refused_pane.content.addWidget(self.refused)
        self._text_pane.content.addWidget(self.text, 1)
        self._text_pane.content.addWidget(self.target, 1)
        self.target.hide()
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 4, 12, 8)
        buttons.setSpacing(8)
        for action, icon in ((self.note, "note"), (self.copy, "letter"), (self.away, "close")):
            buttons.addWidget(ActionButton(ink, action, self._text_pane, icon=icon))
        buttons.addStretch(1)
        self._text_pane.content.addLayout(buttons)
        self._pending_pane.content.addWidget(self.pending)
        both = QHBoxLayout()
        both.setSpacing(4)
        both.addWidget(self._refused_pane, 4)
        both.addWidget(self._text_pane, 5)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.setMargin(MARGIN)
        self.trouble.hide()
        self.content.setContentsMargins(8, HEADING + 1, 8, 8)
        self.content.setSpacing(4)
        self.content.addWidget(self.trouble)
        self.content.addWidget(self._clash_pane)
        self.content.addLayout(both, 1)
        self.content.addWidget(self._pending_pane)

    def _name(self) -> None:
        words = self._words
        for part, name, description in (
            (self.clashes, word("Fields in conflict"), word("1 mine, 2 the server's, 3 typed anew")),
            (self.refused, word("Not accepted"), word("Enter sends as a note, Ctrl+C copies, Del puts away")),
            (self.pending, word("To be sent"), word("What was done here and the server does not have yet")),
            (self.text, word("The whole text"), word("What was typed, and why it was not accepted")),
            (self.anew, word("Typed anew"), word("Enter takes it, Esc gives it up")),
        ):
            words.bind(part.setAccessibleName, name)
            words.bind(part.setAccessibleDescription, description)
        words.bind(self.set_heading, word("Sharing with the server"))
        words.bind(self.refused.set_hint, word("Everything sent so far was accepted."))
        words.bind(self.pending.set_hint, word("Nothing waits: the server has everything."))
        words.bind(self._clash_pane.set_aside, word("1 mine · 2 server's · 3 typed anew · Ctrl+Enter sends"))


def _show(part: ListPane, rows: RowsModel[Line], lines: list[Line]) -> None:
    """Show *lines* and stay on the row that was current."""
    row = part.current_row()
    rows.show(lines)
    part.choose_row(min(max(0, row), len(lines) - 1))
