"""A real encrypted store with articles in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crmdesk.services.knowledge import index
from crmdesk.services.knowledge.articles import ArticleRow, read_article
from crmdesk.services.knowledge.search import Hit, search
from crmdesk.services.store.connection import open_connection
from tests.stores import KEY, empty_store


@dataclass
class Shelf:
    """A store whose articles are written and indexed in one transaction, and a reader of it."""

    path: Path
    writer: Any = field(init=False)
    reader: Any = field(init=False)

    def __post_init__(self) -> None:
        self.writer = open_connection(self.path, KEY, role="writer")
        self.reader = open_connection(self.path, KEY, role="reader")

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    def put(self, title: str, body: str = "", *, lang: str = "zh", **fields: Any) -> str:
        """Write and index an article, new or in a new version of *seq*; returns its external id."""
        seq = fields.pop("seq", None) or self.next_seq()
        row = {
            "rev": 1,
            "seq": seq,
            "id": seq.to_bytes(16, "big"),
            "external_id": f"a{seq}",
            "lang": lang,
            "title": title,
            "body": body,
            "say_this": "",
            "do_this": "",
            "safety": "",
            "models": json.dumps(fields.pop("models", ())),
            "topics": json.dumps(fields.pop("topics", ())),
            "keywords": "",
            "state": "published",
            "version": 1,
            "created_at": seq,
            "updated_at": seq,
            **fields,
        }
        with self.transaction():
            self._write(row)
        return f"a{seq}"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several changes at once; alone, every change is its own transaction."""
        if self.writer.in_transaction:
            yield
            return
        self.writer.execute("BEGIN IMMEDIATE")
        yield
        self.writer.execute("COMMIT")

    def _write(self, row: dict[str, Any]) -> None:
        self.writer.execute(
            f"INSERT OR REPLACE INTO article ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()),
        )
        index.index_article(self.writer, self.article(row["seq"]))

    def next_seq(self) -> int:
        found = self.writer.execute("SELECT coalesce(max(seq), 0) + 1 FROM article").fetchone()
        return int(found[0])

    def article(self, seq: int) -> ArticleRow:
        article = read_article(self.writer, seq.to_bytes(16, "big"))
        assert article is not None
        return article

    def remove(self, seq: int) -> None:
        with self.transaction():
            self.writer.execute("DELETE FROM article WHERE seq = ?", (seq,))
            index.remove_article(self.writer, seq)

    def hits(self, query: str, **options: Any) -> list[Hit]:
        return search(self.reader, query, **options)

    def found(self, query: str, **options: Any) -> list[str]:
        """External ids of what *query* finds, best first."""
        return [hit.external_id for hit in self.hits(query, **options)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(empty_store(tmp_path / "store.db"))
    yield made
    made.close()
