"""What a body outside decided of a complaint, as somebody wrote its letter down (E2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from crmdesk.models.complaint_fact import FINDINGS_UPHELD
from crmdesk.models.outside import DECIDED, ENDED_HERE, GO_EXTERNAL
from crmdesk.models.wire import Row

TAKE_UP: Mapping[str, str] = MappingProxyType(
    {"RESOLVED": "T20", "CLOSED": "T20", "FOLLOW_UP": "T17", "REJECTED": "T21"}
)
"""The step that takes up again what ended here: by state."""
_GOES_ON = frozenset({"INVESTIGATING", "ACKNOWLEDGED"})


def decided_against_us(events: Iterable[Row]) -> bool:
    """Whether a body decided otherwise than we had, and the complaint was not taken up again since."""
    against = False
    for row in sorted(events, key=lambda each: each["version"]):
        decided = json.loads(row["fields"]).get(DECIDED) if row["transition"] == GO_EXTERNAL else None
        if decided is not None:
            against = decided in FINDINGS_UPHELD and row["from_state"] in ENDED_HERE
        elif row["to_state"] in _GOES_ON and row["to_state"] != row["from_state"]:
            against = False
    return against
