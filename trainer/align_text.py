"""What the aligner sees of a sentence: its length, its words by number, and where words look alike.

Words are cut to stems, Han characters stand alone, numbers and signs count as words. Words of the
two texts that share a key (the same number, sign or Han character, the same first letters) are
taken for cognates until the lexicon knows better (M. Simard, G. Foster, P. Isabelle, "Using
cognates to align sentences in bilingual corpora", 1992).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from translator import lengths

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEM = 6  # letters of a word that count: endings differ
_COGNATE = 4  # first letters that words of two languages share
_WORD = re.compile(
    r"(?P<number>[0-9]+)"
    r"|(?P<han>[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f])"
    r"|(?P<kana>[\u30a1-\u30fa\u30fc]+|[\u3041-\u309f])"
    r"|(?P<hangul>[\uac00-\ud7a3]+)"
    r"|(?P<unspaced>[\u0e01-\u0edf\u0f00-\u0fbc\u1000-\u109f\u1780-\u17d3]+)"
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<sign>[?!:;()\[\]%§]|[؟。…]|[\"“”„«»「」『』])"
)
_ACCENT = re.compile("[\u0300-\u036f]")
_SIGNS = str.maketrans("؟“”„«»「」『』[]", "?" + '"' * 9 + "()")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a book, and whether it opens a paragraph or is a heading."""

    text: str
    opens: bool = False
    heading: bool = False


def words(sentence: Sentence) -> frozenset[str]:
    """The words of a sentence, as the aligner compares them.

    The first character says the kind: ``0`` a number, ``=`` a sign or a mark of structure, ``x``
    a character of a script without white space, ``w`` a stem.
    """
    text = unicodedata.normalize("NFKD", sentence.text).casefold()
    text = unicodedata.normalize("NFC", _ACCENT.sub("", text))
    found: set[str] = set()
    for match in _WORD.finditer(text):
        word = match[0]
        match match.lastgroup:
            case "number":
                found.add(f"0{word.lstrip('0')}")
            case "han" | "kana":
                found.add(f"x{word}")
            case "hangul":
                found.add(f"w{word[:2]}")
            case "unspaced":
                found |= {f"x{word[at : at + 2]}" for at in range(max(1, len(word) - 1))}
            case "sign":
                found.add(f"={word.translate(_SIGNS)}")
            case _:
                found.add(f"w{word[:STEM]}")
    if sentence.opens:
        found.add("=paragraph")
    if sentence.heading:
        found.add("=heading")
    return frozenset(found)


@dataclass(frozen=True)
class Text:
    """All sentences of one side.

    The words of sentence ``k`` are ``ids[starts[k] : starts[k + 1]]``, numbers into
    ``vocabulary``; ``sizes`` are lengths in letters of an alphabet.
    """

    vocabulary: tuple[str, ...]
    ids: Ints
    starts: Ints
    sizes: Floats

    def __len__(self) -> int:
        return len(self.sizes)

    @cached_property
    def shares(self) -> Floats:
        """How much of all words each word of the vocabulary is."""
        counts = np.bincount(self.ids, minlength=len(self.vocabulary))
        return counts / max(1, len(self.ids))

    def words_of(self, start: int, end: int) -> Ints:
        """The word numbers of the sentences ``start`` to ``end``."""
        return self.ids[self.starts[start] : self.starts[end]]

    def grouped(self, size: int, telling: Ints) -> Text:
        """Every ``size`` sentences as one, with no words but the telling ones."""
        kept = np.isin(self.ids, telling)
        starts = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        firsts = np.arange(0, len(self), size)
        return Text(
            self.vocabulary,
            self.ids[kept],
            np.append(starts[firsts], starts[-1]),
            np.add.reduceat(self.sizes, firsts),
        )


def text_of(sentences: Sequence[Sentence]) -> Text:
    """Number the words of a text."""
    numbers: dict[str, int] = {}
    ids: list[int] = []
    starts = [0]
    for sentence in sentences:
        ids += sorted(numbers.setdefault(word, len(numbers)) for word in words(sentence))
        starts.append(len(ids))
    sizes = [max(1.0, lengths.size(sentence.text.strip())) for sentence in sentences]
    return Text(
        tuple(numbers), np.array(ids, np.int64), np.array(starts, np.int64), np.array(sizes)
    )


def key(word: str) -> str:
    """What cognates have in common; empty for a word that has none."""
    if word[0] != "w":
        return word
    return word[: _COGNATE + 1] if len(word) > _COGNATE and word.isascii() else ""
