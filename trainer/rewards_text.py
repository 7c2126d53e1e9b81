"""Measures of a translation that need no model, each from 0 (bad) to 1 (nothing to complain of).

All but chrF++ look at things that a good translation always has, so they are 1 for most; they
are there against ways to a high chrF++ that no reader wants.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trainer import evaluate_scores
from translator import checks, languages, lengths, markup, numbers
from translator.language_checks import copied, wrong_language

_USUAL, _FAR = 1.5, 5.0  # standard deviations of a length that is right, and that is worth nothing
_ROOM = 4.0  # signs more or less say nothing
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>|\{[A-Za-z0-9_.]{0,40}\}|%[-+0-9.$]*[sdif]|https?://\S+")
_RUN = 4  # words; where they are not spaced, twice as many characters


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation that a model wrote; ``of`` and ``to`` are BCP-47 tags."""

    text: str
    source: str
    reference: str
    of: str
    to: str


def chrf(many: Sequence[Hypothesis]) -> list[float]:
    """ChrF++ of each line against its reference (M. Popović, 2017)."""
    found = [0.0] * len(many)
    places: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(many):
        places[one.to].append(at)
    for to, each in places.items():
        texts, references = [many[at].text for at in each], [many[at].reference for at in each]
        score = evaluate_scores.score(texts, references, to, ("chrf++",))["chrf++"]
        for at, row in zip(each, score.rows.tolist(), strict=True):
            found[at] = score.metric.value(row) / 100
    return found


def length(one: Hypothesis) -> float:
    """Whether it is as long as is usual for its source and the two languages."""
    of, to = languages.get(one.of), languages.get(one.to)
    ratio = lengths.usual(of, to, lengths.is_prose(one.source))
    before, after = lengths.size(one.source), lengths.size(one.text)
    off = abs(ratio.off(before + _ROOM, after + _ROOM))
    return 1.0 - min(1.0, max(0.0, off - _USUAL) / (_FAR - _USUAL))


def language(one: Hypothesis) -> float:
    """Whether it is in the language that was asked for, and no copy of the source."""
    of, to = languages.get(one.of), languages.get(one.to)
    wrong = wrong_language(one.source, one.text, of, to) or copied(one.source, one.text, of, to)
    return 0.0 if wrong else 1.0


def kept_numbers(one: Hypothesis) -> float:
    """The share of numbers that are on both sides."""
    lost, added = numbers.missing(one.source, one.text), numbers.missing(one.text, one.source)
    every = len(numbers.missing(one.source, "")) + len(numbers.missing(one.text, ""))
    return 1.0 - (len(lost) + len(added)) / every if every else 1.0


def kept_tags(one: Hypothesis) -> float:
    """The share of tags, placeholders and addresses that are on both sides, as often."""
    before, after = _tags(one.source), _tags(one.text)
    every = before.total() + after.total()
    return 2 * (before & after).total() / every if every else 1.0


def repetition(one: Hypothesis) -> float:
    """Whether it says nothing again and again that its source does not."""
    if checks.repetition(one.source, one.text):
        return 0.0
    return 1.0 - max(0.0, _again(one.text, one.to) - _again(one.source, one.of))


MEASURES: Final[Mapping[str, Callable[[Hypothesis], float]]] = {
    "length": length,
    "language": language,
    "numbers": kept_numbers,
    "tags": kept_tags,
    "repetition": repetition,
}


def _tags(text: str) -> Counter[str]:
    marks = (str(mark) for mark in markup.placeholders(text))
    return Counter([*marks, *_TAG.findall(text)])


def _again(text: str, tag: str) -> float:
    """The share of runs of words that were there before."""
    spaced = languages.get(tag).spaced
    units: Sequence[str] = text.split() if spaced else "".join(text.split())
    size = _RUN if spaced else 2 * _RUN
    runs = [tuple(units[at : at + size]) for at in range(len(units) - size + 1)]
    return 1.0 - len(set(runs)) / len(runs) if runs else 0.0
