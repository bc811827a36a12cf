"""Destroying at this desk what the server erased of a person, and giving it the desk's word for it.

The rows themselves go with a pull like any row that is gone. What stays here besides are the desk's own log,
its history, answers and refusals: they go here. Copies outside of the store (backups, letters, files that
somebody saved) are not in the program's hands.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.services.store.connection import Connection, empty_log
from crmdesk.services.sync.connection import worded
from crmdesk.services.sync.replica import read_place

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.services.sync.address import ServerAddress

_BATCH = 500
_log = logging.getLogger("crmdesk.sync")


def destroy_erased(store: Store, link: Any, address: ServerAddress, device: UUID) -> int:
    """Destroy what the server wants destroyed and confirm each; return how many erasures were confirmed.

    Waits for the next time while something of this desk is on its way to the server.

    Raises:
        ServerFault: the connection broke; what was destroyed is confirmed the next time.
    """
    with worded(address):
        wanted = link.execute("SELECT crm.my_erasures(%s::uuid)", (device,)).fetchone()[0]
    confirmed = 0
    for each in wanted:
        ids = [UUID(row_id) for row_id in each["row_ids"]]
        if not store.write(_destroy, UUID(each["customer_id"]), ids).result().result:
            break
        with worded(address):
            link.execute("SELECT crm.confirm_erasure(%s::uuid, %s::uuid)", (device, each["erasure"]))
        confirmed += 1
        _log.info("destroyed what was left of an erased person: %s rows", len(ids))
    return confirmed


def _destroy(work: UnitOfWork, customer: UUID, ids: Sequence[UUID]) -> bool:
    """Destroy all traces of *ids* in one transaction; False when operations of this desk come first."""
    connection = work.connection
    reached = read_place(connection).reached
    if connection.execute("SELECT 1 FROM outbox WHERE n > ? OR state = 'new' LIMIT 1", (reached,)).fetchone():
        return False
    name = str(customer)
    told = connection.execute(
        "SELECT DISTINCT row_id FROM history WHERE instr(before, ?) OR instr(after, ?)", (name, name)
    ).fetchall()
    rows = {row_id.bytes for row_id in ids} | {row_id for (row_id,) in told}
    done = set(_found(connection, "SELECT operation_id FROM history WHERE row_id IN", rows))
    told = connection.execute("SELECT id FROM operation WHERE instr(payload, ?)", (name,)).fetchall()
    operations = {op for op in done | {op for (op,) in told} if op}
    _run(connection, "DELETE FROM history WHERE row_id IN", rows)
    _run(connection, "DELETE FROM server_row WHERE row_id IN", rows)
    _run(connection, "DELETE FROM not_accepted WHERE op_id IN", operations)
    _run(connection, "UPDATE outbox SET result = NULL WHERE op_id IN", operations)
    _run(connection, "DELETE FROM operation WHERE id IN", operations)
    connection.execute(
        "DELETE FROM not_accepted WHERE instr(payload, ?) OR instr(current, ?) OR instr(seen, ?)",
        (name, name, name),
    )
    connection.execute("DELETE FROM request WHERE instr(result, ?)", (name,))
    work.commit()
    empty_log(connection)
    return True


def _found(connection: Connection, statement: str, keys: Iterable[bytes]) -> list[bytes]:
    """Return the first column of what *statement* finds for *keys*, in parts."""
    return [row[0] for part, marks in _parts(keys) for row in connection.execute(statement + marks, part)]


def _run(connection: Connection, statement: str, keys: Iterable[bytes]) -> None:
    """Run *statement* for *keys*, in parts."""
    for part, marks in _parts(keys):
        connection.execute(statement + marks, part)


def _parts(keys: Iterable[bytes]) -> list[tuple[list[bytes], str]]:
    listed = sorted(keys)
    parts = [listed[start : start + _BATCH] for start in range(0, len(listed), _BATCH)]
    return [(part, f" ({', '.join('?' * len(part))})") for part in parts]
