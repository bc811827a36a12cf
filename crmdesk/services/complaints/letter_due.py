"""The letter that a complaint waits for: promised or made, and not yet out of the house."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.sending import DECISION, REJECTION, TOLD
from crmdesk.services.complaints.correspondence import ASKED_FOR
from crmdesk.services.complaints.letter_case import BY_STATE
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.wire import Row

_SENT_IN: Mapping[str, frozenset[str]] = MappingProxyType(
    {DECISION: TOLD, REJECTION: frozenset({"REJECTED"})}
)
"""States in which a letter that decides waits for nothing but its post; before, a step goes with it."""


@dataclass(frozen=True, slots=True)
class LetterDue:
    """A letter of this *kind* is to leave the house; ``letter_id`` None: it is to be written first."""

    kind: str
    letter_id: UUID | None = None


def letter_due(
    state: str, letters: Sequence[Row], tasks: Sequence[Row], events: Sequence[Row]
) -> LetterDue | None:
    """Return the letter that is due next at a complaint in *state*, None when none is.

    That which the step named that brought the complaint here, else the last one made since, else what an open
    errand asks for. Of one kind only the letter made last counts. What was never sent waits no more once the
    complaint came to a state that asks for another letter: whoever wrote it thought better of it.

    Args:
        state: of the complaint.
        letters: those made for it.
        tasks: its errands.
        events: its history.
    """
    newest = {row["kind"]: row for row in sorted(letters, key=lambda row: row["made_at"])}
    moves = [row for row in events if BY_STATE.get(row["from_state"]) != BY_STATE.get(row["to_state"])]
    last = max(moves, key=lambda row: row["version"], default=None)
    named = json.loads(last["fields"]).get("letter_id") if last is not None else None
    waiting = [
        row
        for row in newest.values()
        if row["sent_at"] is None
        and state in _SENT_IN.get(row["kind"], (state,))
        and (str(row["id"]) == named or last is None or row["made_at"] >= last["at"])
    ]
    if waiting:
        first = max(waiting, key=lambda row: (str(row["id"]) == named, row["made_at"]))
        return LetterDue(first["kind"], first["id"])
    return _asked_for(newest, {row["errand"] for row in tasks if row["state"] == "open"})


def _asked_for(newest: Mapping[str, Row], errands: set[str]) -> LetterDue | None:
    """Return the letter that an open errand asks for: made already, or to be written."""
    for kind, wanted in ASKED_FOR.items():
        if errands.intersection(wanted):
            held = newest.get(kind)
            return LetterDue(kind, held["id"] if held is not None and held["sent_at"] is None else None)
    return None
