"""Saves what a list of complaints shows, or the clocks beside it, as a sheet; written on a lane."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from crmdesk.ui.complaint_sheets import SheetsOf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtWidgets import QWidget

    from crmdesk.services.complaints.listing import Listing
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace


class ListExport:
    """Asks where to, then has it written."""

    def __init__(self, place: Workplace, view: QWidget) -> None:
        self._place = place
        self._words = place.words
        self._view = view

    def save_list(self, listing: Listing, lines: Sequence[ComplaintLine]) -> None:
        """Save *lines*: those of *listing* that are shown."""
        rows = self._sheets().of_list(lines, listing)
        self._save(f"{self._words.tr('Complaints')}-{self._day()}.csv", len(lines), rows)

    def save_ledger(self, record: ComplaintRecord) -> None:
        """Save the clocks of a complaint."""
        count = sum(len(clock.lines) for clock in record.clocks)
        name = f"{record.head.number}-{self._words.tr('Clocks')}.csv"
        self._save(name, count, self._sheets().of_ledger(record))

    def _sheets(self) -> SheetsOf:
        # Words of their own: the window may change its language while the rows are taken.
        return SheetsOf(self._words.twin(self._words.language), self._place.moments.zone)

    def _day(self) -> str:
        return self._place.moments.today().isoformat()

    def _save(self, name: str, count: int, rows: Iterator[Sequence[str]]) -> None:
        tr, messages = self._words.tr, self._place.parts.messages
        if not count:
            messages.say(tr("There is nothing here to save."), "due")
            return
        chosen, _ = QFileDialog.getSaveFileName(self._view, tr("Save as CSV"), name, "CSV (*.csv)")
        if chosen:
            written = self._place.desk.aftercare.write_sheet(Path(chosen), rows)
            self._place.operations.run(written, lambda lines: messages.say(self._told(lines, chosen), "good"))

    def _told(self, lines: int, path: str) -> str:
        count = self._words.plural(lines, "{n} line saved", "{n} lines saved")
        return f"{count}: {path}"
