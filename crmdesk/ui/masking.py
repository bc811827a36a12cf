"""What stays covered until the caller has shown who he is: numbers, addresses, VINs. No Qt."""

from __future__ import annotations

_HEAD, _TAIL = 3, 4
_SHORT = 8
"""A number of fewer digits would be told by head and tail."""
_COMPARED = 7
"""So many digits at least make two numbers the same."""


def masked_number(number: str) -> str:
    """Return *number* with its middle digits as stars: ``021-****0127``; its groups stay."""
    total = sum(c.isdigit() for c in number)
    head = _HEAD if total >= _SHORT else 0
    tail = _TAIL if total >= _SHORT else 1
    made, seen = [], 0
    for c in number:
        if c.isdigit():
            seen += 1
        covered = c.isdigit() and head < seen <= total - tail
        made.append("*" if covered else c)
    return "".join(made)


def masked_address(address: str) -> str:
    """Return an e-mail *address*, or a name at a messenger, with all but its first letter as stars."""
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if name else address


def masked_code(code: str) -> str:
    """Return a VIN with all but its last four characters as stars."""
    return "*" * max(0, len(code) - _TAIL) + code[-_TAIL:] if len(code) > _TAIL else "*" * len(code)


def same_number(one: str, other: str) -> bool:
    """Whether two spellings mean one number: with or without country, zero and separators."""
    first, second = (_digits(text) for text in (one, other))
    short, long = sorted((first, second), key=len)
    return len(short) >= _COMPARED and long.endswith(short)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit()).lstrip("0")
