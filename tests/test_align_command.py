"""``verso align``: books in, files out, and what it says when that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator import tmx
from translator.cli import main

ENGLISH = (
    "The Two Wells\n\nIn the spring of 1834 Martha dug a well. It was forty feet deep. "
    "“Is there water?” asked her brother.\n\nThere was none. They waited nine days, and then the "
    "rain came. Nobody had expected it!\n"
)
GERMAN = (
    "Die zwei Brunnen\n\nIm Frühjahr 1834 grub Martha einen Brunnen, der vierzig Fuß tief war. "
    "„Ist Wasser da?“, fragte ihr Bruder.\n\nEs gab keines. Sie warteten neun Tage. Dann kam der "
    "Regen. Niemand hatte ihn erwartet!\n"
)


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """A story in English and in German."""
    paths = tmp_path / "wells.en.txt", tmp_path / "brunnen.html"
    paths[0].write_text(ENGLISH, "utf-8")
    blocks = "".join(f"<p>{part}</p>" for part in GERMAN.strip().split("\n\n"))
    paths[1].write_text(f"<html><body>{blocks}</body></html>", "utf-8")
    return paths


def test_all_outputs(
    books: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, prefix, data = tmp_path / "out.tmx", tmp_path / "moses", tmp_path / "out.json"
    options = ["--moses", str(prefix), "--json", str(data), "--min-confidence", "0.1"]
    assert main(["align", *map(str, books), "-o", str(out), *options]) == 0
    told = capsys.readouterr()
    assert told.out.split() == [
        str(out), str(tmp_path / "moses.en"), str(tmp_path / "moses.de"), str(data),
    ]  # fmt: skip
    assert "Pairs: 6. Left out as not sure: 0." in told.err
    english = (tmp_path / "moses.en").read_text("utf-8").splitlines()
    german = (tmp_path / "moses.de").read_text("utf-8").splitlines()
    assert len(english) == len(german) == 6
    assert english[1] == "In the spring of 1834 Martha dug a well. It was forty feet deep."
    assert german[1].startswith("Im Frühjahr 1834") and german[1].endswith("tief war.")
    assert german[4] == "Sie warteten neun Tage. Dann kam der Regen."
    units = [u for u in tmx.read(out) if u.source_language == "en"]
    assert [(u.source, u.target) for u in units] == list(zip(english, german, strict=True))
    read = json.loads(data.read_text("utf-8"))
    assert (read["source"]["language"], read["target"]["language"]) == ("en", "de")
    numbers = [k for bead in read["beads"] for k in bead["target"]]
    assert numbers == list(range(len(read["target"]["sentences"])))


def test_unsure_pairs_are_left_out_and_counted(
    books: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.tmx"
    assert main(["align", *map(str, books), "-o", str(out), "--min-confidence", "1"]) == 0
    told = capsys.readouterr().err
    assert "Pairs: 0. Left out as not sure: 6." in told
    assert "are these two editions of one book?" in told
    assert list(tmx.read(out)) == []


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["align", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def test_what_cannot_be_aligned(
    books: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    english, german = books
    out = tmp_path / "out.tmx"
    empty, stars, part = (tmp_path / name for name in ("empty.txt", "stars.txt", "part.txt"))
    empty.write_text("", "utf-8")
    stars.write_text("* * *\n", "utf-8")
    part.write_text("Im Frühjahr 1834 grub Martha einen Brunnen.\n", "utf-8")
    assert "Both books are in English." in complaint(capsys, english, english, "-o", out)
    assert "empty.txt is empty." in complaint(capsys, english, empty, "-o", out)
    assert "stars.txt has no text." in complaint(capsys, english, stars, "-o", out)
    told = complaint(capsys, english, part, "--to", "de", "-o", out)
    assert "times as long as part.txt" in told and "same part" in told
    assert "Unknown language" in complaint(capsys, english, german, "-o", out, "--to", "qqq")
    assert "cannot be written" in complaint(capsys, english, german, "-o", out / "no" / "x.tmx")
    assert not out.exists()
