"""A believable morning of several desks: what waits, what was refused, who is here and who asks for help."""

from __future__ import annotations

from datetime import timedelta

from crmdesk.models.sync_views import (
    FieldConflict,
    Helper,
    HelpRequest,
    PendingLine,
    PresenceLine,
    RefusedLine,
)
from crmdesk.models.text import say
from crmdesk.models.types import AgentId
from tests.ui.sample import CHEN, FLEET, NOW, WANG, made_id


def pending() -> tuple[PendingLine, ...]:
    """Return what was done while the server was away."""
    return (
        PendingLine(
            made_id("op-1"),
            181,
            NOW - timedelta(minutes=12),
            say("Note"),
            "陈静怡",
            "客户说车位上又有机油，已请他先停车检查油位",
        ),
        PendingLine(
            made_id("op-2"),
            182,
            NOW - timedelta(minutes=7),
            say("Record changed"),
            "Huatai Logistics",
            "",
            True,
        ),
        PendingLine(made_id("op-3"), 183, NOW - timedelta(minutes=2), say("Task"), "王磊", "回访保养满意度"),
    )


def refused() -> tuple[RefusedLine, ...]:
    """Return one line that only tells."""
    return (
        RefusedLine(
            made_id("op-4"),
            NOW - timedelta(minutes=31),
            say("Note"),
            say("This record was erased at the wish of the person."),
            "gone",
            "周建平",
            "客户来电确认代步车，周四上午九点取车，驾照已核对。\n另外询问了延保的价格，答应明天回电。",
            None,
        ),
        RefusedLine(
            made_id("op-5"),
            NOW - timedelta(minutes=52),
            say("Task"),
            say("You may not do that."),
            "denied",
            "Huatai Logistics Co., Ltd.",
            "Grant a voucher of 500 for the third visit",
            FLEET,
        ),
    )


def conflicting() -> RefusedLine:
    """Return a change of two fields that somebody else changed, too."""
    return RefusedLine(
        made_id("op-6"),
        NOW - timedelta(minutes=9),
        say("Record changed"),
        say("Somebody changed {names} meanwhile. Look at both versions and choose.", names="hint, tier"),
        "conflict",
        "陈静怡",
        "晚上七点后联系",
        CHEN,
        (
            FieldConflict("hint", "下午三点以后联系", "晚上七点后联系", "请致电其丈夫 139 0177 6620"),
            FieldConflict("tier", "gold", "platinum", "silver"),
        ),
    )


def presence(doing: str = "note", seconds: float = 4.0, name: str = "Wang Fang") -> PresenceLine:
    """Return a colleague at the same record, last heard of *seconds* ago."""
    seen = NOW - timedelta(seconds=seconds)
    return PresenceLine(AgentId(made_id(name)), name, doing, NOW - timedelta(minutes=2), seen)


def helpers() -> tuple[Helper, ...]:
    """Return who can be asked."""
    just, long_ago = NOW - timedelta(seconds=6), NOW - timedelta(minutes=3)
    return (
        Helper("person", made_id("zhao"), "赵敏 Zhao Min", "supervisor", "ready", just, "1010"),
        Helper("person", made_id("luo"), "罗倩 Luo Qian", "supervisor", "talking", just, "1011"),
        Helper("team", made_id("team"), "Hotline Shanghai 上海热线"),
        Helper("person", made_id("zhou"), "周浩然 Zhou Haoran", "agent", "ready", long_ago, "1003"),
        Helper("person", made_id("he"), "何静 He Jing", "agent", "away", None),
    )


def own_request() -> HelpRequest:
    """Return a request of this desk that nobody has taken yet."""
    return HelpRequest(
        made_id("help-own"), True, "林悦 Lin Yue", "赵敏 Zhao Min", "waiting", NOW, NOW, customer_id=CHEN
    )


def request() -> HelpRequest:
    """Return the request of an agent whose caller shouts."""
    return HelpRequest(
        id=made_id("help"),
        mine=False,
        from_name="周浩然 Zhou Haoran",
        to_name="Hotline Shanghai 上海热线",
        state="waiting",
        asked_at=NOW - timedelta(seconds=12),
        seen_at=NOW - timedelta(seconds=2),
        extension="1003",
        customer_id=WANG,
        customer_name="王磊",
        note="第三次漏油，客户要求退车，情绪激动",
    )
