"""Contrast is computed, not judged; sizes and weights are two each."""

from __future__ import annotations

import itertools

import pytest

from crmdesk.ui.look import Look
from crmdesk.ui.theme import DARK, LIGHT, Theme, contrast
from tests.ui import sample
from tests.ui.conftest import Seat

GROUNDS = ("window", "base", "raised", "selection")
TEXTS = ("text", "muted", "accent", "good", "due", "breach")


def _pairs(theme: Theme) -> list[tuple[str, str]]:
    pairs = list(itertools.product(TEXTS, ("base",)))
    pairs += list(itertools.product(("text", "muted"), GROUNDS))
    pairs += [(tone, f"{tone}_soft") for tone in ("accent", "good", "due", "breach")]
    pairs += [
        ("text", "plain_soft"),
        ("text", "breach_soft"),
        ("text", "accent_soft"),
        ("on_accent", "accent"),
    ]
    pairs += [("good", "window"), ("due", "window"), ("accent", "raised"), ("accent", "selection")]
    return pairs


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_text_stands_out_from_its_ground(theme: Theme) -> None:
    weak = {
        f"{text} on {ground}": round(contrast(getattr(theme, text), getattr(theme, ground)), 2)
        for text, ground in _pairs(theme)
        if contrast(getattr(theme, text), getattr(theme, ground)) < 4.5
    }
    assert weak == {}


def test_black_on_white_is_21() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0


def test_there_are_two_sizes_and_two_weights(look: Look) -> None:
    fonts = (look.ink.fonts.body, look.ink.fonts.strong, look.ink.fonts.head)
    assert len({font.pixelSize() for font in fonts}) == 2
    assert len({font.weight() for font in fonts}) == 2
    assert fonts[0].families() == ["Roboto", "WenQuanYi Micro Hei"]


def test_every_icon_asked_for_exists(look: Look, seat: Seat) -> None:
    names = look.ink.icons.names()
    asked: set[str] = set()
    draw = look.ink.icons._draw

    def watched(name: str, colour: str, size: int, ratio: float) -> object:
        asked.add(name)
        return draw(name, colour, size, ratio)

    look.ink.icons._drawn.clear()
    look.ink.icons._draw = watched  # type: ignore[method-assign,assignment]  # watches what is drawn
    try:
        seat.window.grab()
        for pop in (sample.pop(), sample.second_pop(), sample.shared_pop(), sample.unknown_pop()):
            seat.ring(pop, "talking")
            seat.window.calls.open_number(seat.window.slots.of_key(pop.call_key).number)  # type: ignore[union-attr]  # rings
            seat.window.grab()
    finally:
        del look.ink.icons._draw
    assert {"call", "visit", "note", "complaint", "car", "warning"} <= asked
    assert asked <= names


def test_the_theme_changes_at_run_time(seat: Seat) -> None:
    seat.ring(sample.pop())

    def lightness() -> int:
        return seat.window.grab().toImage().pixelColor(700, 400).lightness()

    assert lightness() > 200
    seat.window.commands.run("theme")
    seat.qtbot.waitUntil(lambda: lightness() < 60)
    seat.window.commands.run("theme")
    seat.qtbot.waitUntil(lambda: lightness() > 200)
