"""Files made to hurt: a name, the bytes, and a part of the sentence that refuses them."""

from __future__ import annotations

import copy
import io
import random
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pymupdf

from tests.epubs import CONTAINER, make_epub, page
from tests.pdfs import LOREM, Maker
from tests.small_books import FB2, docx_members, small_books, unzipped, zipped

Hostile = tuple[str, bytes, str]
AES = (
    '<encryption xmlns="urn:x"><e:EncryptedData xmlns:e="y"><e:EncryptionMethod '
    'Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e:EncryptedData></encryption>'
)
BOMB = '<!DOCTYPE x [<!ENTITY a0 "lollollol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
) + "]>"  # fmt: skip
FILE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
NOISE = random.Random(1).randbytes(5000)
DEEP = 10_000


def hostile_files(folder: Path) -> list[Hostile]:
    """All of them. ``folder`` is used for making them."""
    return [*_archives(folder), *_markup(), *_pdfs(folder), *_wrong(), *_empty()]


def _epub(folder: Path, body: str, **more: bytes | str) -> bytes:
    return make_epub(folder / "made.epub", {"a.xhtml": body}, extra=more).read_bytes()


def _docx(member: str, text: str) -> bytes:
    members = {**docx_members(), member: text}
    return zipped({name: data.encode() for name, data in members.items()})


def _doctyped(name: str, member: str, doctype: str) -> bytes:
    """A book with a document type in one of its members."""
    members = unzipped(small_books()[name])
    text = members[member].decode().replace("<!DOCTYPE html>", "")
    head, mark, rest = text.rpartition("?>")
    members[member] = f"{head}{mark}{doctype}{rest}".encode()
    return zipped(members)


def _archives(folder: Path) -> Iterator[Hostile]:
    paragraph = "<p>A book with text in it.</p>"
    good = _epub(folder, paragraph)
    yield "zeros.epub", _epub(folder, paragraph, **{"z.bin": b"\0" * (80 << 20)}), "a trap"
    yield "zeros.docx", _docx("word/z.bin", "\0" * (80 << 20)), "a trap"
    yield "many.epub", _with(good, *(f"OEBPS/{n}" for n in range(20_001))), "20"
    yield "outside.epub", _with(good, "../../evil"), "outside"
    yield "outside.docx", _with(small_books()["docx"], "..\\evil"), "outside"
    yield "absolute.epub", _with(good, "/etc/evil"), "outside"
    link = zipfile.ZipInfo("OEBPS/link.xhtml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield "link.epub", _with(good, link), "link to another file"
    yield "drm.epub", _with(good, "META-INF/encryption.xml", data=AES), "DRM"
    yield "locked.epub", _patched(good, b"PK\x01\x02", 8, struct.pack("<H", 1)), "password"
    yield "overlapping.epub", _overlapping(good), "damaged"
    size = struct.pack("<I", 1 << 31)
    yield "lying.epub", _patched(good, b"PK\x01\x02", 24, size), "a trap"
    yield "lying-less.epub", _patched(good, b"PK\x01\x02", 24, struct.pack("<I", 3)), "damaged"
    yield (
        "pages-elsewhere.epub",
        zipped({"META-INF/container.xml": CONTAINER.format(opf="../../etc/passwd").encode()}),
        "contents",
    )


def _with(archive: bytes, *names: str | zipfile.ZipInfo, data: str = "x") -> bytes:
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as added:
        for name in names:
            added.writestr(name, data)
    return file.getvalue()


def _patched(archive: bytes, mark: bytes, offset: int, new: bytes) -> bytes:
    """The last record that begins so, with other bytes at an offset."""
    at = archive.rindex(mark) + offset
    return archive[:at] + new + archive[at + len(new) :]


def _overlapping(archive: bytes) -> bytes:
    """Three hundred entries that all are the same bytes of the file."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as added:
        added.writestr("OEBPS/kernel", b"\0" * 100_000, zipfile.ZIP_DEFLATED)
        for number in range(300):
            entry = copy.copy(added.filelist[-1])
            entry.filename = f"OEBPS/{number}"
            added.filelist.append(entry)
            added._didModify = True  # type: ignore[attr-defined]
    return file.getvalue()


def _markup() -> Iterator[Hostile]:
    for member in ("OEBPS/a.xhtml", "OEBPS/content.opf", "META-INF/container.xml"):
        yield "bomb.epub", _doctyped("epub", member, BOMB), "without measure"
        yield "file.epub", _doctyped("epub", member, FILE), "another file"
    yield "bomb.docx", _doctyped("docx", "word/document.xml", BOMB), "without measure"
    yield "file.docx", _doctyped("docx", "word/footnotes.xml", FILE), "another file"
    yield "bomb-ncx.epub", _doctyped("2.epub", "OEBPS/toc.ncx", BOMB), "without measure"
    head, _, rest = FB2.partition("?>")
    yield "bomb.fb2", f"{head}?>{BOMB}{rest}".encode(), "without measure"
    yield "file.fb2", f"{head}?>{FILE}{rest}".encode(), "another file"
    for name, opening, closing in (("span", "<span>", "</span>"), ("div", "<div>", "</div>")):
        deep = f"{opening * DEEP}x word{closing * DEEP}"
        yield f"deep-{name}.html", deep.encode(), "nests"
        members = unzipped(small_books()["epub"])
        members["OEBPS/b.xhtml"] = page(deep).encode()
        yield f"deep-{name}.epub", zipped(members), "nests"
    deep = f"{'<emphasis>' * DEEP}x{'</emphasis>' * DEEP}"
    yield "deep.fb2", FB2.replace("A note.", deep).encode(), "nests"
    body = docx_members()["word/document.xml"]
    box = f"{'<w:sdt>' * DEEP}<w:p/>{'</w:sdt>' * DEEP}"
    yield "deep.docx", _docx("word/document.xml", body.replace("<w:tbl>", box + "<w:tbl>")), "nests"


def _pdfs(folder: Path) -> Iterator[Hostile]:
    path = folder / "made.pdf"
    maker = Maker().turn().text(LOREM, (50, 80, 370, 250))
    lock = pymupdf.PDF_ENCRYPT_AES_256
    data = maker.save(path, encryption=lock, user_pw="x", owner_pw="y").read_bytes()
    yield "locked.pdf", data, "locked with a password"
    yield "scan.pdf", Maker().turn().save(path).read_bytes(), "text"
    yield "pages.pdf", _many_pages(10_001), "10001 pages"
    yield "drm.pdf", data.replace(b"/Filter/Standard", b"/Filter/EBX_HNDLR"), "DRM"


def _many_pages(count: int) -> bytes:
    """A PDF of empty pages, without a table of its objects."""
    kids = " ".join(f"{number} 0 R" for number in range(3, count + 3))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {count}/Kids[{kids}]>>",
        *["<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"] * count,
    ]
    body = "".join(f"{n} 0 obj{text}endobj\n" for n, text in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer<</Root 1 0 R>>\n%%EOF\n".encode()


def _wrong() -> Iterator[Hostile]:
    for suffix in ("epub", "docx", "pdf"):
        yield f"text.{suffix}", b"Only words, nothing else.", "not a real"
    for suffix in ("txt", "md", "html", "srt", "vtt"):
        yield f"noise.{suffix}", b"\x01\x02" + NOISE, ""
    yield "picture.txt", b"\x89PNG\r\n\x1a\n" + NOISE, "an image"
    yield "old.docx", b"\xd0\xcf\x11\xe0" + NOISE, "old Office"
    yield "kindle.epub", b"\0" * 60 + b"BOOKMOBI" + NOISE, "Kindle"
    yield "noise.fb2", NOISE, ""
    for name in ("epub", "docx", "pdf", "fb2"):
        data = small_books()[name]
        yield f"half.{name}", data[: len(data) // 2], ""
        yield f"head.{name}", data[:100], ""


def _empty() -> Iterator[Hostile]:
    for suffix in ("epub", "docx", "pdf", "txt", "md", "html", "fb2", "srt", "vtt"):
        yield f"empty.{suffix}", b"", "is empty"
    yield "blank.txt", b"\xef\xbb\xbf \r\n\t\n", "no text"
    yield "blank.md", b"***\n\n---\n", "no text"
    yield "blank.html", b"<html><body><img src='x'></body></html>", "no text"
    yield "blank.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\n", "no "
    yield "blank.vtt", b"WEBVTT\n", "no subtitles"
    nothing = FB2[: FB2.index("<body>")] + "<body><p/></body></FictionBook>"
    yield "blank.fb2", nothing.encode(), "no text"
    members = docx_members()
    document = members["word/document.xml"]
    cut = document[: document.index("<w:p>")] + "</w:body></w:document>"
    members = {n: t for n, t in members.items() if "footnotes" not in n}
    members["word/document.xml"] = cut
    yield "blank.docx", zipped({n: t.encode() for n, t in members.items()}), "no text"
    blank = unzipped(small_books()["epub"])
    blank = {name: data for name, data in blank.items() if name != "OEBPS/nav.xhtml"}
    for name in ("OEBPS/a.xhtml", "OEBPS/b.xhtml"):
        blank[name] = page("<p/>", title="").encode()
    yield "blank.epub", zipped(blank), "no text"
