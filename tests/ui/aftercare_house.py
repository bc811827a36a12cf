"""A house that writes letters and asks customers afterwards, behind a window of tests."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from crmdesk.models.wire import Row
from crmdesk.services.complaints.due import act_on
from crmdesk.services.complaints.letter_case import Sender
from crmdesk.services.complaints.press import Printed, printed
from crmdesk.services.complaints.procedure import House
from crmdesk.ui.aftercare_desk import LocalAftercare
from tests.services.complaints.house import CALL, ComplaintDesk
from tests.ui.complaint_house import ComplaintSeat, StoreOfHouse
from tests.ui.conftest import Seat

SENDER = Sender("Our house", ("1600 Century Avenue", "Shanghai"), "+86 21 5820 8001")
REMEDY = {"type": "refund", "value": 100_00, "due": "2026-12-09T00:00:00+00:00"}


class PressHere:
    """Prints on a thread of this process, which costs a test less than a process."""

    def __init__(self, lane: ThreadPoolExecutor) -> None:
        self._lane = lane
        self.rested = 0

    def print(self, *letter: Any, **options: Any) -> Future[Printed]:
        """See :class:`crmdesk.services.complaints.press.Press`."""
        return self._lane.submit(printed, *letter, **options)

    def close(self) -> None:
        """See :class:`crmdesk.services.complaints.press.Press`."""
        self.rested += 1


class AftercareSeat(ComplaintSeat):
    """A seat whose desk also writes letters and asks customers."""

    def __init__(self, seat: Seat, house: ComplaintDesk, folder: Path) -> None:
        super().__init__(seat, house, folder)
        self._errands, self._printer = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.press = PressHere(self._printer)
        store = StoreOfHouse(house, seat.desk)
        store.told = seat.bridge.changed.emit
        self.aftercare = LocalAftercare(store, House, lambda: SENDER, self._errands.submit)  # type: ignore[arg-type]
        self.aftercare._press = self.press  # type: ignore[assignment]  # the same, without a process
        seat.desk.aftercare = self.aftercare  # other tests have none

    def close(self) -> None:
        """Close the drafts, and end the threads."""
        super().close()
        self._errands.shutdown()
        self._printer.shutdown()

    def proposed(self, regime: str = "none") -> Row:
        """Return a complaint with a decision to be told."""
        house = self.house
        row = self.investigated()
        if regime != "none":
            house.connection.execute(
                "UPDATE complaint SET regime = ? WHERE id = ?", (regime, row["id"].bytes)
            )
        return house.step(
            row,
            "T8",
            cause="wrong_part",
            cause_class="B",
            finding="upheld",
            remedies=[REMEDY],
            reason_text="We fitted the wrong part.",
        )

    def followed_up(self) -> Row:
        """Return a complaint whose customer is to be asked now."""
        house = self.house
        row = house.step(self.proposed(), "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
        (remedy,) = house.rows("remedy_line", row["id"])
        done = [{"id": str(remedy["id"]), "done_at": house.iso()}]
        row = house.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)
        self.pass_time(seconds=(row["follow_up_at"] - house.now).total_seconds())
        with house.work() as work:
            assert act_on(work, house.rules(), row["id"])
        return {**house.row("complaint_body", row["id"]), **house.row("complaint", row["id"])}
