"""Options as data: type, default, limits, text, and who may change them; IT's policy file wins.

A profile keeps what was changed in ``settings.json``; everything else has its default. IT lays a
``policy.toml`` where only administrators write (:func:`policy_path`); what it names is fixed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from crmdesk.errors import Denied, FileFault, InvalidInput
from crmdesk.values import dataclass

Value = str | int | bool
Who = Literal["agent", "it"]


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: ``kind`` is str, int or bool; ``who`` may change it; limits hold for numbers."""

    name: str
    default: Value
    text: str
    who: Who = "agent"
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def kind(self) -> type:
        """The type of the value."""
        return type(self.default)

    def checked(self, value: object) -> Value:
        """Return *value* when it fits; raise InvalidInput naming the option when not."""
        if type(value) is not self.kind or not isinstance(value, (str, int, bool)):
            raise self._refused("{name} takes {kind}, not {value}.", kind=self.kind.__name__, value=value)
        if self.choices and value not in self.choices:
            raise self._refused("{name} must be one of: {choices}.", choices=", ".join(self.choices))
        low, high = self.low, self.high
        if low is not None and high is not None and not low <= int(value) <= high:
            raise self._refused("{name} must lie between {low} and {high}.", low=low, high=high)
        if self.name == "zone" and not _zone_exists(str(value)):
            raise self._refused("There is no time zone {value}.", value=value)
        return value

    def _refused(self, sentence: str, **values: object) -> InvalidInput:
        return InvalidInput(sentence, fields=(self.name,), name=self.name, **values)


def _zone_exists(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


_ALL = (
    Option("language", "", "Language of the screens; empty: as the computer.", choices=("", "en", "zh")),
    Option("theme", "", "Light or dark; empty: as the computer.", choices=("", "light", "dark")),
    Option("agent", "", "Login of the agent who works at this desk."),
    Option("extension", "", "Extension of this desk's telephone."),
    Option("company", "", "Name of the house, as it stands in the title.", who="it"),
    Option("company_address", "", "Address of the house on letters; a semicolon sets parts apart.", who="it"),
    Option("company_phone", "", "Telephone of the house on letters.", who="it"),
    Option("company_mail", "", "Mail address of the house on letters.", who="it"),
    Option("country", "CN", "Country whose numbering plan is used (ISO 3166).", who="it"),
    Option("area_code", "21", "Area code of this site, without a leading zero.", who="it"),
    Option("zone", "Asia/Shanghai", "Time zone of this site.", who="it"),
    Option("calendar", "cn-default", "Business calendar by which complaints are timed.", who="it"),
    Option("regime", "", "Regime that complaints fall under where nobody chooses another.", who="it"),
    Option("currency", "CNY", "Currency in which remedies are granted (ISO 4217).", who="it"),
    Option("outside_prefix", "", "Digits dialled to get an outside line.", who="it"),
    Option("telephony", "off", "Where calls come from.", who="it", choices=("off", "ami", "hook")),
    Option("telephony_host", "127.0.0.1", "Host of the telephone system.", who="it"),
    Option("telephony_port", 5038, "Port of the telephone system.", who="it", low=1, high=65_535),
    Option("telephony_user", "", "User at the telephone system; the password is in the keyring.", who="it"),
    Option("server", "", "Shared database that desks of this house join: host:port/database.", who="it"),
    Option("server_ca", "", "File of the authority that signed the server's certificate.", who="it"),
    Option("mask_until_verified", True, "Cover numbers until the caller is verified.", who="it"),
    Option("recent_days", 90, "Days of history that lists show first.", low=1, high=3_650),
    Option(
        "store_mb",
        4_096,
        "Size of the store beyond which histories fetched on demand go again, in megabytes.",
        who="it",
        low=100,
        high=1_000_000,
    ),
    Option(
        "attachment_mb",
        25,
        "Size of the largest file that may be attached, in megabytes.",
        who="it",
        low=1,
        high=25,
    ),
    Option(
        "attachments_mb",
        200,
        "Size of all files attached to one record, in megabytes.",
        who="it",
        low=1,
        high=200,
    ),
    Option(
        "attachments_cache_mb",
        2_048,
        "Room for attachments that the server has, too; beyond it those not looked at for longest go.",
        who="it",
        low=50,
        high=1_000_000,
    ),
    Option("backup_folder", "", "Folder of the nightly backup; empty: none."),
    Option("backup_keep", 7, "How many nightly backups are kept.", low=1, high=365),
)

OPTIONS: Mapping[str, Option] = MappingProxyType({option.name: option for option in _ALL})
"""Every setting by name."""


SECTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "server": {"address": "server", "ca": "server_ca"},
        "site": {
            name: name
            for name in (
                *("company", "company_address", "company_phone", "company_mail"),
                *("country", "area_code", "zone", "calendar", "currency", "outside_prefix"),
                "regime",
            )
        },
        "telephony": {
            "source": "telephony",
            "host": "telephony_host",
            "port": "telephony_port",
            "user": "telephony_user",
        },
        "settings": {option.name: option.name for option in _ALL},
    }
)
"""The tables of a policy, and the option behind each of their names."""


@dataclass(frozen=True, slots=True)
class Site:
    """What makes a number at this site: country (ISO 3166), area code without zero, time zone."""

    country: str
    area_code: str
    zone: str
    outside_prefix: str
    extension: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one profile: what was changed in it, and what the policy fixes."""

    changed: Mapping[str, Value] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    foreign: Mapping[str, Any] = field(default_factory=dict)
    """Entries of the file this program does not know; kept for the newer program that wrote them."""

    def __getitem__(self, name: str) -> Value:
        """Return the value of the option *name*."""
        if name in self.fixed:
            return self.fixed[name]
        return self.changed.get(name, OPTIONS[name].default)

    def text(self, name: str) -> str:
        """Return the value of the option *name*, which holds text."""
        return str(self[name])

    def number(self, name: str) -> int:
        """Return the value of the option *name*, which holds a number."""
        return int(self[name])

    @property
    def site(self) -> Site:
        """What makes a number at this site."""
        return Site(
            self.text("country"),
            self.text("area_code"),
            self.text("zone"),
            self.text("outside_prefix"),
            self.text("extension"),
        )

    def changed_by(self, who: Who, values: Mapping[str, object]) -> Settings:
        """Return the settings with *values*.

        Raises:
            InvalidInput: no such option, or a value that does not fit.
            Denied: the policy fixes an option, or *who* is not the one to change it.
        """
        unknown = tuple(name for name in values if name not in OPTIONS)
        if unknown:
            raise InvalidInput("There is no setting {names}.", fields=unknown, names=", ".join(unknown))
        for name in values:
            if name in self.fixed:
                raise Denied("{name} is fixed by your IT department.", fields=(name,), name=name)
            if OPTIONS[name].who == "it" and who != "it":
                raise Denied("Only your IT department may change {name}.", fields=(name,), name=name)
        checked = {name: OPTIONS[name].checked(value) for name, value in values.items()}
        return replace(self, changed={**self.changed, **checked})

    def as_json(self) -> bytes:
        """Return what a profile keeps."""
        return json.dumps({**self.foreign, **self.changed}, ensure_ascii=False, indent=1).encode()


def read_settings(content: bytes | None, policy: Mapping[str, Value] | None = None) -> Settings:
    """Return the settings a profile kept as *content* (None: nothing yet) under *policy*.

    A value that does not fit its option any more gives way to the default.

    Raises:
        FileFault: *content* is damaged.
    """
    try:
        held = json.loads(content) if content is not None else {}
    except ValueError as error:
        raise FileFault("The settings of this profile are damaged.") from error
    if not isinstance(held, dict):
        raise FileFault("The settings of this profile are damaged.")
    known = {name: value for name, value in held.items() if name in OPTIONS and _fits(name, value)}
    foreign = {name: value for name, value in held.items() if name not in OPTIONS}
    return Settings(known, policy or {}, foreign)


def _fits(name: str, value: object) -> bool:
    try:
        OPTIONS[name].checked(value)
    except InvalidInput:
        return False
    return True


def policy_path() -> Path:
    """Return where IT lays the policy: a place only administrators write."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "crmdesk" / "policy.toml"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/crmdesk/policy.toml")
    return Path("/etc/crmdesk/policy.toml")


def read_policy(path: Path) -> dict[str, Value]:
    """Return what the policy at *path* fixes (see :data:`SECTIONS`); nothing when there is no file.

    Raises:
        FileFault: the file is no TOML, or names a table, an option or a value that does not exist. Nothing of
            a wrong policy is taken, and nothing runs without it: IT wants to know.
    """
    if not path.exists():
        return {}
    import tomllib

    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFault("The policy {path} cannot be read: {words}.", path=path, words=error) from error
    values: dict[str, object] = {}
    unknown: list[str] = []
    for section, given in held.items():
        known = SECTIONS.get(section)
        if known is None or not isinstance(given, dict):
            unknown.append(section)
            continue
        unknown += [name for name in given if name not in known]
        values |= {known[name]: value for name, value in given.items() if name in known}
    if unknown:
        raise FileFault("The policy {path} names no setting: {names}.", path=path, names=", ".join(unknown))
    try:
        return {name: OPTIONS[name].checked(value) for name, value in values.items()}
    except InvalidInput as error:
        raise FileFault("The policy {path} is wrong: {words}", path=path, words=error) from error
