"""The clocks beside a list of complaints: those of the line the keyboard or the mouse rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from crmdesk.ui.itemmodels.ledger_lines import LedgerOf

if TYPE_CHECKING:
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_list import ComplaintListView

_LOOK_MS = 200
"""So long a line is rested on before its clocks are asked for."""


class ListLedger(QObject):
    """Asks for the clocks of one line and shows them.

    ``record`` is the complaint whose clocks are shown, None while there is none; ``deciding``: above them
    stands what is proposed, for who says yes or no to it.
    """

    def __init__(self, place: Workplace, view: ComplaintListView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._view = view
        self._worded = LedgerOf(place.words, place.moments)
        self._line: ComplaintLine | None = None
        self.record: ComplaintRecord | None = None
        self.deciding = False
        self.pause = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self.pause.timeout.connect(self.show)

    def look_at(self, line: ComplaintLine | None) -> None:
        """Show the clocks of *line* once it is rested on."""
        self._line = line
        if line is None:
            self.record = None
            self._view.show_ledger(self._words.tr("Clocks"), ())
        self.pause.start()

    def show(self) -> None:
        """Ask for the clocks of the line looked at."""
        if self._line is not None and self._place.parts.stage.shown is self._view:
            future = self._place.desk.complaints.record(self._line.id)
            self._place.operations.run(future, self._show, topic="ledger", failed=self._refused)

    def _show(self, record: ComplaintRecord) -> None:
        self.record = record
        number, tr = record.head.number, self._words.tr
        heading = tr("Proposal of {number}", number=number) if self.deciding else ""
        heading = heading or tr("Clocks of {number}", number=number)
        self._view.show_ledger(heading, self._worded.lines(record, proposal=self.deciding))

    def _refused(self, error: BaseException) -> None:
        self.record = None
        self._view.show_ledger(self._words.error(error), ())
