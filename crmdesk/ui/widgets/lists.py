"""A list view as we want it: fixed columns of nothing, hints when empty, type to filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyledItemDelegate,
    QWidget,
)

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QPaintEvent
    from PySide6.QtWidgets import QStyleOptionViewItem

    from crmdesk.ui.painting import Ink

_QUIET = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


class RowDelegate(QStyledItemDelegate):
    """Paints rows of one height; subclasses draw the content in :meth:`paint_row`."""

    def __init__(self, ink: Ink, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ink = ink
        self._size = QSize(64, height)
        self._height = height

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Qt: draw one row where Qt asks for it, as for a picture of what is dragged."""
        model = index.model()
        if isinstance(model, RowsModel):
            self.begin()
            self.paint_row(painter, option.rect, model, index.row())

    def begin(self) -> None:
        """Take note of what all rows of one paint share."""

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""

    def row_height(self, model: RowsModel[Any], number: int) -> int:
        """Return the pixels of a row, as :meth:`sizeHint` tells Qt."""
        return self._height

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Qt: the height of all rows."""
        return self._size


class ListPane(QListView):
    """A list that tells what to do when it is empty and reports Enter and typing.

    Signals:
        entered_row(int): Enter or double click on a row.
        typed(str): text typed while the list has the focus, for a filter.
    """

    entered_row = Signal(int)
    typed = Signal(str)

    def __init__(self, ink: Ink, parent: QWidget | None = None, *, uniform: bool = True) -> None:
        super().__init__(parent)
        self.ink = ink
        self.hint = ""
        self._composes = False
        self._lay_ground()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(uniform)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Its room is always kept: rows would be laid out twice, and once too wide, whenever it comes.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTabKeyNavigation(False)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        bar = SlimScrollBar(ink, self)
        self.setVerticalScrollBar(bar)
        # Qt connects the bar it made itself and forgets these two, on which fetching by page depends.
        bar.valueChanged.connect(self.verticalScrollbarValueChanged)
        bar.actionTriggered.connect(self.verticalScrollbarAction)
        self.activated.connect(lambda index: self.entered_row.emit(index.row()))

    def set_hint(self, hint: str) -> None:
        """Show *hint* while there are no rows."""
        self.hint = hint
        if self.isVisible() and self.model().rowCount() == 0:
            self.viewport().update()

    def let_compose(self, wanted: bool) -> None:
        """Let input methods in, where words are typed, or keep them off, where letters do something."""
        self._composes = wanted
        self._tell_input_methods()

    def _tell_input_methods(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, self._composes)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt: the keyboard comes; Qt itself keeps input methods from every list that cannot be edited."""
        super().focusInEvent(event)
        self._tell_input_methods()

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Qt: another row is the current one; see :meth:`focusInEvent`."""
        super().currentChanged(current, previous)
        self._tell_input_methods()

    def current_row(self) -> int:
        """Return the number of the current row, -1 without."""
        return self.currentIndex().row()

    def choose_row(self, row: int) -> None:
        """Make *row* the current one if it exists."""
        model = self.model()
        if 0 <= row < model.rowCount():
            self.setCurrentIndex(model.index(row, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: printable keys go to the filter, the first arrow chooses the first row."""
        text = event.text()
        if text and text.isprintable() and not event.modifiers() & _QUIET:
            self.typed.emit(text)
            return
        if event.key() == Qt.Key.Key_Down and not self.currentIndex().isValid():
            self.choose_row(0)
            return
        super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Qt: what an input method commits is typing too."""
        if event.commitString():
            self.typed.emit(event.commitString())

    def _lay_ground(self) -> None:
        """Make what rows are painted on: asked for one Qt made, PySide loads the classes of all widgets."""
        ground = QWidget(self)
        ground.setBackgroundRole(QPalette.ColorRole.Base)
        ground.setAutoFillBackground(True)
        self.setViewport(ground)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the rows, or the hint when there are none.

        All rows at one go: with Qt's own loop each row costs an option, an index and four questions to the
        model, together more than its texts.
        """
        painter = QPainter(self.viewport())
        model, delegate = self.model(), self.itemDelegate()
        if isinstance(model, RowsModel) and isinstance(delegate, RowDelegate) and model.rows:
            with self.ink.style_by_style(painter):
                self._paint_rows(painter, event.rect(), model, delegate)
        elif self.hint:
            area = self.viewport().rect().adjusted(24, 12, -24, -12)
            self.ink.centred(painter, area, self.hint, self.ink.theme.muted)
        painter.end()

    def _paint_rows(
        self, painter: QPainter, seen: QRect, model: RowsModel[Any], delegate: RowDelegate
    ) -> None:
        first = self.indexAt(QPoint(0, seen.top()))
        if not first.isValid():
            return
        selection, current = self.selectionModel(), self.current_row() if self.hasFocus() else -1
        chosen = selection.selectedIndexes()[0].row() if selection.hasSelection() else -1
        area, bottom = self.visualRect(first), seen.bottom()
        left, top, width = area.left(), area.top(), area.width()
        delegate.begin()
        for number in range(first.row(), len(model.rows)):
            if top > bottom:
                break
            height = delegate.row_height(model, number)
            area = QRect(left, top, width, height)
            if number == chosen:
                painter.fillRect(area, self.ink.colour(self.ink.theme.selection))
            delegate.paint_row(painter, area, model, number)
            if number == current:
                self.ink.focus_ring(painter, area)
            top += height
