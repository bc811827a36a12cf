"""What the server did not accept, whole, until a person has done with it. Nothing typed is ever dropped.

An entry keeps the operation's payload and all of its text, the server's reason, the fields concerned, how
they were before (``seen``) and as they stood at the server (``current``). A person puts it away, has its text
kept as a note, has it sent once more, or chooses field by field; whatever goes to the server is a new
operation over the row's present revision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.models import article, asset, customer, task, visit
from crmdesk.models.effects import ENTITIES
from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.models.outbox import REVISED, STEP
from crmdesk.models.rules import TEXT_LIMIT
from crmdesk.models.sync_views import Choices, FieldChoice, FieldConflict, PendingLine, RefusedLine
from crmdesk.models.text import Text
from crmdesk.models.types import CustomerId
from crmdesk.models.wire import Json, Row, field_types, from_json, to_json
from crmdesk.services.attachments.keys import forget_keys
from crmdesk.services.complaints.procedure import House, house_of, procedure
from crmdesk.services.complaints.taking import take_step
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync.words import customer_of, expected, name_of, typed_text, what

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.settings import Settings

EDITABLE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "customer": customer.EDITABLE,
        "asset": asset.EDITABLE,
        "task": task.EDITABLE,
        "service_visit": visit.EDITABLE,
        "article": article.EDITABLE,
        "contact_point": frozenset({"label", "sharing", "warned_at", "raw", "value", "national", "source"}),
    }
)
"""The fields people change, by table; others follow from them."""

_ENTRY = (
    "SELECT op_id, at, kind, code, why, why_values, fields, seen, current, text, payload FROM not_accepted"
)


def note_refusal(work: UnitOfWork, op_id: UUID, result: Mapping[str, Json]) -> None:
    """Enter the operation *op_id* that the server answered with *result*; inside the caller's transaction."""
    connection = work.connection
    kind, payload_json = connection.execute(
        "SELECT kind, payload FROM operation WHERE id = ?", (op_id.bytes,)
    ).fetchone()
    payload = json.loads(payload_json)
    seen, present = _both_sides(work, op_id, kind, payload)
    current = result.get("current") or present
    # Of the rest of the row nothing stays here: its reader may lose the right to it.
    shown = {"rev", *_wanted(kind, payload), *(result.get("fields") or ())} if kind in REVISED else set()
    connection.execute(
        "INSERT INTO not_accepted (op_id, at, kind, code, why, why_values, fields, seen, current, text,"
        " payload, resolution) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')"
        " ON CONFLICT (op_id) DO UPDATE SET at = excluded.at, code = excluded.code, why = excluded.why,"
        " why_values = excluded.why_values, fields = excluded.fields, current = excluded.current,"
        " dismissed_at = NULL, resolution = ''",
        (
            op_id.bytes,
            to_micros(work.author.now()),
            kind,
            str(result["rejected"]),
            str(result.get("why") or ""),
            _json(result.get("values") or {}),
            _json(result.get("fields") or []),
            _json(seen),
            _json({name: value for name, value in current.items() if name in shown}),
            typed_text(kind, payload),
            payload_json,
        ),
    )


def _both_sides(
    work: UnitOfWork, op_id: UUID, kind: str, payload: Mapping[str, Json]
) -> tuple[Mapping[str, Json], Row]:
    """Return the changed fields as they were before the operation, and the server's row."""
    table = REVISED.get(kind)
    if table is None:
        return {}, {}
    row_id = UUID(payload["id"])
    found = work.connection.execute(
        "SELECT before FROM history WHERE row_id = ? AND table_name = ? AND operation_id = ?",
        (row_id.bytes, table, op_id.bytes),
    ).fetchone()
    return json.loads(found[0]) if found else {}, _present(work, table, row_id) or {}


def _present(work: UnitOfWork, table: str, row_id: UUID) -> Row | None:
    """Return the row as the server last sent it."""
    kept = work.connection.execute(
        "SELECT row FROM server_row WHERE table_name = ? AND row_id = ?", (table, row_id.bytes)
    ).fetchone()
    if kept is None:
        return work.row(table, row_id)
    return None if kept[0] is None else from_json(ENTITIES[table], json.loads(kept[0]))


def refused_lines(connection: Connection) -> tuple[RefusedLine, ...]:
    """Return what was not accepted and nobody put away, newest first."""
    found = connection.execute(f"{_ENTRY} WHERE dismissed_at IS NULL ORDER BY at DESC, op_id DESC").fetchall()
    return tuple(_line(connection, row) for row in found)


def _line(connection: Connection, row: tuple[Any, ...]) -> RefusedLine:
    op_id, at, kind, code, why, why_values, _fields, _seen, _current, text, payload = row
    owner = customer_of(connection, kind, json.loads(payload))
    return RefusedLine(
        op_id=UUID(bytes=op_id),
        at=from_micros(at),
        what=what(kind),
        reason=Text(why, tuple(json.loads(why_values).items())),
        code=code,
        subject=name_of(connection, owner),
        text=text,
        customer_id=CustomerId(owner) if owner else None,
        conflicts=_conflicts(row) if code == "conflict" else (),
    )


def _conflicts(row: tuple[Any, ...]) -> tuple[FieldConflict, ...]:
    kind, (fields, seen, current) = row[2], map(json.loads, row[6:9])
    mine = _wanted(kind, json.loads(row[10]))
    return tuple(
        FieldConflict(name, seen.get(name), mine[name], current.get(name)) for name in fields if name in mine
    )


def _wanted(kind: str, payload: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields that people change and the operation sets, as JSON values."""
    table = REVISED.get(kind)
    if table is None:
        return {}
    given = payload.get("changes", payload.get("fields", {}))
    return {name: value for name, value in given.items() if name in EDITABLE[table]}


def pending_lines(connection: Connection, limit: int = 500) -> tuple[PendingLine, ...]:
    """Return what is still to be sent, oldest first, at most *limit*."""
    found = connection.execute(
        "SELECT b.n, o.id, o.kind, o.payload, o.at, b.previous_state, b.outlook FROM outbox AS b"
        " JOIN operation AS o ON o.id = b.op_id"
        " WHERE b.state = 'new' AND b.previous_state IS NOT 'refused' ORDER BY b.n LIMIT ?",
        (limit,),
    ).fetchall()
    lines: list[PendingLine] = []
    for n, op_id, kind, held, at, previous, outlook in found:
        payload = json.loads(held)
        lines.append(
            PendingLine(
                op_id=UUID(bytes=op_id),
                n=n,
                at=from_micros(at),
                what=expected(kind, outlook),
                subject=name_of(connection, customer_of(connection, kind, payload)),
                text=typed_text(kind, payload),
                again=previous is not None,
            )
        )
    return tuple(lines)


def dismiss(work: UnitOfWork, op_id: UUID) -> None:
    """Put an entry out of the list; it stays in the store.

    Raises:
        NotFound: there is no such entry.
    """
    _entry(work, op_id)
    _settle(work, op_id, "dismissed")


def send_as_note(work: UnitOfWork, op_id: UUID, customer_id: UUID) -> None:
    """Write the whole text of an entry as a note of this customer, or as several when it is very long.

    Raises:
        NotFound: there is no such entry.
    """
    text = str(_entry(work, op_id)[9])
    for at in range(0, len(text), TEXT_LIMIT):
        work.do(append_note(work.author, text[at : at + TEXT_LIMIT], customer_id=customer_id))
    _settle(work, op_id, "note")


def send_again(work: UnitOfWork, op_id: UUID, settings: Settings | None = None) -> None:
    """Do the refused operation once more, as a new one over the present revision.

    A step of a complaint is decided anew, on the complaint as it stands, by the rules of the
    house that *settings* describe.

    Raises:
        NotFound: there is no such entry, or the row is gone.
        AgentError: the step may not be done; the entry stays.
    """
    row = _entry(work, op_id)
    kind, payload = row[2], json.loads(row[10])
    if kind == STEP and payload["version"]:
        house = house_of(settings) if settings else House()
        rules = procedure(work.connection, house)
        take_step(work, rules, UUID(payload["id"]), payload["transition"], payload["fields"])
        _settle(work, op_id, "mine")
        return
    base = None
    if kind in REVISED:
        held = work.row(REVISED[kind], UUID(payload["id"]))
        base = held["rev"] if held else 0
    work.do(work.author.describe(kind, payload, base_revision=base))
    _settle(work, op_id, "mine")


def resolve(work: UnitOfWork, op_id: UUID, choices: Choices) -> None:
    """Settle the fields in conflict: what was chosen or typed becomes a new operation.

    Fields that were in the operation and in no conflict go along; where the server's value is taken nothing
    is sent.

    Raises:
        NotFound: there is no such entry, or the row is gone.
        Conflict: the fields changed again since they were shown; the entry shows the new values now.
        InvalidInput: what was typed does not fit, or a field has no choice.
    """
    row = _entry(work, op_id)
    kind, payload = row[2], json.loads(row[10])
    table = REVISED[kind]
    present = _present(work, table, UUID(payload["id"]))
    if present is None:
        raise NotFound("This {what} is not here any more.", what=table.replace("_", " "))
    _refuse_changed(work, row, to_json(present))
    changes = _wanted(kind, payload)
    for name in (each.field for each in _conflicts(row)):
        if name not in choices:
            raise InvalidInput("Choose a value for {name}.", fields=(name,), name=name)
        _choose(changes, ENTITIES[table], name, choices[name])
    if changes:
        work.do(_operation(work, kind, payload, changes))
    _settle(work, op_id, "chosen")


def _refuse_changed(work: UnitOfWork, row: tuple[Any, ...], present: Mapping[str, Json]) -> None:
    """Refuse to choose between values that are not the ones shown; show the new ones."""
    fields, seen, current = map(json.loads, row[6:9])
    if present["rev"] < current.get("rev", 0):
        raise Conflict("The server's values are not here yet. Try again in a moment.", current=present)
    mine = _wanted(row[2], json.loads(row[10]))
    news = [
        name
        for name, value in mine.items()
        if present[name] != value
        and present[name] != (current.get(name) if name in fields else seen.get(name, present[name]))
    ]
    if not news:
        return
    work.connection.execute(
        "UPDATE not_accepted SET current = ?, fields = ? WHERE op_id = ?",
        (_json(present), _json([*fields, *(name for name in news if name not in fields)]), row[0]),
    )
    work.commit()
    raise Conflict(
        "Somebody changed {names} meanwhile. Look at both versions and choose.",
        current=present,
        fields=tuple(news),
        names=", ".join(news),
    )


def _choose(changes: dict[str, Json], entity: type, name: str, choice: FieldChoice) -> None:
    if choice.take == "server":
        del changes[name]
    elif choice.take == "typed":
        changes[name] = _typed(entity, name, choice.text)


def _typed(entity: type, name: str, text: str) -> Json:
    """Return what was typed for the field *name* as its JSON value."""
    kind, optional = field_types(entity)[name]
    if optional and not text.strip():
        return None
    try:
        if kind is int:
            return int(text)
        if kind is bool:
            return text.strip().lower() in ("1", "true", "yes", "是")
    except ValueError:
        raise InvalidInput("The field {name} cannot hold this value.", fields=(name,), name=name) from None
    if kind is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    plain = text.strip() if kind in (datetime, date, UUID) else text
    return to_json(from_json(entity, {name: plain})[name])


def _operation(
    work: UnitOfWork, kind: str, payload: Mapping[str, Json], changes: Mapping[str, Json]
) -> Operation:
    """Return the operation *kind* anew, with *changes*, as the entity checks them."""
    table, row_id = REVISED[kind], UUID(payload["id"])
    entity: Any = work.load(ENTITIES[table], row_id)
    if hasattr(entity, "change"):
        made: Operation = entity.change(work.author, changes, entity.rev)
        return made
    if table == "article":
        return article.save_article(work.author, changes, row_id, entity.rev)
    checked = from_json(ENTITIES[table], changes)
    return work.author.describe(kind, {"id": row_id, "changes": checked}, base_revision=entity.rev)


def _entry(work: UnitOfWork, op_id: UUID) -> tuple[Any, ...]:
    found = work.connection.execute(
        f"{_ENTRY} WHERE op_id = ? AND dismissed_at IS NULL", (op_id.bytes,)
    ).fetchone()
    if found is None:
        raise NotFound("This {what} is not here any more.", what="entry")
    row: tuple[Any, ...] = found
    return row


def _settle(work: UnitOfWork, op_id: UUID, resolution: str) -> None:
    work.connection.execute(
        "UPDATE not_accepted SET dismissed_at = ?, resolution = ? WHERE op_id = ?",
        (to_micros(work.author.now()), resolution, op_id.bytes),
    )
    forget_keys(work.connection)
    work.commit()


def _json(value: object) -> str:
    return json.dumps(to_json(value), ensure_ascii=False)
