"""Names of files made harmless, and what a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import unicodedata

from crmdesk.models.attachment import NAME_BYTES

UNNAMED = "file"
_FORBIDDEN = frozenset('<>:"/\\|?*')
"""Signs that some file system or shell takes for more than a letter."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of signs that show nothing, turn the direction of writing, or are none."""
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{n}" for device in ("com", "lpt") for n in "0123456789¹²³"}
)
"""Names of devices on Windows, with whatever ending."""
_ENDING_BYTES = 24
HEAD_BYTES = 512
"""So many first bytes tell what a file is."""
UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_IN_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")


def harmless(name: str) -> str:
    """Return *name* as it may stand on any screen and in any folder: never empty, 255 bytes at most.

    Folders before it go, and with them control signs, signs that turn the direction of writing, and what
    Windows makes devices of. The ending stays.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in _HIDDEN)
    plain = "".join("_" if c in _FORBIDDEN else c for c in " ".join(shown.split())).strip(" .")
    if not plain:
        return UNNAMED
    if plain.split(".", 1)[0].rstrip().casefold() in _RESERVED:
        plain = f"_{plain}"
    return _shortened(plain)


def _shortened(name: str) -> str:
    if len(name.encode()) <= NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if stem and len(ending.encode()) < _ENDING_BYTES else ""
    room = NAME_BYTES - len(tail.encode())
    head = name[: len(name) - len(tail)].encode()[:room].decode(errors="ignore")
    return head.rstrip(" .") + tail


def media_type(head: bytes) -> str:
    """Return the media type of a file that begins with *head*, ``application/octet-stream`` when unknown."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] in _IN_RIFF:
        return _IN_RIFF[head[8:12]]
    return "text/plain" if head and _is_text(head[:HEAD_BYTES]) else UNKNOWN


def _is_text(head: bytes) -> bool:
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head) or b"\x7f" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last sign may have been cut in two.
        return error.reason == "unexpected end of data"
    return True
