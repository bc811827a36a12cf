"""Commands on a profile: alone, through the process that has it open, and when they have to wait."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli import desks, exchange, program
from crmdesk.errors import Conflict, DiskFull, NotFound, StoreBusy, WorldFault
from crmdesk.services.attach import AttachServer
from crmdesk.services.exchange import loading
from crmdesk.services.exchange.preparing import Prepared
from crmdesk.services.profile import open_profile
from crmdesk.services.rpc.desk import close_desk, open_desk
from crmdesk.services.rpc.methods import all_methods
from crmdesk.services.rpc.session import Session

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a profile of one's own; returns exit code, output and errors."""
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "keys.json"))
    monkeypatch.setenv("CRMDESK_PROFILE", str(tmp_path / "profile"))
    # Commands run in the process of the tests, which is not to step back.
    monkeypatch.setattr("os.nice", lambda less: less)

    def run_command(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = program.run(words, None)  # type: ignore[arg-type]  # no window opens
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run_command("profile", "new", "--test", str(tmp_path / "profile"))[0] == 0
    return run_command


@contextmanager
def window_of(path: Path) -> Iterator[Path]:
    """Have the profile open for the block and let others join, as a window does."""
    with open_profile(path) as profile:
        desk = open_desk(profile)
        server = AttachServer(profile.path, lambda send: Session(desk, all_methods(), send))
        server.start()
        yield profile.path
        server.stop()
        close_desk(desk)


@pytest.fixture
def window(run: Run, tmp_path: Path) -> Iterator[Path]:
    """Another process has the profile open."""
    with window_of(tmp_path / "profile") as path:
        yield path


def test_a_profile_is_made_once(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("profile", "new", "--json", str(tmp_path / "second"))
    assert code == 0
    assert len(json.loads(out)["recovery_code"]) > 20
    assert json.loads(out)["test"] is False
    code, _, err = run("profile", "new", str(tmp_path / "second"))
    assert (code, "already" in err) == (1, True)


def test_the_recovery_code_brings_a_lost_key_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = str(tmp_path / "second"), str(tmp_path / "profile")
    code = json.loads(run("profile", "new", "--json", desk)[1])["recovery_code"]
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "another computer's.json"))
    assert "recovery code" in run("export", "customers", "--profile", desk)[2]
    slip = ("0" if code[0] != "0" else "1") + code[1:]
    for wrong, at in ((slip, desk), (code, other), ("", desk)):
        assert run("profile", "recover", at, stdin=f"{wrong}\n")[0] == 1
        assert run("export", "customers", "--profile", at)[0] == 1
    assert run("profile", "recover", desk, stdin=f"{code.lower()}\n")[0] == 0
    assert run("export", "customers", "--profile", desk)[0] == 0


def test_files_come_in_and_go_out(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes("客户;手机\n张三;13800138000\n ;1\n".encode("gbk"))
    mapping = tmp_path / "m.json"
    mapping.write_text('{"name": "客户", "phones.1": "手机"}', encoding="utf-8")
    words = ("import", "customers", str(file), "--mapping", str(mapping))
    code, out, _ = run(*words, "--dry-run")
    summary = json.loads(out.splitlines()[-1])
    assert (code, summary["rows"], summary["new"]) == (0, 2, 1)
    assert summary["refused"] == [{"line": 3, "reason": "Please fill in name."}]
    code, out, err = run(*words, "--strict")
    assert (code, json.loads(out)["new"]) == (1, 1)
    assert err == "crmdesk: Rows refused: 1. The output names lines and reasons.\n"
    code, out, _ = run(*words)
    assert json.loads(out)["same"] == 1
    code, out, _ = run("export", "customers")
    assert "张三" in out
    code, out, _ = run("export", "customers", str(tmp_path / "x.jsonl"))
    assert json.loads(out) == {"rows": 1}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("c.csv", 'name\nAnn\n"half', "breaks off in line 3; nothing was changed"),
        ("c.jsonl", '{"name": "Ann"}\n{"na', "breaks off in line 2"),
        ("c.csv", "Kunde\nAnn\n", "needs the column name. It has: Kunde."),
        ("c.xlsx", "PK", "does not read .xlsx files yet"),
    ],
)
def test_a_file_that_cannot_be_taken_changes_nothing(
    run: Run, tmp_path: Path, name: str, content: str, words: str
) -> None:
    (tmp_path / name).write_text(content)
    code, out, err = run("import", "customers", str(tmp_path / name))
    assert (code, out) == (1, "")
    assert words in err
    assert "Ann" not in run("export", "customers")[1]


def test_what_is_there_of_half_a_file_can_be_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"name": "Ann"}\n{"na')
    code, out, _ = run("import", "customers", str(tmp_path / "c.jsonl"), "--partial")
    summary = json.loads(out)
    assert (code, summary["new"], summary["refused"][0]["line"]) == (0, 1, 2)


def test_kinds_of_later_versions_are_refused_in_words(run: Run, tmp_path: Path) -> None:
    code, _, err = run("export", "orders")
    assert (code, err) == (1, "crmdesk: This version of crmdesk does not exchange orders yet.\n")


def test_commands_go_through_the_open_window(run: Run, window: Path, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("name\nAnn\n")
    assert json.loads(run("import", "customers", str(tmp_path / "c.csv"))[1])["new"] == 1
    assert "Ann" in run("export", "customers")[1]
    assert run("backup", str(tmp_path / "b"), stdin="correct horse\n")[0] == 0
    out = run("doctor", "--json")[1]
    assert {check["name"]: check["state"] for check in json.loads(out)["checks"]}["store"] == "ok"


def test_an_import_beside_a_window_says_what_one_alone_says(run: Run, tmp_path: Path) -> None:
    """A hostile file: wrong rows, one that is huge, one that is half a character; the others are in."""
    long = "x" * 20_000_000
    rows = [
        '{"external_id": "1", "name": "Ann", "phones": ["13800138000"]}',
        '{"external_id": "2"}',
        f'{{"external_id": "3", "name": "{long}"}}',
        '{"external_id": "4", "name": "Bo", "phones": ["\\ud83d1380"], "tier": "wood"}',
        "[" * 100_000,
        '{"external_id": "5", "name": "\\ud83d\\u0000", "emails": ["a@b.de"]}',
        '{"external_id": "6", "name": "=cmd()", "phones": "13900139000;13700137000"}',
    ]
    file = tmp_path / "c.jsonl"
    file.write_text("\n".join(rows) + "\n")
    code, out, _ = run("import", "customers", str(file), "--dry-run")
    alone = json.loads(out)
    with window_of(tmp_path / "profile"):
        assert json.loads(run("import", "customers", str(file))[1]) == alone
    assert (code, alone["new"], [each["line"] for each in alone["refused"]]) == (0, 2, [2, 3, 4, 5, 6])
    assert json.loads(run("import", "customers", str(file))[1])["same"] == 2


def test_an_import_leaves_the_processor_to_the_window(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("os.nice", asked.append)
    (tmp_path / "c.csv").write_text("name\nAnn\n")
    run("import", "customers", str(tmp_path / "c.csv"))
    assert asked == []
    with window_of(tmp_path / "profile"):
        run("import", "customers", str(tmp_path / "c.csv"))
    assert asked == [exchange.BESIDE]


def test_what_is_sent_at_once_stays_small() -> None:
    rows = [Prepared(n, {}, characters=90_000) for n in range(5)] + [Prepared(n, {}) for n in range(450)]
    assert [len(batch) for batch in exchange._batches(rows)] == [2, 2, 200, 200, 51]


def test_failures_come_through_as_what_they_are(run: Run, window: Path) -> None:
    with desks.client(window) as client:
        made = client.call("customer.create", {"name": "Ann"})["customer"]
        client.call("customer.update", {"id": made["id"], "base_version": 1, "changes": {"hint": "a"}})
        with pytest.raises(Conflict) as clash:
            client.call("customer.update", {"id": made["id"], "base_version": 1, "changes": {"hint": "b"}})
        assert clash.value.current["hint"] == "a"
        with pytest.raises(NotFound):
            client.call("call.pop", {"external_id": "none"})


def test_a_window_that_closes_is_told_in_words(run: Run, window: Path) -> None:
    class Silent:
        def send(self, _line: bytes) -> None:
            """Take it."""

        def receive(self) -> bytes:
            return b""

    with pytest.raises(WorldFault, match="was closed"):
        desks.LineClient(Silent()).call("system.info", {})  # type: ignore[arg-type]  # a line that ended


def test_who_cannot_join_is_told_who_is_in_the_way(run: Run, tmp_path: Path) -> None:
    with open_profile(tmp_path / "profile"), pytest.raises(StoreBusy, match="open in another"):
        desks.reach(tmp_path / "profile", patience_seconds=0.0)


def test_backup_and_restore(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.csv").write_text("name\nAnn\n")
    run("import", "customers", str(tmp_path / "c.csv"))
    assert run("backup", str(tmp_path / "b"), stdin="short\n")[0] == 1
    assert run("backup", str(tmp_path / "b"), stdin="correct horse\n")[0] == 0
    (tmp_path / "secret").write_text("correct horse\n")
    monkeypatch.setenv("CRMDESK_PROFILE", str(tmp_path / "again"))
    assert run("restore", str(tmp_path / "b"), stdin="wrong horse\n")[0] == 1
    assert run("restore", str(tmp_path / "b"), "--passphrase-file", str(tmp_path / "secret"))[0] == 0
    assert "Ann" in run("export", "customers")[1]


def test_the_doctor_looks_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()].count("bad") == 0
    code, out, _ = run("doctor", "--profile", str(tmp_path / "none"), "--json")
    checks: dict[str, Any] = {check["name"]: check for check in json.loads(out)["checks"]}
    assert checks["profile"]["state"] == "look"
    assert "store" not in checks
    assert not (tmp_path / "none").exists()


def test_the_doctor_sees_what_does_not_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "keys.json").chmod(0o644)
    code, out, _ = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert code == 1
    assert (checks["keyring"]["state"], checks["store"]["state"]) == ("bad", "bad")
    assert "chmod 600" in checks["keyring"]["found"]


@pytest.mark.parametrize("through", ["alone", "window"])
def test_the_nightly_backup_is_switched_on_and_off(
    run: Run, tmp_path: Path, through: str, request: pytest.FixtureRequest
) -> None:
    if through == "window":
        request.getfixturevalue("window")
    folder = tmp_path / "nightly"
    code, out, err = run("backup", "--nightly", str(folder), "--keep", "3", stdin="correct horse\n")
    assert (code, err) == (0, "")
    (written,) = folder.iterdir()
    assert str(written) in out
    held = json.loads((tmp_path / "profile" / "settings.json").read_bytes())
    assert (held["backup_folder"], held["backup_keep"]) == (str(folder), 3)
    assert "correct horse" in (tmp_path / "keys.json").read_text()
    checks = json.loads(run("doctor", "--json")[1])["checks"]
    assert {check["name"]: check["state"] for check in checks}["backup"] == "ok"
    assert run("restore", str(written), "--profile", str(tmp_path / "again"), stdin="correct horse\n")[0] == 0
    assert run("backup", "--nightly", "off") == (0, "The nightly backup is off.\n", "")
    assert json.loads((tmp_path / "profile" / "settings.json").read_bytes())["backup_folder"] == ""
    assert "correct horse" not in (tmp_path / "keys.json").read_text()
    assert written.exists()


@pytest.mark.parametrize(
    ("words", "passphrase", "reason"),
    [
        (["--nightly", "profile/inside"], "correct horse\n", "outside of the profile"),
        (["--nightly", "nightly"], "short\n", "8 characters"),
        (["--nightly", "nightly", "--keep", "0"], "correct horse\n", "keep"),
        (["--nightly", "file/below"], "correct horse\n", ""),
        (["b", "--keep", "3"], "correct horse\n", "--keep belongs to --nightly"),
    ],
)
def test_a_nightly_backup_that_would_not_work_stays_off(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], passphrase: str, reason: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.chdir(tmp_path)
    code, _, err = run("backup", *words, stdin=passphrase)
    assert code == 1
    assert reason in err
    assert "backup_folder" not in json.loads((tmp_path / "profile" / "settings.json").read_bytes())
    assert "correct horse" not in (tmp_path / "keys.json").read_text()
    assert run("backup")[0] == 2


def test_an_import_that_meets_a_full_disk_tells_the_rows_that_are_in(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, count = loading._part, iter(range(10))

    def fill(*arguments: Any) -> Any:
        if next(count) >= 3:
            raise DiskFull("The disk is full.")
        return part(*arguments)

    monkeypatch.setattr(exchange, "BATCH_ROWS", 1)
    monkeypatch.setattr(loading, "_part", fill)
    (tmp_path / "c.csv").write_text("name,phones.1\nAnn,\n,1\nBob,\nCarl,\n")
    code, out, err = run("import", "customers", str(tmp_path / "c.csv"))
    assert (code, out) == (1, "")
    assert err == "crmdesk: 2 rows are in; run the same import again to go on\ncrmdesk: The disk is full.\n"
    assert run("export", "customers")[1].count("\n") == 1 + 2
