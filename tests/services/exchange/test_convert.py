"""Cells as people and spreadsheet programs write them become values, or are refused by name."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.complaint import Complaint
from crmdesk.services.exchange.convert import converted, read_moment

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-06 08:05:09",
        "2020-01-06T08:05:09",
        "2020/1/6 8:05:09",
        "2020.1.6 8:05:09",
        "2020年1月6日 8:05:09",
        " 2020/01/06  08:05:09 ",
        "２０２０年１月６日　８：０５：０９",
        "2020-01-06T00:05:09Z",
        "2020-01-06T02:05:09+02:00",
    ],
)
def test_one_moment_in_many_ways(text: str) -> None:
    assert read_moment(text, SHANGHAI) == datetime(2020, 1, 6, 0, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2020/1/6 8:05", "2020/1/6 08:05", "2020年1月6日8:05"])
def test_without_seconds(text: str) -> None:
    assert read_moment(text, SHANGHAI) == datetime(2020, 1, 6, 0, 5, tzinfo=UTC)


def test_a_day_alone_is_its_first_moment() -> None:
    assert read_moment("2020/1/6", SHANGHAI) == datetime(2020, 1, 5, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01", "0001-01-01", "10000-01-01", "2020-02-30", "2020-13-01"),
        *(
            "2020/1/6 25:00",
            "2020/1/6 8:61",
            "yesterday",
            "",
            "0",
            "-1",
            "1e9",
            "2020-01-06T08:05:09+99:00",
            "43836.34",
            "\x00",
            "😀",
        ),
    ],
)
def test_what_is_no_moment_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="received_at cannot be"):
        converted(Complaint, {"received_at": text}, SHANGHAI)
