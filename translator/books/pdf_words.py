"""Joining lines: which hyphen at a line's end belongs to the word, and where a blank goes.

The document itself decides: a word that it writes in one piece elsewhere was divided for the line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_HYPHENS = "-\u2010\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010'’][^\W\d_]+)*")
_LAST = re.compile(r"([^\W\d_]+(?:[-\u2010'’][^\W\d_]+)*)[-\u2010\u00ad]$")
_FIRST = re.compile(r"[^\W\d_]+(?:[-\u2010'’][^\W\d_]+)*")
_ADDRESS = re.compile(r"(?:\w+://|www\.)\S*$|https?:$")
_AND = frozenset(
    ["und", "oder", "bzw", "sowie", "bis", "and", "or", "to", "et", "ou", "y", "o", "e", "of", "en"]
)
# Scripts written without blanks between words; also their punctuation and wide forms.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


class Words:
    """How a document writes its words."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Count the words of ``lines``, except the first and last of a line after a hyphen."""
        self._counts: Counter[str] = Counter()
        divided = False
        for line in lines:
            words = [word.lower() for word in _WORD.findall(line)]
            if divided:
                words = words[1:]
            divided = line.rstrip()[-1:] in _HYPHENS and bool(line.strip())
            if divided:
                words = words[:-1]
            for word in words:
                self._counts[word.replace("\u2010", "-")] += 1

    def join(self, before: str, after: str) -> tuple[str, str]:
        """What ``before`` becomes, and what stands between it and ``after``."""
        stripped, after = before.rstrip(), after.lstrip()
        if not stripped or not after:
            return stripped, ""
        end = stripped[-1]
        if _ADDRESS.search(stripped) and (end in "/._-=&?" or after.startswith("//")):
            return stripped, ""
        if end == "\u00ad":
            return stripped[:-1], ""
        if end in _HYPHENS and stripped[-2:-1].isalnum():
            return self._divided(stripped, after)
        if _UNSPACED.match(end) and _UNSPACED.match(after):
            return stripped, ""
        slash = end in "/\u2014\u2013" and stripped[-2:-1].isalnum()
        return stripped, "" if slash and not after[0].isspace() else " "

    def _divided(self, before: str, after: str) -> tuple[str, str]:
        last, first = _LAST.search(before), _FIRST.match(after)
        if last is None or first is None or not after[0].islower():
            return before, ""  # 1990-1995, Anglo-American, X-ray
        start, end = last[1].lower().replace("\u2010", "-"), first[0].lower().replace("\u2010", "-")
        if end in _AND and self._counts[start + end] == 0:
            return before, " "  # Haupt- und Nebensatz
        counts = self._counts
        whole, hyphened = counts[start + end], counts[f"{start}-{end}"]
        if whole != hyphened:
            return (before[:-1], "") if whole > hyphened else (before, "")
        # A part of a word is hardly ever a word that the document uses again and again.
        both = counts[start] >= 2 and counts[end] >= 2 and min(len(start), len(end)) >= 3
        return (before, "") if both and not whole else (before[:-1], "")
