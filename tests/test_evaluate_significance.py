"""Tests between systems: the numbers of sacreBLEU's own, and those of an exact computation."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from trainer import evaluate_significance
from trainer.evaluate_scores import score
from trainer.evaluate_significance import Method, SignificanceTest, compare, grouped, holm

PROSE = (
    "the old harbour lay silent in morning light when ship came back from sea with nine men "
    "and a letter nobody had expected so soon she said it was too late for us now"
)
WORDS = PROSE.split()


def _text(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(5, 18)))


def _spoilt(text: str, rng: random.Random, share: float) -> str:
    return " ".join(rng.choice(WORDS) if rng.random() < share else w for w in text.split())


def _lines(count: int, shares: dict[str, float]) -> tuple[list[str], dict[str, list[str]]]:
    rng = random.Random(7)
    references = [_text(rng) for _ in range(count)]
    return references, {
        name: [_spoilt(text, rng, share) for text in references] for name, share in shares.items()
    }


@pytest.mark.parametrize(
    ("method", "short", "samples"),
    [(Method.BOOTSTRAP, "bs", 300), (Method.RANDOMIZATION, "ar", 400)],
)
def test_p_values_are_those_of_sacrebleu(
    method: Method, short: str, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    references, systems = _lines(90, {"a": 0.30, "b": 0.34, "c": 0.5})
    theirs = PairedTest(
        list(systems.items()),
        {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()},
        [references],
        short,
        samples,
    )
    _, expected = theirs()
    # A few draws at a time must give the same numbers as all at once.
    monkeypatch.setattr(evaluate_significance, "_CELLS", 64 * 90)
    scores = {name: score(lines, references, "en") for name, lines in systems.items()}
    intervals, found = compare(scores, None, SignificanceTest(method, samples), baseline="a")
    assert [(c.a, c.b) for c in found] == [("a", "b"), ("a", "c")] * 4
    titles = {"bleu": "BLEU", "chrf": "chrF2", "chrf++": "chrF2++", "ter": "TER"}
    for comparison in found:
        at = expected["System"].index(comparison.b)
        result = expected[titles[comparison.metric]][at]
        if comparison.metric == "ter" and method is Method.RANDOMIZATION:
            # Counts of edits tie now and then, which sacreBLEU does not count.
            assert result.p_value <= comparison.p_value < result.p_value + 0.02
        else:
            assert comparison.p_value == pytest.approx(result.p_value, abs=1e-12)
        if method is Method.BOOTSTRAP:
            interval = intervals[comparison.b][comparison.metric]
            # Single precision there, double here.
            assert (interval.high - interval.low) / 2 == pytest.approx(result.ci, rel=1e-4)
    by_pair = {(c.b, c.metric): c.p_value for c in found}
    assert by_pair["c", "chrf"] < 0.01 < by_pair["b", "chrf"]


def test_randomization_comes_near_the_exact_p_value() -> None:
    """All ways to swap ten lines, counted with scores of the texts themselves."""
    references, systems = _lines(10, {"a": 0.2, "b": 0.4})
    metric = CHRF()

    def difference(swaps: tuple[bool, ...]) -> float:
        sides = zip(swaps, systems["a"], systems["b"], strict=True)
        a, b = zip(*((y, x) if swap else (x, y) for swap, x, y in sides), strict=True)
        first, second = (metric.corpus_score(lines, [references]).score for lines in (a, b))
        return abs(float(first) - float(second))

    real = difference((False,) * 10)
    # The half with the first line in its place: the other half mirrors it.
    drawn = [difference((False, *swaps)) for swaps in product((False, True), repeat=9)]
    exact = sum(value >= real - 1e-9 for value in drawn) / len(drawn)
    scores = {name: score(lines, references, "en", ("chrf",)) for name, lines in systems.items()}
    (comparison,) = compare(scores, None, SignificanceTest(Method.RANDOMIZATION, 4000))[1]
    assert 0.01 < exact < 0.6
    assert comparison.p_value == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 4000) ** 0.5)
    assert abs(comparison.difference) == pytest.approx(real)
    assert comparison.interval.low < comparison.difference < comparison.interval.high


def test_equal_systems_do_not_differ() -> None:
    references, systems = _lines(40, {"a": 0.3})
    one = score(systems["a"], references, "en")
    for method in Method:
        for comparison in compare({"a": one, "again": one}, None, SignificanceTest(method, 200))[1]:
            assert comparison.difference == 0
            assert comparison.interval == evaluate_significance.Interval(0, 0)
            assert comparison.p_value == 1.0


def test_a_few_lines_prove_nothing() -> None:
    references = ["the ship came back", "it was too late", "she said nobody"]
    scores = {
        "a": score(references, references, "en", ("chrf",)),
        "b": score(["x", "y", "z"], references, "en", ("chrf",)),
    }
    (comparison,) = compare(scores, None, SignificanceTest(samples=800))[1]
    # Two of the eight ways to swap three lines give the whole difference.
    assert comparison.p_value == pytest.approx(0.25, abs=0.06)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02] and holm([]) == []


def test_all_pairs_are_corrected_together() -> None:
    references, systems = _lines(60, {"a": 0.3, "b": 0.3, "c": 0.6})
    scores = {name: score(lines, references, "en", ("chrf",)) for name, lines in systems.items()}
    found = compare(scores, None, SignificanceTest(samples=300))[1]
    assert [(c.a, c.b) for c in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [c.adjusted for c in found] == holm([c.p_value for c in found])
    assert [c.significant for c in found] == [False, True, True]
    assert found[1].difference < 0


def test_documents_are_drawn_whole() -> None:
    """Lines that are right or wrong by the document say no more than one line each does."""
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert grouped(rows, ["x", "y", "x"]).tolist() == [[6.0, 8.0], [3.0, 4.0]]
    rng = random.Random(3)
    references = [_text(rng) for _ in range(80)]
    documents = [str(i // 10) for i in range(80)]
    good = {"1", "4", "5", "6", "7"}  # where a is right and b is wrong; elsewhere the opposite
    a = [r if d in good else _spoilt(r, rng, 1) for r, d in zip(references, documents, strict=True)]
    b = [_spoilt(r, rng, 1) if d in good else r for r, d in zip(references, documents, strict=True)]
    scores = {
        "a": score(a, references, "en", ("chrf",)),
        "b": score(b, references, "en", ("chrf",)),
    }
    (by_line,) = compare(scores, None, SignificanceTest(samples=500))[1]
    (by_document,) = compare(scores, documents, SignificanceTest(samples=500))[1]
    assert by_line.p_value < 0.1 < by_document.p_value
    assert by_document.difference == by_line.difference
    width = by_document.interval.high - by_document.interval.low
    assert width > 2 * (by_line.interval.high - by_line.interval.low)
