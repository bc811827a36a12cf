"""By what complaints are handled here: procedure, targets, regimes, calendar, and the shop's own codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime, read_editions
from crmdesk.models.complaint_file import Rules
from crmdesk.models.gates import GATES, Limits
from crmdesk.models.payload import REMEDIES, TYPES, Codes
from crmdesk.models.regime import Regime, read_regimes
from crmdesk.models.targets import Targets, read_targets
from crmdesk.models.workflow import Workflow, workflow_of
from crmdesk.resources import tables
from crmdesk.settings import Settings
from crmdesk.values import dataclass

YEARS = (2010, 2039)
"""The years in which business time is counted, here and at the server."""
CENTS = 100
LIMITED = ("agent", "supervisor")
"""Roles with a limit of their own."""


@dataclass(frozen=True, slots=True)
class House:
    """What the site is: its calendar's key, its currency, its zone.

    ``regime``: what complaints fall under where nobody chooses another, empty for none.
    """

    calendar: str = "cn-default"
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    regime: str = ""

    @property
    def tzinfo(self) -> tzinfo:
        """The zone of the site."""
        return ZoneInfo(self.zone)


def house_of(settings: Settings) -> House:
    """Return the house that *settings* describe."""
    return House(*(settings.text(name) for name in ("calendar", "currency", "zone", "regime")))


@dataclass(frozen=True, slots=True)
class Procedure:
    """Everything a step is judged by: :class:`Rules`, limits in the smallest unit, the house, its codes.

    Where the person here has a limit of his own, it stands for that of his role.
    """

    rules: Rules
    limits: Limits
    house: House
    codes: Codes


def procedure(connection: Any, house: House) -> Procedure:
    """Return the procedure with the codes that this store holds; costs 15 ms of CPU the first time.

    Raises:
        InvalidInput: the calendar, the currency or the regime is not known.
    """
    rules = _rules(house.calendar)
    if house.regime and house.regime not in rules.regimes:
        raise InvalidInput(
            "There is no regime {name}. Choose one of: {choices}.",
            name=house.regime,
            choices=", ".join(rules.regimes),
        )
    limits = replace(_limits(rules.targets, house.currency), **_own_limit(connection))
    return Procedure(rules, limits, house, _codes(connection, rules.regimes))


def rules_of(house: House) -> Rules:
    """Return by what complaints are handled there, without what a store adds.

    Raises:
        InvalidInput: the calendar is not known.
    """
    return _rules(house.calendar)


def _own_limit(connection: Any) -> dict[str, int]:
    """Return what the server said that the person here may grant alone, by his role; else nothing."""
    told = connection.execute("SELECT value FROM sync WHERE name = 'own_limit'").fetchone()
    held: dict[str, int] = json.loads(told[0]) if told else {}
    return {role: int(limit) for role, limit in held.items() if role in LIMITED}


def _codes(connection: Any, regimes: Mapping[str, Regime]) -> Codes:
    categories = connection.execute("SELECT key FROM complaint_category").fetchall()
    causes = connection.execute("SELECT key FROM cause WHERE leaf").fetchall()
    return Codes(
        categories=frozenset(key for (key,) in categories),
        causes=frozenset(key for (key,) in causes),
        remedies_wanted=frozenset(REMEDIES),
        regimes=frozenset(regimes),
    )


@cache
def workflow() -> Workflow:
    """Return the procedure of the house."""
    return workflow_of(tables("workflow.toml"), GATES, TYPES)


@cache
def targets() -> Targets:
    """Return the targets of the house."""
    return read_targets(tables("targets.toml"))


@cache
def regimes() -> Mapping[str, Regime]:
    """Return the regimes of the house."""
    return read_regimes(tables("regimes.toml"))


class Editions(Mapping[str, BusinessTime]):
    """Every edition of every calendar by its version.

    A version that is not here, because the server's calendars are newer or one was taken out, is stood for by
    the newest edition of that calendar, else by the one *in_force*.
    """

    def __init__(self, times: Mapping[str, BusinessTime], in_force: BusinessTime) -> None:
        self._times = times
        self._newest = {time.calendar.key: time for time in times.values()}
        self._in_force = in_force

    def __getitem__(self, version: str) -> BusinessTime:
        """Return what counts time as *version* does, as nearly as is known here."""
        known = self._times.get(version)
        return known or self._newest.get(version.rpartition("/")[0], self._in_force)

    def __iter__(self) -> Iterator[str]:
        """Go through the versions that are here."""
        return iter(self._times)

    def __len__(self) -> int:
        """Return how many versions are here."""
        return len(self._times)


@cache
def business_time(calendar: str) -> BusinessTime:
    """Return the newest edition of *calendar*.

    Raises:
        InvalidInput: there is no such calendar.
    """
    known = {time.calendar.key: time for time in calendars()}
    if calendar not in known:
        raise InvalidInput(
            "There is no business calendar {name}. Choose one of: {choices}.",
            name=calendar,
            choices=", ".join(known),
        )
    return known[calendar]


@cache
def calendars() -> tuple[BusinessTime, ...]:
    """Return all editions of all calendars of the house, those of one calendar in their order."""
    known = read_editions(tables("calendars.toml"))
    return tuple(BusinessTime(each, *YEARS) for editions in known.values() for each in editions)


@cache
def _rules(calendar: str) -> Rules:
    time = business_time(calendar)
    editions = Editions({each.version: each for each in calendars()}, time)
    return Rules(workflow(), targets(), regimes(), time, editions)


def _limits(known: Targets, currency: str) -> Limits:
    if currency not in known.limits:
        raise InvalidInput(
            "There are no limits for {currency}. Choose one of: {choices}.",
            currency=currency,
            choices=", ".join(known.limits),
        )
    limit = known.limits[currency]
    return Limits(limit.agent * CENTS, limit.supervisor * CENTS, known.reopen_days)
