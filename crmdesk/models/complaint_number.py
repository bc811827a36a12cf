"""Numbers of complaints: made by the desk, told at once, never changed.

``C26-K7Q-0042`` is the year of receipt at the site, the desk's tag, and the desk's sequence, which may grow
past four digits. The signs of a tag cannot be taken for one another on the telephone or on paper. Should two
complaints ever carry one number, both keep it and the second is told apart by a B behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo

from crmdesk.errors import InvalidInput
from crmdesk.models.types import TAG_SIGNS
from crmdesk.values import dataclass

_SHAPE = re.compile(rf"C(\d\d)-([{TAG_SIGNS}]{{3,4}})-(\d{{4,9}})([BCDEFGH]?)")
_SUFFIXES = tuple("BCDEFGH")
_SPOKEN = re.compile(r"[\s._/–—-]+")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOOK_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class ComplaintNumber:
    """The parts of a number; ``year`` of two digits, ``suffix`` empty or the letter behind it."""

    year: int
    tag: str
    sequence: int
    suffix: str = ""

    def __str__(self) -> str:
        """Return it as it is written and told."""
        return f"C{self.year:02d}-{self.tag}-{self.sequence:04d}{self.suffix}"

    @property
    def doubled(self) -> ComplaintNumber:
        """The same number for a second complaint that carries it."""
        return ComplaintNumber(self.year, self.tag, self.sequence, chr(ord(self.suffix or "A") + 1))


def told_apart(number: str, taken: Callable[[str], bool]) -> str:
    """Return *number* with a letter behind it as long as it is *taken*; what is no number of ours stays."""
    known = read_number(number)
    if known is None or str(known) != number:
        return number
    while taken(str(known)):
        known = known.doubled
    return str(known)


def next_number(received_at: datetime, zone: tzinfo, tag: str, highest: int) -> ComplaintNumber:
    """Return the number after *highest*, the last sequence under *tag* (0 when there was none).

    Raises:
        InvalidInput: the tag has signs that no tag has.
    """
    if not 3 <= len(tag) <= 4 or set(tag) - set(TAG_SIGNS):
        raise InvalidInput("{tag} is no tag of a desk.", fields=("tag",), tag=tag)
    return ComplaintNumber(received_at.astimezone(zone).year % 100, tag, highest + 1)


def read_number(text: str) -> ComplaintNumber | None:
    """Return the number that *text* means as people type and tell it, None when it is none.

    Small letters, full width, spaces for hyphens or none at all, O for 0 and I for 1 among digits.
    """
    plain = text.translate(_FULL_WIDTH).upper().strip()
    parts = _SPOKEN.split(plain)
    if len(parts) == 3:
        return _read(parts[0], parts[1], parts[2])
    squeezed = "".join(parts)
    read = (_read(squeezed[:3], squeezed[3:end], squeezed[end:]) for end in (6, 7))
    return min((number for number in read if number is not None), key=_sequence, default=None)


def _sequence(number: ComplaintNumber) -> int:
    """Without hyphens a tag may end in a digit or not: few desks count past 9999, so the shorter it is."""
    return number.sequence


def _read(year: str, tag: str, rest: str) -> ComplaintNumber | None:
    suffix = rest[-1:] if rest[-1:] in _SUFFIXES else ""
    digits = rest.removesuffix(suffix).translate(_LOOK_ALIKE)
    match = _SHAPE.fullmatch(f"{year[:1]}{year[1:].translate(_LOOK_ALIKE)}-{tag}-{digits}{suffix}")
    return ComplaintNumber(int(match[1]), match[2], int(match[3]), match[4]) if match else None
