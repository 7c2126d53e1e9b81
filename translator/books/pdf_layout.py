"""PDF -> PDF: translations in the places of the source; pictures, drawings and links stay.

Text that is translated is taken off its page, and its translation drawn into the same place: in the
same size if it has room there or in the free space below it, smaller otherwise. Paragraphs that
run over columns or pages flow from place to place. Headers, footers, page numbers, code, formulas
and the text in figures stay as they are.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from translator import markup
from translator.books.base import (
    Bilingual,
    Found,
    WriteOptions,
    atomic_output,
    require_mode,
    require_writable,
)
from translator.books.inline import NOTHING
from translator.books.pdf import language_of, problems, title_of, untype, without_text
from translator.books.pdf_chapters import chapters
from translator.books.pdf_flow import Flow
from translator.books.pdf_layout_found import PageText, find_texts
from translator.books.pdf_layout_look import Space
from translator.books.pdf_layout_texts import Placed, placed
from translator.books.pdf_page import Box, Line, Page, clean
from translator.books.pdf_source import read_source, told
from translator.books.scratch import Scratch
from translator.books.turning import direction
from translator.errors import BookError
from translator.types import Block, BlockKind

SMALLEST = 6.0  # points: a person is told how many paragraphs are set smaller
_SECONDS = 240.0  # for one page, and for saving
_MAX_CRASHES = 5
_TITLE = "about#title"


class LayoutBook:
    """A PDF that is written as a PDF; see :class:`translator.books.base.Book`."""

    format = "pdf"
    bilingual: tuple[Bilingual, ...] = ("none",)

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(Scratch()) as scratch:
            source = read_source(path, scratch.path)
        if problem := without_text(source, path):
            hint = "As an EPUB it can be translated where Tesseract is installed: try -o book.epub."
            raise BookError(problem, hint)
        untype(source.pages)
        self._pages = {page.number: page for page in source.pages}
        self._space = Space(source.pages)
        before = {page.number: page.lines for page in source.pages}
        flow = Flow(source.pages)
        self.title = title_of(source, flow, path)
        self.language = language_of(source)
        self._outline = [title for _, title, _ in source.outline]
        found = placed(chapters(flow.elements, source.outline, self.title))
        self._placed = {each.block.id: each for each in (*self._about(source.title), *found)}
        self._staying = {
            number: _staying(self._pages[number], lines) for number, lines in before.items()
        }
        self._small = 0
        self._notes = ["Headers, footers, code and the text in pictures stay as they are."]
        self._notes += problems(source)

    def _about(self, title: str) -> Iterable[Placed]:
        if clean(title) == self.title:
            yield Placed(Block(_TITLE, self.title, BlockKind.METADATA, "about"), 0)
        for number, entry in enumerate(self._outline, 1):
            text = clean(entry)
            keep = None if any(map(str.isalpha, text)) else NOTHING
            yield Placed(Block(f"outline#{number}", text, BlockKind.TOC, "outline", keep), 0)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, after writing also about the sizes of the text."""
        if not self._small:
            return tuple(self._notes)
        small = f"{self._small} paragraphs had to be set in less than {SMALLEST:g} points."
        return (*self._notes, small)

    def blocks(self) -> list[Block]:
        """All text in reading order, after the title and the outline."""
        return [each.block for each in self._placed.values()]

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        each = self._placed[block_id]
        if found := markup.problems(each.block.text, text):
            return found
        return "" if each.visible(text).strip() else "it has no text"

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block."""
        return self._placed[block_id].visible(text)

    def inventory(self) -> Counter[str]:
        """Links and pictures."""
        return _inventory(self._read(self.path)[1].values())

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the translated PDF; see :meth:`translator.books.base.Book.write`."""
        require_mode(self, options)
        require_writable(self, texts, self._placed)
        changed = {i: t for i, t in texts.items() if t != self._placed[i].block.text}
        skipped: set[int] = set()
        with closing(Scratch()) as scratch:
            written = scratch.path / "written.pdf"
            while (page := self._write(written, changed, options, skipped)) is not None:
                skipped.add(page)  # its blocks are named failures then
                if len(skipped) > _MAX_CRASHES:
                    raise BookError(
                        f"{self.path.name} cannot be written as a PDF: page after page fails.",
                        "Write an EPUB instead.",
                    )
            with atomic_output(output) as file, written.open("rb") as made:
                shutil.copyfileobj(made, file)

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written PDF again; see :meth:`translator.books.base.Book.found`."""
        about, pages = self._read(output)
        found = find_texts(self._placed.values(), texts, pages, self._staying, options.target)
        titles = about["outline"] if len(about["outline"]) == len(self._outline) else []
        for number, entry in enumerate(titles, 1):
            found[f"outline#{number}"] = clean(" ".join(entry.split()))
        found[_TITLE] = clean(about["title"])
        unread = [page.number for page in self._pages.values() if page.problem]
        missing = {each.block.id: "" for each in self._placed.values() if each.page in unread}
        return Found({**found, **missing}, _inventory(pages.values()))

    def _write(
        self, written: Path, texts: Mapping[str, str], options: WriteOptions, skipped: set[int]
    ) -> int | None:
        """Write all but the skipped pages; the number of a page that the library fails on."""
        order = self._order(texts, options, skipped)
        path = written.with_name("order.json")
        job = {**order, "source": str(self.path), "output": str(written)}
        path.write_text(json.dumps(job), encoding="utf-8")
        numbers = sorted(map(int, order["pages"]))
        done = 0
        for said in _worker("write", str(path)):
            done += "page" in said
            self._small = said.get("small", self._small)
            if "done" in said:
                return None
        if not numbers or done >= 2 * len(numbers):
            raise BookError(f"{self.path.name} cannot be written as a PDF.", "Write an EPUB.")
        return numbers[done % len(numbers)]

    def _order(
        self, texts: Mapping[str, str], options: WriteOptions, skipped: set[int]
    ) -> dict[str, Any]:
        forward = direction(options.target)
        pages: dict[int, dict[str, Any]] = {}
        drawn: list[dict[str, Any]] = []
        for block_id, text in texts.items():
            each = self._placed[block_id]
            if each.look is None or skipped & set(each.pages):
                continue
            look = each.look
            rooms = self._space.rooms(list(each.lines), look.pitch, forward == "rtl")
            places = [(r.page, self._box(r.page, r.own), self._box(r.page, r.free)) for r in rooms]
            tail = each.tail and 0.62 * look.size * (len(each.tail) + 1)
            if tail:
                (page, own, free), *_ = places[-1:]
                places[-1] = page, _narrowed(own, tail), _narrowed(free, tail)
            html = each.html(text, options.target, forward)
            css = look.css(forward == "rtl")
            drawn.append({"html": html, "css": css, "size": look.size, "places": places})
            if tail:
                edge = own[2] - tail, own[1], own[2], own[3]
                html = f'<p style="text-align: right">{each.tail}</p>'
                place = page, edge, edge
                drawn.append({"html": html, "css": css, "size": look.size, "places": [place]})
            for number in each.pages:
                pages.setdefault(number, self._page(number))
            for number, box in each.boxes:
                pages[number]["redact"].append(_strip(box, self._pages[number]))
        outline = [texts.get(f"outline#{n}") for n in range(1, len(self._outline) + 1)]
        return {
            "texts": drawn,
            "pages": pages,
            "outline": outline,
            "title": texts.get(_TITLE),
            "language": options.target,
            "smallest": SMALLEST,
        }

    def _page(self, number: int) -> dict[str, Any]:
        page = self._pages[number]
        size = {"width": page.width, "height": page.height}
        return {**size, "turned": page.turned, "redact": []}

    def _box(self, number: int, box: Box) -> Box:
        """A box on the page turned, but not mirrored."""
        page = self._pages[number]
        return (page.width - box[2], box[1], page.width - box[0], box[3]) if page.mirrored else box

    def _read(self, path: Path) -> tuple[dict[str, Any], dict[int, PageText]]:
        """What a PDF says of itself, and its pages."""
        about, *rest = list(_worker("pages", str(path))) or [{"title": "", "outline": []}]
        return about, {
            each["page"]: PageText(each["text"], tuple(each["links"]), each["images"])
            for each in rest
        }


def _staying(page: Page, lines: list[Line]) -> str:
    """The text of a page's pictures, and of its headers and footers: lines that are gone now."""
    own = set(map(id, page.lines))
    pictures = [picture.text for picture in page.pictures]
    return "\n".join([*pictures, *(line.text for line in lines if id(line) not in own)])


def _worker(task: str, argument: str) -> Iterable[dict[str, Any]]:
    return told("pdf_layout_worker", task, [argument], _SECONDS)


def _inventory(pages: Iterable[PageText]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update(f"link to {link}" for link in page.links)
        counts["picture"] += page.images
    return counts


def _narrowed(box: Box, width: float) -> Box:
    return box[0], box[1], max(box[0] + 1, box[2] - width), box[3]


def _strip(box: Box, page: Page) -> Box:
    """The middle of a line: what touches it is the line's own text, not that of its neighbours."""
    x0, y0, x1, y1 = box
    if page.turned[0] == 0:
        return x0 + 0.35 * (x1 - x0), y0 + 0.2, x1 - 0.35 * (x1 - x0), y1 - 0.2
    return x0 + 0.2, y0 + 0.35 * (y1 - y0), x1 - 0.2, y1 - 0.35 * (y1 - y0)
