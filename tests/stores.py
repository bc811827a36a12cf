"""What desks of tests begin with: an empty store, made once and copied; recovery keys that cost no time."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.sealing import SALT_BYTES, Derivation

KEY = bytes(range(32))


def empty_store(path: Path, key: bytes = KEY) -> Path:
    """Put an empty store of today's schema at *path*; return it."""
    path.write_bytes(_empty(key))
    path.chmod(0o600)
    return path


def light() -> Derivation:
    """Return Argon2id as weak as it gets: its strength has a test of its own."""
    return Derivation(os.urandom(SALT_BYTES), time_cost=1, memory_kib=8, lanes=1)


@cache
def _empty(key: bytes) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        ensure_schema(path, key)
        return path.read_bytes()
