"""By what complaints are handled: every edition of a calendar, and years nobody has announced yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.models.calendar import BusinessTime
from crmdesk.services.complaints.files import file_of
from crmdesk.services.complaints.procedure import YEARS, Editions, business_time, calendars
from crmdesk.services.store.rows import StoredRows
from tests.models.hours import at, shop, wall
from tests.services.complaints.house import ANNA, CHECKLIST, ComplaintDesk

SHORT = BusinessTime(replace(shop().calendar, edition=2, week=(((600, 840),),) * 5 + ((), ())), *YEARS)
"""A later edition of the house's calendar, open from 10:00 to 14:00."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def test_every_edition_is_at_hand_by_its_version() -> None:
    known = Editions({shop().version: shop(), SHORT.version: SHORT}, SHORT)
    assert (known[shop().version], known[SHORT.version]) == (shop(), SHORT)
    assert list(known) == [shop().version, SHORT.version]
    assert len(known) == 2
    assert {time.version for time in calendars()} >= {"cn-default/1", "uk-default/1", "always/1"}
    assert (
        business_time("cn-default") is [each for each in calendars() if each.calendar.key == "cn-default"][-1]
    )


def test_for_an_edition_that_is_not_here_the_newest_of_its_calendar_stands() -> None:
    england = business_time("uk-default")
    known = Editions({shop().version: shop(), SHORT.version: SHORT, england.version: england}, england)
    assert known["cn-default/9"] is SHORT
    assert known["mars/1"] is england


def test_clocks_of_an_edition_that_is_not_here_are_told_as_provisional_and_go_on(desk: ComplaintDesk) -> None:
    row = desk.log({"severity": "S3"})
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    desk.connection.execute("UPDATE clock_line SET calendar = 'cn-default/9' WHERE clock = 'decide'")
    ledger = file_of(StoredRows(desk.connection), row["id"]).ledger
    standings = ledger.standings(desk.now, desk.rules().rules.measures)
    assert standings["decide"].provisional
    assert standings["decide"].due == ledger.lines[1].due or standings["decide"].percent == 0
    assert not standings["resolve"].provisional
    row = desk.step(row, "T18", words="Leave it.", channel="phone")
    lines = desk.rows("clock_line", row["id"])
    (stop,) = [each for each in lines if (each["clock"], each["event"]) == ("decide", "stop")]
    assert stop["calendar"] == business_time("cn-default").version


@pytest.mark.parametrize(
    ("received", "due"), [("2012-03-07 10:00", "2012-03-16 18:00"), ("2031-03-05 10:00", "2031-03-14 18:00")]
)
def test_a_year_that_was_not_announced_counts_its_weekends_and_says_so(
    desk: ComplaintDesk, received: str, due: str
) -> None:
    desk.now = at(received)
    row = desk.log({"severity": "S3"})
    ledger = file_of(StoredRows(desk.connection), row["id"]).ledger
    standing = ledger.standings(desk.now, desk.rules().rules.measures)["decide"]
    assert (wall(standing.due), standing.provisional) == (due, True)


def test_years_later_the_clocks_of_an_old_complaint_can_still_be_read(desk: ComplaintDesk) -> None:
    row = desk.log({"severity": "S3"})
    desk.now = datetime(2037, 1, 1, tzinfo=UTC) + timedelta(hours=1)
    ledger = file_of(StoredRows(desk.connection), row["id"]).ledger
    standings = ledger.standings(desk.now, desk.rules().rules.measures)
    assert {each.breach for each in standings.values()} == {"late"}
