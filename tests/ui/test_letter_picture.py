"""The picture of a letter shows what the printed one shows, and any thread may paint it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from crmdesk.services.complaints.letters import DECISION, pages, pdf
from crmdesk.services.typesetting.pages import CJK, WIDTH, Page, Run, Style
from crmdesk.ui.letter_picture import letter_picture, letter_png
from crmdesk.ui.look import dress
from tests.services.complaints.letter_cases import BOTH, letter_case

WIDTH_PX = 661
"""A4 at 80 dots to the inch."""


@pytest.fixture(autouse=True)
def fonts(qapp: QApplication) -> None:
    dress(qapp, "en", "light")


def greys(image: QImage) -> list[int]:
    """*image* in coarse squares: how dark each is, 0 to 255."""
    small = image.scaled(
        66, 93, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return [small.pixelColor(x, y).lightness() for y in range(small.height()) for x in range(small.width())]


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs pdftoppm (poppler-utils)")
@pytest.mark.parametrize("language", BOTH)
def test_it_shows_what_the_pdf_prints(language: str, tmp_path: Path) -> None:
    case = letter_case(language)
    (tmp_path / "letter.pdf").write_bytes(pdf(DECISION, case))
    subprocess.run(
        ["pdftoppm", "-r", "80", "-png", "-f", "1", "-l", "1", "letter.pdf", "page"], cwd=tmp_path, check=True
    )
    printed = greys(QImage(str(next(tmp_path.glob("page*.png")))))
    shown = greys(letter_picture(pages(DECISION, case)[0], WIDTH_PX))
    assert min(shown) < 200
    differences = [abs(one - other) for one, other in zip(printed, shown, strict=True)]
    assert sum(differences) / len(differences) < 2.0
    assert max(differences) < 60


def test_signs_are_spaced_as_in_print() -> None:
    """Four squares of 20 points with 30 between them end 170 points from where they begin."""
    run = Run(100.0, 100.0, "口" * 4, CJK, Style(20.0), spacing=30.0)
    image = letter_picture(Page((run,)), round(WIDTH))
    dark = [
        x for x in range(image.width()) for y in range(75, 110) if image.pixelColor(x, y).lightness() < 128
    ]
    assert min(dark) == pytest.approx(100.0, abs=5.0)
    assert max(dark) == pytest.approx(270.0, abs=5.0)


def test_another_thread_may_paint_it() -> None:
    page = pages(DECISION, letter_case("zh"))[0]
    made: list[bytes] = []
    painter = threading.Thread(target=lambda: made.append(letter_png(page, 300)))
    painter.start()
    painter.join()
    assert made == [letter_png(page, 300)]
    image = QImage.fromData(made[0])
    assert (image.width(), image.height()) == (300, 424)
