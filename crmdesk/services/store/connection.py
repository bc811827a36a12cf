"""Opening the encrypted file.

SQLCipher with a raw 256-bit key; write-ahead log, durable commits, deleted text overwritten. SQLite
older than 3.51.3 is refused: it can lose committed pages when two connections write and checkpoint (the
WAL-reset bug).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from sqlcipher3 import dbapi2

from crmdesk.errors import Bug, CrmdeskError, DiskFull, StoreBusy, StoreFault, StoreUnwritable, WrongKey
from crmdesk.services.store.files import DISK_FULL, UNWRITABLE

OLDEST_SQLITE = (3, 51, 3)
KEY_BYTES = 32
BUSY_TIMEOUT_MS = 5_000
Role = Literal["writer", "reader", "bulk"]
CACHE_KIB = MappingProxyType({"reader": 8_192, "writer": 16_384, "bulk": 65_536})
"""Page cache by role: an idle desk must stay small, only a child process may take much."""
CHECKPOINT_PAGES = MappingProxyType({"writer": 256, "bulk": 4_096})
"""Pages in the log before they are moved into the file: few, so that a full disk leaves little to move."""

Connection = Any
"""A DB-API connection of sqlcipher3."""


def open_connection(path: Path, key: bytes, *, role: Role, create: bool = False) -> Connection:
    """Open the store at *path* with the raw *key* (32 bytes).

    The connection is in autocommit mode: transactions are begun by whoever needs one. A reader can change
    nothing (``query_only``). It may be used by any one thread at a time.

    Raises:
        StoreFault: wrong key, no such file, folder not writable, or SQLite too old.
    """
    check_library()
    if len(key) != KEY_BYTES:
        raise WrongKey("The key of this store is damaged. Restore the profile from a backup.")
    if not create and not path.exists():
        raise StoreFault("There is no store at {path}.", path=path)
    if create:
        # Log and index of the file get its mode from SQLite: nobody else reads any of them. What hinders it
        # hinders SQLite too, and is told below.
        with suppress(OSError):
            path.touch(mode=0o600)
    connection = None
    try:
        connection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
        _prepare(connection, key, role)
    except dbapi2.Error as error:
        if connection is not None:
            connection.close()
        raise explained(error, path) from error
    return connection


def check_library() -> None:
    """Refuse an SQLite with the WAL-reset bug."""
    if tuple(int(n) for n in dbapi2.sqlite_version.split(".")) < OLDEST_SQLITE:
        raise StoreFault(
            "This program was built with SQLite {version}, which can lose data. Install it again.",
            version=dbapi2.sqlite_version,
        )


def library_versions() -> str:
    """Return the versions of SQLite and SQLCipher, for people."""
    connection = dbapi2.connect(":memory:")
    try:
        cipher = connection.execute("PRAGMA cipher_version").fetchone()
    finally:
        connection.close()
    return f"SQLite {dbapi2.sqlite_version}, SQLCipher {cipher[0] if cipher else 'missing'}"


def _prepare(connection: Connection, key: bytes, role: Role) -> None:
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB[role]}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if role == "reader":
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA query_only = ON")
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES[role]}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = ON")


def log_left(path: Path) -> bool:
    """Whether a write-ahead log lies beside the file: whoever had it open last was cut off."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def emptied_log(connection: Connection) -> bool:
    """Move what the write-ahead log holds into the file and cut the log: deleted text stands in it still.

    Outside of a transaction. Return False when somebody reads from the log just now: try again later.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return not busy


def empty_log(connection: Connection) -> None:
    """Move the log into the file and cut it off, so that deleted text is nowhere any more.

    Outside of a transaction. Does not wait for readers: while one reads an older state the log stays, and a
    later call or the next start does it.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def explained(error: Exception, path: Path | str = "") -> CrmdeskError:
    """Return the failure of ours that words the database's *error* (of sqlcipher3)."""
    words = str(error).lower()
    if "not a database" in words or "encrypted" in words:
        return WrongKey("The key does not fit the store at {path}, or the file is no store.", path=path)
    if "disk is full" in words or "no space" in words:
        return DiskFull(DISK_FULL)
    if "readonly" in words or "unable to open" in words or "permission" in words:
        return StoreUnwritable(UNWRITABLE, path=path)
    if "locked" in words or "busy" in words:
        return StoreBusy("Another program uses this store. Close it, or try again in a moment.")
    if "disk i/o" in words:
        return StoreFault("The disk under {path} fails. Back the profile up and call your IT.", path=path)
    if "malformed" in words or "corrupt" in words:
        return StoreFault("The store at {path} is damaged. Restore it from a backup.", path=path)
    if isinstance(error, OUR_MISTAKES) or words.startswith(("no such", "near ")):
        return Bug("The store refuses a statement: {words}.", words=str(error))
    return StoreFault("The store reports: {words}.", words=str(error))


OUR_MISTAKES = (dbapi2.IntegrityError, dbapi2.ProgrammingError, dbapi2.InterfaceError)
"""What a right program does not meet, whatever happens to the file."""

DATABASE_ERRORS = (dbapi2.Error,)
"""What a raw connection may raise."""
