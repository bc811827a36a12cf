"""How well questions find their answers: nDCG@10 on the question sets, for ``search.py quality``.

A set is a folder with ``articles.jsonl`` (id, title, body, lang), ``queries.jsonl`` (id, text) and
``qrels.tsv`` (query, article, grade). Binary gain; only queries that have an answer count.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Timings, report
from crmdesk.services.knowledge import index
from crmdesk.services.knowledge.articles import ArticleRow
from crmdesk.services.knowledge.search import Answered, answer
from crmdesk.services.store.connection import open_connection

KEY = bytes(range(32))
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WANTED = {"gov12345_zh": 0.64, "lo_help_zh": 0.62, "cmrc_zh": 0.98, "lo_help_en": 0.66}
ARTICLE_TABLE = """CREATE TABLE article (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, external_id TEXT, lang TEXT, title TEXT, body TEXT,
    say_this TEXT, do_this TEXT, safety TEXT, models TEXT, topics TEXT, keywords TEXT, state TEXT,
    version INTEGER, updated_at INTEGER, created_at INTEGER)"""


@dataclass(frozen=True, slots=True)
class Query:
    """A question and the ids of the articles that answer it."""

    text: str
    good: frozenset[str]


def run(data: Path | None) -> None:
    """Score every set and print the figures; sets that are absent are named."""
    folder = (data or DATA) / "retrieval"
    ours, limit = Timings(), Timings()
    figures: dict[str, float] = {}
    for name, wanted in WANTED.items():
        if not (folder / name).is_dir():
            print(f"{name}: absent")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            reader = open_set(folder / name, Path(temporary) / "set.db")
            figures[name] = round(score(reader, read_queries(folder / name), ours, limit), 4)
            reader.close()
        print(f"{name}: nDCG@10 {figures[name]} (wanted {wanted})")
    missed = [name for name, figure in figures.items() if figure < WANTED[name]]
    report("search_quality", ours, limit, ndcg_10=figures, missed=missed)
    if missed:
        raise SystemExit(1)


def open_set(folder: Path, path: Path) -> Any:
    """Write the articles of a set into an encrypted store at *path*; return a reader."""
    writer = open_connection(path, KEY, role="bulk", create=True)
    writer.execute(ARTICLE_TABLE)
    index.create_schema(writer)
    with (folder / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    articles = [
        ArticleRow(seq, seq.to_bytes(16, "big"), row["id"], row["lang"], row["title"], row["body"])
        for seq, row in enumerate(rows, 1)
    ]
    writer.execute("BEGIN IMMEDIATE")
    for begin in range(0, len(articles), 200):
        write_articles(writer, articles[begin : begin + 200])
    writer.execute("COMMIT")
    writer.close()
    return open_connection(path, KEY, role="reader")


def write_articles(writer: Any, articles: list[ArticleRow]) -> None:
    """Write published articles and index them, inside the caller's transaction."""
    writer.executemany(
        "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, '', '', '', ?, ?, '', 'published', 1, ?, 0)",
        [
            (
                *(each.seq, each.id, each.external_id, each.lang, each.title, each.body),
                *(json.dumps(each.models), json.dumps(each.topics), each.updated_at),
            )
            for each in articles
        ],
    )
    index.index_articles(writer, articles)


def read_queries(folder: Path) -> list[Query]:
    """Read the queries of a set that have an answer."""
    good = defaultdict(set)
    with (folder / "qrels.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            query, article, grade = line.rstrip("\n").split("\t")
            if float(grade) > 0:
                good[query].add(article)
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Query(row["text"], frozenset(good[row["id"]])) for row in rows if row["id"] in good]


def score(reader: Any, queries: list[Query], ours: Timings, limit: Timings) -> float:
    """Return the mean nDCG@10 of *queries*, keeping the times of search and of bare FTS5."""
    total = 0.0
    for query in queries:
        found = ours.run(partial(answer, reader, query.text))
        limit.run(partial(bare, reader, found))
        hits = [hit.external_id in query.good for hit in found.hits[:10]]
        gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit)
        total += gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(query.good))))
    return total / len(queries)


def bare(reader: Any, found: Answered) -> int:
    """Read the same postings in one FTS5 statement, without ranking anything."""
    if not found.cost.terms:
        return 0
    either = " OR ".join(f'"{term}"' for term in found.cost.terms)
    rows = reader.execute(
        "SELECT rowid FROM knowledge_fts WHERE knowledge_fts MATCH ? ORDER BY rowid DESC LIMIT ?",
        (either, found.cost.postings),
    ).fetchall()
    return len(rows)
