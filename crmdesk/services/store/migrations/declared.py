"""The declared schema as SQL statements: tables and indexes, then the search indexes over them.

A change of the declaration needs a step of its own in ``versions``; a test compares both.
"""

from __future__ import annotations

from sqlalchemy.schema import CreateIndex, CreateTable
from sqlcipher3 import dbapi2

from crmdesk.services.customers.search_index import CUSTOMER_SEARCH_SCHEMA
from crmdesk.services.knowledge.index import KNOWLEDGE_SCHEMA
from crmdesk.services.store.tables import schema


def declared_statements() -> tuple[str, ...]:
    """Return the statements that make the declared schema, in order."""
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    dialect = SQLiteDialect_pysqlite(dbapi=dbapi2)
    found: list[str] = []
    for table in schema().metadata.sorted_tables:
        found.append(str(CreateTable(table).compile(dialect=dialect)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        found.extend(str(CreateIndex(index).compile(dialect=dialect)) for index in indexes)
    return tuple(
        "\n".join(line.rstrip() for line in statement.strip().splitlines() if line.strip())
        for statement in (*found, *KNOWLEDGE_SCHEMA, *CUSTOMER_SEARCH_SCHEMA)
    )
