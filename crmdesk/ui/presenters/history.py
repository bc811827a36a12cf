"""Older history that is on the server only: fetched whole when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from crmdesk.models.sync_views import HistoryProgress
    from crmdesk.models.types import CustomerId
    from crmdesk.ui.bridge import Bridge
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace


class HistoryPresenter(QObject):
    """Steers the foot of the time line; several customers' histories may be under way."""

    def __init__(self, place: Workplace, record: RecordPresenter, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._record = record
        self._under_way: dict[CustomerId, tuple[int, int]] = {}
        record.shown.connect(self._draw)
        bridge.history_progressed.connect(self._on_progressed)

    def load(self) -> None:
        """Fetch all older history of the customer shown."""
        parts, tr = self._place.parts, self._place.words.tr
        customer_id = self._record.customer_id if parts.stage.shown is parts.record else None
        if customer_id is None:
            parts.messages.say(tr("No record is open whose history could be loaded"), "due")
        elif parts.timeline.model.complete:
            parts.messages.say(tr("All there is of this customer is on this PC"), "good")
        elif customer_id not in self._under_way:
            self._begin(customer_id)

    def _begin(self, customer_id: CustomerId) -> None:
        self._under_way[customer_id] = (0, 0)
        self._draw()

        def loaded(_: object) -> None:
            self._end(customer_id)
            if self._record.customer_id == customer_id:
                self._record.reload_timeline()

        def failed(error: BaseException) -> None:
            self._end(customer_id)
            told = self._place.words.error(error)
            self._place.parts.messages.say(told, "due")

        future = self._place.desk.sharing.load_history(customer_id)
        self._place.operations.run(future, loaded, failed=failed)

    def _end(self, customer_id: CustomerId) -> None:
        self._under_way.pop(customer_id, None)
        self._draw()

    def _on_progressed(self, progress: HistoryProgress) -> None:
        if progress.customer_id in self._under_way:
            self._under_way[progress.customer_id] = (progress.done, progress.total)
            self._draw()

    def _draw(self) -> None:
        customer_id = self._record.customer_id
        known = self._under_way.get(customer_id) if customer_id is not None else None
        self._place.parts.timeline.show_loading(known)
