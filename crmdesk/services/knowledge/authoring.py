"""What makes an acceptable article: checked before it is saved, imported or taken from a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crmdesk.errors import InvalidInput
from crmdesk.models.article import BODY_LIMIT, LANGUAGES, STATES
from crmdesk.services.knowledge.analysis import strip_controls

TITLE_LENGTH = 300
KEYWORDS_LENGTH = 2_000
NAMES = 50
"""Models or topics of one article at most."""

_TEXTS = ("body", "say_this", "do_this", "safety")


@dataclass(frozen=True, slots=True)
class ArticleFields:
    """An article as a person wrote it, cleaned; texts are plain text, whatever mark-up they resemble."""

    title: str
    lang: str
    body: str = ""
    say_this: str = ""
    do_this: str = ""
    safety: str = ""
    models: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    keywords: str = ""
    state: str = "published"
    external_id: str = ""


def validate_article(fields: Mapping[str, object]) -> ArticleFields:
    """Return *fields* cleaned: control characters removed, line ends made one, blanks around cut.

    HTML and SQL are text like any other and stay as they are. Unknown names are ignored.

    Raises:
        InvalidInput: title and body are both missing, a text is too long or no text, language or state are
            unknown.
    """
    lang = _text(fields, "lang", 20).lower().split("-")[0].split("_")[0]
    if lang not in LANGUAGES:
        raise InvalidInput(
            "The language of an article is zh or en, not “{lang}”.", fields=("lang",), lang=lang
        )
    state = _text(fields, "state", 20) or "published"
    if state not in STATES:
        raise InvalidInput(
            "An article is draft, published or retired, not “{state}”.", fields=("state",), state=state
        )
    texts = {name: _text(fields, name, BODY_LIMIT) for name in _TEXTS}
    return ArticleFields(
        title=_title(fields, texts["body"]),
        lang=lang,
        models=_names(fields, "models"),
        topics=_names(fields, "topics"),
        keywords=_line(_text(fields, "keywords", KEYWORDS_LENGTH)),
        state=state,
        external_id=_line(_text(fields, "external_id", 500)),
        **texts,
    )


def _title(fields: Mapping[str, object], body: str) -> str:
    """Return the title; an article without one takes the beginning of its text, as imports often need."""
    title = _line(_text(fields, "title", TITLE_LENGTH))
    if not title and not body:
        raise InvalidInput("The article has no title and no text.", fields=("title", "body"))
    if not title and fields.get("state") != "draft" and "external_id" not in fields:
        raise InvalidInput("The article has no title.", fields=("title",))
    return title or _line(body)[:40]


def _text(fields: Mapping[str, object], name: str, longest: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput("The field {field} of an article is text.", fields=(name,), field=name)
    text = strip_controls(value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > longest:
        raise InvalidInput(
            "The field {field} has {length} characters; at most {longest} fit.",
            fields=(name,),
            field=name,
            length=len(text),
            longest=longest,
        )
    return text


def _line(text: str) -> str:
    return " ".join(text.split())


def _names(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name) or ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidInput("The field {field} of an article is a list of names.", fields=(name,), field=name)
    if not all(isinstance(each, str) for each in value):
        raise InvalidInput("The field {field} of an article is a list of names.", fields=(name,), field=name)
    names = tuple(dict.fromkeys(line for each in value if (line := _line(strip_controls(each))[:100])))
    if len(names) > NAMES:
        raise InvalidInput(
            "An article can have at most {most} {field}.", fields=(name,), most=NAMES, field=name
        )
    return names
