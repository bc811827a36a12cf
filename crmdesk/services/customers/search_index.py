"""The indexes behind "find anything", kept level inside the transaction that changes the rows.

======================  =======================================================================
``customer_search``     normalised names of each customer and his contacts: what the name index holds
``customer_fts``        terms of the names (see ``names``) to ``customer.seq``; prefixes of one to five
                        characters have postings of their own, so a surname that a tenth of all people
                        have is read from its end and left after a page
``contact_point_fts``   trigrams of national digits and of addresses to ``contact_point.seq``
``asset_fts``           trigrams of plates and vehicle numbers to ``asset.seq``
``customer_stale``      customers whose names changed in this transaction; empty between transactions
======================  =======================================================================

Digits and plates follow their rows by triggers alone. Names need pinyin: triggers mark the customer stale,
:class:`CustomerSearchIndex` indexes him anew. FTS5 removes entries physically (``secure-delete``), which
needs the terms as they were: those of ``customer_search``, by the analysis named in ``setting``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crmdesk.models.operations import RowChange
from crmdesk.services.customers.names import search_terms, searchable
from crmdesk.services.customers.values import rows

ANALYSIS = "1"
"""To be counted up whenever ``names`` gives other terms: stores indexed otherwise are then indexed anew."""
BULK_HASH_BYTES = 64 << 20
USUAL_HASH_BYTES = 1 << 20
BATCH = 5_000
STAMP = "customer_search"

_TEXT = "CASE WHEN {0}kind = 'phone' THEN {0}national ELSE {0}value END"

TABLES: tuple[str, ...] = (
    """CREATE TABLE customer_search (
        seq INTEGER PRIMARY KEY, -- customer.seq
        starred INTEGER NOT NULL, -- 1 when he has a tier or is a key account
        own INTEGER NOT NULL, -- how many of the names, from the first on, are his own
        names TEXT NOT NULL -- normalised, one a line: name, name_alt, contacts
    )""",
    """CREATE TABLE customer_stale (
        seq INTEGER PRIMARY KEY -- customer.seq, of one deleted too
    )""",
    """CREATE VIRTUAL TABLE customer_fts USING fts5 (
        terms, content='', columnsize=0, detail=none, prefix='1 2 3 4 5', tokenize='ascii'
    )""",
    f"""CREATE VIEW contact_point_text AS
        SELECT seq, {_TEXT.format("")} AS text FROM contact_point""",
    """CREATE VIRTUAL TABLE contact_point_fts USING fts5 (
        text, content='contact_point_text', content_rowid='seq', columnsize=0, detail=none,
        tokenize='trigram'
    )""",
    """CREATE VIRTUAL TABLE asset_fts USING fts5 (
        plate_key, vin, content='asset', content_rowid='seq', columnsize=0, detail=none, tokenize='trigram'
    )""",
    "INSERT INTO customer_fts (customer_fts, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO contact_point_fts (contact_point_fts, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO asset_fts (asset_fts, rank) VALUES ('secure-delete', 1)",
)


def _trigger(name: str, event: str, *statements: str, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} AFTER {event}{condition} BEGIN {'; '.join(statements)}; END"


def _following(table: str, columns: Sequence[str], text: Callable[[str], str]) -> tuple[str, ...]:
    """Return the triggers that keep ``<table>_fts`` level; *text* words the columns of ``new.``/``old.``."""
    held = ", ".join(columns)
    add = f"INSERT INTO {table}_fts (rowid, {held}) VALUES (new.seq, {text('new.')})"
    drop = f"INSERT INTO {table}_fts ({table}_fts, rowid, {held}) VALUES ('delete', old.seq, {text('old.')})"
    changed = f"({text('new.')}) IS NOT ({text('old.')})"
    return (
        _trigger(f"{table}_search_insert", f"INSERT ON {table}", add),
        _trigger(f"{table}_search_update", f"UPDATE ON {table}", drop, add, when=changed),
        _trigger(f"{table}_search_delete", f"DELETE ON {table}", drop),
    )


_STALE = "INSERT OR IGNORE INTO customer_stale (seq) "
_OWNER = _STALE + "SELECT seq FROM customer WHERE id = {}.customer_id"
_RENAMED = (
    "(new.name, new.name_alt, new.tier, new.key_account)"
    " IS NOT (old.name, old.name_alt, old.tier, old.key_account)"
)

TRIGGERS: tuple[str, ...] = (
    *_following("contact_point", ("text",), _TEXT.format),
    *_following("asset", ("plate_key", "vin"), "{0}plate_key, {0}vin".format),
    _trigger("customer_search_insert", "INSERT ON customer", _STALE + "VALUES (new.seq)"),
    _trigger("customer_search_update", "UPDATE ON customer", _STALE + "VALUES (new.seq)", when=_RENAMED),
    _trigger("customer_search_delete", "DELETE ON customer", _STALE + "VALUES (old.seq)"),
    _trigger("contact_search_insert", "INSERT ON contact", _OWNER.format("new")),
    _trigger(
        "contact_search_update",
        "UPDATE ON contact",
        _OWNER.format("old"),
        _OWNER.format("new"),
        when="(new.name, new.name_alt, new.customer_id) IS NOT (old.name, old.name_alt, old.customer_id)",
    ),
    _trigger("contact_search_delete", "DELETE ON contact", _OWNER.format("old")),
)

CUSTOMER_SEARCH_SCHEMA: tuple[str, ...] = (
    *TABLES,
    *TRIGGERS,
    f"INSERT INTO setting (name, value) VALUES ('{STAMP}', '\"{ANALYSIS}\"')",
)
"""DDL of all of it, to be run once, in order, after the tables of the entities exist."""

_NAMES = """SELECT c.seq, c.tier <> '' OR c.key_account, c.name, c.name_alt,
 (SELECT group_concat(p.name || char(10) || p.name_alt, char(10)) FROM contact AS p
  WHERE p.customer_id = c.id)
 FROM customer AS c"""

_STALE_ONES = "(SELECT seq FROM customer_stale)"
_WRITE = "INSERT INTO customer_search (seq, starred, own, names) VALUES (?, ?, ?, ?)"


class CustomerSearchIndex:
    """Follows the names of customers and contacts; an index that follows rows, in the store's sense."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Index anew whoever was renamed in this transaction."""
        if any(change.table in ("customer", "contact") for change in changes):
            refresh(connection)


def refresh(connection: Any) -> None:
    """Bring the name index up to the customers marked stale. Inside of the caller's transaction."""
    if not rows(connection, "SELECT 1 FROM customer_stale LIMIT 1"):
        return
    for seq, names in rows(connection, f"SELECT seq, names FROM customer_search WHERE seq IN {_STALE_ONES}"):
        connection.execute(
            "INSERT INTO customer_fts (customer_fts, rowid, terms) VALUES ('delete', ?, ?)",
            (seq, _terms(names)),
        )
        connection.execute("DELETE FROM customer_search WHERE seq = ?", (seq,))
    index_rows(connection, rows(connection, f"{_NAMES} WHERE c.seq IN {_STALE_ONES} ORDER BY c.seq"))
    connection.execute("DELETE FROM customer_stale")


def _analysed(row: tuple[Any, ...]) -> tuple[tuple[int, int, int, str], tuple[int, str]]:
    """Return the document and the index entry of a row of ``_NAMES``."""
    seq, starred, name, name_alt, contacts = row
    own = searchable([name, name_alt])
    names = "\n".join(dict.fromkeys((*own, *searchable((contacts or "").split("\n")))))
    return (seq, starred, len(own), names), (seq, _terms(names))


def _terms(names: str) -> str:
    return " ".join(sorted(search_terms(names)))


def is_current(connection: Any) -> bool:
    """Tell whether the store was indexed by this program's analysis; if not, :func:`rebuild` it."""
    return rows(connection, "SELECT value FROM setting WHERE name = ?", STAMP) == [(f'"{ANALYSIS}"',)]


def suspend(connection: Any) -> None:
    """Let go of the rows: for loading millions, to be followed by :func:`rebuild` when they are there."""
    for (name,) in rows(connection, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        if "_search_" in name:
            connection.execute(f"DROP TRIGGER {name}")


def rebuild(connection: Any, told: Callable[[int], object] = lambda done: None) -> None:
    """Index everything anew, as after a bulk load; *told* hears how many customers are done.

    Inside of the caller's transaction, on a writing or bulk connection: minutes of work for a million
    customers, so in a process of its own and on a store nobody else writes.
    """
    suspend(connection)
    for name in ("contact_point_fts", "asset_fts"):
        _set(connection, name, "hashsize", BULK_HASH_BYTES)
        connection.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")
        _finish(connection, name)
    connection.execute("INSERT INTO customer_fts (customer_fts) VALUES ('delete-all')")
    connection.execute("DELETE FROM customer_search")
    _set(connection, "customer_fts", "hashsize", BULK_HASH_BYTES)
    _index_all(connection, told)
    _finish(connection, "customer_fts")
    connection.execute("DELETE FROM customer_stale")
    for statement in TRIGGERS:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (STAMP, f'"{ANALYSIS}"'),
    )


def _index_all(connection: Any, told: Callable[[int], object]) -> None:
    reading = connection.execute(f"{_NAMES} ORDER BY c.seq")
    done = 0
    while batch := reading.fetchmany(BATCH):
        index_rows(connection, batch)
        done += len(batch)
        told(done)


def index_rows(connection: Any, customers: Iterable[tuple[int, int, str, str, str | None]]) -> None:
    """Index customers that are not indexed yet.

    Args:
        connection: inside a transaction.
        customers: (seq, starred, name, name_alt, names of contacts one a line or None), by rising seq.
    """
    analysed = [_analysed(row) for row in customers]
    connection.executemany(_WRITE, [held for held, _ in analysed])
    connection.executemany(
        "INSERT INTO customer_fts (rowid, terms) VALUES (?, ?)", [entry for _, entry in analysed]
    )


def _set(connection: Any, table: str, name: str, value: int) -> None:
    connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (name, value))


def _finish(connection: Any, table: str) -> None:
    connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    _set(connection, table, "hashsize", USUAL_HASH_BYTES)
