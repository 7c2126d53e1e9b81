"""Two editions of a book as pairs, and what reviewers of a campaign wrote."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from trainer import readers
from trainer.corpus import build
from trainer.corpus_settings import CorpusSettings
from trainer.pairs import Pair, Unusable
from trainer.readers_books import book_name
from translator.errors import InputError

NAMES = (
    "Anna", "Boris", "Clara", "Dora", "Emil", "Frieda", "Gustav", "Hanna", "Igor", "Johanna",
    "Karl", "Lena",
)  # fmt: skip
STORY = [
    (f"On day {n} {name} saw {n * 37} ships.", f"Am Tag {n} sah {name} {n * 37} Schiffe.")
    for n, name in enumerate(NAMES * 2, 11)
]


def write_book(path: Path, sentences: list[str], chapter: str) -> None:
    """A book with a chapter for every three sentences."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chapters = [sentences[at : at + 3] for at in range(0, len(sentences), 3)]
    titles = [f"{chapter} {n}" for n in range(1, len(chapters) + 1)]
    if path.suffix == ".txt":
        parts = [
            f"{title}\n\n{' '.join(found)}\n\n"
            for title, found in zip(titles, chapters, strict=True)
        ]
        path.write_text("\n".join(parts), "utf-8")
        return
    body = "".join(
        f"<h2>{title}</h2><p>{' '.join(x)}</p>" for title, x in zip(titles, chapters, strict=True)
    )
    path.write_text(f"<html><body>{body}</body></html>", "utf-8")


def read(path: Path) -> list[Pair | Unusable]:
    return [item for reader in readers.find(path, "en", "de") for item in reader.read()]


def stories(found: list[Pair | Unusable]) -> list[tuple[str, str]]:
    pairs = [(item.source, item.target) for item in found if isinstance(item, Pair)]
    return [pair for pair in pairs if "day" in pair[0]]


@pytest.mark.parametrize(
    "path,found",
    [
        ("moby.en.epub", ("moby", "en")),
        ("a/moby-dick_de.pdf", ("a/moby-dick", "de")),
        ("moby.zh_tw.txt", ("moby", "zh_tw")),
        ("moby-pt-BR.epub", ("moby", "pt-BR")),
        ("the-war-de.epub", ("the-war", "de")),
        ("en/one/moby.epub", ("one/moby", "en")),
        ("books/en/moby.v2.epub", ("books/moby.v2", "en")),
        ("moby.epub", ("", "")),
        ("moby.en", ("", "")),
        ("en.epub", ("", "")),
        ("film.en.srt", ("", "")),
    ],
)  # fmt: skip
def test_names_of_editions(path: str, found: tuple[str, str]) -> None:
    assert book_name(PurePosixPath(path)) == found


@pytest.mark.parametrize(
    "names", [("b.en.html", "b.de.html"), ("b_en.html", "b_de.txt"), ("en/b.txt", "de/b.html")]
)
def test_editions_are_aligned(tmp_path: Path, names: tuple[str, str]) -> None:
    for side, (name, chapter) in enumerate(zip(names, ("Chapter", "Kapitel"), strict=True)):
        write_book(tmp_path / name, [pair[side] for pair in STORY], chapter)
    (tmp_path / "alone.en.html").write_text("<p>Nobody answers.</p>", "utf-8")
    found = read(tmp_path)
    good = stories(found)
    assert len(set(good) & set(STORY)) >= 0.9 * len(STORY)
    assert {item.file for item in found} == {"b"}
    documents = {item.document for item in found if isinstance(item, Pair)}
    if all(name.endswith("html") for name in names):
        assert documents >= {f"b#{n}" for n in range(2, 8)}
    else:
        assert documents == {""} or documents >= {"b#1"}


def test_one_edition_names_the_other(tmp_path: Path) -> None:
    for side, language in enumerate(("en", "de")):
        write_book(tmp_path / f"b.{language}.html", [pair[side] for pair in STORY], "I")
    assert stories(read(tmp_path / "b.en.html")) == stories(read(tmp_path))


def test_texts_with_as_many_lines_answer_each_other(tmp_path: Path) -> None:
    lines = [("One.", "Eins."), ("Two. Three.", "Zwei."), ("Four.", "Vier. Fünf.")] * 4
    for side, language in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in lines)
        (tmp_path / f"b.{language}.txt").write_text(text, "utf-8")
    assert [(p.source, p.target) for p in read(tmp_path) if isinstance(p, Pair)] == lines


def test_what_has_no_partner_is_told(tmp_path: Path) -> None:
    extra = ["Nothing of this is in the other book, and it goes on for a long while here."] * 3
    write_book(tmp_path / "b.en.html", [pair[0] for pair in STORY[:12]] + extra, "Part")
    write_book(tmp_path / "b.de.html", [pair[1] for pair in STORY[:12]], "Teil")
    found = read(tmp_path)
    told = " ".join(item.text for item in found if isinstance(item, Unusable))
    kept = " ".join(item.source for item in found if isinstance(item, Pair))
    assert (told + kept).count(extra[0]) == 3 and extra[0] in told
    assert all(item.why for item in found if isinstance(item, Unusable))


def test_two_different_books_are_refused(tmp_path: Path) -> None:
    write_book(tmp_path / "b.en.html", [pair[0] for pair in STORY] * 6, "Part")
    write_book(tmp_path / "b.de.html", [pair[1] for pair in STORY[:2]], "Teil")
    with pytest.raises(InputError, match=r"b\.en\.html is .* times as long"):
        read(tmp_path)


def test_a_corpus_is_built_of_books(tmp_path: Path) -> None:
    for side, language in enumerate(("en", "de")):
        write_book(tmp_path / f"in/b.{language}.html", [pair[side] for pair in STORY], "Nr.")
    wanted = CorpusSettings(inputs=(str(tmp_path / "in"),), targets=("de",))
    built = build(wanted, tmp_path / "out")
    rows = list(built.rows("train"))
    assert len(rows) >= 0.9 * len(STORY) and {row["file"] for row in rows} == {"b"}


def test_what_reviewers_wrote_and_rated(tmp_path: Path) -> None:
    def row(item: str, kind: str, target: str, **more: Any) -> str:
        base = {"source": f"Text {item}.", "from": "en", "to": "de", "campaign": "may"}
        return json.dumps({**base, "item": item, "kind": kind, "target": target, **more})

    lines = [
        row("1", "rating", "Text eins.", reviewer="a", score=90),
        row("1", "rating", "Text eins.", reviewer="b", score=80),
        row("1", "rating", "Teckst eins.", reviewer="a", score=20),
        row("2", "rating", "Text zwei.", reviewer="a", score=99),
        row("2", "edit", "Text 2.", reviewer="a"),
        row("2", "edit", "Text Zwei!", reviewer="a", document="d"),
        row("2", "edit", "Der Text zwei.", reviewer="b"),
        row("3", "rating", "Text drei.", reviewer="a", score=100.5),
        row("4", "rating", "Text vier.", reviewer="a"),
        row("5", "edit", "Texte cinq.", reviewer="a", to="fr"),
        "no JSON",
    ]
    (tmp_path / "may.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    found = read(tmp_path)
    assert [(p.source, p.target, p.line) for p in found if isinstance(p, Pair)] == [
        ("Text 1.", "Text eins.", 1),
        ("Text 2.", "Text Zwei!", 6),
        ("Text 2.", "Der Text zwei.", 7),
    ]
    assert [(u.line, u.why) for u in found if isinstance(u, Unusable)] == [
        (8, "no edit or rating"),
        (9, "no edit or rating"),
        (10, "no pair of these languages"),
        (11, "no edit or rating"),
        (3, "rated 20 of 100"),
        (4, "a reviewer wrote a better one"),
    ]
    pairs = [item for item in found if isinstance(item, Pair)]
    assert {pair.origin for pair in pairs} == {"campaign:may"}
    assert [pair.document for pair in pairs] == ["", "may.jsonl#d", ""]
