"""Erasing a person from one store: rows, log, history, answers, refusals, and what waits to be sent.

His calls and complaints stay as figures (:mod:`crmdesk.services.customers.kept`); all else that is his
goes. The rows are found by whose they are, so what was typed here and never reached a server goes too. Bytes
that stay in pages are the matter of :mod:`crmdesk.services.renewal`, files outside of the store that of
:mod:`crmdesk.services.erasure`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.choice import choice_id
from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import RowChange, patched
from crmdesk.models.wire import Json
from crmdesk.services.attachments.keys import forget_keys
from crmdesk.services.complaints.procedure import workflow
from crmdesk.services.customers.kept import (
    BODY,
    CALL,
    COMPLAINT,
    KEPT,
    OF_COMPLAINT,
    emptied,
    emptied_payload,
)
from crmdesk.services.store.connection import Connection
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

OWNED = (
    *("contact_point", "contact", "note", "task", "interaction", "number_choice", "service_visit", "asset"),
    "attachment",
)
"""Tables whose rows say by ``customer_id`` whose they are and go with him; children before parents."""

IN_CALL = ("note", "task", "interaction")
"""Those of them that may belong to one of his calls instead."""

IN_COMPLAINT = ("note", "task", "attachment")
"""Those of them that may belong to one of his complaints instead."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: how many rows by table (of those kept: made blank), log entries, refusals, the calls.

    ``words`` are the names and numbers he was known by here.
    """

    rows: Mapping[str, int]
    traces: int
    calls: tuple[UUID, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Rows (table and key) and operations that name a person, as far as the two tables were looked at."""

    history: int = 0
    operation: int = 0
    places: frozenset[tuple[str, bytes]] = frozenset()
    operations: frozenset[bytes] = frozenset()


def erase(
    work: UnitOfWork, customer: UUID, known: Collection[UUID] = (), told: Mentions | None = None
) -> Erased:
    """Erase *customer*, and the rows *known* to be his, inside the caller's transaction; again finds nothing.

    Operations that were to be sent are taken back: an empty one goes under their number. *told* is what
    :func:`mentions` found before, so that the transaction is short.
    """
    connection = work.connection
    words = _words(connection, customer)
    numbers = [value for (value,) in _asked(connection, _NUMBERS, customer.bytes)]
    kept = _kept(connection, customer, numbers, known)
    gone = _gone(connection, customer, numbers, kept, known)
    blank = list(_blanked(work, kept))
    told = mentions(connection, customer, told, known)
    traces = _erase_traces(connection, told, customer, {row_id for _, row_id in gone}, kept)
    work.lay([*(RowChange(table, row_id, None) for table, row_id in gone), *blank])
    forget_keys(connection)
    counted = Counter([*(table for table, _ in gone), *(change.table for change in blank)])
    return Erased(dict(counted), traces, tuple(sorted(kept[CALL])), words)


Kept = Mapping[str, set[UUID]]
"""The rows that stay, blank, by table of :data:`crmdesk.services.customers.kept.KEPT`."""


def _blanked(work: UnitOfWork, kept: Kept) -> Iterator[RowChange]:
    """Yield the rows that stay without him, those that are not so yet."""
    for table, ids in kept.items():
        for row in (work.row(table, row_id) for row_id in sorted(ids)):
            if row is not None and any(row[name] != value for name, value in KEPT[table].items()):
                yield patched(table, row, KEPT[table])


_NUMBERS = "SELECT value FROM contact_point WHERE customer_id = ? AND value <> ''"


def refuse_unconfirmed(connection: Connection, customer: UUID, typed: str) -> None:
    """Refuse to erase when *typed* is none of his numbers; his name, when he has none.

    Raises:
        NotFound: nobody of that id is here.
        InvalidInput: it is somebody else's, or a slip of the pen.
    """
    found = _asked(connection, "SELECT name FROM customer WHERE id = ?", customer.bytes)
    if not found:
        raise NotFound("This {what} is not here any more.", what="customer")
    points = _asked(
        connection, "SELECT raw, value, national FROM contact_point WHERE customer_id = ?", customer.bytes
    )
    if not fits(typed, [word for row in points for word in row], found[0][0]):
        raise InvalidInput(UNCONFIRMED, fields=("number",))
    waiting = _asked(connection, "SELECT number, state FROM complaint WHERE customer_id = ?", customer.bytes)
    refuse_open([number for number, state in waiting if workflow().is_open(state)])


def refuse_open(numbers: Iterable[str]) -> None:
    """Refuse to erase somebody while there are open complaints of his, by their *numbers*."""
    names = ", ".join(sorted(numbers))
    if names:
        raise InvalidInput(
            "The complaint {names} is still open. Bring it to its end first, or withdraw it.", names=names
        )


UNCONFIRMED = (
    "To erase somebody, type one of his numbers again, or his name when he has none. What was typed is not"
    " his."
)


def fits(typed: str, numbers: Iterable[str], name: str) -> bool:
    """Whether *typed* is one of the *numbers*, however it is spaced; the *name* when there are none."""
    known = {_plain(each) for each in numbers if each} or {_plain(name)}
    return bool(typed.strip()) and _plain(typed) in known


def _plain(word: str) -> str:
    return "".join(c for c in word.casefold() if c not in " -().\t")


def calls_of(connection: Connection, customer: UUID, known: Collection[UUID] = ()) -> tuple[UUID, ...]:
    """Return the calls that :func:`erase` will make blank."""
    numbers = [value for (value,) in _asked(connection, _NUMBERS, customer.bytes)]
    return tuple(sorted(_calls(connection, customer, numbers, known)))


def complaints_of(connection: Connection, customer: UUID, known: Collection[UUID] = ()) -> tuple[UUID, ...]:
    """Return the complaints that :func:`erase` will leave as figures."""
    return tuple(sorted(_complaints(connection, customer) | set(_here(connection, COMPLAINT, known))))


def _kept(connection: Connection, customer: UUID, numbers: Sequence[str], known: Collection[UUID]) -> Kept:
    """Return the rows of his that stay without him."""
    complaints = _complaints(connection, customer) | set(_here(connection, COMPLAINT, known))
    kept = {
        CALL: _calls(connection, customer, numbers, known),
        COMPLAINT: complaints,
        BODY: set(_here(connection, BODY, complaints)),
    }
    keys = [each.bytes for each in complaints]
    for table in OF_COMPLAINT:
        rows = _in_parts(connection, f"SELECT id FROM {table} WHERE complaint_id IN", keys)
        if table == "survey":
            rows += _asked(connection, "SELECT id FROM survey WHERE customer_id = ?", customer.bytes)
        kept[table] = {UUID(bytes=key) for (key,) in rows} | set(_here(connection, table, known))
    return kept


def _words(connection: Connection, customer: UUID) -> tuple[str, ...]:
    """Return the names and numbers he is known by here, longest first."""
    found = _asked(
        connection,
        "SELECT name, name_alt FROM customer WHERE id = :id UNION ALL"
        " SELECT raw, value FROM contact_point WHERE customer_id = :id UNION ALL"
        " SELECT national, '' FROM contact_point WHERE customer_id = :id UNION ALL"
        " SELECT name, name_alt FROM contact WHERE customer_id = :id UNION ALL"
        " SELECT plate, vin FROM asset WHERE customer_id = :id",
        {"id": customer.bytes},
    )
    return tuple(sorted({word for row in found for word in row if word}, key=lambda word: (-len(word), word)))


def _calls(
    connection: Connection, customer: UUID, numbers: Sequence[str], known: Collection[UUID]
) -> set[UUID]:
    """Return his calls, and those from his numbers that are nobody's."""
    found = _asked(connection, "SELECT id FROM call WHERE customer_id = ?", customer.bytes)
    for number in numbers:
        found += _asked(
            connection, "SELECT id FROM call WHERE number_value = ? AND customer_id IS NULL", number
        )
    return {UUID(bytes=key) for (key,) in found} | set(_here(connection, "call", known))


def _complaints(connection: Connection, customer: UUID) -> set[UUID]:
    found = _asked(connection, "SELECT id FROM complaint WHERE customer_id = ?", customer.bytes)
    return {UUID(bytes=key) for (key,) in found}


def _gone(
    connection: Connection,
    customer: UUID,
    numbers: Sequence[str],
    kept: Kept,
    known: Collection[UUID],
) -> list[tuple[str, UUID]]:
    """Return table and id of the rows that go, children first."""
    found: dict[tuple[str, UUID], None] = {}

    def note(table: str, rows: Iterable[tuple[bytes]]) -> None:
        found.update(dict.fromkeys((table, UUID(bytes=key)) for (key,) in rows))

    note(
        "visit_item",
        _asked(
            connection,
            "SELECT i.id FROM visit_item AS i JOIN service_visit AS v ON v.id = i.visit_id"
            " WHERE v.customer_id = ?",
            customer.bytes,
        ),
    )
    for table in OWNED:
        note(table, _asked(connection, f"SELECT id FROM {table} WHERE customer_id = ?", customer.bytes))
    for call in kept[CALL]:
        for table in IN_CALL:
            column = "id" if table == "interaction" else "call_id"
            note(table, _asked(connection, f"SELECT id FROM {table} WHERE {column} = ?", call.bytes))
    for complaint in kept[COMPLAINT]:
        for table in IN_COMPLAINT:
            note(table, _asked(connection, f"SELECT id FROM {table} WHERE complaint_id = ?", complaint.bytes))
        note("interaction", _asked(connection, "SELECT id FROM interaction WHERE id = ?", complaint.bytes))
    for number in numbers:
        key = choice_id(number).bytes
        note("number_choice", _asked(connection, "SELECT id FROM number_choice WHERE id = ?", key))
        note(
            "task",
            _asked(connection, "SELECT id FROM task WHERE number_value = ? AND customer_id IS NULL", number),
        )
    for table in ENTITIES:
        if table not in KEPT:
            found.update(dict.fromkeys((table, row_id) for row_id in _here(connection, table, known)))
    if _asked(connection, "SELECT 1 FROM customer WHERE id = ?", customer.bytes):
        found["customer", customer] = None
    return list(found)


def _here(connection: Connection, table: str, ids: Collection[UUID]) -> list[UUID]:
    """Return those of *ids* that are rows of *table*."""
    keys = [row_id.bytes for row_id in ids]
    return [UUID(bytes=key) for (key,) in _in_parts(connection, f"SELECT id FROM {table} WHERE id IN", keys)]


def mentions(
    connection: Connection, customer: UUID, before: Mentions | None = None, rows: Collection[UUID] = ()
) -> Mentions:
    """Return what names *customer* or a complaint of his in log and history.

    With *before* only what came since is looked at. *rows* are known to be his: the server took him out of
    the heads of his complaints, which may have come here before this.

    Reads both whole the first time: on a reader, ahead of the transaction that erases.
    """
    names = [str(customer), *map(str, complaints_of(connection, customer, rows))]
    known = before or Mentions()
    (history,) = connection.execute("SELECT coalesce(max(n), 0) FROM history").fetchone()
    (operation,) = connection.execute("SELECT coalesce(max(n), 0) FROM operation").fetchone()
    places = _asked(
        connection,
        "SELECT DISTINCT table_name, row_id FROM history WHERE n > ?"
        f" AND ({' OR '.join(['instr(before, ?)', 'instr(after, ?)'] * len(names))})",
        known.history,
        *(name for name in names for _ in range(2)),
    )
    operations = _asked(
        connection,
        f"SELECT id FROM operation WHERE n > ? AND ({' OR '.join(['instr(payload, ?)'] * len(names))})",
        known.operation,
        *names,
    )
    return Mentions(
        history,
        operation,
        known.places | {(table, key) for table, key in places},
        known.operations | {key for (key,) in operations},
    )


def _erase_traces(
    connection: Connection, told: Mentions, customer: UUID, gone: Collection[UUID], kept: Kept
) -> int:
    """Destroy what is told of these rows elsewhere; return how many entries."""
    staying = {row_id.bytes for ids in kept.values() for row_id in ids}
    rows = {row_id.bytes for row_id in gone} | {customer.bytes}
    rows |= {key for table, key in told.places if key not in staying and not _is_here(connection, table, key)}
    touched = {op for (op,) in _in_parts(connection, _TOUCHING, rows) if op}
    touched |= {op for op in told.operations if not _touches_others(connection, op, rows)}
    blanked = _blank_kept(connection, touched, kept)
    operations = touched - blanked
    # A call or a complaint and its line have one id: the line goes, the other stays.
    names = ", ".join(f"'{table}'" for table in KEPT)
    count = 0
    for table in ("history", "server_row"):
        count += _run(connection, f"DELETE FROM {table} WHERE row_id IN", rows - staying)
        beside = f"DELETE FROM {table} WHERE table_name NOT IN ({names}) AND row_id IN"
        count += _run(connection, beside, rows & staying)
    _run(connection, _TAKE_BACK, operations)
    _run(connection, "UPDATE outbox SET result = NULL WHERE op_id IN", touched | blanked)
    count += _run(connection, "DELETE FROM not_accepted WHERE op_id IN", touched | blanked)
    count += _run(connection, "DELETE FROM operation WHERE id IN", operations)
    return count + _erase_mentions(connection, customer, kept[CALL] | kept[COMPLAINT])


_TOUCHING = "SELECT operation_id FROM history WHERE row_id IN"
_TAKE_BACK = (
    "UPDATE outbox SET previous_state = 'refused', outlook = '', trouble = ''"
    " WHERE state = 'new' AND op_id IN"
)


def _is_here(connection: Connection, table: str, key: bytes) -> bool:
    return bool(_asked(connection, f"SELECT 1 FROM {table} WHERE id = ?", key))


def _touches_others(connection: Connection, operation: bytes, rows: Collection[bytes]) -> bool:
    """Whether a row that stays was written by the *operation*."""
    found = _asked(connection, "SELECT table_name, row_id FROM history WHERE operation_id = ?", operation)
    return any(key not in rows and _is_here(connection, table, key) for table, key in found)


def _erase_mentions(connection: Connection, customer: UUID, kept: Collection[UUID]) -> int:
    """Destroy refusals and answers that name him, his calls or complaints by their ids."""
    names = [str(customer), *map(str, kept)]
    count: int = connection.executemany(
        "DELETE FROM not_accepted WHERE instr(payload, :of) OR instr(current, :of) OR instr(seen, :of)",
        [{"of": name} for name in names],
    ).rowcount
    answers = _asked(connection, "SELECT id, result FROM request")
    told = [(key,) for key, result in answers if any(each in result for each in names)]
    connection.executemany("DELETE FROM request WHERE id = ?", told)
    connection.execute("DELETE FROM coverage WHERE key = ?", (customer.hex.upper(),))
    for table in _naming_tables(connection):
        connection.execute(f"DELETE FROM {table} WHERE customer_id = ?", (customer.bytes,))
    return count + len(told)


def _naming_tables(connection: Connection) -> list[str]:
    """Return the tables besides those of the entities that say by ``customer_id`` whom they are about."""
    found = _asked(
        connection,
        "SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
        " WHERE m.type = 'table' AND c.name = 'customer_id'",
    )
    return [name for (name,) in found if name not in ENTITIES]


def _blank_kept(connection: Connection, touched: Collection[bytes], kept: Kept) -> set[bytes]:
    """Make what is told of rows that stay blank: their operations, history, originals.

    Returns the operations: they stay, so that the log still gives the rows.
    """
    staying = {row_id.bytes for ids in kept.values() for row_id in ids}
    blanked = set()
    of_these = {op for (op,) in _in_parts(connection, _TOUCHING, staying) if op}
    found = _in_parts(
        connection, "SELECT id, kind, payload FROM operation WHERE id IN", of_these | {*touched}
    )
    for key, kind, payload in found:
        told = json.loads(payload)
        if kind.startswith(_OF_KEPT) and UUID(told["id"]).bytes in staying:
            blanked.add(key)
            values = (_json(emptied_payload(kind, told)), key)
            connection.execute("UPDATE operation SET payload = ? WHERE id = ?", values)
    for table, ids in kept.items():
        _blank_told(connection, table, {row_id.bytes for row_id in ids})
    return blanked


_OF_KEPT = ("call.", "complaint.", "letter.", "survey.", "action.", "remedy.")


def _blank_told(connection: Connection, table: str, keys: Collection[bytes]) -> None:
    """Make history and originals of rows of *table* blank."""
    found = _in_parts(
        connection, f"SELECT n, before, after FROM history WHERE table_name = '{table}' AND row_id IN", keys
    )
    for n, before, after in found:
        values = (*(_json(emptied(json.loads(each), KEPT[table])) for each in (before, after)), n)
        connection.execute("UPDATE history SET before = ?, after = ? WHERE n = ?", values)
    found = _in_parts(
        connection,
        f"SELECT row_id, row FROM server_row WHERE table_name = '{table}' AND row IS NOT NULL AND row_id IN",
        keys,
    )
    for key, row in found:
        connection.execute(
            "UPDATE server_row SET row = ? WHERE table_name = ? AND row_id = ?",
            (_json(emptied(json.loads(row), KEPT[table])), table, key),
        )


def _asked(connection: Connection, statement: str, *values: Any) -> list[Any]:
    given = values[0] if values and isinstance(values[0], dict) else values
    found: list[Any] = connection.execute(statement, given).fetchall()
    return found


def _in_parts(connection: Connection, statement: str, keys: Iterable[bytes]) -> list[Any]:
    """Return what *statement* finds for *keys*, some hundred at once."""
    return [
        row for part, marks in _parts(keys) for row in connection.execute(statement + marks, part).fetchall()
    ]


def _run(connection: Connection, statement: str, keys: Iterable[bytes]) -> int:
    """Run *statement* for *keys*, some hundred at once; return how many rows it touched."""
    return sum(connection.execute(statement + marks, part).rowcount for part, marks in _parts(keys))


def _parts(keys: Iterable[bytes]) -> Iterator[tuple[list[bytes], str]]:
    listed = sorted(keys)
    for start in range(0, len(listed), _BATCH):
        part = listed[start : start + _BATCH]
        yield part, f" ({', '.join('?' * len(part))})"


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
