"""The note of the call: one editor for each slot, so that cursor, scroll, undo and composing stay its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QStackedWidget

from crmdesk.ui.slots import SLOTS
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import NoteEdit
from crmdesk.ui.widgets.pane import MARGIN, Pane
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved

AUTOSAVE_MS = 200


class NotePane(Pane):
    """Notes by slot; what is typed is reported at most :data:`AUTOSAVE_MS` after the first key.

    Signals:
        typed(int): the note of this slot has text to keep.
    """

    typed = Signal(int)

    def __init__(
        self, ink: Ink, words: Words, composing: Composing, reserved: Reserved, parent: QWidget | None = None
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._pages = QStackedWidget(self)
        self._timers: dict[int, QTimer] = {}
        self._edits: dict[int, NoteEdit] = {}
        self._shown = 1
        for number in range(1, SLOTS + 1):
            self._add(number, words, composing, reserved)
        self.content.addWidget(self._pages)
        self.setMinimumHeight(112)
        words.bind(self.set_heading, word("Note of this call"))

    def edit(self, number: int) -> NoteEdit:
        """Return the editor of a slot."""
        return self._edits[number]

    def show_slot(self, number: int) -> None:
        """Show the note of a slot; only ever after a key or while nobody types."""
        self._shown = number
        self._pages.setCurrentWidget(self._edits[number])

    def text(self, number: int) -> str:
        """Return what the note of a slot says."""
        return self._edits[number].toPlainText()

    def begin(self, number: int, text: str = "", cursor: int = 0) -> None:
        """Start the note of a new call."""
        self._timers[number].stop()
        self._edits[number].load(text, cursor)

    def insert(self, number: int, text: str) -> None:
        """Put *text* into a note at its cursor, on lines of its own, as one step of undo."""
        cursor = QTextCursor(self._edits[number].textCursor())
        before = self._edits[number].toPlainText()[: cursor.position()]
        lead = "\n" if before and not before.endswith("\n") else ""
        cursor.insertText(f"{lead}{text}\n")

    def flush(self, number: int) -> None:
        """Report unsaved typing of a slot now."""
        if self._timers[number].isActive():
            self._timers[number].stop()
            self.typed.emit(number)

    def to_note(self) -> None:
        """Put the keyboard where it was in the note."""
        self._edits[self._shown].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def say_saved(self, text: str) -> None:
        """Show when the note was kept."""
        self.set_aside(text)

    def _add(self, number: int, words: Words, composing: Composing, reserved: Reserved) -> None:
        edit = NoteEdit(composing, reserved, self)
        edit.setFrameShape(QFrame.Shape.NoFrame)
        edit.setVerticalScrollBar(SlimScrollBar(self.ink, edit))
        edit.document().setDocumentMargin(MARGIN - 1)
        words.bind(edit.setPlaceholderText, word("What the caller says; everything typed is kept at once"))
        words.bind(edit.setAccessibleName, word("Note of this call"))
        words.bind(edit.setAccessibleDescription, word("Saved while you type; F7 comes back here"))
        timer = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        timer.timeout.connect(lambda: self.typed.emit(number))
        # Started by the first key and not by later ones: typing without a pause is saved too.
        edit.edited.connect(lambda: None if timer.isActive() else timer.start())
        self._pages.addWidget(edit)
        self._edits[number], self._timers[number] = edit, timer
