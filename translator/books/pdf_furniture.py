"""Running headers, footers and page numbers: what comes back at the same place of other pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from translator.books.pdf_page import Line, Page, Picture

_ZONE = 0.14  # share of the page's height at its top and bottom
_ROWS = 2  # outermost rows of a zone
_NEAR = 2  # pages: left and right pages have headers of their own
_NUMBER = re.compile(
    r"[\W_]*(?:(?:page|seite|página|p\.|第)\s*)?#(?:\s*(?:/|of|von|de|sur)\s*#)?[\W_]*", re.I
)
_ROMAN = re.compile(r"[\W_]*[ivxlc]+[\W_]*", re.I)


@dataclass(frozen=True, slots=True)
class _Candidate:
    line: Line
    page: Page
    place: tuple[bool, int]  # (at the top, its height on the page in steps of 4 points)
    key: str
    apart: bool  # more than the usual space lies between it and the text


def remove_furniture(pages: list[Page], body: float) -> int:
    """Take the furniture off the pages; how many lines that were. ``body``: usual font size."""
    candidates = [found for page in pages for found in _candidates(page)]
    where: defaultdict[tuple[bool, str], list[int]] = defaultdict(list)
    for found in candidates:
        where[found.place[0], found.key].append(found.page.number)
    removed: set[int] = set()
    places: Counter[tuple[tuple[bool, int], float]] = Counter()
    few = len(pages) < 5
    for found in candidates:
        numbers = where[found.place[0], found.key]
        number = found.page.number
        near = any(0 < abs(number - other) <= _NEAR for other in numbers)
        wanted = 2 if few or found.key == "#" else 3
        large = found.line.size > 1.15 * body
        if near and len(set(numbers)) >= wanted and not large and (found.apart or not few):
            removed.add(id(found.line))
            places[found.place, found.line.size] += 1
    for found in candidates:  # a header with a title of its own, where others have headers
        usual = sum(
            places[(found.place[0], found.place[1] + d), found.line.size] for d in (-1, 0, 1)
        )
        if found.apart and usual > max(2, 0.15 * len(pages)):
            removed.add(id(found.line))
    left = 0
    for page in pages:
        gone = [line for line in page.lines if id(line) in removed]
        rest = [line for line in page.lines if id(line) not in removed]
        page.lines = [line for line in rest if not _left_alone(line, rest, gone)]
        left += len(rest) - len(page.lines)
    _remove_logos(pages)
    return len(removed) + left


def _left_alone(line: Line, rest: list[Line], gone: list[Line]) -> bool:
    """Whether a number is all that is left of a header."""
    if _key(line.text) != "#":
        return False
    middle = (line.y0 + line.y1) / 2
    beside = any(other is not line and other.y0 < middle < other.y1 for other in rest)
    return not beside and any(other.y0 < middle < other.y1 for other in gone)


def _candidates(page: Page) -> list[_Candidate]:
    rows: list[list[Line]] = []
    for line in sorted(page.lines, key=lambda line: (line.y0 + line.y1, line.x0)):
        if rows and line.y0 < (rows[-1][0].y0 + rows[-1][0].y1) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    found = []
    for top, ordered in ((True, rows), (False, rows[::-1])):
        apart = False
        outer: list[_Candidate] = []
        for row, following in zip(ordered[:_ROWS], [*ordered[1:], None], strict=False):
            first = row[0]
            edge = first.y1 if top else page.height - first.y0
            if edge > _ZONE * page.height:
                break
            if following is not None:
                height = first.y1 - first.y0
                space = following[0].y0 - first.y1 if top else first.y0 - following[0].y1
                apart = space > 0.6 * height
            else:
                apart = len(rows) > 1
            place = top, round((first.y0 if top else first.y1) / 4)
            outer += [
                _Candidate(line, page, place, _key(line.text), apart)
                for line in row
                if any(map(str.isalnum, line.text)) and not _is_marker(line, row)
            ]
        found += outer
    return found


def _is_marker(line: Line, row: list[Line]) -> bool:
    """Whether a number belongs to the text after it, as the marker of a note does."""
    after = (other.x0 - line.x1 for other in row if other is not line)
    return _key(line.text) == "#" and any(-2 < gap < 1.5 * line.size for gap in after)


def _key(text: str) -> str:
    key = re.sub(r"\d+", "#", " ".join(text.lower().split()))
    return "#" if _NUMBER.fullmatch(key) or _ROMAN.fullmatch(key) else key


def _remove_logos(pages: list[Page]) -> None:
    """Pictures that stand at the same place of many pages."""
    counts: Counter[tuple[str, int, int]] = Counter()

    def place(picture: Picture) -> tuple[str, int, int]:
        return picture.file, round(picture.x0 / 4), round(picture.y0 / 4)

    for page in pages:
        counts.update({place(picture) for picture in page.pictures})
    for page in pages:
        page.pictures = [p for p in page.pictures if counts[place(p)] < max(3, 0.2 * len(pages))]
