"""Lines in reading order -> paragraphs, headings, lists, code, notes, figures and tables."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from translator.books.pdf_columns import body_size, pitches, reading_order
from translator.books.pdf_elements import Element, Kind, join_lines
from translator.books.pdf_furniture import remove_furniture
from translator.books.pdf_notes import take_notes
from translator.books.pdf_page import Line, Page, Picture, Table
from translator.books.pdf_rows import Item
from translator.books.pdf_words import Words

# Dashes and stars are not taken away: they begin speech and part scenes too.
BULLET = re.compile(r"\s*([•‣◦▪▫●○■□·⁃∙\uf0b7])\s+(?=\S)")
_SPEECH = re.compile(r"\s*[–—―*-]\s")
NUMBER = re.compile(r"\s*(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]|\[\d{1,3}\])\s+(?=\S)")
_END = re.compile(r"[.!?:;。！？：；…」』）)\]\"”’»]\s*$")
_SECTION = re.compile(r"\s*(?:\d+|[A-Z])(?:\.\d+)*\.?\s")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"”’»)\]」』）]*\s*$")
_DIVIDED = re.compile(r"\w[-\u2010\u00ad]\s*$")
_PAGE_END = re.compile(r"\s[\divxlc]+\s*$")
LEADERS = re.compile(r"\s…\s*[\divxlc]*\s*$")
_CAPTION = re.compile(
    r"\s*(?:fig(?:ure|\.)?|table|tab\.|abb(?:ildung|\.)?|tabelle|tableau|figura|tabla|図|表|图|圖|그림)"
    r"\s*(?-i:[A-Z]?\d+[a-z]?|[IVXLC]+|[A-Z])(?:[.-]\d+)*(?![A-Za-z])\s*([.:：])?",
    re.I,
)


class Flow:
    """The pages of a PDF as elements. Takes the furniture off ``pages``."""

    def __init__(self, pages: list[Page]) -> None:
        self.body = body_size(pages)
        self.furniture = remove_furniture(pages, self.body)
        self._unread = [page.number for page in pages if page.problem]
        items = reading_order([page for page in pages if not page.problem])
        self.words = Words(i.text for i in items if isinstance(i, Line))
        items, notes = take_notes(items, self.body)
        self._pitch = pitches([i for i in items if isinstance(i, Line)])
        self._indents = _uses_indents(items)
        self._sizes = _heading_sizes(items, self.body)
        self.elements = self._elements(items)
        for marker, lines in notes:
            spans = join_lines(lines, self.words)
            note = Element(Kind.NOTE, lines[0].page, spans, marker=marker, lines=lines)
            self.elements.append(note)
        for page in pages:
            if page.problem:
                text = f"Page {page.number + 1} of the PDF cannot be read: {page.problem}."
                self.elements.append(Element(Kind.UNREADABLE, page.number, text=text))
        self.elements.sort(key=lambda element: element.page)  # stable

    def _elements(self, items: list[Item]) -> list[Element]:
        elements: list[Element] = []
        group: list[Line] = []
        # Figures and tables inside a sentence wait until it ends.
        waiting: list[Element] = []

        def flush() -> None:
            if group:
                elements.append(self._element(group))
                elements[-1].lines = list(group)
                group.clear()
            elements.extend(waiting)
            waiting.clear()

        for item in items:
            if isinstance(item, Picture):
                if item.formula:
                    flush()
                figure = Element(Kind.FIGURE, item.page, file=item.file, alt=item.text)
                figure.formula = item.formula
                waiting.append(figure)
            elif isinstance(item, Table):
                rows = [[self._cell(cell) for cell in row] for row in item.rows]
                waiting.append(Element(Kind.TABLE, item.page, rows=rows, cells=item.cells))
            else:
                if group and self._begins(group, item, bool(waiting)):
                    flush()
                group.append(item)
            if not group:
                flush()
        flush()
        return elements

    def _cell(self, text: str) -> str:
        joined = ""
        for line in text.splitlines():
            before, between = self.words.join(joined, line)
            joined = before + between + line.strip()
        return joined

    def _begins(self, group: list[Line], line: Line, interrupted: bool) -> bool:
        """Whether ``line`` begins a new element after the lines of ``group``."""
        last = group[-1]
        if any(last.page < page < line.page for page in self._unread):
            return True
        code = last.all("mono")
        if code != line.all("mono"):
            # A line of prose may be nothing but a name in typewriter type.
            wrapped = last.x1 > last.right - 2 * last.size and line.x0 < line.left + 2
            return code or not (wrapped and not _is_end(last) and self._continues(last, line))
        if abs(last.size - line.size) > 0.08 * self.body:
            return not (line.size < self.body and last.size < self.body and len(line.text) < 3)
        if code:
            return interrupted or last.column != line.column or self._gap(last, line) > 2.6
        caption = _CAPTION.match(line.text)
        if caption and line.text.lstrip()[0].isupper():
            apart = last.column != line.column or self._gap(last, line) > 1.35
            if _is_end(last) or (apart and caption[1]):
                return True
        headings = self._is_heading(group), self._is_heading([line])
        if headings[0] != headings[1]:
            return True
        if all(headings):
            near = last.column == line.column and 0 < self._gap(last, line) < 1.5
            return not near or bool(_SECTION.match(line.text))
        if LEADERS.search(last.text) or last.text.strip().isdigit():
            return True
        if LEADERS.search(line.text) and _PAGE_END.search(last.text):
            return True
        if _marker(line) and (
            _is_end(last)
            or (_marker(group[0]) and line.x0 <= group[0].x0 + 2)
            or self._ragged_end(last, line)
        ):
            return True
        if last.column != line.column or interrupted:
            return not self._goes_on(last, line)
        if self._gap(last, line) > 1.35 or line.y1 < last.y0:
            return True
        return self._paragraph_end(group, last, line)

    def _paragraph_end(self, group: list[Line], last: Line, line: Line) -> bool:
        em = line.size
        if _DIVIDED.search(last.text):
            return False
        if _SPEECH.match(line.text) and _is_end(last):
            return True
        hanging = _marker(group[0]) or (len(group) > 1 and group[1].x0 > group[0].x0 + 0.5 * em)
        indent = line.x0 - last.x0
        if hanging:
            if len(group) == 1:
                return indent < -0.5 * em or (indent < 2 and self._ragged_end(last, line))
            return line.x0 < last.x0 - 0.5 * em
        centred = abs((line.x0 + line.x1) - (last.x0 + last.x1)) < em
        narrow = last.x0 > last.left + em and last.x1 < last.right - 2 * em
        narrow = narrow and last.x1 - last.x0 < 0.75 * (last.right - last.left)
        if centred and narrow and line.text[:1].isupper():
            return True  # lines of a title page
        if indent > 0.8 * em and not centred:
            return len(group) > 1 or _is_end(last) or last.x1 < last.right - 2 * em
        if indent < -2.5 * em and len(group) > 1 and not centred:
            return True
        return self._ragged_end(last, line) and (_is_end(last) or not line.text[:1].islower())

    def _ragged_end(self, last: Line, line: Line) -> bool:
        """Whether the first word of ``line`` would have had room on ``last``."""
        text = line.text.strip()
        spaced = " " in text or len(text) < 12
        first = text.split()[0] if spaced and text else text[:2]
        width = (line.x1 - line.x0) / max(1, len(text))
        room = last.right - last.x1
        return room > (len(first) + 1) * width + 0.5 * line.size and room > 2.0 * line.size

    def _continues(self, last: Line, line: Line) -> bool:
        return last.column == line.column and self._gap(last, line) <= 1.35

    def _goes_on(self, last: Line, line: Line) -> bool:
        """Whether a paragraph goes on in the next column or on the next page."""
        if _marker(line) or self._is_heading([last]):
            return False
        text = line.text.lstrip()
        if last.text.rstrip()[-1:] in "-\u2010\u00ad," or text[:1].islower():
            return True
        if not _is_end(last) and last.x1 > last.right - 0.35 * (last.right - last.left):
            return True
        full = last.x1 > last.right - 1.5 * last.size
        indented = line.x0 > line.left + 0.8 * line.size
        return full and self._indents and not indented

    def _gap(self, last: Line, line: Line) -> float:
        """The distance of two lines in units of the usual one."""
        usual = self._pitch.get(line.size, 1.2 * line.size)
        return (line.y1 - last.y1) / min(max(usual, line.size), 2 * line.size)

    def _is_heading(self, group: list[Line]) -> bool:
        first = group[0]
        text = first.text.strip()
        if first.size in self._sizes:
            return not first.all("mono")
        if _CAPTION.match(text) and first.size < 1.1 * self.body:
            return False
        if first.size < self.body - 0.6 or not any(map(str.isalpha, text)):
            return False
        short = first.x1 - first.x0 < 0.8 * (first.right - first.left)
        return first.all("bold") and short and len(text) < 100 and not text.endswith((".", ","))

    def _element(self, lines: list[Line]) -> Element:
        page = lines[0].page
        if lines[0].all("mono") and all(line.all("mono") for line in lines):
            return Element(Kind.CODE, page, text=self._code(lines))
        spans = join_lines(lines, self.words)
        first = lines[0]
        text = "".join(span.text for span in spans)
        heading = self._is_heading(lines) and all(self._is_heading([line]) for line in lines)
        if heading and len(text) < 250 and len(lines) <= 5 and not BULLET.match(text):
            level = self._sizes.get(first.size, len(set(self._sizes.values())) + 1)
            return Element(Kind.HEADING, page, spans, level=level)
        if BULLET.match(text) or NUMBER.match(text) or LEADERS.search(text):
            return Element(Kind.ITEM, page, spans, last_page=lines[-1].page)
        found = _CAPTION.match(text)
        is_caption = found and len(text) < (600 if found[1] else 120)
        kind = Kind.CAPTION if is_caption else Kind.PARAGRAPH
        return Element(kind, page, spans, last_page=lines[-1].page)

    def _code(self, lines: list[Line]) -> str:
        left = min(line.x0 for line in lines)
        result: list[str] = []
        for last, line in zip([None, *lines], lines, strict=False):
            if last is not None and last.column == line.column:
                missing = round((line.y1 - last.y1) / max(1.15 * line.size, 1)) - 1
                result += [""] * min(max(missing, 0), 2)
            text = line.text.rstrip()
            width = max(1.0, (line.x1 - line.x0) / max(1, len(line.text)))
            result.append(" " * round((line.x0 - left) / width) + text)
        return "\n".join(result)


def _marker(line: Line) -> bool:
    return bool(BULLET.match(line.text) or NUMBER.match(line.text))


def _is_end(line: Line) -> bool:
    return bool(_END.search(line.text))


def _uses_indents(items: list[Item]) -> bool:
    """Whether paragraphs begin with an indent."""
    lines = [i for i in items if isinstance(i, Line)]
    ends = indented = 0
    for last, line in pairwise(lines):
        if last.column == line.column and _SENTENCE_END.search(last.text):
            short = last.x1 < last.right - 2 * last.size
            ends += short
            indented += short and 0.8 * line.size < line.x0 - line.left < 4 * line.size
    return indented >= 3 and indented > 0.3 * ends


def _heading_sizes(items: list[Item], body: float) -> dict[float, int]:
    """Levels by font size: sizes above that of the body, the largest first."""
    counts: Counter[float] = Counter()
    for item in items:
        if not isinstance(item, Line) or item.size <= 1.08 * body or item.all("mono"):
            continue
        if any(map(str.isalpha, item.text)):
            counts[item.size] += 1
    ordered = sorted(counts, reverse=True)
    levels: dict[float, int] = {}
    level = 0
    previous = 0.0
    for size in ordered:
        if not previous or previous - size > 0.6:
            level += 1
        previous = size
        levels[size] = min(level, 6)
    return levels
