"""The demo company's customers: names in both scripts, numbers as people write them, addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from crmdesk.models.customer import TIERS, Contact, ContactPoint, Customer
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo_content import City, DemoContent, DemoOutlet

_Make = Callable[[], "Phone"]
_TIER_WEIGHTS = MappingProxyType({"": 62, "silver": 22, "gold": 12, "platinum": 4})
_COMPANY_TIER_WEIGHTS = MappingProxyType({"": 2, "silver": 3, "gold": 3, "platinum": 2})
_CHANNEL_WEIGHTS = MappingProxyType({"": 6, "phone": 2, "wechat": 3, "email": 1})
ROLES = (
    ("行政经理", "Office manager"),
    ("车队主管", "Fleet manager"),
    ("财务", "Accounts"),
    ("司机班长", "Head driver"),
    ("总经理助理", "Assistant to the director"),
    ("采购", "Purchasing"),
)
HINTS_ZH = (
    "请晚上六点以后联系。",
    "耳朵不好，请说慢一点。",
    "不喜欢被问两次，先看历史记录。",
    "常在高速上，信号差。",
)
HINTS_EN = (
    "Please call after six in the evening.",
    "Speaks English and some Chinese.",
    "Prefers e-mail to calls.",
)


@dataclass(slots=True)
class Client:
    """One customer with what belongs to him; ``outlet`` is the workshop he usually goes to."""

    customer: Customer
    outlet: DemoOutlet
    city: City
    points: list[ContactPoint] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)

    @property
    def english(self) -> bool:
        """Whether he is spoken to in English."""
        return self.customer.language == "en"

    @property
    def number(self) -> ContactPoint:
        """The number he usually calls from."""
        return self.points[0]

    def rows(self) -> list[object]:
        """Return his rows."""
        return [self.customer, *self.points, *self.contacts]


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in its three forms: E.164, national digits, and as written down."""

    value: str
    national: str
    raw: str

    @property
    def sent(self) -> str:
        """The number as a telephone system in China sends it."""
        if not self.value.startswith("+86"):
            return "00" + self.value[1:]
        return self.national if len(self.national) == 11 and self.national[0] == "1" else "0" + self.national


def mobile(digits: str, style: int = 0) -> Phone:
    """Return a Chinese mobile number of 11 digits, written in one of four ways."""
    parts = (digits[:3], digits[3:7], digits[7:])
    raw = (" ".join(parts), "-".join(parts), digits, "+86 " + " ".join(parts))[style % 4]
    return Phone("+86" + digits, digits, raw)


def landline(area: str, subscriber: str, style: int = 0) -> Phone:
    """Return a Chinese landline: area code without 0, and the subscriber's digits."""
    raw = (f"0{area}-{subscriber}", f"(0{area}) {subscriber[:4]} {subscriber[4:]}")[style % 2]
    return Phone(f"+86{area}{subscriber}", area + subscriber, raw)


def abroad(country: str, national: str, raw: str) -> Phone:
    """Return a number abroad as its owner writes it."""
    return Phone(f"+{country}{national}", national, raw)


class People:
    """Makes customers.

    Args:
        content: names, streets and outlets.
        chance: what is drawn.
        now: nobody became a customer later.
    """

    def __init__(self, content: DemoContent, chance: Chance, now: datetime) -> None:
        self._names = content.names
        self._outlets = content.company.outlets
        self._cities = {city.key: city for city in content.company.cities}
        self._chance = chance
        self._now = now
        self._taken: set[str] = set()
        self._serial = 10_000

    def outlet(self, code: str) -> DemoOutlet:
        """Return an outlet by its code."""
        return next(outlet for outlet in self._outlets if outlet.code == code)

    def person(self) -> Client:
        """Return somebody with a Chinese name."""
        name, name_alt = self._chinese_name(self._chance.one("mf"))
        client = self._client("person", name, name_alt, "zh")
        self._reachable(client)
        return client

    def foreigner(self) -> Client:
        """Return somebody who speaks English; most have a Chinese name too."""
        chance = self._chance
        first = chance.one(self._names.latin_first_names)
        alt = self._chinese_name(first.gender)[0] if chance.happens(0.6) else ""
        name = f"{first.name} {chance.one(self._names.latin_last_names)}"
        client = self._client("person", name, alt, "en")
        if chance.happens(0.25):
            self.give(client, self._fresh(self._foreign_number), "home", own=True)
        self._reachable(client)
        return client

    def company(self) -> Client:
        """Return a company with a switchboard and three to six contacts."""
        chance = self._chance
        stem, trade = chance.one(self._names.company_stems), chance.one(self._names.company_trades)
        outlet = chance.one(self._outlets)
        city = self._cities[outlet.city]
        zh = f"{city.name_zh}{stem.zh}{trade.zh}{self._names.company_suffix_zh}"
        en = f"{stem.en} {trade.en} ({city.name_en}) {self._names.company_suffix_en}"
        client = self._client("company", zh, en, "zh", outlet)
        client.customer.tier = chance.weighted(TIERS, _COMPANY_TIER_WEIGHTS.__getitem__)
        client.customer.key_account = chance.happens(0.35)
        self.give(client, self._fresh(lambda: self._landline(client)), "总机", own=True)
        for role_zh, _role_en in chance.several(ROLES, chance.between(3, 6)):
            name, alt = self._chinese_name(chance.one("mf"))
            self.add_contact(client, name, alt, role_zh, self._fresh(self._mobile))
        return client

    def named(self, kind: str, name: str, name_alt: str, language: str, outlet: str) -> Client:
        """Return a customer with given names and no number yet, of the city of an outlet."""
        return self._client(kind, name, name_alt, language, self.outlet(outlet))

    def give(self, client: Client, phone: Phone, label: str, *, own: bool) -> ContactPoint:
        """Put *phone* on record for *client*; the first one is what he calls from."""
        self._taken.add(phone.value)
        point = ContactPoint(
            id=self._chance.row_id(client.customer.created_at),
            customer_id=client.customer.id,
            raw=phone.raw,
            value=phone.value,
            national=phone.national,
            label=label,
            source="contract",
            sharing="own" if own else "shared",
            position=len(client.points),
        )
        client.points.append(point)
        return point

    def add_contact(self, client: Client, name: str, name_alt: str, role: str, phone: Phone) -> Contact:
        """Add a person to a company, with his mobile number."""
        at = client.customer.created_at
        contact = Contact(
            id=self._chance.row_id(at),
            customer_id=client.customer.id,
            name=name,
            name_alt=name_alt,
            role=role,
        )
        client.contacts.append(contact)
        self.give(client, phone, "手机", own=True).contact_id = contact.id
        return contact

    def give_email(self, client: Client, address: str) -> None:
        """Put an e-mail address on record."""
        client.points.append(
            ContactPoint(
                id=self._chance.row_id(client.customer.created_at),
                customer_id=client.customer.id,
                kind="email",
                raw=address,
                value=address.lower(),
                label="",
                source="contract",
                sharing="own",
                position=len(client.points),
            )
        )

    def _client(
        self, kind: str, name: str, name_alt: str, language: str, outlet: DemoOutlet | None = None
    ) -> Client:
        chance = self._chance
        home = outlet or chance.one(self._outlets)
        city = self._cities[home.city]
        since = (self._now - timedelta(days=chance.between(40, 2_400))).astimezone(chance.zone).date()
        at = chance.moment_on(since)
        self._serial += 1
        customer = Customer(
            id=chance.row_id(at),
            kind=kind,
            name=name,
            name_alt=name_alt,
            language=language,
            tier=chance.weighted(TIERS, _TIER_WEIGHTS.__getitem__),
            preferred_channel=chance.weighted(("", "phone", "wechat", "email"), _CHANNEL_WEIGHTS.__getitem__),
            do_not_call=chance.happens(0.04),
            hint=chance.one(HINTS_EN if language == "en" else HINTS_ZH) if chance.happens(0.12) else "",
            address=self._address(city, language),
            city=city.name_en if language == "en" else city.name_zh,
            first_business_on=since,
            external_id=f"C{self._serial:06d}",
            created_at=at,
            updated_at=at,
        )
        return Client(customer, home, city)

    def _reachable(self, client: Client) -> None:
        """Give one to three numbers and perhaps an e-mail address."""
        chance = self._chance
        label = "mobile" if client.english else "手机"
        self.give(client, self._fresh(self._mobile), label, own=True)
        if chance.happens(0.3):
            self.give(client, self._fresh(self._mobile), "work" if client.english else "单位", own=True)
        if chance.happens(0.2):
            home = self._fresh(lambda: self._landline(client))
            self.give(client, home, "home" if client.english else "家", own=True)
        if chance.happens(0.55):
            words = (client.customer.name if client.english else client.customer.name_alt).lower()
            domain = chance.one(self._names.email_domains)
            self.give_email(client, f"{words.replace(' ', '.')}{chance.between(1, 99)}@{domain}")

    def _chinese_name(self, gender: str) -> tuple[str, str]:
        surname = self._chance.weighted(self._names.surnames, lambda held: held.weight)
        given = self._chance.one([held for held in self._names.given_names if held.gender == gender])
        return surname.zh + given.zh, f"{surname.pinyin} {given.pinyin}"

    def _address(self, city: City, language: str) -> str:
        chance, names = self._chance, self._names
        street, compound = chance.one(names.streets), chance.one(names.compounds)
        number, house, flat = chance.between(1, 1_800), chance.between(1, 28), chance.between(101, 2_604)
        if language == "en":
            return f"{house}-{flat} {compound.en}, {number} {street.en}, {city.name_en}"
        return f"{city.name_zh}{street.zh}{number}号{compound.zh}{house}幢{flat}室"

    def _fresh(self, make: _Make) -> Phone:
        """Return a number nobody has yet; a mobile number when there are no others left."""
        for _ in range(50):
            phone = make()
            if phone.value not in self._taken:
                return phone
        return self._fresh(self._mobile)

    def _mobile(self) -> Phone:
        digits = self._chance.one(self._names.mobile_prefixes) + self._chance.digits(8)
        return mobile(digits, self._chance.between(0, 3))

    def _landline(self, client: Client) -> Phone:
        """Return a landline in the exchange of the outlet nearby."""
        area = client.city.area_code
        nearby = client.outlet.phone.removeprefix("0" + area)
        subscriber = nearby[:4] + self._chance.digits(len(nearby) - 4)
        return landline(area, subscriber, self._chance.between(0, 1))

    def _foreign_number(self) -> Phone:
        """Return a number from a range kept for fiction: United Kingdom or United States."""
        if self._chance.happens(0.5):
            tail = f"900{self._chance.digits(3)}"
            return abroad("44", "7700" + tail, f"+44 7700 {tail}")
        tail = f"01{self._chance.digits(2)}"
        area = self._chance.one(("206", "212", "312", "415", "617", "646"))
        return abroad("1", f"{area}555{tail}", f"+1 ({area}) 555-{tail}")
