"""Types on the wire: what they read, what they refuse, and that their schemas say the same."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from crmdesk.errors import InvalidInput
from crmdesk.models.customer import Customer
from crmdesk.services.rpc import kinds
from crmdesk.services.rpc.kinds import Field, Kind, choice, entity_fields, integer, list_of, nullable, record

ROW = UUID("01a1ffa8-4972-776c-bd24-f0e2555c1eff")
PERSON = record(Field("name", kinds.TEXT, required=True), Field("age", integer(0, 150)))

FITTING: list[tuple[Kind, Any, Any]] = [
    (kinds.TEXT, "漏油", "漏油"),
    (kinds.FLAG, True, True),
    (kinds.INTEGER, 7, 7),
    (kinds.NUMBER, 0.5, 0.5),
    (kinds.ID, str(ROW), ROW),
    (kinds.MOMENT, "2026-11-20T10:58:00+01:00", datetime(2026, 11, 20, 9, 58, tzinfo=UTC)),
    (kinds.DAY, "2026-11-20", date(2026, 11, 20)),
    (choice(("a", "b")), "b", "b"),
    (nullable(kinds.TEXT), None, None),
    (nullable(choice(("a",))), None, None),
    (list_of(kinds.TEXT), ["x"], ("x",)),
    (PERSON, {"name": "x", "age": 3}, {"name": "x", "age": 3}),
]


@pytest.mark.parametrize(("kind", "value", "expected"), FITTING)
def test_a_value_that_fits_is_read_and_its_schema_agrees(kind: Kind, value: Any, expected: Any) -> None:
    assert kind.read("field", value) == expected
    Draft202012Validator(kind.schema).validate(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.TEXT, 7),
        (kinds.TEXT, "\ud800"),
        (kinds.text(1, 3), ""),
        (kinds.text(1, 3), "four"),
        (kinds.text(1, 3), 7),
        (kinds.FLAG, 1),
        (kinds.INTEGER, True),
        (kinds.INTEGER, 1.5),
        (integer(1, 500), 501),
        (integer(1, 500), 0),
        (kinds.INTEGER, 1 << 63),
        (kinds.ID, "42"),
        (kinds.ID, 42),
        (kinds.MOMENT, "2026-11-20T10:58:00"),
        (kinds.MOMENT, 3),
        (kinds.MOMENT, "0001-01-01T00:00:00+14:00"),
        (kinds.DAY, "20.11.2026"),
        (choice(("a", "b")), "c"),
        (choice(("a", "b")), ["a"]),
        (list_of(kinds.TEXT), "x"),
        (list_of(kinds.TEXT, 1), ["x", "y"]),
        (PERSON, []),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(kind: Kind, value: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        kind.read("field", value)
    assert refusal.value.fields == ("field",)
    assert "field" in str(refusal.value)


def test_a_record_names_what_is_missing_and_what_is_strange() -> None:
    with pytest.raises(InvalidInput) as missing:
        PERSON.read("who", {"age": 1})
    assert missing.value.fields == ("who.name",)
    with pytest.raises(InvalidInput) as strange:
        PERSON.read("who", {"name": "x", "size": 1, "nme": 2})
    assert strange.value.fields == ("who.size", "who.nme")
    with pytest.raises(InvalidInput) as nested:
        list_of(PERSON).read("people", [{"name": "x"}, {"name": 3}])
    assert nested.value.fields == ("people[1].name",)


def test_defaults_stand_for_what_is_left_out() -> None:
    kind = record(Field("limit", kinds.INTEGER, default=50), Field("after", kinds.TEXT))
    assert kind.read("", {}) == {"limit": 50}
    assert kind.schema["properties"]["limit"]["default"] == 50


def test_fields_of_an_entity_have_its_types() -> None:
    fields = {f.name: f for f in entity_fields(Customer, ("version", "first_business_on", "key_account"))}
    assert fields["version"].kind.schema == {"type": "integer"}
    assert fields["first_business_on"].kind.schema["type"] == ["string", "null"]
    assert fields["key_account"].kind.read("x", True) is True
