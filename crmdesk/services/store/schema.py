"""Bringing a store to this program's schema, or refusing it; costs one plain query when nothing is to do."""

from __future__ import annotations

from pathlib import Path

from crmdesk.services.store.connection import open_connection


def ensure_schema(path: Path, key: bytes) -> None:
    """Make the store at *path*, or bring it to this program's schema.

    Raises:
        StoreFault: wrong key, folder not writable, or a newer program wrote the store.
    """
    if path.exists():
        open_connection(path, key, role="writer").close()
        return
    from crmdesk.services.store.create import create_store

    create_store(path, key)
