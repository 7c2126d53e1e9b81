"""The results as tables for a person."""

from __future__ import annotations

from itertools import combinations
from math import isnan
from statistics import fmean, median

from trainer.evaluate_tables import Table
from trainer.results.results import Results
from trainer.statistics.data import Estimate

VERDICTS = ("redo", "heavy edit", "light edit", "as is")  # by their number
NOTHING = "–"
_MOST_CATEGORIES = 30
_UNBOUNDED = 20.0  # of a logarithm of strength: odds of one to 22,000 each way


def tables(results: Results) -> list[Table]:
    """All tables that the ratings are enough for, the systems first."""
    if results.empty:
        return []
    made = [
        system_table(results),
        _pairs(results),
        _wins(results),
        _verdicts(results),
        _effort(results),
        _errors(results),
        _agreement(results),
        _reviewers(results),
        _places(results),
        _metrics(results),
    ]
    return [table for table in made if table.rows]


def system_table(results: Results) -> Table:
    """A row a system, the best first."""
    study = results.study
    normalized = {mean.system: mean.estimate for mean in results.normalized}
    strong = {one.system: one for one in results.strengths.systems} if results.strengths else {}
    linked = len({one.group for one in strong.values()}) == 1
    ranked = {one.system: one for one in results.clusters.systems} if results.clusters else {}
    metrics = list(dict.fromkeys(score.title for score in results.automatic.scores))
    measured = {(s.system, s.title): s.value for s in results.automatic.scores}
    columns = ["system", "ratings", study.scale.title]
    columns += ["z-score"] if normalized else []
    columns += ["rank", "cluster"] if ranked else []
    columns += ["Bradley-Terry"] if linked else []
    rows = []
    for mean in results.means:
        name = mean.system
        row = [name, f"{mean.estimate.count:,}", with_interval(mean.estimate)]
        if normalized:
            row.append(with_interval(normalized[name], 2))
        if ranked:
            best, worst = ranked[name].best, ranked[name].worst
            row.append(f"{best}" if best == worst else f"{best}–{worst}")
            row.append(str(ranked[name].cluster))
        if linked:
            row.append(_strength(strong[name].estimate) if name in strong else NOTHING)
        row += [number(measured[name, title]) for title in metrics]
        rows.append(row)
    title = f"Systems: mean {study.scale.title} (95 % interval)"
    return Table(title, [*columns, *metrics], rows)


def _strength(estimate: Estimate) -> str:
    bounds = estimate.interval
    if bounds.high - bounds.low > _UNBOUNDED:
        return f"{number(estimate.value, 2)} (no bounds)"
    return with_interval(estimate, 2)


def _pairs(results: Results) -> Table:
    if results.clusters is None or results.clusters_wilcoxon is None:
        return Table("", [], [])
    intervals = {(one.a, one.b): one.estimate for one in results.differences}
    ranks = {(one.a, one.b): one.adjusted for one in results.clusters_wilcoxon.tests}
    needed = {(one.a, one.b): one.sentence for one in results.needed}
    rows = [
        [
            f"{test.a} − {test.b}",
            with_interval(intervals[test.a, test.b]),
            chance(test.p_value),
            chance(test.adjusted),
            chance(ranks[test.a, test.b]),
            "significant" if test.significant else "not significant",
            needed.get((test.a, test.b), "Not known yet."),
        ]
        for test in results.clusters.tests
    ]
    columns = ["systems", "difference", "p", "p (Holm)", "Wilcoxon p (Holm)", "", "to tell apart"]
    return Table("Differences (95 % interval)", columns, rows)


def _wins(results: Results) -> Table:
    if results.wins is None or len(results.wins.systems) < 2:
        return Table("", [], [])
    rows = []
    for a, b in combinations(results.wins.systems, 2):
        if (wins := results.wins.pairs.get((a, b))) is not None:
            shares = wins.share
            rows.append(
                [
                    f"{a} to {b}", str(wins.won), str(wins.tied), str(wins.lost),
                    str(wins.both_bad) if results.study.protocol == "pairwise" else NOTHING,
                    f"{number(100 * shares.value)} % ({number(100 * shares.interval.low)} to "
                    f"{number(100 * shares.interval.high)})",
                ]
            )  # fmt: skip
    columns = ["preferred", "won", "tied", "lost", "both bad", "share (95 % interval)"]
    return Table("How often one was preferred to another", columns, rows)


def _verdicts(results: Results) -> Table:
    study = results.study
    if study.protocol != "deliver":
        return Table("", [], [])
    rows = []
    for mean in results.means:
        given = [int(score.value) for score in study.scores if score.system == mean.system]
        shares = [100 * given.count(level) / len(given) for level in (3, 2, 1, 0)]
        rows.append([mean.system, *(f"{number(share)} %" for share in shares)])
    return Table("Verdicts", ["system", *reversed(VERDICTS)], rows)


def _effort(results: Results) -> Table:
    rows = []
    for mean in results.means:
        own = [effort for effort in results.study.efforts if effort.system == mean.system]
        if own:
            length = sum(effort.length for effort in own)
            keys, seconds = (
                sum(effort.keystrokes for effort in own), sum(effort.seconds for effort in own)
            )  # fmt: skip
            rows.append(
                [
                    mean.system,
                    number(median(effort.seconds for effort in own)),
                    number(seconds / length * 1000) if length else NOTHING,
                    number(fmean(effort.keystrokes for effort in own)),
                    number(keys / length * 1000) if length else NOTHING,
                ]
            )
    columns = [
        "system", "seconds (median)", "seconds per 1,000 characters", "keystrokes (mean)",
        "keystrokes per 1,000 characters",
    ]  # fmt: skip
    return Table("Editing", columns, rows)


def _errors(results: Results) -> Table:
    profile = results.errors
    if profile is None or not any(rate.count for rate in profile.overall):
        return Table("", [], [])
    rates = {
        (rate.system, rate.severity, rate.category): rate
        for rate in (*profile.overall, *profile.severities, *profile.categories)
    }
    kinds = list(dict.fromkeys((severity, category) for _, severity, category in rates))
    systems = [mean.system for mean in results.means if mean.system in profile.systems]
    rows = [
        [
            severity or category or "all",
            *(with_interval(rates[name, severity, category].per_thousand, 2) for name in systems),
        ]
        for severity, category in kinds[:_MOST_CATEGORIES]
    ]
    return Table("Errors per 1,000 characters (95 % interval)", ["errors", *systems], rows)


def _agreement(results: Results) -> Table:
    found = [
        ("of the choices" if results.study.protocol == "pairwise" else "of the numbers",
         results.agreement),
        ("of the z-scores", results.normalized_agreement),
        ("of the marked characters", results.marks_agreement),
    ]  # fmt: skip
    rows = [
        [
            what,
            agreement.level,
            with_interval(agreement.alpha, 2) if agreement.units else NOTHING,
            f"{agreement.units:,}",
        ]
        for what, agreement in found
        if agreement is not None
    ]
    rows += [
        [f"{rank.first} and {rank.second}: order of the systems (Kendall's tau)", "",
         number(rank.tau, 2), f"{rank.count:,}"]
        for rank in results.ranks if rank.count
    ]  # fmt: skip
    columns = ["Krippendorff's alpha", "level", "agreement (95 % interval)", "judged twice or more"]
    return Table("Agreement of the reviewers", columns, rows)


def _reviewers(results: Results) -> Table:
    consistency = {one.reviewer: one for one in results.consistency}
    controls = {one.reviewer: one for one in results.controls if one.reviewer}
    rows = []
    for profile in results.reviewers:
        again, control = consistency.get(profile.reviewer), controls.get(profile.reviewer)
        rows.append(
            [
                profile.reviewer,
                f"{profile.count:,}",
                number(profile.mean),
                number(profile.deviation),
                number(profile.severity, signed=True),
                number(profile.seconds, 0),
                number(profile.total_seconds / 60, 0),
                f"{control.lower} of {control.count}" if control else NOTHING,
                f"{number(again.gap)} ({again.count})" if again else NOTHING,
            ]
        )
    columns = [
        "reviewer", "ratings", "mean", "deviation", "severity", "seconds an answer", "minutes",
        "spoiled rated lower", "gap of repeats",
    ]  # fmt: skip
    return Table("Reviewers", columns, rows)


def _places(results: Results) -> Table:
    rows = [
        [f"place {place.place + 1}", with_interval(place.effect, 2, signed=True),
         chance(place.p_value)]
        for place in results.places
    ]  # fmt: skip
    if results.position is not None:
        share = results.position.left_wins
        low, high = share.interval.low, share.interval.high
        rows.append(
            [
                "left of two preferred",
                f"{number(100 * share.value)} % ({number(100 * low)} to {number(100 * high)})",
                chance(results.position.p_value),
            ]
        )
    return Table("Effect of the place on the page (95 % interval)", ["", "effect", "p"], rows)


def _metrics(results: Results) -> Table:
    rows = [
        [title, f"{of.count} systems", number(of.pearson, 2), number(of.tau_b, 2),
         number(of.accuracy, 2), chance(of.tau_b_p)]
        for title, of in results.correlations
    ]  # fmt: skip
    if (accuracy := results.accuracy) is not None and accuracy.pairs:
        rows.append(
            ["chrF++", f"{accuracy.pairs:,} pairs in a segment", NOTHING, NOTHING,
             number(accuracy.accuracy, 2), chance(accuracy.p_value)]
        )  # fmt: skip
    columns = ["metric", "compared", "Pearson", "Kendall", "pairs ordered alike", "p"]
    return Table("Automatic metrics and the ratings", columns, rows)


def number(value: float, digits: int = 1, signed: bool = False) -> str:
    """A number as it is written; what is not known is a dash."""
    if isnan(value):
        return NOTHING
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("+-")


def with_interval(estimate: Estimate, digits: int = 1, signed: bool = False) -> str:
    """A number with its interval."""
    low, high = estimate.interval.low, estimate.interval.high
    value = number(estimate.value, digits, signed)
    if isnan(estimate.value) or isnan(low) or isnan(high):
        return value
    return f"{value} ({number(low, digits, signed)} to {number(high, digits, signed)})"


def chance(value: float) -> str:
    """A p-value."""
    if isnan(value):
        return NOTHING
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
