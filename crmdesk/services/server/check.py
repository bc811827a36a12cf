"""Look whether the shared database is still as crmdesk made it; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmdesk.models.text import Text, say
from crmdesk.services.server import catalogue, ddl
from crmdesk.services.server.connect import connect, parsed, worded_work
from crmdesk.services.server.install import SCHEMA_VERSION, our_version
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.keys import Secrets

_MANY = 20
"""Broken rows of the audit that are named one by one."""

_HARDENING: tuple[tuple[str, str], ...] = (
    (
        "has_database_privilege('public', current_database(), 'TEMP')",
        "Everybody may make temporary tables in this database.",
    ),
    (
        "has_database_privilege('public', current_database(), 'CONNECT')",
        "Every account of the server may connect to this database.",
    ),
    ("has_schema_privilege('public', 'public', 'CREATE')", "Everybody may make tables in the schema public."),
    (
        "EXISTS (SELECT 1 FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace"
        " AND p.proname ~ '^(lo_|lowrite$|loread$)' AND has_function_privilege('public', p.oid, 'EXECUTE'))",
        "Everybody may keep large objects in this database.",
    ),
    ("current_setting('ssl') = 'off'", "The server does not speak TLS."),
    (
        "NOT (pg_has_role('crm_owner', 'pg_signal_backend', 'USAGE')"
        " AND pg_has_role('crm_owner', 'pg_read_all_stats', 'USAGE'))",
        "Sessions that hold up others cannot be ended: crm_owner lacks pg_signal_backend or"
        " pg_read_all_stats.",
    ),
)
"""What may not be so, and the sentence when it is."""

_STRONG = """
SELECT p.login::text FROM crm.person p JOIN pg_roles r ON r.rolname = p.login
WHERE r.rolsuper OR r.rolbypassrls OR r.rolreplication OR pg_has_role(r.oid, 'crm_owner', 'MEMBER') ORDER BY 1
"""
_LOST = """
SELECT p.login::text FROM crm.person p
WHERE p.active AND NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = p.login AND r.rolcanlogin)
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; nothing when everything is as it should be."""

    version: int
    findings: tuple[Text, ...] = ()


def check(dsn: str, *, password: str | None = None, secrets: Secrets | None = None) -> Checked:
    """Compare the database of *dsn* with what this program would make; arguments as of ``connect``.

    Raises:
        ServerUnfit: the database is not ours, or newer than this program.
        ServerFault: the server cannot be used.
    """
    told = parsed(dsn)
    with (
        connect(dsn, password=password, secrets=secrets) as work,
        worded_work(told),
        work.transaction(),
    ):
        work.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        version = our_version(work)
        return Checked(version, tuple(_findings(work, version)))


def _findings(work: Any, version: int) -> Iterator[Text]:
    if version < SCHEMA_VERSION:
        yield say("The database has version {version}; run crmdesk admin server upgrade.", version=version)
    held = catalogue.columns(work)
    told = set[str]()
    for table in ddl.TABLES:
        for finding in _table(table, held.get(table, {})):
            told.add(f"table {table}")
            yield finding
    yield from _altered(work, told)
    for condition, sentence in _HARDENING:
        if work.execute(f"SELECT {condition}").fetchone()[0]:
            yield say(sentence)
    yield from _people(work)
    yield from _totals(work)
    broken = work.execute("SELECT what, n FROM crm.broken_audit() LIMIT %s", (_MANY,)).fetchall()
    for what, n in broken:
        if what == "row":
            yield say("Row {n} of the audit was altered.", n=n)
        else:
            yield say(
                "The audit does not fit the feed up to number {n}: something was altered or removed.", n=n
            )


def _table(table: str, held: Mapping[str, catalogue.Column]) -> Iterator[Text]:
    """Compare the columns of a table with the fields of its entity."""
    if not held:
        yield say("The table {table} is missing.", table=table)
        return
    for name, definition in ddl.definitions(table).items():
        if name not in held:
            yield say("The table {table} lacks the column {column}.", table=table, column=name)
            continue
        found, wanted = _worded(held[name]), _wanted(name, definition)
        if found != wanted:
            yield say(
                "The column {column} of {table} is {found} and should be {wanted}.",
                table=table,
                column=name,
                found=found,
                wanted=wanted,
            )
    for name in held.keys() - set(ddl.columns(table)):
        yield say("The table {table} has a column {column} that is not ours.", table=table, column=name)


def _wanted(name: str, definition: str) -> str:
    """Return how a column is declared, in the words of the catalogue."""
    words = definition.removeprefix(ddl.quoted(name)).strip()
    words = words.replace("timestamptz", "timestamp with time zone", 1)
    return words.replace("PRIMARY KEY", "NOT NULL")


def _worded(column: catalogue.Column) -> str:
    kind, required, default = column
    return f"{kind}{' NOT NULL' if required else ''}{f' DEFAULT {default}' if default else ''}"


def _altered(work: Any, told: set[str]) -> Iterator[Text]:
    """Compare the catalogue with what it was after the installation, leaving out what was *told*."""
    known = dict(work.execute("SELECT what, digest FROM crm.baseline").fetchall())
    now = catalogue.digests(work)
    for what in sorted((known.keys() | now.keys()) - told):
        if what not in now:
            yield say("The {what} is missing.", what=what)
        elif what not in known:
            yield say("The {what} is not ours.", what=what)
        elif known[what] != now[what]:
            yield say("The {what} was altered by hand.", what=what)


def _totals(work: Any) -> Iterator[Text]:
    """Count every time line anew."""
    import psycopg

    try:
        with work.transaction():
            (wrong,) = work.execute("SELECT count(*) FROM crm.wrong_totals()").fetchone()
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InsufficientPrivilege):
        # Something was altered by hand, and that was told already.
        return
    if wrong:
        yield say(
            "The contacts of {count} customers are counted wrong; run crmdesk admin server upgrade.",
            count=wrong,
        )


def _people(work: Any) -> Iterator[Text]:
    strong = [login for (login,) in work.execute(_STRONG).fetchall()]
    if strong:
        yield say("These people have rights past all rules: {names}.", names=", ".join(strong))
    lost = [login for (login,) in work.execute(_LOST).fetchall()]
    if lost:
        yield say("These people have no account on this server: {names}.", names=", ".join(lost))
