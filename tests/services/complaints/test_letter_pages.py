"""Letters on paper: nothing typed breaks them, pages end well, the same letter is the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.services.complaints.letter_pages import EAST_TITLE, TEXT, TITLE
from crmdesk.services.complaints.letter_text import clean
from crmdesk.services.complaints.letter_words import letter_words
from crmdesk.services.complaints.letters import (
    DECISION,
    KINDS,
    REFERRAL,
    LetterCase,
    LetterRemedy,
    pages,
    pdf,
    text_of,
    unprintable,
)
from crmdesk.services.typesetting.faces import shipped_faces
from crmdesk.services.typesetting.pages import HEIGHT, MM, WIDTH, Page
from tests.services.complaints.letter_cases import (
    BOTH,
    every_letter,
    letter_case,
    needs_poppler,
    read_back,
    squeezed,
)

ROOT = Path(__file__).resolve().parents[3]


def in_column(sheets: tuple[Page, ...]) -> str:
    """What is printed as address and words, without letterhead and foot."""
    sizes = (TEXT, TITLE, EAST_TITLE)
    return "".join(run.text for page in sheets for run in page.runs if run.style.size in sizes)


NASTY = (
    "<b>&amp;</b><script>alert(1)</script> ${name} {company} %s \\",
    "\x00\x07\x1b[31m\u202eevil\u202c\u2066\ud800\udfff\ufeff",
    "שלום עולם مرحبا بالعالم",
    "W" * 400,
    "，" * 300,
    "（" * 300,
    "客户投诉" * 200,
    "🙂👨‍👩‍👧‍👦🇨🇳" * 20,
    "Z̸̢̛̯͇͌̈́a̵̡̛l̷̨̛g̶̢̛o̸̡̕" * 20,
    "\n\n- \n## \n> \n| \n\\\n",
    "\u00a0" * 300 + "x",
    "\u3000 \t\v\f\u2028\u2029",
    "𠮷野家 䶮",
)
HOSTILE = st.one_of(st.text(max_size=200), st.sampled_from(NASTY))


def everywhere(language: str, text: str) -> LetterCase:
    """A complaint that says *text* wherever somebody can type."""
    names = (
        *("number", "company", "name", "salutation", "category", "what_happened", "remedy_wanted"),
        *("owner_name", "owner_phone", "outside_reference"),
    )
    lines = dict.fromkeys(("company_address", "contact", "address", "outside_address"), (text, text))
    remedies = (LetterRemedy(text, 10**15, "CNY", due=date(2026, 1, 1)),)
    reasons = dict.fromkeys(("reason_text", "outside_route"), f"x\n{text}")
    return letter_case(language, **dict.fromkeys(names, text), **lines, **reasons, remedies=remedies)


def assert_on_paper(sheets: tuple[Page, ...]) -> None:
    """Every sign lies on its sheet, and above the foot unless it belongs to it."""
    faces = shipped_faces()
    for page in sheets:
        for run in page.runs:
            width = sum(faces.width(sign, run.face) * run.style.size + run.spacing for sign in run.text)
            assert run.x >= 20 * MM
            assert run.x + width - run.spacing <= WIDTH - 19.9 * MM
            assert 10 * MM <= run.y <= HEIGHT - 10 * MM


@given(st.sampled_from(KINDS), st.sampled_from(BOTH), HOSTILE)
@settings(max_examples=50)
def test_no_text_breaks_a_letter_and_nothing_of_it_is_lost(kind: str, language: str, text: str) -> None:
    case = everywhere(language, text)
    said = text_of(kind, case)
    sheets = pages(kind, case)
    assert_on_paper(sheets)
    column = squeezed(in_column(sheets))
    for paragraph in said.paragraphs:
        assert squeezed(shipped_faces().shown(paragraph.text)) in column
    assert unprintable(text) == "".join(
        dict.fromkeys(sign for sign in clean(text) if sign != "\n" and not shipped_faces().has(sign))
    )
    assert pdf(kind, case).startswith(b"%PDF-")


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("text", NASTY)
@needs_poppler
def test_every_sign_that_can_be_printed_can_be_selected(text: str, language: str) -> None:
    case = everywhere(language, text)
    back = read_back(pdf(DECISION, case))
    wanted = "".join(paragraph.text for paragraph in text_of(DECISION, case).paragraphs)
    assert set(squeezed(shipped_faces().shown(wanted))) <= set(unicodedata.normalize("NFC", back))


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("text", ["word " * 2000, "客户投诉，" * 2000, "W" * 10_000, "<&>\u202e" * 2500])
@needs_poppler
def test_ten_thousand_signs_are_all_there(text: str, language: str) -> None:
    case = letter_case(language, reason_text=text, name=text, address=(text,))
    sheets = pages(DECISION, case)
    assert_on_paper(sheets)
    back = squeezed(read_back(pdf(DECISION, case)))
    assert in_column(sheets).count(text[0]) >= 3 * text.count(text[0])
    assert back.count(text[0]) >= 3 * text.count(text[0])
    for number in range(1, len(sheets) + 1):
        assert squeezed(letter_words(language)["page"].format(number=number, count=len(sheets))) in back


@every_letter
def test_the_address_lies_in_the_window_and_the_words_below_it(kind: str, language: str) -> None:
    page = pages(kind, letter_case(language))[0]
    case = letter_case(language)
    referred = kind == REFERRAL
    lines = case.outside_address if referred else case.address
    top = min(run.y for run in page.runs if run.text and any(run.text in line for line in lines))
    in_window = [run for run in page.runs if 45 * MM <= run.y <= 90 * MM and run.x < 110 * MM]
    shown = squeezed("".join(run.text for run in in_window))
    for line in (case.outside_body if referred else case.name, *lines):
        assert squeezed(line) in shown
    assert top > 45 * MM
    subject = next(
        run for run in page.runs if run.text.startswith(text_of(kind, case).subject[:4]) and run.style.bold
    )
    assert subject.y > 98.5 * MM


@pytest.mark.parametrize("language", BOTH)
def test_pages_end_well(language: str) -> None:
    """No heading at the foot, no single line alone, no signature without words before it."""
    filler = "一二三四五六七八九十" * 7 if language == "zh" else "one two three four five six seven " * 4
    for count in range(1, 30):
        case = letter_case(language, reason_text="\n".join([filler] * count))
        sheets = pages(DECISION, case)
        for page in sheets[:-1]:
            foot = max(run.y for run in page.runs if run.y < HEIGHT - 25 * MM)
            assert not any(run.style.bold for run in page.runs if run.y == foot)
        rows = {run.y for run in sheets[-1].runs if 25 * MM < run.y < HEIGHT - 25 * MM}
        assert len(sheets) == 1 or len(rows) >= 4


@every_letter
def test_the_same_letter_is_the_same_bytes(kind: str, language: str) -> None:
    case = letter_case(language)
    assert pdf(kind, case) == pdf(kind, replace(case))


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import hashlib, sys; from tests.services.complaints.letter_cases import letter_case;"
        "from crmdesk.services.complaints.letters import pdf;"
        "print(hashlib.sha256(pdf('decision', letter_case('zh'))).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    assert len(seen) == 1


def test_the_pdf_names_itself_and_its_language() -> None:
    content = pdf(DECISION, letter_case("en"))
    assert b"/Lang (en-GB)" in content
    assert b"/DisplayDocTitle true" in content
    assert b"Our decision on your complaint" in content


def test_signs_no_font_has_are_named_once() -> None:
    assert unprintable("abc 客户 🙂🙂 é\n") == "🙂"
