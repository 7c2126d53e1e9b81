"""The text of a subtitle: who speaks, tags, and lines of good length."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from math import ceil

from translator import markup
from translator.books.inline import Piece
from translator.books.layout import glue, width
from translator.books.xmltree import split_references

MAX_CELLS = 42  # the usual limit of a subtitle's line; 21 wide characters
_SRT_TAG = re.compile(
    r"</?(?P<name>i|b|u|s|em|strong|font|c|v|ruby|rt|rp|lang|span)\b[^<>]*>"
    r"|\{\\[^{}]*\}|\{/?(?P<brace>[ibusy])\}",
    re.I,
)
_VTT_TAG = re.compile(r"</?(?P<name>[A-Za-z]+)[^<>]*>|<[\d:.]+>|</?>(?P<brace>(?!))?")
_NEWLINE = re.compile(r"[^\S\r\n\u00a0]*(?:(?:\r\n|\r|\n)[^\S\r\n\u00a0]*)+")
_LINE = re.compile(r"[^\r\n]+")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.I)
_RESERVED = re.compile(f"([{markup.RESERVED}])")
_LEADER = r"(?:[-‐‑–—―•♪♫]|>>+|&gt;(?:&gt;)+)"
_HEAD = re.compile(rf"(?:{_LEADER}\s*)+")
_TAIL = re.compile(r"(?:\s*[♪♫])+$")
_SOUND = r"(?:\([^()]{1,40}\)|\[[^\][]{1,40}\])"
_TURN = re.compile(rf"{_LEADER}|[A-Z][A-Z0-9 .'#-]{{0,24}}:|{_SOUND}\s*(?::|$)")
_NO_START = "、。，．,.!?！？：；:;」』）)]】》〉”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_NO_END = "「『（([【《〈“‘"


def tag_pattern(vtt: bool) -> re.Pattern[str]:
    """What is a tag and no text."""
    return _VTT_TAG if vtt else _SRT_TAG


def turns(source: str, start: int, end: int, vtt: bool) -> list[tuple[int, int]]:
    """Where each speaker's lines stand in a cue: a dash, a label or a note sign begins a turn."""
    found: list[tuple[int, int]] = []
    for line in _LINE.finditer(source, start, end):
        if not found or _TURN.match(bare(line[0], vtt)):
            found.append(line.span())
        else:
            found[-1] = (found[-1][0], line.end())
    return found


def turns_of_lines(source: str, start: int, end: int, counts: list[int]) -> list[tuple[int, int]]:
    """Where each speaker's lines stand, given how many lines each has."""
    lines = [line.span() for line in _LINE.finditer(source, start, end)]
    found = []
    for count in counts:
        own, lines = lines[:count], lines[count:]
        if own:
            found.append((own[0][0], own[-1][1]))
    if lines and found:
        found[-1] = (found[-1][0], lines[-1][1])
    return found


def line_count(text: str) -> int:
    """How many lines :func:`turns_of_lines` sees."""
    return len(_LINE.findall(text))


def bare(raw: str, vtt: bool) -> str:
    """A text without its tags."""
    shown = tag_pattern(vtt).sub("", raw)
    return ("".join(t for t, _ in split_references(shown)) if vtt else shown).strip()


def pieces_of(source: str, start: int, end: int, vtt: bool) -> list[Piece]:
    """The pieces of a turn. Dashes and note signs around it are structure, not text."""
    pieces: list[Piece] = []
    opened: list[tuple[str, Piece]] = []
    position = start
    for match in tag_pattern(vtt).finditer(source, start, end):
        pieces += _text(source, position, match.start(), vtt)
        position = match.end()
        name = (match["name"] or match["brace"] or "").lower()
        piece = Piece("atom", match.start(), match.end(), ghost=True)
        pieces.append(piece)
        if not name:
            continue
        if match[0][1] != "/":
            opened.append((name, piece))
            continue
        for index in range(len(opened) - 1, -1, -1):
            if opened[index][0] == name:
                partner = opened[index][1]
                del opened[index:]
                _pair(partner, piece)
                break
    pieces += _text(source, position, end, vtt)
    _leave_out_signs(source, pieces)
    return pieces


def _pair(first: Piece, last: Piece) -> None:
    first.kind, last.kind = "open", "close"
    first.partner, last.partner = last, first
    first.ghost = last.ghost = False


def _text(source: str, start: int, end: int, vtt: bool) -> Iterator[Piece]:
    position = start
    raw = source[start:end] if vtt else _BREAK_TAG.sub(_blanks, source[start:end])
    for index, part in enumerate(_RESERVED.split(raw)):
        stop = position + len(part)
        if index % 2:
            yield Piece("atom", position, stop, part)
        elif part:
            text = "".join(t for t, _ in split_references(part)) if vtt else part
            if _RESERVED.search(text):
                yield Piece("atom", position, stop, text)
            else:
                yield Piece("text", position, stop, _join_lines(text))
        position = stop


def _blanks(match: re.Match[str]) -> str:
    return "\n" * len(match[0])


def _join_lines(text: str) -> str:
    def join(match: re.Match[str]) -> str:
        before, after = text[: match.start()], text[match.end() :]
        return glue(before[-1], after[0]) if before and after else " "

    return _NEWLINE.sub(join, text)


def _leave_out_signs(source: str, pieces: list[Piece]) -> None:
    inked = [i for i, p in enumerate(pieces) if p.kind != "text" or p.text.strip()]
    first = next((i for i in inked if pieces[i].kind == "text"), None)
    raw = source[pieces[first].start : pieces[first].end] if first is not None else ""
    if first is not None and (match := _HEAD.match(raw.lstrip())):
        piece = pieces[first]
        cut = piece.start + len(raw) - len(raw.lstrip()) + match.end()
        shown = _HEAD.sub("", piece.text.lstrip(), count=1)
        if cut < piece.end and shown:
            sign = Piece("atom", piece.start, cut, ghost=True)
            pieces[first : first + 1] = [sign, Piece("text", cut, piece.end, shown)]
    last = next((i for i in range(len(pieces) - 1, -1, -1) if pieces[i].kind == "text"), None)
    if last is not None and (match := _TAIL.search(pieces[last].text.rstrip())):
        piece = pieces[last]
        shown = piece.text.rstrip()[: match.start()]
        raw = source[piece.start : piece.end].rstrip()
        cut = piece.start + len(_TAIL.sub("", raw))
        if shown.strip():
            sign = Piece("atom", cut, piece.end, ghost=True)
            pieces[last : last + 1] = [Piece("text", piece.start, cut, shown), sign]


def balanced(tagged: str, limit: int, spaced: bool) -> list[str]:
    """The lines of a tagged text: as few as fit into ``limit`` cells, of about equal length."""
    tokens = markup.tokenize(" ".join(tagged.split()))
    places: list[tuple[int, int]] = []  # (position in the joined text, cells before it)
    joined, cells = "", 0
    for token in tokens:
        if not isinstance(token, str):
            joined += str(token)
            continue
        for index, char in enumerate(token):
            if char == " " or (not spaced and index and _may_part(token[index - 1], char)):
                places.append((len(joined), cells))
            joined += char
            cells += width(char)
    for count in range(ceil(cells / limit) if cells else 1, len(places) + 2):
        lines = _cut(joined, places, cells, count)
        if all(width(markup.plain(line)) <= limit for line in lines):
            break
    else:
        lines = _cut(joined, places, cells, ceil(cells / limit))
    return [line for line in lines if line]


def _may_part(left: str, right: str) -> bool:
    if left in _NO_END or right in _NO_START or " " in (left, right):
        return False
    return width(left) == 2 or width(right) == 2


def _cut(joined: str, places: list[tuple[int, int]], cells: int, count: int) -> list[str]:
    cuts: list[int] = []
    before = [cells_before for _, cells_before in places]  # never falls
    first = 0
    for number in range(1, count):
        if first == len(places):
            break
        wanted = cells * number / count
        best = bisect_left(before, wanted, first)
        nearer = best < len(before) and before[best] - wanted < wanted - before[best - 1]
        if best > first and not nearer:
            best -= 1
        cuts.append(places[best][0])
        first = best + 1
    edges = [0, *cuts, len(joined)]
    return [joined[a:b].strip() for a, b in pairwise(edges)]


def line_limit(raw: str, vtt: bool) -> int:
    """How many cells a line of a cue's translation may have: the usual, or what the source has."""
    return max([MAX_CELLS, *(width(bare(line, vtt)) for line in raw.splitlines())])
