"""The declared schema as SQL statements: tables and indexes, then the search indexes over them.

Until the first release ``python -m crmdesk.services.store.migrations.declared`` writes them into the first
migration; afterwards a change of the declaration needs a migration of its own. A test compares both.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.schema import CreateIndex, CreateTable
from sqlcipher3 import dbapi2

from crmdesk.services.customers.search_index import CUSTOMER_SEARCH_SCHEMA
from crmdesk.services.knowledge.index import KNOWLEDGE_SCHEMA
from crmdesk.services.store.tables import schema

FIRST = Path(__file__).parent / "versions" / "0001_initial.sql"


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


def main() -> None:
    """Write the first migration."""
    FIRST.write_text("\n\n".join(declared_statements()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
