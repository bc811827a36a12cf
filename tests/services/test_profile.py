"""The folder of one desk: made, opened, copied, opened twice, and in places where it cannot be."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crmdesk.errors import Denied, InvalidInput, KeyUnavailable, StoreBusy, StoreFault, WrongKey
from crmdesk.models.customer import open_customer
from crmdesk.services import profile as profiles
from crmdesk.services.profile import (
    FirstStart,
    is_profile,
    new_profile,
    open_profile,
    profile_path,
    read_identity,
    recover,
)
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.files import FileLock
from crmdesk.services.store.keys import STORE_KEY, KeyFileSecrets, MemorySecrets

pytestmark = pytest.mark.usefixtures("light_recovery")


@pytest.fixture
def secrets() -> MemorySecrets:
    return MemorySecrets()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a desk 热线"


def made(folder: Path, secrets: MemorySecrets, *, test: bool = False) -> FirstStart:
    first = new_profile(folder, secrets=secrets, test=test, environment={})
    first.profile.close()
    return first


def test_a_new_profile_opens_again_and_is_the_same(folder: Path, secrets: MemorySecrets) -> None:
    with new_profile(folder, secrets=secrets, settings={"language": "zh"}, environment={}).profile as first:
        identity = first.identity
        assert first.settings.text("language") == "zh"
    with open_profile(folder, secrets=secrets, environment={}) as again:
        assert again.identity == identity
        assert again.settings.text("language") == "zh"
        assert again.settings.site.country == "CN"
        assert not again.test
    assert is_profile(folder)


def test_what_lies_in_the_folder_does_not_hold_the_key(folder: Path, secrets: MemorySecrets) -> None:
    first = made(folder, secrets)
    key = secrets.get(first.profile.id, STORE_KEY) or ""
    for file in folder.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes()
            assert first.recovery_code.encode() not in file.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_nobody_else_reads_the_files_of_a_desk(folder: Path, secrets: MemorySecrets) -> None:
    folder.mkdir(mode=0o755)
    with (
        new_profile(folder, secrets=secrets, environment={}).profile as first,
        closing(first.open_store()) as store,
        closing(first.open_drafts()) as drafts,
    ):
        store.write(lambda work: work.do(open_customer(work.author, {"name": "Ann"}))).result()
        drafts.forget("none").result()
        modes = {file.name: file.stat().st_mode & 0o077 for file in folder.rglob("*") if file.is_file()}
    assert {"store.db", "store.db-wal", "store.db-shm", "drafts.db"} <= set(modes)
    assert not any(modes.values()), modes


def test_a_second_profile_in_the_same_folder_is_refused(folder: Path, secrets: MemorySecrets) -> None:
    first = made(folder, secrets)
    with pytest.raises(InvalidInput, match="already"):
        new_profile(folder, secrets=secrets, environment={})
    with open_profile(folder, secrets=secrets, environment={}) as held:
        assert held.id == first.profile.id


@pytest.mark.parametrize("lost", ["deleted", "emptied", "without tables"])
def test_a_lost_store_is_told_and_never_begun_anew(folder: Path, secrets: MemorySecrets, lost: str) -> None:
    first = made(folder, secrets)
    store = first.profile.store_path
    for file in folder.glob("store.db*"):
        file.unlink()
    if lost == "emptied":
        store.touch()
    if lost == "without tables":
        open_connection(store, first.profile.key, role="writer", create=True).close()
    before = store.read_bytes() if store.exists() else None
    with pytest.raises(StoreFault, match=r"missing or empty.*backup"):
        open_profile(folder, secrets=secrets, environment={})
    assert (store.read_bytes() if store.exists() else None) == before


def test_a_folder_with_other_things_is_refused_and_left_alone(folder: Path, secrets: MemorySecrets) -> None:
    (folder / "letters").mkdir(parents=True)
    folder.chmod(0o755)
    with pytest.raises(InvalidInput, match="holds other things"):
        new_profile(folder, secrets=secrets, environment={})
    assert [each.name for each in folder.iterdir()] == ["letters"]
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_an_empty_folder_becomes_its_owners_alone(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    keys = folder / "keys.json"
    new_profile(folder, environment={"CRMDESK_KEY_FILE": str(keys)}).profile.close()
    assert keys.exists()
    for each in (folder, folder / "logs", folder / "attachments"):
        assert each.stat().st_mode & 0o777 == 0o700


def test_what_a_broken_first_start_left_is_set_aside(folder: Path, secrets: MemorySecrets) -> None:
    folder.mkdir()
    (folder / "store.db").write_bytes(b"left")
    assert not is_profile(folder)
    made(folder, secrets)
    assert (folder / "store.db.left-1").read_bytes() == b"left"


def test_a_profile_opens_once_at_a_time(folder: Path, secrets: MemorySecrets) -> None:
    made(folder, secrets)
    with open_profile(folder, secrets=secrets, environment={}):
        with pytest.raises(StoreBusy, match="open in another crmdesk"):
            open_profile(folder, secrets=secrets, environment={})
        with pytest.raises(StoreBusy):
            open_profile(folder, secrets=secrets, environment={}, wait_seconds=0.1)
    open_profile(folder, secrets=secrets, environment={}).close()


def test_the_lock_ends_with_its_process_however_it_ends(folder: Path, secrets: MemorySecrets) -> None:
    made(folder, secrets)
    script = (
        "import sys\nfrom pathlib import Path\nfrom crmdesk.services.store.files import FileLock\n"
        "print(FileLock(Path(sys.argv[1])).acquire(), flush=True)\nsys.stdin.read()\n"
    )
    lock = folder / "profile.lock"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"True\n"
        with pytest.raises(StoreBusy):
            open_profile(folder, secrets=secrets, environment={})
        holder.kill()
    open_profile(folder, secrets=secrets, environment={}).close()


def test_a_failed_opening_frees_the_lock(folder: Path, secrets: MemorySecrets) -> None:
    first = made(folder, secrets)
    key = secrets.get(first.profile.id, STORE_KEY) or ""
    secrets.delete(first.profile.id, STORE_KEY)
    with pytest.raises(KeyUnavailable, match="recovery code"):
        open_profile(folder, secrets=secrets, environment={})
    secrets.set(first.profile.id, STORE_KEY, "not hex")
    with pytest.raises(WrongKey):
        open_profile(folder, secrets=secrets, environment={})
    secrets.set(first.profile.id, STORE_KEY, "00" * 32)
    with pytest.raises(WrongKey, match="does not fit"):
        open_profile(folder, secrets=secrets, environment={})
    secrets.set(first.profile.id, STORE_KEY, key)
    open_profile(folder, secrets=secrets, environment={}).close()


def test_the_recovery_code_brings_a_lost_key_back(folder: Path, secrets: MemorySecrets) -> None:
    first = made(folder, secrets)
    other = made(folder.with_name("other"), secrets)
    key = secrets.get(first.profile.id, STORE_KEY)
    secrets.delete(first.profile.id, STORE_KEY)
    with pytest.raises(WrongKey):
        recover(folder, other.recovery_code, secrets)
    assert secrets.get(first.profile.id, STORE_KEY) is None
    recover(folder, first.recovery_code, secrets)
    assert secrets.get(first.profile.id, STORE_KEY) == key


def test_no_profile_and_a_damaged_one_are_told_apart(folder: Path, secrets: MemorySecrets) -> None:
    with pytest.raises(StoreFault, match="no profile"):
        open_profile(folder, secrets=secrets, environment={})
    assert not folder.exists()
    made(folder, secrets)
    whole = json.loads((folder / "profile.json").read_bytes())
    for content in ("", "[]", "{}", json.dumps({**whole, "surprise": 1})):
        (folder / "profile.json").write_text(content)
        with pytest.raises(StoreFault, match="damaged"):
            open_profile(folder, secrets=secrets, environment={})
    (folder / "profile.json").write_text(json.dumps({**whole, "format": 2}))
    with pytest.raises(StoreFault, match="newer"):
        open_profile(folder, secrets=secrets, environment={})


def test_a_copy_on_another_computer_is_a_desk_of_its_own(
    folder: Path, secrets: MemorySecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(folder, secrets).profile.identity
    monkeypatch.setattr(profiles, "machine_mark", lambda: "another")
    with open_profile(folder, secrets=secrets, environment={}) as copied:
        assert copied.id == first.id
        assert copied.identity.device != first.device
        assert copied.identity.machine == "another"
        assert copied.author().device == copied.identity.device
    assert read_identity(folder) == copied.identity
    with open_profile(folder, secrets=secrets, environment={}) as again:
        assert again.identity == copied.identity


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path, secrets: MemorySecrets) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="file"):
        new_profile(tmp_path / "file" / "desk", secrets=secrets, environment={})


READ_ONLY = """
import os, sys
from pathlib import Path
from crmdesk.errors import StoreUnwritable
from crmdesk.services.profile import new_profile, open_profile
from crmdesk.services.store.keys import KeyFileSecrets, MemorySecrets
folder, keys = Path(sys.argv[1]), Path(sys.argv[2])
for use in (
    lambda: new_profile(folder / "new", secrets=MemorySecrets(), environment={}),
    lambda: open_profile(folder / "desk", secrets=KeyFileSecrets(keys), environment={}),
):
    try:
        use()
    except StoreUnwritable as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="takes rights away as Linux does")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    keys = KeyFileSecrets(tmp_path / "keys.json")
    new_profile(tmp_path / "desk", secrets=keys, environment={}).profile.close()
    before = {file: file.read_bytes() for file in (tmp_path / "desk").glob("*.*")}
    everything = [tmp_path, *tmp_path.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o400)
    reader = without_rights(READ_ONLY, str(tmp_path), str(tmp_path / "keys.json"))
    for path in everything:
        path.chmod(0o755 if path.is_dir() else 0o600)
    assert reader.count("cannot be written") == 2, reader
    assert {file: file.read_bytes() for file in before} == before


def without_rights(script: str, *arguments: str) -> str:
    """Run *script* in a process that root's rights to write anywhere were taken from."""
    drop = (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "for capability in (1, 2, 3): libc.prctl(24, capability, 0, 0, 0)\n"
        "import struct\nheader = ctypes.create_string_buffer(struct.pack('Ii', 0x20080522, 0))\n"
        "held = ctypes.create_string_buffer(24)\nlibc.capget(header, held)\n"
        "sets = list(struct.unpack('6I', held.raw))\n"
        "for at in (0, 1, 2): sets[at] &= ~0b1110\n"
        "libc.capset(header, ctypes.create_string_buffer(struct.pack('6I', *sets)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", drop + script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_a_test_profile_heeds_the_clock_of_the_environment(folder: Path, secrets: MemorySecrets) -> None:
    environment = {"CRMDESK_CLOCK": "2026-11-20T09:58:00Z"}
    made(folder, secrets)
    with open_profile(folder, secrets=secrets, environment=environment) as plain:
        assert plain.clock().isoformat() != "2026-11-20T09:58:00+00:00"
        with pytest.raises(Denied):
            plain.clock.set("+3d")
    made(folder.with_name("test"), secrets, test=True)
    with open_profile(folder.with_name("test"), secrets=secrets, environment=environment) as test:
        assert test.clock().isoformat() == "2026-11-20T09:58:00+00:00"
        assert test.clock.set("+3d").isoformat() == "2026-11-23T09:58:00+00:00"
        assert test.author().now() == test.clock()
    with pytest.raises(InvalidInput, match="2026-11-20T09:58:00Z"):
        open_profile(folder.with_name("test"), secrets=secrets, environment={"CRMDESK_CLOCK": "yesterday"})


def test_the_folder_is_chosen_by_argument_then_environment_then_platform(tmp_path: Path) -> None:
    named = {"CRMDESK_PROFILE": str(tmp_path / "named")}
    assert profile_path(tmp_path, named) == tmp_path
    assert profile_path(None, named) == tmp_path / "named"
    assert profile_path(None, {}).name == "crmdesk"


def test_settings_last_and_damaged_ones_are_set_aside(folder: Path, secrets: MemorySecrets) -> None:
    made(folder, secrets)
    with open_profile(folder, secrets=secrets, environment={}) as held:
        held.change_settings("agent", {"theme": "dark"})
        with pytest.raises(Denied):
            held.change_settings("agent", {"country": "DE"})
    with open_profile(folder, secrets=secrets, environment={}) as held:
        assert held.settings.text("theme") == "dark"
    (folder / "settings.json").write_text("{")
    with open_profile(folder, secrets=secrets, environment={}) as held:
        assert held.settings.text("theme") == ""
    assert (folder / "settings.json.damaged-1").read_text() == "{"


def test_a_lock_may_be_given_back_twice(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.release()
    assert lock.acquire()
    assert not FileLock(tmp_path / "lock").acquire()
    lock.release()
    lock.release()
    assert FileLock(tmp_path / "lock").acquire()
