"""Values of fields in words, as a history tells them: ``S3 normal → S2 …``."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmdesk.ui.complaint_words import (
    ACCEPTED_HOW,
    APPEAL_REASONS,
    BODIES,
    CAUSE_CLASSES,
    CHANNELS,
    FINDINGS,
    GRADES,
    LEVELS,
    REGIMES,
    REJECT_REASONS,
    REOPEN_REASONS,
    SEVERITIES,
    WAIT_FOR,
    WANTED,
    money,
)
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "severity": SEVERITIES,
        "channel": CHANNELS,
        "ack_channel": CHANNELS,
        "sent_via": CHANNELS,
        "cause_class": CAUSE_CLASSES,
        "finding": FINDINGS,
        "wait_for": WAIT_FOR,
        "accepted_how": ACCEPTED_HOW,
        "external": BODIES,
        "remedy_wanted": WANTED,
        "level": LEVELS,
        "score": GRADES,
        "regime": REGIMES,
        "ended_why": REJECT_REASONS,
        "ended_channel": CHANNELS,
        "reopen_why": {**REOPEN_REASONS, **APPEAL_REASONS},
        "reason": {**REJECT_REASONS, **REOPEN_REASONS, **APPEAL_REASONS},
    }
)
_MONEY = frozenset({"money", "remedy_total"})
QUIET = frozenset(
    {
        *(
            "owner_id",
            "team_id",
            "proposer_id",
            "customer_id",
            "asset_id",
            "call_id",
            "rejected_by",
            "number",
        ),
        *("handed_over_by", "survey_id", "last_operation_id", "last_step_at", "next_clock", "next_due_at"),
        *("what_happened", "reason_text", "provisional", "proposal_version", "logged_at", "sampled"),
        *(
            "accepted",
            "first_contact",
            "unidentified",
            "restricted",
            "imported",
            "wait_seconds",
            "hand_overs",
        ),
        *(
            "repeat_of",
            "merged_into",
            "complainant",
            "third_party",
            "language",
            "outlet",
            "cause",
            "category",
        ),
    }
)
"""Fields that say nothing to a reader, or that the file shows in full."""


class Values:
    """Words values of fields."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments

    def change(
        self, record: ComplaintRecord, name: str, before: Json, after: Json, *, corrected: bool = False
    ) -> str:
        """Return what a step changed in the field *name*, empty when nobody wants to read it.

        What was *corrected* is read in both its forms.
        """
        if (name in QUIET and not corrected) or before == after:
            return ""
        was, now = (self._told(record, name, value) for value in (before, after))
        if not was and not now:
            return ""
        return f"{was} → {now or '–'}" if was else now

    def plain(self, name: str, value: str) -> str:
        """Return a code as its word, anything else as it is."""
        return said(self._words, dict(_WORDS.get(name, {})), value)

    def _told(self, record: ComplaintRecord, name: str, value: Json) -> str:
        if str(value) in _WORDS.get(name, {}):
            return self.plain(name, str(value))
        if value in (None, "", 0, False):
            return ""
        if name == "state":
            state = record.states.get(str(value))
            return self._words.pick(state.name_en, state.name_zh) if state else str(value)
        if name in _MONEY and isinstance(value, int):
            return money(value, record.currency)
        if isinstance(value, bool):
            return self._words.tr("yes")
        if isinstance(value, str) and name.endswith(("_at", "_until")):
            return self._moments.day_and_time(datetime.fromisoformat(value))
        return self.plain(name, str(value))
