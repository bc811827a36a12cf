"""`crmdesk telephony`: recordings are told as JSON lines, the live line is shown as it comes."""

import argparse
import json
import threading
from pathlib import Path

import pytest

from crmdesk.cli import telephony
from crmdesk.errors import FileFault
from crmdesk.services.telephony.ami_client import AmiSettings
from crmdesk.services.telephony.numbers import NumberParser, ParsedNumber
from crmdesk.services.telephony.simulator import Simulator

RECORDING = Path(__file__).parents[1] / "data" / "telephony" / "queue_ringall_answer.jsonl"
PATIENCE_SECONDS = 10.0


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    telephony.register(parser.add_subparsers())
    given = parser.parse_args(["telephony", *words])
    return int(given.run(given))


def test_replay_prints_one_json_line_per_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", str(RECORDING), "--extension", "1002", "--extension", "1003") == 0

    (line,) = capsys.readouterr().out.splitlines()
    call = json.loads(line)
    assert list(call) == [
        "call",
        "direction",
        "caller",
        "caller_e164",
        "caller_name",
        "dialled",
        "queue",
        "pops",
        "rang",
        "answered_by",
        "talked",
        "transfers",
        "started",
        "answered",
        "ended",
        "ended_by",
        "disposition",
    ]
    assert [pop["ext"] for pop in sorted(call["pops"], key=lambda pop: str(pop["ext"]))] == ["1002", "1003"]
    assert list(call["pops"][0]) == ["ext", "number", "t", "reason"]


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileFault):
        run("replay", "nowhere.ami")


def test_replay_without_a_file_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as end:
        run("replay")
    assert end.value.code == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_monitor_shows_how_a_number_is_understood_and_why_it_fits(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    simulator, stop = Simulator("secret"), threading.Event()
    port = simulator.start()
    simulator.ring("013800138000", "Zhang San", "1001", "02158208000")

    def match(number: ParsedNumber) -> list[str]:
        stop.set()
        return [f"Zhang San, own number {number.e164}"]

    settings = AmiSettings("127.0.0.1", port, "crmdesk", "secret")
    code = telephony.monitor(settings, ["1001"], NumberParser(), match, as_json=as_json, stop=stop)
    simulator.stop()

    out = capsys.readouterr().out
    assert code == 0
    assert "+8613800138000" in out
    assert "own number" in out
    assert "CoreShowChannel" in out
    if as_json:
        calls = [line for line in map(json.loads, out.splitlines()) if line.get("call") == "ringing"]
        assert calls[0]["number"] == {
            "raw": "013800138000",
            "e164": "+8613800138000",
            "kind": "mobile",
            "region": "CN",
        }


def test_monitor_ends_when_the_password_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator("secret")
    port = simulator.start()
    monkeypatch.setenv("CRMDESK_TELEPHONY_SECRET", "wrong")

    assert run("monitor", "--host", "127.0.0.1", "--port", str(port)) == 1

    simulator.stop()
    assert "refuses the user crmdesk" in capsys.readouterr().err
