"""From bytes to text: which encoding a file has, without asking.

A byte order mark decides. Without one: zero bytes in every other place mean UTF-16; what is valid UTF-8 is
UTF-8; what is valid GB18030 (which includes GBK and GB2312) is that. Anything else is refused rather than
guessed: a wrong guess turns names into rubbish that nobody notices for months.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from crmdesk.errors import FileFault

LIMIT = 512 * 1024 * 1024
"""Bytes of a file at most."""

LOOKED_AT = 4_096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, encoding: str | None = None) -> str:
    """Return the text of the file at *path*, in *encoding* if given, else as found; line ends as they are.

    Raises:
        FileFault: it cannot be read, is too large, or is no text in the encoding.
    """
    try:
        if path.stat().st_size > LIMIT:
            raise FileFault("The file {path} is too large; {limit} MB fit.", path=path, limit=LIMIT >> 20)
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileFault("The file {path} cannot be read: {reason}.", path=path, reason=reason) from error
    return decoded(content, path, encoding)


def decoded(content: bytes, path: Path, encoding: str | None = None) -> str:
    """Return *content* as text; *path* is named in refusals."""
    chosen = encoding or encoding_of(content)
    try:
        if codecs.lookup(chosen).name == "utf-8" and content.startswith(codecs.BOM_UTF8):
            chosen = "utf-8-sig"
        text = content.decode(chosen)
    except LookupError:
        raise FileFault("There is no encoding {name}; try utf-8 or gb18030.", name=chosen) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileFault(
            "Line {line} of {path} is no {name} text. Name the right one with --encoding.",
            line=line,
            path=path.name,
            name=chosen,
        ) from None
    if "\x00" in text:
        raise FileFault(
            "{path} is no text file. Save it as CSV or JSON lines in UTF-8, then import that.", path=path.name
        )
    return text


def encoding_of(content: bytes) -> str:
    """Return the encoding of *content* by the rules above; ``utf-8`` when none fits, to fail there."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    guess = _without_mark(content[:LOOKED_AT])
    if guess:
        return guess
    for name in ("utf-8", "gb18030"):
        if _fits(content, name):
            return name
    return "utf-8"


def _without_mark(start: bytes) -> str | None:
    """Return UTF-16 when its byte order shows in the zero bytes of plain letters, digits and commas."""
    pairs = len(start) // 2
    if pairs == 0:
        return None
    high = start[0 : 2 * pairs : 2].count(0)
    low = start[1 : 2 * pairs : 2].count(0)
    if low > high and low >= pairs * 0.2 and high <= pairs * 0.01:
        return "utf-16-le"
    if high > low and high >= pairs * 0.2 and low <= pairs * 0.01:
        return "utf-16-be"
    return None


def _fits(content: bytes, name: str) -> bool:
    try:
        content.decode(name)
    except UnicodeDecodeError:
        return False
    return True
