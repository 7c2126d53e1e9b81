"""The chapters of a book, what kind each is, and which of them are to be translated.

A chapter is a file of the book that has text of its own (the pages of an EPUB); where one file
holds most of the book, it is divided at its headings (Word, Markdown, HTML, plain text). References
and an index inside a chapter are a chapter of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from translator import markup
from translator.errors import InputError
from translator.part_titles import PartKind, is_title, kinds_named, only_number
from translator.records import count_words
from translator.types import Block, BlockKind

NOT_CHOSEN = "this chapter was not chosen"
_MOST = 0.5  # of the book's words in one file: it is divided at its headings
_TITLE = 80  # characters
_NO_LEVEL = 7  # below every heading that has one
_ABOUT = frozenset({BlockKind.METADATA, BlockKind.TOC})  # of the book, not of a chapter
_TITLE_KINDS = frozenset({BlockKind.HEADING, BlockKind.PARAGRAPH})
_NO_ENTRY = frozenset({BlockKind.METADATA, BlockKind.HEADING, BlockKind.ALT, BlockKind.CODE})
_CUT_OUT = frozenset({PartKind.REFERENCES, PartKind.INDEX})
_ENTRIES = 15  # at least
_PAGES = re.compile(r"(?<!\d)(\d{1,4})(?:\s*[,;–-]\s*\d{1,4})*\.?$")
_END = tuple(".!?。！？")


SKIPPED = {
    PartKind.REFERENCES: "references stay as they are",
    PartKind.INDEX: "the index stays as it is",
    PartKind.CONTENTS: "the table of contents stays as it is",
    PartKind.COPYRIGHT: "copyright pages stay as they are",
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: ``blocks[start:end]`` of its book. ``number`` counts from 1.

    ``words`` are those that there are to translate, without code and the like.
    """

    number: int
    title: str
    words: int
    kind: PartKind
    section: str
    start: int
    end: int


def chapters(blocks: Sequence[Block]) -> list[Chapter]:
    """The chapters of a book in reading order.

    Its metadata, navigation and NCX belong to none: :func:`chosen` goes by their labels.
    """
    sizes = [count_words(block.text) if block.keep is None else 0 for block in blocks]
    total = sum(size for block, size in zip(blocks, sizes, strict=True) if block.kind not in _ABOUT)
    found: list[Chapter] = []
    for start, end in _sections(blocks):
        words = sum(sizes[start:end])
        for first, last in _divided(blocks, start, end, whole=words < _MOST * total):
            part = blocks[first:last]
            title = _title(part)
            kind = _kind(part, title, first / len(blocks))
            found.append(
                Chapter(
                    len(found) + 1,
                    title,
                    sum(sizes[first:last]),
                    kind,
                    part[0].section,
                    first,
                    last,
                )
            )
    return found


def chosen(
    blocks: Sequence[Block], numbers: Sequence[int] | None, skip: Iterable[str]
) -> list[Block]:
    """The blocks, with a reason to keep for those that are not to be translated.

    ``numbers`` are the chapters to translate (``None``: all), ``skip`` names of
    :class:`PartKind`. Labels of the navigation that name only chapters that stay, stay too.
    Raises :class:`InputError` for a number or a name that does not exist, and when nothing is left.
    """
    skipped = {known_part(name) for name in skip}
    if numbers is None and not skipped:
        return list(blocks)
    listed = chapters(blocks)
    count = "1 chapter" if len(listed) == 1 else f"{len(listed)} chapters"
    for number in numbers or ():
        if not 1 <= number <= len(listed):
            raise InputError(
                f"The book has {count}, no chapter {number}.",
                "`verso book FILE --list-chapters` shows them.",
            )
    reasons: dict[int, str] = {}  # by place
    stays: dict[str, str] = {}  # by title
    goes = {_plain(b).casefold() for b in blocks if b.kind is BlockKind.METADATA}
    inside: set[int] = set()
    for chapter in listed:
        places = range(chapter.start, chapter.end)
        inside.update(places)
        reason = SKIPPED[chapter.kind] if chapter.kind in skipped else None
        if numbers is not None and chapter.number not in numbers:
            reason = NOT_CHOSEN
        names = _names(chapter.title, blocks[chapter.start : chapter.end])
        if reason is None:
            goes |= names
        else:
            reasons.update(dict.fromkeys(places, reason))
            stays.update(dict.fromkeys(names, reason))
    if inside == reasons.keys():
        raise InputError(
            "Nothing of the book is left to translate.",
            "Choose more chapters, or skip fewer parts.",
        )
    for place, block in enumerate(blocks):
        if place not in inside and block.kind is BlockKind.TOC:
            label = _plain(block)
            if PartKind.CONTENTS in skipped:
                reasons[place] = SKIPPED[PartKind.CONTENTS]
            elif label.casefold() in stays and label.casefold() not in goes:
                reasons[place] = stays[label.casefold()]
    return [
        replace(block, keep=reasons[place]) if place in reasons and block.keep is None else block
        for place, block in enumerate(blocks)
    ]


def known_part(name: str) -> PartKind:
    """The kind of part that a person wants to skip. Raises :class:`InputError`."""
    wanted = name.strip().lower()
    kind = next((kind for kind in SKIPPED if kind.value == wanted), None)
    if kind is None:
        raise InputError(f"Verso cannot skip {name!r}.", f"Choose from: {', '.join(SKIPPED)}.")
    return kind


def parse_numbers(text: str) -> tuple[int, ...]:
    """Chapter numbers from text such as ``1-3,5``, in order, each once.

    Raises :class:`InputError` when it says something else.
    """
    numbers: set[int] = set()
    for piece in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,5})\s*(?:[-–]\s*(\d{1,5})\s*)?", piece)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last:
            raise InputError(f"{text!r} names no chapters.", "Write it like 1-3,5.")
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """Neighbours of the same file that hold more than what is about the book."""
    start = 0
    for end in range(1, len(blocks) + 1):
        if end == len(blocks) or blocks[end].section != blocks[start].section:
            if any(block.kind not in _ABOUT for block in blocks[start:end]):
                yield start, end
            start = end


def _divided(
    blocks: Sequence[Block], start: int, end: int, *, whole: bool
) -> Iterator[tuple[int, int]]:
    """A section in one piece (``whole``), or cut at its highest headings.

    References and an index are cut out in both cases.
    """
    heads = [i for i in range(start, end) if blocks[i].kind is BlockKind.HEADING]
    heads = heads or [i for i in range(start, end) if is_title(_plain(blocks[i]))]
    highest = _highest(_level(blocks[i]) for i in heads)
    text = set(range(start, end)) - set(heads)
    text -= {i for i in text if blocks[i].kind in _ABOUT}
    cuts = [start]
    special: Block | None = None  # the references that the last cut began
    for i in heads:
        block = blocks[i]
        if kinds_named(_plain(block)) & _CUT_OUT:
            cuts.append(i)
            special = block
        elif special is not None and _level(block) <= _level(special):
            cuts.append(i)
            special = None
        elif not whole and _level(block) <= highest and not text.isdisjoint(range(cuts[-1], i)):
            # Right below another heading it would be a chapter's title below its number.
            cuts.append(i)
            special = None
    if len(cuts) > 1 and text.isdisjoint(range(start, cuts[1])):
        del cuts[1]
    yield from zip(cuts, [*cuts[1:], end], strict=True)


def _level(block: Block) -> int:
    return block.level or _NO_LEVEL


def _highest(levels: Iterable[int]) -> int:
    """The level that divides: the highest that comes more than once (a title comes once)."""
    counts = Counter(levels)
    return min(
        (level for level, count in counts.items() if count > 1), default=max(counts, default=0)
    )


def _title(part: Sequence[Block]) -> str:
    """A chapter's first heading, else the title of its page, else how it begins."""
    first = next((i for i, b in enumerate(part) if b.kind is BlockKind.HEADING), None)
    if first is None:
        page = next((b for b in part if b.kind is BlockKind.METADATA and _plain(b)), None)
        if page is not None:
            return _short(_plain(page))
        first = next((i for i, b in enumerate(part) if _plain(b)), 0)
    title = _plain(part[first])
    if only_number(title) and first + 1 < len(part):
        below = _plain(part[first + 1])
        if len(below) <= _TITLE and part[first + 1].kind in _TITLE_KINDS and below[-1:] not in _END:
            title = f"{title} {below}"
    return _short(title)


def _short(text: str) -> str:
    return text if len(text) <= _TITLE else text[: _TITLE - 1].rsplit(" ", 1)[0] + "…"


def _kind(part: Sequence[Block], title: str, place: float) -> PartKind:
    """What a chapter is: as the file says, as its title says, as it looks.

    ``place`` is where it begins in the book, from 0 to 1.
    """
    roles = Counter(block.role for block in part if block.kind not in _ABOUT)
    role = max(roles, key=lambda name: roles[name], default="")
    if role:
        return PartKind(role)
    pages = [_plain(block) for block in part if block.kind is BlockKind.METADATA]
    for name in (title, *pages):
        if kinds := kinds_named(name):
            either = PartKind.CONTENTS if place < 0.5 else PartKind.INDEX
            return either if len(kinds) > 1 and either in kinds else min(kinds)
    if sum(block.kind is BlockKind.TOC for block in part) > len(part) / 2:
        return PartKind.CONTENTS
    return _kind_by_look(part)


def _kind_by_look(part: Sequence[Block]) -> PartKind:
    """An index or a table of contents: short entries that end in page numbers."""
    entries = [text for b in part if b.kind not in _NO_ENTRY and (text := _plain(b))]
    if len(entries) < _ENTRIES or sum(len(e.split()) > 12 for e in entries) > len(entries) / 5:
        return PartKind.TEXT
    pages = [int(found[1]) for entry in entries if (found := _PAGES.search(entry))]
    if len(pages) < 0.6 * len(entries):
        return PartKind.TEXT
    rising = sum(a <= b for a, b in pairwise(pages))
    return PartKind.CONTENTS if rising >= 0.9 * (len(pages) - 1) else PartKind.INDEX


def _names(title: str, part: Sequence[Block]) -> set[str]:
    """What the navigation may call a chapter or a part of it."""
    kinds = (BlockKind.HEADING, BlockKind.METADATA)
    return {title.casefold()} | {_plain(b).casefold() for b in part if b.kind in kinds}


def _plain(block: Block) -> str:
    return " ".join(markup.plain(block.text).split())
