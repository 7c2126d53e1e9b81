"""How a study was done and analysed, as a paragraph for a paper: nothing that was not done."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from trainer.results.results import Results
from trainer.results.study import Study
from trainer.results.tables import chance, number
from trainer.statistics.agreement import Agreement
from trainer.statistics.data import LEVEL
from translator import __version__, languages
from translator.errors import InputError
from translator.wording import listed, plural

_PROTOCOLS = {
    "contrastive-esa": (
        "error span annotation (Kocmi et al., 2024) of all systems' outputs side by side: marking "
        "minor and major errors, then a score from 0 to 100 for each"
    ),
    "esa": (
        "error span annotation (Kocmi et al., 2024), one output at a time: marking minor and major "
        "errors, then a score from 0 to 100"
    ),
    "da": "direct assessment (Graham et al., 2013): a score from 0 to 100, one output at a time",
    "mqm": (
        "multidimensional quality metrics (Freitag et al., 2021): marking errors by category and "
        "severity, weighing 1 (minor; punctuation 0.1), 5 (major) and 25 (critical)"
    ),
    "pairwise": "pairwise comparison: the better one, a tie, or both bad",
    "post-edit": "post-editing with time and keystrokes",
    "deliver": (
        "a verdict on each output, side by side: deliver as is, light edit, heavy edit, redo"
    ),
}


def methods(results: Results) -> str:
    """The paragraph, with the numbers of this study."""
    if results.empty:
        return "Nothing was rated yet."
    parts = [*_rating(results.study), *_blinding(results.study)]
    return " ".join([*parts, *_controls(results), *_analysis(results)])


def _rating(study: Study) -> Iterator[str]:
    names = [_language(tag) for tag in (study.source, study.target)]
    pair = f" from {names[0]} into {names[1]}" if all(names) else ""
    yield (
        f"{plural(len(study.reviewers), 'reviewer')} rated the outputs of "
        f"{plural(len(study.systems), 'system')} ({listed(study.systems)}) for "
        f"{plural(len(study.segments), 'segment')} of {plural(len(study.documents), 'document')}"
        f"{pair}: {_answers(study)}."
    )
    yield f"The protocol was {_PROTOCOLS[study.protocol]}."
    if study.scale.explained:
        yield study.scale.explained
    yield from study.notes


def _answers(study: Study) -> str:
    given = plural(study.answers, "answer")
    if not study.expected:
        return given
    if study.answers == study.expected:
        return f"{given}, all that were asked for"
    return f"{study.answers:,} of the {plural(study.expected, 'answer')} that were asked for"


def _blinding(study: Study) -> Iterator[str]:
    """How a campaign kept its reviewers blind."""
    if study.key_hash:
        order = ", in an order of each reviewer's own" if study.shown_together else ""
        yield (
            f"Reviewers saw the outputs under random names{order}; the key to the systems stayed "
            f"on the server, and its SHA-256 ({study.key_hash}) was published before the first "
            "rating."
        )


def _controls(results: Results) -> Iterator[str]:
    overall = next((one for one in results.controls if not one.reviewer and not one.how), None)
    if overall is not None:
        yield (
            f"Of {plural(overall.count, 'rating')} of an output spoiled on purpose, "
            f"{overall.lower} ({number(100 * overall.share, 0)} %) were below that of the intact "
            "output."
        )
    repeats = results.study.repeats
    if repeats:
        gap = sum(abs(one.second - one.first) for one in repeats) / len(repeats)
        yield (
            f"{plural(len(repeats), 'rating')} were asked for twice; the two differ by "
            f"{number(gap)} on average."
        )
    if overall is not None or repeats:
        yield (
            "Neither these nor a tutorial count in the results. No rating was left out for a "
            "reviewer's performance."
        )


def _analysis(results: Results) -> Iterator[str]:
    yield (
        "Means count each segment alike; the ratings of an output by several reviewers are "
        "averaged first."
    )
    if results.normalized:
        yield ("Normalized means are of z-scores by reviewer (Graham et al., 2013).")
    yield (
        "Intervals of 95 % allow for documents and reviewers at once: variances by leaving out "
        "each document, each reviewer and each pair of them, put together as for two crossed "
        "clusterings (Cameron et al., 2011), with Student's t."
    )
    notes = dict.fromkeys(mean.estimate.note for mean in results.means if mean.estimate.note)
    for note in notes:
        yield f"Their limit: {note}."
    if results.clusters is not None and results.clusters.tests:
        count = len(results.clusters.tests)
        how = "Differences between two systems were tested by the same variances (two-sided t-test)"
        corrected = f", corrected for {count} comparisons (Holm, 1979)" if count > 1 else ""
        yield (
            f"{how}{corrected}; p < {LEVEL} is called significant. A Wilcoxon signed-rank test of "
            "segments, as at WMT, is reported beside it. A line between two clusters means that "
            "every system above it is significantly better than every system below it."
        )
    if results.strengths is not None and results.strengths.systems:
        chosen = results.study.protocol == "pairwise"
        of = "the choices" if chosen else "the choices that follow from the ratings of a segment"
        ties = " with ties after Davidson (1970)" if results.strengths.ties else ""
        yield f"Strengths are those of a Bradley-Terry model (1952){ties}, fitted to {of}."
        known = {mean.estimate.note for mean in results.means}
        for note in (note for note in results.strengths.notes if note not in known):
            yield f"Their limit: {note}."
    yield from _agreement(results)
    yield from _metrics(results)
    yield f"The analysis was made by Verso {__version__}."


def _agreement(results: Results) -> Iterator[str]:
    found = [
        ("the choices" if results.study.protocol == "pairwise" else "the numbers",
         results.agreement),
        ("z-scores by reviewer", results.normalized_agreement),
        ("characters marked as errors (none, minor, major, critical)", results.marks_agreement),
    ]  # fmt: skip
    said = [
        f"{_alpha(agreement)} for {what} ({agreement.level}, {agreement.units:,} units)"
        for what, agreement in found
        if agreement is not None and not isnan(agreement.alpha.value)
    ]
    if said:
        yield f"Agreement of the reviewers is Krippendorff's alpha: {listed(said)}."
    if results.position is not None and not isnan(results.position.p_value):
        share = number(100 * results.position.left_wins.value)
        yield (
            f"Of two outputs the one to the left was preferred in {share} % of the choices that "
            f"were no tie (p = {chance(results.position.p_value)} for one half)."
        )


def _alpha(agreement: Agreement) -> str:
    of = agreement.alpha
    if isnan(of.interval.low):
        return number(of.value, 2)
    return f"{number(of.value, 2)} ({number(of.interval.low, 2)} to {number(of.interval.high, 2)})"


def _metrics(results: Results) -> Iterator[str]:
    scores = results.automatic.scores
    if scores:
        signatures = dict.fromkeys(f"{score.title} {score.signature}" for score in scores)
        yield (
            f"Automatic metrics of {plural(results.automatic.segments, 'segment')} against one "
            f"reference were computed with sacreBLEU (Post, 2018; {'; '.join(signatures)})."
        )
    if results.accuracy is not None and results.accuracy.pairs:
        yield (
            "The accuracy by segment is that of pairs of outputs with ties calibrated (Deutsch et "
            "al., 2023)."
        )


def _language(tag: str) -> str:
    try:
        return languages.get(tag).name if tag else ""
    except InputError:
        return tag
