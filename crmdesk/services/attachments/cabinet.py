"""The folder in which contents of attachments lie, each sealed under a key of its own.

The keys are in the store. A file is there under its name only when all of it is on the disk, so whoever finds
a row finds the content; a file without a key is noise, and :meth:`Cabinet.sweep` takes it away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import UUID

from crmdesk.errors import DiskFull, FileFault
from crmdesk.models.attachment import FILE_LIMIT, refuse_too_large
from crmdesk.services.attachments.given import read_given
from crmdesk.services.attachments.names import HEAD_BYTES, harmless, media_type
from crmdesk.services.attachments.sealed import (
    FRAME_BYTES,
    SEALED_BYTES,
    altered,
    frames_of,
    fresh_key,
    read_frames,
    write_frames,
)
from crmdesk.services.store.files import file_trouble, sync_folder, worded, write_whole
from crmdesk.values import dataclass

PIECE_BYTES = 256 * 1024
"""What goes over the line at once."""
_PIECE_FRAMES = PIECE_BYTES // FRAME_BYTES
_COMING = ".coming"
_OPENED = "opened"
"""Folder of plain copies for other programs; emptied at each start and end."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A content that lies in the cabinet: ``size`` in bytes, ``digest`` its SHA-256 as hex digits."""

    id: UUID
    key: bytes
    name: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """What opens a content in the cabinet, and what it must be."""

    id: UUID
    key: bytes
    name: str
    size: int
    digest: str


class Cabinet:
    """Puts contents away and gives them out again. Any thread; nobody waits for another one's file.

    Args:
        folder: of the profile's attachments.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetching = threading.Lock()
        """Held by whoever fetches a content, so that two do not write the same file."""
        self._guard = threading.Lock()
        self._busy: set[UUID] = set()
        self._held: set[UUID] = set()

    def put(self, file_id: UUID, source: Path | bytes, name: str = "", limit: int = FILE_LIMIT) -> Kept:
        """Put the content of *source* away, durably, under a new key; *name* is what it is to be called.

        The id stays the caller's concern until :meth:`done`: no sweep takes the file before.

        Raises:
            InvalidInput: it is too large, empty, or no plain file. Nothing was put away.
            FileFault: it cannot be read, or was changed meanwhile.
            StoreFault: no space, or the folder cannot be written. Nothing was put away.
        """
        called = harmless(name or (source.name if isinstance(source, Path) else ""))
        content = source if isinstance(source, bytes) else read_given(source, called, limit)
        refuse_too_large(called, len(content), limit)
        kept = Kept(
            id=file_id,
            key=fresh_key(),
            name=called,
            media_type=media_type(content[:HEAD_BYTES]),
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )
        self._begin(kept.id)
        try:
            with self._new_file(kept.id) as file:
                write_frames(file, kept.key, kept.id, kept.size, content)
        except BaseException:
            self.done(kept.id)
            raise
        return kept

    def done(self, file_id: UUID) -> None:
        """The store knows the file now, or never will."""
        with self._guard:
            self._busy.discard(file_id)

    def hold(self, file_id: UUID) -> None:
        """A form of this program has the file from now on; told before its key is written."""
        with self._guard:
            self._held.add(file_id)

    @property
    def held_here(self) -> frozenset[UUID]:
        """What forms of this program have, or had: no sweep asks whether a draft names it."""
        with self._guard:
            return frozenset(self._held)

    def holds(self, file_id: UUID) -> bool:
        """Whether the content lies here, whole."""
        return self._path(file_id).is_file()

    def read(self, sealed: Sealed) -> bytes:
        """Return the content.

        Raises:
            FileFault: it is not here, or not as it was put away.
        """
        content = b"".join(self._frames(sealed, 0, frames_of(sealed.size)))
        if hashlib.sha256(content).hexdigest() != sealed.digest:
            raise altered()
        return content

    def piece(self, sealed: Sealed, i: int) -> bytes:
        """Return the *i*-th part of :data:`PIECE_BYTES`; faults as in :meth:`read`."""
        return b"".join(self._frames(sealed, i * _PIECE_FRAMES, _PIECE_FRAMES))

    def save(self, sealed: Sealed, path: Path) -> None:
        """Write the content, plain, to *path*, whole or not at all; what is there is replaced.

        Raises:
            FileFault: the content is not here or damaged, or *path* cannot be written.
            StoreFault: no space.
        """
        write_plain(path, self.read(sealed))

    def open_copy(self, sealed: Sealed) -> Path:
        """Return a plain copy for another program to show; it is there until this program ends.

        Raises:
            CrmdeskError: as in :meth:`save`.
        """
        content = self.read(sealed)
        path = self.folder / _OPENED / sealed.id.hex / harmless(sealed.name)
        with worded(self.folder):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_plain(path, content)
        return path

    def come(self, sealed: Sealed, piece: bytes, i: int) -> None:
        """Add the *i*-th part of a content that comes from elsewhere; the parts come in order.

        Raises:
            StoreFault: no space, or the folder cannot be written; what had come before stays.
        """
        with worded(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._coming(sealed.id).open("ab") as file:
                file.truncate(i * _PIECE_FRAMES * SEALED_BYTES)
                write_frames(file, sealed.key, sealed.id, sealed.size, piece, i * _PIECE_FRAMES)

    def came(self, sealed: Sealed) -> int:
        """Return how many parts have come so far, each of them as it was written."""
        path = self._coming(sealed.id)
        try:
            whole = path.stat().st_size // SEALED_BYTES // _PIECE_FRAMES
            return whole if whole * PIECE_BYTES <= sealed.size and self._sound(path, sealed, whole) else 0
        except OSError:
            return 0

    def accept(self, sealed: Sealed) -> bool:
        """Take what has come for the content if it is that; else throw it away. Return whether it is.

        Raises:
            StoreFault: the folder cannot be written.
        """
        path = self._coming(sealed.id)
        found = hashlib.sha256()
        with worded(self.folder):
            try:
                for part in read_frames(path, sealed.key, sealed.id, sealed.size, 0, frames_of(sealed.size)):
                    found.update(part)
            except (FileFault, FileNotFoundError):
                found = hashlib.sha256(b"damaged")
            if found.hexdigest() != sealed.digest:
                path.unlink(missing_ok=True)
                return False
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(self._path(sealed.id))
            sync_folder(self.folder)
        return True

    def drop(self, file_id: UUID) -> None:
        """Take a content away; one that another program holds open goes with the next sweep."""
        with suppress(OSError):
            self._path(file_id).unlink(missing_ok=True)
            self._coming(file_id).unlink(missing_ok=True)
            shutil.rmtree(self.folder / _OPENED / file_id.hex, ignore_errors=True)

    def sweep(self, known: Callable[[], Collection[UUID]]) -> int:
        """Take away whatever is not of the files that are *known*; return how many went."""
        # In this order: whatever is put away meanwhile is not listed, or busy, or known by then.
        listed = (*self._listed(self.folder), *self._listed(self.folder / _OPENED))
        with self._guard:
            kept = {each.hex for each in self._busy}
        kept.update(each.hex for each in known())
        gone = 0
        for path in listed:
            if path.name != _OPENED and path.name.removesuffix(_COMING) not in kept:
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    gone += 1
        return gone

    def tidy(self) -> None:
        """Take away the copies that were made for other programs."""
        shutil.rmtree(self.folder / _OPENED, ignore_errors=True)

    def _begin(self, file_id: UUID) -> None:
        with self._guard:
            self._busy.add(file_id)

    def _path(self, file_id: UUID) -> Path:
        return self.folder / file_id.hex

    def _coming(self, file_id: UUID) -> Path:
        return self.folder / f"{file_id.hex}{_COMING}"

    def _frames(self, sealed: Sealed, first: int, count: int) -> Iterator[bytes]:
        try:
            yield from read_frames(self._path(sealed.id), sealed.key, sealed.id, sealed.size, first, count)
        except FileNotFoundError as error:
            raise FileFault("The content of {name} is not on this computer.", name=sealed.name) from error
        except OSError as error:
            raise FileFault(
                "{name} cannot be read: {words}.", name=sealed.name, words=error.strerror or error
            ) from error

    def _sound(self, path: Path, sealed: Sealed, pieces: int) -> bool:
        try:
            for _ in read_frames(path, sealed.key, sealed.id, sealed.size, 0, pieces * _PIECE_FRAMES):
                pass
        except FileFault:
            return False
        return True

    @contextmanager
    def _new_file(self, file_id: UUID) -> Iterator[IO[bytes]]:
        """Give a file beside, which takes its place once it is on the disk; else nothing is left of it."""
        path, beside = self._path(file_id), self._coming(file_id)
        with worded(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
                sync_folder(self.folder)
            except BaseException:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
                raise

    def _listed(self, folder: Path) -> list[Path]:
        try:
            return list(folder.iterdir())
        except FileNotFoundError:
            return []


def write_plain(path: Path, content: bytes) -> None:
    """Write *content* to *path*, whole or not at all.

    Raises:
        FileFault: it cannot be written there.
        StoreFault: no space.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        trouble = file_trouble(error, path)
        if isinstance(trouble, DiskFull):
            raise trouble from error
        raise FileFault(
            "{path} cannot be written: {words}.", path=path, words=error.strerror or error
        ) from error
