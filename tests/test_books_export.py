from __future__ import annotations

from pathlib import Path

import pytest

from tests.epubs import make_epub
from translator.books.audit import audit
from translator.books.base import Book, WriteOptions, open_book
from translator.books.docx import DocxBook
from translator.books.export import Export, exported, open_for, outputs
from translator.errors import BookError

PAGES = {
    "a.xhtml": "<h1>One</h1><p>A <b>bold</b> word.<br/>Next line</p><pre>x = 1\n\ny = 2</pre>",
    "b.xhtml": "<p>Two &amp; <img src='i.png' alt='cat'/> three.</p><p>2024</p>",
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return open_book(make_epub(tmp_path / "a.epub", PAGES))


def changed(book: Book) -> dict[str, str]:
    return {b.id: b.text.replace("e", "é") for b in book.blocks() if b.keep is None}


@pytest.mark.parametrize(("suffix", "target"), [(".txt", "fr"), (".docx", "fr"), (".docx", "ar")])
def test_all_text_arrives(book: Book, tmp_path: Path, suffix: str, target: str) -> None:
    export = Export(book, suffix)
    output, options = tmp_path / f"o{suffix}", WriteOptions("en", target)
    texts = changed(export)
    export.write(output, texts, options)
    assert [i for i in audit(export, output, texts, options) if not i.ok] == []
    first = output.read_bytes()
    export.write(output, texts, options)
    assert output.read_bytes() == first
    if suffix == ".txt":
        text = output.read_text(encoding="utf-8")
        assert "Oné\n\nA bold word.\nNéxt liné\n\nx = 1\ny = 2\n\nTwo & thréé.\n\n2024\n" in text
    else:
        again = DocxBook(output)
        assert again.language == target
        assert [b.text for b in again.blocks()][-1] == "2024"


def test_what_is_missing_is_found(book: Book, tmp_path: Path) -> None:
    export = Export(book, ".txt")
    output, options = tmp_path / "o.txt", WriteOptions("en", "fr")
    texts = changed(export)
    export.write(output, texts, options)
    output.write_text(output.read_text(encoding="utf-8").replace("thréé", ""), encoding="utf-8")
    assert [i.found_text for i in audit(export, output, texts, options) if not i.ok] == ["Two & ."]


def test_no_bilingual_edition(book: Book, tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot hold"):
        Export(book, ".txt").write(tmp_path / "o.txt", {}, WriteOptions("en", "fr", "above"))


def test_the_output_decides(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "a.epub", PAGES)
    assert open_for(path, tmp_path / "o.TXT").format == "txt"
    assert open_for(path, tmp_path / "o.docx").format == "docx"
    assert open_for(path, tmp_path / "o.epub").format == "epub"
    assert open_for(path, None).format == "epub"
    assert exported(Path("a.txt"), Path("b.docx")) == ""


def test_the_choices_for_a_page() -> None:
    assert [choice.suffix for choice in outputs(Path("a.EPUB"))] == [".epub", ".txt", ".docx"]
    assert [choice.suffix for choice in outputs(Path("a.md"))] == [".md"]
    assert [choice.suffix for choice in outputs(Path("a.pdf"))] == [".epub", ".pdf"]
