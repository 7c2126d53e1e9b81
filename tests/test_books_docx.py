from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path
from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books_support import pseudo_texts
from translator import markup
from translator.books.audit import audit
from translator.books.base import Bilingual, Book, WriteOptions, open_book
from translator.engines.pseudo import is_pseudo
from translator.errors import BookError
from translator.types import BlockKind

DE = WriteOptions("en", "de")
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f"<w:styles {W}><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val='22'/>"
    '<w:lang w:val="en-US" w:eastAsia="en-US" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
    '</w:docDefaults><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/>'
    "</w:style></w:styles>"
)


def rels(*targets: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="r{n}" Type="{TYPES}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="x">{listed}</Relationships>'


def run(text: str, properties: str = "") -> str:
    style = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r w:rsidR="00A1">{style}<w:t xml:space="preserve">{text}</w:t></w:r>'


def field(code: str, result: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f"<w:r><w:instrText>{code}</w:instrText></w:r>"
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def make(folder: Path, body: str, **members: str) -> Path:
    path = folder / "a.docx"
    document = f"<w:document {W} {R}><w:body>{body}</w:body></w:document>"
    related = [("styles", "styles.xml"), *((name, f"{name}.xml") for name in members)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", rels(("officeDocument", "word/document.xml")))
        archive.writestr("word/_rels/document.xml.rels", rels(*related))
        archive.writestr("word/document.xml", document)
        archive.writestr("word/styles.xml", STYLES)
        for name, text in members.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {W}>{text}</w:{name}>")
    return path


def shown(book: Book) -> list[str]:
    """The texts as a model sees them."""
    return [markup.show(b.text, markup.FAMILIES[0]) for b in book.blocks()]


def written(
    book: Book, folder: Path, texts: dict[str, str], options: WriteOptions = DE
) -> dict[str, str]:
    output = folder / "o.docx"
    book.write(output, texts, options)
    assert [i for i in audit(book, output, texts, options) if not i.ok] == []
    with zipfile.ZipFile(output) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    for text in members.values():
        expat.ParserCreate().Parse(text, True)
    return members


BOLD = "<w:b/>"
ENGLISH = '<w:lang w:val="en-GB"/>'
END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def test_runs_of_one_format_are_one_text(tmp_path: Path) -> None:
    body = (
        f'<w:p>{run("Hel")}<w:proofErr w:type="spellStart"/>{run("lo", ENGLISH)}'
        f"{run(' my ')}{run('dear', BOLD)}{run(' ', BOLD)}{run('friend', BOLD)}"
        f"{run(', today.')}</w:p>"
    )
    assert shown(open_book(make(tmp_path, body))) == ["Hello my <1>dear friend</1>, today."]


def test_formatting_comes_back(tmp_path: Path) -> None:
    body = f"<w:p>{run('I am ')}{run('here', BOLD)}{run(' &amp; now.')}</w:p>"
    book = open_book(make(tmp_path, body))
    new = f"{markup.opening(1)}Hier{markup.closing(1)} bin ich < jetzt."
    text = written(book, tmp_path, {"word/document.xml#1": new})["word/document.xml"]
    assert (
        '<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">Hier</w:t></w:r>'
        '<w:r><w:t xml:space="preserve"> bin ich &lt; jetzt.</w:t></w:r></w:p>' in text
    )


def test_what_stays_at_the_edges_is_no_placeholder(tmp_path: Path) -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:bookmarkStart w:id="1" w:name="x"/>'
        f'{run("A heading")}<w:bookmarkEnd w:id="1"/>'
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    )
    (block,) = open_book(make(tmp_path, body)).blocks()
    assert (block.text, block.kind) == ("A heading", BlockKind.HEADING)


def test_links_and_fields(tmp_path: Path) -> None:
    link = f'<w:hyperlink r:id="r7">{run("site", "<w:u/>")}</w:hyperlink>'
    body = (
        f"<w:p>{run('See the ')}{link}{run(' on page ')}{field('PAGEREF x', run('12'))}"
        f"{run('.')}</w:p>"
        f"<w:p>{run('Or ')}{field('HYPERLINK x', run('there'))}{run('!')}</w:p>"
        f"<w:p>{field('TOC', '').removesuffix(END)}"
        f"<w:hyperlink w:anchor='t'>{run('Chapter')}<w:r><w:tab/></w:r>"
        f"{field('PAGEREF t', run('3'))}</w:hyperlink></w:p>"
        f"<w:p>{END}</w:p>"
    )
    book = open_book(make(tmp_path, body))
    assert shown(book) == ["See the <1>site</1> on page <2/>.", "Or <1>there</1>!", "Chapter"]
    members = written(book, tmp_path, pseudo_texts(book))
    assert '<w:hyperlink r:id="r7"><w:r><w:rPr><w:u/></w:rPr>' in members["word/document.xml"]


def test_text_boxes_and_pictures_inside_a_paragraph(tmp_path: Path) -> None:
    box = f"<w:r><w:pict><w:txbxContent><w:p>{run('In a box')}</w:p></w:txbxContent></w:pict></w:r>"
    picture = (
        '<w:r><w:drawing><wp:docPr xmlns:wp="wp" id="1" name="P" descr="A cat"/></w:drawing></w:r>'
    )
    body = f"<w:p>{run('One ')}{box}{run(' two ')}{picture}{run(' three')}</w:p>"
    book = open_book(make(tmp_path, body))
    assert shown(book) == ["One <1/> two <2/> three", "In a box", "A cat"]
    members = written(book, tmp_path, pseudo_texts(book))
    assert "Íñ á ƀöẋ" in members["word/document.xml"]
    assert 'descr="⟪Á çáţ⟫"' in members["word/document.xml"]


def test_mixed_run(tmp_path: Path) -> None:
    mixed = (
        "<w:r><w:rPr><w:i/></w:rPr><w:t>a</w:t><w:br/><w:lastRenderedPageBreak/><w:t>b</w:t></w:r>"
    )
    book = open_book(make(tmp_path, f"<w:p>{mixed}</w:p>"))
    assert shown(book) == ["a<1/>b"]
    text = written(book, tmp_path, {"word/document.xml#1": f"x{markup.single(1)}y"})
    italic = "<w:rPr><w:i/></w:rPr>"
    assert f"<w:r>{italic}<w:br/></w:r><w:r>{italic}<w:t" in text["word/document.xml"]


def test_deleted_text_stays_and_inserted_text_is_read(tmp_path: Path) -> None:
    deleted = '<w:del w:id="1"><w:r><w:delText>old</w:delText></w:r></w:del>'
    inserted = f'<w:ins w:id="2">{run("new")}</w:ins>'
    book = open_book(make(tmp_path, f"<w:p>{run('A ')}{deleted}{inserted}{run(' day')}</w:p>"))
    assert shown(book) == ["A <1/><2>new</2> day"]


def test_all_parts(tmp_path: Path) -> None:
    table = f"<w:tbl><w:tr><w:tc><w:p>{run('Cell')}</w:p></w:tc></w:tr></w:tbl>"
    numbered = f"<w:p><w:pPr><w:numPr/></w:pPr>{run('Item')}</w:p>"
    path = make(
        tmp_path, table + numbered,
        footnotes=f'<w:footnote w:id="1"><w:p>{run("Note")}</w:p></w:footnote>',
        header=f"<w:p>{run('Head')}</w:p>",
        comments=f"<w:comment><w:p>{run('Hm')}</w:p></w:comment>",
    )  # fmt: skip
    book = open_book(path)
    assert [(b.text, b.kind.value) for b in book.blocks()] == [
        ("Cell", "cell"), ("Item", "list-item"), ("Note", "note"), ("Hm", "note"),
        ("Head", "paragraph"),
    ]  # fmt: skip
    members = written(book, tmp_path, pseudo_texts(book))
    again = open_book(tmp_path / "o.docx")
    assert all(is_pseudo(block.text) for block in again.blocks())
    assert again.language == "de"
    assert 'w:lang w:val="de"/>' in members["word/styles.xml"]


def test_right_to_left(tmp_path: Path) -> None:
    body = (
        f'<w:p><w:pPr><w:keepNext/><w:jc w:val="both"/></w:pPr>{run("Hello", BOLD + ENGLISH)}</w:p>'
    )
    book = open_book(make(tmp_path, body))
    options = WriteOptions("en", "ar")
    text = written(book, tmp_path, {"word/document.xml#1": "مرحبا"}, options)["word/document.xml"]
    assert '<w:keepNext/><w:bidi/><w:jc w:val="both"/>' in text
    assert '<w:b/><w:rtl/><w:lang w:val="ar" w:bidi="ar"/>' in text


def test_copy_changes_no_byte(tmp_path: Path) -> None:
    path = make(tmp_path, f"<w:p>{run('One')}</w:p>", header=f"<w:p>{run('Head')}</w:p>")
    book = open_book(path)
    book.write(tmp_path / "o.docx", {b.id: b.text for b in book.blocks()}, DE)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "o.docx") as after:
        assert before.namelist() == after.namelist()
        assert all(before.read(n) == after.read(n) for n in before.namelist())


def rows(text: str) -> list[str]:
    """The text of each paragraph, with a bar before each cell."""
    marked = re.sub(r"<w:tc>", "<w:t>|</w:t>", text).replace("<w:br/>", "<w:t>/</w:t>")
    paragraphs = re.findall(r"(?:<w:t>\|</w:t>)?(?:<w:tcPr>.*?</w:tcPr>)?<w:p[ >].*?</w:p>", marked)
    return ["".join(re.findall(r"<w:t(?: [^>]*)?>(.*?)</w:t>", p)) for p in paragraphs]


BOTH = (
    f'<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:bookmarkStart w:id="1" w:name="x"/>'
    f'{run("Head")}<w:bookmarkEnd w:id="1"/></w:p>'
    f'<w:p w:rsidR="1"><w:pPr><w:jc w:val="both"/></w:pPr>{run("One ")}'
    f'<w:hyperlink r:id="r9">{run("two", BOLD)}</w:hyperlink>'
    f'<w:r><w:footnoteReference w:id="2"/></w:r>{run(" three")}</w:p><w:p>{run("Four")}</w:p>'
    f'<w:p><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>{run("Item")}</w:p>'
    f"<w:tbl><w:tr><w:tc><w:p>{run('Cell')}</w:p></w:tc></w:tr></w:tbl>"
    f"<w:p><w:pPr><w:sectPr/></w:pPr>{run('End')}</w:p><w:p>{run('Last')}</w:p><w:sectPr/>"
)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("above", ["Head/KOPF", "One two three", "EINS zwei drei", "Four", "VIER", "Item/PUNKT",
                   "Cell", "ZELLE", "End/ENDE", "Last", "LETZTES"]),
        ("below", ["KOPF/Head", "EINS zwei drei", "One two three", "VIER", "Four", "PUNKT/Item",
                   "ZELLE", "Cell", "ENDE/End", "LETZTES", "Last"]),
        ("side", ["Head/KOPF", "|One two three", "|EINS zwei drei", "|Four", "|VIER", "|Item",
                  "|PUNKT", "Cell", "ZELLE", "End/ENDE", "|Last", "|LETZTES"]),
    ],
)  # fmt: skip
def test_bilingual(tmp_path: Path, mode: Bilingual, expected: list[str]) -> None:
    book = open_book(make(tmp_path, BOTH, footnotes=f"<w:p>{run('Note')}</w:p>"))
    pair = f"EINS {markup.opening(1)}zwei{markup.closing(1)}{markup.single(2)} drei"
    targets = ["KOPF", pair, "VIER", "PUNKT", "ZELLE", "ENDE", "LETZTES", "NOTIZ"]
    texts = dict(zip((b.id for b in book.blocks()), targets, strict=True))
    members = written(book, tmp_path, texts, WriteOptions("en", "ar", mode))
    text = members["word/document.xml"]
    cells = text.replace("<w:tc><w:p>", "<w:p>")  # of the table that was there before
    assert [row for row in rows(cells) if row] == expected
    assert "Note" in members["word/footnotes.xml"]
    for once in ("w:bookmarkStart", "w:footnoteReference", "w:numPr", "w:sectPr"):
        assert text.count(f"<{once}") == BOTH.count(f"<{once}")
    assert '<w:rPr><w:lang w:val="en"/></w:rPr><w:t xml:space="preserve">Four</w:t>' in text
    assert '<w:rtl/><w:lang w:val="ar" w:bidi="ar"/></w:rPr><w:t xml:space="preserve">VIER' in text
    assert text.count("<w:tbl>") == (3 if mode == "side" else 1)
    broken = text.replace("VIER", "VIE")
    again = tmp_path / "again.docx"
    with zipfile.ZipFile(tmp_path / "o.docx") as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            new.writestr(name, broken if name == "word/document.xml" else old.read(name))
    assert any(not i.ok for i in audit(book, again, texts, WriteOptions("en", "ar", mode)))


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="no text"):
        open_book(make(tmp_path, "<w:p/>"))
    with pytest.raises(BookError, match="cannot be read"):
        open_book(make(tmp_path, "<w:p>"))
    path = tmp_path / "b.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(BookError, match="not a Word document"):
        open_book(path)
    path.write_bytes(make(tmp_path, f"<w:p>{run('x')}</w:p>").read_bytes()[:200])
    with pytest.raises(BookError, match="damaged"):
        open_book(path)


PIECES = [
    run("a "), run("b", BOLD), run(" ", BOLD), run("c&lt;", "<w:i/>"), "<w:r><w:tab/></w:r>",
    '<w:hyperlink r:id="r1">', "</w:hyperlink>", "<w:ins>", "</w:ins>", "<w:r><w:t/></w:r>",
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>', "<w:r><w:instrText>REF</w:instrText></w:r>",
    "<w:r><w:instrText>HYPERLINK</w:instrText></w:r>", "<w:r><w:t>x</w:t><w:br/><w:t>y</w:t></w:r>",
    '<w:bookmarkStart w:id="1"/>', "<m:oMath xmlns:m='m'><m:r><m:t>z</m:t></m:r></m:oMath>",
    "<w:sdt><w:sdtPr/><w:sdtContent>", "</w:sdtContent></w:sdt>", "</w:p><w:p>", run("\ufdd0"),
    f"<w:r><w:pict><w:p>{run('box')}</w:p></w:pict></w:r>",
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=16),
    st.sampled_from(["de", "ar", "ja"]),
    st.sampled_from(["none", "above", "below", "side"]),
)
def test_any_paragraph(pieces: list[str], target: str, mode: Bilingual) -> None:
    with tempfile.TemporaryDirectory() as folder:
        body = f"<w:p>{''.join(pieces)}</w:p>"
        try:
            book = open_book(make(Path(folder), body))
        except BookError:
            return
        blocks = book.blocks()
        assert blocks == open_book(book.path).blocks()
        texts = {i: t for i, t in pseudo_texts(book).items() if not book.check(i, t)}
        written(book, Path(folder), texts, WriteOptions("en", target, mode))
