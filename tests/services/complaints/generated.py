"""Complaints that went some random way through the procedure, made by the pure model and kept in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.models.complaint_file import ComplaintFile, Rules, Step
from crmdesk.models.complaint_step import Decided, describe_step
from crmdesk.models.effects import apply
from crmdesk.models.gates import Actor
from crmdesk.models.operations import Author, RowsInMemory
from crmdesk.models.steps import take
from crmdesk.models.wire import Row
from crmdesk.services.complaints.files import file_of
from tests.models.cases import AGENT, OTHER, PAYLOADS, SUPERVISOR, workflow
from tests.models.hours import regimes, shop, targets

RULES = Rules(workflow(), targets(), regimes(), shop(), {shop().version: shop()})
BEGIN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
ALONE = frozenset({"T3", "T18", "T19", "D1", "U1", "T1"})
"""Steps that end a walk early, or that need another complaint: taken seldom."""
BESIDE = frozenset({"C1", "E1", "E2", "H1", "T13"})


class Generated:
    """One complaint on its way, with its rows."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.rows = RowsInMemory()
        self.now = BEGIN + timedelta(minutes=self.dice.randrange(60 * 24 * 300))
        self.id = UUID(int=(seed << 32) + 1)
        self.count = 0
        self.do("T1")
        for _ in range(self.dice.randrange(12)):
            self.go_on()

    @property
    def fields(self) -> Row:
        return {**self.rows.tables["complaint_body"][self.id], **self.rows.tables["complaint"][self.id]}

    @property
    def events(self) -> list[Row]:
        return list(self.rows.tables["complaint_event"].values())

    @property
    def remedies(self) -> list[Row]:
        return list(self.rows.tables.get("remedy_line", {}).values())

    def go_on(self) -> None:
        steps = [step.id for step in RULES.workflow.steps_from(self.fields["state"])]
        usual = [key for key in steps if key not in ALONE]
        last = next(row for row in self.events if row["id"] == self.fields["last_operation_id"])
        if last["transition"] in ("T2", "T4", "T6", "T8", "H1") and self.dice.random() < 0.1:
            self.do("U1", operation_id=str(last["id"]))
        elif self.dice.random() < 0.04 and "T18" in steps:
            self.do("T18")
        elif usual:
            self.do(self.dice.choices(usual, [1 if key in BESIDE else 5 for key in usual])[0])

    def do(self, key: str, **more: Any) -> None:
        """Take the step *key*, some minutes up to some days after the one before."""
        self.now += timedelta(seconds=self.dice.randrange(30, 3 * 86400))
        self.count += 1
        operation = UUID(int=(self.id.int << 16) + self.count)
        file = file_of(self.rows, self.id) if self.count > 1 else ComplaintFile({})
        payload = {**self._payload(key, file), **more}
        step = Step(file, Actor(AGENT, "agent"), payload, self.now, RULES, operation)
        decided = Decided(
            complaint_id=self.id,
            transition=key,
            version=file.fields.get("rev", 0),
            from_state=file.fields.get("state", ""),
            fields=payload,
            outcome=take(RULES.workflow.transition(key), step),
            before=file.ledger,
        )
        author = Author(str(AGENT), "desk", lambda: self.now)
        self.rows.changed(apply(self.rows, describe_step(author, decided, operation)))

    def _payload(self, key: str, file: ComplaintFile) -> dict[str, Any]:
        filled = dict(PAYLOADS[key])
        for name in ("received_at", "until", "contacted_at", "date"):
            if name in filled:
                filled[name] = (self.now + timedelta(days=3 if name == "until" else 0)).isoformat()
        if key == "T6":
            filled["wait_for"] = self.dice.choice(("customer", "third_party"))
        if key == "H1":
            filled["to"] = str(self.dice.choice((SUPERVISOR, OTHER, AGENT)))
        if key in ("T4", "T13"):
            filled["severity"] = self.dice.choice(("S3", "S4") if key == "T13" else ("S1", "S2", "S3", "S4"))
        if key == "T11":
            filled["remedies_state"] = [
                {"id": str(row["id"]), "done_at": self.now.isoformat()} for row in file.remedies
            ]
        if key == "T14" and file.remedies:
            filled["remedy_id"] = str(file.remedies[0]["id"])
        return filled


def generated(count: int, seed: int = 0) -> Iterator[Generated]:
    """Yield *count* complaints, the same for the same *seed*."""
    return (Generated(seed + n) for n in range(count))
