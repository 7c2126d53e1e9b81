"""Names proposed from a book."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs_support import small_text
from translator.cli import main
from translator.glossary_files import load
from translator.names import propose
from translator.types import Block, BlockKind


def names(language: str, *texts: str, kind: BlockKind = BlockKind.PARAGRAPH) -> dict[str, int]:
    blocks = [Block(f"b{n}", text, kind) for n, text in enumerate(texts)]
    return {proposal.name: proposal.count for proposal in propose(blocks, language)}


STORY = (
    "Then Captain Ahab saw Dr. Bunger of the White Whale. “But I saw Ahab,” said Starbuck. The "
    "whale is white then. Nobody saw Starbuck. Ahab's leg was white, Starbuck. THE END OF AHAB."
)


def test_english() -> None:
    found = names("en", STORY, STORY, STORY)
    assert found == {
        "Starbuck": 9, "Ahab": 3, "Captain Ahab": 3, "Dr. Bunger": 3, "White Whale": 3,
    }  # fmt: skip
    assert names("en", STORY, STORY) == {"Starbuck": 6}  # what comes three times is a name
    assert names("en", STORY, STORY, STORY, kind=BlockKind.HEADING) == {}


def test_other_writing() -> None:
    german = "Da sah der Mann das Haus von Tante Emma."
    assert names("de", german, german, german) == {"Tante Emma": 3}
    assert names("ja", *["私はヴェニスでオフェリヤ・ミレーを見た。ハハハハ。"] * 3) == {
        "ヴェニス": 3, "オフェリヤ・ミレー": 3,
    }  # fmt: skip
    assert names("zh-Hans", *["我在伦敦看见了他。"] * 3) == {}


def test_command_prints_a_table_that_becomes_a_glossary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = small_text(tmp_path / "a.txt", STORY, STORY, STORY)
    assert main(["glossary", "propose", str(book)]) == 0
    table = capsys.readouterr().out
    assert table.startswith("source,target,count,example\nStarbuck,,9,")
    terms = tmp_path / "terms.csv"
    terms.write_text(table.replace("Captain Ahab,,", "Captain Ahab,Kapitän Ahab,"))
    glossary = load(terms, "en", "de")
    assert [term.targets for term in glossary.terms] == [("Kapitän Ahab",)]
    assert main(["glossary", "propose", str(book), "--from", "zh"]) == 0
    assert capsys.readouterr().out == ""
