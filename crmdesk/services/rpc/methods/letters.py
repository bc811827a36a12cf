"""`letter.*`: what is written to complainants, as it was printed, and whether it left the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmdesk.errors import NotFound
from crmdesk.models.complaint import Letter
from crmdesk.models.payload import CHANNELS
from crmdesk.models.regime import LANGUAGES
from crmdesk.models.wire import Json
from crmdesk.services.complaints.letter_case import LetterWanted
from crmdesk.services.complaints.letters import KINDS
from crmdesk.services.complaints.procedure import procedure
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import DAY, ID, TEXT, Field, choice, entity_fields, nullable, record
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, action, change, query
from crmdesk.services.rpc.methods.system import whole_path
from crmdesk.services.rpc.records import all_required
from crmdesk.services.rpc.rows import one, told
from crmdesk.services.rpc.session import Session
from crmdesk.services.rpc.updates import BY_ID
from crmdesk.services.store.rows import StoredRows

if TYPE_CHECKING:
    from crmdesk.services.complaints.correspondence import LetterDraft
    from crmdesk.services.complaints.press import Printed

NAMES = (
    *("id", "complaint_id", "kind", "language", "text", "digest", "made_at", "sent_at", "sent_via"),
    *("author", "version"),
)
LETTERS = Listing("letter", Letter, NAMES, "-made_at")
LETTER_FIELDS = all_required(entity_fields(Letter, NAMES))
LETTER = record(*LETTER_FIELDS, title="Letter")
MADE = record(
    *LETTER_FIELDS,
    Field("unprintable", TEXT, "signs that no font has: □ stands for them in the file", required=True),
    title="MadeLetter",
)
WANTED = (
    Field("complaint_id", ID, required=True),
    Field("kind", choice(KINDS), "left out: the one that fits the state"),
    Field("language", choice(LANGUAGES), "left out: the complainant's"),
    Field("reason", TEXT, "the heart of the letter; left out: as the complaint has it"),
    Field("route", TEXT, "where else the customer may turn, with the address"),
    Field("body", TEXT, "to whom a referral goes, name and address, a line each"),
    Field("next_on", DAY, "when the customer hears from us; left out: by the clocks"),
)
DRAFT = record(
    Field("kind", choice(KINDS), required=True),
    Field("language", choice(LANGUAGES), required=True),
    Field("text", TEXT, "as people edit it; empty: something is lacking", required=True),
    Field("lacks", nullable(TEXT), "what has to be said first", required=True),
    Field("field", TEXT, "by which of the parameters it can be said", required=True),
)


def draft(connection: Any, desk: Desk, given: Given) -> Json:
    """Return the words of a letter."""
    made = _drafted(connection, desk, _wanted(given))
    return {
        "kind": made.kind,
        "language": made.case.language,
        "text": made.plain,
        "lacks": None if made.lacks is None else str(made.lacks),
        "field": made.field,
    }


def make(session: Session, given: Given) -> Json:
    """Print a letter and keep it; the id of one that is kept changes nothing."""
    desk, file = session.desk, given.get("file")
    path = None if file is None else whole_path("file", file)
    made = desk.store.read(_drafted, desk, _wanted(given)).result()
    if made.lacks is not None and "text" not in given:
        raise made.lacks
    plain = given.get("text", made.plain)
    printed = _printed(desk, made, plain)
    if path is not None:
        from crmdesk.services.complaints.press import write_file

        write_file(path, printed.pdf)
    kept = desk.store.write(_keep, desk, made, plain, printed.digest, given, initiator="rpc").result()
    return {**kept.result, "unprintable": printed.unprintable}


def send(work: Any, desk: Desk, given: Given) -> Json:
    """Write down that a letter left the house."""
    from crmdesk.services.complaints.correspondence import send_letter

    rules = procedure(work.connection, desk.parts.house())
    send_letter(work, rules, given["id"], given["sent_via"])
    return get(work.connection, desk, given)


def get(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one letter."""
    return told(one(connection, "letter", Letter, given["id"]), NAMES)


def list_letters(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return letters."""
    return LETTERS.page(connection, given, lambda rows: [told(row, NAMES) for row in rows])


def _wanted(given: Given) -> LetterWanted:
    said = {name: given[name] for name in ("language", "reason", "route", "body", "next_on") if name in given}
    return LetterWanted(complaint_id=given["complaint_id"], kind=given.get("kind", ""), **said)


def _drafted(connection: Any, desk: Desk, wanted: LetterWanted) -> LetterDraft:
    from crmdesk.services.complaints.correspondence import draft_letter

    rules = procedure(connection, desk.parts.house())
    return draft_letter(StoredRows(connection), connection, rules, desk.parts.sender(), wanted, desk.now())


def _printed(desk: Desk, made: LetterDraft, plain: str) -> Printed:
    """Print it; beside a window in another process, because it keeps Python busy."""
    from crmdesk.services.complaints.letter_text import read_text
    from crmdesk.services.complaints.press import Press, printed

    text = read_text(plain, made.case.language)
    if not desk.parts.considerate:
        return printed(made.kind, made.case, text)
    press = Press()
    try:
        return press.print(made.kind, made.case, text).result()
    finally:
        press.close()


def _keep(work: Any, desk: Desk, made: LetterDraft, plain: str, digest: str, given: Given) -> Json:
    from dataclasses import replace

    from crmdesk.services.complaints.correspondence import make_letter

    held = work.row("letter", given["id"]) if "id" in given else None
    if held is not None and held["complaint_id"] != given["complaint_id"]:
        raise NotFound("This {what} is not here any more.", fields=("id",), what="letter")
    wanted = replace(_wanted(given), kind=made.kind, language=made.case.language)
    rules = procedure(work.connection, desk.parts.house())
    row_id = make_letter(work, rules, desk.parts.sender(), wanted, plain, digest, given.get("id"))
    return get(work.connection, desk, {"id": row_id})


METHODS: tuple[Method, ...] = (
    query(
        "letter.draft", "The words of a letter about a complaint, before it is printed.", WANTED, DRAFT, draft
    ),
    action(
        "letter.make",
        "Print a letter about a complaint and keep it; one that decides has to say what its regime demands.",
        (
            *WANTED,
            Field("text", TEXT, "its words as edited; left out: as drafted"),
            Field("file", TEXT, "where the PDF goes, a whole path; left out: it is not written"),
            Field("id", ID, "made by the sender, so that making it twice makes one"),
        ),
        MADE,
        make,
        writes=True,
    ),
    change(
        "letter.send",
        "Write down that a letter left the house, and how; the first word of it counts. One that decides is "
        "refused until that is decided.",
        (*BY_ID, Field("sent_via", choice(CHANNELS), required=True)),
        LETTER,
        send,
    ),
    query("letter.get", "One letter as it was printed.", BY_ID, LETTER, get),
    query("letter.list", "Letters, the latest first.", LETTERS.params(), page_of(LETTER), list_letters),
)
