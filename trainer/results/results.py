"""Everything that the ratings say, in one value.

While a campaign is open the same is shown with letters for the systems, and without what would
tell which is which: example texts and automatic metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from trainer.campaigns.folder import Campaign
from trainer.results.automatic import Automatic, automatic
from trainer.results.examples import Example, examples
from trainer.results.study import Scale, Study
from trainer.results.table import study_of
from trainer.statistics.agreement import (
    Agreement,
    RankAgreement,
    SelfConsistency,
    choice_agreement,
    rank_agreement,
    score_agreement,
    self_consistency,
)
from trainer.statistics.bias import (
    PlaceBias,
    PositionBias,
    Profile,
    place_bias,
    position_bias,
    profiles,
)
from trainer.statistics.bradley_terry import Strengths, strengths
from trainer.statistics.clusters import Clusters, Method, clusters
from trainer.statistics.controls import ControlResult, control_results
from trainer.statistics.data import LEVEL, Interval
from trainer.statistics.errors import ErrorProfile, error_profile
from trainer.statistics.means import Difference, SystemMean, differences, system_means
from trainer.statistics.metrics import (
    Accuracy,
    Correlation,
    segment_correlation,
    system_correlation,
)
from trainer.statistics.normalize import z_scores
from trainer.statistics.power import LOOK, Needed, documents_needed
from trainer.statistics.span_agreement import span_agreement
from trainer.statistics.wins import WinMatrix, win_matrix
from translator.wording import plural


@dataclass(frozen=True, slots=True)
class Results:
    """The numbers of a study. What its protocol does not give is ``None`` or empty.

    ``means`` are of the protocol's own numbers, ``normalized`` of z-scores by reviewer; the best
    system first. ``agreement`` is of the numbers (or the choices), ``normalized_agreement`` of the
    z-scores, ``marks_agreement`` of the marked characters. ``correlations`` are of each automatic
    metric with the human means, ``accuracy`` of the metric by segment.
    """

    study: Study
    means: tuple[SystemMean, ...] = ()
    normalized: tuple[SystemMean, ...] = ()
    differences: tuple[Difference, ...] = ()
    wins: WinMatrix | None = None
    strengths: Strengths | None = None
    clusters: Clusters | None = None
    clusters_wilcoxon: Clusters | None = None
    agreement: Agreement | None = None
    normalized_agreement: Agreement | None = None
    marks_agreement: Agreement | None = None
    ranks: tuple[RankAgreement, ...] = ()
    consistency: tuple[SelfConsistency, ...] = ()
    position: PositionBias | None = None
    places: tuple[PlaceBias, ...] = ()
    reviewers: tuple[Profile, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    errors: ErrorProfile | None = None
    needed: tuple[Needed, ...] = ()
    automatic: Automatic = field(default_factory=Automatic)
    correlations: tuple[tuple[str, Correlation], ...] = ()
    accuracy: Accuracy | None = None
    examples: tuple[Example, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was rated yet."""
        return not self.means

    @property
    def summary(self) -> str:
        """What there is, and what it says, in a sentence or two."""
        study = self.study
        if self.empty:
            return "Nothing was rated yet."
        size = (
            f"{plural(len(study.systems), 'system')}, {plural(len(study.segments), 'segment')} of "
            f"{plural(len(study.documents), 'document')}, "
            f"{plural(len(study.reviewers), 'reviewer')}, {plural(study.answers, 'answer')}"
        )
        if study.expected:
            size += f" of {study.expected:,}"
        if study.final:
            return f"{size}. {self._finding()}"
        return f"{size}. {self._finding()} {self._outlook()}".strip()

    def _outlook(self) -> str:
        """What it takes to tell the nearest two systems apart that are not yet."""
        missing = [one for one in self.needed if one.more]
        if not missing:
            return ""
        one = min(missing, key=lambda needed: needed.more or 0)
        sentence = one.sentence[0].lower() + one.sentence[1:]
        return f"To tell {one.a} from {one.b}: {sentence} {LOOK}"

    def _finding(self) -> str:
        if self.clusters is None:
            return "The systems cannot be compared yet."
        tests = [test for test in self.clusters.tests if test.significant]
        if not tests:
            return "No difference between two systems is significant."
        if len(self.clusters.groups) > 1:
            said = " > ".join(", ".join(group) for group in self.clusters.groups)
        else:
            said = "; ".join(f"{test.a} > {test.b}" for test in tests)
        return f"Significant (p < {LEVEL}, corrected): {said}."


def results_of(campaign: Campaign) -> Results:
    """What a campaign's ratings say now. Raises :class:`InputError` while it is being made."""
    return analyse(study_of(campaign))


def analyse(study: Study) -> Results:
    """All numbers of a study; a study without ratings gives an empty value."""
    scores = study.scores
    if not scores:
        return Results(study)
    several = len({score.system for score in scores}) > 1
    numbers = study.protocol not in ("pairwise", "deliver")  # of which a z-score makes sense
    named = study.final
    means = tuple(_on_scale(mean, study.scale) for mean in system_means(scores))
    measured = automatic(study) if named else Automatic()
    return Results(
        study,
        means=means,
        normalized=tuple(system_means(scores, normalized=True)) if numbers and several else (),
        differences=tuple(differences(scores)),
        wins=win_matrix(study.preferences) if study.preferences else None,
        strengths=strengths(study.preferences) if study.preferences else None,
        clusters=clusters(scores) if several else None,
        clusters_wilcoxon=clusters(scores, method=Method.WILCOXON) if several else None,
        agreement=_agreement(study),
        normalized_agreement=score_agreement(z_scores(scores)) if numbers else None,
        marks_agreement=span_agreement(study.marks, study.looked) if study.looked else None,
        ranks=tuple(rank_agreement(scores)) if several else (),
        consistency=tuple(self_consistency(study.repeats)),
        position=position_bias(study.preferences) if study.shown_together else None,
        places=tuple(place_bias(scores)) if study.shown_together else (),
        reviewers=tuple(profiles(scores, study.timings)),
        controls=tuple(control_results(study.spoiled)),
        errors=error_profile(study.marks, study.looked) if _known_lengths(study) else None,
        needed=tuple(documents_needed(scores)) if several else (),
        automatic=measured,
        correlations=_correlations(means, measured),
        accuracy=_accuracy(study, measured),
        examples=tuple(examples(study)) if named else (),
    )


def _on_scale(mean: SystemMean, scale: Scale) -> SystemMean:
    """The mean with its interval cut at the ends of the scale, where few reviewers leave it open.

    It covers the truth as before: no mean can lie beyond them.
    """
    low, high = mean.estimate.interval.low, mean.estimate.interval.high
    if scale.low is not None and low < scale.low:
        low = scale.low
    if scale.high is not None and high > scale.high:
        high = scale.high
    return replace(mean, estimate=replace(mean.estimate, interval=Interval(low, high)))


def _agreement(study: Study) -> Agreement:
    if study.protocol == "pairwise":
        return choice_agreement(study.preferences)
    return score_agreement(study.scores, study.scale.level)


def _known_lengths(study: Study) -> bool:
    return study.exact_lengths and any(one.length for one in study.looked)


def _correlations(
    means: Sequence[SystemMean], measured: Automatic
) -> tuple[tuple[str, Correlation], ...]:
    """Of each metric with the human means, if there are enough systems for one."""
    human = {mean.system: mean.estimate.value for mean in means}
    if len(human) < 3:
        return ()
    by_metric: dict[str, dict[str, float]] = {}
    for score in measured.scores:
        by_metric.setdefault(score.title, {})[score.system] = score.value
    return tuple((title, system_correlation(human, of)) for title, of in by_metric.items())


def _accuracy(study: Study, measured: Automatic) -> Accuracy | None:
    """How often the metric orders two outputs of a segment as people do on average."""
    if not measured.by_segment:
        return None
    given: dict[tuple[str, str], dict[str, list[float]]] = {}
    for score in study.scores:
        of = given.setdefault((score.document, score.segment), {})
        of.setdefault(score.system, []).append(score.value)
    human, metric = [], []
    for (document, segment), by_system in given.items():
        shared = [name for name in by_system if (document, segment, name) in measured.by_segment]
        if len(shared) > 1:
            human.append([sum(by_system[name]) / len(by_system[name]) for name in shared])
            metric.append([measured.by_segment[document, segment, name] for name in shared])
    return segment_correlation(human, metric) if human else None
