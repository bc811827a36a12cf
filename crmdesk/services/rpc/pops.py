"""A screen pop as JSON: what `call.pop` answers, and what a demo without a display prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from crmdesk.models.screen_pop import Badge, CustomerCard, Match, ScreenPop, TimelineEntry
from crmdesk.models.text import Text
from crmdesk.models.wire import Json, to_json
from crmdesk.models.worklist import Answer
from crmdesk.services.rpc.kinds import COUNT, FLAG, ID, MOMENT, TEXT, Field, list_of, nullable, record
from crmdesk.services.rpc.records import BADGE, COUNTERS, MATCH, all_required

HISTORY_ENTRY = record(
    *all_required(
        (
            Field("id", TEXT),
            Field("kind", TEXT, "call, visit, note or task"),
            Field("at", MOMENT),
            Field("direction", TEXT),
            Field("subject", TEXT),
            Field("summary", TEXT),
            Field("who", TEXT),
            Field("state", TEXT),
            Field("asset_id", nullable(ID)),
        )
    ),
    title="HistoryEntry",
)
ANSWER = record(
    *all_required(
        (
            Field("article_id", ID),
            Field("title", TEXT),
            Field("passage", TEXT),
            Field("why", TEXT, "short reasons"),
            Field("lang", TEXT),
            Field("safety", FLAG, "has a safety line that is read first"),
        )
    ),
    title="Answer",
)
NUMBER = record(
    *all_required(
        (
            Field("raw", nullable(TEXT), "as sent; null when withheld or not sent"),
            Field("e164", nullable(TEXT)),
            Field("kind", TEXT, "mobile, fixed, tollfree, short, extension, withheld, unknown or invalid"),
            Field("display", TEXT),
            Field("place_en", TEXT),
            Field("place_zh", TEXT),
        )
    ),
    title="Number",
)
POP = record(
    *all_required(
        (
            Field("call_id", ID),
            Field("external_id", TEXT),
            Field("extension", TEXT),
            Field("direction", TEXT),
            Field("reason", TEXT, "ringing, transfer, pickup or parking"),
            Field("rang_at", MOMENT),
            Field("number", NUMBER),
            Field("caller_name", TEXT),
            Field("dialled", TEXT),
            Field("queue", TEXT),
            Field("match", nullable(MATCH), "the customer shown; null while nobody is sure"),
            Field("matches", list_of(MATCH), "the chooser, best first"),
            Field("customer", nullable(record(open_ended=True)), "the head of the record, as shown"),
            Field("history", list_of(HISTORY_ENTRY), "newest first"),
            Field("history_total", COUNT),
            Field("counters", COUNTERS),
            Field("badges", list_of(BADGE)),
            Field("answers", list_of(ANSWER)),
            Field("verify", list_of(TEXT), "what to ask to make sure"),
            Field("warning", nullable(TEXT)),
        )
    ),
    title="Pop",
)


def pop_as_json(pop: ScreenPop) -> dict[str, Json]:
    """Return *pop* as the interface tells it."""
    shown = pop.customer.id if pop.customer else None
    return {
        "call_id": str(pop.call_id),
        "external_id": pop.call_key,
        "extension": pop.extension,
        "direction": pop.direction,
        "reason": pop.reason,
        "rang_at": to_json(pop.rang_at),
        "number": asdict(pop.number),
        "caller_name": pop.caller_name,
        "dialled": pop.dialled,
        "queue": pop.queue,
        "match": next((tell_match(m) for m in pop.matches if m.customer_id == shown), None),
        "matches": [tell_match(match) for match in pop.matches],
        "customer": card_as_json(pop.customer) if pop.customer else None,
        "history": [tell_entry(entry) for entry in pop.timeline.items],
        "history_total": pop.timeline.total,
        "counters": asdict(pop.counters),
        "badges": [tell_badge(badge) for badge in pop.badges],
        "answers": [_answer(answer) for answer in pop.answers],
        "verify": [str(text) for text in pop.verify],
        "warning": str(pop.warning) if pop.warning else None,
    }


def card_as_json(card: CustomerCard) -> dict[str, Json]:
    """Return the head of a record."""
    told = plain(asdict(card))
    told["phones"] = [point.display for point in card.numbers if point.kind == "phone"]
    told["emails"] = [point.display for point in card.numbers if point.kind == "email"]
    return dict(told)


def tell_match(match: Match) -> dict[str, Json]:
    """Return one customer the caller may be."""
    return {
        "customer_id": str(match.customer_id),
        "name": match.name,
        "confidence": match.confidence,
        "reasons": [str(reason) for reason in match.reasons],
        "kind": match.kind,
        "tier": match.tier,
        "contact_name": match.contact_name,
    }


def tell_entry(entry: TimelineEntry) -> dict[str, Json]:
    """Return one line of a time line."""
    return dict(plain(asdict(entry)))


def tell_badge(badge: Badge) -> dict[str, Json]:
    """Return one mark beside a name."""
    return {"key": badge.key, "text": str(badge.text), "tone": badge.tone}


def _answer(answer: Answer) -> dict[str, Json]:
    return {
        "article_id": str(answer.article_id),
        "title": answer.title,
        "passage": answer.passage,
        "why": reasons(answer.why),
        "lang": answer.lang,
        "safety": answer.safety,
    }


def reasons(why: tuple[Text, ...]) -> str:
    """Return short reasons as one line."""
    return ", ".join(str(text) for text in why)


def plain(value: Any) -> Any:
    """Return *value* in JSON types."""
    return to_json(value)
