"""Options as data, and IT's policy over them."""

from pathlib import Path

import pytest

from crmdesk.errors import Denied, FileFault, InvalidInput
from crmdesk.settings import OPTIONS, Settings, read_policy, read_settings


def test_every_default_fits_its_own_option() -> None:
    for option in OPTIONS.values():
        assert option.checked(option.default) == option.default
        assert option.text.endswith(".")


def test_a_new_desk_is_in_shanghai() -> None:
    site = Settings().site
    assert (site.country, site.area_code, site.zone) == ("CN", "21", "Asia/Shanghai")


def test_changes_last_through_the_file() -> None:
    changed = Settings().changed_by("it", {"country": "DE", "telephony_port": 5039, "company": "汽车厂"})
    again = read_settings(changed.as_json())
    assert (again.text("country"), again.number("telephony_port")) == ("DE", 5039)
    assert again == changed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("theme", None),
        ("telephony_port", 0),
        ("telephony_port", 65_536),
        ("telephony_port", "5038"),
        ("telephony_port", True),
        ("zone", "Mars/Olympus"),
        ("zone", "../etc/passwd"),
        ("colour", "red"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        Settings().changed_by("it", {"language": "en", name: value})
    assert refused.value.fields == (name,)


def test_an_agent_may_not_change_what_it_decides() -> None:
    with pytest.raises(Denied, match="country"):
        Settings().changed_by("agent", {"country": "DE"})
    assert Settings().changed_by("agent", {"theme": "dark"}).text("theme") == "dark"


def test_the_policy_wins_and_cannot_be_changed(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[settings]\ncountry = "DE"\ntelephony_port = 5040\n', encoding="utf-8")
    settings = read_settings(b'{"country": "FR", "theme": "dark"}', read_policy(policy))
    assert (settings.text("country"), settings.number("telephony_port")) == ("DE", 5040)
    assert settings.text("theme") == "dark"
    with pytest.raises(Denied, match="IT"):
        settings.changed_by("it", {"country": "FR"})


@pytest.mark.parametrize(
    "content",
    [
        "[settings",
        '[settings]\ncolour = "red"',
        '[settings]\ntelephony_port = "a"',
        '[servers]\naddress = "db"',
        '[server]\npassword = "secret"',
        'server = "db"',
        b"\xff",
    ],
)
def test_a_wrong_policy_is_told_and_not_half_taken(tmp_path: Path, content: str | bytes) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileFault, match="policy"):
        read_policy(policy)


def test_a_policy_is_told_by_subject(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[server]\naddress = "db.example:5433/crmdesk"\nca = "/etc/crmdesk/ca.pem"\n'
        '[site]\ncompany = "汽车厂"\narea_code = "10"\n'
        '[telephony]\nsource = "ami"\nhost = "pbx.example"\nport = 5039\n',
        encoding="utf-8",
    )
    assert read_policy(policy) == {
        "server": "db.example:5433/crmdesk",
        "server_ca": "/etc/crmdesk/ca.pem",
        "company": "汽车厂",
        "area_code": "10",
        "telephony": "ami",
        "telephony_host": "pbx.example",
        "telephony_port": 5039,
    }


def test_without_a_policy_nothing_is_fixed(tmp_path: Path) -> None:
    assert read_policy(tmp_path / "none.toml") == {}


def test_what_a_newer_program_kept_is_kept() -> None:
    settings = read_settings(b'{"later": [1], "theme": "unheard of"}')
    assert settings.text("theme") == ""
    assert read_settings(settings.changed_by("agent", {"theme": "light"}).as_json()).foreign == {"later": [1]}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_damaged_settings_are_told(content: bytes) -> None:
    with pytest.raises(FileFault):
        read_settings(content)
