from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from tests.epubs import DOCTYPE_11, PNG, make_epub, page
from translator import markup
from translator.books.audit import audit
from translator.books.base import Book, WriteOptions, open_book
from translator.errors import BookError
from translator.types import BlockKind

DE = WriteOptions("en", "de")


def letters(text: str) -> str:
    """A translation of sorts: every letter changes, every placeholder stays."""
    return (
        "".join(t.swapcase() if isinstance(t, str) else str(t) for t in markup.tokenize(text)) + "Ж"
    )


def translate(book: Book, output: Path, options: WriteOptions = DE) -> dict[str, str]:
    texts = {b.id: letters(b.text) for b in book.blocks() if b.keep is None}
    book.write(output, texts, options)
    wrong = [item for item in audit(book, output, texts, options) if not item.ok]
    assert not wrong
    return texts


def body(path: Path, member: str = "OEBPS/a.xhtml") -> str:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(member).decode()
    etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, load_dtd=False))
    return text[text.index("<body") :]


def member(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def texts_of(tmp_path: Path, content: str) -> list[tuple[str, str | None]]:
    book = open_book(make_epub(tmp_path / "t.epub", {"a.xhtml": content}))
    return [(b.text, b.keep) for b in book.blocks() if b.section.endswith("a.xhtml")][1:]


def shown(text: str) -> str:
    return markup.show(text, markup.FAMILIES[0])


def test_every_visible_text_is_a_block(tmp_path: Path) -> None:
    content = (
        "bare<div>in div</div>between<ul><li>item<p>para in item</p>tail</li></ul>"
        "<table><caption>cap</caption><tr><th>head</th><td>cell</td></tr></table>"
        "<blockquote>quote</blockquote><dl><dt>term</dt><dd>meaning</dd></dl>"
        '<figure><img src="i.png" alt="a picture"/><figcaption>figure</figcaption></figure>'
        '<h2 title="tip">heading</h2><a href="x.xhtml"><p>in link</p></a><!-- no -->end'
    )
    assert [t for t, _ in texts_of(tmp_path, content)] == [
        "bare", "in div", "between", "item", "para in item", "tail", "cap", "head", "cell",
        "quote", "term", "meaning", "a picture", "figure", "tip", "heading", "in link", "end",
    ]  # fmt: skip


def test_kinds_ids_and_sections(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "k.epub", {"a.xhtml": "<h1>One</h1><p>Two</p><li>x</li>"})
    book = open_book(path)
    blocks = book.blocks()
    assert [b.id for b in blocks] == [b.id for b in open_book(path).blocks()]
    assert len({b.id for b in blocks}) == len(blocks)
    kinds = {b.text: b.kind for b in blocks}
    assert kinds["One"] is BlockKind.HEADING
    assert kinds["The first chapter"] is BlockKind.TOC
    assert kinds["A small book"] is BlockKind.METADATA
    assert "Ann Author" not in kinds
    assert (book.title, book.language, book.format) == ("A small book", "en", "epub")


@pytest.mark.parametrize(
    ("source", "tagged"),
    [
        ("<p><span>whole</span></p>", "whole"),
        ("<p> <b><i>a</i></b> b\n   c </p>", "<1>a</1> b c"),
        ("<p>a<em> b</em> c</p>", "a<1> b</1> c"),
        ("<p><a id='x'/>start<br/></p>", "start"),
        ("<p>a<img src='i.png' alt=''/><br/> b</p>", "a<1/>"),  # and "b", divided by the break
        ("<p>is <code>ls</code> <code>-l</code> ok</p>", "is <1/> ok"),
        ("<p>x<sup>2</sup> y<sup>th</sup></p>", "x<1/> y<2>th</2>"),
        ("<p>word<a epub:type='noteref' href='#n'>1</a>, more</p>", "word<1/>, more"),
        ("<p>word.<a epub:type='noteref' href='#n'>1</a></p>", "word."),
        ("<p>in <b>1984</b> it</p>", "in <1>1984</1> it"),
        ("<p>a<span> </span>b</p>", "a <1/>b"),
        ("<p>a &lt; b &amp; c&nbsp;d &#8212; <!--x-->e</p>", "a < b & c\xa0d — <1/>e"),
        ("<p>a<![CDATA[ <b> & ]]>c</p>", "a <b> & c"),
        ("<p>say <span translate='no'>Verso</span> now</p>", "say <1/> now"),
        ("<p>the <ruby>漢字<rt>かんじ</rt></ruby> word</p>", "the 漢字 word"),
        ("<p>an <unknown>element</unknown></p>", "an <1>element</1>"),
    ],
)
def test_inline_markup(tmp_path: Path, source: str, tagged: str) -> None:
    found = [shown(t) for t, keep in texts_of(tmp_path, source) if keep is None]
    assert found[0] == tagged


def test_lines_of_verse_are_blocks_of_their_own(tmp_path: Path) -> None:
    content = "<p><span>One line,</span><br/>\n  <span>and <i>another</i></span></p>"
    assert [shown(t) for t, _ in texts_of(tmp_path, content)] == ["One line,", "and <1>another</1>"]


def test_what_is_kept_says_why(tmp_path: Path) -> None:
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>'
    content = (
        f"<pre>ls  -l</pre><p>1984</p><p>XIV</p><p>https://example.org/a</p><div>{math}</div>"
        "<div translate='no'><p>Stay</p></div><p>run <code>ls</code> now</p><p>* * *</p>"
        "<p><ruby>漢<rt>かん</rt></ruby>字</p>"
    )
    kept = [(t, keep) for t, keep in texts_of(tmp_path, content) if keep]
    assert kept == [
        ("ls  -l", "code"),
        ("1984", "nothing to translate"),
        ("XIV", "a Roman numeral"),
        ("https://example.org/a", "an address"),
        ("x", "math"),
        ("Stay", "marked as not to translate"),
        ("ls", "code"),
        ("* * *", "nothing to translate"),
        ("かん", "reading aid (ruby), left out of a translation"),
    ]


ODD = (
    "<p  class = 'a'>He said &#8220;<em>no</em>&#x201d; &amp; left&nbsp;it.</p>"
    "<!-- a > comment --><p>A<br   />B</p><ul><li>one\n   two<ul><li>deep</li></ul></li></ul>"
    "<p>Note<a epub:type='noteref' href='#n1' id='r1'>1</a> and "
    "<img src=\"i.png\" alt='A &quot;b&quot;'/></p>"
    "<aside epub:type='footnote' id='n1'><p>The note. <a href='#r1'>↩</a></p></aside>"
    "<p>Ω <svg xmlns='http://www.w3.org/2000/svg'><title>t</title><g><svg/></g></svg> end</p>"
)


def test_copying_changes_no_byte(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "c.epub", {"a.xhtml": ODD}, extra={"i.png": PNG})
    book = open_book(path)
    book.write(tmp_path / "o.epub", {b.id: b.text for b in book.blocks()}, WriteOptions("en", "en"))
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "o.epub") as after:
        assert before.namelist() == after.namelist()
        assert all(before.read(n) == after.read(n) for n in before.namelist())
        assert [i.date_time for i in before.infolist()] == [i.date_time for i in after.infolist()]
        assert after.infolist()[0].filename == "mimetype"
        assert after.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_translating_keeps_markup_and_the_rest_of_the_bytes(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "c.epub", {"a.xhtml": ODD}, extra={"i.png": PNG})
    book = open_book(path)
    translate(book, tmp_path / "o.epub")
    after = body(tmp_path / "o.epub")
    assert "<p  class = 'a'>hE SAID “<em>NO</em>” &amp; LEFT\xa0IT.Ж</p>" in after
    assert "<!-- a > comment -->" in after
    assert "<br   />" in after
    assert "alt='a \"B\"Ж'" in after
    assert "<svg xmlns='http://www.w3.org/2000/svg'><title>t</title><g><svg/></g></svg>" in after
    assert open_book(tmp_path / "o.epub").inventory() == book.inventory()


def test_text_with_markup_characters_is_escaped(tmp_path: Path) -> None:
    book = open_book(make_epub(tmp_path / "e.epub", {"a.xhtml": "<p>plain</p>"}))
    block = next(b for b in book.blocks() if b.text == "plain")
    text = "a < b && \"c\" 'd' ]]> \x00 &lt; \ud800 <1>"
    book.write(tmp_path / "o.epub", {block.id: text}, DE)
    assert "a &lt; b &amp;&amp; \"c\" 'd' ]]&gt; \ufffd &amp;lt; \ufffd &lt;1&gt;" in body(
        tmp_path / "o.epub"
    )


def test_lost_markup_is_refused(tmp_path: Path) -> None:
    content = "<p>one <a href='x'>two</a> <a href='y'>three</a></p>"
    book = open_book(make_epub(tmp_path / "l.epub", {"a.xhtml": content}))
    block = next(b for b in book.blocks() if "one" in b.text)
    o, c = markup.opening, markup.closing
    assert "missing" in book.check(block.id, "eins zwei drei")
    nested = f"{o(1)}eins {o(2)}zwei{c(2)} drei{c(1)}"
    assert book.check(block.id, nested) == "a link inside a link"
    assert book.check(block.id, f"{o(2)}drei{c(2)} {o(1)}zwei{c(1)}") == ""
    assert book.check(block.id, o(1) + c(1) + o(2) + c(2)) == "it has no text"
    with pytest.raises(BookError):
        book.write(tmp_path / "o.epub", {block.id: nested}, DE)
    with pytest.raises(BookError):
        book.write(tmp_path / "o.epub", {"nowhere#1": "x"}, DE)
    assert not (tmp_path / "o.epub").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "l.epub"]


def test_epub2_with_ncx_entities_and_encoded_names(tmp_path: Path) -> None:
    old = (
        f'<?xml version="1.0" encoding="iso-8859-1"?>{DOCTYPE_11}'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head>'
        "<body><p>caf&eacute; &copyright; &nbsp;x</p></body></html>"
    )
    path = make_epub(tmp_path / "2.epub", {"a%20b%C3%A9.xhtml": old}, modern=False)
    book = open_book(path)
    texts = [shown(b.text) for b in book.blocks()]
    assert "café <1/> \xa0x" in texts
    assert "The first chapter" in texts
    translate(book, tmp_path / "o.epub")
    with zipfile.ZipFile(tmp_path / "o.epub") as archive:
        raw = archive.read("OEBPS/a bé.xhtml")
        ncx = archive.read("OEBPS/toc.ncx").decode()
    assert b"CAF\xc9 &copyright; \xa0X&#1046;" in raw  # Zhe is not in the declared encoding
    assert b'xml:lang="de"' in raw
    assert b' lang="de"' not in raw  # EPUB 2 does not know it
    assert "tHE FIRST CHAPTERЖ" in ncx
    assert "Ann Author" in ncx


def test_language_is_set_everywhere(tmp_path: Path) -> None:
    content = page("<p lang='en-GB'>Colour</p><p xml:lang='fr'>Bonjour</p>", lang="en")
    translate(open_book(make_epub(tmp_path / "l.epub", {"a.xhtml": content})), tmp_path / "o.epub")
    with zipfile.ZipFile(tmp_path / "o.epub") as archive:
        text = archive.read("OEBPS/a.xhtml").decode()
        opf = archive.read("OEBPS/content.opf").decode()
    assert 'lang="de" xml:lang="de"' in text
    assert "<p lang='de'>" in text
    assert "<p xml:lang='fr'>" in text
    assert "<dc:language>de</dc:language>" in opf
    assert "<dc:creator>Ann Author</dc:creator>" in opf
    assert "<dc:title>a SMALL BOOKЖ</dc:title>" in opf


def test_left_to_right_becomes_right_to_left_and_back(tmp_path: Path) -> None:
    book = open_book(make_epub(tmp_path / "l.epub", {"a.xhtml": "<p>Hello</p>"}))
    translate(book, tmp_path / "r.epub", WriteOptions("en", "ar"))
    with zipfile.ZipFile(tmp_path / "r.epub") as archive:
        assert 'dir="rtl"' in archive.read("OEBPS/a.xhtml").decode()
        assert 'page-progression-direction="rtl"' in archive.read("OEBPS/content.opf").decode()
    arabic = page("<p dir='rtl'>مرحبا</p>", lang="ar").replace("<html", '<html dir="rtl"')
    path = make_epub(
        tmp_path / "a.epub", {"a.xhtml": arabic}, lang="ar", extra={"s.css": "p{direction: rtl}"},
        spine='page-progression-direction="rtl"',
    )  # fmt: skip
    translate(open_book(path), tmp_path / "b.epub", WriteOptions("ar", "en"))
    with zipfile.ZipFile(tmp_path / "b.epub") as archive:
        assert "rtl" not in archive.read("OEBPS/a.xhtml").decode()
        assert "rtl" not in archive.read("OEBPS/content.opf").decode()
        assert archive.read("OEBPS/s.css") == b"p{direction: ltr}"


def test_styles_turn_with_the_direction(tmp_path: Path) -> None:
    css = "body { direction: ltr } code{direction:ltr} p{text-align:left} .r{text-align: RIGHT}"
    content = "<p style='text-align:left'>Hello</p>"
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": content}, extra={"s.css": css})
    translate(open_book(path), tmp_path / "o.epub", WriteOptions("en", "ar"))
    turned = "body { direction: rtl } code{direction:ltr} p{text-align:right} .r{text-align: left}"
    assert member(tmp_path / "o.epub", "OEBPS/s.css") == turned
    assert "<p style='text-align:right'>" in body(tmp_path / "o.epub")


def test_package_of_an_old_book(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": "<p>Hello</p>"}, modern=False)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    opf = members["OEBPS/content.opf"].decode()
    described = (
        "<dc:description>&lt;p class=&quot;x&quot;&gt;All &lt;b&gt;about&lt;/b&gt; R&amp;amp;D, "
        "a &lt; b.&lt;/p&gt;</dc:description></metadata>"
    )
    guide = '<guide><reference type="text" title="Start here" href="a.xhtml"/></guide></package>'
    opf = opf.replace("</metadata>", described).replace("</package>", guide)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, opf if name.endswith(".opf") else data)
    book = open_book(path)
    assert "All <1/>about<2/> R&amp;D, a < b." in [shown(b.text) for b in book.blocks()]
    translate(book, tmp_path / "o.epub")
    after = member(tmp_path / "o.epub", "OEBPS/content.opf")
    assert "&lt;p class=&quot;x&quot;&gt;aLL &lt;b&gt;" in after
    assert 'title="sTART HEREЖ" href="a.xhtml"' in after


def test_pages_that_are_drawings(tmp_path: Path) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><text>A map</text></svg>'
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": "<p>Hello</p>"}, extra={"m.svg": drawing})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    opf = members["OEBPS/content.opf"].decode()
    item = (
        '<item id="m" href="m.svg" media-type="image/svg+xml"/>'
        '<item id="s" href="a.smil" media-type="application/smil+xml" media-overlay="s"/>'
    )
    layout = '<meta property="rendition:layout">pre-paginated</meta></metadata>'
    opf = opf.replace("</manifest>", f"{item}</manifest>").replace("</metadata>", layout)
    opf = opf.replace("</spine>", '<itemref idref="m"/></spine>')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, opf if name.endswith(".opf") else data)
    book = open_book(path)
    (block,) = [b for b in book.blocks() if b.section.endswith("m.svg")]
    assert (block.text, block.keep) == ("A map", "text in a drawing")
    assert any("aloud" in note for note in book.notes)
    assert any("fixed layout" in note for note in book.notes)
    translate(book, tmp_path / "o.epub")
    assert member(tmp_path / "o.epub", "OEBPS/m.svg") == drawing


@pytest.mark.parametrize(("target", "vertical"), [("en", False), ("zh-Hant", True)])
def test_vertical_writing(tmp_path: Path, target: str, vertical: bool) -> None:
    css = "html{-epub-writing-mode: vertical-rl; writing-mode:vertical-rl}"
    path = make_epub(
        tmp_path / "v.epub",
        {"a.xhtml": page("<p style='writing-mode:tb-rl'>縦書き</p>", head=f"<style>{css}</style>")},
        lang="ja", extra={"s.css": css}, spine='page-progression-direction="rtl"',
    )  # fmt: skip
    translate(open_book(path), tmp_path / "o.epub", WriteOptions("ja", target))
    with zipfile.ZipFile(tmp_path / "o.epub") as archive:
        texts = [archive.read(f"OEBPS/{n}").decode() for n in ("a.xhtml", "s.css", "content.opf")]
    assert [("vertical-rl" in t or 'direction="rtl"' in t) for t in texts] == [vertical] * 3


@pytest.mark.parametrize("mode", ["above", "below", "side"])
def test_bilingual_editions(tmp_path: Path, mode: str) -> None:
    content = (
        "<p id='p'>One <a id='x' href='#p'>two</a></p><ul><li>bare<p>para</p></li></ul>"
        "<p>a<br/>b</p><table><tr><td>cell</td></tr></table><p>1984</p>"
    )
    book = open_book(make_epub(tmp_path / "b.epub", {"a.xhtml": content}))
    options = WriteOptions("en", "he", mode)  # type: ignore[arg-type]
    translate(book, tmp_path / "o.epub", options)
    after = body(tmp_path / "o.epub")
    assert after.count('lang="en" dir="ltr"') == after.count('lang="he" dir="rtl"') / 2 * 2
    assert after.count("verso-source") == after.count("verso-target") == 6
    assert after.count("id='x'") == 1
    first = after.index("verso-target") < after.index("verso-source")
    assert first == (mode == "below")


def test_ruby_that_holds_a_formula_stays_whole(tmp_path: Path) -> None:
    # What an unclosed <rt> of an HTML page takes in is no reading aid.
    ruby = (
        '<ruby>漢<rt><math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math></rt></ruby>'
    )
    content = f"<p>the {ruby} sign</p>"
    book = open_book(make_epub(tmp_path / "r.epub", {"a.xhtml": content}))
    translate(book, tmp_path / "o.epub")
    assert f"THE {ruby} SIGN" in body(tmp_path / "o.epub")


def test_ruby_with_ids_keeps_them(tmp_path: Path) -> None:
    content = "<p>a <ruby class='r' id='k'>漢<rt id='t'>かん</rt></ruby> b</p>"
    book = open_book(make_epub(tmp_path / "r.epub", {"a.xhtml": content}))
    translate(book, tmp_path / "o.epub")
    after = body(tmp_path / "o.epub")
    assert '<span id="k" class="r"><span id="t"></span>漢</span>' in after
    assert "<rt" not in after


def test_reserved_characters_survive(tmp_path: Path) -> None:
    content = "<p>a\ufdd0b &#xFDD1; c [id5] ⟦1⟧ &lt;1&gt;</p>"
    book = open_book(make_epub(tmp_path / "r.epub", {"a.xhtml": content}))
    translate(book, tmp_path / "o.epub")
    assert "A\ufdd0B &#xFDD1; C [ID5] ⟦1⟧ &lt;1&gt;Ж" in body(tmp_path / "o.epub")


def test_broken_pages_are_repaired_and_said_so(tmp_path: Path) -> None:
    broken = (
        "<html><head><title>T & T</title></head><body><p>AT&T a < b &nbsp;<b>bold<p>next<br>"
        "<img src=i.png alt=picture><ul><li>one<li>two</ul></div><i>x</b>y</i> &unknown; tail"
        "</body></html><p>after the end"
    )
    book = open_book(make_epub(tmp_path / "x.epub", {"a.xhtml": broken}))
    assert any("a.xhtml is not well-formed" in note for note in book.notes)
    found = " ".join(markup.plain(b.text) for b in book.blocks())
    for text in ("T & T", "AT&T a < b", "bold", "next", "one", "two", "picture", "tail"):
        assert text in found
    assert "after the end" in found
    translate(book, tmp_path / "o.epub")
    assert "AFTER THE ENDЖ" in body(tmp_path / "o.epub")


def test_audit_sees_what_is_wrong(tmp_path: Path) -> None:
    book = open_book(make_epub(tmp_path / "b.epub", {"a.xhtml": "<p>One</p><p>Two</p>"}))
    texts = {b.id: b.text + "x" for b in book.blocks() if b.text in ("One", "Two")}
    book.write(tmp_path / "o.epub", {k: v for k, v in texts.items() if v != "Twox"}, DE)
    wrong = [item for item in audit(book, tmp_path / "o.epub", texts, DE) if not item.ok]
    assert [item.found_text for item in wrong] == ["Two"]


@pytest.mark.skipif("VERSO_DATA" not in os.environ, reason="needs VERSO_DATA")
def test_real_books_are_covered(tmp_path: Path) -> None:
    for path in sorted(Path(os.environ["VERSO_DATA"]).glob("books/*/*.epub")):
        book = open_book(path)
        target = "fr" if book.language.startswith("de") else "de"
        translate(book, tmp_path / "o.epub", WriteOptions(book.language, target))
