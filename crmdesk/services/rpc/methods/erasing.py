"""`customer.erase`: taking a person out of a desk of its own."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.errors import CrmdeskError, Denied, InvalidInput
from crmdesk.models.wire import Json
from crmdesk.services.customers.erase import refuse_unconfirmed
from crmdesk.services.erasure import Erasure, Wanted
from crmdesk.services.rpc.kinds import COUNT, FLAG, ID, TEXT, Field, list_of, record
from crmdesk.services.rpc.method import Given, Method, action
from crmdesk.services.rpc.session import Session

ERASED = record(
    Field("erased", FLAG, "false: this was only a look", required=True),
    Field(
        "rows",
        list_of(record(Field("table", TEXT, required=True), Field("count", COUNT, required=True))),
        "what goes; calls stay as figures, without number and name",
        required=True,
    ),
    Field("traces", COUNT, "entries of log, history, refusals and answers that go", required=True),
    Field("clean", FLAG, "no byte of it is left in store, copies and nightly backups", required=True),
    Field("trouble", TEXT, "why some are left for now; the desk goes on by itself", required=True),
)


def erase(session: Session, given: Given) -> Json:
    """Erase somebody, or say what would go."""
    desk, customer = session.desk, given["id"]
    if desk.sharing.address() is not None:
        raise Denied(
            "This desk shares a server: the administrator erases people there, for all desks: crmdesk admin"
            " erase."
        )
    erasure = desk.parts.erasure()
    if given.get("dry_run"):
        foreseen = erasure.foreseen(customer)
        return _told(foreseen.rows, foreseen.traces, erased=False)
    for name in ("number", "reason"):
        if not given.get(name, "").strip():
            raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    desk.store.read(refuse_unconfirmed, customer, given["number"]).result()
    wanted = Wanted(str(customer), customer, reason=given["reason"].strip())
    done = erasure.take_out(wanted, "rpc")
    return {**_told(done.rows, done.traces, erased=True), **_cleaned(erasure, wanted)}


def _told(rows: Mapping[str, int], traces: int, *, erased: bool) -> dict[str, Json]:
    counted = [{"table": table, "count": count} for table, count in rows.items()]
    return {"erased": erased, "rows": counted, "traces": traces, "clean": False, "trouble": ""}


def _cleaned(erasure: Erasure, wanted: Wanted) -> dict[str, Json]:
    try:
        erasure.clean([wanted])
    except CrmdeskError as trouble:
        return {"trouble": str(trouble)}
    erasure.finish([wanted.name])
    return {"clean": True}


METHODS: tuple[Method, ...] = (
    action(
        "customer.erase",
        "Erase a person from a desk of its own, everywhere it keeps anything; waits until no byte is left.",
        (
            Field("id", ID, required=True),
            Field("number", TEXT, "one of his numbers, typed again; his name, when he has none"),
            Field("reason", TEXT, "why; kept with his id, the moment and who did it"),
            Field("dry_run", FLAG, "only say what would go", default=False),
        ),
        ERASED,
        erase,
        writes=True,
    ),
)
