"""Taking a store to this program's schema in one transaction; one that is changed is copied first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from crmdesk.services.store.connection import DATABASE_ERRORS, explained, open_connection
from crmdesk.services.store.engine import writing_engine

FOLDER = Path(__file__).parent


def scripts() -> ScriptDirectory:
    """Return the steps."""
    return ScriptDirectory(str(FOLDER))


def head() -> str:
    """Return the number of the last step."""
    return str(scripts().get_current_head())


def adds_only(version: str) -> bool:
    """Whether the steps from *version* on only add tables: what is there is not touched."""
    steps = scripts().iterate_revisions("head", version)
    return all(getattr(step.module, "adds_only", False) for step in steps)


def upgrade(path: Path, key: bytes, *, create: bool = False) -> None:
    """Take the store at *path* through all steps it has not seen; nothing is changed when one fails.

    Raises:
        StoreFault: no space, or the folder cannot be written.
    """
    steps = scripts()
    engine = writing_engine(path, key, create=create)
    try:
        with engine.begin() as connection:
            context = MigrationContext.configure(connection, opts={"fn": _to_head(steps)})
            with Operations.context(context):
                context.run_migrations()
    except DBAPIError as error:
        raise explained(error.orig or error, path) from error
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error
    finally:
        engine.dispose()


def _to_head(steps: ScriptDirectory) -> Callable[[Any, Any], Any]:
    return lambda revision, _context: steps._upgrade_revs("head", revision)


def copy_before(path: Path, key: bytes, version: str) -> Path:
    """Copy the store at *path* beside it as it was under schema *version*; return the copy's path.

    Raises:
        StoreFault: no space for the copy; the store is as it was.
    """
    copy = path.with_name(f"{path.name}.schema-{version}")
    copy.unlink(missing_ok=True)
    try:
        source = open_connection(path, key, role="reader")
        target = open_connection(copy, key, role="bulk", create=True)
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.close()
        source.close()
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error
    return copy
