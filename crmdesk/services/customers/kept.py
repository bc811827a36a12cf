"""What stays of an erased person, as figures without him: his calls, and the records of his complaints.

A complaint's record is kept for as long as the rules it was handled by ask for: number, state, dates,
category, severity, finding, sums. Whatever was written in it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmdesk.models.wire import Json

CALL, COMPLAINT, BODY = "call", "complaint", "complaint_body"

WRITTEN = (
    *("complainant", "third_party", "what_happened", "containment", "wait_what", "reason_text"),
    *("internal_reason", "missing", "refused_why", "accepted_by", "what_was_done", "corrective_reason"),
    *("ended_why", "other_route", "external_reference"),
)
"""The fields of a complaint's body in which somebody wrote of him."""

KEPT: Mapping[str, Mapping[str, Json]] = MappingProxyType(
    {
        CALL: {
            "number_raw": "",
            "number_value": "",
            "caller_name": "",
            "customer_id": None,
            "contact_id": None,
            "asset_id": None,
        },
        COMPLAINT: {"customer_id": None, "asset_id": None, "call_id": None},
        BODY: dict.fromkeys(WRITTEN, ""),
        "complaint_event": {"fields": "{}", "before": "{}", "after": "{}"},
        "remedy_line": {"order_id": ""},
        "letter": {"text": "", "digest": ""},
        "survey": {"customer_id": None, "answers": (), "words": ""},
        "corrective_action": {"what": "", "result": ""},
    }
)
"""Tables whose rows stay, and what is put in the place of what was his."""

OF_COMPLAINT = ("complaint_event", "remedy_line", "letter", "survey", "corrective_action")
"""Those of them that name their complaint."""

_SAID: Mapping[str, Json] = MappingProxyType(
    {
        name: value
        for table, empty in KEPT.items()
        if table != "complaint_event"
        for name, value in empty.items()
    }
)
_STEP = "complaint.step"


def emptied(told: Json, empty: Mapping[str, Json] = _SAID) -> Json:
    """Return *told* (JSON) with what is in *empty* in the place of what has those names, at any depth."""
    if isinstance(told, dict):
        return {name: empty[name] if name in empty else emptied(value, empty) for name, value in told.items()}
    if isinstance(told, list):
        return [emptied(each, empty) for each in told]
    return told


def emptied_payload(kind: str, payload: Mapping[str, Json]) -> Json:
    """Return the payload of an operation on a row that stays, without him."""
    without = dict(payload)
    if kind == _STEP:
        without["fields"] = {}
    return emptied(without)
