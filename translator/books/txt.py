"""Plain text in any encoding.

The output has the input's encoding when that can hold the translation, else UTF-8; newline style,
byte order mark, indents, blank lines and trailing white space stay as they were. Text that was
wrapped by hand is wrapped again at the same width where the target separates words by blanks.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from translator import languages, markup
from translator.books import base, safety
from translator.books.base import Bilingual, Found, WriteOptions
from translator.books.decoding import decode_text
from translator.books.layout import Paragraph, Shape, groups, paragraphs, width
from translator.errors import BookError, InputError
from translator.types import Block

_RESERVED = re.compile(f"[{markup.RESERVED}]")
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class _Unit:
    block: Block
    paragraph: Paragraph
    reserved: tuple[str, ...]  # literal noncharacters, in the order of their placeholders
    group: int


def read(path: Path) -> TextBook:
    """Read a text file. Raises :class:`BookError` when it is no text, too large or empty."""
    return TextBook(path)


class TextBook:
    """A text file that was read; see :class:`translator.books.base.Book`."""

    format = "txt"
    title = ""
    language = ""
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below")

    def __init__(self, path: Path) -> None:
        self.path = path
        safety.check_size(path, safety.MAX_TEXT_FILE, "text, more than any book", "Split it.")
        self._decoded = decode_text(path.read_bytes(), path.name)
        self._text = self._decoded.text
        self._newline = _newline(self._text)
        self._units = _units(self._text)
        self._by_id = {unit.block.id: unit for unit in self._units}
        if not self._units:
            raise BookError(f"{path.name} has no text.", "Choose a file with text in it.")
        guess = "" if self._decoded.sure else " (as it seems)"
        self.notes: tuple[str, ...] = (f"The text is encoded as {self.encoding}{guess}.",)

    @property
    def encoding(self) -> str:
        """Python's name of the encoding that was found."""
        return self._decoded.encoding

    def blocks(self) -> list[Block]:
        """The paragraphs."""
        return [unit.block for unit in self._units]

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        unit = self._by_id.get(block_id)
        if unit is not None and text == unit.block.text:
            return ""
        if unit is None or unit.block.keep is not None:
            return "this part of the book stays as it is"
        if problem := markup.problems(unit.block.text, text):
            return problem
        return "" if markup.plain(text).strip() else "it has no text"

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block."""
        return " ".join(_spell(self._by_id[block_id], text).split())

    def inventory(self) -> Counter[str]:
        """Plain text has no markup."""
        return Counter()

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the translated text; see :meth:`translator.books.base.Book.write`."""
        base.require_mode(self, options)
        base.require_writable(self, texts, self._by_id)
        bom, encoding, text = self._result(texts, options)
        with base.atomic_output(output) as file:
            file.write(bom + text.encode(encoding, "replace"))

    def _result(self, texts: Mapping[str, str], options: WriteOptions) -> tuple[bytes, str, str]:
        text = self._compose(texts, options)
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:  # latin-1 and the like cannot hold every language
            return b"", "utf-8", text
        return self._decoded.bom, self.encoding, text

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written file again; see :meth:`translator.books.base.Book.found`.

        Paragraphs are counted by blank lines, which no translation contains, and lines inside
        them as in the source.
        """
        bom, encoding, _ = self._result(texts, options)
        text = output.read_bytes().removeprefix(bom).decode(encoding, "replace")
        written = groups(text)
        found: dict[str, str] = {}
        position = 0
        for units in self._grouped():
            if options.bilingual != "none" and any(_changed(u, texts) for u in units):
                place = position + (options.bilingual == "above")
                position += 2
            else:
                place = position
                position += 1
            lines = [line.text for line in written[place]] if place < len(written) else []
            if len(units) == 1:
                found[units[0].block.id] = " ".join(" ".join(lines).split())
                continue
            for index, unit in enumerate(units):
                line = lines[index] if index < len(lines) else ""
                found[unit.block.id] = " ".join(line.split())
        return Found(found)

    def _grouped(self) -> list[list[_Unit]]:
        grouped: list[list[_Unit]] = []
        for unit in self._units:
            if not grouped or grouped[-1][0].group != unit.group:
                grouped.append([])
            grouped[-1].append(unit)
        return grouped

    def _compose(self, texts: Mapping[str, str], options: WriteOptions) -> str:
        pieces, position = [], 0
        for units in self._grouped():
            start, end = units[0].paragraph.start, units[-1].paragraph.end
            source = self._text[start:end]
            changed = any(_changed(unit, texts) for unit in units)
            target = self._group(units, texts, options) if changed else source
            if changed and options.bilingual != "none":
                both = (source, target) if options.bilingual == "above" else (target, source)
                target = (self._newline * 2 + self._indent(start)).join(both)
            pieces += [self._text[position:start], target]
            position = end
        pieces.append(self._text[position:])
        return "".join(pieces)

    def _group(self, units: list[_Unit], texts: Mapping[str, str], options: WriteOptions) -> str:
        pieces, position = [], units[0].paragraph.start
        for unit in units:
            paragraph = unit.paragraph
            pieces.append(self._text[position : paragraph.start])
            if _changed(unit, texts):
                pieces.append(self._format(unit, texts[unit.block.id], options))
            else:
                pieces.append(self._text[paragraph.start : paragraph.end])
            position = paragraph.end
        return "".join(pieces)

    def _format(self, unit: _Unit, tagged: str, options: WriteOptions) -> str:
        paragraph = unit.paragraph
        lines = [line for raw in _BREAKS.split(_spell(unit, tagged)) if (line := raw.strip())]
        indents = [self._indent(line.start) for line in paragraph.lines[1:]]
        if paragraph.shape is Shape.LINES:
            if len(lines) != len(paragraph.lines):
                indents = indents[:1] * (len(lines) - 1)
        else:
            lines = [" ".join(lines)]
            if len(paragraph.lines) > 1 and _spaced(options.target):
                lines = _wrap(lines[0], max(width(line.text) for line in paragraph.lines))
                indents = indents[:1] * (len(lines) - 1)
        following = (self._newline + i + line for i, line in zip(indents, lines[1:], strict=False))
        return lines[0] + "".join(following)

    def _indent(self, start: int) -> str:
        before = self._text[max(0, start - 200) : start]
        return before[len(before.rstrip(" \t\u3000")) :]


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for group_number, group in enumerate(groups(text)):
        for paragraph in paragraphs(group):
            found = paragraph.text
            reserved = tuple(_RESERVED.findall(found))
            pieces = _RESERVED.split(found)
            marks = [markup.single(number) for number in range(1, len(pieces))]
            tagged = "".join(chain(*zip_longest(pieces, marks, fillvalue="")))
            keep = None if any(map(str.isalpha, found)) else "nothing to translate"
            block = Block(f"text#{len(units) + 1}", tagged, keep=keep)
            units.append(_Unit(block, paragraph, reserved, group_number))
    return units


def _changed(unit: _Unit, texts: Mapping[str, str]) -> bool:
    return texts.get(unit.block.id, unit.block.text) != unit.block.text


def _spell(unit: _Unit, tagged: str) -> str:
    return "".join(
        token if isinstance(token, str) else unit.reserved[token.number - 1]
        for token in markup.tokenize(tagged)
    )


def _newline(text: str) -> str:
    for newline in ("\r\n", "\n", "\r"):
        if newline in text:
            return newline
    return "\n"


def _spaced(tag: str) -> bool:
    try:
        return languages.get(tag).spaced
    except InputError:
        return False


def _wrap(text: str, cells: int) -> list[str]:
    return textwrap.wrap(
        text, cells, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    ) or [text]
