"""What is taken away leaves no byte: neither in the log, nor in pages, nor in the slack of pages."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services.store.connection import Connection, emptied_log, open_connection
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.pages import decrypted

KEY = bytes(range(32))
SECRET = b"canary"


def notes_that_come_and_go(connection: Connection, dice: random.Random) -> int:
    """Write notes in no order, take those of a team away now and then; return how many stay."""
    secret: list[bytes] = []
    for n, key in enumerate([dice.randbytes(16) for _ in range(400)]):
        team, theirs = dice.randbytes(16), dice.random() < 0.4
        text = f"{SECRET.decode() if theirs else 'note'} {n} " + "y" * dice.randint(20, 60)
        connection.execute(
            "INSERT INTO note (id, rev, text, author, at, team_id) VALUES (?, 1, ?, 'x', ?, ?)",
            (key, text, n, team),
        )
        secret += [key] if theirs else []
        if n == 399 or (n % 57 == 56 and dice.random() < 0.7):
            connection.executemany("DELETE FROM note WHERE id = ?", [(each,) for each in secret])
            secret.clear()
    return int(connection.execute("SELECT count(*) FROM note").fetchone()[0])


@pytest.mark.parametrize("anew", [False, True], ids=["deleted only", "written anew"])
def test_only_pages_written_anew_hold_nothing_of_what_was_deleted(tmp_path: Path, anew: bool) -> None:
    found = 0
    for seed in (0, 3):
        path = tmp_path / f"{seed}.db"
        ensure_schema(path, KEY)
        with closing(open_connection(path, KEY, role="writer")) as connection:
            left = notes_that_come_and_go(connection, random.Random(seed))
            assert SECRET in decrypted(path, KEY), "the log still holds it"
            with UnitOfWork(connection, Author("agent", "desk", utc_now)) as work:
                if anew:
                    work.write_anew("note")
                work.commit()
            assert emptied_log(connection)
            assert connection.execute("SELECT count(*) FROM note").fetchone() == (left,)
            found += decrypted(path, KEY).count(SECRET)
    assert bool(found) is not anew
