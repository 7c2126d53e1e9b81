"""Whether the statistics of a campaign are right: campaigns whose truth is known.

    python tools/simulate_campaigns.py --campaigns 200 --power

Each campaign plants systems of known quality, documents that suit some systems better, reviewers
who differ in severity, in spread and in what they think of each system, and noise. Coverage is the
share of 95 % intervals with the planted value inside; it should be 93 to 97 %. Beside it are two
usual intervals of the same differences: the pigeonhole bootstrap and one of segments drawn as if
they were independent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import inf, isnan, nan
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trainer.statistics.agreement import score_agreement
from trainer.statistics.bradley_terry import fit, strengths
from trainer.statistics.clusters import Method, clusters
from trainer.statistics.data import LEVEL, Interval, Score, Values
from trainer.statistics.means import differences, pairs, system_means
from trainer.statistics.power import documents
from trainer.statistics.wins import preferences_of, win_matrix

SYSTEMS = ("a", "b", "c", "d")
QUALITY = (80.0, 74.0, 74.0, 66.0)  # the two in the middle are equally good
RIGHT = (frozenset("a"), frozenset("bc"), frozenset("d"))
MIDDLE = sum(QUALITY) / len(QUALITY)
_MANY = 4000  # ratings of a system behind a planted value of some reviewers
_CROWD = 600  # reviewers that stand for all there are
_PAIR_LEVEL = LEVEL / 6  # six pairs of systems
_DRAWS = 400  # of the two bootstraps


@dataclass(frozen=True, slots=True)
class Setting:
    """What is planted. All spreads are standard deviations in points of a scale to 100."""

    name: str
    documents: int = 20
    segments: int = 6  # of a document
    reviewers: int = 4
    overlap: float = 0.2  # share of documents that all reviewers rate
    document: float = 5.0  # how hard a document is
    suits: float = 3.0  # how well it suits a system
    output: float = 7.0  # of one system in one segment
    severity: float = 8.0  # of a reviewer
    spread: float = 0.15  # of a reviewer's scale, as a factor
    taste: float = 1.5  # a reviewer's own view of a system
    noise: float = 7.0
    whole: bool = False  # scores end at 0 and 100, are whole, and a few outputs fail badly


SETTINGS = (
    Setting("usual"),
    Setting("all rated by all", documents=12, overlap=1.0),
    Setting("small", documents=8, segments=5, reviewers=3, overlap=0.25),
    Setting("large", documents=40, segments=4, reviewers=8, overlap=0.1),
    Setting("real scale", whole=True),
    Setting("one reviewer", reviewers=1),
    Setting("two reviewers", documents=12, reviewers=2, overlap=1.0),
    Setting("strong tastes", taste=4.0),
    Setting("no tastes", taste=0.0),
)


@dataclass(frozen=True, slots=True)
class People:
    """The reviewers of a campaign: how severe, how wide a scale, and their views of systems."""

    severity: Values  # reviewers by 1
    scale: Values  # reviewers by 1
    taste: Values  # reviewers by systems


def people(setting: Setting, rng: np.random.Generator) -> People:
    """The reviewers of one campaign."""
    count = setting.reviewers
    scale = np.exp(rng.normal(-(setting.spread**2) / 2, setting.spread, (count, 1)))
    return People(
        rng.normal(0, setting.severity, (count, 1)),
        scale,
        rng.normal(0, setting.taste, (count, len(SYSTEMS))),
    )


def crowd(setting: Setting, rng: np.random.Generator) -> People:
    """Very many reviewers who are as severe, as wide and of the taste of all on average."""
    drawn = people(replace(setting, reviewers=_CROWD), rng)
    return People(
        drawn.severity - drawn.severity.mean(),
        drawn.scale / drawn.scale.mean(),
        drawn.taste - drawn.taste.mean(axis=0),
    )


def rate(setting: Setting, who: People, rng: np.random.Generator, *, level: bool = False) -> Values:
    """What they would give to all outputs: documents by segments by reviewers by systems.

    ``level``: by chance no system is better on these documents than it is in truth.
    """
    d, s, k = setting.documents, setting.segments, len(SYSTEMS)
    good = rng.normal(0, setting.suits, (d, 1, k)) + rng.normal(0, setting.output, (d, s, k))
    if level:
        good -= good.mean(axis=(0, 1))
    good += np.array(QUALITY) + rng.normal(0, setting.document, (d, 1, 1))
    if setting.whole:
        good -= 25 * (rng.random(good.shape) < 0.05)
    values: Values = MIDDLE + (good[:, :, None, :] + who.taste - MIDDLE) * who.scale - who.severity
    values = values + rng.normal(0, setting.noise, values.shape)
    return np.clip(np.round(values), 0, 100) if setting.whole else values


def assigned(setting: Setting, values: Values) -> list[Score]:
    """The scores of what each reviewer got: shared documents, and the others in turn."""
    shared = round(setting.overlap * setting.documents)
    return [
        Score(f"d{d}", str(s), SYSTEMS[k], f"r{r}", float(values[d, s, r, k]))
        for d in range(setting.documents)
        for r in (range(setting.reviewers) if d < shared else [(d - shared) % setting.reviewers])
        for s in range(setting.segments)
        for k in range(len(SYSTEMS))
    ]


@dataclass(frozen=True, slots=True)
class Truth:
    """What campaigns of a setting say without end: systems, or systems by systems.

    ``z`` is the mean distance from the average system in standard deviations of a reviewer;
    ``wins`` the share of choices; ``strength`` that of Bradley and Terry; ``alpha`` of reviewers
    who are given.
    """

    raw: Values
    z: Values
    wins: dict[tuple[str, str], float]
    strength: Values
    alpha: float


def truth(setting: Setting, who: People, rng: np.random.Generator) -> Truth:
    """From very many documents rated by all of ``who``."""
    many = replace(setting, documents=max(_MANY // len(who.scale), 400), segments=1)
    values = rate(many, who, rng, level=True)
    flat = values.transpose(2, 0, 1, 3).reshape(len(who.scale), -1)
    z = (flat - flat.mean(axis=1, keepdims=True)) / flat.std(axis=1, keepdims=True)
    counts = np.array(
        [
            [np.mean(values[..., a] > values[..., b]), np.mean(values[..., a] < values[..., b])]
            for a, b in combinations(range(len(SYSTEMS)), 2)
        ]
    )
    counts = np.column_stack([counts, 1 - counts.sum(axis=1)])
    one_group = np.zeros(len(SYSTEMS), dtype=np.int64)
    ties = bool(counts[:, 2].max() > 1e-9)
    return Truth(
        values.mean(axis=(0, 1, 2)),
        z.reshape(-1, len(SYSTEMS)).mean(axis=0),
        dict(
            zip(combinations(SYSTEMS, 2), (counts[:, 0] + counts[:, 2] / 2).tolist(), strict=True)
        ),
        fit(1e4 * counts[None], len(SYSTEMS), one_group, ties=ties)[0, :-1],
        _alpha(values),
    )


def _alpha(values: Values) -> float:
    """Krippendorff's alpha where all rated all: one less the variance inside over that overall."""
    if values.shape[2] < 2:
        return nan
    inside = values.var(axis=2, ddof=1).mean()
    return float(1 - inside / values.var(ddof=1))


@dataclass(slots=True)
class Tally:
    """How often something was so."""

    hits: int = 0
    count: int = 0

    def add(self, hit: bool) -> None:
        """One more."""
        self.hits += bool(hit)
        self.count += 1

    def inside(self, interval: Interval, value: float) -> None:
        """One more interval that has the value, or not; unknown bounds don't count."""
        if not isnan(interval.low):
            self.add(interval.low <= value <= interval.high)

    @property
    def share(self) -> float:
        """Of all, in per cent."""
        return 100 * self.hits / self.count if self.count else nan


@dataclass(slots=True)
class Found:
    """What came of all campaigns of a setting, by the name of what was counted."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    alphas: list[tuple[float, float]] = field(default_factory=list)  # estimated, planted
    # By pair of systems: documents that it takes by the estimate, and the two parts of variance.
    totals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    by_document: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    by_reviewers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def simulate(setting: Setting, campaigns: int, seed: int = 1) -> Found:
    """Analyse that many campaigns of a setting."""
    rng = np.random.default_rng(seed)
    found = Found()
    everybody = truth(setting, crowd(setting, rng), rng)
    for _ in range(campaigns):
        who = people(setting, rng)
        here = truth(setting, who, rng)
        aim = here if setting.reviewers == 1 else everybody
        scores = assigned(setting, rate(setting, who, rng))
        _intervals(found.tallies, scores, aim, rng)
        _clusters(found.tallies, scores)
        agreement = score_agreement(scores).alpha
        if not isnan(agreement.value):
            found.tallies["alpha"].inside(agreement.interval, here.alpha)
            found.alphas.append((agreement.value, here.alpha))
    return found


def _intervals(
    tallies: dict[str, Tally], scores: Sequence[Score], aim: Truth, rng: np.random.Generator
) -> None:
    number = {name: at for at, name in enumerate(SYSTEMS)}
    for mean in system_means(scores):
        tallies["mean"].inside(mean.estimate.interval, aim.raw[number[mean.system]])
    for mean in system_means(scores, normalized=True):
        tallies["z mean"].inside(mean.estimate.interval, aim.z[number[mean.system]])
    for one in differences(scores):
        real = aim.raw[number[one.a]] - aim.raw[number[one.b]]
        tallies["difference"].inside(one.estimate.interval, real)
    for one in differences(scores, normalized=True):
        real = aim.z[number[one.a]] - aim.z[number[one.b]]
        tallies["z difference"].inside(one.estimate.interval, real)
    gaps = pairs(scores, "a", "b")
    tallies["pigeonhole"].inside(_drawn(gaps, rng, together=True), aim.raw[0] - aim.raw[1])
    tallies["segments"].inside(_drawn(gaps, rng, together=False), aim.raw[0] - aim.raw[1])
    preferences = preferences_of(scores)
    for (a, b), wins in win_matrix(preferences).pairs.items():
        if a < b:
            tallies["win share"].inside(wins.share.interval, aim.wins[a, b])
    for strength in strengths(preferences).systems:
        real = aim.strength[number[strength.system]]
        tallies["Bradley-Terry"].inside(strength.estimate.interval, real)


def _drawn(gaps: Sequence[Score], rng: np.random.Generator, *, together: bool) -> Interval:
    """The percentile interval of a mean: by documents and reviewers, or by segments alone."""
    values = np.array([gap.value for gap in gaps])
    if together:
        document = np.array([int(gap.document[1:]) for gap in gaps])
        reviewer = np.array([int(gap.reviewer[1:]) for gap in gaps])
        times = _times(document.max() + 1, rng)[:, document]
        weights = times * _times(reviewer.max() + 1, rng)[:, reviewer]
    else:
        weights = _times(len(gaps), rng)
    totals = weights.sum(axis=1)
    means = (weights @ values)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2])
    return Interval(float(low), float(high))


def _times(count: int, rng: np.random.Generator) -> Values:
    drawn: Values = rng.multinomial(count, np.full(count, 1 / count), size=_DRAWS).astype(float)
    return drawn


def _clusters(tallies: dict[str, Tally], scores: Sequence[Score]) -> None:
    for method in Method:
        found = clusters(scores, method=method)
        groups = tuple(frozenset(group) for group in found.groups)
        tallies[f"right, {method}"].add(groups == RIGHT)
        equal = next(test for test in found.tests if {test.a, test.b} == {"b", "c"})
        tallies[f"false, {method}"].add(equal.significant)


def _power(found: Found, scores: Sequence[Score]) -> None:
    for one in differences(scores):
        pair = "".join(sorted(one.a + one.b))
        by_document = one.spread.by_documents * one.estimate.documents
        total = documents(
            one.spread.value,
            by_document,
            one.spread.by_reviewers,
            one.estimate.reviewers,
            _PAIR_LEVEL,
        )
        found.totals[pair].append(inf if total is None else total)
        found.by_document[pair].append(by_document)
        found.by_reviewers[pair].append(one.spread.by_reviewers)


def power(setting: Setting, campaigns: int, seed: int = 2) -> dict[str, float]:
    """Whether as many documents as the estimate asks for find a difference four times in five.

    ``planted`` is the number for ``a`` and ``b`` from the true difference and the mean of the
    variances; ``found`` the share (in per cent) of campaigns of that size that find it; ``low``,
    ``middle`` and ``high`` the quartiles of what single campaigns estimate.
    """
    rng = np.random.default_rng(seed)
    first = Found()
    for _ in range(campaigns):
        _power(first, assigned(setting, rate(setting, people(setting, rng), rng)))
    variance = float(np.mean(first.by_document["ab"])), float(np.mean(first.by_reviewers["ab"]))
    planted = documents(QUALITY[0] - QUALITY[1], *variance, setting.reviewers, _PAIR_LEVEL)
    low, middle, high = np.quantile(first.totals["ab"], [0.25, 0.5, 0.75], method="nearest")
    share = nan
    if planted is not None:
        bigger, hits = replace(setting, documents=planted), Tally()
        for _ in range(campaigns):
            scores = assigned(bigger, rate(bigger, people(bigger, rng), rng))
            pair = [score for score in scores if score.system in "ab"]
            (one,) = differences(pair)
            hits.add(one.a == "a" and one.p_value < _PAIR_LEVEL)
        share = hits.share
    return {
        "planted": planted or inf,
        "found": share,
        "low": float(low),
        "middle": float(middle),
        "high": float(high),
    }


COLUMNS = (
    *("difference", "z difference", "mean", "z mean", "win share", "Bradley-Terry", "alpha"),
    *("pigeonhole", "segments"),
)


def report(results: dict[str, Found]) -> str:
    """The tables in Markdown."""
    lines = [
        "Coverage of 95 % intervals, in per cent:",
        "",
        "| setting | " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for name, found in results.items():
        cells = [f"{found.tallies[column].share:.1f}" for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Right clusters, and the two equal systems told apart by mistake, in per cent:",
        "",
        "| setting | " + " | ".join(f"{m} | false" for m in Method) + " | alpha: mean, planted |",
        "|---|" + "---:|" * (2 * len(Method) + 1),
    ]
    for name, found in results.items():
        cells = [
            f"{found.tallies[f'{what}, {method}'].share:.1f}"
            for method in Method
            for what in ("right", "false")
        ]
        alphas = np.array(found.alphas or [(nan, nan)]).mean(axis=0)
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {alphas[0]:.3f}, {alphas[1]:.3f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=200, help="of each setting")
    parser.add_argument("--setting", action="append", choices=[one.name for one in SETTINGS])
    parser.add_argument("--power", action="store_true", help="check the power estimate as well")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    chosen = [one for one in SETTINGS if not options.setting or one.name in options.setting]
    results: dict[str, Found] = {}
    for setting in chosen:
        start = time.process_time()
        results[setting.name] = simulate(setting, options.campaigns, options.seed)
        print(f"{setting}: {time.process_time() - start:.0f} s", file=sys.stderr)
    print(report(results))
    if options.power:
        for setting in chosen:
            print(f"{setting.name}: {power(setting, options.campaigns, options.seed)}")


if __name__ == "__main__":
    main()
