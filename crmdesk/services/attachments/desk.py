"""Attachments of one desk: filing, looking at, and fetching what is only at the server.

Everything here waits for the disk and some of it for the server; :class:`Attachments` does it on lanes of its
own, so that a slow line keeps nobody from filing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.services.attachments.filing import (
    AttachedFile,
    attach,
    attached_files,
    known_files,
    look_at,
    sealed_file,
)
from crmdesk.services.attachments.keys import COMING
from crmdesk.services.executor import Lane
from crmdesk.services.stop import Stop
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.attachments.cabinet import Cabinet, Sealed
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store
    from crmdesk.settings import Settings

T = TypeVar("T")
Told = Callable[[int, int], object]
"""Hears how many bytes of a content are here, and of how many."""
Fetch = Callable[[UUID, Told, Stop], None]
"""Brings a content here, telling how much of it has come, until it is broken off."""


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one file, and of all files of a record."""

    file: int
    record: int


def limits_of(settings: Settings) -> Limits:
    """Return the limits that IT has set."""
    return Limits(settings.number("attachment_mb") << 20, settings.number("attachments_mb") << 20)


def keep_file(
    store: Store,
    cabinet: Cabinet,
    limits: Limits,
    record_id: UUID,
    source: Path | bytes,
    name: str = "",
    file_id: UUID | None = None,
) -> UUID:
    """Attach a file, or bytes that are to be called *name*, to a complaint or customer; return its id.

    Its content is durable before anybody sees the row. The same *file_id* again changes nothing.

    Raises:
        InvalidInput: it is too large, no plain file, or the record has too much already.
        NotFound: there is no such record, or the complaint is not for this person.
        FileFault: it cannot be read.
        StoreFault: no space. In any case nothing is left of it.
    """
    if file_id is not None and file_id in store.read(known_files).result():
        return file_id
    file_id = file_id or store.author.new_id()
    kept = cabinet.put(file_id, source, name, limits.file)
    try:
        return store.write(attach, record_id, kept, limits.record).result().result
    except BaseException:
        cabinet.drop(file_id)
        raise
    finally:
        cabinet.done(file_id)


def here(
    store: Store,
    cabinet: Cabinet,
    file_id: UUID,
    fetch: Fetch,
    told: Told = _nobody,
    stop: Stop | None = None,
) -> Sealed:
    """Return what opens a content that lies here by then: where it does not it is fetched.

    Raises:
        NotFound: there is no such attachment.
        ServerFault: it is only at the server, which cannot be used just now.
        Stopped: it was broken off; what has come waits, sealed, for the next time.
    """
    sealed, state = store.read(sealed_file, file_id).result()
    if state in ("", COMING) or not cabinet.holds(file_id):
        fetch(file_id, told, stop or Stop())
        sealed, _ = store.read(sealed_file, file_id).result()
    store.write(look_at, file_id)
    return sealed


def alone(_file_id: UUID, _told: Told, _stop: Stop) -> None:
    """Refuse to fetch anything: this desk shares with nobody."""
    raise NotFound("The content of this file is not on this computer, and this desk works alone.")


def fetching(profile: Profile, store: Store) -> Fetch:
    """Return what brings a content here from the server that this desk shares, if it shares one."""

    def fetch(file_id: UUID, told: Told, stop: Stop) -> None:
        from crmdesk.services.sync.address import ServerAddress
        from crmdesk.services.sync.sharing import server_of
        from crmdesk.services.sync.trust import trusting

        held = store.read(server_of).result()
        if held is None:
            alone(file_id, told, stop)
            return
        from crmdesk.services.sync.contents import fetch_content

        address = trusting(profile, ServerAddress.from_values(held))
        fetch_content(store, profile, address, file_id, told, stop)

    return fetch


def attachments_of(profile: Profile, store: Store) -> Attachments:
    """Return the attachments of an open *profile*."""
    return Attachments(store, profile.cabinet, lambda: profile.settings, fetching(profile, store))


class Attachments:
    """Attachments as the window asks for them: any thread may call, others complete the futures.

    Args:
        store: of this desk.
        cabinet: of this desk.
        settings: gives the settings as they are.
        fetch: brings the content of a file here from the server, waiting for it; see :func:`alone`.
    """

    def __init__(
        self, store: Store, cabinet: Cabinet, settings: Callable[[], Settings], fetch: Fetch = alone
    ) -> None:
        self._store = store
        self._cabinet = cabinet
        self._settings = settings
        self._fetch = fetch
        self._filing = Lane("files")
        self._looking = Lane("fetch")
        self._under_way: set[Stop] = set()

    def of(self, record_id: UUID) -> Future[tuple[AttachedFile, ...]]:
        """Ask for the files of a complaint or a customer, oldest first."""
        return self._store.read(attached_files, record_id)

    def add(self, record_id: UUID, source: Path | bytes, name: str = "") -> Future[UUID]:
        """Attach a file, or bytes that are to be called *name*; faults as in :func:`keep_file`."""
        return self._filing.run(self._add, record_id, source, name)

    def read(self, file_id: UUID, told: Told = _nobody, stop: Stop | None = None) -> Future[bytes]:
        """Ask for a content, fetched where it is not here; faults as in :func:`here` and FileFault."""
        return self._given(file_id, told, stop, self._cabinet.read)

    def save(self, file_id: UUID, path: Path, told: Told = _nobody, stop: Stop | None = None) -> Future[None]:
        """Write a content to *path*, whole or not at all, over what is there."""
        return self._given(file_id, told, stop, lambda sealed: self._cabinet.save(sealed, path))

    def open_copy(self, file_id: UUID, told: Told = _nobody, stop: Stop | None = None) -> Future[Path]:
        """Ask for a plain copy that another program can show; it goes when this program ends."""
        return self._given(file_id, told, stop, self._cabinet.open_copy)

    def close(self) -> None:
        """Finish what is queued, but fetch nothing more; take plain copies away."""
        for stop in self._under_way.copy():
            stop.ask()
        self._filing.close()
        self._looking.close()
        self._cabinet.tidy()

    def _add(self, record_id: UUID, source: Path | bytes, name: str) -> UUID:
        return keep_file(self._store, self._cabinet, limits_of(self._settings()), record_id, source, name)

    def _given(self, file_id: UUID, told: Told, stop: Stop | None, give: Callable[[Sealed], T]) -> Future[T]:
        wish = stop or Stop()

        def look() -> T:
            wish.check()
            sealed = here(self._store, self._cabinet, file_id, self._fetch, told, wish)
            wish.check()
            return give(sealed)

        self._under_way.add(wish)
        asked: Future[Any] = self._looking.run(look)
        asked.add_done_callback(lambda _: self._under_way.discard(wish))
        return asked
