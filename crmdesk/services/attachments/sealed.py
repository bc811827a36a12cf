"""A file sealed in frames of 64 KiB, each by itself, so that any part is read without the rest.

Frames are AES-256-GCM under a key that serves this one file; the nonce is the frame's number and whether it
is the last (the STREAM construction; Hoang, Reyhanitabar, Rogaway, Vizár 2015), and each is bound to the id
of the file. Nobody can read it without the key, change it, swap its parts, cut its end or put it in the place
of another. A file of no bytes is one empty frame.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from uuid import UUID

from crmdesk.errors import FileFault
from crmdesk.services.store.sealing import KEY_BYTES, open_sealed, seal

FRAME_BYTES = 65_536
TAG_BYTES = 16
SEALED_BYTES = FRAME_BYTES + TAG_BYTES
_ABOUT = b"crmdesk attachment 1\n"
_NONCE = struct.Struct(">7xI?")


def fresh_key() -> bytes:
    """Return a key for one file."""
    return os.urandom(KEY_BYTES)


def frames_of(size: int) -> int:
    """Return how many frames a content of *size* bytes has."""
    return max(1, -(-size // FRAME_BYTES))


def write_frames(
    file: IO[bytes], key: bytes, file_id: UUID, size: int, content: bytes, first: int = 0
) -> None:
    """Write *content*, of a file of *size* bytes in all, as frames from number *first* on.

    It begins with a frame's first byte and ends with a frame's last, or the file's.
    """
    about, last = _ABOUT + file_id.bytes, frames_of(size) - 1
    for n, at in enumerate(range(0, max(1, len(content)), FRAME_BYTES), first):
        file.write(seal(key, _NONCE.pack(n, n == last), content[at : at + FRAME_BYTES], about))


def read_frames(path: Path, key: bytes, file_id: UUID, size: int, first: int, count: int) -> Iterator[bytes]:
    """Yield *count* frames of the file at *path* from number *first* on, opened; *size* is the content's.

    Raises:
        FileFault: it was altered, damaged or cut off.
        OSError: it cannot be read.
    """
    last = frames_of(size) - 1
    about = _ABOUT + file_id.bytes
    with path.open("rb") as file:
        file.seek(first * SEALED_BYTES)
        for n in range(first, min(first + count, last + 1)):
            plain = open_sealed(key, _NONCE.pack(n, n == last), file.read(SEALED_BYTES), about)
            if plain is None or len(plain) != min(FRAME_BYTES, size - n * FRAME_BYTES):
                raise altered()
            yield plain


def altered() -> FileFault:
    """Return the refusal of a file that is not as it was put away."""
    return FileFault(
        "This file is damaged or was altered on this computer, so it is not shown. Attach it again, or fetch"
        " it from the server."
    )
