"""What a letter about a complaint says, read from the store: who, where, when, what was found and granted."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.clock import STOPPED, Standing, is_regimes
from crmdesk.models.complaint_file import extensions
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.deadline import Due, due, effective
from crmdesk.models.regime import LANGUAGES, Regime, settled_under
from crmdesk.services.complaints.files import fields_of, remedies_of
from crmdesk.services.complaints.letter_text import clean
from crmdesk.services.complaints.letter_words import LetterWords, letter_words
from crmdesk.services.complaints.letters import (
    ACKNOWLEDGEMENT,
    CLOSING,
    DECISION,
    HOLDING,
    REFERRAL,
    REJECTION,
    SUMMARY,
    LetterCase,
    LetterRemedy,
)
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.operations import Rows
    from crmdesk.models.wire import Row
    from crmdesk.services.complaints.procedure import Procedure
    from crmdesk.settings import Settings

BY_STATE: Mapping[str, str] = {
    "RECEIVED": ACKNOWLEDGEMENT,
    "ACKNOWLEDGED": ACKNOWLEDGEMENT,
    "ASSESSED": ACKNOWLEDGEMENT,
    "INVESTIGATING": HOLDING,
    "WAITING": HOLDING,
    "PROPOSED": DECISION,
    "RESPONDED": DECISION,
    "RESOLVED": CLOSING,
    "FOLLOW_UP": CLOSING,
    "CLOSED": CLOSING,
    "REJECTED": REJECTION,
}
"""The letter that a complaint is most likely to need in a state."""
_HEARS = frozenset({"update", "decide", "contact", "answer_window"})
"""Clocks after which a complainant hears from us."""
_INSTANT = timedelta(microseconds=1)
_CATEGORY = "SELECT name_en, name_zh FROM complaint_category WHERE key = ?"


@dataclass(frozen=True, slots=True)
class Sender:
    """The house as its letters name it."""

    company: str = ""
    address: tuple[str, ...] = ()
    phone: str = ""
    mail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWanted:
    """A letter somebody wants to write, and what he says that the complaint does not.

    Attributes:
        kind: one of :data:`crmdesk.services.complaints.letters.KINDS`.
        language: ``en`` or ``zh``; empty: the complainant's.
        reason: the heart of the letter; empty: what the complaint says.
        route: where else the customer may turn; empty: as told before, else as the regime has it.
        body: to whom a referral goes, its name and then its address, a line each; empty: by the complaint.
        next_on: when the customer hears from us; None: by the clocks.
    """

    complaint_id: UUID
    kind: str
    language: str = ""
    reason: str = ""
    route: str = ""
    body: str = ""
    next_on: date | None = None


def sender_of(settings: Settings) -> Sender:
    """Return the house that *settings* describe."""
    parts = settings.text("company_address").replace("；", ";").split(";")
    address = tuple(part.strip() for part in parts if part.strip())
    return Sender(
        settings.text("company"), address, settings.text("company_phone"), settings.text("company_mail")
    )


def fitting_kind(fields: Row) -> str:
    """Return the letter that a complaint is most likely to need in the state it is in."""
    if fields["external"] and fields["state"] not in ("PROPOSED", "CLOSED"):
        return REFERRAL
    if fields["state"] == "RESOLVED" and fields["first_contact"]:
        return SUMMARY
    return BY_STATE.get(fields["state"], ACKNOWLEDGEMENT)


def letter_language(rows: Rows, fields: Row) -> str:
    """Return the language in which the complainant is written to."""
    customer = _customer(rows, fields)
    known = (fields["language"], customer["language"] if customer else "")
    return next((each for each in known if each in LANGUAGES), "en")


def letter_case(
    rows: Rows, connection: Any, rules: Procedure, sender: Sender, wanted: LetterWanted, now: datetime
) -> LetterCase:
    """Return everything the letter *wanted* says, from the store as it stands.

    Args:
        rows: the store.
        connection: the same store.
        rules: by what the complaint is handled.
        sender: the house.
        wanted: which letter about which complaint.
        now: when it is written.

    Raises:
        NotFound: there is no such complaint, or its body is not for this person.
    """
    fields = fields_of(rows, wanted.complaint_id)
    language = wanted.language or letter_language(rows, fields)
    reading = _Reading(rows, connection, rules, fields, letter_words(language), language, now)
    ahead = reading.next_on(wanted.kind) if wanted.next_on is None else None
    name, address = reading.complainant()
    body = clean(wanted.body).strip().splitlines() or [reading.outside_body()]
    return LetterCase(
        number=fields["number"],
        language=language,
        written_on=reading.day(now),
        received_at=fields["received_at"],
        zone=rules.house.tzinfo,
        company=sender.company,
        company_address=sender.address,
        contact=tuple(filter(None, (sender.phone, sender.mail))),
        name=name,
        address=address,
        category=reading.category(),
        what_happened=fields["what_happened"],
        remedy_wanted=reading.words.called("remedies", fields["remedy_wanted"]),
        owner_name=reading.owner_name(),
        owner_phone=reading.owner_phone(sender.phone),
        next_date=wanted.next_on or (reading.last_day(ahead.at) if ahead else None),
        next_moves=ahead is not None and ahead.provisional,
        answer_by=reading.answer_by(wanted.kind),
        finding=fields["finding"] if wanted.kind != REJECTION else "",
        reason_text=wanted.reason or reading.reason(wanted.kind),
        remedies=reading.remedies(wanted.kind),
        regime=reading.regime(wanted.kind),
        outside_route=wanted.route or reading.route(),
        outside_body=body[0],
        outside_address=tuple(body[1:]),
        outside_reference=fields["external_reference"],
    )


@dataclass(frozen=True)
class _Reading:
    """One complaint, read for one letter."""

    rows: Rows
    connection: Any
    rules: Procedure
    fields: Row
    words: LetterWords
    language: str
    now: datetime

    def day(self, moment: datetime) -> date:
        """Return the day of *moment* at the site."""
        return moment.astimezone(self.rules.house.tzinfo).date()

    def last_day(self, due: datetime) -> date:
        """Return the day at the site on which something *due* ends: at 24:00 that is the day before."""
        return self.day(due - _INSTANT)

    def complainant(self) -> tuple[str, tuple[str, ...]]:
        """Return name and address; that of the customer is not for who speaks for him."""
        customer, spoken = _customer(self.rows, self.fields), self.fields["complainant"].strip()
        names = (customer["name"], customer["name_alt"]) if customer else ("", "")
        if spoken and spoken not in names:
            return spoken, ()
        if customer is None:
            return spoken, ()
        address = [*clean(customer["address"]).splitlines(), customer["city"]]
        if customer["city"] and any(customer["city"] in line for line in address[:-1]):
            address.pop()
        if self.language == "zh":
            address.reverse()
        return _in_script(names, self.language), tuple(line.strip() for line in address if line.strip())

    def category(self) -> str:
        """Return what the complaint is about."""
        found = self.connection.execute(_CATEGORY, (self.fields["category"],)).fetchone()
        told = found[LANGUAGES.index(self.language)] if found else ""
        return told or self.fields["category"]

    def owner_name(self) -> str:
        """Return the name of who looks after it."""
        row = self._owner()
        return str(row[f"name_{self.language}"] or row["login"]) if row else ""

    def owner_phone(self, phone: str) -> str:
        """Return how the owner is reached from outside; an extension alone helps nobody there."""
        row = self._owner()
        if row is None or not row["extension"] or not phone:
            return phone
        return self.words["extension"].format(phone=phone, extension=row["extension"])

    def reason(self, kind: str) -> str:
        """Return what the complaint says as the heart of the letter *kind*."""
        fields = self.fields
        if kind in (SUMMARY, CLOSING):
            return str(fields["what_was_done"] or fields["reason_text"])
        if kind == HOLDING:
            return str(fields["wait_what"] if fields["state"] == "WAITING" else "")
        return str(fields["reason_text"]) if kind in (DECISION, REFERRAL) else ""

    def remedies(self, kind: str) -> tuple[LetterRemedy, ...]:
        """Return what the customer gets; before the decision that is nobody's business."""
        if kind not in (DECISION, SUMMARY, CLOSING, REFERRAL):
            return ()
        found = [row for row in remedies_of(self.rows, self.fields["id"]) if not row["void"]]
        told = [row for row in found if kind == DECISION or row["granted_at"] is not None]
        return tuple(self._remedy(row) for row in told if row["type"] != "none")

    def route(self) -> str:
        """Return where else the complainant may turn: as he was told, else as his regime has it."""
        fields = self.fields
        return str(fields["other_route"] or self.words.called("routes", fields["regime"]))

    def outside_body(self) -> str:
        """Return the body outside that the complaint has gone to."""
        return self.words.called("bodies", self.fields["external"])

    def next_on(self, kind: str) -> Due | None:
        """Return when he, or in a referral the body, hears from us: by clocks that are not over yet.

        A holding letter names the end of the longer time that a regime leaves by it.
        """
        ledger = ledger_of(self.rows.where("clock_line", "complaint_id", self.fields["id"]))
        standings = ledger.standings(self.now, self.rules.rules.measures).values()
        ahead = [each for each in standings if each.state != STOPPED and each.due > self.now]
        if kind == REFERRAL:
            return effective(*(_due(each) for each in ahead if each.clock.endswith("/answer")))
        if kind == HOLDING:
            longer = extensions(ledger, self.rules.rules, self.now).values()
            extended = (_due(each) for each in ahead if ledger.extended(each.clock))
            if first := effective(*longer, *extended):
                return first
        ours = [_due(each) for each in ahead if each.clock in _HEARS and not is_regimes(each.clock)]
        if kind in (ACKNOWLEDGEMENT, HOLDING):
            span = self.rules.rules.targets.span("update", self.fields["severity"])
            ours += [due(span, self.now, self.rules.rules.time)] if span else []
        return effective(*ours)

    def regime(self, kind: str) -> Regime | None:
        """Return the regime whose sentences a letter carries: of what was settled at once that for such."""
        known, key = self.rules.rules.regimes, self.fields["regime"]
        at_once = kind == SUMMARY and self.fields["first_contact"] and self.fields["state"] != "PROPOSED"
        return settled_under(known, key) if at_once else known.get(key)

    def answer_by(self, kind: str) -> date | None:
        """Return until when he may answer the letter."""
        fields, targets = self.fields, self.rules.rules.targets
        if kind == DECISION:
            until = fields["answer_until"] if fields["state"] == "RESPONDED" else None
            time = self.rules.rules.time
            return self.last_day(until or time.close_of(self.now, targets.answer_business_days))
        if kind in (CLOSING, REJECTION):
            since = fields["closed_at"] if kind == CLOSING else None
            return self.day((since or self.now) + timedelta(days=targets.reopen_days))
        return None

    def _remedy(self, row: Row) -> LetterRemedy:
        return LetterRemedy(
            self.words.called("remedies", row["type"]) or row["type"],
            row["value"],
            self.rules.house.currency,
            self.day(row["due"]) if row["due"] else None,
            self.day(row["done_at"]) if row["done_at"] else None,
        )

    def _owner(self) -> Row | None:
        owner = self.fields["owner_id"]
        return self.rows.get("agent", owner) if owner else None


def _due(standing: Standing) -> Due:
    return Due(standing.due, standing.provisional)


def _customer(rows: Rows, fields: Row) -> Row | None:
    return rows.get("customer", fields["customer_id"]) if fields["customer_id"] else None


def _in_script(names: tuple[str, str], language: str) -> str:
    """Return the name that is written in the script of *language*, else the usual one."""
    fits = (each for each in names if each and _is_han(each) == (language == "zh"))
    return next(fits, names[0])


def _is_han(text: str) -> bool:
    return any("CJK" in unicodedata.name(sign, "") for sign in text)
