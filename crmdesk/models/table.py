"""Reading tables of settings: what a file of the house or of a shop says, checked once, on the way in.

Whoever reads the file hands the parsed mapping over; a date may be a date (TOML) or its ISO text (JSON).
Each fault is one sentence that names the place in the file and the key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from crmdesk.errors import InvalidInput


class Table:
    """One table of a file, with the *place* a fault is to name, such as ``UK-8W, clocks line 2``."""

    def __init__(self, place: str, values: object) -> None:
        self.place = place
        if not isinstance(values, Mapping):
            raise InvalidInput("{place} must be a table of names and values.", place=place)
        self._values: Mapping[str, Any] = values

    def __contains__(self, name: str) -> bool:
        """Whether the table says something of *name*."""
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        """Go through the names, as they stand in the file."""
        return iter(self._values)

    def only(self, *names: str) -> None:
        """Refuse a name that is none of *names*, for it is a slip of the pen and would say nothing."""
        for name in self._values:
            if name not in names:
                raise InvalidInput(
                    "{place}: {name} is not known here. Known are: {names}.",
                    **self.at(name),
                    names=", ".join(names),
                )

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; one without a default must be there and say something."""
        value = self._get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise InvalidInput("{place}: {name} must be a text.", **self.at(name))
        return value

    def number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number from *low* to *high*."""
        value = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidInput(
                "{place}: {name} must be a whole number from {low} to {high}.",
                **self.at(name),
                low=low,
                high=high,
            )
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Return yes or no."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise InvalidInput("{place}: {name} must be true or false.", **self.at(name))
        return value

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """Return one of *choices*."""
        value = self._get(name, default)
        if value not in choices:
            raise InvalidInput(
                "{place}: {name} must be one of: {choices}.", **self.at(name), choices=", ".join(choices)
            )
        return str(value)

    def day(self, name: str) -> date:
        """Return a date."""
        return self._day(name, self._get(name))

    def day_or_none(self, name: str) -> date | None:
        """Return a date, or None when the table says none."""
        return self.day(name) if name in self else None

    def days(self, name: str) -> tuple[date, ...]:
        """Return a list of dates."""
        return tuple(self._day(name, each) for each in self._list(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; absent is empty."""
        found = self._list(name) if name in self else []
        if not all(isinstance(each, str) and each.strip() for each in found):
            raise InvalidInput("{place}: {name} must be a list of texts.", **self.at(name))
        return tuple(found)

    def numbers(self, name: str, low: int, high: int) -> tuple[int, ...]:
        """Return a list of whole numbers from *low* to *high*."""
        found = self._list(name)
        return tuple(Table(self.place, {name: each}).number(name, low, high) for each in found)

    def table(self, name: str) -> Table:
        """Return the table below *name*."""
        return Table(f"{self.place}, {name}", self._get(name))

    def tables(self, name: str) -> tuple[Table, ...]:
        """Return the list of tables below *name*, counted from line 1; absent is empty."""
        found = self._list(name) if name in self else []
        return tuple(Table(f"{self.place}, {name} line {n}", each) for n, each in enumerate(found, 1))

    def at(self, name: str) -> dict[str, Any]:
        """Return what a refusal of *name* needs; its sentence uses ``{place}`` and ``{name}``."""
        return {"fields": (name,), "place": self.place, "name": name}

    def _get(self, name: str, default: object = None) -> Any:
        value = self._values.get(name, default)
        if value is None:
            raise InvalidInput("{place}: {name} is missing.", **self.at(name))
        return value

    def _list(self, name: str) -> list[Any]:
        value = self._get(name)
        if not isinstance(value, list | tuple):
            raise InvalidInput("{place}: {name} must be a list.", **self.at(name))
        return list(value)

    def _day(self, name: str, value: object) -> date:
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise InvalidInput(
                "{place}: {name} must be a date such as 2026-11-20.", **self.at(name)
            ) from None
