"""Damaged and mutated books: refused in one sentence, or read, written and found again in full.

``VERSO_FUZZ=50`` makes the run fifty times as long.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.small_books import small_books, unzipped, zipped
from translator import markup
from translator.books.audit import audit
from translator.books.base import WriteOptions, open_book
from translator.engines.pseudo import pseudo
from translator.errors import VersoError

LONGER = int(os.environ.get("VERSO_FUZZ", "1"))
DE = WriteOptions("en", "de")
SECONDS = 2.0  # of processor time, for reading, writing and reading again

TOKENS = [
    "<p>", "</p>", "<div>", "</div>", "<b>", "</i>", "<br>", "<td>", "<!--", "-->", "<![CDATA[",
    "]]>", "<?x", "?>", "<!DOCTYPE x [", "&", "&amp;", "&nbsp;", "&#0;", "&#xD800;", "&#8232;",
    "&x;", "<", ">", '"', "'", "=", "/", "\0", "\x01", "\x0b", "\x1c", "\x85", "\u2028", "\ufeff",
    "\ufffe", "\u202e", "\U0001f600", "\n", "\n\n", "\r", "\r\n", "\t", "    ", " ", "\\", "`",
    "```", "~~~", "*", "**", "_", "[", "](", "[^1]:", "![", "|", "|-|", "# ", "> ", "- ", "1. ",
    "$", "$$", "---", "===", "{", "}", "{\\an8}", "-->", "1\n00:00:01,000 --> 00:00:02,000\n",
    "NOTE", "STYLE", "WEBVTT", "<v Bob>", "<00:01.000>", "<ruby>", "<rt>", "<svg>", "<math>",
    "<pre>", "<script>", "<textarea>", "<title>", "<body>", "</body>", "</html>", "<w:p>", "</w:p>",
    "<w:r>", "</w:r>", "<w:t>", "</w:t>", '<w:fldChar w:fldCharType="begin"/>', "<w:tab/>",
    "<section>", "</section>", "<binary>", ' translate="no"', ' lang="ar"', " dir=rtl",
    ' id="top"', "⟪", "⟫", "[id5]", "<1>", "</1>", *markup.RESERVED,
]  # fmt: skip

place = st.integers(0, 1 << 24)
mutation = st.one_of(
    st.tuples(st.just("flip"), place, st.integers(0, 255)),
    st.tuples(st.just("cut"), place, st.integers(1, 200)),
    st.tuples(st.just("double"), place, st.integers(1, 200)),
    st.tuples(st.just("insert"), place, st.sampled_from(TOKENS)),
    st.tuples(st.just("insert"), place, st.text(max_size=8)),
    st.tuples(st.just("end"), place, st.just(0)),
)
mutations = st.lists(mutation, min_size=1, max_size=5)


def mutated(data: bytes, changes: list[tuple[str, int, int | str]]) -> bytes:
    """The bytes after some changes, each at a place counted around the end."""
    for kind, where, what in changes:
        at = where % (len(data) + 1)
        if isinstance(what, str):
            while 0 < at < len(data) and data[at] & 0xC0 == 0x80:
                at -= 1  # between characters
            data = data[:at] + what.encode("utf-8", "surrogatepass") + data[at:]
        elif kind == "flip" and at < len(data):
            data = data[:at] + bytes([what]) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at] + data[at + what :]
        elif kind == "double":
            data = data[: at + what] + data[at:]
        elif kind == "end" and what == where % 3:
            data = data[:at]
    return data


def prove(name: str, data: bytes) -> None:
    """Fail unless a book is refused with a sentence, or nothing of it is lost."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{name}"
        path.write_bytes(data)
        began = time.process_time()
        try:
            book = open_book(path)
        except VersoError as error:
            assert error.message
            assert "\n" not in str(error.message)
            return
        finally:
            assert time.process_time() - began < SECONDS
        blocks = book.blocks()
        assert len({block.id for block in blocks}) == len(blocks)
        texts = {b.id: pseudo(b.text, "de") for b in blocks if b.keep is None}
        refused = {i: p for i, t in texts.items() if (p := book.check(i, t))}
        assert not refused, refused
        output = Path(folder) / f"o.{'epub' if name == 'pdf' else name}"
        book.write(output, texts, DE)
        wrong = [item for item in audit(book, output, texts, DE) if not item.ok]
        assert not wrong, wrong
        assert sorted(p.name for p in Path(folder).iterdir()) == sorted([path.name, output.name])
        assert time.process_time() - began < SECONDS


def fuzz(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of a test with that many examples in the short run."""
    return settings(
        max_examples=examples * LONGER,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.parametrize("name", ["html", "md", "fb2", "srt", "vtt", "txt"])
@fuzz(40)
@given(changes=mutations)
def test_mutated_text_formats(name: str, changes: list[tuple[str, int, int | str]]) -> None:
    prove(name, mutated(small_books()[name], changes))


@pytest.mark.parametrize("name", ["epub", "2.epub", "docx"])
@fuzz(25)
@given(which=st.lists(st.tuples(place, mutations), min_size=1, max_size=3))
def test_mutated_members(
    name: str, which: list[tuple[int, list[tuple[str, int, int | str]]]]
) -> None:
    members = unzipped(small_books()[name])
    for number, changes in which:
        member = sorted(members)[number % len(members)]
        members[member] = mutated(members[member], changes)
    prove(name, zipped(members))


@pytest.mark.parametrize("name", ["epub", "2.epub", "docx"])
@fuzz(15)
@given(data=st.data())
def test_missing_renamed_and_doubled_members(name: str, data: st.DataObject) -> None:
    members = unzipped(small_books()[name])
    for _ in range(data.draw(st.integers(1, 3))):
        member = data.draw(st.sampled_from(sorted(members)))
        act = data.draw(st.sampled_from(["remove", "rename", "copy", "empty"]))
        other = data.draw(st.sampled_from([*sorted(members), "a/b.xhtml", "é.xhtml", "A.XHTML"]))
        content = members[member] if act == "copy" else members.pop(member)
        if act in ("rename", "copy"):
            members[other] = content
        elif act == "empty":
            members[member] = b""
        if not members:
            break
    prove(name, zipped(members))


@pytest.mark.parametrize("name", ["epub", "docx"])
@fuzz(25)
@given(changes=mutations)
def test_mutated_archives(name: str, changes: list[tuple[str, int, int | str]]) -> None:
    prove(name, mutated(small_books()[name], changes))


@fuzz(3)
@given(changes=mutations)
def test_mutated_pdfs(changes: list[tuple[str, int, int | str]]) -> None:
    prove("pdf", mutated(small_books()["pdf"], changes))


@pytest.mark.parametrize(
    "page",
    [
        b"<p>What\x0b it \xef\xbf\xbe means</p>",
        b"<p>Say <span translate='no'>Verso here.</p><p>And then more.</p>",
        b"<p>two <b>men< <!--/b></i> &amp; more</p></body></html>",
        b"<p>two men <![CDATA[ and more</p></body></html>",
        b"<p>A cell <code>x = 1</ode></p><p>A word</p>",
        b"<p>A cell <code>x = 1</code</body></p><p>A word</p>",
        b"<p>A <math><mi>x</p><p>A word</p>",
        b"<?xml version='1.0' encoding='unicode_escape'?><p>A word \\u0041 more</p>",
        b"<p>A word \xe6\xbc\x8d\xe5 and \xad\x97 more</p>",
    ],
)
def test_pages_that_lost_text(page: bytes) -> None:
    prove("html", page)


@pytest.mark.parametrize(
    ("name", "member", "old", "new"),
    [
        ("epub", "OEBPS/a.xhtml", "</title>", ""),
        ("epub", "OEBPS/a.xhtml", "</title></head>", "</title><title>Again</title"),
        ("epub", "OEBPS/a.xhtml", "<title>A page</title>", "<title>A<title>B</title>C</title>"),
        ("epub", "OEBPS/nav.xhtml", "</head>", ""),
        ("epub", "OEBPS/a.xhtml", "字", "\udc8d字\udc97"),
        ("epub", "OEBPS/content.opf", "en</dc:language>", "en</<p>dc:language>"),
        ("epub", "OEBPS/content.opf", "en</dc:language>", "en<x/></dc:language>"),
        ("epub", "OEBPS/content.opf", "</dc:title>", ""),
        ("epub", "OEBPS/content.opf", "</dc:title>", "<dc:title>B</dc:title></dc:title>"),
        ("2.epub", "OEBPS/toc.ncx", "</text>", ""),
        ("2.epub", "OEBPS/toc.ncx", "</text></docTitle>", "<text>B</text></text></docTitle>"),
    ],
)
def test_members_that_lost_text(name: str, member: str, old: str, new: str) -> None:
    members = unzipped(small_books()[name])
    text = members[member].decode()
    assert old in text
    members[member] = text.replace(old, new, 1).encode("utf-8", "surrogateescape")
    prove(name, zipped(members))


@pytest.mark.parametrize("name", sorted(small_books()))
def test_every_small_book_is_whole(name: str) -> None:
    prove(name, small_books()[name])
