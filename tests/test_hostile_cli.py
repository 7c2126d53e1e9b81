"""Hostile files through the real command line and the page: a sentence and a hint, no harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import Hostile, hostile_files
from tests.small_books import small_books
from translator.books.base import open_book
from translator.errors import BookError, VersoError
from translator.tabs.book_about import describe

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 5.0  # of processor time for one file
MEGABYTES = 700  # at the peak, for all files in one process


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Hostile]:
    """Numbered, so that no two have one name."""
    made = hostile_files(tmp_path_factory.mktemp("made"))
    return [(f"{number:02}-{name}", data, says) for number, (name, data, says) in enumerate(made)]


@pytest.mark.timeout(300)
def test_command_line(files: list[Hostile], tmp_path: Path) -> None:
    folder = tmp_path / "books"
    folder.mkdir()
    for name, data, _ in files:
        (folder / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_child", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == sorted(name for name, *_ in files), done.stderr
    said = {name: says for name, _, says in files}
    for name, code, out, error, seconds, peak in rows:
        assert code == 1, (name, error)
        assert out == "", name
        message, *hint = error.splitlines()
        assert message.startswith("verso: "), (name, error)
        assert said[name] in message + " ".join(hint), (name, error)
        assert len(hint) == 1, (name, error)
        assert hint[0].startswith("  "), (name, error)
        assert seconds < SECONDS, (name, seconds)
        assert peak < MEGABYTES, (name, peak)
    assert sorted(p.name for p in folder.iterdir()) == sorted(name for name, *_ in files)
    assert list((Path(os.environ["VERSO_HOME"]) / "books").glob("*")) == []


@pytest.mark.timeout(300)
def test_page_says_the_same(files: list[Hostile], tmp_path: Path) -> None:
    for name, data, says in files:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(BookError) as refused:
            open_book(path)
        with pytest.raises(BookError) as shown:
            describe(path)
        assert str(refused.value) == str(shown.value)
        assert says in str(shown.value), name
        assert shown.value.hint, name
        path.unlink()


@pytest.mark.parametrize(
    "name",
    ["a\nb.txt", "\x1b[2J.txt", "\u202etxt.exe.txt", "  .txt", "-o.txt", "a" * 250 + ".txt",
     "«ñ» 中文 (1) & co; $HOME `x` 'y' \"z\" %20.txt", "日" * 83 + ".txt"],
)  # fmt: skip
def test_odd_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(small_books()["txt"])
    done = _verso("book", f"{tmp_path}/{name}", "--to", "de", "--model", "pseudo")
    error = done.stderr.decode()
    assert "Traceback" not in error
    assert "\x1b" not in error
    assert "\u202e" not in error
    if len(name.encode()) > 252:  # its translation's name would be longer than a name can be
        assert done.returncode == 1
        assert "too long" in error
        assert "Job" not in error
        return
    assert done.returncode == 0, error
    assert (tmp_path / f"{path.stem}.de.txt").exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/b\xff.txt"
    Path(os.fsdecode(path)).write_bytes(small_books()["txt"])
    done = _verso("book", os.fsdecode(path), "--to", "de", "--model", "pseudo")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"name" in done.stderr


def test_name_longer_than_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300 + ".epub")
    with pytest.raises(VersoError, match="cannot be read"):
        open_book(path)
    done = _verso("book", str(path), "--to", "de", "--model", "pseudo")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2


def _verso(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "translator.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
