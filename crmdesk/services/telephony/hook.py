"""Calls that another program tells us: words after ``crmdesk call``, ``crmdesk://call`` addresses, JSON.

Soft phones pass what they like: numbers cut at their spaces, URL encoding, a name behind the number, a plus
sign that a browser takes for a blank. Everything is data from outside: cut to size, control characters
dropped, never interpreted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote, unquote_plus

from crmdesk.errors import InvalidInput
from crmdesk.services.telephony.channels import clean_number
from crmdesk.values import dataclass

EVENTS = ("ringing", "answered", "ended")
MAX_ADDRESS_CHARS = 2048
MAX_NUMBER_CHARS = 64
MAX_NAME_CHARS = 200
MAX_ID_CHARS = 120

NO_ADDRESS = "This address is not understood: {address}"
NO_EVENT = "A call rings, is answered or ended; {event} is none of these."

_ADDRESS = re.compile(r"^crmdesk:(?://)?/?call/?(?P<number>[^?#]*)(?:\?(?P<query>[^#]*))?", re.IGNORECASE)
_NUMBER_WORD = re.compile(r"^[+(]?[\d０-９][\d０-９().\-/*#]*$|^\([\d]+\)[\d\-]*$")
_SCHEMED = re.compile(r"^(tel|sips?|callto):", re.IGNORECASE)
_KEYS = {
    "number": ("from", "number", "phone", "caller", "callerid", "caller_id", "callernumber"),
    "name": ("name", "displayname", "callername", "caller_name"),
    "to": ("to", "dnis", "did", "called", "dialled"),
    "event": ("event", "state"),
    "external_id": ("id", "callid", "call_id", "external_id"),
    "extension": ("extension", "ext"),
}


@dataclass(frozen=True, slots=True)
class HookCall:
    """What a program says about a call. ``number`` is None when the caller withholds it.

    ``event`` is ringing, answered or ended; ``external_id`` is the program's own id, empty when it has none.
    """

    number: str | None
    name: str = ""
    to: str = ""
    event: str = "ringing"
    external_id: str = ""
    extension: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the call as it travels to the running window."""
        return asdict(self)


def call_from_words(
    words: Sequence[str], *, name: str = "", to: str = "", event: str = "", call_id: str = ""
) -> HookCall:
    """Return the call that the words after ``crmdesk call`` describe.

    Leading words of a number belong together (``+86 138 0013 8000``), what follows is the caller's name;
    no words at all mean a withheld number. Raises `InvalidInput` for an unknown event or address.
    """
    decoded = [_clean(unquote(word), MAX_NUMBER_CHARS + MAX_NAME_CHARS) for word in words]
    decoded = [word for word in decoded if word]
    if decoded and decoded[0].lower().startswith("crmdesk:"):
        return call_from_address(" ".join(words))
    parts = " ".join(decoded).split()
    count = 0
    while count < len(parts) and _NUMBER_WORD.match(parts[count]):
        count += 1
    count = count or min(1, len(parts))
    fields = {"number": " ".join(parts[:count]), "name": name or " ".join(parts[count:])}
    if (count == 1 and any(mark in parts[0] for mark in "<\"'")) or "<" in " ".join(parts):
        fields = _name_and_number(" ".join(parts), name)
    return _checked({**fields, "to": to, "event": event, "external_id": call_id})


def call_from_address(address: str) -> HookCall:
    """Return the call of a ``crmdesk://call?from=…`` address.

    Raises:
        InvalidInput: the address is too long or of another kind, or its event is unknown.
    """
    text = _clean(address, MAX_ADDRESS_CHARS + 1).strip("\"'")
    match = _ADDRESS.match(text)
    if match is None or len(text) > MAX_ADDRESS_CHARS:
        raise InvalidInput(NO_ADDRESS, address=text[:80])
    fields = {"number": _number_text(match["number"].strip("/"))}
    for pair in (match["query"] or "").split("&"):
        key, _, value = pair.partition("=")
        for field, keys in _KEYS.items():
            if key.strip().lower() in keys:
                fields[field] = _number_text(value) if field in ("number", "to") else unquote_plus(value)
    return _checked(fields)


def call_from_json(values: object) -> HookCall:
    """Return the call in a JSON object; keys as in addresses.

    Raises:
        InvalidInput: not an object of texts, or its event is unknown.
    """
    if not isinstance(values, Mapping):
        raise InvalidInput(NO_ADDRESS, address="JSON")
    fields: dict[str, str] = {}
    for field, keys in _KEYS.items():
        for key in (field, *keys):
            value = values.get(key)
            if value is not None and not isinstance(value, str | int):
                raise InvalidInput(NO_ADDRESS, fields=(key,), address=key)
            if value is not None and field not in fields:
                fields[field] = str(value)
    return _checked(fields)


def _checked(fields: Mapping[str, str]) -> HookCall:
    event = _clean(fields.get("event") or "ringing", 20).lower()
    if event not in EVENTS:
        raise InvalidInput(NO_EVENT, fields=("event",), event=event)
    number = _SCHEMED.sub("", _clean(fields.get("number", ""), MAX_NUMBER_CHARS))
    return HookCall(
        number=clean_number(number.partition("@")[0].partition(";")[0].strip()),
        name=_clean(fields.get("name", ""), MAX_NAME_CHARS),
        to=_clean(fields.get("to", ""), MAX_NUMBER_CHARS),
        event=event,
        external_id=_clean(fields.get("external_id", ""), MAX_ID_CHARS),
        extension=_clean(fields.get("extension", ""), 20),
    )


def _number_text(value: str) -> str:
    """Decode a number of an address: a leading plus is a plus, one between digits stands for a blank."""
    text = value.strip()
    head, rest = (text[:1], text[1:]) if text.startswith("+") else ("", text)
    return unquote(head + rest.replace("+", " "))


def _name_and_number(text: str, name: str) -> dict[str, str]:
    """Read ``"Zhang San" <13800138000>``."""
    shown, _, inside = text.partition("<")
    if not inside:
        return {"number": text.strip("\"' "), "name": name}
    return {"number": inside.partition(">")[0], "name": name or shown.strip("\"' ")}


def _clean(text: str, limit: int) -> str:
    """Return at most *limit* characters of *text*, without control characters and odd blanks."""
    kinds = ((ch, unicodedata.category(ch)[0]) for ch in text[: limit * 4])
    kept = "".join(" " if kind == "Z" else ch for ch, kind in kinds if kind != "C")
    return kept.strip()[:limit]
