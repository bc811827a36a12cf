"""The CA file given at joining is copied: a desk goes on when the original moves, and says when it ends."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.cli import doctor
from crmdesk.errors import ServerUntrusted
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.store.backup import backup, restore
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.sync.desk import SharedDesk
from crmdesk.settings import Settings
from tests.authority import Authority
from tests.cluster import Database, Person


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    made = new_profile(tmp_path / "profile", test=True, secrets=MemorySecrets(), environment={}).profile
    yield made
    made.close()


@pytest.fixture
def desk(profile: Profile) -> Iterator[SharedDesk]:
    store = profile.open_store()
    made = SharedDesk(profile, store)
    yield made
    made.close()
    store.close()


@pytest.fixture
def given(database: Database, tmp_path: Path) -> Path:
    """The CA file as somebody put it on the desktop."""
    return Path(shutil.copy(database.ca, tmp_path / "ca.pem"))


def join(desk: SharedDesk, database: Database, person: Person, ca: str) -> None:
    place = f"127.0.0.1:{database.cluster.port}/{database.name}"
    desk.join(place, person.login, person.password, ca=ca)


def test_the_original_may_go(desk: SharedDesk, profile: Profile, database: Database, given: Path) -> None:
    anna = database.person("anna")
    join(desk, database, anna, str(given))
    own = profile.layout.authority
    assert own.read_bytes() == given.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(own.stat().st_mode) == 0o600
    given.unlink()
    assert desk.run().tick > 0
    join(desk, database, anna, "")
    assert desk.run().tick > 0, "joining once more needs no file"
    desk.leave()
    assert not own.exists()


def test_a_failed_join_changes_no_trust(
    desk: SharedDesk, profile: Profile, database: Database, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path, "somebody else").root
    with pytest.raises(ServerUntrusted):
        join(desk, database, database.person("anna"), str(foreign))
    assert not profile.layout.authority.exists()


def test_it_goes_along_with_a_backup(
    desk: SharedDesk, profile: Profile, database: Database, given: Path, tmp_path: Path
) -> None:
    join(desk, database, database.person("anna"), str(given))
    backup(profile, tmp_path / "all.crmdesk-backup", "a long passphrase")
    restore(tmp_path / "all.crmdesk-backup", "a long passphrase", tmp_path / "elsewhere", MemorySecrets())
    assert (tmp_path / "elsewhere" / "server-ca.pem").read_bytes() == given.read_bytes()


def test_what_the_policy_names_goes_first(
    desk: SharedDesk, profile: Profile, database: Database, given: Path, tmp_path: Path
) -> None:
    join(desk, database, database.person("anna"), str(given))
    house = tmp_path / "house.pem"
    house.write_bytes(given.read_bytes())
    profile.settings = Settings(fixed={"server_ca": str(house)})
    address = desk.address()
    assert address is not None
    assert address.ca == str(house)
    house.unlink()
    address = desk.address()
    assert address is not None
    assert address.ca == str(profile.layout.authority)


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (3_000, doctor.GOOD, "holds for 2999 days"),
        (40, doctor.LOOK, "holds for 39 days"),
        (-3, doctor.BAD, "ended 4 days ago"),
    ],
)
def test_the_doctor_says_how_long_the_authority_holds(
    tmp_path: Path, days: int, state: str, words: str
) -> None:
    found = doctor._authority(str(Authority(tmp_path, "house", days=days).root))
    assert (found.name, found.state) == ("authority", state)
    assert words in found.found
    assert bool(found.advice) is (state != doctor.GOOD)
