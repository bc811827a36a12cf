"""The key on a remedy's line: what was promised is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from crmdesk.services.complaints.record_view import RemedyView
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_record import ComplaintView

KEY = "d"


class RemedyKey(QObject):
    """Marks the remedy of the line chosen as done now, or says why it cannot be."""

    def __init__(self, place: Workplace, view: ComplaintView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._view = view
        view.file.list.typed.connect(self._on_typed)

    def _on_typed(self, text: str) -> None:
        if text.casefold() == KEY:
            self._mark(self._view.file.current_line())

    def _mark(self, line: RecordLine | None) -> None:
        tr = self._place.words.tr
        if line is None or line.kind != "remedy":
            self._say(tr("Choose the line of a remedy first: d marks it done."))
            return
        remedy: RemedyView = line.source  # type: ignore[assignment]  # what a line of this kind holds
        if remedy.done_at is not None:
            self._say(tr("{what}: this was done already.", what=line.label))
            return
        done = tr("{what}: done today.", what=line.label)
        future = self._place.desk.aftercare.mark_remedy(remedy.id)
        self._place.operations.run(future, lambda _: self._say(done, "good"))

    def _say(self, text: str, tone: str = "due") -> None:
        self._place.parts.messages.say(text, tone)
