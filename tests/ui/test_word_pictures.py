"""Pictures of words look like the words, take the same room, and stay within their memory."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QImage, QPainter

from crmdesk.ui import word_pictures
from crmdesk.ui.look import Look
from crmdesk.ui.painting import Ink

TEXTS = ("Wang Xiaoming", "王晓明 · 京A·12345", "fjÄy|", "12:41")
WIDTH, HEIGHT = 240, 40


@pytest.fixture
def ink(look: Look) -> Ink:
    """Ink of its own: nothing kept from another test."""
    return Ink(look.ink.theme, look.ink.fonts, look.ink.icons)


def painted(paint: Callable[[QPainter], object], ratio: float = 1.0) -> QImage:
    image = QImage(round(WIDTH * ratio), round(HEIGHT * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image


def line(ink: Ink, text: str, width: int = 200, font: QFont | None = None) -> Callable[[QPainter], object]:
    area = QRect(10, 6, width, 28)
    return lambda painter: ink.line(painter, area, text, font or ink.fonts.body, ink.theme.text)


def come_again(ink: Ink, paint: Callable[[QPainter], object]) -> None:
    """Paint twice and give the spare time to draw what is wanted."""
    for _ in range(2):
        painted(paint)
    for _ in range(4):
        ink.pictures.draw_some()


def differences(first: QImage, second: QImage) -> int:
    """The most that any part of any pixel differs by, 0–255."""
    return max(abs(a - b) for a, b in zip(bytes(first.constBits()), bytes(second.constBits()), strict=True))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("face", ["body", "strong", "head"])
def test_a_picture_looks_like_its_word(ink: Ink, text: str, face: str) -> None:
    paint = line(ink, text, font=getattr(ink.fonts, face))
    before = painted(paint)
    come_again(ink, paint)
    assert ink.pictures.count == 1
    assert differences(before, painted(paint)) <= 3
    assert differences(before, painted(lambda painter: None)) > 100


@pytest.mark.parametrize("text", TEXTS)
def test_words_at_the_right_and_measured_ones_stay_where_they_are(ink: Ink, text: str) -> None:
    used: list[int] = []

    def paint(painter: QPainter) -> None:
        body, colour = ink.fonts.body, ink.theme.text
        used.append(ink.put_right(painter, 5, 4, 220, 28, text, body, colour))
        used.append(ink.put_measured(painter, 5, 4, 220, 28, text, body, colour))

    before = painted(paint)
    come_again(ink, paint)
    assert differences(before, painted(paint)) <= 3
    assert len(set(used)) == 1


@pytest.mark.parametrize("width", [12, 40, 70])
def test_a_word_that_has_a_picture_is_still_cut_where_there_is_less_room(ink: Ink, width: int) -> None:
    cut = painted(line(ink, "Wang Xiaoming", width))
    come_again(ink, line(ink, "Wang Xiaoming"))
    assert ink.pictures.count == 1
    assert differences(cut, painted(line(ink, "Wang Xiaoming", width))) <= 3


def test_what_is_seen_once_or_is_long_gets_no_picture(ink: Ink) -> None:
    painted(line(ink, "seen once"))
    come_again(ink, line(ink, "x" * (word_pictures.LONGEST + 1)))
    assert ink.pictures.count == 0


def test_the_oldest_go_when_memory_is_used_up(ink: Ink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_pictures, "MOST_PIXELS", 12_000)
    for number in range(20):
        come_again(ink, line(ink, f"word {number}"))
    assert 1 < ink.pictures.count < 12
    assert ink.pictures.pixels <= 12_000


def test_another_screen_gets_pictures_of_its_own(ink: Ink) -> None:
    paint = line(ink, "Wang Xiaoming")
    come_again(ink, paint)
    ink.use_ratio(2.0)
    assert (ink.pictures.count, ink.pictures.pixels) == (0, 0)
    sharp = painted(paint, 2.0)
    come_again(ink, paint)
    assert differences(sharp, painted(paint, 2.0)) <= 3


def test_between_pixels_nothing_is_kept(ink: Ink) -> None:
    ink.use_ratio(1.25)
    come_again(ink, line(ink, "Wang Xiaoming"))
    assert ink.pictures.count == 0
