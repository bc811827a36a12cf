"""Text inputs that know when an input method composes, and leave our keys to the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDragEnterEvent, QFocusEvent, QInputMethodEvent, QPaintEvent
    from PySide6.QtWidgets import QWidget


def give_keyboard(control: QWidget) -> None:
    """Put the keyboard into *control* and show that it is there.

    Qt draws the ring of a box only after Tab or a key of its own, and not where the keyboard was already.
    """
    control.setFocus(Qt.FocusReason.ShortcutFocusReason)
    control.window().setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    control.update()


class Composing:
    """Whether an input method is composing anywhere in the window; nothing may fire meanwhile."""

    def __init__(self) -> None:
        self._where: QWidget | None = None

    @property
    def active(self) -> bool:
        """Whether something is being composed where the keyboard is."""
        return self._where is not None and self._where.hasFocus()

    def see(self, event: QInputMethodEvent, where: QWidget) -> None:
        """Take note of what the input method does in a widget."""
        self._where = where if event.preeditString() else None


class Reserved:
    """The keys of the window that no text input may keep to itself, such as Ctrl+K."""

    def __init__(self) -> None:
        self._keys: set[QKeySequence] = set()

    def set(self, keys: set[QKeySequence]) -> None:
        """Reserve these keys and no others."""
        self._keys = keys

    def holds(self, event: QKeyEvent) -> bool:
        """Return whether the key of *event* belongs to the window."""
        combination = event.keyCombination()
        return QKeySequence(combination) in self._keys


def refuse_shortcut(event: QEvent, reserved: Reserved) -> bool:
    """Leave a reserved key to the window's actions; return whether *event* was such a key."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if not reserved.holds(event) and not _pastes_files(event):
        return False
    event.ignore()
    return True


def _pastes_files(event: QKeyEvent) -> bool:
    """Whether *event* pastes what is no text: the window knows where files and pictures go."""
    if not event.matches(QKeySequence.StandardKey.Paste):
        return False
    from crmdesk.ui.widgets.file_offer import offers_files

    return offers_files(QApplication.clipboard().mimeData())


_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_TEXT_LEFT = 12
"""Where Qt sets the text of a box with our margins."""
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}


class SearchBox(QLineEdit):
    """A search box whose arrows and Enter steer a list.

    Signals:
        steered(int): Down (+1), Up (-1), Page keys (±8).
        entered(): Enter.
    """

    steered = Signal(int)
    entered = Signal()

    def __init__(self, composing: Composing, reserved: Reserved, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._composing = composing
        self._reserved = reserved
        self.setClearButtonEnabled(True)
        self.setTextMargins(8, 0, 8, 0)
        self.setMinimumHeight(32)

    def event(self, event: QEvent) -> bool:
        """Qt: let the window have its keys."""
        return False if refuse_shortcut(event, self._reserved) else super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Qt: leave files to what lies around it."""
        from crmdesk.ui.widgets.file_offer import offers_files

        if offers_files(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: arrows steer the list, Enter enters."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.steered.emit(step)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.entered.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: the box, with an edge that can be seen on a dark ground too; mostly it is empty."""
        if self.hasFocus():
            super().paintEvent(event)
            return
        if self.text():
            super().paintEvent(event)
        painter, palette, role = QPainter(self), self.palette(), QPalette.ColorRole
        area = self.rect().adjusted(0, 0, -1, -1)
        if not self.text():
            painter.fillRect(area, palette.color(role.Base))
            painter.setPen(palette.color(role.PlaceholderText))
            room = area.adjusted(_TEXT_LEFT, 0, -8, 0)
            told = self.fontMetrics().elidedText(
                self.placeholderText(), Qt.TextElideMode.ElideRight, room.width()
            )
            painter.drawText(room, _LEFT, told)
        painter.setPen(palette.color(role.Mid))
        painter.drawRect(area)
        painter.end()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Qt: remember whether a word is being composed."""
        self._composing.see(event, self)
        super().inputMethodEvent(event)


class NoteEdit(QPlainTextEdit):
    """The note of one call.

    Signals:
        edited(): the text changed by a person (not by the program).
    """

    edited = Signal()

    def __init__(self, composing: Composing, reserved: Reserved, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._composing = composing
        self._reserved = reserved
        self._loading = False
        self.setTabChangesFocus(True)
        self.textChanged.connect(self._on_text_changed)

    def load(self, text: str, cursor: int) -> None:
        """Put *text* there without counting it as typing."""
        if not text and self.document().isEmpty() and not self.document().isUndoAvailable():
            return
        self._loading = True
        try:
            self.setPlainText(text)
            place = self.textCursor()
            place.setPosition(max(0, min(cursor, len(text))))
            self.setTextCursor(place)
        finally:
            self._loading = False

    def event(self, event: QEvent) -> bool:
        """Qt: let the window have its keys."""
        return False if refuse_shortcut(event, self._reserved) else super().event(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Qt: leave files to what lies around it."""
        from crmdesk.ui.widgets.file_offer import offers_files

        return not offers_files(source) and super().canInsertFromMimeData(source)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Qt: remember whether a word is being composed."""
        self._composing.see(event, self)
        super().inputMethodEvent(event)

    def _on_text_changed(self) -> None:
        if not self._loading:
            self.edited.emit()


_MOVING = {
    *(Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason),
    *(Qt.FocusReason.MouseFocusReason, Qt.FocusReason.OtherFocusReason),
}
"""Why a person leaves a field; a list that pops up or another window is no end of what is typed."""


class AnswerEdit(NoteEdit):
    """The answer to one question: it stays until Enter, Tab or a click says that it is whole.

    Shift+Enter begins another line.

    Signals:
        answered(): what stands here, which is not nothing, is what was to be said.
    """

    answered = Signal()

    def answer(self) -> None:
        """Take what stands here for the answer; nothing is none."""
        if self.toPlainText().strip():
            self.document().setModified(False)
            self.answered.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Enter answers."""
        enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.answer()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt: whoever goes on has answered."""
        super().focusOutEvent(event)
        if event.reason() in _MOVING and self.document().isModified():
            self.answer()
