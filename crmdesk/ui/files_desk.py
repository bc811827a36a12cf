"""What the window asks of files: attached, held for a form, looked at, saved.

Loaded when the first file is wanted; services and disk with the first request, on lanes of their own.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from crmdesk.errors import AgentError, InvalidInput
from crmdesk.models.text import Text
from crmdesk.services.executor import Lane
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Future

    from PySide6.QtGui import QImage

    from crmdesk.services.attachments.desk import Attachments, Limits, Told
    from crmdesk.services.attachments.filing import AttachedFile
    from crmdesk.services.complaints.intake_sheet import HeldFile
    from crmdesk.services.profile import Profile
    from crmdesk.services.stop import Stop
    from crmdesk.services.store.store import Store


NO_PICTURE = "This picture cannot be read; it may be too large. Save it as a file, and attach that."


@dataclass(frozen=True)
class Given:
    """Something that is to be attached: a file, or a picture that is to be called ``name``.

    A picture is one of Qt's, or ``content`` as whoever copied it made it.
    """

    name: str
    path: Path | None = None
    picture: QImage | None = None
    content: bytes = b""


@dataclass(frozen=True)
class Left:
    """A file that was held for a record and could not be attached to it, and why."""

    file: HeldFile
    why: Text


class Files(Protocol):
    """Files as the window sees them. Any thread may complete the futures."""

    @property
    def most(self) -> int:
        """Bytes that all files of a record may have."""
        ...

    def of(self, record_id: UUID) -> Future[tuple[AttachedFile, ...]]:
        """Ask for the files of a complaint or customer, oldest first."""
        ...

    def add(self, record_id: UUID, given: Given) -> Future[UUID]:
        """Attach something; fails with a sentence, then nothing is left of it."""
        ...

    def hold(self, given: Given) -> Future[HeldFile]:
        """Keep something, durably, for a complaint that is being written down."""
        ...

    def let_go(self, held: HeldFile) -> Future[None]:
        """Throw away what was held."""
        ...

    def attach_held(self, record_id: UUID, files: tuple[HeldFile, ...]) -> Future[tuple[Left, ...]]:
        """Attach what was held; return those that could not be, which are held still."""
        ...

    def save(self, file_id: UUID, path: Path, told: Told, stop: Stop) -> Future[None]:
        """Write a content to *path*; *told* hears from another thread how much of it has come.

        *stop* breaks it off: then nothing is written, and what has come waits for the next time.
        """
        ...

    def open_copy(self, file_id: UUID, told: Told, stop: Stop) -> Future[Path]:
        """Ask for a plain copy for another program; it goes when this program ends."""
        ...

    def close(self) -> None:
        """Finish what is under way; take plain copies away."""
        ...


class LocalFiles:
    """The services of one desk behind :class:`Files`.

    Args:
        profile: an open profile.
        store: its store.
    """

    def __init__(self, profile: Profile, store: Store) -> None:
        self._profile = profile
        self._store = store
        self._lane = Lane("pictures")

    def of(self, record_id: UUID) -> Future[tuple[AttachedFile, ...]]:
        """Ask for the files of a complaint or customer."""
        return self._store.read(_files_of, record_id)

    def add(self, record_id: UUID, given: Given) -> Future[UUID]:
        """Attach something."""
        return self._lane.run(self._add, record_id, given)

    def hold(self, given: Given) -> Future[HeldFile]:
        """Keep something for a complaint that is being written down."""
        return self._lane.run(self._hold, given)

    def let_go(self, held: HeldFile) -> Future[None]:
        """Throw away what was held."""
        return self._lane.run(self._let_go, held)

    def attach_held(self, record_id: UUID, files: tuple[HeldFile, ...]) -> Future[tuple[Left, ...]]:
        """Attach what was held; return those that could not be, which are held still."""
        return self._lane.run(self._attach_held, record_id, files)

    def save(self, file_id: UUID, path: Path, told: Told, stop: Stop) -> Future[None]:
        """Write a content to *path*."""
        return self._attachments.save(file_id, path, told, stop)

    def open_copy(self, file_id: UUID, told: Told, stop: Stop) -> Future[Path]:
        """Ask for a plain copy for another program."""
        return self._attachments.open_copy(file_id, told, stop)

    @property
    def most(self) -> int:
        """Bytes that all files of a record may have."""
        return self._limits.record

    def close(self) -> None:
        """Finish what is under way; take plain copies away."""
        self._lane.close()
        if "_attachments" in self.__dict__:
            self._attachments.close()

    @cached_property
    def _attachments(self) -> Attachments:
        from crmdesk.services.attachments.desk import attachments_of

        return attachments_of(self._profile, self._store)

    @property
    def _limits(self) -> Limits:
        from crmdesk.services.attachments.desk import limits_of

        return limits_of(self._profile.settings)

    def _add(self, record_id: UUID, given: Given) -> UUID:
        from crmdesk.services.attachments.desk import keep_file

        source, cabinet = content_of(given), self._profile.cabinet
        return keep_file(self._store, cabinet, self._limits, record_id, source, given.name)

    def _hold(self, given: Given) -> HeldFile:
        from crmdesk.services.attachments.staging import hold_file

        source, cabinet = content_of(given), self._profile.cabinet
        return hold_file(self._store, cabinet, self._limits, source, given.name)

    def _let_go(self, held: HeldFile) -> None:
        from crmdesk.services.attachments.staging import let_go

        let_go(self._store, self._profile.cabinet, held)

    def _attach_held(self, record_id: UUID, files: tuple[HeldFile, ...]) -> tuple[Left, ...]:
        from crmdesk.services.attachments.staging import attach_held

        left: list[Left] = []
        for held in files:
            try:
                self._store.write(attach_held, record_id, held, self._limits.record).result()
            except AgentError as error:
                left.append(Left(held, Text(error.sentence, tuple(error.values.items()))))
        return tuple(left)


def _files_of(connection: Any, record_id: UUID) -> tuple[AttachedFile, ...]:
    """Return the files of a record; what that needs is loaded by the reader, not by the GUI thread."""
    from crmdesk.services.attachments.filing import attached_files

    return attached_files(connection, record_id)


def content_of(given: Given) -> Path | bytes:
    """Return what is to be kept; a picture is encoded here, so not on the GUI thread.

    Raises:
        InvalidInput: it is a picture that cannot be encoded, e.g. because there is no memory left.
    """
    if given.path is not None:
        return given.path
    content = given.content or (png_of(given.picture) if given.picture is not None else b"")
    if not content:
        raise InvalidInput(NO_PICTURE)
    return content


def png_of(picture: Any) -> bytes:
    """Return *picture* as PNG: tenths of a second for a large screen."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice

    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    buffer.close()
    return bytes(content.data())
