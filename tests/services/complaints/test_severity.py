"""The provisional severity follows the rule of impact and urgency, on the grave side where it doubts."""

from __future__ import annotations

import copy
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.targets import SEVERITIES
from crmdesk.resources import resource
from crmdesk.services.complaints.categories import starter_categories
from crmdesk.services.complaints.severity import SeverityRule, read_rule, starter_rule
from crmdesk.services.complaints.words import WordFinder, plain

NEUTRAL = (
    "客户来电说明情况。",
    "车身颜色不对。",
    "He bought it in May.",
    "昨天下午到店。",
    "发动机声音不一样。",
)
GRAVE = ("danger", "data", "press", "law")


def _parsed() -> dict[str, Any]:
    return tomllib.loads(resource("starter", "danger.toml").read_text(encoding="utf-8"))


RULE = starter_rule(starter_categories())
WORDS = {
    group: tuple(
        word.removeprefix("=").replace(" … ", " ").replace("…", "")
        for word in _parsed()[group]["en"] + _parsed()[group]["zh"]
    )
    for group in (*GRAVE, "unusable", "irritation", "loss", "harmless")
}
ODD = (
    "没有冒烟。",
    "No smoke or fire.",
    "有没有起火？",
    "前台态度冷淡，要求道歉。",
    "没有损失，态度不好。",
    "没有\n",
)
SAID = st.one_of(
    st.sampled_from(NEUTRAL),
    st.sampled_from(ODD),
    *(st.sampled_from(words).map("{}。".format) for words in WORDS.values()),
)
"""A sentence; each kind comes about equally often."""


def severity(text: str, value: Decimal | int | None = None, repeats: int = 0) -> str:
    return RULE.provisional(text, value, repeats).severity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("发动机盖下面冒烟", "S1"),
        ("發動機冒煙", "S1"),
        ("高速上方向盘突然锁死", "S1"),
        ("The brakes suddenly failed", "S1"),
        ("我的手机号被门店泄露，信息泄露", "S1"),
        ("我已经联系记者", "S1"),
        ("A reporter will call you", "S1"),
        ("再不处理就打12315", "S1"),
        ("I will see you in court", "S1"),
        ("车子打不着火", "S2"),
        ("The car won't start", "S2"),
        ("变速箱漏油，导致无法行驶", "S2"),
        ("前台态度冷淡，要求道歉。", "S4"),
        ("The lady was rude. He wants an apology.", "S4"),
        ("空调不制冷", "S3"),
        ("", "S3"),
        ("您好", "S3"),
    ],
)
def test_the_rule_on_plain_cases(text: str, expected: str) -> None:
    assert severity(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "没有冒烟",
            "未发现冒烟",
            "没有出现任何冒烟现象",
            "但是没有冒烟",
            "没有冒烟或起火",
            "无冒烟、起火",
            "无人受伤",
        ),
        *(
            "未造成人员受伤",
            "不会爆炸",
            "冒烟？没有。",
            "是否冒烟：否",
            "问有没有冒烟，客户说没有。",
            "没有联系记者",
        ),
        *(
            "No smoke.",
            "no sign of smoke",
            "no smoke or fire",
            "Any smoke? No.",
            "Smoke: none.",
            "nobody was hurt",
        ),
        *("did not catch fire", "it wasn’t smoking", "without any injuries", "fire? The customer said no."),
        "has not called the police",
    ],
)
def test_what_is_denied_does_not_count(text: str) -> None:
    assert severity(text) == "S3"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "没有冒烟，今天着火了",
            "冒烟，没有人管",
            "不是没有冒烟",
            "没有处理冒烟问题",
            "有没有冒烟",
            "会不会爆炸",
            "有无起火",
        ),
        *(
            "没有刹车了",
            "起火：没有人处理",
            "没有漏油。冒烟",
            "Any smoke?",
            "not only smoke but flames",
            "No, smoke came out",
        ),
        *(
            "whether or not smoke came",
            "no smoke and fire broke out",
            "no help. Smoke everywhere",
            "smoke, no answer",
        ),
        "not safe",
        "Injuries: no\nSmoke in the cabin",
        "the piano caught fire",
    ],
)
def test_what_is_only_near_a_denial_counts(text: str) -> None:
    assert severity(text) == "S1"


@pytest.mark.parametrize(
    "text",
    [
        "中控多媒体黑屏",
        "方向盘按键失灵",
        "胎压报警",
        "机油泄露",
        "smoke detector",
        "spark plugs",
        "he will report it",
    ],
)
def test_what_only_holds_such_a_word_is_harmless(text: str) -> None:
    assert severity(text) == "S3"


def test_a_harmless_word_does_not_cover_the_danger_beside_it() -> None:
    assert severity("点火后着火") == "S1"
    assert severity("多媒体屏幕冒烟") == "S1"


@pytest.mark.parametrize(
    ("value", "repeats", "expected"),
    [
        (None, 0, "S3"),
        (0, 0, "S3"),
        (2000, 0, "S3"),
        (Decimal("2000.01"), 0, "S2"),
        (2001, 0, "S2"),
        (None, 1, "S3"),
        (None, 2, "S2"),
        (None, 7, "S2"),
        (5000, 3, "S2"),
    ],
)
def test_value_and_repeats(value: Decimal | int | None, repeats: int, expected: str) -> None:
    assert severity("空调不制冷", value, repeats) == expected


@pytest.mark.parametrize(
    ("text", "value", "repeats"),
    [
        ("态度冷淡，还多收了费用", None, 0),
        ("前台态度冷淡。颜色也不对。", None, 0),
        ("颜色也不对。前台态度冷淡。", None, 0),
        ("发动机抖动，销售态度恶劣", None, 0),
        ("引擎盖掉漆 4S店态度恶劣", None, 0),
        ("He was rude and the engine shakes", None, 0),
        ("The tone was rude", 1, 0),
        ("The tone was rude", None, 1),
    ],
)
def test_irritation_with_anything_more_is_not_minor(text: str, value: int | None, repeats: int) -> None:
    assert severity(text, value, repeats) == "S3"


def test_a_loss_that_is_denied_leaves_it_minor() -> None:
    assert severity("态度不好，没有损失") == "S4"


def test_the_reasons_are_the_words_found_all_of_that_severity() -> None:
    told = RULE.provisional("着火了，已经找了律师", 5000, 2)
    assert told.severity == "S1"
    assert [str(reason) for reason in told.because] == [
        "Danger is spoken of: 着火.",
        "An authority, a court or a lawyer is spoken of: 律师.",
    ]
    heavy = RULE.provisional("car won't start", 5000, 2)
    assert [str(reason) for reason in heavy.because] == [
        "It cannot be used at all: won't start.",
        "It is about more than 2000.",
        "It was complained about 2 times before.",
    ]
    assert str(RULE.provisional("a reporter came").because[0]) == "The press is spoken of: reporter."


@pytest.mark.parametrize("group", [*GRAVE, "unusable"])
def test_every_word_of_the_list_speaks(group: str) -> None:
    expected = "S2" if group == "unusable" else "S1"
    graver = [word for word in WORDS[group] if severity(word) > expected]
    assert graver == []


def test_every_harmless_word_is_one_and_would_not_be_without_the_list() -> None:
    without = _parsed()
    without["harmless"] = {"en": ["never heard of"]}
    bare = read_rule(without, starter_categories())
    assert [word for word in WORDS["harmless"] if severity(word) < "S3"] == []
    useless = [
        word
        for word in WORDS["harmless"]
        if {bare.provisional(said).severity for said in (word, f"{word}失灵")} == {"S3"}
    ]
    assert useless == []


def test_no_word_hides_behind_one_of_the_same_stem() -> None:
    listed = [word for words in WORDS.values() for word in words]
    exact = {"reporter", "reporters"}
    finder = WordFinder(word for word in listed if word not in exact)
    hidden = [w for w in listed if w not in exact and w not in [hit.word for hit in finder.find(plain(w))]]
    assert hidden == []


@given(st.lists(SAID, max_size=6), SAID, st.sampled_from([None, 0, 900, 3000]), st.integers(0, 3))
@settings(deadline=None, max_examples=400, derandomize=True)
def test_one_more_sentence_never_makes_it_less_grave(
    said: list[str], more: str, value: int | None, repeats: int
) -> None:
    before = "".join(said)
    after = severity(before + more, value, repeats)
    assert after <= severity(before, value, repeats) or not said
    assert after <= severity(more, value, repeats)


@given(st.lists(SAID, max_size=6), st.sampled_from([w for g in GRAVE for w in WORDS[g]]), st.integers(0, 6))
@settings(deadline=None, max_examples=300, derandomize=True)
def test_a_grave_word_makes_it_grave_wherever_it_stands(said: list[str], word: str, place: int) -> None:
    said.insert(place, f"{word}。")
    assert severity("\n".join(said)) == "S1"


@given(
    st.lists(SAID, max_size=5),
    st.one_of(st.none(), st.integers(0, 5000)),
    st.integers(0, 5000),
    st.integers(0, 4),
    st.integers(0, 4),
)
@settings(deadline=None, max_examples=200, derandomize=True)
def test_more_value_and_more_repeats_never_make_it_less_grave(
    said: list[str], value: int | None, more: int, repeats: int, again: int
) -> None:
    text = "".join(said)
    assert severity(text, (value or 0) + more, repeats + again) <= severity(text, value, repeats)


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_any_text_gets_a_severity_and_a_reason(text: str) -> None:
    told = RULE.provisional(text)
    assert told.severity in SEVERITIES
    assert all(str(reason) for reason in told.because) and told.because


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda parsed: parsed.pop("press"), "press is missing"),
        (lambda parsed: parsed["law"].update(en=[], zh=[]), "must not be empty"),
        (lambda parsed: parsed["law"].update(de=["Gericht"]), "is not known here"),
        (lambda parsed: parsed["danger"]["zh"].append("火"), "cannot be looked for"),
        (lambda parsed: parsed.update(repeats_from=0), "from 1 to 100"),
    ],
)
def test_a_slip_in_the_file_is_named(change: Any, fault: str) -> None:
    parsed = copy.deepcopy(_parsed())
    change(parsed)
    with pytest.raises(InvalidInput) as refused:
        read_rule(parsed, ())
    assert fault in str(refused.value)


def test_a_rule_is_not_tied_to_the_starter_list() -> None:
    parsed = _parsed()
    parsed["value_above"], parsed["repeats_from"] = 100, 1
    own: SeverityRule = read_rule(parsed, ())
    assert own.provisional("空调不制冷", 101).severity == "S2"
    assert own.provisional("空调不制冷", None, 1).severity == "S2"
