"""An evaluation as JSON and as a paragraph for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.evaluate import Bucket, Evaluation, System
from trainer.evaluate_scores import Score, version
from trainer.evaluate_significance import LEVEL, RESAMPLES, Comparison, Interval, Method
from translator import __version__
from translator.wording import listed

# These are counted also when there are none.
CHECKS = ("empty", "wrong-language", "repetition")

_PAPERS = {
    "bleu": "Papineni et al., 2002",
    "chrf": "Popović, 2015",
    "chrf++": "Popović, 2017",
    "spbleu": "Goyal et al., 2022",
    "ter": "Snover et al., 2006",
}


def facts(evaluation: Evaluation) -> dict[str, Any]:
    """The results as ``verso evaluate --json`` writes them."""
    test_set, test = evaluation.test_set, evaluation.test
    return {
        "verso": __version__,
        "source_language": test_set.source_language.tag,
        "target_language": test_set.target_language.tag,
        "lines": len(test_set.source),
        "documents": len(set(test_set.documents)) if test_set.documents else None,
        "files": list(test_set.files),
        "systems": [_system(system, evaluation) for system in evaluation.systems],
        "comparisons": [_comparison(comparison) for comparison in evaluation.comparisons],
        "test": {
            "method": test.method.value,
            "samples": test.samples,
            "seed": test.seed,
            "unit": _unit(evaluation),
            "correction": "holm",
            "level": LEVEL,
        },
        "notes": list(evaluation.notes),
        "methods": methods(evaluation),
    }


def failures(system: System) -> dict[str, int]:
    """On how many lines each check found what cannot stand, the usual ones first."""
    counts = system.count(fatal=True)
    return {name: counts[name] for name in CHECKS} | dict(sorted(counts.items()))


def _system(system: System, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "model": system.output.name,
        **system.output.about,
        **{
            name: {
                "score": of.score,
                "signature": of.signature,
                "interval": _bounds(system.intervals[name]),
                **of.details,
            }
            for name, of in system.scores.items()
        },
        "failures": {"lines": len(system.failed), **failures(system)},
        "warnings": dict(sorted(system.count(fatal=False).items())),
        "failed_lines": [
            {"line": number + 1, "check": check.name, "detail": check.detail}
            for number in system.failed
            for check in system.findings[number]
            if check.fatal
        ],
        "buckets": [
            _bucket(bucket, evaluation.unit, list(scores.values()))
            for bucket, scores in zip(evaluation.buckets, system.buckets, strict=True)
        ],
    }


def _bucket(bucket: Bucket, unit: str, scores: Sequence[Score]) -> dict[str, Any]:
    return {
        "from": bucket.low,
        "to": bucket.high,
        "unit": unit,
        "lines": len(bucket.lines),
        **{of.metric.name: {"score": of.score} for of in scores},
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "metric": comparison.metric,
        "a": comparison.a,
        "b": comparison.b,
        "difference": comparison.difference,
        "interval": _bounds(comparison.interval),
        "p_value": comparison.p_value,
        "p_adjusted": comparison.adjusted,
        "significant": comparison.significant,
    }


def _bounds(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _unit(evaluation: Evaluation) -> str:
    return "document" if evaluation.test_set.documents else "line"


def methods(evaluation: Evaluation) -> str:
    """How it was all done, as a paragraph to paste into a paper."""
    sentences = [*_translating(evaluation), *_scoring(evaluation), *_testing(evaluation)]
    return " ".join(sentences)


def _translating(evaluation: Evaluation) -> list[str]:
    test_set = evaluation.test_set
    pair = f"from {test_set.source_language.name} to {test_set.target_language.name}"
    size = f"{len(test_set.source):,} lines"
    if test_set.documents:
        size += f" of {len(set(test_set.documents)):,} documents"
    sentences = [f"The test set {test_set.files[0]} has {size}, translated {pair}."]
    models = [system.output for system in evaluation.systems if "sampling" in system.output.about]
    if models:
        names = listed([f"{output.name} ({output.about['backend']})" for output in models])
        greedy = all(output.about["sampling"]["temperature"] == 0 for output in models)
        how = "greedy decoding" if greedy else "each model's own sampling"
        sentences.append(
            f"{names} translated it in Verso {__version__} with {how}; replies were taken as they "
            "came."
        )
    files = [output.output for output in evaluation.systems if "file" in output.output.about]
    if files:
        names = listed([f"{output.name} ({output.about['file']})" for output in files])
        sentences.append(f"Translations by {names} were read from files.")
    return sentences


def _scoring(evaluation: Evaluation) -> list[str]:
    scores = evaluation.systems[0].scores
    counted = [of for name, of in scores.items() if name != "comet"]
    cited = listed([f"{of.metric.title} ({_PAPERS[of.metric.name]})" for of in counted])
    signatures = "; ".join(f"{of.metric.title} {of.signature}" for of in counted)
    verb = "were" if len(counted) > 1 else "was"
    sentences = [
        f"{cited} of the whole test set against one reference {verb} computed with "
        f"sacreBLEU {version()} (Post, 2018; {signatures})."
    ]
    if "comet" in scores:
        signature = scores["comet"].signature
        sentences.append(f"COMET (Rei et al., 2020; {signature}) is the mean over lines.")
    sentences.append(
        "Lines that Verso's checks would not let stand (empty, in another language, repetitive "
        "and others) are counted apart and stay in the scores."
    )
    return sentences


def _testing(evaluation: Evaluation) -> list[str]:
    test, unit = evaluation.test, _unit(evaluation)
    bootstrap = test.method is Method.BOOTSTRAP
    resamples = test.samples if bootstrap else RESAMPLES
    sentences = [f"Intervals of 95 % come from {resamples:,} bootstrap resamples of {unit}s."]
    if not evaluation.comparisons:
        return sentences
    if bootstrap:
        how = (
            f"paired bootstrap resampling (Koehn, 2004; {test.samples:,} resamples of {unit}s, "
            "p-values as in sacreBLEU)"
        )
    else:
        how = (
            "two-sided approximate randomization (Riezler and Maxwell, 2005; "
            f"{test.samples:,} trials that swap {unit}s)"
        )
    count = len(evaluation.comparisons) // len(evaluation.metrics)
    sentences.append(f"Differences between systems were tested by {how}, with seed {test.seed}.")
    if count > 1:
        sentences.append(
            f"For each metric the p-values of the {count} comparisons were corrected by the "
            f"method of Holm (1979); differences with p < {LEVEL} are called significant."
        )
    else:
        sentences.append(f"A difference with p < {LEVEL} is called significant.")
    return sentences
