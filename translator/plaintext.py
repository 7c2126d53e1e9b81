"""Pasted text to blocks, and back to the exact text.

Blank lines part paragraphs. Whether the lines of a paragraph are hard-wrapped prose or lines
that someone meant (a list, a poem, a dialogue, an address) is decided like this: a paragraph is
wrapped when nearly every line is as full as the next word allows at the text's own width (55
columns or more), and a good share of the following lines, in the paragraph or in all of the
text, starts in lower case, where the script has it. Wrapped lines become one block; otherwise
each line is a block of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from translator.detection import script_of
from translator.types import Block

_MIN_WIDTH = 55  # columns; a wide (East Asian) character takes two
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_LIST_MARK = re.compile(r"\s*(?:[-*+•‣◦–—>#|]|\(?[0-9]{1,3}[.)、]|[a-zA-Z][.)])\s")
_UNSPACED = frozenset({"Hani", "Kana", "Thai"})


@dataclass(frozen=True, slots=True)
class TextBlocks:
    """The blocks of a plain text and what lies around them.

    ``glue`` has one string more than there are blocks. ``raw`` holds each block's text as it
    stood in the source, with the line ends that wrapping put there.
    """

    blocks: tuple[Block, ...]
    glue: tuple[str, ...]
    raw: tuple[str, ...]

    def rebuild(self, texts: Mapping[str, str]) -> str:
        """The whole text with the blocks' texts from ``texts`` (by block id).

        A block that is missing or unchanged stands exactly as in the source.
        """
        pieces = [self.glue[0]]
        for block, raw, glue in zip(self.blocks, self.raw, self.glue[1:], strict=True):
            text = texts.get(block.id, block.text)
            pieces += [raw if text == block.text else text, glue]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int  # without the line end
    text: str


def blocks_of_text(text: str, section: str = "") -> TextBlocks:
    """Blocks of a pasted text: a paragraph, or a line where lines are meant. Lossless.

    Ids are ``p0``, ``p1``, ... in order, after ``section:`` if there is one.
    """
    paragraphs = _paragraphs(text)
    spans: list[tuple[int, int, str]] = []
    for lines, wrapped in zip(paragraphs, _wrapped(paragraphs), strict=True):
        if wrapped:
            spans.append((lines[0].start, lines[-1].end, _unwrapped(lines)))
        else:
            spans += [(line.start, line.end, line.text) for line in lines]
    prefix = f"{section}:" if section else ""
    blocks: list[Block] = []
    glue: list[str] = []
    raw: list[str] = []
    at = 0
    for number, (start, end, block_text) in enumerate(spans):
        glue.append(text[at:start])
        blocks.append(Block(f"{prefix}p{number}", block_text, section=section))
        raw.append(text[start:end])
        at = end
    glue.append(text[at:])
    return TextBlocks(tuple(blocks), tuple(glue), tuple(raw))


def _paragraphs(text: str) -> list[list[_Line]]:
    """Runs of lines that are not blank; each line without white space at its ends."""
    found: list[list[_Line]] = [[]]
    start = 0
    for match in [*_LINE_END.finditer(text), None]:
        end = match.start() if match else len(text)
        line = text[start:end]
        bare = line.strip()
        if bare:
            first = start + line.index(bare)
            found[-1].append(_Line(first, first + len(bare), bare))
        elif found[-1]:
            found.append([])
        start = match.end() if match else end
    return [lines for lines in found if lines]


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _width(paragraphs: list[list[_Line]]) -> int:
    """The width that the text seems to be wrapped at: its longest line that others follow."""
    widths = sorted(_columns(line.text) for lines in paragraphs for line in lines[:-1])
    # One unbreakable address may stick out.
    return widths[-1 - len(widths) // 50] if widths else 0


@dataclass(frozen=True, slots=True)
class _Joints:
    """What the places between two lines look like: how many there are, how many of them follow a
    full line, and of those before a cased letter how many stand before a lower-case one."""

    count: int = 0
    full: int = 0
    cased: int = 0
    lower: int = 0

    def __add__(self, other: _Joints) -> _Joints:
        return _Joints(
            self.count + other.count,
            self.full + other.full,
            self.cased + other.cased,
            self.lower + other.lower,
        )

    @property
    def mostly_full(self) -> bool:
        return self.full >= 0.9 * self.count

    @property
    def like_prose(self) -> bool:
        return not self.cased or self.lower >= 0.3 * self.cased


def _joints(lines: list[_Line], width: int) -> _Joints:
    # Text columns of a paragraph may be narrower than those of another.
    own = max(_columns(line.text) for line in lines)
    width = width if own > 0.8 * width else own
    if width < _MIN_WIDTH or any(_LIST_MARK.match(line.text) for line in lines):
        return _Joints()
    full = lower = cased = 0
    for line, following in pairwise(lines):
        columns = _columns(line.text)
        if script_of(following.text[0]) in _UNSPACED:
            full += columns >= 0.85 * width
        else:
            full += columns + 1 + _columns(following.text.split(maxsplit=1)[0]) >= width
        first = next((c for c in following.text if c.isalpha()), "")
        cased += first.islower() or first.isupper()
        lower += first.islower()
    return _Joints(len(lines) - 1, full, cased, lower)


def _wrapped(paragraphs: list[list[_Line]]) -> list[bool]:
    """For each paragraph, whether its lines are one text."""
    width = _width(paragraphs)
    joints = [_joints(lines, width) for lines in paragraphs]
    whole = sum(joints, _Joints())
    prose = whole.count >= 8 and whole.full >= 0.8 * whole.count and whole.like_prose
    return [bool(j.count) and j.mostly_full and (prose or j.like_prose) for j in joints]


def _unwrapped(lines: list[_Line]) -> str:
    pieces = [lines[0].text]
    for last, line in pairwise(lines):
        end, start = last.text[-1], line.text[0]
        if end == "\u00ad":
            pieces[-1] = pieces[-1][:-1]
        elif end == "-" and last.text[-2:-1].isalpha() and start.islower():
            pass  # a hyphen at a line's end may be part of the word: it stays
        elif not (_is_wide(end) and _is_wide(start)):
            pieces.append(" ")
        pieces.append(line.text)
    return "".join(pieces)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" and script_of(char) != "Hang"
