"""The complaints of the demo company: who complained about what, and the steps that were taken since.

A word that begins with ``@`` is put in when the step is taken: ``@lin.yue`` a person, ``@+48`` a moment so
many hours after the step, ``@-1`` before it, ``@call`` the call, ``@letter`` and ``@survey`` what was made,
``@done`` all remedies done.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from crmdesk.values import dataclass

AGENT, LEAD, HEAD = "lin.yue", "gao.lan", "shen.mingyuan"
CLERK, ENGLISH = "luo.qian", "emma.collins"
HOLDS = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)


@dataclass(frozen=True, slots=True)
class Move:
    """One thing done: hours after receipt, by whom, the step (or note, letter, yes, survey), its fields.

    A letter's fields are its kind and language, and a reason and route where the complaint says none.
    """

    hours: float
    who: str
    step: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One complaint.

    ``by`` is who takes it in. ``star`` is the key of a demo caller, else ``english`` chooses some other
    customer. ``hours_ago`` tells when it came; ``repeats``: it comes back on the complaint of the script
    before.
    """

    hours_ago: float
    category: str
    text: str
    moves: tuple[Move, ...] = ()
    by: str = AGENT
    star: str = ""
    english: bool = False
    wanted: str = "repair"
    channel: str = "phone"
    severity: str = "S3"
    repeats: bool = False
    restricted: bool = False


def _accept(hours: float, who: str = AGENT) -> Move:
    return Move(hours, who, "T2", {"checklist": HOLDS, "ack_channel": "phone", "owner": f"@{who}"})


def _assess(hours: float, severity: str, cause: str, who: str = AGENT, **more: Any) -> Move:
    impact = {"persons": more.pop("persons", 1), "money": more.pop("money", 0)}
    held = {
        "severity": severity,
        "impact": impact,
        "regime": more.pop("regime", "none"),
        "cause_class": cause,
    }
    return Move(hours, who, "T4", {**held, **more})


def _start(hours: float, who: str = AGENT) -> Move:
    return Move(hours, who, "T5", {"contacted_at": "@-0.1"})


def _note(hours: float, text: str, who: str = AGENT) -> Move:
    return Move(hours, who, "note", {"text": text})


def _propose(
    hours: float, cause: str, finding: str, reason: str, *remedies: tuple[str, int, float], who: str = AGENT
) -> Move:
    lines = [{"type": kind, "value": value, "due": f"@+{due}"} for kind, value, due in remedies]
    fields = {"cause": cause, "cause_class": cause[0].upper(), "finding": finding, "reason_text": reason}
    return Move(hours, who, "T8", {**fields, "remedies": lines})


def _tell(hours: float, who: str = AGENT, version: int = 1) -> Move:
    return Move(hours, who, "T9", {"proposal_version": version, "call_id": "@call", "sent_via": "phone"})


SHOWN: Mapping[str, int] = MappingProxyType(
    {
        "closed": 0,
        "investigating": 1,
        "fresh": 2,
        "acknowledged": 3,
        "assessed": 4,
        "waiting": 5,
        "proposed": 6,
        "responded": 7,
        "resolved": 8,
        "follow_up": 9,
        "grave": 10,
        "withdrawn": 11,
        "to_tell": 12,
        "to_tell_zh": 13,
        "to_approve": 14,
        "to_approve_en": 15,
        "appealed": 16,
        "overdue": 17,
        "outside": 18,
    }
)
"""What each script shows, and its place below."""
SCRIPTS: tuple[Script, ...] = (
    Script(
        hours_ago=640,
        star="repeat_leak",
        category="repair_again",
        text="更换油底壳垫片后两周又在车位上发现油滴，要求查清原因并免费重修。",
        moves=(
            *(_accept(1), _assess(3, "S3", "B"), _start(4)),
            _note(20, "浦东店确认上次装配时漏装了定位销，已约客户重新进店。"),
            _propose(
                30,
                "b_repair_faulty",
                "upheld",
                "上次维修装配不当，我们免费重修并致歉。",
                ("repair", 0, 48),
                ("voucher", 15000, 72),
            ),
            _tell(32),
            Move(80, AGENT, "T11", {"accepted_by": "客户本人", "how": "said", "remedies_state": "@done"}),
            Move(160, "", "T15", {"sampled": True}),
            Move(162, AGENT, "survey", {"csm": 30}),
            Move(
                163,
                AGENT,
                "T16",
                {
                    "survey_id": "@survey",
                    "root_cause": "b_repair_faulty",
                    "corrective_action": {
                        "decided": True,
                        "reason": "装配定位销列入维修复检清单，由浦东店技术主管负责。",
                    },
                },
            ),
        ),
    ),
    Script(
        hours_ago=74,
        star="repeat_leak",
        repeats=True,
        severity="S2",
        category="repair_again",
        wanted="replacement",
        text="三十天内第三次漏油。刚修完两天车位上又有一滩油，客户非常不满，要求更换总成并提供代步车。",
        moves=(
            *(
                _accept(0.5),
                _assess(2, "S2", "B", LEAD, money=260000, containment="已安排拖车和代步车。"),
                _start(3),
            ),
            _note(20, "浦东店：举升检查，油底壳与曲轴后油封都有油迹。前两次只换了垫片。"),
            _note(28, "客户同意今天送车，已安排代步车至周五。"),
            _propose(
                30,
                "b_diagnosis_wrong",
                "upheld",
                "前两次诊断有误，未发现后油封渗漏。",
                ("repair", 0, 60),
                ("voucher", 30000, 96),
            ),
            Move(33, LEAD, "T10", {"missing": "后油封是否同批次问题？请附技术部意见再报。"}),
            _note(50, "技术部：后油封批次正常，属装配损伤。照片已存档。", "tang.wenbo"),
        ),
    ),
    Script(
        hours_ago=0.4,
        star="english",
        english=True,
        category="service_passed_on",
        wanted="explanation",
        text="Was passed on four times about a recall letter; nobody could say whether her car is concerned. "
        "She wants one person who knows and calls back today.",
    ),
    Script(
        hours_ago=26,
        category="waiting_reply",
        wanted="apology",
        text="上周三承诺的回电至今没有，客户已是第三次来电询问钣金喷漆进度。",
        moves=(_accept(1),),
    ),
    Script(
        hours_ago=30,
        category="price_bill",
        wanted="refund",
        text="结算单比报价多出 860 元工时费，事先没有告知，要求退回差额。",
        moves=(_accept(1), _assess(4, "S3", "B", money=86000, regime="CN-ODR")),
    ),
    Script(
        hours_ago=96,
        english=True,
        category="quality_climate",
        text="Air conditioning blows warm after every long stop; third visit, 'no fault found'.",
        moves=(
            *(_accept(1), _assess(5, "S3", "A"), _start(6)),
            _note(30, "Outlet asks for a video of the display when it happens."),
            Move(31, AGENT, "T6", {"wait_for": "customer", "what": "video of the display", "until": "@+120"}),
        ),
    ),
    Script(
        hours_ago=150,
        severity="S2",
        category="quality_gearbox",
        wanted="refund",
        text="变速箱两次大修后仍顿挫，高速上曾突然掉挡。客户要求退一赔三，并提到要找媒体。",
        moves=(
            *(
                _accept(1),
                _assess(3, "S2", "A", LEAD, money=480000, containment="车辆停用，已提供代步车。"),
                _start(4),
            ),
            _note(40, "技术部复检：阀体磨损，属材料问题，建议整体更换。", "tang.wenbo"),
            _propose(
                70,
                "a_material_fault",
                "partly",
                "故障属实并由我们承担；退车不符合三包条件，我们免费更换变速箱总成并补偿交通费。",
                ("replacement", 1850000, 240),
                ("compensation", 120000, 96),
            ),
            Move(72, LEAD, "T10", {"missing": "补偿标准与上季度同类个案不一致，请核对。"}),
            _propose(
                90,
                "a_material_fault",
                "partly",
                "故障属实并由我们承担；退车不符合三包条件，我们免费更换变速箱总成、延保一年，并补偿交通费。",
                ("replacement", 1850000, 240),
                ("compensation", 200000, 96),
            ),
            *(Move(94, LEAD, "yes", {"version": 2}), Move(101, HEAD, "yes", {"version": 2})),
        ),
    ),
    Script(
        hours_ago=170,
        category="parts_wait",
        wanted="compensation",
        text="倒车雷达配件等了五周，其间剐蹭一次，客户要求承担修补费用。",
        moves=(
            *(_accept(1), _assess(6, "S3", "B", money=60000), _start(7)),
            _propose(
                60,
                "b_part_not_on_hand",
                "upheld",
                "配件延误属我们的责任，我们承担修补费用并致歉。",
                ("repair", 0, 120),
                ("voucher", 20000, 96),
            ),
            Move(61, AGENT, "letter", {"kind": "decision", "language": "zh"}),
            _tell(62),
        ),
    ),
    Script(
        hours_ago=210,
        english=True,
        category="delivery_late",
        wanted="voucher",
        text="The new car came three weeks late; he had sold the old one by the date we named.",
        moves=(
            *(_accept(1), _assess(5, "S3", "B"), _start(6)),
            _propose(
                40,
                "b_promise_not_kept",
                "upheld",
                "We named a date we could not keep.",
                ("apology", 0, 24),
                ("voucher", 18000, 48),
            ),
            _tell(42),
            Move(
                190, AGENT, "T11", {"accepted_by": "the customer", "how": "said", "remedies_state": "@done"}
            ),
        ),
    ),
    Script(
        hours_ago=480,
        category="service_attitude",
        wanted="apology",
        text="服务顾问当众说客户“自己不会开车”，客户要求当面道歉。",
        moves=(
            *(_accept(1), _assess(5, "S3", "B"), _start(6)),
            _propose(30, "b_rude", "upheld", "顾问的言辞不当，店总经理将当面致歉。", ("apology", 0, 48)),
            _tell(32),
            Move(60, AGENT, "T11", {"accepted_by": "客户本人", "how": "said", "remedies_state": "@done"}),
            Move(150, "", "T15", {"sampled": True}),
        ),
    ),
    Script(
        hours_ago=5,
        star="fleet",
        severity="S1",
        restricted=True,
        category="safety_driving",
        wanted="repair",
        text="车队一辆车在高架上制动助力突然失效，司机靠手刹停下，无人受伤。客户要求立即停用同批车辆并书面答复。",
        moves=(
            Move(0.2, LEAD, "E1", {"to_level": 2, "reason": "涉及行车安全，车队有同批车辆。"}),
            _accept(0.3, LEAD),
            _assess(
                0.8, "S1", "A", LEAD, persons=6, containment="已通知车队停用同批六辆车，拖车将事故车送检。"
            ),
            Move(
                1.5,
                LEAD,
                "E2",
                {"body": "12315", "reference": "沪市监转2026-1187", "date": "@-1", "their_deadline": "@+240"},
            ),
            _start(2, LEAD),
        ),
    ),
    Script(
        hours_ago=120,
        category="information_missing",
        wanted="none",
        text="充电桩安装条件宣传页没有写明，物业不同意安装，客户觉得被误导。",
        moves=(
            _accept(1),
            Move(20, AGENT, "T18", {"words": "物业今天同意安装了，不用再处理。", "channel": "phone"}),
        ),
    ),
    Script(
        hours_ago=52,
        english=True,
        category="price_invoice",
        wanted="refund",
        text="Charged twice for the same wheel alignment; the corrected invoice never came.",
        moves=(
            *(_accept(1), _assess(4, "S3", "B", money=18000), _start(5)),
            _note(26, "Outlet confirms: booked twice by mistake. Refund is ordered."),
            _propose(
                30,
                "b_bill_wrong",
                "upheld",
                "The alignment was booked twice. We refund the second charge and send a corrected invoice.",
                ("refund", 18000, 72),
            ),
            Move(31, AGENT, "letter", {"kind": "decision", "language": "en"}),
        ),
    ),
    Script(
        hours_ago=49,
        category="waiting_reply",
        wanted="voucher",
        text="预约了上午九点保养，到店后无人接待，等到十一点才有人开单，也没有任何解释。",
        moves=(
            *(_accept(1), _assess(3, "S3", "B"), _start(4)),
            _note(24, "店方：当天前台只有一人，预约系统未提示。已向客户致歉。"),
            _propose(
                30,
                "b_part_not_on_hand",
                "upheld",
                "当天前台人手安排不足，让您久等，我们致歉并赠送一次基础保养券。",
                ("apology", 0, 24),
                ("voucher", 15000, 72),
            ),
        ),
    ),
    Script(
        hours_ago=57,
        by=CLERK,
        category="quality_body",
        wanted="compensation",
        text="交车第三天发现右后门漆面色差，鉴定为出厂后补漆，销售时没有告知。客户要求赔偿车价的一成。",
        moves=(
            *(_accept(1, CLERK), _assess(4, "S3", "B", CLERK, money=150000), _start(5, CLERK)),
            _note(30, "运输记录：卸车时划伤，由物流商补漆。交车检查单漏填。", CLERK),
            _propose(
                40,
                "a_transport_damage",
                "partly",
                "补漆属实且未告知，责任在我们；赔偿一成车价没有依据，我们重新喷漆并补偿。",
                ("repair", 0, 120),
                ("compensation", 150000, 96),
                who=CLERK,
            ),
        ),
    ),
    Script(
        hours_ago=61,
        by=ENGLISH,
        english=True,
        category="price_bill",
        wanted="refund",
        text="Billed for a software update that the recall letter says is free. She wants her money back, "
        "and the two hours she waited for.",
        moves=(
            *(_accept(1, ENGLISH), _assess(4, "S3", "B", ENGLISH, money=68000), _start(5, ENGLISH)),
            _note(28, "Outlet did not see that the car is on the recall list. Invoice is wrong.", ENGLISH),
            _propose(
                36,
                "b_bill_wrong",
                "upheld",
                "The update belongs to the recall. We refund the bill and pay for the time you lost.",
                ("refund", 68000, 72),
                ("compensation", 20000, 72),
                who=ENGLISH,
            ),
        ),
    ),
    Script(
        hours_ago=130,
        category="quality_screen",
        wanted="replacement",
        text="车机升级后倒车影像黑屏，门店以“过了质保”为由不予处理，客户认为升级造成的故障不应自费。",
        moves=(
            Move(
                3,
                HEAD,
                "letter",
                {
                    "kind": "rejection",
                    "language": "zh",
                    "reason": "车辆已超过整车质保期，屏幕故障不在本次升级的范围内。",
                    "route": "您可向所在地消费者协会或拨打 12315 反映。",
                },
            ),
            Move(
                4,
                HEAD,
                "T3",
                {"reason": "not_ours", "other_route": "消费者协会或 12315", "letter_id": "@letter"},
            ),
            Move(100, LEAD, "T21", {"reason": "new_facts", "text": "客户补来升级当天的视频：重启后即黑屏。"}),
        ),
    ),
    Script(
        hours_ago=640,
        category="quality_electrics",
        text="停车一夜后多次亏电无法启动，换过蓄电池仍未解决，客户已自费搭电四次。",
        moves=(
            *(_accept(1), _assess(4, "S3", "A", money=24000), _start(5)),
            _note(60, "静态电流偏高，怀疑行车记录仪取电。等客户再送检。"),
            _note(300, "第二次预约客户未到店，已短信提醒。"),
        ),
    ),
    Script(
        hours_ago=420,
        by=ENGLISH,
        english=True,
        category="information_missing",
        wanted="refund",
        text="Told when buying that fast charging is free for two years; it ended after one.",
        moves=(
            *(_accept(1, ENGLISH), _assess(5, "S3", "A", ENGLISH, money=90000), _start(6, ENGLISH)),
            _propose(
                50,
                "a_promised_too_much",
                "not_upheld",
                "The contract says one year; the leaflet you saw was of another market.",
                ("explanation", 0, 24),
                who=ENGLISH,
            ),
            _tell(54, ENGLISH),
            Move(120, ENGLISH, "T12", {"reason": "He has the leaflet, and it is ours."}),
            Move(
                300,
                ENGLISH,
                "E2",
                {"body": "adr", "reference": "ADR-2026-0417", "date": "@-24", "their_deadline": "@+400"},
            ),
        ),
    ),
)
