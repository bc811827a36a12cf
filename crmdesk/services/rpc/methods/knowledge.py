"""`knowledge.*`: searching, suggesting, reading and writing articles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models import article, asset, call, customer
from crmdesk.models.rules import clean_line
from crmdesk.models.wire import Json
from crmdesk.services import calls
from crmdesk.services.knowledge.search import search
from crmdesk.services.knowledge.suggest import suggest
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    FLAG,
    ID,
    NUMBER,
    TEXT,
    Field,
    choice,
    entity_fields,
    integer,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.pops import reasons
from crmdesk.services.rpc.records import ARTICLE, ARTICLE_CHOICES, ARTICLE_NAMES, ARTICLE_WRITABLE
from crmdesk.services.rpc.rows import one, select, told
from crmdesk.services.rpc.updates import BASE_VERSION

ARTICLES = Listing("article", article.Article, ARTICLE_NAMES)
RECENT = 10
LIMIT = Field("limit", integer(1, 100), default=10)
LANGUAGE = Field("language", nullable(choice(article.LANGUAGES)), "only articles in this language")
HIT = record(
    Field("article_id", ID, required=True),
    Field("external_id", TEXT, "the id in the system it came from", required=True),
    Field("title", TEXT, required=True),
    Field("passage", TEXT, "the part that says most, one line", required=True),
    Field("score", NUMBER, "comparable within one answer only", required=True),
    Field("why", TEXT, "short reasons", required=True),
    Field("lang", TEXT, required=True),
    Field("safety", FLAG, "has a safety line that is read first", required=True),
    title="Hit",
)
HITS = record(Field("items", list_of(HIT), "best first", required=True))
FIELDS = entity_fields(article.Article, ARTICLE_WRITABLE, choices=ARTICLE_CHOICES)


def find(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return the articles that answer a query best."""
    models = given.get("models", ())
    hits = search(
        connection, given["query"], limit=given["limit"], language=given.get("language"), models=models
    )
    return {"items": [_hit(hit, hit.score) for hit in hits]}


def propose(connection: Any, desk: Desk, given: Given) -> Json:
    """Return articles for a call or a customer, before anything is typed and while it is."""
    customer_id = _whose(connection, desk, given)
    model, topics, language = _about(connection, customer_id)
    found = suggest(
        connection,
        model=model,
        topics=topics,
        text=given.get("text", ""),
        language=given.get("language") or language,
        limit=given["limit"],
    )
    return {"items": [_hit(each, float(len(found) - n)) for n, each in enumerate(found)]}


def _whose(connection: Any, desk: Desk, given: Given) -> UUID | None:
    if given.get("customer_id"):
        one(connection, "customer", customer.Customer, given["customer_id"])
        return UUID(str(given["customer_id"]))
    if not given.get("call_id") and not given.get("external_id"):
        raise InvalidInput("Give call_id, external_id or customer_id.", fields=("call_id", "customer_id"))
    call_id = given.get("call_id") or desk.calls.call_id(given["external_id"])
    owner: UUID | None = one(connection, "call", call.Call, call_id)["customer_id"]
    return owner


def _about(connection: Any, customer_id: UUID | None) -> tuple[str, list[str], str]:
    """Return the model a customer drives, his recent topics and his language."""
    if customer_id is None:
        return "", [], "zh"
    who = one(connection, "customer", customer.Customer, customer_id)
    cars = select(
        connection, "asset", asset.Asset, "WHERE customer_id = ? ORDER BY id LIMIT 1", (customer_id,)
    )
    topics = connection.execute(
        "SELECT topic FROM (SELECT topic, at FROM interaction WHERE customer_id = ? ORDER BY at DESC LIMIT ?)"
        " WHERE topic <> '' ORDER BY at DESC",
        (customer_id.bytes, RECENT),
    ).fetchall()
    language = who["language"] if who["language"] in article.LANGUAGES else "en"
    return cars[0]["model"] if cars else "", list(dict.fromkeys(t for (t,) in topics)), language


def _hit(found: Any, score: float) -> Json:
    return {
        "article_id": str(found.article_id),
        "external_id": found.external_id,
        "title": found.title,
        "passage": found.passage,
        "score": score,
        "why": reasons(found.why),
        "lang": found.lang,
        "safety": bool(found.safety),
    }


def get_article(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one article, by id or external_id."""
    if "id" in given:
        return told(one(connection, "article", article.Article, given["id"]), ARTICLE_NAMES)
    name = given.get("external_id", "")
    rows = select(connection, "article", article.Article, "WHERE external_id = ? LIMIT 1", (name,))
    if not name or not rows:
        raise NotFound("There is no article {name}.", fields=("external_id",), name=name)
    return told(rows[0], ARTICLE_NAMES)


def list_articles(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return articles."""
    return ARTICLES.page(connection, given, lambda rows: [told(row, ARTICLE_NAMES) for row in rows])


def save(work: Any, desk: Desk, given: Given) -> Json:
    """Keep an article, new or in its next version."""
    values = {name: value for name, value in given.items() if name not in ("id", "base_version")}
    known = _known(work, given)
    base = given.get("base_version") if known else None
    operation = article.save_article(work.author, values, known, base)
    work.do(operation)
    work.commit()
    return get_article(work.connection, desk, {"id": UUID(operation.payload["id"])})


def _known(work: Any, given: Given) -> UUID | None:
    """Return the id of the article that is saved, by its id or the source's; None when it is a new one."""
    if "id" in given:
        found: UUID = one(work.connection, "article", article.Article, given["id"])["id"]
        return found
    name = clean_line(given.get("external_id", ""))
    rows = work.rows("article", "external_id", name) if name else []
    return rows[0]["id"] if rows else None


def feedback(work: Any, _desk: Desk, given: Given) -> Json:
    """Keep that an article was used, or did not help."""
    one(work.connection, "article", article.Article, given["article_id"])
    calls.mark_article(work, given["article_id"], given["verdict"], given.get("call_id"))
    rows = select(
        work.connection, "article_feedback", article.ArticleFeedback, "WHERE id = ?", (given["article_id"],)
    )
    return {"article_id": str(given["article_id"]), **told(rows[0], ("used", "unhelpful"))}


METHODS: tuple[Method, ...] = (
    query(
        "knowledge.search",
        "Articles that answer a query, best first; the last word may be half typed.",
        (
            Field("query", TEXT, required=True),
            LIMIT,
            LANGUAGE,
            Field("models", list_of(TEXT, 50), "what the caller owns: articles about it go up"),
        ),
        HITS,
        find,
    ),
    query(
        "knowledge.suggest",
        "Articles for a call or a customer: by what he owns, what it was about lately, and a text.",
        (
            Field("call_id", ID),
            Field("external_id", TEXT, "of the call"),
            Field("customer_id", ID),
            Field("text", TEXT, "what was typed so far"),
            Field("limit", integer(1, 50), default=5),
            LANGUAGE,
        ),
        HITS,
        propose,
    ),
    query(
        "knowledge.get",
        "One article, by id or external_id.",
        (Field("id", ID), Field("external_id", TEXT)),
        ARTICLE,
        get_article,
    ),
    query("knowledge.list", "Articles.", ARTICLES.params(), page_of(ARTICLE), list_articles),
    change(
        "knowledge.save",
        "Keep an article: a new one, or, with `id` or an `external_id` that is known, its next version.",
        (Field("id", ID), BASE_VERSION, *FIELDS),
        ARTICLE,
        save,
    ),
    change(
        "knowledge.feedback",
        "Say that an article was used in a call, or did not help.",
        (
            Field("article_id", ID, required=True),
            Field("verdict", choice(article.VERDICTS), required=True),
            Field("call_id", ID),
        ),
        record(
            Field("article_id", ID, required=True),
            Field("used", integer(0), required=True),
            Field("unhelpful", integer(0), required=True),
        ),
        feedback,
    ),
)
