"""How a step on a complaint becomes an operation, and the ledger its lines make.

A step is decided once, at the desk that takes it (:func:`crmdesk.models.steps.take`), and the operation
carries what it came to: the fields that change, the lines of the ledger, the remedies, the tasks, each new
row with its id. Every desk that applies it writes the same rows. The server looks again whether the step is
legal before it writes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from crmdesk.models.clock import Ledger, Line, Why
from crmdesk.models.complaint import Complaint
from crmdesk.models.complaint_file import Outcome
from crmdesk.models.operations import Author, Operation
from crmdesk.models.types import child_id
from crmdesk.models.wire import Json, Row, field_types, to_json
from crmdesk.values import dataclass

_LINE_FIELDS = ("n", "clock", "event", "at", "since", "due", "calendar", "provisional", "undoes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A step as it was decided.

    Attributes:
        version: the complaint's that was seen before the step, 0 when it is logged by it.
        fields: the payload as cleaned by :func:`crmdesk.models.payload.checked`.
        before: the ledger before the step.
        tasks: rows of tasks to open, each with ``id``.
        target_id: the complaint that ``outcome.target`` is about, with its ledger before the step.
    """

    complaint_id: UUID
    transition: str
    version: int
    from_state: str
    fields: Mapping[str, Json]
    outcome: Outcome
    before: Ledger
    tasks: tuple[Row, ...] = ()
    target_id: UUID | None = None
    target_before: Ledger = Ledger()


def describe_step(author: Author, decided: Decided, operation_id: UUID) -> Operation:
    """Describe the step that was *decided*; ``head`` holds ``state`` only when the step changes it."""
    target = decided.outcome.target
    payload: dict[str, Any] = {
        "id": decided.complaint_id,
        "transition": decided.transition,
        "version": decided.version,
        "from_state": decided.from_state,
        "fields": decided.fields,
        **_parts(decided.outcome, decided.before, operation_id),
        "tasks": decided.tasks,
        "target": None,
    }
    if target is not None and decided.target_id is not None:
        merged = _parts(target, decided.target_before, child_id(operation_id, "target"))
        payload["target"] = {"id": decided.target_id, "head": merged["head"], "lines": merged["lines"]}
    return author.describe("complaint.step", payload, operation_id=operation_id)


def version_under(version: int, own: Collection[int]) -> int:
    """Return the server's version that lay under what somebody saw as *version*.

    A desk counts its own steps on before the server has numbered them. When another desk's step was numbered
    first, it has a version that somebody had seen already, with other things behind it.

    Args:
        version: what was seen.
        own: the versions that this desk's steps have in the end.
    """
    under = version
    while (below := version - sum(each > under for each in own)) < under:
        under = below
    return under


def _parts(outcome: Outcome, before: Ledger, seed: UUID) -> dict[str, Json]:
    """Return what *outcome* changes: head, body, lines, remedies, marks; ids of new rows come from *seed*."""
    known = field_types(Complaint)
    added = outcome.ledger.lines[len(before.lines) :]
    granted = enumerate(outcome.granted)
    return {
        "head": {name: value for name, value in outcome.changed.items() if name in known},
        "body": {name: value for name, value in outcome.changed.items() if name not in known},
        "lines": [{"id": child_id(seed, "line", line.n), **line_to_json(line)} for line in added],
        "granted": [{"id": child_id(seed, "remedy", n), **line} for n, line in granted],
        "marked": {str(key): mark for key, mark in outcome.marked.items()},
        "taken_back": outcome.taken_back,
    }


def line_to_json(line: Line) -> dict[str, Json]:
    """Return a line of the ledger as part of a payload."""
    values = [part for pair in line.why.values for part in pair]
    plain = {name: getattr(line, name) for name in _LINE_FIELDS}
    made: dict[str, Json] = to_json({**plain, "why": line.why.key, "why_values": values})
    return made


def ledger_of(rows: Iterable[Row]) -> Ledger:
    """Return the ledger that rows of ``clock_line`` hold."""
    return Ledger(tuple(_line(row) for row in sorted(rows, key=lambda row: row["n"])))


def _line(row: Row) -> Line:
    flat = row["why_values"]
    why = Why(row["why"], tuple(zip(flat[::2], flat[1::2], strict=True)))
    return Line(why=why, **{name: row[name] for name in _LINE_FIELDS})
