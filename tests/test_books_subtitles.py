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
from translator.books.subtitles_text import balanced
from translator.engines.pseudo import is_pseudo
from translator.errors import BookError
from translator.types import BlockKind

DE = WriteOptions("en", "de")
SRT = """1
00:00:01,000 --> 00:00:02,000
<i>It was a long day and
I am <b>very</b> tired now.</i>

2
00:00:03,000 --> 00:00:04,000 X1:20 X2:600
{\\an8}- Who are you?
- Nobody, sir.

3
00:00:05,000 --> 00:00:06,000
♪ Sing a song ♪

4
00:00:07,000 --> 00:00:08,000
1984
"""
VTT = """WEBVTT - a film
Kind: captions
Language: en

STYLE
::cue { color: yellow }

NOTE This is no subtitle.

intro
00:01.000 --> 00:04.000 align:start
<v Roger Bingham>We are in <c.place>New York</c> City &amp; more</v>

NOTE
Nor is this.

00:05.000 --> 01:00:06.000
One <00:05.500>two
"""


def make(folder: Path, data: str, name: str = "a.srt") -> Book:
    (folder / name).write_bytes(data.encode())
    return open_book(folder / name)


def written(book: Book, folder: Path, texts: dict[str, str], options: WriteOptions = DE) -> str:
    output = folder / f"o{book.path.suffix}"
    book.write(output, texts, options)
    assert [i for i in audit(book, output, texts, options) if not i.ok] == []
    return output.read_text(encoding="utf-8")


def test_cues(tmp_path: Path) -> None:
    book = make(tmp_path, SRT)
    blocks = book.blocks()
    assert [markup.plain(b.text) for b in blocks] == [
        "It was a long day and I am very tired now.",
        "Who are you?",
        "Nobody, sir.",
        "Sing a song",
        "1984",
    ]
    assert [b.id for b in blocks] == ["cue#1", "cue#2.1", "cue#2.2", "cue#3", "cue#4"]
    assert {b.kind for b in blocks} == {BlockKind.CUE}
    assert blocks[-1].keep
    assert book.format == "srt"


def test_only_text_changes(tmp_path: Path) -> None:
    text = written(make(tmp_path, SRT), tmp_path, {"cue#2.2": "Niemand, Herr."})
    assert text == SRT.replace("Nobody, sir.", "Niemand, Herr.")


def test_lines_are_balanced(tmp_path: Path) -> None:
    new = (
        f"Es war wirklich ein sehr langer Tag, und ich bin {markup.opening(1)}sehr"
        f"{markup.closing(1)} müde."
    )
    text = written(make(tmp_path, SRT), tmp_path, {"cue#1": new})
    assert (
        "<i>Es war wirklich ein sehr langer\nTag, und ich bin <b>sehr</b> müde.</i>\n\n2\n" in text
    )


def test_short_lines_become_one(tmp_path: Path) -> None:
    text = written(make(tmp_path, SRT), tmp_path, {"cue#1": f"A {markup.opening(1)}b"
                                                   f"{markup.closing(1)}."})  # fmt: skip
    assert "<i>A <b>b</b>.</i>\n" in text


def test_vtt(tmp_path: Path) -> None:
    book = make(tmp_path, VTT, "a.vtt")
    assert [markup.plain(b.text) for b in book.blocks()] == [
        "We are in New York City & more", "One two",
    ]  # fmt: skip
    assert book.language == "en"
    text = written(book, tmp_path, {"cue#2": f"A < b {markup.single(1)}& c"})
    expected = VTT.replace("One <00:05.500>two", "A &lt; b <00:05.500>&amp; c")
    assert text == expected.replace("Language: en", "Language: de")


def test_cjk_lines_break_between_characters() -> None:
    lines = balanced(
        "彼は門の前に立って、遠くの山をじっと見ていた。それから歩き出した。", 42, False
    )
    assert len(lines) == 2
    assert not lines[1].startswith(("、", "。"))
    assert balanced("one two", 3, True) == ["one", "two"]
    assert balanced("x" * 99, 42, True) == ["x" * 99]


@pytest.mark.parametrize("mode", ["none", "above", "below"])
@pytest.mark.parametrize(("data", "name"), [(SRT, "a.srt"), (VTT, "a.vtt")])
def test_pseudo_covers_everything(tmp_path: Path, mode: str, data: str, name: str) -> None:
    book = make(tmp_path, data, name)
    options = WriteOptions("en", "de", mode)  # type: ignore[arg-type]
    texts = pseudo_texts(book)
    text = written(book, tmp_path, texts, options)
    assert text.count("-->") == data.count("-->")
    if mode == "none":
        again = open_book(tmp_path / f"o{book.path.suffix}")
        shown = [markup.plain(b.text) for b in again.blocks() if b.keep is None]
        assert shown
        assert all(is_pseudo(t.replace("⟫ ", "⟫").replace("⟫⟪", "⟫ ⟪")) for t in shown)


def test_bilingual_cues(tmp_path: Path) -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}Hello\n"
    book = make(tmp_path, srt)
    text = written(book, tmp_path, {"cue#1": "Hallo"}, WriteOptions("en", "de", "below"))
    assert text.endswith("\n{\\an8}Hallo\nHello\n")
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello</v>\n"
    book = make(tmp_path, vtt, "a.vtt")
    text = written(book, tmp_path, {"cue#1": "Hallo"}, WriteOptions("en", "de", "above"))
    assert text.endswith("\n<lang en><v Ann>Hello</v></lang>\n<v Ann>Hallo</v>\n")


def test_encoding_that_cannot_hold_the_target(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(
        SRT.replace("tired", "fatigué").replace("♪", "#").encode("cp1252")
    )
    book = open_book(tmp_path / "a.srt")
    options = WriteOptions("fr", "ru")
    text = written(book, tmp_path, {"cue#3": "Спой песню"}, options)
    assert "fatigué" in text
    assert "Спой" in text


@pytest.mark.parametrize(
    "text", ["00:00:01,000 --> 00:00:02,000", "a <b>c</b>", "{\\an8}x", "one <i>two"]
)
def test_text_that_srt_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    book = make(tmp_path, SRT)
    assert book.check("cue#3", text)
    with pytest.raises(BookError, match="cannot be written"):
        book.write(tmp_path / "o.srt", {"cue#3": text}, DE)
    assert not (tmp_path / "o.srt").exists()


@pytest.mark.parametrize("data", ["hello", "WEBVTT\n\nNOTE x\n", "1\n00:00:01,000 --> \nx\n"])
def test_no_subtitles(tmp_path: Path, data: str) -> None:
    with pytest.raises(BookError, match="no subtitles"):
        make(tmp_path, data)


LINE = st.text(st.sampled_from("ab -♪Ä漢か<i>/&;:A1[]()\t\ufdd0\ufdd3\x85"), max_size=12)
CUES = st.lists(st.tuples(st.booleans(), st.lists(LINE, max_size=4)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    CUES,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([".srt", ".vtt"]),
    st.sampled_from(["none", "above", "below"]),
)
def test_any_subtitles(
    cues: list[tuple[bool, list[str]]], newline: str, suffix: str, mode: str
) -> None:
    lines = ["WEBVTT", ""] if suffix == ".vtt" else []
    for number, (named, text) in enumerate(cues, 1):
        lines += [str(number)] if named else []
        lines += [f"00:00:0{number}.000 --> 00:00:09.000", *text, ""]
    data = newline.join(lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / f"a{suffix}", Path(folder) / f"o{suffix}"
        path.write_bytes(data)
        try:
            book = open_book(path)
        except BookError:
            return
        blocks = book.blocks()
        assert [b.id for b in blocks] == [b.id for b in open_book(path).blocks()]
        book.write(output, {b.id: b.text for b in blocks}, DE)
        assert output.read_bytes() == data
        options = WriteOptions("en", "de", mode)  # type: ignore[arg-type]
        texts = {
            b.id: "".join(
                t.replace("a", "xyz " * 9).replace("b", "- A:\n") if isinstance(t, str) else str(t)
                for t in markup.tokenize(b.text)
            )
            for b in blocks
            if b.keep is None
        }
        texts = {i: t for i, t in texts.items() if not book.check(i, t)}
        book.write(output, texts, options)
        assert [i for i in audit(book, output, texts, options) if not i.ok] == []
