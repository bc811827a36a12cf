"""`complaint.*`: logging a complaint, its steps, clocks and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from uuid import UUID

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.models.complaint import Approval, Complaint, ComplaintBody, ComplaintEvent, RemedyLine
from crmdesk.models.complaint_file import ComplaintFile
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.note import Note
from crmdesk.models.wire import Json, Row, to_json
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.allowed import allowed
from crmdesk.services.complaints.files import actor_of, fields_of, file_of, remedies_of
from crmdesk.services.complaints.looked_at import looked_at, opened
from crmdesk.services.complaints.procedure import Procedure, procedure
from crmdesk.services.complaints.provisional import matter_of, severity_rule, weigh
from crmdesk.services.complaints.register import COLUMNS, register_part
from crmdesk.services.complaints.remedies import mark_remedy
from crmdesk.services.rpc.complaint_records import (
    ALLOWED,
    BEHIND,
    CLOCK,
    COMPLAINT,
    EVENT,
    HEAD,
    REMEDY,
    tell_allowed,
    tell_clocks,
    tell_complaint,
    tell_event,
    tell_remedy,
)
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    COUNT,
    DAY,
    FLAG,
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Field,
    choice,
    integer,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.methods.work import NOTE, NOTE_NAMES
from crmdesk.services.rpc.money import MONEY, read_money, with_units
from crmdesk.services.rpc.rows import one, select, told
from crmdesk.services.rpc.updates import BY_ID
from crmdesk.services.store.rows import StoredRows

COMPLAINTS = Listing("complaint", Complaint, HEAD, "-received_at", BEHIND)
STEPS = (*(f"T{n}" for n in range(1, 22)), "C1", "E1", "E2", "H1", "D1", "U1")
INTAKE = ("complainant", "third_party", "outlet", "language", "repeat_of", "restricted")
LINKS = (
    *(("customer_id", "customer"), ("asset_id", "asset"), ("call_id", "call"), ("repeat_of", "complaint")),
    *(("owner", "agent"), ("to", "agent"), ("target_id", "complaint"), ("survey_id", "survey")),
)
"""Fields that name a record which has to be here."""
APPROVAL = record(
    Field("id", ID, required=True),
    Field("approver_id", nullable(ID), required=True),
    Field("proposal_version", COUNT, required=True),
    Field("at", MOMENT, required=True),
)
FILE = record(
    Field("complaint", COMPLAINT, required=True),
    Field("allowed", list_of(ALLOWED), "every step, with why it is refused", required=True),
    Field("approvals", list_of(APPROVAL), required=True),
    Field("notes", list_of(NOTE), "the log of the investigation, oldest first", required=True),
    Field("hidden_because", nullable(TEXT), "why only the head is shown, and whom to ask", required=True),
    title="ComplaintFile",
)
OPENING = (
    Field("received_at", MOMENT, "when it came in, not when it was typed", required=True),
    Field("channel", TEXT, "phone, mail, visit, web, letter or other", required=True),
    Field("category", TEXT, "a key of the shop's categories", required=True),
    Field("what_happened", TEXT, "10 characters at least", required=True),
    Field("remedy_wanted", TEXT, 'a kind of remedy, or "none"', required=True),
    Field("customer_id", ID, "who complains"),
    Field("unidentified", FLAG, "instead of a customer; needs the call"),
    Field("call_id", ID),
    Field("asset_id", ID),
    Field("severity", TEXT, "S1 to S4, for now; left out: as words, sum and earlier complaints say"),
    Field("complainant", TEXT, "who speaks, if not the customer"),
    Field("third_party", TEXT, "for whom he speaks, with consent"),
    Field("outlet", TEXT, "key of the outlet it is about"),
    Field("language", TEXT),
    Field("money", MONEY, "the sum it is about"),
    Field(
        "repeat_of",
        nullable(ID),
        "the earlier complaint it repeats; left out: the latest of the same customer or asset in the category"
        " within 90 days; null: none",
    ),
    Field("restricted", FLAG, "others see only number, state and whom to ask"),
    Field("id", ID, "made by the sender, so that opening it twice makes one"),
)


def rules_of(connection: Any, desk: Desk) -> Procedure:
    """Return the procedure of this desk's house."""
    return procedure(connection, desk.parts.house())


def blank(connection: Any, desk: Desk, _given: Given) -> Json:
    """Return the first step with its fields and their choices."""
    rules, rows = rules_of(connection, desk), StoredRows(connection)
    actor = actor_of(rows, connection, desk.store.author)
    steps = allowed(rows, connection, rules, ComplaintFile({}), actor, desk.now())
    return {"allowed": [tell_allowed(each, rules.house.currency) for each in steps]}


def open_complaint(work: Any, desk: Desk, given: Given) -> Json:
    """Log a complaint."""
    rules = rules_of(work.connection, desk)
    _refuse_strangers(work, given)
    fields, intake = _weighed(work, rules, given)
    tag = taking.tag_of(work.connection, desk.parts.tag)
    row = taking.open_complaint(work, rules, tag, fields, intake, given.get("id"))
    return _file(work.connection, desk, rules, row["id"])


def _weighed(work: Any, rules: Procedure, given: Given) -> tuple[dict[str, Json], taking.Intake]:
    """Return payload and the rest of what was *given*, with what logging brings about where nobody said."""
    fields = {name: to_json(value) for name, value in given.items() if name not in (*INTAKE, "money", "id")}
    intake = taking.Intake(**{name: given[name] for name in INTAKE if name in given})
    if "money" in given:
        intake = replace(intake, money=read_money("money", given["money"], rules.house.currency))
    matter = matter_of(rules, fields, intake.money, given.get("id"))
    found = weigh(work.connection, matter, severity_rule())
    if "repeat_of" not in given:
        intake = replace(intake, repeat_of=_id(found.repeat_of))
    return {"severity": found.severity, **fields}, intake


def get_complaint(connection: Any, desk: Desk, given: Given) -> Json:
    """Return one complaint with what may be done."""
    return _file(connection, desk, rules_of(connection, desk), given["id"])


def take_step(work: Any, desk: Desk, given: Given) -> Json:
    """Do one step."""
    rules = rules_of(work.connection, desk)
    fields = with_units(given["fields"], rules.house.currency)
    _refuse_strangers(work, fields)
    state, version = given.get("from_state"), given.get("base_version")
    try:
        taking.take_step(work, rules, given["id"], given["transition"], fields, state, version)
    except Conflict as clash:
        raise _as_told(work, rules, clash, given["id"]) from clash
    return _file(work.connection, desk, rules, given["id"])


def approve(work: Any, desk: Desk, given: Given) -> Json:
    """Keep a supervisor's yes."""
    rules = rules_of(work.connection, desk)
    try:
        taking.approve(work, rules, given["id"], given["proposal_version"])
    except Conflict as clash:
        raise _as_told(work, rules, clash, given["id"]) from clash
    return _file(work.connection, desk, rules, given["id"])


def mark(work: Any, desk: Desk, given: Given) -> Json:
    """Write down that a remedy was carried out or ordered."""
    mark_remedy(work, given["id"], done_at=given.get("done_at"), order_id=given.get("order_id", ""))
    row = one(work.connection, "remedy_line", RemedyLine, given["id"])
    return tell_remedy(row, desk.parts.house().currency)


def list_complaints(connection: Any, desk: Desk, given: Given) -> Json:
    """Return complaints: every desk has all heads, and the bodies of those it may read."""
    currency = desk.parts.house().currency

    def tell(rows: Sequence[Row]) -> list[Json]:
        ids = [row["id"] for row in rows]
        bodies = {row["id"]: row for row in _of(connection, "complaint_body", ComplaintBody, "id", ids)}
        lines: dict[UUID, list[Row]] = {}
        for line in _of(connection, "remedy_line", RemedyLine, "complaint_id", ids):
            lines.setdefault(line["complaint_id"], []).append(line)
        return [
            tell_complaint(row, bodies.get(row["id"]), lines.get(row["id"], ()), currency) for row in rows
        ]

    return COMPLAINTS.page(connection, given, tell)


def clocks(connection: Any, desk: Desk, given: Given) -> Json:
    """Return each clock with its ledger."""
    rules, rows = rules_of(connection, desk), StoredRows(connection)
    fields_of(rows, given["id"])
    ledger = ledger_of(rows.where("clock_line", "complaint_id", given["id"]))
    standings = ledger.standings(desk.now(), rules.rules.measures)
    return {"clocks": tell_clocks(ledger, standings), "now": to_json(desk.now())}


def history(connection: Any, desk: Desk, given: Given) -> Json:
    """Return a part of what was done, newest first."""
    rules, rows = rules_of(connection, desk), StoredRows(connection)
    last = fields_of(rows, given["id"])["rev"]
    before = given.get("after") or last + 1
    rest = "WHERE complaint_id = ? AND version < ? ORDER BY version DESC LIMIT ?"
    found = select(
        connection, "complaint_event", ComplaintEvent, rest, (given["id"], before, given["limit"] + 1)
    )
    shown, more = found[: given["limit"]], len(found) > given["limit"]
    first = connection.execute(
        "SELECT min(version) FROM complaint_event WHERE complaint_id = ?", (given["id"].bytes,)
    ).fetchone()[0]
    names = {step.id: step.en for step in rules.rules.workflow.transitions}
    people = _people(connection)
    return {
        "items": [tell_event(row, {**names, "import": "Imported"}, people, rules.house) for row in shown],
        "next": shown[-1]["version"] if more else None,
        "complete": first == 1,
    }


def list_register(connection: Any, desk: Desk, given: Given) -> Json:
    """Return lines of the register, the earliest received first."""
    house = desk.parts.house()
    since, until = given.get("received_from"), given.get("received_to")
    first = datetime.combine(since, time.min, house.tzinfo) if since else None
    last = datetime.combine(until, time.max, house.tzinfo) if until else None
    after = _place(given["after"]) if given.get("after") else None
    part = register_part(connection, desk.now(), house.currency, given["limit"], after, (first, last))
    place = f"{to_json(part.after[0])} {part.after[1]}" if part.after else None
    return {"columns": list(COLUMNS[:-1]), "items": [list(line) for line in part.lines], "next": place}


def _place(token: str) -> tuple[datetime, UUID]:
    at, _, row_id = token.partition(" ")
    try:
        return datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        raise InvalidInput(
            "This `after` does not belong to this list; begin again without it.", fields=("after",)
        ) from None


def _file(connection: Any, desk: Desk, rules: Procedure, complaint_id: UUID) -> Json:
    """Return the file as the interface tells it; only the head where the body is for others."""
    rows, currency = StoredRows(connection), rules.house.currency
    head = one(connection, "complaint", Complaint, complaint_id)
    body = rows.get("complaint_body", complaint_id)
    whose = looked_at(rows, head, whole=body is not None)
    if whose is not None:
        desk.parts.views.opened(whose, opened(head["number"], restricted=head["restricted"]))
    found: dict[str, Json] = {
        "complaint": tell_complaint(head, body, remedies_of(rows, complaint_id), currency),
        "allowed": [],
        "approvals": [],
        "notes": [],
        "hidden_because": None,
    }
    try:
        file = file_of(rows, complaint_id)
    except NotFound as hidden:
        return {**found, "hidden_because": str(hidden)}
    actor = actor_of(rows, connection, desk.store.author)
    steps = allowed(rows, connection, rules, file, actor, desk.now())
    mine = "WHERE complaint_id = ? ORDER BY at, id"
    approvals = select(connection, "approval", Approval, mine, (complaint_id,))
    notes = select(connection, "note", Note, mine, (complaint_id,))
    return {
        **found,
        "allowed": [tell_allowed(each, currency) for each in steps],
        "approvals": [told(row, ("id", "approver_id", "proposal_version", "at")) for row in approvals],
        "notes": [told(row, NOTE_NAMES) for row in notes],
    }


def _as_told(work: Any, rules: Procedure, clash: Conflict, complaint_id: UUID) -> Conflict:
    """Return the conflict with the complaint as the interface tells it."""
    head, body = work.row("complaint", complaint_id), work.row("complaint_body", complaint_id)
    current = tell_complaint(head, body, remedies_of(work.stored, complaint_id), rules.house.currency)
    return Conflict(clash.sentence, current=current, fields=clash.fields, **clash.values)


def _refuse_strangers(work: Any, values: Mapping[str, Any]) -> None:
    """Refuse what leads to nobody: each record that is named has to be here."""
    for name, table in LINKS:
        named = _id(values.get(name))
        if named is not None and work.row(table, named) is None:
            raise NotFound("This {what} is not here any more.", fields=(name,), what=table)


def _id(value: Any) -> UUID | None:
    """Return *value* as an id; what is none is left to the check of its field."""
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


def _of(connection: Any, table: str, entity: type, column: str, ids: Sequence[UUID]) -> list[Row]:
    """Return the rows of *table* that belong to complaints; at most 500 of them."""
    rest = f"WHERE {column} IN ({', '.join('?' * len(ids))})"
    return select(connection, table, entity, rest, ids) if ids else []


def _people(connection: Any) -> dict[str, str]:
    found = connection.execute("SELECT id, login, name_en, name_zh FROM agent").fetchall()
    return {str(UUID(bytes=bytes(row_id))): en or zh or login for row_id, login, en, zh in found}


METHODS: tuple[Method, ...] = (
    query(
        "complaint.blank",
        "What it takes to log a complaint: the first step with its fields and their choices.",
        (),
        record(Field("allowed", list_of(ALLOWED), required=True)),
        blank,
    ),
    change(
        "complaint.open", "Log a complaint; its number can be told at once.", OPENING, FILE, open_complaint
    ),
    query("complaint.get", "One complaint with what may be done now.", BY_ID, FILE, get_complaint),
    query("complaint.list", "Complaints.", COMPLAINTS.params(), page_of(COMPLAINT), list_complaints),
    change(
        "complaint.transition",
        "Do one step of the procedure. A supervisor's yes that needs a second one is kept as an approval.",
        (
            *BY_ID,
            Field("transition", choice(STEPS), required=True),
            Field("from_state", TEXT, "the state that was looked at; left out: the present one"),
            Field("base_version", integer(1), "the version that was looked at; left out: the present one"),
            Field("fields", record(open_ended=True), "as `allowed` names them", default={}),
        ),
        FILE,
        take_step,
    ),
    change(
        "complaint.approve",
        "A supervisor's yes to a proposal as it is under its version.",
        (*BY_ID, Field("proposal_version", integer(1), required=True)),
        FILE,
        approve,
    ),
    change(
        "remedy.mark",
        "Write down that a remedy was carried out, or ordered; the first word of each counts. With the last"
        " one carried out the clock of a complaint that is settled otherwise ends.",
        (
            *BY_ID,
            Field("done_at", MOMENT, "when; left out, and without an order: now"),
            Field("order_id", TEXT, "of the service order under which it is done"),
        ),
        REMEDY,
        mark,
    ),
    query(
        "complaint.clocks",
        "Every clock of a complaint with its ledger, the one due first before the others.",
        BY_ID,
        record(Field("clocks", list_of(CLOCK), required=True), Field("now", MOMENT, required=True)),
        clocks,
    ),
    query(
        "complaint.history",
        "What was done with a complaint, newest first.",
        (
            *BY_ID,
            Field("after", nullable(integer(1)), "`next` of the part before"),
            Field("limit", integer(1, 500), "at most this many", default=100),
        ),
        record(
            Field("items", list_of(EVENT), required=True),
            Field("next", nullable(INTEGER), required=True),
            Field("complete", FLAG, "false: some of it is only on the server", required=True),
        ),
        history,
    ),
    query(
        "complaint.register",
        "The register for an auditor without its digests: one line a complaint, no names, no texts.",
        (
            Field("received_from", DAY, "first day at the site"),
            Field("received_to", DAY, "last day at the site"),
            Field("after", nullable(TEXT), "`next` of the part before"),
            Field("limit", integer(1, 500), "at most this many", default=500),
        ),
        record(
            Field("columns", list_of(TEXT), required=True),
            Field("items", list_of(list_of(TEXT)), "cells in the order of the columns", required=True),
            Field("next", nullable(TEXT), required=True),
        ),
        list_register,
    ),
)
