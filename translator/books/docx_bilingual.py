"""Where the source text stands in a bilingual edition of a Word document.

A paragraph stands twice, in cells of tables too. Headings, list items, notes, headers, footers and
paragraphs that end a page or section have both texts in one paragraph, so that contents,
numbering and pages stay as they are. Side by side, paragraphs that follow each other become the
rows of a table with two columns. Pictures, notes and comments stay with the translation alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from translator.books.base import Bilingual
from translator.books.docx_runs import DocxRun
from translator.books.docx_turn import WordTurn
from translator.books.spliced import Copies
from translator.books.xhtml import Unit
from translator.books.xmltree import Edit, Node, escape
from translator.markup import Mark, Placeholder
from translator.types import BlockKind

# What a document may have once only, or what would show twice.
_ONCE = re.compile(
    r"<w:(?:footnoteReference|endnoteReference|commentReference|annotationRef|bookmark\w+"
    r"|comment\w+|drawing|pict|object)\b|<mc:AlternateContent\b"
)
_STAYS_WHOLE = re.compile(r"<w:(?:sectPr|framePr|pageBreakBefore)\b|\bw:type=\"(?:page|column)\"")
_NOT_COPIED = frozenset({"numPr", "rPr", "pPrChange", "sectPr"})
_BREAK = "<w:r><w:br/></w:r>"
_CELL = '<w:tc><w:tcPr><w:tcW w:w="2500" w:type="pct"/></w:tcPr>'
_TABLE = (
    '<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/></w:tblPr>'
    '<w:tblGrid><w:gridCol w:w="4700"/><w:gridCol w:w="4700"/></w:tblGrid>'
)


@dataclass(slots=True)
class Edition:
    """Collects the insertions that make one part bilingual. ``turn`` is for text in the source
    language; ``apart``: paragraphs may stand twice here."""

    source: str
    mode: Bilingual
    turn: WordTurn
    copies: Copies
    apart: bool
    _inserted: dict[int, str] = field(default_factory=dict)  # by position

    def edits(
        self, units: Iterable[Unit], nodes: dict[str, Node], top: Sequence[Node]
    ) -> list[Edit]:
        """The insertions for units whose text changes. ``top`` are the elements of the body."""
        pairs = {
            node.start: (node, unit, unit.run)
            for unit in units
            if (node := nodes.get(unit.id)) is not None
            and isinstance(unit.run, DocxRun)
            and unit.run.names[0].startswith("w:")
            and unit.kind is not BlockKind.TOC
        }
        rows = self._rows(pairs, top) if self.mode == "side" else set[int]()
        for start, (node, unit, run) in pairs.items():
            if start in rows:
                continue
            copy = self._copy(run)
            if self._may_stand_twice(node, unit):
                copy = self._paragraph(node, copy)
                self._insert(node.end if self.mode == "below" else node.start, copy)
            elif self.mode == "below":
                self._insert(run.end, _BREAK + copy)
            else:
                self._insert(run.start, copy + _BREAK)
        return [Edit(at, at, self.copies.mark(text)) for at, text in self._inserted.items()]

    def _insert(self, position: int, text: str) -> None:
        self._inserted[position] = self._inserted.get(position, "") + text

    def _rows(self, pairs: dict[int, tuple[Node, Unit, DocxRun]], top: Sequence[Node]) -> set[int]:
        """Make rows of paragraphs of the body; return where they start."""
        rows = {
            node.start
            for node in top
            if node.start in pairs and self._may_be_row(node, pairs[node.start][1])
        }
        for index, node in enumerate(top):
            if node.start not in rows:
                continue
            before, after = top[index - 1 : index], top[index + 1 : index + 2]
            copy = self._paragraph(node, self._copy(pairs[node.start][2]))
            begin = "" if before and before[0].start in rows else _TABLE
            self._insert(node.start, f"{begin}<w:tr>{_CELL}{copy}</w:tc>{_CELL}")
            end = "" if after and after[0].start in rows else "</w:tbl>"
            if end and (not after or after[0].name in ("tbl", "sectPr")):
                end += "<w:p/>"  # tables must not touch, nor end a document
            self._insert(node.end, f"</w:tc></w:tr>{end}")
        return rows

    def _may_be_row(self, node: Node, unit: Unit) -> bool:
        return unit.kind is BlockKind.LIST_ITEM or self._may_stand_twice(node, unit)

    def _may_stand_twice(self, node: Node, unit: Unit) -> bool:
        kinds = (BlockKind.PARAGRAPH, BlockKind.CELL)
        raw = self.source[node.start : node.end]
        return self.apart and unit.kind in kinds and not _STAYS_WHOLE.search(raw)

    def _paragraph(self, node: Node, runs: str) -> str:
        properties = next((c for c in node.children if c.name == "pPr"), None)
        kept = "".join(
            self.source[c.start : c.end]
            for c in (properties.children if properties else ())
            if c.name not in _NOT_COPIED
        )
        return f"<w:p>{f'<w:pPr>{kept}</w:pPr>' if kept.strip() else ''}{runs}</w:p>"

    def _copy(self, run: DocxRun) -> str:
        """The runs of the source text: with formatting and links, without what is there once."""
        raws: dict[Placeholder, list[tuple[int, int] | str]] = {}
        for mark, spans in run.raws.items():
            raw = self._raw(run, mark)
            seen = run.seen.get(mark.number, "")
            if mark.mark is not Mark.SINGLE:
                opening = self._raw(run, Placeholder(Mark.OPEN, mark.number))
                raws[mark] = spans if opening.startswith("<w:hyperlink") else []
            elif seen and not _ONCE.search(raw):
                raws[mark] = spans
            else:
                text = f'<w:t xml:space="preserve">{escape(seen)}</w:t>'
                raws[mark] = [f"<w:r>{text}</w:r>"] if seen.strip() else []
        copy = replace(run, raws=raws, turn=self.turn.properties)
        return copy.render(run.text, lambda start, end: self.source[start:end])

    def _raw(self, run: DocxRun, mark: Placeholder) -> str:
        return "".join(
            piece if isinstance(piece, str) else self.source[slice(*piece)]
            for piece in run.raws.get(mark, ())
        )
