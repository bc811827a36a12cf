"""Contents of attachments on their way: a lane of their own, behind everything else.

They go in pieces on a short line of their own, so that no operation ever waits for one, and only while no
operation waits to be sent; on a slow line not during a call. The server knows which pieces it has, so sending
goes on where it was cut, however it was cut. What is cut or refused is tried again after a later round.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from crmdesk.errors import CrmdeskError, FileFault, NotFound
from crmdesk.services.attachments.cabinet import PIECE_BYTES, Cabinet, Sealed
from crmdesk.services.attachments.filing import expect, mark, sealed_file
from crmdesk.services.attachments.keys import COMING, REFUSED, THERE
from crmdesk.services.attachments.room import make_room
from crmdesk.services.stop import Stop
from crmdesk.services.store.values import to_micros
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.connection import Link, connect, worded

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.connection import Connection
    from crmdesk.services.store.store import Store

THREAD = "crmdesk-contents"
SLOW_SECONDS = 0.5
"""A line that takes longer for a piece is a slow one: below four megabits a second."""
CALL_LONGEST = timedelta(hours=2)
"""A call that seems to last longer is one whose end nobody told."""
NO_SUCH_FILE = "CR006"
"""SQLSTATE of a file that the server does not have, or not for this person."""
CONNECT_SECONDS = 3
_WAITING = (
    "SELECT f.id FROM attachment_file AS f JOIN attachment AS a ON a.id = f.id WHERE f.state = 'here'"
    " AND f.id NOT IN (SELECT row_id FROM server_row WHERE table_name = 'attachment') ORDER BY a.at, f.id"
)
_log = logging.getLogger("crmdesk.sync")


class Contents:
    """Sends the contents that wait, on a thread that lives as long as there are any.

    Args:
        store: of this desk.
        profile: gives the cabinet, the password and how much room there is.
        address: of the server.
    """

    def __init__(self, store: Store, profile: Profile, address: ServerAddress) -> None:
        self._store = store
        self._profile = profile
        self._address = address
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._slow = False

    def wake(self, *, wait: bool = False) -> None:
        """Begin to send what waits, if anything does; *wait* until no more is sent."""
        if not self._closing.is_set() and self._store.read(waiting).result():
            with self._guard:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                    self._thread.start()
        if wait:
            self._wait()

    def _wait(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Break off what is sent; it goes on the next time."""
        self._closing.set()
        with self._guard:
            if self._link is not None:
                self._link.interrupt()
        self._wait()

    def _run(self) -> None:
        try:
            self._send_all()
        except CrmdeskError as trouble:
            _log.info("contents of files wait: %s", trouble)
        except Exception:  # noqa: BLE001 - the edge of a thread: it begins anew after a later round
            if not self._closing.is_set():
                _log.exception("sending contents of files failed")

    def _send_all(self) -> None:
        password = self._profile.secrets.get(self._profile.id, PASSWORD) or ""
        with closing(connect(self._address, password)) as link:
            with self._guard:
                self._link = link
            try:
                with worded(self._address), link.patient():
                    for file_id in self._store.read(waiting).result():
                        if not self._send(link, file_id):
                            return
            finally:
                with self._guard:
                    self._link = None
        make_room(self._store, self._profile)

    def _send(self, link: Link, file_id: UUID) -> bool:
        """Send one content as far as it goes; return whether the next may go."""
        sealed, _ = self._store.read(sealed_file, file_id).result()
        try:
            return self._send_pieces(link, sealed)
        except FileFault as fault:
            _log.warning("a file cannot be sent: %s", fault)
            self._note(file_id, REFUSED, fault.sentence)
        except NotFound:
            _log.info("a file went before its content was sent")
        except psycopg.errors.Error as error:
            if error.sqlstate != NO_SUCH_FILE:
                raise
        return True

    def _send_pieces(self, link: Link, sealed: Sealed) -> bool:
        row = link.execute("SELECT crm.begin_file(%s)", (sealed.id,)).fetchone()
        begun = row[0] if row else {}
        whole, known = bool(begun["whole"]), set(begun["pieces"])
        for i in range(pieces_of(sealed.size)):
            if whole:
                break
            if i in known:
                continue
            if not self._may_go_on():
                return False
            whole = self._put(link, sealed, i)
        if whole:
            self._note(sealed.id, THERE)
        else:
            self._profile.cabinet.read(sealed)
        return True

    def _put(self, link: Link, sealed: Sealed, i: int) -> bool:
        piece = self._profile.cabinet.piece(sealed, i)
        began = time.monotonic()
        row = link.execute("SELECT crm.put_piece(%s, %s, %b)", (sealed.id, i, piece)).fetchone()
        self._slow = time.monotonic() - began > SLOW_SECONDS
        return bool(row and row[0])

    def _may_go_on(self) -> bool:
        if self._closing.is_set():
            return False
        author = self._store.author
        since = author.now() - CALL_LONGEST
        held_up = self._store.read(_held_up, author.actor, to_micros(since), self._slow).result()
        return not held_up

    def _note(self, file_id: UUID, state: str, why: str = "") -> None:
        self._store.write(mark, file_id, state, why, initiator="sync").result()


def waiting(connection: Connection) -> tuple[UUID, ...]:
    """Return the contents that the server may have and has not, oldest first."""
    return tuple(UUID(bytes=key) for (key,) in connection.execute(_WAITING).fetchall())


def pieces_of(size: int) -> int:
    """Return in how many pieces a content of *size* bytes goes."""
    return -(-size // PIECE_BYTES)


def _held_up(connection: Connection, agent: str, since: int, slow: bool) -> bool:
    """Whether something else comes first: an operation to be sent, or a call on a slow line."""
    if connection.execute("SELECT 1 FROM outbox WHERE state = 'new' LIMIT 1").fetchone():
        return True
    if not slow or not agent:
        return False
    talking = (
        "SELECT 1 FROM call WHERE agent_id = ? AND started_at >= ? AND ended_at IS NULL AND state <> 'ended'"
        " LIMIT 1"
    )
    return connection.execute(talking, (UUID(agent).bytes, since)).fetchone() is not None


def fetch_content(
    store: Store,
    profile: Profile,
    address: ServerAddress,
    file_id: UUID,
    told: Callable[[int, int], object] = lambda _done, _total: None,
    stop: Stop | None = None,
) -> None:
    """Bring a content here from the server, on a short line of its own; what came before a cut stays.

    Any thread; waits for the server. *told* hears how many bytes are here, and of how many; *stop* breaks it
    off, which is a cut like any other.

    Raises:
        NotFound: there is no such attachment, or its content has not reached the server yet.
        ServerFault: the server cannot be used just now.
        StoreFault: no space.
        FileFault: what came is not what was attached.
        Stopped: it was broken off.
    """
    stop = stop or Stop()
    with profile.cabinet.fetching:
        stop.check()
        sealed = _expected(store, file_id)
        password = profile.secrets.get(profile.id, PASSWORD) or ""
        with (
            closing(connect(address, password, wait_seconds=CONNECT_SECONDS)) as link,
            worded(address),
            link.patient(),
            stop.ending(link.interrupt),
        ):
            _fetch_pieces(link, profile.cabinet, sealed, told)
        if not profile.cabinet.accept(sealed):
            raise FileFault("What came of {name} is damaged. Try again.", name=sealed.name)
        wanted = store.write(mark, file_id, THERE, initiator="sync").result().result
        if not wanted:
            profile.cabinet.drop(file_id)
    make_room(store, profile)


def _expected(store: Store, file_id: UUID) -> Sealed:
    """Return what is to come, under the key of what has come already or a new one."""
    from crmdesk.services.attachments.sealed import fresh_key

    sealed, state = store.read(sealed_file, file_id).result()
    if state != COMING:
        sealed = replace(sealed, key=fresh_key())
        store.write(expect, file_id, sealed.key, sealed.size).result()
    return sealed


def _fetch_pieces(link: Link, cabinet: Cabinet, sealed: Sealed, told: Callable[[int, int], object]) -> None:
    if sealed.size == 0:
        cabinet.come(sealed, b"", 0)
    for i in range(cabinet.came(sealed), pieces_of(sealed.size)):
        told(i * PIECE_BYTES, sealed.size)
        row = link.execute("SELECT crm.get_piece(%s, %s)", (sealed.id, i), binary=True).fetchone()
        if row is None or row[0] is None:
            raise NotFound(
                "The content of {name} has not reached the server yet: the desk that attached it has still to"
                " send it. Try again later.",
                name=sealed.name,
            )
        cabinet.come(sealed, row[0], i)
    told(sealed.size, sealed.size)
