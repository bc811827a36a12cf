"""The cabinet gives out what was put in, byte for byte, or nothing at all."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import CrmdeskError, DiskFull, FileFault, InvalidInput
from crmdesk.models.types import new_id
from crmdesk.services.attachments.cabinet import PIECE_BYTES, Cabinet, Kept, Sealed
from crmdesk.services.attachments.sealed import FRAME_BYTES, SEALED_BYTES

SIZES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, PIECE_BYTES, 2 * PIECE_BYTES + 77]


@pytest.fixture
def cabinet(tmp_path: Path) -> Cabinet:
    return Cabinet(tmp_path / "attachments")


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def put(cabinet: Cabinet, content: bytes, name: str = "a.bin") -> Sealed:
    return sealed(cabinet.put(new_id(), content, name))


def sealed(kept: Kept) -> Sealed:
    return Sealed(kept.id, kept.key, kept.name, kept.size, kept.digest)


def file_of(cabinet: Cabinet, held: Sealed) -> Path:
    return cabinet.folder / held.id.hex


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_in_comes_out_whole_and_in_pieces(cabinet: Cabinet, size: int) -> None:
    content = content_of(size)
    kept = cabinet.put(new_id(), content, "刹车.bin")
    assert (kept.size, kept.digest) == (size, hashlib.sha256(content).hexdigest())
    assert cabinet.read(sealed(kept)) == content
    pieces = [cabinet.piece(sealed(kept), i) for i in range(-(-size // PIECE_BYTES))]
    assert b"".join(pieces) == content
    assert all(len(piece) == PIECE_BYTES for piece in pieces[:-1])


def test_nothing_of_it_lies_there_in_plain(cabinet: Cabinet) -> None:
    held = put(cabinet, b"Zhangcanary " * 20_000, "Zhangcanary.txt")
    for path in cabinet.folder.rglob("*"):
        assert b"Zhangcanary" not in path.read_bytes()
        assert "Zhangcanary" not in path.name
    other = put(cabinet, b"Zhangcanary " * 20_000)
    assert file_of(cabinet, held).read_bytes() != file_of(cabinet, other).read_bytes()


def swap_frames(raw: bytes) -> bytes:
    return raw[SEALED_BYTES : 2 * SEALED_BYTES] + raw[:SEALED_BYTES] + raw[2 * SEALED_BYTES :]


@pytest.mark.parametrize(
    "alter",
    [
        lambda raw: raw[:500] + bytes([raw[500] ^ 1]) + raw[501:],
        lambda raw: raw[:-1],
        lambda raw: raw[: 2 * SEALED_BYTES],
        swap_frames,
        lambda raw: b"",
        lambda raw: bytes(len(raw)),
    ],
    ids=["a bit", "its end", "its last frame", "two frames", "all of it", "zeros"],
)
def test_an_altered_file_is_refused_with_a_sentence(
    cabinet: Cabinet, alter: Callable[[bytes], bytes]
) -> None:
    held = put(cabinet, content_of(2 * FRAME_BYTES + 9))
    path = file_of(cabinet, held)
    path.write_bytes(alter(path.read_bytes()))
    with pytest.raises(FileFault, match=r"damaged or was altered.*Attach it again"):
        cabinet.read(held)


def test_a_file_in_the_place_of_another_is_refused(cabinet: Cabinet) -> None:
    one, other = put(cabinet, b"one"), put(cabinet, b"two")
    file_of(cabinet, one).write_bytes(file_of(cabinet, other).read_bytes())
    with pytest.raises(FileFault, match="altered"):
        cabinet.piece(Sealed(one.id, other.key, one.name, one.size, other.digest), 0)


def test_a_beginning_does_not_pass_for_the_whole(cabinet: Cabinet) -> None:
    held = put(cabinet, content_of(2 * FRAME_BYTES))
    file_of(cabinet, held).write_bytes(file_of(cabinet, held).read_bytes()[:SEALED_BYTES])
    with pytest.raises(FileFault, match="altered"):
        cabinet.piece(Sealed(held.id, held.key, held.name, FRAME_BYTES, held.digest), 0)


def test_what_is_not_here_is_told_as_such(cabinet: Cabinet) -> None:
    held = put(cabinet, b"x", "bill.pdf")
    cabinet.drop(held.id)
    assert not cabinet.holds(held.id)
    with pytest.raises(FileFault, match=r"bill\.pdf is not on this computer"):
        cabinet.read(held)


def test_a_file_of_50_mb_is_refused_and_nothing_is_left_of_it(cabinet: Cabinet, tmp_path: Path) -> None:
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(50 << 20)
    with pytest.raises(InvalidInput, match=r"film\.mp4 has 50 MB; a file may have 25 MB at most\. Make it"):
        cabinet.put(new_id(), large)
    assert not cabinet.folder.exists()


class FullDisk:
    """Fails as a full disk does, at one of the moments when files are written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        if moment == "sync":
            monkeypatch.setattr(os, "fsync", full)
        elif moment == "rename":
            monkeypatch.setattr(Path, "replace", full)
        else:
            monkeypatch.setattr("crmdesk.services.attachments.cabinet.write_frames", full)


@pytest.mark.parametrize("moment", ["write", "sync", "rename"])
def test_a_full_disk_leaves_nothing_half(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as patched:
        FullDisk(patched, moment)
        with pytest.raises(DiskFull, match="disk is full"):
            put(cabinet, content_of(FRAME_BYTES * 3))
    assert list(cabinet.folder.iterdir()) == []
    assert cabinet.sweep(lambda: ()) == 0
    assert cabinet.read(put(cabinet, b"room again")) == b"room again"


def test_the_plain_copy_is_whole_or_not_there(cabinet: Cabinet, tmp_path: Path) -> None:
    held = put(cabinet, b"new")
    out = tmp_path / "out.txt"
    out.write_bytes(b"old")
    cabinet.save(held, out)
    assert out.read_bytes() == b"new"
    file_of(cabinet, held).write_bytes(b"")
    with pytest.raises(FileFault):
        cabinet.save(held, out)
    assert out.read_bytes() == b"new"
    with pytest.raises(FileFault, match="cannot be written"):
        cabinet.save(put(cabinet, b"x"), tmp_path / "no such folder" / "x")


def test_copies_for_other_programs_go_at_the_end(cabinet: Cabinet) -> None:
    held = put(cabinet, b"%PDF-", "bill.pdf")
    path = cabinet.open_copy(held)
    assert (path.name, path.read_bytes()) == ("bill.pdf", b"%PDF-")
    cabinet.tidy()
    assert not path.exists()
    assert cabinet.read(held) == b"%PDF-"


@pytest.mark.parametrize("size", SIZES)
def test_a_content_comes_in_pieces_and_goes_on_where_it_was_cut(cabinet: Cabinet, size: int) -> None:
    content, file_id = content_of(size), new_id()
    held = Sealed(file_id, os.urandom(32), "x", size, hashlib.sha256(content).hexdigest())
    pieces = [content[at : at + PIECE_BYTES] for at in range(0, size, PIECE_BYTES)] or [b""]
    for i, piece in enumerate(pieces):
        again = Cabinet(cabinet.folder) if cabinet.folder.exists() else cabinet
        assert again.came(held) == i
        again.come(held, piece, i)
        assert not again.holds(file_id)
    assert cabinet.accept(held)
    assert cabinet.read(held) == content


def test_half_a_piece_that_came_is_asked_for_again(cabinet: Cabinet) -> None:
    content = content_of(2 * PIECE_BYTES)
    held = Sealed(new_id(), os.urandom(32), "x", len(content), hashlib.sha256(content).hexdigest())
    cabinet.come(held, content[:PIECE_BYTES], 0)
    coming = cabinet.folder / f"{held.id.hex}.coming"
    coming.write_bytes(coming.read_bytes() + b"torn")
    assert cabinet.came(held) == 1
    cabinet.come(held, content[PIECE_BYTES:], 1)
    assert cabinet.accept(held)
    assert cabinet.read(held) == content


def test_what_came_and_is_something_else_is_thrown_away(cabinet: Cabinet) -> None:
    held = Sealed(new_id(), os.urandom(32), "x", 5, hashlib.sha256(b"right").hexdigest())
    cabinet.come(held, b"wrong", 0)
    assert not cabinet.accept(held)
    assert list(cabinet.folder.iterdir()) == []


def test_a_sweep_takes_what_nobody_knows_and_nothing_that_is_just_put_away(cabinet: Cabinet) -> None:
    known, busy = put(cabinet, b"known"), put(cabinet, b"busy")
    cabinet.done(known.id)
    left = put(cabinet, b"left")
    cabinet.done(left.id)
    copy = cabinet.open_copy(left)
    assert cabinet.sweep(lambda: (known.id,)) == 2
    assert not copy.exists()
    assert {UUID(path.name) for path in cabinet.folder.iterdir() if path.is_file()} == {known.id, busy.id}

    def filed_meanwhile() -> tuple[UUID, ...]:
        cabinet.done(busy.id)
        return (known.id, busy.id)

    assert cabinet.sweep(filed_meanwhile) == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "attachments").write_bytes(b"")
    with pytest.raises(CrmdeskError, match="attachments"):
        put(Cabinet(tmp_path / "attachments"), b"x")
