"""A store comes to this program's schema in steps, after a copy; one a newer program wrote is refused."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from crmdesk.errors import Bug, NewerStore, WrongKey
from crmdesk.services.store import schema as store_schema
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.engine import writing_engine
from crmdesk.services.store.migrations import run
from crmdesk.services.store.migrations.declared import declared_statements
from crmdesk.services.store.schema import HEAD, ensure_schema, stored_version
from crmdesk.services.store.tables import schema

KEY = bytes(range(32))
NEXT = f"{int(HEAD) + 1:04}"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    ensure_schema(path, KEY)
    return path


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty, tmp_path / "store.db"))


def run_sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(open_connection(path, KEY, role="writer", create=True)) as connection:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows


def described(path: Path) -> set[tuple[object, ...]]:
    """Everything the database knows of its schema, white space apart."""
    rows = run_sql(path, "SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {
        (kind, name, table, " ".join(str(sql).split()))
        for kind, name, table, sql in rows
        if table != "alembic_version"
    }


def test_the_migrated_schema_is_the_declared_one(empty: Path, tmp_path: Path) -> None:
    """Tables, indexes, constraints, views, triggers and search indexes, word for word."""
    run_sql(tmp_path / "declared.db", *declared_statements())
    assert described(empty) == described(tmp_path / "declared.db"), "write a step"


def test_autogenerate_finds_nothing_to_do(empty: Path) -> None:
    def is_declared(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or name in schema().metadata.tables

    engine = writing_engine(empty, KEY)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": is_declared}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema().metadata) == []
    engine.dispose()


def test_every_constraint_has_a_name() -> None:
    tables = [statement for statement in declared_statements() if "\n\trev INTEGER" in statement]
    assert len(tables) > 15
    for statement in tables:
        for line in statement.splitlines():
            if re.search(r"PRIMARY KEY \(|UNIQUE \(|CHECK \(", line):
                assert line.strip().startswith("CONSTRAINT "), line


def test_this_program_knows_its_last_step() -> None:
    assert run.head() == HEAD


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO team VALUES (x'00', 1, '', '', '', '')",
        "INSERT INTO team VALUES (zeroblob(16), 0, '', '', '', '')",
        "INSERT INTO agent VALUES (zeroblob(16), 1, '', '', '', '', NULL, '', '[]', 7)",
    ],
)
def test_the_file_itself_refuses_rows_that_cannot_be(store: Path, statement: str) -> None:
    with pytest.raises(Exception, match="CHECK constraint failed: ck_"):
        run_sql(store, statement)


def test_a_store_that_is_up_to_date_loads_nothing(store: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom crmdesk.services.store.schema import ensure_schema\n"
        "ensure_schema(Path(sys.argv[1]), bytes(range(32)))\n"
        "print([name for name in ('alembic', 'sqlalchemy') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(store)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
    assert list(store.parent.glob("*.schema-*")) == []


def test_a_store_whose_making_was_cut_short_is_made(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    run_sql(path, "CREATE TABLE t (x)", "DROP TABLE t")
    assert stored_version(path, KEY) is None
    ensure_schema(path, KEY)
    assert stored_version(path, KEY) == HEAD


def test_a_newer_store_is_refused_and_left_alone(store: Path) -> None:
    run_sql(store, "UPDATE alembic_version SET version_num = '9999'")
    before = store.read_bytes()
    with pytest.raises(NewerStore, match=r"newer crmdesk wrote this store.*9999"):
        ensure_schema(store, KEY)
    assert store.read_bytes() == before


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    run_sql(path, "CREATE TABLE other (x)")
    with pytest.raises(WrongKey, match="no store of crmdesk"):
        ensure_schema(path, KEY)
    assert run_sql(path, "SELECT name FROM sqlite_master") == [("other",)]


@pytest.fixture
def next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program that knows one step more; gives the file of that step."""
    folder = tmp_path / "migrations"
    shutil.copytree(run.FOLDER, folder)
    monkeypatch.setattr(run, "FOLDER", folder)
    monkeypatch.setattr(store_schema, "HEAD", NEXT)
    step = folder / "versions" / f"{NEXT}_more.py"
    step.write_text(
        f"from alembic import op\nrevision, down_revision = '{NEXT}', '{HEAD}'\n"
        "def upgrade():\n    op.execute('CREATE TABLE more (x)')\n"
    )
    yield step


def test_an_older_store_is_copied_then_taken_on(store: Path, next_step: Path) -> None:
    run_sql(store, "INSERT INTO team VALUES (zeroblob(16), 1, 'k', '', 'Team', '组')")
    ensure_schema(store, KEY)
    assert stored_version(store, KEY) == NEXT
    assert run_sql(store, "SELECT name_zh FROM team") == [("组",)]
    copy = store.with_name(f"store.db.schema-{HEAD}")
    assert stored_version(copy, KEY) == HEAD
    assert run_sql(copy, "SELECT name_zh FROM team") == [("组",)]
    assert b"SQLite" not in copy.read_bytes()


def test_a_step_that_fails_changes_nothing(store: Path, next_step: Path) -> None:
    next_step.write_text(next_step.read_text() + "    op.execute('INSERT INTO nowhere VALUES (1)')\n")
    before = described(store)
    with pytest.raises(Bug, match="nowhere"):
        ensure_schema(store, KEY)
    assert described(store) == before
    assert stored_version(store, KEY) == HEAD


def test_a_step_that_only_adds_needs_no_copy(store: Path, next_step: Path) -> None:
    next_step.write_text(next_step.read_text() + "adds_only = True\n")
    ensure_schema(store, KEY)
    assert stored_version(store, KEY) == NEXT
    assert list(store.parent.glob("*.schema-*")) == []


def test_a_store_of_the_first_schema_becomes_one_of_this(empty: Path, tmp_path: Path) -> None:
    """What it held stays: notes and tasks move into tables that know complaints."""
    store = tmp_path / "first.db"
    first = Path(run.FOLDER, "versions", "0001_initial.sql").read_text(encoding="utf-8")
    run_sql(
        store,
        *first.strip().split("\n\n"),
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('0001')",
        "INSERT INTO note VALUES (x'" + "11" * 16 + "', 1, NULL, x'" + "22" * 16 + "', '漏油', 'a', 5, NULL)",
        "INSERT INTO task (id, rev, kind, subject, note, number_value, state, attempts, created_at)"
        " VALUES (x'" + "33" * 16 + "', 2, 'task', 'call back', '', '', 'open', 1, 7)",
    )
    ensure_schema(store, KEY)
    assert described(store) == described(empty)
    assert run_sql(store, "SELECT rev, text, complaint_id FROM note") == [(1, "漏油", None)]
    assert run_sql(store, "SELECT rev, subject, created_at, complaint_id, errand FROM task") == [
        (2, "call back", 7, None, None)
    ]
