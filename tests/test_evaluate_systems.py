"""Test sets and translations of them: line N answers line N, and nothing is mended in silence."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.fake_engine import Act, Fail, FakeEngine, Say
from tests.jobs_support import OnePool
from trainer import evaluate_systems
from trainer.evaluate_systems import (
    Output,
    decoding,
    read_lines,
    read_output,
    read_test_set,
    translate,
)
from translator import languages
from translator.engines.base import Request
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.errors import InputError
from translator.models.spec import ModelKind, ModelSpec
from translator.types import Sampling

# What ends a line in some programs; here only the line feed does.
ODD = ["one\u2028still one", "two\x85still\x0btwo", "", "three\x0cthree\rthree", "  ", "five"]
TAGGED = ModelSpec("fake", "Fake", ModelKind.GGUF, style="tagged")


def _test_set(*lines: str) -> evaluate_systems.TestSet:
    return evaluate_systems.TestSet(
        lines, lines, languages.get("en"), languages.get("de"), files=("test.en", "test.de")
    )


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.en"
    path.write_bytes("\n".join(ODD).encode())
    assert list(read_lines(path)) == ODD
    path.write_bytes(b"a\r\nb\r\n\r\n")
    assert read_lines(path) == ("a", "b", "")
    (tmp_path / "a.en.gz").write_bytes(gzip.compress("ä\n\n".encode()))
    assert read_lines(tmp_path / "a.en.gz") == ("ä", "")


def test_files_of_other_lengths_are_refused(tmp_path: Path) -> None:
    source, reference, short = (tmp_path / name for name in ("s.en", "r.de", "short.de"))
    source.write_text("a\n\nb\n", "utf-8")
    reference.write_text("x\n\ny", "utf-8")  # the last line feed may be missing
    short.write_text("x\ny\n", "utf-8")
    test_set = read_test_set(source, reference, "English", "de-AT", reference)
    assert (test_set.source, test_set.reference) == (("a", "", "b"), ("x", "", "y"))
    assert (test_set.source_language.tag, test_set.target_language.tag) == ("en", "de")
    assert test_set.documents == ("x", "", "y")
    assert read_output("o", reference, test_set) == Output(
        "o", ("x", "", "y"), {}, {"file": "r.de"}
    )
    for attempt in (
        lambda: read_test_set(source, short, "en", "de"),
        lambda: read_test_set(source, reference, "en", "de", short),
        lambda: read_output("o", short, test_set),
    ):
        with pytest.raises(InputError, match=r"short\.de has 2 lines, s\.en has 3"):
            attempt()
    source.write_text("\n \n\n", "utf-8")
    with pytest.raises(InputError, match="no text"):
        read_test_set(source, reference, "en", "de")


def test_every_line_gets_the_translation_of_its_own() -> None:
    spec = ModelSpec("pseudo", "Pseudo", ModelKind.PSEUDO, style="pseudo")
    long = " ".join(f"Sentence number {n} of a very long line." for n in range(60))
    test_set = _test_set(*ODD, long, "five", "<1>tag</1> \ufdd01\ufdd3")
    told: list[tuple[int, int]] = []
    output = translate(
        OnePool(PseudoEngine()), spec, test_set, Sampling(),
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert output.found == {}
    assert len(output.lines) == len(test_set.source)
    for line, hypothesis in zip(test_set.source, output.lines, strict=True):
        assert "\n" not in hypothesis and "\r" not in hypothesis
        assert bool(hypothesis) == bool(line.strip())
    assert output.lines[0] == pseudo("one\u2028still one", "de")
    assert output.lines[5] == output.lines[7] == pseudo("five", "de")
    assert output.lines[6].count("«") + output.lines[6].count("⟪") > 1  # several segments, one line
    assert told[-1][0] == told[-1][1] > len(test_set.source)
    assert output.about["style"] == "pseudo" and output.about["sampling"]["temperature"] == 0


def test_replies_are_taken_as_they_are() -> None:
    """The app would try these again: scores are the model's own."""
    replies = {
        "Good morning.": "Guten Morgen.",
        "Say nothing.": "",
        "Same words.": "Same words.",
        "Two lines.": "Zwei\nZeilen.",
    }

    def answer(request: Request, text: str, count: int) -> Act:
        return Say(replies[text])

    with FakeEngine(answer) as engine:
        output = translate(OnePool(engine), TAGGED, _test_set(*replies), Sampling())
    assert output.lines == ("Guten Morgen.", "", "Same words.", "Zwei Zeilen.")
    assert len(engine.seen) == len(replies) and output.found == {}


def test_a_cut_reply_gets_one_more_try_with_all_tokens_unless_it_is_a_loop() -> None:
    loop = "und so weiter " * 40

    def answer(request: Request, text: str, count: int) -> Act:
        if text == "Long." and count:
            return Say("Ende.")
        return Say(loop if text == "Loops." else "An", cut=True)

    with FakeEngine(answer) as engine:
        test_set = _test_set("Loops.", "Long.", "Too long.")
        output = translate(OnePool(engine), TAGGED, test_set, Sampling(max_new_tokens=900))
    assert output.lines == (loop.strip(), "Ende.", "An")
    asked = {
        text: [r.sampling for r in engine.seen if text in r.prompt.text] for text in test_set.source
    }
    assert [len(asked[text]) for text in test_set.source] == [1, 2, 2]
    assert asked["Too long."][0].max_new_tokens < 100
    assert asked["Too long."][1] == Sampling(max_new_tokens=900)
    found = {n: [(c.name, c.fatal) for c in checks] for n, checks in output.found.items()}
    assert found == {0: [("truncated", True)], 2: [("truncated", True)]}


def test_what_the_engine_cannot_do_is_empty_and_said() -> None:
    def answer(request: Request, text: str, count: int) -> Act:
        return Fail("Too long for me.") if text == "Bad." else Say("Gut.")

    with FakeEngine(answer) as engine:
        output = translate(OnePool(engine), TAGGED, _test_set("Good.", "Bad."), Sampling())
    assert output.lines == ("Gut.", "")
    (check,) = output.found[1]
    assert (check.name, check.fatal) == ("failed", True) and "Too long for me" in check.detail


def test_decoding_is_greedy_unless_the_model_is_to_have_its_own_way() -> None:
    spec = ModelSpec("m", "M", ModelKind.GGUF, sampling=Sampling(500, temperature=0.7, top_p=0.9))
    assert decoding(spec) == Sampling(500, temperature=0.0, top_p=0.9)
    assert decoding(spec, own=True) == spec.sampling
    assert decoding(spec, max_new_tokens=64).max_new_tokens == 64
