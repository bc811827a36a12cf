"""Saves notes until a small disk is full, then frees some of it; tells what happened as one JSON object."""

import json
import os
import sys
from contextlib import closing, suppress
from pathlib import Path
from uuid import UUID

from crmdesk.errors import DiskFull
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Author
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.models.types import utc_now
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.drafts import Drafts
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.space import Space, free_bytes
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

KEY = bytes(range(32))
MEGABYTE = 1 << 20
NOTES_AT_MOST = 3_000


def add_customer(work: UnitOfWork) -> UUID:
    operation = open_customer(work.author, {"name": "Li"})
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def add_note(work: UnitOfWork, customer_id: UUID, text: str) -> None:
    work.do(append_note(work.author, text, customer_id=customer_id))
    work.commit()


def fill(folder: Path) -> dict[str, object]:
    """Work on the disk at *folder*, which is small, until it is full, and after."""
    (folder / "films").write_bytes(bytes(3 * MEGABYTE))
    ensure_schema(folder / "store.db", KEY)
    space = Space(folder, reserve_bytes=3 * MEGABYTE, low_bytes=4 * MEGABYTE, elapsed=Ticks())
    worries: list[tuple[int, str | None]] = []
    acknowledged, sentence = 0, ""
    store = Store(folder / "store.db", KEY, Author("a", "d", utc_now), followers, space=space)
    with closing(store), closing(Drafts(folder / "drafts.db", KEY)) as drafts:
        store.on_trouble(lambda text: worries.append((acknowledged, str(text) if text else None)))
        store.warm().result()
        held = (folder / "reserve").exists()
        customer_id = store.write(add_customer).result().result
        drafts.save(NoteDraft("d", "c", "kept", 4, utc_now())).result()
        try:
            while acknowledged < NOTES_AT_MOST:
                store.write(add_note, customer_id, f"{acknowledged} " + "x" * 8_000).result()
                acknowledged += 1
        except DiskFull as error:
            sentence = str(error)
        used_up = not (folder / "reserve").exists()
        left = free_bytes(folder)
        with suppress(DiskFull):
            drafts.save(NoteDraft("d", "c", "kept " * 4_000, 4, utc_now())).result()
        (folder / "films").unlink()
        store.write(add_note, customer_id, "room again").result()
        drafts.save(NoteDraft("d", "c", "typed on", 4, utc_now())).result()
    return {
        "acknowledged": acknowledged,
        "sentence": sentence,
        "worries": worries,
        "reserve": [held, used_up],
        "left": left,
        **found(folder),
    }


class Ticks:
    """Seconds that pass quickly, so that every save looks at the disk."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


def found(folder: Path) -> dict[str, object]:
    with closing(open_connection(folder / "store.db", KEY, role="reader")) as connection:
        return {
            "notes": count(connection, "SELECT count(*) FROM note"),
            "whole": count(connection, "SELECT count(*) FROM note WHERE length(text) > 8000"),
            "logged": count(connection, "SELECT count(*) FROM operation WHERE kind = 'note.append'"),
            "integrity": connection.execute("PRAGMA integrity_check").fetchone()[0],
        }


def count(connection: Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fill(Path(sys.argv[1]))))
    sys.stdout.flush()
    os._exit(0)
