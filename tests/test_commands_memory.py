"""``verso memory``, and the glossary and memory options of the other commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs_support import small_text
from translator import tmx
from translator.cli import main
from translator.engines.pseudo import pseudo
from translator.memory import Origin, Unit

DE = ("--to", "de", "--from", "en", "--model", "pseudo")
WHALE, SHIP = "The whale swam in the sea.", "The ship was old."
UNITS = [
    Unit(WHALE, "Der Wal schwamm im Meer.", "en", "de", created=1.0),
    Unit(SHIP, "Le bateau était vieux.", "en", "fr", Origin.PERSON, created=2.0),
]


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    path = tmp_path / "memory.tmx"
    tmx.write(path, UNITS)
    return path


def test_in_and_out(memory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory"]) == 0
    assert "is empty" in capsys.readouterr().err
    assert main(["memory", "import", str(memory)]) == 0
    assert "2" in capsys.readouterr().err
    assert main(["memory"]) == 0
    assert capsys.readouterr().out == "en → de: 1 imported\nen → fr: 1 person\n"
    out = tmp_path / "out.tmx"
    assert main(["memory", "export", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert list(tmx.read(out)) == UNITS
    assert 'srclang="en" datatype' in out.read_text(encoding="utf-8")
    assert main(["memory", "export", str(out), "--to", "French"]) == 0
    assert list(tmx.read(out)) == UNITS[1:]


def test_problems_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.tmx"
    wrong.write_text("no xml")
    out = tmp_path / "out.tmx"
    for arguments in (
        ["memory", "import", str(wrong)],
        ["memory", "import", str(out)],
        ["memory", "export", str(out)],
        ["memory", "export", str(out), "--to", "klingon"],
        ["translate", WHALE, *DE, "--glossary", str(out)],
        ["glossary", "propose", str(wrong)],
    ):
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("verso: ")
        assert len(captured.err.splitlines()) <= 2
    assert not out.exists()


def test_a_book_with_all_of_it(
    memory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = small_text(tmp_path / "a.txt", WHALE, SHIP)
    terms = tmp_path / "terms.csv"
    terms.write_text("ship,Schiff\n")
    extra = ("--memory", str(memory), "--glossary", str(terms), "--context")
    assert main(["book", str(book), *DE, *extra]) == 0
    written = (tmp_path / "a.de.txt").read_text(encoding="utf-8")
    assert written == f"Der Wal schwamm im Meer.\n\n{pseudo(SHIP, 'de')}\n"
    # The file was for that book; the memory of the home is another thing.
    assert main(["book", str(book), *DE]) == 0
    assert (tmp_path / "a.de.txt").read_text(encoding="utf-8").startswith(pseudo(WHALE, "de"))
    assert main(["memory", "import", str(memory)]) == 0
    assert main(["book", str(book), *DE]) == 0
    assert (tmp_path / "a.de.txt").read_text(encoding="utf-8").startswith("Der Wal")
    assert main(["book", str(book), *DE, "--no-memory"]) == 0
    assert (tmp_path / "a.de.txt").read_text(encoding="utf-8").startswith(pseudo(WHALE, "de"))


def test_text_with_a_glossary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text("whale,Wal\n")
    assert main(["translate", WHALE, *DE, "--glossary", str(terms)]) == 0
    assert capsys.readouterr().out == f"{pseudo(WHALE, 'de')}\n"
