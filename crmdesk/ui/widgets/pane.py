"""A pane: a quiet card with a heading, and the buttons that show their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeySequence, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QPaintEvent

    from crmdesk.ui.painting import Ink

HEADING = 32
MARGIN = 12


class Pane(QWidget):
    """A card with a heading painted on top; content goes into :attr:`content`."""

    def __init__(self, ink: Ink, parent: QWidget | None = None, *, heading: bool = True) -> None:
        super().__init__(parent)
        self.ink = ink
        self._heading = ""
        self._aside = ""
        self._height = HEADING if heading else 0
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(1, self._height + 1, 1, 1)
        self.content.setSpacing(0)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        ink.changed.connect(self.update)

    def set_heading(self, heading: str) -> None:
        """Show *heading* at the upper left."""
        if heading != self._heading:
            self._heading = heading
            self.update(0, 0, self.width(), self._height)

    def set_aside(self, text: str) -> None:
        """Show a quiet remark at the upper right."""
        if text != self._aside:
            self._aside = text
            self.update(0, 0, self.width(), self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw card, heading and remark."""
        ink, painter = self.ink, QPainter(self)
        ink.card(painter, self.rect())
        if self._height:
            top = QRect(MARGIN, 1, self.width() - 2 * MARGIN, self._height)
            ink.line(painter, top, self._heading, ink.fonts.strong, ink.theme.text)
            # Where there is not room for both, the heading says more.
            heading = ink.strong.horizontalAdvance(self._heading)
            aside = min(ink.body.horizontalAdvance(self._aside), top.width() - heading - 8)
            right = QRect(top.right() - aside, top.top(), aside + 1, top.height())
            ink.line(painter, right, self._aside, ink.fonts.body, ink.theme.muted)
        painter.end()


def key_words(keys: QKeySequence) -> str:
    """Return *keys* as they are written on keyboards, and in all texts here: Qt calls Enter Return."""
    return keys.toString(QKeySequence.SequenceFormat.NativeText).replace("Return", "Enter")


class ActionButton(QToolButton):
    """A button that runs an action and shows its key behind the words; the ``main`` one stands out."""

    def __init__(
        self, ink: Ink, action: QAction, parent: QWidget | None = None, *, icon: str = "", main: bool = False
    ) -> None:
        super().__init__(parent)
        self._main = main
        self._ink = ink
        self._icon = icon
        self._action = action
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._on_action_changed)
        ink.changed.connect(self.update)
        self._on_action_changed()

    def sizeHint(self) -> QSize:
        """Qt: room for icon, words and key."""
        strong, body = QFontMetrics(self._ink.fonts.strong), QFontMetrics(self._ink.fonts.body)
        key = self._key()
        width = 24 + strong.horizontalAdvance(self._action.iconText())
        width += (body.horizontalAdvance(key) + 8) if key else 0
        return QSize(width + (20 if self._icon else 0), 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the button flat, with a ring when it has the keyboard."""
        ink, theme, painter = self._ink, self._ink.theme, QPainter(self)
        on = self.isEnabled()
        back = theme.selection if self.isDown() or (self.underMouse() and on) else theme.raised
        painter.fillRect(self.rect(), ink.colour(theme.line))
        painter.fillRect(self.rect().adjusted(1, 1, -1, -1), ink.colour(back))
        colour, quiet = theme.accent if on else theme.muted, theme.muted
        if self._main and on:
            painter.fillRect(self.rect(), ink.colour(theme.accent))
            colour = quiet = theme.on_accent
        left = 12
        if self._icon:
            ink.icon(painter, QRect(left, (self.height() - 16) // 2, 16, 16).topLeft(), self._icon, colour)
            left += 20
        area = QRect(left, 0, self.width() - left - 4, self.height())
        used = ink.measured(painter, area, self._action.iconText(), ink.fonts.strong, colour)
        ink.line(painter, area.adjusted(used + 8, 0, 0, 0), self._key(), ink.fonts.body, quiet)
        if self.hasFocus():
            ink.focus_ring(painter, self.rect().adjusted(2, 2, -2, -2) if self._main else self.rect())
        painter.end()

    def _key(self) -> str:
        return key_words(self._action.shortcut())

    def _on_action_changed(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setAccessibleName(self._action.text().replace("&", ""))
        self.setAccessibleDescription(self._action.statusTip())
        self.updateGeometry()
        self.update()
