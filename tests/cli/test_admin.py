"""`crmdesk admin` in this process: what it says to people, and to programs."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmdesk.cli import passwords, program
from crmdesk.services.store.keys import KEY_FILE_VARIABLE
from tests.cluster import SUPERUSER, Database
from tests.services.server.rows import add_customer

Run = Callable[..., tuple[int, str, str]]
PASSWORD = "correct horse"


@pytest.fixture
def run(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command at a prepared server; returns exit code, output and errors."""
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(tmp_path / "keys.json"))
    monkeypatch.setenv("CRMDESK_PROFILE", str(tmp_path / "profile"))
    monkeypatch.setenv("PGPASSFILE", str(database.cluster.passfile))
    monkeypatch.setenv("CRMDESK_SERVER", database.owner_dsn)

    def run_command(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = program.run(("admin", *words), None)  # type: ignore[arg-type]  # no window opens
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run_command("server", "init", database.owner_dsn)[0] == 0
    return run_command


def add(run: Run, *words: str, stdin: str = PASSWORD) -> tuple[int, str, str]:
    return run("user", "add", *words, "--password-stdin", stdin=stdin + "\n")


def test_people_in_words(run: Run) -> None:
    assert run("team", "add", "night", "--name-zh", "夜班")[1] == "There is a team night (night, 夜班).\n"
    done = add(run, "erin", "--role", "supervisor", "--team", "hotline", "--team", "night", "--limit", "200")
    assert done == (0, "erin (supervisor, hotline, night) may use the database now.\n", "")
    assert run("user", "list")[1] == "erin  supervisor  hotline, night  up to 200\n"
    assert "has that role" in run("user", "role", "erin", "agent")[1]
    assert "new password" in run("user", "password", "erin", "--password-stdin", stdin="another horse")[1]
    assert "shut out" in run("user", "disable", "erin")[1]
    assert run("user", "list")[1].endswith("shut out\n")
    assert "hotline" in run("team", "list")[1]
    assert run("device", "list")[:2] == (0, "")


def test_people_as_json(run: Run) -> None:
    add(run, "frank", "--team", "hotline", "--limit", "12.50", "--full-name", "Frank Li")
    (held,) = json.loads(run("user", "list", "--json")[1])["users"]
    assert (held["login"], held["limit"], held["teams"]) == ("frank", "12.50", ["hotline"])
    assert json.loads(run("team", "list", "--json")[1])["teams"][0]["key"] == "hotline"
    assert json.loads(run("device", "list", "--json")[1]) == {"devices": []}


def test_the_server_is_named_in_any_of_three_ways(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRMDESK_SERVER")
    dsn = database.owner_dsn
    for words in ((dsn,), ("--server", dsn)):
        assert run("user", "list", *words)[0] == 0
    for words in (("gina", dsn), (dsn, "gina")):
        assert add(run, *words, "--team", "hotline")[1].startswith("gina ")
    code, _, err = run("user", "list")
    assert (code, "CRMDESK_SERVER" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "add", "henry"), 2),
        (("user", "add", "henry", "--team", "hotline", "--limit", "much"), 2),
        (("user", "add", "henry", "--team", "hotline", "--limit", "NaN"), 2),
        (("user", "add", "henry", "--team", "hotline", "--role", "king"), 2),
        (("server", "init"), 2),
        (("user", "add", "henry", "--team", "hotline"), 1),
        (("user", "add", "henry", "--team", "hotline", "--password-stdin"), 1),
        (("user", "add", 'crm_"', "--team", "hotline", "--password-stdin"), 1),
    ],
)
def test_wrong_usage_and_refusals(run: Run, words: tuple[str, ...], code: int) -> None:
    done, _, err = run(*words)
    assert done == code
    assert err
    assert json.loads(run("user", "list", "--json")[1]) == {"users": []}


def test_a_database_that_is_not_ours_and_a_person_who_is_no_administrator(
    run: Run, database: Database
) -> None:
    cluster = database.cluster
    assert "is not prepared" in run("user", "list", cluster.conninfo(SUPERUSER, "postgres"))[2]
    database.person("ivan")
    cluster.passfile  # noqa: B018 - writes the new password down
    for words in (("user", "list"), ("team", "add", "x"), ("server", "tick")):
        code, out, err = run(*words, database.dsn("ivan"))
        assert (code, out, bool(err)) == (1, "", True), words


def test_upkeep_in_words(run: Run, database: Database) -> None:
    for verb in ("upgrade", "check", "tick", "after-restore"):
        code, out, err = run("server", verb, database.owner_dsn)
        assert (code, bool(out)) == (0, True), err
    code, out, _ = run("server", "init", database.owner_dsn, "--json")
    assert json.loads(out)["version"] >= 1


def test_passwords_are_read_and_never_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import argparse

    command = argparse.ArgumentParser()
    passwords.add_options(command, file=True)
    file = tmp_path / "password"
    file.write_text("from a file\nsecond line")
    given = command.parse_args(["--password-file", str(file)])
    assert passwords.password_of(given, "Password") == "from a file"
    file.write_text("\n")
    for words in (["--password-file", str(file)], ["--password-file", str(tmp_path / "none")], []):
        with pytest.raises(Exception, match=r"empty|cannot be read|--password-stdin"):
            passwords.password_of(command.parse_args(words), "Password")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    answers = iter(("typed", "typed", "one", "other"))
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    plain = command.parse_args([])
    assert passwords.password_of(plain, "Password", twice=True) == "typed"
    with pytest.raises(Exception, match="differ"):
        passwords.password_of(plain, "Password", twice=True)


def test_views_in_words_and_as_json(run: Run, database: Database) -> None:
    with database.connect() as owner:
        customer = add_customer(owner, "王伟")
        for login, at in (("erin", "2026-11-20 09:58Z"), ("frank", "2026-11-21 10:00Z")):
            owner.execute(
                "INSERT INTO crm.viewed VALUES (gen_random_uuid(), %s, %s, %s, 'call', now())",
                (at, customer, login),
            )
    told = run("views")[1].splitlines()
    assert [line.split("  ")[0:3] for line in told] == [
        ["2026-11-21 10:00 UTC", "frank", "王伟"],
        ["2026-11-20 09:58 UTC", "erin", "王伟"],
    ]
    (one,) = json.loads(run("views", "--user", "erin", "--json")[1])["views"]
    assert (one["login"], one["customer_id"], one["why"]) == ("erin", str(customer), "call")
    assert run("views", "--limit", "1")[1].count("\n") == 1
    assert run("views", "--customer", "00000000-0000-0000-0000-000000000000")[:2] == (0, "")
    assert run("views", "--customer", "nobody")[0] == 2
