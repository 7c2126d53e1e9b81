"""Names in a book, proposed for its glossary.

Where names alone have capitals, a name is a run of words with capitals inside sentences that comes
again, and whose words are seldom written without. German gives every noun one, so there only runs
of two words or more count. In Japanese, katakana words that come again. Other scripts do not tell.
A person confirms: the months are names too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from translator import languages, markup, segmenting
from translator.inflection import Word, words
from translator.types import Block, BlockKind

LEAST = 3  # times
_EXAMPLE = 120  # characters
_CASED = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
_RUNNING_TEXT = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.NOTE, BlockKind.CUE})
_KATAKANA = re.compile(
    "[\u30a1-\u30fa\u30fc-\u30fe]{2,}(?:[・＝][\u30a1-\u30fa\u30fc-\u30fe]{2,})*"
)
# Between two words of a name; after a short word it may be an abbreviation's full stop.
_INSIDE = re.compile(r"[ \u00a0-]")
_ABBREVIATED = re.compile(r"\.[ \u00a0]")
_SHORT = 4  # letters: Mrs., Capt.


@dataclass(frozen=True, slots=True)
class Proposal:
    """A name, how often it comes, and the sentence where it came first."""

    name: str
    count: int
    example: str


def propose(blocks: Iterable[Block], language: str, limit: int = 200) -> list[Proposal]:
    """The names in the running text of a book in ``language`` (BCP-47), the most frequent first.

    Empty for languages whose writing does not tell names.
    """
    known = languages.get(language)
    sentences = list(_sentences(blocks))
    if known.script == "Jpan":
        runs = ((m[0], s) for s in sentences for m in _KATAKANA.finditer(s))
        # A word of one or two different kana is a sound.
        return _most_frequent(((name, s) for name, s in runs if len(set(name)) > 2), limit)
    if known.script not in _CASED:
        return []
    common = _common_words(sentences)
    shortest = 2 if known.tag == "de" else 1
    found = (
        (sentence[run[0].start : run[-1].end], sentence)
        for sentence in sentences
        for whole in _runs(sentence)
        if len(run := _trimmed(whole, _first_letter(sentence), common)) >= shortest
    )
    return _most_frequent(found, limit)


def _trimmed(run: list[Word], first: int, common: set[str]) -> list[Word]:
    """The words of a run that are a name: what begins a sentence may be any word."""
    if run[0].start <= first:
        while run and run[0].text.casefold() in common:
            run = run[1:]
    if run and len(run[-1].text) == 1:
        run = run[:-1]  # "But I"
    only = run[0] if len(run) == 1 else None
    if only and (only.start <= first or only.text.casefold() in common):
        return []
    return run


def _most_frequent(found: Iterable[tuple[str, str]], limit: int) -> list[Proposal]:
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for name, sentence in found:
        counts[name] += 1
        examples.setdefault(name, " ".join(sentence.split())[:_EXAMPLE])
    often = [(name, count) for name, count in counts.most_common(limit) if count >= LEAST]
    return [Proposal(name, count, examples[name]) for name, count in often]


def _sentences(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if block.keep is None and block.kind in _RUNNING_TEXT:
            for sentence in segmenting.sentences(markup.plain(block.text)):
                # What is all in capitals tells nothing.
                if not sentence.isupper():
                    yield sentence


def _common_words(sentences: Iterable[str]) -> set[str]:
    """Words that are written small at least as often as with a capital inside a sentence."""
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for sentence in sentences:
        first = _first_letter(sentence)
        for word in words(sentence):
            if word.text[0].islower():
                small[word.text] += 1
            elif word.start > first:
                capital[word.text.casefold()] += 1
    return {word for word, count in small.items() if count >= capital[word]}


def _first_letter(sentence: str) -> int:
    return next((i for i, c in enumerate(sentence) if c.isalpha()), 0)


def _runs(sentence: str) -> Iterator[list[Word]]:
    """Neighbouring words with capitals. A word of one letter begins no name: I, A."""
    run: list[Word] = []
    for word in words(sentence):
        if run and not _joined(sentence[run[-1].end : word.start], run[-1]):
            yield run
            run = []
        named = word.text[0].isupper() and (len(word.text) > 1 or run)
        if named:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _joined(gap: str, before: Word) -> bool:
    if _INSIDE.fullmatch(gap):
        return True
    return len(before.text) <= _SHORT and _ABBREVIATED.fullmatch(gap) is not None
