"""Bringing a store to this program's schema, or refusing it; one plain query when nothing is to do."""

from __future__ import annotations

import logging
from pathlib import Path

from crmdesk.errors import NewerStore, StoreFault, WrongKey
from crmdesk.services.store.connection import DATABASE_ERRORS, Connection, explained, open_connection

HEAD = "0005"
"""The schema of this program: the number of the last migration."""

_log = logging.getLogger("crmdesk.store")


def ensure_schema(path: Path, key: bytes, *, existing: bool = False) -> None:
    """Make the store at *path*, or bring it to this program's schema; a copy is kept of one that is changed.

    A desk whose store was lost must hear of it instead of working on in an empty one: with *existing*
    nothing is made where nothing is.

    Raises:
        StoreFault: wrong key, folder not writable, a newer program wrote the store, or none is there.
    """
    filled = path.exists() and path.stat().st_size > 0
    version = stored_version(path, key) if filled else None
    if version is None and existing:
        raise _missing(path)
    if version == HEAD:
        return
    _refuse_newer(version)
    from crmdesk.services.store.migrations.run import adds_only, copy_before, upgrade

    if version is None:
        upgrade(path, key, create=True)
        return
    copy = None if adds_only(version) else copy_before(path, key, version)
    upgrade(path, key)
    kept = f"a copy lies in {copy.name}" if copy else "nothing that was there was touched"
    _log.info("the store went from schema %s to %s; %s", version, HEAD, kept)


def refuse_unknown(path: Path, key: bytes) -> None:
    """Refuse a store this program could not open; looks at it as a reader, whoever writes there now.

    Raises:
        StoreFault: wrong key, a newer program wrote the store, or none is there.
    """
    if not path.exists() or path.stat().st_size == 0:
        raise _missing(path)
    connection = open_connection(path, key, role="reader")
    try:
        _refuse_newer(_version(connection, path))
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error
    finally:
        connection.close()


def _missing(path: Path) -> StoreFault:
    return StoreFault("The store at {path} is missing or empty. Restore it from a backup.", path=path)


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > HEAD:
        raise NewerStore(
            "A newer crmdesk wrote this store (its schema is {found}, this program knows {known})."
            " Install the newer crmdesk again.",
            found=version,
            known=HEAD,
        )


def stored_version(path: Path, key: bytes) -> str | None:
    """Return the schema of the store at *path*, None when it is still empty.

    Raises:
        StoreFault: wrong key, somebody else's database, or the store cannot be written.
    """
    connection = open_connection(path, key, role="writer")
    try:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection, path)
        connection.execute("ROLLBACK")
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error
    finally:
        connection.close()
    return version


def _version(connection: Connection, path: Path) -> str | None:
    if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return None
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
    if row is None:
        raise WrongKey("{path} is a database, but no store of crmdesk.", path=path)
    return str(row[0])
