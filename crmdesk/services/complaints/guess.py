"""Which category a complaint probably belongs to, told from its words while it is being typed.

No model and no training: each category lists words that speak for it (``resources/starter/categories.toml``),
so that every guess can say why, and a shop can mend a wrong one by a word. Texts name their matter early:
words near the beginning count more, and repetition counts little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import log2

from crmdesk.services.complaints.categories import Category
from crmdesk.services.complaints.words import EXACT, WordFinder, plain
from crmdesk.values import dataclass

WEAK = 0.4
OPENING_SIGNS = 30
OPENING = 2.0
DOUBT = 0.5
"""What is taken for unsaid: the weight that a single word has to stand against."""
REASONS = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """A category by its *key*, how much of what was said speaks for it (0 to 1), and the words that do."""

    key: str
    score: float
    because: tuple[str, ...]


class CategoryGuesser:
    """Guesses categories from words; made once from the shop's list, asked from any thread."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self._weights: dict[str, dict[str, float]] = defaultdict(dict)
        self._places: dict[str, int] = {}
        for place, category in enumerate(categories):
            self._places[category.key] = place
            for words, weight in ((category.weak, WEAK), (category.words, 1.0)):
                for word in words:
                    self._weights[word][category.key] = weight
        self._finder = WordFinder(self._weights)

    def guess(self, text: str, at_most: int = 3) -> tuple[Guess, ...]:
        """Return the likeliest categories of *text*, the best first; none where no word says anything."""
        weights = self._word_weights(plain(text))
        scores: dict[str, float] = defaultdict(float)
        speaking: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for word, weight in weights.items():
            for key, share in self._weights[word].items():
                scores[key] += share * weight
                speaking[key].append((-share * weight, word))
        total = sum(scores.values()) + DOUBT
        best = sorted(scores, key=lambda key: (-scores[key], self._places[key]))[:at_most]
        return tuple(
            Guess(
                key,
                round(scores[key] / total, 3),
                tuple(word.removeprefix(EXACT) for _, word in sorted(speaking[key])[:REASONS]),
            )
            for key in best
        )

    def _word_weights(self, text: str) -> dict[str, float]:
        """Return how much each word found weighs: how often, how early, for how many categories, how long."""
        counts: dict[str, int] = defaultdict(int)
        early: dict[str, float] = {}
        for hit in self._finder.find(text):
            counts[hit.word] += 1
            early.setdefault(hit.word, OPENING if hit.start < OPENING_SIGNS else 1.0)
        return {
            word: early[word] * (1 + log2(count) / 4) / len(self._weights[word])
            for word, count in counts.items()
        }
