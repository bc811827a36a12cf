"""Answers before anything is typed."""

from itertools import product
from random import Random

import pytest

from crmdesk.services.knowledge import index, prepared
from crmdesk.services.knowledge.prepared import Remembered, prepare_suggestions
from crmdesk.services.knowledge.suggest import Suggestion, suggest
from tests.services.knowledge.conftest import Shelf


def ids(found: list[Suggestion]) -> list[str]:
    return [each.external_id for each in found]


def ask(shelf: Shelf, **wanted: object) -> list[Suggestion]:
    options = {"model": "SUV-7", "topics": ("oil_leak",), "language": "zh", **wanted}
    return suggest(shelf.reader, **options)  # type: ignore[arg-type]  # options by name


def test_closest_set_first(shelf: Shelf) -> None:
    general = shelf.put("一般", "文字")
    topic = shelf.put("主题", "文字", topics=("oil_leak",))
    model = shelf.put("车型", "文字", models=("SUV-7",))
    both = shelf.put("都对", "文字", models=("SUV-7",), topics=("oil_leak",))
    other = shelf.put("别的车", "文字", models=("S-5",))
    assert ids(ask(shelf)) == [both, topic, model, general, other]
    assert [str(reason) for reason in ask(shelf)[0].why] == ["about this model", "about this topic"]


def test_three_whenever_three_are_published(shelf: Shelf) -> None:
    shelf.put("发动机漏油", models=("S-5",), topics=("oil_leak",))
    shelf.put("Brakes", lang="en")
    shelf.put("电瓶", models=("EV-2",))
    shelf.put("未发布", state="draft")
    for model, topics, language, text in product(
        ("", "SUV-7", "unknown", "<script>", "*"),
        ((), ("oil_leak",), ("nothing", "like that")),
        ("zh", "en", "fr", ""),
        ("", "漏油", "nothing fits", '"*'),
    ):
        found = ask(shelf, model=model, topics=topics, language=language, text=text)
        assert len(found) == len(set(ids(found))) == 3, (model, topics, language, text)


def test_own_language_first(shelf: Shelf) -> None:
    english = shelf.put("Oil", lang="en", models=("SUV-7",), topics=("oil_leak",))
    chinese = shelf.put("电瓶")
    assert ids(ask(shelf)) == [chinese, english]
    assert str(ask(shelf)[1].why[-1]) == "in another language"


def test_text_goes_before_the_sets(shelf: Shelf) -> None:
    prepared = shelf.put("都对", models=("SUV-7",), topics=("oil_leak",))
    meant = shelf.put("刹车异响", "吱吱声")
    assert ids(ask(shelf, text="刹车")) == [meant, prepared]


def test_sets_follow_the_article(shelf: Shelf) -> None:
    for number in range(6):
        shelf.put(f"一般{number}")
    changed = shelf.put("车型", models=("SUV-7",))
    assert ids(ask(shelf))[0] == changed
    shelf.put("车型", models=("S-5",), seq=7)
    assert changed not in ids(ask(shelf))
    shelf.remove(6)
    assert "a6" not in ids(ask(shelf, limit=50))


def test_preparing_twice_changes_nothing(shelf: Shelf) -> None:
    shelf.put("都对", models=("SUV-7", "suv7", ""), topics=("oil_leak", "brake"))
    rows = shelf.writer.execute("SELECT * FROM suggestion").fetchall()
    prepare_suggestions(shelf.writer, shelf.article(1))
    assert shelf.writer.execute("SELECT * FROM suggestion").fetchall() == rows
    assert len(rows) == 6


def test_feedback_moves_the_order(shelf: Shelf) -> None:
    good, bad = shelf.put("漏油 一", models=("SUV-7",)), shelf.put("漏油 二", models=("SUV-7",))
    assert ids(ask(shelf)) == [bad, good]
    for number, used, unhelpful in ((1, 20, 0), (2, 0, 9)):
        shelf.writer.execute(
            "INSERT INTO article_feedback (id, rev, used, unhelpful) VALUES (?, 1, ?, ?)",
            (number.to_bytes(16, "big"), used, unhelpful),
        )
        prepare_suggestions(shelf.writer, shelf.article(number))
    assert ids(ask(shelf)) == [good, bad]
    assert shelf.found("漏油") == [good, bad]


def test_passage_is_what_to_say(shelf: Shelf) -> None:
    shelf.put("漏油", "长长的正文", say_this="请先不要长途行驶。", safety="熄火后再看。")
    found = ask(shelf)[0]
    assert found.passage == "请先不要长途行驶。"
    assert found.safety


MODELS, TOPICS = ("SUV-7", "S-5", "EV-2"), ("oil_leak", "brake")


def _change(shelf: Shelf, random: Random) -> None:
    """Change anything that suggestions show or are ordered by."""
    seq = random.randint(1, 9)
    known = shelf.writer.execute("SELECT 1 FROM article WHERE seq = ?", (seq,)).fetchone()
    if known and random.random() < 0.2:
        shelf.remove(seq)
    elif known and random.random() < 0.2:
        shelf.writer.execute(
            "INSERT OR REPLACE INTO article_feedback (id, rev, used, unhelpful) VALUES (?, 1, ?, ?)",
            (seq.to_bytes(16, "big"), random.randint(0, 30), random.randint(0, 30)),
        )
        prepare_suggestions(shelf.writer, shelf.article(seq))
    else:
        shelf.put(
            f"标题{random.random()}",
            f"正文{random.random()}",
            seq=seq,
            lang=random.choice(("zh", "en")),
            models=random.sample(MODELS, random.randint(0, 2)),
            topics=random.sample(TOPICS, random.randint(0, 2)),
            state=random.choice(("published", "published", "retired")),
        )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_is_what_would_be_read(shelf: Shelf, seed: int) -> None:
    random, remembered = Random(seed), Remembered()
    for _ in range(40):
        if random.random() < 0.5:
            _change(shelf, random)
        wanted = {
            "model": random.choice(("", *MODELS)),
            "topics": tuple(random.sample(TOPICS, random.randint(0, 2))),
            "language": random.choice(("zh", "en")),
            "limit": random.choice((2, 5)),
        }
        assert ask(shelf, remembered=remembered, **wanted) == ask(shelf, **wanted)


def test_what_is_remembered_is_not_read_again(shelf: Shelf) -> None:
    shelf.put("都对", models=("SUV-7",), topics=("oil_leak",))
    remembered, ran = Remembered(), list[str]()
    ask(shelf, remembered=remembered)
    shelf.reader.set_trace_callback(ran.append)
    ask(shelf, remembered=remembered)
    shelf.reader.set_trace_callback(None)
    assert ran == ["SELECT edition FROM knowledge_total"]


def test_not_more_is_remembered_than_the_bound(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "REMEMBERED", 10)
    shelf.put("一般")
    remembered = Remembered()
    for n in range(30):
        ask(shelf, remembered=remembered, model=f"M{n}")
        assert len(remembered.heads) <= 20


def test_another_analysis_forgets(shelf: Shelf) -> None:
    shelf.put("一般")
    remembered = Remembered()
    assert ask(shelf, remembered=remembered)
    shelf.writer.execute("UPDATE knowledge_total SET analysis = 0")
    emptied = index.reindex_all(shelf.writer)
    shelf.writer.execute("DELETE FROM article")
    list(emptied)
    assert ask(shelf, remembered=remembered) == []
