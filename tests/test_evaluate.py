"""An evaluation as a whole: buckets, checks, JSON, tables, picture, and what is said of it."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from lxml import etree

from trainer import evaluate_comet, evaluate_plot, evaluate_report, evaluate_systems
from trainer.evaluate import Evaluation, evaluate
from trainer.evaluate_scores import score
from trainer.evaluate_significance import Method, SignificanceTest
from trainer.evaluate_systems import Output
from trainer.evaluate_tables import tables
from translator import languages
from translator.errors import InputError
from translator.types import Check

SOURCE = (
    "The old harbour lay silent in the morning light.",
    "",
    "Nobody had expected the ship to come back so soon, and yet there it was, with torn sails.",
    "The letter came too late.",
    "She opened the window and the wind took the letters from the table.",
    "They walked for seven days through the woods without a word.",
    "The bread was still warm when they sat down to eat together.",
)
REFERENCE = (
    "Der alte Hafen lag still im Morgenlicht.",
    "",
    "Niemand hatte erwartet, dass das Schiff so bald zurückkehrt, und doch lag es da, mit "
    "zerrissenen Segeln.",
    "Der Brief kam zu spät.",
    "Sie öffnete das Fenster, und der Wind nahm die Briefe vom Tisch.",
    "Sie gingen sieben Tage lang wortlos durch den Wald.",
    "Das Brot war noch warm, als sie sich zusammen zum Essen setzten.",
)
GOOD = (
    "Der alte Hafen lag still im Licht des Morgens.",
    "",
    "Niemand hatte erwartet, dass das Schiff so früh zurückkommt, doch da war es, mit zerrissenen "
    "Segeln.",
    "Der Brief kam zu spät.",
    "Sie machte das Fenster auf, und der Wind nahm die Briefe vom Tisch.",
    "Sie gingen sieben Tage lang ohne ein Wort durch die Wälder.",
    "Das Brot war noch warm, als sie sich zum Essen setzten.",
)
POOR = (
    "The old harbour lay silent in the morning light.",
    "",
    "Niemand " + "das Schiff kam " * 30,
    "",
    "Sie und das Fenster.",
    "Tage gingen.",
    "Brot ist warm.",
)
TEST_SET = evaluate_systems.TestSet(
    SOURCE, REFERENCE, languages.get("en"), languages.get("de"), files=("test.en", "test.de")
)
TEST = SignificanceTest(samples=200)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """A good and a poor system; the poor one had a segment fail."""
    failed: dict[int, tuple[Check, ...]] = {3: (Check("failed", "too long", fatal=True),)}
    made = {"sampling": {"temperature": 0.0}, "backend": "llama.cpp"}
    outputs = [Output("good", GOOD, about=made), Output("poor", POOR, failed, {"file": "poor.de"})]
    return evaluate(TEST_SET, outputs, TEST)


def test_the_json_is_as_documented(evaluation: Evaluation) -> None:
    facts = json.loads(json.dumps(evaluate_report.facts(evaluation)))
    good, poor = facts["systems"]
    assert (good["model"], poor["model"]) == ("good", "poor")
    scores = score(GOOD, REFERENCE, "de")
    for name in ("bleu", "chrf", "chrf++", "ter"):
        assert good[name]["score"] == pytest.approx(scores[name].score)
        assert good[name]["signature"] == scores[name].signature
        low, high = good[name]["interval"]
        assert low < good[name]["score"] < high
    assert len(good["bleu"]["precisions"]) == 4
    assert good["bleu"].keys() >= {"brevity_penalty", "hypothesis_length", "reference_length"}
    assert facts["lines"] == 7 and facts["documents"] is None
    assert [c["metric"] for c in facts["comparisons"]] == ["bleu", "chrf", "chrf++", "ter"]
    for comparison in facts["comparisons"]:
        assert (comparison["a"], comparison["b"]) == ("good", "poor")
        assert 0 < comparison["p_value"] <= comparison["p_adjusted"] <= 1
        better = comparison["difference"] > 0
        assert better == (comparison["metric"] == "ter")
    assert facts["methods"] == evaluate_report.methods(evaluation)


def test_failures_are_counted_apart_and_stay_in_the_scores(evaluation: Evaluation) -> None:
    good, poor = evaluate_report.facts(evaluation)["systems"]
    assert good["failures"] == {"lines": 0, "empty": 0, "wrong-language": 0, "repetition": 0}
    # An empty line is right where the source has none.
    assert poor["failures"]["lines"] == len({item["line"] for item in poor["failed_lines"]}) <= 6
    assert poor["failures"]["empty"] == poor["failures"]["failed"] == 1
    assert poor["failures"]["repetition"] == 1
    found = {(item["line"], item["check"]) for item in poor["failed_lines"]}
    assert {(3, "repetition"), (4, "empty"), (4, "failed")} <= found
    assert any(line == 1 and check in ("copied-source", "wrong-language") for line, check in found)
    assert poor["chrf++"]["score"] == pytest.approx(score(POOR, REFERENCE, "de")["chrf++"].score)


def test_buckets_hold_every_line_once(evaluation: Evaluation) -> None:
    facts = evaluate_report.facts(evaluation)["systems"][0]
    shown = [(b["from"], b["to"], b["unit"], b["lines"]) for b in facts["buckets"]]
    assert shown == [(0, 10, "words", 3), (11, 20, "words", 4)]
    of = [0, 1, 3]
    part = score([GOOD[n] for n in of], [REFERENCE[n] for n in of], "de")
    for name in part:
        assert facts["buckets"][0][name]["score"] == pytest.approx(part[name].score)
    chinese = replace(
        TEST_SET, source_language=languages.get("zh"), source=("字" * 20, "字" * 300) + ("",) * 5
    )
    buckets, unit = evaluate(chinese, [Output("good", GOOD)], TEST).buckets, "characters"
    assert evaluate(chinese, [Output("good", GOOD)], TEST).unit == unit
    assert [(b.low, b.high, len(b.lines)) for b in buckets] == [(0, 20, 6), (121, None, 1)]
    assert [b.label for b in buckets] == ["to 20", "from 121"]


def test_what_must_be_said_is_noted(evaluation: Evaluation) -> None:
    assert any("spBLEU" in note for note in evaluation.notes)
    without = replace(TEST_SET, reference=("", *REFERENCE[1:]), documents=tuple("aabbbcc"))
    outputs = [Output("good", GOOD), Output("poor", POOR)]
    notes = evaluate(without, outputs, TEST, metrics=("chrf",)).notes
    assert notes == (
        "1 lines have no reference; they are scored against an empty one.",
        "3 documents are too few to prove any difference.",
    )


def test_the_methods_paragraph_names_all_that_was_done(evaluation: Evaluation) -> None:
    text = evaluate_report.methods(evaluation)
    for part in (
        "test.en has 7 lines", "from English to German", "good (llama.cpp)", "greedy decoding",
        "poor (poor.de)", "BLEU (Papineni et al., 2002)", "tok:13a", "chrF++ (Popović, 2017)",
        "sacreBLEU 2", "200 trials that swap lines", "seed 12345", "p < 0.05",
    ):  # fmt: skip
        assert part in text
    assert "Holm" not in text  # one comparison needs no correction
    outputs = [Output(name, GOOD) for name in "abc"]
    with_documents = replace(TEST_SET, documents=tuple("aabbbcc"))
    bootstrap = SignificanceTest(Method.BOOTSTRAP, 50)
    text = evaluate_report.methods(evaluate(with_documents, outputs, bootstrap, metrics=("ter",)))
    assert "3 comparisons" in text and "Holm" in text
    assert "50 resamples of documents" in text and "7 lines of 3 documents" in text
    alone = evaluate(TEST_SET, outputs[:1], TEST, metrics=("ter",))
    assert "Differences" not in evaluate_report.methods(alone) and not alone.comparisons


def test_tables(evaluation: Evaluation) -> None:
    made = {table.title.split(":")[0]: table for table in tables(evaluation)}
    assert len(made) == 5
    for table in made.values():
        assert {len(row) for row in table.rows} == {len(table.columns)}
    scores = made["English to German, 7 lines"]
    assert scores.rows[0][0] == "good" and scores.columns[1:] == ["BLEU", "chrF", "chrF++", "TER"]
    differences = next(table for title, table in made.items() if title.startswith("Differences"))
    assert {row[-1] for row in differences.rows} <= {"good is better", "no sure difference"}
    assert any(row[-1] == "good is better" for row in differences.rows)


def test_the_picture_is_valid_svg_and_harmless(evaluation: Evaluation) -> None:
    first, second = evaluation.systems
    evil = replace(second, output=replace(second.output, name="<script>&" + "x" * 90))
    drawn = etree.fromstring(evaluate_plot.svg(replace(evaluation, systems=(first, evil))).encode())
    texts = [element.text for element in drawn.iter("{*}text")]
    assert "good" in texts and any(t and t.startswith("<script>&x") and len(t) < 60 for t in texts)
    assert not list(drawn.iter("{*}script"))
    width, height = float(drawn.get("width", 0)), float(drawn.get("height", 0))
    for mark in drawn.iter("{*}circle"):
        assert 0 < float(mark.get("cx", -1)) < width and 0 < float(mark.get("cy", -1)) < height
    assert len(list(drawn.iter("{*}polyline"))) == 2
    # One system with one score for all lines leaves nothing to scale.
    flat = evaluate(TEST_SET, [Output("same", REFERENCE)], TEST, metrics=("chrf",))
    etree.fromstring(evaluate_plot.svg(flat).encode())


def test_comet_is_asked_line_by_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in with the package's interface: the package cannot be installed beside ours."""
    with pytest.raises(InputError, match="COMET is not installed"):
        evaluate_comet.load("model.ckpt")
    asked: list[dict[str, str]] = []

    def predict(data: list[dict[str, str]], **options: Any) -> SimpleNamespace:
        asked.extend(data)
        return SimpleNamespace(scores=[float(item["mt"] == item["ref"]) for item in data])

    package = ModuleType("comet")
    monkeypatch.setattr(
        package,
        "load_from_checkpoint",
        lambda path: SimpleNamespace(predict=predict),
        raising=False,
    )
    monkeypatch.setitem(sys.modules, "comet", package)
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "2.2" if name == "unbabel-comet" else version(name),
    )
    (tmp_path / "model.ckpt").touch()
    comet = evaluate_comet.load(str(tmp_path / "model.ckpt"))
    outputs = [Output("good", GOOD), Output("poor", POOR)]
    found = evaluate(TEST_SET, outputs, TEST, metrics=("chrf",), comet=comet)
    assert found.systems[0].scores["comet"].score == pytest.approx(2 / 7)
    assert found.systems[0].scores["comet"].signature == "model:model.ckpt|version:2.2"
    assert asked[7] == {"src": SOURCE[0], "mt": POOR[0], "ref": REFERENCE[0]}
    assert {c.metric for c in found.comparisons} == {"chrf", "comet"}
    assert "COMET (Rei et al., 2020" in evaluate_report.methods(found)
