from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books_support import pseudo_texts
from translator import markup
from translator.books.audit import audit
from translator.books.base import Bilingual, Book, WriteOptions, open_book
from translator.engines.pseudo import is_pseudo
from translator.errors import BookError

OPTIONS = WriteOptions("ru", "de")
HEAD = """<?xml version="1.0" encoding="windows-1251"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
<description><title-info><genre>prose</genre><author><first-name>Иван</first-name></author>
<book-title>Книга</book-title><annotation><p>О книге.</p></annotation><lang>ru</lang></title-info>
<document-info><author><nickname>me</nickname></author><id>x-1</id></document-info></description>
"""
BODY = """<body><title><p>Глава</p></title><epigraph><p>Эпиграф</p><text-author>Автор</text-author>
</epigraph><section id="s"><p>Он <emphasis>шёл</emphasis> домой<a l:href="#n1" type="note">[1]</a>
и пел.</p><empty-line/><poem><stanza><v>Стих один,</v><v>стих два.</v></stanza></poem>
<image l:href="#i.png" alt="Кот"/><table><tr><td>Да</td></tr></table></section></body>
<body name="notes"><section id="n1"><p>Сноска.</p></section></body>
<binary id="i.png" content-type="image/png">QUJD</binary></FictionBook>
"""


def make(folder: Path, body: str = BODY, encoding: str = "cp1251") -> Book:
    (folder / "a.fb2").write_bytes((HEAD + body).encode(encoding))
    return open_book(folder / "a.fb2")


def written(
    book: Book, folder: Path, texts: dict[str, str], options: WriteOptions = OPTIONS
) -> str:
    output = folder / "o.fb2"
    book.write(output, texts, options)
    assert [i for i in audit(book, output, texts, options) if not i.ok] == []
    return output.read_bytes().decode("cp1251")


def test_all_text_is_found(tmp_path: Path) -> None:
    book = make(tmp_path)
    assert [(b.text, b.kind.value) for b in book.blocks() if not b.keep] == [
        ("Книга", "metadata"), ("О книге.", "metadata"), ("Глава", "heading"),
        ("Эпиграф", "paragraph"), ("Автор", "paragraph"),
        (f"Он {markup.opening(1)}шёл{markup.closing(1)} домой{markup.single(2)} и пел.",
         "paragraph"),
        ("Стих один,", "paragraph"), ("стих два.", "paragraph"), ("Кот", "alt"), ("Да", "cell"),
        ("Сноска.", "note"),
    ]  # fmt: skip
    kept = " ".join(b.text for b in book.blocks() if b.keep)
    assert "Иван" in kept
    assert "me" in kept
    assert "QUJD" not in kept
    assert (book.title, book.language, book.format) == ("Книга", "ru", "fb2")


def test_pseudo_covers_everything(tmp_path: Path) -> None:
    book = make(tmp_path)
    text = written(book, tmp_path, pseudo_texts(book))
    assert "<lang>de</lang><src-lang>ru</src-lang>" in text
    assert "домой⟫".encode("cp1251", "xmlcharrefreplace").decode("cp1251") in text
    for block in open_book(tmp_path / "o.fb2").blocks():
        tokens = [t for t in markup.tokenize(block.text) if isinstance(t, str) and t.strip()]
        assert block.keep or all(is_pseudo(token) for token in tokens), block


def test_only_text_and_language_change(tmp_path: Path) -> None:
    book = make(tmp_path)
    ids = {b.text: b.id for b in book.blocks()}
    assert written(book, tmp_path, {b.id: b.text for b in book.blocks()}) == HEAD + BODY
    expected = (HEAD + BODY).replace("Да", "Ja &amp; &#228;").replace(
        "<lang>ru</lang>", "<lang>de</lang><src-lang>ru</src-lang>"
    )  # fmt: skip
    assert written(book, tmp_path, {ids["Да"]: "Ja & ä"}) == expected


def test_styled_text_is_text(tmp_path: Path) -> None:
    body = '<body><section><p>Это <style name="x">важно</style>.</p></section></body></FictionBook>'
    book = make(tmp_path, body)
    assert book.blocks()[-1].text == f"Это {markup.opening(1)}важно{markup.closing(1)}."
    text = written(book, tmp_path, pseudo_texts(book))
    assert '<style name="x">&#10218;важно&#10219;</style>' in text


def test_bilingual(tmp_path: Path) -> None:
    book = make(tmp_path)
    texts = pseudo_texts(book)
    below = written(book, tmp_path, texts, WriteOptions("ru", "de", "below"))
    assert '</v><v xml:lang="ru">Стих один,</v><v xml:lang="de">' in below
    assert "<book-title>⟪".encode("cp1251", "xmlcharrefreplace").decode("cp1251") in below
    assert below.count('id="s"') == below.count('id="n1"') == 1
    assert '<style name="source" xml:lang="ru">Да</style></td>' in below
    above = written(book, tmp_path, texts, WriteOptions("ru", "de", "above"))
    assert '<p xml:lang="ru">Глава</p><p xml:lang="de">' in above
    assert open_book(tmp_path / "o.fb2").blocks()
    damaged = above.replace('<p xml:lang="ru">Глава</p>', "", 1).replace("Стих один", "Стих", 1)
    (tmp_path / "o.fb2").write_bytes(damaged.encode("cp1251"))
    options = WriteOptions("ru", "de", "above")
    assert [i for i in audit(book, tmp_path / "o.fb2", texts, options) if not i.ok]


def test_wrong_files(tmp_path: Path) -> None:
    for data, says in (
        ("<FictionBook><body/></FictionBook>", "no text"),
        ("<html/>", "not a FictionBook"),
        ("<FictionBook>", "damaged"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "b">]><FictionBook>&a;</FictionBook>', "another file"),
    ):
        (tmp_path / "a.fb2").write_text(data)
        with pytest.raises(BookError, match=says):
            open_book(tmp_path / "a.fb2")


PIECES = (
    "<p>|</p>|<v>|</v>|a|б|<emphasis>|</emphasis>|<strong>|</strong>|<section>|</section>|<image/>|"
    "<empty-line/>|<a l:href='#x' type='note'>|</a>|<code>|</code>|&amp;|<title>|</title>|<!--c-->"
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES.split("|")), max_size=14),
    st.sampled_from(["none", "above", "below"]),
)
def test_any_body(pieces: list[str], mode: Bilingual) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            book = make(Path(folder), f"<body><p>x</p>{' '.join(pieces)}</body></FictionBook>")
        except BookError:
            return
        texts = {i: t for i, t in pseudo_texts(book).items() if not book.check(i, t)}
        written(book, Path(folder), texts, WriteOptions("ru", "de", mode))
