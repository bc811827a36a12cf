"""Whose number is this: ranking, reasons, choices, and cost."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from crmdesk.models.call import call_id
from crmdesk.models.screen_pop import Match
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.lookup import CANDIDATES, POOL, match_number, recognise

from .conftest import Desk, Statements, caller, own_number, unindexed

MOBILE = "+8613800138000"
SWITCHBOARD = "+862158208001"


def matched(desk: Desk, number: str = MOBILE, **values: str) -> tuple[Match, ...]:
    return match_number(desk.reader, caller(number), now=desk.now, **values)


def shown(desk: Desk, number: str = MOBILE) -> CustomerId | None:
    return recognise(desk.reader, caller(number), now=desk.now).shown


def reasons(match: Match) -> list[str]:
    return [str(text) for text in match.reasons]


def test_number_nobody_has_matches_nobody(desk: Desk) -> None:
    desk.customer("张伟", "+8613911112222")
    assert matched(desk) == ()
    assert shown(desk) is None


@pytest.mark.parametrize("kind", ["withheld", "unknown", "invalid"])
def test_numbers_that_are_none_match_nobody(desk: Desk, kind: str) -> None:
    desk.customer("张伟", own_number("", raw="anonymous"))
    assert match_number(desk.reader, caller(None, "anonymous", kind), now=desk.now) == ()


@pytest.mark.parametrize(("sharing", "least"), [("own", 0.95), ("unknown", 0.9)])
def test_one_unwarned_match_is_shown_at_once(desk: Desk, sharing: str, least: float) -> None:
    wanted = desk.customer("张伟", own_number(MOBILE, sharing=sharing), name_alt="Zhang Wei", tier="gold")
    (found,) = matched(desk)
    assert (found.customer_id, found.name, found.name_alt, found.tier) == (
        wanted,
        "张伟",
        "Zhang Wei",
        "gold",
    )
    assert found.confidence >= least
    assert shown(desk) == wanted


def test_shared_number_of_one_customer_is_asked_for(desk: Desk) -> None:
    desk.customer("张伟", own_number(MOBILE, sharing="shared"))
    (found,) = matched(desk)
    assert found.confidence < 0.9
    assert reasons(found) == ["shared number"]
    assert shown(desk) is None


def test_wrong_pop_is_remembered(desk: Desk) -> None:
    wrong = desk.customer("张伟", MOBILE)
    call = desk.call(MOBILE, wrong)
    desk.do(desk.author.describe("call.assign", {"id": call, "customer_id": None, "by": "corrected"}))
    (found,) = matched(desk)
    assert found.confidence < 0.9
    assert reasons(found)[0] == "number was wrong once"
    assert shown(desk) is None


def test_several_are_ranked_and_explained_and_none_is_shown(desk: Desk) -> None:
    plain = desk.customer("赵六", MOBILE)
    recent = desk.customer("李四", MOBILE)
    waiting = desk.customer("张三", MOBILE)
    desk.task(waiting, kind="callback")
    desk.call(MOBILE, recent, ago=timedelta(days=1))
    found = matched(desk)
    assert [match.customer_id for match in found] == [waiting, recent, plain]
    assert reasons(found[0]) == ["open call-back"]
    assert reasons(found[1]) == ["called yesterday"]
    assert sum(match.confidence for match in found) <= 1
    assert shown(desk) is None


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(hours=1), "called today"),
        (timedelta(hours=13), "called yesterday"),
        (timedelta(days=6), "called 6 days ago"),
    ],
)
def test_days_are_those_of_the_desk(desk: Desk, ago: timedelta, words: str) -> None:
    desk.call(MOBILE, desk.customer("张伟", MOBILE), ago=ago)
    shanghai = desk.now.astimezone(ZoneInfo("Asia/Shanghai"))
    (found,) = match_number(desk.reader, caller(MOBILE), now=shanghai)
    assert words in reasons(found)


def test_hint_ranks_first_but_is_never_shown_alone(desk: Desk) -> None:
    desk.customer("张三", MOBILE)
    chosen = desk.customer("李四", MOBILE)
    desk.decide(MOBILE, "last", chosen)
    found = matched(desk)
    assert found[0].customer_id == chosen
    assert "chosen last time for this number" in reasons(found[0])
    assert shown(desk) is None


def test_hint_to_somebody_without_the_number_is_offered(desk: Desk) -> None:
    chosen = desk.customer("李四")
    desk.decide(MOBILE, "last", chosen)
    (found,) = matched(desk)
    assert found.customer_id == chosen
    assert shown(desk) is None


def test_this_customer_only_is_shown_even_among_several(desk: Desk) -> None:
    desk.task(desk.customer("张三", MOBILE), kind="callback")
    chosen = desk.customer("李四", MOBILE)
    desk.decide(MOBILE, "customer", chosen)
    found = matched(desk)
    assert found[0].customer_id == chosen
    assert found[0].confidence > 0.95
    assert shown(desk) == chosen


def test_always_ask_is_obeyed(desk: Desk) -> None:
    desk.customer("张伟", own_number(MOBILE, sharing="own"))
    desk.decide(MOBILE, "ask")
    found = matched(desk)
    assert found[0].confidence >= 0.9
    assert shown(desk) is None


def test_company_says_who_of_it_has_the_number(desk: Desk) -> None:
    company = desk.customer("恒澄物流", SWITCHBOARD, kind="company")
    desk.contact(company, "王芳", MOBILE)
    (found,) = matched(desk)
    assert (found.customer_id, found.kind, found.contact_name) == (company, "company", "王芳")


def test_extension_matches_by_its_digits(desk: Desk) -> None:
    colleague = desk.customer("林悦", own_number("", raw="1001", value="1001", national="1001"))
    (found,) = match_number(desk.reader, caller(None, "1001", "extension"), now=desk.now)
    assert found.customer_id == colleague


def test_line_called_before_tells_people_apart(desk: Desk) -> None:
    english, chinese = desk.customer("Li Na", MOBILE), desk.customer("李强", MOBILE)
    desk.call(MOBILE, english, ago=timedelta(days=3), dialled="8001")
    desk.call(MOBILE, chinese, ago=timedelta(days=3), dialled="8000")
    assert matched(desk, dialled="8001")[0].customer_id == english
    assert matched(desk, dialled="8000")[0].customer_id == chinese


def test_number_hundreds_share_costs_a_bounded_look(desk: Desk) -> None:
    people = [desk.customer(f"员工{n}", SWITCHBOARD) for n in range(POOL + 20)]
    last = people[-1]
    desk.call(SWITCHBOARD, last, ago=timedelta(days=2))
    trace = Statements(desk.reader)
    found = matched(desk, SWITCHBOARD)
    ran = trace.stop()
    assert len(found) == CANDIDATES
    assert found[0].customer_id == last
    assert len(ran) <= 8
    assert unindexed(desk.reader, ran) == []


def test_the_ringing_call_itself_is_no_reason(desk: Desk) -> None:
    desk.customer("张伟", MOBILE)
    desk.call(MOBILE, None, call_key=str(call_id("s", "1")))
    (found,) = matched(desk)
    assert reasons(found) == ["number on record"]
