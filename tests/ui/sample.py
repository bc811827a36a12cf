"""Believable people, cars, histories and answers in both languages, as the services would hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from crmdesk.models.screen_pop import (
    Article,
    AssetCard,
    Badge,
    CallerNumber,
    ContactPointView,
    ContactView,
    Counters,
    CustomerCard,
    Found,
    FoundPage,
    Match,
    RepeatFault,
    ScreenPop,
    TimelineEntry,
    TimelinePage,
)
from crmdesk.models.text import say
from crmdesk.models.types import AgentId, ArticleId, AssetId, CallId, ContactPointId, CustomerId, TaskId
from crmdesk.models.worklist import Answer, CallLine, DispositionChoice, TaskLine, Worklist

NOW = datetime(2026, 11, 20, 2, 0, 4, tzinfo=UTC)
_SPACE = UUID("6d1c1a52-6a8e-4b5f-9f0e-2f6f4f0a7c11")


def made_id(name: str) -> UUID:
    """Return the same id for the same name, always."""
    return uuid5(_SPACE, name)


CHEN, WANG, ZHAO, FLEET = (CustomerId(made_id(name)) for name in ("chen", "wang", "zhao", "fleet"))

NUMBER = CallerNumber("13812345678", "+8613812345678", "mobile", "138 1234 5678", "Shanghai", "上海")
LANDLINE = CallerNumber("02158208123", "+862158208123", "fixed", "021 5820 8123", "Shanghai", "上海")
WITHHELD = CallerNumber(None, None, "withheld", "")

_ANSWERS = (
    (
        "oil-pan",
        "机油泄漏：油底壳与放油螺塞处渗漏的判断",
        "车主停车后发现地面油迹，先确认颜色与位置。换油后七天内出现的渗漏，"
        "多为放油螺塞垫片未更换或扭矩不足，属于返修项目，不收取工时费。",
        ("in the title", "about this model"),
        "zh",
        True,
    ),
    (
        "oil-leak-en",
        "Oil under the car after a service: what to ask first",
        "Ask when the oil was changed and where. A leak within seven days of an oil change is rework "
        "of the outlet and is free of charge. Below the minimum mark the car must not be driven.",
        ("about this model", "about this topic"),
        "en",
        True,
    ),
    (
        "tow",
        "安排道路救援与免费拖车的条件",
        "质保期内因质量问题不能行驶的车辆，五十公里内免费拖车。请核对车牌、位置和联系电话，预计到达时间由系统给出。",
        ("often needed",),
        "zh",
        False,
    ),
    (
        "loan-car",
        "Loan car while a repeated repair is under way",
        "From the second visit for the same fault within 30 days the outlet offers a loan car for the length "
        "of the repair. Book it together with the workshop slot.",
        ("about this topic",),
        "en",
        False,
    ),
    (
        "oil-consumption",
        "2.0T 发动机机油消耗量的正常范围",
        "每千公里消耗不超过 0.5 升属正常。请车主记录里程并在两次加油之间检查油尺。",
        ("about this model",),
        "zh",
        False,
    ),
)


def answers() -> tuple[Answer, ...]:
    """Return the answers of the first paint."""
    return tuple(
        Answer(ArticleId(made_id(key)), title, passage, tuple(say(w) for w in why), lang, safety)
        for key, title, passage, why, lang, safety in _ANSWERS
    )


_READING = {
    "zh": (
        "机油低于下限时请勿继续行驶，可能造成发动机损坏或起火。",
        "您好，请先不要继续行驶。我们会为您安排就近的服务店检查，如因上次保养造成，全部费用由我们承担。",
        "1. 询问油迹的位置、颜色和出现时间\n2. 核对最近一次换油的时间和服务店\n"
        "3. 七天内：登记返修并预约；不能行驶：安排拖车\n4. 同一故障第二次：提供代步车",
    ),
    "en": (
        "Below the minimum mark the car must not be driven: risk of engine damage and fire.",
        "Please do not drive the car any further. We will have the nearest outlet check it; if it comes from "
        "the last service it costs you nothing.",
        "1. Ask where the oil is, its colour, and since when\n2. Check when and where it was changed last\n"
        "3. Within seven days: book as rework; else send a tow truck\n4. Second time: offer a loan car",
    ),
}


def article(article_id: ArticleId) -> Article:
    """Return an article as it is read."""
    found = next((a for a in answers() if a.article_id == article_id), answers()[0])
    safety, say_this, do_this = _READING[found.lang]
    return Article(
        article_id=found.article_id,
        external_id="KB-0417",
        title=found.title,
        lang=found.lang,
        safety=safety,
        say_this=say_this,
        do_this=do_this,
        body=found.passage,
        models=("SUV-7", "SUV-7 Hybrid"),
        topics=("engine", "oil"),
        updated_at=NOW - timedelta(days=9),
    )


_EVENTS = (
    ("call", "in", "车底又漏油", "要求当天给出答复，语气着急", "林悦", "answered", 0.9),
    ("complaint", "", "C26-K7Q-0042 保养后漏油", "同一故障第二次，等待服务店答复", "罗倩", "open", 1.1),
    ("visit", "", "更换机油与机滤", "41 200 km · 浦东金桥店 · 更换放油螺塞垫片", "浦东金桥店", "done", 8.2),
    ("call", "out", "预约确认", "11月12日 09:30 进店，已告知携带保养手册", "周浩然", "answered", 9.0),
    ("note", "", "偏好", "下午三点以后联系，短信优先", "林悦", "", 9.1),
    ("call", "in", "发现地面有油迹", "昨天停车位发现油迹，三天前刚换过机油", "何静", "answered", 24.3),
    ("visit", "", "更换机油与机滤", "40 350 km · 浦东金桥店", "浦东金桥店", "done", 27.4),
    ("task", "", "回访保养满意度", "无人接听，改为短信", "周浩然", "done", 30.2),
    ("call", "in", "咨询续保", "已转保险专员，报价已发送", "Lin Yue", "answered", 61.0),
    ("order", "", "原厂脚垫", "SO-260918 · 已签收", "", "done", 62.5),
    ("call", "in", "", "响铃 22 秒后挂断", "", "abandoned", 93.1),
    (
        "visit",
        "",
        "30 000 公里保养",
        "30 120 km · 徐汇漕河泾店 · 更换空调滤芯",
        "徐汇漕河泾店",
        "done",
        171.0,
    ),
    ("letter", "", "保养到期提醒", "短信已送达", "", "", 178.0),
    (
        "call",
        "in",
        "Asked about the recall of the fuel pump",
        "Not affected, VIN checked",
        "Emma Collins",
        "answered",
        240.0,
    ),
    ("visit", "", "召回检查", "燃油泵批次不在范围内", "浦东金桥店", "done", 251.0),
    ("call", "in", "导航升级", "已发送升级说明", "何静", "answered", 302.0),
    ("visit", "", "20 000 公里保养", "20 050 km · 浦东金桥店", "浦东金桥店", "done", 371.0),
    ("call", "out", "满意度回访", "CSM 60，建议增加周末名额", "周浩然", "answered", 378.0),
    ("order", "", "Roof rack", "SO-250911 · delivered", "", "done", 402.0),
    ("visit", "", "首次保养", "5 020 km · 浦东金桥店", "浦东金桥店", "done", 690.0),
)


def entries(count: int = 20, start: int = 0) -> tuple[TimelineEntry, ...]:
    """Return part of a history, newest first."""
    made = []
    for number in range(start, start + count):
        kind, direction, subject, summary, who, state, days = _EVENTS[number % len(_EVENTS)]
        at = NOW - timedelta(days=days + 700 * (number // len(_EVENTS)))
        made.append(TimelineEntry(f"entry-{number}", kind, at, direction, subject, summary, who, state))
    return tuple(made)


def page(total: int = 57, start: int = 0, size: int = 20) -> TimelinePage:
    """Return a page of a history of *total* entries."""
    items = entries(min(size, total - start), start)
    end = start + len(items)
    return TimelinePage(items, str(end) if end < total else None, total)


def asset() -> AssetCard:
    """Return the car with the leak."""
    return AssetCard(
        id=AssetId(made_id("suv")),
        model="SUV-7",
        model_name="澜途 SUV-7 2.0T",
        plate="沪A·12345",
        vin="LDLSUV7A6N0041387",
        mileage_km=41200,
        built_on=date(2023, 5, 12),
        warranty_until=date(2027, 6, 1),
        last_visit_at=NOW - timedelta(days=8),
        last_visit="浦东金桥店",
        last_oil_change="12 Nov · 浦东金桥店 · 41 200 km",
        next_service_on=date(2026, 12, 20),
        next_service_km=42000,
        repeat_faults=(RepeatFault("oil-leak", "oil leak", "机油泄漏", 2, 30),),
    )


def card() -> CustomerCard:
    """Return a person with a car and a history."""
    return CustomerCard(
        id=CHEN,
        version=3,
        kind="person",
        name="陈静怡",
        name_alt="Chen Jingyi",
        tier="gold",
        key_account=True,
        language="zh",
        preferred_channel="sms",
        do_not_call=False,
        hint="下午三点以后联系；第二次因漏油进店，请主动提供代步车",
        since=date(2021, 3, 8),
        external_id="DL-204417",
        numbers=(
            ContactPointView(ContactPointId(made_id("m")), "phone", "138 1234 5678", "mobile", "own", False),
            ContactPointView(ContactPointId(made_id("o")), "phone", "021 5820 8123", "work", "shared", True),
            ContactPointView(
                ContactPointId(made_id("e")), "email", "chen.jingyi@mail.example", "email", "own", False
            ),
        ),
        contacts=(),
        assets=(asset(),),
    )


BADGES = (
    Badge("tier", say("Gold"), "plain"),
    Badge("key_account", say("Key account"), "good"),
    Badge("open_issues", say("1 open issue"), "due"),
    Badge("repeat_fault", say("Same fault {n} times in {days} days", n=2, days=30), "due"),
    Badge("repeat_call", say("Call {n} in 30 days", n=3), "due"),
    Badge("warranty", say("In warranty"), "good"),
)
VERIFY = (say("Licence plate of the car?"), say("Which workshop had the car last?"))


def pop(key: str = "call-1", number: CallerNumber = NUMBER) -> ScreenPop:
    """Return a ringing call of a person we know."""
    return ScreenPop(
        call_id=CallId(made_id(key)),
        call_key=key,
        extension="1001",
        direction="in",
        reason="ringing",
        rang_at=NOW - timedelta(seconds=4),
        number=number,
        caller_name="",
        dialled="021 5820 8000",
        queue="hotline",
        matches=(Match(CHEN, "陈静怡", "Chen Jingyi", "person", "gold", 0.97, (say("own number"),)),),
        customer=card(),
        badges=BADGES,
        counters=Counters(3, 5, 9, 1, 3),
        timeline=page(),
        answers=answers(),
        verify=VERIFY,
    )


def fleet_card() -> CustomerCard:
    """Return a company with people and cars."""
    return replace(
        card(),
        id=FLEET,
        kind="company",
        name="Huatai Logistics Co., Ltd.",
        name_alt="华泰物流有限公司",
        hint="",
        external_id="DL-100233",
        contacts=(
            ContactView("Wang Lei 王磊", "Fleet lead", "139 1700 2211"),
            ContactView("Sun Ying 孙颖", "Accounts", "021 5820 8124"),
        ),
    )


def second_pop() -> ScreenPop:
    """Return a call of a company, while another call is up."""
    return replace(
        pop("call-2", LANDLINE),
        customer=fleet_card(),
        badges=BADGES[:2],
        queue="english",
        rang_at=NOW - timedelta(seconds=2),
    )


def shared_pop() -> ScreenPop:
    """Return a call from a switchboard that several people use."""
    people: Sequence[tuple[CustomerId, str, str, str, float, tuple[str, ...], str]] = (
        (CHEN, "陈静怡", "Chen Jingyi", "gold", 0.62, ("open task", "called yesterday"), ""),
        (
            WANG,
            "王磊",
            "Wang Lei",
            "silver",
            0.21,
            ("chosen last time for this number",),
            "华泰物流 Huatai Logistics",
        ),
        (
            FLEET,
            "华泰物流有限公司",
            "Huatai Logistics Co., Ltd.",
            "platinum",
            0.11,
            ("number on record",),
            "",
        ),
        (ZHAO, "赵敏", "Zhao Min", "", 0.06, ("shared number",), ""),
    )
    matches = tuple(
        Match(i, n, alt, "company" if i == FLEET else "person", tier, c, tuple(say(w) for w in why), contact)
        for i, n, alt, tier, c, why, contact in people
    )
    return replace(
        pop("call-3", LANDLINE),
        matches=matches,
        customer=None,
        badges=(),
        timeline=TimelinePage((), None, 0),
        verify=(),
    )


def unknown_pop() -> ScreenPop:
    """Return a call of nobody known."""
    return replace(
        pop("call-4", replace(LANDLINE, display="021 6419 7720", e164="+862164197720")),
        matches=(),
        customer=None,
        badges=(Badge("repeat_call", say("Call {n} in 30 days", n=2), "plain"),),
        counters=Counters(),
        timeline=TimelinePage((), None, 0),
        answers=answers()[2:],
        verify=(),
        caller_name="",
    )


_TASKS = (
    ("callback", "漏油返修：告知拖车到达时间", CHEN, "陈静怡", "138 1234 5678", -25, True, 1),
    (
        "callback",
        "Confirm the loan car for Thursday",
        FLEET,
        "Huatai Logistics Co., Ltd.",
        "021 5820 8123",
        30,
        False,
        0,
    ),
    ("task", "把召回检查结果发给客户", WANG, "王磊", "", 120, False, 0),
    ("callback", "续保报价，客户下午在家", ZHAO, "赵敏", "136 0188 2345", 300, False, 2),
    (
        "task",
        "Send the invoice of visit SV-26-1182 again",
        FLEET,
        "Huatai Logistics Co., Ltd.",
        "",
        1500,
        False,
        0,
    ),
)
_CALLED = (
    ("in", "138 1234 5678", CHEN, "陈静怡", "answered", 312, "已转服务店跟进"),
    ("in", "021 6419 7720", None, "", "abandoned", None, ""),
    ("out", "139 1700 2211", WANG, "王磊", "no_answer", None, ""),
    ("in", "021 5820 8123", FLEET, "Huatai Logistics Co., Ltd.", "answered", 95, "Information given"),
    ("in", "136 0188 2345", ZHAO, "赵敏", "answered", 421, "已约定回电"),
    ("in", "", None, "", "answered", 38, "打错电话"),
)


def worklist() -> Worklist:
    """Return a morning's worklist."""
    tasks = tuple(
        TaskLine(
            TaskId(made_id(subject)),
            kind,
            subject,
            who,
            name,
            number,
            NOW + timedelta(minutes=due),
            late,
            "林悦",
            tries,
            1,
        )
        for kind, subject, who, name, number, due, late, tries in _TASKS
    )
    calls = tuple(
        CallLine(CallId(made_id(f"log-{n}")), NOW - timedelta(minutes=17 * (n + 1)), *row)
        for n, row in enumerate(_CALLED)
    )
    return Worklist(AgentId(made_id("lin")), tasks, calls, answers()[:4])


def found(text: str) -> FoundPage:
    """Return customers that match anything."""
    items = (
        Found(
            CHEN,
            "陈静怡",
            "Chen Jingyi",
            "person",
            "gold",
            say("name in pinyin"),
            "138 1234 5678 · 沪A·12345 SUV-7",
        ),
        Found(
            CustomerId(made_id("c2")),
            "陈建国",
            "Chen Jianguo",
            "person",
            "",
            say("name in pinyin"),
            "139 0177 6620 · 苏E·88F20 Sedan-5",
        ),
        Found(
            FLEET,
            "诚嘉汽车租赁",
            "Chengjia Car Rental",
            "company",
            "platinum",
            say("name"),
            "021 5820 8123 · 42 vehicles",
        ),
    )
    return FoundPage(items if "zzz" not in text else (), more="c" in text)


DISPOSITIONS = (
    DispositionChoice("resolved", "Resolved on the call", "已当场解决", True),
    DispositionChoice("info_given", "Information given", "已解答咨询", True),
    DispositionChoice("booking_made", "Workshop booking made", "已预约进店", True),
    DispositionChoice("complaint_filed", "Complaint taken", "已登记投诉", False),
    DispositionChoice("callback_promised", "Call-back promised", "已约定回电", False),
    DispositionChoice("cut_off", "Call cut off", "通话中断", False),
)
