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
_PRIOR = {"en": 2.5, "de": 2.0, "fr": 2.0, "es": 2.0, "pt-BR": 1.5, "it": 1.0, "ru": 2.0}

# Short everyday words, which say more of a language than their letters do.
_EVERYDAY = {
    "en": "the and of to in is was were with that this for it his her he she you they are not "
    "from have has had be at what who why how my your yes hello world please thank thanks i",
    "de": "der die das und ist nicht ein eine einen einem einer mit von zu auf für im dem den "
    "ich du er sie wir ihr sich auch wie was wer warum hat war sind nach bei aus dass oder ja",
    "fr": "le les des une et est dans pour pas que qui sur avec ce cette il elle nous vous je "
    "du au aux sont était plus mais où oui bonjour merci",
    "es": "el los las una y es en por para con que del al se su lo como más pero está son fue "
    "qué cómo quién dónde sí hola gracias muy ya yo él",
    "pt-BR": "o os um uma e é em não por para com que do da dos das no na ao se seu sua mais "
    "como mas está são foi você ele ela sim obrigado muito também",
    "it": "il lo gli una e è di che non per con del della dei nel sono come più ma questo "
    "questa chi perché sì grazie ciao anche",
    "nl": "de het een en van is niet dat op te in voor met zijn maar ook ik je hij wij naar",
    "ru": "и в не на что он она я с это как но по из за мы вы они был была привет да нет",
    "uk": "і в не на що він вона я з це як але та до ми ви вони був була привіт так ні є що це",
    "bg": "и в не на че той тя аз с това как но по от за ние вие те е беше да са се",
}
_SPEAKS_FOR: dict[str, list[str]] = {}
for _tag, _row in _EVERYDAY.items():
    for _everyday in _row.split():
        _SPEAKS_FOR.setdefault(_everyday, []).append(_tag)
_BONUS = 3.0  # nats
_NAME = 0.4  # what the letters of a capitalized word count: it may be a foreign name

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
    import numpy as np

    with _LOCK:  # two threads must not load the profiles at the same time
        profiles = _load()
    lead = dict.fromkeys((tag for tag, _ in _BY_SCRIPT[script]), 0.0)
    rows: list[int] = []
    weights: list[float] = []
    for word in _words(text):
        for tag in _SPEAKS_FOR.get(word.lower(), ()):
            if tag in lead:
                lead[tag] += _BONUS
        known = [profiles.rows[gram] for gram in _grams(word) if gram in profiles.rows]
        rows += known
        weights += [_NAME if word[0].isupper() else 1.0] * len(known)
    if not rows:
        return None
    if script == "Latn":
        lead["es"] += 2 * _BONUS * min(2, text.count("¿") + text.count("¡"))
    sums = np.array(weights, dtype=np.float32) @ profiles.logs[rows]
    ranked = sorted(
        (
            (float(sums[profiles.columns[name]]) + _PRIOR.get(tag, 0.0) + lead[tag], tag)
            for tag, name in _BY_SCRIPT[script]
        ),
        reverse=True,
    )
    return ranked[0][1], ranked[0][0] - ranked[1][0]


def _words(text: str) -> list[str]:
    """The words that say something: abbreviations do not, unless all is in capitals."""
    if text.isupper():
        text = text.lower()
    words: list[str] = _WORD.findall(text.translate(_NORMALIZE))
    return [word for word in words if len(word) == 1 or not word.isupper()]


def _grams(word: str) -> list[str]:
    """One, two and three letters in a row, with a blank at both ends of the word."""
    padded = f" {word} "
    return [
        *word,
        *(padded[i : i + 2] for i in range(len(padded) - 1)),
        *(padded[i : i + 3] for i in range(len(padded) - 2)),
    ]


def everyday(tag: str) -> frozenset[str]:
    """Everyday words of a language that no other language of the table has; empty if unknown."""
    return frozenset(word for word, tags in _SPEAKS_FOR.items() if tags == [tag])
