"""Names of what a body outside decides."""

from __future__ import annotations

GO_EXTERNAL, DECIDED = "E2", "decided"
"""The step that writes its letter down, and the field that says what it decided."""
ENDED_HERE = frozenset({"RESOLVED", "FOLLOW_UP", "CLOSED", "REJECTED"})
"""States in which we had decided ourselves, and nobody works on it."""
ERRAND = "outside_decision"
