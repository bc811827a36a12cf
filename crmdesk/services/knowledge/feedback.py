"""What agents made of an article, as a small prior in ranking and suggestions.

Reads the table ``article_feedback(id, used, unhelpful)``, whose id is the article's, if the store has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WEIGHT = 0.2
"""How far feedback alone can move a score, as a share of it."""

DOUBT = 10
"""So many opinions stand against every article at the start; fewer than that move little."""


def prior(used: int, unhelpful: int) -> float:
    """Return the factor for a score, between 1 - WEIGHT and 1 + WEIGHT; 1 without any feedback.

    An article marked unhelpful weighs twice as much as one that was used.
    """
    good, bad = max(0, used), 2 * max(0, unhelpful)
    return 1 + WEIGHT * (good - bad) / (good + bad + DOUBT)


def read_priors(connection: Any, article_ids: Sequence[bytes]) -> dict[bytes, float]:
    """Return the factors of those articles that have feedback; empty when the store keeps none."""
    if not article_ids or not _kept(connection):
        return {}
    marks = ", ".join("?" * len(article_ids))
    rows = connection.execute(
        f"SELECT id, used, unhelpful FROM article_feedback WHERE id IN ({marks})",
        tuple(article_ids),
    )
    return {row[0]: prior(row[1], row[2]) for row in rows}


def _kept(connection: Any) -> bool:
    return bool(connection.execute("SELECT 1 FROM pragma_table_info('article_feedback') LIMIT 1").fetchone())
