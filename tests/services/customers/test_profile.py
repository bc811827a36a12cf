"""The card of a customer: what it tells, how it counts, what it costs."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from crmdesk.models.screen_pop import AssetCard, Counters, CustomerCard
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.profile import BADGES, badges, counters, customer_card, verify_facts

from .conftest import Desk, Statements, own_number, unindexed

MOBILE = "+8613800138000"
VIN = "L0DS7A2B4N1234567"


def card_of(desk: Desk, who: CustomerId) -> CustomerCard:
    card = customer_card(desk.reader, who, now=desk.now)
    assert card is not None
    return card


def asset_of(desk: Desk, who: CustomerId) -> AssetCard:
    (asset,) = card_of(desk, who).assets
    return asset


def marks_of(desk: Desk, who: CustomerId) -> dict[str, str]:
    counted = counters(desk.reader, who, now=desk.now)
    return {badge.key: str(badge.text) for badge in badges(card_of(desk, who), counted, now=desk.now)}


def test_nobody_has_no_card(desk: Desk) -> None:
    assert customer_card(desk.reader, CustomerId(uuid4()), now=desk.now) is None


def test_card_tells_the_head_and_the_numbers(desk: Desk) -> None:
    who = desk.customer(
        "张伟",
        own_number(MOBILE, label="mobile", sharing="own"),
        {"kind": "email", "raw": "Z@example.com", "value": "z@example.com"},
        name_alt="Zhang Wei",
        tier="gold",
        key_account=True,
        language="en",
        preferred_channel="wechat",
        do_not_call=True,
        hint="Speaks slowly",
        first_business_on="2019-05-01",
        external_id="C-1",
    )
    card = card_of(desk, who)
    assert (card.name, card.name_alt, card.tier, card.key_account, card.language) == (
        *("张伟", "Zhang Wei", "gold"),
        *(True, "en"),
    )
    assert (card.preferred_channel, card.do_not_call, card.hint) == ("wechat", True, "Speaks slowly")
    assert (card.since, card.external_id, card.version) == (date(2019, 5, 1), "C-1", 1)
    assert [
        (point.kind, point.display, point.label, point.sharing, point.warned) for point in card.numbers
    ] == [
        ("phone", MOBILE, "mobile", "own", False),
        ("email", "Z@example.com", "", "unknown", False),
    ]


def test_company_shows_its_people_with_their_numbers(desk: Desk) -> None:
    company = desk.customer("恒澄物流", "+862158208001", kind="company")
    desk.contact(company, "王芳", MOBILE, role="Fleet")
    people = card_of(desk, company).contacts
    assert [(person.name, person.role, person.phone) for person in people] == [("王芳", "Fleet", MOBILE)]


def test_asset_tells_last_visit_oil_change_and_what_is_due(desk: Desk) -> None:
    desk.code("product_model", "SUV-7", name_en="Donglan SUV-7", name_zh="东澜 SUV-7")
    who = desk.customer("张伟")
    car = desk.asset(who, model="SUV-7", plate="沪A12345", vin=VIN, warranty_until="2027-01-01")
    desk.visit(who, car, ("work", "oil_change"), ago_days=200, outlet="Pudong", mileage_km=41200)
    desk.visit(
        *(who, car, ("work", "brake_pads")),
        ago_days=20,
        outlet="Minhang",
        summary="Brakes",
        mileage_km=48000,
        next_service_on="2026-12-01",
        next_service_km=50000,
    )
    asset = asset_of(desk, who)
    assert (asset.model_name, asset.plate, asset.vin, asset.mileage_km) == (
        "东澜 SUV-7",
        "沪A12345",
        VIN,
        48000,
    )
    assert (asset.last_visit_at, asset.last_visit) == (desk.now - timedelta(days=20), "Minhang · Brakes")
    assert asset.last_oil_change == "2026-05-04 · Pudong · 41200 km"
    assert (asset.next_service_on, asset.next_service_km) == (date(2026, 12, 1), 50000)


def test_days_in_texts_are_those_of_the_site(desk: Desk) -> None:
    who = desk.customer("张伟")
    desk.now = datetime(2026, 5, 4, 20, 0, tzinfo=UTC)
    desk.visit(who, desk.asset(who), ("work", "oil_change"), ago_days=0)
    site = desk.now.astimezone(ZoneInfo("Asia/Shanghai"))
    card = customer_card(desk.reader, who, now=site)
    assert card is not None
    assert card.assets[0].last_oil_change == "2026-05-05"


def test_same_fault_is_counted_on_the_same_asset(desk: Desk) -> None:
    desk.code("fault", "oil_leak", name_en="Oil leak", name_zh="漏油")
    who = desk.customer("张伟")
    car, other = desk.asset(who, plate="沪A1"), desk.asset(who, plate="沪A2")
    desk.visit(who, car, ("fault", "oil_leak"), ("fault", "unknown_code"), ago_days=60)
    assert all(asset.repeat_faults == () for asset in card_of(desk, who).assets)
    desk.visit(who, car, ("fault", "oil_leak"), ("fault", "unknown_code"), ago_days=40)
    desk.visit(who, other, ("fault", "oil_leak"), ago_days=1)
    first, second = card_of(desk, who).assets
    (fault,) = first.repeat_faults
    assert (fault.code, fault.name_en, fault.name_zh, fault.times, fault.days) == (
        *("oil_leak", "Oil leak", "漏油"),
        *(2, 90),
    )
    assert second.repeat_faults == ()
    desk.visit(who, car, ("fault", "oil_leak"), ago_days=2)
    desk.visit(who, car, ("fault", "oil_leak"), ago_days=20)
    (fault,) = card_of(desk, who).assets[0].repeat_faults
    assert (fault.times, fault.days) == (2, 30)
    assert marks_of(desk, who)["repeat_fault"] == "Same fault 2 times in 30 days"


def test_calls_about_a_fault_count_for_the_only_asset(desk: Desk) -> None:
    desk.code("fault", "oil_leak", name_en="Oil leak", name_zh="漏油")
    who = desk.customer("张伟")
    desk.asset(who)
    for days in (12, 1):
        desk.call(MOBILE, who, ago=timedelta(days=days), topic="oil_leak")
    assert [fault.times for fault in asset_of(desk, who).repeat_faults] == [2]


def test_contacts_are_counted_in_their_windows(desk: Desk) -> None:
    who = desk.customer("张伟", MOBILE)
    for days in (1, 29, 31, 89, 91, 364, 366):
        desk.call(MOBILE, who, ago=timedelta(days=days))
    desk.call(MOBILE, who, ago=timedelta(days=2), direction="out")
    desk.visit(who, desk.asset(who), ("work", "oil_change"), ago_days=5)
    desk.note(who, "not a contact")
    desk.task(who)
    desk.task(who, state="done")
    assert counters(desk.reader, who, now=desk.now) == Counters(4, 6, 8, 1, 2)


def test_the_present_call_counts_once_stored_or_not(desk: Desk) -> None:
    who = desk.customer("张伟", MOBILE)
    assert counters(desk.reader, who, now=desk.now, call_id=uuid4()).call_in_30 == 1
    present = desk.call(MOBILE, who)
    assert counters(desk.reader, who, now=desk.now, call_id=present).call_in_30 == 1
    desk.call(MOBILE, who, ago=timedelta(days=3))
    assert counters(desk.reader, who, now=desk.now, call_id=present).call_in_30 == 2
    assert counters(desk.reader, who, now=desk.now).call_in_30 == 2


def test_badges_are_few_and_most_urgent_first(desk: Desk) -> None:
    desk.code("fault", "oil_leak", name_en="Oil leak", name_zh="漏油")
    who = desk.customer("张伟", MOBILE, tier="platinum", key_account=True, do_not_call=True)
    car = desk.asset(who, next_service_on="2026-11-01", warranty_until="2026-12-01")
    for days in (1, 10, 20):
        desk.visit(who, car, ("fault", "oil_leak"), ago_days=days)
        desk.call(MOBILE, who, ago=timedelta(days=days))
    desk.task(who)
    counted = counters(desk.reader, who, now=desk.now)
    found = badges(card_of(desk, who), counted, now=desk.now)
    assert [(badge.key, str(badge.text), badge.tone) for badge in found] == [
        ("do_not_call", "Do not call", "breach"),
        ("open_issues", "1 open issue", "due"),
        ("repeat_fault", "Same fault 3 times in 30 days", "breach"),
        ("repeat_call", "Call 3 in 30 days", "due"),
        ("key_account", "Key account", "good"),
        ("tier", "Platinum", "plain"),
    ]
    assert len(found) == BADGES


@pytest.mark.parametrize(
    ("warranty", "badge"),
    [
        (None, None),
        ("2026-11-19", None),
        ("2026-11-20", "Warranty ends in 0 days"),
        ("2026-12-20", "Warranty ends in 30 days"),
        ("2028-01-01", "In warranty"),
    ],
)
def test_warranty_badge(desk: Desk, warranty: str | None, badge: str | None) -> None:
    who = desk.customer("张伟")
    desk.asset(who, warranty_until=warranty)
    assert marks_of(desk, who).get("warranty") == badge


def test_questions_never_hold_the_answer(desk: Desk) -> None:
    who = desk.customer("张伟", MOBILE)
    assert verify_facts(card_of(desk, who)) == ()
    car = desk.asset(who, plate="沪A12345", vin=VIN)
    desk.visit(who, car, ago_days=1, outlet="Pudong")
    facts = verify_facts(card_of(desk, who))
    assert [str(fact) for fact in facts] == ["Licence plate of the car?", "Which workshop had the car last?"]
    assert all(fact.values == () for fact in facts)


def test_long_history_costs_as_many_indexed_reads_as_a_short_one(desk: Desk) -> None:
    desk.code("fault", "oil_leak", name_en="Oil leak", name_zh="漏油")
    who = desk.customer("张伟", MOBILE)
    car = desk.asset(who, model="SUV-7", plate="沪A1")
    costs = []
    for size in (1, 40):
        for n in range(size):
            desk.call(MOBILE, who, ago=timedelta(days=n), topic="oil_leak")
        desk.visit(who, car, ("fault", "oil_leak"), ago_days=size)
        trace = Statements(desk.reader)
        customer_card(desk.reader, who, now=desk.now)
        counters(desk.reader, who, now=desk.now)
        ran = trace.stop()
        assert unindexed(desk.reader, ran) == []
        costs.append(len(ran))
    assert costs[1] <= costs[0] + 1 <= 10
