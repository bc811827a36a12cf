"""The word index of the knowledge base, changed in the transaction that changes the article.

``knowledge_document`` holds the folded text of every published article: what the ranking counts words in,
and what tells which index entries to take out again. ``knowledge_fts`` maps terms to article numbers and
nothing else (FTS5, contentless, ``detail=none``): entries are removed physically (``secure-delete``).
``knowledge_term`` counts the articles of each term, so that a query knows what reading it will cost;
FTS5 could only tell by reading. Terms come in three tiers, told apart by their first character:

====================  ==========================================================
tier                  holds
====================  ==========================================================
no mark               every term of the article
``NAMED``             terms of title, keywords, models and topics, and their single characters
``SPOKEN``            pinyin and initials of title and keywords
====================  ==========================================================

All functions take the writer's connection and neither begin nor commit, except :func:`reindex_all`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from crmdesk.errors import Bug
from crmdesk.services.knowledge.analysis import fold, is_chinese, model_key, pinyin_terms, terms
from crmdesk.services.knowledge.articles import ARTICLE_COLUMNS, ArticleRow, article_row, read_article
from crmdesk.services.knowledge.prepared import SUGGESTION_SCHEMA, forget_suggestions, prepare_suggestions
from crmdesk.values import dataclass

NAMED = "\ue001"
SPOKEN = "\ue000"

ANALYSIS = 1
"""To be counted up whenever folding or terms change: stores indexed otherwise are then indexed anew."""

COUNTED_LENGTH = 8_000
"""Characters of a folded body that take part in the ranking; all of it can be found."""

KNOWLEDGE_SCHEMA: tuple[str, ...] = (
    """CREATE TABLE knowledge_document (
        seq INTEGER PRIMARY KEY, -- article.seq
        article_id BLOB NOT NULL UNIQUE,
        lang TEXT NOT NULL,
        models TEXT NOT NULL, -- keys of the models it is about, each between spaces; '' = all
        title_length INTEGER NOT NULL, -- in terms
        body_length INTEGER NOT NULL, -- in terms, of the part that is counted
        title TEXT NOT NULL, -- folded, like all that follows with a space at both ends
        names TEXT NOT NULL, -- keywords, models and topics
        pinyin TEXT NOT NULL,
        body TEXT NOT NULL, -- body and answers, the part that is counted
        rest TEXT NOT NULL -- the remainder
    )""",
    """CREATE TABLE knowledge_term (
        term TEXT PRIMARY KEY,
        articles INTEGER NOT NULL -- how many articles hold it
    ) WITHOUT ROWID""",
    """CREATE TABLE knowledge_total (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        articles INTEGER NOT NULL,
        title_terms INTEGER NOT NULL,
        body_terms INTEGER NOT NULL,
        analysis INTEGER NOT NULL, -- version of the analysis all of this was made with
        edition INTEGER NOT NULL -- counted up with each change of a suggestion set or of an article in it
    )""",
    f"INSERT INTO knowledge_total VALUES (1, 0, 0, 0, {ANALYSIS}, 1)",
    """CREATE VIRTUAL TABLE knowledge_fts USING fts5 (
        terms, content='', columnsize=0, detail=none, tokenize='ascii'
    )""",
    "INSERT INTO knowledge_fts (knowledge_fts, rank) VALUES ('secure-delete', 1)",
    *SUGGESTION_SCHEMA,
)
"""DDL of everything this package keeps; to be run once, after the table ``article`` exists."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far :func:`reindex_all` has come; ``locked_ms`` is how long the last batch held the write lock."""

    done: int
    total: int
    locked_ms: float


@dataclass(frozen=True, slots=True)
class _Document:
    """What is kept of one article in ``knowledge_document``."""

    seq: int
    article_id: bytes
    lang: str
    models: str
    title_length: int
    body_length: int
    title: str
    names: str
    pinyin: str
    body: str
    rest: str

    def index_terms(self) -> set[str]:
        """Return every term of the index that leads to this article."""
        named = self.title + " " + self.names
        named_terms = set(terms(named))
        singles = {char for token in named.split() if is_chinese(token) for char in token}
        found = named_terms.union(_terms(self.body), terms(self.rest))
        found.update(NAMED + term for term in named_terms | singles)
        found.update(SPOKEN + term for term in self.pinyin.split())
        return found

    def values(self) -> tuple[Any, ...]:
        """Return the column values, in the table's order."""
        return (
            self.seq,
            self.article_id,
            self.lang,
            self.models,
            self.title_length,
            self.body_length,
            self.title,
            self.names,
            self.pinyin,
            self.body,
            self.rest,
        )


def create_schema(connection: Any) -> None:
    """Create tables and index; for tests and tools, the store includes ``KNOWLEDGE_SCHEMA`` in its own."""
    for statement in KNOWLEDGE_SCHEMA:
        connection.execute(statement)


def index_article(connection: Any, article: ArticleRow) -> None:
    """Bring index and suggestion sets in line with *article*; one that is not published leaves them."""
    index_articles(connection, (article,))


def index_articles(connection: Any, articles: Iterable[ArticleRow]) -> None:
    """Do :func:`index_article` for several articles, sharing the cost of the term counts."""
    _apply(connection, [(article.seq, _document(article)) for article in articles])


def remove_article(connection: Any, seq: int) -> None:
    """Take article number *seq* out of index and suggestion sets; nothing happens when it is in neither."""
    _apply(connection, [(seq, None)])


def _document(article: ArticleRow) -> tuple[ArticleRow, _Document] | None:
    if article.state != "published":
        return None
    title = fold(article.title)
    text = "\n".join((article.say_this, article.do_this, article.safety, article.body))
    body, rest = _split(fold(text))
    document = _Document(
        seq=article.seq,
        article_id=article.id,
        lang=article.lang,
        models="".join(f" {model_key(model)} " for model in article.models),
        title_length=len(terms(title)),
        body_length=len(_terms(_spaced(body))),
        title=_spaced(title),
        names=_spaced(fold("\n".join((article.keywords, *article.models, *article.topics)))),
        pinyin=_spaced(" ".join(sorted(pinyin_terms(f"{article.title}\n{article.keywords}")))),
        body=_spaced(body),
        rest=rest,
    )
    return article, document


@lru_cache(maxsize=2)
def _terms(body: str) -> tuple[str, ...]:
    """Do :func:`terms` for a body, whose terms are counted first and indexed after that."""
    return tuple(terms(body))


def _spaced(folded: str) -> str:
    """Return *folded* with a space at both ends, so that a word is found as `` word ``."""
    return f" {folded} "


def _split(folded: str) -> tuple[str, str]:
    if len(folded) <= COUNTED_LENGTH:
        return folded, ""
    cut = folded.rfind(" ", 0, COUNTED_LENGTH)
    return (
        (folded[:cut], folded[cut:]) if cut > 0 else (folded[:COUNTED_LENGTH], folded[COUNTED_LENGTH - 1 :])
    )


def _apply(connection: Any, changes: list[tuple[int, tuple[ArticleRow, _Document] | None]]) -> None:
    """Replace the documents of the given articles, each as a whole, in whatever differs."""
    counts: Counter[str] = Counter()
    totals = [0, 0, 0]
    for seq, new in changes:
        old = _stored(connection, seq)
        document = None if new is None else new[1]
        if document != old:
            _replace_entries(connection, seq, old, document, counts)
            _add(totals, old, -1)
            _add(totals, document, 1)
        if new is None:
            forget_suggestions(connection, seq)
        else:
            prepare_suggestions(connection, new[0])
    _count_terms(connection, counts)
    if any(totals):
        connection.execute(
            "UPDATE knowledge_total SET articles = articles + ?, title_terms = title_terms + ?,"
            " body_terms = body_terms + ?",
            totals,
        )


def _stored(connection: Any, seq: int) -> _Document | None:
    row = connection.execute("SELECT * FROM knowledge_document WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else _Document(*row)


def _replace_entries(
    connection: Any, seq: int, old: _Document | None, new: _Document | None, counts: Counter[str]
) -> None:
    before = old.index_terms() if old else set()
    after = new.index_terms() if new else set()
    # The row as a whole: FTS5 with secure-delete damages its index when single terms of a row are taken out.
    if before:
        connection.execute(
            "INSERT INTO knowledge_fts (knowledge_fts, rowid, terms) VALUES ('delete', ?, ?)",
            (seq, " ".join(before)),
        )
    if after:
        connection.execute("INSERT INTO knowledge_fts (rowid, terms) VALUES (?, ?)", (seq, " ".join(after)))
    counts.update(after - before)
    counts.subtract(before - after)
    if new is None:
        connection.execute("DELETE FROM knowledge_document WHERE seq = ?", (seq,))
    else:
        connection.execute(
            "INSERT OR REPLACE INTO knowledge_document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", new.values()
        )


def _add(totals: list[int], document: _Document | None, sign: int) -> None:
    if document is not None:
        totals[0] += sign
        totals[1] += sign * document.title_length
        totals[2] += sign * document.body_length


def _count_terms(connection: Any, counts: Counter[str]) -> None:
    changed = [(term, counts[term]) for term in sorted(counts) if counts[term]]
    connection.executemany(
        "INSERT INTO knowledge_term VALUES (?, ?)"
        " ON CONFLICT (term) DO UPDATE SET articles = articles + excluded.articles",
        changed,
    )
    connection.executemany(
        "DELETE FROM knowledge_term WHERE term = ? AND articles <= 0",
        [(term,) for term, n in changed if n < 0],
    )


def up_to_date(connection: Any) -> bool:
    """Tell whether the index was made with this program's analysis; otherwise :func:`reindex_all` is due."""
    row = connection.execute("SELECT analysis FROM knowledge_total").fetchone()
    return bool(row[0] == ANALYSIS)


def reindex_all(connection: Any, *, batch_ms: float = 20.0) -> Iterator[Progress]:
    """Analyse every article anew, in transactions that hold the write lock about *batch_ms* at most.

    Searching goes on meanwhile and sees each article as before or as after. Only an index made with another
    analysis is emptied first, in one longer transaction. Yields after each transaction; the caller may stop
    at any time and begin again later.

    Raises:
        Bug: the connection is inside a transaction.
    """
    if connection.in_transaction:
        raise Bug("The index cannot be rebuilt inside of a transaction.")
    if not up_to_date(connection):
        with _transaction(connection):
            _clear(connection)
    total = connection.execute("SELECT count(*) FROM article").fetchone()[0]
    last, done, size = -(2**62), 0, 1
    while rows := connection.execute(
        f"SELECT {ARTICLE_COLUMNS} FROM article WHERE seq > ? ORDER BY seq LIMIT ?", (last, size)
    ).fetchall():
        last = rows[-1][0]
        done += len(rows)
        locked_ms = _reindex_batch(connection, [article_row(row) for row in rows])
        size = max(1, min(200, int(size * min(2.0, 0.4 * batch_ms / max(locked_ms, 0.1)))))
        yield Progress(done, total, locked_ms)
    with _transaction(connection):
        _remove_orphans(connection)
        connection.execute("UPDATE knowledge_total SET analysis = ?", (ANALYSIS,))
    yield Progress(done, total, 0.0)


def _clear(connection: Any) -> None:
    connection.execute("INSERT INTO knowledge_fts (knowledge_fts) VALUES ('delete-all')")
    for table in ("knowledge_document", "knowledge_term", "suggestion"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute(
        "UPDATE knowledge_total SET articles = 0, title_terms = 0, body_terms = 0, edition = edition + 1"
    )


def _remove_orphans(connection: Any) -> None:
    """Take out articles that left the table behind the index's back."""
    for (seq,) in connection.execute(
        "SELECT seq FROM knowledge_document WHERE seq NOT IN (SELECT seq FROM article)"
    ).fetchall():
        remove_article(connection, seq)


def _reindex_batch(connection: Any, articles: list[ArticleRow]) -> float:
    """Index *articles* in one transaction; analysed outside of it, those changed meanwhile are left alone."""
    prepared = [(article, _document(article)) for article in articles]
    begun = time.perf_counter()
    with _transaction(connection):
        fresh = [
            (article.seq, document)
            for article, document in prepared
            if read_article(connection, article.id) == article
        ]
        _apply(connection, fresh)
    return (time.perf_counter() - begun) * 1000


class _transaction:
    """Begin immediately, commit at the end, roll back when an exception passes."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def settle(connection: Any, *, pages: int = 200) -> bool:
    """Merge a part of the index after mass changes; True while there is more to merge. One transaction."""
    before = connection.total_changes
    connection.execute("INSERT INTO knowledge_fts (knowledge_fts, rank) VALUES ('merge', ?)", (pages,))
    return bool(connection.total_changes - before >= 2)
