"""Seeded randomness: the same seed always gives the same company, ids included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from random import Random
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")

OPENS_HOUR, HOURS_OPEN = 8, 12


class Chance:
    """Everything that is drawn, from one seed.

    Args:
        seed: the same seed draws the same.
        zone: where the company works; the hotline is open from 8 to 20 there.
    """

    def __init__(self, seed: int, zone: tzinfo) -> None:
        self._random = Random(seed)
        self.zone = zone

    def row_id(self, at: datetime) -> UUID:
        """Return an id as a desk would have made it at that moment (UUID version 7)."""
        value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | self._random.getrandbits(80)
        value = value & ~(0xF << 76) | 7 << 76
        return UUID(int=value & ~(0x3 << 62) | 2 << 62)

    def happens(self, probability: float) -> bool:
        """Return True that often (0 to 1)."""
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return self._random.randint(low, high)

    def amount(self, low: float, high: float) -> float:
        """Return a number between *low* and *high*."""
        return self._random.uniform(low, high)

    def around(self, usual: float, least: float, most: float) -> float:
        """Return a number mostly near *usual*, rarely far above, never outside of the limits."""
        return min(most, max(least, usual * math.exp(self._random.gauss(0.0, 0.5))))

    def count(self, mean: float) -> int:
        """Return how often something happened that happens *mean* times on average (Poisson)."""
        limit, product, n = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            n += 1
        return n

    def one(self, choices: Sequence[T]) -> T:
        """Return one of *choices*."""
        return choices[self._random.randrange(len(choices))]

    def several(self, choices: Sequence[T], count: int) -> list[T]:
        """Return *count* different ones of *choices*, fewer when there are not so many."""
        return self._random.sample(choices, min(count, len(choices)))

    def weighted(self, choices: Sequence[T], weight: Callable[[T], float]) -> T:
        """Return one of *choices*, each as often as its weight says."""
        return self._random.choices(choices, [weight(choice) for choice in choices])[0]

    def digits(self, count: int) -> str:
        """Return that many digits."""
        return "".join(self._random.choices("0123456789", k=count))

    def letter(self) -> str:
        """Return a letter that may stand on a plate (neither I nor O)."""
        return self.one("ABCDEFGHJKLMNPQRSTUVWXYZ")

    def moment_on(self, day: date) -> datetime:
        """Return a moment of *day* at which the hotline and the workshops are open."""
        opened = datetime.combine(day, time(OPENS_HOUR), self.zone)
        return opened + timedelta(seconds=self.between(0, HOURS_OPEN * 3600 - 1))
