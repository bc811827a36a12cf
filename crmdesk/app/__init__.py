"""The composition root: the only place that knows everybody; builds, hands over, joins what it started."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run_window(profile: Path | None, address: str = "") -> int:
    """Show the window of *profile* (None: the usual one), opened at *address*; return the exit code.

    Nothing that a start makes is garbage, and looking for some would be a tenth of it: Python begins to look
    when everything is there.
    """
    gc.disable()
    try:
        from crmdesk.app.qt import load_qt

        load_qt()
        from crmdesk.app.window import run

        return run(profile, address)
    finally:
        gc.enable()


def run_demo(*, customers: int | None, calls: int | None, headless: Path | None) -> int:
    """Show the demo company, or play it into the folder *headless*; return the exit code."""
    from crmdesk.app.qt import load_qt

    load_qt()
    from crmdesk.app.demo import run

    return run(customers, calls, headless)
