"""Finding resources in a checkout, a wheel and a frozen build."""

import sys
from pathlib import Path

import pytest

from crmdesk import resources

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
