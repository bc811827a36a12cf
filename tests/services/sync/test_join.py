"""Joining and leaving inside one process: whose word counts, and what is as it was when it fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import DiskFull, InvalidInput, ServerFault, ServerRefused
from crmdesk.models.agent import save_code
from crmdesk.models.task import open_task
from crmdesk.services.profile import Profile, new_profile, read_identity
from crmdesk.services.server import people
from crmdesk.services.starter import furnish
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.sync import join as joining
from crmdesk.services.sync import sharing
from crmdesk.services.sync.address import PASSWORD
from crmdesk.services.sync.desk import SharedDesk
from crmdesk.settings import Settings
from tests.cluster import Database, Person


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    """A test profile with its starter rows."""
    made = new_profile(tmp_path / "profile", test=True, secrets=MemorySecrets(), environment={})
    furnish(made.profile, "before")
    yield made.profile
    made.profile.close()


@pytest.fixture
def store(profile: Profile) -> Iterator[Store]:
    """Its store."""
    opened = profile.open_store()
    yield opened
    opened.close()


@pytest.fixture
def desk(profile: Profile, store: Store) -> Iterator[SharedDesk]:
    """The shared side of that profile."""
    made = SharedDesk(profile, store)
    yield made
    made.close()


@pytest.fixture
def anna(database: Database) -> Person:
    """Somebody who may use the database."""
    with database.connect() as admin:
        people.furnish(admin)
    return database.person("anna")


def place(database: Database) -> str:
    return f"127.0.0.1:{database.cluster.port}/{database.name}"


def joined(desk: SharedDesk, database: Database, person: Person, **more: Any) -> joining.Joined:
    return desk.join(place(database), person.login, person.password, ca=str(database.ca), **more)


def opened_task(work: Any) -> None:
    work.do(open_task(work.author, {"subject": "Call back"}))
    work.commit()


def fixed(**values: Any) -> Settings:
    return Settings(fixed=values)


def test_the_policy_names_the_server(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    house = fixed(server="db.example:5433/crm", server_ca=str(ca))
    found = joining.address_of(house, "", "anna")
    assert (found.host, found.port, found.dbname, found.ca) == ("db.example", 5433, "crm", str(ca))
    assert joining.address_of(house, "db.example:5433/crm", "anna") == found
    with pytest.raises(Exception, match="fixed by your IT"):
        joining.address_of(house, "elsewhere.example", "anna")
    with pytest.raises(InvalidInput, match="Which server"):
        joining.address_of(Settings(), "", "anna")


def test_after_joining_this_person_signs_what_is_done(
    desk: SharedDesk, store: Store, profile: Profile, database: Database, anna: Person
) -> None:
    done = joined(desk, database, anna)
    assert (done.user, done.role, done.copy) == ("anna", "agent", None)
    assert store.author.actor == str(anna.agent_id)
    assert profile.settings.text("agent") == "anna"
    assert desk.run().reloaded
    assert desk.status().last_pull_at is not None
    with pytest.raises(InvalidInput, match="Leave it first"):
        joined(desk, database, database.person("bob"))


def test_joining_once_more_brings_a_new_password_and_a_moved_database(
    desk: SharedDesk, profile: Profile, store: Store, database: Database, anna: Person
) -> None:
    first = joined(desk, database, anna)
    desk.run()
    store.write(opened_task).result()
    with database.connect() as admin:
        people.change_password(admin, "anna", "another horse")
    desk.close()
    with pytest.raises(ServerRefused, match="password"):
        desk.run()
    where = f"localhost:{database.cluster.port}/{database.name}"
    with pytest.raises(ServerRefused, match="password"):
        desk.join(where, "anna", "wrong horse", ca=str(database.ca))
    again = desk.join(where, "anna", "another horse", ca=str(database.ca))
    database.cluster.passwords["anna"] = "another horse"
    assert (again.tag, again.operations, again.removed) == (first.tag, 0, 0)
    assert profile.secrets.get(profile.id, PASSWORD) == "another horse"
    address = desk.address()
    assert address is not None
    assert address.host == "localhost"
    done = desk.run()
    assert (done.accepted, done.reloaded) == (1, False)


def test_another_database_under_the_same_account_is_another_one(
    desk: SharedDesk, database: Database, anna: Person
) -> None:
    from crmdesk.services.server.install import init

    joined(desk, database, anna)
    desk.run()
    other = database.cluster.empty_database()
    init(other.owner_dsn, test=True, password=other.password())
    word = other.person("anna").password
    with pytest.raises(InvalidInput, match="Leave it first"):
        desk.join(place(other), "anna", word, ca=str(database.ca))
    other.drop()


def test_a_store_that_refuses_leaves_password_and_settings_as_they_were(
    desk: SharedDesk,
    profile: Profile,
    database: Database,
    anna: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(sharing, "begin_sharing", refuse)
    with pytest.raises(DiskFull):
        joined(desk, database, anna)
    assert profile.secrets.get(profile.id, PASSWORD) is None
    assert profile.settings.text("agent") == "before"
    assert desk.status().configured is False


def test_a_wrong_password_is_kept_nowhere(
    desk: SharedDesk, profile: Profile, database: Database, anna: Person
) -> None:
    with pytest.raises(ServerRefused, match="password"):
        desk.join(place(database), "anna", "wrong", ca=str(database.ca))
    assert profile.secrets.get(profile.id, PASSWORD) is None
    with pytest.raises(ServerFault):
        desk.join("127.0.0.1:1/crmdesk", "anna", anna.password, ca=str(database.ca))


def test_adopting_takes_along_what_people_made_and_not_what_every_house_begins_with(
    desk: SharedDesk, store: Store, database: Database
) -> None:
    with database.connect() as admin:
        people.furnish(admin)
    boss = database.person("boss", "administrator")
    own = {"id": "01a2006f-74a6-7b98-a3cf-803fe8521d3c", "key": "lost_patience", "name_en": "Lost patience"}

    def write(work: Any) -> None:
        work.do(save_code(work.author, "disposition", own))
        work.commit()

    store.write(write).result()
    assert joined(desk, database, boss, adopt=True).operations == 1
    done = desk.run()
    assert (done.accepted, done.refused) == (1, 0)
    with database.connect() as admin:
        found = admin.execute("SELECT count(*) FROM crm.disposition WHERE key = 'lost_patience'").fetchone()
    assert found == (1,)
    before = store.read(
        lambda connection: connection.execute("SELECT count(*) FROM agent").fetchone()
    ).result()
    assert before == (1,)


def test_a_desk_put_off_does_not_come_back_as_itself(
    desk: SharedDesk, profile: Profile, database: Database, anna: Person
) -> None:
    joined(desk, database, anna)
    desk.run()
    desk.leave()
    assert profile.secrets.get(profile.id, PASSWORD) is None
    with database.connect() as admin:
        admin.execute("SELECT crm.forget_device(%s)", (profile.identity.device,))
    with pytest.raises(ServerRefused, match="put this desk off"):
        joined(desk, database, anna)
    assert profile.store_path.exists()


def test_a_desk_that_another_account_used_is_a_desk_of_its_own(
    desk: SharedDesk, store: Store, profile: Profile, database: Database, anna: Person
) -> None:
    first = joined(desk, database, anna)
    desk.run()
    desk.leave()
    before = profile.identity
    second = joined(desk, database, database.person("bob"))
    assert first.tag != second.tag
    assert profile.identity.device != before.device
    assert read_identity(profile.path) == profile.identity
    assert desk.run().refused == 0
    assert store.author.device == profile.identity.device


def test_leaving_alone(desk: SharedDesk) -> None:
    with pytest.raises(InvalidInput, match="works alone already"):
        desk.leave()
    with pytest.raises(InvalidInput, match="works alone"):
        desk.run()
    assert (desk.pending(), desk.refused()) == ((), ())
