"""A stream of sealed frames: nobody can read it, change it, swap its parts or cut its end unnoticed.

File: magic, version, length and JSON of the header (how the key comes from the passphrase), then frames of
at most 64 KiB, each AES-256-GCM with the number of the frame and whether it is the last in its nonce (the
STREAM construction; Hoang, Reyhanitabar, Rogaway, Vizár 2015). The header is authenticated with every frame.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from typing import IO

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.services.store.sealing import Derivation, open_sealed, seal

MAGIC = b"CRMDESK BACKUP\n"
VERSION = 1
FRAME_BYTES = 65_536
TAG_BYTES = 16
PREFIX_BYTES = 7
HEADER_LIMIT = 4_096
_LENGTH = struct.Struct(">I")


class FrameWriter:
    """Writes sealed frames; :meth:`close` writes the last one, without which the stream counts as cut.

    Args:
        file: where the frames go.
        passphrase: what opens them again.
        opening: a few bytes that make a frame of their own at the start.
    """

    def __init__(self, file: IO[bytes], passphrase: str, opening: bytes) -> None:
        derivation = Derivation.fresh()
        prefix = os.urandom(PREFIX_BYTES)
        header = json.dumps({"argon2id": derivation.as_json(), "prefix": prefix.hex()}).encode()
        self._file = file
        self._key = derivation.key(passphrase)
        self._prefix = prefix
        self._about = hashlib.sha256(MAGIC + bytes([VERSION]) + header).digest()
        self._held = bytearray()
        self._count = 0
        file.write(MAGIC + bytes([VERSION]) + _LENGTH.pack(len(header)) + header)
        self._frame(opening, last=False)

    def write(self, content: bytes) -> int:
        """Take *content*; frames are written as they fill. Returns its length."""
        self._held += content
        while len(self._held) > FRAME_BYTES:
            self._frame(bytes(self._held[:FRAME_BYTES]), last=False)
            del self._held[:FRAME_BYTES]
        return len(content)

    def close(self) -> None:
        """Write the last frame."""
        self._frame(bytes(self._held), last=True)

    def _frame(self, plain: bytes, *, last: bool) -> None:
        sealed = seal(self._key, _nonce(self._prefix, self._count, last=last), plain, self._about)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._count += 1


class FrameReader:
    """Reads what a :class:`FrameWriter` wrote; ``opening`` holds its first frame.

    Raises:
        InvalidInput: the passphrase does not fit.
        FileFault: no backup, of a newer program, altered or cut off; nothing altered is given out.
    """

    def __init__(self, file: IO[bytes], passphrase: str, name: str) -> None:
        self._file = file
        self._name = name
        header = self._header()
        try:
            values = json.loads(header)
            self._prefix = bytes.fromhex(values["prefix"])
            self._key = Derivation.from_json(values["argon2id"]).key(passphrase)
        except (ValueError, KeyError, TypeError) as error:
            raise self._altered() from error
        self._about = hashlib.sha256(MAGIC + bytes([VERSION]) + header).digest()
        self._count = 0
        self._held = b""
        self._ended = False
        self.opening = self._opened()

    def read(self, count: int = -1) -> bytes:
        """Return at most *count* bytes, empty at the authenticated end."""
        while not self._ended and (count < 0 or len(self._held) < count):
            self._held += self._next()
        cut = len(self._held) if count < 0 else count
        given, self._held = self._held[:cut], self._held[cut:]
        return given

    def finish(self) -> None:
        """Read what is left to the authenticated end; refuse what stands behind it."""
        while not self._ended:
            self._next()
        if self._file.read(1):
            raise self._altered()

    def _header(self) -> bytes:
        start = self._file.read(len(MAGIC) + 1)
        if start[: len(MAGIC)] != MAGIC or len(start) <= len(MAGIC):
            raise FileFault("{name} is no backup of crmdesk.", name=self._name)
        if start[-1] != VERSION:
            raise FileFault("A newer crmdesk wrote the backup {name}. Install that one.", name=self._name)
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > HEADER_LIMIT:
            raise self._altered()
        return self._exactly(length)

    def _opened(self) -> bytes:
        plain, last = self._frame()
        if plain is None or last:
            raise InvalidInput(
                "The passphrase does not fit the backup {name}, or its beginning is damaged.",
                fields=("passphrase",),
                name=self._name,
            )
        return plain

    def _next(self) -> bytes:
        plain, self._ended = self._frame()
        if plain is None:
            raise self._altered()
        return plain

    def _frame(self) -> tuple[bytes | None, bool]:
        """Return the next frame and whether it is the last; None when it is not what was written here."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if not TAG_BYTES <= length <= FRAME_BYTES + TAG_BYTES:
            raise self._altered()
        sealed = self._exactly(length)
        for last in (False, True):
            plain = open_sealed(self._key, _nonce(self._prefix, self._count, last=last), sealed, self._about)
            if plain is not None:
                self._count += 1
                return plain, last
        return None, False

    def _exactly(self, count: int) -> bytes:
        content = self._file.read(count)
        if len(content) != count:
            raise FileFault(
                "The backup {name} is cut off. Take another one; nothing was changed.", name=self._name
            )
        return content

    def _altered(self) -> FileFault:
        return FileFault(
            "The backup {name} is damaged or was altered. Take another one; nothing was changed.",
            name=self._name,
        )


def _nonce(prefix: bytes, count: int, *, last: bool) -> bytes:
    return prefix + _LENGTH.pack(count) + bytes([last])
