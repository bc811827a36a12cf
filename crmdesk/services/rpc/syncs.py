"""How sharing looks on the wire: the state of the server, what waits, what was refused."""

from __future__ import annotations

from crmdesk.models.sync_views import PendingLine, RefusedLine, SyncStatus
from crmdesk.models.wire import Json, to_json
from crmdesk.services.rpc.kinds import (
    COUNT,
    FLAG,
    ID,
    MOMENT,
    NUMBER,
    TEXT,
    Field,
    Kind,
    list_of,
    nullable,
    record,
)

ANYTHING = Kind({}, lambda _path, value: value)

STATUS_FIELDS = (
    Field("configured", FLAG, "false: this desk works alone", required=True),
    Field("connected", FLAG, required=True),
    Field("trouble", nullable(TEXT), "why there is no connection, or what is wrong with it", required=True),
    Field("tick", nullable(COUNT), "the server's state held here", required=True),
    Field("last_pull_at", nullable(MOMENT), required=True),
    Field("pending", COUNT, "changes not yet sent", required=True),
    Field("refused", COUNT, "changes the server did not accept", required=True),
    Field("first_sync", nullable(NUMBER), "part of the first copy that is here; null: all", required=True),
)
STATUS = record(
    *STATUS_FIELDS,
    Field("address", nullable(TEXT), "host:port/database; null: this desk works alone", required=True),
    Field("user", nullable(TEXT), "name of the account there", required=True),
    Field("ca", nullable(TEXT), "file of the authority behind the server's certificate", required=True),
    title="SyncStatus",
)
PENDING = record(
    Field("id", ID, "of the operation", required=True),
    Field("n", COUNT, "its place in the outbox", required=True),
    Field("at", MOMENT, required=True),
    Field("what", TEXT, required=True),
    Field("subject", TEXT, "whom it is about", required=True),
    Field("text", TEXT, "what was typed", required=True),
    Field("again", FLAG, "sent once more: the server was restored from a backup", required=True),
    title="Pending",
)
CONFLICT = record(
    Field("field", TEXT, required=True),
    Field("before", ANYTHING, "the value both began with", required=True),
    Field("mine", ANYTHING, required=True),
    Field("server", ANYTHING, "the server's value now", required=True),
    title="FieldConflict",
)
REFUSED = record(
    Field("id", ID, "of the operation", required=True),
    Field("at", MOMENT, "when the server refused it", required=True),
    Field("what", TEXT, required=True),
    Field("reason", TEXT, required=True),
    Field("code", TEXT, "conflict, denied, illegal, gone, invalid, unknown_kind", required=True),
    Field("subject", TEXT, required=True),
    Field("text", TEXT, "all that was typed", required=True),
    Field("customer_id", nullable(ID), required=True),
    Field("conflicts", list_of(CONFLICT), "both versions, field by field", required=True),
    title="Refused",
)


def status_as_json(status: SyncStatus) -> Json:
    """Return how desk and server stand; a desk that works alone has neither tick nor first copy."""
    return {
        "configured": status.configured,
        "connected": status.connected,
        "trouble": None if status.trouble is None else str(status.trouble),
        "tick": status.tick if status.configured else None,
        "last_pull_at": to_json(status.last_pull_at),
        "pending": status.pending,
        "refused": status.refused,
        "first_sync": status.first_sync,
    }


def pending_as_json(line: PendingLine) -> Json:
    """Return one operation on its way."""
    return {
        "id": str(line.op_id),
        "n": line.n,
        "at": to_json(line.at),
        "what": str(line.what),
        "subject": line.subject,
        "text": line.text,
        "again": line.again,
    }


def refused_as_json(line: RefusedLine) -> Json:
    """Return one operation that was not accepted, both versions of each field."""
    return {
        "id": str(line.op_id),
        "at": to_json(line.at),
        "what": str(line.what),
        "reason": str(line.reason),
        "code": line.code,
        "subject": line.subject,
        "text": line.text,
        "customer_id": to_json(line.customer_id),
        "conflicts": [
            {"field": each.field, "before": each.before, "mine": each.mine, "server": each.server}
            for each in line.conflicts
        ],
    }
