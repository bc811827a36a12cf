"""Making a new store."""

from __future__ import annotations

from pathlib import Path

from crmdesk.services.store.schema import ensure_schema


def create_store(path: Path, key: bytes) -> None:
    """Make the store at *path*, empty, with this program's schema."""
    ensure_schema(path, key)
