"""A handful of callers with fixed stories, so that a demonstration shows what it is meant to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from crmdesk.models.asset import plate_key
from crmdesk.models.task import Task
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo.codes import code_id
from crmdesk.services.demo.fleet import Car, Fleet, Work
from crmdesk.services.demo.people import Client, People, abroad, landline, mobile
from crmdesk.services.demo.stories import Stories
from crmdesk.services.demo.talks import Calls, Talk
from crmdesk.services.demo_content import DemoContent


@dataclass(frozen=True, slots=True)
class DemoCaller:
    """Somebody who rings: ``number`` as sent by the telephone system, empty when withheld.

    ``key`` names the story: repeat_leak, english, switchboard, family, fleet, do_not_call, abroad, unknown,
    withheld, or empty for an ordinary customer. ``english`` chooses the line he dials.
    """

    key: str
    number: str
    name: str = ""
    english: bool = False


STARS = (
    DemoCaller("repeat_leak", "13800138000"),
    DemoCaller("english", "18616124407", "Emily Carter", english=True),
    DemoCaller("family", "02164661280"),
    DemoCaller("unknown", "02163457788"),
    DemoCaller("switchboard", "02158206600", "HENGCHENG"),
    DemoCaller("fleet", "13601884471"),
    DemoCaller("do_not_call", "13917725046"),
    DemoCaller("withheld", ""),
    DemoCaller("abroad", "00447700900123", "James Whitfield", english=True),
)
"""In the order they ring first."""

KM_A_DAY = 46.0
LEAK_DAYS = (26, 12, 2)
_LEAK_TALKS = (
    Talk(
        "oil_leak", "车位上有油滴", "客户反映车头下方有油渍，机油尺在中间。安排当天进店检查。", "booking_made"
    ),
    Talk(
        "oil_leak",
        "油底壳垫换过又漏油",
        "两周前刚换过油底壳垫，又开始滴油。客户要求彻底查清。",
        "booking_made",
    ),
    Talk(
        "oil_leak",
        "一个月内第三次漏油",
        "客户非常不满，三十天内第三次为漏油来电，要求主管答复并提供代步车。已约定今天回电。",
        "callback_promised",
    ),
)
_EARLIER_TALKS = (
    (
        640,
        Talk(
            "phone_pairing",
            "手机连不上车机",
            "换了新手机，蓝牙搜得到连不上。已教客户删除旧设备后重连，成功。",
            "resolved",
        ),
    ),
    (
        402,
        Talk(
            "tyre_pressure_warning",
            "胎压报警",
            "高速上胎压灯亮，右后 1.9。已请客户就近补气并复位，第二天回电正常。",
            "resolved",
        ),
    ),
    (401, Talk("tyre_pressure_warning", "回访胎压", "补气后没有再报警，客户满意。", "resolved", "out")),
    (
        171,
        Talk(
            "infotainment_reboot",
            "车机自动重启",
            "导航时黑屏重启两次，版本较旧。已预约保养时一并升级。",
            "booking_made",
        ),
    ),
    (93, Talk("", "咨询延保价格", "质保明年到期，问延保怎么买。已发送价目表，客户再考虑。", "info_given")),
)
_LEAK_WORKS = (
    ("更换油底壳垫", "清洗后加荧光剂试车，确认油底壳垫渗油。更换垫片和放油螺塞垫圈，质保处理。"),
    ("再次处理漏油", "垫片边缘仍有渗油，重新涂胶并更换垫片，路试二十公里无渗漏。"),
)
_CHARGING = Talk(
    "charging_fails",
    "Charging stops after two minutes",
    "Home charger and a public one show the same. Cable and app are fine; booked at Minhang for a check.",
    "booking_made",
)
_CONTACTS = (
    ("黄俊杰", "Huang Junjie", "车队主管", "13601884471"),
    ("沈佳慧", "Shen Jiahui", "行政经理", "13701622893"),
    ("罗志强", "Luo Zhiqiang", "司机班长", "15021176650"),
    ("许婷", "Xu Ting", "财务", "18917340215"),
    ("马文斌", "Ma Wenbin", "总经理助理", "13816905537"),
)


class Cast:
    """Puts the stars on record.

    Args:
        content: words and models.
        chance: what is drawn.
        now: the present moment of the stories.
        people, fleet, calls, stories: make the rows.
    """

    def __init__(
        self,
        content: DemoContent,
        chance: Chance,
        now: datetime,
        people: People,
        fleet: Fleet,
        calls: Calls,
        stories: Stories,
    ) -> None:
        self._faults = {fault.key: fault for fault in content.company.faults}
        self._agent = content.company.agents[0]
        self._chance = chance
        self._now = now
        self._today = now.astimezone(chance.zone).date()
        self._people = people
        self._fleet = fleet
        self._calls = calls
        self._stories = stories

    def rows(self) -> Iterator[object]:
        """Yield the rows of all stars."""
        yield from self._repeat_leak()
        yield from self._english()
        yield from self._switchboard()
        yield from self._family()
        yield from self._do_not_call()
        yield from self._abroad()

    def _repeat_leak(self) -> Iterator[object]:
        client = self._star("王建国", "Wang Jianguo", "zh", "SH-01", tier="platinum")
        client.customer.preferred_channel = "mobile"
        client.customer.hint = "漏油一事由林悦负责，不要再转接。"
        self._people.give(client, mobile("13800138000"), "手机", own=True)
        self._people.give(client, landline("21", "58840127"), "家", own=True)
        self._people.give_email(client, "wang.jianguo@example.com")
        car = self._driven(client, "SUV-7", "沪A8K216", 920)
        yield from client.rows()
        yield from self._stories.services(car, self._today - timedelta(days=LEAK_DAYS[0] + 14))
        for days, talk in (*_EARLIER_TALKS, *zip(LEAK_DAYS, _LEAK_TALKS, strict=True)):
            yield from self._calls.call(
                client, self._at(days, 9, 12), replace(talk, agent=self._agent.login), car
            )
        fault = self._faults["oil_leak"]
        operations = self._fleet.operations(fault.operations)
        for days, (summary, note) in zip(LEAK_DAYS, _LEAK_WORKS, strict=False):
            yield from self._fleet.visit(
                car, self._at(days, 15, 40), Work(operations, fault, summary, note), client.outlet
            )
        yield car.asset
        yield self._promise(client, "主管回电：漏油第三次，答复代步车", timedelta(minutes=-95))

    def _english(self) -> Iterator[object]:
        client = self._star("Emily Carter", "艾米丽·卡特", "en", "SH-02", tier="gold")
        client.customer.hint = "Speaks English; a little Chinese."
        self._people.give(client, mobile("18616124407"), "mobile", own=True)
        self._people.give_email(client, "emily.carter@mail.example")
        car = self._driven(client, "EV-6", "沪AD20718", 600)
        yield from client.rows()
        yield from self._stories.services(car, self._today - timedelta(days=LEAK_DAYS[0] + 14))
        yield from self._calls.call(client, self._at(3, 18, 5), _CHARGING, car)
        yield car.asset
        yield self._promise(client, "Tell her what the charger check found", timedelta(minutes=70))

    def _switchboard(self) -> Iterator[object]:
        """Yield a company whose switchboard two employees gave as their own number at work."""
        client = self._star(
            "上海恒澄物流有限公司", "Hengcheng Logistics Co., Ltd.", "zh", "SH-03", kind="company"
        )
        client.customer.tier, client.customer.key_account = "gold", True
        switchboard = landline("21", "58206600", 1)
        self._people.give(client, switchboard, "总机", own=False)
        for name, name_alt, role, digits in _CONTACTS:
            self._people.add_contact(client, name, name_alt, role, mobile(digits))
        models = ("MPV-9", "MPV-9", "SUV-7", "SUV-5", "Sedan-5", "PHEV-5")
        cars = [self._driven(client, model, "", 420 + 180 * n) for n, model in enumerate(models)]
        yield from client.rows()
        for car in cars:
            yield from self._stories.life(car)
            yield car.asset
        private = (("Sedan-3", "17721093348"), ("SUV-5", "15800416927"))
        for (name, name_alt, _role, _work), (model, digits) in zip(_CONTACTS[1:3], private, strict=True):
            employee = self._star(name, name_alt, "zh", "SH-03")
            self._people.give(employee, mobile(digits), "手机", own=True)
            self._people.give(employee, switchboard, "单位", own=False)
            yield from self._with_car(employee, model, "", 640)

    def _family(self) -> Iterator[object]:
        shared = landline("21", "64661280")
        for name, name_alt, digits, model, plate, days in (
            ("陈志远", "Chen Zhiyuan", "13564027718", "Sedan-5", "沪A31M95", 1_100),
            ("李秀英", "Li Xiuying", "13764815092", "EV-3", "沪AD67301", 500),
        ):
            client = self._star(name, name_alt, "zh", "SH-04")
            self._people.give(client, mobile(digits), "手机", own=True)
            self._people.give(client, shared, "家", own=False)
            yield from self._with_car(client, model, plate, days)

    def _do_not_call(self) -> Iterator[object]:
        client = self._star("赵敏", "Zhao Min", "zh", "SH-05", tier="silver")
        client.customer.do_not_call = True
        client.customer.preferred_channel = "wechat"
        client.customer.hint = "不接受回访电话，只用微信联系。"
        self._people.give(client, mobile("13917725046"), "手机", own=True)
        yield from self._with_car(client, "SUV-5", "沪A72P30", 400)

    def _abroad(self) -> Iterator[object]:
        client = self._star("James Whitfield", "", "en", "SH-06")
        self._people.give(client, abroad("44", "7700900123", "+44 7700 900123"), "home", own=True)
        yield from self._with_car(client, "PHEV-5", "沪AF55182", 700)

    def _star(
        self, name: str, name_alt: str, language: str, outlet: str, *, tier: str = "", kind: str = "person"
    ) -> Client:
        """Return a customer of whom nothing is left to chance that a screen shows."""
        client = self._people.named(kind, name, name_alt, language, outlet)
        customer = client.customer
        customer.tier, customer.do_not_call, customer.hint, customer.preferred_channel = tier, False, "", ""
        return client

    def _with_car(self, client: Client, model: str, plate: str, days: int) -> Iterator[object]:
        """Yield a customer and his only car, bought *days* ago, with what happened to it."""
        car = self._driven(client, model, plate, days)
        yield from client.rows()
        yield from self._stories.life(car)
        yield car.asset

    def _driven(self, client: Client, model: str, plate: str, days: int) -> Car:
        """Return a car bought *days* ago; without a *plate* it gets one of its city."""
        bought = self._today - timedelta(days=days)
        client.customer.first_business_on = min(client.customer.first_business_on or bought, bought)
        car = self._fleet.car(client, model, bought)
        car.km_a_day = KM_A_DAY
        if plate:
            car.asset.plate, car.asset.plate_key = plate, plate_key(plate)
        return car

    def _at(self, days_ago: int, hour: int, minute: int) -> datetime:
        return datetime.combine(self._today - timedelta(days=days_ago), time(hour, minute), self._chance.zone)

    def _promise(self, client: Client, subject: str, due_in: timedelta) -> Task:
        """Return the open call-back that the demo's own agent promised."""
        created_at = self._now - timedelta(days=2)
        return Task(
            id=self._chance.row_id(created_at),
            kind="callback",
            subject=subject,
            customer_id=client.customer.id,
            number_value=client.number.value,
            owner_id=code_id("agent", self._agent.login),
            due_at=self._now + due_in,
            attempts=1,
            created_at=created_at,
        )
