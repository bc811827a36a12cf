"""What the window asks of files, answered over a real profile: sealed, attached, opened from a copy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtGui import QImage

from crmdesk.errors import InvalidInput
from crmdesk.models.customer import open_customer
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.stop import Stop
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.ui.files_desk import Given, LocalFiles

pytestmark = pytest.mark.usefixtures("qapp")
"""Qt takes the thread that first asks it for something for its own: not the lane where pictures are read."""
MIB = 1024 * 1024


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    with new_profile(tmp_path / "desk", secrets=MemorySecrets(), environment={}).profile as made:
        yield made


@pytest.fixture
def store(profile: Profile) -> Iterator[Store]:
    made = profile.open_store("", followers)
    yield made
    made.close()


@pytest.fixture
def files(profile: Profile, store: Store) -> Iterator[LocalFiles]:
    made = LocalFiles(profile, store)
    yield made
    made.close()


@pytest.fixture
def record(store: Store) -> UUID:
    def save(work: UnitOfWork) -> UUID:
        made = open_customer(work.author, {"name": "王芳", "kind": "person"}, ())
        work.do(made)
        work.commit()
        return UUID(made.payload["id"])

    found: UUID = store.write(save).result().result
    return found


def test_a_file_is_sealed_listed_opened_and_saved(
    files: LocalFiles, profile: Profile, record: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "维修单.pdf"
    path.write_bytes(b"%PDF-1.7 the bill")
    file_id = files.add(record, Given(path.name, path)).result()
    path.unlink()
    (listed,) = files.of(record).result()
    assert (listed.id, listed.name, listed.size, listed.state) == (file_id, "维修单.pdf", 17, "here")
    assert all(b"the bill" not in each.read_bytes() for each in profile.attachments_path.iterdir())
    copy = files.open_copy(file_id, lambda *_: None, Stop()).result()
    assert copy.read_bytes() == b"%PDF-1.7 the bill"
    assert copy.stat().st_mode & 0o077 == 0
    files.save(file_id, tmp_path / "saved.pdf", lambda *_: None, Stop()).result()
    assert (tmp_path / "saved.pdf").read_bytes() == b"%PDF-1.7 the bill"
    files.close()
    assert not copy.exists()


def test_a_picture_becomes_a_png(files: LocalFiles, record: UUID) -> None:
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(0x336699)
    files.add(record, Given("Picture.png", picture=picture)).result()
    (listed,) = files.of(record).result()
    assert (listed.name, listed.media_type) == ("Picture.png", "image/png")


def test_a_picture_of_no_size_is_refused_and_not_kept_as_an_empty_file(
    files: LocalFiles, record: UUID
) -> None:
    for asked in (files.add(record, Given("P.png", picture=QImage())), files.hold(Given("P.png"))):
        with pytest.raises(InvalidInput, match="it may be too large"):
            asked.result()
    assert files.of(record).result() == ()


def test_fifty_megabytes_are_refused_with_a_sentence_and_nothing_is_left(
    files: LocalFiles, profile: Profile, record: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(50 * MIB)
    for asked in (files.add(record, Given(path.name, path)), files.hold(Given(path.name, path))):
        with pytest.raises(InvalidInput) as refused:
            asked.result()
        assert str(refused.value).startswith("film.mp4 has 50 MB; a file may have 25 MB at most.")
    assert files.of(record).result() == ()
    assert path.exists()
    assert not profile.attachments_path.exists() or list(profile.attachments_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["..\\..\\con.pdf", "a\u202efdp.exe", "\x00\x07", "x" * 400 + ".pdf", "a/b/c.txt"]
)
def test_a_hostile_name_is_made_harmless_and_never_refused(
    files: LocalFiles, record: UUID, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    files.add(record, Given(name, path)).result()
    (listed,) = files.of(record).result()
    assert listed.name
    assert len(listed.name.encode()) <= 255
    assert not set(listed.name) & set("\\/\u202e\x00\x07")
    assert files.open_copy(listed.id, lambda *_: None, Stop()).result().read_bytes() == b"content"


def test_what_was_held_is_attached_with_its_record(files: LocalFiles, record: UUID, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff photo")
    held = files.hold(Given(path.name, path)).result()
    gone = files.hold(Given("gone.jpg", path)).result()
    path.unlink()
    files.let_go(gone).result()
    assert files.of(record).result() == ()
    (left,) = files.attach_held(record, (held, gone)).result()
    assert (left.file, str(left.why)) == (gone, "The content of gone.jpg is not on this computer.")
    assert [each.name for each in files.of(record).result()] == ["photo.jpg"]


def test_the_services_of_files_are_loaded_by_whoever_reads_and_not_by_who_asks(tmp_path: Path) -> None:
    asks = (
        "import sys\n"
        "from concurrent.futures import Future\n"
        "from uuid import UUID\n"
        "from crmdesk.ui.files_desk import LocalFiles\n"
        "class Store:\n"
        "    def read(self, query, *arguments):\n"
        "        return Future()\n"
        "files = LocalFiles(None, Store())\n"
        "files.of(UUID(int=1))\n"
        "print(sorted(name for name in sys.modules if name.startswith('crmdesk.services.attachments.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
