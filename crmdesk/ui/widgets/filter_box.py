"""A box that chooses from a long list by typing: names, pinyin or initials; the list opens below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane, RowDelegate
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPainter

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.widgets.inputs import Composing, Reserved

_ROW = 28
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Pick:
    """One of the list: ``head`` is what it belongs to, ``aside`` why it is there, ``typed`` what finds it."""

    key: str
    text: str
    head: str = ""
    aside: str = ""
    typed: tuple[str, ...] = ()

    def spoken(self) -> str:
        """Return the row as it is read aloud and shown in the box."""
        return f"{self.text} · {self.head}" if self.head else self.text

    def fits(self, words: Sequence[str]) -> bool:
        """Whether each of *words*, small letters, begins something of it."""
        own = (self.text.casefold(), self.head.casefold())
        return all(
            any(term.startswith(word) for term in self.typed) or any(word in name for name in own)
            for word in words
        )


class PickDelegate(RowDelegate):
    """One line: head, name, and why at the right."""

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        pick: Pick = model.rows[number]
        ink, theme = self.ink, self.ink.theme
        right = area.right() - 8
        used = ink.right(
            painter, QRect(right - 120, area.top(), 120, _ROW), pick.aside, ink.fonts.body, theme.muted
        )
        line = QRect(area.left() + 12, area.top(), right - used - 8 - area.left() - 12, _ROW)
        width = ink.measured(painter, line, pick.text, ink.fonts.strong, theme.text)
        ink.line(painter, line.adjusted(width + 8, 0, 0, 0), pick.head, ink.fonts.body, theme.muted)


class FilterBox(QWidget):
    """The box and its list; the list shows while the box has the keyboard and something was typed or asked.

    Signals:
        chosen(str): a person chose the key.
    """

    chosen = Signal(str)

    def __init__(
        self, ink: Ink, composing: Composing, reserved: Reserved, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._picks: tuple[Pick, ...] = ()
        self._key = ""
        self._typed = False
        self.line = SearchBox(composing, reserved, self)
        self.model: RowsModel[Pick] = RowsModel(Pick.spoken, self)
        self.list = ListPane(ink, self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(PickDelegate(ink, _ROW, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.line.textEdited.connect(self._on_typed)
        self.line.steered.connect(self._steer)
        self.line.entered.connect(self._on_entered)
        self.list.clicked.connect(lambda index: self._take(index.row()))
        self.line.installEventFilter(self)

    @property
    def key(self) -> str:
        """What is chosen, empty without."""
        return self._key

    def offer(self, picks: Sequence[Pick]) -> None:
        """Choose from these, the likely ones first; what is chosen stays."""
        self._picks = tuple(picks)
        if not self._typed:
            self._show_chosen()

    def choose(self, key: str) -> None:
        """Choose *key* without telling; what is being typed stays."""
        self._key = key
        if not self._typed:
            self._show_chosen()

    def open(self) -> None:
        """Show the list."""
        words = self.line.text().casefold().split() if self._typed else []
        hits = [pick for pick in self._picks if pick.fits(words)]
        self.model.show(hits)
        self.list.setVisible(bool(hits))
        self.list.setFixedHeight(_ROW * min(_SHOWN, max(1, len(hits))) + 2)
        at = next((n for n, pick in enumerate(hits) if pick.key == self._key), 0)
        self.list.choose_row(0 if self._typed else at)

    def close_list(self) -> bool:
        """Put the list away and show what is chosen; return whether it was open."""
        was = not self.list.isHidden()
        self._typed = False
        self.list.hide()
        self._show_chosen()
        return was

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: leaving the box takes what is marked of the words typed."""
        if watched is self.line and event.type() == QEvent.Type.FocusOut:
            if self._typed and self.line.text().strip() and self.model.rows:
                self._take(max(0, self.list.current_row()))
            elif self._typed and not self.line.text().strip():
                self._choose_by_hand("")
            self.close_list()
        return super().eventFilter(watched, event)

    def _on_typed(self, _text: str) -> None:
        self._typed = True
        self.open()

    def _steer(self, step: int) -> None:
        if self.list.isHidden():
            self.open()
            return
        rows = len(self.model.rows)
        if rows:
            self.list.choose_row(min(rows - 1, max(0, self.list.current_row() + step)))

    def _on_entered(self) -> None:
        if self.list.isHidden():
            self.open()
        else:
            self._take(self.list.current_row())

    def _take(self, row: int) -> None:
        if 0 <= row < len(self.model.rows):
            self._typed = False
            self._choose_by_hand(self.model.rows[row].key)
        self.close_list()

    def _choose_by_hand(self, key: str) -> None:
        if key != self._key:
            self._key = key
            self.chosen.emit(key)

    def _show_chosen(self) -> None:
        held = next((pick for pick in self._picks if pick.key == self._key), None)
        self.line.setText(held.spoken() if held is not None else self._key if self._picks else "")
        self.line.setCursorPosition(0)
