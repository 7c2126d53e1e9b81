from __future__ import annotations

from pathlib import Path
from typing import Any

import pymupdf
import pytest

from tests.pdfs import HEIGHT, LEFT, LOREM, WIDTH, Maker, picture
from translator import markup
from translator.books import pdf_layout
from translator.books.audit import audit
from translator.books.base import Book, WriteOptions
from translator.books.export import open_for
from translator.books.pdf_layout import LayoutBook
from translator.errors import BookError
from translator.types import BlockKind

GERMAN = WriteOptions("en", "de")
BOX = (LEFT, 70.0, WIDTH - LEFT, 400.0)


def turned(book: Book) -> dict[str, str]:
    """Every text with its vowels changed, markup kept."""
    return {
        b.id: "".join(
            t.translate(str.maketrans("aeou", "äéöü")) if isinstance(t, str) else str(t)
            for t in markup.tokenize(b.text)
        )
        for b in book.blocks()
        if b.keep is None
    }


def wrong(book: Book, output: Path, texts: dict[str, str], options: WriteOptions) -> list[str]:
    return [f"{i.block_id}: {i.reason}" for i in audit(book, output, texts, options) if not i.ok]


def written(book: Book, tmp_path: Path, texts: dict[str, str], target: str = "de") -> Path:
    output, options = tmp_path / "out.pdf", WriteOptions("en", target)
    book.write(output, texts, options)
    assert wrong(book, output, texts, options) == []
    return output


def words(path: Path, page: int = 0) -> str:
    return " ".join(pymupdf.open(path)[page].get_text("text", flags=0).split())


def book_of(maker: Maker, tmp_path: Path) -> LayoutBook:
    book = open_for(maker.save(tmp_path / "book.pdf"), tmp_path / "out.pdf")
    assert isinstance(book, LayoutBook)
    return book


def test_translations_stand_in_the_places_of_the_source(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("The Lighthouse", 60, size=16, font="tibo")
    maker.text(LOREM, (LEFT, 90, WIDTH - LEFT, 160))
    maker.text("Then " + LOREM, (LEFT, 300, WIDTH - LEFT, 370))
    book = book_of(maker, tmp_path)
    output = written(book, tmp_path, turned(book))
    found = {s["text"]: s for s in _spans(output)}
    assert "Thé Lighthöüsé" in found
    assert found["Thé Lighthöüsé"]["size"] == pytest.approx(16, abs=0.1)
    assert "Bold" in found["Thé Lighthöüsé"]["font"]
    assert found["Thé Lighthöüsé"]["origin"] == pytest.approx((LEFT, 60), abs=1.5)
    first = next(s for text, s in found.items() if text.startswith("Thén"))
    assert first["origin"][0] == pytest.approx(LEFT, abs=1)
    assert 300 < first["origin"][1] < 316
    assert "keeper" not in words(output)


def _spans(path: Path, page: int = 0) -> list[dict[str, Any]]:
    blocks = pymupdf.open(path)[page].get_text("dict")["blocks"]
    return [s for b in blocks for line in b.get("lines", ()) for s in line["spans"]]


def test_pictures_drawings_links_and_what_is_not_translated_stay(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text(LOREM, (LEFT, 90, WIDTH - LEFT, 160))
    maker.line("x = read(1)", 200, font="cour")
    maker.page.insert_image((LEFT, 230, LEFT + 160, 350), stream=picture())
    maker.page.draw_line((LEFT, 180), (WIDTH - LEFT, 180))
    place = pymupdf.Rect(LEFT, 90, LEFT + 60, 104)
    link = {"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org/a"}
    maker.page.insert_link(link)
    book = book_of(maker, tmp_path)
    assert [b.keep for b in book.blocks() if b.kind is BlockKind.CODE] == ["code"]
    page = pymupdf.open(written(book, tmp_path, turned(book)))[0]
    assert [link["uri"] for link in page.get_links()] == ["https://example.org/a"]
    assert len(page.get_image_info()) == 1
    assert len(page.get_drawings()) == 1
    assert "x = read(1)" in page.get_text()


def test_outline_title_and_language(tmp_path: Path) -> None:
    maker = Maker()
    for name in ("One", "Two"):
        maker.turn().line(name, 60, size=16)
        maker.text(LOREM, BOX)
    maker.document.set_toc([[1, "One", 1], [1, "Two", 2]])
    maker.document.set_metadata({"title": "The Lighthouse", "author": "A. Writer"})
    book = book_of(maker, tmp_path)
    document = pymupdf.open(written(book, tmp_path, turned(book)))
    assert document.get_toc() == [[1, "Oné", 1], [1, "Twö", 2]]
    assert document.metadata["title"] == "Thé Lighthöüsé"
    assert document.metadata["author"] == "A. Writer"
    assert document.language == "de"


def test_a_paragraph_flows_over_columns_and_pages(tmp_path: Path) -> None:
    middle = WIDTH / 2
    maker = Maker().turn()
    maker.text(LOREM + LOREM + "He saw the", (40, 70, middle - 10, 500), 8)
    maker.text("harbour again. " + LOREM * 2 + "Nobody", (middle + 10, 70, WIDTH - 40, 500), 8)
    maker.turn()
    maker.text("knew its name. " + LOREM * 2, (40, 70, middle - 10, 500), 8)
    maker.text("Another day. " + LOREM * 2, (middle + 10, 70, WIDTH - 40, 500), 8)
    book = book_of(maker, tmp_path)
    long = next(b for b in book.blocks() if "Nobody knew" in b.text)
    assert "saw the harbour again" in long.text
    output = written(book, tmp_path, turned(book))
    assert "Thé kéépér" in words(output)
    assert "mörning cämé ägäin" in words(output, 1)


def test_a_longer_text_takes_free_space_and_then_a_smaller_size(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text("First. " + LOREM, (LEFT, 90, WIDTH - LEFT, 160))
    maker.text("Second. " + LOREM, (LEFT, 300, WIDTH - LEFT, 370))
    maker.text("Third. " + LOREM, (LEFT, 378, WIDTH - LEFT, 450))
    book = book_of(maker, tmp_path)
    texts = {key: f"{text} {text}" for key, text in turned(book).items() if "#" in key}
    texts = {
        key: text for key, text in texts.items() if markup.plain(text)[:5] in ("First", "Sécön")
    }
    output = written(book, tmp_path, texts)
    sizes = {str(s["text"])[:5]: float(str(s["size"])) for s in _spans(output)}
    assert sizes["First"] == pytest.approx(10, abs=0.05)
    assert 5 < sizes["Sécön"] < 9.7
    assert all(float(s["bbox"][3]) < 380 for s in _spans(output) if "é" in str(s["text"]))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("zh-Hans", "灯塔看守人每天晚上在太阳下山之前都会爬上楼梯。"),
        ("ja", "灯台守は毎晩、日が沈む前に階段を上った。"),
        ("ko", "등대지기는 매일 저녁 해가 지기 전에 계단을 올랐다."),
        ("ru", "Смотритель маяка каждый вечер поднимался по лестнице."),
        ("ar", "كان حارس المنارة يصعد الدرج كل مساء قبل غروب الشمس (42)."),
        ("he", "שומר המגדלור טיפס במדרגות מדי ערב לפני שקיעת השמש."),
        ("hi", "प्रकाशस्तंभ का रखवाला हर शाम सूरज डूबने से पहले सीढ़ियाँ चढ़ता था।"),
        ("th", "ผู้ดูแลประภาคารปีนบันไดทุกเย็นก่อนพระอาทิตย์ตกดิน " * 4),
    ],
)
def test_scripts(tmp_path: Path, target: str, text: str) -> None:
    maker = Maker().turn()
    maker.text("In short. " + LOREM[:200], (LEFT, 90, WIDTH - LEFT, 160))
    book = book_of(maker, tmp_path)
    block = next(b for b in book.blocks() if b.kind is BlockKind.PARAGRAPH)
    output = written(book, tmp_path, {block.id: text}, target)
    boxes = [s["bbox"] for s in _spans(output)]
    assert all(box[0] > LEFT - 2 and box[2] < WIDTH - LEFT + 2 for box in boxes)
    if target in ("ar", "he"):
        assert max(box[2] for box in boxes) > WIDTH - LEFT - 3


def test_what_is_missing_or_still_there_is_found(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.text("First. " + LOREM, (LEFT, 90, WIDTH - LEFT, 160))
    maker.text("Second. " + LOREM, (LEFT, 300, WIDTH - LEFT, 370))
    book = book_of(maker, tmp_path)
    texts = turned(book)
    output = written(book, tmp_path, texts)
    kept = [b.id for b in book.blocks() if "Second" in b.text]
    only_first = {key: text for key, text in texts.items() if key not in kept}
    book.write(output, only_first, GERMAN)
    assert [line.partition(":")[0] for line in wrong(book, output, texts, GERMAN)] == kept
    document = pymupdf.open(written(book, tmp_path, texts))
    document[0].insert_textbox(
        (LEFT, 450, WIDTH - LEFT, 520), "Second. " + LOREM, fontsize=8, fontname="tiro"
    )
    document.save(tmp_path / "both.pdf")
    assert [n.partition(":")[0] for n in wrong(book, tmp_path / "both.pdf", texts, GERMAN)] == kept
    document[0].add_redact_annot((0, 0, WIDTH, 200))
    document[0].apply_redactions()
    document.save(tmp_path / "less.pdf")
    assert len(wrong(book, tmp_path / "less.pdf", texts, GERMAN)) == 2


def test_lists_notes_tables_and_headers(tmp_path: Path) -> None:
    maker = Maker()
    for number in range(1, 6):
        maker.turn().line("A Running Header", 30, size=8)
        maker.line(str(number), HEIGHT - 25)
        maker.text(LOREM, (LEFT, 70, WIDTH - LEFT, 140))
    y = maker.lines("• the first thing\n• the second thing", 200)
    x = [LEFT, LEFT + 150, LEFT + 300]
    for row in range(3):
        maker.line(f"name {row}", y + 22 + 20 * row, x[0] + 4)
        maker.line(f"value {row}", y + 22 + 20 * row, x[1] + 4)
    for row in range(4):
        maker.page.draw_line((x[0], y + 8 + 20 * row), (x[2], y + 8 + 20 * row))
    for edge in x:
        maker.page.draw_line((edge, y + 8), (edge, y + 68))
    maker.line("Some words with a note", 420)
    maker.superscript("1", LEFT + 102, 420)
    maker.superscript("1", LEFT, 520)
    maker.line("The note itself.", 520, LEFT + 6, 8)
    book = book_of(maker, tmp_path)
    kinds = [b.kind for b in book.blocks()]
    assert kinds.count(BlockKind.CELL) == 6
    assert kinds.count(BlockKind.LIST_ITEM) == 2
    assert kinds.count(BlockKind.NOTE) == 1
    text = words(written(book, tmp_path, turned(book)), 4)
    for part in ("A Running Header", "• thé first thing", "välüé 2", "1 Thé nöté", "ä nöté 1"):
        assert part in text


def test_turned_and_rotated_pages(tmp_path: Path) -> None:
    maker = Maker().turn()
    for column in range(8):
        maker.page.insert_text((100 + 13 * column, 500), "The keeper went up", rotate=90)
    maker.turn().text(LOREM, (LEFT, 90, WIDTH - LEFT, 160))
    maker.page.set_rotation(90)
    book = book_of(maker, tmp_path)
    document = pymupdf.open(written(book, tmp_path, turned(book)))
    lines = [n for b in document[0].get_text("dict")["blocks"] for n in b["lines"]]
    assert {tuple(round(d) for d in line["dir"]) for line in lines} == {(0, -1)}
    assert all(line["bbox"][0] > 85 and line["bbox"][2] < 210 for line in lines)
    assert document[1].rotation == 90
    assert "Thé kéépér" in document[1].get_text()


def test_the_same_book_gives_the_same_bytes(tmp_path: Path) -> None:
    book = book_of(Maker().turn().text(LOREM, BOX), tmp_path)
    first = written(book, tmp_path, turned(book)).read_bytes()
    assert written(book, tmp_path, turned(book)).read_bytes() == first


def test_a_scan_is_refused_with_a_hint(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.page.insert_image((0, 0, WIDTH, HEIGHT), stream=picture())
    maker.save(tmp_path / "scan.pdf")
    with pytest.raises(BookError, match="no text") as error:
        open_for(tmp_path / "scan.pdf", tmp_path / "out.pdf")
    assert "EPUB" in error.value.hint


def test_a_page_that_cannot_be_written_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Maker().turn().text(LOREM, BOX)
    maker.turn().text("Second. " + LOREM, BOX)
    book = book_of(maker, tmp_path)
    order = book._order

    def broken(
        texts: dict[str, str], options: WriteOptions, skipped: set[int]
    ) -> dict[str, object]:
        made = order(texts, options, skipped)
        if 1 in made["pages"]:
            made["pages"][1]["redact"] = ["no box"]  # the worker dies on it
        return made

    monkeypatch.setattr(book, "_order", broken)
    texts = turned(book)
    book.write(tmp_path / "out.pdf", texts, GERMAN)
    found = wrong(book, tmp_path / "out.pdf", texts, GERMAN)
    assert len(found) == 1
    assert "kéépér" in words(tmp_path / "out.pdf")
    assert "keeper" in words(tmp_path / "out.pdf", 1)


def test_nothing_is_left_behind_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = book_of(Maker().turn().text(LOREM, BOX), tmp_path)
    monkeypatch.setattr(pdf_layout, "_SECONDS", 0.01)
    with pytest.raises(BookError, match="cannot be written"):
        book.write(tmp_path / "out.pdf", turned(book), GERMAN)
    assert [p.name for p in tmp_path.iterdir()] == ["book.pdf"]


def test_markup_inside_a_paragraph(tmp_path: Path) -> None:
    maker = Maker().turn()
    maker.line("A word that is ", 100)
    maker.line("bold", 100, LEFT + 64, font="tibo")
    maker.line(" and not the rest of it.", 100, LEFT + 84)
    book = book_of(maker, tmp_path)
    block = next(b for b in book.blocks() if "bold" in b.text)
    assert markup.plain(block.text) == "A word that is bold and not the rest of it."
    assert len(markup.placeholders(block.text)) == 2
    output = written(book, tmp_path, turned(book))
    bold = [str(s["text"]).strip() for s in _spans(output) if "Bold" in str(s["font"])]
    assert bold == ["böld"]
    assert book.check(block.id, "no tags") != ""
