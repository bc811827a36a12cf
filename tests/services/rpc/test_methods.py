"""Every method does its line of the interface, and answers what its schema promises."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.services.exchange.preparing import Site, prepare
from crmdesk.services.telephony.numbers import NumberParser, SiteRules
from tests.services.rpc.conftest import NOW, Talk

UNKNOWN = "01a1ffa8-4972-776c-bd24-f0e2555c1eff"


@pytest.fixture
def ask(talk: Talk) -> Callable[..., Any]:
    """Asks a method, and holds parameters and result against its description."""

    def ask_and_check(method: str, **params: Any) -> Any:
        result = talk(method, **params)
        told = described["methods"][method]
        Draft202012Validator(told["params"]).validate(params)
        checker = Draft202012Validator(told["result"], format_checker=Draft202012Validator.FORMAT_CHECKER)
        checker.validate(result)
        return result

    described = talk("rpc.describe")
    return ask_and_check


Ask = Callable[..., Any]


def make_customer(ask: Ask, **fields: Any) -> Any:
    return ask("customer.create", **{"name": "张三", "phones": ["13800138000"], **fields})["customer"]


def test_system_info_counts(ask: Ask) -> None:
    make_customer(ask)
    info = ask("system.info")
    assert info["counts"]["customer"] == 1
    assert info["test"] is True
    assert info["now"] == NOW
    assert info["server"]["configured"] is False


def test_a_customer_is_made_read_and_changed(ask: Ask) -> None:
    made = make_customer(ask, tier="gold", emails=["zhang@example.com"], first_business_on="2020-02-29")
    assert made["phones"] == ["13800138000"]
    whole = ask("customer.get", id=made["id"])
    assert whole["contact_points"][0]["value"] == "+8613800138000"
    assert whole["first_business_on"] == "2020-02-29"
    changed = ask("customer.update", id=made["id"], base_version=made["version"], changes={"city": "上海"})
    assert (changed["city"], changed["version"]) == ("上海", made["version"] + 1)


def test_lists_of_numbers_are_replaced(ask: Ask) -> None:
    made = make_customer(ask, phones=["13800138000", "021-58208001"], emails=["a@example.com"])
    kept = ask("customer.get", id=made["id"])["contact_points"]
    changed = ask("customer.update", id=made["id"], changes={"phones": ["021 5820 8001", "13900139000"]})
    assert changed["phones"] == ["021-58208001", "13900139000"]
    assert changed["emails"] == ["a@example.com"]
    after = ask("customer.get", id=made["id"])["contact_points"]
    assert after[0]["id"] == kept[1]["id"]


def test_possible_duplicates_are_told(ask: Ask) -> None:
    first = make_customer(ask, external_id="K1")
    again = ask("customer.create", name="李四", phones=["+86 138 0013 8000"], external_id="K1")
    assert [each["customer_id"] for each in again["duplicates"]] == [first["id"]]
    other = ask("customer.create", name="王五", external_id="K1")
    assert {each["why"] for each in other["duplicates"]} == {"same customer number"}


def test_a_stale_change_is_a_conflict_with_both_sides(ask: Ask) -> None:
    made = make_customer(ask)
    ask("customer.update", id=made["id"], base_version=1, changes={"hint": "VIP"})
    ask("customer.update", id=made["id"], base_version=1, changes={"city": "上海"})
    with pytest.raises(Conflict) as clash:
        ask("customer.update", id=made["id"], base_version=1, changes={"hint": "none"})
    assert clash.value.fields == ("hint",)
    assert clash.value.current["hint"] == "VIP"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"name": "x", "phones": ["keine"]}, "phones"),
        ({"name": "x", "emails": ["no address"]}, "emails"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "tier": "wood"}, "tier"),
        ({"name": "x", "first_business_on": "yesterday"}, "first_business_on"),
        ({}, "name"),
    ],
)
def test_what_no_customer_may_be_is_refused_by_field(talk: Talk, params: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        talk("customer.create", **params)
    assert refusal.value.fields == (field,)
    assert talk("system.info")["counts"]["customer"] == 0


def test_lookup_explains_whom_it_found(ask: Ask) -> None:
    make_customer(ask)
    found = ask("customer.lookup", number="+86 138-0013-8000")
    assert found["parsed"]["e164"] == "+8613800138000"
    assert found["matches"][0]["name"] == "张三"
    assert found["matches"][0]["reasons"]
    assert ask("customer.lookup", number="<unknown>")["matches"] == []


def test_search_finds_by_initials_and_digits(ask: Ask) -> None:
    made = make_customer(ask)
    for query in ("张三", "zs", "zhangsan", "0138000"):
        items = ask("customer.search", query=query)["items"]
        assert [item["customer_id"] for item in items] == [made["id"]], query
    assert ask("customer.search", query="nobody")["items"] == []


def test_contacts_of_a_company(ask: Ask) -> None:
    company = make_customer(ask, kind="company", name="顺达物流", phones=[])
    made = ask("contact.create", customer_id=company["id"], name="王芳", role="车队", phones=["13900139000"])
    changed = ask("contact.update", id=made["id"], changes={"role": "经理", "phones": ["13700137000"]})
    assert (changed["role"], changed["phones"], changed["name"]) == ("经理", ["13700137000"], "王芳")
    assert ask("contact.get", id=made["id"]) == changed
    assert ask("contact.list", filter={"customer_id": company["id"]})["items"] == [changed]
    assert ask("customer.get", id=company["id"])["contacts"] == [changed]
    assert ask("customer.get", id=company["id"])["phones"] == []
    assert ask("customer.lookup", number="13700137000")["matches"][0]["contact_name"] == "王芳"
    with pytest.raises(NotFound):
        ask("contact.create", customer_id=UNKNOWN, name="x")
    with pytest.raises(Conflict):
        ask("contact.update", id=made["id"], base_version=1, changes={"role": "司机"})


def test_a_list_made_from_an_older_version_replaces_nothing(ask: Ask) -> None:
    made = make_customer(ask, phones=["13800138000"])
    seen = ask("customer.update", id=made["id"], base_version=1, changes={"phones": ["13900139000"]})
    assert seen["version"] == 2
    with pytest.raises(Conflict) as clash:
        ask("customer.update", id=made["id"], base_version=1, changes={"phones": ["13700137000"]})
    assert (clash.value.fields, clash.value.current["phones"]) == (("phones",), ["13900139000"])
    again = ask("customer.update", id=made["id"], base_version=2, changes={"phones": ["13700137000"]})
    assert again["phones"] == ["13700137000"]


def test_assets_and_visits(ask: Ask) -> None:
    owner = make_customer(ask)
    car = ask("asset.create", customer_id=owner["id"], model="sedan", plate="沪A·12345", mileage_km=100)
    assert ask("asset.update", id=car["id"], changes={"vin": "LSGAB52C0CS123456"})["version"] == 2
    visit = ask(
        "visit.create",
        asset_id=car["id"],
        visited_at="2026-11-19T08:00:00Z",
        mileage_km=12_000,
        summary="保养",
        items=[{"text": "换机油", "code": "oil_change"}],
    )
    assert visit["customer_id"] == owner["id"]
    assert visit["items"][0]["text"] == "换机油"
    changed = ask("visit.update", id=visit["id"], base_version=1, changes={"note": "下次换刹车片"})
    assert (changed["note"], changed["version"], changed["items"]) == ("下次换刹车片", 2, visit["items"])
    assert ask("visit.get", id=visit["id"]) == changed
    assert ask("visit.list", filter={"asset_id": car["id"]})["items"] == [changed]
    kinds = [entry["kind"] for entry in ask("customer.timeline", id=owner["id"])["items"]]
    assert kinds == ["visit"]
    assert ask("customer.get", id=owner["id"])["assets"][0]["plate"] == "沪A·12345"
    with pytest.raises(NotFound):
        ask("asset.create", customer_id=UNKNOWN)
    with pytest.raises(NotFound):
        ask("visit.create", asset_id=car["id"], customer_id=UNKNOWN, visited_at="2026-11-19T08:00:00Z")
    with pytest.raises(InvalidInput):
        ask("asset.update", id=car["id"], changes={"vin": "short"})


def test_tasks_and_notes(ask: Ask) -> None:
    owner = make_customer(ask)
    task = ask("task.create", subject="回电", customer_id=owner["id"], due_at="2026-11-21T02:00:00Z")
    done = ask("task.update", id=task["id"], changes={"state": "done"})
    assert (done["state"], done["done_at"]) == ("done", NOW)
    assert ask("task.list", filter={"state": "open"})["items"] == []
    assert ask("task.get", id=task["id"]) == done
    note = ask("note.append", customer_id=owner["id"], text="喜欢微信联系")
    assert note["team_id"] is None
    assert ask("customer.timeline", id=owner["id"])["items"][0]["id"] == note["id"]
    for wrong in ({"text": "x"}, {"text": " ", "customer_id": owner["id"]}):
        with pytest.raises(InvalidInput):
            ask("note.append", **wrong)
    with pytest.raises(NotFound):
        ask("note.append", text="x", call_id=UNKNOWN)
    with pytest.raises(NotFound):
        ask("note.append", text="x", customer_id=owner["id"], team_id=UNKNOWN)


@pytest.mark.parametrize("link", ["customer_id", "call_id", "owner_id", "team_id"])
def test_a_task_leads_to_nobody_unknown(ask: Ask, link: str) -> None:
    task = ask("task.create", subject="回电")
    for attempt in (
        {"method": "task.create", "subject": "回电", link: UNKNOWN},
        {"method": "task.update", "id": task["id"], "changes": {link: UNKNOWN}},
    ):
        with pytest.raises(NotFound) as refused:
            ask(attempt.pop("method"), **attempt)
        assert refused.value.fields == (link,)


def test_a_call_from_ringing_to_wrap_up(ask: Ask) -> None:
    owner = make_customer(ask)
    ring = {"external_id": "c1", "from": "13800138000", "to": "02158208001", "extension": "1001"}
    rung = ask("call.ring", **ring, queue="hotline")
    assert rung["pop"]["match"]["customer_id"] == owner["id"]
    assert rung["pop"]["extension"] == "1001"
    assert rung["pop"]["history"] == []
    assert rung["call"]["state"] == "ringing"
    ask("call.answer", external_id="c1", at="2026-11-20T09:58:07Z")
    ended = ask("call.end", external_id="c1", at="2026-11-20T10:00:00Z", ended_by="caller")["call"]
    assert (ended["state"], ended["result"], ended["talk_seconds"]) == ("ended", "answered", 113)
    done = ask("call.wrap_up", external_id="c1", note="漏油，约周五", seconds=20)
    assert (done["wrap_up_seconds"], done["external_id"]) == (20, "c1")
    assert ask("call.get", external_id="c1") == ask("call.get", id=done["id"]) == done
    assert ask("call.list", filter={"customer_id": owner["id"]})["items"] == [done]
    history = ask("call.pop", external_id="c1")["history"]
    assert "漏油" in history[0]["subject"]


def test_ringing_twice_is_one_call(ask: Ask) -> None:
    for _ in range(2):
        ask("call.ring", external_id="c1", **{"from": "13800138000"})
    assert ask("system.info")["counts"]["call"] == 1


def test_a_withheld_number_makes_no_customer(ask: Ask) -> None:
    pop = ask("call.ring", external_id="c1", **{"from": None})["pop"]
    assert (pop["match"], pop["matches"], pop["customer"]) == (None, [], None)
    assert ask("system.info")["counts"]["customer"] == 0


def test_a_missed_call_makes_one_call_back(ask: Ask) -> None:
    ask("call.ring", external_id="c1", **{"from": "13800138000"})
    for _ in range(2):
        ask("call.end", external_id="c1")
    tasks = ask("task.list", filter={"kind": "callback"})["items"]
    assert len(tasks) == 1
    assert tasks[0]["number_value"] == "+8613800138000"


def test_not_him_moves_the_call_and_its_note(ask: Ask) -> None:
    wrong, right = make_customer(ask), make_customer(ask, name="李四", phones=["13900139000"])
    call = ask("call.ring", external_id="c1", **{"from": "13800138000"})["call"]
    ask("note.append", call_id=call["id"], text="要求退款")
    moved = ask("call.reassign", external_id="c1", customer_id=right["id"])
    assert moved["customer_id"] == right["id"]
    assert ask("customer.timeline", id=wrong["id"])["items"] == []
    assert ask("customer.timeline", id=right["id"])["total"] == 1
    assert ask("customer.get", id=wrong["id"])["contact_points"][0]["warned"] is True
    assert ask("call.reassign", external_id="c1", customer_id=None)["customer_id"] is None


@pytest.mark.parametrize("method", ["call.answer", "call.end", "call.pop", "call.wrap_up"])
def test_a_call_nobody_knows_is_not_found(talk: Talk, method: str) -> None:
    with pytest.raises(NotFound):
        talk(method, external_id="nobody")


def test_articles_are_saved_found_suggested_and_marked(ask: Ask) -> None:
    owner = make_customer(ask)
    made = ask("knowledge.save", title="机油漏油", body="先看油底壳螺丝。", lang="zh", external_id="A1")
    ask("knowledge.save", title="Oil leak", body="Check the drain plug first.", lang="en")
    again = ask("knowledge.save", id=made["id"], title="机油漏油怎么办")
    assert (again["version"], again["body"]) == (2, made["body"])
    hit = ask("knowledge.search", query="漏油", limit=10)["items"][0]
    assert (hit["article_id"], hit["external_id"]) == (made["id"], "A1")
    assert [h["lang"] for h in ask("knowledge.search", query="leaking", language="en")["items"]] == ["en"]
    assert ask("knowledge.get", external_id="A1") == ask("knowledge.get", id=made["id"]) == again
    suggested = ask("knowledge.suggest", customer_id=owner["id"], text="漏油")["items"]
    assert suggested[0]["article_id"] == made["id"]
    call = ask("call.ring", external_id="c1", **{"from": "13800138000"})["call"]
    assert ask("knowledge.suggest", call_id=call["id"])["items"]
    marked = ask("knowledge.feedback", article_id=made["id"], verdict="used", call_id=call["id"])
    assert (marked["used"], marked["unhelpful"]) == (1, 0)
    assert len(ask("knowledge.list", limit=500)["items"]) == 2


def test_articles_that_do_not_exist(talk: Talk) -> None:
    for wrong in ({"id": UNKNOWN}, {"external_id": "none"}, {}):
        with pytest.raises(NotFound):
            talk("knowledge.get", **wrong)
    with pytest.raises(NotFound):
        talk("knowledge.save", id=UNKNOWN, title="x")
    with pytest.raises(NotFound):
        talk("knowledge.feedback", article_id=UNKNOWN, verdict="used")
    with pytest.raises(InvalidInput):
        talk("knowledge.suggest", text="x")


def test_an_article_is_not_overwritten_unseen_nor_kept_twice(ask: Ask) -> None:
    made = ask(
        "knowledge.save", title="漏油", body="看螺丝。", external_id="A1", models=["SUV-7", " SUV-7", ""]
    )
    assert made["models"] == ["SUV-7"]
    again = ask("knowledge.save", external_id="A1", title="漏油了", base_version=1)
    assert (again["id"], again["version"]) == (made["id"], 2)
    assert ask("knowledge.save", id=made["id"], body="看机油尺。", base_version=1)["version"] == 3
    with pytest.raises(Conflict) as clash:
        ask("knowledge.save", id=made["id"], title="不漏油", base_version=1)
    assert clash.value.current["title"] == "漏油了"
    assert clash.value.fields == ("title",)
    for wrong in ({"title": " "}, {"topics": [f"t{n}" for n in range(51)]}):
        with pytest.raises(InvalidInput):
            ask("knowledge.save", external_id="A1", **wrong)
    assert len(ask("knowledge.list", limit=500)["items"]) == 1


@pytest.mark.parametrize(
    ("method", "given", "field"),
    [
        ("task.create", {}, "subject"),
        ("task.create", {"subject": " ", "kind": "task"}, "subject"),
        ("customer.timeline", {"kinds": ["call", "fax"]}, "kinds"),
        ("asset.create", {"model": "SUV-7", "next_service_km": -1}, "next_service_km"),
        ("visit.create", {"visited_at": "2026-11-01T00:00:00Z", "next_service_km": -1}, "next_service_km"),
    ],
)
def test_what_says_nothing_or_cannot_be_is_refused(
    ask: Ask, method: str, given: dict[str, Any], field: str
) -> None:
    owner = make_customer(ask)["id"]
    car = ask("asset.create", customer_id=owner, model="SUV-7")["id"]
    whose = {
        "customer": {"id": owner},
        "asset": {"customer_id": owner},
        "visit": {"asset_id": car},
    }
    with pytest.raises(InvalidInput) as refused:
        ask(method, **whose.get(method.partition(".")[0], {}), **given)
    assert any(field in name for name in refused.value.fields)


def test_a_call_back_needs_no_subject(ask: Ask) -> None:
    assert ask("task.create", kind="callback", number_value="+8613800138000")["subject"] == ""


def test_lists_of_people(ask: Ask) -> None:
    assert ask("agent.list")["items"] == []
    assert ask("team.list")["complete"] is True


def test_rows_of_a_file_are_taken(ask: Ask) -> None:
    rows = [{"line": 2, "values": {"name": "Ann"}}, {"line": 3, "values": {"name": ""}}]
    dry = ask("exchange.import", kind="customers", rows=rows, dry_run=True)["rows"]
    assert [row["outcome"] for row in dry] == ["new", "refused"]
    assert ask("system.info")["counts"]["customer"] == 0
    taken = ask("exchange.import", kind="customers", rows=rows)["rows"]
    assert taken == dry
    assert ask("system.info")["counts"]["customer"] == 1


def test_rows_made_ready_elsewhere_are_taken_as_those_made_ready_here(ask: Ask) -> None:
    told = ask("exchange.site")
    rules = {name: told[name] for name in ("country", "area_code", "outside_prefix")}
    here = Site(NumberParser(SiteRules(**rules)).parse, ZoneInfo(told["zone"]))
    values = {
        "external_id": "K1",
        "name": " Ann ",
        "phones": ["021-58208001"],
        "first_business_on": "2020/1/2",
    }
    ready = prepare("customers", 2, values, here).ready
    rows = [{"line": 2, "ready": ready}, {"line": 3, "values": values}]
    taken = ask("exchange.import", kind="customers", rows=rows)["rows"]
    assert [row["outcome"] for row in taken] == ["new", "same"]
    (kept,) = ask("customer.list")["items"]
    assert (kept["name"], kept["phones"]) == ("Ann", ["021-58208001"])
    assert ask("customer.lookup", number="+862158208001")["matches"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "fill in values"),
        ({"ready": {"known": {"content": "x"}, "fields": {}}}, "content must be an id"),
        ({"ready": {"known": {}, "fields": {}, "points": [{"kind": "phone"}]}}, "fill in rows"),
    ],
)
def test_rows_that_were_never_made_ready_are_refused(ask: Ask, row: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        ask("exchange.import", kind="customers", rows=[{"line": 2, **row}])


@pytest.mark.parametrize(
    ("ready", "words"),
    [
        ({"known": {}, "fields": {"name": "Ann"}}, "fill in known"),
        ({"known": {"external_id": "K"}, "fields": {"name": "Ann", "tier": "wood"}}, "tier must be one of"),
        ({"known": {"external_id": "K"}, "fields": {"name": 5}}, "cannot hold this value"),
        ({"known": {"external_id": "K"}, "fields": {}}, "fill in name"),
    ],
)
def test_what_was_made_ready_wrongly_is_refused_by_itself(
    ask: Ask, ready: dict[str, Any], words: str
) -> None:
    (taken,) = ask("exchange.import", kind="customers", rows=[{"line": 2, "ready": ready}])["rows"]
    assert taken["outcome"] == "refused"
    assert words in taken["reason"]
