"""The index follows the articles, and nothing stays behind."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from crmdesk.errors import Bug
from crmdesk.services.knowledge import index
from tests.services.knowledge.conftest import Shelf
from tests.stores import KEY

PAGE, RESERVED, SALT = 4096, 80, 16


def held(shelf: Shelf) -> dict[str, set[int]]:
    """What the index holds: articles by term, read through FTS5 itself."""
    shelf.writer.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab('main', 'knowledge_fts', 'instance')"
    )
    found: dict[str, set[int]] = {}
    for term, seq in shelf.writer.execute("SELECT term, doc FROM temp.words"):
        found.setdefault(term, set()).add(seq)
    return found


def expected(shelf: Shelf) -> dict[str, set[int]]:
    """What it should hold, made anew from the articles."""
    found: dict[str, set[int]] = {}
    for (seq,) in shelf.writer.execute("SELECT seq FROM article").fetchall():
        prepared = index._document(shelf.article(seq))
        for term in prepared[1].index_terms() if prepared else ():
            found.setdefault(term, set()).add(seq)
    return found


def assert_level(shelf: Shelf) -> None:
    wanted = expected(shelf)
    assert held(shelf) == wanted
    counted = dict(shelf.writer.execute("SELECT term, articles FROM knowledge_term"))
    assert counted == {term: len(seqs) for term, seqs in wanted.items()}
    totals = shelf.writer.execute("SELECT articles, title_terms, body_terms FROM knowledge_total").fetchone()
    sums = shelf.writer.execute(
        "SELECT count(*), coalesce(sum(title_length), 0), coalesce(sum(body_length), 0)"
        " FROM knowledge_document"
    ).fetchone()
    assert totals == sums


def random_text(chooser: random.Random, length: int) -> str:
    words = ["漏油", "发动机", "刹车异响", "oil", "leaking", "SUV-7", "，", " ", "P0171", "电瓶", "油"]
    return "".join(chooser.choices(words, k=length))


def test_index_equals_articles_after_any_changes(shelf: Shelf) -> None:
    chooser = random.Random(11)
    states = ("published", "published", "draft", "retired")
    for step in range(250):
        seq = chooser.randint(1, 15)
        if chooser.random() < 0.2:
            shelf.remove(seq)
        else:
            shelf.put(
                random_text(chooser, 4),
                random_text(chooser, chooser.choice((5, 50, 4000 if step % 40 == 0 else 20))),
                seq=seq,
                state=chooser.choice(states),
                topics=chooser.choice(((), ("oil",))),
            )
    assert_level(shelf)
    assert shelf.writer.execute("SELECT count(*) FROM knowledge_document").fetchone()[0] > 3
    for seq in range(1, 16):
        shelf.remove(seq)
    assert held(shelf) == {}
    assert_level(shelf)


def test_text_beyond_the_counted_part_is_found(shelf: Shelf) -> None:
    shelf.put("长文", "填充文字。" * 4000 + "尾部特有词汇")
    assert shelf.found("尾部特有") == ["a1"]
    shelf.put("长文", "短了", seq=1)
    assert shelf.found("尾部特有") == []


def test_change_and_index_are_one_transaction(shelf: Shelf) -> None:
    shelf.put("漏油")
    shelf.writer.execute("BEGIN IMMEDIATE")
    index.remove_article(shelf.writer, 1)
    shelf.writer.execute("ROLLBACK")
    assert shelf.found("漏油") == ["a1"]


def test_reindexing_repairs_and_keeps_searching(shelf: Shelf) -> None:
    for number in range(60):
        shelf.put(f"漏油{number}", "机油" * 20)
    shelf.writer.execute("UPDATE article SET title = '刹车' WHERE seq = 7")
    shelf.writer.execute("DELETE FROM article WHERE seq = 8")
    seen = 0
    for progress in index.reindex_all(shelf.writer):
        assert not shelf.writer.in_transaction
        assert len(shelf.found("漏油", limit=100)) >= 48
        seen = progress.done
    assert seen == 59
    assert shelf.found("刹车") == ["a7"]
    assert_level(shelf)


def test_index_of_another_analysis_is_made_anew(shelf: Shelf) -> None:
    shelf.put("漏油")
    shelf.writer.execute("UPDATE knowledge_total SET analysis = analysis - 1")
    shelf.writer.execute("UPDATE knowledge_document SET title = ' 旧分析 '")
    assert not index.up_to_date(shelf.writer)
    list(index.reindex_all(shelf.writer))
    assert index.up_to_date(shelf.writer)
    assert_level(shelf)


def test_reindexing_refuses_a_running_transaction(shelf: Shelf) -> None:
    shelf.writer.execute("BEGIN")
    with pytest.raises(Bug):
        next(index.reindex_all(shelf.writer))
    shelf.writer.execute("ROLLBACK")


def test_merging_ends_and_changes_nothing(shelf: Shelf) -> None:
    for number in range(30):
        shelf.put(f"漏油{number}", "机油滤清器")
    rounds = 0
    while index.settle(shelf.writer):
        rounds += 1
        assert rounds < 100
    assert_level(shelf)


def decrypted(path: Path) -> bytes:
    """All pages of an SQLCipher file with a raw key: AES-256-CBC; IV and HMAC at the page's end."""
    data = path.read_bytes()
    pages = []
    for start in range(0, len(data), PAGE):
        page = data[start : start + PAGE]
        body = page[SALT if start == 0 else 0 : PAGE - RESERVED]
        vector = page[PAGE - RESERVED : PAGE - RESERVED + 16]
        cipher = Cipher(algorithms.AES(KEY), modes.CBC(vector)).decryptor()
        pages.append(cipher.update(body) + cipher.finalize())
    return b"".join(pages)


def checkpoint(shelf: Shelf) -> bytes:
    shelf.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return decrypted(shelf.path)


def test_removed_article_leaves_no_text_behind(shelf: Shelf) -> None:
    canaries = ("Xanthophyllite", "龘龖鬱", "Quokka沪A77777")
    for number in range(40):
        shelf.put(f"普通文章{number}", "机油 brake 保养" * 10)
    shelf.put(canaries[0], f"{canaries[1]} {canaries[2]}", keywords=canaries[2])
    for number in range(40):
        shelf.put(f"另外文章{number}", "机油 brake 保养" * 10)
    folded = [
        form.encode() for form in ("Xanthophyllite", "xanthophyllit", "龘龖", "龖", "沪a", "quokka", "a77777")
    ]
    before = checkpoint(shelf)
    assert all(form in before for form in folded[:4])
    shelf.remove(41)
    after = checkpoint(shelf)
    assert not [form.decode() for form in folded if form in after]


def test_an_article_that_lost_one_term_can_be_written_again(shelf: Shelf) -> None:
    """Taking out single terms of a row with ``secure-delete`` leaves an index FTS5 calls malformed."""
    shelf.put("one\ntwo", "one\ntwo", models='["excelle"]', seq=1)
    shelf.put("one\ntwo", "one\ntwo", models="[]", seq=1)
    shelf.put("王伟", "王伟", models="[]", seq=1)
    shelf.writer.execute("INSERT INTO knowledge_fts (knowledge_fts) VALUES ('integrity-check')")
    assert_level(shelf)
