"""Elements as XHTML."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby

from translator.books.pdf_chapters import Chapter
from translator.books.pdf_elements import Element, Kind
from translator.books.pdf_flow import BULLET, LEADERS
from translator.books.pdf_page import Span, same_style
from translator.books.xmltree import escape

PICTURES = "images"
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.S)


def page_xhtml(chapter: Chapter, language: str) -> str:
    """A chapter as a file of the EPUB."""
    body = "\n".join([*_body(chapter.elements), *map(_note, chapter.notes)])
    return document(chapter.label, language, body)


def document(title: str, language: str, body: str, extra: str = "") -> str:
    """An XHTML file."""
    tag = escape(language, '"')
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
        f' lang="{tag}" xml:lang="{tag}">\n<head>\n<title>{escape(title)}</title>\n'
        f'<link rel="stylesheet" type="text/css" href="{extra}style.css"/>\n'
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(elements: list[Element]) -> list[str]:
    pieces: list[str] = []
    captions: set[int] = set()
    for is_item, group in groupby(enumerate(elements), lambda pair: pair[1].kind is Kind.ITEM):
        members = list(group)
        if is_item:
            pieces += _lists([element for _, element in members])
            continue
        for index, element in members:
            if element.kind is Kind.FIGURE:
                following = elements[index + 1] if index + 1 < len(elements) else None
                caption = following if following and following.kind is Kind.CAPTION else None
                if caption is not None:
                    captions.add(index + 1)
                pieces.append(_figure(element, caption))
            elif index not in captions:
                pieces.append(_element(element))
    return pieces


def _element(element: Element) -> str:
    match element.kind:
        case Kind.HEADING:
            spans = [replace(span, bold=False) for span in element.spans]
            level = max(1, min(element.level, 6))
            return f'<h{level} id="h{element.number}">{inline(spans)}</h{level}>'
        case Kind.CODE:
            return f"<pre>{escape(element.text)}</pre>"
        case Kind.TABLE:
            return _table(element.rows)
        case Kind.UNREADABLE:
            return f'<p class="unreadable" translate="no">{escape(element.text)}</p>'
        case Kind.CAPTION:
            return f'<p class="caption">{inline(element.spans)}</p>'
        case _:
            return f"<p>{inline(element.spans)}</p>"


def _figure(element: Element, caption: Element | None) -> str:
    below = f"<figcaption>{inline(caption.spans)}</figcaption>" if caption else ""
    keep = ' translate="no"' if element.formula else ""
    image = f'<img src="{PICTURES}/{element.file}" alt="{escape(element.alt, chr(34))}"{keep}/>'
    return f"<figure>{image}{below}</figure>"


def _lists(items: list[Element]) -> list[str]:
    pieces = []
    for bullets, group in groupby(items, lambda item: bool(BULLET.match(item.plain))):
        rows = []
        for item in group:
            spans = _without(item.spans, BULLET) if bullets else _unled(item.spans)
            rows.append(f"<li>{inline(spans)}</li>")
        kind = "" if bullets else ' class="plain"'
        pieces.append(f"<ul{kind}>\n" + "\n".join(rows) + "\n</ul>")
    return pieces


def _without(spans: list[Span], start: re.Pattern[str]) -> list[Span]:
    """The spans without the bullet, which may be a span of its own."""
    match = start.match("".join(span.text for span in spans))
    left = match.end() if match else 0
    rest = []
    for span in spans:
        taken = min(left, len(span.text))
        left -= taken
        if taken < len(span.text):
            rest.append(replace(span, text=span.text[taken:]))
    return rest


def _unled(spans: list[Span]) -> list[Span]:
    """A line of a printed table of contents without dots and page number."""
    text = "".join(span.text for span in spans)
    match = LEADERS.search(text)
    if match is None:
        return spans
    kept, size = [], match.start()
    for span in spans:
        if size > 0:
            kept.append(replace(span, text=span.text[:size]))
        size -= len(span.text)
    return kept


def _table(rows: list[list[str]]) -> str:
    lines = []
    for row in rows:
        cells = "".join(f"<td>{escape(' '.join(cell.split()))}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _note(note: Element) -> str:
    marker = escape(note.marker)
    if note.number:
        marker = f'<a href="#r{note.number}">{marker}</a>'
    own = f' id="n{note.number}"' if note.number else ""
    text = f"{marker} {inline(note.spans)}".strip()
    return f'<aside epub:type="footnote"{own}><p>{text}</p></aside>'


def inline(spans: list[Span]) -> str:
    """Spans as phrasing content; blanks stay outside of tags."""
    pieces = []
    for span in _merged(spans):
        match = _EDGES.fullmatch(span.text)
        before, text, after = match.groups() if match else ("", span.text, "")
        text = escape(text)
        if text:
            for wanted, tag in (
                (span.mono, "code"),
                (span.italic, "i"),
                (span.bold, "b"),
                (span.raised, "sup"),
            ):
                if wanted:
                    text = f"<{tag}>{text}</{tag}>"
        if span.note:
            n = span.note
            text = f'<a epub:type="noteref" id="r{n}" href="#n{n}">{text}</a>'
        pieces.append(f"{before}{text}{after}")
    return "".join(pieces).strip()


def _merged(spans: list[Span]) -> list[Span]:
    """Blanks of another style belong to the span before; equal neighbours are one."""
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        blank = not span.text.strip()
        if (
            last is not None
            and not last.note
            and not span.note
            and (blank or same_style(last, span))
        ):
            merged[-1] = replace(last, text=last.text + span.text)
        else:
            merged.append(span)
    return merged
