"""What is covered until the caller is verified."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.screen_pop import Found, FoundPage
from crmdesk.models.text import say
from crmdesk.ui.masking import masked_address, masked_code, masked_number, same_number
from tests.ui import sample
from tests.ui.conftest import Seat


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("021-58840127", "021-****0127"),
        ("138 0013 8000", "138 **** 8000"),
        ("+1 646 555 0164", "+1 64* *** 0164"),
        ("10086", "****6"),
        ("", ""),
    ],
)
def test_numbers_keep_head_and_tail(number: str, shown: str) -> None:
    assert masked_number(number) == shown


def test_addresses_and_codes_keep_little() -> None:
    assert masked_address("wang.jianguo@example.com") == "w***@example.com"
    assert masked_address("") == ""
    assert masked_code("L0DS7A2B8RD001018") == "*************1018"
    assert masked_code("123") == "***"


def test_one_number_in_two_spellings_is_the_same() -> None:
    assert same_number("021-58840127", "+862158840127")
    assert same_number("138 0013 8000", "+8613800138000")
    assert not same_number("138 0013 8000", "+8613800138001")
    assert not same_number("", "+8613800138001")
    assert not same_number("8001", "+8613800138001")


def _line(seat: Seat, label: str) -> str:
    return next(fact.text for fact in seat.parts.caller.list.facts.rows if fact.label == label)


def test_all_but_the_calling_number_is_covered_until_both_facts_are_ticked(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    assert _line(seat, "Mobile") == "138 1234 5678"
    assert _line(seat, "Work") == "021 **** 8123"
    assert _line(seat, "E-mail") == "c***@mail.example"
    assert _line(seat, "VIN") == "*************1387"
    seat.ctrl_shift(Qt.Key.Key_V)
    seat.key(Qt.Key.Key_Space)
    assert _line(seat, "VIN") == "*************1387"
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Space)
    assert _line(seat, "VIN") == "LDLSUV7A6N0041387"
    assert _line(seat, "Work") == "021 5820 8123"


def test_the_key_pressed_twice_shows_everything_and_says_so_in_the_call(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ctrl_shift(Qt.Key.Key_V)
    assert _line(seat, "Work") == "021 **** 8123"
    seat.ctrl_shift(Qt.Key.Key_V)
    assert _line(seat, "Work") == "021 5820 8123"
    assert seat.desk.named("verify") == [(sample.pop().call_id, "Shown without asking", True)]


def test_a_record_opened_by_hand_is_covered_too_and_again_when_opened_again(seat: Seat) -> None:
    for _ in range(2):
        seat.window.commands.open_customer(sample.CHEN)
        seat.settle()
        assert _line(seat, "Mobile") == "138 **** 5678"
        seat.ctrl_shift(Qt.Key.Key_V)
        seat.ctrl_shift(Qt.Key.Key_V)
        assert _line(seat, "Mobile") == "138 1234 5678"
    assert seat.desk.named("verify") == []


def test_it_may_switch_the_cover_off(take_seat: Callable[..., Seat]) -> None:
    seat = take_seat(mask_until_verified=False)
    seat.ring(sample.pop(), "talking")
    assert _line(seat, "Work") == "021 5820 8123"


def test_found_numbers_are_covered_unless_they_were_typed(seat: Seat) -> None:
    finder = seat.parts.finder
    page = FoundPage(
        (Found(sample.CHEN, "陈静怡", "", "person", "", say("number"), "+8613812345678"),), False
    )
    for typed, shown in (("5678", "138 **** 5678"), ("1381234567", "138 1234 5678")):
        seat.parts.box.setText(typed)
        finder.show_found(page)
        assert finder.model.rows[0].below == shown
