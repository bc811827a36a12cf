"""SQLAlchemy over the one writing connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool
from sqlcipher3 import dbapi2

from crmdesk.services.store.connection import open_connection


def writing_engine(path: Path, key: bytes, *, create: bool = False) -> Engine:
    """Return an engine over one writing connection to the store at *path*.

    Each transaction begins IMMEDIATE: it waits for the write lock at its start, never in its middle.
    """
    engine = create_engine(
        "sqlite://",
        creator=lambda: open_connection(path, key, role="writer", create=create),
        poolclass=StaticPool,
        module=dbapi2,
    )
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
