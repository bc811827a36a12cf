"""Files as the services would keep them, for tests of the window."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text
from crmdesk.services.attachments.filing import AttachedFile
from crmdesk.services.complaints.intake_sheet import HeldFile
from crmdesk.services.complaints.record_view import Named
from crmdesk.services.stop import Stop
from crmdesk.ui.files_desk import Given, Left, content_of
from tests.ui import sample

LIN = Named("lin", "Lin Yue", "林悦")


def attached(name: str, **changes: Any) -> AttachedFile:
    """Return a file as it is listed."""
    values: dict[str, Any] = {
        "id": sample.made_id(name),
        "name": name,
        "media_type": "application/pdf",
        "size": 48_000,
        "author": LIN,
        "at": sample.NOW,
        "state": "here",
    }
    return AttachedFile(**{**values, **changes})


class FakeFiles:
    """Keeps what it is given; ``listed`` by record, ``held`` by id, ``contents`` by name.

    ``problems`` says by name what cannot be attached, ``most`` what all files of a record may have.
    """

    def __init__(self, run: Callable[..., Future[Any]]) -> None:
        self._run = run
        self.listed: dict[UUID, list[AttachedFile]] = {}
        self.held: dict[str, HeldFile] = {}
        self.contents: dict[str, bytes] = {}
        self.problems: dict[str, Text] = {}
        self.most = 200 << 20
        self.steps: tuple[tuple[int, int], ...] = ()
        self.copy = Path("copy")
        self.stops: list[Stop] = []

    def of(self, record_id: UUID) -> Future[tuple[AttachedFile, ...]]:
        """See :class:`crmdesk.ui.files_desk.Files`."""
        return self._run("files_of", lambda: tuple(self.listed.get(record_id, ())), record_id)

    def add(self, record_id: UUID, given: Given) -> Future[UUID]:
        """See :class:`crmdesk.ui.files_desk.Files`."""

        def kept() -> UUID:
            self._take(given)
            self.listed.setdefault(record_id, []).append(attached(given.name))
            return sample.made_id(given.name)

        return self._run("add_file", kept, record_id, given)

    def hold(self, given: Given) -> Future[HeldFile]:
        """See :class:`crmdesk.ui.files_desk.Files`."""

        def kept() -> HeldFile:
            size = self._take(given)
            file_id = str(sample.made_id(given.name))
            held = HeldFile(id=file_id, name=given.name, media_type="", size=size, digest="0" * 64)
            self.held[file_id] = held
            return held

        return self._run("hold_file", kept, given)

    def let_go(self, held: HeldFile) -> Future[None]:
        """See :class:`crmdesk.ui.files_desk.Files`."""
        return self._run("let_go", lambda: self.held.pop(held.id, None), held)

    def attach_held(self, record_id: UUID, files: tuple[HeldFile, ...]) -> Future[tuple[Left, ...]]:
        """See :class:`crmdesk.ui.files_desk.Files`."""

        def done() -> tuple[Left, ...]:
            good = [each for each in files if each.name not in self.problems]
            self.listed[record_id] = [attached(each.name) for each in good]
            return tuple(Left(each, self.problems[each.name]) for each in files if each.name in self.problems)

        return self._run("attach_held", done, record_id, files)

    def save(self, file_id: UUID, path: Path, told: Callable[[int, int], object], stop: Stop) -> Future[None]:
        """See :class:`crmdesk.ui.files_desk.Files`."""
        self.stops.append(stop)
        return self._run("save_file", lambda: self._come(told), file_id, path)

    def open_copy(self, file_id: UUID, told: Callable[[int, int], object], stop: Stop) -> Future[Path]:
        """See :class:`crmdesk.ui.files_desk.Files`."""
        self.stops.append(stop)

        def copied() -> Path:
            self._come(told)
            stop.check()
            return self.copy

        return self._run("open_copy", copied, file_id)

    def close(self) -> None:
        """See :class:`crmdesk.ui.files_desk.Files`."""

    def _take(self, given: Given) -> int:
        content = content_of(given)
        held = content.read_bytes() if isinstance(content, Path) else content
        self.contents[given.name] = held
        return len(held)

    def _come(self, told: Callable[[int, int], object]) -> None:
        for here, total in self.steps:
            told(here, total)
