from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pymupdf
import pytest

from tests.pdfs import HEIGHT, LEFT, LOREM, PITCH, SIZE, WIDTH, Maker, picture, width
from translator import markup
from translator.books.audit import audit
from translator.books.base import Book, WriteOptions, open_book, output_suffix
from translator.books.pdf import PdfBook
from translator.books.pdf_ocr import recognition
from translator.books.pdf_source import read_source
from translator.errors import BookError
from translator.types import Block, BlockKind

BOX = (LEFT, 70.0, WIDTH - LEFT, HEIGHT - 70)
ENGLISH = WriteOptions("en", "de")


def shown(book: Book) -> list[str]:
    """The text of the pages as a reader sees it, without file titles and navigation."""
    return [" ".join(markup.plain(b.text).split()) for b in body(book)]


def body(book: Book) -> list[Block]:
    return [
        b
        for b in book.blocks()
        if b.kind not in (BlockKind.METADATA, BlockKind.TOC) and "nav.xhtml" not in b.id
    ]


def text_of(book: Book) -> str:
    return "\n".join(shown(book))


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("A Paper in Two Columns", 60, size=16)
    middle = WIDTH / 2
    maker.text("First " + LOREM, (40, 90, middle - 10, 400), 8)
    maker.text("Second " + LOREM, (middle + 10, 90, WIDTH - 40, 400), 8)
    book = open_book(maker.save(tmp_path / "paper.pdf"))
    assert shown(book) == [
        "A Paper in Two Columns",
        f"First {LOREM}".strip(),
        f"Second {LOREM}".strip(),
    ]


def test_columns_in_a_part_of_a_page(tmp_path: Path) -> None:
    maker = Maker().turn()
    middle = WIDTH / 2
    maker.text("Above " + LOREM * 3, (40, 60, WIDTH - 40, 220), 8)
    maker.text("First " + LOREM, (40, 240, middle - 10, 380), 8)
    maker.text("Second " + LOREM, (middle + 10, 240, WIDTH - 40, 380), 8)
    maker.text("Below " + LOREM * 3, (40, 400, WIDTH - 40, 560), 8)
    book = open_book(maker.save(tmp_path / "paper.pdf"))
    assert [line.split()[0] for line in shown(book)] == ["Above", "First", "Second", "Below"]


def test_a_sentence_goes_on_in_the_next_column_and_on_the_next_page(tmp_path: Path) -> None:
    middle = WIDTH / 2
    maker = Maker().turn()
    first = LOREM + LOREM + "He waited for the ship that had left the"
    maker.text(first, (40, 70, middle - 10, 500), 8)
    maker.text("harbour a year ago. " + LOREM * 2 + "Nobody", (middle + 10, 70, WIDTH - 40, 500), 8)
    maker.turn()
    maker.text("knew its name. " + LOREM * 2, (40, 70, middle - 10, 500), 8)
    maker.text("Another day. " + LOREM * 2, (middle + 10, 70, WIDTH - 40, 500), 8)
    text = text_of(open_book(maker.save(tmp_path / "paper.pdf")))
    assert "the ship that had left the harbour a year ago." in text
    assert "Nobody knew its name." in text


def test_headers_footers_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    maker = Maker()
    for number in range(1, 9):
        maker.turn()
        running = "THE LIGHTHOUSE" if number % 2 else "A. N. Author"
        maker.line(running, 40, size=8).line(str(number), 40, LEFT - 8, size=8)
        maker.text(f"Page {number} says: {LOREM}", BOX)
        maker.line(str(number), HEIGHT - 30, WIDTH / 2, 8)
    book = open_book(maker.save(tmp_path / "book.pdf"))
    text = text_of(book)
    assert "THE LIGHTHOUSE" not in text
    assert "A. N. Author" not in text
    assert [line for line in shown(book) if line.isdigit()] == []
    assert all(f"Page {n} says: The keeper" in text for n in range(1, 9))
    assert any("24 lines of headers" in note for note in book.notes)


def test_the_numbers_of_notes_at_the_foot_are_no_page_numbers(tmp_path: Path) -> None:
    maker = Maker()
    for number in range(1, 7):
        maker.turn().text(LOREM, BOX)
        maker.line(str(number), HEIGHT - 62, size=5)
        maker.line(f"Note of page {'abcdef'[number - 1]}.", HEIGHT - 60, LEFT + 5, 8)
        maker.line(str(number), HEIGHT - 30, WIDTH / 2, 8)
    book = open_book(maker.save(tmp_path / "book.pdf"))
    notes = [b.text for b in book.blocks() if b.kind is BlockKind.NOTE]
    assert notes == [f"{n} Note of page {'abcdef'[n - 1]}." for n in range(1, 7)]
    assert any("6 lines of headers" in note for note in book.notes)


def test_what_begins_every_page_without_space_below_is_text(tmp_path: Path) -> None:
    maker = Maker()
    for _ in range(3):
        maker.turn().text(LOREM, BOX)
    assert text_of(open_book(maker.save(tmp_path / "book.pdf"))).count("The keeper") == 3


def test_words_divided_at_the_end_of_a_line_are_whole_again(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.lines(
        "The lighthouse stands on a rock, and beside the light-\n"
        "house there is a well-known inn. The inn is well-\n"
        "known for its fish and for the Anglo-\n"
        "American war.",
        80,
    )
    assert shown(open_book(maker.save(tmp_path / "book.pdf"))) == [
        "The lighthouse stands on a rock, and beside the lighthouse there is a well-known inn. "
        "The inn is well-known for its fish and for the Anglo-American war."
    ]


def test_paragraphs_by_indent_and_by_space(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text("    " + LOREM, (LEFT, 70, WIDTH - LEFT, 200))
    maker.text("One by space. " + LOREM, (LEFT, 200, WIDTH - LEFT, 300))
    maker.line("Two by indent, which is a long line that goes to the right edge", 330, LEFT + 20)
    maker.line("and goes on here, where it comes to its end.", 330 + PITCH)
    maker.line(
        "Three by indent again, which is also a line to the right edge as",
        330 + 2 * PITCH,
        LEFT + 20,
    )
    maker.line("the others are.", 330 + 3 * PITCH)
    found = shown(open_book(maker.save(tmp_path / "book.pdf")))
    assert [line.split()[0] for line in found] == ["The", "One", "Two", "Three"]


def test_a_large_initial_belongs_to_its_word(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("O", 100, size=30)
    maker.line("nce upon a time there was a keeper of a lighthouse who read", 88, LEFT + 24)
    maker.line("until the morning, and nobody in the harbour knew which book", 101, LEFT + 24)
    maker.line("it was that he read with so much patience, night after night, alone.", 114)
    (text,) = shown(open_book(maker.save(tmp_path / "book.pdf")))
    assert text.startswith("Once upon a time")
    assert text.endswith(
        "which book it was that he read with so much patience, night after night, alone."
    )


def test_a_footnote_is_linked_with_its_marker(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, BOX)
    line = "A word with a note"
    maker.line(line, 300)
    maker.superscript("1", LEFT + width(line) + 0.5, 300)
    maker.line("and more words.", 300, LEFT + width(line) + 8)
    maker.line("1", 498, size=5).line("What the note says about it.", 500, LEFT + 6, 8)
    book = open_book(maker.save(tmp_path / "book.pdf"))
    assert any(b.kind is BlockKind.NOTE and "What the note" in b.text for b in book.blocks())
    page = written(book, tmp_path, "EPUB/p0001.xhtml")
    assert '<a epub:type="noteref" id="r1" href="#n1"><sup>1</sup></a>' in page
    assert '<aside epub:type="footnote" id="n1"><p><a href="#r1">1</a>' in page


def test_a_footnote_goes_on_at_the_foot_of_the_next_page(tmp_path: Path) -> None:
    maker = Maker().turn().text(LOREM, BOX)
    maker.line("A word*", 300).line("* The note begins here and is con-", 500, size=8)
    maker.turn().text(LOREM, BOX).line("tinued on the next page.", 500, size=8)
    book = open_book(maker.save(tmp_path / "book.pdf"))
    (note,) = [b.text for b in book.blocks() if b.kind is BlockKind.NOTE]
    assert note.endswith("The note begins here and is continued on the next page.")
    assert "A word<a epub:type=" in written(book, tmp_path, "EPUB/p0001.xhtml")


def test_chapters_come_from_the_outline(tmp_path: Path) -> None:
    maker = Maker()
    for number, name in enumerate(("Dawn", "Noon", "Dusk"), 1):
        maker.turn().line(f"{number} {name}", 80, size=12, font="tibo")
        maker.text(LOREM, (LEFT, 100, WIDTH - LEFT, 300))
    maker.document.set_toc([[1, "Dawn", 1], [1, "Noon", 2], [1, "Dusk", 3]])
    maker.document.set_metadata({"title": "The Day", "author": "A. Writer"})
    book = open_book(maker.save(tmp_path / "book.pdf"))
    assert book.title == "The Day"
    sections = [b.section for b in book.blocks() if b.kind is BlockKind.HEADING]
    assert sections == ["EPUB/p0001.xhtml", "EPUB/p0002.xhtml", "EPUB/p0003.xhtml"]
    nav = written(book, tmp_path, "EPUB/nav.xhtml")
    assert '<a href="p0002.xhtml">Noon</a>' in nav
    assert "<dc:creator>A. Writer</dc:creator>" in written(book, tmp_path, "EPUB/package.opf")


def test_chapters_come_from_headings_without_an_outline(tmp_path: Path) -> None:
    maker = Maker()
    for name in ("Dawn", "Noon"):
        maker.turn().line(name, 80, size=18)
        maker.text(LOREM, (LEFT, 100, WIDTH - LEFT, 250))
        maker.line("A part", 270, size=13)
        maker.text(LOREM, (LEFT, 280, WIDTH - LEFT, 400))
    book = open_book(maker.save(tmp_path / "book.pdf"))
    headings = [(b.section[5:10], b.text) for b in book.blocks() if b.kind is BlockKind.HEADING]
    assert headings == [
        ("p0001", "Dawn"),
        ("p0001", "A part"),
        ("p0002", "Noon"),
        ("p0002", "A part"),
    ]


def test_lists_and_code(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 150))
    maker.line("\u2022 first thing", 180).line("\u2022 second thing", 180 + PITCH)
    maker.line("1. step one", 230).line("2. step two", 230 + PITCH)
    maker.line("def light():", 290, font="cour").line("    return oil", 290 + PITCH, font="cour")
    maker.text(LOREM, (LEFT, 340, WIDTH - LEFT, 450))
    book = open_book(maker.save(tmp_path / "book.pdf"))
    items = [b.text for b in book.blocks() if b.kind is BlockKind.LIST_ITEM]
    assert items == ["first thing", "second thing", "1. step one", "2. step two"]
    code = [b for b in book.blocks() if b.kind is BlockKind.CODE]
    assert [(b.text, b.keep) for b in code] == [("def light():\n    return oil", "code")]


def test_speech_keeps_its_dashes_and_numbers_in_sentences_are_no_list(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.lines(
        "- Where is the keeper, and who has lit the lamp in the tower today?\n"
        "- He left at noon.\n"
        "Nobody had seen him since the morning of that long and quiet day, the\n"
        "12. March, when the ship came into the harbour without a single sail.",
        100,
    )
    assert shown(open_book(maker.save(tmp_path / "book.pdf"))) == [
        "- Where is the keeper, and who has lit the lamp in the tower today?",
        "- He left at noon.",
        "Nobody had seen him since the morning of that long and quiet day, the "
        "12. March, when the ship came into the harbour without a single sail.",
    ]


def test_a_typewritten_book_is_no_code(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("It was a dark and stormy night.", 90, font="cour")
    maker.line("The rain fell in torrents.", 90 + PITCH, font="cour")
    assert all(b.keep is None for b in body(open_book(maker.save(tmp_path / "book.pdf"))))


def test_a_table_with_rules(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 150))
    for row in range(4):
        maker.page.draw_line((60, 200 + 20 * row), (300, 200 + 20 * row))
    for x in (60, 140, 220, 300):
        maker.page.draw_line((x, 200), (x, 260))
    for row in range(3):
        for column in range(3):
            maker.line(f"cell {row}{column}", 214 + 20 * row, 65 + 80 * column)
    maker.text("After it. " + LOREM, (LEFT, 280, WIDTH - LEFT, 400))
    book = open_book(maker.save(tmp_path / "book.pdf"))
    cells = [b.text for b in book.blocks() if b.kind is BlockKind.CELL]
    assert cells == [f"cell {row}{column}" for row in range(3) for column in range(3)]
    assert shown(book)[-1].startswith("After it.")


def test_a_table_without_rules(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 150))
    for row, (name, count) in enumerate((("apples", "12"), ("pears", "7"), ("plums", "130"))):
        maker.line(name, 200 + 14 * row).line(count, 200 + 14 * row, 200)
    cells = [
        b.text
        for b in open_book(maker.save(tmp_path / "b.pdf")).blocks()
        if b.kind is BlockKind.CELL
    ]
    assert cells == ["apples", "12", "pears", "7", "plums", "130"]


def test_short_cells_and_words_about_tables(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("Table captions are placed above the table.", 80)
    for row, (sign, often) in enumerate([("x", "often"), ("y", "seldom"), ("z", "never")]):
        maker.line(sign, 120 + PITCH * row).line(often, 120 + PITCH * row, LEFT + 80)
        maker.line("a longer remark", 120 + PITCH * row, LEFT + 160)
    book = open_book(maker.save(tmp_path / "table.pdf"))
    cells = [markup.plain(b.text) for b in body(book) if b.kind is BlockKind.CELL]
    assert cells[:4] == ["x", "often", "a longer remark", "y"]
    assert len(cells) == 9
    kinds = [b.kind for b in body(book) if "captions" in b.text]
    assert kinds == [BlockKind.PARAGRAPH]


def test_a_figure_stays_in_its_place(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 150))
    maker.page.insert_image((100, 180, 260, 300), stream=picture())
    maker.line("Figure 1: The lamp.", 320)
    maker.text("After it. " + LOREM, (LEFT, 350, WIDTH - LEFT, 450))
    book = open_book(maker.save(tmp_path / "book.pdf"))
    page = written(book, tmp_path, "EPUB/p0001.xhtml")
    before, after = page.index("morning came again"), page.index("After it.")
    assert before < page.index("<figure><img src=") < page.index("<figcaption>") < after
    assert [b.text for b in book.blocks() if b.kind is BlockKind.CAPTION] == ["Figure 1: The lamp."]


def test_a_formula_is_a_picture_in_its_place(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 150))
    maker.line("abc = de + f", 200, 170, 16, "symb")
    maker.text("After it. " + LOREM, (LEFT, 240, WIDTH - LEFT, 350))
    book = open_book(maker.save(tmp_path / "book.pdf"))
    alts = [b for b in book.blocks() if b.kind is BlockKind.ALT]
    assert [b.keep for b in alts] == ["marked as not to translate"]
    page = written(book, tmp_path, "EPUB/p0001.xhtml")
    assert page.index("came again") < page.index("<img") < page.index("After it.")


def test_a_written_book_passes_the_ledger(tmp_path: Path) -> None:
    book = open_book(rich(tmp_path))
    texts = {b.id: upper(b.text) for b in book.blocks() if b.keep is None}
    assert [book.check(*pair) for pair in texts.items() if book.check(*pair)] == []
    for mode in book.bilingual:
        options = WriteOptions("en", "de", mode)
        output = tmp_path / f"{mode}.epub"
        book.write(output, texts, options)
        assert [item for item in audit(book, output, texts, options) if not item.ok] == []
        assert open_book(output).format == "epub"


def test_a_lost_paragraph_is_found(tmp_path: Path) -> None:
    book = open_book(rich(tmp_path))
    texts = {b.id: upper(b.text) for b in book.blocks() if b.keep is None}
    output = tmp_path / "out.epub"
    lost = next(b.id for b in body(book) if b.keep is None)
    book.write(output, {k: v for k, v in texts.items() if k != lost}, ENGLISH)
    assert [i.block_id for i in audit(book, output, texts, ENGLISH) if not i.ok] == [lost]


def test_reading_twice_gives_the_same_book(tmp_path: Path) -> None:
    path = rich(tmp_path)
    first, second = open_book(path), open_book(path)
    assert first.blocks() == second.blocks()
    for number, book in enumerate((first, second)):
        book.write(tmp_path / f"{number}.epub", {}, ENGLISH)
    assert (tmp_path / "0.epub").read_bytes() == (tmp_path / "1.epub").read_bytes()


def test_a_page_that_cannot_be_read_is_a_named_failure(tmp_path: Path) -> None:
    maker = Maker()
    for _ in range(3):
        maker.turn().text(LOREM, BOX)
    page = maker.document[1]
    maker.document.update_stream(page.get_contents()[0], b"BT /Nowhere 1 Tf (((( \xff\xfe <<")
    book = open_book(maker.save(tmp_path / "book.pdf"))
    assert any(note.startswith("Page 2 cannot be read") for note in book.notes)
    unread = [b for b in book.blocks() if b.text.startswith("Page 2 of the PDF cannot be read")]
    assert len(unread) == 1
    assert unread[0].keep is not None
    output = tmp_path / "out.epub"
    book.write(output, {}, ENGLISH)
    failed = [i.block_id for i in audit(book, output, {}, ENGLISH) if not i.ok]
    assert failed == [unread[0].id]
    pages = [b.section for b in body(book)]
    assert pages == sorted(pages)


def test_a_locked_pdf_is_refused(tmp_path: Path) -> None:
    maker = Maker().turn().line("Secret.", 100)
    path = maker.save(
        tmp_path / "locked.pdf",
        encryption=pymupdf.PDF_ENCRYPT_AES_256,
        user_pw="hunter2",
        owner_pw="owner",
    )
    with pytest.raises(BookError, match="locked with a password"):
        open_book(path)


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    maker = Maker().turn().text(LOREM, BOX)
    path = maker.save(
        tmp_path / "owned.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner"
    )
    assert "The keeper" in text_of(open_book(path))


def test_a_scan_is_refused_with_the_name_of_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no Tesseract
    maker = Maker()
    for shade in (10, 90):
        maker.turn().page.insert_image((0, 0, WIDTH, HEIGHT), stream=picture(shade))
    with pytest.raises(BookError, match="no text") as caught:
        open_book(maker.save(tmp_path / "scan.pdf"))
    assert "ocrmypdf" in caught.value.hint
    assert "Tesseract" in caught.value.hint


@pytest.mark.skipif(recognition("en") is None, reason="Tesseract is not installed")
def test_a_scan_is_read_by_tesseract(tmp_path: Path) -> None:
    paper = Maker().turn()
    paper.line("The keeper of the lighthouse", 100, size=20)
    scan = Maker().turn()
    pixels = paper.page.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
    scan.page.insert_image((0, 0, WIDTH, HEIGHT), stream=pixels.tobytes("png"))
    scan.document.set_language("en")
    book = open_book(scan.save(tmp_path / "scan.pdf"))
    assert text_of(book) == "The keeper of the lighthouse"
    assert any("recognised by Tesseract (eng)" in note for note in book.notes)


def test_a_book_under_drm_is_refused(tmp_path: Path) -> None:
    data = (
        Maker()
        .turn()
        .line("Secret.", 100)
        .document.tobytes(encryption=pymupdf.PDF_ENCRYPT_RC4_128, owner_pw="owner")
    )
    path = tmp_path / "drm.pdf"
    path.write_bytes(data.replace(b"/Filter/Standard", b"/Filter/EBX_HAND"))
    with pytest.raises(BookError, match="protected by DRM"):
        open_book(path)


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4 garbage" * 50])
def test_a_damaged_pdf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(data)
    with pytest.raises(BookError):
        open_book(path)


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_copy_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    data = bytearray(rich(tmp_path).read_bytes())
    chance = random.Random(seed)
    for _ in range(30):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(data[9 : chance.randrange(len(data) // 2, len(data))]))
    try:
        book = open_book(path)
    except BookError as error:
        assert error.message
    else:
        assert book.blocks()


def test_a_reader_that_hangs_is_stopped(tmp_path: Path) -> None:
    path = Maker().turn().text(LOREM, BOX).save(tmp_path / "book.pdf")
    with pytest.raises(BookError, match="failed on it"):
        read_source(path, tmp_path, page_seconds=0.001)


def test_the_translation_is_an_epub() -> None:
    assert output_suffix(Path("a/Book.PDF")) == ".epub"
    assert output_suffix(Path("book.txt")) == ".txt"


def test_right_to_left_columns_begin_at_the_right(tmp_path: Path) -> None:
    maker = Maker().turn()
    middle = WIDTH / 2
    words = "שומר המגדלור עלה במדרגות בכל ערב לפני שקיעת השמש וקרא ספר עד הבוקר " * 3
    for start, left, right in (("ראשון", middle + 12, WIDTH - 40), ("שני", 40, middle - 12)):
        text = f'<p dir="rtl" lang="he" style="font-size:8px">{start} {words}.</p>'
        maker.page.insert_htmlbox((left, 70, right, 400), text)
    found = shown(open_book(maker.save(tmp_path / "book.pdf")))
    assert [line.split()[0] for line in found] == ["ראשון", "שני"]


def test_landscape_text_is_read_in_its_direction(tmp_path: Path) -> None:
    maker = Maker().turn()
    for number, line in enumerate(
        ("This text was turned to the side,", "and it is read as it should be.")
    ):
        maker.page.insert_text((100 + PITCH * number, 500), line, fontsize=SIZE, rotate=90)
    text = text_of(open_book(maker.save(tmp_path / "book.pdf")))
    assert text == "This text was turned to the side, and it is read as it should be."


def rich(folder: Path) -> Path:
    """A PDF with one of everything."""
    maker = Maker().turn().line("Chapter & One", 80, size=16)
    maker.text(LOREM, (LEFT, 100, WIDTH - LEFT, 200))
    maker.line("Plain, ", 220).line("slanted", 220, LEFT + width("Plain, "), font="tiit")
    maker.line("\u2022 a <thing>", 250)
    maker.line("code();", 280, font="cour")
    maker.page.insert_image((100, 300, 180, 360), stream=picture())
    maker.turn().line("Chapter Two", 80, size=16)
    maker.text(LOREM, (LEFT, 100, WIDTH - LEFT, 200))
    return maker.save(folder / "rich.pdf")


def upper(text: str) -> str:
    return "".join(t.upper() if isinstance(t, str) else str(t) for t in markup.tokenize(text))


def written(book: Book, folder: Path, member: str) -> str:
    assert isinstance(book, PdfBook)
    output = folder / "written.epub"
    book.write(output, {}, WriteOptions("en", "en"))
    with zipfile.ZipFile(output) as archive:
        assert archive.namelist()[0] == "mimetype"
        return archive.read(member).decode()
