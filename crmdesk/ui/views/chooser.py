"""Who is it? The people a number may mean, with reasons; or nobody, and what to do then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.lists import ListPane, RowDelegate
from crmdesk.ui.widgets.pane import ActionButton, Pane
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QKeyEvent, QPainter

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

CHOICES = 5
_HEIGHT = 64
_EMPTY = 160
"""Room for the hint when there is nobody to choose."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One person the caller may be, in words."""

    name: str
    alt: str
    icon: str
    reasons: str
    aside: str
    tone: str = "plain"

    def spoken(self) -> str:
        """Return the row as it is read aloud."""
        return ", ".join(part for part in (self.name, self.alt, self.reasons, self.aside) if part)


class ChoiceDelegate(RowDelegate):
    """Key, name in both scripts, reasons below."""

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        choice: Choice = model.rows[number]
        ink, theme = self.ink, self.ink.theme
        key = QRect(area.left() + 16, area.top() + 18, 56, 28)
        painter.fillRect(key, ink.colour(theme.accent_soft))
        ink.line(painter, key.adjusted(8, 0, 0, 0), f"Alt+{number + 1}", ink.fonts.strong, theme.accent)
        left = key.right() + 16
        ink.icon(painter, QPoint(left, area.top() + 12), choice.icon, theme.muted)
        right = area.right() - 16
        aside = min(ink.body.horizontalAdvance(choice.aside), 200)
        ink.line(
            painter,
            QRect(right - aside, area.top() + 8, aside + 1, 24),
            choice.aside,
            ink.fonts.body,
            theme.muted,
        )
        name = QRect(left + 24, area.top() + 8, right - aside - 12 - left - 24, 24)
        used = ink.measured(painter, name, choice.name, ink.fonts.strong, theme.text)
        ink.line(painter, name.adjusted(used + 8, 0, 0, 0), choice.alt, ink.fonts.body, theme.muted)
        why = QRect(left + 24, area.top() + 32, right - left - 24, 24)
        ink.line(painter, why, choice.reasons, ink.fonts.body, theme.text)
        ink.rule(painter, area.left() + 16, right, area.bottom())


class ChoiceList(ListPane):
    """The people; plain digits choose while it has the keyboard.

    Signals:
        chosen(int): row.
    """

    chosen = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: digits choose."""
        digit = event.key() - Qt.Key.Key_0.value
        plain_key = event.modifiers() in {
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        }
        if plain_key and 1 <= digit <= CHOICES:
            self.chosen.emit(digit - 1)
            return
        super().keyPressEvent(event)


class Chooser(Pane):
    """Stands where the time line will be once somebody is chosen.

    Signals:
        chosen(int): row of the person chosen.
    """

    chosen = Signal(int)

    def __init__(self, ink: Ink, words: Words, find: QAction, new: QAction, always_ask: QAction) -> None:
        super().__init__(ink)
        self.model: RowsModel[Choice] = RowsModel(Choice.spoken, self)
        self.list = ChoiceList(ink, self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(ChoiceDelegate(ink, _HEIGHT, self.list))
        self.content.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 12)
        row.setSpacing(8)
        row.addWidget(ActionButton(ink, find, self, icon="search"))
        row.addWidget(ActionButton(ink, new, self, icon="person"))
        row.addWidget(ActionButton(ink, always_ask, self, icon="repeat"))
        row.addStretch(1)
        self.content.addLayout(row)
        self.content.addStretch(0)
        words.bind(self.list.setAccessibleName, word("Who is calling?"))
        words.bind(
            self.list.setAccessibleDescription,
            word("Alt+1 to Alt+5 choose from anywhere; digits choose here"),
        )
        words.bind(
            self.list.set_hint,
            word(
                "Nobody here has this number.\n"
                "Ctrl+K finds the person by name, plate or VIN and attaches the call."
                "\nCtrl+N writes down somebody new."
                "\nUntil then it stays an unidentified call; nothing is lost."
            ),
        )
        self.list.chosen.connect(self.chosen)
        self.list.entered_row.connect(self.chosen)

    def show_choices(self, heading: str, aside: str, choices: list[Choice]) -> None:
        """Show these people, best first."""
        self.set_heading(heading)
        self.set_aside(aside)
        self.model.show(choices[:CHOICES])
        # The buttons stand right below the last person, not at the far end of the pane.
        rows = len(self.model.rows)
        self.list.setMaximumHeight(rows * _HEIGHT + 4 if rows else _EMPTY)
