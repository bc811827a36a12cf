"""Statements that tests of the server share: rows without the way through a desk."""

from __future__ import annotations

import uuid
from typing import Any

from tests.cluster import Database

MOMENT = "2026-11-20T09:58:00Z"


def add_customer(session: Any, name: str = "Zhang San") -> uuid.UUID:
    """Write a customer as the owner of the database and return his id."""
    row_id = uuid.uuid4()
    session.execute(
        "INSERT INTO crm.customer (id, name, created_at, updated_at) VALUES (%s, %s, %s, %s)",
        (row_id, name, MOMENT, MOMENT),
    )
    return row_id


def add_note(session: Any, text: str, team: uuid.UUID | None, author: uuid.UUID | None = None) -> uuid.UUID:
    """Write a note for *team* (None: for everybody) as the owner of the database and return its id."""
    row_id = uuid.uuid4()
    session.execute(
        "INSERT INTO crm.note (id, text, author, team_id, at) VALUES (%s, %s, %s, %s, %s)",
        (row_id, text, str(author or ""), team, MOMENT),
    )
    return row_id


def stamp(session: Any) -> dict[str, Any]:
    """Number what is committed and return what was said."""
    answer: dict[str, Any] = session.execute("SELECT crm.stamp()").fetchone()[0]
    return answer


def stamp_all(session: Any) -> int:
    """Number everything that is committed; return the number of the last one."""
    while stamp(session)["stamped"]:
        pass
    return int(stamp(session)["seq"])


def mutate(database: Database, function: str, was: str, becomes: str) -> None:
    """Plant a bug: replace *was* in the source of *function*, where it stands exactly once."""
    with database.connect() as session:
        source: str = session.execute("SELECT pg_get_functiondef(%s::regprocedure)", (function,)).fetchone()[
            0
        ]
        assert source.count(was) == 1, f"{was!r} stands {source.count(was)} times in {function}"
        session.execute(source.replace(was, becomes))
