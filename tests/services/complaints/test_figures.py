"""Figures over the store come to what the worked example of the definition says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.complaint import Complaint, ComplaintBody, Survey
from crmdesk.models.customer import Customer
from crmdesk.models.operations import fresh
from crmdesk.services.complaints.figures import Figures, figures
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import ComplaintDesk

RECEIVED = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday; the third business day after it ends on Thursday, the 5th, 18:00 in Shanghai."""
NOW = datetime(2026, 3, 30, 2, 0, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


class Writer:
    """Writes rows as an import would leave them."""

    def __init__(self, desk: ComplaintDesk) -> None:
        self._desk = desk
        self._number = 1000

    def new_id(self) -> UUID:
        self._number += 1
        return UUID(int=self._number)

    def write(self, table: str, entity: Any) -> UUID:
        connection = self._desk.connection
        connection.execute("BEGIN")
        StoredRows(connection).write(fresh(table, entity))
        connection.execute("COMMIT")
        return UUID(str(entity.id))

    def complaint(self, days: int | None, **fields: Any) -> UUID:
        """Write a complaint resolved after *days*, None: not."""
        row_id = self.new_id()
        inside = {name: fields.pop(name) for name in ("accepted", "csm", "finding") if name in fields}
        resolved = None if days is None else fields.get("received_at", RECEIVED) + timedelta(days=days)
        head = {"state": "CLOSED", "received_at": RECEIVED, "logged_at": RECEIVED, "resolved_at": resolved}
        self.write("complaint", Complaint(id=row_id, **{**head, **fields}))
        body = ComplaintBody(id=row_id, acknowledged_at=RECEIVED, responded_at=resolved, **inside)
        self.write("complaint_body", body)
        return row_id

    def survey(self, *grades: int, csm: int | None = None, **of: Any) -> None:
        answers = tuple(text for n, grade in enumerate(grades) for text in (f"item{n}", str(grade)))
        self.write(
            "survey", Survey(id=self.new_id(), at=NOW - timedelta(days=1), answers=answers, csm=csm, **of)
        )

    def customer(self) -> UUID:
        made = Customer(id=self.new_id(), name="A", created_at=RECEIVED, updated_at=RECEIVED)
        return self.write("customer", made)


@pytest.fixture
def writer(desk: ComplaintDesk) -> Writer:
    return Writer(desk)


def asked(desk: ComplaintDesk) -> Figures:
    desk.now = NOW
    return figures(desk.connection, desk.rules(), NOW)


def test_the_worked_example(desk: ComplaintDesk, writer: Writer) -> None:
    for _ in range(4):
        writer.complaint(1, accepted=True)
    for _ in range(3):
        writer.complaint(8, accepted=True)
    writer.complaint(None, state="INVESTIGATING")
    writer.complaint(1, accepted=False)
    writer.complaint(1, accepted=True, csm=0)
    for _ in range(5):
        writer.survey(csm=-60, customer_id=writer.customer())
    found = asked(desk)
    assert dict(found.classes) == {"fast": 4, "solved": 3, "voiced": 3, "silent": 5}
    assert found.repurchase.value == pytest.approx(5.92 / 15)
    assert found.voiced_repurchase.value == pytest.approx(0.547)
    assert found.gain == pytest.approx(4.57)


def test_satisfaction_is_the_mean_of_all_grades_with_their_number(
    desk: ComplaintDesk, writer: Writer
) -> None:
    row_id = writer.complaint(1, accepted=True)
    writer.survey(90, 60, 60, csm=70, complaint_id=row_id)
    writer.survey(30, 0, -30, csm=0, complaint_id=row_id)
    found = asked(desk).satisfaction
    assert (found.value, found.whole) == (35, 6)


def test_shares_of_first_contact_upheld_and_reopened(desk: ComplaintDesk, writer: Writer) -> None:
    writer.complaint(1, first_contact=True, finding="upheld")
    writer.complaint(1, finding="partly", reopen_count=2)
    writer.complaint(1, finding="not_upheld")
    writer.complaint(None, state="PROPOSED", finding="upheld")
    found = asked(desk)
    assert (found.first_contact.part, found.first_contact.whole) == (1, 4)
    assert (found.upheld.part, found.upheld.whole) == (2, 3)
    assert (found.reopened.part, found.reopened.whole) == (1, 3)


def test_a_customer_who_complained_lately_is_not_silent(desk: ComplaintDesk, writer: Writer) -> None:
    customer = writer.customer()
    writer.complaint(None, state="RECEIVED", customer_id=customer)
    writer.survey(csm=-90, customer_id=customer)
    assert dict(asked(desk).classes)["silent"] == 0


def test_only_the_period_counts_and_nothing_is_not_nought(desk: ComplaintDesk, writer: Writer) -> None:
    writer.complaint(1, received_at=NOW - timedelta(days=91))
    writer.complaint(1, received_at=NOW + timedelta(days=1))
    found = asked(desk)
    assert (found.count, found.satisfaction.value, found.repurchase.value) == (0, None, None)
