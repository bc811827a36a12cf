"""Keeps the knowledge index level with the article rows, inside the transaction that changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crmdesk.models.operations import RowChange
from crmdesk.services.knowledge.articles import read_article
from crmdesk.services.knowledge.index import index_articles, remove_article
from crmdesk.services.knowledge.prepared import prepare_suggestions


class KnowledgeFollower:
    """Follows ``article`` into index and suggestion sets, ``article_feedback`` into the order of the sets."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Bring index and sets up to *changes*; *connection* is the raw one of the transaction."""
        touched = dict.fromkeys(change.id.bytes for change in changes if change.table == "article")
        if touched:
            self._articles(connection, touched)
        for change in changes:
            if change.table == "article_feedback":
                self._feedback(connection, change.id.bytes)

    def _articles(self, connection: Any, touched: Iterable[bytes]) -> None:
        there = {article_id: read_article(connection, article_id) for article_id in touched}
        index_articles(connection, [article for article in there.values() if article is not None])
        for article_id in (each for each, article in there.items() if article is None):
            for (seq,) in connection.execute(
                "SELECT seq FROM knowledge_document WHERE article_id = ?", (article_id,)
            ).fetchall():
                remove_article(connection, seq)

    def _feedback(self, connection: Any, article_id: bytes) -> None:
        article = read_article(connection, article_id)
        if article is not None:
            prepare_suggestions(connection, article)
