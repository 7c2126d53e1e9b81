"""Which language a text is in: script rules first, letter statistics where scripts are shared.

The statistics are langdetect's n-gram profiles. Its random trials are replaced by the exact sum
over all n-grams (naive Bayes, as in N. Shuyo, "Language Detection Library for Java", 2010), so
the answer is deterministic and independent of threads; and a script or a letter rule decides
where n-grams of a short text would guess.

Works on tags only; :mod:`translator.languages` turns them into languages.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from translator.ngrams import CANDIDATES, score

_WINDOW = 320  # characters of one sample
_WINDOWS = 4


@dataclass(frozen=True, slots=True)
class Guess:
    """``tag`` is empty when the text does not tell its language."""

    tag: str
    confidence: float
    reason: str


# First code point, last code point, script. Sorted.
_RANGES = (
    (0x0041, 0x005A, "Latn"), (0x0061, 0x007A, "Latn"), (0x00AA, 0x00AA, "Latn"),
    (0x00BA, 0x00BA, "Latn"), (0x00C0, 0x00D6, "Latn"), (0x00D8, 0x00F6, "Latn"),
    (0x00F8, 0x024F, "Latn"), (0x0370, 0x03FF, "Grek"), (0x0400, 0x052F, "Cyrl"),
    (0x0531, 0x058F, "Armn"), (0x0591, 0x05F4, "Hebr"), (0x0620, 0x065F, "Arab"),
    (0x066E, 0x06D5, "Arab"), (0x06EE, 0x06EF, "Arab"), (0x06FA, 0x06FF, "Arab"),
    (0x0750, 0x077F, "Arab"), (0x08A0, 0x08FF, "Arab"), (0x0900, 0x0963, "Deva"),
    (0x0970, 0x097F, "Deva"), (0x0980, 0x09E5, "Beng"), (0x09F0, 0x09FF, "Beng"),
    (0x0A00, 0x0A65, "Guru"), (0x0A70, 0x0A7F, "Guru"), (0x0A80, 0x0AE5, "Gujr"),
    (0x0B80, 0x0BE5, "Taml"), (0x0C00, 0x0C65, "Telu"), (0x0C80, 0x0CE5, "Knda"),
    (0x0D00, 0x0D65, "Mlym"), (0x0D80, 0x0DE5, "Sinh"), (0x0E01, 0x0E4E, "Thai"),
    (0x0E80, 0x0ECD, "Laoo"), (0x0EDC, 0x0EDF, "Laoo"), (0x0F40, 0x0FBC, "Tibt"),
    (0x1000, 0x103F, "Mymr"), (0x1050, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"),
    (0x1100, 0x11FF, "Hang"), (0x1200, 0x137F, "Ethi"), (0x1780, 0x17D3, "Khmr"),
    (0x1E00, 0x1EFF, "Latn"), (0x1F00, 0x1FFF, "Grek"), (0x3005, 0x3006, "Hani"),
    (0x3041, 0x309F, "Kana"), (0x30A1, 0x30FA, "Kana"), (0x30FC, 0x30FF, "Kana"),
    (0x3131, 0x318E, "Hang"), (0x31F0, 0x31FF, "Kana"), (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"), (0xAC00, 0xD7A3, "Hang"), (0xF900, 0xFAFF, "Hani"),
    (0xFB1D, 0xFB4F, "Hebr"), (0xFB50, 0xFDCF, "Arab"), (0xFDF0, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"), (0xFF21, 0xFF3A, "Latn"), (0xFF41, 0xFF5A, "Latn"),
    (0xFF66, 0xFF9D, "Kana"), (0x20000, 0x3347F, "Hani"),
)  # fmt: skip
_STARTS = [first for first, _, _ in _RANGES]

# How much text one letter stands for, against one Latin letter.
_WEIGHT = {"Hani": 3.0, "Hang": 2.5, "Kana": 2.0}

_ONE_LANGUAGE = {
    "Armn": "hy", "Grek": "el", "Guru": "pa", "Gujr": "gu", "Taml": "ta", "Telu": "te",
    "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Thai": "th", "Laoo": "lo", "Tibt": "bo",
    "Mymr": "my", "Geor": "ka", "Hang": "ko", "Ethi": "am", "Khmr": "km", "Beng": "bn",
}  # fmt: skip

_NAMES = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Hebr": "Hebrew", "Deva": "Devanagari",
    "Hani": "Chinese characters", "Kana": "kana", "Hang": "Hangul", "Grek": "Greek",
}  # fmt: skip


@lru_cache(maxsize=8192)
def script_of(char: str) -> str:
    """The script of a letter (ISO 15924; ``Kana`` for both kana), "" for anything else."""
    code = ord(char)
    at = bisect_right(_STARTS, code) - 1
    if at < 0 or code > _RANGES[at][1]:
        return ""
    script = _RANGES[at][2]
    return script if char.isalpha() or script not in ("Latn", "Grek", "Cyrl", "Armn") else ""


def scripts(text: str) -> dict[str, int]:
    """How many letters of each script a text has, most first."""
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        script = script_of(char)
        if script:
            counts[script] += times
    return dict(counts.most_common())


def guess(text: str) -> Guess:
    """Guess the language of any text."""
    sample = _NOT_LANGUAGE.sub(" ", _sample(text))
    counts = scripts(sample)
    if not counts:
        return Guess("", 0.0, "no letters")
    if counts.keys() & _WEIGHT.keys():
        # Names and acronyms in Latin letters are at home in East Asian texts.
        counts = scripts(LATIN_NAME.sub(" ", sample)) or counts
    weights = {script: n * _WEIGHT.get(script, 1.0) for script, n in counts.items()}
    kana, han = counts.get("Kana", 0), counts.get("Hani", 0)
    japanese = (kana >= 2 and kana >= 0.06 * (kana + han)) or kana > han
    if japanese:
        weights["Kana"] = weights.pop("Kana") + weights.pop("Hani", 0.0)
    elif kana:
        weights.pop("Kana")  # a の in a Chinese name
    main = max(weights, key=weights.__getitem__)
    share = weights[main] / sum(weights.values())
    if share < 0.55:
        return Guess("", share, "several scripts mixed")
    found = _by_script(main, sample)
    return Guess(found.tag, found.confidence * min(1.0, share + 0.2), found.reason)


# A Latin word with a capital, a digit or other signs of a name or of code in it.
LATIN_NAME = re.compile(r"[A-Z][A-Za-z0-9._/'’+-]*|[a-z]+(?=[A-Z0-9._/+-])[A-Za-z0-9._/'’+-]*")

# Addresses and the like say nothing of the language around them.
_NOT_LANGUAGE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|\ufdd0\d+\ufdd3|[\ufdd0-\ufdd3]")


def _sample(text: str) -> str:
    """All of a short text; several windows of a long one, so that the cost is bounded."""
    if len(text) <= _WINDOW * _WINDOWS:
        return text
    step = (len(text) - _WINDOW) // (_WINDOWS - 1)
    return " ".join(text[i * step : i * step + _WINDOW] for i in range(_WINDOWS))


def _by_script(script: str, text: str) -> Guess:
    if script == "Kana":
        return Guess("ja", 0.99, "kana")
    if script == "Hani":
        return _han(text)
    if script == "Hebr":
        yiddish = len(re.findall("[װױײ\ufb1f\ufb2e\ufb2f]|[אי][\u05b7\u05b8]", text))
        return Guess("yi" if yiddish else "he", 0.95, "Hebrew script")
    if script == "Beng" and re.search("[ৰৱ]", text):
        return Guess("", 0.3, "Bengali script, Assamese letters")
    if script in _ONE_LANGUAGE:
        return Guess(_ONE_LANGUAGE[script], 0.99, f"{_NAMES.get(script, script)} script")
    by_letters = _by_letters(script, text)
    return by_letters or _by_statistics(script, text)


# Letters that settle a language within its script: (script, letters, languages or "").
# An empty language means: a language that Verso has no name for.
_LETTERS = (
    ("Arab", "ټډړښځڅۍېګڼ", ""), ("Arab", "ڵێۆڕ", ""), ("Arab", "ٿڻڙڄڃ", ""),
    ("Arab", "ٹڈڑںےہھ", "ur"), ("Arab", "پچژگیک", "fa"), ("Arab", "ةكيىأإؤ", "ar"),
    ("Cyrl", "ў", "be"), ("Cyrl", "їєґ", "uk"), ("Cyrl", "ћђ", "sr"), ("Cyrl", "ѓќѕ", "mk"),
    ("Cyrl", "ҳҷӣӯ", ""), ("Cyrl", "әғқңұһ", "kk"), ("Cyrl", "өү", "mn"), ("Cyrl", "і", "uk"),
    ("Latn", "ə", "az"), ("Latn", "ðþ", "is"), ("Latn", "ĉĝĥĵŝŭ", "eo"),
    ("Latn", "ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ", "vi"), ("Latn", "ʻ", "uz"),
)  # fmt: skip


_TELLABLE = frozenset(
    {"zh-Hans", "zh-Hant", "ja", "he", "yi", *_ONE_LANGUAGE.values(), *CANDIDATES}
    | {tag for _, _, tag in _LETTERS}
)


def _by_letters(script: str, text: str) -> Guess | None:
    counts = Counter(text.casefold())
    letters = sum(n for char, n in counts.items() if script_of(char) == script)
    for where, chars, tag in _LETTERS:
        hits = sum(counts[c] for c in chars) if where == script else 0
        # One foreign name must not decide a long text.
        if hits and hits >= 0.01 * letters and (script != "Latn" or hits >= 0.04 * letters):
            confidence = 0.97 if hits > 1 else 0.9
            if not tag:
                return Guess("", 0.3, f"letters of a language not in the list ({script})")
            return Guess(tag, confidence, f"letters used in {tag} only")
    return None


def _by_statistics(script: str, text: str) -> Guess:
    found = score(script, text)
    if found is None:
        return Guess("", 0.0, f"nothing known of this {_NAMES.get(script, script)} text")
    tag, margin = found
    confidence = 1.0 - 0.5 * math.exp(-margin / 8.0)
    if margin < 6.0:
        return Guess("", confidence, "too short or too mixed to tell")
    return Guess(tag, confidence, "letter statistics")


@lru_cache(maxsize=1)
def _han_sets() -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    """Characters of one writing only: simplified, traditional, Japanese; and all of JIS.

    Derived from the national character sets that Python's codecs know: what GB 2312 has and
    Big5 lacks is simplified, what Big5's level of common characters has and GB 2312 lacks is
    traditional, what only JIS X 0208 has is Japanese.
    """
    gb = _codec("gb2312", 0xB0, 0xF7)
    big5 = _codec("big5", 0xA4, 0xF9)
    common = _codec("big5", 0xA4, 0xC6)
    jis = _codec("euc_jp", 0xB0, 0xF4)
    # Simplified forms for which Big5 happens to have an unrelated rare character.
    simplified = (gb - big5) | set("优体儿听圣坏复宁岭庄异怀惊扑扰机构栖洁洒离羡虫触赶与")
    return (
        frozenset(simplified),
        frozenset(common - gb),
        frozenset(jis - gb - big5),
        frozenset(jis),
    )


def _codec(name: str, first: int, last: int) -> set[str]:
    """The Chinese characters of a two-byte character set, by range of the first byte."""
    trails = bytes(range(0x40, 0xFF))
    found: set[str] = set()
    for lead in range(first, last + 1):
        for trail in trails:
            char = bytes((lead, trail)).decode(name, "ignore")
            if len(char) == 1 and "\u4e00" <= char <= "\u9fff":
                found.add(char)
    return found


def chinese_counts(text: str) -> tuple[int, int]:
    """How many characters of a text are simplified only, and traditional only."""
    simplified, traditional, _, _ = _han_sets()
    return sum(c in simplified for c in text), sum(c in traditional for c in text)


def not_in_japanese(text: str) -> int:
    """How many Chinese characters of a text Japan's character sets (JIS X 0213) lack."""
    return sum(script_of(c) == "Hani" and not c.encode("euc_jis_2004", "ignore") for c in text)


def can_tell(tag: str) -> bool:
    """Whether :func:`guess` ever gives this language as an answer."""
    return tag in _TELLABLE


# Everyday characters of Chinese that Japanese does not use (or hardly ever).
_CHINESE = frozenset("你我他她它们們这這那哪吗嗎呢吧啊是很没沒跟把被让讓给給都还還怎么么麼谁誰的了")


def _han(text: str) -> Guess:
    """Chinese characters without kana: which Chinese, or a Japanese headline."""
    only_simplified, only_traditional, only_japanese, jis = _han_sets()
    han = [c for c in text if script_of(c) == "Hani"]
    simplified = [c for c in han if c in only_simplified]
    traditional = [c for c in han if c in only_traditional]
    japanese = sum(c in only_japanese for c in han)
    chinese = sum(c in _CHINESE for c in han)
    s, t = len(simplified), len(traditional)
    if japanese and not chinese and japanese >= 0.05 * len(han):
        return Guess("ja", 0.8, "characters used in Japanese only")
    # Japanese simplified some characters as China did and kept others as Taiwan did.
    both = simplified + traditional
    if s and t and len(han) < 20 and not chinese and all(c in jis for c in both):
        return Guess("", 0.4, "Chinese or Japanese")
    if not s and not t:
        if chinese or len(han) >= 20:
            return Guess("zh-Hans", 0.5, "Chinese, too short to tell which script")
        return Guess("", 0.3, "Chinese or Japanese, too short to tell")
    tag, most, least = ("zh-Hans", s, t) if s > t else ("zh-Hant", t, s)
    if most == least:
        return Guess("", 0.5, "simplified and traditional characters mixed")
    ratio = most / (most + least)
    sure = ratio * (0.99 if most > 1 or chinese else 0.8)
    if len(han) < 8 and not chinese and most == 1 and both[0] in jis:
        return Guess("", 0.45, "Chinese or Japanese, too short to tell")
    return Guess(tag, sure, f"{tag} characters")
