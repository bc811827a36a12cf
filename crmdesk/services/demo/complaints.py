"""Complaints of the demo company in every state, made through the use cases by a clock set back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from crmdesk.models import note
from crmdesk.models.agent import save_code
from crmdesk.models.operations import Author
from crmdesk.models.wire import Json, Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.correspondence import draft_letter
from crmdesk.services.complaints.files import file_of
from crmdesk.services.complaints.letter_case import LetterWanted, Sender
from crmdesk.services.complaints.procedure import House, Procedure, procedure
from crmdesk.services.demo.codes import NAMESPACE, code_id
from crmdesk.services.demo.complaint_scripts import AGENT, SCRIPTS, SHOWN, Move, Script
from crmdesk.services.followers import followers
from crmdesk.services.starter import complaint_codes, starter_id
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.unit_of_work import UnitOfWork

TAG, DEVICE = "K7Q", "demo"
NOBODY = Sender()
STARS: Mapping[str, str] = MappingProxyType(
    {"repeat_leak": "13800138000", "english": "18616124407", "fleet": "13601884471"}
)
"""Numbers of the demo callers who complain."""
_BY_NUMBER = "SELECT customer_id FROM contact_point WHERE value LIKE '%' || ? ORDER BY seq LIMIT 1"
_ANYBODY = (
    "SELECT c.id FROM customer AS c WHERE c.kind = 'person' AND c.language = ?"
    " AND EXISTS (SELECT 1 FROM asset AS a WHERE a.customer_id = c.id) ORDER BY c.seq LIMIT 1 OFFSET ?"
)
_ASSET = "SELECT id FROM asset WHERE customer_id = ? ORDER BY seq LIMIT 1"
_ONE = "SELECT id FROM {table} WHERE complaint_id = ? LIMIT 1"
_REMEDIES = "SELECT id FROM remedy_line WHERE complaint_id = ? AND NOT void ORDER BY position"


class _Clock:
    """A clock that is set, and gives out ids: the same company each time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._numbers = count()

    def __call__(self) -> datetime:
        return self.now

    def next_id(self) -> UUID:
        """Return the next id."""
        return uuid5(NAMESPACE, f"complaints/{next(self._numbers)}")


class _Clerk(Author):
    """Somebody at the demo's desk by that clock."""

    clock: _Clock

    def new_id(self) -> UUID:
        """Return the next id of the company."""
        return self.clock.next_id()


def complain(
    store_path: Path, key: bytes, house: House, now: datetime, sender: Sender = NOBODY
) -> dict[str, UUID]:
    """Write the complaints of the demo company as they are at *now*; return their ids by what they show.

    *sender* is the house that its letters name. CPU: about a second.
    """
    connection = open_connection(store_path, key, role="writer")
    try:
        company = _Company(connection, house, now, sender)
        company.save_codes()
        made: list[UUID] = []
        for number, script in enumerate(SCRIPTS):
            made.append(company.tell(script, number, made))
        return {name: made[place] for name, place in SHOWN.items()}
    finally:
        connection.close()


class _Company:
    """Lets people complain, and others deal with it."""

    def __init__(self, connection: Any, house: House, now: datetime, sender: Sender) -> None:
        self._connection = connection
        self._house = house
        self._sender = sender
        self._now = now
        self._clock = _Clock(now)

    def save_codes(self) -> None:
        """Write categories and causes."""
        with self._work(AGENT) as work:
            for table, values in complaint_codes():
                row_id = str(starter_id(table, str(values["key"])))
                work.do(save_code(work.author, table, {"id": row_id, **values}))
            work.commit()

    def tell(self, script: Script, number: int, made: list[UUID]) -> UUID:
        """Let a complaint come and take its steps; return its id."""
        came = self._now - timedelta(hours=script.hours_ago)
        self._clock.now = came + timedelta(minutes=3)
        customer = self._customer(script, number)
        asset = self._connection.execute(_ASSET, (customer,)).fetchone()
        fields: dict[str, Json] = {
            "received_at": came.isoformat(),
            "channel": script.channel,
            "category": script.category,
            "what_happened": script.text,
            "remedy_wanted": script.wanted,
            "customer_id": str(UUID(bytes=customer)),
            "severity": script.severity,
        }
        if asset is not None:
            fields["asset_id"] = str(UUID(bytes=asset[0]))
        intake = taking.Intake(repeat_of=made[-1] if script.repeats else None, restricted=script.restricted)
        with self._work(script.by) as work:
            row_id: UUID = taking.open_complaint(work, self._rules(), TAG, fields, intake)["id"]
        for move in script.moves:
            self._clock.now = max(self._clock.now, came + timedelta(hours=move.hours))
            self._do(row_id, move)
        return row_id

    def _do(self, row_id: UUID, move: Move) -> None:
        fields = {name: self._filled(row_id, value) for name, value in move.fields.items()}
        with self._work(move.who) as work:
            if move.step == "note":
                work.do(note.append_note(work.author, str(fields["text"]), complaint_id=row_id))
                work.commit()
            elif move.step == "yes":
                taking.approve(work, self._rules(), row_id, int(str(fields["version"])))
            elif move.step in {"letter", "survey"}:
                kind = "letter.make" if move.step == "letter" else "survey.record"
                held = self._letter(work, row_id, fields) if move.step == "letter" else fields
                payload = {"id": work.author.new_id(), "fields": {**held, "complaint_id": str(row_id)}}
                work.do(work.author.describe(kind, payload))
                work.commit()
            elif not move.who:
                file, rules = file_of(work.stored, row_id), self._rules()
                # Holidays may have put it off.
                self._clock.now = max(self._clock.now, file.fields["follow_up_at"] + timedelta(minutes=1))
                taking.take_by_time(work, rules, file, move.step, fields, work.author.new_id())
                work.commit()
            else:
                taking.take_step(work, self._rules(), row_id, move.step, fields)

    def _letter(self, work: UnitOfWork, row_id: UUID, fields: Mapping[str, Any]) -> dict[str, Json]:
        """Return a letter as the template words it; without a digest, as printing it takes a second."""
        wanted = LetterWanted(complaint_id=row_id, **fields)
        now = self._clock.now
        draft = draft_letter(work.stored, self._connection, self._rules(), self._sender, wanted, now)
        return {"kind": draft.kind, "language": draft.case.language, "text": draft.plain}

    def _filled(self, row_id: UUID, value: Json) -> Json:
        """Return *value* with what its words that begin with ``@`` stand for."""
        if isinstance(value, dict):
            return {name: self._filled(row_id, each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(row_id, each) for each in value]
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        name = value[1:]
        if name[0] in "+-":
            return (self._clock.now + timedelta(hours=float(name))).isoformat()
        if name == "call":
            return str(uuid5(NAMESPACE, f"call/{row_id}"))
        if name == "done":
            return list(self._all_done(row_id))
        if name in {"letter", "survey"}:
            found = self._connection.execute(_ONE.format(table=name), (row_id.bytes,)).fetchone()
            return str(UUID(bytes=found[0]))
        return str(code_id("agent", name))

    def _all_done(self, row_id: UUID) -> Iterator[Row]:
        for (held,) in self._connection.execute(_REMEDIES, (row_id.bytes,)):
            yield {"id": str(UUID(bytes=held)), "done_at": self._clock.now.isoformat()}

    def _customer(self, script: Script, number: int) -> bytes:
        if script.star:
            found = self._connection.execute(_BY_NUMBER, (STARS[script.star],)).fetchone()
            if found is not None:
                return bytes(found[0])
        language = "en" if script.english else "zh"
        found = self._connection.execute(_ANYBODY, (language, number)).fetchone()
        found = found or self._connection.execute(_ANYBODY, (language, 0)).fetchone()
        return bytes(found[0])

    def _rules(self) -> Procedure:
        return procedure(self._connection, self._house)

    def _work(self, login: str) -> UnitOfWork:
        actor = str(code_id("agent", login)) if login else ""
        return UnitOfWork(self._connection, _Clerk(actor, DEVICE, self._clock), followers())
