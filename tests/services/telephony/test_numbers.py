"""Numbers as people and telephone systems write them mean what they mean at this site."""

import csv
import re
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.telephony.numbers import KINDS, NumberParser, SiteRules, dialable, parse_number
from tests.services.telephony.recordings import CHECKOUT

EXAMPLES = CHECKOUT.parent / "shared" / "data" / "phones" / "examples.tsv"
SHANGHAI = SiteRules()


@pytest.mark.parametrize(
    ("raw", "e164", "kind"),
    [
        ("13800138000", "+8613800138000", "mobile"),
        ("013800138000", "+8613800138000", "mobile"),
        ("+86 138 0013 8000", "+8613800138000", "mobile"),
        ("008613800138000", "+8613800138000", "mobile"),
        ("8613800138000", "+8613800138000", "mobile"),
        ("17951013800138000", "+8613800138000", "mobile"),
        ("１３８ ００１３ ８０００", "+8613800138000", "mobile"),
        ("\u202a+86 138 0013 8000\u202c", "+8613800138000", "mobile"),
        ("tel:+86-138-0013-8000", "+8613800138000", "mobile"),
        ("sip:13800138000@10.0.0.1;user=phone", "+8613800138000", "mobile"),
        ('"Zhang San" <13800138000>', "+8613800138000", "mobile"),
        ("58208020", "+862158208020", "fixed"),
        ("5820-8020", "+862158208020", "fixed"),
        ("tel:58208020;phone-context=+8621", "+862158208020", "fixed"),
        ("(021) 5820 8020", "+862158208020", "fixed"),
        ("021-58208020", "+862158208020", "fixed"),
        ("+86 (0)21 5820 8020", "+862158208020", "fixed"),
        ("0755 8888 6666", "+8675588886666", "fixed"),
        ("400 820 2020", "+864008202020", "tollfree"),
        ("400%20820%202020", "+864008202020", "tollfree"),
        ("8008202020", "+868008202020", "tollfree"),
        ("001 312 555 1212", "+13125551212", "fixed"),
        ("+44 7400 123456", "+447400123456", "mobile"),
        ("1002", None, "extension"),
        ("110", None, "short"),
        ("12345", None, "short"),
        ("95533", None, "short"),
        ("<unknown>", None, "unknown"),
        ("unknown", None, "unknown"),
        ("", None, "unknown"),
        (None, None, "unknown"),
        ("anonymous", None, "withheld"),
        ("Restricted", None, "withheld"),
        ("sip:anonymous@anonymous.invalid", None, "withheld"),
        ("匿名", None, "withheld"),
        ("'; DROP TABLE customer; --", None, "invalid"),
        ("+", None, "invalid"),
        ("1" * 300, None, "invalid"),
    ],
)
def test_numbers_in_shanghai(raw: str | None, e164: str | None, kind: str) -> None:
    parsed = parse_number(raw, SHANGHAI)

    assert (parsed.e164, parsed.kind, parsed.raw) == (e164, kind, raw)


def test_national_digits_and_display_are_what_people_know() -> None:
    mobile, fixed = parse_number("+8613800138000", SHANGHAI), parse_number("58208020", SHANGHAI)
    abroad = parse_number("0013125551212", SHANGHAI)

    assert (mobile.national_digits, mobile.display, mobile.region) == ("13800138000", "138 0013 8000", "CN")
    assert (fixed.national_digits, fixed.display) == ("2158208020", "021 5820 8020")
    assert (abroad.display, abroad.region) == ("+1 312-555-1212", "US")
    assert parse_number("anonymous", SHANGHAI).display == ""


def test_places_are_told_in_both_languages_and_only_when_the_number_tells() -> None:
    shenzhen = parse_number("075588886666", SHANGHAI)

    assert (shenzhen.place_zh, shenzhen.place_en) == ("广东省深圳市", "Shenzhen, Guangdong")
    assert parse_number("4008202020", SHANGHAI).place_zh == ""
    assert parse_number("1002", SHANGHAI).place_en == ""


@pytest.mark.parametrize(
    ("raw", "e164", "dialled"),
    [
        ("913800138000", "+8613800138000", "913800138000"),
        ("958208020", "+862158208020", "902158208020"),
        ("90013125551212", "+13125551212", "90013125551212"),
        ("1002", None, "1002"),
        ("13800138000", "+8613800138000", "913800138000"),
    ],
)
def test_a_prefix_for_the_outside_line_comes_off_and_goes_on(
    raw: str, e164: str | None, dialled: str
) -> None:
    site = SiteRules(outside_prefix="9")

    parsed = parse_number(raw, site)

    assert parsed.e164 == e164
    assert dialable(parsed, site) == dialled


@pytest.mark.skipif(not EXAMPLES.is_file(), reason="the example numbers are not beside the checkout")
def test_every_example_number_of_the_world_is_known_at_home_and_abroad() -> None:
    with EXAMPLES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    possible = [row for row in rows if phonenumbers.is_possible_number(phonenumbers.parse(row["e164"]))]
    abroad = [row["e164"] for row in possible if parse_number(row["e164"], SHANGHAI).e164 != row["e164"]]
    at_home = []
    for row in rows:
        if not phonenumbers.is_valid_number(phonenumbers.parse(row["e164"])) or row["region"] == "001":
            continue  # examples of plans the library does not know; and of no country
        site = SiteRules(row["region"], "", "", (), r"^$")
        if parse_number(row["national_significant_number"], site).e164 != row["e164"]:
            at_home.append(row["e164"])

    assert len(possible) > 1000
    assert abroad == []
    assert at_home == []


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(raw: str) -> None:
    parsed = parse_number(raw, SHANGHAI)

    assert parsed.kind in KINDS
    assert parsed.e164 is None or re.fullmatch(r"\+\d{5,17}", parsed.e164)


@pytest.mark.parametrize("ahead", ["", "+86", "17951"])
def test_mobiles_are_read_as_the_library_reads_them(ahead: str) -> None:
    """Every prefix: most calls come from mobiles, which are not given to the library."""
    for prefix in range(1300, 2000):
        digits = f"{prefix}{prefix * 48_271 % 10_000_000:07d}"
        found = parse_number(ahead + digits, SHANGHAI)
        number = phonenumbers.parse("+86" + digits)
        assert found.e164 == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert found.display == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        assert (found.kind, found.region, found.national_digits) == ("mobile", "CN", digits)


def test_a_mobile_has_a_place_only_where_the_library_knows_its_prefix() -> None:
    for prefix in range(130_000, 200_000, 7):
        digits = f"{prefix}00000"
        number = phonenumbers.PhoneNumber(86, int(digits))
        if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.UNKNOWN:
            assert parse_number(digits, SHANGHAI).places() == ("", "")


def test_what_was_parsed_is_remembered_within_bounds() -> None:
    parser = NumberParser(SHANGHAI, remembered=2)

    first = parser.parse("13800138000")

    assert parser.parse("13800138000") is first
    parser.parse("58208020")
    parser.parse("1002")
    assert parser.parse("13800138000") is not first
    assert parser.parse("13800138000") == first


WARMING = """
import sys
from crmdesk.services.telephony.numbers import NumberParser
parser = NumberParser()
for warm, raw in ((parser.warm, "02058208021"), (parser.warm_abroad, "+14165550123")):
    warm()
    before = set(sys.modules)
    print(parser.parse(raw).place_en, sorted(set(sys.modules) - before))
"""


def test_warming_up_loads_everything_needed_for_a_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARMING], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "Guangzhou, Guangdong []\nOntario []\n"
