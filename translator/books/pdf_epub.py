"""Chapters -> a valid EPUB 3. The same book gives the same bytes."""

from __future__ import annotations

import uuid
import zipfile
from pathlib import Path

from translator.books.pdf_chapters import Chapter
from translator.books.pdf_elements import Element, Kind
from translator.books.pdf_xhtml import PICTURES, document, page_xhtml
from translator.books.xmltree import escape

_CONTAINER = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">\n'
    '<rootfiles><rootfile full-path="EPUB/package.opf"'
    ' media-type="application/oebps-package+xml"/></rootfiles>\n</container>\n'
)
_CSS = (
    "body { margin: 0 5%; line-height: 1.45; }\n"
    "figure { margin: 1em 0; text-align: center; }\n"
    "img { max-width: 100%; }\n"
    "figcaption, .caption { font-size: 0.9em; text-align: center; }\n"
    "pre { white-space: pre-wrap; font-size: 0.85em; }\n"
    "table { border-collapse: collapse; margin: 1em 0; }\n"
    "td { border: 1px solid #888; padding: 0.2em 0.5em; vertical-align: top; }\n"
    "ul.plain, nav ol { list-style: none; }\n"
    "aside { font-size: 0.9em; }\n"
)
_MEDIA = {"png": "image/png", "jpg": "image/jpeg"}
_DATE = (1980, 1, 1, 0, 0, 0)
_MODIFIED = "2000-01-01T00:00:00Z"  # the time of writing would make every reading another book


def write_epub(
    output: Path,
    found: list[Chapter],
    pictures: Path,
    about: tuple[str, str, str],
    fingerprint: str,
) -> None:
    """Write the book. ``about``: title, author, language (BCP-47); ``fingerprint``: of the PDF."""
    title, author, language = about
    names = _names(found)
    files: dict[str, bytes] = {"META-INF/container.xml": _CONTAINER.encode()}
    items, spine = [], []
    for number, (name, chapter) in enumerate(zip(names, found, strict=True), 1):
        files[f"EPUB/{name}"] = page_xhtml(chapter, language).encode()
        items.append(_item(f"c{number}", name, "application/xhtml+xml"))
        spine.append(f'<itemref idref="c{number}"/>')
    used = sorted({e.file for c in found for e in c.elements if e.kind is Kind.FIGURE})
    for number, file in enumerate(used, 1):
        files[f"EPUB/{PICTURES}/{file}"] = (pictures / file).read_bytes()
        items.append(_item(f"i{number}", f"{PICTURES}/{file}", _MEDIA[file.rpartition(".")[2]]))
    items.append(_item("css", "style.css", "text/css"))
    files["EPUB/style.css"] = _CSS.encode()
    items.append(_item("nav", "nav.xhtml", "application/xhtml+xml", ' properties="nav"'))
    files["EPUB/nav.xhtml"] = _nav(found, names, title, language).encode()
    identifier = uuid.uuid5(uuid.NAMESPACE_OID, fingerprint)
    creator = f"<dc:creator>{escape(author)}</dc:creator>\n" if author else ""
    files["EPUB/package.opf"] = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>\n'
        f"<dc:title>{escape(title)}</dc:title>\n{creator}"
        f"<dc:language>{escape(language)}</dc:language>\n"
        f'<meta property="dcterms:modified">{_MODIFIED}</meta>\n</metadata>\n'
        f"<manifest>\n{chr(10).join(items)}\n</manifest>\n"
        f"<spine>\n{chr(10).join(spine)}\n</spine>\n</package>\n"
    ).encode()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", _DATE), "application/epub+zip")
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def _names(found: list[Chapter]) -> list[str]:
    """File names that say the page (from 1) on which a chapter begins."""
    names: list[str] = []
    for chapter in found:
        stem = f"p{chapter.page + 1:04}"
        same = sum(name.startswith(stem) for name in names)
        names.append(f"{stem}-{same + 1}.xhtml" if same else f"{stem}.xhtml")
    return names


def _item(key: str, href: str, media: str, extra: str = "") -> str:
    return f'<item id="{key}" href="{href}" media-type="{media}"{extra}/>'


def _nav(found: list[Chapter], names: list[str], title: str, language: str) -> str:
    rows = []
    for name, chapter in zip(names, found, strict=True):
        headings = [e for e in chapter.elements if e.kind is Kind.HEADING and e.label]
        below = [e for e in headings if e is not chapter.elements[0]]
        top = min((e.level for e in below), default=0)
        entries = [_entry(name, e) for e in below if e.level == top]
        inner = f"\n<ol>\n{chr(10).join(entries)}\n</ol>" if entries else ""
        rows.append(f'<li><a href="{name}">{escape(chapter.label)}</a>{inner}</li>')
    listed = "\n".join(rows)
    body = f'<nav epub:type="toc">\n<h1>{escape(title)}</h1>\n<ol>\n{listed}\n</ol>\n</nav>'
    return document(title, language, body)


def _entry(name: str, heading: Element) -> str:
    return f'<li><a href="{name}#h{heading.number}">{escape(heading.label)}</a></li>'
