"""Making a new store with the declared schema."""

from __future__ import annotations

from pathlib import Path

from crmdesk.services.customers.search_index import CUSTOMER_SEARCH_SCHEMA
from crmdesk.services.knowledge.index import KNOWLEDGE_SCHEMA
from crmdesk.services.store.engine import writing_engine
from crmdesk.services.store.tables import schema


def create_store(path: Path, key: bytes) -> None:
    """Create the store at *path* with the declared tables and the search indexes over them."""
    engine = writing_engine(path, key, create=True)
    with engine.begin() as connection:
        schema().metadata.create_all(connection)
        for statement in (*KNOWLEDGE_SCHEMA, *CUSTOMER_SEARCH_SCHEMA):
            connection.exec_driver_sql(statement)
    engine.dispose()
