"""Where a plain text can be cut: paragraphs, lines, sentences, clauses, words, characters.

Every function gives offsets into the text, so nothing is ever lost or changed. Sentence ends
come from the sentencex library (Wikimedia, rules and abbreviations for some 250 languages); what
it gets wrong in books is mended here by joining two of its sentences.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

# sentencex looks over its whole text again for each sentence of some scripts: windows of this
# many characters keep a long paragraph linear.
_WINDOW = 4000

_LINE = re.compile(r"\n\s*")
_CLAUSE = re.compile(
    r"[,;:،؛][\"'”’»)\]]*\s+|[，、；：][”’」』）》]*\s*|\s[—–-]\s+|—+\s*|[)\]]\s+|[）」』》]\s*"
)
_INNER = re.compile(
    r"(?<![.!?…])[.!?…؟।॥]++[\"'”’»)\]]*+\s++(?![a-zà-ÿа-я])|[。！？]++[”’」』）》]*+"
)
_WORD = re.compile(r"\s+")

# Titles and the like: a name follows, never a new sentence.
_TITLES = {
    "en": "Mr Mrs Ms Dr Prof St Rev Hon Gen Col Capt Lt Sgt Messrs Mme Mlle Vol vs ed Fig approx",
    "fr": "M MM Mme Mmes Mlle Mgr Me Dr Pr St Ste cf éd vol no",
    "de": "Hr Fr Fa Dr Prof St Hl Ing Mag Nr Bd Abb Tab Kap Vgl vgl bzw ca z.B d.h u.a",
    "es": "Sr Sra Sres Srta D Dª Dña Dr Dra Ud Uds Vd Vds Fr Sto Sta pág núm vol cap",
    "pt": "Sr Sra Srs Sras Srta D Dr Dra Prof Profa Sto Sta R Av pág cap vol núm",
    "it": "Sig Sigg Dott Dr Prof Ing Avv On S pag cap vol",
    "nl": "Dhr Mevr Mw Dr Prof Ir St blz nr",
    "ru": "т е г гг ул д стр гл им св см рис п",
}
# After these a number belongs to the sentence.
_NUMBERED = re.compile(
    r"(?:^|[\s(\[])(?:no|nos|nº|n°|nr|núm|pág|págs|pag|p|pp|s|vol|fig|figs|sec|ch|chap|art|abb|"
    r"tab|bd|kap|cap|vers|стр|гл|рис|п|№)\.?[ºª]?\.\s*$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:^|\s)[0-9]{1,2}\.\s+$")
_GERMAN_ORDINAL_NOUN = re.compile(
    r"(?:Jahrhundert|Jh|Kapitel|Auflage|Band|Stock|Klasse|Lebensjahr|Tag|Mal|Platz|Weltkrieg|"
    r"Geburtstag|Bezirk|Armee|Division|Akt|Szene|Jahrestag|Januar|Februar|März|April|Mai|Juni|"
    r"Juli|August|September|Oktober|November|Dezember)"
)
_LAST_WORD = re.compile(r"([\w.ªº-]+)\.\s*$")
_CLOSED_QUOTE = re.compile(r"[」』”’»\"]\s*$")
_JAPANESE_QUOTATIVE = re.compile(r"(?:と|って|という|なんて|、)")
_DIGIT_POINT = re.compile(r"[0-9０-９][.．]$")


def paragraphs(text: str) -> list[int]:
    """Offsets after blank lines."""
    return [m.end() for m in _WORD.finditer(text) if m[0].count("\n") > 1]


def lines(text: str) -> list[int]:
    """Offsets after line ends."""
    return [m.end() for m in _LINE.finditer(text)]


def sentence_ends(text: str, language: str = "") -> list[int]:
    """Offsets after each sentence but the last, white space included in what comes before.

    ``language`` is a BCP-47 tag; without one the rules for English are used, which know the
    sentence ends of other scripts too.
    """
    primary = language.partition("-")[0].lower() or "en"
    return [
        at
        for at in _library_ends(text, primary)
        if not _continues(text[max(0, at - 40) : at], text[at : at + 40], primary)
        and may_cut(text, at)
    ]


def _library_ends(text: str, primary: str) -> Iterator[int]:
    """sentencex's sentence ends, read in windows; the last sentence of a window is read again."""
    from sentencex import segment

    start = 0
    while start < len(text):
        window = text[start : start + _WINDOW]
        whole = start + len(window) == len(text)
        pieces = segment(primary, window)
        # A window without an end is the middle of a very long sentence: nothing to report.
        ends = list(accumulate(map(len, pieces[:-1])))
        yield from (start + end for end in ends)
        start += ends[-1] if ends and not whole else len(window)


def _continues(before: str, after: str, primary: str) -> bool:
    """Whether ``after`` belongs to the sentence that seems to end with ``before``."""
    start = after.lstrip("\"'“‘«([ ")[:1]
    if not after.strip():
        return True
    stripped = before.rstrip()
    if stripped.endswith(".") and (start.islower() or (stripped == before and after[0].isascii())):
        return True  # README.txt, A.-B.: a full stop that ends a sentence has a blank after it
    if _DIGIT_POINT.search(before) and start.isdigit():
        return True
    if start.isdigit() and _NUMBERED.search(before):
        return True
    if primary == "de" and _ORDINAL.search(before) and _GERMAN_ORDINAL_NOUN.match(after):
        return True
    if primary == "ja" and _CLOSED_QUOTE.search(before) and _JAPANESE_QUOTATIVE.match(after):
        return True
    if primary == "fr" and after.startswith("-C.") and stripped.endswith("J."):
        return True
    word = _LAST_WORD.search(before)
    return bool(word and word[1] in _TITLES.get(primary, "").split())


def inner_sentences(text: str) -> list[int]:
    """Offsets after what looks like a sentence's end, also within quotes and brackets.

    A long speech is one sentence for :func:`sentence_ends`; here it can be cut.
    """
    return [m.end() for m in _INNER.finditer(text) if may_cut(text, m.end())]


def clauses(text: str) -> list[int]:
    """Offsets after commas, semicolons, dashes and closing brackets."""
    return [m.end() for m in _CLAUSE.finditer(text) if may_cut(text, m.end())]


def words(text: str) -> list[int]:
    """Offsets after white space."""
    return [m.end() for m in _WORD.finditer(text) if may_cut(text, m.end())]


def characters(text: str, step: int) -> list[int]:
    """Offsets about ``step`` code points apart, never inside what a reader sees as a character."""
    found = [0]
    while (goal := found[-1] + step) < len(text):
        near = (at for at in range(goal, max(found[-1], goal - 100), -1) if may_cut(text, at))
        later = (at for at in range(goal + 1, len(text)) if may_cut(text, at))
        at = next(near, None) or next(later, None)
        if at is None:
            break
        found.append(at)
    return found[1:]


# Punctuation that must not start a part; its partner is whatever came before.
_NOT_FIRST = frozenset(
    "」』）】》〉”’»、。，．；：！？!?,.;:)]}%…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_JOINERS = frozenset("\u200d\u2060\ufeff")


def may_cut(text: str, at: int) -> bool:
    """Whether ``text[:at]`` and ``text[at:]`` may be parted.

    Not between a base and its marks, inside an emoji sequence, a flag or a syllable block, and
    not before punctuation that ends something.

    A conservative reading of Unicode's grapheme cluster rules (UAX 29, GB3 to GB13).
    """
    if at <= 0 or at >= len(text):
        return False
    left, right = text[at - 1], text[at]
    if right < "\u0300" and left < "\u0300":
        return not (left == "\r" and right == "\n") and right not in _NOT_FIRST
    if right in _NOT_FIRST or right in _JOINERS or left in _JOINERS:
        return False
    category = unicodedata.category(right)
    skin_or_tag = "\U0001f3fb" <= right <= "\U0001f3ff" or "\U000e0020" <= right <= "\U000e007f"
    if category[0] == "M" or skin_or_tag:
        return False
    if unicodedata.combining(left) == 9 and category[0] == "L":  # virama: a conjunct
        return False
    if _is_jamo(right) and (_is_jamo(left) or "가" <= left <= "힣"):
        return False
    if right in ("\u0e33", "\u0eb3", "\u200c") or "\u0e40" <= left <= "\u0e44":  # Thai vowels
        return False
    if _is_flag(right) and _is_flag(left):
        start = at
        while start > 0 and _is_flag(text[start - 1]) and at - start < 200:
            start -= 1
        return (at - start) % 2 == 0
    return True


def _is_jamo(char: str) -> bool:
    ranges = (("\u1100", "\u11ff"), ("\ua960", "\ua97c"), ("\ud7b0", "\ud7fb"))
    return any(first <= char <= last for first, last in ranges)


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
