"""Turning a desk that worked alone into one that shares, and back.

Fresh, the desk begins with nothing of its own: the first rows come from the server. Adopting, all it ever
did becomes operations for the server, in the order it was done; the rows here stay as they are meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import Json
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync.outbox import NUMBERED, SERVER, counts, is_shared
from crmdesk.services.sync.replica import write_names
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

SYNC_TABLES = ("outbox", "server_row", "coverage", "contact_total", "viewed", "sync", "witness")


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of what was here: operations to be sent, and rows that were taken away."""

    operations: int = 0
    removed: int = 0


def server_of(connection: Connection) -> Mapping[str, Json] | None:
    """Return what was said of the server at joining, None when this desk works alone."""
    found = connection.execute("SELECT value FROM sync WHERE name = ?", (SERVER,)).fetchone()
    server: Mapping[str, Json] | None = json.loads(found[0]) if found else None
    return server


def begin_sharing(
    work: UnitOfWork,
    server: Mapping[str, Json],
    device: str = "",
    last_n: int = 0,
    *,
    adopt: bool = False,
    without: Collection[UUID] = (),
    after: int | None = None,
) -> Begun:
    """Share from now on with *server* (JSON, kept as it is), known there as *device* up to number *last_n*.

    Without *adopt* everything this desk held is taken out of the store, its log included: keep a copy first.
    With it, the operations *without* stay behind: their rows give way to the server's. Operations *after*
    that place in the log are sent even so: the server has the rows that they change.

    Raises:
        InvalidInput: it shares already, or with *adopt* rows are here that no operation made.
    """
    connection = work.connection
    if is_shared(connection):
        raise InvalidInput("This desk shares a server already. Leave it first.", fields=("address",))
    if adopt:
        begun = _adopt(connection, last_n, without)
    else:
        removed = _empty(work, after)
        begun = Begun(_keep_later(connection, last_n), removed)
    write_names(
        connection,
        {
            SERVER: json.dumps(dict(server), ensure_ascii=False),
            "device": device or work.author.device,
            NUMBERED: last_n,
            "reached": last_n,
        },
    )
    work.look_again()
    work.commit()
    return begun


def _keep_later(connection: Connection, last_n: int) -> int:
    """Number the operations that were kept after *last_n*; return how many."""
    connection.execute(
        "INSERT INTO outbox (n, op_id, base_revision, state, outlook, trouble)"
        " SELECT ? + row_number() OVER (ORDER BY n), id, NULL, 'new', '', '' FROM operation",
        (last_n,),
    )
    (count,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return int(count)


def _empty(work: UnitOfWork, after: int | None) -> int:
    """Take all rows out, with their index entries, history, and log up to *after*; return how many rows."""
    from crmdesk.models.operations import RowChange
    from crmdesk.services.store.rows import shape_of

    connection, removed = work.connection, 0
    keys = connection.execute("SELECT * FROM attachment_file").fetchall() if after is not None else ()
    for table in ENTITIES:
        rows = [shape_of(table).read(row) for row in connection.execute(shape_of(table).select).fetchall()]
        work.lay([RowChange(table, row["id"], None) for row in rows])
        removed += len(rows)
    # Rows that went along come back from the server; their contents are still to be sent.
    connection.executemany("INSERT OR IGNORE INTO attachment_file VALUES (?, ?, ?, ?, ?, ?)", keys)
    for table in ("history", "request"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM operation WHERE ? IS NULL OR n <= ?", (after, after))
    return removed


def _adopt(connection: Connection, last_n: int, without: Collection[UUID]) -> Begun:
    """Number all that was done here after *last_n*; the server has none of the rows yet."""
    for table in ENTITIES:
        (strange,) = connection.execute(
            f"SELECT count(*) FROM {table} AS t WHERE NOT EXISTS (SELECT 1 FROM history AS h"
            " WHERE h.row_id = t.id AND h.table_name = ?)",
            (table,),
        ).fetchone()
        if strange:
            raise InvalidInput(
                "{count} rows of {table} were loaded as a whole and cannot be taken along. Export them and"
                " import them at the server, or join without them.",
                fields=("adopt",),
                count=strange,
                table=table,
            )
        connection.execute(
            f"INSERT INTO server_row (table_name, row_id, rev, row) SELECT ?, id, 0, NULL FROM {table}",
            (table,),
        )
    connection.execute(
        "INSERT INTO outbox (n, op_id, base_revision, state, outlook, trouble)"
        " SELECT ? + row_number() OVER (ORDER BY n), id, NULL, 'new', '', '' FROM operation"
        " WHERE hex(id) NOT IN (SELECT value FROM json_each(?))",
        (last_n, json.dumps([each.hex.upper() for each in without])),
    )
    (count,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return Begun(operations=count)


def change_device(work: UnitOfWork, device: str, last_n: int = 0) -> None:
    """Be another device from now on, as a copied profile is: what waits is numbered anew after *last_n*.

    What was answered under the old number stays answered; it cannot be asked for again.
    """
    connection = work.connection
    connection.execute("DELETE FROM outbox WHERE state <> 'new' OR previous_state = 'refused'")
    numbers = [n for (n,) in connection.execute("SELECT n FROM outbox ORDER BY n")]
    connection.execute("UPDATE outbox SET n = -n")
    connection.executemany(
        "UPDATE outbox SET n = ? WHERE n = ?", [(last_n + 1 + at, -n) for at, n in enumerate(numbers)]
    )
    write_names(connection, {"device": device, NUMBERED: last_n, "reached": last_n})
    work.commit()


def stop_sharing(work: UnitOfWork, *, unsent: bool = False) -> None:
    """Work alone from now on. Rows stay as they are here, and so does what was not accepted.

    Raises:
        InvalidInput: operations wait to be sent, and *unsent* does not say that they may stay here.
    """
    connection = work.connection
    left = counts(connection).pending
    if left and not unsent:
        raise InvalidInput(
            "{count} changes have not reached the server yet. Connect once more, or leave them on this PC.",
            fields=("unsent",),
            count=left,
        )
    for table in SYNC_TABLES:
        connection.execute(f"DELETE FROM {table}")
    # From now on nobody else has these contents.
    connection.execute("UPDATE attachment_file SET state = 'here' WHERE state = 'there'")
    work.look_again()
    work.commit()
