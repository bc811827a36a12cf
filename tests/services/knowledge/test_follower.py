"""An article saved through an operation is found at once, and gone when the operation fails."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import CrmdeskError
from crmdesk.models.article import mark_article, save_article
from crmdesk.models.operations import Author, Operation, RowChange
from crmdesk.services.knowledge.follower import KnowledgeFollower
from crmdesk.services.knowledge.search import search
from crmdesk.services.knowledge.suggest import suggest
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.services.knowledge.conftest import Shelf
from tests.stores import KEY, empty_store

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = empty_store(tmp_path / "store.db")
    made = Store(path, KEY, Author("lin", "desk", lambda: NOON), lambda: (KnowledgeFollower(),))
    yield made
    made.close()


def do(store: Store, *operations: Operation) -> None:
    store.write(_apply, operations).result(30)


def _apply(unit: UnitOfWork, operations: tuple[Operation, ...]) -> None:
    for operation in operations:
        unit.do(operation)
    unit.commit()


def found(store: Store, query: str) -> list[str]:
    reader = store.open_reader()
    try:
        return [hit.title for hit in search(reader, query)]
    finally:
        reader.close()


def test_saved_article_is_found(store: Store) -> None:
    article = save_article(store.author, {"title": "漏油", "lang": "zh", "body": "机油"})
    do(store, article)
    assert found(store, "机油") == ["漏油"]
    row_id = UUID(article.payload["id"])
    do(store, save_article(store.author, {"title": "渗水", "body": "冷却液"}, row_id))
    assert found(store, "机油") == []
    assert found(store, "冷却液") == ["渗水"]
    do(store, save_article(store.author, {"state": "retired"}, row_id))
    assert found(store, "冷却液") == []


def test_failed_change_leaves_the_index(store: Store) -> None:
    article = save_article(store.author, {"title": "漏油", "lang": "zh"})
    with pytest.raises(CrmdeskError):
        store.write(_fail, article).result(30)
    assert found(store, "漏油") == []


def _fail(unit: UnitOfWork, operation: Operation) -> None:
    unit.do(operation)
    raise CrmdeskError("Not this time.")


def test_feedback_reorders_suggestions(store: Store) -> None:
    first = save_article(store.author, {"title": "一", "lang": "zh", "models": ["SUV-7"]})
    second = save_article(store.author, {"title": "二", "lang": "zh", "models": ["SUV-7"]})
    do(store, first, second)
    order = titles(store)
    unlucky = first if order[0] == "一" else second
    do(store, *[mark_article(store.author, UUID(unlucky.payload["id"]), "unhelpful") for _ in range(5)])
    assert titles(store) == order[::-1]


def titles(store: Store) -> list[str]:
    reader = store.open_reader()
    try:
        return [each.title for each in suggest(reader, model="SUV-7", topics=(), language="zh")]
    finally:
        reader.close()


def test_deleted_article_is_gone(shelf: Shelf) -> None:
    shelf.put("漏油")
    with shelf.transaction():
        shelf.writer.execute("DELETE FROM article WHERE seq = 1")
        KnowledgeFollower().follow(shelf.writer, [RowChange("article", UUID(int=1), None)])
    assert shelf.found("漏油") == []
    assert shelf.writer.execute("SELECT count(*) FROM knowledge_term").fetchone() == (0,)
