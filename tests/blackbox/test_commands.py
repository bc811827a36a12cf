"""The commands from outside: what they print, what they return, what they leave."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk

RECORDINGS = Path(__file__).resolve().parents[1] / "data" / "telephony"


def summary(done: Any) -> Any:
    return json.loads(done.stdout.decode().splitlines()[-1])


def test_articles_come_in_and_are_found_by_their_id(desk: Desk, tmp_path: Path) -> None:
    articles = [
        {"id": "r1", "title": "", "body": "发动机漏油怎么办：先看油底壳螺丝。", "lang": "zh"},
        {"id": "r2", "title": "Wipers", "body": "Change the wiper blades every year.", "lang": "en"},
    ]
    file = tmp_path / "articles.jsonl"
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in articles), "utf-8")
    assert summary(desk.run("import", "articles", str(file)))["new"] == 2
    assert summary(desk.run("import", "articles", str(file)))["same"] == 2
    with desk.rpc() as rpc:
        for query, expected in (("漏油", "r1"), ("wiper blade", "r2")):
            items = rpc.ask("knowledge.search", query=query, limit=10)["items"]
            assert items[0]["external_id"] == expected


def test_customers_come_in_from_a_spreadsheet_and_go_out_again(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(
        "id;name;phones.1;phones.2;hint\r\n"
        'K1;张三;13800138000;021-58208001;"两行\r\n备注"\r\n'
        "K2;李四;not a number;;\r\n".encode("gbk")
    )
    done = desk.run("import", "customers", str(file))
    assert done.returncode == 0
    assert summary(done) == {
        "rows": 2,
        "new": 1,
        "changed": 0,
        "same": 0,
        "refused": [{"line": 4, "reason": "not a number is no telephone number."}],
    }
    assert desk.run("import", "customers", str(file), "--strict").returncode == 1
    out = tmp_path / "out.csv"
    assert desk.run("export", "customers", str(out)).returncode == 0
    other = desk.beside("other")
    assert other.run("profile", "new", "--test", str(other.path)).returncode == 0
    assert summary(other.run("import", "customers", str(out)))["new"] == 1
    again = tmp_path / "again.csv"
    other.run("export", "customers", str(again))
    assert again.read_bytes() == out.read_bytes()


def test_half_a_file_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "half.jsonl"
    file.write_text('{"id": "1", "name": "Ann"}\n{"id": "2", "na')
    done = desk.run("import", "customers", str(file))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("crmdesk: half.jsonl breaks off in line 2")
    assert summary(desk.run("import", "customers", str(file), "--partial"))["new"] == 1


def test_backup_and_restore(desk: Desk, tmp_path: Path) -> None:
    with desk.rpc() as rpc:
        made = rpc.ask("customer.create", name="Ann")["customer"]
    file = tmp_path / "desk.backup"
    assert desk.run("backup", str(file), stdin="correct horse\n").returncode == 0
    assert b"Ann" not in file.read_bytes()
    again = desk.beside("again")
    refused = again.run("restore", str(file), stdin="wrong horse\n")
    assert refused.returncode == 1
    assert not again.path.exists()
    assert again.run("restore", str(file), stdin="correct horse\n").returncode == 0
    with again.rpc() as rpc:
        assert rpc.ask("customer.get", id=made["id"])["name"] == "Ann"
    assert again.run("restore", str(file), stdin="correct horse\n").returncode == 1


def test_recordings_are_replayed(desk: Desk) -> None:
    recordings = sorted(path for path in RECORDINGS.glob("direct_*.jsonl") if ".conn" not in path.name)
    assert recordings, "the recordings of direct calls are missing"
    done = desk.run("telephony", "replay", str(recordings[0]))
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"call", "direction", "caller", "pops", "answered_by", "disposition"} <= set(calls[0])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--help",), 0, "commands:"),
        (("doctor",), 0, "sqlite"),
        (("telephony", "replay", "no-such-file.ami"), 1, "crmdesk: "),
        (("import", "customers", "no-such-file.csv"), 1, "crmdesk: The file no-such-file.csv cannot be read"),
        (("call", "13800138000"), 1, "There is no display here"),
        (("profile", "new", "."), 1, ""),
        (("--profile", "no-such-folder", "rpc"), 1, "There is no profile at no-such-folder"),
        (("no-such-command",), 2, "usage:"),
    ],
)
def test_exit_codes_and_sentences(desk: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    if words == ("profile", "new", "."):
        words = ("profile", "new", str(desk.path))
    done = desk.run(*words)
    text = done.stdout.decode() + done.stderr.decode()
    assert (done.returncode, said in text) == (code, True), text
    assert "Traceback" not in text
    if code == 1:
        assert done.stderr.count(b"\n") == 1


def test_the_doctor_tells_programs_too(desk: Desk) -> None:
    checks = json.loads(desk.run("doctor", "--json").stdout)["checks"]
    assert {"sqlite", "keyring", "store", "telephony", "clock", "disk", "backup"} <= {
        check["name"] for check in checks
    }
