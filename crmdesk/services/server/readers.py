"""Functions of the server that are alike for every entity, written out for each: quick, and strict on types.

``crm.new_<table>()`` is a row of defaults, ``crm.read_<table>(row, values)`` lays JSON values over a row,
``crm.lay_<table>(row)`` writes a row that is there already, ``crm.save_<table>(id, values)`` is the effect of
``code.save``, ``crm.fields_of(kind)`` tells which fields an operation may bring. For complaints besides:
``crm.wire_<table>(row)`` is a row as desks write it in JSON, ``crm.hand_complaint_body(row)`` and
``crm.hand_children(complaint, team)`` write what goes to another team, ``crm.blank_complaints(customer)``
takes a person out of his.

A general function would plan its statement anew at each call, which costs more than all the rest of an
operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from crmdesk.models import agent, article, asset, choice, complaint_effects, customer, regime, task, visit
from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.complaints import actions, letters, surveys
from crmdesk.services.customers.kept import BODY, CALL, COMPLAINT, KEPT
from crmdesk.services.server.ddl import TABLES, columns, default_of, literal, qualified, quoted

READERS: Mapping[type, str] = MappingProxyType(
    {
        UUID: "read_id",
        str: "read_text",
        int: "read_integer",
        bool: "read_flag",
        datetime: "read_moment",
        date: "read_day",
        tuple: "read_words",
    }
)
"""The function in ``sql/`` that reads a JSON value of each type, or refuses it."""


def _all_but(entity: str, *names: str) -> frozenset[str]:
    return frozenset(columns(entity)) - {"rev", *names}


_OF_FILE = ("team_id", "author")
"""Columns that rows of a complaint's file have from the complaint and from whoever writes them."""

FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "customer.create": customer.EDITABLE,
        "customer.change": customer.EDITABLE,
        "contact_point.add": _all_but("contact_point"),
        "contact_point.change": frozenset({"label", "sharing", "warned_at", "position"}),
        "contact.save": _all_but("contact"),
        "asset.create": asset.EDITABLE | {"plate_key"},
        "asset.change": asset.EDITABLE | {"plate_key"},
        "visit.record": _all_but("service_visit", "id"),
        "visit.change": visit.EDITABLE,
        "call.seen": _all_but("call", "id"),
        "task.open": task.EDITABLE,
        "task.change": task.EDITABLE,
        "article.save": article.EDITABLE,
        **{f"code.save {table}": _all_but(table) for table in agent.CODE_TABLES},
        "point": _all_but("contact_point", "id"),
        "item": _all_but("visit_item", "id"),
        "leg": _all_but("call_leg"),
        "step head": _all_but("complaint", "id", "last_operation_id", "last_step_at"),
        "step body": _all_but("complaint_body", "id", *_OF_FILE),
        "step lines": _all_but("clock_line", "complaint_id", *_OF_FILE),
        "step granted": frozenset({"id", "type", "value", "due"}),
        "import granted": _all_but("remedy_line", "complaint_id", "position", *_OF_FILE),
        "step marked": frozenset({"done_at", "order_id", "failed_at"}),
        "step tasks": (task.EDITABLE | {"id"}) - {"complaint_id"},
        "target head": frozenset({"received_at", "next_clock", "next_due_at"}),
        "letter.make": frozenset({"complaint_id", "kind", "language", "text", "digest"}),
        "survey.record": _all_but("survey", "id", "at", *_OF_FILE),
        "action.save": _all_but("corrective_action", "id", "opened_at", *_OF_FILE),
        "remedy.mark": frozenset({"done_at", "order_id"}),
        "attachment.add": _all_but("attachment", "id", "at", *_OF_FILE),
    }
)
"""The fields that each kind of operation, or a part of one, may bring. Nobody sets a revision himself."""

CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("customer", "kind"): customer.KINDS,
        ("customer", "tier"): customer.TIERS,
        ("customer", "preferred_channel"): customer.CHANNELS,
        ("contact_point", "sharing"): customer.SHARINGS,
        ("visit_item", "kind"): visit.ITEM_KINDS,
        ("task", "kind"): task.KINDS,
        ("task", "state"): task.STATES,
        ("article", "lang"): article.LANGUAGES,
        ("article", "state"): article.STATES,
        ("number_choice", "mode"): choice.MODES,
        ("letter", "kind"): letters.KINDS,
        ("letter", "language"): regime.LANGUAGES,
        ("survey", "again"): surveys.AGAIN,
        ("survey", "defection"): surveys.DEFECTION,
        ("corrective_action", "state"): actions.STATES,
    }
)
"""Fields that hold one of a few words, as the entities' own methods have it."""


def statements() -> list[str]:
    """Return what makes these functions, in order; doing it again replaces them."""
    made = [_fields_of()]
    for table in TABLES:
        made += [_new(table), _read(table), _lay(table)]
    made += [*map(_save, agent.CODE_TABLES), _save_code()]
    return [*made, _wire("complaint"), _wire("complaint_body"), _hand_body(), _hand_children(), _blank()]


def _fields_of() -> str:
    cases = "\n".join(
        f"        WHEN {literal(kind)} THEN {_array(sorted(names))}" for kind, names in FIELDS.items()
    )
    return (
        "CREATE OR REPLACE FUNCTION crm.fields_of(p_kind text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$\n"
        f"    SELECT CASE p_kind\n{cases}\n    END\n$$"
    )


def _new(table: str) -> str:
    """Return what makes a row of defaults, by the names of columns: upgrades put new ones at the end."""
    held = {field.name: default_of(field) for field in fields(ENTITIES[table])}
    values = "\n".join(
        f"    made.{quoted(name)} := {value};" for name, value in held.items() if value not in (None, "NULL")
    )
    return (
        f"CREATE OR REPLACE FUNCTION crm.new_{table}() RETURNS {qualified(table)}"
        f" LANGUAGE plpgsql IMMUTABLE AS $$\nDECLARE\n    made {qualified(table)};\nBEGIN\n"
        f"{values}\n    RETURN made;\nEND\n$$"
    )


def _read(table: str) -> str:
    """Return the reader. Names that are no columns pass: whoever calls it has looked at them."""
    types = field_types(ENTITIES[table])
    cases = "\n".join(_case(table, name, *typed) for name, typed in types.items())
    return f"""\
CREATE OR REPLACE FUNCTION crm.read_{table}(p_row {qualified(table)}, p_values jsonb)
RETURNS {qualified(table)} LANGUAGE plpgsql STABLE AS $$
BEGIN
{cases}
    RETURN p_row;
END
$$"""


def _case(table: str, name: str, kind: type, optional: bool) -> str:
    given = f"p_values -> {literal(name)}"
    value = f"crm.{READERS[kind]}({literal(name)}, {given})"
    if (table, name) in CHOICES:
        value = f"crm.read_choice({literal(name)}, {given}, {_array(CHOICES[table, name])})"
    if optional:
        value = f"CASE WHEN {given} = 'null' THEN NULL ELSE {value} END"
    return f"    IF p_values ? {literal(name)} THEN p_row.{quoted(name)} := {value}; END IF;"


def _lay(table: str) -> str:
    names = [name for name in columns(table) if name != "id"]
    laid = ", ".join(f"{quoted(name)} = p_row.{quoted(name)}" for name in names)
    return (
        f"CREATE OR REPLACE FUNCTION crm.lay_{table}(p_row {qualified(table)}) RETURNS void"
        " LANGUAGE plpgsql AS $$\nBEGIN\n"
        f"    UPDATE {qualified(table)} SET {laid} WHERE id = p_row.id;\nEND\n$$"
    )


def _wire(table: str) -> str:
    """Return the reader's opposite: moments as :func:`crmdesk.models.wire.to_json` has them."""
    moments = [name for name, (kind, _) in field_types(ENTITIES[table]).items() if kind is datetime]
    told = ", ".join(f"{literal(name)}, crm.told_moment(p_row.{quoted(name)})" for name in moments)
    return (
        f"CREATE OR REPLACE FUNCTION crm.wire_{table}(p_row {qualified(table)}) RETURNS jsonb"
        f" LANGUAGE plpgsql STABLE AS $$\nBEGIN\n"
        f"    RETURN to_jsonb(p_row) || jsonb_build_object({told});\nEND\n$$"
    )


def _hand_body() -> str:
    """Return what writes a body that may go out of the writer's sight.

    An UPDATE that reads a column asks that the new row be seen, too; one at a cursor reads none.
    """
    names = [name for name in columns("complaint_body") if name != "id"]
    laid = ", ".join(f"{quoted(name)} = p_row.{quoted(name)}" for name in names)
    return f"""\
CREATE OR REPLACE FUNCTION crm.hand_complaint_body(p_row crm.complaint_body) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    held CURSOR FOR SELECT 1 FROM crm.complaint_body WHERE id = p_row.id FOR NO KEY UPDATE;
BEGIN
    FOR _ IN held LOOP
        UPDATE crm.complaint_body SET {laid} WHERE CURRENT OF held;
    END LOOP;
END
$$"""


def _hand_children() -> str:
    """Return what gives the rows of a complaint to another team, out of the writer's sight if need be."""
    cursors = "\n".join(
        f"    of_{table} CURSOR FOR SELECT rev FROM {qualified(table)} WHERE complaint_id = p_complaint"
        " FOR NO KEY UPDATE;"
        for table in complaint_effects.CHILDREN
    )
    loops = "\n".join(
        f"    FOR one IN of_{table} LOOP\n        UPDATE {qualified(table)} SET team_id = p_team,"
        f" rev = one.rev + 1 WHERE CURRENT OF of_{table};\n    END LOOP;"
        for table in complaint_effects.CHILDREN
    )
    return (
        "CREATE OR REPLACE FUNCTION crm.hand_children(p_complaint uuid, p_team uuid) RETURNS void"
        f" LANGUAGE plpgsql AS $$\nDECLARE\n{cursors}\nBEGIN\n{loops}\nEND\n$$"
    )


def _blank() -> str:
    """Return what makes the records of a person's complaints blank: they stay, as figures."""
    parts = "\n".join(_blank_part(table) for table in KEPT if table != CALL)
    return f"""\
CREATE OR REPLACE FUNCTION crm.blank_complaints(
    p_customer uuid, OUT complaints uuid[], OUT kept uuid[], OUT tables jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    found uuid[];
BEGIN
    complaints := ARRAY(SELECT c.id FROM crm.complaint c WHERE c.customer_id = p_customer);
    kept := complaints;
    tables := '{{}}';
{parts}
    kept := ARRAY(SELECT DISTINCT k FROM unnest(kept) k);
END
$$"""


def _blank_part(table: str) -> str:
    whose = {
        COMPLAINT: "customer_id = p_customer",
        BODY: "id = ANY (complaints)",
        "survey": "(complaint_id = ANY (complaints) OR customer_id = p_customer)",
    }.get(table, "complaint_id = ANY (complaints)")
    empty = {quoted(name): literal(value) for name, value in KEPT[table].items()}
    laid = ", ".join(f"{name} = {value}" for name, value in empty.items())
    not_yet = " OR ".join(f"{name} IS DISTINCT FROM {value}" for name, value in empty.items())
    return f"""\
    WITH b AS (
        UPDATE {qualified(table)} SET rev = rev + 1, {laid} WHERE {whose} AND ({not_yet}) RETURNING id
    ) SELECT coalesce(array_agg(b.id), '{{}}') INTO found FROM b;
    kept := kept || found;
    tables := tables || jsonb_build_object({literal(table)}, cardinality(found));"""


def _save(table: str) -> str:
    return f"""\
CREATE OR REPLACE FUNCTION crm.save_{table}(p_id uuid, p_values jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was {qualified(table)};
    wanted {qualified(table)};
    _ text;
BEGIN
    SELECT * INTO was FROM {qualified(table)} WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        wanted := crm.read_{table}(crm.new_{table}(), p_values);
        INSERT INTO {qualified(table)} SELECT wanted.*;
        RETURN;
    END IF;
    wanted := crm.read_{table}(was, p_values);
    IF wanted IS DISTINCT FROM was THEN
        wanted.rev := was.rev + 1;
        _ := crm.lay_{table}(wanted);
    END IF;
END
$$"""


def _save_code() -> str:
    cases = "\n".join(
        f"        WHEN {literal(table)} THEN PERFORM crm.save_{table}(p_id, p_values);"
        for table in agent.CODE_TABLES
    )
    return (
        "CREATE OR REPLACE FUNCTION crm.save_code(p_table text, p_id uuid, p_values jsonb) RETURNS void"
        f" LANGUAGE plpgsql AS $$\nBEGIN\n    CASE p_table\n{cases}\n    END CASE;\nEND\n$$"
    )


def _array(names: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, names))}]"
