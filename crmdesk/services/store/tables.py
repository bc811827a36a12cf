"""The tables of the store, declared once for migrations; ``rows`` maps the entities onto them.

Columns are the fields of the entities. Ids are 16-byte BLOBs, moments whole microseconds since 1970 (UTC),
dates and lists text. Tables that a search index points into are ordinary tables with a number ``seq``; all
others are clustered by id, but for the time line, which lies customer by customer (decision 5).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeEngine

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.store.complaint_index import HANDED_OVER, OPEN, OPEN_COMPLAINT
from crmdesk.services.store.rows import CLUSTERS
from crmdesk.values import dataclass

COLUMN_TYPES: dict[type, type[TypeEngine[Any]]] = {
    UUID: LargeBinary,
    datetime: BigInteger,
    date: Text,
    tuple: Text,
    bool: Boolean,
    int: Integer,
    float: Float,
    str: Text,
}
"""How a field's values lie in the file; :mod:`crmdesk.services.store.rows` converts them."""

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""How constraints are called; indexes are named where they are declared."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a table lies on disk: numbered for a search index, and its further indexes by columns.

    ``partial``: indexes over some rows only, each with its name, columns and condition.
    """

    numbered: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    partial: tuple[tuple[str, tuple[str, ...], str], ...] = ()


PLANS: dict[str, Plan] = {
    "team": Plan(indexes=(("key",),)),
    "disposition": Plan(indexes=(("key",),)),
    "outlet": Plan(indexes=(("key",),)),
    "product_model": Plan(indexes=(("key",),)),
    "fault": Plan(indexes=(("key",),)),
    "customer": Plan(numbered=True, indexes=(("external_id",),)),
    "contact_point": Plan(numbered=True, indexes=(("value",), ("customer_id",))),
    "contact": Plan(indexes=(("customer_id",),)),
    "asset": Plan(numbered=True, indexes=(("customer_id",), ("plate_key",), ("vin",), ("external_id",))),
    # What a card tells of the last visit is read from the index alone.
    "service_visit": Plan(
        indexes=(
            ("asset_id", "visited_at", "outlet", "summary", "mileage_km"),
            ("customer_id", "visited_at"),
            ("external_id",),
        )
    ),
    # Last oil change and repeated faults are read from the index alone.
    "visit_item": Plan(indexes=(("asset_id", "kind", "at", "code", "visit_id"), ("visit_id",))),
    "call": Plan(
        indexes=(
            ("started_at",),
            ("number_value", "started_at", "customer_id", "dialled"),
            ("customer_id", "started_at"),
            ("agent_id", "started_at"),
        )
    ),
    "call_leg": Plan(indexes=(("call_id",),)),
    # Counters and topics are read from the index alone, whatever the length of a history.
    "interaction": Plan(indexes=(("customer_id", "at", "kind", "direction", "topic", "asset_id"),)),
    "note": Plan(indexes=(("call_id",), ("customer_id",), ("complaint_id",))),
    "task": Plan(
        indexes=(
            ("state", "due_at"),
            ("owner_id", "state", "due_at"),
            ("customer_id", "state"),
            ("call_id",),
            ("complaint_id",),
        ),
        partial=(("handed_over", ("complaint_id",), HANDED_OVER),),
    ),
    "article": Plan(numbered=True, indexes=(("external_id",), ("updated_at",))),
    "article_use": Plan(indexes=(("call_id",),)),
    "complaint_category": Plan(indexes=(("key",),)),
    "cause": Plan(indexes=(("key",),)),
    # Repeats are found by customer or asset and category; lists of open ones read one small index alone.
    "complaint": Plan(
        indexes=(
            ("number",),
            ("customer_id", "received_at"),
            ("asset_id", "received_at"),
            ("state", "next_due_at"),
            ("owner_id", "state", "next_due_at"),
            ("received_at",),
            ("repeat_of",),
            ("merged_into",),
            ("call_id",),
            ("external_id",),
        ),
        partial=(
            ("open", OPEN_COMPLAINT, OPEN),
            ("restricted", ("customer_id", "received_at"), "restricted"),
        ),
    ),
    "complaint_body": Plan(indexes=(("cause",),)),
    "complaint_event": Plan(indexes=(("complaint_id", "version"),)),
    "clock_line": Plan(indexes=(("complaint_id", "n"),)),
    "remedy_line": Plan(indexes=(("complaint_id",),)),
    "approval": Plan(indexes=(("complaint_id",),)),
    "letter": Plan(indexes=(("complaint_id",),)),
    "survey": Plan(indexes=(("complaint_id",), ("customer_id",))),
    "corrective_action": Plan(indexes=(("complaint_id",), ("cause", "opened_at"), ("state", "due_at"))),
    "attachment": Plan(indexes=(("complaint_id",), ("customer_id",))),
}


def declare(metadata: MetaData) -> dict[str, Table]:
    """Declare all tables in *metadata*; return those of the entities by name."""
    tables = {
        name: _entity_table(metadata, name, entity, PLANS.get(name, Plan()))
        for name, entity in ENTITIES.items()
    }
    _system_tables(metadata)
    _outgoing_tables(metadata)
    _incoming_tables(metadata)
    _attachment_tables(metadata)
    return tables


def _entity_table(metadata: MetaData, name: str, entity: type, plan: Plan) -> Table:
    columns: list[Column[Any]] = []
    cluster = CLUSTERS.get(name, ())
    if plan.numbered:
        columns.append(Column("seq", Integer, primary_key=True, comment="number for the search index"))
    for field, (kind, optional) in field_types(entity).items():
        if field == "id":
            keyed = not plan.numbered and not cluster
            columns.append(Column("id", LargeBinary, primary_key=keyed, unique=plan.numbered, nullable=False))
        else:
            columns.append(Column(field, COLUMN_TYPES[kind], nullable=optional and field not in cluster))
    indexes = [Index(f"ix_{name}_{'_'.join(cols)}", *cols) for cols in plan.indexes]
    indexes += [
        Index(f"ix_{name}_{tail}", *cols, sqlite_where=text(where)) for tail, cols, where in plan.partial
    ]
    if cluster:
        # An index of its own, not a constraint: a large load builds it afterwards.
        indexes.append(Index(f"ix_{name}_id", "id", unique=True))
    rules = (
        *((PrimaryKeyConstraint(*cluster, "id"),) if cluster else ()),
        CheckConstraint("length(id) = 16", name="id"),
        CheckConstraint("rev >= 1", name="rev"),
        *(CheckConstraint(f"{flag} IN (0, 1)", name=flag) for flag in _flags(entity)),
    )
    return Table(
        name, metadata, *columns, *rules, *indexes, sqlite_with_rowid=plan.numbered, comment=entity.__doc__
    )


def _flags(entity: type) -> list[str]:
    return [field for field, (kind, _optional) in field_types(entity).items() if kind is bool]


def _system_tables(metadata: MetaData) -> None:
    Table(
        "operation",
        metadata,
        Column("n", Integer, primary_key=True, comment="order at this desk"),
        Column("id", LargeBinary, nullable=False, unique=True),
        Column("kind", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("payload", Text, nullable=False, comment="JSON"),
        Column("base_revision", Integer, comment="revision the person looked at"),
        Column("actor", Text, nullable=False),
        Column("device", Text, nullable=False),
        Column("at", BigInteger, nullable=False, comment="desk time"),
        comment="every change, as described by its author, in order",
    )
    Table(
        "history",
        metadata,
        Column("n", Integer, primary_key=True),
        Column("operation_id", LargeBinary, nullable=False),
        Column("table_name", Text, nullable=False),
        Column("row_id", LargeBinary, nullable=False),
        Column("rev", Integer, nullable=False, comment="revision the row had afterwards"),
        Column("before", Text, nullable=False, comment="JSON of the changed fields as they were"),
        Column("after", Text, nullable=False, comment="JSON of the changed fields as they became"),
        Index("ix_history_row_id_rev", "row_id", "rev"),
        comment="what each operation changed, field by field",
    )
    Table(
        "request",
        metadata,
        Column("id", Text, primary_key=True, comment="request_id of the caller"),
        Column("result", Text, nullable=False, comment="JSON of the answer given"),
        Column("at", BigInteger, nullable=False),
        comment="answers already given, so that a repeated request gets the same",
        sqlite_with_rowid=False,
    )
    Table(
        "setting",
        metadata,
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False, comment="JSON"),
        comment="settings and facts of this profile",
        sqlite_with_rowid=False,
    )


def _outgoing_tables(metadata: MetaData) -> None:
    """Declare what a shared desk has for the server; a desk of its own leaves it empty."""
    Table(
        "outbox",
        metadata,
        Column("n", Integer, primary_key=True, comment="number of the operation at the server, without gaps"),
        Column("op_id", LargeBinary, nullable=False, unique=True, comment="operation.id"),
        Column("base_revision", Integer, comment="the server's revision under what the person looked at"),
        Column("state", Text, nullable=False, comment="new, answered, refused"),
        Column("result", Text, comment="JSON of the server's answer"),
        Column("answered_at", BigInteger),
        Column("previous_state", Text, comment="what it was before the server forgot it"),
        Column("outlook", Text, nullable=False, comment="empty, refusal (not laid on the rows) or parked"),
        Column("trouble", Text, nullable=False, comment="why it is parked"),
        CheckConstraint("state IN ('new', 'answered', 'refused')", name="state"),
        CheckConstraint("outlook IN ('', 'refusal', 'parked')", name="outlook"),
        Index("ix_outbox_state_n", "state", "n"),
        comment="what this desk tells the server, in order",
    )
    Table(
        "not_accepted",
        metadata,
        Column("op_id", LargeBinary, primary_key=True, comment="operation.id"),
        Column("at", BigInteger, nullable=False, comment="when the answer came"),
        Column("kind", Text, nullable=False, comment="kind of the operation"),
        Column("code", Text, nullable=False, comment="the server's reason, as a code"),
        Column("why", Text, nullable=False, comment="English template of a sentence"),
        Column("why_values", Text, nullable=False, comment="JSON, fills the template"),
        Column("fields", Text, nullable=False, comment="JSON, the fields concerned"),
        Column("seen", Text, nullable=False, comment="JSON, the row as this desk had it from the server"),
        Column("current", Text, nullable=False, comment="JSON, the row as it stood at the server"),
        Column("text", Text, nullable=False, comment="everything that was typed, readable"),
        Column("payload", Text, nullable=False, comment="JSON, the operation's"),
        Column("dismissed_at", BigInteger, comment="when a person had done with it"),
        Column("resolution", Text, nullable=False, comment="what he did: dismissed, note, mine, anew"),
        comment="what the server refused; nothing typed is ever dropped",
        sqlite_with_rowid=False,
    )
    Table(
        "viewed",
        metadata,
        Column("at", BigInteger, primary_key=True),
        Column("customer_id", LargeBinary, primary_key=True),
        Column("why", Text, nullable=False, comment="call, record, rpc"),
        comment="whose record was opened here, as long as the server was not told",
        sqlite_with_rowid=False,
    )


def _incoming_tables(metadata: MetaData) -> None:
    """Declare what a shared desk knows of the server."""
    Table(
        "server_row",
        metadata,
        Column("table_name", Text, primary_key=True),
        Column("row_id", LargeBinary, primary_key=True),
        Column("rev", Integer, nullable=False, comment="0 when the server has none"),
        Column("row", Text, comment="JSON; NULL when the server has none"),
        comment="rows under unsent operations, as the server last sent them",
        sqlite_with_rowid=False,
    )
    Table(
        "coverage",
        metadata,
        Column("kind", Text, primary_key=True, comment="customer, window"),
        Column("key", Text, primary_key=True),
        Column("from_at", BigInteger, comment="complete from here on; NULL: from the beginning"),
        Column("complete_since", Integer, nullable=False, comment="the tick it was complete at"),
        Column("total", Integer, comment="how many the server has in all, where it said so"),
        comment="of which histories everything is here; without a row nothing is known to be complete",
        sqlite_with_rowid=False,
    )
    Table(
        "contact_total",
        metadata,
        Column("customer_id", LargeBinary, primary_key=True),
        Column("contact_count", Integer, nullable=False, comment="lines of his time line"),
        Column("last_contact", BigInteger, nullable=False, comment="moment of the last one"),
        comment="how much the server has of each customer; without a row he has nothing, once all are here",
        sqlite_with_rowid=False,
    )
    Table(
        "sync",
        metadata,
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
        comment="the server this desk shares with, and how far it has read there",
        sqlite_with_rowid=False,
    )
    Table(
        "witness",
        metadata,
        Column("seq", Integer, primary_key=True),
        Column("fp", LargeBinary, nullable=False),
        comment="fingerprints of the server's last ticks, so that no history can be changed unseen",
    )


def _attachment_tables(metadata: MetaData) -> None:
    """Declare what this desk knows of the contents of attachments; the contents themselves are files."""
    Table(
        "attachment_file",
        metadata,
        Column("id", LargeBinary, primary_key=True, comment="attachment.id"),
        Column("file_key", LargeBinary, nullable=False, comment="without it the sealed file is noise"),
        Column("size", BigInteger, nullable=False, comment="bytes of the content"),
        Column(
            "state",
            Text,
            nullable=False,
            comment="held, coming, here, there (at the server, too), refused",
        ),
        Column("why", Text, nullable=False, comment="English sentence, when refused"),
        Column("used_at", BigInteger, nullable=False, comment="when somebody last looked at it"),
        CheckConstraint("state IN ('held', 'coming', 'here', 'there', 'refused')", name="state"),
        comment="contents of attachments that lie here; without a row the content is only at the server",
        sqlite_with_rowid=False,
    )


@dataclass(frozen=True, slots=True)
class Schema:
    """The declared schema: all tables, and those of the entities by name."""

    metadata: MetaData
    tables: dict[str, Table]


@cache
def schema() -> Schema:
    """Return the declared schema."""
    metadata = MetaData(naming_convention=NAMES)
    return Schema(metadata, declare(metadata))
