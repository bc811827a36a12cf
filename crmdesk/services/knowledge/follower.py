"""Keeps the knowledge index level with the article rows, inside the transaction that changes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmdesk.models.operations import RowChange
from crmdesk.services.knowledge.articles import read_article
from crmdesk.services.knowledge.index import index_article, remove_article
from crmdesk.services.knowledge.prepared import prepare_suggestions


class KnowledgeFollower:
    """Follows ``article`` into index and suggestion sets, ``article_feedback`` into the order of the sets."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Bring index and sets up to *changes*; *connection* is the raw one of the transaction."""
        for change in changes:
            if change.table == "article":
                self._article(connection, change.id.bytes)
            elif change.table == "article_feedback":
                self._feedback(connection, change.id.bytes)

    def _article(self, connection: Any, article_id: bytes) -> None:
        article = read_article(connection, article_id)
        if article is not None:
            index_article(connection, article)
            return
        for (seq,) in connection.execute(
            "SELECT seq FROM knowledge_document WHERE article_id = ?", (article_id,)
        ).fetchall():
            remove_article(connection, seq)

    def _feedback(self, connection: Any, article_id: bytes) -> None:
        article = read_article(connection, article_id)
        if article is not None:
            prepare_suggestions(connection, article)
