"""Text to terms."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmdesk.services.knowledge.analysis import (
    fold,
    model_key,
    normalise,
    pinyin_terms,
    strip_controls,
    terms,
)

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("漏油發動機体體 aZ09-.ＳＵＶ\u200b\ufeff\x00ßİﬁ")), max_size=30
)


@given(TEXTS)
@example("İ")
@example("ﬁ\u0301")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
def test_full_width_reads_like_half_width(text: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in text)
    assert fold(wide) == fold(text)


@given(st.text(st.characters(categories=["Lu", "Ll"]), max_size=20))
def test_case_does_not_matter(text: str) -> None:
    assert normalise(text.casefold()) == normalise(text)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("發動機漏油", "发动机漏油"),
        ("煞車異響", "煞车异响"),
        ("保養費用", "保养费用"),
        ("電瓶沒電", "电瓶没电"),
    ],
)
def test_traditional_reads_like_simplified(traditional: str, simplified: str) -> None:
    assert normalise(traditional) == simplified


@given(TEXTS)
def test_terms_are_never_empty_and_hold_no_syntax(text: str) -> None:
    for term in terms(fold(text)):
        assert term
        assert not set(term) & set(" \"'*^:()+-\x00")


def test_control_characters_are_those_of_the_unicode_database() -> None:
    # Characters that newer versions of the database added may differ; those of this one may not.
    for code in range(0x110000):
        char = chr(code)
        control = char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cf", "Cs")
        if (strip_controls(char) == "") != control:
            assert not control and unicodedata.category(char) == "Cn", hex(code)


def test_chinese_gives_pairs() -> None:
    assert terms(fold("发动机漏油")) == ["发动", "动机", "机漏", "漏油"]


def test_single_character_between_marks_is_a_term() -> None:
    assert terms(fold("油，水")) == ["油", "水"]


def test_codes_keep_parts_and_joined_form() -> None:
    assert terms(fold("SUV-7 P0171")) == ["suv", "7", "suv7", "p0171"]


def test_word_before_chinese_gives_a_joined_term() -> None:
    assert terms(fold("A2区景蓉")) == ["a2", "a2区", "区景", "景蓉"]


def test_english_is_stemmed() -> None:
    assert fold("Leaking brakes overheated") == fold("leak brake overheating")


def test_long_words_are_cut() -> None:
    assert max(map(len, terms(fold("x" * 5000)))) == 40


def test_pinyin_from_every_character_on() -> None:
    assert {"louyou", "ly", "fadongjilouyou", "fdjly"} <= pinyin_terms("发动机漏油 oil")
    assert pinyin_terms("oil leak") == set()


def test_model_names_compare_without_width_case_and_signs() -> None:
    assert model_key("SUV-7") == model_key("ｓｕｖ 7") == model_key("Suv7") == "suv7"
