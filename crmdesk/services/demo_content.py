"""The demo company in words: who works there, what it builds, what its customers say.

Plain data from `resources/demo/`, checked while it is read: five files, each record one frozen dataclass
whose field names are the keys of the file. Generating customers and calls from it is somebody else's work.
"""

import dataclasses
import json
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from crmdesk.errors import FileFault

Record = TypeVar("Record")

LANGUAGES = ("zh", "en")
_VIN_LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
_VIN_FIRST_YEAR = 2010
_VIN_PLANT = "D"


@dataclass(frozen=True)
class PhoneLine:
    """A number customers dial (DNIS), in national form, and the queue behind it."""

    number: str
    name_zh: str
    name_en: str
    queue: str


@dataclass(frozen=True)
class DemoTeam:
    """A team, its queue, and the languages it speaks, the first one preferred."""

    key: str
    name_zh: str
    name_en: str
    queue: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class DemoAgent:
    """Somebody at a desk; `role` is `agent` or `supervisor`, `team` the key of a team."""

    login: str
    name_zh: str
    name_en: str
    extension: str
    team: str
    role: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class DemoDisposition:
    """How a call can end; `closing` ends its matter; `direction` is `in`, `out` or `both`."""

    key: str
    name_zh: str
    name_en: str
    closing: bool
    direction: str


@dataclass(frozen=True)
class City:
    """A city with its area code (without the trunk 0) and the first two characters of its plates."""

    key: str
    name_zh: str
    name_en: str
    province_zh: str
    province_en: str
    area_code: str
    plate_prefix: str


@dataclass(frozen=True)
class DemoOutlet:
    """A service outlet; `city` is the key of a city, `phone` in national form, `bays` its lifts."""

    code: str
    name_zh: str
    name_en: str
    city: str
    address_zh: str
    address_en: str
    area_code: str
    phone: str
    bays: int
    hv_certified: bool


@dataclass(frozen=True)
class VehicleModel:
    """A car of the maker. `share` is its weight among cars sold; distances in km, 0 months = no such part."""

    code: str
    name_zh: str
    name_en: str
    body_zh: str
    body_en: str
    powertrain: str
    first_year: int
    last_year: int
    engines: tuple[str, ...]
    service_interval_km: int
    service_interval_months: int
    warranty_months: int
    warranty_km: int
    battery_warranty_months: int
    battery_warranty_km: int
    vin_wmi: str
    vin_vds: str
    share: int


@dataclass(frozen=True)
class ServiceOperation:
    """Work an outlet does: labour in minutes, price in CNY, due every `interval_km` (0 = when needed)."""

    key: str
    name_zh: str
    name_en: str
    minutes: int
    models: tuple[str, ...]
    interval_km: int
    price_cny: int


@dataclass(frozen=True)
class Fault:
    """What customers call about; `operations` mend it, `weight` is how often it is heard."""

    key: str
    name_zh: str
    name_en: str
    category: str
    models: tuple[str, ...]
    operations: tuple[str, ...]
    safety: bool
    weight: int


@dataclass(frozen=True)
class Company:
    """The maker: lines, people, outlets, cars, and the codes its hotline works with."""

    key: str
    name_zh: str
    name_en: str
    legal_name_zh: str
    legal_name_en: str
    email_domain: str
    country: str
    area_code: str
    time_zone: str
    lines: tuple[PhoneLine, ...]
    teams: tuple[DemoTeam, ...]
    agents: tuple[DemoAgent, ...]
    dispositions: tuple[DemoDisposition, ...]
    cities: tuple[City, ...]
    outlets: tuple[DemoOutlet, ...]
    models: tuple[VehicleModel, ...]
    operations: tuple[ServiceOperation, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Surname:
    """A Chinese family name; `weight` is its frequency, about one in ten thousand people."""

    zh: str
    pinyin: str
    weight: int


@dataclass(frozen=True)
class GivenName:
    """A Chinese given name of one or two characters; `gender` is `m` or `f`."""

    zh: str
    pinyin: str
    gender: str


@dataclass(frozen=True)
class LatinFirstName:
    """A first name in Latin letters; `gender` is `m` or `f`."""

    name: str
    gender: str


@dataclass(frozen=True)
class TextPair:
    """The same thing in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Names:
    """The parts from which people, companies and addresses are put together."""

    surnames: tuple[Surname, ...]
    given_names: tuple[GivenName, ...]
    latin_first_names: tuple[LatinFirstName, ...]
    latin_last_names: tuple[str, ...]
    company_stems: tuple[TextPair, ...]
    company_trades: tuple[TextPair, ...]
    company_suffix_zh: str
    company_suffix_en: str
    streets: tuple[TextPair, ...]
    compounds: tuple[TextPair, ...]
    email_domains: tuple[str, ...]
    mobile_prefixes: tuple[str, ...]


@dataclass(frozen=True)
class DemoArticle:
    """A knowledge article. The same `topic` in two languages is a pair; `topics` are keys of faults.

    `body` has paragraphs parted by an empty line, `do_this` one numbered step a line; `safety` is empty
    or the sentence that comes first.
    """

    id: str
    topic: str
    lang: str
    title: str
    body: str
    say_this: str
    do_this: str
    safety: str
    models: tuple[str, ...]
    topics: tuple[str, ...]
    keywords: str
    state: str


@dataclass(frozen=True)
class ScriptAnswer:
    """One answer of a caller: the `note` it writes, and the `next` question (empty = the script ends)."""

    text: str
    note: str
    next: str


@dataclass(frozen=True)
class ScriptQuestion:
    """A question to read out, with its answers."""

    id: str
    ask: str
    answers: tuple[ScriptAnswer, ...]


@dataclass(frozen=True)
class CallScript:
    """A script that starts at its first question; `topic` is the key of a fault."""

    id: str
    topic: str
    lang: str
    title: str
    questions: tuple[ScriptQuestion, ...]


@dataclass(frozen=True)
class HistoryText:
    """What a past `call`, `visit` or `task` (its `kind`) about a fault of one of these models reads like."""

    fault: str
    lang: str
    kind: str
    models: tuple[str, ...]
    subject: str
    note: str


@dataclass(frozen=True)
class DemoContent:
    """Everything in `resources/demo/`."""

    company: Company
    names: Names
    articles: tuple[DemoArticle, ...]
    scripts: tuple[CallScript, ...]
    history: tuple[HistoryText, ...]


def load_demo_content(folder: Path) -> DemoContent:
    """Read and check the demo content.

    Args:
        folder: where `company.json`, `names.json`, `articles.jsonl`, `scripts.jsonl` and `calls.jsonl` lie;
            `crmdesk.resources.resource("demo")` in the running program.

    Raises:
        FileFault: a file is missing, is not UTF-8 JSON, lacks a field, or names something that is not there.
    """
    content = DemoContent(
        company=_record(Company, _json(folder / "company.json"), "company.json"),
        names=_record(Names, _json(folder / "names.json"), "names.json"),
        articles=_lines(DemoArticle, folder / "articles.jsonl"),
        scripts=_lines(CallScript, folder / "scripts.jsonl"),
        history=_lines(HistoryText, folder / "calls.jsonl"),
    )
    _check_company(content.company)
    _check_texts(content)
    return content


def demo_vin(model: VehicleModel, year: int, serial: int) -> str:
    """Return the VIN of car number *serial* of a model year, with its check digit (ISO 3779, GB 16735).

    Args:
        model: gives maker and description (WMI, VDS).
        year: model year from 2010 to 2039.
        serial: 0 to 999 999, unique within model and year.
    """
    year_letter = _VIN_YEARS[year - _VIN_FIRST_YEAR]
    head, tail = model.vin_wmi + model.vin_vds, f"{year_letter}{_VIN_PLANT}{serial:06d}"
    return head + vin_check_digit(f"{head}0{tail}") + tail


def vin_check_digit(vin: str) -> str:
    """Return what belongs at the ninth place of a VIN of 17 characters; the ninth itself does not count."""
    total = sum(
        int(_VIN_LETTERS.get(sign, sign)) * weight for sign, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    rest = total % 11
    return "X" if rest == 10 else str(rest)


def _check_company(company: Company) -> None:
    where = "company.json"
    models = _keys((model.code for model in company.models), where)
    operations = _keys((operation.key for operation in company.operations), where)
    cities = _keys((city.key for city in company.cities), where)
    teams = _keys((team.key for team in company.teams), where)
    queues = {team.queue for team in company.teams}
    for rows in (company.faults, company.dispositions):
        _keys((row.key for row in rows), where)
    _keys((outlet.code for outlet in company.outlets), where)
    _keys((agent.extension for agent in company.agents), where)
    _known((line.queue for line in company.lines), queues, where)
    _known((agent.team for agent in company.agents), teams, where)
    _known((outlet.city for outlet in company.outlets), cities, where)
    for operation in company.operations:
        _known(operation.models, models, where)
    for fault in company.faults:
        _known(fault.models, models, where)
        _known(fault.operations, operations, where)


def _check_texts(content: DemoContent) -> None:
    models = {model.code for model in content.company.models}
    faults = {fault.key for fault in content.company.faults}
    _keys((article.id for article in content.articles), "articles.jsonl")
    for article in content.articles:
        _known((article.lang,), LANGUAGES, "articles.jsonl")
        _known((article.topic, *article.topics), faults, "articles.jsonl")
        _known(article.models, models, "articles.jsonl")
    _keys((script.id for script in content.scripts), "scripts.jsonl")
    for script in content.scripts:
        _known((script.lang,), LANGUAGES, "scripts.jsonl")
        _known((script.topic,), faults, "scripts.jsonl")
        questions = _keys((question.id for question in script.questions), "scripts.jsonl")
        for question in script.questions:
            _known((answer.next for answer in question.answers if answer.next), questions, "scripts.jsonl")
    for text in content.history:
        _known((text.lang,), LANGUAGES, "calls.jsonl")
        _known((text.fault,), faults, "calls.jsonl")
        _known(text.models, models, "calls.jsonl")


def _keys(keys: Iterable[str], where: str) -> set[str]:
    """Return *keys* as a set; refuse one that comes twice."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise _fault(where, f"{key!r} comes twice")
        seen.add(key)
    return seen


def _known(keys: Iterable[str], known: Iterable[str], where: str) -> None:
    unknown = set(keys) - set(known)
    if unknown:
        raise _fault(where, f"unknown {', '.join(sorted(unknown))}")


def _lines(kind: type[Record], path: Path) -> tuple[Record, ...]:
    rows = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        where = f"{path.name}:{number}"
        rows.append(_record(kind, _parsed(line, where), where))
    return tuple(rows)


def _json(path: Path) -> Any:
    return _parsed(_text(path), path.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(path.name, str(error)) from error


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _fault(where, str(error)) from error


def _record(kind: type[Record], row: object, where: str) -> Record:
    """Build the dataclass *kind* from a JSON object that has exactly its fields."""
    if not isinstance(row, Mapping):
        raise _fault(where, "not an object")
    hints = typing.get_type_hints(kind)
    differing = set(hints) ^ set(row)
    if differing:
        raise _fault(where, f"missing or unknown: {', '.join(sorted(differing))}")
    return kind(**{name: _value(hint, row[name], f"{where} {name}") for name, hint in hints.items()})


def _value(hint: Any, raw: object, where: str) -> object:
    """Return *raw* as what the field's type asks for: a tuple, a record, or the very type."""
    if typing.get_origin(hint) is tuple:
        if not isinstance(raw, list):
            raise _fault(where, "not a list")
        item_hint = typing.get_args(hint)[0]
        return tuple(_value(item_hint, item, where) for item in raw)
    if dataclasses.is_dataclass(hint):
        return _record(typing.cast(type, hint), raw, where)
    if type(raw) is not hint:
        raise _fault(where, f"not of type {hint.__name__}")
    return raw


def _fault(where: str, reason: str) -> FileFault:
    return FileFault("The demo content cannot be used: {where}: {reason}.", where=where, reason=reason)
