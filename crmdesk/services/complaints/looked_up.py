"""When the rules that ship were last compared with their sources, and how far the holidays are known."""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.resources import tables
from crmdesk.services.complaints.procedure import business_time, regimes
from crmdesk.values import dataclass

AGAIN_AFTER = timedelta(days=366)
"""Laws, addresses and holidays change every year."""
AHEAD = timedelta(days=92)
"""Dates that are told now lie up to a quarter ahead."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """When regimes and addresses of outside bodies were looked up, the older of both.

    ``provisional``: the year whose holidays ``calendar`` does not know, though dates lie in it already.
    """

    on: date
    calendar: str
    provisional: int | None

    def is_old(self, today: date) -> bool:
        """Whether somebody should look again."""
        return today - self.on > AGAIN_AFTER


def looked_up(calendar: str, today: date) -> LookedUp:
    """Return how fresh the rules are for a house that works by *calendar*.

    Raises:
        FileFault: a file cannot be read.
        InvalidInput: there is no such calendar.
    """
    routes = tables("letters", "words.toml")["routes"]
    on: date = min(routes["checked_on"], *(regime.checked_on for regime in regimes().values()))
    known = business_time(calendar).calendar
    year = (today + AHEAD).year
    return LookedUp(on, calendar, None if known.knows(year) else year)
