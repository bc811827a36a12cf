"""The bytes of an encrypted store as they are under the key: pages in use, freed pages, the log's frames."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE = 4096
RESERVED = 80
VECTOR = 16
SALT = 16
LOG_HEADER = 32
FRAME_HEADER = 24


def decrypted(store: Path, key: bytes) -> bytes:
    """Return every page of *store* and of its write-ahead log, decrypted with the raw *key*."""
    parts = [_page(page, key, first=at == 0) for at, page in _pages(store.read_bytes(), 0, 0)]
    log = store.with_name(store.name + "-wal")
    if log.exists():
        content = log.read_bytes()
        for at, page in _pages(content, LOG_HEADER, FRAME_HEADER):
            number = int.from_bytes(content[at - FRAME_HEADER : at - FRAME_HEADER + 4], "big")
            parts.append(_page(page, key, first=number == 1))
    return b"".join(parts)


def _pages(content: bytes, header: int, before: int) -> list[tuple[int, bytes]]:
    starts = range(header + before, len(content) - PAGE + 1, PAGE + before)
    return [(at, content[at : at + PAGE]) for at in starts]


def _page(page: bytes, key: bytes, *, first: bool) -> bytes:
    body = page[SALT if first else 0 : PAGE - RESERVED]
    vector = page[PAGE - RESERVED : PAGE - RESERVED + VECTOR]
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return cipher.update(body) + cipher.finalize()
