"""How the ten complaints of three desks end, worked out by hand from the procedure and the calendar.

Business days after Thursday, 17 September 2026: 18, 20 (a Sunday that is worked), 21, 22, 23, 24, 28, 29, 30,
8 October, 9, 10 (a Saturday that is worked), 12, 13, 14, 15, 16, 19, 20, 21. Closing time is 10:00 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

RUNS = "…"
"""Behind the date of a clock that nobody stopped."""


@dataclass(frozen=True)
class End:
    """How a complaint stands in the end.

    Attributes:
        number: its last part.
        steps: in their order.
        clocks: the due date of each run of each clock, in the order of the runs; UTC, without the year.
        late: the clocks that were stopped after their time, or are over.
        letters: kinds of those made, in their order; all were sent.
        tasks: errands, without reminders, by how many.
        holds: fields of the head and the body.
    """

    number: str
    owner: str
    steps: str
    clocks: Mapping[str, tuple[str, ...]]
    late: frozenset[str] = frozenset()
    letters: tuple[str, ...] = ()
    tasks: Mapping[str, int] = field(default_factory=dict)
    holds: Mapping[str, Any] = field(default_factory=dict)


ENDS: Mapping[str, End] = MappingProxyType(
    {
        "letters": End(
            number="0001",
            owner="anna",
            steps="T1 T2 T4 T5 T6 T7 T8 T9 T11 T15 T16",
            clocks={
                # Two minutes on Thursday, three hours before noon, 58 minutes after it.
                "acknowledge": ("09-18 05:58",),
                "contact": ("09-18 10:00",),
                "assess": ("09-20 10:00",),
                # Seven, ten and five business days, and the six hours and 50 minutes of the wait.
                "decide": ("09-29 08:50",),
                "resolve": ("10-09 08:50",),
                "update": ("09-28 08:50",),
                "waiting": ("09-20 02:00",),
                "UK-8W/acknowledge": ("09-23 10:00",),
                # Eight weeks by the calendar, the last second of the day in Shanghai; waiting does not count.
                "UK-8W/decide": ("11-12 15:59:59",),
                "answer_window": ("10-10 10:00",),
                "follow_up": ("09-28 10:00",),
                "reopen_window": ("10-29 01:00…",),
            },
            late=frozenset({"follow_up"}),
            letters=("acknowledgement", "decision", "closing"),
            tasks={"written_acknowledgement": 1, "follow_up": 1},
            holds={
                "state": "CLOSED",
                "severity": "S3",
                "regime": "UK-8W",
                "level": 0,
                "what_happened": "The brakes squeal again after the third visit.",
                "reason_text": "We fitted the wrong part.",
                "remedy_total": 150_00,
                "wait_seconds": 24_600,
                "accepted_by": "Ms Letters",
                "csm": 50,
            },
        ),
        "refusal": End(
            number="0002",
            owner="anna",
            steps="T1 T2 T4 T5 T8 T9 T12 T8 T9 T11 T15 T16",
            clocks={
                "acknowledge": ("09-18 03:00",),
                "contact": ("09-18 06:00",),
                "containment": ("09-20 10:00",),
                # Four hours from five past nine, over noon.
                "assess": ("09-18 06:05",),
                "decide": ("09-22 10:00", "09-23 10:00"),
                "resolve": ("09-24 10:00",),
                "update": ("09-21 10:00", "09-22 10:00"),
                "answer_window": ("10-10 10:00", "10-10 10:00"),
                "follow_up": ("09-24 10:00",),
                "reopen_window": ("10-29 01:00…",),
            },
            late=frozenset({"follow_up"}),
            letters=("decision",),
            tasks={"follow_up": 1},
            holds={
                "state": "CLOSED",
                "severity": "S2",
                "level": 1,
                "refused_why": "Too little for three weeks.",
                "reason_text": "A seal was left out, and it took too long.",
                "proposal_version": 2,
                "remedy_total": 1900_00,
                "csm": 0,
                "corrective_action": 0,
                "corrective_reason": "One mechanic was new; he was shown.",
            },
        ),
        "undo": End(
            number="0003",
            owner="anna",
            steps="T1 T2 T4 U1 T4 T5 T8 U1 T8 T9 T11 T15 T16 T20 T8 T9 T11 T15 T16",
            clocks={
                "acknowledge": ("09-18 06:00",),
                "contact": ("09-20 10:00",),
                "assess": ("09-20 10:00",),
                # First by the receipt of the one merged into it, on the 16th; then half, from the 29th.
                "decide": ("09-24 10:00", "10-10 10:00"),
                "resolve": ("09-30 10:00", "10-12 10:00"),
                "update": ("09-24 10:00", "10-12 10:00"),
                "answer_window": ("10-09 10:00", "10-21 10:00"),
                "follow_up": ("09-24 10:00", "10-12 10:00"),
                "reopen_window": ("10-29 01:00", "11-11 10:01…"),
            },
            late=frozenset({"follow_up"}),
            letters=("decision",),
            tasks={"follow_up": 2},
            holds={
                "state": "CLOSED",
                "severity": "S3",
                "reopen_count": 1,
                "reopen_why": "recurred",
                "reason_text": "The template of the bill was wrong.",
                "proposal_version": 3,
                "remedy_total": 180_00,
                "csm": 90,
            },
        ),
        "merged": End(
            number="0004",
            owner="anna",
            steps="T1 T19",
            clocks={
                # Two hours on Wednesday, two on Thursday.
                "acknowledge": ("09-17 03:00",),
                "contact": ("09-17 10:00",),
                "decide": ("09-24 10:00",),
                "resolve": ("09-30 10:00",),
            },
            late=frozenset({"acknowledge", "contact"}),
            holds={
                "state": "MERGED",
                "channel": "mail",
                "what_happened": "He writes that the bill is wrong.",
            },
        ),
        "two approvals": End(
            number="0005",
            owner="ben",
            steps="T1 T2 T4 T5 T6 T7 T8 T9 T11 T15 T16",
            clocks={
                "acknowledge": ("09-18 06:00",),
                "contact": ("09-20 10:00",),
                "assess": ("09-20 10:00",),
                # And the 15 hours and 40 minutes of the wait that began without a line.
                "decide": ("10-08 09:40",),
                "resolve": ("10-12 09:40",),
                "update": ("09-29 09:40",),
                "waiting": ("09-21 02:00",),
                "answer_window": ("10-12 10:00",),
                "follow_up": ("10-15 10:00",),
                "reopen_window": ("11-14 10:00…",),
            },
            late=frozenset({"resolve"}),
            letters=("decision",),
            tasks={"follow_up": 1},
            holds={
                "state": "CLOSED",
                "wait_seconds": 56_400,
                "accepted": 0,
                "accepted_how": "window_over",
                "remedy_total": 2500_00,
                "declined": 1,
            },
        ),
        "escalated": End(
            number="0006",
            owner="chen",
            steps="T1 T2 T4 T5 E1 E1 E2 T8 T9 T11 T15 T16",
            clocks={
                "acknowledge": ("09-18 01:30",),
                "contact": ("09-18 03:00",),
                "containment": ("09-18 03:00",),
                "assess": ("09-18 02:05",),
                "decide": ("09-20 10:00",),
                "resolve": ("09-22 10:00",),
                "update": ("09-19 01:05",),
                "CN-ODR/resolve": ("10-09 10:00",),
                # Closed on the 29th, in time.
                "12315/answer": ("10-08 10:00",),
                "answer_window": ("10-09 10:00",),
                "follow_up": ("09-23 10:00",),
                "reopen_window": ("10-29 01:00…",),
            },
            late=frozenset({"follow_up"}),
            letters=("referral", "decision"),
            tasks={"escalated": 4, "follow_up": 1},
            holds={
                "state": "CLOSED",
                "severity": "S1",
                "level": 3,
                "unidentified": 1,
                "customer_id": None,
                "containment": "The car stays here.",
                "external": "12315",
                "external_reference": "SH-2026-17",
                "remedy_total": 500_00,
                "csm": 60,
                "corrective_action": 1,
                "corrective_reason": "It can happen to every car.",
            },
        ),
        "withdrawn": End(
            number="0007",
            owner="ben",
            steps="T1 T2 T4 T5 T18",
            clocks={
                "acknowledge": ("09-18 06:00",),
                "contact": ("09-20 10:00",),
                "assess": ("09-20 10:00",),
                "decide": ("09-29 10:00",),
                "resolve": ("10-09 10:00",),
                "update": ("09-24 10:00",),
            },
            holds={
                "state": "WITHDRAWN",
                "ended_why": "Leave it, I have no time for this.",
                "reason_text": "",
                "proposal_version": 0,
                "remedy_total": 0,
            },
        ),
        "appeal": End(
            number="0008",
            owner="ben",
            steps="T1 T3 T21 T4 T5 T8 T9 T11 T15 T17 T8 T9 T11 T15 T16",
            clocks={
                "acknowledge": ("09-18 06:00",),
                "contact": ("09-20 10:00", "09-20 10:00"),
                "assess": ("09-20 10:00",),
                # As received, so again after the appeal, then half from the 29th.
                "decide": ("09-29 10:00", "09-29 10:00", "10-10 10:00"),
                "resolve": ("10-09 10:00", "10-09 10:00", "10-12 10:00"),
                "update": ("09-28 10:00", "10-12 10:00"),
                "appeal_window": ("10-18 01:12:41",),
                "answer_window": ("10-10 10:00", "10-21 10:00"),
                "follow_up": ("09-28 10:00", "10-12 10:00"),
                "reopen_window": ("11-11 10:01…",),
            },
            late=frozenset({"follow_up"}),
            letters=("rejection", "decision"),
            tasks={"follow_up": 2},
            holds={
                "state": "CLOSED",
                "other_route": "The dealer in charge.",
                "reopen_count": 1,
                "score": -60,
                "reason_text": "We should have explained it.",
                "remedy_total": 100_00,
                "csm": 15,
            },
        ),
        "solved at once": End(
            number="0009",
            owner="anna",
            steps="T1 T13 T15 T16",
            clocks={
                # The end of the next business day.
                "acknowledge": ("09-20 10:00",),
                "contact": ("09-21 10:00",),
                "decide": ("10-09 10:00",),
                "resolve": ("10-15 10:00",),
                "follow_up": ("09-24 10:00",),
                "reopen_window": ("10-24 10:00…",),
            },
            holds={
                "state": "CLOSED",
                "severity": "S4",
                "first_contact": 1,
                "sampled": 0,
                "what_was_done": "A voucher for the cup holder.",
                "remedy_total": 50_00,
                "csm": None,
            },
        ),
        "handed over": End(
            number="0009B",
            owner="anna",
            steps="T1 H1 T2 T4 T5 T8 T9 T11 T15 T16",
            clocks={
                # An hour and a half before noon, two and a half after it.
                "acknowledge": ("09-18 07:30",),
                "contact": ("09-20 10:00",),
                "assess": ("09-21 10:00",),
                "decide": ("09-29 10:00",),
                "resolve": ("10-09 10:00",),
                "update": ("09-28 10:00",),
                "answer_window": ("10-10 10:00",),
                "follow_up": ("09-28 10:00",),
                "reopen_window": ("10-29 11:00…",),
            },
            late=frozenset({"acknowledge", "follow_up"}),
            tasks={"number_twice": 1, "taken_over": 1, "follow_up": 1},
            holds={"state": "CLOSED", "hand_overs": 1, "remedy_total": 50_00, "csm": None},
        ),
    }
)
