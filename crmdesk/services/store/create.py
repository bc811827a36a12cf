"""Making a new store with the declared schema."""

from __future__ import annotations

from pathlib import Path

from crmdesk.services.store.engine import writing_engine
from crmdesk.services.store.tables import schema


def create_store(path: Path, key: bytes) -> None:
    """Create the store at *path* with the declared tables."""
    engine = writing_engine(path, key, create=True)
    schema().metadata.create_all(engine)
    engine.dispose()
