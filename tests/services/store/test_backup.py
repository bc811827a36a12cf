"""A backup holds everything, shows nothing, and is taken back whole or not at all."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import CrmdeskError, FileFault, InvalidInput, KeyUnavailable, StoreFault
from crmdesk.models.customer import open_customer
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.services.attachments.desk import alone, here, keep_file, limits_of
from crmdesk.services.attachments.filing import mark, state_of
from crmdesk.services.profile import Profile, is_profile, new_profile, open_profile
from crmdesk.services.store import backup as backups
from crmdesk.services.store.backup import NIGHTLY, backup, nightly, restore
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.frames import FRAME_BYTES
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

PASSPHRASE = "correct horse 电池"
AT = datetime(2026, 11, 20, 22, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("light_recovery")


def add(work: UnitOfWork, name: str) -> UUID:
    operation = open_customer(work.author, {"name": name})
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def photos(profile: Profile, store: Store) -> list[bytes | str]:
    """The contents of all attachments, or why there is none."""
    found: list[bytes | str] = []
    listed = store.read(lambda c: c.execute("SELECT id FROM attachment ORDER BY id").fetchall()).result()
    for (file_id,) in listed:
        try:
            found.append(profile.cabinet.read(here(store, profile.cabinet, UUID(bytes=file_id), alone)))
        except CrmdeskError as refused:
            found.append(str(refused))
    return found


def names(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM customer ORDER BY seq")]


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    """A desk with a customer, a draft, an attachment bigger than a frame, and changed settings."""
    with new_profile(tmp_path / "desk", secrets=MemorySecrets(), environment={}).profile as made:
        with closing(made.open_store()) as store:
            customer = store.write(add, "欧阳娜娜").result().result
            limits = limits_of(made.settings)
            keep_file(store, made.cabinet, limits, customer, os.urandom(3 * FRAME_BYTES), "照片.jpg")
        with closing(made.open_drafts()) as drafts:
            drafts.save(NoteDraft("d", "c", "half a sentence", 4, AT))
        made.change_settings("agent", {"theme": "dark"})
        yield made


@pytest.fixture
def file(profile: Profile, tmp_path: Path) -> Path:
    path = tmp_path / "desk.crmdesk-backup"
    backup(profile, path, PASSPHRASE)
    return path


def test_everything_comes_back(profile: Profile, file: Path, tmp_path: Path) -> None:
    secrets, into = MemorySecrets(), tmp_path / "new home"
    restore(file, PASSPHRASE, into, secrets)
    with open_profile(into, secrets=secrets, environment={}) as again:
        assert again.id == profile.id
        assert again.settings.text("theme") == "dark"
        with closing(profile.open_store()) as store:
            kept = photos(profile, store)
        with closing(again.open_store()) as store:
            assert photos(again, store) == kept
            assert len(kept[0]) == 3 * FRAME_BYTES
            assert store.read(names).result() == ["欧阳娜娜"]
            store.write(add, "Wang").result()
        with closing(again.open_drafts()) as drafts:
            assert [draft.text for draft in drafts.open_drafts().result()] == ["half a sentence"]
    assert not list(tmp_path.glob(".copy-*"))


def test_a_content_that_the_server_has_stays_out_and_is_known_to(profile: Profile, tmp_path: Path) -> None:
    secrets, file = MemorySecrets(), tmp_path / "b"
    with closing(profile.open_store()) as store:
        ((file_id,),) = store.read(lambda c: c.execute("SELECT id FROM attachment").fetchall()).result()
        store.write(mark, UUID(bytes=file_id), "there").result()
        (profile.attachments_path / "left over").write_bytes(b"noise")
        backup(profile, file, PASSPHRASE)
        assert isinstance(photos(profile, store)[0], bytes), "here it stays"
    restore(file, PASSPHRASE, tmp_path / "new", secrets)
    with (
        open_profile(tmp_path / "new", secrets=secrets, environment={}) as again,
        closing(again.open_store()) as store,
    ):
        assert list(again.attachments_path.iterdir()) == []
        assert photos(again, store) == [
            "The content of this file is not on this computer, and this desk works alone."
        ]
        assert store.read(state_of, UUID(bytes=file_id)).result() == "only_there"


def test_a_restored_profile_is_a_desk_of_its_own(profile: Profile, file: Path, tmp_path: Path) -> None:
    secrets = MemorySecrets()
    restore(file, PASSPHRASE, tmp_path / "new", secrets)
    with open_profile(tmp_path / "new", secrets=secrets, environment={}) as again:
        assert again.identity.device != profile.identity.device


def test_the_file_tells_nothing_and_belongs_to_its_owner(profile: Profile, file: Path) -> None:
    content = file.read_bytes()
    for secret in (profile.key, profile.key.hex().encode(), "欧阳".encode(), b"half a", b"dark", b"SQLite"):
        assert secret not in content
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_left_in_the_profile(profile: Profile, file: Path) -> None:
    assert file.exists()
    assert not list(profile.path.glob(".copy-*"))


def nothing_restored(file: Path, into: Path, passphrase: str = PASSPHRASE) -> CrmdeskError:
    """Fail to restore; nothing may be there afterwards, no key either."""
    secrets, before = MemorySecrets(), sorted(into.parent.iterdir())
    with pytest.raises(CrmdeskError) as refused:
        restore(file, passphrase, into, secrets)
    assert sorted(into.parent.iterdir()) == before
    assert secrets._held == {}
    return refused.value


def test_another_passphrase_is_told_and_nothing_changed(file: Path, tmp_path: Path) -> None:
    refused = nothing_restored(file, tmp_path / "new", "correct horse")
    assert isinstance(refused, InvalidInput)
    assert "passphrase does not fit" in str(refused)


def test_a_file_cut_anywhere_is_told_and_nothing_changed(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    for length in (0, 5, 16, 30, 250, 400, 5_000, len(whole) // 2, len(whole) - FRAME_BYTES, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert isinstance(nothing_restored(file, tmp_path / "new"), FileFault | InvalidInput), length


def test_a_frame_missing_at_the_end_or_the_middle_is_noticed(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    starts = frame_starts(whole)
    assert len(starts) > 5
    without_last = whole[: starts[-1]]
    without_middle = whole[: starts[3]] + whole[starts[4] :]
    swapped = (
        whole[: starts[3]] + whole[starts[4] : starts[5]] + whole[starts[3] : starts[4]] + whole[starts[5] :]
    )
    for content in (without_last, without_middle, swapped, whole + b"x", whole + whole[starts[-1] :]):
        file.write_bytes(content)
        assert isinstance(nothing_restored(file, tmp_path / "new"), FileFault)


def frame_starts(whole: bytes) -> list[int]:
    at = 16 + 4 + int.from_bytes(whole[16:20], "big")
    starts = []
    while at < len(whole):
        starts.append(at)
        at += 4 + int.from_bytes(whole[at : at + 4], "big")
    return starts


def test_an_altered_byte_anywhere_is_noticed(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    places = [3, 15, 17, 40, 120, *(start + 10 for start in frame_starts(whole)[:4]), len(whole) - 3]
    for place in places:
        altered = bytearray(whole)
        altered[place] ^= 1
        file.write_bytes(altered)
        nothing_restored(file, tmp_path / "new")


def test_a_file_that_is_no_backup_and_a_newer_one_are_told(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(b"PK\x03\x04" * 100)
    assert "no backup of crmdesk" in str(nothing_restored(file, tmp_path / "new"))
    file.write_bytes(whole[:15] + b"\x02" + whole[16:])
    assert "newer crmdesk" in str(nothing_restored(file, tmp_path / "new"))
    assert "cannot be read" in str(nothing_restored(tmp_path / "none", tmp_path / "new"))


def test_a_profile_is_never_written_over(profile: Profile, file: Path, tmp_path: Path) -> None:
    held = (profile.path / "profile.json").read_bytes()
    assert "in use" in str(nothing_restored(file, profile.path))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("mine")
    assert "in use" in str(nothing_restored(file, tmp_path / "papers"))
    assert (profile.path / "profile.json").read_bytes() == held
    (tmp_path / "empty").mkdir()
    restore(file, PASSPHRASE, tmp_path / "empty", MemorySecrets())
    assert is_profile(tmp_path / "empty")


def test_a_short_passphrase_is_refused(profile: Profile, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="8 characters"):
        backup(profile, tmp_path / "b", "short")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["store.db", "profile.json", "attachments/b", "../desk/drafts.db"])
def test_a_backup_never_takes_the_place_of_what_it_saves(profile: Profile, name: str) -> None:
    held = {path: path.read_bytes() for path in profile.path.rglob("*") if path.is_file()}
    with pytest.raises(InvalidInput, match="outside of the profile"):
        backup(profile, profile.path / name, PASSPHRASE)
    assert {path: path.read_bytes() for path in profile.path.rglob("*") if path.is_file()} == held


def test_a_failed_backup_leaves_the_older_one(profile: Profile, file: Path) -> None:
    whole = file.read_bytes()
    with pytest.raises(StoreFault, match=r"not a folder|directory"):
        backup(profile, file / "not a folder", PASSPHRASE)
    profile.store_path.write_bytes(b"damaged" * 2000)
    with pytest.raises(StoreFault, match="does not fit"):
        backup(profile, file, PASSPHRASE)
    assert file.read_bytes() == whole
    assert not list(profile.path.glob(".copy-*"))


def test_people_work_on_while_a_backup_is_made(
    profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup is the store at one moment, also when changes are saved in its middle."""
    monkeypatch.setattr(backups, "PAGES_AT_ONCE", 5)
    with closing(profile.open_store()) as store:
        for n in range(60):
            store.write(add, f"before {n}" + "x" * 150).result()
        saved = threading.Event()

        def in_the_middle(done: float) -> None:
            if not saved.is_set():
                saved.set()
                store.write(add, "meanwhile").result(timeout=10)

        backup(profile, tmp_path / "b", PASSPHRASE, in_the_middle)
        assert saved.is_set()
        assert store.read(names).result()[-1] == "meanwhile"
    restored = names_in(tmp_path / "b", tmp_path / "new")
    assert len(restored) == 61 and "meanwhile" not in restored


def names_in(file: Path, into: Path) -> list[str]:
    secrets = MemorySecrets()
    restore(file, PASSPHRASE, into, secrets)
    with open_profile(into, secrets=secrets, environment={}) as held, closing(held.open_store()) as store:
        found: list[str] = store.read(names).result()
        return found


def test_progress_only_grows_and_ends(profile: Profile, tmp_path: Path) -> None:
    steps: list[float] = []
    backup(profile, tmp_path / "b", PASSPHRASE, steps.append)
    assert steps[-1] == 1.0 and min(steps) >= 0 and max(steps) == 1.0
    steps.clear()
    restore(tmp_path / "b", PASSPHRASE, tmp_path / "new", MemorySecrets(), steps.append)
    assert steps == sorted(steps) and steps[-1] == 1.0


@pytest.fixture
def night(profile: Profile) -> Callable[[int], Path | None]:
    profile.secrets.set(profile.id, NIGHTLY, PASSPHRASE)
    folder = profile.path.parent / "backups"
    return lambda day: nightly(profile, folder, AT + timedelta(days=day), keep=3)


def test_each_night_has_its_backup_and_old_ones_go(
    profile: Profile, night: Callable[[int], Path | None], tmp_path: Path
) -> None:
    first = night(0)
    assert first is not None and night(0) is None
    (first.parent / "letter.txt").write_text("mine")
    (first.parent / "crmdesk-99999999-2020-01-01.crmdesk-backup").write_text("another desk's")
    for day in range(1, 5):
        assert night(day) is not None
    kept = sorted(path.name for path in first.parent.iterdir())
    assert len(kept) == 5 and "letter.txt" in kept
    assert [name[-25:-15] for name in kept if name.startswith(f"crmdesk-{profile.id[:8]}")] == [
        "2026-11-22",
        "2026-11-23",
        "2026-11-24",
    ]


def test_a_night_without_a_passphrase_says_so(profile: Profile, tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="passphrase"):
        nightly(profile, tmp_path / "backups", AT)


def test_the_store_of_a_running_desk_is_not_disturbed(profile: Profile, tmp_path: Path) -> None:
    with closing(profile.open_store()) as store:
        assert isinstance(store, Store)
        backup(profile, tmp_path / "b", PASSPHRASE)
        store.write(add, "after").result()
        assert store.read(names).result() == ["欧阳娜娜", "after"]
