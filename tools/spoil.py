"""Ways to spoil a good translation, to measure what the checks find.

Each takes a pair, another pair, and a source of random numbers, and gives the spoiled pair, or
``None`` where a pair has nothing of the kind to spoil.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from translator import dates, markup
from translator.segmenting import sentences


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and its translation; ``others``: the same text in other languages, by tag."""

    source: str
    target: str
    of: str
    to: str
    others: tuple[tuple[str, str], ...] = ()
    cut: bool = False


Fault = Callable[[Pair, Pair, random.Random], Pair | None]


def delete_sentence(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """One sentence of the translation, anywhere."""
    parts = sentences(pair.target, pair.to)
    if len(parts) < 2:
        return None
    del parts[rng.randrange(len(parts))]
    return replace(pair, target="".join(parts).strip())


def delete_half(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The first or the second half of the translation."""
    middle = len(pair.target) // 2
    half = pair.target[:middle] if rng.random() < 0.5 else pair.target[middle:]
    return replace(pair, target=half.strip())


def cut_end(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The last sentence breaks off; nobody says that it was cut."""
    parts = sentences(pair.target, pair.to)
    parts[-1] = parts[-1][: rng.randrange(1, max(2, len(parts[-1]) * 2 // 3))]
    return replace(pair, target="".join(parts).strip())


def token_limit(pair: Pair, other: Pair, rng: random.Random) -> Pair | None:
    """The same, at the engine's token limit."""
    spoiled = cut_end(pair, other, rng)
    return spoiled and replace(spoiled, cut=True)


def _numbers(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"(?<![\w.,:/-])[0-9]{2,}(?![\w.,:/-])", text))


def swap_digits(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """1984 becomes 1948: a number that both sides have gets two of its digits exchanged."""
    ours = {match[0] for match in _numbers(pair.source)}
    shared = [
        m for m in _numbers(pair.target) if m[0] in ours and m[0][-1] != m[0][-2] and m[0] != "10"
    ]
    if not shared:
        return None
    match = rng.choice(shared)
    wrong = match[0][:-2] + match[0][-1] + match[0][-2]
    return replace(pair, target=pair.target[: match.start()] + wrong + pair.target[match.end() :])


def lose_number(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """A number that both sides have is left out."""
    ours = {match[0] for match in _numbers(pair.source)}
    shared = [m for m in _numbers(pair.target) if m[0] in ours]
    if not shared:
        return None
    match = rng.choice(shared)
    return replace(pair, target=pair.target[: match.start()] + pair.target[match.end() :])


def change_date(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The day of a date is another."""
    found = [
        (date, match)
        for date in dates.find(pair.source)
        for match in re.finditer(rf"(?<![0-9]){date.day}(?![0-9])", pair.target)
    ]
    if not found:
        return None
    date, match = rng.choice(found)
    day = str(date.day % 28 + 2)
    return replace(pair, target=pair.target[: match.start()] + day + pair.target[match.end() :])


def source_whole(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The source comes back."""
    return replace(pair, target=pair.source)


def source_sentence(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """One sentence of the source stands in place of one of the translation."""
    before, after = sentences(pair.source, pair.of), sentences(pair.target, pair.to)
    if len(before) != len(after) or len(after) < 2:
        return None
    i = rng.randrange(len(after))
    after[i] = before[i].strip() + " "
    return replace(pair, target="".join(after).strip())


def source_half(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The second half is left in the source language."""
    target = pair.target[: len(pair.target) // 2] + " " + pair.source[len(pair.source) // 2 :]
    return replace(pair, target=target)


_NEAR = {
    "zh-Hant": "zh-Hans", "zh-Hans": "zh-Hant", "es": "pt-BR", "pt-BR": "es", "ja": "zh-Hans",
    "ko": "ja", "de": "fr", "fr": "es", "ru": "en", "en": "de", "ar": "en",
}  # fmt: skip


def wrong_language(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The same text in a neighbouring language or script."""
    text = dict(pair.others).get(_NEAR.get(pair.to, ""))
    return replace(pair, target=text) if text and text != pair.source else None


def _wrong(to: str, instead: str) -> Fault:
    def spoil(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
        text = dict(pair.others).get(instead)
        return replace(pair, target=text) if text and pair.to == to and pair.of != instead else None

    return spoil


def other_segment(pair: Pair, other: Pair, rng: random.Random) -> Pair | None:
    """The translation of another segment of about the same size."""
    text = dict(other.others).get(pair.to, "")
    if other.source == pair.source or not 0.7 < len(text) / len(pair.target) < 1.4:
        return None
    return replace(pair, target=text) if text != pair.target else None


def say_twice(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """A sentence comes twice."""
    parts = sentences(pair.target, pair.to)
    i = rng.randrange(len(parts))
    parts.insert(i, parts[i].rstrip() + (" " if parts[i].isascii() else ""))
    return replace(pair, target="".join(parts))


def loop(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The end is repeated until the limit."""
    return replace(pair, target=pair.target + pair.target[-30:] * 15)


def lose_link(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """An address is left out."""
    return replace(pair, source=pair.source + " (https://www.example.org/page)")


def lose_quotes(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """All quote marks are dropped around what is speech in the source."""
    if not re.search('["“”„«»「」『』]', pair.source):
        return None
    target = re.sub('["“”„«»「」『』‘’‚]', "", pair.target)
    return replace(pair, target=target) if target != pair.target else None


def lose_placeholder(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """A link or an emphasis is lost."""
    return replace(pair, source=markup.opening(1) + pair.source + markup.closing(1))


def chatter(pair: Pair, _: Pair, rng: random.Random) -> Pair | None:
    """The model says what it did."""
    return replace(pair, target="Here is the translation: " + pair.target)


FAULTS: dict[str, Fault] = {
    "sentence deleted": delete_sentence,
    "half deleted": delete_half,
    "last sentence breaks off": cut_end,
    "cut at the token limit": token_limit,
    "digits of a number swapped": swap_digits,
    "number left out": lose_number,
    "day of a date changed": change_date,
    "source came back": source_whole,
    "one sentence left in the source language": source_sentence,
    "half left in the source language": source_half,
    "neighbouring language or script": wrong_language,
    "Simplified instead of Traditional Chinese": _wrong("zh-Hant", "zh-Hans"),
    "Traditional instead of Simplified Chinese": _wrong("zh-Hans", "zh-Hant"),
    "Chinese instead of Japanese": _wrong("ja", "zh-Hant"),
    "Portuguese instead of Spanish": _wrong("es", "pt-BR"),
    "another segment's translation": other_segment,
    "a sentence twice": say_twice,
    "loop at the end": loop,
    "address left out": lose_link,
    "quote marks dropped": lose_quotes,
    "markup lost": lose_placeholder,
    "chatter before the translation": chatter,
}
