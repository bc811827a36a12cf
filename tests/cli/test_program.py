"""The command line: help everywhere, exit codes, nothing heavy before it is needed."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from crmdesk.cli import program
from crmdesk.errors import Bug, InvalidInput, StoreBusy


class NoScreens:
    """Notes what would have been shown."""

    def __init__(self) -> None:
        self.shown: list[object] = []

    def window(self, profile: Path | None, address: str = "") -> int:
        self.shown.append((profile, address))
        return 0

    def demo(self, customers: int | None, calls: int | None, headless: Path | None) -> int:
        self.shown.append((customers, calls, headless))
        return 0


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> NoScreens:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return NoScreens()


def commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action.choices.values():
                found += commands(choice)
    return found


def test_every_command_explains_itself() -> None:
    known = commands(program.parser())
    names = {command.prog for command in known}
    for name in ("demo", "call", "open", "rpc", "profile new", "import", "export", "backup", "restore"):
        assert f"crmdesk {name}" in names
    assert {"crmdesk doctor", "crmdesk telephony replay", "crmdesk telephony monitor"} <= names
    for command in known:
        text = command.format_help()
        undocumented = [a.dest for a in command._actions if a.help is None and not a.choices]
        assert command.prog in text
        assert len(undocumented) <= 5, (command.prog, undocumented)


def test_every_command_of_it_speaks_json() -> None:
    def has_groups(command: argparse.ArgumentParser) -> bool:
        return any(isinstance(action, argparse._SubParsersAction) for action in command._actions)

    told = {
        command.prog: {option for action in command._actions for option in action.option_strings}
        for command in commands(program.parser())
        if command.prog.startswith("crmdesk admin ") and not has_groups(command)
    }
    assert len(told) > 15
    assert [name for name, options in told.items() if "--json" not in options] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["rpc", "--help"], 0),
        (["--version"], 0),
        (["no-such"], 2),
        (["import", "customers"], 2),
        (["import", "planets", "x.csv"], 2),
        (["demo", "--customers", "0"], 2),
        (["profile"], 2),
    ],
)
def test_usage(words: list[str], code: int, screens: NoScreens, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(words, screens) == code
    said = capsys.readouterr()
    assert said.err.startswith("usage:") == (code == 2)


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch, screens: NoScreens) -> int:
    def fail(_given: object) -> int:
        raise error

    monkeypatch.setattr(program, "_window", fail)
    return program.run([], screens)


@pytest.mark.parametrize("error", [InvalidInput("Not {x}.", x=1), StoreBusy("Somebody has it.")])
def test_a_refusal_is_one_sentence(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    screens: NoScreens,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_raising(error, monkeypatch, screens) == 1
    assert capsys.readouterr().err == f"crmdesk: {error}\n"


@pytest.mark.parametrize("error", [Bug("Ours: {x}.", x=13800138000), ZeroDivisionError("13800138000")])
@pytest.mark.usefixtures("private_home")
def test_a_bug_names_the_log_and_shows_no_trace(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    screens: NoScreens,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_raising(error, monkeypatch, screens) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    log = Path(said.strip().rpartition("Details: ")[2])
    text = log.read_text(encoding="utf-8")
    assert type(error).__name__ in text
    assert "13800138000" not in text


def test_an_interrupt_is_quiet(
    monkeypatch: pytest.MonkeyPatch, screens: NoScreens, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_raising(KeyboardInterrupt(), monkeypatch, screens) == 130
    assert capsys.readouterr().err == ""


def test_the_profile_may_be_named_before_or_after_the_command(screens: NoScreens, tmp_path: Path) -> None:
    assert program.run(["--profile", str(tmp_path), "window"], screens) == 0
    assert program.run(["window", "--profile", str(tmp_path), "--address", "crmdesk://x"], screens) == 0
    assert program.run(["--profile", str(tmp_path)], screens) == 0
    assert screens.shown == [(tmp_path, ""), (tmp_path, "crmdesk://x"), (tmp_path, "")]


def test_members_of_a_group_take_the_profile_too(screens: NoScreens, tmp_path: Path) -> None:
    monitor = ["telephony", "monitor", "--profile", str(tmp_path / "none")]
    assert program.run(monitor, screens) == 1
    assert program.parser().parse_args(monitor).profile == tmp_path / "none"


def test_the_demo_is_handed_over(screens: NoScreens, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    words = ["demo", "--customers", "5", "--calls", "2", "--headless", str(out)]
    assert program.run(words, screens) == 0
    assert screens.shown == [(5, 2, out)]
    assert out.is_dir()


PROBE = """
import sys
from crmdesk.cli.program import run
code = run(sys.argv[1:], None)
heavy = ("PySide6", "sqlalchemy", "alembic", "sqlcipher3", "phonenumbers", "pypinyin", "opencc", "keyring")
print("loaded", [name for name in heavy if name in sys.modules], code)
"""


@pytest.mark.parametrize("words", [["--help"], ["import", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded [] 0"


def test_the_description_needs_no_profile(screens: NoScreens, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["rpc", "--describe"], screens) == 0
    assert "customer.lookup" in json.loads(capsys.readouterr().out)["methods"]
