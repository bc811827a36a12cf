"""What is found, in which order, and at what cost."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.knowledge.search import answer
from tests.services.knowledge.conftest import Shelf

HOSTILE = [
    '"',
    "'",
    '"漏油',
    "漏油*",
    "NEAR(漏油 机油, 2)",
    "漏油 AND",
    "NOT 漏油",
    "terms:漏油",
    "^漏油",
    "-漏油",
    "(((",
    "'; DROP TABLE article; --",
    "<b>漏油</b>",
    "漏\x00油",
    "\ud800漏油",
    "\ue001漏油",
    "%",
    "\\",
    "漏油" * 5000,
]


@pytest.fixture
def cars(shelf: Shelf) -> Shelf:
    shelf.put("发动机漏油怎么办", "先看机油尺，再看油底壳垫片。" * 3, models=("SUV-7",))
    shelf.put("刹车异响的处理", "低速时有吱吱声，检查刹车片厚度。")
    shelf.put("电瓶亏电", "车辆停放过久，漏电或老化。涉及机油更换时不适用。")
    shelf.put("Oil leaking under the car", "Check the drain plug and the gasket.", lang="en", models=("S-5",))
    shelf.put("Engine overheats", "Coolant is low. Leaks are rare.", lang="en")
    return shelf


def test_word_of_two_characters(cars: Shelf) -> None:
    assert cars.found("漏油") == ["a1"]
    assert cars.found("异响") == ["a2"]


def test_one_character(cars: Shelf) -> None:
    assert cars.found("漏")[0] == "a1"
    assert cars.found("电")[0] == "a3"


@pytest.mark.parametrize("typed", ["ly", "LY", "louyou", "lou you", "louy", "fdjly"])
def test_pinyin_and_initials(cars: Shelf, typed: str) -> None:
    assert cars.found(typed)[0] == "a1"


def test_traditional_query_finds_simplified_article(cars: Shelf) -> None:
    assert cars.found("發動機漏油")[0] == "a1"
    assert cars.found("煞車異響")[0] == "a2"


def test_simplified_query_finds_traditional_article(shelf: Shelf) -> None:
    shelf.put("變速箱頓挫", "起步時有頓挫感。")
    assert shelf.found("变速箱") == ["a1"]
    assert shelf.hits("起步时")[0].passage == "起步時有頓挫感。"


def test_english_words_in_other_forms(cars: Shelf) -> None:
    assert cars.found("leaks")[0] == "a4"
    assert cars.found("overheating")[0] == "a5"


def test_incomplete_last_word(cars: Shelf) -> None:
    assert cars.found("gask") == ["a4"]
    assert cars.found("engine overhea")[0] == "a5"
    assert cars.found("overheatin") == ["a5"]


def test_full_width_and_codes(shelf: Shelf) -> None:
    shelf.put("故障码 P0171", "混合气过稀。")
    shelf.put("SUV-7 保养", "每一万公里。")
    assert shelf.found("ｐ０１７１") == ["a1"]
    for typed in ("SUV-7", "suv7", "suv 7", "SUV－7"):
        assert shelf.found(typed) == ["a2"], typed


def test_title_before_text(shelf: Shelf) -> None:
    shelf.put("保养周期", "顺便检查是否漏油。")
    shelf.put("漏油", "保养时处理。")
    assert shelf.found("漏油") == ["a2", "a1"]
    assert shelf.found("保养") == ["a1", "a2"]


def test_own_model_before_others(shelf: Shelf) -> None:
    shelf.put("漏油检查", "同样的话。", models=("S-5",))
    shelf.put("漏油检查", "同样的话。", models=("SUV-7",))
    shelf.put("漏油检查", "同样的话。")
    hits = shelf.hits("漏油", models=("suv7",))
    assert [hit.external_id for hit in hits] == ["a2", "a3", "a1"]
    assert str(hits[0].why[0]) == "about this model"


def test_language_is_a_filter(cars: Shelf) -> None:
    cars.put("机油 oil 规格", "5W-30")
    assert cars.found("oil", language="zh") == ["a6"]
    assert cars.found("oil", language="en") == ["a4"]


def test_drafts_and_retired_articles_are_not_found(cars: Shelf) -> None:
    cars.put("漏油草稿", state="draft")
    cars.put("发动机漏油怎么办", seq=1, state="retired")
    assert cars.found("漏油") == []


def test_passage_shows_the_place(shelf: Shelf) -> None:
    shelf.put("说明", "前言。" * 200 + "油底壳垫片老化时会渗油。" + "后记。" * 200)
    passage = shelf.hits("油底壳垫片")[0].passage
    assert "油底壳垫片" in passage
    assert len(passage) <= 160


def test_markup_and_control_characters_are_text(shelf: Shelf) -> None:
    shelf.put("<script>alert('漏油')</script>", "a <b>bold</b> leak\x00'; DROP TABLE article; --")
    hit = shelf.hits("漏油")[0]
    assert hit.title == "<script>alert('漏油')</script>"
    assert "\x00" not in shelf.hits("bold")[0].passage
    assert shelf.found("drop table") == ["a1"]


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_syntax(cars: Shelf, query: str) -> None:
    found = cars.found(query)
    if "漏油" in query:
        assert found[0] == "a1"


@given(query=st.text(max_size=20))
def test_any_text_is_a_query(cars: Shelf, query: str) -> None:
    for hit in cars.hits(query):
        assert len(hit.passage) <= 160
    hits = cars.hits(f"{query} 漏油")
    assert hits
    assert all(len(hit.passage) <= 160 for hit in hits)


def test_empty_query_and_empty_store(shelf: Shelf) -> None:
    assert shelf.found("漏油") == []
    assert shelf.found("") == []
    shelf.put("漏油")
    assert shelf.found("   ") == []


@pytest.fixture
def many(shelf: Shelf) -> Shelf:
    chooser = random.Random(3)
    parts = ["发动机", "漏油", "刹车", "保养", "电瓶", "异响", "空调", "轮胎"]
    with shelf.transaction():
        for _ in range(400):
            shelf.put(chooser.choice(parts), "，".join(chooser.choices(parts, k=6)))
    return shelf


@pytest.mark.parametrize("budget", [1, 10, 60, 100, 1000])
def test_cost_stays_within_the_budget(many: Shelf, budget: int) -> None:
    read: list[int] = []
    for query in ("发动机漏油", "漏", "刹车保养电瓶异响空调轮胎", "dp", "漏油"):
        answered = answer(CountingReader(many.reader, read), query, budget=budget)
        assert answered.cost.postings == sum(read) <= budget, query
        assert answered.hits
        read.clear()


def test_rare_word_is_read_first(many: Shelf) -> None:
    rare = many.put("发动机正时链条", "发动机")
    answered = answer(many.reader, "发动机正时链条", budget=5)
    assert answered.hits[0].external_id == rare
    assert answered.cost.postings <= 5


class CountingReader:
    """Passes everything to a reader and counts the index entries that were handed out."""

    def __init__(self, reader: object, counts: list[int]) -> None:
        self._reader = reader
        self._counts = counts

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> object:
        cursor = self._reader.execute(sql, parameters)  # type: ignore[attr-defined]  # a DB-API connection
        return CountingCursor(cursor, self._counts) if "FROM knowledge_fts" in sql else cursor


class CountingCursor:
    def __init__(self, cursor: object, counts: list[int]) -> None:
        self._cursor = cursor
        self._counts = counts

    def fetchall(self) -> list[tuple[int]]:
        rows: list[tuple[int]] = self._cursor.fetchall()  # type: ignore[attr-defined]  # a DB-API cursor
        self._counts.append(len(rows))
        return rows
