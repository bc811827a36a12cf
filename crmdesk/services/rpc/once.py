"""A change and the record of its answer, in one transaction: the same request is never done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from crmdesk.errors import InvalidInput
from crmdesk.models.changes import ChangeSet
from crmdesk.models.wire import Json
from crmdesk.services.store.values import to_micros

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

REQUEST_LIMIT = 200
"""Characters of a request_id at most."""


class _HeldCommit:
    """A unit of work whose ``commit`` waits for the end of the request.

    Use cases commit for themselves; here the answer must become durable together with the change.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def commit(self) -> ChangeSet:
        return self._work.changes


def perform_once(
    work: UnitOfWork, method: str, request_id: str | None, perform: Callable[[UnitOfWork], Json]
) -> Json:
    """Do *perform* in the transaction of *work* and commit; a known *request_id* only gives its answer.

    Raises:
        InvalidInput: the request_id was used for another method.
    """
    if request_id is not None:
        known = answer_given(work.connection, method, request_id)
        if known is not None:
            return known["result"]
    result = perform(cast("UnitOfWork", _HeldCommit(work)))
    if request_id is not None:
        keep_answer(work, method, request_id, result)
    work.commit()
    return result


def remember(work: UnitOfWork, method: str, request_id: str, result: Json) -> None:
    """Keep the answer of an action that is safe to repeat."""
    if answer_given(work.connection, method, request_id) is None:
        keep_answer(work, method, request_id, result)
    work.commit()


def answer_given(connection: Any, method: str, request_id: str) -> dict[str, Json] | None:
    """Return ``{"result": …}`` when the request was answered before, else None; any connection."""
    if not 0 < len(request_id) <= REQUEST_LIMIT:
        raise InvalidInput(
            "{name} must have between 1 and {limit} characters.",
            fields=("request_id",),
            name="request_id",
            limit=REQUEST_LIMIT,
        )
    row = connection.execute("SELECT result FROM request WHERE id = ?", (request_id,)).fetchone()
    if row is None:
        return None
    held: dict[str, Json] = json.loads(row[0])
    if held["method"] != method:
        raise InvalidInput(
            "This request_id was used for {method} before; take a new one.",
            fields=("request_id",),
            method=held["method"],
        )
    return held


def keep_answer(work: UnitOfWork, method: str, request_id: str, result: Json) -> None:
    """Write the answer into the transaction of *work*."""
    text = json.dumps({"method": method, "result": result}, ensure_ascii=False)
    at = to_micros(work.author.now())
    work.connection.execute("INSERT INTO request (id, result, at) VALUES (?, ?, ?)", (request_id, text, at))
