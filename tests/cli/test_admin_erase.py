"""`crmdesk admin erase`: says what will go, asks again, erases everywhere, and tells which desks have not."""

import json
import sys
import uuid
from pathlib import Path

import pytest

from crmdesk.cli import program
from crmdesk.services import renewal
from crmdesk.services.profile import new_profile
from crmdesk.services.store.keys import KEY_FILE_VARIABLE
from tests.cli.test_admin import Run, run
from tests.cluster import Database
from tests.pages import decrypted
from tests.services.server.rows import add_customer, stamp_all

__all__ = ["run"]
NUMBER = "+8613800138099"
REASON = ("--reason", "his wish of 2026-11-20")


def customer_of(database: Database, *, numbered: bool = True) -> uuid.UUID:
    """Write a customer with a note, and a desk that may hold copies."""
    database.person("wang")
    with database.connect() as owner, database.connect("wang") as wang:
        wang.execute("SELECT crm.register_device(gen_random_uuid(), NULL, 'wangs-pc')")
        customer = add_customer(owner, "Zhang Canary")
        if numbered:
            owner.execute(
                "INSERT INTO crm.contact_point (id, customer_id, raw, value, national)"
                " VALUES (gen_random_uuid(), %s, '138 0013 8099', %s, '13800138099')",
                (customer, NUMBER),
            )
        stamp_all(owner)
    return customer


def test_a_dry_run_says_what_would_go_and_changes_nothing(run: Run, database: Database) -> None:
    customer = customer_of(database)
    code, out, _ = run("erase", str(customer), "--dry-run")
    assert (code, out) == (
        0,
        "Would erase: 1 customer, 4 audit value, 1 contact point.\n1 desks would do the same.\n",
    )
    with database.connect() as owner:
        assert owner.execute("SELECT count(*) FROM crm.customer").fetchone() == (1,)
        assert owner.execute("SELECT count(*) FROM crm.erasure").fetchone() == (0,)
    told = json.loads(run("erase", f"crmdesk://customer/{customer}", "--dry-run", "--json")[1])
    assert (told["erased"], told["rows"]["customer"], told["desks"]) == (False, 1, 1)


def test_it_asks_for_his_number_again_and_for_a_reason(run: Run, database: Database) -> None:
    customer = str(customer_of(database))
    for words, typed, said in (
        ((), NUMBER, "--reason"),
        (REASON, "13800138098", "type one of his numbers again"),
        (REASON, "", "type one of his numbers again"),
        (REASON, "Zhang Canary", "type one of his numbers again"),
    ):
        code, out, err = run("erase", customer, *words, stdin=typed + "\n")
        assert (code, out) == (1, "")
        assert said in err
    assert "no customer's id" in run("erase", "Zhang")[2]
    assert "is on this server" in run("erase", str(uuid.uuid4()), "--dry-run")[2]
    assert json.loads(run("erasures", "--json")[1]) == {"erasures": []}


@pytest.mark.parametrize("typed", [NUMBER, "138-0013 8099", "13800138099"])
def test_erased_recorded_and_told_who_has_not_confirmed(run: Run, database: Database, typed: str) -> None:
    customer = customer_of(database)
    code, out, err = run("erase", str(customer), *REASON, stdin=typed + "\n")
    assert (code, err) == (0, "")
    assert out.startswith("Erased: 1 customer, ")
    assert "1 desks do the same at their next contact" in out
    (line,) = run("erasures")[1].splitlines()
    assert f"{customer}  postgres  his wish of 2026-11-20  waits for " in line
    with database.connect() as owner, database.connect("wang") as wang:
        device, tag = owner.execute("SELECT id, tag FROM crm.device").fetchone()
        assert line.endswith(tag)
        (wanted,) = wang.execute("SELECT crm.my_erasures(%s)", (device,)).fetchone()[0]
        wang.execute("SELECT crm.confirm_erasure(%s, %s)", (device, wanted["erasure"]))
        found = owner.execute(
            "SELECT v.after ->> 'reason', a.login FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n"
            " WHERE a.tab = 'erasure'"
        ).fetchall()
        assert found == [("his wish of 2026-11-20", "postgres")]
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
    assert run("erasures")[1].endswith("confirmed by all desks\n")
    assert run("server", "check", database.owner_dsn)[0] == 0


def test_somebody_without_a_number_is_confirmed_by_his_name(run: Run, database: Database) -> None:
    customer = customer_of(database, numbered=False)
    assert run("erase", str(customer), *REASON, stdin="zhang canary\n")[0] == 0


def test_only_the_owner_may(run: Run, database: Database) -> None:
    customer = customer_of(database)
    database.cluster.passfile  # noqa: B018 - writes the new password down
    code, out, err = run("erase", str(customer), database.dsn("wang"), *REASON, stdin=NUMBER + "\n")
    assert (code, out) == (1, "")
    assert "wang may not do this on the server" in err
    assert "Whoever owns its database does it, or gives the right." in err
    assert "table" not in err


def test_at_a_desk_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    path = tmp_path / "desk"
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(tmp_path / "keys.json"))
    monkeypatch.setattr(
        renewal, "copied_in_child", lambda store, beside, key, stopped: renewal.copied(store, beside, key)
    )
    with new_profile(path, test=True).profile as made:
        key, store = made.key, made.store_path

    def run_here(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = program.run(("--profile", str(path), *words), None)  # type: ignore[arg-type]  # no window
        said = capsys.readouterr()
        return code, said.out, said.err

    given = {"name": "Canary", "phones": ["13800138099"]}
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "customer.create", "params": given})
    made_line = run_here("rpc", stdin=request + "\n")[1]
    customer = json.loads(made_line)["result"]["customer"]["id"]
    assert (
        "Would erase: 1 contact point, 1 customer, "
        in run_here("admin", "erase", customer, "--here", "--dry-run")[1]
    )
    wrong = run_here("admin", "erase", customer, "--here", *REASON, stdin="13800138098\n")
    assert (wrong[0], "type one of his numbers again" in wrong[2]) == (1, True)
    code, out, err = run_here("admin", "erase", customer, "--here", *REASON, stdin="13800138099\n")
    assert (code, err) == (0, "")
    assert out.endswith("No byte of it is left here.\n")
    assert decrypted(store, key).count(b"Canary") == 0
    again = run_here("admin", "erase", customer, "--here", *REASON, stdin="13800138099\n")
    assert (again[0], "not here any more" in again[2]) == (1, True)
