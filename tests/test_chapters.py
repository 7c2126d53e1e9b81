"""Chapters: what they are in each format, what is skipped, and what a run makes of the choice."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.epubs import make_epub
from tests.test_books_docx import make, run
from tests.test_cli import complaint, verso
from translator.books.base import open_book
from translator.chapters import NOT_CHOSEN, SKIPPED, Chapter, chapters, chosen, parse_numbers
from translator.errors import InputError
from translator.part_titles import PartKind, is_title, kinds_named, only_number
from translator.types import Block, BlockKind

PLAIN = "It was a long story about the sea, and nobody in the village believed it."
NAV = (
    '<nav epub:type="toc"><h1>Contents</h1><ol><li><a href="one.xhtml">The Door</a></li>'
    '<li><a href="two.xhtml">The Window</a></li><li><a href="refs.xhtml">References</a></li>'
    "</ol></nav>"
)
BODIES = {
    "imprint.xhtml": '<div epub:type="imprint"><h2>About this</h2><p>Printed here.</p></div>',
    "one.xhtml": f"<h1>The Door</h1><p>{PLAIN}</p><p>He opened the <b>door</b> slowly.</p>",
    "two.xhtml": f"<h1>The Window</h1><p>{PLAIN} Nobody.</p>",
    "refs.xhtml": "<h1>References</h1><p>Smith, J. <i>On Doors</i>. London 1990.</p>",
}


def the_book(path: Path) -> Path:
    return make_epub(path, BODIES, extra={"nav.xhtml": _page(NAV)})


def _page(body: str) -> str:
    from tests.epubs import page

    return page(body, "Contents")


def found(path: Path) -> list[tuple[str, str]]:
    return [(c.title, c.kind.value) for c in chapters(open_book(path).blocks())]


def test_epub_has_a_chapter_a_page_and_its_navigation_is_none(tmp_path: Path) -> None:
    blocks = open_book(the_book(tmp_path / "b.epub")).blocks()
    listed = chapters(blocks)
    assert [(c.number, c.title, c.kind) for c in listed] == [
        (1, "About this", PartKind.COPYRIGHT),
        (2, "The Door", PartKind.TEXT),
        (3, "The Window", PartKind.TEXT),
        (4, "References", PartKind.REFERENCES),
    ]
    assert listed[1].words == 2 + 2 + 15 + 5  # heading, page title, paragraphs
    assert {b.section for b in blocks[listed[1].start : listed[1].end]} == {"OEBPS/one.xhtml"}


def test_one_document_is_divided_at_its_highest_headings(tmp_path: Path) -> None:
    text = "\n\n".join(
        [
            *("# A Book", "Words before.", "## First", PLAIN, "### Inside", PLAIN),
            *("## Second", PLAIN, "## Bibliography", "Smith 1990.", "## Appendix", PLAIN),
        ]
    )
    path = tmp_path / "b.md"
    path.write_text(text, encoding="utf-8")
    assert found(path) == [
        ("A Book", "text"),
        ("First", "text"),
        ("Second", "text"),
        ("Bibliography", "references"),
        ("Appendix", "text"),
    ]


def test_plain_text_is_divided_at_lines_that_look_like_titles(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    lines = ["A STORY", "CHAPTER I.", "Down the Hole", PLAIN, PLAIN, "CHAPTER II.", PLAIN, "Index"]
    path.write_text("\n\n".join([*lines, "Sea, 12\nVillage, 13"]), encoding="utf-8")
    assert found(path) == [
        ("A STORY", "text"),
        ("CHAPTER I. Down the Hole", "text"),
        ("CHAPTER II.", "text"),
        ("Index", "index"),
    ]


def test_word_and_html(tmp_path: Path) -> None:
    def line(style: str, text: str) -> str:
        return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run(text)}</w:p>'

    lines = [("Heading1", "One"), ("x", PLAIN), ("Heading2", "Inside"), ("x", PLAIN)]
    lines += [("Heading1", "Two"), ("x", PLAIN), ("Heading1", "Literatur"), ("x", "Smith 1990.")]
    expected = [("One", "text"), ("Two", "text"), ("Literatur", "references")]
    assert found(make(tmp_path, "".join(line(*each) for each in lines))) == expected
    names = {"Heading1": "h1", "Heading2": "h2", "x": "p"}
    body = "".join(f"<{names[style]}>{text}</{names[style]}>" for style, text in lines)
    (tmp_path / "b.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    assert found(tmp_path / "b.html") == expected


def test_chinese_text(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    body = "那天早晨，老港口一片寂静，只有海鸥醒着。" * 3
    path.write_text(
        "\n\n".join(["第一章 老港口", body, "第二章", body, "参考文献", "张三：《海》，1990。"]),
        encoding="utf-8",
    )
    assert found(path)[:1] == [("第一章 老港口", "text")]
    assert found(path)[2] == ("参考文献", "references")


def test_references_inside_a_chapter_are_a_part_of_their_own() -> None:
    def blocks(section: str) -> list[Block]:
        heading = BlockKind.HEADING
        return [
            Block(f"{section}1", f"Chapter {section}", heading, section, level=1),
            *(Block(f"{section}{n}", PLAIN, section=section) for n in range(2, 6)),
            Block(f"{section}6", "References", heading, section, level=2),
            Block(f"{section}7", "Smith, 1990.", section=section),
            Block(f"{section}8", "Exercises", heading, section, level=2),
            Block(f"{section}9", PLAIN, section=section),
        ]

    book = [*blocks("A"), *blocks("B"), *blocks("C")]
    assert [c.title for c in chapters(book)][:4] == [
        "Chapter A", "References", "Exercises", "Chapter B",
    ]  # fmt: skip
    kept = [b.id for b in chosen(book, None, ["references"]) if b.keep]
    assert kept == ["A6", "A7", "B6", "B7", "C6", "C7"]


def test_an_index_without_a_title_is_known_by_its_look() -> None:
    names = ["Anna", "Boat", "Cape", "Door", "Earth"] * 4
    index = [Block(f"i{n}", f"{name}, {99 - n * 3}, {n}") for n, name in enumerate(names)]
    contents = [Block(f"c{n}", f"{name} and more {n * 7}") for n, name in enumerate(names)]
    story = [Block(f"s{n}", f"{PLAIN} {PLAIN} In {1900 + n}") for n in range(20)]
    kinds = []
    for blocks in (index, contents, story):
        heading = Block("h", "Something", BlockKind.HEADING)
        kinds.append([c.kind for c in chapters([heading, *blocks])])
    assert kinds == [[PartKind.INDEX], [PartKind.CONTENTS], [PartKind.TEXT]]


def test_titles_in_many_languages() -> None:
    for title, kind in {
        "Literaturverzeichnis": "references", "15. References": "references",
        "BIBLIOGRAPHIE": "references", "Список литературы": "references", "参考文献": "references",
        "المراجع": "references", "Sachregister": "index", "Index of Names": "index",
        "索引": "index", "찾아보기": "index", "Предметный указатель": "index", "目次": "contents",
        "Table des matières": "contents", "Sommario": "contents", "Impressum": "copyright",
        "版权页": "copyright", "奥付": "copyright", "Droits d'auteur": "copyright",
    }.items():  # fmt: skip
        assert kinds_named(title) == {PartKind(kind)}, title
    for title in ("References to the sea", "The Index Case", "Contents of a pocket", "", "I"):
        assert not kinds_named(title), title


def test_a_title_that_languages_disagree_on_goes_by_its_place() -> None:
    text = [Block(f"t{n}", PLAIN, section=f"t{n}") for n in range(6)]
    title = Block("h", "Indice", BlockKind.HEADING, "h")
    entry = Block("e", "Il mare", section="h")
    assert chapters([title, entry, *text])[0].kind is PartKind.CONTENTS
    assert chapters([*text, title, entry])[-1].kind is PartKind.INDEX


@pytest.mark.parametrize(
    "line",
    ["CHAPTER I.", "Chapter the First", "Kapitel 3: Das Meer", "第12章", "제3장", "IV.", "Prologue",
     "Глава первая", "Chapitre premier", "المراجع", "1. Kapitel"],
)  # fmt: skip
def test_lines_that_are_titles(line: str) -> None:
    assert is_title(line)


@pytest.mark.parametrize(
    "line",
    ["", "I do not know.", "He read the chapter twice.", "Part of me knew that it would end so.",
     "Letter by letter she spelled it, and he wrote.", "12", "Book him!", "第一次见面，他还小。"],
)  # fmt: skip
def test_lines_that_are_no_titles(line: str) -> None:
    assert not is_title(line)


def test_numbers_that_have_a_title_below() -> None:
    assert all(map(only_number, ("I", "XII.", "Chapter 1", "CHAPTER ONE", "190", "第1章")[:5]))
    assert not any(map(only_number, ("The Door", "Chapter 1. The Story of the Door", "")))


def test_choice_keeps_the_rest_and_its_labels(tmp_path: Path) -> None:
    blocks = open_book(the_book(tmp_path / "b.epub")).blocks()
    seen = {b.text: b.keep for b in chosen(blocks, [2], ["references"])}
    assert seen[PLAIN] is None and seen["A small book"] is None
    assert seen[f"{PLAIN} Nobody."] == seen["Printed here."] == NOT_CHOSEN
    labels = [(b.text, b.keep) for b in chosen(blocks, [2], []) if b.section == "OEBPS/nav.xhtml"]
    assert ("The Door", None) in labels and ("The Window", NOT_CHOSEN) in labels
    skipped = {b.text: b.keep for b in chosen(blocks, None, ["references", "copyright"])}
    assert skipped["Printed here."] == SKIPPED[PartKind.COPYRIGHT]
    assert skipped["References"] == SKIPPED[PartKind.REFERENCES]
    assert skipped[f"{PLAIN} Nobody."] is None
    contents = chosen(blocks, None, ["contents"])
    assert {b.keep for b in contents if b.kind is BlockKind.TOC} == {SKIPPED[PartKind.CONTENTS]}


def test_nothing_asked_changes_nothing(tmp_path: Path) -> None:
    blocks = open_book(the_book(tmp_path / "b.epub")).blocks()
    assert chosen(blocks, None, ()) == blocks
    everything = chosen(blocks, range(1, 5), ())
    assert everything == blocks


def test_what_is_kept_already_keeps_its_own_reason() -> None:
    blocks = [
        Block("a", PLAIN, section="a"),
        Block("b", "x = 1", BlockKind.CODE, "b", keep="code"),
        Block("c", PLAIN, section="b"),
    ]
    assert [b.keep for b in chosen(blocks, [1], ())] == [None, "code", NOT_CHOSEN]


def test_no_such_chapter_and_no_such_part() -> None:
    blocks = [Block("a", PLAIN)]
    with pytest.raises(InputError, match="1 chapter, no chapter 7"):
        chosen(blocks, [7], ())
    with pytest.raises(InputError, match="cannot skip 'maps'"):
        chosen(blocks, None, ["maps"])


def test_numbers_are_read() -> None:
    assert parse_numbers("1-3,5") == (1, 2, 3, 5)
    assert parse_numbers(" 7 , 2–3,2 ") == (2, 3, 7)
    for wrong in ("", "0", "3-1", "one", "1,,2", "-4", "1-"):
        with pytest.raises(InputError, match="names no chapters"):
            parse_numbers(wrong)


def test_chapters_cover_the_book_without_overlap(tmp_path: Path) -> None:
    blocks = open_book(the_book(tmp_path / "b.epub")).blocks()
    places = [i for c in chapters(blocks) for i in range(c.start, c.end)]
    assert places == sorted(set(places))
    outside = [blocks[i] for i in set(range(len(blocks))) - set(places)]
    assert {b.kind for b in outside} <= {BlockKind.METADATA, BlockKind.TOC, BlockKind.HEADING}


def test_empty() -> None:
    assert chapters([]) == []
    one = Chapter(1, "a b", 2, PartKind.TEXT, "", 0, 1)
    assert chapters([Block("x", "a b")]) == [one]


def test_command_line(tmp_path: Path) -> None:
    book = the_book(tmp_path / "b.epub")
    listed = verso("book", str(book), "--list-chapters").stdout.decode().splitlines()
    assert listed[2].split("\t") == ["2", "The Door", "24", "text"]
    report = tmp_path / "report.json"
    common = ("book", str(book), "--to", "de", "--from", "en", "--model", "pseudo")
    verso(*common, "--chapters", "2,4", "--skip", "references", "--report", str(report))
    data = json.loads(report.read_text(encoding="utf-8"))
    assert data["coverage"] == 1.0
    reasons = {item["source"]: item["reason"] for item in data["items"] if item["reason"]}
    assert reasons["The Window"] == NOT_CHOSEN
    assert reasons["References"] == SKIPPED[PartKind.REFERENCES]
    translated = {i["source"] for i in data["items"] if i["status"] == "translated"}
    assert {"The Door", PLAIN} <= translated and "The Window" not in translated
    with zipfile.ZipFile(book) as before, zipfile.ZipFile(tmp_path / "b.de.epub") as after:
        for name in ("two", "refs", "imprint"):
            member = f"OEBPS/{name}.xhtml"
            assert before.read(member) == after.read(member)
        assert before.read("OEBPS/one.xhtml") != after.read("OEBPS/one.xhtml")


def test_command_line_refuses(tmp_path: Path) -> None:
    book = the_book(tmp_path / "b.epub")
    common = ("book", str(book), "--to", "de", "--from", "en", "--model", "pseudo")
    message, hint = complaint(*common, "--chapters", "9")
    assert "4 chapters" in message and "--list-chapters" in hint
    assert "references" in complaint(*common, "--skip", "maps")[1]
    assert "is left" in complaint(*common, "--chapters", "4", "--skip", "references")[0]
    assert b"--to" in verso("book", str(book), code=2).stderr


def test_another_choice_is_another_job(tmp_path: Path) -> None:
    from tests.jobs_support import SlowEngine, jobs_with
    from translator.jobs import BookOptions

    jobs = jobs_with(SlowEngine(0), tmp_path / "home")
    book = the_book(tmp_path / "b.epub")
    first = BookOptions("de", "en", "pseudo", chapters=(2, 3), skip=("references",))
    job_id = jobs.create(book, first, queue=False)
    again = jobs.unfinished(book, first)
    assert again is not None and again.id == job_id
    for other in (
        BookOptions("de", "en", "pseudo"),
        BookOptions("de", "en", "pseudo", chapters=(2,)),
    ):
        assert jobs.unfinished(book, other) is None
    assert jobs.store.job(job_id).words < 60
    jobs.close()
