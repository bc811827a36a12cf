"""The head of a customer's record: card, counters, badges and what to ask to make sure.

A card takes seven queries, whatever the length of the history; all are answered by indexes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.screen_pop import (
    AssetCard,
    Badge,
    ContactPointView,
    ContactView,
    Counters,
    CustomerCard,
)
from crmdesk.models.text import Text, say
from crmdesk.models.types import AssetId, ContactPointId, CustomerId
from crmdesk.services.customers.repeats import repeat_faults
from crmdesk.services.customers.values import DAY, day, micros, moment, moment_at, rows, zone_of
from crmdesk.services.store.complaint_index import OPEN
from crmdesk.values import dataclass

OIL_CHANGE = "oil_change"
"""Key of the work item that is an oil change."""
ASSETS = 12
"""Cards of a fleet shown; the rest is in the list of assets."""
POINTS = 30
BADGES = 6
TIERS = MappingProxyType({"platinum": say("Platinum"), "gold": say("Gold"), "silver": say("Silver")})
WARRANTY_ENDS_SOON = timedelta(days=60)

_CUSTOMER = """SELECT rev, kind, name, name_alt, tier, key_account, language, preferred_channel, do_not_call,
 hint, first_business_on, external_id FROM customer WHERE id = ?"""
_POINTS = f"""SELECT p.id, p.kind, p.raw, p.label, p.sharing, p.warned_at IS NOT NULL, p.contact_id
 FROM contact_point AS p WHERE p.customer_id = ? ORDER BY p.position, p.seq LIMIT {POINTS}"""
_CONTACTS = f"""SELECT id, name, role FROM contact WHERE customer_id = ? ORDER BY id LIMIT {POINTS}"""
_ASSETS = f"""SELECT a.id, a.model, m.name_zh, m.name_en, a.plate, a.vin, a.mileage_km, a.built_on,
 a.warranty_until, a.next_service_on, a.next_service_km, last.visited_at, last.outlet, last.summary,
 CASE WHEN a.oil_id = last.id THEN last.visited_at ELSE oil.visited_at END,
 CASE WHEN a.oil_id = last.id THEN last.outlet ELSE oil.outlet END,
 CASE WHEN a.oil_id = last.id THEN last.mileage_km ELSE oil.mileage_km END
 FROM (SELECT *,
  (SELECT v.id FROM service_visit AS v WHERE v.asset_id = asset.id
   ORDER BY v.visited_at DESC LIMIT 1) AS last_id,
  (SELECT max(v.visited_at) FROM service_visit AS v WHERE v.asset_id = asset.id) AS last_at,
  (SELECT i.visit_id FROM visit_item AS i WHERE i.asset_id = asset.id AND i.kind = 'work'
   AND i.code = '{OIL_CHANGE}' ORDER BY i.at DESC LIMIT 1) AS oil_id
  FROM asset WHERE customer_id = ? ORDER BY seq LIMIT {ASSETS}) AS a
 LEFT JOIN product_model AS m ON m.key = a.model
 LEFT JOIN service_visit AS last
  ON last.asset_id = a.id AND last.visited_at = a.last_at AND +last.id = a.last_id
 LEFT JOIN service_visit AS oil ON oil.id = nullif(a.oil_id, last.id)"""
"""The last visit is read from its index alone, the last oil change fetched only when it was another visit."""
_COUNTS = """SELECT sum(at >= ?), sum(at >= ?), count(*),
 sum(at >= ? AND kind = 'call' AND direction <> 'out' AND id <> ?),
 (SELECT count(*) FROM interaction WHERE customer_id = ?)
 FROM interaction WHERE customer_id = ? AND at >= ? AND kind NOT IN ('note', 'task', 'complaint')"""
_WAITING = f"""SELECT
 (SELECT count(*) FROM task WHERE customer_id = ?1 AND state = 'open' AND complaint_id IS NULL),
 count(*), ifnull(max(number), ''), ifnull(max(severity = 'S1' OR level > 0), 0)
 FROM complaint WHERE customer_id = ?1 AND {OPEN}"""


def customer_card(connection: Any, customer_id: CustomerId, *, now: datetime) -> CustomerCard | None:
    """Return the head of a customer's record, None when there is no such customer.

    Args:
        connection: a reader.
        customer_id: whose.
        now: the desk's moment; dates inside texts are told in its zone.
    """
    found = rows(connection, _CUSTOMER, customer_id.bytes)
    if not found:
        return None
    rev, kind, name, name_alt, tier, key, language, channel, do_not_call, hint, since, external = found[0]
    points = rows(connection, _POINTS, customer_id.bytes)
    return CustomerCard(
        id=customer_id,
        version=rev,
        kind=kind,
        name=name,
        name_alt=name_alt,
        tier=tier,
        key_account=bool(key),
        language=language,
        preferred_channel=channel,
        do_not_call=bool(do_not_call),
        hint=hint,
        since=day(since),
        external_id=external,
        numbers=tuple(_point(row) for row in points),
        contacts=_contacts(connection, customer_id, points),
        assets=_assets(connection, customer_id, language, now),
    )


def _point(row: tuple[Any, ...]) -> ContactPointView:
    row_id, kind, raw, label, sharing, warned, _contact = row
    return ContactPointView(ContactPointId(UUID(bytes=row_id)), kind, raw, label, sharing, bool(warned))


def _contacts(
    connection: Any, customer_id: CustomerId, points: list[tuple[Any, ...]]
) -> tuple[ContactView, ...]:
    """Return the people of a company, each with his first telephone number."""
    phones: dict[bytes, str] = {}
    for _, kind, raw, _label, _sharing, _warned, contact in points:
        if contact and kind == "phone":
            phones.setdefault(contact, raw)
    people = rows(connection, _CONTACTS, customer_id.bytes)
    return tuple(ContactView(name, role, phones.get(row_id, "")) for row_id, name, role in people)


@dataclass(frozen=True, slots=True)
class _Stay:
    """A stay in a workshop, as far as a card tells it."""

    at: int | None
    outlet: str | None
    more: object

    def in_words(self, now: datetime) -> str:
        """Return date, outlet and mileage; empty when there was none."""
        if self.at is None:
            return ""
        when = moment_at(self.at).astimezone(zone_of(now)).date().isoformat()
        return " · ".join(
            part for part in (when, self.outlet, f"{self.more} km" if self.more else "") if part
        )

    def without_date(self) -> str:
        """Return outlet and summary."""
        return " · ".join(str(part) for part in (self.outlet, self.more) if part)


def _assets(connection: Any, customer_id: CustomerId, language: str, now: datetime) -> tuple[AssetCard, ...]:
    found = rows(connection, _ASSETS, customer_id.bytes)
    repeated = (
        repeat_faults(connection, customer_id.bytes, [row[0] for row in found], now=now) if found else {}
    )
    cards = []
    for row in found:
        row_id, model, zh, en, plate, vin, mileage, built, warranty, next_on, next_km, *stays = row
        last, oil = _Stay(*stays[:3]), _Stay(*stays[3:])
        cards.append(
            AssetCard(
                id=AssetId(UUID(bytes=row_id)),
                model=model,
                model_name=(en if language.startswith("en") else zh) or en or model,
                plate=plate,
                vin=vin,
                mileage_km=mileage,
                built_on=day(built),
                warranty_until=day(warranty),
                last_visit_at=moment(last.at),
                last_visit=last.without_date(),
                last_oil_change=oil.in_words(now),
                next_service_on=day(next_on),
                next_service_km=next_km,
                repeat_faults=repeated.get(row_id, ()),
            )
        )
    return tuple(cards)


def counters(
    connection: Any, customer_id: CustomerId, *, now: datetime, call_id: UUID | None = None
) -> Counters:
    """Return how often this customer was in contact and how much is open.

    A contact is anything but a note or a task of ours. *call_id* is the call going on: it is counted once
    in ``call_in_30``, stored already or not. Without one, ``call_in_30`` is the number of calls stored.
    """
    return tally(connection, customer_id, now=now, call_id=call_id)[0]


def tally(
    connection: Any, customer_id: CustomerId, *, now: datetime, call_id: UUID | None = None
) -> tuple[Counters, int]:
    """Do :func:`counters`; return the length of the time line too."""
    at, whose = micros(now), customer_id.bytes
    month, quarter, year = at - 30 * DAY, at - 90 * DAY, at - 365 * DAY
    present = call_id.bytes if call_id else b""
    counted = rows(connection, _COUNTS, month, quarter, month, present, whose, whose, year)
    contacts_30, contacts_90, contacts_365, calls, total = counted[0]
    issues, complaints, number, grave = rows(connection, _WAITING, whose)[0]
    found = Counters(
        contacts_30=contacts_30 or 0,
        contacts_90=contacts_90 or 0,
        contacts_365=contacts_365,
        open_issues=issues,
        open_complaints=complaints,
        complaint=number,
        grave=bool(grave),
        call_in_30=(calls or 0) + (call_id is not None),
    )
    return found, total


def badges(card: CustomerCard, counted: Counters, *, now: datetime) -> tuple[Badge, ...]:
    """Return the short marks beside the name, most urgent first, at most :data:`BADGES`."""
    found = (*_warnings(card, counted), *_standing(card), *_dates(card, now.date()))
    return found[:BADGES]


def _warnings(card: CustomerCard, counted: Counters) -> Iterable[Badge]:
    if card.do_not_call:
        yield Badge("do_not_call", say("Do not call"), "breach")
    if counted.open_complaints:
        yield Badge("complaint", _complaints(counted), "breach" if counted.grave else "due")
    if counted.open_issues:
        text = (
            say("1 open issue") if counted.open_issues == 1 else say("{n} open issues", n=counted.open_issues)
        )
        yield Badge("open_issues", text, "due")
    repeated = [fault for asset in card.assets for fault in asset.repeat_faults]
    if repeated:
        worst = max(repeated, key=lambda fault: (fault.times, -fault.days))
        words = say("Same fault {n} times in {days} days", n=worst.times, days=worst.days)
        yield Badge("repeat_fault", words, "breach" if worst.times > 2 else "due")
    if counted.call_in_30 > 1:
        yield Badge("repeat_call", say("Call {n} in 30 days", n=counted.call_in_30), "due")


def _complaints(counted: Counters) -> Text:
    if counted.open_complaints == 1:
        return say("Complaint {number} open", number=counted.complaint)
    return say("{n} complaints open", n=counted.open_complaints)


def _standing(card: CustomerCard) -> Iterable[Badge]:
    if card.key_account:
        yield Badge("key_account", say("Key account"), "good")
    if card.tier in TIERS:
        yield Badge("tier", TIERS[card.tier], "plain")


def _dates(card: CustomerCard, today: date) -> Iterable[Badge]:
    if any(asset.next_service_on and asset.next_service_on < today for asset in card.assets):
        yield Badge("service_due", say("Service overdue"), "due")
    ends = sorted(a.warranty_until for a in card.assets if a.warranty_until and a.warranty_until >= today)
    if ends and ends[0] <= today + WARRANTY_ENDS_SOON:
        yield Badge("warranty", say("Warranty ends in {n} days", n=(ends[0] - today).days), "due")
    elif ends:
        yield Badge("warranty", say("In warranty"), "good")


def verify_facts(card: CustomerCard) -> tuple[Text, ...]:
    """Return two facts to ask the caller for; the sentence never holds the answer."""
    return tuple(_askable(card))[:2]


def _askable(card: CustomerCard) -> Iterable[Text]:
    if any(asset.plate for asset in card.assets):
        yield say("Licence plate of the car?")
    if any(asset.last_visit for asset in card.assets):
        yield say("Which workshop had the car last?")
    if any(asset.vin for asset in card.assets):
        yield say("Last six characters of the VIN?")
    if any(asset.built_on for asset in card.assets):
        yield say("Year the car was built?")
    if any(point.kind == "email" for point in card.numbers):
        yield say("E-mail address we have on record?")
    if sum(point.kind == "phone" for point in card.numbers) > 1:
        yield say("Another telephone number we have on record?")
