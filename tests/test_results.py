"""The results of a campaign: what counts, what it says, and what its files give away."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from statistics import fmean
from typing import get_args
from xml.etree import ElementTree

import pytest

from tests.campaign_support import NAMES, campaign_in, items_and_key
from tests.results_support import answered, settings, study
from trainer.campaigns.folder import RATINGS
from trainer.campaigns.types import Judgement, Protocol
from trainer.ratings.imports_rows import verso
from trainer.ratings.log import RatingsLog
from trainer.results import export, page
from trainer.results.automatic import automatic
from trainer.results.drawing import Plot, alone
from trainer.results.examples import examples
from trainer.results.methods import methods
from trainer.results.plots import plots
from trainer.results.results import analyse, results_of
from trainer.results.rows import csv_text, rows, table
from trainer.results.study import Study, Text
from trainer.results.table import read, system_labels
from trainer.results.tables import number, system_table, tables
from trainer.statistics.data import Score

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)


def test_only_answers_about_systems_count() -> None:
    """Controls and the tutorial say nothing of the systems."""
    items, key = items_and_key((3, 2), 2, repeats=2, degraded=2, tutorial=True)
    ratings, tasks = answered(items, key, "contrastive-esa")
    found = read(settings("contrastive-esa"), items, key, ratings, tasks, final=True)
    assert found.answers == found.expected == 5 * 2
    assert len(found.scores) == 5 * 2 * 2
    assert {score.document for score in found.scores} == {"d1", "d2"}
    assert len(found.repeats) == 2 * 2 * 2  # items, reviewers, outputs
    assert len(found.spoiled) == 2 * 2
    assert all(one.spoiled == 5 and one.intact > 40 and one.how == "cut" for one in found.spoiled)
    by_item = {rating.item: rating for rating in ratings if rating.reviewer == "r1"}
    first = next(item for item in items if not item.tutorial)
    scores = {j.output: j.score for j in by_item[first.id].judgements}
    for output in first.outputs:
        system = NAMES[int(key.outputs[output.id][1:]) - 1]
        score = next(
            s for s in found.scores
            if (s.document, s.segment, s.system, s.reviewer) == ("d1", "0", system, "r1")
        )  # fmt: skip
        assert score.value == scores[output.id]
        assert score.place == by_item[first.id].order.index(output.id)


def test_a_repeat_is_compared_with_its_first() -> None:
    items, key = items_and_key((4,), 2, repeats=1)
    ratings, _ = answered(items, key, "contrastive-esa", reviewers=1)
    found = read(settings("contrastive-esa"), items, key, ratings, final=True)
    (control,) = key.controls
    said = {j.output: j.score for rating in ratings for j in rating.judgements}
    again = next(item for item in items if item.id == control)
    expected = {(said[key.repeats[o.id]], said[o.id]) for o in again.outputs}
    assert {(one.first, one.second) for one in found.repeats} == expected


def test_letters_say_nothing_of_the_key() -> None:
    """They depend on the salt alone, and every order comes."""
    _, key = items_and_key((1,), 3)
    salted = [system_labels(replace(key, salt=str(salt)), False) for salt in range(60)]
    drawn = {tuple(labels[one.id] for one in key.systems) for labels in salted}
    assert len(drawn) == 6
    assert set(system_labels(key, False).values()) == {"A", "B", "C"}


def test_equal_names_stay_apart() -> None:
    _, key = items_and_key((1,), 2)
    twice = replace(key, systems=tuple(replace(one, name="same") for one in key.systems))
    assert list(system_labels(twice, True).values()) == ["same", "same (2)"]


def test_unknown_items_and_outputs_are_left_out() -> None:
    items, key = items_and_key((2,), 2)
    ratings, _ = answered(items, key, "contrastive-esa", reviewers=1)
    ratings[0] = replace(
        ratings[0], judgements=(*ratings[0].judgements, Judgement("o0", 99.0)), order=("o0",)
    )
    ratings.append(replace(ratings[0], item="i0"))
    found = read(settings("contrastive-esa"), items, key, ratings, final=True)
    assert len(found.scores) == 4 and found.answers == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_finds_the_planted_order(protocol: Protocol) -> None:
    results = analyse(study(protocol))
    ranked = [mean.system for mean in results.means]
    assert ranked == list(NAMES[:3])
    found = study(protocol)
    for mean in results.means:
        segments: dict[tuple[str, str], list[float]] = {}
        for score in found.scores:
            if score.system == mean.system:
                segments.setdefault((score.document, score.segment), []).append(score.value)
        assert mean.estimate.value == pytest.approx(fmean(map(fmean, segments.values())))
    assert results.wins is not None and results.wins.share(ranked[0], ranked[2]) == 1.0
    assert results.controls[0].share == 1.0
    made = tables(results)
    assert all(len(row) == len(one.columns) for one in made for row in one.rows)
    text = methods(results)
    assert "2 reviewers rated the outputs of 3 systems" in text and "ab" * 32 in text
    assert f"{results.study.answers} answers, all that were asked for." in text
    json.dumps(export.facts(results), allow_nan=False)


def test_mqm_and_verdicts_and_edits_as_numbers() -> None:
    items, key = items_and_key((1,), 1, "mqm")
    ratings, _ = answered(items, key, "mqm", reviewers=1)
    spans = ratings[0].judgements[0].spans
    expected = -sum({"minor": 1.0, "major": 5.0}[span.severity] for span in spans)
    (score,) = read(settings("mqm"), items, key, ratings, final=True).scores
    assert score.value == expected
    items, key = items_and_key((1,), 1, "post-edit")
    text = items[0].outputs[0].text
    edited = Judgement(items[0].outputs[0].id, edit=text.replace("Ziel", "Zeil"), keystrokes=4)
    ratings, _ = answered(items, key, "post-edit", reviewers=1)
    found = read(
        settings("post-edit"), items, key, [replace(ratings[0], judgements=(edited,))], final=True
    )
    assert found.scores[0].value == pytest.approx(100 * (1 - 2 / len(text)))
    assert found.efforts[0].keystrokes == 4 and found.efforts[0].edit.startswith("Zeil")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_export_is_read_again_as_it_was(protocol: Protocol) -> None:
    before = study(protocol)
    lines = [(n, json.loads(json.dumps(row))) for n, row in enumerate(rows(before), 1)]
    after = verso(lines, "file")
    for name in ("scores", "preferences", "marks", "looked", "repeats", "spoiled", "seconds"):
        mine, theirs = getattr(after, name), getattr(before, name)
        assert (dict(mine) if name == "seconds" else list(mine)) == (
            dict(theirs) if name == "seconds" else list(theirs)
        ), name
    assert after.systems == before.systems and after.answers == before.answers
    assert sorted(after.timings, key=str) == sorted(before.timings, key=str)
    assert dict(after.texts) == dict(before.texts)
    assert tables(analyse(after))[0] == tables(analyse(before))[0]


def test_no_results_yet() -> None:
    items, key = items_and_key((2,), 2)
    results = analyse(read(settings("da"), items, key, [], final=False))
    assert results.empty and results.summary == "Nothing was rated yet."
    assert tables(results) == [] and plots(results) == []
    assert "Nothing was rated yet." in page.html(results)


def test_one_answer_is_enough_for_a_page() -> None:
    items, key = items_and_key((1,), 2)
    ratings, tasks = answered(items, key, "contrastive-esa", reviewers=1)
    results = analyse(read(settings("contrastive-esa"), items, key, ratings, tasks, final=True))
    assert "1 segment of 1 document, 1 reviewer, 1 answer of 1." in results.summary
    html = page.html(results)
    assert "nan" not in html.lower().replace("finance", "")


def test_no_file_of_an_open_campaign_names_a_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what is nearly as good as a name: a text of theirs."""
    monkeypatch.setattr(Plot, "pdf", lambda plot: b"")  # the same letters, but compressed
    items = items_and_key((4, 4), 2, repeats=1, degraded=1, tutorial=True)
    campaign = campaign_in(tmp_path, items=items)
    people = [one.id for one in campaign.reviewers()]
    ratings, _ = answered(*items, "contrastive-esa")
    log = RatingsLog(campaign.path / RATINGS)
    for rating in ratings:
        log.append(replace(rating, reviewer=people[int(rating.reviewer[1:]) - 1]))
    results = results_of(campaign)
    target = tmp_path / "results.zip"
    export.archive(results, target, campaign)
    whole = _unpacked(target)
    assert set(results.study.systems) == {"A", "B"}
    for secret in (*NAMES[:2], "Ziel ", "Anna", "Ben", items[1].salt):
        assert secret.encode() not in whole, secret
    assert (campaign.settings.key_hash).encode() in whole

    campaign.lock("owner")
    assert set(results_of(campaign).study.systems) == {"A", "B"}  # until somebody asks for the key
    campaign.reveal("owner")
    results = results_of(campaign)
    assert results.study.systems == NAMES[:2]
    quick = takewhile(lambda file: file[0] != "report.html", export.files(results, campaign))
    found = {name: data if isinstance(data, bytes) else data.encode() for name, data in quick}
    whole = b"".join(found.values())
    assert b"Anna" not in whole and NAMES[0].encode() in whole and items[1].salt.encode() in whole
    assert {"ratings.jsonl", "systems.tex", "campaign/key.json", "results.json"} <= found.keys()


def _unpacked(path: Path) -> bytes:
    with zipfile.ZipFile(path) as file:
        return b"\n".join(file.read(name) for name in file.namelist())


HOSTILE = ('=HYPERLINK("http://x","y")', "<script>alert(1)</script>", r"50% & $x_1^2$ \input{a}")


def _hostile() -> Study:
    """Systems whose names would like to be run."""
    found = study(systems=3)
    name = dict(zip(found.systems, HOSTILE, strict=True))
    return replace(
        found,
        systems=HOSTILE,
        scores=[replace(one, system=name[one.system]) for one in found.scores],
        preferences=[
            replace(
                one,
                first=name[one.first],
                second=name[one.second],
                winner=name.get(one.winner or ""),
            )
            for one in found.preferences
        ],
        marks=[replace(one, system=name[one.system]) for one in found.marks],
        looked=[replace(one, system=name[one.system]) for one in found.looked],
        repeats=[replace(one, system=name[one.system]) for one in found.repeats],
        texts={
            place: replace(text, outputs={name[k]: v for k, v in text.outputs.items()})
            for place, text in found.texts.items()
        },
    )


def test_nothing_in_a_name_is_run() -> None:
    results = analyse(_hostile())
    html = page.html(results)
    assert "<script>" not in html and "&lt;script&gt;" in html
    tex = page.latex(results)
    assert r"50\% \& \$x\_1\textasciicircum{}2\$ \textbackslash{}input\{a\}" in tex
    for row in csv.reader(io.StringIO(table(results.study))):
        assert not row[2].startswith("="), row
    assert any(HOSTILE[0] in row[2] for row in csv.reader(io.StringIO(table(results.study))))


def test_cells_of_formulas_are_harmless_and_numbers_stay_numbers() -> None:
    text = csv_text(["a", "b"], [["=1+1", -2.5], ["@x", 3], ["\tx", "a,b\n"], ["-1", "ok"]])
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b"], ["'=1+1", "-2.5"], ["'@x", "3"], ["'\tx", "a,b\n"], ["'-1", "ok"],
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", ["contrastive-esa", "deliver", "pairwise"])
def test_plots_take_the_colours_of_the_page(protocol: Protocol) -> None:
    pytest.importorskip("matplotlib")
    results = analyse(study(protocol))
    made = plots(results)
    assert {"means", "differences", "wins", "places"} <= {plot.name for plot in made}
    assert len({plot.name for plot in made}) == len(made)
    for plot in made:
        svg = plot.svg()
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg") and root.get("aria-label") == plot.title
        assert "currentColor" in svg and "#010203" not in svg and "width:100%" in svg
    means = made[0].svg()
    assert means == made[0].svg()
    assert all(name in means for name in results.study.systems)
    assert made[0].pdf().startswith(b"%PDF") and "#ffffff" in alone(means)


def test_a_plot_of_a_name_with_markup() -> None:
    pytest.importorskip("matplotlib")
    for plot in plots(analyse(_hostile())):
        if plot.name in ("means", "differences", "wins", "errors"):
            svg = plot.svg()
            assert "<script" not in svg
            assert "x_1^2" in "".join(ElementTree.fromstring(svg).itertext()) or plot.name == "wins"


def test_examples_are_where_systems_differ() -> None:
    found = study(systems=2)
    shown = examples(found, 5)
    assert [one.gap for one in shown] == sorted((one.gap for one in shown), reverse=True)
    first = shown[0]
    assert first.outputs[0].score > first.outputs[1].score
    assert first.outputs[0].text == first.text.outputs[first.outputs[0].system]
    every = examples(found, 100)
    assert first.gap == max(one.gap for one in every)
    assert len({(one.text.document, one.text.segment) for one in every}) == len(every)


def test_errors_are_marked_in_the_report() -> None:
    found = replace(study(systems=2), texts={})
    mark = study(systems=2).marks[0]
    place = mark.document, mark.segment
    text = Text(*place, "S", None, dict.fromkeys(found.systems, "<b>Wort für Wort"))
    only = replace(mark, start=3, end=7, severity="major")
    results = analyse(replace(found, texts={place: text}, marks=[only]))
    html = page.html(results)
    assert '&lt;b&gt;<mark class="major">Wort</mark> für Wort' in html


def test_automatic_metrics_are_sacrebleus() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    found = study(systems=2)
    texts = {
        place: replace(text, reference=f"Ziel {place[1]} aus Kapitel {place[0]}.")
        for place, text in found.texts.items()
    }
    results = analyse(replace(found, texts=texts))
    measured = results.automatic
    assert measured.by_segment is not None and measured.segments == len(texts)
    chrf = sacrebleu.metrics.CHRF(word_order=2)
    for (document, segment, system), value in measured.by_segment.items():
        text = texts[document, segment]
        expected = chrf.sentence_score(text.outputs[system], [text.reference]).score
        assert value == pytest.approx(expected)
    system = found.systems[0]
    outputs = [text.outputs[system] for text in texts.values()]
    references = [text.reference or "" for text in texts.values()]
    bleu = sacrebleu.metrics.BLEU().corpus_score(outputs, [references]).score
    scores = {(s.system, s.metric): s.value for s in measured.scores}
    assert scores[system, "bleu"] == pytest.approx(bleu)
    assert results.accuracy is not None and results.accuracy.pairs == len(texts)
    assert "sacreBLEU" in methods(results) and "chrF++" in system_table(results).columns
    assert automatic(found).scores == ()  # no references


def test_what_it_takes_is_said_while_the_campaign_runs() -> None:
    gaps = {"d1": 8.0, "d2": -6.0, "d3": 5.0, "d4": -1.0, "d5": 4.0}
    scores = [
        Score(document, "0", system, "r1", 60 + (gap if system == "B" else 0))
        for document, gap in gaps.items()
        for system in ("A", "B")
    ]
    results = analyse(replace(study(final=False), systems=("A", "B"), scores=scores))
    (needed,) = results.needed
    assert (
        needed.more and f"To tell B from A: about {needed.more} more documents" in results.summary
    )
    assert "more documents" not in analyse(replace(results.study, final=True)).summary


def test_metrics_wait_for_the_key() -> None:
    """Who knows the systems would know the letters by them."""
    found = study(final=False)
    texts = {place: replace(text, reference="Ziel.") for place, text in found.texts.items()}
    results = analyse(replace(found, texts=texts))
    assert results.automatic.scores == () and results.examples == ()


def test_numbers_as_they_are_written() -> None:
    assert number(-0.04) == "0.0" and number(-1.25, 2) == "−1.25"
    assert number(1234.5) == "1,234.5" and number(float("nan")) == "–"
    assert number(2, 1, signed=True) == "+2.0"


def test_no_mean_lies_beyond_the_scale() -> None:
    """Two reviewers who differ leave the mean of all reviewers open: to the ends, not past them."""
    scores = [
        Score(document, "0", system, reviewer, base + 3 * number)
        for number, document in enumerate(("d1", "d2", "d3"))
        for reviewer, base in (("r1", 15.0), ("r2", 80.0))
        for system in ("A", "B")
    ]
    results = analyse(replace(study(), systems=("A", "B"), scores=scores))
    intervals = [
        (mean.estimate.interval.low, mean.estimate.interval.high) for mean in results.means
    ]
    assert intervals == [(0, 100), (0, 100)]
