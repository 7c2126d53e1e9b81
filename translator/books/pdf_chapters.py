"""Elements -> chapters, by the outline where there is one and else by headings; notes linked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from translator.books.pdf_elements import Element, Kind
from translator.books.pdf_page import Span

_OUTLINE_ENTRIES = 2  # fewer say nothing
_SYMBOL = re.compile(r"(?<=[^\s*†‡§¶])[*†‡§¶]{1,3}(?![^\W\d_*†‡§¶])")
_TITLES = frozenset({Kind.HEADING, Kind.PARAGRAPH, Kind.ITEM, Kind.CAPTION})


@dataclass(slots=True)
class Chapter:
    """A file of the book. ``label`` names it in the navigation, ``page`` counts from 0."""

    label: str
    page: int
    elements: list[Element] = field(default_factory=list)
    notes: list[Element] = field(default_factory=list)


def chapters(
    elements: list[Element], outline: list[tuple[int, str, int]], title: str
) -> list[Chapter]:
    """Divide a book. Levels of headings become those of the outline."""
    notes = [e for e in elements if e.kind is Kind.NOTE]
    text = [e for e in elements if e.kind is not Kind.NOTE]
    starts = _by_outline(text, outline) if len(outline) >= _OUTLINE_ENTRIES else {}
    if not starts:
        starts = _by_headings(text)
    found: list[Chapter] = []
    for index, element in enumerate(text):
        if index in starts or not found:
            found.append(Chapter(starts.get(index, title), element.page))
        found[-1].elements.append(element)
    _link(found, notes)
    _number(found)
    return found


def _by_outline(text: list[Element], outline: list[tuple[int, str, int]]) -> dict[int, str]:
    """Where chapters begin, and their names."""
    counts = Counter(level for level, _, _ in outline)
    top = 2 if counts[1] == 1 and counts[2] > 1 else 1  # the book itself is the only entry
    deepest = max(counts)
    by_page: dict[int, list[int]] = {}
    for index, element in enumerate(text):
        if element.kind is Kind.HEADING:
            element.level = min(6, deepest + 1)
        by_page.setdefault(element.page, []).append(index)
    starts: dict[int, str] = {}
    used: set[int] = set()
    for level, name, page in outline:
        here = [i for i in by_page.get(page - 1, ()) if i not in used]
        place = _match(text, here, name)
        if place is not None:
            text[place].kind, text[place].level = Kind.HEADING, min(level, 6)
            text[place].label = name
            used.add(place)
        elif level <= top:
            place = _beginning(text, page - 1)
        if place is not None and level <= top:
            starts.setdefault(place, name)
    return starts


def _match(text: list[Element], candidates: list[int], name: str) -> int | None:
    wanted = _letters(name)
    if not wanted:
        return None
    best: int | None = None
    for index in candidates:
        element = text[index]
        own = _letters(element.plain)
        if element.kind not in _TITLES or not own or len(own) > 2 * len(wanted) + 12:
            continue
        if own == wanted:
            return index
        alike = own.endswith(wanted) or (wanted.endswith(own) and len(own) > 0.5 * len(wanted))
        if best is None and alike and element.kind is Kind.HEADING:
            best = index
    return best


def _beginning(text: list[Element], page: int) -> int | None:
    """The first heading of a page or, without one, its first element."""
    here = [i for i, e in enumerate(text) if e.page == page]
    if page < 0 or not here:
        return next((i for i, e in enumerate(text) if e.page >= page >= 0), None)
    return next((i for i in here if text[i].kind is Kind.HEADING), here[0])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _by_headings(text: list[Element]) -> dict[int, str]:
    levels = Counter(e.level for e in text if e.kind is Kind.HEADING)
    top = next((level for level in sorted(levels) if levels[level] >= 2), 0)
    if not top:
        return {}
    starts: dict[int, str] = {}
    for index, element in enumerate(text):
        if element.kind is Kind.HEADING and element.level <= top:
            after_heading = index - 1 in starts and text[index - 1].kind is Kind.HEADING
            if not after_heading:  # "Chapter 1" and its title are one beginning
                starts[index] = element.plain
            else:
                starts[index - 1] += f" {element.plain}"
    return starts


def _link(found: list[Chapter], notes: list[Element]) -> None:
    """Match the markers in the text with the notes on the same pages."""
    waiting = list(notes)
    number = 0
    for chapter in found:
        for element in chapter.elements:
            _raise_symbols(element, waiting)
            for place, span in enumerate(element.spans):
                if not span.raised:
                    continue
                note = _note(waiting, span.text.strip(), element)
                if note is not None:
                    number += 1
                    note.number = number
                    element.spans[place] = replace(span, note=number)
                    chapter.notes.append(note)
                    waiting.remove(note)
    for note in waiting:  # nobody refers to them, or in a way that is not seen
        home = next((c for c in reversed(found) if c.page <= note.page), None)
        if home is not None:
            home.notes.append(note)


def _raise_symbols(element: Element, notes: list[Element]) -> None:
    """Make markers such as ``*`` spans of their own, which they are in type of the usual size."""
    spans: list[Span] = []
    for span in element.spans:
        match = None if span.raised or span.mono else _SYMBOL.search(span.text)
        if match is None or _note(notes, match[0], element) is None:
            spans.append(span)
            continue
        before, after = span.text[: match.start()], span.text[match.end() :]
        spans += [replace(span, text=before), replace(span, text=match[0], raised=True)]
        if after:
            spans.append(replace(span, text=after))
    element.spans = spans


def _note(notes: Iterable[Element], marker: str, element: Element) -> Element | None:
    last = max(element.page, element.last_page)
    return next((n for n in notes if n.marker == marker and element.page <= n.page <= last), None)


def _number(found: list[Chapter]) -> None:
    headings = (e for c in found for e in c.elements if e.kind is Kind.HEADING)
    for number, heading in enumerate(headings, 1):
        heading.number = number
