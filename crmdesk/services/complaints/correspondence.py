"""Letters of a complaint as they are kept: made, printed again, and sent.

A letter is written from the store (:mod:`~crmdesk.services.complaints.letter_case`), typeset in another
process (:mod:`~crmdesk.services.complaints.press`), and kept as its text with the digest of the file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Denied, InvalidInput, NotFound
from crmdesk.models.complaint_file import extensions, met_by_reply
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.payload import CHANNELS
from crmdesk.models.rules import one_of
from crmdesk.models.sending import DECIDING, sending_lacks
from crmdesk.services.complaints.files import actor_of, case_of, fields_of, file_of
from crmdesk.services.complaints.follow_up import finish_errands
from crmdesk.services.complaints.letter_case import (
    LetterWanted,
    Sender,
    fitting_kind,
    letter_case,
    letter_language,
)
from crmdesk.services.complaints.letter_text import LetterText, read_text
from crmdesk.services.complaints.letters import (
    ACKNOWLEDGEMENT,
    HOLDING,
    SUMMARY,
    LetterCase,
    check_printable,
    missing_wording,
    text_of,
)
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.models.operations import Rows
    from crmdesk.models.wire import Row
    from crmdesk.services.complaints.procedure import Procedure
    from crmdesk.services.store.unit_of_work import UnitOfWork

_DIGEST = re.compile("[0-9a-f]{64}")
ASKED_FOR = {ACKNOWLEDGEMENT: ("written_acknowledgement",), SUMMARY: ("summary",)}
"""The errand that is done once such a letter has left the house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDraft:
    """A letter before it is kept.

    Attributes:
        case: everything it says, with its language.
        plain: its words in the form people edit; empty when ``lacks`` says what has to be said first.
        lacks: why there is no text yet, and by ``field`` which of reason, route, body or next_on would help.
    """

    kind: str
    case: LetterCase
    plain: str
    lacks: InvalidInput | None = None
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter:
    """A letter that was kept, with what its sheet says today; ``digest`` is that of the file made then."""

    id: UUID
    kind: str
    case: LetterCase
    text: LetterText
    digest: str


_FIELD_OF = {
    "reason_text": "reason",
    "finding": "reason",
    "outside_route": "route",
    "outside_body": "body",
    "next_date": "next_on",
}


def draft_letter(
    rows: Rows, connection: Any, rules: Procedure, sender: Sender, wanted: LetterWanted, now: datetime
) -> LetterDraft:
    """Return the letter *wanted* as the template says it; no kind: the one that fits the state.

    Raises:
        NotFound: there is no such complaint, or its body is not for this person.
    """
    fields = fields_of(rows, wanted.complaint_id)
    wanted = replace(
        wanted,
        kind=wanted.kind or fitting_kind(fields),
        language=wanted.language or letter_language(rows, fields),
    )
    case = letter_case(rows, connection, rules, sender, wanted, now)
    try:
        return LetterDraft(kind=wanted.kind, case=case, plain=text_of(wanted.kind, case).plain())
    except InvalidInput as lacks:
        named = _FIELD_OF.get(lacks.fields[0] if lacks.fields else "", "")
        return LetterDraft(kind=wanted.kind, case=case, plain="", lacks=lacks, field=named)


def wording_missing(kind: str, case: LetterCase, plain: str) -> tuple[str, ...]:
    """Return what *plain* must still say; costs no typesetting."""
    return missing_wording(kind, case, read_text(plain, case.language))


def make_letter(
    work: UnitOfWork,
    rules: Procedure,
    sender: Sender,
    wanted: LetterWanted,
    plain: str,
    digest: str,
    letter_id: UUID | None = None,
) -> UUID:
    """Keep a letter with its text and the digest of its file; return its id. The same id changes nothing.

    Args:
        work: the unit of work; committed.
        rules: by what the complaint is handled.
        sender: the house.
        wanted: which letter about which complaint.
        plain: its words as people edit them.
        digest: SHA-256 of the PDF, hex digits.
        letter_id: the draft's.

    Raises:
        InvalidInput: the letter lacks what it is written for, or a sentence that the regime demands.
        NotFound: the complaint is not here.
    """
    case = letter_case(work.stored, work.connection, rules, sender, wanted, work.author.now())
    text = check_printable(wanted.kind, case, read_text(plain, case.language))
    if not _DIGEST.fullmatch(digest):
        raise InvalidInput("{name} must be the SHA-256 of the file.", fields=("digest",), name="digest")
    row_id = letter_id or work.author.new_id()
    fields = {
        "complaint_id": wanted.complaint_id,
        "kind": wanted.kind,
        "language": case.language,
        "text": text.plain(),
        "digest": digest,
    }
    if work.row("letter", row_id) is None:
        work.do(work.author.describe("letter.make", {"id": row_id, "fields": fields}))
    work.commit()
    return row_id


def send_letter(work: UnitOfWork, rules: Procedure, letter_id: UUID, sent_via: str) -> None:
    """Write down that a letter has left the house, by which channel; the first word of it counts.

    What the procedure asked for in writing is done with it; a holding reply gives a regime's clock more time,
    or meets it.

    Raises:
        Denied: it tells what is not decided yet.
        InvalidInput: there is no such channel.
        NotFound: there is no such letter.
    """
    mark_sent(work, rules, letter_id, sent_via)
    work.commit()


def mark_sent(
    work: UnitOfWork, rules: Procedure, letter_id: UUID, sent_via: str, complaint_id: UUID | None = None
) -> None:
    """Do :func:`send_letter` within a larger change; refuse a letter of another complaint than that one."""
    one_of("sent_via", sent_via, CHANNELS)
    row = letter_of(work.stored, letter_id, complaint_id)
    if row["sent_at"] is None:
        _refuse_undecided(work, rules, row)
        payload = {"id": letter_id, "sent_via": sent_via, **_held(work, rules, row)}
        work.do(work.author.describe("letter.send", payload))
    finish_errands(work, row["complaint_id"], ASKED_FOR.get(row["kind"], ()))


def _refuse_undecided(work: UnitOfWork, rules: Procedure, letter: Row) -> None:
    """Refuse that a letter leaves the house which tells what is not decided yet."""
    if letter["kind"] not in DECIDING:
        return
    actor = actor_of(work.stored, work.connection, work.author)
    file = file_of(work.stored, letter["complaint_id"])
    case = case_of(work.stored, work.connection, rules, file, actor, {}, work.author.now())
    lacks = sending_lacks(letter["kind"], case)
    if lacks is not None:
        raise Denied(lacks.template)


def _held(work: UnitOfWork, rules: Procedure, letter: Row) -> Row:
    """Return what a holding reply brings, for its operation: no calendar and no regime is at hand there."""
    if letter["kind"] != HOLDING:
        return {}
    ledger = ledger_of(work.stored.where("clock_line", "complaint_id", letter["complaint_id"]))
    now = work.author.now()
    found = extensions(ledger, rules.rules, now)
    met = met_by_reply(ledger, rules.rules, now, letter["text"], letter["language"])
    dues = [
        {"clock": clock, "due": due.at, "calendar": due.calendar, "provisional": due.provisional}
        for clock, due in found.items()
    ]
    return {name: each for name, each in (("extended", dues), ("met", met)) if each}


def letter_of(rows: Rows, letter_id: UUID, complaint_id: UUID | None) -> Row:
    """Return a letter; refuse one that is not here or, with *complaint_id*, is about another complaint."""
    row = rows.get("letter", letter_id)
    if row is None:
        raise NotFound("There is no such letter. Make it first.", fields=("letter_id",))
    if complaint_id not in (None, row["complaint_id"]):
        raise NotFound(
            "This letter is about another complaint. Make one for this complaint first.",
            fields=("letter_id",),
        )
    return row


def kept_letter(rows: Rows, connection: Any, rules: Procedure, sender: Sender, letter_id: UUID) -> KeptLetter:
    """Return a letter to print it once more, dated as it was.

    Raises:
        NotFound: there is no such letter, or its complaint is not for this person.
    """
    row = rows.get("letter", letter_id)
    if row is None:
        raise NotFound("This {what} is not here any more.", what="letter")
    wanted = LetterWanted(complaint_id=row["complaint_id"], kind=row["kind"], language=row["language"])
    case = letter_case(rows, connection, rules, sender, wanted, row["made_at"])
    text = read_text(row["text"], row["language"])
    return KeptLetter(id=letter_id, kind=row["kind"], case=case, text=text, digest=row["digest"])
