"""Numbers are read in groups."""

from __future__ import annotations

import pytest

from crmdesk.ui.numbers import grouped


@pytest.mark.parametrize(
    ("plain", "read"),
    [
        ("+8613812345678", "138 1234 5678"),
        ("+862158208123", "021 5820 8123"),
        ("+861055506831", "010 5550 6831"),
        ("+8657455506695", "0574 5550 6695"),
        ("+862155505905", "021 5550 5905"),
        ("+16465550164", "+1646 555 0164"),
        ("1001", "1001"),
        ("", ""),
        ("021 5820 8000", "021 5820 8000"),
    ],
)
def test_numbers_are_read_in_groups(plain: str, read: str) -> None:
    assert grouped(plain) == read
