"""Small things that an agent reads all day: days within sentences, keys as keyboards name them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from crmdesk.models.screen_pop import CustomerCard
from crmdesk.ui.itemmodels.facts import FactsOf
from crmdesk.ui.look import Look
from crmdesk.ui.moments import Moments
from crmdesk.ui.widgets.pane import key_words
from tests.ui import sample
from tests.ui.conftest import SHANGHAI, Seat


def moments(look: Look, language: str) -> Moments:
    return Moments(look.words.twin(language), lambda: sample.NOW, ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("language", "told", "within"),
    [
        ("en", "Tomorrow 18:00", "tomorrow 18:00"),
        ("en", "Today", "today"),
        ("en", "12 Nov 18:00", "12 Nov 18:00"),
        ("zh", "明天 18:00", "明天 18:00"),
    ],
)
def test_a_day_within_a_sentence_begins_small(look: Look, language: str, told: str, within: str) -> None:
    assert moments(look, language).amid(told) == within


@pytest.mark.parametrize(
    ("keys", "words"), [("Ctrl+Return", "Ctrl+Enter"), ("F12", "F12"), ("Ctrl+Shift+N", "Ctrl+Shift+N")]
)
def test_keys_are_named_as_on_keyboards(keys: str, words: str) -> None:
    assert key_words(QKeySequence(keys)) == words


def test_the_list_of_keys_says_enter_as_every_hint_does(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F1)
    asides = [line.aside for line in seat.parts.keys.model.rows]
    assert any(aside.startswith("Ctrl+Enter") for aside in asides)
    assert not any("Return" in aside for aside in asides)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("2026-11-10 · 浦东金桥店 · 41200 km", "10 Nov · 浦东金桥店 · 41200 km"),
        ("2026-11-10", "10 Nov"),
        ("浦东金桥店", "浦东金桥店"),
    ],
)
def test_the_last_oil_change_tells_its_day_like_all_days(look: Look, held: str, told: str) -> None:
    words = look.words.twin("en")
    card: CustomerCard = sample.card()
    asset = replace(card.assets[0], last_oil_change=held)
    facts = FactsOf(words, Moments(words, lambda: sample.NOW, SHANGHAI)).customer(
        replace(card, assets=(asset,)), (), sample.pop().counters, (), set()
    )
    assert [fact.text for fact in facts if fact.label == "Oil change"] == [told]
