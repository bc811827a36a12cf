"""The same fault on the same asset, again: what visits found and what callers rang about."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from crmdesk.models.screen_pop import RepeatFault
from crmdesk.services.customers.values import DAY, marks, micros, rows

WINDOWS_DAYS = (30, 90)
"""Twice within the first of these windows counts as repeated, else within the second."""
LED_TO_DAYS = 7
"""A visit so many days after a call about the same is what the call led to, not a second time."""

_Days = dict[tuple[bytes, str], set[int]]

_FOUND = """SELECT asset_id, code, at FROM visit_item
 WHERE asset_id IN ({}) AND kind = 'fault' AND code > '' AND at >= ?"""
_CALLED = """SELECT asset_id, topic, at FROM interaction
 WHERE customer_id = ? AND at >= ? AND topic > '' AND direction <> 'out'"""
_NAMES = "SELECT key, name_en, name_zh FROM fault WHERE key IN ({})"


def repeat_faults(
    connection: Any, customer: bytes, assets: list[bytes], *, now: datetime
) -> dict[bytes, tuple[RepeatFault, ...]]:
    """Return what was repeated on each of *assets*, worst first.

    A call that names no asset counts for the customer's only one, else for those whose visits found the same.
    A visit and the calls that led to it are one event, and so is what happened on one day. Calls of ours to
    ask whether all is well do not count.
    """
    if not assets:
        return {}
    since = micros(now) - WINDOWS_DAYS[-1] * DAY
    found: _Days = defaultdict(set)
    called: _Days = defaultdict(set)
    for asset, code, at in rows(connection, _FOUND.format(marks(len(assets))), *assets, since):
        found[asset, code].add(at // DAY)
    for asset, topic, at in rows(connection, _CALLED, customer, since):
        for concerned in _concerned(asset, topic, assets, found):
            called[concerned, topic].add(at // DAY)
    today = micros(now) // DAY
    counted = {
        key: _counted(_events(found.get(key, set()), called.get(key, set())), today)
        for key in {**found, **called}
    }
    return _named(connection, {key: count for key, count in counted.items() if count})


def _events(found: set[int], called: set[int]) -> set[int]:
    """Return the days on which it happened again: visits, and calls that no visit followed."""
    return found | {day for day in called if not any(0 <= visit - day <= LED_TO_DAYS for visit in found)}


def _concerned(asset: bytes | None, topic: str, assets: list[bytes], found: _Days) -> list[bytes]:
    if asset is not None:
        return [asset] if asset in assets else []
    return assets if len(assets) == 1 else [held for held in assets if (held, topic) in found]


def _counted(days: set[int], today: int) -> tuple[int, int] | None:
    """Return (times, window in days) of the shortest window that holds two or more; None when none does."""
    for window in WINDOWS_DAYS:
        times = sum(day > today - window for day in days)
        if times > 1:
            return times, window
    return None


def _named(
    connection: Any, repeated: dict[tuple[bytes, str], tuple[int, int]]
) -> dict[bytes, tuple[RepeatFault, ...]]:
    if not repeated:
        return {}
    codes = sorted({code for _, code in repeated})
    names = {key: (en, zh) for key, en, zh in rows(connection, _NAMES.format(marks(len(codes))), *codes)}
    found: dict[bytes, list[RepeatFault]] = defaultdict(list)
    for (asset, code), (times, window) in repeated.items():
        if code in names:
            found[asset].append(RepeatFault(code, *names[code], times, window))
    return {
        asset: tuple(sorted(faults, key=lambda fault: (fault.days, -fault.times, fault.code)))
        for asset, faults in found.items()
    }
