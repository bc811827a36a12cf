"""`crmdesk` and `python -m crmdesk`: the command line, given the window it can open."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


class Windows:
    """The part of the program that needs a display; loaded only when a command wants it."""

    def window(self, profile: Path | None, address: str = "") -> int:
        """Show the window of *profile*, opened at *address* (a crmdesk:// link) if there is one."""
        from crmdesk import app

        return app.run_window(profile, address)

    def demo(self, customers: int | None, calls: int | None, headless: Path | None) -> int:
        """Show the demo company, or play it without a display into the folder *headless*."""
        from crmdesk import app

        return app.run_demo(customers=customers, calls=calls, headless=headless)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line *arguments* (default: those of the process); return the exit code."""
    from crmdesk.cli.program import run

    return run(sys.argv[1:] if arguments is None else arguments, Windows())


if __name__ == "__main__":
    sys.exit(main())
