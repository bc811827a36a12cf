"""What a colleague changed meanwhile: each field with its values, one key for each choice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, Qt, Signal

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.lists import ListPane, RowDelegate
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_HEIGHT = 76
_SHOWN = 3
WIDE_HEIGHT = 92
_EDGE, _GAP = 12, 8
YOURS, THEIRS, TYPED = "yours", "theirs", "typed"
_DIGITS = {Qt.Key.Key_1: YOURS, Qt.Key.Key_2: THEIRS, Qt.Key.Key_3: TYPED}


@dataclass(frozen=True, slots=True)
class Clash:
    """One field in words: its ``name`` in the record, its label, the values, and which one is taken.

    ``taken`` is yours, theirs, typed, or empty while nothing is chosen; ``before`` is the value both started
    from, ``aside`` says whose record it is, ``source`` is the operation behind it.
    """

    name: str
    label: str
    theirs: str
    yours: str
    taken: str = YOURS
    before: str = ""
    typed: str = ""
    aside: str = ""
    source: object = None

    def spoken(self) -> str:
        """Return the row as it is read aloud."""
        values = (self.aside, self.before, self.theirs, self.yours, self.typed)
        return ", ".join((self.label, *(value for value in values if value)))


class ClashDelegate(RowDelegate):
    """Label above, their value, your value one below the other; the one taken is marked."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget, height: int = _HEIGHT) -> None:
        super().__init__(ink, height, parent)
        self.words = words

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        clash: Clash = model.rows[number]
        area = area.adjusted(12, 4, -12, 0)
        ink, theme = self.ink, self.ink.theme
        top = QRect(area.left(), area.top(), area.width(), 22)
        ink.line(painter, top, clash.label, ink.fonts.strong, theme.text)
        for place, (key, label, value, taken) in enumerate(
            (
                ("←", self.words.tr("theirs"), clash.theirs, clash.taken == THEIRS),
                ("→", self.words.tr("yours"), clash.yours, clash.taken == YOURS),
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


class WideClashDelegate(ClashDelegate):
    """Label above; before, yours, theirs and what is typed anew side by side."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(ink, words, parent, WIDE_HEIGHT)

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        clash: Clash = model.rows[number]
        ink, theme, tr = self.ink, self.ink.theme, self.words.tr
        top = QRect(area.left() + _EDGE, area.top() + 4, area.width() - 2 * _EDGE, 24)
        used = ink.measured(painter, top, clash.label, ink.fonts.strong, theme.text)
        ink.line(painter, top.adjusted(used + 12, 0, 0, 0), clash.aside, ink.fonts.body, theme.muted)
        anew = clash.typed or tr("another value")
        cells = (
            ("", tr("before"), clash.before, ""),
            ("1", tr("mine"), clash.yours, YOURS),
            ("2", tr("the server's"), clash.theirs, THEIRS),
            ("3", tr("typed anew"), anew, TYPED),
        )
        for place, (key, label, value, choice) in enumerate(cells):
            taken = bool(choice) and clash.taken == choice
            faint = not choice or (choice == TYPED and not clash.typed)
            self._cell(painter, cell_of(area, place), (key, label, value or "—"), taken=taken, faint=faint)
        ink.rule(painter, area.left() + _EDGE, area.right() - _EDGE, area.bottom())

    def _cell(
        self, painter: QPainter, cell: QRect, texts: tuple[str, str, str], *, taken: bool, faint: bool
    ) -> None:
        ink, theme = self.ink, self.ink.theme
        key, label, value = texts
        colour, soft = theme.tone("good" if taken else "plain")
        painter.fillRect(cell, ink.colour(soft))
        if taken:
            painter.fillRect(cell.left(), cell.top(), 3, cell.height(), ink.colour(colour))
            ink.icon(painter, QPoint(cell.right() - 24, cell.top() + 5), "check", colour)
        head = QRect(cell.left() + 12, cell.top() + 3, cell.width() - 40, 22)
        if key:
            used = ink.measured(painter, head, key, ink.fonts.strong, theme.accent)
            head.adjust(used + 8, 0, 0, 0)
        ink.line(painter, head, label, ink.fonts.body, colour if taken else theme.muted)
        below = QRect(cell.left() + 12, cell.top() + 25, cell.width() - 20, 24)
        font = ink.fonts.strong if taken else ink.fonts.body
        ink.line(painter, below, value, font, theme.muted if faint else theme.text)


def cell_of(area: QRect, place: int) -> QRect:
    """Return where the value number *place* (0 to 3) of a wide row lies."""
    width = (area.width() - 2 * _EDGE - 3 * _GAP) // 4
    return QRect(area.left() + _EDGE + place * (width + _GAP), area.top() + 32, width, 52)


class ClashList(ListPane):
    """The fields in question; Left takes theirs, Right keeps yours, so do 2 and 1, a click changes."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(ink, parent)
        self.clashes: RowsModel[Clash] = RowsModel(Clash.spoken, self)
        self.setModel(self.clashes)
        self.setItemDelegate(ClashDelegate(ink, words, self))
        self.clicked.connect(lambda index: self._turn(index.row()))
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
        return frozenset(clash.name for clash in self.clashes.rows if clash.taken == THEIRS)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Left and Right choose, or 1 and 2."""
        choice = {Qt.Key.Key_Left: THEIRS, Qt.Key.Key_Right: YOURS, **_DIGITS}.get(Qt.Key(event.key()))
        if choice in {THEIRS, YOURS}:
            take(self, choice)
            return
        super().keyPressEvent(event)

    def _turn(self, row: int) -> None:
        take(self, YOURS if self.clashes.rows[row].taken == THEIRS else THEIRS)


class WideClashList(ListPane):
    """The fields in question with all values side by side; 1, 2 and 3 or a click choose.

    Signals:
        typing_wanted(int): the value of this row is to be typed anew.
        chosen(): a value was chosen.
    """

    typing_wanted = Signal(int)
    chosen = Signal()

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(ink, parent)
        self.clashes: RowsModel[Clash] = RowsModel(Clash.spoken, self)
        self.setModel(self.clashes)
        self.setItemDelegate(WideClashDelegate(ink, words, self))

    def choose(self, choice: str) -> None:
        """Take a value of the current row; the next row that has none yet follows."""
        row = self.current_row()
        if row < 0:
            return
        if choice == TYPED:
            self.typing_wanted.emit(row)
            return
        take(self, choice)
        self._go_on(row)

    def take_typed(self, row: int, text: str) -> None:
        """Take what was typed for a row."""
        self.choose_row(row)
        self.clashes.replace(row, replace(self.clashes.rows[row], taken=TYPED, typed=plain(text)))
        self._go_on(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: digits choose."""
        choice = _DIGITS.get(Qt.Key(event.key()))
        if choice is not None and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.choose(choice)
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt: a click on a value chooses it."""
        super().mouseReleaseEvent(event)
        at = event.position().toPoint()
        index = self.indexAt(at)
        if not index.isValid():
            return
        for place, choice in enumerate((YOURS, THEIRS, TYPED), 1):
            if cell_of(self.visualRect(index), place).contains(at):
                self.choose_row(index.row())
                self.choose(choice)

    def _go_on(self, row: int) -> None:
        rows = self.clashes.rows
        following = [n for n in range(row + 1, len(rows)) if not rows[n].taken]
        if following:
            self.choose_row(following[0])
        self.chosen.emit()


def take(clash_list: ClashList | WideClashList, choice: str) -> None:
    """Take a value of the current row."""
    row = clash_list.current_row()
    if row >= 0:
        clashes = clash_list.clashes
        clashes.replace(row, replace(clashes.rows[row], taken=choice))
