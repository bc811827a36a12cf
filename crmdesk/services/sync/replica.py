"""Taking in what the server says: its rows, its answers, and that it forgot some of ours.

The rows here are the server's, as of one tick, with the operations laid on them that the tick does not hold
yet. Each function is a use case of the store lane: one transaction, committed at its end. Written down and
told to the search indexes is only what a row is in the end, compared with what it was here before.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import Bug, ServerUnfit
from crmdesk.models.complaint import SHOWN_OF_RESTRICTED
from crmdesk.models.effects import OF_TEAMS
from crmdesk.models.operations import RowChange
from crmdesk.models.outbox import Answer, Place, Pulled, PulledRow, Range
from crmdesk.models.task import SHOWN_OF_TASK
from crmdesk.models.wire import Row
from crmdesk.services.renewal import mark_left
from crmdesk.services.store.connection import Connection, empty_log
from crmdesk.services.store.rows import Shape, shape_of
from crmdesk.services.store.unit_of_work import remembered
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync.outbox import fill_holes, last_number, waiting
from crmdesk.services.sync.projection import PlaceOfRow, Projection, Relay, keep_rows, kept_rows
from crmdesk.services.sync.refused import note_refusal
from crmdesk.services.sync.totals import ALL_HERE, lay_totals

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

WITNESSES_KEPT = 2_000
"""Fingerprints of ticks that stay here."""
WORDLESS = frozenset({"clock_line", "remedy_line", "approval"})
"""Tables of teams that hold moments, amounts and codes, and nobody's words."""
PRIVATE = frozenset(OF_TEAMS) - WORDLESS | {"complaint", "task"}
"""Tables whose rows somebody may lose the right to: no byte of them is left here then."""
VEILED: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {"complaint": ("restricted", SHOWN_OF_RESTRICTED), "task": ("complaint_id", SHOWN_OF_TASK)}
)
"""Tables of which somebody may lose all but a few columns: which rows may be such ones, and those columns."""
ANEW_ROWS = 2_000
"""Tables of up to so many rows are written anew at once, in some ten milliseconds; others with the store."""
FROM_SERVER = b""
"""Stands in ``history`` for the operation of a change that came from the server."""
_log = logging.getLogger("crmdesk.sync")


def read_place(connection: Connection) -> Place:
    """Return how far this desk has read."""
    held = dict(connection.execute("SELECT name, value FROM sync").fetchall())
    pulled_at = held.get("last_pull_at")
    return Place(
        cursor=int(held.get("cursor", "0")),
        fp=bytes.fromhex(held.get("fp", "")),
        scope=json.loads(held.get("scope", "{}")),
        reached=int(held.get("reached", "0")),
        last_pull_at=from_micros(int(pulled_at)) if pulled_at else None,
        stale=held.get("stale") == "1",
    )


def write_names(connection: Connection, values: Mapping[str, object]) -> None:
    """Write *values* into ``sync``."""
    connection.executemany(
        "INSERT INTO sync (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [(name, str(value)) for name, value in values.items()],
    )


def take_in(work: UnitOfWork, pulled: Pulled) -> None:
    """Lay the server's rows, forget the operations they hold, lay the others on top; all or nothing.

    Raises:
        Bug: the rows follow another tick than the one this desk stands at.
        ServerUnfit: a row has not the columns this program knows.
    """
    connection = work.connection
    place = _checked_place(connection, pulled)
    relay = Relay(work.stored, kept_rows(connection))
    expected = None
    if not place.stale:
        expected = relay.expected(waiting(connection, place.reached, pulled.reached))
    gone = _lay_news(relay, pulled, expected, connection)
    relay.replay(waiting(connection, pulled.reached))
    left = _write(work, relay, gone)
    lay_totals(connection, pulled.totals)
    _move_on(work, pulled)
    work.commit()
    if gone or left:
        empty_log(connection)


def take_in_pages(
    work: UnitOfWork, pulled: Pulled, pages: Iterable[Sequence[PulledRow]], done: Callable[[], object]
) -> None:
    """Do as :func:`take_in` with rows that come in *pages*: only one of them is in memory at a time.

    Rows under operations of this desk are few and come last, together. *done* is called before the commit.
    """
    connection = work.connection
    place = _checked_place(connection, pulled)
    kept = kept_rows(connection)
    expected = None
    if not place.stale:
        before = Relay(work.stored, kept)
        expected = before.expected(waiting(connection, place.reached, pulled.reached))
    late: list[PulledRow] = []
    gone = False
    for page in pages:
        relay = Relay(work.let_go_of_rows(), {})
        late.extend(each for each in page if (each.table, each.id) in kept)
        news = replace(pulled, rows=[each for each in page if (each.table, each.id) not in kept])
        lost = _lay_news(relay, news, None, connection)
        gone |= _write(work, relay, lost) or bool(lost)
    relay = Relay(work.let_go_of_rows(), kept)
    lost = _lay_news(relay, replace(pulled, rows=late), expected, connection)
    relay.replay(waiting(connection, pulled.reached))
    gone |= _write(work, relay, lost) or bool(lost)
    lay_totals(connection, pulled.totals)
    _move_on(work, pulled)
    done()
    work.commit()
    if gone:
        empty_log(connection)


def _checked_place(connection: Connection, pulled: Pulled) -> Place:
    """Return where this desk stands, which must be where *pulled* begins."""
    place = read_place(connection)
    if pulled.since != place.cursor:
        raise Bug(
            "The rows follow tick {since}, but this desk is at {at}.", since=pulled.since, at=place.cursor
        )
    if pulled.reached < place.reached and not pulled.reload:
        raise Bug("The server forgot operations of this desk; that comes first, see server_forgot().")
    return place


def lay_more(work: UnitOfWork, rows: Sequence[PulledRow]) -> None:
    """Lay rows of the server beside those that are here, as fetched on demand; the caller commits.

    They may be newer than the tick this desk stands at: the next pulls bring the rest level.
    """
    connection = work.connection
    place = read_place(connection)
    relay = Relay(work.stored, kept_rows(connection))
    more = Pulled(place.cursor, place.cursor, place.fp, place.scope, place.reached, rows)
    gone = _lay_news(relay, more, None if place.stale else relay.expected(()), connection)
    relay.replay(waiting(connection, place.reached))
    _write(work, relay, gone)


def _lay_news(
    relay: Relay, pulled: Pulled, expected: Projection | None, connection: Connection
) -> list[PlaceOfRow]:
    """Lay what came; return the places of what the server does not show."""
    gone: list[PlaceOfRow] = []
    for each in _with_missing(pulled, relay, connection):
        row = None if each.row is None else _readable(shape_of(each.table), each.row)
        if row is None:
            gone.append((each.table, each.id))
        relay.take((each.table, each.id), row, expected)
    return gone


def _readable(shape: Shape, row: Row) -> Row:
    """Return *row* in the columns of *shape*, lists as tuples."""
    try:
        plain = {name: row[name] for name in shape.columns}
    except KeyError as error:
        raise ServerUnfit(
            "The server sent a row of {table} without {column}. Update crmdesk.",
            table=shape.table,
            column=error.args[0],
        ) from error
    for name in shape.lists:
        if plain[name] is not None:
            plain[name] = tuple(plain[name])
    return plain


def _with_missing(pulled: Pulled, relay: Relay, connection: Connection) -> Iterator[PulledRow]:
    """Yield what came, and as gone what the complete ranges do not hold."""
    yield from pulled.rows
    if not pulled.complete:
        return
    came = {(each.table, each.id) for each in pulled.rows}
    for each in pulled.complete:
        for row_id in ids_in(connection, each, relay.kept):
            if (each.table, row_id) not in came:
                yield PulledRow(each.table, row_id, None)


def ids_in(connection: Connection, part: Range, kept: Iterable[PlaceOfRow] = ()) -> set[UUID]:
    """Return the ids of *part* that are here, and those *kept* that lie in it."""
    low = part.after.bytes if part.after else b""
    high = part.upto.bytes if part.upto else b"\xff" * 17
    found = connection.execute(
        f"SELECT id FROM {part.table} WHERE id > ? AND id <= ?", (low, high)
    ).fetchall()
    ids = {UUID(bytes=key) for (key,) in found}
    return ids | {row_id for table, row_id in kept if table == part.table and low < row_id.bytes <= high}


def _write(work: UnitOfWork, relay: Relay, gone: Sequence[PlaceOfRow] = ()) -> bool:
    """Write what became other than it was, with its history; keep the server's rows under operations.

    Returns whether this person lost the right to something that stood here.
    """
    connection = work.connection
    changes = relay.net_changes()
    _write_history(connection, relay, changes, gone)
    veiled = {change.table for change in changes if _is_veiled(relay, change)}
    if changes:
        work.lay(changes)
    lost = {change.table for change in changes if change.row is None and (change.table, change.id) in gone}
    lost |= veiled
    keep_rows(connection, relay.kept, relay.under)
    private = sorted(lost.intersection(PRIVATE) | ({"attachment_file"} if "attachment" in lost else set()))
    for table in (*private, "server_row") if private else ():
        _leave_no_byte(work, table)
    connection.executemany(
        "UPDATE outbox SET outlook = ?, trouble = ? WHERE n = ?",
        [(outlook, trouble, n) for n, (outlook, trouble) in relay.outlooks.items()],
    )
    return bool(private)


def _is_veiled(relay: Relay, change: RowChange) -> bool:
    """Whether *change* leaves of a restricted complaint, or a task of one, only what everybody sees of it."""
    before, row = relay.stored.get(change.table, change.id), change.row
    mark, shown = VEILED.get(change.table, ("", frozenset()))
    if not mark or before is None or row is None or not before[mark]:
        return False
    return any(before[name] and not row[name] for name in row.keys() - shown)


def _leave_no_byte(work: UnitOfWork, table: str) -> None:
    """See to it that no byte stays of rows of *table* that this person has no right to any more."""
    found = work.connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT ?)", (ANEW_ROWS + 1,))
    if found.fetchone()[0] > ANEW_ROWS:
        mark_left(work.connection)
    else:
        work.write_anew(table)


def _write_history(
    connection: Connection, relay: Relay, changes: Sequence[RowChange], gone: Sequence[PlaceOfRow]
) -> None:
    """Write how rows changed here, for whoever looked at them before; of a row that went, forget all.

    The first arrival of a row is not written: nobody can have looked at it before.
    """
    lost = {*gone, *((change.table, change.id) for change in changes if change.row is None)}
    connection.executemany(
        "DELETE FROM history WHERE row_id = ? AND table_name = ?",
        [(row_id.bytes, table) for table, row_id in lost],
    )
    entries = []
    for change in changes:
        before, row = relay.stored.get(change.table, change.id), change.row
        if before is None or row is None:
            continue
        named = [name for name, value in row.items() if before[name] != value]
        entries.append(
            (
                FROM_SERVER,
                change.table,
                change.id.bytes,
                row["rev"],
                remembered(change.table, before, named),
                remembered(change.table, row, named),
            )
        )
    connection.executemany(
        "INSERT INTO history (operation_id, table_name, row_id, rev, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        entries,
    )


def _move_on(work: UnitOfWork, pulled: Pulled) -> None:
    """Note how far this desk has read, and the tick's fingerprint."""
    connection = work.connection
    values: dict[str, object] = {
        "cursor": pulled.head,
        "fp": pulled.fp.hex(),
        "scope": json.dumps(dict(pulled.scope), ensure_ascii=False, sort_keys=True),
        "reached": pulled.reached,
        "last_pull_at": to_micros(work.author.now()),
    }
    if pulled.reload:
        values["stale"] = "0"
        # It may have been restored from before it had these contents: it is asked for each again.
        connection.execute("UPDATE attachment_file SET state = 'here' WHERE state = 'there'")
    if pulled.all_totals:
        values[ALL_HERE] = "1"
    if pulled.head < pulled.since or pulled.reload:
        connection.execute("DELETE FROM witness WHERE seq > ?", (pulled.head,))
    write_names(connection, values)
    connection.execute(
        "INSERT INTO witness (seq, fp) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET fp = excluded.fp",
        (pulled.head, pulled.fp),
    )
    connection.execute(
        "DELETE FROM witness WHERE seq < (SELECT seq FROM witness ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (WITNESSES_KEPT,),
    )


def record_answers(work: UnitOfWork, answers: Sequence[Answer]) -> None:
    """Note what the server said; what it refused goes to "Not accepted" and its rows fall back.

    An answer that is known already changes nothing. A gap ends the round: the server forgot, or a number
    was never sent.
    """
    relay_needed = False
    for answer in sorted(answers, key=lambda each: each.n):
        if "gap" in answer.result:
            _forget(work, int(answer.result["gap"]))
            break
        relay_needed |= _record(work, answer)
    place = read_place(work.connection)
    if relay_needed and not place.stale:
        relay = Relay(work.stored, kept_rows(work.connection))
        relay.replay(waiting(work.connection, place.reached))
        _write(work, relay)
    work.commit()


def _record(work: UnitOfWork, answer: Answer) -> bool:
    """Note one answer; return whether the rows are to be laid anew.

    A void one, in whose place nothing was sent, tells nobody anything: it was refused once, or is erased.
    """
    connection = work.connection
    found = connection.execute(
        "SELECT b.op_id, b.previous_state IS 'refused' OR o.id IS NULL, b.outlook FROM outbox AS b"
        " LEFT JOIN operation AS o ON o.id = b.op_id WHERE b.n = ? AND b.state = 'new'",
        (answer.n,),
    ).fetchone()
    if found is None:
        return False
    op_id, void, outlook = found
    refused = void or "rejected" in answer.result
    if refused and not void:
        note_refusal(work, UUID(bytes=op_id), answer.result)
    connection.execute(
        "UPDATE outbox SET state = ?, result = ?, answered_at = ?, previous_state = NULL, outlook = '',"
        " trouble = '' WHERE n = ?",
        (
            "refused" if refused else "answered",
            json.dumps({name: told for name, told in answer.result.items() if name != "current"}),
            to_micros(work.author.now()),
            answer.n,
        ),
    )
    return not void and (refused or outlook == "refusal")


def server_forgot(work: UnitOfWork, last_n: int) -> None:
    """Bring the outbox in line with the last number the server knows of this desk; ask at each connect.

    Below ours it was restored from a backup: what it had answered since is to be sent again. Above ours
    this desk was: what waits gets numbers after the server's.
    """
    _forget(work, last_n)
    work.commit()


def _forget(work: UnitOfWork, last_n: int) -> None:
    connection = work.connection
    ours = last_number(connection)
    if last_n > ours:
        _number_after(connection, last_n)
        return
    forgotten = connection.execute(
        "UPDATE outbox SET previous_state = state, state = 'new', result = NULL, answered_at = NULL"
        " WHERE n > ? AND state <> 'new'",
        (last_n,),
    ).rowcount
    fill_holes(connection, last_n)
    place = read_place(connection)
    if last_n < place.reached:
        write_names(connection, {"reached": last_n, "stale": "1"})
    if forgotten:
        _log.warning("the server was restored: %s operations after number %s go again", forgotten, last_n)


def _number_after(connection: Connection, last_n: int) -> None:
    """Give what waits numbers after *last_n*, in two steps, because numbers are unique."""
    numbers = [n for (n,) in connection.execute("SELECT n FROM outbox WHERE state = 'new' ORDER BY n")]
    connection.executemany("UPDATE outbox SET n = -n WHERE n = ?", [(n,) for n in numbers])
    connection.executemany(
        "UPDATE outbox SET n = ? WHERE n = ?", [(last_n + 1 + at, -n) for at, n in enumerate(numbers)]
    )
    write_names(connection, {"numbered": last_n})
    _log.warning("the server knows more of this desk than it does: %s operations renumbered", len(numbers))
