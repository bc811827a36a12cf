"""What a channel's name and a caller id of Asterisk say, and what they do not."""

from __future__ import annotations

import re

PHONE_TECHNOLOGIES = frozenset({"PJSIP", "SIP", "IAX2", "SCCP", "Skinny", "MGCP", "H323", "OOH323"})
NOT_SENT = frozenset({"", "<unknown>", "unknown", "anonymous"})

_CHANNEL = re.compile(r"^(?P<tech>[^/]+)/(?P<resource>.+?)(?:-[0-9a-fA-F]{6,})?(?:;[12])?$")
_EXTENSION = re.compile(r"^\d{2,6}$")


def technology(channel: str) -> str:
    """Return the part before the slash, ``PJSIP`` of ``PJSIP/1001-0000001e``."""
    return channel.partition("/")[0]


def resource(channel: str) -> str:
    """Return whose channel it is, ``1001`` of ``PJSIP/1001-0000001e``; empty for none."""
    match = _CHANNEL.match(channel)
    return match["resource"] if match else ""


def is_local(channel: str) -> bool:
    """Tell whether this is one of Asterisk's internal channels, behind which a phone hides."""
    return channel.startswith("Local/")


def extension_of(channel: str, extensions: frozenset[str] | None = None) -> str:
    """Return the extension whose phone the channel is, empty for trunks and internal channels.

    Args:
        channel: name as in ``Channel``.
        extensions: the extensions there are; without them two to six digits are taken for one.
    """
    name = resource(channel)
    if extensions is not None and name in extensions:
        return name
    if technology(channel) in PHONE_TECHNOLOGIES and _EXTENSION.match(name):
        return name
    return ""


def looks_internal(dialled: str) -> bool:
    """Tell whether a dialled number is an extension or a feature code rather than an outside number."""
    return bool(_EXTENSION.match(dialled)) or dialled.startswith(("*", "#"))


def clean_number(value: str) -> str | None:
    """Return a caller id as sent, or None when there is none or the caller keeps it to himself."""
    return None if value.strip().lower() in NOT_SENT else value


def clean_name(value: str) -> str | None:
    """Return a caller's name, or None when there is none or nothing of it survived the way."""
    if value.strip().lower() in NOT_SENT or not value.strip("� "):
        return None
    return value
