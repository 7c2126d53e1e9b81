"""The results of a campaign on the page, and what can be done with them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.campaigns.folder import RATINGS, Campaign
from trainer.evaluate_tables import Table
from trainer.results import drawing, page
from trainer.results.examples import Example
from trainer.results.methods import methods
from trainer.results.plots import plots
from trainer.results.results import Results, results_of
from trainer.results.tables import number, tables
from trainer.tabs import compare_files
from trainer.tabs.compare_view import Seen
from trainer.tabs.own_campaigns import stamp
from trainer.tabs.tasks import Report, Tasks
from translator.errors import VersoError
from translator.tabs import views

_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ')
_PAUSE = 10.0  # seconds between two counts while answers come in
_NONE = '<p class="v-empty">Numbers and plots appear here with the first answers.</p>'
_COUNTING = '<p class="v-empty">Counting …</p>'

Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    stamp: Stamp  # of what it was counted from
    when: float  # monotonic seconds
    html: str


class ResultsPanel:
    """Counts in the background, and only what is looked at; the last count stays in sight."""

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._counted: dict[str, _Counted] = {}

    def html(self, campaign: Campaign, one: Seen) -> str:
        """The results as they are known now."""
        if one.stage not in ("open", "locked"):
            return ""
        if not one.done:
            return _section(one, _NONE)
        now = (stamp(campaign.path / RATINGS), one.stage, one.revealed)
        task = self._tasks.get(campaign.id)
        if task is not None and isinstance(task.result, _Counted):
            self._counted[campaign.id] = task.result
        known = self._counted.get(campaign.id)
        fresh = known is not None and (
            known.stamp == now
            or (known.stamp[1:] == now[1:] and time.monotonic() - known.when < _PAUSE)
        )
        if not fresh and (task is None or task.error is None):
            self._tasks.start(campaign.id, lambda report: _count(campaign, now, report))
        if task is not None and task.error is not None:
            return _section(one, views.error(task.error))
        return _section(one, known.html if known is not None else _COUNTING)


def _count(campaign: Campaign, now: Stamp, report: Report) -> _Counted:
    try:
        html = drawn(results_of(campaign))
    except VersoError as problem:
        html = views.error(problem)
    return _Counted(now, time.monotonic(), html)


def _section(one: Seen, inner: str) -> str:
    blind = "" if one.revealed else '<span class="v-blind">still blind: letters, not names</span>'
    files = ""
    if one.done:
        links = "".join(
            f'<a class="v-button" href="campaigns/{one.id}/{name}" download>{label}</a>'
            for name, label in compare_files.OFFERED.items()
        )
        files = f'<div class="v-buttons">{links}</div>'
    return (
        f'<section class="v-part"><header><h3>Results</h3>{blind}</header>{inner}{files}</section>'
    )


def drawn(results: Results) -> str:
    """All that the ratings say: a sentence, the main table, plots, and the rest folded away."""
    if results.empty:
        return _NONE
    first, *rest = tables(results)
    if drawing.available():
        pictures = f'<div class="v-plots">{"".join(map(_figure, plots(results)))}</div>'
    else:
        pictures = views.notice(
            "Plots need matplotlib, which is not installed.", "Install it: pip install matplotlib"
        )
    study = results.study
    return (
        f'<p class="v-sentence">{views.escape(results.summary)}</p>{_table(first)}{pictures}'
        + _fold("All tables", "".join(f"<h4>{views.escape(t.title)}</h4>{_table(t)}" for t in rest))
        + _fold(
            "Where the systems differ most", _examples(results.examples, study.source, study.target)
        )
        + _fold("Method", f'<p class="v-methods">{views.escape(methods(results))}</p>')
    )


def _figure(plot: drawing.Plot) -> str:
    """A plot at its own width where there is room, so that its words are as large as others."""
    svg = plot.svg()
    size = _VIEW.search(svg)
    width = f' style="--width: {float(size[1]):.0f}pt"' if size else ""
    return f"<figure{width}><figcaption>{views.escape(plot.title)}</figcaption>{svg}</figure>"


def _fold(title: str, inner: str) -> str:
    if not inner:
        return ""
    return f'<details class="v-fold"><summary>{title}</summary>{inner}</details>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{views.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{views.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return (
        '<div class="v-scroll"><table class="v-figures-table"><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _examples(examples: Sequence[Example], source: str, target: str) -> str:
    return "".join(_example(example, source, target) for example in examples)


def _example(example: Example, source: str, target: str) -> str:
    text = example.text
    reference = (
        f"<dt>reference</dt><dd>{views.passage(text.reference, target)}</dd>"
        if text.reference
        else ""
    )
    outputs = "".join(
        f"<dt>{views.escape(output.system)} <b>{number(output.score)}</b></dt>"
        f'<dd><div class="v-passage" lang="{views.escape(target)}" '
        f'dir="{views.direction(target)}">{page.marked(output)}</div></dd>'
        for output in example.outputs
    )
    return (
        f'<article class="v-example">{views.passage(text.source, source)}'
        f"<dl>{outputs}{reference}</dl></article>"
    )
