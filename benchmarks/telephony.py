"""How long the telephone system's bytes take until a call is known: parse and call session, CPU only.

One run is one call through a hotline queue with four phones (143 messages). The limit is cutting the same
bytes into lines. Needs nothing but the recordings of the tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "tests" / "data" / "telephony" / "queue_ringall_answer.jsonl"
RUNS = 400


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.measure import Timings, report
    from crmdesk.services.telephony.ami import AmiParser
    from crmdesk.services.telephony.call_session import CallSession

    records = [json.loads(line) for line in RECORDING.read_text("utf-8").splitlines()]
    stream = b"".join(record["raw"].encode() for record in records if record["dir"] == "in")

    def understand() -> int:
        session, told = CallSession(["1002"]), 0
        events = AmiParser().feed(stream)
        for event in events:
            told += len(session.feed(event, 0.0))
        return len(events) if told else 0

    ours, limit, messages = Timings(), Timings(), 0
    for _ in range(RUNS):
        messages = ours.run(understand)
        limit.run(lambda: [line.partition(b": ") for line in stream.split(b"\r\n")])
    per_second = round(messages * len(ours.cpu_ms) / sum(ours.cpu_ms) * 1000)
    report("telephony", ours, limit, messages=messages, bytes=len(stream), messages_per_cpu_second=per_second)


if __name__ == "__main__":
    main()
