"""Somebody who writes a complaint down, kept as the window keeps it, until he is killed.

The child writes one line for each version of the form that the desk promised to keep, so the parent knows
afterwards what must be there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from crmdesk.services.complaints.intake_sheet import Sheet, Solution, to_draft
from crmdesk.services.complaints.procedure import House
from crmdesk.services.profile import Profile, open_profile
from crmdesk.ui.intake_desk import LocalIntakes
from tests.faults.typist import secrets_beside, tell

ABOUT = "call 1"
WORDS = "车底又漏油，第三次了，客户要求退还工时费 and a loan car until it is mended for good"
FIRST = Sheet(
    complaint_id=str(UUID(int=1 << 96)),
    received_at="2026-11-20T02:00:00+00:00",
    call_id=str(UUID(int=5)),
    channel="phone",
    category="quality_engine",
    solution=Solution(done="代步车", remedies=(("voucher", "150"),)),
)


@contextmanager
def intakes(profile: Profile) -> Iterator[LocalIntakes]:
    """Give the services of the form over the files of *profile*."""
    with closing(profile.open_store()) as store, closing(profile.open_drafts()) as drafts:
        yield LocalIntakes(store, drafts, House, lambda: profile.identity.tag)


def sheet(version: int) -> Sheet:
    """Return the form after so many keys."""
    return replace(FIRST, what_happened=(WORDS * (1 + version // len(WORDS)))[:version])


def main() -> None:
    """Type for ever in the profile named on the command line."""
    folder = Path(sys.argv[1])
    opened = open_profile(folder, secrets=secrets_beside(folder), environment={})
    with opened as profile, intakes(profile) as desk:
        version = 0
        while True:
            version += 1
            desk.keep(ABOUT, {"key": ABOUT, "sheet": to_draft(sheet(version))}).result()
            tell(version)


if __name__ == "__main__":
    main()
