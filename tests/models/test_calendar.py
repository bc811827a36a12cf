"""Business time: the house's calendars, odd days, and properties against an oracle that counts minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime, Calendar, read_calendars, read_editions
from tests.models.hours import (
    MINUTE,
    OFFICE,
    at,
    calendar,
    calendars,
    moments,
    open_minutes,
    parsed,
    shop,
    wall,
)

ZONES = (
    *("Asia/Shanghai", "Europe/London", "America/Havana", "Australia/Lord_Howe", "America/Santiago", "UTC"),
)
TRANSITIONS = (
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("America/Havana", "2026-03-08"),  # leaps from midnight to one
    ("America/Havana", "2026-11-01"),  # midnight comes twice
    ("Australia/Lord_Howe", "2026-04-05"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Santiago", "2026-04-05"),  # the last hour of a day comes twice
    ("America/Santiago", "2026-09-06"),
)
SPANS = st.timedeltas(timedelta(), timedelta(days=60))


def test_friday_evening_counts_its_two_minutes_and_goes_on_on_monday() -> None:
    received = at("2026-11-20 17:58")
    assert shop().between(received, at("2026-11-23 09:00")) == 2 * MINUTE
    assert wall(shop().add(received, timedelta(hours=4))) == "2026-11-23 13:58"


def test_a_working_saturday_is_counted() -> None:
    received = at("2026-05-08 17:58")
    assert wall(shop().add(received, timedelta(hours=4))) == "2026-05-09 13:58"
    assert wall(shop().close_of(received, 1)) == "2026-05-09 18:00"


@pytest.mark.parametrize(
    ("received", "n", "close"),
    [
        ("2026-11-20 08:00", 1, "2026-11-23 18:00"),
        ("2026-11-20 23:59", 1, "2026-11-23 18:00"),
        ("2026-11-21 11:00", 1, "2026-11-23 18:00"),  # a Saturday is day 0 all the same
        ("2026-11-23 00:00", 1, "2026-11-24 18:00"),
        ("2026-11-20 10:00", 3, "2026-11-25 18:00"),
        ("2026-02-13 10:00", 2, "2026-02-24 18:00"),  # the Saturday works, then Spring Festival
    ],
)
def test_business_days_after_the_day_of_receipt(received: str, n: int, close: str) -> None:
    assert wall(shop().close_of(at(received), n)) == close


def test_three_business_days_over_a_bank_holiday() -> None:
    received = at("2026-12-24 16:00", "Europe/London")
    assert wall(shop("uk-default").close_of(received, 3), "Europe/London") == "2026-12-31 17:30"


@pytest.mark.parametrize(
    ("due", "n", "close"),
    [
        ("2026-11-30 18:00", 5, "2026-11-23 18:00"),
        ("2026-11-29 23:59", 1, "2026-11-27 18:00"),
        ("2026-11-28 00:00", 1, "2026-11-26 18:00"),  # midnight ends Friday
    ],
)
def test_business_days_back(due: str, n: int, close: str) -> None:
    assert wall(shop().back(at(due), n)) == close


@pytest.mark.parametrize(
    ("due", "opens"),
    [
        ("2026-03-09 18:00", "2026-03-09 09:00"),
        ("2026-03-09 12:30", "2026-03-09 09:00"),
        ("2026-03-09 09:00", "2026-03-06 09:00"),
        ("2026-03-08 15:00", "2026-03-06 09:00"),
    ],
)
def test_the_opening_of_the_last_day_that_began(due: str, opens: str) -> None:
    assert wall(shop().opening(at(due))) == opens


def test_where_nobody_closes_a_day_opens_at_midnight() -> None:
    always = shop("always")
    ends = always.close_of(at("2026-03-04 10:00"), 1)
    assert ends - always.opening(ends) == timedelta(days=1)
    assert wall(shop("cn-default", 2026, 2027).opening(at("2026-01-05 08:00"))) == "2026-01-04 09:00"


def test_a_day_of_the_clock_change_is_shorter_or_longer() -> None:
    nights = calendar("Europe/London", week=(((0, 1440),),) * 7)
    time = BusinessTime(nights, 2026, 2026)
    days = {row.day: row.closes - row.opens for row in time.rows()}
    hours = [days[date(2026, *day)] / timedelta(hours=1) for day in ((3, 28), (3, 29), (10, 25))]
    assert hours == [24, 23, 25]


def test_hours_that_the_clock_leaps_over_do_not_exist() -> None:
    night = calendar("Europe/London", week=((),) * 6 + (((60, 120),),))
    time = BusinessTime(night, 2026, 2026)
    assert date(2026, 3, 29) not in {row.day for row in time.rows()}
    assert time.close_of(at("2026-03-22 12:00", "UTC"), 1).date() == date(2026, 4, 5)


def test_after_the_known_years_a_date_is_provisional_and_only_weekends_are_free() -> None:
    received = at("2026-12-30 10:00")
    due = shop().close_of(received, 2)
    assert wall(due) == "2027-01-01 18:00"
    assert shop().provisional(due)
    assert not shop().provisional(received)
    assert not shop("always").provisional(due)
    assert shop().provisional(received, since=at("2023-12-31 10:00"))


def test_the_year_is_the_shops_own() -> None:
    assert shop().provisional(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    assert not shop().provisional(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))


def test_the_rows_for_the_server_say_the_same() -> None:
    rows = list(shop().rows())
    assert rows == sorted(rows, key=lambda row: row.opens)
    start = at("2023-01-01 00:00")
    for row in rows[::97]:
        assert row.version == "cn-default/1"
        assert shop().between(start, row.opens) == timedelta(seconds=row.seconds_before)
        assert shop().local_day(row.opens) == row.day


def test_questions_outside_of_the_years_are_refused_with_the_years() -> None:
    for ask in (
        lambda: shop().between(at("2022-12-31 23:00"), at("2026-01-01 00:00")),
        lambda: shop().between(at("2026-12-31 23:00"), at("2031-01-01 00:01")),
        lambda: shop().add(at("2030-12-31 10:00"), timedelta(hours=100)),
        lambda: shop().close_of(at("2030-12-30 10:00"), 5),
        lambda: shop().close_of(at("2022-12-30 10:00"), 5),
        lambda: shop().back(at("2023-01-03 10:00"), 5),
        lambda: shop().back(at("2032-01-03 10:00"), 5),
    ):
        with pytest.raises(InvalidInput, match="2023 to 2030"):
            ask()


@pytest.mark.parametrize("ask", ["close_of", "back"])
def test_business_days_count_from_one(ask: str) -> None:
    with pytest.raises(ValueError, match="from 1"):
        getattr(shop(), ask)(at("2026-11-20 10:00"), 0)


def test_no_time_at_all_ends_where_it_begins() -> None:
    assert shop().add(at("2026-11-21 12:00"), 0 * MINUTE) == at("2026-11-21 12:00")


def test_business_time_is_not_taken_away() -> None:
    with pytest.raises(ValueError, match="not taken away"):
        shop().add(at("2026-11-20 10:00"), -MINUTE)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"week": ((),) * 7}, "no business hours on any day"),
        ({"week": (((600, 540),),) * 7}, "mon: 10:00-09:00 must end after it starts"),
        ({"week": (((600, 600),),) * 7}, "must end after it starts"),
        ({"week": (((600, 1441),),) * 7}, "must end after it starts"),
        ({"week": (((540, 720), (700, 1000)),) * 7}, "11:40-16:40 begins before the interval ahead"),
        ({"zone": "Europe/Shanghai"}, "Europe/Shanghai, which is not known"),
        ({"zone": "../etc/passwd"}, "not known"),
        ({"zone": ""}, "not known"),
    ],
)
def test_impossible_hours_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        calendar(**changes)


def _file(**changes: Any) -> dict[str, Any]:
    week = {"mon": ["09:00-12:00", "13:00-18:00"]}
    table = {"edition": 1, "name_en": "Shop", "name_zh": "店", "zone": "Asia/Shanghai", "week": week}
    return {"shop": table | changes}


def _special(**changes: Any) -> dict[str, Any]:
    line = {"days": [date(2026, 1, 1)], "name_en": "Day", "name_zh": "日"} | changes
    return _file(special_days=[{k: v for k, v in line.items() if v is not None}])


@pytest.mark.parametrize(
    ("parsed_file", "sentence"),
    [
        ({"shop": 5}, "calendars, shop must be a table"),
        (_file(edition="1"), "calendars, shop: edition must be a whole number"),
        (_file(edition=True), "edition must be a whole number"),
        (_file(zone=None), "zone is missing"),
        (_file(name_zh=" "), "name_zh must be a text"),
        (_file(hours=[]), "hours is not known here"),
        (_file(week={"mo": []}), "shop, week: mo is not known here"),
        (_file(week={"mon": "09:00-12:00"}), "shop, week: mon must be a list"),
        (_file(week={"mon": [9]}), "mon must be a list of texts"),
        (_file(week={"mon": ["9-12"]}), "mon must be hours such as"),
        (_file(known_years=[26]), "known_years must be a whole number from 1990"),
        (_file(checked_on="yesterday"), "checked_on must be a date"),
        (_special(days=["2026-02-30"]), "special_days line 1: days must be a date"),
        (_special(days=[date(2026, 1, 1)] * 2), "names the day 2026-01-01 twice"),
        (_special(days=None), "line 1: first is missing"),
        (_special(days=None, first="2026-01-03", last="2026-01-01"), "last must lie within a year"),
        (_special(days=None, first="2026-01-03", last="2126-01-01"), "last must lie within a year"),
        (_special(hours=["18:00-09:00"]), "2026-01-01: 18:00-09:00 must end"),
    ],
)
def test_each_fault_of_a_file_names_its_place(parsed_file: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_calendars(parsed_file)


def _edition(**changes: Any) -> dict[str, Any]:
    return _file(known_years=[2026], special_days=_special()["shop"]["special_days"], editions=[changes])


TWICE = [{"days": [date(2027, 1, 1)] * 2, "name_en": "Day", "name_zh": "日"}]


def test_a_later_edition_changes_what_it_names_and_the_earlier_one_stays() -> None:
    day = {"days": [date(2027, 1, 1)], "name_en": "New Year's Day", "name_zh": "元旦"}
    moved = {"days": [date(2026, 1, 1)], "hours": ["10:00-12:00"], "name_en": "Moved", "name_zh": "调休"}
    parsed_file = _edition(edition=2, known_years=[2027], special_days=[day, moved], source="Notice")
    first, second = read_editions(parsed_file)["shop"]
    assert read_calendars(parsed_file) == {"shop": second}
    assert (first.version, second.version) == ("shop/1", "shop/2")
    assert (first.known_years, second.known_years) == (frozenset({2026}), frozenset({2026, 2027}))
    assert first.week == second.week
    assert {each.day: each.hours for each in first.special_days} == {date(2026, 1, 1): ()}
    assert {each.day: each.hours for each in second.special_days} == {
        date(2026, 1, 1): ((600, 720),),
        date(2027, 1, 1): (),
    }
    (_, third) = read_editions(_edition(edition=5, week={"tue": ["10:00-14:00"]}))["shop"]
    assert third.week[:3] == (first.week[0], ((600, 840),), ())
    assert (third.known_years, third.special_days) == (first.known_years, first.special_days)


@pytest.mark.parametrize(
    ("parsed_file", "sentence"),
    [
        (_edition(), "shop, editions line 1: edition is missing"),
        (_edition(edition=1), "editions line 1: edition must be a whole number from 2"),
        (_edition(edition=2, zone="UTC"), "editions line 1: zone is not known here"),
        (_edition(edition=2, week={"mo": []}), "editions line 1, week: mo is not known here"),
        (_edition(edition=2, special_days=TWICE), "shop names the day 2027-01-01 twice"),
    ],
)
def test_each_fault_of_an_edition_names_its_place(parsed_file: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_calendars(parsed_file)


@given(
    st.lists(moments("2023-01-01", "2030-12-31"), min_size=1, max_size=6),
    st.sampled_from(("add", "back", "close_of")),
)
@settings(max_examples=20)
def test_in_whatever_order_it_is_asked_the_answers_are_the_same(asked: list[datetime], way: str) -> None:
    """The hours are worked out around what is asked first, and further when that is not enough."""
    little, much = (BusinessTime(shop().calendar, 2020, 2035) for _ in range(2))
    much.between(*much.bounds)  # all of it at once
    for moment in asked:
        span: Any = timedelta(hours=300) if way == "add" else 40
        assert getattr(little, way)(moment, span) == getattr(much, way)(moment, span)
        assert little.between(asked[0], moment) == much.between(asked[0], moment)


def test_only_the_years_that_are_asked_for_are_worked_out() -> None:
    time = BusinessTime(shop().calendar, 2010, 2039)
    time.close_of(at("2026-03-04 10:00"), 3)
    assert time._laid is not None
    assert time._laid.years == (2025, 2027)


def test_a_calendar_reads_the_same_from_json() -> None:
    """Where a store keeps it, dates are text."""
    line = {"first": "2026-05-01", "last": "2026-05-05", "name_en": "Labour Day", "name_zh": "劳动节"}
    read = read_calendars(_file(special_days=[line], checked_on="2026-11-22"))["shop"]
    assert [day.day for day in read.special_days] == [date(2026, 5, n) for n in range(1, 6)]
    assert (read.version, read.checked_on, read.week[0]) == ("shop/1", date(2026, 11, 22), OFFICE)
    assert read.knows(2031)


def test_chinas_calendar_has_the_days_of_the_notices() -> None:
    """Days off and working weekends of a year, counted in the notices of the State Council."""
    china = read_calendars(parsed("calendars.toml"))["cn-default"]
    off = [each.day.year for each in china.special_days if not each.hours]
    on = [each.day for each in china.special_days if each.hours]
    assert [off.count(year) for year in (2024, 2025, 2026)] == [28, 28, 33]
    assert [sum(day.year == year for day in on) for year in (2024, 2025, 2026)] == [8, 5, 6]
    assert all(day.weekday() >= 5 for day in on)
    assert china.known_years == frozenset({2024, 2025, 2026})
    assert china.source
    assert china.checked_on


def test_english_bank_holidays_are_weekdays_eight_a_year() -> None:
    england = read_calendars(parsed("calendars.toml"))["uk-default"]
    years = [each.day.year for each in england.special_days]
    assert [years.count(year) for year in (2024, 2025, 2026, 2027)] == [8] * 4
    assert all(each.day.weekday() < 5 for each in england.special_days)


@given(time=st.sampled_from(("cn-default", "uk-default", "always")), a=moments(), span=SPANS)
def test_adding_and_measuring_are_inverse(time: str, a: datetime, span: timedelta) -> None:
    end = shop(time).add(a, span)
    assert shop(time).between(a, end) == span
    assert shop(time).between(end, a) == -span


@given(a=moments(), b=moments(), span=SPANS, more=SPANS)
def test_later_and_longer_end_later(a: datetime, b: datetime, span: timedelta, more: timedelta) -> None:
    a, b = sorted((a, b))
    assert shop().add(a, span) <= shop().add(b, span)
    assert shop().add(a, span) <= shop().add(a, span + more)


@given(a=moments(), b=moments(), c=moments(), span=SPANS, more=SPANS)
def test_pieces_add_up(a: datetime, b: datetime, c: datetime, span: timedelta, more: timedelta) -> None:
    assert shop().between(a, b) + shop().between(b, c) == shop().between(a, c)
    assert shop().add(shop().add(a, span), more) == shop().add(a, span + more)


@given(a=moments(), n=st.integers(2, 60), data=st.data())
def test_back_undoes_business_days(a: datetime, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n - 1))
    assert shop().back(shop().close_of(a, n), k) == shop().close_of(a, n - k)


@settings(max_examples=60, deadline=None)
@given(
    any_hours=calendars(ZONES),
    a=moments("2026-01-02", "2026-12-20"),
    minutes=st.integers(0, 2 * 1440),
)
def test_any_hours_equal_the_oracle(any_hours: Calendar, a: datetime, minutes: int) -> None:
    a = a.replace(second=0, microsecond=0)
    b = a + minutes * MINUTE
    assert BusinessTime(any_hours, 2026, 2026).between(a, b) == open_minutes(any_hours, a, b) * MINUTE


@settings(max_examples=80, deadline=None)
@given(any_hours=calendars(("UTC",)), when=st.sampled_from(TRANSITIONS), data=st.data())
def test_days_of_clock_changes_equal_the_oracle(
    any_hours: Calendar, when: tuple[str, str], data: st.DataObject
) -> None:
    zone, day = when
    here = calendar(zone, week=any_hours.week, special_days=any_hours.special_days)
    start = at(f"{day} 00:00", zone) + data.draw(st.integers(-24 * 60, 24 * 60)) * MINUTE
    b = start + data.draw(st.integers(0, 30 * 60)) * MINUTE
    assert BusinessTime(here, 2026, 2026).between(start, b) == open_minutes(here, start, b) * MINUTE
