"""Which letters may leave the house, as it was written down by hand."""

import pytest

from crmdesk.models.sending import sending_lacks
from tests.models.cases import CIRCUMSTANCES, complete, workflow

DECIDED = "RESPONDED RESOLVED FOLLOW_UP CLOSED"
UNDECIDED = "RECEIVED ACKNOWLEDGED ASSESSED INVESTIGATING WAITING REJECTED WITHDRAWN MERGED"
EVERYWHERE = f"{DECIDED} {UNDECIDED} PROPOSED"
EVERYBODY = "agent supervisor administrator"
MAY = [
    *((kind, EVERYWHERE, EVERYBODY, "granted_2001 proposed_by_another") for kind in ("holding", "closing")),
    ("acknowledgement", EVERYWHERE, EVERYBODY, "granted_2001"),
    ("decision", DECIDED, EVERYBODY, "granted_2001 proposed_by_another"),
    ("decision", "PROPOSED", "agent", "granted_200"),
    ("decision", "PROPOSED", "supervisor", "granted_2000"),
    ("decision", "PROPOSED", "supervisor", "granted_201 proposed_by_another"),
    ("decision", "PROPOSED", "agent", "granted_201 another_supervisor_approved"),
    ("decision", "PROPOSED", "agent", "is_S2 proposed_by_another another_supervisor_approved"),
    ("decision", "PROPOSED", "administrator", "granted_201 another_supervisor_approved"),
    ("decision", "PROPOSED", "agent", "granted_2001 two_supervisors_approved"),
    ("rejection", "REJECTED", EVERYBODY, ""),
    ("rejection", "RECEIVED", "supervisor", ""),
]
MAY_NOT = [
    ("decision", UNDECIDED, EVERYBODY, ""),
    ("decision", "PROPOSED", "agent", "granted_201"),
    ("decision", "PROPOSED", "agent", "is_S2"),
    ("decision", "PROPOSED", "agent", "proposed_by_another"),
    ("decision", "PROPOSED", "agent", "granted_201 older_version_approved"),
    ("decision", "PROPOSED", "agent", "granted_201 another_supervisor_approved proposal_changed_since"),
    ("decision", "PROPOSED", "agent", "granted_2001 another_supervisor_approved"),
    ("decision", "PROPOSED", "supervisor", "granted_2001 proposed_by_another"),
    ("decision", "PROPOSED", "supervisor", "is_S1"),
    ("decision", "PROPOSED", "administrator", "granted_201 proposed_by_another"),
    ("rejection", "RECEIVED", "agent administrator", ""),
    ("rejection", f"{DECIDED} PROPOSED ACKNOWLEDGED INVESTIGATING WITHDRAWN", EVERYBODY, ""),
]


def spread(lines: list[tuple[str, str, str, str]], *, may: bool) -> list[tuple[str, str, str, str, bool]]:
    """Return a line for each state and role."""
    return [
        (kind, state, role, circumstances, may)
        for kind, states, roles, circumstances in lines
        for state in states.split()
        for role in roles.split()
    ]


@pytest.mark.parametrize(
    ("kind", "state", "role", "circumstances", "may"), spread(MAY, may=True) + spread(MAY_NOT, may=False)
)
def test_a_letter_that_decides_waits_for_the_decision(
    kind: str, state: str, role: str, circumstances: str, *, may: bool
) -> None:
    case = complete(workflow().transition("T9"), state, role)
    for name in circumstances.split():
        case = CIRCUMSTANCES[name](case)
    assert (sending_lacks(kind, case) is None) is may
