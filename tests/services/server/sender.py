"""A desk that pushes operations, and what the server says it should have made of them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crmdesk.errors import Conflict
from crmdesk.models.effects import ENTITIES, apply
from crmdesk.models.gates import Actor
from crmdesk.models.operations import Operation, RowsInMemory
from crmdesk.models.rules import refuse_overwriting
from crmdesk.models.sending import sending_lacks
from crmdesk.models.types import AgentId
from crmdesk.models.wire import Json, Row, from_json
from crmdesk.services.complaints.files import case_of, file_of
from crmdesk.services.server import ddl
from crmdesk.services.sync.holding import at_server
from tests.models.complaint_moves import NothingCounted, rules

PUSH = (
    "SELECT crm.push(%(device)s, %(n)s, %(op)s, %(kind)s, %(version)s, %(payload)s, %(base)s, %(at)s,"
    " %(offset)s, %(age)s, %(again)s)"
)
CHANGED = {
    "customer.change": "customer",
    "asset.change": "asset",
    "task.change": "task",
    "visit.change": "service_visit",
    "contact_point.change": "contact_point",
    "article.save": "article",
}
MISSED = {**CHANGED, "call.wrap_up": "call", "call.assign": "call", "call.verify": "call"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Sender:
    """One registered desk of the person *connection* belongs to; ``n`` is its last number."""

    def __init__(self, connection: Any, device: uuid.UUID | None = None) -> None:
        self.connection = connection
        self.device = device or uuid.uuid4()
        self.n = 0
        connection.execute("SELECT crm.register_device(%s, NULL, 'test')", (self.device,))

    def push(self, operation: Operation, **other: Any) -> dict[str, Json]:
        """Push *operation* under the next number, or as *other* says; return the answer."""
        if "n" not in other:
            self.n += 1
        given = {
            "device": self.device,
            "n": self.n,
            "op": operation.id,
            "kind": operation.kind,
            "version": operation.version,
            "payload": json.dumps(dict(operation.payload), ensure_ascii=False),
            "base": operation.base_revision,
            "at": operation.at,
            "offset": 0,
            "age": 0,
            "again": False,
        }
        answer: dict[str, Json] = self.connection.execute(PUSH, {**given, **other}).fetchone()[0]
        return answer

    def send(self, kind: str, payload: Json, **other: Any) -> dict[str, Json]:
        """Push a payload as it is, text or JSON, at noon."""
        operation = Operation(uuid.uuid4(), kind, 1, {}, None, "", "", NOON)
        text = payload if isinstance(payload, str) else json.dumps(payload)
        return self.push(operation, **{"payload": text, **other})


def rows_of(connection: Any) -> dict[str, dict[uuid.UUID, Row]]:
    """Return all business rows that the person of *connection* sees, as the entities hold them."""
    found: dict[str, dict[uuid.UUID, Row]] = {}
    (owner,) = connection.execute("SELECT pg_has_role(session_user, 'crm_owner', 'MEMBER')").fetchone()
    for table in ddl.TABLES:
        names = ddl.columns(table)
        listed = ", ".join(map(ddl.quoted, names))
        whole = ddl.qualified(table) if owner else at_server(table)
        for values in connection.execute(f"SELECT {listed} FROM {whole}").fetchall():
            row: Row = dict(zip(names, values, strict=True))
            row |= {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
            found.setdefault(table, {})[row["id"]] = row
    return found


def holds_nul(value: Json) -> bool:
    """Return whether a text in *value* holds the one character that no text of a server can."""
    if isinstance(value, Mapping):
        return any(map(holds_nul, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_nul, value))
    return isinstance(value, str) and "\x00" in value


def _gone(rows: RowsInMemory, table: str, row_id: str | None) -> dict[str, Json]:
    known = row_id is None or rows.get(table, uuid.UUID(row_id)) is not None
    return {} if known else {"rejected": "gone"}


def _not_approved(rows: RowsInMemory, operation: Operation) -> dict[str, Json]:
    of = uuid.UUID(operation.payload["complaint_id"])
    head, body = rows.get("complaint", of), rows.get("complaint_body", of)
    if head is None or body is None:
        return {"rejected": "gone"}
    if (head["state"], body["proposal_version"]) != ("PROPOSED", operation.payload["proposal_version"]):
        return {"rejected": "conflict", "fields": ["proposal_version"]}
    return {"rejected": "denied"} if str(body["proposer_id"]) == operation.actor else {}


def _not_saved(rows: RowsInMemory, operation: Operation) -> dict[str, Json]:
    if rows.get("corrective_action", uuid.UUID(operation.payload["id"])):
        return {}
    return _gone(rows, "complaint", operation.payload["fields"].get("complaint_id"))


def _not_sent(rows: RowsInMemory, operation: Operation) -> dict[str, Json]:
    letter = rows.get("letter", uuid.UUID(operation.payload["id"]))
    if letter is None:
        return {"rejected": "gone"}
    file = file_of(rows, letter["complaint_id"])
    actor = Actor(AgentId(uuid.UUID(operation.actor)), "supervisor", operation.device)
    case = case_of(rows, NothingCounted(), rules(), file, actor, {}, operation.at)
    undecided = letter["sent_at"] is None and sending_lacks(letter["kind"], case)
    return {"rejected": "illegal"} if undecided else {}


OF_FILES: Mapping[str, Callable[[RowsInMemory, Operation], dict[str, Json]]] = {
    "complaint.approve": _not_approved,
    "letter.make": lambda rows, o: _gone(rows, "complaint", o.payload["fields"]["complaint_id"]),
    "letter.send": _not_sent,
    "survey.record": lambda rows, o: _gone(rows, "complaint", o.payload["fields"].get("complaint_id")),
    "action.save": _not_saved,
    "remedy.mark": lambda rows, o: _gone(rows, "remedy_line", o.payload["id"]),
    "attachment.add": lambda rows, o: (
        _gone(rows, "complaint", o.payload["fields"].get("complaint_id"))
        or _gone(rows, "customer", o.payload["fields"].get("customer_id"))
    ),
}
"""Why an operation on the file of a complaint is refused: {} when it is not."""


class Expected:
    """What a server should answer and hold, by the effects in Python."""

    def __init__(self, actor: str, rows: Mapping[str, dict[uuid.UUID, Row]] | None = None) -> None:
        self.actor = actor
        self.rows = RowsInMemory()
        self.rows.tables.update(rows or {})
        self.answers: list[dict[str, Json]] = []
        self._changed: dict[tuple[str, uuid.UUID], list[tuple[int, str, frozenset[str]]]] = {}

    def answer(self, operation: Operation, device: uuid.UUID) -> dict[str, Json]:
        """Do *operation* of *device* and return the essence of its answer."""
        self.answers.append(self._answer(replace(operation, actor=self.actor, device=str(device))))
        return self.answers[-1]

    def step(self, operation: Operation, device: uuid.UUID, answer: Mapping[str, Json]) -> None:
        """Take a step of a complaint that the server, which judges, did not refuse.

        What was decided in another state than the complaint has it must refuse; what a desk decides is never
        one that cannot be.
        """
        done = replace(operation, actor=self.actor, device=str(device))
        self.answers.append({"ok": True} if "ok" in answer else {"rejected": answer["rejected"]})
        changes = [] if holds_nul(operation.payload) else apply(self.rows, done)
        if "ok" in answer:
            assert changes or operation.payload["transition"] == "T1"
            self.rows.changed(changes)
        elif not changes:
            assert answer["rejected"] in ("conflict", "gone", "invalid"), answer
        else:
            assert answer["rejected"] != "invalid", answer

    @property
    def counts(self) -> Counter[str]:
        """How many operations got which answer: ok or the code of a refusal."""
        return Counter(answer.get("rejected", "ok") for answer in self.answers)

    def _answer(self, operation: Operation) -> dict[str, Json]:
        if holds_nul(operation.payload):
            return {"rejected": "invalid"}
        try:
            if operation.kind in OF_FILES:
                if refusal := OF_FILES[operation.kind](self.rows, operation):
                    return refusal
            elif not self._decided(operation):
                return {"rejected": "gone"}
        except Conflict as clash:
            return {"rejected": "conflict", "fields": list(clash.fields)}
        for change in apply(self.rows, operation):
            before = self.rows.get(change.table, change.id) or {}
            after = change.row or {}
            names = frozenset(name for name in after if before.get(name) != after[name])
            held = self._changed.setdefault((change.table, change.id), [])
            held.append((after.get("rev", 0), operation.device, names))
            self.rows.changed((change,))
        return {"ok": True}

    def _decided(self, operation: Operation) -> bool:
        """Return whether what it changes is there; raise Conflict as a desk would."""
        payload = operation.payload
        if operation.kind == "contact_point.add":
            return self.rows.get("customer", uuid.UUID(payload["customer_id"])) is not None
        if operation.kind not in MISSED or (operation.kind == "article.save" and not operation.base_revision):
            return True
        table = MISSED[operation.kind]
        current = self.rows.get(table, uuid.UUID(payload["id"]))
        if current is None or operation.base_revision is None:
            return current is not None
        wanted = from_json(ENTITIES[table], payload.get("changes", payload.get("fields", {})))
        history = self._changed.get((table, current["id"]), ())
        others = (
            names
            for rev, device, names in history
            if rev > operation.base_revision and device != operation.device
        )
        refuse_overwriting(current, operation.base_revision, frozenset().union(*others), wanted)
        return True

    @property
    def tables(self) -> dict[str, dict[uuid.UUID, Row]]:
        """All rows, without empty tables."""
        return {table: held for table, held in self.rows.tables.items() if held}
