"""A sentence for a person, kept apart from the language it will be shown in.

The template is English and doubles as the key of the translation catalogue; the values are filled in after
the template was translated. Source: the house rule that data may be in any language, words on screen not.
"""

from __future__ import annotations

from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One translatable sentence: an English template with ``{names}`` and the values for them."""

    template: str
    values: tuple[tuple[str, object], ...] = ()

    def in_words(self, template: str | None = None) -> str:
        """Return the sentence, in the words of *template* (a translation) or in English."""
        return (template or self.template).format_map(dict(self.values))

    def __str__(self) -> str:
        """Return the English sentence."""
        return self.in_words()


def say(template: str, /, **values: object) -> Text:
    """Return the :class:`Text` of *template* filled with *values*."""
    return Text(template, tuple(values.items()))
