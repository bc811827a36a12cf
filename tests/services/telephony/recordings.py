"""The recorded calls and what truly happened in them, in the words of the replay output."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[3]
OURS = CHECKOUT / "tests" / "data" / "telephony"
ALL = CHECKOUT.parent / "shared" / "telephony" / "traces"

DIRECTIONS = {"inbound": "in", "outbound": "out", "internal": "internal"}
DISPOSITIONS = {"noanswer": "no_answer", "agent did not pick up": "agent_no_answer"}
REASONS = {"attended transfer completed": "transfer"}

PASSED_ON_NAMES = {
    # What the caller sent is not what the telephone system passes on: cut at 79 bytes, bytes replaced.
    "cid_long_name": ("Very Long Company Name " * 4)[:79],
    "cid_gbk_name": None,
    "chan_sip/cid_gbk_name": "张三",
}


@dataclass(frozen=True)
class Recording:
    """One scenario: its connections as timed files, and the truth."""

    name: str
    files: tuple[Path, ...]
    truth: dict[str, Any]

    def raw_files(self, folder: Path) -> list[Path]:
        """Write the bytes of each connection into *folder*, as a client received them."""
        return [_written(folder / f"{n}.ami", b"".join(chunks(file))) for n, file in enumerate(self.files)]

    def expected(self) -> list[dict[str, Any]]:
        """The calls as `crmdesk telephony replay` has to tell them; times in seconds."""
        return [self._expected_call(n, call) for n, call in enumerate(self.truth["calls"], start=1)]

    def _expected_call(self, n: int, call: dict[str, Any]) -> dict[str, Any]:
        talked = list(dict.fromkeys(part["ext"] for part in call["talk"]))
        return {
            "call": n,
            "direction": DIRECTIONS[call["direction"]],
            "caller": call["caller_number"] or None,
            "caller_name": PASSED_ON_NAMES.get(self.name, call["caller_name"] or None),
            "dialled": call["dialled"],
            "queue": call.get("queue"),
            "pops": [
                {
                    "ext": pop["ext"],
                    "number": pop["number"] or None,
                    "t": pop["t"],
                    "reason": REASONS.get(pop.get("reason", ""), pop.get("reason", "ringing")),
                }
                for pop in self.truth["expected_popups"]
                if pop["call"] == call["id"]
            ],
            "rang": list(dict.fromkeys(ring["ext"] for ring in call["rings"])),
            "answered_by": talked[0] if talked else None,
            "talked": talked,
            "transfers": [
                {"kind": part["kind"].removesuffix(" action"), "from": part.get("by"), "to": part["to"]}
                for part in call.get("transfers", [])
            ],
            "started": call["start"],
            "answered": call["answered_at"],
            "ended": call["ended_at"],
            "ended_by": call["ended_by"],
            "disposition": DISPOSITIONS.get(call["disposition"], call["disposition"]),
        }


def recordings(folder: Path) -> list[Recording]:
    """Return every recording below *folder*, sorted by name."""
    found = []
    for truth in sorted(folder.rglob("*.truth.json")):
        stem = truth.name.removesuffix(".truth.json")
        files = (truth.with_name(f"{stem}.jsonl"), *sorted(truth.parent.glob(f"{stem}.conn*.jsonl")))
        name = str(truth.relative_to(folder)).removesuffix(".truth.json")
        found.append(Recording(name, files, json.loads(truth.read_text("utf-8"))))
    return found


def chunks(file: Path) -> list[bytes]:
    """Return the bytes of each message of a timed recording."""
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]
    return [
        record["raw"].encode() if "raw" in record else record["raw_latin1"].encode("latin-1")
        for record in records
        if record["dir"] == "in"
    ]


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
