"""The demo company is the same for a seed, whole, and tells its stories."""

import itertools
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from crmdesk.models.screen_pop import ScreenPop
from crmdesk.models.types import CallId
from crmdesk.services.call_desk import caller_number
from crmdesk.services.customers.search import find
from crmdesk.services.customers.timeline import timeline_page
from crmdesk.services.customers.worklist import worklist
from crmdesk.services.demo.company import Generator, fill_demo
from crmdesk.services.demo.stars import STARS
from crmdesk.services.demo_content import DemoContent, vin_check_digit
from crmdesk.services.pop import Ring, build_pop
from crmdesk.services.store.bulk import rows_by_table
from crmdesk.services.telephony.numbers import NumberParser
from tests.services.demo.conftest import KEY, NOW, Filled

SHANGHAI = ZoneInfo("Asia/Shanghai")
BY_KEY = {star.key: star for star in STARS}
Popped = Callable[[str], ScreenPop]

REFERENCES = (
    ("contact_point", "customer_id", "customer", "id"),
    ("contact_point", "contact_id", "contact", "id"),
    ("contact", "customer_id", "customer", "id"),
    ("asset", "customer_id", "customer", "id"),
    ("asset", "model", "product_model", "key"),
    ("service_visit", "asset_id", "asset", "id"),
    ("service_visit", "customer_id", "customer", "id"),
    ("service_visit", "outlet_id", "outlet", "id"),
    ("visit_item", "visit_id", "service_visit", "id"),
    ("visit_item", "asset_id", "asset", "id"),
    ("call", "customer_id", "customer", "id"),
    ("call", "asset_id", "asset", "id"),
    ("call", "agent_id", "agent", "id"),
    ("call_leg", "call_id", "call", "id"),
    ("call_leg", "agent_id", "agent", "id"),
    ("note", "call_id", "call", "id"),
    ("note", "customer_id", "customer", "id"),
    ("task", "call_id", "call", "id"),
    ("task", "customer_id", "customer", "id"),
    ("task", "owner_id", "agent", "id"),
    ("article_use", "article_id", "article", "id"),
    ("article_use", "call_id", "call", "id"),
    ("article_feedback", "id", "article", "id"),
    ("interaction", "customer_id", "customer", "id"),
    ("interaction", "asset_id", "asset", "id"),
    ("agent", "team_id", "team", "id"),
)


@pytest.fixture(scope="module")
def popped(filled: Filled) -> Popped:
    """The pop of a star who rings now."""
    parser = NumberParser()

    def pop(key: str) -> ScreenPop:
        parsed = parser.parse(BY_KEY[key].number or None)
        ring = Ring(
            call_id=CallId(UUID(int=7)),
            call_key="7",
            extension="1001",
            direction="in",
            reason="ringing",
            rang_at=NOW,
            number=caller_number(parsed),
            region=parsed.region,
        )
        return build_pop(filled.reader, ring, now=NOW.astimezone(SHANGHAI), language="zh")

    return pop


def one(filled: Filled, query: str, *values: object) -> Any:
    return filled.reader.execute(query, values).fetchone()[0]


def test_the_same_seed_makes_the_same_company(content: DemoContent) -> None:
    first, again, other = (rows_by_table(Generator(content, NOW, seed).rows(25)) for seed in (5, 5, 6))
    assert first == again
    assert first["customer"] != other["customer"]


def test_hundreds_of_customers_thousands_of_visits_and_calls(filled: Filled) -> None:
    counts = filled.company.counts
    assert counts["customer"] == 400
    assert counts["service_visit"] > 2_000
    assert counts["call"] > 1_500
    assert counts["article"] >= 60
    for table, count in counts.items():
        assert one(filled, f"SELECT count(*) FROM {table}") == count


@pytest.mark.parametrize(("table", "column", "target", "key"), REFERENCES)
def test_every_reference_resolves(filled: Filled, table: str, column: str, target: str, key: str) -> None:
    lost = f"SELECT count(*) FROM {table} WHERE nullif({column}, x'') IS NOT NULL"
    assert one(filled, lost) > 0
    assert one(filled, f"{lost} AND {column} NOT IN (SELECT {key} FROM {target})") == 0


def test_each_line_of_a_time_line_is_something_that_happened(filled: Filled) -> None:
    lines = "SELECT count(*) FROM interaction WHERE kind = ?"
    for kind, table in (("call", "call"), ("visit", "service_visit")):
        assert (
            one(filled, f"{lines} AND id IN (SELECT id FROM {table})", kind) == filled.company.counts[table]
        )
        assert one(filled, lines, kind) == filled.company.counts[table]


def test_nothing_happened_later_than_now(filled: Filled) -> None:
    now = int(NOW.timestamp() * 1_000_000)
    for column in ("interaction.at", "call.started_at", "service_visit.visited_at", "task.created_at"):
        table, _, name = column.partition(".")
        assert one(filled, f"SELECT max({name}) FROM {table}") <= now, column


def test_numbers_on_record_are_what_the_parser_makes_of_them(filled: Filled) -> None:
    parser = NumberParser()
    points = filled.reader.execute("SELECT raw, value, national FROM contact_point WHERE kind = 'phone'")
    for raw, value, national in points.fetchall():
        parsed = parser.parse(raw)
        assert (parsed.e164, parsed.national_digits) == (value, national), raw
    for raw, value in filled.reader.execute("SELECT DISTINCT number_raw, number_value FROM call").fetchall():
        assert parser.parse(raw).e164 == value, raw


def test_cars_have_checked_numbers_and_only_grow_older(filled: Filled) -> None:
    for vin, plate, key in filled.reader.execute("SELECT vin, plate, plate_key FROM asset").fetchall():
        assert vin[8] == vin_check_digit(vin)
        assert key == plate
    visits = filled.reader.execute(
        "SELECT asset_id, mileage_km FROM service_visit ORDER BY asset_id, visited_at"
    ).fetchall()
    for (asset, before), (next_asset, after) in itertools.pairwise(visits):
        assert asset != next_asset or after >= before
    behind = """SELECT count(*) FROM asset AS a WHERE a.mileage_km <
        (SELECT max(v.mileage_km) FROM service_visit AS v WHERE v.asset_id = a.id)"""
    assert one(filled, behind) == 0


def test_electric_cars_get_no_oil(filled: Filled) -> None:
    changed = """SELECT count(*) FROM visit_item AS i JOIN asset AS a ON a.id = i.asset_id
        WHERE i.code = 'oil_change'"""
    assert one(filled, f"{changed} AND a.model LIKE 'EV%'") == 0
    assert one(filled, changed) > 500


def test_some_numbers_are_shared_and_say_so(filled: Filled) -> None:
    shared = """SELECT count(*), sum(marked) FROM (SELECT min(sharing = 'shared') AS marked FROM contact_point
        WHERE kind = 'phone' GROUP BY value HAVING count(DISTINCT customer_id) > 1)"""
    count, marked = filled.reader.execute(shared).fetchone()
    assert count > 10
    assert marked == count


def test_the_third_leak_in_a_month(popped: Popped) -> None:
    pop = popped("repeat_leak")
    assert pop.customer is not None
    assert (pop.customer.name, pop.customer.name_alt, pop.customer.tier) == (
        "王建国",
        "Wang Jianguo",
        "platinum",
    )
    assert pop.matches[0].confidence >= 0.9
    (fault,) = pop.customer.assets[0].repeat_faults
    assert (fault.code, fault.times, fault.days) == ("oil_leak", 3, 30)
    assert [badge.key for badge in pop.badges][:2] == ["open_issues", "repeat_fault"]
    assert pop.counters.call_in_30 == 4
    assert "漏" in pop.timeline.items[0].subject
    assert len(pop.answers) >= 3
    assert "机油" in pop.answers[0].title


def test_an_english_speaking_owner_gets_english_answers(popped: Popped) -> None:
    pop = popped("english")
    assert pop.customer is not None
    assert pop.customer.language == "en"
    assert pop.customer.assets[0].model == "EV-6"
    assert {answer.lang for answer in pop.answers[:3]} == {"en"}
    assert "harg" in pop.answers[0].title


def test_a_family_number_asks_which_of_two(popped: Popped) -> None:
    pop = popped("family")
    assert pop.customer is None
    assert {match.name for match in pop.matches} == {"陈志远", "李秀英"}
    assert len(pop.answers) >= 3


def test_a_switchboard_asks_for_company_or_employee(popped: Popped) -> None:
    pop = popped("switchboard")
    assert pop.customer is None
    assert [match.kind for match in pop.matches] == ["company", "person", "person"]


def test_a_fleet_contact_leads_to_his_company(popped: Popped) -> None:
    pop = popped("fleet")
    assert pop.customer is not None
    assert pop.matches[0].contact_name == "黄俊杰"
    assert len(pop.customer.contacts) == 5
    assert len(pop.customer.assets) == 6
    assert "key_account" in {badge.key for badge in pop.badges}


def test_who_must_not_be_called_says_so_first(popped: Popped) -> None:
    pop = popped("do_not_call")
    assert pop.badges[0].key == "do_not_call"


@pytest.mark.parametrize(("key", "kind"), [("unknown", "fixed"), ("withheld", "withheld")])
def test_nobody_known_still_gets_answers(popped: Popped, key: str, kind: str) -> None:
    pop = popped(key)
    if key == "withheld":
        assert pop.number.raw is None
    else:
        assert pop.number.kind == kind
    assert pop.matches == ()
    assert pop.customer is None
    assert len(pop.answers) >= 3


def test_a_caller_from_abroad_is_known(popped: Popped) -> None:
    pop = popped("abroad")
    assert pop.customer is not None
    assert pop.customer.name == "James Whitfield"


def test_ordinary_callers_are_on_record(filled: Filled) -> None:
    parser = NumberParser()
    ordinary = [caller for caller in filled.company.callers if not caller.key]
    assert len(ordinary) > 30
    for caller in ordinary:
        value = parser.parse(caller.number).e164
        assert one(filled, "SELECT count(*) FROM contact_point WHERE value = ?", value) > 0


def test_the_desk_has_work_and_some_of_it_is_late(filled: Filled) -> None:
    waiting = worklist(filled.reader, filled.company.agent_id, now=NOW)  # type: ignore[arg-type]
    assert sum(task.overdue for task in waiting.tasks) >= 3
    assert any(not task.overdue for task in waiting.tasks)


@pytest.mark.parametrize("text", ["王建国", "wjg", "wangjianguo", "00138000", "沪A8K216", "hengcheng"])
def test_stars_are_found_by_search(filled: Filled, text: str) -> None:
    names = {found.name for found in find(filled.reader, text).items}
    assert names & {"王建国", "上海恒澄物流有限公司"}


def test_a_history_can_be_read_to_its_end(filled: Filled) -> None:
    customer = filled.reader.execute(
        "SELECT customer_id FROM interaction GROUP BY customer_id ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()[0]
    page = timeline_page(filled.reader, UUID(bytes=customer), limit=500)  # type: ignore[arg-type]
    assert len(page.items) == page.total > 30


def test_lists_are_json(filled: Filled) -> None:
    lists = [json.loads(models) for (models,) in filled.reader.execute("SELECT models FROM article")]
    assert len(lists) >= 60
    assert all(isinstance(each, list) for each in lists)
    assert any(lists)


def test_a_used_store_is_refused(filled: Filled, content: DemoContent) -> None:
    from crmdesk.errors import StoreFault

    with pytest.raises(StoreFault, match="only a new one is filled"):
        fill_demo(filled.path, KEY, content, now=NOW, customers=20)
