"""Letters about a complaint: their words, what they must not lack, and how they are printed.

They say what ISO 10002 asks for: that we have it and who deals with it (7.4), the decision, its reason, what
we do and by when (7.8), how to disagree inside and outside (7.9). The words are templates in
``resources/letters``; a regime's own sentences come with its data. A letter that decides is not printed
while one of those is missing.

A template is a letter in its plain form (:mod:`~crmdesk.services.complaints.letter_text`) with ``$names``. A
line goes when one of its names has no value, a heading goes when nothing is left below it; ``[upheld]``,
``[a or b]`` or ``[not finding]`` before a line tells when it is there.
"""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from functools import cache
from string import Template
from typing import TYPE_CHECKING

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.models.regime import LANGUAGES, Regime, Sentence, not_said
from crmdesk.resources import resource
from crmdesk.services.complaints.letter_text import (
    BODY,
    FLUSH,
    HEADING,
    ITEM,
    SIGNATURE,
    LetterText,
    Paragraph,
    clean,
    one_line,
    read_paragraphs,
    read_text,
)
from crmdesk.services.complaints.letter_words import LetterWords, letter_words
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmdesk.services.complaints.letter_pages import Letterhead
    from crmdesk.services.typesetting.pages import Page

ACKNOWLEDGEMENT, HOLDING, DECISION, CLOSING = "acknowledgement", "holding", "decision", "closing"
SUMMARY, REJECTION, REFERRAL = "summary", "rejection", "referral"
KINDS = (ACKNOWLEDGEMENT, HOLDING, DECISION, CLOSING, SUMMARY, REJECTION, REFERRAL)
DECIDING = (DECISION, SUMMARY, REJECTION)
"""Letters after which the customer may go elsewhere: they carry the regime's sentences."""
FINDINGS = ("upheld", "partly", "not_upheld")

_NEEDED = {
    HOLDING: ("reason_text", "next_date"),
    DECISION: ("finding", "reason_text"),
    SUMMARY: ("reason_text",),
    REJECTION: ("reason_text", "outside_route"),
    REFERRAL: ("outside_body",),
}
_NAMES_A_BODY = ("named in this letter", "本函所列")
"""How a regime's sentence says that the letter must name the body outside."""
_WRONG = (
    "Line {line} of the template {file} cannot be filled in: {text} Put it right: $ stands before a name that"
    " the other templates use, $$ prints the sign itself."
)
_UNREADABLE = (
    "The template {file} is missing, empty or no text in UTF-8. Put back the one that crmdesk came with."
)
_CONDITION = re.compile(r"\[([a-z_ ]+)\] ")
_BLOCK = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True, slots=True)
class LetterRemedy:
    """What is done for the customer: its name, money in the smallest unit, when it is due or was done."""

    kind: str
    value: int = 0
    currency: str = ""
    due: date | None = None
    done: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCase:
    """Everything a letter says about its complaint.

    Attributes:
        language: ``en`` or ``zh``; all words here are in it.
        zone: of the site: days are told as they are there.
        salutation: how the complainant is addressed, e.g. ``Ms Wang`` or ``王女士``; empty: by the name.
        contact: how to reach the company besides its address: telephone, mail, web.
        next_date: when the complainant hears from us; in a referral, when the body hears from us.
        next_moves: that date is provisional: holidays that may move it are not announced yet.
        answer_by: until when the complainant may answer a decision, or take a settled complaint up again.
        finding: one of :data:`FINDINGS`, empty before there is one.
        reason_text: the heart of the letter: why we decided so, why it takes longer, what was done. Each line
            is a paragraph, ``- `` before it makes an item.
        outside_route: where else the complainant may turn, with the address; lines as in ``reason_text``.
        outside_body, outside_address, outside_reference: to whom a referral goes, and its number there.
    """

    number: str
    language: str
    written_on: date
    received_at: datetime
    zone: tzinfo
    company: str
    company_address: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    name: str = ""
    salutation: str = ""
    address: tuple[str, ...] = ()
    category: str = ""
    what_happened: str = ""
    remedy_wanted: str = ""
    owner_name: str = ""
    owner_phone: str = ""
    next_date: date | None = None
    next_moves: bool = False
    answer_by: date | None = None
    finding: str = ""
    reason_text: str = ""
    remedies: tuple[LetterRemedy, ...] = ()
    regime: Regime | None = None
    outside_route: str = ""
    outside_body: str = ""
    outside_address: tuple[str, ...] = ()
    outside_reference: str = ""


def text_of(kind: str, case: LetterCase) -> LetterText:
    """Return the words of the letter *kind* (one of :data:`KINDS`) about *case*.

    Raises:
        InvalidInput: the letter would lack what it is written for; names the field.
        FileFault: somebody changed the template such that nothing can be made of it.
    """
    _check(kind, case)
    words = letter_words(case.language)
    values, blocks = _values(case, words), _blocks(kind, case, words)
    facts = {name for name, value in (values | blocks).items() if value} | {case.finding}
    facts |= {"next_moves"} if case.next_moves else set()
    filled = list[Paragraph]()
    for number, line in enumerate(template(kind, case.language).splitlines(), 1):
        try:
            filled += _filled(line, values, blocks, facts)
        except (KeyError, ValueError) as error:
            raise FileFault(
                _WRONG, file=_file(kind, case.language), line=number, text=one_line(line)
            ) from error
    if not filled:
        raise FileFault(_UNREADABLE, file=_file(kind, case.language))
    return LetterText(case.language, tuple(_without_empty_sections(filled)))


def missing_wording(kind: str, case: LetterCase, text: LetterText | None = None) -> tuple[str, ...]:
    """Return the sentences that the regime demands of this letter and that *text* does not say.

    Args:
        kind: one of :data:`KINDS`; :data:`DECIDING` ones are bound, and under some regimes a holding letter.
        case: the complaint with its regime.
        text: an edited letter; None: the template as it stands.
    """
    wanted = _sentences(kind, case)
    if not wanted:
        return ()
    said = text_of(kind, case) if text is None else read_text(text.plain(), case.language)
    return not_said(wanted, "\n".join(each.text for each in said.paragraphs), case.language)


def _sentences(kind: str, case: LetterCase) -> tuple[Sentence, ...]:
    """Return what the regime has a letter of this *kind* say."""
    if case.regime is None:
        return ()
    if kind == HOLDING:
        return case.regime.holding_sentences
    return case.regime.sentences if kind in DECIDING else ()


def pages(kind: str, case: LetterCase, text: LetterText | None = None) -> tuple[Page, ...]:
    """Return the sheets of a letter as :func:`pdf` prints them, to show before.

    Raises:
        InvalidInput: as in :func:`pdf`.
    """
    return _pages(kind, case, check_printable(kind, case, text))


def pdf(kind: str, case: LetterCase, text: LetterText | None = None) -> bytes:
    """Return a letter as PDF (A4, for a window envelope); the same bytes for the same letter.

    Costs 25 to 50 ms of CPU, 180 for 10 000 signs, and the first one in a process 330 more for the library
    and the fonts: never in the window's thread.

    Args:
        kind: one of :data:`KINDS`.
        case: the complaint.
        text: the letter as edited; None: as the template says it.

    Raises:
        InvalidInput: a field is missing that the letter is about, the text is empty, or it lacks a sentence
            that the regime demands.
    """
    return set_letter(kind, case, check_printable(kind, case, text))[1]


def set_letter(kind: str, case: LetterCase, said: LetterText) -> tuple[tuple[Page, ...], bytes]:
    """Return sheets and PDF of a letter that :func:`check_printable` found good, now or when it was kept."""
    from crmdesk.services.typesetting.pdf import pdf_of

    company, title = one_line(case.company), said.subject or one_line(case.number)
    sheets = _pages(kind, case, said)
    return sheets, pdf_of(sheets, title=title, author=company, language=case.language)


def check_printable(kind: str, case: LetterCase, text: LetterText | None) -> LetterText:
    """Return what may be printed: cleaned, not empty, with all the regime demands.

    Raises:
        InvalidInput: as in :func:`pdf`.
    """
    _check(kind, case)
    said = text_of(kind, case) if text is None else read_text(text.plain(), case.language)
    if not said.paragraphs:
        raise InvalidInput("The letter is empty. Start again from the template.", fields=("text",))
    missing = missing_wording(kind, case, said)
    if missing:
        raise InvalidInput(
            "The letter must still say: {wording} Put it back, or start again from the template.",
            fields=("text",),
            wording=" ".join(missing),
        )
    return said


def unprintable(text: str) -> str:
    """Return each sign of *text* once that the shipped fonts do not have: □ is printed instead."""
    from crmdesk.services.typesetting.faces import shipped_faces

    faces = shipped_faces()
    return "".join(dict.fromkeys(sign for sign in clean(text) if sign != "\n" and not faces.has(sign)))


@cache
def template(kind: str, language: str) -> str:
    """Return the template of a letter; read once in a process.

    Raises:
        FileFault: it is not there, or no text.
    """
    try:
        return resource("letters", language, f"{kind}.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFault(_UNREADABLE, file=_file(kind, language)) from error


def _file(kind: str, language: str) -> str:
    return f"letters/{language}/{kind}.txt"


def _check(kind: str, case: LetterCase) -> None:
    if kind not in KINDS or case.language not in LANGUAGES:
        raise ValueError(f"there is no letter {kind} in {case.language}")
    if case.finding and case.finding not in FINDINGS:
        raise ValueError(f"there is no finding {case.finding}")
    for name in _NEEDED.get(kind, ()):
        value = getattr(case, name)
        if not (_paragraphs(value) if isinstance(value, str) else value):
            raise _lacks(name)
    told = [each.in_language(case.language) for each in _sentences(kind, case)]
    if any(phrase in each for each in told for phrase in _NAMES_A_BODY) and not _paragraphs(
        case.outside_route
    ):
        raise _lacks("outside_route")


def _lacks(name: str) -> InvalidInput:
    if name == "finding":
        return InvalidInput("Say first whether the complaint is upheld, in part or not.", fields=(name,))
    if name == "next_date":
        return InvalidInput("Say by when the customer hears from us.", fields=(name,))
    if name == "outside_route":
        return InvalidInput("Say where else the customer may turn, with the address.", fields=(name,))
    if name == "outside_body":
        return InvalidInput("Say to which body outside the letter goes.", fields=(name,))
    return InvalidInput("Write the reason for the customer first.", fields=(name,))


def _pages(kind: str, case: LetterCase, said: LetterText) -> tuple[Page, ...]:
    from crmdesk.services.complaints.letter_pages import letter_pages

    return letter_pages(said, _to_whom(kind, case), _letterhead(kind, case))


def _to_whom(kind: str, case: LetterCase) -> tuple[str, ...]:
    """Return the lines for the window of the envelope, in the order of each country's post."""
    name, address = case.name, case.address
    if kind == REFERRAL:
        name, address = case.outside_body, case.outside_address
    addressee = letter_words(case.language)["addressee"].format(name=one_line(name)) if one_line(name) else ""
    lines = (*address, addressee) if case.language == "zh" else (addressee, *address)
    return tuple(line for line in map(one_line, lines) if line)


def _letterhead(kind: str, case: LetterCase) -> Letterhead:
    from crmdesk.services.complaints.letter_pages import Letterhead

    words = letter_words(case.language)
    company, number, date_words = one_line(case.company), one_line(case.number), words.date(case.written_on)
    office = (
        ("our_reference", number),
        ("your_reference", one_line(case.outside_reference) if kind == REFERRAL else ""),
        ("written_on", date_words),
        ("contact", one_line(case.owner_name)),
        ("telephone", one_line(case.owner_phone)),
    )
    joined = words["separator"].join
    return Letterhead(
        language=case.language,
        company=company,
        sender=joined(filter(None, (company, *map(one_line, case.company_address)))),
        office=tuple((words[label], value) for label, value in office if value),
        again=joined((company, words["our_reference"] + words["colon"] + number, date_words)),
        page=words["page"],
        foot=tuple(joined(map(one_line, part)) for part in (case.company_address, case.contact) if part),
    )


def _values(case: LetterCase, words: LetterWords) -> dict[str, str]:
    """Return what stands inside a sentence, by the name in the templates."""
    somebody = one_line(case.salutation) or one_line(case.name)
    given = {
        "dear": somebody or words["anybody"],
        "farewell": words["farewell_to_somebody" if somebody else "farewell_to_anybody"],
        "name": case.name,
        "company": case.company,
        "category": case.category,
        "happened": case.what_happened,
        "wanted": case.remedy_wanted,
        "owner": case.owner_name,
        "body": case.outside_body,
        "finding": case.finding,
        "finding_words": words[case.finding] if case.finding else "",
    }
    whole = {
        "number": case.number,
        "owner_phone": case.owner_phone,
        "received": words.date(case.received_at.astimezone(case.zone).date()),
        "written_on": words.date(case.written_on),
        "next_date": words.date(case.next_date),
        "answer_by": words.date(case.answer_by),
    }
    values = {name: one_line(value) for name, value in given.items()}
    return values | {name: _unbroken(one_line(value)) for name, value in whole.items()}


def _unbroken(text: str) -> str:
    """Return *text* such that no line ends inside of it."""
    return text.replace(" ", "\u00a0")


def _blocks(kind: str, case: LetterCase, words: LetterWords) -> dict[str, tuple[Paragraph, ...]]:
    """Return what takes whole paragraphs, by the name in the templates."""
    sentences = _sentences(kind, case)
    return {
        "reason": _paragraphs(case.reason_text),
        "route": _paragraphs(case.outside_route),
        "sentences": tuple(Paragraph(BODY, one_line(each.in_language(case.language))) for each in sentences),
        "remedies": tuple(Paragraph(ITEM, _remedy(each, words)) for each in case.remedies),
    }


def _paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return what somebody typed in several lines; nothing in it becomes a subject or a signature."""
    return tuple(Paragraph(ITEM if each.role == ITEM else BODY, each.text) for each in read_paragraphs(text))


def _remedy(remedy: LetterRemedy, words: LetterWords) -> str:
    kind = one_line(remedy.kind)
    kind = kind[:1].upper() + kind[1:]
    value = _unbroken(words.amount(remedy.value, remedy.currency)) if remedy.value else ""
    line = words["remedy_value" if value else "remedy"].format(kind=kind, value=value)
    if remedy.done:
        return words["remedy_done"].format(line=line, done=_unbroken(words.date(remedy.done)))
    if remedy.due:
        return words["remedy_due"].format(line=line, due=_unbroken(words.date(remedy.due)))
    return line


def _filled(
    line: str, values: Mapping[str, str], blocks: Mapping[str, tuple[Paragraph, ...]], facts: set[str]
) -> Iterable[Paragraph]:
    """Return what becomes of one line of a template."""
    condition = _CONDITION.match(line)
    if condition and not any(_holds(each, facts) for each in condition[1].split(" or ")):
        return ()
    line = line[condition.end() :] if condition else line
    block = _BLOCK.fullmatch(line)
    if block and block[1] in blocks:
        return blocks[block[1]]
    pattern = Template(line)
    if not all(values[name] for name in pattern.get_identifiers()):
        return ()
    return [Paragraph(each.role, Template(each.text).substitute(values)) for each in read_paragraphs(line)]


def _holds(fact: str, facts: set[str]) -> bool:
    return fact.removeprefix("not ") not in facts if fact.startswith("not ") else fact in facts


def _without_empty_sections(paragraphs: list[Paragraph]) -> Iterator[Paragraph]:
    ends = (HEADING, FLUSH, SIGNATURE)
    for each, after in zip(paragraphs, [*paragraphs[1:], None], strict=True):
        if each.role != HEADING or (after is not None and after.role not in ends):
            yield each
