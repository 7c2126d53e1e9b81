"""Is the reply in the target language at all, or does the source stand in its place?

Part of :mod:`translator.checks`, which says what the findings mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from translator import detection, languages
from translator.detection import LATIN_NAME, script_of, scripts
from translator.languages import Language
from translator.types import Check

LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'“”„«»（）()\[\]，。、；：」』]+|"
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    re.ASCII,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’\u0300-\u036f][^\W\d_]*)*")
_WIDE = frozenset({"Hani", "Kana", "Hang"})


def copied(source: str, target: str, of: Language | None, to: Language) -> Check | None:
    """The source stands where the translation should be.

    Names, numbers and code are the same in both languages, so only texts with several ordinary
    (lower-case) words count, or with several characters of a script the target does not use.
    """
    if of is None or primary(of) == primary(to):
        return None
    words, reply = _WORD.findall(source), _WORD.findall(target)
    if [w.casefold() for w in words] != [w.casefold() for w in reply]:
        run = _shared_run(source.split(), target.split())
        if run:
            detail = f"{run} words in a row stand as in the source"
            return Check("copied-source", detail, fatal=run >= 10 or 2 * run > len(reply))
        return None
    counts = scripts(source)
    foreign = sum(n for script, n in counts.items() if script not in _scripts_of(to))
    tokens = source.split()
    ordinary = sum(map(_is_ordinary, tokens))
    prose = len(set(tokens)) >= 4 and ordinary >= 4 and 2 * ordinary >= len(tokens)
    if prose or (foreign - counts.get("Latn", 0) >= 4 and 2 * foreign >= sum(counts.values())):
        return Check("copied-source", "the source came back untranslated", fatal=True)
    return None


def _is_ordinary(word: str) -> bool:
    """Neither a name nor an abbreviation nor code, as far as its letters tell."""
    bare = word.strip(".,;:!?\"'“”‘’«»()")
    return len(bare) > 1 and bare.islower() and bare.replace("'", "").replace("’", "").isalpha()


_RUN_LENGTH = 6


def _shared_run(source: Sequence[str], target: Sequence[str]) -> int:
    """The longest run of words, most of them ordinary, that the target shares with the source.

    0 below six words.
    """
    if min(len(source), len(target)) < _RUN_LENGTH:
        return 0
    windows = {tuple(source[i : i + _RUN_LENGTH]) for i in range(len(source) - _RUN_LENGTH + 1)}
    best = run = 0
    for i in range(len(target) - _RUN_LENGTH + 1):
        window = tuple(target[i : i + _RUN_LENGTH])
        shared = window in windows and sum(map(_is_ordinary, window)) >= 4
        run = run + 1 if shared else 0
        best = max(best, run)
    return best + _RUN_LENGTH - 1 if best else 0


def primary(language: Language) -> str:
    """The language without its script and region: both Chinese are ``zh``."""
    return language.tag.partition("-")[0]


def _scripts_of(language: Language) -> frozenset[str]:
    """The scripts that running text of a language has (in the names of ``detection.scripts``)."""
    special = {
        "Jpan": {"Kana", "Hani"}, "Kore": {"Hang", "Hani"}, "Hans": {"Hani"}, "Hant": {"Hani"},
    }  # fmt: skip
    return frozenset(special.get(language.script, {language.script}))


# Languages that letters can hardly tell apart: no finding between them.
_ALIKE = tuple(
    frozenset(group.split())
    for group in (
        "hr bs sr-Latn sl", "id ms", "nb da sv", "pt-BR pt-PT gl", "cs sk", "af nl", "hi mr ne",
        "bg mk sr ru be uk mn kk", "ca es", "gl es", "he yi",
    )
)  # fmt: skip
# Languages that take some more letters to tell apart.
_NEAR = tuple(
    frozenset(group.split())
    for group in ("pt-BR es", "pt-PT es", "ca fr", "es fr", "et fi", "ro it la", "it es")
)


def wrong_language(source: str, target: str, of: Language | None, to: Language) -> Check | None:
    """The reply is in another language, as far as its script and its letters tell."""
    return _wrong_script(source, target, to) or _wrong_words(source, target, of, to)


def _wrong_script(source: str, target: str, to: Language) -> Check | None:
    expected = _scripts_of(to)
    text = LINK.sub(" ", target)
    if "Latn" not in expected and any(script_of(c) in expected for c in text):
        text = LATIN_NAME.sub("", text)  # names and acronyms may stand in Latin letters anywhere
    counts = scripts(text)
    right = sum(n for script, n in counts.items() if script in expected)
    wrong = {script: n for script, n in counts.items() if script not in expected}
    most = max(wrong, key=wrong.__getitem__, default="")
    if most:
        weight = wrong[most] * (3 if most in _WIDE else 1)
        share = weight / (weight + right * (3 if expected & _WIDE else 1))
        enough = 12 if most != "Latn" else 40 if right or _names_only(source, target) else 12
        if weight >= enough and share > 0.7:
            return Check("wrong-language", f"mostly {most} letters", fatal=True)
        if most != "Latn" and weight >= 6 and share > 0.1:
            return Check("wrong-language", f"some {most} letters", fatal=share > 0.4)
        if most == "Latn" and weight >= 40 and share > 0.5:
            return Check("wrong-language", "many Latin letters")
    return _not_japanese(target, counts) if to.script == "Jpan" else None


def _names_only(source: str, target: str) -> bool:
    """Whether the target is a few words of the source, as commands and names may be."""
    words = target.split()
    return len(words) < 4 and set(words) <= set(source.split())


def _not_japanese(target: str, counts: dict[str, int]) -> Check | None:
    """Chinese where Japanese should be. A heading without kana may well be Japanese."""
    han, kana = counts.get("Hani", 0), counts.get("Kana", 0)
    foreign = detection.not_in_japanese(target)
    if han >= 20 and not kana:
        return Check("wrong-language", "Japanese without kana", fatal=True)
    if foreign >= 2 and foreign > 0.05 * (han + kana):
        return Check("wrong-language", "Chinese characters", fatal=not kana)
    return None


_ENOUGH = 240  # letters from the start and the end tell the language of a text
_SOME = 100  # letters that tell near languages apart


def _wrong_words(source: str, target: str, of: Language | None, to: Language) -> Check | None:
    found = languages.detect(_ends(target))
    if found.language is None or found.language == to or found.confidence < 0.98:
        return None
    tags = {found.language.tag, to.tag}
    if any(tags <= group for group in (_ALIKE if len(target) > _SOME else _ALIKE + _NEAR)):
        return None
    detail = f"looks like {found.language.name}"
    if to.script in ("Hans", "Hant") and found.language.script in ("Hans", "Hant"):
        return Check("wrong-language", detail, fatal=_other_chinese(target, to) >= 4)
    if to.script == "Jpan" or not detection.can_tell(to.tag):
        return None
    # A quotation in a third language may stay as it is.
    certain = found.confidence > 0.999 and (
        found.language == of
        or (len(target) > _SOME and languages.detect(_ends(source)).language == of)
    )
    return Check("wrong-language", detail, fatal=certain)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _ENOUGH else f"{text[:_ENOUGH]} {text[-_ENOUGH:]}"


def _other_chinese(target: str, to: Language) -> int:
    simplified, traditional = detection.chinese_counts(target)
    return traditional if to.script == "Hans" else simplified
