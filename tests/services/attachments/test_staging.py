"""Files of a complaint that is still being written down: sealed at once, attached when it is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput, NotFound, StoreFault
from crmdesk.models.attachment import MIB
from crmdesk.models.customer import open_customer
from crmdesk.models.operations import Author
from crmdesk.models.types import new_id, utc_now
from crmdesk.services.attachments.cabinet import Cabinet
from crmdesk.services.attachments.desk import Limits
from crmdesk.services.attachments.filing import attached_files, known_files, sealed_file
from crmdesk.services.attachments.keys import forget_keys
from crmdesk.services.attachments.staging import attach_held, hold_file, let_go
from crmdesk.services.complaints.intake_sheet import HeldFile, Sheet, from_draft, to_draft
from crmdesk.services.followers import followers
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

KEY = bytes(range(32))
LIMITS = Limits(25 * MIB, 200 * MIB)
BILL = b"%PDF-1.7 bill"
_HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from tests.services.attachments.test_staging import BILL, LIMITS, opened
from crmdesk.services.attachments.cabinet import Cabinet
from crmdesk.services.attachments.staging import hold_file
folder = Path(sys.argv[1])
held = hold_file(opened(folder), Cabinet(folder / "attachments"), LIMITS, BILL, "bill.pdf")
print(held.id, held.size, held.digest, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def opened(folder: Path) -> Store:
    ensure_schema(folder / "store.db", KEY)
    return Store(folder / "store.db", KEY, Author("", "desk", utc_now), followers)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = opened(tmp_path)
    yield made
    made.close()


@pytest.fixture
def cabinet(tmp_path: Path) -> Cabinet:
    return Cabinet(tmp_path / "attachments")


@pytest.fixture
def customer(store: Store) -> UUID:
    def save(work: UnitOfWork) -> UUID:
        made = open_customer(work.author, {"name": "王芳", "kind": "person"}, ())
        work.do(made)
        work.commit()
        return UUID(made.payload["id"])

    return store.write(save).result().result


def test_what_is_held_is_attached_with_the_record_and_reads_the_same(
    store: Store, cabinet: Cabinet, customer: UUID
) -> None:
    held = hold_file(store, cabinet, LIMITS, BILL, "../bill.pdf")
    assert (held.name, held.media_type, held.size) == ("bill.pdf", "application/pdf", len(BILL))
    assert store.read(attached_files, customer).result() == ()
    store.write(attach_held, customer, held).result()
    store.write(attach_held, customer, held).result()
    (file,) = store.read(attached_files, customer).result()
    assert (str(file.id), file.name, file.state) == (held.id, "bill.pdf", "here")
    sealed, _ = store.read(sealed_file, file.id).result()
    assert cabinet.read(sealed) == BILL


def test_it_survives_the_end_of_the_program_without_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HOLD_AND_DIE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    file_id, size, digest = done.stdout.split()
    held = HeldFile(id=file_id, name="bill.pdf", media_type="application/pdf", size=int(size), digest=digest)
    store, cabinet = opened(tmp_path), Cabinet(tmp_path / "attachments")
    try:
        assert cabinet.sweep(lambda: store.read(known_files).result()) == 0
        made = open_customer(store.author, {"name": "王芳", "kind": "person"}, ())

        def save(work: UnitOfWork) -> None:
            work.do(made)
            forget_keys(work.connection)
            work.commit()

        store.write(save).result()
        record = UUID(made.payload["id"])
        store.write(attach_held, record, held).result()
        (file,) = store.read(attached_files, record).result()
        assert cabinet.read(store.read(sealed_file, file.id).result()[0]) == BILL
    finally:
        store.close()


def test_what_is_too_large_is_refused_and_nothing_is_left_of_it(store: Store, cabinet: Cabinet) -> None:
    with pytest.raises(InvalidInput, match="film has 2 MB; a file may have 1 MB at most"):
        hold_file(store, cabinet, Limits(MIB, MIB), bytes(MIB + 1), "film")
    assert store.read(known_files).result() == ()
    assert not cabinet.folder.exists() or list(cabinet.folder.iterdir()) == []


def test_when_its_key_cannot_be_kept_nothing_is_left_of_it(store: Store, cabinet: Cabinet) -> None:
    class FullStore:
        author = store.author

        def write(self, *_: object) -> None:
            raise StoreFault("The disk is full.")

    with pytest.raises(StoreFault):
        hold_file(FullStore(), cabinet, LIMITS, BILL, "bill.pdf")  # type: ignore[arg-type]  # what it asks for
    assert list(cabinet.folder.iterdir()) == []


def test_what_is_let_go_is_gone_and_what_was_attached_stays(
    store: Store, cabinet: Cabinet, customer: UUID
) -> None:
    held = hold_file(store, cabinet, LIMITS, BILL, "bill.pdf")
    let_go(store, cabinet, held)
    assert not cabinet.holds(UUID(held.id))
    assert store.read(known_files).result() == ()
    kept = hold_file(store, cabinet, LIMITS, BILL, "bill.pdf")
    store.write(attach_held, customer, kept).result()
    let_go(store, cabinet, kept)
    assert cabinet.holds(UUID(kept.id))


def test_what_is_not_held_here_cannot_be_attached(store: Store, customer: UUID) -> None:
    held = HeldFile(id=str(new_id()), name="bill.pdf", media_type="", size=1, digest="0" * 64)
    with pytest.raises(NotFound, match="is not on this computer"):
        store.write(attach_held, customer, held).result()


def test_beyond_the_limit_of_a_record_it_stays_held(store: Store, cabinet: Cabinet, customer: UUID) -> None:
    held = hold_file(store, cabinet, LIMITS, BILL, "bill.pdf")
    with pytest.raises(InvalidInput, match="together"):
        store.write(attach_held, customer, held, 1).result()
    store.write(attach_held, customer, held).result()
    assert len(store.read(attached_files, customer).result()) == 1


def test_a_draft_names_what_is_held(store: Store, cabinet: Cabinet) -> None:
    held = hold_file(store, cabinet, LIMITS, BILL, "bill.pdf")
    sheet = Sheet(complaint_id="1", received_at="2026-01-01T00:00:00+00:00", files=(held,))
    assert from_draft(to_draft(sheet)) == sheet
    assert from_draft(to_draft(replace(sheet, files=()))).files == ()
    assert from_draft({k: v for k, v in to_draft(sheet).items() if k != "files"}).files == ()


def test_only_the_owner_of_the_profile_reads_the_sealed_file(store: Store, cabinet: Cabinet) -> None:
    held = hold_file(store, cabinet, LIMITS, BILL, "bill.pdf")
    path = cabinet.folder / UUID(held.id).hex
    assert BILL not in path.read_bytes()
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
