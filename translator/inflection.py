"""Words of a text, and whether two of them are forms of one word.

Stemmers are Snowball's (snowballstemmer). Korean particles and the endings of languages that
Snowball lacks follow the simple rules below: enough to find a term in a text, no morphology.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from translator.languages import Language

_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish",
    "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish",
    "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# Languages without a stemmer here whose words change at the end.
_ENDINGS = {
    "be", "bg", "bs", "cs", "hr", "is", "la", "lv", "mk", "pl", "sk", "sl", "sq", "sr-Latn", "uk",
}  # fmt: skip
_LEAST_STEM = 3  # letters

_PARTICLES = (
    "은|는|이|가|을|를|의|에|에서|에게|에게서|께|께서|한테|로|으로|와|과|랑|이랑|도|만|까지|부터|처럼|보다|"
    "같이|마다|조차|마저|밖에|이나|나|이라|라|이란|란|이라고|라고|이다|다|였다|이었다|이여|여|아|야|요|하고|든"
)
_AFTER_KOREAN = re.compile(f"(?:님|씨|들)?(?:{_PARTICLES}){{0,3}}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it stands."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    # Python's \w has no combining marks, of which the words of many scripts are full.
    marks = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c)[0] == "M")
    return re.compile(rf"[^\W_]+(?:[{marks}\u200c\u200d]+[^\W_]*)*(?:['’]t\b)?")


@lru_cache(maxsize=64)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text. Apostrophes part them (l'|homme, Ahab|'s), but not in "don't"."""
    return tuple(Word(m[0], m.start(), m.end()) for m in _pattern().finditer(text))


@lru_cache(maxsize=64)
def _stemmer(tag: str) -> Callable[[str], str] | None:
    name = _STEMMERS.get(tag.split("-")[0] if tag.startswith("pt") else tag)
    if name is None:
        return None
    import snowballstemmer  # loads all its languages

    stemmer = snowballstemmer.stemmer(name)
    lock = threading.Lock()  # a stemmer keeps the word it is at

    @lru_cache(maxsize=50_000)
    def stem(word: str) -> str:
        with lock:
            return str(stemmer.stemWord(word))

    return stem


def has_stemmer(language: Language) -> bool:
    """Whether forms of the language's words are told apart by a real stemmer."""
    return _stemmer(language.tag) is not None


def bucket(word: str, language: Language) -> str:
    """Equal for all forms of a word (and for some other words)."""
    word = word.casefold()
    stemmer = _stemmer(language.tag)
    if stemmer is not None:
        return stemmer(word)
    if language.tag == "ko":
        return word[:1]
    return word[:_LEAST_STEM] if language.tag in _ENDINGS else word


def same_word(form: str, word: str, language: Language) -> bool:
    """Whether ``form`` is ``word``, inflected or not; case does not count."""
    form, word = form.casefold(), word.casefold()
    if form == word:
        return True
    stemmer = _stemmer(language.tag)
    if stemmer is not None:
        return stemmer(form) == stemmer(word)
    if language.tag == "ko":
        rest = form.removeprefix(word)
        return rest != form and _AFTER_KOREAN.fullmatch(rest) is not None
    if language.tag not in _ENDINGS:
        return False
    pairs = zip(form, word, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    longer, shorter = max(len(form), len(word)) - common, min(len(form), len(word)) - common
    if common > _LEAST_STEM:
        return longer <= 3 and shorter <= 2
    return common == _LEAST_STEM and longer <= 2 and shorter <= 1
