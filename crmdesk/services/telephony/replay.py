"""Reads recorded streams and tells the calls they held, in the format of ``crmdesk telephony replay``.

A recording is either the raw bytes of a connection (``.ami``, no times) or one JSON object a line with
``t`` and the text of each message (``.jsonl``). Several files are connections of one story, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crmdesk.errors import FileFault
from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.call_session import CallSession
from crmdesk.services.telephony.calls import Call, Pop, Transfer
from crmdesk.services.telephony.numbers import NumberParser
from crmdesk.values import dataclass

CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class ReplayedCall:
    """One call of a recording; the field names of `as_json` are the public ones. Unknown is None."""

    call: int
    direction: str
    caller: str | None
    caller_e164: str | None
    caller_name: str | None
    dialled: str | None
    queue: str | None
    pops: tuple[Pop, ...]
    rang: tuple[str, ...]
    answered_by: str | None
    talked: tuple[str, ...]
    transfers: tuple[Transfer, ...]
    started: float | None
    answered: float | None
    ended: float | None
    ended_by: str | None
    disposition: str

    def as_json(self) -> dict[str, Any]:
        """Return the call as the command line prints it."""
        return {
            "call": self.call,
            "direction": self.direction,
            "caller": self.caller,
            "caller_e164": self.caller_e164,
            "caller_name": self.caller_name,
            "dialled": self.dialled,
            "queue": self.queue,
            "pops": [
                {"ext": pop.extension, "number": pop.number, "t": _rounded(pop.t), "reason": pop.reason}
                for pop in self.pops
            ],
            "rang": list(self.rang),
            "answered_by": self.answered_by,
            "talked": list(self.talked),
            "transfers": [
                {"kind": transfer.kind, "from": transfer.from_extension, "to": transfer.to}
                for transfer in self.transfers
            ],
            "started": _rounded(self.started),
            "answered": _rounded(self.answered),
            "ended": _rounded(self.ended),
            "ended_by": self.ended_by,
            "disposition": self.disposition,
        }


def replay(
    files: Iterable[Path], extensions: Iterable[str] | None = None, numbers: NumberParser | None = None
) -> list[ReplayedCall]:
    """Return the calls of a recording in order of their start.

    Args:
        files: the connections of one story, in order.
        extensions: keep only what these would see; None keeps everything.
        numbers: reads caller ids; the rules of Shanghai when absent.

    Raises:
        FileFault: a file cannot be read or is no recording.
    """
    finished: list[Call] = []
    session = CallSession(on_finished=finished.append)
    began: dict[int, int] = {}
    for path in files:
        for event, at in recorded_events(path):
            session.feed(event, at)
            if event.name in ("Newchannel", "CoreShowChannelsComplete"):
                for call in session.calls:
                    began.setdefault(id(call), len(began))
    calls = [*finished, *session.calls]
    calls.sort(key=lambda call: began.get(id(call), len(began)))
    watched = None if extensions is None else frozenset(extensions)
    parser = numbers or NumberParser()
    told = [call for call in calls if _is_told(call) and (watched is None or _concerns(call, watched))]
    return [_replayed(n, call, watched, parser) for n, call in enumerate(told, start=1)]


def recorded_events(path: Path) -> Iterator[tuple[Event, float | None]]:
    """Yield each message of a recording with its time in seconds, None where it has none.

    Raises:
        FileFault: the file cannot be read or is no recording.
    """
    try:
        if path.suffix == ".jsonl":
            yield from _timed_events(path)
        else:
            yield from _raw_events(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileFault("{file} cannot be read: {reason}", file=path.name, reason=reason) from error


def _raw_events(path: Path) -> Iterator[tuple[Event, float | None]]:
    parser, messages, size_bytes = AmiParser(), 0, 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            size_bytes += len(chunk)
            for event in parser.feed(chunk):
                messages += 1
                yield event, None
    if size_bytes and not messages and not parser.banner:
        raise FileFault("{file} is no recording: it holds no message", file=path.name)


def _timed_events(path: Path) -> Iterator[tuple[Event, float | None]]:
    parser = AmiParser()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                at = float(record["t"])
                data = _bytes_of(record) if record["dir"] == "in" else b""
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise FileFault(
                    "{file} is no recording: line {line} is not understood", file=path.name, line=number
                ) from error
            for event in parser.feed(data):
                yield event, at


def _bytes_of(record: dict[str, Any]) -> bytes:
    if "raw" in record:
        return str(record["raw"]).encode("utf-8", "surrogateescape")
    return str(record["raw_latin1"]).encode("latin-1")


def _is_told(call: Call) -> bool:
    """Tell whether somebody dialled this: not what only fetched another call or was never a call."""
    return not call.absorbed and (call.root is not None or bool(call.pops) or call.has_talked)


def _concerns(call: Call, watched: frozenset[str]) -> bool:
    seen = {pop.extension for pop in call.pops} | set(call.talked) | set(call.ring_rounds)
    return bool(watched & (seen | {call.agent}))


def _replayed(n: int, call: Call, watched: frozenset[str] | None, numbers: NumberParser) -> ReplayedCall:
    rang = tuple(extension for extension in call.rang() if watched is None or extension in watched)
    pops = tuple(pop for pop in call.pops if watched is None or pop.extension in watched)
    return ReplayedCall(
        call=n,
        direction=call.direction,
        caller=call.number,
        caller_e164=numbers.parse(call.number).e164,
        caller_name=call.name,
        dialled=call.dialled,
        queue=call.queue,
        pops=pops,
        rang=rang,
        answered_by=call.talked[0] if call.talked else None,
        talked=tuple(call.talked),
        transfers=tuple(call.transfers),
        started=call.started,
        answered=call.answered,
        ended=call.ended,
        ended_by=call.ended_by(),
        disposition=call.disposition(),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
