"""Unfinished notes: kept at once, apart from the store, in a file that is never thrown away."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.errors import StoreFault
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.drafts import FORM, Drafts, drafts_key

KEY = drafts_key(bytes(32))
AT = datetime(2026, 11, 20, 9, 58, 0, 123456, tzinfo=UTC)


def draft(text: str = "fuel pump 油泵", call: str = "call", name: str = "d1", later: int = 0) -> NoteDraft:
    return NoteDraft(name, call, text, len(text), AT + timedelta(seconds=later))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "drafts.db"


@pytest.fixture
def drafts(path: Path) -> Iterator[Drafts]:
    with closing(Drafts(path, KEY)) as held:
        yield held


def test_a_draft_comes_back_as_it_was(drafts: Drafts) -> None:
    drafts.save(draft("first"))
    drafts.save(draft("second\n😀 \x00 '; DROP TABLE draft"))
    assert drafts.load("call").result() == draft("second\n😀 \x00 '; DROP TABLE draft")
    assert drafts.load("other").result() is None


def test_the_newest_draft_comes_first_and_a_forgotten_one_not_at_all(drafts: Drafts) -> None:
    for n in range(3):
        drafts.save(draft(f"text {n}", name=f"d{n}", later=n))
    drafts.forget("d1").result()
    assert [held.text for held in drafts.open_drafts().result()] == ["text 2", "text 0"]
    loaded = drafts.load("call").result()
    assert loaded is not None and loaded.draft_id == "d2"


def test_a_save_that_waits_gives_way_to_a_newer_one_and_to_forgetting(drafts: Drafts) -> None:
    for n in range(200):
        drafts.save(draft(f"text {n}"))
    drafts.save(draft("never kept", name="gone"))
    drafts.forget("gone").result()
    assert [held.text for held in drafts.open_drafts().result()] == ["text 199"]


def test_a_draft_is_durable_and_encrypted_once_it_is_saved(drafts: Drafts, path: Path) -> None:
    drafts.save(draft("plate 沪A12345")).result()
    with closing(open_connection(path, KEY, role="reader")) as other:
        assert other.execute("SELECT text FROM draft").fetchone() == ("plate 沪A12345",)
    with closing(open_connection(path, KEY, role="writer")) as other:
        assert other.execute("PRAGMA synchronous").fetchone() == (2,)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert b"12345" not in content and b"SQLite format" not in content


def test_drafts_outlive_their_window(path: Path) -> None:
    with closing(Drafts(path, KEY)) as first:
        first.save(draft("kept"))
    with closing(Drafts(path, KEY)) as second:
        assert [held.text for held in second.open_drafts().result()] == ["kept"]
        assert second.trouble is None


@pytest.mark.parametrize("damage", ["noise", "middle", "cut", "other key", "empty header"])
def test_a_damaged_file_is_set_aside_and_never_deleted(path: Path, damage: str) -> None:
    with closing(Drafts(path, bytes(32) if damage == "other key" else KEY)) as first:
        for n in range(30):
            first.save(draft("x" * 3000, name=f"d{n}"))
    content = bytearray(path.read_bytes())
    if damage == "noise":
        content[:] = b"\x17" * 9000
    elif damage == "middle":
        content[20_000:60_000] = bytes(40_000)
    elif damage == "cut":
        del content[6_000:]
    elif damage == "empty header":
        content[:4096] = bytes(4096)
    path.write_bytes(content)
    with closing(Drafts(path, KEY)) as drafts:
        assert drafts.open_drafts().result() == ()
        assert drafts.trouble is not None and "drafts.db.damaged-1" in str(drafts.trouble)
        drafts.save(draft("new")).result()
    assert path.with_name("drafts.db.damaged-1").read_bytes() == bytes(content)
    with closing(Drafts(path, KEY)) as again:
        assert [held.text for held in again.open_drafts().result()] == ["new"]


def test_a_folder_that_is_not_there_is_a_sentence_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with closing(Drafts(folder / "drafts.db", KEY)) as drafts:
        with pytest.raises(StoreFault, match="cannot be written"):
            drafts.save(draft("typed")).result()
        folder.mkdir()
        drafts.save(draft("typed more")).result()
        assert [held.text for held in drafts.open_drafts().result()] == ["typed more"]


def test_forms_are_found_by_their_keys_and_are_no_notes(drafts: Drafts) -> None:
    for n, key in enumerate(("intake/call 1", "step/T4", "intake/customer 2", "intakes")):
        drafts.save(draft(key, call=FORM + key, name=FORM + key, later=n))
    drafts.save(draft("a note")).result()
    assert [held.text for held in drafts.open_forms("intake/").result()] == [
        "intake/customer 2",
        "intake/call 1",
    ]
    assert [held.text for held in drafts.open_drafts().result()] == ["a note"]


def test_what_could_not_be_saved_is_told_and_saved_by_itself_later(tmp_path: Path) -> None:
    folder, again = tmp_path / "later", list[Callable[[], object]]()
    with closing(Drafts(folder / "drafts.db", KEY, later=again.append)) as drafts:
        with pytest.raises(StoreFault):
            drafts.save(draft("typed")).result()
        with pytest.raises(StoreFault):
            drafts.save(draft("typed more")).result()
        assert len(again) == 1, "one waits for both"
        again[0]()
        with pytest.raises(StoreFault):
            drafts.open_drafts().result()
        assert len(again) == 2, "it failed once more"
        folder.mkdir()
        assert drafts.open_drafts().result()[0].text == "typed more", "before it is in the file"
        again[1]()
        drafts.open_forms("").result()
        with closing(open_connection(folder / "drafts.db", KEY, role="reader")) as other:
            assert other.execute("SELECT text FROM draft").fetchall() == [("typed more",)]
        assert len(again) == 2, "nothing waits any more"


def test_what_waits_is_saved_when_the_window_closes(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with closing(Drafts(folder / "drafts.db", KEY, later=lambda _again: None)) as drafts:
        with pytest.raises(StoreFault):
            drafts.save(draft("typed")).result()
        folder.mkdir()
    with closing(Drafts(folder / "drafts.db", KEY)) as drafts:
        assert [held.text for held in drafts.open_drafts().result()] == ["typed"]


def test_a_full_disk_takes_the_reserve_before_it_refuses(path: Path) -> None:
    asked = list[str]()

    def make_room() -> bool:
        asked.append("the reserve")
        store._connection.execute("PRAGMA max_page_count = 1000")
        return True

    again = list[Callable[[], object]]()
    with closing(Drafts(path, KEY, make_room, again.append)) as store:
        store.save(draft("short", name="first")).result()
        store._lane.run(lambda: store._connection.execute("PRAGMA max_page_count = 1"))
        store.save(draft("long" * 9_000)).result()
        assert asked == ["the reserve"] and again == []
        assert {held.draft_id for held in store.open_drafts().result()} == {"d1", "first"}
