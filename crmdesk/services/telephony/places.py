"""Names of the areas that numbers belong to, in English and Chinese.

The library's own tables hold every language and take a third of a second and a hundred megabytes to load.
`scripts/build_places.py` packs what is shown here into two megabytes: prefixes as sorted numbers, which are
searched where they lie.

Layout, little endian: three counts (prefixes, bytes of area names, bytes of country names), the prefixes as
uint32, for each the number of its name as uint16, then both lists of names: a line each, columns separated by
tabs.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING

from crmdesk.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 9
"""Digits of the longest prefix."""
_HEAD = struct.Struct("<3I")
_COLUMNS = {"en": 0, "zh": 1}
Names = tuple[str, str]
"""English and Chinese; empty where there is none."""


class Places:
    """What :func:`packed` made."""

    def __init__(self, content: bytes) -> None:
        count, area_bytes, country_bytes = _HEAD.unpack_from(content)
        self._prefixes, self._numbers = array("I"), array("H")
        at = _HEAD.size
        for column in (self._prefixes, self._numbers):
            end = at + count * column.itemsize
            column.frombytes(content[at:end])
            if sys.byteorder == "big":
                column.byteswap()
            at = end
        self._areas = content[at : at + area_bytes].decode().split("\n")
        countries = content[at + area_bytes : at + area_bytes + country_bytes].decode().split("\n")
        self._countries = {line.partition("\t")[0]: line.partition("\t")[2] for line in countries}

    def area(self, digits: str, language: str) -> str:
        """Return the area of an international number, *digits* with its country code; empty for none."""
        for length in range(min(LONGEST, len(digits)), 0, -1):
            prefix = int(digits[:length])
            at = bisect_left(self._prefixes, prefix)
            if at < len(self._prefixes) and self._prefixes[at] == prefix:
                name = self._areas[self._numbers[at]].split("\t")[_COLUMNS[language]]
                if name:
                    return name
        return ""

    def country(self, region: str, language: str) -> str:
        """Return the name of the country *region* (two letters); empty for none."""
        names = self._countries.get(region)
        return names.split("\t")[_COLUMNS[language]] if names else ""


def packed(areas: Mapping[str, Names], countries: Mapping[str, Names]) -> bytes:
    """Return the file's content: *areas* by prefix, *countries* by their two letters."""
    lines = ["\t".join(names) for names in dict.fromkeys(areas.values())]
    numbers = {line: number for number, line in enumerate(lines)}
    ordered = sorted((int(prefix), numbers["\t".join(names)]) for prefix, names in areas.items())
    columns = array("I", (prefix for prefix, _ in ordered)), array("H", (number for _, number in ordered))
    if sys.byteorder == "big":
        for column in columns:
            column.byteswap()
    area_names = "\n".join(lines).encode()
    country_names = "\n".join("\t".join((region, *names)) for region, names in countries.items()).encode()
    head = _HEAD.pack(len(ordered), len(area_names), len(country_names))
    return b"".join((head, columns[0].tobytes(), columns[1].tobytes(), area_names, country_names))


@cache
def places() -> Places:
    """Return the places that come with the program, read once."""
    return Places(resource("places.bin").read_bytes())
