"""The store of a desk on its first day, made once for each process of tests and copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from crmdesk.services.store.schema import ensure_schema

KEY = bytes(range(32))


def empty_store(path: Path, key: bytes = KEY) -> Path:
    """Put an empty store of today's schema at *path*; return it."""
    path.write_bytes(_empty(key))
    path.chmod(0o600)
    return path


@cache
def _empty(key: bytes) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        ensure_schema(path, key)
        return path.read_bytes()
