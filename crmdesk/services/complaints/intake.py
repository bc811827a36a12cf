"""Writing a complaint down beside the running call: what is known, what was guessed, and saving it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from crmdesk.models.complaint_file import may_move
from crmdesk.models.text import Text
from crmdesk.services.complaints import intake_sheet
from crmdesk.services.complaints.files import SUPERVISOR, actor_of
from crmdesk.services.complaints.procedure import House, Procedure, procedure, rules_of
from crmdesk.services.complaints.provisional import Earlier, Gravity, severity_rule, weigh
from crmdesk.services.complaints.sentence import readout, readout_solved
from crmdesk.services.complaints.taking import open_complaint, tag_of
from crmdesk.services.customers.values import rows
from crmdesk.services.store.rows import StoredRows
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.operations import Author
    from crmdesk.services.complaints.guess import Guess
    from crmdesk.services.complaints.intake_sheet import Sheet
    from crmdesk.services.store.unit_of_work import UnitOfWork

_CATEGORIES = """SELECT c.key, c.name_en, c.name_zh, ifnull(p.name_en, ''), ifnull(p.name_zh, ''),
 c.needs_asset FROM complaint_category AS c
 LEFT JOIN complaint_category AS p ON p.key = c.parent AND c.parent > ''
 WHERE NOT EXISTS (SELECT 1 FROM complaint_category AS below WHERE below.parent = c.key)
 ORDER BY c.position, c.key"""
_OUTLETS = "SELECT key, name_en, name_zh FROM outlet ORDER BY key"
_ASSETS = """SELECT a.id, a.model, a.plate, ifnull(m.name_en, ''), ifnull(m.name_zh, ''),
 (SELECT o.key FROM service_visit AS v JOIN outlet AS o ON o.id = v.outlet_id
   WHERE v.asset_id = a.id ORDER BY v.visited_at DESC LIMIT 1),
 (SELECT max(v.visited_at) FROM service_visit AS v WHERE v.asset_id = a.id)
 FROM asset AS a LEFT JOIN product_model AS m ON m.key = a.model WHERE a.customer_id = ?"""
_CUSTOMER = "SELECT name, name_alt, language FROM customer WHERE id = ?"


class Guesses(Protocol):
    """Whoever guesses categories from words."""

    def guess(self, text: str, at_most: int = 3) -> tuple[Guess, ...]:
        """Return the likeliest categories of *text*, the best first."""
        ...


@dataclass(frozen=True, slots=True)
class Sense:
    """What makes sense of words; slow to make, quick to ask."""

    guesses: Guesses
    gravity: Gravity


def starter_sense() -> Sense:
    """Return what a shop begins with. Reads the disk; tenths of a second."""
    from crmdesk.services.complaints.categories import starter_categories
    from crmdesk.services.complaints.guess import CategoryGuesser

    return Sense(CategoryGuesser(starter_categories()), severity_rule())


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from a long list: ``head`` is what it belongs to, ``typed`` what finds it."""

    key: str
    name_en: str
    name_zh: str
    head_en: str = ""
    head_zh: str = ""
    needs_asset: bool = False
    typed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetChoice:
    """Something the customer owns; ``outlet`` is the key of the one that served it last."""

    id: str
    name_en: str
    name_zh: str
    plate: str
    outlet: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the words and the history say: likely categories, severity with reasons, what it repeats."""

    guesses: tuple[Guess, ...]
    severity: str
    because: tuple[Text, ...]
    repeats: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the form is filled with and chooses from; ``assets``: the one served last first.

    ``limit`` is what this person may grant alone, smallest unit of ``currency``.
    """

    name: str
    name_alt: str
    language: str
    categories: tuple[Choice, ...]
    outlets: tuple[Choice, ...]
    assets: tuple[AssetChoice, ...]
    assessment: Assessment
    limit: int
    currency: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A complaint that was kept: its number, what to read out; strips tell no ``restricted`` ones.

    ``provisional``: the date may move, because holidays of its year are not announced.
    """

    id: UUID
    number: str
    state: str
    severity: str
    due_at: datetime | None
    readout: Text
    restricted: bool = False
    provisional: bool = False


def logged_of(row: Mapping[str, Any], now: datetime, house: House) -> Logged:
    """Return what is told of a complaint that was kept; *row* is its head."""
    number, severity, due_at = row["number"], row["severity"], row["next_due_at"]
    moves = due_at is not None and may_move(rules_of(house), row["next_clock"], severity, due_at)
    if row["state"] == "RESOLVED":
        told = readout_solved(number, severity, due_at, now, house.tzinfo, provisional=moves)
    else:
        told = readout(number, due_at, now, house.tzinfo, provisional=moves)
    return Logged(
        id=row["id"],
        number=row["number"],
        state=row["state"],
        severity=row["severity"],
        due_at=row["next_due_at"],
        readout=told,
        restricted=bool(row["restricted"]),
        provisional=moves,
    )


def warm(connection: Any, sense: Sense, house: House) -> None:
    """Load what the first form asks for: the procedure, the readings of names, the words of guesses."""
    procedure(connection, house)
    for row in rows(connection, _CATEGORIES):
        _category(row, spelt)
    sense.guesses.guess("")
    sense.gravity.provisional("")


def offer(
    connection: Any,
    sheet: Sheet,
    sense: Sense,
    house: House,
    author: Author,
    spelt: Callable[[str], tuple[str, ...]],
) -> Offer:
    """Return what the form of *sheet* offers, read in one snapshot.

    Args:
        connection: a reader.
        sheet: what the call or the record told.
        sense: guesses.
        house: limits and zone.
        author: who writes it down.
        spelt: gives what may be typed for a name, pinyin included.
    """
    who = rows(connection, _CUSTOMER, UUID(sheet.customer_id).bytes) if sheet.customer_id else []
    name, name_alt, language = who[0] if who else ("", "", "")
    rules = procedure(connection, house)
    return Offer(
        name=name,
        name_alt=name_alt,
        language=language,
        categories=tuple(_category(row, spelt) for row in rows(connection, _CATEGORIES)),
        outlets=tuple(_outlet(row, spelt) for row in rows(connection, _OUTLETS)),
        assets=_assets(connection, sheet.customer_id),
        assessment=assess(connection, sheet, sense),
        limit=_limit(connection, rules, author),
        currency=house.currency,
    )


def assess(connection: Any, sheet: Sheet, sense: Sense) -> Assessment:
    """Return what the words of *sheet* and the history of customer and asset say.

    While no category is chosen the likeliest counts.
    """
    known = {key for (key,) in rows(connection, "SELECT key FROM complaint_category")}
    guesses = tuple(each for each in sense.guesses.guess(sheet.what_happened) if each.key in known)
    category = sheet.category or (guesses[0].key if guesses else "")
    found = weigh(connection, intake_sheet.matter(sheet, category), sense.gravity)
    return Assessment(guesses, found.severity, found.because, found.repeats)


def log_complaint(work: UnitOfWork, sheet: Sheet, house: House, own_tag: str) -> Logged:
    """Keep the complaint of *sheet*, solved on the call if it says so; the same sheet again changes nothing.

    Raises:
        InvalidInput: a field is missing or wrong.
        Denied: it may not be done; nothing was kept.
    """
    rules = procedure(work.connection, house)
    row = open_complaint(
        work,
        rules,
        tag_of(work.connection, own_tag),
        intake_sheet.first_step(sheet),
        intake_sheet.beside(sheet),
        UUID(sheet.complaint_id),
        intake_sheet.solving(sheet),
    )
    return logged_of(row, work.author.now(), house)


def spelt(name: str) -> tuple[str, ...]:
    """Return what may be typed for *name*: its words, and for Chinese pinyin and initials."""
    from crmdesk.services.customers.names import INITIALS, WHOLE, search_terms, searchable

    terms = search_terms("\n".join(searchable([name])))
    return tuple(sorted({term.removeprefix(WHOLE).removeprefix(INITIALS) for term in terms}))


def _category(row: tuple[Any, ...], spelt: Callable[[str], tuple[str, ...]]) -> Choice:
    key, name_en, name_zh, head_en, head_zh, needs_asset = row
    typed = tuple(term for name in (name_en, name_zh, head_en, head_zh) for term in spelt(name))
    return Choice(key, name_en, name_zh, head_en, head_zh, bool(needs_asset), typed)


def _outlet(row: tuple[Any, ...], spelt: Callable[[str], tuple[str, ...]]) -> Choice:
    key, name_en, name_zh = row
    return Choice(key, name_en, name_zh, typed=(*spelt(name_en), *spelt(name_zh)))


def _assets(connection: Any, customer_id: str) -> tuple[AssetChoice, ...]:
    if not customer_id:
        return ()
    found = rows(connection, _ASSETS, UUID(customer_id).bytes)
    found.sort(key=lambda row: -(row[6] or 0))
    return tuple(
        AssetChoice(str(UUID(bytes=row_id)), name_en or model, name_zh or model, plate, outlet or "")
        for row_id, model, plate, name_en, name_zh, outlet, _ in found
    )


def _limit(connection: Any, rules: Procedure, author: Author) -> int:
    actor = actor_of(StoredRows(connection), connection, author)
    return rules.limits.supervisor if actor.role == SUPERVISOR else rules.limits.agent
