"""Templates and words of letters belong to the shop: what it breaks is told with the file and the line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.errors import FileFault
from crmdesk.resources import resource
from crmdesk.services.complaints import letter_words, letters
from tests.services.complaints.letter_cases import letter_case

GOOD = resource("letters", "en", "closing.txt").read_text(encoding="utf-8")
TOML = resource("letters", "words.toml").read_text(encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of letters of its own: one template and the words."""

    def own(*parts: str) -> Path:
        return tmp_path.joinpath(*parts)

    for module in (letters, letter_words):
        monkeypatch.setattr(module, "resource", own)
    forget()
    own("letters", "en").mkdir(parents=True)
    own("letters", "words.toml").write_text(TOML, encoding="utf-8")
    own("letters", "en", "closing.txt").write_text(GOOD, encoding="utf-8")
    yield own("letters")
    forget()


def forget() -> None:
    letters.template.cache_clear()
    letter_words.letter_words.cache_clear()


def refusal() -> str:
    with pytest.raises(FileFault) as caught:
        letters.text_of("closing", letter_case("en"))
    return str(caught.value)


@pytest.mark.parametrize(
    "line", ["Pay $no_such_field now.", "$no_such_block", "That is $ 5.", "Pay ${number now."]
)
def test_a_line_that_cannot_be_filled_in_is_told(shop: Path, line: str) -> None:
    (shop / "en" / "closing.txt").write_text(f"{GOOD}\n{line}\n", encoding="utf-8")
    told, number = refusal(), len(f"{GOOD}\n{line}".splitlines())
    begin = f"Line {number} of the template letters/en/closing.txt cannot be filled in: {line}"
    assert told.startswith(begin)
    assert "$$ prints the sign itself" in told
    (shop / "en" / "closing.txt").write_text(f"{GOOD}\nThat is $$ 5.\n", encoding="utf-8")
    forget()
    assert letters.text_of("closing", letter_case("en")).paragraphs[-1].text == "That is $ 5."


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe\x00"], ids=["missing", "empty", "blank", "noise"]
)
def test_a_template_that_is_no_text_is_told(shop: Path, content: bytes | None) -> None:
    file = shop / "en" / "closing.txt"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert refusal() == (
        "The template letters/en/closing.txt is missing, empty or no text in UTF-8."
        " Put back the one that crmdesk came with."
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[en", "letters/words.toml cannot be read: "),
        ("", "letters/words.toml lacks en. "),
        ("[en]\n", "letters/words.toml lacks "),
    ],
)
def test_words_that_are_broken_are_told(shop: Path, content: str, told: str) -> None:
    (shop / "words.toml").write_text(content, encoding="utf-8")
    assert refusal().startswith(told)
