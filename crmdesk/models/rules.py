"""Checks that many entities share; each refuses with a sentence that says what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from crmdesk.errors import Conflict, InvalidInput
from crmdesk.models.wire import Row, to_json

NAME_LIMIT = 200
TEXT_LIMIT = 100_000


UNWANTED = frozenset({"Cc", "Cs"})
"""Categories of control characters, and of halves of characters, which no file can hold."""

_APART = UNWANTED | {"Zl", "Zp"}


def clean_line(text: str) -> str:
    """Return *text* as one line: control characters gone, white space folded, ends trimmed."""
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _APART else c for c in text)
    return " ".join(text.split())


def clean_text(text: str) -> str:
    """Return *text* without control characters; tabs and line ends stay."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line if line.isprintable() else _shown(line) for line in plain.split("\n")).strip("\n")


def _shown(line: str) -> str:
    return "".join(c for c in line if c == "\t" or unicodedata.category(c) not in UNWANTED)


def required_line(name: str, value: str, limit: int = NAME_LIMIT) -> str:
    """Return the cleaned *value* of the field *name*; refuse an empty or overlong one."""
    line = clean_line(value)
    if not line:
        raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    return within(name, line, limit)


def within(name: str, value: str, limit: int = TEXT_LIMIT) -> str:
    """Return *value*; refuse one longer than *limit* characters."""
    if len(value) > limit:
        raise InvalidInput(
            "{name} may have {limit} characters at most; this has {length}.",
            fields=(name,),
            name=name,
            limit=limit,
            length=len(value),
        )
    return value


def one_of(name: str, value: str, choices: Iterable[str]) -> str:
    """Return *value*; refuse one that is not among *choices*."""
    allowed = tuple(choices)
    if value not in allowed:
        raise InvalidInput(
            "{name} must be one of: {choices}.", fields=(name,), name=name, choices=", ".join(allowed)
        )
    return value


def not_negative(name: str, value: int | None, limit: int = 10_000_000) -> int | None:
    """Return *value*; refuse one below zero or above *limit*."""
    if value is not None and not 0 <= value <= limit:
        raise InvalidInput("{name} must lie between 0 and {limit}.", fields=(name,), name=name, limit=limit)
    return value


def refuse_overwriting(
    current: Row, base_revision: int | None, changed_since: frozenset[str], wanted: Mapping[str, object]
) -> None:
    """Refuse to overwrite a field that somebody else changed after *base_revision*.

    Different fields merge; the same field with another value is for the person to choose. A revision
    that was never there tells nothing of what its writer saw: every field concerned counts as changed.

    Raises:
        Conflict: with the record as it stands and the fields concerned.
    """
    if base_revision is None or base_revision == current["rev"]:
        return
    unseen = frozenset(wanted) if base_revision > current["rev"] else changed_since
    clash = tuple(sorted(f for f in wanted if f in unseen and wanted[f] != current[f]))
    if clash:
        raise Conflict(
            "Somebody changed {names} meanwhile. Look at both versions and choose.",
            current=to_json(current),
            fields=clash,
            names=", ".join(clash),
        )
