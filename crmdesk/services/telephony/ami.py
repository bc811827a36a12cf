"""Reads the Asterisk Manager Interface: bytes in any chunks in, events out.

A message is a run of ``Key: value`` lines closed by an empty one. Real streams bend that: a banner without
an empty line after it, repeated keys, names in GB18030, NULs and line noise. Nothing here ever raises on
input; what makes no sense is dropped, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_LINE_BYTES = 64 * 1024
"""A longer line is dropped whole: half a value would mislead."""

MAX_FIELDS = 1024
"""Further lines of one message are dropped."""

REMEMBERED_KEYS = 512
LONGEST_REMEMBERED_KEY = 64

_DROPPED_BYTES = bytes(code for code in range(32) if code not in (9, 10)) + b"\x7f"


class Event:
    """One message of the telephone system: an event or the answer to an action.

    ``name`` is the value of ``Event``, empty for answers. ``get`` gives the first value of a key, ``all``
    every one in order (``Variable``, ``ChanVariable`` and others repeat).
    """

    __slots__ = ("_first", "fields", "name")

    def __init__(self, fields: list[tuple[str, str]], name: str) -> None:
        self.fields = tuple(fields)
        self.name = name
        self._first: dict[str, str] | None = None

    @property
    def _values(self) -> dict[str, str]:
        """The first value of each key; made when first asked for, as most messages are never looked into."""
        if self._first is None:
            self._first = dict(reversed(self.fields))
        return self._first

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of *key*, or *default*."""
        return self._values.get(key, default)

    def all(self, key: str) -> tuple[str, ...]:
        """Return every value of *key* in the order sent."""
        return tuple(value for name, value in self.fields if name == key)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"Event({self.name or self.get('Response')!r}, {len(self.fields)} fields)"


class AmiParser:
    """Cuts a byte stream into events; the same events come out however the bytes were cut.

    ``banner`` is the greeting of the server once it came.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES, max_fields: int = MAX_FIELDS) -> None:
        self.banner = ""
        self._max_line = max_line_bytes
        self._max_fields = max_fields
        self._pieces: list[bytes] = []
        self._pending_bytes = 0
        self._fields: list[tuple[str, str]] = []
        self._name: str | None = None
        self._keys: dict[bytes, str] = {}

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the stream and return the events they completed."""
        *ended, tail = data.translate(None, _DROPPED_BYTES).split(b"\n")
        events: list[Event] = []
        if ended:
            ended[0] = self._take_pending(ended[0])
            for line in ended:
                if not line:
                    self._close(events)
                elif len(line) <= self._max_line:
                    self._line(line, events)
        self._keep_pending(tail)
        return events

    def _take_pending(self, end: bytes) -> bytes:
        """Return the line whose beginning came with earlier chunks."""
        if not self._pending_bytes:
            return end
        too_long = self._pending_bytes + len(end) > self._max_line
        line = b" " * (self._max_line + 1) if too_long else b"".join((*self._pieces, end))
        self._pieces.clear()
        self._pending_bytes = 0
        return line

    def _keep_pending(self, tail: bytes) -> None:
        self._pending_bytes += len(tail)
        if self._pending_bytes > self._max_line:
            self._pieces.clear()
        elif tail:
            self._pieces.append(tail)

    def _line(self, line: bytes, events: list[Event]) -> None:
        key, colon, value = line.partition(b": ")
        if not colon:
            key, colon, value = line.partition(b":")
            if not colon:
                if not self.banner and b"Call Manager/" in line:
                    self.banner = _text(line)
                return
        name = self._keys.get(key) or self._key(key)
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = _text(value)
        if name == "Event":
            if self._name is not None:
                self._close(events)  # the empty line between two events got lost
            self._name = text
        if len(self._fields) < self._max_fields:
            self._fields.append((name, text))

    def _key(self, key: bytes) -> str:
        """Return a key as text; the few dozen there are get remembered."""
        name = key.decode("ascii", "replace").strip()
        if len(self._keys) < REMEMBERED_KEYS and len(key) <= LONGEST_REMEMBERED_KEY:
            self._keys[key] = name
        return name

    def _close(self, events: list[Event]) -> None:
        if self._fields:
            events.append(Event(self._fields, self._name or ""))
            self._fields = []
        self._name = None


def _text(value: bytes) -> str:
    """Decode one value: UTF-8, else GB18030 (chan_sip passes the caller's bytes on), else byte by byte."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return value.decode("gb18030")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def encode_action(action: str, *fields: tuple[str, str]) -> bytes:
    """Return the bytes of an action; CR and LF are stripped so that no field smuggles in another action."""
    lines = [f"{_one_line(key)}: {_one_line(value)}" for key, value in (("Action", action), *fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _one_line(text: str) -> str:
    return "".join(ch for ch in text if ch >= " " and ch != "\x7f")
