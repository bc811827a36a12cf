"""Finding resources in a checkout, a wheel and a frozen build."""

import sys
from pathlib import Path

import pytest

from crmdesk import resources
from crmdesk.errors import FileFault

CHECKOUT = Path(__file__).resolve().parent.parent


def test_a_checkout_reads_the_top_level_folder() -> None:
    assert resources.resources_root() == CHECKOUT / "resources"


def test_a_frozen_build_reads_its_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = tmp_path / "resources" / "letters" / "hello.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text("您好", encoding="utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.resource("letters", "hello.txt") == letter


def test_a_wheel_reads_the_copy_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "crmdesk"
    (package / "_resources" / "fonts").mkdir(parents=True)
    (package.parent / "resources").mkdir()  # somebody else's folder beside the package
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.resource("fonts") == package / "_resources" / "fonts"


def test_a_missing_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"fonts/none\.ttf is missing"):
        resources.resource("fonts", "none.ttf")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of IT's policy, with a calendar and a letter of the house's own."""
    monkeypatch.setattr(resources, "policy_path", lambda: tmp_path / "policy.toml")
    for name in ("policy.toml", "ca.pem", "calendars.toml", "letters/zh/decision.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    return tmp_path


def test_what_a_house_wrote_itself_stands_for_what_came_along(house: Path) -> None:
    assert resources.resource("calendars.toml") == house / "calendars.toml"
    assert resources.resource("letters", "zh", "decision.txt") == house / "letters/zh/decision.txt"
    for parts in (("regimes.toml",), ("letters", "en", "decision.txt"), ("letters",)):
        assert resources.resource(*parts) == CHECKOUT.joinpath("resources", *parts)


@pytest.mark.parametrize("content", [b"known_years = [2027\n", "名称 = 一".encode("gb18030")])
def test_a_table_that_cannot_be_read_is_named(house: Path, content: bytes) -> None:
    (house / "calendars.toml").write_bytes(content)
    with pytest.raises(FileFault, match=r"/calendars\.toml cannot be read: "):
        resources.tables("calendars.toml")


def test_only_rules_and_letters_are_a_houses_own(house: Path) -> None:
    (house / "i18n").mkdir()
    (house / "i18n" / "zh_CN.json").write_text("{}", encoding="utf-8")
    assert resources.resource("i18n", "zh_CN.json") == CHECKOUT / "resources/i18n/zh_CN.json"
    with pytest.raises(ValueError, match="Not a resource"):
        resources.resource("letters", "..", "policy.toml", "..", "..", "x")


def test_a_file_that_nothing_reads_is_told_apart(house: Path) -> None:
    (house / "calendar.toml").write_text("", encoding="utf-8")
    (house / "letters" / "zh" / "decison.txt").write_text("", encoding="utf-8")
    assert resources.own_files() == {
        "calendar.toml": False,
        "calendars.toml": True,
        "letters/zh/decision.txt": True,
        "letters/zh/decison.txt": False,
    }


@pytest.mark.parametrize(
    "parts", [("..", "pyproject.toml"), ("/etc/passwd",), ("fonts", "..", "..", "LICENSE")]
)
def test_nothing_outside_is_handed_out(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="Not a resource"):
        resources.resource(*parts)


def test_an_installation_without_resources_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "crmdesk")
    with pytest.raises(FileNotFoundError, match="incomplete"):
        resources.resources_root()
