"""How a method is declared: its name, its types, and the function that does it.

A method is one of three sorts, told apart by what its function gets:

- *query*: ``run(connection, desk, given)`` on a reader, in one snapshot
- *change*: ``run(work, desk, given)`` inside one transaction of the store lane, together with the record of
  its ``request_id``; the use cases it calls may commit, the transaction ends when all is done
- *action*: ``run(session, given)``, for what is neither, such as a ringing call
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from crmdesk.models.wire import Json
from crmdesk.services.rpc.kinds import TEXT, Field, Kind, record
from crmdesk.values import dataclass

Given = Mapping[str, Any]
"""Parameters as read: Python values by name."""

Sort = Literal["query", "change", "action"]
REQUEST_ID = Field("request_id", TEXT, "the same one again answers the same and changes nothing")


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the interface. ``test_only``: exists in test profiles only."""

    name: str
    summary: str
    params: Kind
    result: Kind
    run: Callable[..., Json]
    sort: Sort
    writes: bool = False
    test_only: bool = False


def query(
    name: str, summary: str, params: tuple[Field, ...], result: Kind, run: Callable[..., Json]
) -> Method:
    """Declare a method that reads."""
    return Method(name, summary, record(*params), result, run, "query")


def change(
    name: str, summary: str, params: tuple[Field, ...], result: Kind, run: Callable[..., Json]
) -> Method:
    """Declare a method that writes in one transaction."""
    return Method(name, summary, record(*params, REQUEST_ID), result, run, "change", writes=True)


def action(
    name: str,
    summary: str,
    params: tuple[Field, ...],
    result: Kind,
    run: Callable[..., Json],
    *,
    writes: bool = False,
    test_only: bool = False,
) -> Method:
    """Declare a method that neither only reads nor is one transaction; safe to repeat when it *writes*."""
    known = record(*params, REQUEST_ID) if writes else record(*params)
    return Method(name, summary, known, result, run, "action", writes, test_only)
