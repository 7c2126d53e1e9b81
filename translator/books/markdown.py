"""Markdown: CommonMark with tables, strikethrough, footnotes, definitions, formulas, front matter.

Paragraphs, headings, list items, table cells, notes, the descriptions of images, the titles of
links, and title and description in front matter are translated. Code, formulas, HTML blocks,
addresses, other front matter and the marks of directives stay. A translated
paragraph stands on one line. In a bilingual edition paragraphs stand twice; headings and cells have
both texts on their line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from translator.books import base, safety
from translator.books.base import Bilingual, WriteOptions
from translator.books.decoding import Decoded, decode_text
from translator.books.markdown_reader import Reader
from translator.books.spliced import Copies, Part, SplicedBook, changed_units, compose
from translator.books.xmltree import Edit


def read(path: Path) -> MarkdownBook:
    """Read a Markdown file. Raises :class:`BookError` when it is no text or has none."""
    safety.check_size(path, safety.MAX_MARKUP, "text", "Split it.")
    return MarkdownBook(path, decode_text(path.read_bytes(), path.name))


class MarkdownBook(SplicedBook):
    """A Markdown file that was read; see :class:`translator.books.base.Book`."""

    format = "markdown"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below")

    def __init__(self, path: Path, decoded: Decoded) -> None:
        self._decoded = decoded
        reader = Reader(decoded.text)
        self._inventory = reader.inventory
        self._declared = reader.declared
        self._twice = reader.twice
        self.language = reader.declared[2] if reader.declared else ""
        self.title = reader.title
        guess = "" if decoded.sure else " (as it seems)"
        note = f"The text is encoded as {decoded.encoding}{guess}."
        super().__init__(path, [Part("text", decoded.text, reader.units)], [note])

    def inventory(self) -> Counter[str]:
        """Links, images, notes, formulas and code."""
        return self._inventory

    def _compose(
        self, texts: Mapping[str, str], options: WriteOptions, copies: Copies
    ) -> tuple[str, Decoded]:
        """The marked text, and the text as it goes into the file."""
        changed = changed_units(self._parts[0].units, texts)
        edits = []
        if self._declared and changed:
            edits.append(Edit(*self._declared.span(2), options.target))
        if options.bilingual != "none":
            for block in dict.fromkeys(self._twice[u.id] for u in changed if u.id in self._twice):
                pieces = (block.copy, block.between)
                above = options.bilingual == "above"
                place = block.start if above else block.end
                text = "".join(pieces if above else reversed(pieces))
                edits.append(Edit(place, place, copies.mark(text)))
        marked = compose(self._parts[0], texts, edits)
        text = copies.written(marked)
        try:
            text.encode(self._decoded.encoding)
        except UnicodeEncodeError:  # latin-1 and the like cannot hold every language
            return marked, Decoded(text, "utf-8")
        return marked, replace(self._decoded, text=text)

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        _, coded = self._compose(texts, options, Copies(self._decoded.text, texts))
        with base.atomic_output(output) as file:
            file.write(coded.bom + coded.text.encode(coded.encoding, "replace"))

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> MarkdownBook:
        copies = Copies(self._decoded.text, texts)
        marked, coded = self._compose(texts, options, copies)
        data = output.read_bytes().removeprefix(coded.bom)
        text = copies.left_out(marked, data.decode(coded.encoding, "replace"))
        return MarkdownBook(output, replace(coded, text=text))
