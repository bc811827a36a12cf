"""A full disk: said before, worded, nothing that was saved is lost, and work goes on when there is room."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from crmdesk.errors import Bug, DiskFull, StoreBusy, StoreFault, StoreUnwritable, WrongKey
from crmdesk.models.text import Text
from crmdesk.services.store.connection import explained, open_connection
from crmdesk.services.store.space import LOW_BYTES, RESERVE_BYTES, Space
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.faults.full_disk import KEY, add_customer, add_note, found

ROOT = Path(__file__).resolve().parents[2]


def own_disks_allowed() -> bool:
    """Whether this system lets a person mount a small disk of his own."""
    try:
        done = subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.skipif(not own_disks_allowed(), reason="needs the right to mount a small disk")
def test_a_full_disk_is_told_before_and_loses_nothing(tmp_path: Path) -> None:
    mount_and_fill = 'mount -t tmpfs -o size=14m tmpfs "$1" && exec "$2" -m tests.faults.full_disk "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount_and_fill, "sh", str(tmp_path), sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["acknowledged"] > 100 and "disk is full" in told["sentence"]
    assert told["integrity"] == "ok"
    assert told["whole"] == told["acknowledged"]
    assert told["notes"] == told["logged"] == told["acknowledged"] + 1
    assert told["reserve"] == [True, True], "held at the start, given up before the first refusal"
    first, last = told["worries"][0], told["worries"][-1]
    assert "nearly full" in first[1] and first[0] < told["acknowledged"] - 20, "told long before"
    assert last[1] is None or "nearly full" in last[1]


NO_ROOM = """
import sys
from pathlib import Path
from crmdesk.errors import DiskFull
from crmdesk.services.profile import is_profile, new_profile
from crmdesk.services.store.keys import MemorySecrets
folder = Path(sys.argv[1]) / "desk"
try:
    new_profile(folder, secrets=MemorySecrets(), environment={})
except DiskFull as error:
    print(error, is_profile(folder))
(Path(sys.argv[1]) / "films").unlink()
new_profile(folder, secrets=MemorySecrets(), environment={}).profile.close()
print(is_profile(folder))
"""


@pytest.mark.skipif(not own_disks_allowed(), reason="needs the right to mount a small disk")
def test_a_first_start_without_room_is_a_sentence_and_works_later(tmp_path: Path) -> None:
    fill = 'mount -t tmpfs -o size=3m tmpfs "$1" && head -c 2900000 /dev/zero > "$1/films"'
    script = fill + ' && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, NO_ROOM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, made = done.stdout.splitlines()
    assert refused.startswith("The disk is full.") and refused.endswith("False")
    assert made == "True"


def test_a_save_that_finds_no_room_is_made_again_from_the_reserve(store: Store, path: Path) -> None:
    """The page limit of SQLite stands for the disk; giving up the reserve lifts it."""
    customer_id = store.write(add_customer).result().result
    limit(store, pages_of(path) + 3)
    store._space = Lifting(path.parent, store)
    store.write(add_note, customer_id, "x" * 90_000).result()
    assert found(path.parent)["notes"] == 1


def test_without_a_reserve_the_save_is_refused_whole(store: Store, path: Path) -> None:
    customer_id = store.write(add_customer).result().result
    limit(store, pages_of(path) + 3)
    for _ in range(3):
        with pytest.raises(DiskFull, match="what you typed is kept"):
            store.write(add_note, customer_id, "x" * 90_000).result()
    assert found(path.parent) == {"notes": 0, "whole": 0, "logged": 0, "integrity": "ok"}
    limit(store, 1_000_000)
    store.write(add_note, customer_id, "x" * 90_000).result()
    assert found(path.parent)["whole"] == 1


class Lifting(Space):
    """A disk that has room again once the reserve is given up."""

    def __init__(self, folder: Path, store: Store) -> None:
        super().__init__(folder, reserve_bytes=4_096, low_bytes=0)
        self._store = store
        assert self.hold()

    def release(self) -> bool:
        with self._store._prepare()("") as work:
            work.connection.execute("PRAGMA max_page_count = 1000000")
        return super().release()


def limit(store: Store, pages: int) -> None:
    def set_limit(work: UnitOfWork) -> None:
        work.connection.execute(f"PRAGMA max_page_count = {pages}")

    store.write(set_limit).result()


def pages_of(path: Path) -> int:
    with closing(open_connection(path, KEY, role="reader")) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def test_the_reserve_is_large_enough_for_a_pending_checkpoint(tmp_path: Path) -> None:
    assert RESERVE_BYTES >= 64 << 20 and LOW_BYTES >= 2 * RESERVE_BYTES
    space = Space(tmp_path, reserve_bytes=100_000, low_bytes=1_000)
    assert space.hold() and space.hold()
    blocks = (tmp_path / "reserve").stat()
    assert blocks.st_size == 100_000 and blocks.st_blocks * 512 >= 100_000, "real blocks, no hole"
    assert space.release() and not space.release()


def test_no_reserve_is_taken_from_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    space = Space(tmp_path, reserve_bytes=100, low_bytes=1_000, free=lambda _folder: 1_050)
    assert not space.hold()
    assert not (tmp_path / "reserve").exists()


def test_people_are_told_once_and_once_again_when_there_is_room(tmp_path: Path) -> None:
    frees, now = iter([5_000, 900, 800, 2_000]), iter(range(0, 1_000, 11))
    space = Space(tmp_path, low_bytes=1_000, free=lambda _folder: next(frees), elapsed=lambda: next(now))
    told: list[tuple[bool, Text | None]] = [(space.look(), space.trouble) for _ in range(4)]
    assert [changed for changed, _text in told] == [False, True, False, True]
    assert [text is None for _changed, text in told] == [True, False, False, True]


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("file is not a database", WrongKey, "key does not fit"),
        ("database or disk is full", DiskFull, "disk is full"),
        ("attempt to write a readonly database", StoreUnwritable, "cannot be written"),
        ("unable to open database file", StoreUnwritable, "cannot be written"),
        ("database is locked", StoreBusy, "Another program"),
        ("database disk image is malformed", StoreFault, "Restore it from a backup"),
        ("disk I/O error", StoreFault, "disk under"),
        ("no such table: x", Bug, "no such table"),
        ("out of memory", StoreFault, "out of memory"),
    ],
)
def test_each_failure_of_the_database_has_its_sentence(words: str, kind: type, sentence: str) -> None:
    failure = explained(dbapi2.OperationalError(words), Path("store.db"))
    assert type(failure) is kind
    assert sentence in str(failure)


def test_a_store_of_another_key_and_no_store_are_refused(path: Path) -> None:
    before = path.read_bytes()
    for key in (bytes(32), b"short"):
        with pytest.raises(WrongKey):
            open_connection(path, key, role="writer")
    assert path.read_bytes() == before
    (path.parent / "letter.db").write_bytes(b"Dear Sirs" * 1_000)
    with pytest.raises(WrongKey, match="no store"):
        open_connection(path.parent / "letter.db", KEY, role="writer")
    with pytest.raises(StoreFault, match="no store at"):
        open_connection(path.parent / "nothing.db", KEY, role="writer")
    assert not (path.parent / "nothing.db").exists()


def test_a_page_that_was_altered_is_noticed_when_it_is_read(store: Store, path: Path) -> None:
    customer_id = store.write(add_customer).result().result
    for n in range(40):
        store.write(add_note, customer_id, f"{n} " + "x" * 3_000).result()
    store.close()
    content = bytearray(path.read_bytes())
    last = len(content) // 4_096
    for page in range(last - 20, last):  # of the forty that the notes took
        content[page * 4_096 + 100] ^= 1
    path.write_bytes(content)
    with (
        closing(open_connection(path, KEY, role="reader")) as connection,
        pytest.raises(dbapi2.Error) as error,
    ):
        connection.execute("SELECT sum(length(text)) FROM note").fetchone()
    assert isinstance(explained(error.value, path), StoreFault)
