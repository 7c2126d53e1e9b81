"""The segments of a campaign: from a pasted text, a book, or a test set."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from trainer.campaigns.plan import Texts
from trainer.campaigns.types import Source
from trainer.evaluate_systems import read_beside, read_lines
from translator import chapters, languages, markup, segmenting, tmx
from translator.books.base import open_book
from translator.errors import InputError
from translator.types import Block, BlockKind

LONGEST = {True: 700, False: 260}  # characters of a segment, in scripts with blanks and without
_TEXT = frozenset({
    BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CELL, BlockKind.CAPTION, BlockKind.NOTE,
    BlockKind.CUE,
})  # fmt: skip
_RULE = re.compile(r"\s*(?:[-–—*=#_]\s*){3,}")


@dataclass(frozen=True, slots=True)
class Sources:
    """Segments in order. Segment N is on line ``lines[N]`` (from 0) of a file with ``total``
    lines; where no file has a line for each segment, the lines are the segments themselves."""

    rows: tuple[Source, ...]
    lines: tuple[int, ...]
    total: int


def read(texts: Texts, source: str, target: str) -> Sources:
    """All segments of what a plan names; ``texts.segments`` is not looked at yet.

    Raises :class:`InputError` if a file cannot be read or has no text.
    """
    if texts.kind == "text":
        rows = _pasted(texts.value, source)
    elif texts.kind == "book":
        rows = _book(Path(texts.value), texts.chapters, source)
    elif texts.kind == "tmx":
        rows = _tmx(Path(texts.value), source, target)
    elif texts.kind == "jsonl":
        rows = _jsonl(Path(texts.value))
    else:
        return _lines(texts)
    if not rows:
        raise InputError("There is no text to translate.", "Choose another text or file.")
    return Sources(tuple(rows), tuple(range(len(rows))), len(rows))


def choose(sources: Sources, segments: int, excerpt: int, seed: int) -> Sources:
    """About so many segments (0: all), drawn by documents; never single ones out of their text.

    ``excerpt`` cuts documents to runs of so many segments first (0: they stay whole). Documents
    come in their own order; what does not fit any more is left out, but for the first.
    """
    pieces = list(_excerpts(sources, excerpt))
    if not segments or sum(map(len, pieces)) <= segments:
        chosen = set(range(len(pieces)))
    else:
        order = list(range(len(pieces)))
        random.Random(seed).shuffle(order)
        chosen, size = set(), 0
        for number in order:
            if not chosen or size + len(pieces[number]) <= segments:
                chosen.add(number)
                size += len(pieces[number])
    kept = [pair for number, piece in enumerate(pieces) if number in chosen for pair in piece]
    return Sources(tuple(row for row, _ in kept), tuple(line for _, line in kept), sources.total)


def _excerpts(sources: Sources, longest: int) -> Iterator[list[tuple[Source, int]]]:
    """Documents, or runs of their segments of about equal size, with names of their own."""
    pairs = zip(sources.rows, sources.lines, strict=True)
    for document, group in groupby(pairs, key=lambda pair: pair[0].document):
        rows = list(group)
        count = -(-len(rows) // longest) if longest else 1
        if count < 2:
            yield rows
            continue
        ends = [len(rows) * number // count for number in range(count + 1)]
        for start, end in pairwise(ends):
            name = f"{document} · {start + 1}–{end}"
            yield [
                (replace(row, document=name, position=place), line)
                for place, (row, line) in enumerate(rows[start:end])
            ]


def _pasted(text: str, language: str) -> list[Source]:
    """Paragraphs; a line of dashes or stars begins a new document."""
    parts: list[list[Block]] = [[]]
    for block in segmenting.blocks_of_text(text).blocks:
        if _RULE.fullmatch(block.text):
            parts.append([])
        else:
            parts[-1].append(block)
    parts = [part for part in parts if part]
    names = ["Text"] if len(parts) == 1 else [f"Text {n}" for n in range(1, len(parts) + 1)]
    return [
        row
        for name, part in zip(names, parts, strict=True)
        for row in _segments(name, part, language)
    ]


def _book(path: Path, wanted: str, language: str) -> list[Source]:
    """The running text of a book, a document a chapter."""
    blocks = open_book(path).blocks()
    listed = chapters.chapters(blocks)
    numbers = chapters.parse_numbers(wanted) if wanted.strip() else None
    if numbers and numbers[-1] > len(listed):
        raise InputError(
            f"{path.name} has {len(listed)} chapters, no chapter {numbers[-1]}.",
            f"`verso book {path.name} --list-chapters` shows them.",
        )
    names: Counter[str] = Counter()
    rows: list[Source] = []
    for chapter in listed:
        if numbers is not None and chapter.number not in numbers:
            continue
        if numbers is None and chapter.kind in chapters.SKIPPED:
            continue
        name = chapter.title or f"Chapter {chapter.number}"
        names[name] += 1
        name = name if names[name] == 1 else f"{name} ({names[name]})"
        part = [b for b in blocks[chapter.start : chapter.end] if b.kind in _TEXT]
        rows += _segments(name, part, language)
    return rows


def _segments(document: str, blocks: Sequence[Block], language: str) -> list[Source]:
    """Paragraphs as plain text; long ones are cut at sentences, what has no letter is left out."""
    plain = [replace(block, text=plain_line(block.text)) for block in blocks]
    limit = LONGEST[languages.get(language).spaced]
    found = segmenting.split_blocks(
        plain, limit, lambda texts: [len(text) for text in texts], language
    )
    texts = [segment.text for segment in found if segment.keep is None]
    return [Source(document, position, text) for position, text in enumerate(texts)]


def _lines(texts: Texts) -> Sources:
    """A test set: a line is a segment, an empty one ends a document where none are named."""
    path = Path(texts.value)
    lines = read_lines(path)
    references, documents = (
        read_beside(Path(name), len(lines), path.name) if name else ()
        for name in (texts.reference, texts.documents)
    )
    named = [name.strip() or "Text" for name in documents] or _parted(lines)
    groups: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if line.strip():
            groups.setdefault(named[number], []).append(number)
    if not groups:
        raise InputError(f"{path.name} has no text.", "Choose the file to be translated.")
    answers = [plain_line(reference) or None for reference in references] or [None] * len(lines)
    rows = [
        Source(name, position, plain_line(lines[n]), answers[n])
        for name, numbers in groups.items()
        for position, n in enumerate(numbers)
    ]
    return Sources(tuple(rows), tuple(n for g in groups.values() for n in g), len(lines))


def _parted(lines: Sequence[str]) -> list[str]:
    """A document's name for each line: empty lines part documents."""
    parts: list[int] = []
    for number, line in enumerate(lines):
        begins = bool(line.strip()) and number > 0 and not lines[number - 1].strip()
        parts.append(parts[-1] + begins if parts else 1)
    return ["Text" if parts[-1] == 1 else f"Text {part}" for part in parts]


def _tmx(path: Path, source: str, target: str) -> list[Source]:
    """The units of these languages, each source text once; the targets are references."""
    skipped: Counter[str] = Counter()
    found: dict[str, str] = {}
    for unit in tmx.read(path, skipped):
        if (unit.source_language, unit.target_language) == (source, target):
            found.setdefault(plain_line(unit.source), plain_line(unit.target))
    if not found:
        raise InputError(
            f"{path.name} has nothing from {source} to {target}.", "Choose other languages."
        )
    return [Source("Text", n, text, reference) for n, (text, reference) in enumerate(found.items())]


def _jsonl(path: Path) -> list[Source]:
    """Rows with ``source`` and, if they like, ``document`` and ``reference``."""
    documents: dict[str, list[tuple[str, str | None]]] = {}
    for number, row in json_rows(path):
        text = row.get("source")
        if not isinstance(text, str):
            raise InputError(
                f"Line {number} of {path.name} has no source.", 'Write {"source": "…"}.'
            )
        reference = row.get("reference")
        reference = plain_line(reference) if isinstance(reference, str) else None
        if text.strip():
            name = str(row.get("document") or "Text")
            documents.setdefault(name, []).append((plain_line(text), reference or None))
    return [
        Source(name, position, text, reference)
        for name, texts in documents.items()
        for position, (text, reference) in enumerate(texts)
    ]


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their line numbers (from 1). Raises :class:`InputError`."""
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"Line {number} of {path.name} is no JSON.", "It should be one object a line."
            ) from error
        if not isinstance(row, dict):
            raise InputError(f"Line {number} of {path.name} is no object.", 'Begin it with "{".')
        yield number, row


def plain_line(text: str) -> str:
    """A text without markup and line breaks, its white space single blanks."""
    return " ".join(markup.plain(text).split())
