"""What can be seen of a training as it goes on: curves, translations, log, settings; as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.config import RunSettings
from trainer.runs import Run, Status
from trainer.tabs import train_fields, train_signals
from trainer.tabs.charts import Mark, Series, chart, smooth
from trainer.tabs.train_view import base_name, has_best, pair
from translator.tabs import views

_MOST_SAMPLES = 40  # rows of the table
_DIRECTIONS = 4  # curves beside the mean


def curves(rows: Sequence[dict[str, Any]], status: Status) -> str:
    """Rewards or preferences, loss, chrF++ and learning rate over the steps."""
    loss = _points(rows, "loss")
    dev = _points(rows, "dev_loss")
    smoothed = smooth(loss)
    mean = _points(rows, "chrf_mean")
    directions = sorted({name for row in rows for name in row.get("chrf") or ()})
    each = [
        Series(
            pair(name),
            [(row["step"], row["chrf"][name]) for row in rows if name in (row.get("chrf") or ())],
            "three",
        )
        for name in directions[:_DIRECTIONS]
    ]
    best = [Mark(status.best_step, "best")] if has_best(status) else []
    end = float(status.steps)
    shared: dict[str, Any] = {"end": end}
    if not loss and not dev and status.state in ("prepared", "queued"):
        return ""
    large, small = train_signals.figures(rows, end, best)
    # What earns rewards is no likelihood: its loss and that of the dev set have no common scale.
    training = [] if large else [Series("each step", loss, "faint"), Series("training", smoothed)]
    figures = large + chart(
        "Loss on the dev set" if large else "Loss",
        [*training, Series("dev", dev, "two")],
        say=lambda value: f"{value:.3f}" if value < 100 else f"{value:,.0f}",
        empty="Shown from the first evaluation on."
        if large
        else "The first steps are on their way.",
        marks=best,
        **shared,
    )
    figures += chart(
        "chrF++ on the dev set",
        [*(each if len(each) > 1 else ()), Series("mean" if len(each) > 1 else "dev", mean, "two")],
        say=lambda value: f"{value:.1f}",
        empty="Shown from the first evaluation on.",
        marks=best,
        **shared,
    )
    rate = chart(
        "Learning rate",
        [Series("rate", _points(rows, "learning_rate"))],
        say=lambda value: f"{value:.1e}" if value else "0",
        empty="Not known yet.",
        from_zero=True,
        **shared,
    )
    if large:
        return (
            f'<div class="v-charts">{figures}</div>'
            f'<div class="v-charts v-small">{small}{rate}</div>'
        )
    return f'<div class="v-charts">{figures}{rate}</div>'


def _points(rows: Sequence[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]


def samples(rows: Sequence[dict[str, Any]], step: int | None) -> str:
    """The translations of one evaluation (``None``: the last), with a choice of all of them."""
    steps = sorted({int(row["step"]) for row in rows})
    if not steps:
        return '<p class="v-empty">Dev lines are translated here at every evaluation.</p>'
    shown = step if step in steps else steps[-1]
    pills = "".join(
        f'<button type="button" class="v-pill" data-action="step" data-id="{one}" '
        f'aria-pressed="{"true" if one == shown else "false"}">'
        f"{'Before' if one == 0 else f'Step {one:,}'}</button>"
        for one in steps
    )
    body = "".join(
        "<tr>"
        + _cell("Source", row["source"], row.get("from", ""))
        + _cell("Reference", row["reference"], row.get("to", ""))
        + _cell("Translation", row["hypothesis"], row.get("to", ""))
        + "</tr>"
        for row in [row for row in rows if row["step"] == shown][:_MOST_SAMPLES]
    )
    return (
        f'<div class="v-tabs-row" role="group" aria-label="Evaluation">{pills}</div>'
        '<table class="v-samples"><thead><tr><th>Source</th><th>Reference</th>'
        f"<th>Translation</th></tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(name: str, text: str, tag: str) -> str:
    return f'<td data-name="{name}">{views.passage(text, tag)}</td>'


def log(run: Run) -> str:
    """The end of the log, the last line in sight (see the style sheet)."""
    text = run.log_tail()
    if not text:
        return '<p class="v-empty">The log is empty so far.</p>'
    return f'<pre class="v-log" tabindex="0"><div>{views.escape(text)}</div></pre>'


def settings_list(run: Run, settings: RunSettings, *, shared: bool) -> str:
    """The settings of a run, and where its folder is."""
    rows = [("Base", base_name(settings.model.base)), *train_fields.said(settings)]
    if settings.preset:
        rows.insert(1, ("Recipe", settings.preset))
    items = "".join(
        f"<div><dt>{views.escape(name)}</dt><dd>{views.escape(value)}</dd></div>"
        for name, value in rows
    )
    where = "" if shared else f'<p class="v-path">{views.escape(run.folder)}</p>'
    stages = "".join(
        f"<div><dt>{views.escape(stage.name or f'Stage {number}')}</dt><dd>{stage.length:,} tokens"
        f"{f', parts {stage.parts}' if stage.parts else ''}</dd></div>"
        for number, stage in enumerate(settings.stages, 1)
    )
    return f'<dl class="v-values">{items}{stages}</dl>{where}'
