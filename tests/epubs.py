"""Small EPUBs made in code, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="{opf}" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
DOCTYPE_11 = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def page(body: str, title: str = "A page", lang: str = "en", head: str = "") -> str:
    """An XHTML page of EPUB 3."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="{lang}" xml:lang="{lang}">\n<head><title>{title}</title>{head}</head>\n'
        f"<body>{body}</body>\n</html>\n"
    )


def make_epub(
    path: Path,
    bodies: Mapping[str, str],
    *,
    lang: str = "en",
    modern: bool = True,
    spine: str = "",
    title: str = "A small book",
    extra: Mapping[str, bytes | str] | None = None,
    opf: str = "OEBPS/content.opf",
) -> Path:
    """Write a valid EPUB: ``bodies`` maps page names (in the spine's order) to bodies or pages.

    A name may be percent-encoded; the member then has the decoded name.
    """
    from urllib.parse import unquote

    folder = opf.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    files: dict[str, bytes | str] = {"META-INF/container.xml": CONTAINER.format(opf=opf)}
    items, refs = [], []
    for number, (name, body) in enumerate(bodies.items(), 1):
        text = body if "<html" in body else page(body, lang=lang)
        files[prefix + unquote(name)] = text
        items.append(f'<item id="p{number}" href="{name}" media-type="application/xhtml+xml"/>')
        refs.append(f'<itemref idref="p{number}"/>')
    first = next(iter(bodies))
    if modern:
        nav = (
            f'<nav epub:type="toc"><ol><li><a href="{first}">The first chapter</a></li></ol></nav>'
        )
        files[prefix + "nav.xhtml"] = page(nav, "Contents", lang)
        items.append(
            '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        )
        meta = '<meta property="dcterms:modified">2024-01-01T00:00:00Z</meta>'
    else:
        files[prefix + "toc.ncx"] = (
            '<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" '
            'version="2005-1"><head><meta name="dtb:uid" content="urn:x:1"/></head>'
            f"<docTitle><text>{title}</text></docTitle>"
            "<docAuthor><text>Ann Author</text></docAuthor><navMap>"
            '<navPoint id="n1" playOrder="1"><navLabel><text>The first chapter</text></navLabel>'
            f'<content src="{first}"/></navPoint></navMap></ncx>'
        )
        items.append('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
        spine = f'toc="ncx" {spine}'
        meta = ""
    for name, data in (extra or {}).items():
        files[prefix + name] = data
        kind = {"png": "image/png", "css": "text/css"}.get(name.rpartition(".")[2])
        if kind:
            items.append(f'<item id="x{len(items)}" href="{name}" media-type="{kind}"/>')
    files[opf] = (
        '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" '
        f'version="{"3.0" if modern else "2.0"}" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:x:1</dc:identifier><dc:title>{title}</dc:title>'
        f"<dc:language>{lang}</dc:language><dc:creator>Ann Author</dc:creator>"
        f"<dc:description>About nothing.</dc:description>{meta}</metadata>"
        f"<manifest>{''.join(items)}</manifest><spine {spine}>{''.join(refs)}</spine></package>"
    )
    return write_zip(path, files)


def write_zip(path: Path, files: Mapping[str, bytes | str], mimetype: bool = True) -> Path:
    """Write a container with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, data in files.items():
            archive.writestr(name, data)
    return path
