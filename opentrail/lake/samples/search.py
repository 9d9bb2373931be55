"""Samples by relevance to a phrase: which of its words stand in name, description and SQL, rare words counting more.

Words are compared by their stems (a common ending is cut off), so `buckets` finds `bucket`, and `sign-in` `signed in`.
Relevance is the weight that was found out of what the phrase could have, from 0 to 1.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from opentrail.lake.samples.catalogue import Sample, samples

_WORD: Final = re.compile(r"[a-z0-9]+")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDINGS: Final = ("ations", "ation", "ing", "ers", "ies", "ed", "es", "er", "s")
_STEM_CHARACTERS: Final = 3  # the least that is left of a word
_COMMON: Final = frozenset((
    "a", "all", "an", "and", "are", "at", "by", "did", "do", "events", "find", "for", "from", "had", "has", "have",
    "how", "i", "in", "is", "it", "last", "list", "me", "most", "of", "on", "or", "show", "that", "the", "their",
    "them", "this", "to", "was", "were", "what", "when", "where", "which", "who", "whom", "with",
))  # fmt: skip
_NAME, _DESCRIPTION, _SQL = 1.0, 0.8, 0.5  # what a word counts by where it stands


@dataclass(frozen=True, slots=True)
class Found:
    """A sample, and how well it fits."""

    sample: Sample
    relevance: float


@dataclass(frozen=True, slots=True)
class _Words:
    sample: Sample
    name: frozenset[str]
    description: frozenset[str]
    sql: frozenset[str]

    def weight(self, word: str) -> float:
        """What the word counts here."""
        if word in self.name:
            return _NAME
        if word in self.description:
            return _DESCRIPTION
        return _SQL if word in self.sql else 0.0


def search(phrase: str) -> list[Found]:
    """The samples that fit, best first; those that fit alike by name."""
    wanted = _stems(phrase) - _stems(" ".join(_COMMON)) or _stems(phrase)
    index = _index()
    frequency = Counter(word for one in index for word in one.name | one.description | one.sql)
    rarity = {word: math.log(1 + len(index) / (1 + frequency[word])) for word in wanted}
    best = sum(rarity.values())
    found = [
        Found(one.sample, round(sum(rarity[word] * one.weight(word) for word in wanted) / best, 4) if best else 0.0)
        for one in index
    ]
    return sorted((one for one in found if one.relevance > 0), key=lambda one: (-one.relevance, one.sample.name))


@cache
def _index() -> Sequence[_Words]:
    return [_Words(one, _stems(one.name), _stems(one.description), _stems(one.sql)) for one in samples()]


def _stems(text: str) -> frozenset[str]:
    whole = _WORD.findall(text.lower())
    humps = _WORD.findall(_HUMPS.sub(" ", text).lower())  # `ConsoleLogin` is two words, too
    return frozenset(_stem(word) for word in (*whole, *humps))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_CHARACTERS:
            return word.removesuffix(ending)
    return word
