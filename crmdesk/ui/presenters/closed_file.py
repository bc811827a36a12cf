"""The file of a complaint that ended long ago: it lies at the server only, and comes when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from crmdesk.services.stop import Stop
from crmdesk.ui.itemmodels.record_line import RecordLine

if TYPE_CHECKING:
    from uuid import UUID

    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace

FETCH = "fetch"
"""Source of the line on which Enter fetches."""


class ClosedFile(QObject):
    """Fetches one such file at a time; its rows tell of themselves when they are here.

    Signals:
        changed(): the line says something else.
        progressed(UUID, int, int): so many parts of a file have come, of so many; from any thread.
    """

    changed = Signal()
    progressed = Signal(object, int, int)

    def __init__(self, place: Workplace, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._complaint_id: UUID | None = None
        self._stop = Stop()
        self._percent = -1
        self.progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)

    def fetch(self, complaint_id: UUID) -> None:
        """Fetch the file of a complaint; another one that is under way is broken off for it."""
        self._stop.ask()
        self._complaint_id, self._percent = complaint_id, 0
        stop = self._stop = Stop()

        def over(error: BaseException | None = None) -> None:
            if stop.asked:
                return
            self._percent = -1
            if error is not None:
                told = self._place.words.error(error)
                self._place.parts.messages.say(told, "due")
            self.changed.emit()

        future = self._place.desk.sharing.load_file(
            complaint_id, lambda here, total: self.progressed.emit(complaint_id, here, total), stop
        )
        self._place.operations.run(future, lambda _: over(), failed=over, topic="file")
        self.changed.emit()

    def stop(self, complaint_id: UUID) -> bool:
        """Esc at a complaint: break off that its file is fetched; return whether it was."""
        if self._percent < 0 or complaint_id != self._complaint_id:
            return False
        self._stop.ask()
        self._percent = -1
        self.changed.emit()
        return True

    def laid_in(self, record: ComplaintRecord, lines: list[RecordLine]) -> list[RecordLine]:
        """Return the lines of *record*, with one that says how far its file has come or what fetches it."""
        return [*lines, self._line(record)] if record.elsewhere else lines

    def _line(self, record: ComplaintRecord) -> RecordLine:
        tr = self._place.words.tr
        if self._percent >= 0 and self._complaint_id == record.head.id:
            told = tr("Being fetched, {percent} %", percent=self._percent)
            return RecordLine("mark", told, aside=tr("Esc breaks off"), icon="server", tone="accent")
        return RecordLine("mark", tr("Enter fetches it from there"), icon="server", source=FETCH)

    def _on_progressed(self, complaint_id: UUID, here: int, total: int) -> None:
        if self._percent >= 0 and complaint_id == self._complaint_id:
            self._percent = here * 100 // max(1, total)
            self.changed.emit()
