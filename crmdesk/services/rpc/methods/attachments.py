"""`attachment.*`: files of complaints and customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmdesk.models.attachment import Attachment
from crmdesk.models.wire import Json, Row
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import ID, TEXT, Field, choice, entity_fields, record
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, action, query
from crmdesk.services.rpc.methods.system import whole_path
from crmdesk.services.rpc.records import all_required
from crmdesk.services.rpc.rows import one, told
from crmdesk.services.rpc.session import Session

NAMES = (
    *("id", "complaint_id", "customer_id", "name", "media_type", "size", "digest"),
    *("author", "at", "version"),
)
STATES = ("here", "not_sent", "only_there", "refused")
FILES = Listing("attachment", Attachment, NAMES, "-at")
FILE = record(
    *all_required(entity_fields(Attachment, NAMES)),
    Field(
        "state",
        choice(STATES),
        "of the content: here (and at the server, if this desk shares), not yet sent, only there, or not"
        " taken there",
        required=True,
    ),
    title="Attachment",
)


def add(session: Session, given: Given) -> Json:
    """Attach a file."""
    desk = session.desk
    path = whole_path("path", given["path"])
    file_id = desk.parts.attach(given["record"], path, given.get("name", ""), given.get("id"))
    made: Json = desk.store.read(_one, file_id).result()
    return made


def get(session: Session, given: Given) -> Json:
    """Return one attachment; write its content out, if asked to."""
    desk = session.desk
    desk.store.read(_one, given["id"]).result()
    if "path" in given:
        path = whole_path("path", given["path"])
        desk.parts.save_attachment(given["id"], path)
    found: Json = desk.store.read(_one, given["id"]).result()
    return found


def list_files(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return attachments."""
    return FILES.page(connection, given, lambda rows: [_tell(connection, row) for row in rows])


def _one(connection: Any, file_id: UUID) -> Json:
    return _tell(connection, one(connection, "attachment", Attachment, file_id))


def _tell(connection: Any, row: Row) -> Json:
    from crmdesk.services.attachments.filing import state_of

    return {**told(row, NAMES), "state": state_of(connection, row["id"])}


METHODS: tuple[Method, ...] = (
    action(
        "attachment.add",
        "Attach a file to a complaint or a customer; its content is sealed here, and sent behind all else.",
        (
            Field("record", ID, "of the complaint or the customer", required=True),
            Field("path", TEXT, "of the file, a whole path", required=True),
            Field("name", TEXT, "what it is to be called; left out: as the file"),
            Field("id", ID, "made by the sender, so that attaching it twice makes one"),
        ),
        FILE,
        add,
        writes=True,
    ),
    action(
        "attachment.get",
        "One attachment; with a path its content is written there, fetched from the server if need be.",
        (
            Field("id", ID, required=True),
            Field("path", TEXT, "whole path of a file, which is replaced, or of a folder"),
        ),
        FILE,
        get,
    ),
    query("attachment.list", "Attachments, the latest first.", FILES.params(), page_of(FILE), list_files),
)
