"""Ids, the wire, and what happens when two people change one record."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any
from unicodedata import category
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import Conflict, InvalidInput
from crmdesk.models.effects import ENTITIES
from crmdesk.models.rules import clean_line, clean_text, refuse_overwriting
from crmdesk.models.types import child_id, new_id
from crmdesk.models.wire import field_types, from_json, to_json
from crmdesk.services.store.values import from_micros

MOMENTS = st.integers(0, 10**17).map(from_micros)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    UUID: st.uuids(),
    datetime: MOMENTS,
    date: st.dates(),
    tuple: st.lists(st.text(), max_size=3).map(tuple),
}


@st.composite
def rows(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[type, dict[str, Any]]:
    entity = draw(st.sampled_from(sorted(ENTITIES.values(), key=lambda kind: kind.__name__)))
    values = {
        name: draw(st.none() | VALUES[kind] if optional else VALUES[kind])
        for name, (kind, optional) in field_types(entity).items()
    }
    return entity, values


@given(row=rows())
def test_a_row_comes_back_from_the_wire_as_it_went(row: tuple[type, dict[str, Any]]) -> None:
    entity, values = row
    assert from_json(entity, to_json(values)) == values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 5),
        ("name", None),
        ("key_account", 1),
        ("created_at", "2026-11-20T09:58:00"),
        ("created_at", "yesterday"),
        ("created_at", 5),
        ("first_business_on", "2026-02-30"),
        ("rev", True),
        ("rev", 2**63),
        ("rev", 1.5),
        ("id", "no id"),
        ("colour", "red"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_json(ENTITIES["customer"], {name: value})
    assert refused.value.fields == (name,)


def test_half_a_character_is_no_text_a_file_can_hold() -> None:
    held = from_json(ENTITIES["customer"], {"name": "a\ud83d", "hint": "\ud83d\ude00"})
    assert held == {"name": "a\ufffd", "hint": "😀"}
    assert clean_line("a\ud83d\x00b\u2028c") == "a b c"
    assert clean_text("a\ud83d\x00\r\nb\tc\r") == "a\nb\tc"


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = datetime(2026, 11, 20, 17, 58, tzinfo=timezone(timedelta(hours=8)))
    assert to_json(there) == "2026-11-20T09:58:00Z"
    assert from_json(ENTITIES["customer"], {"created_at": "2026-11-20T17:58:00+08:00"})["created_at"] == there


@given(st.integers(0, 2**46), st.integers(1, 2**46))
def test_ids_lie_in_the_order_of_their_time(at: int, later: int) -> None:
    first, second = new_id(at), new_id(at + later)
    assert first.bytes < second.bytes
    assert (first.version, first.variant) == (7, UUID(int=1 << 63).variant)
    assert first.int >> 80 == at


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(1) for _ in range(10_000)}) == 10_000


def test_a_child_has_one_id_on_every_desk() -> None:
    operation = UUID(int=9)
    assert child_id(operation, "point", 1) == child_id(operation, "point", 1)
    assert len({child_id(operation, effect, n) for effect in ("point", "item") for n in range(3)}) == 6


CURRENT = {"id": UUID(int=1), "rev": 5, "name": "Li", "hint": "loud", "city": "Shanghai"}
FIELDS = st.sets(st.sampled_from(["name", "hint", "city"]))


@given(theirs=FIELDS, ours=FIELDS, same=FIELDS)
def test_only_the_same_field_with_another_value_is_a_conflict(
    theirs: set[str], ours: set[str], same: set[str]
) -> None:
    wanted = {name: CURRENT[name] if name in same else "new" for name in ours}
    clash = sorted(ours & theirs - same)
    if not clash:
        refuse_overwriting(CURRENT, 3, frozenset(theirs), wanted)
        return
    with pytest.raises(Conflict) as refused:
        refuse_overwriting(CURRENT, 3, frozenset(theirs), wanted)
    assert list(refused.value.fields) == clash
    assert refused.value.current["name"] == "Li"
    refuse_overwriting(CURRENT, 5, frozenset(theirs), wanted)
    refuse_overwriting(CURRENT, None, frozenset(theirs), wanted)


@given(st.text())
def test_texts_are_cleaned_character_by_character(given_text: str) -> None:
    """Printable texts take a short way; it leads to the same place."""
    unwanted = {"Cc", "Cs"}
    line = "".join(" " if category(c) in unwanted | {"Zl", "Zp"} else c for c in given_text)
    assert clean_line(given_text) == " ".join(line.split())
    plain = given_text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in plain if c in "\n\t" or category(c) not in unwanted)
    assert clean_text(given_text) == kept.strip("\n")
