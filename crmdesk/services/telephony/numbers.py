"""What a number means at this site: E.164, kind, place, and how to show it.

Numbers come as sent by telephone systems and people: with spaces, brackets, full-width digits, ``tel:`` in
front, as extension, as local number without area code, or not at all. The library's data is loaded at first
use; `NumberParser.warm` does that ahead of the first call.
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crmdesk.services.telephony.places import places
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

KINDS = ("mobile", "fixed", "tollfree", "short", "extension", "withheld", "unknown", "invalid")

MAX_RAW_CHARS = 256
SHORT_DIGITS = 6
"""Longest service number (110, 12345, 95533, 961200)."""

_UNKNOWN = frozenset({"", "unknown", "<unknown>", "unavailable", "s", "asterisk", "未知", "未知号码"})
_WITHHELD = frozenset(
    {"anonymous", "restricted", "private", "private number", "private caller", "withheld", "blocked"}
    | {"number withheld", "unbekannt", "匿名", "保密", "保密号码", "隐藏号码", "私人号码"}
)
_SCHEME = re.compile(r"^(tel|sips?|callto):/{0,2}", re.IGNORECASE)
_BRACKETS = re.compile(r"^[^<]*<(?P<inside>[^<>]+)>\s*$")
_CONTEXT = re.compile(r";phone-context=(\+\d+)", re.IGNORECASE)
_CN_IP_PREFIX = re.compile(r"^(179\d\d|12593)(?=0?1[3-9]\d{9}$|0\d{9,11}$)")
_CN_MOBILE = re.compile(r"^1[3-9]\d{9}$")
_CN_PLAIN_MOBILE = re.compile(r"^1(?!79)[3-9]\d{9}$")
"""What nearly every caller in China has; not 179, which may choose a carrier. See `_cn_mobile`."""
CN_CODE = 86


@dataclass(frozen=True, slots=True)
class SiteRules:
    """How numbers are dialled and shown where the desks stand.

    ``outside_prefix`` is dialled to get a line and may also stand before numbers received; empty for none.
    """

    country: str = "CN"
    area_code: str = "21"
    outside_prefix: str = ""
    international_prefixes: tuple[str, ...] = ("00",)
    extension_pattern: str = r"^1\d{3}$"


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """A number as understood. ``raw`` is what was sent, None when nothing was.

    ``national_digits`` are the digits without country code (all digits when there is no E.164 form);
    ``kind`` is one of `KINDS`; ``display`` is empty for withheld and unknown numbers.
    """

    raw: str | None
    e164: str | None
    national_digits: str
    region: str
    kind: str
    display: str

    @property
    def place_zh(self) -> str:
        """Province and city in Chinese where the number itself tells, else empty."""
        return self.places()[1]

    @property
    def place_en(self) -> str:
        """Province and city in English where the number itself tells, else empty."""
        return self.places()[0]

    def places(self) -> tuple[str, str]:
        """Return the place, English and Chinese; the bare country says something of foreign numbers only."""
        if self.e164 is None:
            return "", ""
        if (
            self.region == "CN"
            and not self.display.startswith("+")
            and _CN_PLAIN_MOBILE.match(self.national_digits)
        ):
            known, home = places(), f"{CN_CODE}{self.national_digits}"
            return known.area(home, "en"), known.area(home, "zh")
        import phonenumbers

        # Put together again, not parsed again. Digits with a leading zero (Italy) need the parser.
        digits = self.national_digits
        number = (
            phonenumbers.parse(self.e164)
            if digits.startswith("0")
            else phonenumbers.PhoneNumber(int(self.e164[1 : -len(digits)]), int(digits))
        )
        kind = phonenumbers.number_type(number)
        if kind == phonenumbers.PhoneNumberType.UNKNOWN:
            return "", ""
        area, country = _area(number, kind), _country(number)
        foreign = self.display.startswith("+")
        told = [
            place if foreign or place != bare else ""
            for place, bare in ((area[n] or country[n], country[n]) for n in (0, 1))
        ]
        return told[0], told[1]


def _area(number: PhoneNumber, kind: int) -> tuple[str, str]:
    """Return the area of *number*, English and Chinese; empty for kinds that are at home nowhere."""
    import phonenumbers
    from phonenumbers.phonenumberutil import is_number_type_geographical

    code = number.country_code or 0
    if not is_number_type_geographical(kind, code):
        return "", ""
    digits = phonenumbers.national_significant_number(number)
    # Between code and area some countries put a digit that marks mobiles.
    digits = f"{code}{digits.removeprefix(phonenumbers.country_mobile_token(code))}"
    return places().area(digits, "en"), places().area(digits, "zh")


def _country(number: PhoneNumber) -> tuple[str, str]:
    """Return the country of *number*, English and Chinese; empty when several share the number."""
    import phonenumbers

    regions = list(phonenumbers.region_codes_for_country_code(number.country_code or 0))
    if len(regions) > 1:
        regions = [each for each in regions if phonenumbers.is_valid_number_for_region(number, each)]
    if len(regions) != 1:
        return "", ""
    return places().country(regions[0], "en"), places().country(regions[0], "zh")


class NumberParser:
    """Parses numbers by the rules of one site and remembers the latest ones.

    Args:
        site: the rules.
        remembered: how many results are kept.
    """

    def __init__(self, site: SiteRules | None = None, remembered: int = 4096) -> None:
        self.site = site or SiteRules()
        self._remembered = remembered
        self._results: OrderedDict[str | None, ParsedNumber] = OrderedDict()

    def parse(self, raw: str | None) -> ParsedNumber:
        """Return what *raw* means; never raises."""
        found = self._results.get(raw)
        if found is None:
            found = self._results[raw] = parse_number(raw, self.site)
            if len(self._results) > self._remembered:
                self._results.popitem(last=False)
        return found

    def warm(self) -> None:
        """Load the library with its data of this country and of places, some tens of milliseconds of work."""
        for raw in ("13800138000", "02158208020"):
            parse_number(raw, self.site).places()

    def warm_abroad(self) -> None:
        """Load what a call from the country with most data needs, when there is time: as much work again."""
        parse_number("+12125550123", self.site).places()


def parse_number(raw: str | None, site: SiteRules) -> ParsedNumber:
    """Return what *raw* means by the rules of *site*; never raises, pure, CPU well below a millisecond."""
    text = _plain(raw)
    lowered = text.lower()
    if lowered in _UNKNOWN:
        return ParsedNumber(raw, None, "", "", "unknown", "")
    if lowered in _WITHHELD:
        return ParsedNumber(raw, None, "", "", "withheld", "")
    digits = "".join(ch for ch in text if ch.isascii() and ch.isdigit())
    international = text.startswith("+")
    if not digits or sum(ch.isalpha() for ch in text) > len(digits):
        return ParsedNumber(raw, None, digits, "", "invalid", text)
    if not international and re.fullmatch(site.extension_pattern, digits):
        return ParsedNumber(raw, None, digits, "", "extension", digits)
    mobile = _cn_mobile(digits, site, international=international)
    if mobile:
        display = f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"
        return ParsedNumber(raw, f"+{CN_CODE}{mobile}", mobile, "CN", "mobile", display)
    number = _understand(digits, site, international=international)
    if number is not None:
        return _described(raw, number, site)
    kind = "short" if len(digits) <= SHORT_DIGITS and not international else "invalid"
    return ParsedNumber(raw, None, digits, "", kind, digits if kind == "short" else text)


def dialable(parsed: ParsedNumber, site: SiteRules) -> str:
    """Return the digits to send to the telephone system to call this number from a desk."""
    if parsed.kind == "extension" or parsed.e164 is None:
        return parsed.national_digits
    own = "+" + str(_country_code(site.country))
    if parsed.e164.startswith(own):
        trunk = "0" if parsed.kind == "fixed" and site.country == "CN" else ""
        return site.outside_prefix + trunk + parsed.national_digits
    return site.outside_prefix + site.international_prefixes[0] + parsed.e164[1:]


def _plain(raw: str | None) -> str:
    """Return the number itself: half-width, without scheme, host, name or invisible characters."""
    text = unicodedata.normalize("NFKC", (raw or "")[:MAX_RAW_CHARS])
    text = "".join(ch for ch in text if unicodedata.category(ch)[0] != "C").strip()
    if text.lower() in _UNKNOWN:
        return text
    inside = _BRACKETS.match(text)
    if inside:
        text = inside["inside"].strip()
    if "%" in text:
        text = unquote(text)
    context = _CONTEXT.search(text)
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :]
    if scheme or "@" in text:
        text = text.partition("@")[0].partition(";")[0].partition("?")[0]
    text = text.strip()
    return context[1] + text if context and not text.startswith("+") else text


def _cn_mobile(digits: str, site: SiteRules, *, international: bool) -> str:
    """Return the eleven digits of a Chinese mobile at a Chinese site, empty for anything else.

    The library reads and writes them in this one way, which a test compares; it needs half a millisecond.
    """
    if site.country != "CN":
        return ""
    ahead, code = site.international_prefixes, str(CN_CODE)
    if not digits.startswith(code) if international else digits.startswith(ahead):
        return ""
    digits = digits.removeprefix(code) if international else _CN_IP_PREFIX.sub("", digits)
    return digits if _CN_PLAIN_MOBILE.match(digits) else ""


def _understand(digits: str, site: SiteRules, *, international: bool) -> PhoneNumber | None:
    """Try the readings of a string of digits, surest first."""
    if international:
        return _valid("+" + digits, site.country)
    for prefix in site.international_prefixes:
        if digits.startswith(prefix):
            found = _valid("+" + digits[len(prefix) :], site.country)
            if found is not None:
                return found
    if site.country == "CN":
        digits = _CN_IP_PREFIX.sub("", digits)
    readings = [digits]
    if site.area_code and not digits.startswith("0") and len(digits) > SHORT_DIGITS:
        readings.append(site.area_code + digits)
    if site.outside_prefix and digits.startswith(site.outside_prefix):
        rest = digits[len(site.outside_prefix) :]
        readings += [rest, site.area_code + rest]
        for prefix in site.international_prefixes:
            if rest.startswith(prefix):
                readings.append("+" + rest[len(prefix) :])
    return next((found for reading in readings if (found := _valid(reading, site.country))), None)


def _valid(text: str, country: str) -> PhoneNumber | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_number(number):
        return number
    # New ranges of mobile numbers are in use before the library knows them.
    if _is_cn_mobile(number):
        return number
    # Abroad the same: what came with its country code and has a possible length is taken as it is.
    abroad = text.startswith("+") and number.country_code != _country_code(country)
    return number if abroad and phonenumbers.is_possible_number(number) else None


def _is_cn_mobile(number: PhoneNumber) -> bool:
    import phonenumbers

    national = phonenumbers.national_significant_number(number)
    return number.country_code == CN_CODE and bool(_CN_MOBILE.match(national))


def _described(raw: str | None, number: PhoneNumber, site: SiteRules) -> ParsedNumber:
    import phonenumbers

    region = phonenumbers.region_code_for_number(number) or ""
    national = number.country_code == _country_code(site.country)
    style = phonenumbers.PhoneNumberFormat
    return ParsedNumber(
        raw=raw,
        e164=phonenumbers.format_number(number, style.E164),
        national_digits=phonenumbers.national_significant_number(number),
        region=region,
        kind=_kind(number),
        display=phonenumbers.format_number(number, style.NATIONAL if national else style.INTERNATIONAL),
    )


def _kind(number: PhoneNumber) -> str:
    import phonenumbers

    types = phonenumbers.PhoneNumberType
    found = phonenumbers.number_type(number)
    if found in (types.TOLL_FREE, types.SHARED_COST, types.UAN):
        return "tollfree"
    if found == types.MOBILE or (
        _CN_MOBILE.match(str(number.national_number)) and number.country_code == CN_CODE
    ):
        return "mobile"
    return "fixed"


def _country_code(country: str) -> int:
    import phonenumbers

    return phonenumbers.country_code_for_region(country)
