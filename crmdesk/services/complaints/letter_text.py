"""A letter as words: paragraphs with what each of them is, and the plain form people edit.

In the plain form every line is a paragraph and its first signs tell what it is; a backslash: none of these::

    # subject   ## heading   - item   | flush left (salutation)   > signature
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

SUBJECT, HEADING, ITEM, FLUSH, SIGNATURE, BODY = "subject", "heading", "item", "flush", "signature", "body"
MARKS = {"# ": SUBJECT, "## ": HEADING, "- ": ITEM, "| ": FLUSH, "> ": SIGNATURE}
_MARK_OF = {role: mark for mark, role in MARKS.items()}
_PLAIN = "\\"
"""Before a line of the body that begins like something else."""
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = frozenset(("Cc", "Cf"))
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Selectors that only choose between shapes of the sign before them."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph: what it is, one of :data:`MARKS` or ``body``, and its words."""

    role: str
    text: str

    def plain(self) -> str:
        """Return the line that people edit."""
        marked = self.role == BODY and self.text.startswith((*MARKS, _PLAIN))
        return (_PLAIN if marked else _MARK_OF.get(self.role, "")) + self.text


@dataclass(frozen=True, slots=True)
class LetterText:
    """All words of a letter in *language* (``en``, ``zh``); printed as they stand."""

    language: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def subject(self) -> str:
        """The subject line, empty when somebody took it out."""
        return next((each.text for each in self.paragraphs if each.role == SUBJECT), "")

    def plain(self) -> str:
        """Return the form people edit; :func:`read_text` reads it back."""
        return "\n\n".join(each.plain() for each in self.paragraphs)


def read_text(plain: str, language: str) -> LetterText:
    """Return the letter that *plain* says, without what cannot be seen."""
    return LetterText(language, tuple(read_paragraphs(plain)))


def read_paragraphs(plain: str) -> Iterable[Paragraph]:
    """Yield the paragraphs of *plain*, a line each; empty lines only set them apart."""
    for line in clean(plain).split("\n"):
        mark = next((mark for mark in MARKS if line.startswith(mark)), "")
        text = line[len(mark) :].removeprefix("" if mark else _PLAIN).strip()
        if text:
            yield Paragraph(MARKS.get(mark, BODY), text)


def clean(text: str) -> str:
    """Return *text* with one kind of line end, composed signs, and nothing invisible.

    Control characters, marks of direction and joiners go; a half of a surrogate pair becomes U+FFFD.
    """
    composed = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text).replace("\t", " "))
    return "".join(_seen(sign) for sign in _VARIANTS.sub("", composed))


def one_line(text: str) -> str:
    """Return *text* cleaned, on one line, with single spaces."""
    return " ".join(clean(text).split())


def _seen(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Cs":
        return "\ufffd"
    return "" if kind in _INVISIBLE and sign != "\n" else sign
