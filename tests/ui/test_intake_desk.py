"""The services behind the form over real files: numbers without a network, guesses, drafts, kept once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.types import new_id
from crmdesk.services.complaints.intake_sheet import Sheet, to_draft
from crmdesk.services.complaints.procedure import House
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.starter import furnish
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.outbox import unsent
from crmdesk.ui.intake_desk import LocalIntakes


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    held = new_profile(tmp_path / "desk", secrets=MemorySecrets(), environment={}).profile
    furnish(held, "lin.yue")
    yield held
    held.close()


def sheet(profile: Profile) -> Sheet:
    return Sheet(
        complaint_id=str(new_id()),
        received_at=profile.clock().isoformat(),
        call_id=str(UUID(int=4)),
        channel="phone",
        category="quality_engine",
        what_happened="车底又漏油，第三次了，要求退还工时费",
        severity="S3",
    )


def share(work: UnitOfWork) -> None:
    """Put the desk on a server that cannot be reached."""
    for name, value in (("server", "far away"), ("tag", "W7P")):
        work.connection.execute("INSERT INTO sync (name, value) VALUES (?, ?)", (name, value))
    work.commit()


def test_the_number_is_there_without_a_network_and_the_complaint_waits_to_be_sent(profile: Profile) -> None:
    with closing(profile.open_store()) as store, closing(profile.open_drafts()) as drafts:
        store.write(share).result()
        desk = LocalIntakes(store, drafts, House, lambda: profile.identity.tag)
        logged = desk.log(sheet(profile)).result()
        assert logged.number.endswith("-W7P-0001"), "the tag that the server gave this desk"
        waiting = store.read(unsent).result()
    assert [each.operation.kind for each in waiting] == ["complaint.step"]


def test_a_desk_of_its_own_numbers_with_the_tag_of_its_profile(profile: Profile) -> None:
    with closing(profile.open_store()) as store, closing(profile.open_drafts()) as drafts:
        desk = LocalIntakes(store, drafts, House, lambda: profile.identity.tag)
        held = sheet(profile)
        numbers = [desk.log(held).result().number for _ in range(2)]
        another = desk.log(replace(held, complaint_id=str(new_id()))).result().number
    assert numbers == [f"C{numbers[0][1:3]}-{profile.identity.tag}-0001"] * 2
    assert another.endswith("-0002")


def test_a_new_desk_offers_the_starter_lists_and_guesses_from_words(profile: Profile) -> None:
    with closing(profile.open_store()) as store, closing(profile.open_drafts()) as drafts:
        desk = LocalIntakes(store, drafts, House, lambda: profile.identity.tag)
        desk.warm().result()
        offered = desk.offer(replace(sheet(profile), category="")).result()
        assert offered.assessment.guesses[0].key == "quality_engine"
        assert len(offered.categories) > 40
        again = desk.assess(replace(sheet(profile), what_happened="刹车失灵，差点追尾，非常危险")).result()
    assert again.severity == "S1"


def test_forms_are_kept_apart_found_again_and_forgotten(profile: Profile) -> None:
    with closing(profile.open_store()) as store, closing(profile.open_drafts()) as drafts:
        desk = LocalIntakes(store, drafts, House, lambda: profile.identity.tag)
        content = {"key": "call 1", "sheet": to_draft(sheet(profile))}
        for about in ("call 1", "customer 2"):
            desk.keep(about, {**content, "key": about}).result()
        desk.forget("call 1").result()
        assert [each["key"] for each in desk.unfinished().result()] == ["customer 2"]
        assert drafts.open_drafts().result() == ()
