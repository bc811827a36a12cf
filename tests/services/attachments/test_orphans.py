"""Files held for a form that is no more go; those that a draft names, or this program holds, never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.attachment import MIB
from crmdesk.models.customer import open_customer
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.models.types import utc_now
from crmdesk.services.attachments.desk import Limits
from crmdesk.services.attachments.filing import known_files
from crmdesk.services.attachments.room import sweep
from crmdesk.services.attachments.staging import attach_held, hold_file, let_go
from crmdesk.services.complaints.intake_sheet import HeldFile
from crmdesk.services.erasure import Erasure, Wanted
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

LIMITS = Limits(25 * MIB, 200 * MIB)
BILL = b"%PDF-1.7 bill"
Again = Callable[[], Profile]


@pytest.fixture
def begin(tmp_path: Path, light_recovery: None) -> Iterator[Again]:
    """Begin the program anew, as after a crash: nothing is known by heart."""
    secrets, folder = MemorySecrets(), tmp_path / "desk"
    profiles: list[Profile] = []

    def begun() -> Profile:
        if not profiles:
            profiles.append(new_profile(folder, secrets=secrets, environment={}).profile)
        else:
            profiles[-1].close()
            profiles.append(open_profile(folder, secrets=secrets, environment={}))
        return profiles[-1]

    yield begun
    profiles[-1].close()


def opened(profile: Profile) -> closing[Store]:
    return closing(profile.open_store(followers=followers))


def hold(profile: Profile, store: Store) -> HeldFile:
    return hold_file(store, profile.cabinet, LIMITS, BILL, "bill.pdf")


def name_in_draft(profile: Profile, *held: HeldFile, words: str = "") -> None:
    """Keep a form that names files."""
    with closing(profile.open_drafts()) as drafts:
        text = f'{{"files": [{", ".join(each.id for each in held)}], "words": "{words}"}}'
        drafts.save(NoteDraft("form/intake/call 1", "form/intake/call 1", text, 0, utc_now())).result()


def left(profile: Profile, store: Store) -> set[str]:
    """Return the files there are; keys and contents agree."""
    keys = {each.hex for each in store.read(known_files).result()}
    folder = profile.attachments_path
    assert {path.name for path in folder.iterdir()} == keys
    return {str(UUID(each)) for each in keys}


def test_what_a_crash_left_without_a_form_goes_at_the_next_start(begin: Again) -> None:
    profile = begin()
    with opened(profile) as store:
        orphan, named = hold(profile, store), hold(profile, store)
        name_in_draft(profile, named)
    profile = begin()
    with opened(profile) as store:
        assert sweep(store, profile) == 1
        assert left(profile, store) == {named.id}
        assert orphan.id != named.id


def test_without_any_draft_nothing_is_held_for_anything(begin: Again) -> None:
    profile = begin()
    with opened(profile) as store:
        hold(profile, store)
    profile = begin()
    with opened(profile) as store:
        assert not profile.drafts_path.exists()
        assert sweep(store, profile) == 1
        assert left(profile, store) == set()


def test_what_this_program_holds_stays_until_it_is_let_go(begin: Again) -> None:
    profile = begin()
    with opened(profile) as store:
        held, unwanted = hold(profile, store), hold(profile, store)
        let_go(store, profile.cabinet, unwanted)
        assert sweep(store, profile) == 0
        assert left(profile, store) == {held.id}


def test_what_was_attached_is_no_orphan(begin: Again) -> None:
    profile = begin()
    with opened(profile) as store:
        held = hold(profile, store)
        store.write(attach_held, customer(store), held).result()
    profile = begin()
    with opened(profile) as store:
        assert sweep(store, profile) == 0
        assert left(profile, store) == {held.id}


@pytest.mark.parametrize("why", ["set aside", "unreadable"])
def test_while_drafts_cannot_be_asked_nothing_goes(begin: Again, why: str) -> None:
    profile = begin()
    with opened(profile) as store:
        held = hold(profile, store)
        name_in_draft(profile, held)
    profile.drafts_path.write_bytes(b"no database" * 1000)
    if why == "set aside":
        # The window found it damaged and began a new one.
        name_in_draft(profile)
    profile = begin()
    with opened(profile) as store:
        assert sweep(store, profile) == 0
        assert left(profile, store) == {held.id}


def test_with_a_person_go_the_files_of_forms_about_him_and_no_others(begin: Again) -> None:
    profile = begin()
    with opened(profile) as store:
        his, another = hold(profile, store), hold(profile, store)
        person = customer(store)
        with closing(profile.open_drafts()) as drafts:
            for about, held, whose in (("call 1", his, person), ("call 2", another, UUID(int=7))):
                text = f'{{"customer": "{whose}", "file": "{held.id}"}}'
                key = f"form/intake/{about}"
                drafts.save(NoteDraft(key, key, text, 0, utc_now())).result()
        Erasure(profile, store).take_out(Wanted(str(person), person))
        assert left(profile, store) == {another.id}


def customer(store: Store) -> UUID:
    def save(work: UnitOfWork) -> UUID:
        made = open_customer(work.author, {"name": "王芳", "kind": "person"}, ())
        work.do(made)
        work.commit()
        return UUID(made.payload["id"])

    return store.write(save).result().result
