"""An evaluation as tables for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.evaluate import Evaluation
from trainer.evaluate_report import CHECKS, failures
from trainer.evaluate_significance import LEVEL, Interval

_MAIN = "chrf++"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(evaluation: Evaluation) -> list[Table]:
    """Scores, the parts of BLEU, scores by length, what the checks found, and comparisons."""
    made = [_scores(evaluation), _bleu(evaluation), _lengths(evaluation), _checks(evaluation)]
    if evaluation.comparisons:
        made.append(_comparisons(evaluation))
    return [table for table in made if table.rows]


def main_metric(evaluation: Evaluation) -> str:
    """The metric for what shows only one."""
    return _MAIN if _MAIN in evaluation.metrics else evaluation.metrics[0]


def figure(metric: str, value: float, signed: bool = False) -> str:
    """A score as it is usually written."""
    digits = 4 if metric == "comet" else 1
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def _between(metric: str, interval: Interval, signed: bool = False) -> str:
    low, high = (figure(metric, bound, signed) for bound in (interval.low, interval.high))
    return f"{low} to {high}"


def _scores(evaluation: Evaluation) -> Table:
    titles = [of.metric.title for of in evaluation.systems[0].scores.values()]
    rows = [
        [
            system.output.name,
            *(
                f"{figure(name, of.score)} ({_between(name, system.intervals[name])})"
                for name, of in system.scores.items()
            ),
        ]
        for system in evaluation.systems
    ]
    test_set = evaluation.test_set
    pair = f"{test_set.source_language.name} to {test_set.target_language.name}"
    return Table(
        f"{pair}, {len(test_set.source):,} lines: scores (95 % interval)", ["system", *titles], rows
    )


def _bleu(evaluation: Evaluation) -> Table:
    columns = ["system", "1-grams", "2-grams", "3-grams", "4-grams", "brevity penalty", "length"]
    rows = []
    for system in evaluation.systems:
        for name in ("bleu", "spbleu"):
            if name not in system.scores:
                continue
            of = system.scores[name]
            lengths = of.details["hypothesis_length"], of.details["reference_length"]
            rows.append(
                [
                    system.output.name if name == "bleu" else f"{system.output.name} (spBLEU)",
                    *(f"{precision:.1f}" for precision in of.details["precisions"]),
                    f"{of.details['brevity_penalty']:.3f}",
                    f"{lengths[0]:,} of {lengths[1]:,}",
                ]
            )
    return Table("BLEU: precision in percent, length in tokens", columns, rows)


def _lengths(evaluation: Evaluation) -> Table:
    name = main_metric(evaluation)
    title = evaluation.systems[0].scores[name].metric.title
    rows = [
        [
            bucket.label,
            f"{len(bucket.lines):,}",
            *(figure(name, system.buckets[n][name].score) for system in evaluation.systems),
        ]
        for n, bucket in enumerate(evaluation.buckets)
    ]
    names = [system.output.name for system in evaluation.systems]
    return Table(f"{title} by length of the source", [evaluation.unit, "lines", *names], rows)


def _checks(evaluation: Evaluation) -> Table:
    counted = [failures(system) for system in evaluation.systems]
    names = list(CHECKS) + sorted({name for counts in counted for name in counts} - set(CHECKS))
    rows = [
        [
            system.output.name,
            str(len(system.failed)),
            *(str(counts.get(name, 0)) for name in names),
        ]
        for system, counts in zip(evaluation.systems, counted, strict=True)
    ]
    return Table("Lines that the checks would not let stand", ["system", "lines", *names], rows)


def _comparisons(evaluation: Evaluation) -> Table:
    titles = {name: of.metric for name, of in evaluation.systems[0].scores.items()}
    rows = []
    for found in evaluation.comparisons:
        metric = titles[found.metric]
        better = found.a if (found.difference < 0) != metric.lower_is_better else found.b
        rows.append(
            [
                metric.title,
                f"{found.b} − {found.a}",
                figure(found.metric, found.difference, signed=True),
                _between(found.metric, found.interval, signed=True),
                _p(found.p_value),
                _p(found.adjusted),
                f"{better} is better" if found.significant else "no sure difference",
            ]
        )
    columns = ["metric", "systems", "difference", "95 % interval", "p", "p (Holm)", ""]
    return Table(f"Differences (significant: p (Holm) < {LEVEL})", columns, rows)


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
