"""The index that lists of open complaints read alone: its columns, and the condition queries must repeat."""

from __future__ import annotations

ENDED = ("REJECTED", "CLOSED", "WITHDRAWN", "MERGED")
"""States in which nothing is left to do."""
OPEN = f"state NOT IN {ENDED}"
"""A complaint somebody still has to do something about; word for word, or the index is not used."""

HANDED_OVER = "state = 'open' AND errand = 'taken_over'"
"""A task of somebody who was given a complaint and has not taken it; word for word, too."""

OPEN_COMPLAINT = (
    *("next_due_at", "owner_id", "team_id", "state", "severity", "level", "external", "number", "category"),
    *(
        "customer_id",
        "next_clock",
        "wait_for",
        "wait_until",
        "received_at",
        "repeat_of",
        "reopen_count",
        "restricted",
        "rev",
    ),
)
