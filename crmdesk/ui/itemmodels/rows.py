"""A list of immutable rows: `data()` only looks up, delegates paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QObject

Index = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")
_SPOKEN = frozenset({Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole})


class RowsModel(QAbstractListModel, Generic[Row]):
    """One column of rows of one type.

    Args:
        spoken: says a row in one line; what a screen reader hears and typing looks for.
    """

    def __init__(self, spoken: Callable[[Row], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._spoken = spoken
        self._rows: list[Row] = []

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, in order."""
        return self._rows

    def show(self, rows: Sequence[Row]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row(self, index: Index) -> Row | None:
        """Return the row at *index*, None when there is none."""
        number = index.row()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def place(self, number: int) -> QModelIndex:
        """Return the index of a row there is, without asking how many there are as Qt does."""
        return self.createIndex(number, 0)

    def replace(self, number: int, row: Row) -> None:
        """Put *row* in place of the one at *number*."""
        self._rows[number] = row
        index = self.index(number)
        self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - the default Qt itself has
        """Qt: how many rows."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: the spoken line, for people and screen readers."""
        if role in _SPOKEN and index.isValid():
            row = self.row(index)
            return None if row is None else self._spoken(row)
        return None
