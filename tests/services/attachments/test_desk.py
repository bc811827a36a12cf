"""Attachments as the window asks for them: futures, and nothing half when something is in the way."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import DiskFull, NotFound
from crmdesk.models.customer import open_customer
from crmdesk.services.attachments import desk as desks
from crmdesk.services.attachments.desk import Attachments, attachments_of
from crmdesk.services.attachments.room import sweep
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork


class Place:
    """A desk of its own with one customer."""

    def __init__(self, profile: Profile, secrets: MemorySecrets) -> None:
        self.profile, self.secrets = profile, secrets
        self.store: Store = profile.open_store("", followers)
        self.files: Attachments = attachments_of(profile, self.store)
        self.customer = self.store.write(_add).result().result

    def close(self) -> None:
        self.files.close()
        self.store.close()
        self.profile.close()


def _add(work: UnitOfWork) -> UUID:
    operation = open_customer(work.author, {"name": "Zhang San"})
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


@pytest.fixture
def place(tmp_path: Path, light_recovery: None) -> Iterator[Place]:
    secrets = MemorySecrets()
    made = Place(new_profile(tmp_path / "desk", secrets=secrets, environment={}).profile, secrets)
    yield made
    made.close()


def test_a_desk_of_its_own_keeps_files(place: Place, tmp_path: Path) -> None:
    told: list[frozenset[str]] = []
    place.store.on_change(lambda changes: told.append(changes.kinds))
    source = tmp_path / "note.txt"
    source.write_text("He is angry.", encoding="utf-8")
    file_id = place.files.add(place.customer, source).result()
    picture = place.files.add(place.customer, b"\x89PNG\r\n\x1a\n", "Picture.png").result()
    assert frozenset({"attachment"}) in told
    one, other = place.files.of(place.customer).result()
    assert [(one.id, one.name, one.state), (other.id, other.media_type, other.state)] == [
        (file_id, "note.txt", "here"),
        (picture, "image/png", "here"),
    ]
    assert place.files.read(file_id).result() == b"He is angry."
    place.files.save(file_id, tmp_path / "out.txt").result()
    assert (tmp_path / "out.txt").read_bytes() == b"He is angry."
    assert place.files.open_copy(picture).result().read_bytes().startswith(b"\x89PNG")


def test_without_a_server_nothing_can_be_fetched(place: Place) -> None:
    file_id = place.files.add(place.customer, b"x", "x").result()
    place.profile.cabinet.drop(file_id)
    with pytest.raises(NotFound, match="this desk works alone"):
        place.files.read(file_id).result()


def test_a_store_that_is_full_leaves_no_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise DiskFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(desks, "attach", full)
        with pytest.raises(DiskFull):
            place.files.add(place.customer, b"x", "x").result()
    assert list(place.profile.attachments_path.iterdir()) == []
    assert place.files.of(place.customer).result() == ()
    place.files.add(place.customer, b"x", "x").result()
    assert sweep(place.store, place.profile) == 0


def test_a_disk_that_fills_up_on_the_way_leaves_no_half_file(place: Place) -> None:
    place.files.add(place.customer, b"first", "x").result()
    before = sorted(place.profile.attachments_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(DiskFull, match="The disk is full"):
            place.files.add(place.customer, bytes(500_000), "y").result()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(place.profile.attachments_path.iterdir()) == before
    assert len(place.files.of(place.customer).result()) == 1
    place.files.add(place.customer, bytes(500_000), "y").result()


def test_no_plain_copy_outlives_a_crash(place: Place) -> None:
    file_id = place.files.add(place.customer, b"plain", "x.txt").result()
    copy = place.files.open_copy(file_id).result()
    place.store.close()
    place.profile.close()
    with open_profile(place.profile.path, secrets=place.secrets, environment={}) as again:
        assert copy.exists()
        with closing(again.open_store("", followers)) as store:
            assert sweep(store, again) == 0
        assert not copy.exists()
        assert again.cabinet.holds(file_id)
