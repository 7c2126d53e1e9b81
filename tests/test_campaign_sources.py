"""A plan, its texts, and outputs made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.campaigns import plan, sources, uploaded
from trainer.campaigns.plan import Plan, Texts
from trainer.campaigns.sources import Sources, choose, read
from trainer.campaigns.types import Source
from translator import tmx
from translator.errors import InputError
from translator.memory import Unit


def _plan(**changes: object) -> dict[str, object]:
    return {
        "target": "de",
        "reviewers": ["Ada"],
        "texts": {"text": "One."},
        "systems": [{"model": "pseudo"}, {"file": "b.txt", "name": "Human"}],
        **changes,
    }


def _write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_plan_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'name = "Ship"\nsource = "English"\ntarget = "de"\nprotocol = "mqm"\n'
        'reviewers = ["Ada", "Blaise"]\noverlap = 0.5\n'
        '[texts]\nlines = "a.txt"\nreference = "r.txt"\nsegments = 7\n'
        '[[systems]]\nmodel = "pseudo"\nscale = 0.5\ngreedy = true\n[[systems]]\nmemory = true\n'
        '[[systems]]\nrun = "mine/checkpoint-20"\nname = "Mine"\n',
        "utf-8",
    )
    found = plan.read(path)
    assert (found.name, found.source, found.protocol, found.overlap) == ("Ship", "en", "mqm", 0.5)
    assert found.texts == Texts(
        "lines", str(tmp_path / "a.txt"), "", str(tmp_path / "r.txt"), "", 7
    )
    assert [(s.id, s.name, s.kind, s.reference, s.settings) for s in found.systems] == [
        ("s1", "", "model", "pseudo", {"scale": 0.5, "greedy": True}),
        ("s2", "", "memory", "", {}),
        ("s3", "Mine", "run", "mine/checkpoint-20", {}),
    ]
    found.require_complete()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "en"}, "both source and target"),
        ({"target": ""}, "No target language"),
        ({"protocol": "stars"}, "protocol is 'stars'"),
        ({"overlap": 2}, "The most is 1"),
        ({"nonsense": 1}, "no setting 'nonsense'"),
        ({"reviewers": ["Ada", "Ada"]}, "same name"),
        ({"texts": {"text": "a", "book": "b"}}, "not clear what is to be translated"),
        ({"systems": [{"name": "x"}]}, "not clear what system 1 is"),
        ({"systems": [{"model": "a", "colour": "red"}]}, "no setting 'colour'"),
        ({"systems": [{"model": "a", "scale": "big"}]}, "scale of system 1 is 'big'"),
    ],
)
def test_plans_that_cannot_be(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan.of(_plan(**changes), Path())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"systems": [{"model": "pseudo"}]}, "1 systems are"),
        ({"systems": [{"model": "pseudo"}] * 5}, "5 systems are"),
        ({"reviewers": [" "]}, "no reviewer"),
        ({"texts": {"text": " "}}, "no text"),
    ],
)
def test_plans_that_lack_something(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan.of(_plan(**changes), Path()).require_complete()


def test_pasted_text() -> None:
    text = "First.\n\nSecond one.\n\n* * *\n\nThird.\n\n123\n"
    rows = read(Texts("text", text), "en", "de").rows
    assert [(r.document, r.position, r.text) for r in rows] == [
        ("Text 1", 0, "First."), ("Text 1", 1, "Second one."), ("Text 2", 0, "Third."),
    ]  # fmt: skip


def test_a_long_paragraph_is_cut_at_sentences() -> None:
    sentence = "This is a sentence of about sixty characters, more or less. "
    rows = read(Texts("text", sentence * 30), "en", "de").rows
    assert len(rows) > 2
    assert all(len(r.text) <= sources.LONGEST[True] and r.text.endswith("less.") for r in rows)
    assert " ".join(r.text for r in rows) == (sentence * 30).strip()


def test_chapters_of_a_book(tmp_path: Path) -> None:
    path = tmp_path / "book.md"
    path.write_text(
        "# One\n\nIt *began* here.\n\nAnd went on.\n\n# Two\n\nIt ended.\n\n# One\n\nAgain.\n",
        "utf-8",
    )
    rows = read(Texts("book", str(path)), "en", "de").rows
    assert [(r.document, r.text) for r in rows] == [
        ("One", "It began here."), ("One", "And went on."), ("Two", "It ended."),
        ("One (2)", "Again."),
    ]  # fmt: skip
    rows = read(Texts("book", str(path), chapters="2"), "en", "de").rows
    assert [r.text for r in rows] == ["It ended."]
    with pytest.raises(InputError, match="no chapter 9"):
        read(Texts("book", str(path), chapters="9"), "en", "de")


def test_lines_with_references_and_documents(tmp_path: Path) -> None:
    source = _write(tmp_path / "a.txt", ["One.", "Two.", "", "Three."])
    reference = _write(tmp_path / "r.txt", ["Eins.", "", "", "Drei."])
    names = _write(tmp_path / "d.txt", ["x", "y", "", "x"])
    found = read(Texts("lines", str(source), reference=str(reference)), "en", "de")
    assert found.lines == (0, 1, 3)
    assert found.total == 4
    assert [(r.document, r.reference) for r in found.rows] == [
        ("Text 1", "Eins."), ("Text 1", None), ("Text 2", "Drei."),
    ]  # fmt: skip
    texts = Texts("lines", str(source), reference=str(reference), documents=str(names))
    found = read(texts, "en", "de")
    assert [(r.document, r.position, r.text) for r in found.rows] == [
        ("x", 0, "One."), ("x", 1, "Three."), ("y", 0, "Two."),
    ]  # fmt: skip
    assert found.lines == (0, 3, 1)
    short = _write(tmp_path / "short.txt", ["Eins."])
    with pytest.raises(InputError, match=r"has 1 lines, a.txt has 4"):
        read(Texts("lines", str(source), reference=str(short)), "en", "de")


def test_tmx_and_jsonl(tmp_path: Path) -> None:
    memory = tmp_path / "m.tmx"
    tmx.write(memory, [Unit("One.", "Eins.", "en", "de"), Unit("Two.", "Deux.", "en", "fr")])
    rows = read(Texts("tmx", str(memory)), "en", "de").rows
    assert [(r.text, r.reference) for r in rows] == [("One.", "Eins.")]
    with pytest.raises(InputError, match="nothing from en to ja"):
        read(Texts("tmx", str(memory)), "en", "ja")
    lines = ['{"source": "One.", "document": "a"}', '{"source": "Two.", "reference": "Zwei."}']
    rows = read(Texts("jsonl", str(_write(tmp_path / "s.jsonl", lines))), "en", "de").rows
    assert [(r.document, r.text, r.reference) for r in rows] == [
        ("a", "One.", None), ("Text", "Two.", "Zwei."),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"Line 1 of s.jsonl has no source"):
        read(Texts("jsonl", str(_write(tmp_path / "s.jsonl", ["{}"]))), "en", "de")


def _documents(sizes: list[int]) -> Sources:
    rows = [Source(f"d{d}", n, f"{d}.{n}") for d, size in enumerate(sizes) for n in range(size)]
    return Sources(tuple(rows), tuple(range(len(rows))), len(rows))


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8),
    st.integers(0, 60),
    st.integers(0, 12),
    st.integers(0, 5),
)
def test_what_is_chosen_stays_together(
    sizes: list[int], segments: int, excerpt: int, seed: int
) -> None:
    every = _documents(sizes)
    found = choose(every, segments, excerpt, seed)
    assert found == choose(every, segments, excerpt, seed)
    assert list(found.lines) == sorted(set(found.lines))  # in order, none twice
    assert [every.rows[line].text for line in found.lines] == [row.text for row in found.rows]
    if not segments:
        assert len(found.rows) == len(every.rows)
    groups: dict[str, list[int]] = {}
    for row, line in zip(found.rows, found.lines, strict=True):
        groups.setdefault(row.document, []).append(line)
        assert row.position == len(groups[row.document]) - 1
    for lines in groups.values():
        assert lines == list(range(lines[0], lines[0] + len(lines)))
        assert not excerpt or len(lines) <= excerpt
    if segments and len(groups) > 1:
        assert len(found.rows) <= segments


def _sent(tmp_path: Path, name: str, lines: list[str]) -> tuple[str, ...]:
    source = _write(tmp_path / "a.txt", ["One.", "", "Two.", "One."])
    every = read(Texts("lines", str(source)), "en", "de")
    return uploaded.matched(_write(tmp_path / name, lines), every, every, "en", "de")


def test_outputs_by_line(tmp_path: Path) -> None:
    assert _sent(tmp_path, "o.txt", ["Eins.", "", "Zwei.", "Uno."]) == ("Eins.", "Zwei.", "Uno.")
    assert _sent(tmp_path, "o.txt", ["Eins.", "Zwei.", ""]) == ("Eins.", "Zwei.", "")
    with pytest.raises(InputError, match=r"2 lines; the source has 4 lines, or 3 without"):
        _sent(tmp_path, "o.txt", ["Eins.", "Zwei."])
    with pytest.raises(InputError, match=r"cannot read outputs from o.odt"):
        _sent(tmp_path, "o.odt", [])


def test_outputs_by_line_of_documents_that_are_mixed(tmp_path: Path) -> None:
    source = _write(tmp_path / "a.txt", ["One.", "Two.", "Three."])
    names = _write(tmp_path / "d.txt", ["x", "y", "x"])
    every = read(Texts("lines", str(source), documents=str(names)), "en", "de")
    sent = _write(tmp_path / "o.txt", ["Eins.", "Zwei.", "Drei."])
    assert uploaded.matched(sent, every, every, "en", "de") == ("Eins.", "Drei.", "Zwei.")


def test_outputs_by_source(tmp_path: Path) -> None:
    def row(text: str, output: str) -> str:
        return json.dumps({"source": text, "translation": output})

    rows = [row("Two.", "Zwei."), row(" One. ", "Eins."), row("One.", "Uno.")]
    assert _sent(tmp_path, "o.jsonl", rows) == ("Eins.", "Zwei.", "Uno.")
    assert _sent(tmp_path, "o.jsonl", rows[:2]) == ("Eins.", "Zwei.", "Eins.")
    with pytest.raises(InputError, match=r"lacks 1 of 3 segments. The first is 'Two.' in Text 2"):
        _sent(tmp_path, "o.jsonl", rows[1:])
    placed = [
        json.dumps({"document": d, "position": p, "output": t})
        for d, p, t in [("Text 1", 0, "Eins."), ("Text 2", 0, "Zwei."), ("Text 2", 1, "Uno.")]
    ]
    assert _sent(tmp_path, "o.jsonl", placed) == ("Eins.", "Zwei.", "Uno.")
    with pytest.raises(InputError, match="does not say what it is the translation of"):
        _sent(tmp_path, "o.jsonl", ['{"output": "Eins."}'])


def test_outputs_of_a_tmx(tmp_path: Path) -> None:
    every = _documents([2])
    path = tmp_path / "o.tmx"
    tmx.write(path, [Unit("0.1", "eins", "en", "de"), Unit("0.0", "null", "en", "de")])
    assert uploaded.matched(path, every, every, "en", "de") == ("null", "eins")
    with pytest.raises(InputError, match="lacks 2 of 2"):
        uploaded.matched(path, every, every, "en", "fr")


def test_only_what_was_chosen_must_be_there(tmp_path: Path) -> None:
    every = _documents([3, 3])
    chosen = Sources(every.rows[3:], every.lines[3:], every.total)
    rows = [json.dumps({"source": f"1.{n}", "output": f"eins {n}"}) for n in range(3)]
    sent = _write(tmp_path / "o.jsonl", rows)
    assert uploaded.matched(sent, every, chosen, "en", "de") == ("eins 0", "eins 1", "eins 2")


def test_names_of_plans_are_those_of_its_settings() -> None:
    assert isinstance(plan.of(_plan(), Path()), Plan)
    assert plan.of(_plan(), Path("/x")).systems[1].reference == "/x/b.txt"
