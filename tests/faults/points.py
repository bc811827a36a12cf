"""Named points in the life of an operation at which a desk may be cut off.

``outbox`` is the commit of what a person does; ``push`` the way to the server; ``answers`` the commit of what
it said; ``rows`` and ``cursor`` lie inside the commit ``pull``; ``forgot`` is the commit after a restore.
Of contents of files ``sealed`` is putting one away before its row is written, ``piece`` the way of one to the
server, ``fetched`` taking one in that came from there, ``swept`` taking away what nobody knows any more.
Of a form with files ``held`` is keeping one for it, ``named`` keeping the draft that names it, ``saved`` the
complaint, ``attached`` its files, ``ended`` forgetting the draft.
Of a large first copy ``copied`` is one look at how far it is, ``carried`` lies inside the change of files:
what only the desk has goes over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from crmdesk.services.attachments.cabinet import Cabinet
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import contents, intake, replica, session
from crmdesk.services.sync.copying import CopyElsewhere
from tests.faults.sync_forms import Forms

POINTS = (
    "outbox.before",
    "outbox.after",
    "push.before",
    "push.after",
    "answers.before",
    "answers.after",
    "stamp.before",
    "stamp.after",
    "pull.before",
    "pull.after",
    "cursor.before",
    "cursor.after",
    "forgot.before",
    "forgot.after",
)
FILE_POINTS = (
    "sealed.before",
    "sealed.after",
    "piece.before",
    "piece.after",
    "fetched.before",
    "fetched.after",
    "swept.before",
    "swept.after",
)
FORM_POINTS = (
    "held.after",
    "named.before",
    "named.after",
    "saved.before",
    "saved.after",
    "attached.before",
    "attached.after",
    "ended.after",
)
COPY_POINTS = ("copied.after", "carried.before", "carried.after")
"""At each of them whoever joins late dies once before his first copy is whole."""

Patch = Callable[[Any, str, Any], None]
_COMMITS = {"record_answers": "answers", "take_in": "pull", "server_forgot": "forgot"}


def plant(reached: Callable[[str], None], patch: Patch = setattr) -> None:
    """Have *reached* called with the name of each point; *patch* puts the functions in place."""
    inside = threading.local()
    _plant_commits(reached, patch, inside)
    conversation: Any = session
    patch(session, "send", _around(conversation.send, "push", reached))
    patch(session, "stamp", _around(conversation.stamp, "stamp", reached))
    patch(replica, "_move_on", _around(replica._move_on, "cursor", reached))


def plant_in_files(reached: Callable[[str], None], patch: Patch = setattr) -> None:
    """Have *reached* called with the name of each of :data:`FILE_POINTS`."""
    sender: Any = contents.Contents
    for owner, function, name in (
        (Cabinet, "put", "sealed"),
        (sender, "_put", "piece"),
        (Cabinet, "accept", "fetched"),
        (Cabinet, "sweep", "swept"),
    ):
        patch(owner, function, _around(getattr(owner, function), name, reached))


def plant_in_forms(reached: Callable[[str], None], patch: Patch = setattr) -> None:
    """Have *reached* called with the name of each of :data:`FORM_POINTS`."""
    for function, name in (
        ("_hold", "held"),
        ("_keep", "named"),
        ("_log", "saved"),
        ("_attach", "attached"),
        ("_forget", "ended"),
    ):
        patch(Forms, function, _around(getattr(Forms, function), name, reached))


def plant_in_copy(reached: Callable[[str], None], patch: Patch = setattr) -> None:
    """Have *reached* called with the name of each of :data:`COPY_POINTS`."""
    receiver: Any = intake
    patch(CopyElsewhere, "step", _around(CopyElsewhere.step, "copied", reached))
    patch(receiver, "carry", _around(receiver.carry, "carried", reached))


def _plant_commits(reached: Callable[[str], None], patch: Patch, inside: threading.local) -> None:
    commit = UnitOfWork.commit

    def told_commit(work: UnitOfWork) -> object:
        name = getattr(inside, "name", "outbox")
        reached(f"{name}.before")
        done = commit(work)
        reached(f"{name}.after")
        return done

    patch(UnitOfWork, "commit", told_commit)
    for function, name in _COMMITS.items():
        patch(replica, function, _named(getattr(replica, function), name, inside))


def _named(function: Callable[..., Any], name: str, inside: threading.local) -> Callable[..., Any]:
    @wraps(function)
    def told(*arguments: Any, **more: Any) -> Any:
        inside.name = name
        try:
            return function(*arguments, **more)
        finally:
            del inside.name

    return told


def _around(function: Callable[..., Any], name: str, reached: Callable[[str], None]) -> Callable[..., Any]:
    @wraps(function)
    def told(*arguments: Any, **more: Any) -> Any:
        reached(f"{name}.before")
        done = function(*arguments, **more)
        reached(f"{name}.after")
        return done

    return told
