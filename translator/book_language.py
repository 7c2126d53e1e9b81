"""The language of a book: what most of it is in, and what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from translator import languages
from translator.errors import InputError
from translator.languages import Language

_SAMPLES = 24  # texts that are looked at, from the first to the last
_LENGTH = 500  # characters of each
_LEAST = 40  # shorter texts (names, numbers, headings) tell little
_ENOUGH = 0.15  # of the samples in the language that a book declares


def language_of(texts: Sequence[str], declared: str = "") -> Language | None:
    """The language of these texts (plain, in order), or ``None`` if it cannot be told.

    What the book declares counts if some of the text is in it: many manuals are translated in part
    and English for the rest. Else it is what most samples are in, and without any what is
    declared.
    """
    long = [text for text in texts if len(text) >= _LEAST] or list(texts)
    count = min(_SAMPLES, len(long))
    samples = [long[number * len(long) // count][:_LENGTH] for number in range(count)]
    if sum(map(len, samples)) < _LENGTH:
        samples = ["\n".join(long)]  # all together say more than each
    found = Counter(
        detection.language.tag for text in samples if (detection := languages.detect(text)).language
    )
    own = _known(declared)
    if own is not None:
        # A text does not tell Brazilian from European Portuguese; a script it does tell.
        agreeing = sum(count for tag, count in found.items() if _alike(languages.get(tag), own))
        if agreeing >= _ENOUGH * found.total():
            return own
    return languages.get(found.most_common(1)[0][0]) if found else None


def _alike(one: Language, other: Language) -> bool:
    return one.script == other.script and one.tag.split("-")[0] == other.tag.split("-")[0]


def _known(tag: str) -> Language | None:
    try:
        return languages.get(tag) if tag else None
    except InputError:
        return None
