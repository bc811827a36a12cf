"""The business tables of the server are the entities."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.server import ddl
from tests.cluster import Cluster

SPELLED = {"timestamptz": "timestamp with time zone", "text[]": "ARRAY"}


@pytest.fixture(scope="module")
def made(cluster: Cluster) -> Iterator[Any]:
    """A database with the business tables and nothing else."""
    database = cluster.empty_database()
    with database.connect() as connection:
        connection.execute("CREATE SCHEMA crm")
        for _ in range(2):
            for statement in ddl.statements():
                connection.execute(statement)
        yield connection
    database.drop()


def test_every_entity_has_its_table() -> None:
    assert set(ddl.TABLES) == set(ENTITIES)
    assert ddl.columns("note") == tuple(field_types(ENTITIES["note"]))


@pytest.mark.parametrize("table", ddl.TABLES)
def test_a_table_is_what_the_entity_says(made: Any, table: str) -> None:
    found = made.execute(
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'crm' AND table_name = %s ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    types = field_types(ENTITIES[table])
    assert found == [
        (name, SPELLED.get(ddl.TYPES[kind], ddl.TYPES[kind]), optional)
        for name, (kind, optional) in types.items()
    ]


@pytest.mark.parametrize("table", ddl.TABLES)
def test_defaults_are_those_of_the_entity(made: Any, table: str) -> None:
    told = {field.name: field.default for field in fields(ENTITIES[table])}
    needed = [name for name, default in told.items() if default is MISSING]
    types = field_types(ENTITIES[table])
    marks = ", ".join(f"%s::{ddl.TYPES[types[name][0]]}" for name in needed)
    values = [UUID(int=1) if types[name][0] is UUID else "2026-11-20" for name in needed]
    names = ", ".join(map(ddl.quoted, needed))
    statement = f"INSERT INTO {ddl.qualified(table)} ({names}) VALUES ({marks}) RETURNING *"
    row = dict(zip(told, made.execute(statement, values).fetchone(), strict=True))
    for name in told.keys() - set(needed):
        assert (tuple(row[name]) if isinstance(row[name], list) else row[name]) == told[name]


def test_what_effects_look_up_is_indexed(made: Any) -> None:
    assert {name for table, each in ddl.INDEXES.items() for name in each[0] if table == "note"} == {"call_id"}
    for table, groups in ddl.INDEXES.items():
        for names in groups:
            assert set(names) <= set(ddl.columns(table))
            assert all(field_types(ENTITIES[table])[name][0] is not str for name in names)


def test_a_default_without_form_in_sql_is_a_bug() -> None:
    with pytest.raises(TypeError):
        ddl.literal(object())
    assert ddl.literal("it's") == "'it''s'"
