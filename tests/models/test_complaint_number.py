"""A number that is told is found again, however it is written down."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.complaint_number import ComplaintNumber, next_number, read_number, told_apart
from crmdesk.models.types import TAG_SIGNS

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_year_is_that_of_the_site() -> None:
    new_year = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    assert str(next_number(new_year, SHANGHAI, "K7Q", 41)) == "C26-K7Q-0042"
    assert str(next_number(new_year, UTC, "K7Q", 0)) == "C25-K7Q-0001"
    assert str(next_number(new_year, UTC, "K7QZ", 9999)) == "C25-K7QZ-10000"


@pytest.mark.parametrize("tag", ["", "K7", "K7O", "k7q", "K7QZZ", "K-Q"])
def test_a_tag_with_other_signs_is_refused(tag: str) -> None:
    with pytest.raises(InvalidInput, match="tag"):
        next_number(datetime(2026, 1, 1, tzinfo=UTC), UTC, tag, 0)


@pytest.mark.parametrize(
    "text",
    [
        "C26-K7Q-0042",
        "c26-k7q-0042",
        " C26 K7Q 0042 ",
        "C26K7Q0042",
        "Ｃ２６－Ｋ７Ｑ－００４２",
        "C26-K7Q-OO42",
    ],
)
def test_it_is_read_as_people_write_it(text: str) -> None:
    assert read_number(text) == ComplaintNumber(26, "K7Q", 42)


@pytest.mark.parametrize(
    "text", ["", "C", "13800138000", "C26-K7Q-42", "C26-K7O-0042", "D26-K7Q-0042", "C26-"]
)
def test_what_is_none_is_not_read(text: str) -> None:
    assert read_number(text) is None


NUMBERS = st.builds(
    ComplaintNumber,
    st.integers(0, 99),
    st.text(TAG_SIGNS, min_size=3, max_size=4),
    st.integers(1, 9999),
    st.sampled_from(("", "B", "C")),
)


@given(NUMBERS, st.booleans(), st.sampled_from(("-", " ", "", ".")))
def test_written_and_read_it_is_the_same(number: ComplaintNumber, small: bool, apart: str) -> None:
    text = str(number).replace("-", apart)
    assert read_number(text.lower() if small else text) == number


def test_where_it_has_hyphens_they_tell_tag_and_sequence_apart() -> None:
    assert read_number("c26-k7q2-0042") == ComplaintNumber(26, "K7Q2", 42)
    assert read_number("C26-K7Q-20042") == ComplaintNumber(26, "K7Q", 20042)
    assert read_number("C26K7QZ0042") == ComplaintNumber(26, "K7QZ", 42)
    assert read_number("C26K7Q20042") == ComplaintNumber(26, "K7Q2", 42), "few desks count past 9999"


def test_the_second_of_one_number_gets_a_letter() -> None:
    number = ComplaintNumber(26, "K7Q", 42)
    assert str(number.doubled) == "C26-K7Q-0042B"
    assert str(number.doubled.doubled) == "C26-K7Q-0042C"


def test_a_number_that_is_taken_gets_the_next_letter_behind_it() -> None:
    taken = {"C26-K7Q-0042", "C26-K7Q-0042B", "R-17"}
    assert told_apart("C26-K7Q-0042", taken.__contains__) == "C26-K7Q-0042C"
    assert told_apart("C26-K7Q-0042B", taken.__contains__) == "C26-K7Q-0042C"
    assert told_apart("C26-K7Q-0043", taken.__contains__) == "C26-K7Q-0043"
    assert told_apart("R-17", taken.__contains__) == "R-17", "no number of ours"
    assert told_apart("", lambda _: True) == ""
