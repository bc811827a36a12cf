"""`server.*` and `sync.*`: the database that desks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.errors import InvalidInput
from crmdesk.models.sync_views import FieldChoice
from crmdesk.models.wire import Json, to_json
from crmdesk.services.rpc.kinds import COUNT, FLAG, ID, TEXT, Field, choice, list_of, nullable, record
from crmdesk.services.rpc.method import Given, Method, action
from crmdesk.services.rpc.session import Session
from crmdesk.services.rpc.syncs import (
    PENDING,
    REFUSED,
    STATUS,
    pending_as_json,
    refused_as_json,
    status_as_json,
)

if TYPE_CHECKING:
    from crmdesk.services.sync.address import ServerAddress
    from crmdesk.services.sync.bulk import Loaded

LOADED = record(
    Field("added", COUNT, "new at the server", required=True),
    Field("same", COUNT, "there already", required=True),
    Field("refused", COUNT, "not taken", required=True),
    Field(
        "left_out",
        list_of(
            record(
                Field("table", TEXT, required=True),
                Field("id", ID, required=True),
                Field("why", TEXT, "column whose record the server has not, or erased", required=True),
            )
        ),
        "at most 200 of those not taken",
        required=True,
    ),
)
JOINED = record(
    Field("server", TEXT, required=True),
    Field("user", TEXT, required=True),
    Field("role", TEXT, required=True),
    Field("tag", TEXT, "of this desk at the server", required=True),
    Field("operations", COUNT, "taken along, to be sent", required=True),
    Field("removed", COUNT, "rows taken out of this desk", required=True),
    Field("copy", nullable(TEXT), "sealed copy of the store as it was", required=True),
    Field("loaded", nullable(LOADED), "what became of rows that went along in bulk", required=True),
)
ADOPTION = record(
    Field(
        "tables",
        list_of(
            record(
                Field("table", TEXT, required=True),
                Field("sent", COUNT, "rows that would go", required=True),
                Field("matched", COUNT, "rows the server has under another id", required=True),
            )
        ),
        required=True,
    ),
    Field("duplicate_count", COUNT, required=True),
    Field(
        "duplicates",
        list_of(
            record(
                Field("why", choice(("number", "vin", "external_id")), required=True),
                Field("value", TEXT, required=True),
                Field("here", TEXT, "name of the customer here", required=True),
                Field("there", TEXT, "name of the customer at the server", required=True),
            )
        ),
        "at most 1000; with the same external_id they become one, others stay two",
        required=True,
    ),
)
ROUND = record(
    Field("sent", COUNT, "operations sent", required=True),
    Field("accepted", COUNT, required=True),
    Field("refused", COUNT, required=True),
    Field("stamped", COUNT, "changes of all desks that were numbered", required=True),
    Field("rows", COUNT, "rows that came", required=True),
    Field("tick", COUNT, "the server's state held here", required=True),
    Field("reloaded", FLAG, "all was compared, as at the first time or after a restore", required=True),
    Field("pending", COUNT, "still to be sent", required=True),
)
CHOICES = ("mine", "server", "note", "fields")
FIELD_CHOICE = record(
    Field("field", TEXT, required=True),
    Field("take", choice(("mine", "server", "typed")), required=True),
    Field("text", TEXT, "what was typed anew"),
)


def join(session: Session, given: Given) -> Json:
    """Put this desk on a shared database."""
    data = given.get("data")
    done = session.desk.sharing.join(
        given.get("address", ""),
        given["user"],
        given["password"],
        ca=given.get("ca", ""),
        adopt=None if data is None else data == "adopt",
    )
    return {
        "server": done.server,
        "user": done.user,
        "role": done.role,
        "tag": done.tag,
        "operations": done.operations,
        "removed": done.removed,
        "copy": None if done.copy is None else str(done.copy),
        "loaded": None if done.loaded is None else _loaded_as_json(done.loaded),
    }


def _loaded_as_json(loaded: Loaded) -> Json:
    left_out = [{"table": each.table, "id": str(each.id), "why": each.why} for each in loaded.reasons]
    return {"added": loaded.added, "same": loaded.same, "refused": loaded.refused, "left_out": left_out}


def adoption(session: Session, given: Given) -> Json:
    """Say what taking along would do."""
    from crmdesk.services.sync.bulk import ORDER

    plan = session.desk.sharing.adoption(
        given.get("address", ""), given["user"], given["password"], ca=given.get("ca", "")
    )
    return {
        "tables": [
            {"table": table, "sent": plan.sent.get(table, 0), "matched": plan.matched.get(table, 0)}
            for table in ORDER
            if table in plan.sent or table in plan.matched
        ],
        "duplicate_count": plan.duplicate_count,
        "duplicates": [
            {"why": each.why, "value": each.value, "here": each.here, "there": each.there}
            for each in plan.duplicates
        ],
    }


def leave(session: Session, given: Given) -> Json:
    """Take this desk off the shared database."""
    left = session.desk.sharing.leave(unsent=given.get("keep_unsent", False))
    return {"unsent": [pending_as_json(line) for line in left]}


def run(session: Session, _given: Given) -> Json:
    """Do one round."""
    sharing = session.desk.sharing
    done = sharing.run()
    return {
        "sent": done.sent,
        "accepted": done.accepted,
        "refused": done.refused,
        "stamped": done.stamped,
        "rows": done.rows,
        "tick": done.tick,
        "reloaded": done.reloaded,
        "pending": sharing.status().pending,
    }


def status(session: Session, _given: Given) -> Json:
    """Return how this desk and the server stand."""
    sharing = session.desk.sharing
    address = sharing.address()
    told = status_as_json(sharing.status())
    if address is None:
        return {**told, "address": None, "user": None, "ca": None}
    return {**told, "address": _place(address), "user": address.user, "ca": address.ca}


def _place(address: ServerAddress) -> str:
    """Return host:port/database as :meth:`ServerAddress.from_words` reads it."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}/{address.dbname}"


def fetch_file(session: Session, given: Given) -> Json:
    """Bring the file of a complaint here."""
    return {"rows": session.desk.sharing.load_file(given["id"])}


def pending(session: Session, _given: Given) -> Json:
    """Return what is still to be sent."""
    return {"items": [pending_as_json(line) for line in session.desk.sharing.pending()]}


def refused(session: Session, _given: Given) -> Json:
    """Return what was not accepted."""
    return {"items": [refused_as_json(line) for line in session.desk.sharing.refused()]}


def resolve(session: Session, given: Given) -> Json:
    """Settle an operation that was not accepted."""
    sharing, op_id, wanted = session.desk.sharing, given["id"], given["choice"]
    if wanted == "mine":
        sharing.insist(op_id)
    elif wanted == "server":
        sharing.dismiss(op_id)
    elif wanted == "note":
        if "customer_id" not in given:
            raise InvalidInput("Please fill in {name}.", fields=("customer_id",), name="customer_id")
        sharing.send_as_note(op_id, given["customer_id"])
    else:
        taken = {each["field"]: FieldChoice(each["take"], each.get("text", "")) for each in given["fields"]}
        sharing.resolve(op_id, taken)
    return {"refused": to_json(sharing.status().refused)}


METHODS: tuple[Method, ...] = (
    action(
        "server.join",
        "Put this desk on a shared database; done when the server took it, before the first rows are here.",
        (
            Field("address", TEXT, "DSN without a password, or host:port/database; left out: IT's"),
            Field("user", TEXT, "name of the account", required=True),
            Field("password", TEXT, "kept in the keyring", required=True),
            Field("ca", TEXT, "file of the authority behind the server's certificate; left out: IT's"),
            Field(
                "data",
                choice(("adopt", "fresh")),
                "take along what is here, or begin with what the server has; needed if there is anything",
            ),
        ),
        JOINED,
        join,
    ),
    action(
        "server.adoption",
        "What taking along would do, and what may be there twice; changes nothing.",
        (
            Field("address", TEXT, "DSN without a password, or host:port/database; left out: IT's"),
            Field("user", TEXT, "name of the account", required=True),
            Field("password", TEXT, "not kept", required=True),
            Field("ca", TEXT, "file of the authority behind the server's certificate; left out: IT's"),
        ),
        ADOPTION,
        adoption,
    ),
    action(
        "server.leave",
        "Take this desk off the shared database: what waits is sent first, everything typed stays here.",
        (Field("keep_unsent", FLAG, "leave even if something could not be sent; it stays here only"),),
        record(Field("unsent", list_of(PENDING), "what the server did not get", required=True)),
        leave,
    ),
    action(
        "complaint.fetch",
        "Bring the file of a complaint here that ended long ago; none comes when it is not for this person.",
        (Field("id", ID, required=True),),
        record(Field("rows", COUNT, "rows that came", required=True)),
        fetch_file,
    ),
    action("sync.run", "One whole round: push, pull, apply.", (), ROUND, run),
    action(
        "sync.status",
        "How this desk and the server stand.",
        (),
        STATUS,
        status,
    ),
    action(
        "sync.pending",
        "What is still to be sent, oldest first.",
        (),
        record(Field("items", list_of(PENDING), required=True)),
        pending,
    ),
    action(
        "sync.refused",
        "What the server did not accept and nobody has settled, newest first, both versions of each field.",
        (),
        record(Field("items", list_of(REFUSED), required=True)),
        refused,
    ),
    action(
        "sync.resolve",
        "Settle an operation that was not accepted.",
        (
            Field("id", ID, "of the operation", required=True),
            Field(
                "choice",
                choice(CHOICES),
                "mine: do it once more; server: put it away; note: keep its text as a note; fields: as given",
                required=True,
            ),
            Field("fields", list_of(FIELD_CHOICE), "a choice for each field in conflict", default=()),
            Field("customer_id", ID, "whose note it becomes"),
        ),
        record(Field("refused", COUNT, "how many are left", required=True)),
        resolve,
    ),
)
