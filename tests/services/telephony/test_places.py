"""The packed names of areas say what the library's own tables say."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import geocoder
from phonenumbers.geodata import GEOCODE_DATA

from crmdesk.services.telephony.numbers import SiteRules, parse_number
from crmdesk.services.telephony.places import Places, packed, places

SAMPLE = 4_000
SITE = SiteRules()


def test_every_prefix_has_the_names_of_the_library() -> None:
    held = places()
    for prefix, names in GEOCODE_DATA.items():
        for language in ("en", "zh"):
            if language in names:
                assert held.area(prefix, language) == names[language], prefix


def test_numbers_of_the_world_are_where_the_library_says() -> None:
    chance = random.Random(5)
    compared = 0
    for prefix in chance.sample(sorted(GEOCODE_DATA), SAMPLE):
        text = f"+{prefix}{chance.randrange(10**6):06}"[:13]
        parsed = parse_number(text, SITE)
        if parsed.e164 is None or not parsed.display.startswith("+"):
            continue
        number = phonenumbers.parse(parsed.e164)
        compared += 1
        assert parsed.place_en == geocoder.description_for_number(number, "en"), text
        assert parsed.place_zh == geocoder.description_for_number(number, "zh"), text
    assert compared > SAMPLE // 20


def test_shorter_prefixes_speak_for_what_longer_ones_leave_open() -> None:
    held = Places(packed({"86": ("China", ""), "8621": ("", "上海市")}, {"CN": ("China", "中国")}))
    assert held.area("862158208000", "zh") == "上海市"
    assert held.area("862158208000", "en") == "China"
    assert held.area("4930", "en") == ""
    assert held.country("CN", "zh") == "中国"
    assert held.country("XX", "zh") == ""


@pytest.mark.parametrize("number", ["13800138000", "02158208000", "+12125550123", "+390612345678", "10086"])
def test_usual_numbers_are_where_the_library_says(number: str) -> None:
    parsed = parse_number(number, SITE)
    if parsed.e164 is None:
        assert parsed.place_en == ""
        return
    whole = phonenumbers.parse(parsed.e164)
    for language, said in (("en", parsed.place_en), ("zh", parsed.place_zh)):
        expected = geocoder.description_for_number(whole, language)
        country = geocoder.country_name_for_number(whole, language)
        assert said == ("" if expected == country and not parsed.display.startswith("+") else expected)
