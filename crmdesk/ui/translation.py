"""Words on screen: English templates are the keys, a JSON catalogue holds the Chinese."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.errors import CrmdeskError
from crmdesk.models.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENGLISH = "en"
CHINESE = "zh"


def word(template: str) -> str:
    """Mark *template*, kept as data, for the catalogue; returns it unchanged."""
    return template


def load_catalogue(path: Path) -> dict[str, str]:
    """Read a catalogue: a JSON object from English template to translation."""
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


class _News(QObject):
    changed = Signal()


class Words:
    """Translates, and tells everything shown when the language changes.

    Signals:
        changed(): another language from now on; bound texts are already set.
    """

    def __init__(self, chinese: Mapping[str, str], language: str = ENGLISH) -> None:
        self._news = _News()
        self.changed = self._news.changed
        self._chinese = chinese
        self._language = language
        self._bound: list[tuple[Callable[[str], object], str]] = []

    def twin(self, language: str) -> Words:
        """Return the same words for another window, which may go while this one stays."""
        return Words(self._chinese, language)

    @property
    def language(self) -> str:
        """``en`` or ``zh``."""
        return self._language

    def use(self, language: str) -> None:
        """Switch to *language*, now and in everything bound."""
        if language == self._language:
            return
        self._language = language
        for setter, template in self._bound:
            setter(self._template(template))
        self._news.changed.emit()

    def bind(self, setter: Callable[[str], object], template: str) -> None:
        """Call *setter* with the translation now and at each change of language."""
        self._bound.append((setter, template))
        setter(self._template(template))

    def tr(self, template: str, /, **values: object) -> str:
        """Translate *template* and fill in *values*; a missing entry stays English."""
        translated = self._template(template)
        return translated.format_map(values) if values else translated

    def plural(self, count: int, one: str, many: str) -> str:
        """Return *one* or *many* translated, with ``{n}`` filled; Chinese knows no difference."""
        return self.tr(one if count == 1 else many, n=count)

    def text(self, text: Text) -> str:
        """Return a sentence of the services in the words of the screen."""
        values = {name: self._value(value) for name, value in text.values}
        try:
            return self._template(text.template).format_map(values)
        except (KeyError, IndexError, ValueError):
            return text.template

    def error(self, error: BaseException) -> str:
        """Return what went wrong as a sentence; a bug without words of its own gets general ones."""
        if not isinstance(error, CrmdeskError):
            return self.tr(
                "Something went wrong inside crmdesk. What you typed is kept; the log has the details."
            )
        return self.text(Text(error.sentence, tuple(error.values.items())))

    def pick(self, english: str, chinese: str) -> str:
        """Return the name that fits the language, or the other one when it is empty."""
        first, second = (chinese, english) if self._language == CHINESE else (english, chinese)
        return first or second

    def _template(self, template: str) -> str:
        if self._language == CHINESE:
            return self._chinese.get(template, template)
        return template

    def _value(self, value: object) -> object:
        return self.text(value) if isinstance(value, Text) else value
