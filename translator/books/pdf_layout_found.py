"""The ledger of a written PDF: which blocks can be read on its pages."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from translator import languages
from translator.books.pdf_layout_texts import Placed
from translator.errors import InputError

_DROPPED = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u2010\u2011-]+")
_WORD = re.compile(r"[^\W_]+")
_LONG = 24  # characters of a source text that cannot be there by chance
# A PDF does not say which letters a joined glyph stands for, and puts signs of a line that runs
# from right to left into another order: there words are looked for, not whole sentences.
_JOINED = re.compile(
    "Arab|Syrc|Nkoo|Thaa|Mong|Deva|Beng|Guru|Gujr|Orya|Taml|Telu|Knda|Mlym|Sinh|Thai|Laoo|Tibt|"
    "Mymr|Khmr"
)
_RARE = re.compile("[\U00010000-\U0010ffff]")  # MuPDF writes other characters for them
_MOST, _MANY = 0.9, 0.4


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page holds: its text, the targets of its links, the number of its pictures."""

    text: str
    links: tuple[str, ...]
    images: int


def find_texts(
    placed: Iterable[Placed],
    texts: Mapping[str, str],
    pages: Mapping[int, PageText],
    staying: Mapping[int, str],
    target: str,
) -> dict[str, str]:
    """The visible text of each block as it is found on its pages (empty: not there).

    ``staying`` is the text of headers and footers of each page, which is no block.
    """
    rest = {number: _plain(page.text) for number, page in pages.items()}
    words = {number: unicodedata.normalize("NFKC", page.text) for number, page in pages.items()}
    share = _share(target)
    found: dict[str, str] = {}
    # Long texts first: a short one may be a part of a long one.
    for each in sorted(placed, key=lambda each: -len(each.block.text)):
        text = texts.get(each.block.id, each.block.text)
        shown = each.visible(text)
        numbers = [number for number in each.pages if number in rest]
        there = _take(_plain(shown), numbers, rest)
        if there < 1.0:
            changed = text != each.block.text
            least = share if changed and not _RARE.search(shown) else min(share, _MOST)
            there = max(there, float(_words(shown, numbers, words) >= least))
        found[each.block.id] = shown if there == 1.0 else shown[: int(there * len(shown))]
    for each in placed:
        source = each.visible(each.block.text)
        plain = _plain(source)
        if texts.get(each.block.id, each.block.text) == each.block.text or len(plain) < _LONG:
            continue
        for number in each.pages:
            if plain in rest.get(number, "") and plain not in _plain(staying.get(number, "")):
                found[each.block.id] = f"{source} {found[each.block.id]}"
    return found


def _take(wanted: str, numbers: list[int], rest: dict[int, str]) -> float:
    """Take a text off its pages, in pieces if it runs over several; the share that was there."""
    left = wanted
    for number in numbers:
        text = rest[number]
        # A longer beginning is there only if all shorter ones are.
        size = bisect_left(range(1, len(left) + 1), True, key=lambda n: left[:n] not in text)
        start = text.find(left[:size])
        if size and (size == len(left) or number != numbers[-1]):
            rest[number] = f"{text[:start]}\0{text[start + size :]}"
        left = left[size:]
        if not left:
            return 1.0
    return 1.0 - len(left) / max(1, len(wanted))


def _words(wanted: str, numbers: list[int], words: Mapping[int, str]) -> float:
    """The share of a text's letters whose words are on its pages."""
    text = " ".join(words[number] for number in numbers)
    own = _WORD.findall(unicodedata.normalize("NFKC", wanted))
    size = sum(map(len, own))
    return sum(len(word) for word in own if word in text) / size if size else 1.0


def _plain(text: str) -> str:
    """Text without blanks, hyphens and signs that are not seen; ligatures spelled out."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text))


def _share(target: str) -> float:
    try:
        language = languages.get(target)
    except InputError:
        return 1.0
    if _JOINED.fullmatch(language.script):
        return _MANY
    return _MOST if language.direction == "rtl" else 1.0
