"""Letter statistics for languages that share a script, from langdetect's profiles."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The languages of a script that have a profile, by our tags -> langdetect's names.
_PROFILES = {
    "Latn": (
        "af ca cs cy da de en es et fi fr hr hu id it lt lv nb:no nl pl pt-BR:pt ro sk sl so sq "
        "sv sw fil:tl tr vi"
    ),
    "Cyrl": "ru uk bg mk",
    "Arab": "ar fa ur",
    "Deva": "hi mr ne",
}
_BY_SCRIPT = {
    script: [(tag, name or tag) for tag, _, name in (item.partition(":") for item in row.split())]
    for script, row in _PROFILES.items()
}
CANDIDATES = frozenset(tag for row in _BY_SCRIPT.values() for tag, _ in row)

# Natural logarithm of how much likelier a text is to be in this language than in the others,
# before it is read: what people translate.
_PRIOR = {"en": 3.0, "de": 2.0, "fr": 2.0, "es": 2.0, "pt-BR": 1.0, "it": 1.0, "ru": 1.0}

_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0903\u093a-\u094f\u0300-\u036f])+")
# langdetect's own normalization: Persian yeh as Arabic yeh, one sign for Vietnamese vowels.
_NORMALIZE = str.maketrans({"\u06cc": "\u064a"} | {chr(c): "\u1ec3" for c in range(0x1EA0, 0x1F00)})
_FLOOR = 0.5 / 10000  # langdetect's alpha over its base frequency


@dataclass(frozen=True, slots=True)
class _Profiles:
    rows: dict[str, int]
    logs: NDArray[np.float32]  # n-grams x languages
    columns: dict[str, int]  # by langdetect's name of the language


_LOCK = threading.Lock()


@cache
def _load() -> _Profiles:
    import numpy as np
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    table = factory.word_lang_prob_map
    logs = np.log(np.array(list(table.values()), dtype=np.float32) + np.float32(_FLOOR))
    rows = {gram: i for i, gram in enumerate(table)}
    return _Profiles(rows, logs, {name: i for i, name in enumerate(factory.langlist)})


def score(script: str, text: str) -> tuple[str, float] | None:
    """The likeliest language of a script and its lead over the second, in nats.

    ``None`` when no language of that script has statistics, or no n-gram of the text is known.
    """
    if script not in _BY_SCRIPT:
        return None
    with _LOCK:  # two threads must not load the profiles at the same time
        profiles = _load()
    rows = [profiles.rows[gram] for gram in _grams(text) if gram in profiles.rows]
    if not rows:
        return None
    sums = profiles.logs[rows].sum(axis=0)
    ranked = sorted(
        (
            (float(sums[profiles.columns[name]]) + _PRIOR.get(tag, 0.0), tag)
            for tag, name in _BY_SCRIPT[script]
        ),
        reverse=True,
    )
    return ranked[0][1], ranked[0][0] - ranked[1][0]


def _grams(text: str) -> list[str]:
    """One, two and three letters in a row, with a blank at both ends of a word."""
    if text.isupper():
        text = text.lower()
    grams: list[str] = []
    for word in _WORD.findall(text.translate(_NORMALIZE)):
        if len(word) > 1 and word.isupper():
            continue  # an abbreviation
        padded = f" {word} "
        grams += word
        grams += [padded[i : i + 2] for i in range(len(padded) - 1)]
        grams += [padded[i : i + 3] for i in range(len(padded) - 2)]
    return grams
