"""Files in the fault run: what somebody at a desk does with them, and what must hold of their contents.

A content is made from the name of its file alone, so whoever holds one can tell whether it is whole, whatever
the program says of it. The name begins with whose it is and ends with the size; so does the content.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from crmdesk.errors import CrmdeskError
from crmdesk.services.attachments.cabinet import PIECE_BYTES, Cabinet, Sealed
from crmdesk.services.attachments.desk import attachments_of
from crmdesk.services.attachments.room import sweep
from crmdesk.services.attachments.sealed import FRAME_BYTES
from crmdesk.services.profile import Profile
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.store import Store

SIZES = ((1, 2_000), (FRAME_BYTES,) * 2, (PIECE_BYTES,) * 2, (PIECE_BYTES + 1, 600_000), (0, 0))
OFTEN = (8, 1, 2, 8, 1)
"""How often files of each of the :data:`SIZES` (from, to) are attached."""
LOOKED_AT = 4
"""Of the contents that are only at the server, each desk fetches so many when all faults are healed."""
OF_TEAMS = 0.85
"""Above a half: who looks at a file mostly looks at one that not everybody has the right to."""
NUMBER = re.compile(r"[0-9a-f]{32}")
Tell = Callable[..., None]


def content_of(name: str) -> bytes:
    """Return the content of the file *name*."""
    size = int(name.rpartition(" ")[2])
    return (name.encode() + random.Random(name).randbytes(size))[:size]


class Files:
    """Attaches files at a desk and looks at those of others.

    Args:
        store: of the desk.
        profile: of the desk.
        chance: of all dice.
        mark: returns the word that texts of a team begin with here, for a team's id.
        tell: hears of each thing that was done.
    """

    def __init__(
        self,
        store: Store,
        profile: Profile,
        chance: random.Random,
        mark: Callable[[bytes | None], str],
        tell: Tell,
    ) -> None:
        self._store = store
        self._profile = profile
        self._chance = chance
        self._mark = mark
        self._tell = tell
        self._given = attachments_of(profile, store)

    def something(self) -> tuple[UUID, str, UUID | None] | None:
        """Attach a file, or ask for one; return the operation's id and kind, and whose file it is.

        Raises:
            CrmdeskError: it could not be done here.
        """
        if (luck := self._chance.random()) < 0.5:
            return self._attach()
        known = self._store.read(_files).result()
        if known:
            of_teams = [each for each in known if not each[1].startswith("file ")]
            file_id, name, author = self._chance.choice((of_teams if luck < OF_TEAMS else ()) or known)
            asked = self._given.read(file_id)
            asked.add_done_callback(partial(self._seen, file_id, name, author != self._store.author.actor))
        return None

    def look_around(self) -> None:
        """Tell of each file that is shown here whether its content is whole; fetch some that are not here."""
        left = LOOKED_AT
        for file_id, name, author in self._store.read(_files).result():
            here = self._profile.cabinet.holds(file_id)
            if here or left:
                left -= not here
                asked = self._given.read(file_id)
                with suppress(CrmdeskError):
                    asked.result()
                self._seen(file_id, name, author != self._store.author.actor, asked, "lacking")

    def tidy(self) -> None:
        """Take away what nobody knows any more, as is done each hour: keys are gone by then."""
        for key in self._store.read(nobodys_keys).result():
            self._tell("stray", key)
        self.sweep()

    def sweep(self) -> None:
        """Take away what nobody knows any more."""
        sweep(self._store, self._profile)

    def close(self) -> None:
        """Finish what was asked for."""
        self._given.close()

    def _attach(self) -> tuple[UUID, str, UUID | None] | None:
        found = self._store.read(_records).result()
        if not found:
            return None
        record, customer, team = self._chance.choice(found)
        size = self._chance.randint(*self._chance.choices(SIZES, OFTEN)[0])
        name = f"{self._mark(team)} {uuid4().hex} {size}"
        file_id = self._given.add(record, content_of(name), name).result()
        self._tell_key(file_id)
        return self._store.read(_added, file_id).result(), "attachment.add", customer

    def _seen(
        self, file_id: UUID, name: str, others: bool, asked: Future[bytes], trouble: str = "unread"
    ) -> None:
        try:
            whole = asked.result() == content_of(name)
        except CrmdeskError as why:
            self._tell(trouble, file_id, str(why))
            return
        self._tell_key(file_id)
        self._tell(("opened" if others else "read") if whole else "spoilt", file_id)

    def _tell_key(self, file_id: UUID) -> None:
        key = self._store.read(_key, file_id).result()
        if key:
            self._tell("key", file_id, key.hex())


def _files(connection: Connection) -> list[tuple[UUID, str, str]]:
    found = connection.execute("SELECT id, name, author FROM attachment ORDER BY id").fetchall()
    return [(UUID(bytes=key), name, author) for key, name, author in found]


def _records(connection: Connection) -> list[tuple[UUID, UUID | None, bytes | None]]:
    """Return the complaints that can be read here and as many customers: id, whose, the team's."""
    complaints = connection.execute(
        "SELECT c.id, c.customer_id, b.team_id FROM complaint_body AS b JOIN complaint AS c ON c.id = b.id"
        " WHERE c.customer_id IS NOT NULL ORDER BY c.id"
    ).fetchall()
    most = len(complaints) + 10
    customers = connection.execute(
        "SELECT id, id, NULL FROM customer ORDER BY id DESC LIMIT ?", (most,)
    ).fetchall()
    return [
        (UUID(bytes=record), UUID(bytes=whose), team) for record, whose, team in (*complaints, *customers)
    ]


def _added(connection: Connection, file_id: UUID) -> UUID:
    (key,) = connection.execute(
        "SELECT id FROM operation WHERE kind = 'attachment.add' AND json_extract(payload, '$.id') = ?",
        (str(file_id),),
    ).fetchone()
    return UUID(bytes=key)


def _key(connection: Connection, file_id: UUID) -> bytes | None:
    found = connection.execute("SELECT file_key FROM attachment_file WHERE id = ?", (file_id.bytes,))
    row = found.fetchone()
    return row[0] if row else None


AT_SERVER = """
SELECT a.id, a.name, crm.is_whole(a), (
    SELECT string_agg(p.bytes, ''::bytea ORDER BY p.i) FROM crm.attachment_piece p WHERE p.attachment = a.id)
FROM crm.attachment a ORDER BY a.id
"""


def spoilt_at_server(owner: Any) -> list[str]:
    """Return the attachments whose content is not at the server, whole: after all is healed none is lost."""
    told = []
    for file_id, name, whole, content in owner.execute(AT_SERVER).fetchall():
        if not whole:
            told.append(f"{file_id} is not whole: {len(content or b'')} bytes of {name}")
        elif (content or b"") != content_of(name):
            told.append(f"{file_id} has another content than {name}")
    stray = owner.execute(
        "SELECT count(*) FROM crm.attachment_piece p WHERE NOT EXISTS"
        " (SELECT 1 FROM crm.attachment a WHERE a.id = p.attachment)"
    ).fetchone()[0]
    return [*told, *(["pieces of no attachment"] if stray else [])]


def unsealed(file: Connection, folder: Path) -> Iterator[tuple[UUID, str, bytes | None]]:
    """Yield each content that a desk has the key of: id, name and what it is, None where it is not whole."""
    found = file.execute(
        "SELECT f.id, f.file_key, f.state, a.name, a.size, a.digest FROM attachment_file AS f"
        " JOIN attachment AS a ON a.id = f.id WHERE f.state <> 'coming'"
    ).fetchall()
    for key, sealed_with, _, name, size, digest in found:
        file_id, content = UUID(bytes=key), None
        with suppress(CrmdeskError):
            content = Cabinet(folder).read(Sealed(file_id, sealed_with, name, size, digest))
        yield file_id, name, content


def nobodys(file: Connection, folder: Path) -> list[str]:
    """Return what lies in a desk's folder of contents, or among its keys, without belonging to anything."""
    keys = {key.hex() for (key,) in file.execute("SELECT id FROM attachment_file").fetchall()}
    there = {path.name.removesuffix(".coming") for path in folder.iterdir()} if folder.exists() else set()
    return [f"the file {each} is nobody's" for each in sorted(there - keys)] + [
        f"the key of {each} is nobody's" for each in nobodys_keys(file)
    ]


def nobodys_keys(file: Connection) -> list[str]:
    """Return the ids of contents that a desk has keys of and neither attachments nor forms."""
    found = file.execute(
        "SELECT lower(hex(id)) FROM attachment_file WHERE state <> 'held' AND"
        " id NOT IN (SELECT id FROM attachment) AND"
        " lower(hex(id)) NOT IN (SELECT lower(replace(json_extract(payload, '$.id'), '-', ''))"
        " FROM not_accepted WHERE kind = 'attachment.add') ORDER BY id"
    )
    return [key for (key,) in found.fetchall()]


def attach_hidden(owner: Any, customer: str, team: UUID, name: str) -> None:
    """Write a file of a customer that only *team* sees, with its content, as the database's owner."""
    file_id, content = uuid4(), content_of(name)
    owner.execute(
        "INSERT INTO crm.attachment (id, customer_id, team_id, name, size, digest, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, now())",
        (file_id, customer, team, name, len(content), hashlib.sha256(content).hexdigest()),
    )
    owner.execute("INSERT INTO crm.attachment_piece VALUES (%s, 0, %s)", (file_id, content))
    owner.execute("INSERT INTO crm.attachment_whole VALUES (%s, 'boss', now())", (file_id,))


def hidden_from(session: Any, ids: set[UUID]) -> list[UUID]:
    """Return those of *ids*, attachments all, that the person of *session* is not shown."""
    return sorted(ids - {key for (key,) in session.execute("SELECT id FROM crm.attachment").fetchall()})


def given_way(session: Any, file_id: UUID) -> list[str]:
    """Try to get at the content of an attachment, or to change it; return what gave way."""
    told = []
    if session.execute("SELECT crm.get_piece(%s, 0)", (file_id,)).fetchone()[0] is not None:
        told.append(f"{file_id} was given out")
    for asked in ("crm.begin_file(%s)", "crm.put_piece(%s, 0, 'x')"):
        with suppress(psycopg.Error):
            session.execute(f"SELECT {asked}", (file_id,))
            told.append(f"{asked} takes {file_id}")
    return told
