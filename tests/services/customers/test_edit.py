"""What agents change of a customer, through the store lane."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.models.wire import Row
from crmdesk.services.customers import edit
from crmdesk.services.customers.edit import Opened
from crmdesk.services.customers.profile import customer_card
from crmdesk.services.customers.search import find
from crmdesk.services.exchange.points import email_point, phone_point
from crmdesk.services.telephony.numbers import SiteRules, parse_number

from .conftest import Desk

VIN = "L0DS7A2B4N1234567"


def phone(raw: str) -> Row:
    """A number as the desk parses it."""
    return phone_point(raw, lambda text: parse_number(text, SiteRules()), "agent")


def why(opened: Opened) -> list[tuple[str, str]]:
    return [(duplicate.name, str(duplicate.why)) for duplicate in opened.duplicates]


def test_customer_is_opened_and_found(desk: Desk) -> None:
    opened = desk.write(
        edit.open_customer, {"name": "张伟"}, [phone("138 0013 8000"), email_point("Z@example.com")]
    )
    assert opened.duplicates == ()
    (hit,) = find(desk.reader, "13800138000").items
    assert hit.customer_id == opened.customer_id
    card = customer_card(desk.reader, opened.customer_id, now=desk.now)
    assert card is not None
    assert [(point.kind, point.display) for point in card.numbers] == [
        ("phone", "138 0013 8000"),
        ("email", "Z@example.com"),
    ]


def test_possible_duplicates_are_told_surest_first(desk: Desk) -> None:
    desk.write(edit.open_customer, {"name": "张偉"}, [])
    desk.write(edit.open_customer, {"name": "李娜"}, [phone("+86 13800138000")])
    desk.write(edit.open_customer, {"name": "王芳", "external_id": "C-7"}, [email_point("z@example.com")])
    points = [phone("13800138000"), email_point("Z@Example.com")]
    opened = desk.write(edit.open_customer, {"name": "张伟", "external_id": "C-7"}, points)
    assert why(opened) == [
        ("李娜", "same phone 13800138000"),
        ("王芳", "same address Z@Example.com"),
        ("张偉", "same name"),
    ]
    assert why(desk.write(edit.open_customer, {"name": "赵六", "external_id": "C-7"}, [])) == [
        ("王芳", "same customer number"),
        ("张伟", "same customer number"),
    ]


def test_a_car_tells_of_its_owner_before(desk: Desk) -> None:
    before = desk.write(edit.open_customer, {"name": "张伟"}, [], [{"plate": "沪A12345"}, {"vin": VIN}])
    assert [hit.customer_id for hit in find(desk.reader, "沪A12345").items] == [before.customer_id]
    by_plate = desk.write(edit.open_customer, {"name": "李娜"}, [], [{"plate": "沪a-12345"}])
    by_vin = desk.write(edit.open_customer, {"name": "王芳"}, [], [{"vin": VIN.lower()}])
    assert (why(by_plate), why(by_vin)) == ([("张伟", "same plate")], [("张伟", "same VIN")])


def test_refused_customer_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(InvalidInput):
        desk.write(edit.open_customer, {"name": " "}, [])
    assert desk.reader.execute("SELECT count(*) FROM customer").fetchone() == (0,)


def test_change_of_a_field_somebody_else_changed_is_refused(desk: Desk) -> None:
    who = desk.write(edit.open_customer, {"name": "张伟"}, []).customer_id
    assert desk.write(edit.change_customer, who, {"hint": "one"}, 1)["rev"] == 2
    assert desk.write(edit.change_customer, who, {"tier": "gold"}, 1)["tier"] == "gold"
    with pytest.raises(Conflict) as refusal:
        desk.write(edit.change_customer, who, {"hint": "two"}, 1)
    assert refusal.value.fields == ("hint",)


def test_numbers_are_added_labelled_and_dropped(desk: Desk) -> None:
    who = desk.write(edit.open_customer, {"name": "张伟"}, [phone("13800138000")]).customer_id
    point = desk.write(edit.add_point, who, phone("021-5820 8001"))
    held = desk.write(edit.change_point, point, {"label": "office", "sharing": "shared"})
    assert (held["value"], held["national"], held["label"], held["sharing"], held["position"]) == (
        *("+862158208001", "2158208001"),
        *("office", "shared", 1),
    )
    assert [hit.customer_id for hit in find(desk.reader, "58208001").items] == [who]
    desk.write(edit.drop_point, point)
    assert find(desk.reader, "58208001").items == ()
    with pytest.raises(InvalidInput):
        desk.write(edit.change_point, point_of(desk), {"value": "+86110"})


def point_of(desk: Desk) -> UUID:
    """The one number that is left."""
    ((row_id,),) = desk.reader.execute("SELECT id FROM contact_point").fetchall()
    return UUID(bytes=row_id)


def test_people_of_a_company_come_with_their_numbers(desk: Desk) -> None:
    company = desk.write(edit.open_customer, {"name": "恒澄物流", "kind": "company"}, []).customer_id
    person = desk.write(edit.save_contact, company, {"name": "王芳"}, [phone("13800138000")])
    desk.write(edit.save_contact, company, {"role": "Fleet"}, [], person)
    card = customer_card(desk.reader, company, now=desk.now)
    assert card is not None
    assert [(c.name, c.role, c.phone) for c in card.contacts] == [("王芳", "Fleet", "13800138000")]
    with pytest.raises(InvalidInput):
        desk.write(edit.save_contact, company, {"role": "nobody"})


def test_assets_and_visits(desk: Desk) -> None:
    who = desk.write(edit.open_customer, {"name": "张伟"}, []).customer_id
    car = desk.write(edit.open_asset, {"customer_id": who, "plate": "沪A12345", "vin": VIN})
    assert desk.write(edit.change_asset, car, {"model": "SUV-7"}, 1)["model"] == "SUV-7"
    values = {"asset_id": car, "visited_at": desk.now, "outlet": "Pudong", "mileage_km": 41200}
    desk.write(edit.record_visit, values, [{"kind": "work", "code": "oil_change", "text": "Oil"}])
    card = customer_card(desk.reader, who, now=desk.now)
    assert card is not None
    assert (card.assets[0].mileage_km, card.assets[0].last_oil_change) == (
        41200,
        "2026-11-20 · Pudong · 41200 km",
    )


@pytest.mark.parametrize(
    ("use_case", "arguments"),
    [
        (edit.change_customer, (uuid4(), {"name": "x"})),
        (edit.add_point, (uuid4(), phone("13800138000"))),
        (edit.change_point, (uuid4(), {"label": "x"})),
        (edit.drop_point, (uuid4(),)),
        (edit.save_contact, (uuid4(), {"name": "x"})),
        (edit.open_asset, ({"customer_id": uuid4()},)),
        (edit.change_asset, (uuid4(), {"model": "x"})),
        (edit.record_visit, ({"asset_id": uuid4()},)),
    ],
)
def test_what_is_gone_is_told(
    desk: Desk, use_case: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    with pytest.raises(NotFound):
        desk.write(use_case, *arguments)
