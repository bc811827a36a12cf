"""The time line of one customer, newest first, fetched page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Signal

from crmdesk.models.screen_pop import TimelineEntry, TimelinePage
from crmdesk.ui.itemmodels.rows import RowsModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from PySide6.QtCore import QObject

    from crmdesk.ui.itemmodels.rows import Index

_EMPTY = TimelinePage((), None, 0)


class TimelineModel(RowsModel[TimelineEntry]):
    """Rows are the entries that came so far; scrolling asks for more.

    Signals:
        page_wanted(str): the mark after which the next page starts; answer with :meth:`append`.
    """

    page_wanted = Signal(str)

    def __init__(
        self,
        spoken: Callable[[TimelineEntry], str],
        day_of: Callable[[datetime], date],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(spoken, parent)
        self._day_of = day_of
        self.days: list[date | None] = []
        """For each row its day at the site if it is the first row of that day, else None."""
        self._after: str | None = None
        self._waiting = False
        self._last_day: date | None = None
        self.total = 0
        self.complete = True
        self.everywhere = 0

    def begin(self, page: TimelinePage = _EMPTY) -> None:
        """Show a first page and forget all others."""
        self._after, self._waiting = page.after, False
        self.total, self.complete, self.everywhere = page.total, page.complete, page.everywhere
        self.days, self._last_day = [], None
        self._note_days(page)
        self.show(page.items)

    def append(self, page: TimelinePage) -> None:
        """Add the page that was asked for."""
        self._after, self._waiting = page.after, False
        self.complete = page.complete
        if page.items:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(page.items) - 1)
            self._note_days(page)
            self._rows += page.items
            self.endInsertRows()

    def _note_days(self, page: TimelinePage) -> None:
        for entry in page.items:
            day = self._day_of(entry.at)
            self.days.append(day if day != self._last_day else None)
            self._last_day = day

    def give_up(self) -> None:
        """The page asked for will not come; the next scrolling may ask again."""
        self._waiting = False

    def canFetchMore(self, parent: Index) -> bool:
        """Qt: whether scrolling would bring more."""
        return not parent.isValid() and self._after is not None and not self._waiting

    def fetchMore(self, parent: Index) -> None:
        """Qt: ask for the next page; it comes later."""
        if self.canFetchMore(parent) and self._after is not None:
            self._waiting = True
            self.page_wanted.emit(self._after)
