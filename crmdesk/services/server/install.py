"""Put crmdesk's schema into a PostgreSQL database, bring it up to date, and tend it.

The rules themselves are the files of ``sql/``, read in the order of their names; the business tables are made
from the entities. Every file may run again: an upgrade drops our functions, policies and triggers, runs the
steps from one version of the tables to the next (``upgrade/NNNN.sql``), and runs them all. Steps that change
rows (``upgrade/NNNN_rows.sql``) come last, with all rules in force, so that desks and audit hear of each row.
Everything happens in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crmdesk.errors import ServerUnfit
from crmdesk.models.complaint import SHOWN_OF_RESTRICTED
from crmdesk.models.effects import OF_TEAMS
from crmdesk.models.task import OWNER_IS_TOLD, SHOWN_OF_TASK
from crmdesk.models.text import Text, say
from crmdesk.services.server import catalogue, ddl, procedure
from crmdesk.services.server.connect import connect, parsed, worded_work
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.keys import Secrets

SCHEMA_VERSION = 1
MIN_CLIENT = 1
"""The oldest schema whose desks may still write here."""

SQL = Path(__file__).resolve().parent / "sql"
OWNER = "crm_owner"
OWN_TEAM: Mapping[str, tuple[str, str]] = dict.fromkeys(OF_TEAMS, ("team_id", "author"))
"""Tables whose rows may be for one team only: the columns of the team and of the author, who sees it too."""

RESTRICTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"complaint": SHOWN_OF_RESTRICTED, "task": SHOWN_OF_TASK}
)
"""Tables with restricted rows, and the columns of those that everybody sees."""

KIN: Mapping[str, tuple[str, ...]] = MappingProxyType({"complaint": ("repeat_of", "merged_into")})
"""Columns of such tables that name another row, which may be a restricted one."""

FOLLOWS: Mapping[str, str] = MappingProxyType({"task": "complaint_id"})
"""Such tables whose rows are restricted with their complaint, and the column that names it."""

OWNERS: Mapping[str, frozenset[str]] = MappingProxyType({"task": OWNER_IS_TOLD})
"""What the owner of such a row sees besides, whether or not he handles the complaint."""

PARENTS = ("customer_id", "call_id", "visit_id", "complaint_id")
"""The column that says to whose history a row belongs: the first of these that a table has."""

NOT_DONE = "not done: "
LOCK_SECONDS = 10.0
ROWS_A_STAMP = 5_000
SPARE_TAGS = 500
SPARE_POINTERS = 1_000_000
"""How far counters jump after a restore: further than anything given out since the backup."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and what this account may not do and somebody else has to."""

    version: int
    done: tuple[Text, ...] = ()
    left: tuple[Text, ...] = ()


def init(
    dsn: str, *, test: bool = False, password: str | None = None, secrets: Secrets | None = None
) -> Report:
    """Make the database of *dsn* crmdesk's; again, it only sets right what is not as it should be.

    Args:
        dsn: address of an empty database, or of one that is ours.
        test: its clock can be set, and only test profiles join it.
        password: see :func:`crmdesk.services.server.connect.connect`.
        secrets: the same.

    Raises:
        ServerUnfit: the server is too old, or the database holds something else, a newer version, or one
            that is no test database while *test* is asked for.
        ServerFault: the server cannot be used.
    """
    return _in_transaction(dsn, password, secrets, lambda work: _install(work, test=test, fresh_too=True))


def upgrade(dsn: str, *, password: str | None = None, secrets: Secrets | None = None) -> Report:
    """Bring a database of ours to this version; arguments and faults as in :func:`init`."""
    return _in_transaction(dsn, password, secrets, lambda work: _install(work, test=None, fresh_too=False))


def tick(dsn: str, *, password: str | None = None, secrets: Secrets | None = None) -> Report:
    """Do what is due: end sessions that hold others up, let time act, number what is committed. For cron."""
    told = parsed(dsn)
    with connect(dsn, password=password, secrets=secrets) as work, worded_work(told):
        version = our_version(work)
        ended = work.execute("SELECT crm.reap()").fetchone()[0]  # type: ignore[index]
        forgotten = work.execute("SELECT crm.run_due()").fetchone()[0]  # type: ignore[index]
        moved = forgotten.pop("complaints")
        stamped = 0
        while batch := work.execute("SELECT crm.stamp()").fetchone()[0]["stamped"]:  # type: ignore[index]
            stamped += batch
            if batch < ROWS_A_STAMP:
                break
        return Report(
            version,
            (
                say("{count} changes numbered.", count=stamped),
                say("{count} rows that have served their time removed.", count=sum(forgotten.values())),
                say("{count} sessions that held up others ended.", count=ended),
                say("{count} steps and reminders of complaints that were due.", count=moved),
            ),
        )


def after_restore(dsn: str, *, password: str | None = None, secrets: Secrets | None = None) -> Report:
    """Make a restored backup fit to work with, before any desk comes: run it while their logins are closed.

    Counters jump past whatever was given out after the backup, so that no desk's tag is given twice.
    Unlogged tables (who is where, rows on their way in bulk) are made anew: no log puts them right.
    """
    return _in_transaction(dsn, password, secrets, _after_restore)


def database_rights(work: Any) -> tuple[Text, ...]:
    """Set the rights on the database itself, which a copy does not inherit; return what was not possible."""
    return _warned(work, (SQL / "12_database.sql").read_text(encoding="utf-8"))


def _in_transaction(
    dsn: str, password: str | None, secrets: Secrets | None, work_on: Callable[[Any], Report]
) -> Report:
    told = parsed(dsn)
    with (
        connect(dsn, password=password, secrets=secrets) as work,
        worded_work(told),
        work.transaction(),
    ):
        work.execute(f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}")
        work.execute("SET LOCAL check_function_bodies = off")
        return work_on(work)


def _install(work: Any, *, test: bool | None, fresh_too: bool) -> Report:
    before = _version_or_empty(work) if fresh_too else our_version(work)
    done: list[Text] = []
    _run(work, "10_roles_schema.sql")
    left = database_rights(work)
    work.execute(f"SET LOCAL ROLE {OWNER}")
    if before is not None:
        _unhook(work)
    _run(work, "15_meta.sql")
    if before is None:
        work.execute(
            "INSERT INTO crm.meta (schema_version, min_client, test) VALUES (%s, %s, %s)",
            (SCHEMA_VERSION, MIN_CLIENT, bool(test)),
        )
        done.append(say("The database is crmdesk's now, version {version}.", version=SCHEMA_VERSION))
    _refuse_other_use(work, test)
    for version in range((before or SCHEMA_VERSION) + 1, SCHEMA_VERSION + 1):
        _run(work, f"upgrade/{version:04}.sql")
        done.append(say("The tables were brought to version {version}.", version=version))
    done.extend(_make_tables(work))
    for path in rule_files():
        _run(work, path.name)
    done.extend(procedure.fill(work))
    for version in range((before or SCHEMA_VERSION) + 1, SCHEMA_VERSION + 1):
        if (SQL / f"upgrade/{version:04}_rows.sql").exists():
            _run(work, f"upgrade/{version:04}_rows.sql")
    work.execute(
        "UPDATE crm.meta SET schema_version = %s, min_client = %s, upgraded_at = clock_timestamp()",
        (SCHEMA_VERSION, MIN_CLIENT),
    )
    done.extend(_noted(work, fresh=before is None))
    work.execute("RESET ROLE")
    return Report(SCHEMA_VERSION, tuple(done), left)


def rule_files() -> list[Path]:
    """Return the files that run after the tables are made, in order."""
    return [path for path in sorted(SQL.glob("*.sql")) if path.name >= "20"]


def our_version(work: Any) -> int:
    """Return the schema's version.

    Raises:
        ServerUnfit: the database holds something else, nothing, or a newer version.
    """
    version = _version_or_empty(work)
    if version is None:
        raise ServerUnfit(
            "The database {database} is empty. Run crmdesk admin server init first.",
            database=work.info.dbname,
        )
    return version


def _version_or_empty(work: Any) -> int | None:
    database = {"database": work.info.dbname}
    if work.execute("SELECT to_regclass('crm.meta') IS NOT NULL").fetchone()[0]:
        found = work.execute("SELECT max(schema_version) FROM crm.meta").fetchone()
        version: int = found[0]
        if version > SCHEMA_VERSION:
            raise ServerUnfit(
                "The database {database} was made by a newer crmdesk (version {version}). Install that one.",
                version=version,
                **database,
            )
        return version
    others = work.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        " ORDER BY 1 LIMIT 3"
    ).fetchall()
    foreign = work.execute("SELECT to_regnamespace('crm') IS NOT NULL").fetchone()[0]
    if others or foreign:
        raise ServerUnfit(
            "The database {database} holds something else ({names}). Take an empty one.",
            names=", ".join(name for (name,) in others) or "crm",
            **database,
        )
    return None


def _refuse_other_use(work: Any, test: bool | None) -> None:
    is_test = work.execute("SELECT test FROM crm.meta").fetchone()[0]
    if test and not is_test:
        raise ServerUnfit(
            "The database {database} is in real use and does not become a test database.",
            database=work.info.dbname,
        )


def _unhook(work: Any) -> None:
    """Drop our functions with the policies, triggers and defaults on them: all are made again."""
    found = work.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner"
        " WHERE p.pronamespace = 'crm'::regnamespace AND o.rolname = %s AND p.prokind = 'f'",
        (OWNER,),
    ).fetchall()
    if found:
        work.execute(f"DROP FUNCTION {', '.join(name for (name,) in found)} CASCADE")


def _make_tables(work: Any) -> Iterable[Text]:
    """Make the business tables, add columns that are new, and write down which tables there are."""
    for statement in ddl.statements():
        work.execute(statement)
    held = catalogue.columns(work)
    for table in ddl.TABLES:
        for name, definition in ddl.definitions(table).items():
            if name not in held[table]:
                work.execute(f"ALTER TABLE {ddl.qualified(table)} ADD COLUMN {definition}")
                yield say("The table {table} has a new column {column}.", table=table, column=name)
        team, author = OWN_TEAM.get(table, ("", ""))
        parent = next((name for name in PARENTS if name in ddl.columns(table)), "")
        shown = [name for name in ddl.columns(table) if name in RESTRICTED.get(table, ())]
        work.execute(
            "INSERT INTO crm.entity (tab, parent, team, author, columns, shown, kin, follows, owners)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tab) DO UPDATE SET parent = excluded.parent, team = excluded.team,"
            " author = excluded.author, columns = excluded.columns, shown = excluded.shown,"
            " kin = excluded.kin, follows = excluded.follows, owners = excluded.owners",
            (
                *(table, parent, team, author, list(ddl.columns(table)), shown, list(KIN.get(table, ()))),
                *(FOLLOWS.get(table, ""), sorted(OWNERS.get(table, ()))),
            ),
        )
    work.execute("DELETE FROM crm.entity WHERE tab <> ALL (%s)", (list(ddl.TABLES),))


def _noted(work: Any, *, fresh: bool) -> Iterable[Text]:
    """Write down what the catalogue holds now; say what was not so before."""
    known = dict(work.execute("SELECT what, digest FROM crm.baseline").fetchall())
    now = catalogue.digests(work)
    changed = sorted(what for what in known.keys() | now.keys() if known.get(what) != now.get(what))
    if changed:
        work.execute("DELETE FROM crm.baseline")
        work.execute(
            "INSERT INTO crm.baseline SELECT * FROM unnest(%s::text[], %s::text[])",
            (list(now), list(now.values())),
        )
    if fresh:
        work.execute("INSERT INTO crm.journal (what) VALUES (%s)", (f"init {SCHEMA_VERSION}",))
        yield say(
            "{tables} tables and {functions} functions made.",
            tables=sum(what.startswith("table ") for what in now),
            functions=sum(what.startswith("function ") for what in now),
        )
    elif changed:
        words = f"upgrade {SCHEMA_VERSION}: {', '.join(changed)}"
        work.execute("INSERT INTO crm.journal (what) VALUES (%s)", (words[:10_000],))
        yield say("{count} rules were made anew.", count=len(changed))
    else:
        yield say("Everything was as it should be; nothing was changed.")


def _after_restore(work: Any) -> Report:
    version = our_version(work)
    left = list(database_rights(work))
    work.execute(
        "SELECT setval('crm.tag_number', (SELECT last_value FROM crm.tag_number) + %s)", (SPARE_TAGS,)
    )
    work.execute(
        "SELECT setval('crm.feed_id_seq', (SELECT last_value FROM crm.feed_id_seq) + %s)", (SPARE_POINTERS,)
    )
    unlogged = work.execute(
        "SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c"
        " WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'u'"
    ).fetchone()[0]
    work.execute(f"TRUNCATE {unlogged}")
    work.execute("INSERT INTO crm.journal (at, what) VALUES (crm.now(), 'after restore')")
    done = [say("Counters jumped past what was given out after the backup.")]
    missing = work.execute(
        "SELECT p.login::text FROM crm.person p WHERE p.active"
        " AND NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = p.login) ORDER BY 1"
    ).fetchall()
    if missing:
        names = ", ".join(name for (name,) in missing)
        left.append(say("These people have no account on this server: {names}.", names=names))
    present = work.execute(
        "SELECT count(*) FROM pg_stat_activity a WHERE a.datname = current_database()"
        " AND a.pid <> pg_backend_pid() AND a.usename IN (SELECT login FROM crm.person)"
    ).fetchone()[0]
    if present:
        left.append(
            say(
                "{count} desks were connected already. Close their logins first, then run this again.",
                count=present,
            )
        )
    return Report(version, tuple(done), tuple(left))


def _run(work: Any, name: str) -> None:
    work.execute((SQL / name).read_text(encoding="utf-8"))


def _warned(work: Any, statements: str) -> tuple[Text, ...]:
    """Run *statements*; return what they warned of."""
    met: list[Text] = []

    def listen(notice: Any) -> None:
        what = str(notice.message_primary)
        if what.startswith(NOT_DONE):
            what = what.removeprefix(NOT_DONE)
            met.append(
                say("Not possible for this account; the server's administrator runs: {what}", what=what)
            )

    work.add_notice_handler(listen)
    try:
        work.execute(statements)
    finally:
        work.remove_notice_handler(listen)
    return tuple(met)
