"""`complaint.open`: how grave a complaint is and what it repeats, where nobody said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.services.profile import Profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.starter import furnish
from tests.services.rpc.conftest import Talk

UNKNOWN = "01a1ffa8-4972-776c-bd24-f0e2555c1eff"
Open = Callable[..., Any]


@pytest.fixture
def desk(profile: Profile) -> Iterator[Desk]:
    """The desk of somebody who works here alone."""
    furnish(profile, "anna")
    opened = open_desk(profile)
    yield opened
    close_desk(opened)


@pytest.fixture
def opened(talk: Talk) -> Open:
    """Logs a complaint, of a new customer unless one is named; returns it."""

    def log(**fields: Any) -> Any:
        given = {
            "received_at": "2026-11-20T09:50:00Z",
            "channel": "phone",
            "category": "repair_again",
            "what_happened": "The brakes squeal again after the third visit.",
            "remedy_wanted": "refund",
        }
        if "customer_id" not in fields:
            fields["customer_id"] = talk("customer.create", name="王芳")["customer"]["id"]
        return talk("complaint.open", **{**given, **fields})["complaint"]

    return log


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({}, "S3"),
        ({"what_happened": "Smoke came out of the engine on the motorway."}, "S1"),
        ({"what_happened": "发动机舱冒烟，车停在高速上。"}, "S1"),
        ({"what_happened": "The woman at the desk was rude to me."}, "S4"),
        ({"money": {"amount": "2000.00", "currency": "CNY"}}, "S3"),
        ({"money": {"amount": "2000.01", "currency": "CNY"}}, "S2"),
        ({"what_happened": "Smoke came out of the engine on the motorway.", "severity": "S4"}, "S4"),
    ],
)
def test_how_grave_it_is_follows_the_rule_unless_somebody_says(
    opened: Open, fields: dict[str, Any], severity: str
) -> None:
    seen = opened(**fields)
    assert (seen["severity"], seen["provisional"]) == (severity, True)
    assert seen["money"]["amount"] == fields.get("money", {}).get("amount", "0.00")


def test_the_clocks_run_on_the_severity_of_the_rule(opened: Open) -> None:
    seen = opened(what_happened="Smoke came out of the engine on the motorway.")
    assert (seen["due_clock"], seen["due_at"]) == ("acknowledge", "2026-11-20T10:20:00Z")


def test_the_second_repeat_is_grave_and_all_are_linked_to_the_first(opened: Open) -> None:
    first = opened()
    of = {"customer_id": first["customer_id"]}
    second = opened(**of)
    third = opened(**of)
    assert [each["severity"] for each in (first, second, third)] == ["S3", "S3", "S2"]
    assert [each["repeat_of"] for each in (first, second, third)] == [None, first["id"], first["id"]]


def test_what_it_repeats_is_what_somebody_said_if_he_did(opened: Open) -> None:
    other, first = opened(), opened()
    of = {"customer_id": first["customer_id"]}
    assert opened(**of, repeat_of=None)["repeat_of"] is None
    assert opened(**of, repeat_of=other["id"])["repeat_of"] == other["id"]


def test_the_same_id_again_is_no_repeat_of_itself(opened: Open) -> None:
    first = opened(id=UNKNOWN)
    again = opened(id=UNKNOWN, customer_id=first["customer_id"])
    assert (again["repeat_of"], again["version"]) == (None, 1)


def test_an_earlier_one_of_another_kind_or_longer_ago_is_no_repeat(opened: Open) -> None:
    first = opened(received_at="2026-08-22T09:49:59Z")
    of = {"customer_id": first["customer_id"]}
    assert opened(**of)["repeat_of"] is None, "a second more than 90 days"
    assert opened(**of, category="repair_damage")["repeat_of"] is None


@pytest.mark.parametrize(
    ("money", "field"),
    [
        ({"amount": "100000000.01", "currency": "CNY"}, "money.amount"),
        ({"amount": "1.001", "currency": "CNY"}, "money.amount"),
        ({"amount": "1", "currency": "USD"}, "money.currency"),
        ({"amount": "1"}, "money.currency"),
    ],
)
def test_a_complaint_is_about_a_sum_of_this_site(opened: Open, talk: Talk, money: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        opened(money=money)
    assert refused.value.fields == (field,)
    assert talk("complaint.list")["items"] == []
