"""Dates, amounts and labels as each language writes them."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from crmdesk.errors import FileFault
from crmdesk.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_FILE = "letters/words.toml"
_LACKS = "{file} lacks {key}. Put it back as it is in the file that crmdesk came with."
_NO_TABLES = "{file} cannot be read: {words}. Put it right, or put back the one that crmdesk came with."
_DECIMALS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""How many decimals a currency has, where they are not two (ISO 4217)."""


class LetterWords:
    """The words of one language; made of a table of ``resources/letters/words.toml``."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def __getitem__(self, key: str) -> str:
        """Return the word *key*.

        Raises:
            FileFault: somebody took it out of the file.
        """
        try:
            word: str = self._table[key]
        except KeyError as error:
            raise FileFault(_LACKS, file=_FILE, key=key) from error
        return word

    def called(self, table: str, key: str) -> str:
        """Return the word of a code in *table* (remedies, bodies, routes), empty when there is none."""
        return str(self._table[table].get(key, ""))

    def date(self, day: date | None) -> str:
        """Return *day* in words, empty for None."""
        if day is None:
            return ""
        month_name = self._table["months"][day.month - 1]
        return self["date"].format(day=day.day, month=day.month, month_name=month_name, year=day.year)

    def amount(self, value: int, currency: str) -> str:
        """Return *value*, in the smallest unit of *currency* (ISO 4217), as people write it."""
        decimals = _DECIMALS.get(currency, 2)
        whole, rest = divmod(abs(value), 10**decimals)
        digits = f"{whole:,}" + (f".{rest:0{decimals}}" if decimals else "")
        pattern = self._table["amounts"].get(currency, self["amount"])
        return str(pattern).format(amount=f"-{digits}" if value < 0 else digits, currency=currency)


@cache
def letter_words(language: str) -> LetterWords:
    """Return the words of *language*, ``en`` or ``zh``; read once in a process.

    Raises:
        FileFault: the file is not there, or no TOML.
    """
    try:
        tables = tomllib.loads(resource("letters", "words.toml").read_text(encoding="utf-8"))
        return LetterWords(tables[language])
    except (OSError, ValueError) as error:
        raise FileFault(_NO_TABLES, file=_FILE, words=str(error)) from error
    except KeyError as error:
        raise FileFault(_LACKS, file=_FILE, key=language) from error
