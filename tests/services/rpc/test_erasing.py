"""`customer.erase`: a look first, then his number again and a reason; nothing at a desk that shares."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crmdesk.errors import Denied, InvalidInput, NotFound
from crmdesk.services import renewal
from crmdesk.services.erasure import Erasure, finish_left
from crmdesk.services.profile import Profile
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.sync.address import ServerAddress
from tests.pages import decrypted
from tests.services.rpc.conftest import Talk

HIS = {"number": "138 0013 8000", "reason": "his wish"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fresh file is made in this process."""

    def made(path: Any, beside: Any, key: bytes, stopped: Any) -> None:
        renewal.copied(path, beside, key)

    monkeypatch.setattr(renewal, "copied_in_child", made)


def test_erased_everywhere_and_kept_that_it_was(
    talk: Talk, desk: Desk, profile: Profile, customer: Callable[..., Any]
) -> None:
    held, other = customer(name="Canary"), customer(name="李四", phones=["13900139000"])
    before = talk("customer.erase", id=held["id"], dry_run=True)
    assert (before["erased"], before["clean"]) == (False, False)
    assert {each["table"]: each["count"] for each in before["rows"]} == {"contact_point": 1, "customer": 1}
    assert talk("customer.get", id=held["id"])["name"] == "Canary"
    done = talk("customer.erase", id=held["id"], request_id="once", **HIS)
    assert (done["erased"], done["clean"], done["trouble"]) == (True, True, "")
    assert done["rows"] == before["rows"]
    with pytest.raises(NotFound):
        talk("customer.get", id=held["id"])
    assert talk("customer.get", id=other["id"])["name"] == "李四"
    assert talk("customer.erase", id=held["id"], request_id="once", **HIS) == done
    assert decrypted(profile.store_path, profile.key).count(b"Canary") == 0
    kept = desk.store.read(
        lambda c: c.execute("SELECT value FROM setting WHERE name = 'erasures'").fetchone()
    )
    (line,) = json.loads(kept.result()[0])
    assert (line["customer_id"], line["reason"], line["rows"]) == (held["id"], "his wish", 2)


@pytest.mark.parametrize(
    "given", [{"reason": "x"}, {"number": "13800138000"}, {"number": "13800138001", "reason": "x"}]
)
def test_without_number_and_reason_nothing_is_erased(
    talk: Talk, customer: Callable[..., Any], given: dict[str, str]
) -> None:
    held = customer()
    with pytest.raises(InvalidInput):
        talk("customer.erase", id=held["id"], **given)
    assert talk("customer.get", id=held["id"])["name"] == held["name"]


def test_a_desk_that_shares_leaves_it_to_the_administrator(
    talk: Talk, desk: Desk, customer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = customer()
    address = ServerAddress("db.example", 5432, "crmdesk", "anna")
    monkeypatch.setattr(desk.sharing, "address", lambda: address)
    with pytest.raises(Denied, match="crmdesk admin erase"):
        talk("customer.erase", id=held["id"], **HIS)


def test_what_could_not_be_finished_is_finished_later(
    talk: Talk, desk: Desk, profile: Profile, customer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = customer(name="Canary")
    with monkeypatch.context() as full:
        full.setattr(renewal, "free_bytes", lambda _path: 0)
        done = talk("customer.erase", id=held["id"], **HIS)
    assert (done["erased"], done["clean"]) == (True, False)
    assert "free" in done["trouble"]
    assert finish_left(profile, desk.store) == 1
    assert decrypted(profile.store_path, profile.key).count(b"Canary") == 0
    assert finish_left(profile, desk.store) == 0
    assert Erasure(profile, desk.store).cleaned([]) == frozenset()
