"""Whatever lies at a path that somebody gave is read whole or refused with what to do, and nothing waits."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.models.types import new_id
from crmdesk.services.attachments.cabinet import Cabinet
from crmdesk.services.attachments.given import read_given

LIMIT = 1_000


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def nothing(_path: Path) -> None:
    pass


def empty(path: Path) -> None:
    path.touch()


def one_too_many(path: Path) -> None:
    path.write_bytes(bytes(LIMIT + 1))


def a_socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (folder, "x.pdf is a folder. Attach the files in it, or pack it into one file."),
        (link_to_a_folder, "x.pdf is a folder."),
        (pipe, "x.pdf is no file. Choose one."),
        (a_socket, "x.pdf is no file. Choose one."),
        (link_to_a_device, "x.pdf is no file. Choose one."),
        (nothing, "x.pdf is not there any more. Look where it went, and attach it from there."),
        (link_to_nothing, "x.pdf is not there any more."),
        (link_to_itself, "x.pdf cannot be read: Too many levels of symbolic links."),
        (empty, "x.pdf is empty. Look whether it was saved, and attach it again."),
        (one_too_many, "x.pdf has 1 MB; a file may have 0 MB at most. Make it smaller, or split it."),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_cannot_be_kept_is_refused_with_what_to_do(
    tmp_path: Path, there: Callable[[Path], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there(tmp_path / "x.pdf")
    cabinet = Cabinet(tmp_path / "attachments")
    with pytest.raises((InvalidInput, FileFault)) as refused:
        cabinet.put(new_id(), tmp_path / "x.pdf", limit=LIMIT)
    assert str(refused.value).startswith(told)
    assert not cabinet.folder.exists()


@pytest.mark.parametrize("name", ["a\0b", "\0", "a" * 5_000])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises((InvalidInput, FileFault), match=r"no file\. Choose one|cannot be read"):
        Cabinet(tmp_path / "attachments").put(new_id(), tmp_path / name)


def test_a_link_to_a_file_brings_its_content_under_the_name_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "bill").write_bytes(b"%PDF-1.7 bill")
    (tmp_path / "x.pdf").symlink_to(tmp_path / "bill")
    kept = Cabinet(tmp_path / "attachments").put(new_id(), tmp_path / "x.pdf")
    assert (kept.name, kept.size) == ("x.pdf", 13)


def test_a_file_of_the_greatest_size_is_read_whole(tmp_path: Path) -> None:
    content = os.urandom(LIMIT)
    (tmp_path / "x").write_bytes(content)
    assert read_given(tmp_path / "x", "x", LIMIT) == content


class Meanwhile:
    """Does something to a file while it is being read."""

    def __init__(self, file: IO[bytes], done: Callable[[], object]) -> None:
        self._file = file
        self._done = done

    def __enter__(self) -> Meanwhile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._done()
        return content


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, 3)


def grow_beyond(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(2 * LIMIT))


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))


def grow_within_a_tick(path: Path) -> None:
    before = path.stat()
    grow(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("happens", [grow, cut, grow_beyond, rewrite, grow_within_a_tick])
def test_what_is_changed_while_it_is_read_is_not_kept_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Path], None]
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"begun and not finished")
    opened = os.fdopen

    def watched(handle: int, mode: str) -> Any:
        return Meanwhile(opened(handle, mode), lambda: happens(path))

    monkeypatch.setattr(os, "fdopen", watched)
    with pytest.raises(FileFault, match="was changed while it was read"):
        read_given(path, "log.txt", LIMIT)


def test_what_vanishes_while_it_is_read_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: him")
    opened = os.fdopen

    def watched(handle: int, mode: str) -> Any:
        path.unlink()
        return opened(handle, mode)

    monkeypatch.setattr(os, "fdopen", watched)
    assert read_given(path, "mail.eml", LIMIT) == b"From: him"


def test_a_pipe_that_takes_the_place_of_a_file_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF")
    look = Path.stat

    def swapped(self: Path, **how: Any) -> os.stat_result:
        found = look(self, **how)
        if self == path:
            path.unlink()
            os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "stat", swapped)
    with pytest.raises(InvalidInput, match="is no file"):
        read_given(path, "x.pdf", LIMIT)
