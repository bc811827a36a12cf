"""Find anything: names in any script, digits of a number, plates, vehicle numbers, addresses, own ids.

What was typed is read in every way it can mean something, surest first; a way that gives enough ends the
search. Each way reads a bounded part of one index, newest rows first, customers with a tier before others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any
from uuid import UUID

from crmdesk.models.asset import VIN_LENGTH, plate_key
from crmdesk.models.complaint_number import read_number
from crmdesk.models.screen_pop import Found, FoundComplaint, FoundPage
from crmdesk.models.text import Text, say
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.names import (
    INITIALS,
    SYLLABLES,
    WHOLE,
    WORD_LENGTH,
    pieces,
    search_terms,
    searchable,
)
from crmdesk.services.customers.values import marks, rows
from crmdesk.services.knowledge.analysis import normalise, strip_controls
from crmdesk.values import dataclass

LIMIT = 500
TYPED = 200
"""Characters of a query that are read; nobody types more, somebody may paste a file."""
PIECES = 6
NUMBER_DIGITS = 4
"""From so many digits on a query is a number."""
SURE_DIGITS = 7
"""From so many on it is hardly anything else."""
CODE_LENGTH = 3
TRIGRAM = 3
TRIGRAMS = 4
"""How many of a query's trigrams the index is asked for; the rows tell the rest."""
CANDIDATES = 1_000
"""Index entries of digits and codes that are compared with their rows."""
NAMESAKES = 120
"""Newest customers of a name of which those with a tier come first."""
CODE_DIGITS = 8
"""Plates and the ends of VINs have no more digits in a row."""

NAME, PINYIN, CONTACT = say("name"), say("name in pinyin"), say("contact")
NUMBER, PLATE, VIN = say("number"), say("plate"), say("VIN")
E_MAIL, OWN_ID = say("e-mail"), say("customer number")

_PHONE = re.compile(r"[+(]?[\d\s().\-/]+")
_POINTS = f"""SELECT p.customer_id, p.raw FROM (SELECT rowid FROM contact_point_fts
 WHERE contact_point_fts MATCH ? ORDER BY rowid DESC LIMIT {CANDIDATES}) AS hit
 CROSS JOIN contact_point AS p ON p.seq = hit.rowid WHERE {{}} LIMIT ?"""
_BY_DIGITS = _POINTS.format("p.kind = 'phone' AND instr(p.national, ?)")
_BY_ADDRESS = _POINTS.format("p.kind <> 'phone' AND instr(p.value, ?)")
_BY_E164 = "SELECT customer_id, raw FROM contact_point WHERE value >= ? AND value < ? LIMIT ?"
_BY_CODE = f"""SELECT a.customer_id, a.plate, a.vin, a.plate_key FROM (SELECT rowid FROM asset_fts
 WHERE asset_fts MATCH ? ORDER BY rowid DESC LIMIT {CANDIDATES}) AS hit
 CROSS JOIN asset AS a ON a.seq = hit.rowid WHERE instr(a.plate_key, ?) OR instr(a.vin, ?) LIMIT ?"""
_BY_PLATE = "SELECT customer_id, plate FROM asset WHERE plate_key = ? LIMIT ?"
_BY_VIN = "SELECT customer_id, vin FROM asset WHERE vin = ? LIMIT ?"
_BY_OWN_ID = "SELECT id, external_id FROM customer WHERE external_id IN (?, ?) LIMIT ?"
_BY_NAME = """SELECT s.seq, s.starred, s.own, s.names FROM (SELECT rowid FROM customer_fts
 WHERE customer_fts MATCH ? ORDER BY rowid DESC LIMIT ?) AS hit
 CROSS JOIN customer_search AS s ON s.seq = hit.rowid"""
_IDS = "SELECT seq, id FROM customer WHERE seq IN ({})"
_CONTACTS = "SELECT name, name_alt FROM contact WHERE customer_id = ?"
_HEADS = """SELECT id, name, name_alt, kind, tier,
 (SELECT plate FROM asset WHERE customer_id = customer.id AND plate <> '' LIMIT 1),
 (SELECT raw FROM contact_point WHERE customer_id = customer.id AND kind = 'phone' LIMIT 1)
 FROM customer WHERE id IN ({})"""


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, read in every way: ``digits`` of a number, ``code`` of a plate or VIN, ``words``."""

    text: str
    folded: str
    digits: str
    code: str
    words: tuple[str, ...]


@dataclass(slots=True)
class _Hits:
    """Customers found so far, each once, with the first reason; one more than wanted tells there are more."""

    limit: int
    found: dict[bytes, tuple[Text, str]] = field(default_factory=dict)
    cut: bool = False

    def add(self, customer: bytes, why: Text, detail: str = "") -> None:
        """Add a hit unless the customer is there."""
        self.found.setdefault(customer, (why, detail))

    @property
    def room(self) -> int:
        """How many rows the next way has to give so that *limit* and one more are reached."""
        return max(0, self.limit + 1 - len(self.found))


def find(connection: Any, text: str, *, limit: int = 20) -> FoundPage:
    """Return the customers *text* may mean, best first, at most *limit* (1 to 500).

    Args:
        connection: a reader.
        text: as typed or pasted: anything, of any length.
        limit: how many; ``more`` tells that there are others.
    """
    query = understand(text)
    complaints = _complaints(connection, query.text)
    hits = _Hits(max(1, min(limit, LIMIT)))
    words = (_addresses, _names) if "@" in query.folded else (_names, _addresses)
    for way in (_exact, _numbers_and_codes, *words):
        if hits.room:
            way(connection, query, hits)
    return _page(connection, hits, complaints)


def _complaints(connection: Any, text: str) -> tuple[FoundComplaint, ...]:
    """Return the complaints whose number *text* is, typed in any way."""
    number = read_number(text)
    if number is None:
        return ()
    from crmdesk.services.complaints.record import numbered

    return numbered(connection, number)


def understand(text: str) -> Query:
    """Return *text* read in every way."""
    typed = " ".join(strip_controls(text[:TYPED]).split())
    folded = normalise(typed)
    phone = _PHONE.fullmatch(folded) is not None
    digits = "".join(c for c in folded if c.isdigit() and c.isascii())
    code = plate_key(folded)
    coded = any(c.isdigit() for c in code) and CODE_LENGTH <= len(code) <= VIN_LENGTH
    return Query(
        text=typed,
        folded=folded,
        digits=digits if phone and len(digits) >= NUMBER_DIGITS else "",
        code=code if coded else "",
        words=tuple(pieces(folded)[:PIECES]),
    )


def named(connection: Any, name: str, limit: int) -> list[bytes]:
    """Return the ids of the newest customers with exactly this name, in whichever spelling."""
    words = pieces(normalise(name))
    if not words:
        return []
    whole = _quoted(WHOLE + "".join(words)[:WORD_LENGTH])
    found = [row[0] for row in rows(connection, _BY_NAME, whole, limit)]
    ids = _ids(connection, found)
    return [ids[seq] for seq in found if seq in ids]


def _exact(connection: Any, query: Query, hits: _Hits) -> None:
    """Look for the whole of an own id, a plate or a VIN."""
    if not query.text:
        return
    for customer, own in rows(connection, _BY_OWN_ID, query.text, query.text.upper(), hits.room):
        hits.add(customer, OWN_ID, own)
    for statement, why in ((_BY_PLATE, PLATE), (_BY_VIN, VIN)):
        for customer, code in rows(connection, statement, query.code, hits.room) if query.code else ():
            hits.add(customer, why, code)


def _numbers_and_codes(connection: Any, query: Query, hits: _Hits) -> None:
    """Look for digits in numbers, and for parts of plates and VINs; short digits may be either."""
    codes = _codes(connection, query, hits.room)
    numbers = _numbers(connection, query, hits.room)
    surely_number = len(query.digits) >= SURE_DIGITS
    kept = 0 if surely_number else min(len(codes), hits.limit // 2)
    for customer, raw in numbers[: hits.limit - kept]:
        hits.add(customer, NUMBER, raw)
    for customer, why, detail in codes:
        hits.add(customer, why, detail)
    for customer, raw in numbers:
        hits.add(customer, NUMBER, raw)


def _numbers(connection: Any, query: Query, room: int) -> list[tuple[bytes, str]]:
    """Return owners of numbers that hold the digits, newest first; else read as typed with a prefix."""
    digits = query.digits
    found = _holding(connection, _BY_DIGITS, digits, room)
    if not found and digits.startswith("0"):
        found = _holding(connection, _BY_DIGITS, digits.lstrip("0"), room)
    if not found and len(digits) >= SURE_DIGITS:
        start = "+" + digits.lstrip("0")
        found = rows(connection, _BY_E164, start, start + ":", room)
    return found


def _codes(connection: Any, query: Query, room: int) -> list[tuple[bytes, Text, str]]:
    """Return owners of assets whose plate or VIN holds the code."""
    if not query.code or len(query.digits) > CODE_DIGITS:
        return []
    found = rows(connection, _BY_CODE, _trigrams(query.code), query.code, query.code, room)
    return [
        (customer, PLATE, plate) if query.code in key else (customer, VIN, vin)
        for customer, plate, vin, key in found
    ]


def _addresses(connection: Any, query: Query, hits: _Hits) -> None:
    """Look for a part of an address, when it looks like one or like nothing else."""
    if "@" in query.folded or not (hits.found or query.digits):
        for customer, raw in _holding(connection, _BY_ADDRESS, query.folded, hits.room):
            hits.add(customer, E_MAIL, raw)


def _holding(connection: Any, statement: str, part: str, room: int) -> list[tuple[bytes, str]]:
    if len(part) < TRIGRAM or " " in part:
        return []
    return rows(connection, statement, _trigrams(part), part, room)


def _trigrams(text: str) -> str:
    """Return the index query for rows that may hold *text*: its last trigrams, every second one.

    The beginning of numbers and VINs is what many have in common.
    """
    starts = list(range(len(text) - TRIGRAM, -1, -2))[:TRIGRAMS]
    if len(starts) < TRIGRAMS and starts[-1] > 0:
        starts.append(0)
    return " AND ".join(_quoted(text[start : start + TRIGRAM]) for start in starts)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _names(connection: Any, query: Query, hits: _Hits) -> None:
    """Look for names: whole ones first, then parts; of the newest those with a tier first."""
    for expression in _name_queries(query.words):
        if hits.room:
            found = rows(connection, _BY_NAME, expression, NAMESAKES + hits.limit)
            found = [row for row in found if _really(row[3], query.words)]
            found.sort(key=lambda row: -row[1])
            _add_names(connection, found[: hits.room + len(hits.found)], query.words, hits)


def _add_names(connection: Any, found: list[tuple[Any, ...]], words: Sequence[str], hits: _Hits) -> None:
    ids = _ids(connection, [row[0] for row in found])
    for seq, _, own, names in found:
        customer = ids.get(seq)
        if customer and customer not in hits.found:
            hits.add(customer, *_why(connection, customer, names.split("\n"), own, words))


def _ids(connection: Any, seqs: Sequence[int]) -> dict[int, bytes]:
    return dict(rows(connection, _IDS.format(marks(len(seqs))), *seqs)) if seqs else {}


def _name_queries(words: Sequence[str]) -> Iterator[str]:
    if not words or (len(words) == 1 and len(words[0]) == 1 and words[0].isascii()):
        return
    joined = "".join(words)
    yield _quoted(WHOLE + joined[:WORD_LENGTH])
    part = " AND ".join(f"({_part(word)})" for word in words)
    if len(words) > 1:
        part = f"({part}) OR {_quoted(joined[:SYLLABLES] if not joined.isascii() else joined)} *"
    yield part


def _part(word: str) -> str:
    """Return the query for names with a part that begins with *word*, spelt out or by initials."""
    if not word.isascii():
        return f"{_quoted(word[:SYLLABLES])} *"
    spelt = f"{_quoted(word)} *"
    return (
        f"{spelt} OR {_quoted(INITIALS + word)} *" if word.isalpha() and 1 < len(word) <= SYLLABLES else spelt
    )


def _really(names: str, words: Sequence[str]) -> bool:
    """Tell whether what a term could not hold (the rest of a long word) is there, too."""
    return all(word in names for word in words if len(word) > SYLLABLES and not word.isascii())


def _why(
    connection: Any, customer: bytes, names: list[str], own: int, words: Sequence[str]
) -> tuple[Text, str]:
    """Return why a name was found, and the contact's name when it was his; *own* names come first."""
    if _literally(names[:own], words):
        return NAME, ""
    if own == len(names) or (not _literally(names, words) and _spoken(names[:own], words)):
        return PINYIN, ""
    for contact in rows(connection, _CONTACTS, customer):
        held = searchable(contact)
        if _literally(held, words) or _spoken(held, words):
            return CONTACT, contact[0]
    return NAME, ""


def _literally(names: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(word in name for name in names) for word in words)


def _spoken(names: Sequence[str], words: Sequence[str]) -> bool:
    terms = search_terms("\n".join(names))
    return all(any(term.startswith((word, INITIALS + word)) for term in terms) for word in words)


def _page(connection: Any, hits: _Hits, complaints: tuple[FoundComplaint, ...]) -> FoundPage:
    shown = list(hits.found.items())[: hits.limit]
    if not shown:
        return FoundPage((), False, complaints)
    heads = rows(connection, _HEADS.format(marks(len(shown))), *(customer for customer, _ in shown))
    by_id = {head[0]: head for head in heads}
    items = []
    for customer, (why, detail) in shown:
        if customer in by_id:
            _, name, name_alt, kind, tier, plate, phone = by_id[customer]
            told = detail or plate or phone or ""
            items.append(Found(CustomerId(UUID(bytes=customer)), name, name_alt, kind, tier, why, told))
    return FoundPage(tuple(items), len(hits.found) > hits.limit, complaints)
