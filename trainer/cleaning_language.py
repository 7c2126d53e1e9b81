"""Is a text in the language that its file says? Cheap signs first, statistics where they fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

from translator import detection, languages
from translator.language_checks import wrong_language
from translator.languages import Language
from translator.ngrams import CANDIDATES, everyday

_WORD = re.compile(r"[^\W\d_]+")
_HAN = "\u3005\u3006\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
_KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff"
_LETTERS = {
    "Hans": re.compile(f"[{_HAN}]"),
    "Hant": re.compile(f"[{_HAN}]"),
    "Jpan": re.compile(f"[{_HAN}{_KANA}]"),
    "Kore": re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
}
_KANA_LETTER = re.compile(f"[{_KANA}]")
_MOST = 0.5  # of the letters
# More words for the quick test than the statistics count; those in two rows tell nothing.
_MORE = {
    "en": "can from when used which there these those into would only does more than then other "
    "some each many such very between through about up out over been being where while after "
    "before because should could their them has have if or by use you your it its a an",
    "de": "werden wird kann eines dieser diese dieses durch wenn noch nur über zum zur vom beim "
    "können müssen sollte wurde worden haben sein seine ihre uns unter zwischen gegen ohne mehr "
    "sehr dann schon immer jeder jede alles etwas nichts kein keine damit aber mir mich dir dich "
    "ihm ihn ihnen habt seid hast bin bist es des an als",
    "fr": "cette ces leur leurs être été avoir peut fait sans sous aussi comme très tout tous "
    "toute toutes même autre autres votre vos notre nos qu lorsque lors vers chez donc alors "
    "encore ainsi plusieurs permet faire j ne si d l de la à se son sa en",
    "es": "puede pueden tiene tienen hay cuando donde también hasta otro otra otros otras aunque "
    "sin usted hacer hace eso ese esa sobre desde todo todos de la a este esta si",
    "pt-BR": "pode podem tem têm quando onde também até outro outra outros outras sem isso esse "
    "essa nós então ainda já pelo pela aos às nos sobre desde todo todos de a este esta se",
    "it": "può possono quando dove anche sono questo questi della delle degli nella alla alle ai "
    "dal gli tutto tutti altro altri senza si la le di a al se i",
    "nl": "een wordt worden kan kunnen deze dit door als nog naar bij uit over geen meer zeer der "
    "alle wat wie heeft hebben hier",
}  # fmt: skip


def finding(source: str, target: str, of: Language, to: Language) -> str:
    """Which side is in a wrong language and how it looks, or an empty string.

    Only what is certain counts: a text that nobody can place passes.
    """
    for text, other, wanted, expected in ((target, source, to, of), (source, target, of, to)):
        if not _obvious(wanted.tag)(text):
            if speaks := _other_words(text, wanted.tag):
                name = languages.get(speaks).name
                return f"{'target' if text is target else 'source'}: words of {name}"
            check = wrong_language(other, text, expected, wanted)
            if check is not None and (check.fatal or _is_other(text, wanted)):
                return f"{'target' if text is target else 'source'}: {check.detail}"
    return ""


def _is_other(text: str, wanted: Language) -> bool:
    """Whether the letters alone, seen a second time, name another language with certainty."""
    found = languages.detect(text)
    return (
        found.language is not None
        and found.confidence > 0.999
        and len(text) > 40
        and found.language.tag.partition("-")[0] != wanted.tag.partition("-")[0]
    )


@cache
def _obvious(tag: str) -> Callable[[str], bool]:
    """A quick test that says yes only to texts that are in the language for sure."""
    language = languages.get(tag)
    if language.script in _LETTERS:
        return _by_script(language)
    if everyday(tag):
        return _by_words(tag)
    return lambda _: False


def _by_script(language: Language) -> Callable[[str], bool]:
    mine = _LETTERS[language.script]

    def test(text: str) -> bool:
        letters = sum(map(str.isalpha, text))
        if not letters or len(mine.findall(text)) < _MOST * letters:
            return False
        if language.script == "Jpan":
            return _KANA_LETTER.search(text) is not None
        if language.script == "Kore":
            return True
        if _KANA_LETTER.search(text):
            return False
        simplified, traditional = detection.chinese_counts(text)
        return (traditional if language.script == "Hans" else simplified) == 0

    return test


@cache
def _words_of() -> dict[str, frozenset[str]]:
    """Everyday words by language."""
    rows = {tag: everyday(tag) | frozenset(_MORE.get(tag, "").split()) for tag in CANDIDATES}
    return {tag: row for tag, row in rows.items() if row}


@cache
def _only_in() -> dict[str, str]:
    """The language of each everyday word that just one language has."""
    rows = _words_of()
    count = Counter(word for row in rows.values() for word in row)
    return {word: tag for tag, row in rows.items() for word in row if count[word] == 1}


def _by_words(tag: str) -> Callable[[str], bool]:
    only = _only_in()
    rows = _words_of()
    mine = frozenset(word for word in rows[tag] if only.get(word) == tag)
    others = frozenset().union(*(row for other, row in rows.items() if other != tag)) - rows[tag]

    def test(text: str) -> bool:
        words = set(_WORD.findall(text.lower()))
        return len(words & mine) > 2 * len(words & others)

    return test


# Languages with too many words in common for this.
_NEAR = frozenset({"es", "pt-BR", "it"})


def _other_words(text: str, tag: str) -> str:
    """Another language of which a text has two everyday words, while it has none of its own."""
    if tag not in _MORE:
        return ""
    words = set(_WORD.findall(text.lower()))
    if words & _words_of()[tag]:
        return ""
    only = _only_in()
    counts = Counter(only[word] for word in words if word in only and len(word) > 1)
    (found, most), *_ = counts.most_common(1) or [("", 0)]
    return found if most >= 2 and not {tag, found} <= _NEAR else ""
