"""What a colleague changed meanwhile: each field with both values, one key for each choice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, Qt

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.lists import ListPane, RowDelegate
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_HEIGHT = 76
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Clash:
    """One field in words: its ``name`` in the record, its label, the two values, and which one is taken."""

    name: str
    label: str
    theirs: str
    yours: str
    take_yours: bool = True

    def spoken(self) -> str:
        """Return the row as it is read aloud."""
        return ", ".join((self.label, self.theirs, self.yours))


class ClashDelegate(RowDelegate):
    """Label above, their value, your value; the one taken is marked."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(ink, _HEIGHT, parent)
        self._words = words

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        clash: Clash = model.rows[number]
        area = area.adjusted(12, 4, -12, 0)
        ink, theme = self.ink, self.ink.theme
        top = QRect(area.left(), area.top(), area.width(), 22)
        ink.line(painter, top, clash.label, ink.fonts.strong, theme.text)
        for place, (key, label, value, taken) in enumerate(
            (
                ("←", self._words.tr("theirs"), clash.theirs, not clash.take_yours),
                ("→", self._words.tr("yours"), clash.yours, clash.take_yours),
            )
        ):
            line = QRect(area.left(), area.top() + 24 + place * 22, area.width(), 22)
            colour = theme.good if taken else theme.muted
            if taken:
                ink.icon(painter, line.topLeft(), "check", theme.good)
            ink.line(painter, line.adjusted(24, 0, 0, 0), f"{key} {label}", ink.fonts.body, colour)
            font = ink.fonts.strong if taken else ink.fonts.body
            ink.line(painter, line.adjusted(104, 0, 0, 0), value or "—", font, theme.text)
        ink.rule(painter, area.left(), area.right(), area.bottom())


class ClashList(ListPane):
    """The fields in question; Left takes theirs, Right keeps yours, a click changes."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(ink, parent)
        self.clashes: RowsModel[Clash] = RowsModel(Clash.spoken, self)
        self.setModel(self.clashes)
        self.setItemDelegate(ClashDelegate(ink, words, self))
        self.clicked.connect(lambda index: self._take(not self.clashes.rows[index.row()].take_yours))
        words.bind(self.setAccessibleName, word("Changed by somebody else meanwhile"))
        words.bind(self.setAccessibleDescription, word("Left takes their value, Right keeps yours"))
        self.hide()

    def show_clashes(self, clashes: list[Clash]) -> None:
        """Show these; none hides the list."""
        self.clashes.show([replace(c, theirs=plain(c.theirs), yours=plain(c.yours)) for c in clashes])
        self.setVisible(bool(clashes))
        self.setFixedHeight(_HEIGHT * min(_SHOWN, len(clashes)) + 2)
        if clashes:
            self.choose_row(0)
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def given_up(self) -> frozenset[str]:
        """Return the names of the fields whose other value is taken."""
        return frozenset(clash.name for clash in self.clashes.rows if not clash.take_yours)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Left and Right choose."""
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._take(event.key() == Qt.Key.Key_Right)
            return
        super().keyPressEvent(event)

    def _take(self, yours: bool) -> None:
        row = self.current_row()
        if row >= 0:
            self.clashes.replace(row, replace(self.clashes.rows[row], take_yours=yours))
