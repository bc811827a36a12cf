"""`asset.*`, `visit.*`, `task.*`, `note.append`."""

from __future__ import annotations

from typing import Any

from crmdesk.errors import NotFound
from crmdesk.models import asset, note, task, visit
from crmdesk.models.wire import Json, Row
from crmdesk.services import calls
from crmdesk.services.customers import edit
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Field,
    entity_fields,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.records import (
    ASSET,
    ASSET_NAMES,
    ASSET_WRITABLE,
    ITEM_FIELDS,
    TASK,
    TASK_CHOICES,
    TASK_NAMES,
    TASK_WRITABLE,
    VISIT,
    VISIT_NAMES,
    VISIT_WRITABLE,
    tell_visits,
)
from crmdesk.services.rpc.rows import one, told
from crmdesk.services.rpc.updates import BY_ID, changes_of

ASSETS = Listing("asset", asset.Asset, ASSET_NAMES)
VISITS = Listing("service_visit", visit.ServiceVisit, VISIT_NAMES, "-visited_at")
TASKS = Listing("task", task.Task, TASK_NAMES, "due_at")
LINKS = (("customer_id", "customer"), ("call_id", "call"), ("owner_id", "agent"), ("team_id", "team"))
ITEMS = Field("items", list_of(record(*ITEM_FIELDS), 500), "work done, parts used, faults found")
ASSET_FIELDS = entity_fields(asset.Asset, ASSET_WRITABLE, required=("customer_id",))
VISIT_FIELDS = entity_fields(visit.ServiceVisit, VISIT_WRITABLE, required=("asset_id", "visited_at"))
TASK_FIELDS = entity_fields(task.Task, TASK_WRITABLE, choices=TASK_CHOICES)
NOTE_NAMES = ("id", "call_id", "customer_id", "complaint_id", "text", "author", "at", "team_id", "version")
NOTE = record(
    Field("id", ID, required=True),
    Field("call_id", nullable(ID), required=True),
    Field("customer_id", nullable(ID), required=True),
    Field("complaint_id", nullable(ID), required=True),
    Field("text", TEXT, required=True),
    Field("author", TEXT, "the agent's id; empty on a desk nobody signed in to", required=True),
    Field("at", MOMENT, required=True),
    Field("team_id", nullable(ID), "the only team that may read it, null for everybody", required=True),
    Field("version", INTEGER, required=True),
    title="Note",
)


def get_asset(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one asset."""
    return told(one(connection, "asset", asset.Asset, given["id"]), ASSET_NAMES)


def list_assets(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return assets."""
    return ASSETS.page(connection, given, lambda rows: [told(row, ASSET_NAMES) for row in rows])


def create_asset(work: Any, desk: Desk, given: Given) -> Json:
    """Make an asset."""
    return get_asset(work.connection, desk, {"id": edit.open_asset(work, given)})


def update_asset(work: Any, desk: Desk, given: Given) -> Json:
    """Change an asset."""
    if "customer_id" in given["changes"]:
        edit.known(work, "customer", given["changes"]["customer_id"])
    edit.change_asset(work, given["id"], given["changes"], given.get("base_version"))
    return get_asset(work.connection, desk, given)


def get_visit(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one visit with its items."""
    return tell_visits(connection, [one(connection, "service_visit", visit.ServiceVisit, given["id"])])[0]


def list_visits(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return visits."""
    return VISITS.page(connection, given, lambda rows: tell_visits(connection, rows))


def create_visit(work: Any, desk: Desk, given: Given) -> Json:
    """Record a visit; its customer is the asset's owner unless given."""
    values = {name: value for name, value in given.items() if name != "items"}
    row_id = edit.record_visit(work, values, given.get("items", ()))
    return get_visit(work.connection, desk, {"id": row_id})


def update_visit(work: Any, desk: Desk, given: Given) -> Json:
    """Change a visit."""
    held = work.load(visit.ServiceVisit, given["id"])
    work.do(held.change(work.author, given["changes"], given.get("base_version")))
    work.commit()
    return get_visit(work.connection, desk, given)


def get_task(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one task."""
    return _tell_task(one(connection, "task", task.Task, given["id"]))


def list_tasks(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return tasks."""
    return TASKS.page(connection, given, lambda rows: [_tell_task(row) for row in rows])


def create_task(work: Any, desk: Desk, given: Given) -> Json:
    """Open a task."""
    _refuse_strangers(work, given)
    row_id = calls.open_task(work, given)
    return get_task(work.connection, desk, {"id": row_id})


def update_task(work: Any, desk: Desk, given: Given) -> Json:
    """Change a task."""
    _refuse_strangers(work, given["changes"])
    calls.change_task(work, given["id"], given["changes"], given.get("base_version"))
    return get_task(work.connection, desk, given)


def _refuse_strangers(work: Any, values: Given) -> None:
    """Refuse a task that leads to nobody: each row it names must be here."""
    for name, table in LINKS:
        if values.get(name) and work.row(table, values[name]) is None:
            raise NotFound("This {what} is not here any more.", fields=(name,), what=table)


def _tell_task(row: Row) -> Json:
    return told(row, TASK_NAMES)


def append_note(work: Any, _desk: Desk, given: Given) -> Json:
    """Append a note."""
    for name, table in (("call_id", "call"), ("customer_id", "customer")):
        if given.get(name):
            edit.known(work, table, given[name])
    row_id = calls.append_note(
        work,
        given["text"],
        given.get("call_id"),
        given.get("customer_id"),
        team_id=given.get("team_id"),
        complaint_id=given.get("complaint_id"),
    )
    return told(one(work.connection, "note", note.Note, row_id), NOTE_NAMES)


METHODS: tuple[Method, ...] = (
    query("asset.get", "One asset.", BY_ID, ASSET, get_asset),
    query("asset.list", "Assets.", ASSETS.params(), page_of(ASSET), list_assets),
    change("asset.create", "Give a customer an asset.", ASSET_FIELDS, ASSET, create_asset),
    change("asset.update", "Change some fields of an asset.", changes_of(ASSET_FIELDS), ASSET, update_asset),
    query("visit.get", "One service visit with its items.", BY_ID, VISIT, get_visit),
    query("visit.list", "Service visits, the latest first.", VISITS.params(), page_of(VISIT), list_visits),
    change("visit.create", "Record a service visit.", (*VISIT_FIELDS, ITEMS), VISIT, create_visit),
    change(
        "visit.update",
        "Change some fields of a service visit; its asset and items stay.",
        changes_of([field for field in VISIT_FIELDS if field.name in visit.EDITABLE]),
        VISIT,
        update_visit,
    ),
    query("task.get", "One task or call-back.", BY_ID, TASK, get_task),
    query("task.list", "Tasks and call-backs by due time.", TASKS.params(), page_of(TASK), list_tasks),
    change("task.create", "Open a task or call-back.", TASK_FIELDS, TASK, create_task),
    change(
        "task.update",
        "Change a task: done, dropped, owner, due time.",
        changes_of(TASK_FIELDS),
        TASK,
        update_task,
    ),
    change(
        "note.append",
        "Append a note to a call, a customer or a complaint; notes never change afterwards.",
        (
            Field("call_id", ID, "id of the call"),
            Field("customer_id", ID),
            Field("complaint_id", ID, "it goes into the complaint's log, for whoever may read that"),
            Field("text", TEXT, required=True),
            Field("team_id", ID, "only this team, its author and the team's supervisors may read it"),
        ),
        NOTE,
        append_note,
    ),
)
