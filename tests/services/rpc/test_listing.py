"""Lists: filters, orders, parts that join without a gap."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from tests.services.rpc.conftest import Talk


@pytest.fixture
def people(talk: Talk) -> Talk:
    """Seven customers; some share a city, some have no day of first business."""
    for n in range(7):
        fields: dict[str, Any] = {"name": f"N{n}", "city": ("上海", "北京")[n % 2], "key_account": n == 3}
        if n % 3:
            fields["first_business_on"] = f"2020-01-0{n}"
        talk("customer.create", **fields)
    return talk


def names(talk: Talk, **params: Any) -> list[str]:
    return [item["name"] for item in talk("customer.list", **params)["items"]]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"name": "N2"}, ["N2"]),
        ({"name": ["N2", "N5"]}, ["N2", "N5"]),
        ({"name": []}, []),
        ({"city": "北京", "key_account": True}, ["N3"]),
        ({"first_business_on_from": "2020-01-02", "first_business_on_to": "2020-01-04"}, ["N2", "N4"]),
        ({"created_at_to": "2026-11-20T09:57:59Z"}, []),
        ({"created_at_from": "2026-11-20T09:58:00Z", "version": 1, "name": "N0"}, ["N0"]),
    ],
)
def test_filters(people: Talk, wanted: dict[str, Any], expected: list[str]) -> None:
    assert names(people, filter=wanted, order="name") == expected


@pytest.mark.parametrize(
    "order", ["name", "-name", "city", "-city", "first_business_on", "-first_business_on"]
)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_parts_join_to_the_whole(people: Talk, order: str, limit: int) -> None:
    whole = names(people, order=order)
    found: list[str] = []
    after = None
    while True:
        page = people("customer.list", order=order, limit=limit, after=after)
        assert len(page["items"]) <= limit
        found += [item["name"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == whole
    assert sorted(found) == [f"N{n}" for n in range(7)]


def test_a_new_row_does_not_shift_what_follows(people: Talk) -> None:
    first = people("customer.list", order="name", limit=3)
    people("customer.create", name="A")
    assert names(people, order="name", after=first["next"]) == ["N3", "N4", "N5", "N6"]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 501},
        {"limit": 0},
        {"order": "phones"},
        {"filter": {"nme": "x"}},
        {"filter": {"name": 3}},
        {"after": "x"},
        {"after": "eyJhIjogMX0="},
    ],
)
def test_what_does_not_fit_is_refused(people: Talk, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        people("customer.list", **params)


def test_a_token_belongs_to_its_order(people: Talk) -> None:
    token = people("customer.list", order="name", limit=2)["next"]
    with pytest.raises(InvalidInput) as refusal:
        people("customer.list", order="-name", after=token)
    assert refusal.value.fields == ("after",)


@given(token=st.text(max_size=80))
@settings(max_examples=60)
def test_no_token_breaks_anything(token: str) -> None:
    from crmdesk.services.rpc.listing import _unpacked

    with pytest.raises(InvalidInput):
        _unpacked(token, "name")
