"""A letter on A4: letterhead, address for the window of the envelope, what the office needs, the words.

Measures of DIN 5008, form B: they fit the windows of DL envelopes, also of Chinese ones of 110 × 220 mm; the
sheet is folded at the marks. English letters are ragged right; Chinese ones have their title in the middle,
paragraphs indented by two signs, company and date at the right.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from crmdesk.services.complaints.letter_text import (
    BODY,
    FLUSH,
    HEADING,
    ITEM,
    SIGNATURE,
    SUBJECT,
)
from crmdesk.services.typesetting.faces import shipped_faces
from crmdesk.services.typesetting.lines import Line, Setter
from crmdesk.services.typesetting.pages import HEIGHT, MM, WIDTH, Page, Rule, Run, Style
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmdesk.services.complaints.letter_text import LetterText, Paragraph

INK, GREY, ACCENT, FAINT = "#17212b", "#4c5966", "#0b5cad", "#9aa5b1"

LEFT, RIGHT = 25 * MM, WIDTH - 20 * MM
MEASURE = RIGHT - LEFT
HEAD_BASE, HEAD_RULE = 22 * MM, 28 * MM
SENDER_BASE, SENDER_LEADING = 50.5 * MM, 9.0
ADDRESS_TOP, ADDRESS_WIDTH = 54 * MM, 80 * MM
ADDRESS_USUAL_TOP, ADDRESS_LEADING, ADDRESS_LINES = 61 * MM, 13.5, 5
INFO_LEFT, INFO_VALUE, INFO_BASE = 120 * MM, 146 * MM, 57 * MM
INFO_LEADING, INFO_GAP = 12.0, 3.0
WORDS_TOP = 98.5 * MM
NEXT_TOP, NEXT_HEAD, NEXT_RULE = 28 * MM, 19 * MM, 22 * MM
BOTTOM, FOOT_RULE = HEIGHT - 30 * MM, HEIGHT - 22 * MM
FOLDS, PUNCH = (105 * MM, 210 * MM), 148.5 * MM

TEXT, LEADING, EAST_LEADING = 10.5, 15.5, 18.0
SMALL, SMALL_LEADING = 7.5, 10.5
TITLE, EAST_TITLE, HEAD = 13.0, 16.0, 15.0
ABOVE = {SUBJECT: 20.0, HEADING: 11.0, BODY: 5.0, ITEM: 3.0, FLUSH: 9.0}
EAST_ABOVE = {SUBJECT: 20.0, HEADING: 10.0, BODY: 1.5, ITEM: 1.0, FLUSH: 1.5}
"""Points above a paragraph, by what it is."""
HAND = 13 * MM
"""Room for a signature or a seal."""
BULLET = "•"
BULLET_WIDTH = 12.0
CLOSING = (FLUSH, SIGNATURE)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands around the words of a letter, in its *language*.

    Attributes:
        company: at the head of the first page.
        sender: company and address on one line, small above the recipient's.
        office: labels with values at the right of the address.
        again: one line at the head of further pages: what letter this is.
        page: pattern of ``{number}`` and ``{count}``.
        foot: lines at the foot of every page.
    """

    language: str
    company: str
    sender: str
    office: tuple[tuple[str, str], ...]
    again: str
    page: str
    foot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the column of text.

    Attributes:
        above: points to the row before it, not at the head of a page.
        keep: the next row must not begin a page.
        mark: stands before the line, of an item.
        not_above: where it may begin on the first page.
    """

    line: Line
    setter: Setter
    x: float
    leading: float
    above: float = 0.0
    keep: bool = False
    mark: str = ""
    not_above: float = 0.0

    def runs(self, y: float) -> list[Run]:
        """Return the row on the base line *y*."""
        mark = self.setter.runs(Line(self.mark, 0.0), self.x - BULLET_WIDTH, y) if self.mark else []
        return [*mark, *self.setter.runs(self.line, self.x, y)]


def letter_pages(text: LetterText, to_whom: Sequence[str], letterhead: Letterhead) -> tuple[Page, ...]:
    """Return the sheets of *text*.

    Nothing of the text or the address is ever left out: what does not fit goes to the next sheet.

    Args:
        text: the words.
        to_whom: the lines for the window.
        letterhead: what stands around them.
    """
    east = text.language == "zh"
    rows = [*_address(to_whom, east), *_words(text, east)]
    sheets = list(_paginate(rows))
    return tuple(_sheet(runs, number, len(sheets), letterhead) for number, runs in enumerate(sheets, 1))


def _paginate(rows: Sequence[Row]) -> Iterator[list[Run]]:
    """Yield what stands in the column, page by page."""
    rest, first = rows, True
    while rest:
        bases = list(takewhile(lambda base: base <= BOTTOM, _bases(rest, first=first)))
        fit = _good_break(rest, max(1, len(bases)))
        bases = bases or [BOTTOM]
        yield [run for row, base in zip(rest[:fit], bases, strict=False) for run in row.runs(base)]
        rest, first = rest[fit:], False


def _bases(rows: Sequence[Row], *, first: bool) -> Iterator[float]:
    """Yield the base lines of *rows* on one page without an end."""
    y = ADDRESS_TOP if first else NEXT_TOP
    for place, row in enumerate(rows):
        y = max(y + (row.above if place else 0.0), row.not_above if first else 0.0) + row.leading
        yield y


def _good_break(rows: Sequence[Row], fit: int) -> int:
    """Return how many of the *fit* rows stay, so that the next page begins well."""
    if fit == len(rows):
        return fit
    return next((count for count in range(fit, 0, -1) if not rows[count - 1].keep), fit)


def _address(to_whom: Sequence[str], east: bool) -> Iterator[Row]:
    setter = Setter(shipped_faces(), Style(TEXT), east)
    lines = [line for part in to_whom for line in setter.lines(part, ADDRESS_WIDTH)]
    top = ADDRESS_TOP if len(lines) > ADDRESS_LINES else ADDRESS_USUAL_TOP
    for line in lines:
        yield Row(line, setter, LEFT, ADDRESS_LEADING, not_above=top)


def _words(text: LetterText, east: bool) -> Iterator[Row]:
    roles = [each.role for each in text.paragraphs]
    for place, paragraph in enumerate(text.paragraphs):
        rows = list(_paragraph(paragraph, east))
        # The end of a letter takes at least the last words before it along to a new page.
        bound = paragraph.role in (SUBJECT, HEADING) or any(
            role in CLOSING for role in roles[place + 1 : place + 3]
        )
        above = _above(roles, place, east)
        for number, row in enumerate(rows):
            lonely = len(rows) > 1 and number in (0, len(rows) - 2)
            last = number == len(rows) - 1
            yield replace(
                row,
                above=0.0 if number else above,
                keep=lonely or paragraph.role in (SUBJECT, HEADING) or (last and bound),
                not_above=0.0 if place or number else WORDS_TOP,
            )


def _above(roles: Sequence[str], place: int, east: bool) -> float:
    """Return the points above paragraph *place*."""
    role, before = roles[place], roles[place - 1] if place else ""
    if role == SIGNATURE:
        return 0.0 if before == SIGNATURE else HAND
    after_title = 8.0 if before == SUBJECT else 0.0
    return (EAST_ABOVE if east else ABOVE).get(role, 0.0) + after_title


def _paragraph(paragraph: Paragraph, east: bool) -> Iterator[Row]:
    """Yield the rows of one paragraph."""
    role = paragraph.role
    size = {SUBJECT: EAST_TITLE if east else TITLE}.get(role, TEXT)
    setter = Setter(shipped_faces(), Style(size, bold=role in (SUBJECT, HEADING)), east)
    indent = 2 * TEXT if east and role == BODY else 0.0
    margin = BULLET_WIDTH + (2 * TEXT if east else 0.0) if role == ITEM else 0.0
    leading = max(EAST_LEADING if east else LEADING, 1.35 * size)
    for number, line in enumerate(setter.lines(paragraph.text, MEASURE - margin, indent)):
        x = LEFT + margin + (0.0 if number else indent)
        if east and role == SUBJECT:
            x = LEFT + (MEASURE - line.width) / 2
        elif east and role == SIGNATURE:
            x = RIGHT - line.width
        yield Row(line, setter, x, leading, mark=BULLET if role == ITEM and not number else "")


def _sheet(runs: list[Run], number: int, count: int, head: Letterhead) -> Page:
    """Return one page with letterhead or its short form, foot and marks."""
    around = _first_head(head) if number == 1 else _next_head(head)
    foot = _foot(head, number, count)
    rules = [Rule(LEFT, HEAD_RULE, RIGHT, HEAD_RULE, 0.9, ACCENT)] if number == 1 else []
    rules += [Rule(LEFT, FOOT_RULE, RIGHT, FOOT_RULE, 0.4, FAINT)]
    if number == 1:
        rules += [Rule(4 * MM, y, 8 * MM, y, 0.4, FAINT) for y in FOLDS]
        rules += [Rule(4 * MM, PUNCH, 10 * MM, PUNCH, 0.4, FAINT)]
    else:
        rules += [Rule(LEFT, NEXT_RULE, RIGHT, NEXT_RULE, 0.4, FAINT)]
    return Page((*around, *runs, *foot), tuple(rules))


def _first_head(head: Letterhead) -> Iterator[Run]:
    """Yield the company, its line above the address, and what the office needs."""
    faces, east = shipped_faces(), head.language == "zh"
    name = Setter(faces, Style(HEAD, bold=True, colour=ACCENT), east)
    for line in name.clipped(head.company, MEASURE, 1):
        yield from name.runs(line, LEFT, HEAD_BASE)
    sender = Setter(faces, Style(SMALL - 0.5, colour=GREY), east)
    for up, line in enumerate(reversed(sender.clipped(head.sender, ADDRESS_WIDTH, 2))):
        yield from sender.runs(line, LEFT, SENDER_BASE - up * SENDER_LEADING)
    label = Setter(faces, Style(SMALL + 1, colour=GREY), east)
    value = Setter(faces, Style(SMALL + 1.5), east)
    y = INFO_BASE
    for name_of, what in head.office:
        for line in label.clipped(name_of, INFO_VALUE - INFO_LEFT, 1):
            yield from label.runs(line, INFO_LEFT, y)
        for line in value.clipped(what, RIGHT - INFO_VALUE, 2):
            yield from value.runs(line, INFO_VALUE, y)
            y += INFO_LEADING
        y += INFO_GAP


def _next_head(head: Letterhead) -> Iterator[Run]:
    setter = Setter(shipped_faces(), Style(SMALL + 0.5, colour=GREY), head.language == "zh")
    for line in setter.clipped(head.again, MEASURE, 1):
        yield from setter.runs(line, LEFT, NEXT_HEAD)


def _foot(head: Letterhead, number: int, count: int) -> Iterator[Run]:
    setter = Setter(shipped_faces(), Style(SMALL, colour=GREY), head.language == "zh")
    page = head.page.format(number=number, count=count)
    width = setter.width(page)
    y = FOOT_RULE + SMALL_LEADING + 1
    yield from setter.runs(Line(page, width), RIGHT - width, y)
    for words in head.foot:
        for line in setter.clipped(words, MEASURE - width - 10 * MM, 1):
            yield from setter.runs(line, LEFT, y)
        y += SMALL_LEADING
