"""Answers per key over a generated knowledge base, for ``search.py knowledge``.

Articles of some 645 characters are put together from pieces of real text (question sets
where they are, otherwise the demo articles), so that pairs and words have their natural frequencies and a
long tail. Real questions and titles are typed key by key.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.knowledge_quality import ARTICLE_TABLE, DATA, KEY, bare, write_articles
from benchmarks.measure import Timings, report
from crmdesk.resources import resource
from crmdesk.services.knowledge import index
from crmdesk.services.knowledge.analysis import warm
from crmdesk.services.knowledge.articles import ArticleRow
from crmdesk.services.knowledge.search import answer
from crmdesk.services.knowledge.suggest import suggest
from crmdesk.services.store.connection import open_connection

LENGTH = 645
CHINESE_SHARE = 0.8
TYPED = 160
"""Questions typed key by key."""
KEYS = 14
MODELS = ("SUV-7", "SUV-5", "S-3", "S-5", "EV-2", "EV-4", "MPV-6", "")
TOPICS = (
    "engine_oil_leak",
    "brake_noise",
    "battery_drain",
    "warranty",
    "recall",
    "gearbox",
    "air_con",
    "app",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Real text to build from, and real questions."""

    chinese: str
    english: list[str]
    titles: list[tuple[str, str]]
    questions: list[str]


def run(articles: int, store: Path | None) -> None:
    """Build the store if need be, type, print the figures."""
    source = read_source()
    with tempfile.TemporaryDirectory() as folder:
        path = store or Path(folder) / "knowledge.db"
        if not path.exists():
            build(path, source, articles)
        reader = open_connection(path, KEY, role="reader")
        warm()
        ours, limit, postings = type_questions(reader, source.questions)
        suggested = suggest_often(reader)
        reader.close()
        report(
            "search_knowledge",
            ours,
            limit,
            articles=articles,
            postings_max=postings,
            suggest_p99_ms=suggested,
            store_mb=round(path.stat().st_size / 1e6),
        )


def read_source() -> Source:
    """Read the text to build from."""
    folder = DATA / "retrieval" if DATA.is_dir() else None
    names = ("gov12345_zh", "cmrc_zh", "lo_help_en") if folder else ()
    files = [folder / name / "articles.jsonl" for name in names] if folder else []
    if not all(path.exists() for path in files) or not files:
        files, folder = [resource("demo", "articles.jsonl")], None
    rows = [row for path in files for row in _lines(path)]
    chinese = re.sub(r"\s+", "", "".join(row["body"] for row in rows if row["lang"] == "zh"))
    english = " ".join(row["body"] for row in rows if row["lang"] == "en").split()
    titles = [(row["lang"], row["title"]) for row in _lines(resource("demo", "articles.jsonl"))]
    questions = [title for _, title in titles]
    if folder:
        for name in names:
            questions += [row["text"] for row in _lines(folder / name / "queries.jsonl")]
            titles += [(row["lang"], row["text"]) for row in _lines(folder / name / "queries.jsonl")]
    chooser = random.Random(7)
    chooser.shuffle(questions)
    return Source(chinese, english, titles, ["漏油", "ly", "louyou", "SUV-7 漏油", *questions[: TYPED - 4]])


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def build(path: Path, source: Source, articles: int) -> None:
    """Write a store of *articles* articles."""
    begun = time.process_time()
    writer = open_connection(path, KEY, role="bulk", create=True)
    writer.execute(ARTICLE_TABLE)
    index.create_schema(writer)
    batch: list[ArticleRow] = []
    for article in make_articles(source, articles):
        batch.append(article)
        if len(batch) == 500:
            _write(writer, batch)
            batch = []
    _write(writer, batch)
    while index.settle(writer, pages=2_000):
        pass
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()
    seconds = time.process_time() - begun
    print(f"built {articles} articles, {1000 * seconds / articles:.2f} ms CPU each")


def make_articles(source: Source, articles: int) -> Iterator[ArticleRow]:
    """Yield *articles* articles, the same ones at every run."""
    chooser = random.Random(1)
    chinese_titles = [title for lang, title in source.titles if lang == "zh"]
    english_titles = [title for lang, title in source.titles if lang == "en"]
    for seq in range(1, articles + 1):
        lang = "zh" if chooser.random() < CHINESE_SHARE else "en"
        body = _chinese(chooser, source.chinese) if lang == "zh" else _english(chooser, source.english)
        model = chooser.choice(MODELS)
        yield ArticleRow(
            seq,
            seq.to_bytes(16, "big"),
            f"a{seq}",
            lang,
            chooser.choice(chinese_titles if lang == "zh" else english_titles),
            body,
            models=(model,) if model else (),
            topics=(chooser.choice(TOPICS),),
            updated_at=seq,
        )


def _chinese(chooser: random.Random, text: str) -> str:
    pieces: list[str] = []
    length = 0
    while length < LENGTH:
        at, size = chooser.randrange(len(text) - 8), chooser.randint(2, 8)
        pieces.append(text[at : at + size])
        length += size
    return "".join(pieces)


def _english(chooser: random.Random, words: list[str]) -> str:
    found: list[str] = []
    while len(found) < LENGTH // 6:
        at = chooser.randrange(len(words) - 4)
        found += words[at : at + chooser.randint(1, 4)]
    return " ".join(found)


def _write(writer: Any, batch: list[ArticleRow]) -> None:
    writer.execute("BEGIN IMMEDIATE")
    write_articles(writer, batch)
    writer.execute("COMMIT")


def type_questions(reader: Any, questions: list[str]) -> tuple[Timings, Timings, int]:
    """Type every question key by key; return our times, those of bare FTS5, and the most postings read."""
    ours, limit, most = Timings(), Timings(), 0
    for question in questions:
        for length in range(1, min(KEYS, len(question)) + 1):
            typed = question[:length]
            found = ours.run(partial(answer, reader, typed))
            most = max(most, found.cost.postings)
            if found.cost.terms:
                limit.run(partial(bare, reader, found))
    return ours, limit, most


def suggest_often(reader: Any) -> float:
    """Return the 99th percentile in milliseconds of suggestions from the prepared sets."""
    timings = Timings()
    for model in MODELS:
        for topic in TOPICS:
            for language in ("zh", "en"):
                timings.run(partial(suggest, reader, model=model, topics=(topic,), language=language))
    timings.cpu_ms.sort()
    return round(timings.cpu_ms[int(len(timings.cpu_ms) * 0.99)], 3)
