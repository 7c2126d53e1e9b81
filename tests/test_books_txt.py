from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator import markup
from translator.books.audit import audit
from translator.books.base import WriteOptions, open_book
from translator.errors import BookError

DE = WriteOptions("en", "de")
WRAPPED = (
    "It was the best of times, it was the worst of times, it was the age of\n"
    "wisdom, it was the age of foolishness, it was the epoch of well-\n"
    "founded belief, it was the epoch of incredulity.\n"
)
VERSE = "Tyger Tyger, burning bright,\n  In the forests of the night;\nWhat immortal hand or eye\n"


def texts(path: Path, data: str, encoding: str = "utf-8") -> list[str]:
    path.write_bytes(data.encode(encoding))
    return [b.text for b in open_book(path).blocks()]


def test_wrapped_lines_are_joined(tmp_path: Path) -> None:
    first, second = texts(tmp_path / "a.txt", f"{WRAPPED}\n\n{WRAPPED}")
    assert first == second == WRAPPED.replace("-\n", "-").replace("\n", " ").strip()


def test_verse_stays_in_lines(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.txt", VERSE) == [
        "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye"
    ]


def test_a_paragraph_a_line(tmp_path: Path) -> None:
    long = "　　他站在门口，看着远方的山。" * 6
    assert len(texts(tmp_path / "a.txt", f"{long}\n{long}\n第三段。\n")) == 3
    assert len(texts(tmp_path / "b.txt", "Short line\n" * 100)) == 100


def test_wrapped_cjk_is_joined_without_blanks(tmp_path: Path) -> None:
    line = "吾輩は猫である名前はまだ無いどこで生れたかとんと見当がつかぬ"
    assert texts(tmp_path / "a.txt", f"{line}\n{line}\n猫。") == [line + line + "猫。"]


def test_ornaments_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\n\n* * *\n\n1984\n")
    assert [b.keep for b in open_book(tmp_path / "a.txt").blocks()] == [
        None, "nothing to translate", "nothing to translate",
    ]  # fmt: skip


SAMPLES = {
    "gb18030": "他站在门口，看着远方的山。\n\n第二段在这里，说了很多话，没有人听见。\n",
    "big5": "他站在門口，看著遠方的山。這是一個很長的故事。\n\n第二段在這裡，說了很多話。\n",
    "cp932": "吾輩は猫である。名前はまだ無い。\r\n\r\nどこで生れたかとんと見当がつかぬ。\r\n",
    "cp949": "나는 고양이다. 이름은 없다.\n\n어디서 태어났는지 전혀 모른다. 어둡고 축축했다\n",
    "cp1252": "Es war einmal ein König, der hatte drei Söhne.\n\nDer älteste war größer.\n",
    "utf-16": "Hello wörld.\n\nSecond.\n",
    "utf-16-le": "Hello wörld.\n\nSecond one, longer.\n",
    "utf-8": "Hej världen.\n",
    "utf-8-sig": "Hej världen.\r\n",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path, data = tmp_path / "a.txt", SAMPLES[encoding].encode(encoding)
    path.write_bytes(data)
    book = open_book(path)
    blocks = book.blocks()
    assert [b.text for b in blocks] == [t for t in SAMPLES[encoding].splitlines() if t]
    assert "encoded as" in book.notes[0]
    book.write(tmp_path / "o.txt", {b.id: b.text for b in blocks}, DE)
    assert (tmp_path / "o.txt").read_bytes() == data
    changed = {b.id: b.text + " ЖＱ漢" for b in blocks}
    book.write(tmp_path / "o.txt", changed, DE)
    assert all(item.ok for item in audit(book, tmp_path / "o.txt", changed, DE))


def test_the_encoding_is_kept_where_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Ein König\r\n".encode("cp1252"))
    book = open_book(path)
    (block,) = book.blocks()
    book.write(tmp_path / "o.txt", {block.id: "Un roi très âgé"}, WriteOptions("de", "fr"))
    assert (tmp_path / "o.txt").read_bytes() == "Un roi très âgé\r\n".encode("cp1252")
    book.write(tmp_path / "o.txt", {block.id: "王"}, WriteOptions("de", "zh-Hans"))
    assert (tmp_path / "o.txt").read_bytes() == "王\r\n".encode()


def test_translations_keep_the_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"\n\n    {WRAPPED}\n{VERSE}   \n\nEnd.  \n\n", newline="\r\n")
    book = open_book(path)
    changed = {b.id: b.text.upper() for b in book.blocks()}
    book.write(tmp_path / "o.txt", changed, DE)
    lines = (tmp_path / "o.txt").read_bytes().decode().split("\r\n")
    assert lines[:3] == ["", "", "    " + WRAPPED.splitlines()[0].upper()]
    assert max(map(len, lines)) <= 75
    assert "  IN THE FORESTS OF THE NIGHT;" in lines
    assert lines[-3:] == ["END.  ", "", ""]
    one_line = {b.id: "一" * 200 for b in book.blocks()}
    book.write(tmp_path / "o.txt", one_line, WriteOptions("en", "zh-Hans"))
    assert "一" * 200 in (tmp_path / "o.txt").read_text()


@pytest.mark.parametrize("mode", ["above", "below"])
def test_bilingual(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{WRAPPED}\n* * *\n\n{VERSE}\nEnd.\n")
    book = open_book(path)
    options = WriteOptions("en", "de", mode)  # type: ignore[arg-type]
    changed = {b.id: b.text.upper() for b in book.blocks() if b.keep is None}
    book.write(tmp_path / "o.txt", changed, options)
    assert all(item.ok for item in audit(book, tmp_path / "o.txt", changed, options))
    text = (tmp_path / "o.txt").read_text()
    assert text.count("* * *") == 1
    assert (text.index("End.") < text.index("END.")) == (mode == "above")


def test_side_by_side_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.")
    with pytest.raises(BookError, match="above"):
        open_book(tmp_path / "a.txt").write(
            tmp_path / "o.txt", {}, WriteOptions("en", "de", "side")
        )


def test_unwritable_folder_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.")
    with pytest.raises(BookError, match="cannot be written"):
        open_book(tmp_path / "a.txt").write(tmp_path / "none" / "o.txt", {}, DE)


LINES = st.lists(
    st.text(st.sampled_from("ab Ä漢か한\t\u3000-—.\ufdd0\ufdd3\x85\u2028"), max_size=90),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["none", "above", "below"]))
def test_any_text(lines: list[str], newline: str, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / "a.txt", Path(folder) / "o.txt"
        data = newline.join(lines).encode()
        path.write_bytes(data)
        try:
            book = open_book(path)
        except BookError:
            assert not data.strip() or not "".join(lines).strip()
            return
        blocks = book.blocks()
        assert [b.id for b in blocks] == [b.id for b in open_book(path).blocks()]
        book.write(output, {b.id: b.text for b in blocks}, DE)
        assert output.read_bytes() == data
        options = WriteOptions("en", "de", mode)  # type: ignore[arg-type]
        changed = {
            b.id: "".join(
                t.replace("a", "xy\n\nz ") + "q" if isinstance(t, str) else str(t)
                for t in markup.tokenize(b.text)
            )
            for b in blocks
            if b.keep is None
        }
        book.write(output, changed, options)
        assert [i for i in audit(book, output, changed, options) if not i.ok] == []
