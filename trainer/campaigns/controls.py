"""Translations spoiled on purpose: what a careful reader rates lower than the original.

Each way changes the meaning and leaves text that is read as any other. Which ways there are
depends on the language and on the text; the same seed gives the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from translator import languages, segmenting

_SHORTEST = 12  # characters of a sentence whose absence is seen; half of it without blanks
_WORDS = 6  # of a sentence whose order is lost
_NUMBER = re.compile(r"(?<![\w.,:/-])[0-9]{1,9}(?![\w:/-])")
_CLAUSE = re.compile(r"[,;:،؛—–]\s|[，、；：]")
_END = re.compile(r"[.!?…。！？؟]+[\"'”’»」』）)]*$")

# How "not" goes: what is found, and what stands there instead. The meaning turns around, and the
# sentence stays one.
_NEGATIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": ((r"\bcannot\b", "can"), (r"\bwon['’]t\b", "will"), (r"(?<=\w)n['’]t\b", ""),
           (r"\bnot ", ""), (r"\bnever\b", "always")),
    "de": ((r"\bnicht ", ""), (r" nicht(?=[.,;:!?])", ""), (r"\bkein(?=(e[nmrs]?)?\b)", "ein"),
           (r"\bKein(?=(e[nmrs]?)?\b)", "Ein"), (r"\b(?:niemals|nie)\b", "immer")),
    "fr": ((r"\bn(?:e |['’])(\w+) (?:pas|jamais|plus)\b", r"\1"),),
    "es": ((r"\bno ", ""), (r"\bnunca\b", "siempre")),
    "pt": ((r"\bnão ", ""), (r"\bnunca\b", "sempre")),
    "it": ((r"\bnon ", ""),),
    "nl": ((r"\bniet ", ""), (r" niet(?=[.,;:!?])", ""), (r"\bgeen\b", "een")),
    "ru": ((r"\bне ", ""),),
    "uk": ((r"\bне ", ""),),
    "pl": ((r"\bnie ", ""),),
    "zh": ((r"没有|沒有", "有"), (r"不(?=[会能是想要知愿肯敢會願])", "")),
    "ja": ((r"ませんでした", "ました"), (r"ません", "ます"), (r"ではない", "である"),
           (r"ではなかった", "であった")),
    "ko": ((r"없", "있"), (r"(?<![가-힣])(?:안|못) ", "")),
}  # fmt: skip


def spoiled(
    text: str, tag: str, others: Sequence[str], chance: random.Random, turn: int = 0
) -> tuple[str, str] | None:
    """The text made worse, and what was done to it; ``None`` if nothing can be.

    ``others`` are the same system's outputs for other segments. ``turn`` says which way is tried
    first, so that a campaign has some of each.
    """
    ways: list[tuple[str, Callable[[], str | None]]] = [
        ("sentence deleted", lambda: _without_sentence(text, tag, chance)),
        ("number changed", lambda: _other_number(text, chance)),
        ("negation dropped", lambda: _without_negation(text, tag, chance)),
        ("another segment's translation", lambda: _other(text, others, chance)),
        ("words in disorder", lambda: _disordered(text, tag, chance)),
        ("second half deleted", lambda: _half(text, tag)),
    ]
    for step in range(len(ways)):
        name, way = ways[(turn + step) % len(ways)]
        made = way()
        if made is not None and made.strip() and made.split() != text.split():
            return made.strip(), name
    return None


def _shortest(tag: str) -> int:
    return _SHORTEST if languages.get(tag).spaced else _SHORTEST // 2


def _without_sentence(text: str, tag: str, chance: random.Random) -> str | None:
    parts = segmenting.sentences(text, tag)
    whole = [n for n, part in enumerate(parts) if len(part.strip()) >= _shortest(tag)]
    if len(parts) < 2 or not whole:
        return None
    del parts[chance.choice(whole)]
    return "".join(parts)


def _other_number(text: str, chance: random.Random) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    digits = match[0]
    pairs = [n for n, (a, b) in enumerate(pairwise(digits)) if a != b and (n or b != "0")]
    if pairs:
        n = chance.choice(pairs)
        wrong = digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :]
    else:
        wrong = str((int(digits[0]) + 3) % 9 + 1) + digits[1:]
    return text[: match.start()] + wrong + text[match.end() :]


def _without_negation(text: str, tag: str, chance: random.Random) -> str | None:
    found = [
        (match, instead)
        for pattern, instead in _NEGATIONS.get(tag.split("-")[0], ())
        for match in re.finditer(pattern, text)
    ]
    if not found:
        return None
    match, instead = chance.choice(found)
    return text[: match.start()] + match.expand(instead) + text[match.end() :]


def _other(text: str, others: Sequence[str], chance: random.Random) -> str | None:
    alike = [other for other in others if 0.6 < len(other) / max(1, len(text)) < 1.7]
    return chance.choice(alike) if alike else None


def _disordered(text: str, tag: str, chance: random.Random) -> str | None:
    """The words of the longest sentence, but for the first and the last, in another order."""
    if not languages.get(tag).spaced:
        return None
    parts = segmenting.sentences(text, tag)
    n = max(range(len(parts)), key=lambda n: len(parts[n].split())) if parts else 0
    words = parts[n].split() if parts else []
    if len(words) < _WORDS:
        return None
    inner = words[1:-1]
    while inner == words[1:-1] and len(set(inner)) > 1:
        chance.shuffle(inner)
    tail = parts[n][len(parts[n].rstrip()) :]
    parts[n] = " ".join([words[0], *inner, words[-1]]) + tail
    return "".join(parts)


def _half(text: str, tag: str) -> str | None:
    """The text up to its middle, at a clause or a word; it ends as it ended."""
    if len(text) < 2 * _shortest(tag):
        return None
    middle = len(text) // 2
    clauses = [
        m.start() for m in _CLAUSE.finditer(text) if len(text) / 4 < m.start() < 3 * middle / 2
    ]
    blanks = [m.start() for m in re.finditer(r"\s", text)]
    places = clauses or (blanks if languages.get(tag).spaced else []) or [middle]
    cut = min(places, key=lambda place: abs(place - middle))
    end = _END.search(text)
    return text[:cut].rstrip() + (end[0] if end else "")
