"""A desk with two agents and three supervisors that handles complaints, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from crmdesk.models.agent import save_code
from crmdesk.models.complaint import SHOWN_OF_RESTRICTED, Complaint
from crmdesk.models.customer import open_customer
from crmdesk.models.operations import Author
from crmdesk.models.wire import Row, field_types
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.due import act_on
from crmdesk.services.complaints.procedure import House, Procedure, procedure
from crmdesk.services.complaints.surveys import Answers, record_survey
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.holding import FILES
from tests.stores import KEY, empty_store

BEGIN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
"""A Wednesday, 10:00 in Shanghai."""
ANNA, BELA, CHEN, DORA, EMIL, IDA = (UUID(int=n) for n in range(1, 7))
ROLES = {ANNA: "agent", BELA: "agent", CHEN: "supervisor", DORA: "supervisor", EMIL: "supervisor"}
ROLES |= {IDA: "administrator"}
TEAM, OTHER_TEAM, CUSTOMER, CALL = UUID(int=11), UUID(int=12), UUID(int=21), UUID(int=22)
CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)


class ComplaintDesk:
    """A store, a clock that tests set, and whoever sits at the desk."""

    def __init__(self, folder: Path) -> None:
        path = folder / "store.db"
        path.write_bytes(_furnished())
        self.connection = open_connection(path, KEY, role="writer")
        self.now = BEGIN
        self.who: UUID | None = ANNA

    def close(self) -> None:
        self.connection.close()

    @property
    def author(self) -> Author:
        return Author(str(self.who or ""), "desk-1", lambda: self.now)

    def work(self) -> UnitOfWork:
        return UnitOfWork(self.connection, self.author, followers())

    def rules(self) -> Procedure:
        return procedure(self.connection, House())

    def rows(self, table: str, complaint_id: UUID, column: str = "complaint_id") -> list[Row]:
        """Return the rows of *table* that belong to a complaint."""
        return StoredRows(self.connection).where(table, column, complaint_id)

    def row(self, table: str, row_id: UUID) -> Row:
        """Return a row that must be there."""
        found = StoredRows(self.connection).get(table, row_id)
        assert found is not None
        return found

    def veil(self, complaint_id: UUID) -> None:
        """Leave of a restricted complaint what the server sends to a desk of another team."""
        kinds = {
            name: kind for name, kind in field_types(Complaint).items() if name not in SHOWN_OF_RESTRICTED
        }
        blanks = {str: "", bool: 0, int: 0}
        empty = {name: None if optional else blanks[kind] for name, (kind, optional) in kinds.items()}
        marks = ", ".join(f"{name} = ?" for name in empty)
        of = complaint_id.bytes
        self.connection.execute(f"UPDATE complaint SET {marks} WHERE id = ?", (*empty.values(), of))
        for table, column in FILES.items():
            self.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (of,))

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def iso(self, **span: float) -> str:
        return (self.now + timedelta(**span)).isoformat()

    def log(self, fields: Mapping[str, Any] | None = None, **intake: Any) -> Row:
        """Log a complaint that lacks nothing, with *fields* laid over its payload."""
        given = {
            "received_at": self.now.isoformat(),
            "channel": "phone",
            "category": "repair",
            "what_happened": "The brakes squeal again after the third visit.",
            "remedy_wanted": "refund",
            "customer_id": str(CUSTOMER),
            **(fields or {}),
        }
        with self.work() as work:
            return taking.open_complaint(work, self.rules(), "K7Q", given, taking.Intake(**intake))

    def step(self, row: Row, transition: str, who: UUID | None = None, **fields: Any) -> Row:
        """Do a step as *who* (by default whoever sits here) on the complaint as it stands in *row*."""
        before, self.who = self.who, who or self.who
        self.later(seconds=1)
        try:
            with self.work() as work:
                return taking.take_step(
                    work, self.rules(), row["id"], transition, fields, row["state"], row["rev"]
                )
        finally:
            self.who = before

    def letter(self, row: Row, kind: str = "rejection", text: str = "Dear Ms Wang") -> str:
        """Keep a letter in English about the complaint *row*; return its id."""
        with self.work() as work:
            row_id = work.author.new_id()
            fields = {"complaint_id": row["id"], "kind": kind, "language": "en", "text": text}
            fields["digest"] = "0" * 64
            work.do(work.author.describe("letter.make", {"id": row_id, "fields": fields}))
            work.commit()
        return str(row_id)


@cache
def _furnished() -> bytes:
    """The store of every such desk on its first day, made once."""
    with TemporaryDirectory() as folder:
        path = empty_store(Path(folder) / "store.db")
        connection = open_connection(path, KEY, role="writer")
        with UnitOfWork(connection, Author(str(ANNA), "desk-1", lambda: BEGIN), followers()) as work:
            _furnish(work)
        connection.close()
        return path.read_bytes()


def _furnish(work: UnitOfWork) -> None:
    for team, key in ((TEAM, "hotline"), (OTHER_TEAM, "workshop")):
        work.do(save_code(work.author, "team", {"id": str(team), "key": key}))
    for who, role in ROLES.items():
        values = {"id": str(who), "login": f"p{who.int}", "role": role, "team_id": str(TEAM)}
        work.do(save_code(work.author, "agent", values))
    codes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("complaint_category", "repair", {}),
        ("cause", "wrong_part", {"cause_class": "B", "leaf": True}),
    )
    for table, key, more in codes:
        values = {"id": str(UUID(int=len(key) + 100)), "key": key, **more}
        work.do(save_code(work.author, table, values))
    made = open_customer(work.author, {"name": "王芳", "kind": "person"}, ())
    payload = {**made.payload, "id": str(CUSTOMER)}
    work.do(work.author.describe("customer.create", payload))
    work.commit()


def under_regime(desk: ComplaintDesk, regime: str) -> Row:
    """Return a complaint assessed under *regime* at once."""
    row = desk.log({"severity": "S4"})
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    return desk.step(row, "T4", severity="S4", impact=impact, regime=regime, cause_class="B")


TWO_REMEDIES = ({"type": "refund", "value": 50_00}, {"type": "voucher", "value": 20_00})


def proposed(
    desk: ComplaintDesk,
    row: Row | None = None,
    *,
    regime: str = "none",
    remedies: Sequence[Mapping[str, Any]] = TWO_REMEDIES,
) -> Row:
    """Return a complaint with a proposed decision; *row* is one that is being investigated."""
    if row is None:
        row = desk.step(under_regime(desk, regime), "T5", contacted_at=desk.iso())
    found: dict[str, Any] = {"cause": "wrong_part", "cause_class": "B", "finding": "upheld"}
    lines = [{"due": desk.iso(days=7), **each} for each in remedies]
    return desk.step(row, "T8", **found, remedies=lines, reason_text="We fitted the wrong part.")


def settled(
    desk: ComplaintDesk,
    *,
    regime: str = "none",
    remedies: Sequence[Mapping[str, Any]] = TWO_REMEDIES,
) -> Row:
    """Return a complaint whose decision was accepted, with its remedies only ordered."""
    row = proposed(desk, regime=regime, remedies=remedies)
    row = desk.step(row, "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    lines = desk.rows("remedy_line", row["id"])
    ordered = [{"id": str(each["id"]), "order_id": "SO-1"} for each in lines]
    return desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=ordered)


def followed_up(desk: ComplaintDesk) -> Row:
    """Return a complaint of severity S3 whose customer is being asked, at a desk that works alone."""
    row = settled(desk, remedies=({"type": "none", "value": 0},))
    desk.connection.execute("UPDATE complaint SET severity = 'S3'")
    desk.later(days=9)
    with desk.work() as work:
        act_on(work, desk.rules(), row["id"])
    return desk.row("complaint", row["id"])


def survey(desk: ComplaintDesk, row: Row, grade: int) -> str:
    """Keep one grade that the customer of *row* gave; return the survey's id."""
    with desk.work() as work:
        return str(record_survey(work, Answers(grades={"result": grade}), row["id"]))
