"""What makes an acceptable article."""

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.services.knowledge.authoring import validate_article

GOOD = {"title": "漏油", "body": "看机油尺。", "lang": "zh"}


def test_good_article_passes_cleaned() -> None:
    article = validate_article(
        {**GOOD, "title": "  漏\x00油\n ", "body": "一\r\n二\x07", "models": ["SUV-7", " SUV-7 ", ""]}
    )
    assert (article.title, article.body, article.models) == ("漏油", "一\n二", ("SUV-7",))
    assert article.state == "published"


def test_markup_stays_text() -> None:
    assert validate_article({**GOOD, "body": "<b>a</b>'; DROP"}).body == "<b>a</b>'; DROP"


def test_language_may_carry_a_region() -> None:
    assert validate_article({**GOOD, "lang": "zh-CN"}).lang == "zh"


def test_imported_article_without_title_takes_the_beginning_of_its_text() -> None:
    article = validate_article({"title": "", "body": "看机油尺。\n然后", "lang": "zh", "external_id": "r1"})
    assert article.title == "看机油尺。 然后"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": ""}, "title", "no title"),
        ({"title": "", "body": ""}, "title", "no title and no text"),
        ({"title": "\x00\u200b"}, "title", "no title"),
        ({"title": "长" * 301}, "title", "301 characters"),
        ({"body": "长" * 200_001}, "body", "200001 characters"),
        ({"lang": "fr"}, "lang", "zh or en"),
        ({"lang": ""}, "lang", "zh or en"),
        ({"lang": None}, "lang", "zh or en"),
        ({"state": "secret"}, "state", "draft, published or retired"),
        ({"body": 5}, "body", "is text"),
        ({"models": "SUV-7"}, "models", "list of names"),
        ({"models": [1]}, "models", "list of names"),
        ({"topics": [f"t{n}" for n in range(51)]}, "topics", "at most 50"),
    ],
)
def test_bad_input_is_told_in_a_sentence(changes: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validate_article({**GOOD, **changes})
    assert field in refused.value.fields
    assert words in str(refused.value)
