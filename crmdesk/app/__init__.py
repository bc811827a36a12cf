"""The composition root: the only place that knows everybody; builds, hands over, joins what it started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run_window(profile: Path | None, address: str = "") -> int:
    """Show the window of *profile* (None: the usual one), opened at *address*; return the exit code."""
    from crmdesk.app.window import run

    return run(profile, address)


def run_demo(*, customers: int | None, calls: int | None, headless: Path | None) -> int:
    """Show the demo company, or play it into the folder *headless*; return the exit code."""
    from crmdesk.app.demo import run

    return run(customers, calls, headless)
