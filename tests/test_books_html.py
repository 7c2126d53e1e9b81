from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books_support import pseudo_texts
from translator import markup
from translator.books.audit import audit
from translator.books.base import Book, WriteOptions, open_book
from translator.engines.pseudo import is_pseudo
from translator.errors import BookError

DE = WriteOptions("en", "de")
PAGE = """<!DOCTYPE html>
<HTML lang=en>
<meta charset="utf-8"><meta name=description content="About things">
<title>My page &amp; yours</title>
<BODY bgcolor=white onload="if(a<b){x()}">
<H1>Hello<br>World</H1>
<P>First para with <B>bold & <I>it</B>alic</I> text
<P>Second <a href=x.html title=Foo>link</a> and <code>a < b</code> here.
<ul><li>one<li>two <img src=a.png alt=cat></ul>
<table><tr><td>c1<td>c2 <tr><td>c3</table>
<script>if (a < b) document.write("<p>No</p>")</script>
<div>AT&T &copy; 2020 <input type=submit value=Go placeholder="Your name"> <p translate=no>x</div>
</BODY></HTML>
after
"""


def make(folder: Path, data: str, name: str = "a.html", encoding: str = "utf-8") -> Book:
    (folder / name).write_bytes(data.encode(encoding))
    return open_book(folder / name)


def bad(book: Book, output: Path, texts: dict[str, str], options: WriteOptions) -> list[object]:
    return [item for item in audit(book, output, texts, options) if not item.ok]


def test_all_text_is_found(tmp_path: Path) -> None:
    book = make(tmp_path, PAGE)
    assert [markup.plain(b.text) for b in book.blocks()] == [
        "My page & yours", "Hello", "World", "First para with bold & italic text",
        "Second link and  here.", "a < b", "Foo", "one", "two ", "cat", "c1", "c2", "c3",
        "AT&T © 2020 ", "x", "after", "About things", "Your name", "Go",
    ]  # fmt: skip
    assert [b.text for b in book.blocks() if b.keep] == ["a < b", "x"]
    assert (book.format, book.language, book.title) == ("html", "en", "My page & yours")


def test_copy_is_the_same_bytes(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        data = PAGE.replace("utf-8", encoding.removesuffix("-sig")).replace("\n", "\r\n")
        book = make(tmp_path, data, encoding=encoding)
        book.write(tmp_path / "o.html", {b.id: b.text for b in book.blocks()}, DE)
        assert (tmp_path / "o.html").read_bytes() == data.encode(encoding)


def test_only_text_and_language_change(tmp_path: Path) -> None:
    book = make(tmp_path, PAGE)
    ids = {markup.plain(b.text): b.id for b in book.blocks()}
    texts = {ids["c2"]: 'a <b> & "c"', ids["cat"]: 'a "cat"', ids["Foo"]: "Bär"}
    book.write(tmp_path / "o.html", texts, DE)
    assert bad(book, tmp_path / "o.html", texts, DE) == []
    assert (tmp_path / "o.html").read_text(encoding="utf-8") == (
        PAGE.replace("c2", 'a &lt;b&gt; &amp; "c"')
        .replace("alt=cat", 'alt="a &quot;cat&quot;"')
        .replace("title=Foo", 'title="Bär"')
        .replace("lang=en", "lang=de")
    )


@pytest.mark.parametrize("mode", ["none", "above", "below", "side"])
def test_pseudo_covers_everything(tmp_path: Path, mode: str) -> None:
    book = make(tmp_path, PAGE)
    options = WriteOptions("en", "ar", mode)  # type: ignore[arg-type]
    texts = pseudo_texts(book)
    output = tmp_path / "o.html"
    book.write(output, texts, options)
    assert bad(book, output, texts, options) == []
    assert 'dir="rtl"' in output.read_text(encoding="utf-8")
    assert "xml:lang" not in output.read_text(encoding="utf-8").partition("<meta")[0]
    if mode == "none":
        for block in open_book(output).blocks():
            tokens = [t for t in markup.tokenize(block.text) if isinstance(t, str) and t.strip()]
            assert block.keep or all(is_pseudo(token) for token in tokens), block


def test_declared_encoding_with_foreign_letters(tmp_path: Path) -> None:
    data = PAGE.replace("utf-8", "shift_jis").replace("World", "世界")
    book = make(tmp_path, data, encoding="shift_jis")
    texts = {"page#2.1": "Grüße"}
    book.write(tmp_path / "o.html", texts, DE)
    assert "Gr&#252;&#223;e<br>世界" in (tmp_path / "o.html").read_bytes().decode("shift_jis")
    assert bad(book, tmp_path / "o.html", texts, DE) == []


def test_encoding_that_the_page_does_not_say(tmp_path: Path) -> None:
    data = "<p>Всё смешалось в доме Облонских, и никто не знал, что делать.<p>Да."
    book = make(tmp_path, data, encoding="koi8_r")
    texts = {"page#2": "Grüße"}
    book.write(tmp_path / "o.html", texts, DE)
    assert bad(book, tmp_path / "o.html", texts, DE) == []
    assert (tmp_path / "o.html").read_text("utf-8-sig") == data.replace("Да.", "Grüße")
    book.write(tmp_path / "o.html", {}, DE)
    assert (tmp_path / "o.html").read_bytes() == data.encode("koi8_r")


def test_declared_languages_and_descriptions(tmp_path: Path) -> None:
    data = (
        '<html lang="en"><head><meta http-equiv="Content-Language" content="en-US"></head>'
        '<body><table summary="Two rows"><tr><th abbr="No.">Number</table>'
        '<p aria-description="More">Text</p></body></html>'
    )
    book = make(tmp_path, data)
    assert {"Two rows", "No.", "More"} < {b.text for b in book.blocks()}
    texts = {b.id: b.text.upper() for b in book.blocks()}
    book.write(tmp_path / "o.html", texts, WriteOptions("en", "de"))
    after = (tmp_path / "o.html").read_text(encoding="utf-8")
    for written in ('content="de"', 'summary="TWO ROWS"', 'abbr="NO."', 'description="MORE"'):
        assert written in after


def test_implied_elements(tmp_path: Path) -> None:
    page = "<title>T</title>bare<p>one<div>two<dl><dt>a<dd>b</dl><select><option>x<option>y"
    texts = [b.text for b in make(tmp_path, page).blocks()]
    assert texts == ["T", "bare", "one", "two", "a", "b", "x", "y"]


def test_wrong_files(tmp_path: Path) -> None:
    for data, says in (("<p></p>", "no text"), ("<b>" * 400 + "x", "nests"), ("\0\1\2", "text")):
        with pytest.raises(BookError, match=says):
            make(tmp_path, data)


PIECES = (
    "<p> </p> <b> </b> <i class=x> </i> <a href=y> </a> <ul> <li> </ul> <table> <tr> <td> </table> "
    "<br> <br/> <img\xa0alt=z> <script>if(a<b)</script> <!--c--> <title>t</title> <div> </div> a b "
    "&amp; &nope; & < > <code>k</code> <span\xa0translate=no> </span> </body> <svg> </svg> <h1> "
    "<ruby>漢<rt>k</ruby> <pre> </pre> \ufdd0 <!-- <x"
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES.split(" ")), max_size=30),
    st.sampled_from(["none", "above", "below"]),
)
def test_any_page(pieces: list[str], mode: str) -> None:
    data = " ".join(pieces).replace("\xa0", " ").encode()
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / "a.html", Path(folder) / "o.html"
        path.write_bytes(data)
        try:
            book = open_book(path)
        except BookError:
            return
        blocks = book.blocks()
        assert blocks == open_book(path).blocks()
        book.write(output, {b.id: b.text for b in blocks}, DE)
        assert output.read_bytes() == data
        options = WriteOptions("en", "de", mode)  # type: ignore[arg-type]
        texts = pseudo_texts(book)
        texts = {i: t for i, t in texts.items() if not book.check(i, t)}
        book.write(output, texts, options)
        assert bad(book, output, texts, options) == []
