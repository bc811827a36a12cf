"""A house that handles complaints behind a window of tests: real services, on the desk's thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from uuid import UUID

from crmdesk.models.changes import ChangeSet
from crmdesk.models.operations import Author
from crmdesk.models.screen_pop import FoundPage, TimelineEntry, TimelinePage
from crmdesk.models.wire import Row
from crmdesk.services.complaints.procedure import House
from crmdesk.services.customers.search import find
from crmdesk.services.store.drafts import Drafts
from crmdesk.services.store.store import Outcome
from crmdesk.ui.complaint_desk import LocalComplaints
from tests.services.complaints.house import ANNA, CHECKLIST, ComplaintDesk
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_desk import FakeDesk


class StoreOfHouse:
    """What the window's requests ask of a store, answered by a :class:`ComplaintDesk`."""

    def __init__(self, house: ComplaintDesk, desk: FakeDesk) -> None:
        self._house = house
        self._desk = desk
        self.told: Callable[[ChangeSet], None] = lambda _changes: None

    @property
    def author(self) -> Author:
        """Who sits at the desk now."""
        return self._house.author

    def read(self, query: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """See :class:`crmdesk.services.store.store.Store`."""
        return self._desk._run("read", lambda: query(self._house.connection, *arguments))

    def write(self, use_case: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """See :class:`crmdesk.services.store.store.Store`."""

        def done() -> Outcome[Any]:
            with self._house.work() as work:
                result = use_case(work, *arguments)
                changes = work.lasting_changes
            self.told(changes)
            return Outcome(result, changes)

        return self._desk._run("write", done)


class ComplaintSeat:
    """A seat whose desk handles complaints."""

    def __init__(self, seat: Seat, house: ComplaintDesk, folder: Path) -> None:
        self.seat = seat
        self.house = house
        self.house.now = seat.clock.now
        store = StoreOfHouse(house, seat.desk)
        store.told = seat.bridge.changed.emit
        self.drafts = Drafts(folder / "drafts.db", bytes(32))
        self.viewed: list[tuple[UUID, str]] = []
        complaints = LocalComplaints(
            store,  # type: ignore[arg-type]  # what it asks for
            self.drafts,
            House,
            lambda customer_id, why: self.viewed.append((customer_id, why)),
        )
        seat.desk.complaints = complaints
        seat.desk.find = self._find  # type: ignore[method-assign]  # the real search

    def close(self) -> None:
        """Close the drafts."""
        self.drafts.close()

    @property
    def page(self) -> Any:
        """Steers the page of the complaint."""
        return self.seat.window.side.complaints.page

    @property
    def form(self) -> Any:
        """The form of a step."""
        return self.page.view.form

    def open(self, row: Row) -> None:
        """Open a complaint as a list does."""
        self.seat.window.commands.open_complaint(row["id"])
        self.seat.settle()

    def stands(self, row: Row) -> str:
        """Return the state of a complaint in the store."""
        return str(self.house.row("complaint", row["id"])["state"])

    def pass_time(self, **span: float) -> None:
        """Let time pass at both clocks."""
        before = self.house.now
        self.house.later(**span)
        self.seat.clock.go_on((self.house.now - before).total_seconds())

    def investigated(self, who: Any = ANNA) -> Row:
        """Return a complaint that is being investigated."""
        row = self.house.log()
        row = self.house.step(row, "T2", who, checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
        impact = {"persons": 1, "money": 0}
        row = self.house.step(row, "T4", who, severity="S3", impact=impact, regime="none", cause_class="B")
        return self.house.step(row, "T5", who, contacted_at=self.house.iso())

    def _find(self, text: str) -> Future[FoundPage]:
        return self.seat.desk._run("find", lambda: find(self.house.connection, text), text)


def line_of(row: Row) -> TimelinePage:
    """Return a time line with the line of a complaint."""
    entry = TimelineEntry(
        str(row["id"]), "complaint", sample.NOW, "", row["number"], "", "", row["state"], None
    )
    return TimelinePage((entry,), None, 1)
