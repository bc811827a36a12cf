"""One complaint with everything a letter may say, in both languages, and how its PDF is read back."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmdesk.models.regime import Regime, read_regimes
from crmdesk.resources import resource
from crmdesk.services.complaints.letters import KINDS, LetterCase, LetterRemedy

BOTH = ("en", "zh")
every_letter = pytest.mark.parametrize(
    ("kind", "language"), [(kind, each) for kind in KINDS for each in BOTH]
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)"
)

_ENGLISH = LetterCase(
    number="C26-K7Q-0042",
    language="en",
    written_on=date(2026, 11, 22),
    received_at=datetime(2026, 11, 17, 23, 5, tzinfo=UTC),
    zone=ZoneInfo("Asia/Shanghai"),
    company="Donglan Motors (Shanghai) Co., Ltd.",
    company_address=("1600 Century Avenue", "Pudong", "Shanghai 200122", "China"),
    contact=("Hotline +86 21 5820 8001", "service@donglan.example"),
    name="Margaret Whitfield",
    salutation="Ms Whitfield",
    address=("Flat 1203, Times Square", "500 Zhangyang Road", "Shanghai 200120"),
    category="repair, same fault again",
    what_happened="After the oil change the engine still leaks; I’ve told you twice.",
    remedy_wanted="a repair free of charge",
    owner_name="Emma Collins",
    owner_phone="+86 21 5820 8009",
    next_date=date(2026, 11, 27),
    answer_by=date(2026, 12, 6),
    finding="upheld",
    reason_text=(
        "The sealing washer of the drain plug had not been replaced, so that the oil pan began to leak again "
        "after about 300 km. This was our mistake.\n- A second person now signs for this step."
    ),
    remedies=(
        LetterRemedy("replacement of the washer", due=date(2026, 11, 25)),
        LetterRemedy("refund", 41_200, "CNY", due=date(2026, 11, 30)),
        LetterRemedy("written apology", done=date(2026, 11, 20)),
    ),
    outside_route="The Shanghai Consumer Council, 100 Dagu Road, telephone 12315.",
    outside_body="Shanghai Consumer Council",
    outside_address=("100 Dagu Road", "Shanghai 200003"),
    outside_reference="SCC-2026-11873",
)
_CHINESE = replace(
    _ENGLISH,
    language="zh",
    company="东澜汽车（上海）有限公司",
    company_address=("上海市浦东新区世纪大道 1600 号", "200122"),
    contact=("服务热线 021-5820 8000", "service@donglan.example"),
    name="王芳",
    salutation="王女士",
    address=("200120", "上海市浦东新区张杨路 500 号"),
    category="维修质量",
    what_happened="更换机油后，发动机底部仍然漏油，我已经反映过两次。",
    remedy_wanted="免费修好",
    owner_name="罗倩",
    owner_phone="021-5820 8009",
    reason_text="上次更换机油时没有更换密封垫圈，行驶约 300 公里后再次渗油。\n- 该工序已增加复核签字。",
    remedies=(
        LetterRemedy("更换密封垫圈", due=date(2026, 11, 25)),
        LetterRemedy("退款", 41_200, "CNY", due=date(2026, 11, 30)),
        LetterRemedy("书面致歉", done=date(2026, 11, 20)),
    ),
    outside_route="上海市消费者权益保护委员会，大沽路 100 号，电话 12315。",
    outside_body="上海市浦东新区市场监督管理局",
    outside_address=("200135", "上海市浦东新区合欢路 2 号"),
)


def letter_case(language: str, **changes: Any) -> LetterCase:
    """Return the complaint in *language*, with some fields otherwise."""
    return replace(_CHINESE if language == "zh" else _ENGLISH, **changes)


def shipped_regimes() -> dict[str, Regime]:
    """Return the regimes of the shipped file."""
    return read_regimes(tomllib.loads(resource("regimes.toml").read_text(encoding="utf-8")))


def squeezed(text: str) -> str:
    """Without white space, which line ends add and take."""
    return "".join(text.split())


def read_back(content: bytes) -> str:
    """What a reader of the PDF can select and copy."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=content, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8")
