"""Letters say what they must, in both languages, on paper that can be read; no text breaks them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.resources import resource
from crmdesk.services.complaints.letter_text import (
    BODY,
    HEADING,
    MARKS,
    SIGNATURE,
    LetterText,
    Paragraph,
    clean,
    read_text,
)
from crmdesk.services.complaints.letter_words import letter_words
from crmdesk.services.complaints.letters import (
    DECISION,
    HOLDING,
    KINDS,
    REFERRAL,
    REJECTION,
    LetterCase,
    missing_wording,
    pages,
    pdf,
    template,
    text_of,
)
from tests.services.complaints.letter_cases import (
    BOTH,
    every_letter,
    letter_case,
    needs_poppler,
    read_back,
    shipped_regimes,
    squeezed,
)

ROOT = Path(__file__).resolve().parents[3]
BOUND = [
    (key, kind, language)
    for key, regime in shipped_regimes().items()
    if regime.sentences
    for kind in (DECISION, "summary", REJECTION)
    for language in BOTH
]


def words_of(text: LetterText) -> str:
    return "\n".join(each.text for each in text.paragraphs).replace("\u00a0", " ")


# --- templates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_tell_the_same_under_the_same_conditions(kind: str) -> None:
    conditions, blocks, names, headings = ([], [], [], [])
    for language in BOTH:
        content = template(kind, language)
        conditions.append(sorted(re.findall(r"^\[(.+?)\] ", content, re.MULTILINE)))
        blocks.append(re.findall(r"^\$(?!farewell)\w+$", content, re.MULTILINE))
        names.append(set(re.findall(r"\$([a-z_]+)", content)) - {"farewell", "written_on", "body"})
        headings.append(content.count("\n## "))
    for pair in (conditions, blocks, names, headings):
        assert pair[0] == pair[1]


@pytest.mark.parametrize("kind", ["acknowledgement", "holding"])
@pytest.mark.parametrize(
    ("language", "doubt"), [("en", "public holidays of that time"), ("zh", "节假日安排尚未公布")]
)
def test_a_date_that_may_move_says_so(kind: str, language: str, doubt: str) -> None:
    sure, moves = (words_of(text_of(kind, letter_case(language, next_moves=each))) for each in (False, True))
    assert doubt not in sure
    (line,) = set(moves.splitlines()) - set(sure.splitlines())
    assert doubt in line
    assert moves.splitlines()[moves.splitlines().index(line) - 1].count("27"), "below the date it is about"


def test_words_are_there_in_both_languages() -> None:
    tables = tomllib.loads(resource("letters", "words.toml").read_text(encoding="utf-8"))
    told = tables.pop("routes")
    assert told["source"], "where addresses were read, and when, stands beside them"
    assert isinstance(told["checked_on"], date)
    assert set(tables) == set(BOTH)
    assert set(tables["en"]) == set(tables["zh"])
    for table in tables.values():
        assert len(table["months"]) == 12
        assert all("{amount}" in pattern for pattern in (*table["amounts"].values(), table["amount"]))
        assert all(word for word in table.values())
    places = [{key: set(re.findall(r"{\w+}", str(word))) for key, word in t.items()} for t in tables.values()]
    assert {k: v for k, v in places[0].items() if k not in ("date", "amount", "amounts")} == {
        k: v for k, v in places[1].items() if k not in ("date", "amount", "amounts")
    }


@every_letter
def test_nothing_in_a_letter_is_left_unfilled_or_in_the_other_language(kind: str, language: str) -> None:
    words = words_of(text_of(kind, letter_case(language)))
    assert not re.search(r"[$\[\]{}]", words)
    if language == "en":
        assert not re.search(r"[\u2e80-\uffef]", words)
    else:
        assert set(re.findall(r"[A-Za-z]{3,}", words)) <= {"K7Q"}


@every_letter
def test_a_letter_stands_without_what_may_be_missing(kind: str, language: str) -> None:
    bare = letter_case(language)
    given_anyway = ("number", "language", "written_on", "received_at", "zone", "company", "reason_text")
    kept = {name: getattr(bare, name) for name in given_anyway}
    for name in ("finding", "next_date", "outside_route", "outside_body"):
        kept[name] = getattr(bare, name)
    text = text_of(kind, LetterCase(**kept))
    assert text.subject
    roles = [each.role for each in text.paragraphs]
    assert all(after != HEADING for role, after in pairwise(roles) if role == HEADING)
    assert "None" not in words_of(text)
    assert pdf(kind, LetterCase(**kept)).startswith(b"%PDF-")


# --- what they say ---------------------------------------------------------------------------------------

SAYS = {
    (
        "acknowledgement",
        "en",
    ): "18 November 2026|C26-K7Q-0042|engine still leaks|27 November 2026|Emma Collins"
    "|+86 21 5820 8009|costs you nothing|Yours sincerely,|repair free of charge",
    ("acknowledgement", "zh"): "2026年11月18日|C26-K7Q-0042|仍然漏油|2026年11月27日|罗倩|021-5820 8009"
    "|不收取任何费用|此致|敬礼|免费修好",
    (HOLDING, "en"): "cannot give you our decision yet|drain plug|27 November 2026|Shanghai Consumer Council",
    (HOLDING, "zh"): "尚不能答复|密封垫圈|2026年11月27日|消费者权益保护委员会",
    (
        DECISION,
        "en",
    ): "We uphold your complaint.|drain plug|Refund: CNY 412.00, by 30 November 2026|more senior"
    "|6 December 2026|Shanghai Consumer Council|Written apology, done on 20 November 2026",
    (DECISION, "zh"): "您的投诉成立|密封垫圈|退款：人民币 412.00 元，2026年11月30日前完成|更高一级"
    "|2026年12月6日|消费者权益保护委员会|书面致歉，已于2026年11月20日完成",
    ("closing", "en"): "have now closed it|done on 20 November 2026|take up your complaint again",
    ("closing", "zh"): "现予结案|已于2026年11月20日完成|继续处理您的投诉",
    ("summary", "en"): "regard your complaint as resolved|engine still leaks|drain plug",
    ("summary", "zh"): "已与您协商解决|仍然漏油|密封垫圈",
    (REJECTION, "en"): "we cannot|drain plug|Shanghai Consumer Council|had no part in this decision",
    (REJECTION, "zh"): "不能作为投诉受理|密封垫圈|消费者权益保护委员会|未参与本决定",
    (
        REFERRAL,
        "en",
    ): "Margaret Whitfield|engine still leaks|we uphold it|Refund: CNY 412.00|27 November 2026",
    (REFERRAL, "zh"): "王芳|仍然漏油|投诉成立|退款：人民币 412.00 元|2026年11月27日",
}


@every_letter
@needs_poppler
def test_the_printed_letter_says_what_it_is_for_in_words_that_can_be_selected(
    kind: str, language: str
) -> None:
    case = letter_case(language)
    content = pdf(kind, case)
    back = squeezed(read_back(content))
    for words in SAYS[kind, language].split("|"):
        assert squeezed(words) in back
    at = 0
    for paragraph in text_of(kind, case).paragraphs:
        if paragraph.role != SIGNATURE:
            found = back.find(squeezed(paragraph.text), at)
            assert found >= at, paragraph.text
            at = found
    assert (
        squeezed(letter_words(language)["page"].format(number=1, count=content.count(b"/Type /Page\n")))
        in back
    )


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("finding", ["upheld", "partly", "not_upheld"])
def test_a_decision_tells_its_finding_and_no_other(finding: str, language: str) -> None:
    told = {
        ("en", "upheld"): "We uphold your complaint.",
        ("en", "partly"): "We uphold your complaint in part.",
        ("en", "not_upheld"): "We do not uphold your complaint.",
        ("zh", "upheld"): "您的投诉成立",
        ("zh", "partly"): "您的投诉部分成立",
        ("zh", "not_upheld"): "您的投诉不成立",
    }
    words = words_of(text_of(DECISION, letter_case(language, finding=finding)))
    for (tongue, other), sentence in told.items():
        assert (sentence in words) == ((tongue, other) == (language, finding))


def test_who_is_not_named_is_greeted_all_the_same() -> None:
    nobody = {"name": "", "salutation": ""}
    english = words_of(text_of(HOLDING, letter_case("en", **nobody)))
    assert "Dear Sir or Madam," in english
    assert "Yours faithfully," in english
    assert "尊敬的客户：" in words_of(text_of(HOLDING, letter_case("zh", **nobody)))


def test_days_are_those_of_the_site() -> None:
    """23:05 UTC is the next morning in Shanghai."""
    assert "18 November 2026" in words_of(text_of(HOLDING, letter_case("en")))


@pytest.mark.parametrize(
    ("language", "value", "currency", "words"),
    [
        ("en", 123_456_789, "CNY", "CNY 1,234,567.89"),
        ("en", 5, "GBP", "£0.05"),
        ("en", 1_000, "JPY", "JPY 1,000"),
        ("en", 1_005, "KWD", "KWD 1.005"),
        ("en", -250, "EUR", "€-2.50"),
        ("zh", 123_456_789, "CNY", "人民币 1,234,567.89 元"),
        ("zh", 1_000, "JPY", "1,000 日元"),
        ("zh", 1_005, "KWD", "1.005 KWD"),
    ],
)
def test_amounts(language: str, value: int, currency: str, words: str) -> None:
    assert letter_words(language).amount(value, currency) == words


def test_dates_numbers_and_amounts_stay_on_one_line() -> None:
    text = "\n".join(each.text for each in text_of(DECISION, letter_case("en")).paragraphs)
    for whole in ("18 November 2026", "+86 21 5820 8009", "CNY 412.00", "25 November 2026"):
        assert whole.replace(" ", "\u00a0") in text


def test_dates() -> None:
    assert letter_words("en").date(date(2027, 2, 1)) == "1 February 2027"
    assert letter_words("zh").date(date(2027, 2, 1)) == "2027年2月1日"


# --- what they must not lack (workflow, check 6) ---------------------------------------------------------


@pytest.mark.parametrize(("key", "kind", "language"), BOUND)
def test_a_letter_that_decides_is_not_made_without_a_sentence_of_its_regime(
    key: str, kind: str, language: str
) -> None:
    regime = shipped_regimes()[key]
    case = letter_case(language, regime=regime)
    whole = text_of(kind, case)
    assert missing_wording(kind, case) == ()
    assert missing_wording(kind, case, whole) == ()
    for sentence in (each.in_language(language) for each in regime.sentences):
        kept = tuple(each for each in whole.paragraphs if each.text != sentence)
        assert len(kept) == len(whole.paragraphs) - 1
        edited = LetterText(language, kept)
        assert missing_wording(kind, case, edited) == (sentence,)
        for make in (pdf, pages):
            with pytest.raises(InvalidInput) as refused:
                make(kind, case, edited)
            assert sentence in str(refused.value)
            assert refused.value.fields == ("text",)
        inside = LetterText(language, (*kept[:-1], Paragraph(BODY, f"{kept[-1].text} {sentence}")))
        assert missing_wording(kind, case, inside) == ()


def test_a_sentence_hidden_by_signs_nobody_sees_is_still_said() -> None:
    case = letter_case("en", regime=shipped_regimes()["UK-8W"])
    text = text_of(DECISION, case)
    hidden = read_text(text.plain().replace("six months", "six\u200b\u00a0months"), "en")
    assert missing_wording(DECISION, case, hidden) == ()


@pytest.mark.parametrize("language", BOTH)
def test_a_letter_that_it_takes_longer_names_the_way_outside_where_the_regime_wants_it(language: str) -> None:
    regime = shipped_regimes()["UK-8W"]
    case = letter_case(language, regime=regime, outside_route="")
    (sentence,) = (each.in_language(language) for each in regime.holding_sentences)
    whole = text_of(HOLDING, case)
    assert missing_wording(HOLDING, case, whole) == ()
    assert sentence in words_of(whole)
    edited = LetterText(language, tuple(each for each in whole.paragraphs if each.text != sentence))
    assert missing_wording(HOLDING, case, edited) == (sentence,)
    with pytest.raises(InvalidInput) as refused:
        pdf(HOLDING, case, edited)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("kind", ["acknowledgement", HOLDING, "closing", REFERRAL])
def test_other_letters_are_not_bound(kind: str) -> None:
    case = letter_case("en", regime=shipped_regimes()["CN-ODR" if kind == HOLDING else "UK-8W"])
    assert missing_wording(kind, case, LetterText("en", (Paragraph(BODY, "Hello"),))) == ()


def test_a_regime_that_names_a_body_in_the_letter_needs_one() -> None:
    regime = shipped_regimes()["EU-PSD2"]
    for language in BOTH:
        with pytest.raises(InvalidInput) as refused:
            pdf(DECISION, letter_case(language, regime=regime, outside_route=" "))
        assert refused.value.fields == ("outside_route",)


@pytest.mark.parametrize(
    ("kind", "field", "empty"),
    [
        (HOLDING, "reason_text", " \n- \n\u200b"),
        (HOLDING, "next_date", None),
        (DECISION, "finding", ""),
        (DECISION, "reason_text", ""),
        ("summary", "reason_text", ""),
        (REJECTION, "reason_text", ""),
        (REJECTION, "outside_route", ""),
        (REFERRAL, "outside_body", ""),
    ],
)
def test_what_a_letter_is_about_must_be_given(kind: str, field: str, empty: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        text_of(kind, letter_case("en", **{field: empty}))
    assert refused.value.fields == (field,)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        pdf("closing", letter_case("en"), read_text(" \n\u200b\n## ", "en"))


# --- edited texts ----------------------------------------------------------------------------------------

ROLES = st.sampled_from([*MARKS.values(), BODY])
LINES = (
    st.one_of(st.text(min_size=1), st.text(alphabet="#-|>\\ a", min_size=1))
    .map(lambda text: clean(text).replace("\n", " ").strip())
    .filter(bool)
)


@given(st.lists(st.builds(Paragraph, ROLES, LINES), max_size=5))
def test_the_plain_form_reads_back_as_it_was(paragraphs: list[Paragraph]) -> None:
    text = LetterText("en", tuple(paragraphs))
    assert read_text(text.plain(), "en") == text


@every_letter
def test_the_plain_form_of_a_letter_reads_back_as_it_was(kind: str, language: str) -> None:
    text = text_of(kind, letter_case(language))
    assert read_text(text.plain(), language) == text


@needs_poppler
def test_an_edited_text_is_printed_instead() -> None:
    edited = read_text("# Sorry\n\n| Dear Ms W,\n\nWe were wrong.\n\n> Emma", "en")
    back = read_back(pdf(DECISION, letter_case("en"), edited))
    assert "We were wrong." in back
    assert "uphold" not in back


def test_what_somebody_typed_becomes_no_subject_and_no_signature() -> None:
    typed = "# Not a subject\n> Not a signature\n- an item"
    text = text_of("closing", letter_case("en", reason_text=typed, owner_name="# Emma"))
    assert text.subject == "Your complaint C26-K7Q-0042 is closed"
    assert Paragraph(BODY, "Not a signature") in text.paragraphs


def test_words_do_not_load_the_pdf_library() -> None:
    program = (
        "import sys; from tests.services.complaints.letter_cases import letter_case;"
        "from crmdesk.services.complaints.letters import text_of;"
        "text_of('decision', letter_case('en')); print('reportlab' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_unknown_kinds_and_languages_are_our_bug() -> None:
    french = replace(letter_case("en"), language="fr")
    for kind, case in (("love", letter_case("en")), (DECISION, french)):
        with pytest.raises(ValueError, match="no letter"):
            text_of(kind, case)
    with pytest.raises(ValueError, match="no finding"):
        text_of(DECISION, letter_case("en", finding="maybe"))
