"""How long a translation usually is: a table measured from parallel texts, and a check against it.

The logarithm of the length ratio of a sentence and its translation is close to normal, and its
variance falls with the length (W. A. Gale and K. W. Church, "A Program for Aligning Sentences in
Bilingual Corpora", Computational Linguistics 19, 1993). ``assets/lengths.toml`` has the mean and
the variance of each language against English, for prose and for lists of short items, made by
``tools/calibrate_checks.py``. Two other languages are compared through English.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache

from translator.languages import Language
from translator.settings import assets_dir
from translator.types import Check

# How many letters of an alphabet one letter of a script stands for: Han, kana, Hangul.
_PACKED = (
    (
        3.0,
        re.compile("[\u3005\u3006\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f]+"),
    ),
    (1.9, re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d]+")),
    (2.2, re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+")),
)


_ANY_PACKED = re.compile(
    "[\u1100-\u11ff\u3005-\ud7a3\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003347f]"
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The distribution of ln(target size / source size).

    Its variance is ``drift`` (shared by all sentences of one text: the translator's manner, the
    kind of text), plus ``base`` (of each sentence), plus ``noise`` divided by the size.
    """

    mean: float = 0.0
    drift: float = 0.0
    base: float = 0.0
    noise: float = 0.0

    def off(self, before: float, after: float) -> float:
        """How many standard deviations a pair of sizes is longer than usual."""
        spread = self.drift + self.base + self.noise / math.sqrt(before * after)
        return (math.log(after / before) - self.mean) / math.sqrt(spread)


def size(text: str) -> float:
    """The length of a text in letters of an alphabet, whatever its script."""
    if text.isascii() or not _ANY_PACKED.search(text):
        return float(len(text))
    return len(text) + sum(
        (weight - 1.0) * sum(map(len, letters.findall(text))) for weight, letters in _PACKED
    )


_SENTENCE_END = re.compile(r"[.!?。！？…؟।][\"'”’»“」』）)\]]*\s*$")


def is_prose(source: str) -> bool:
    """Whether a text is made of sentences; titles, labels and list items vary more."""
    return size(source) >= 30 and _SENTENCE_END.search(source) is not None


def usual(of: Language, to: Language, prose: bool) -> Ratio:
    """What is usual for a pair of languages, composed through English."""
    a, b = _row(of.tag, prose), _row(to.tag, prose)
    return Ratio(b.mean - a.mean, a.drift + b.drift, a.base + b.base, a.noise + b.noise)


@cache
def _table() -> dict[str, dict[str, list[float]]]:
    return tomllib.loads((assets_dir() / "lengths.toml").read_text("utf-8"))


@cache
def _row(tag: str, prose: bool) -> Ratio:
    """A language against English: measured, or its density with the spread of other languages."""
    if tag == "en":
        return Ratio()
    rows = _table()["prose" if prose else "list"]
    for known in (tag, tag.partition("-")[0]):
        if known in rows:
            return Ratio(*rows[known])
    density = _table()["density"].get(tag.partition("-")[0], [0.0])[0]
    return Ratio(density, *rows["other"][1:])


_FAR, _TOO_FAR = 4.0, 7.0


def length(source: str, target: str, of: Language | None, to: Language) -> Check | None:
    """Far longer or shorter than the language pair explains."""
    if of is None:
        return None
    before, after = max(size(source), 1.0), max(size(target), 1.0)
    ratio = usual(of, to, is_prose(source))
    off = ratio.off(before + 4.0, after + 4.0)  # a few signs more or less say nothing
    if abs(off) <= _FAR:
        return None
    detail = f"{after / before / math.exp(ratio.mean):.1f} times the usual length"
    return Check("length", detail, fatal=abs(off) > _TOO_FAR)
