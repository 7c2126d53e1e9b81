"""The translation memory on the page: its size, TMX in and out, a search."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import gradio as gr

from translator import markup, tmx
from translator.errors import VersoError
from translator.memory import Origin
from translator.memory_search import Hit, search
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_WORDS = {Origin.PERSON: "by people", Origin.IMPORTED: "imported", Origin.MODEL: "by models"}
_WHO = {Origin.PERSON: "a person", Origin.IMPORTED: "imported", Origin.MODEL: "a model"}


def build(context: AppContext, page: gr.Blocks, tab: gr.Tab) -> None:
    """Put the panel into the Blocks that is open. It shows everything that was ever translated
    here, so only on one's own machine."""
    gr.HTML(
        '<div class="v-section"><h2>Translation memory</h2><p>What was translated here, corrected '
        "by a person or imported. It is used again wherever the same text comes.</p></div>"
    )
    with gr.Row(elem_classes="v-books"):
        with gr.Column(elem_classes="v-form", min_width=280):
            counts = gr.HTML(elem_id="memory-counts")
            with gr.Row(elem_classes="v-pair"):
                upload = gr.UploadButton(
                    "Import TMX",
                    file_types=[".tmx"],
                    size="sm",
                    elem_id="memory-import",
                    elem_classes="v-quiet",
                )
                gr.HTML('<a class="v-button" href="memory.tmx" download>Export TMX</a>')
            message = gr.HTML(elem_id="memory-message")
        with gr.Column(elem_classes="v-shelf", min_width=280):
            with gr.Row(elem_classes="v-pair"):
                query = gr.Textbox(
                    label="Search",
                    placeholder="A word or a sentence",
                    elem_id="memory-query",
                    scale=2,
                )
                pair = gr.Dropdown([], label="Languages", elem_id="memory-pair", scale=1)
            found = gr.HTML(elem_id="memory-found")

    def show(chosen: str | None) -> dict[Any, Any]:
        known = context.jobs.memory.counts()
        choices = [(views.language_pair(*tags), " ".join(tags)) for tags in known]
        values = [value for _, value in choices]
        kept = chosen if chosen in values else next(iter(values), None)
        return {counts: _counts(known), pair: gr.update(choices=choices, value=kept)}

    def look(text: str, chosen: str | None) -> str:
        if not text.strip() or not chosen:
            return ""
        source, target = chosen.split()
        hits = search(context.jobs.memory, text, source, target)
        return _hits(hits, source, target)

    def take(path: str | None, chosen: str | None) -> dict[Any, Any]:
        if path is None:
            return {message: gr.skip()}
        skipped: Counter[str] = Counter()
        try:
            count = context.jobs.memory.add(tmx.read(Path(path), skipped))
        except VersoError as problem:
            return {message: views.error(problem)}
        left = "; ".join(f"{number:,} left out ({why})" for why, number in skipped.items())
        said = views.notice(f"{plural(count, 'translation')} imported.", left)
        return {message: said, **show(chosen)}

    upload.upload(take, [upload, pair], [message, counts, pair], **_QUIET)
    gr.on(
        [query.submit, query.change, pair.input],
        look,
        [query, pair],
        found,
        trigger_mode="always_last",
        **_QUIET,
    )
    for event in (tab.select, page.load):
        event(show, pair, [counts, pair], **_QUIET)


def _counts(known: dict[tuple[str, str], dict[Origin, int]]) -> str:
    if not known:
        return (
            '<p class="v-empty">Empty so far. It fills as books are translated, or from a TMX '
            "file of another program.</p>"
        )
    lines = "".join(
        f"<li><strong>{views.escape(views.language_pair(*tags))}</strong>"
        + views.figures(f"{number:,} {_WORDS[origin]}" for origin, number in numbers.items())
        + "</li>"
        for tags, numbers in known.items()
    )
    return f'<ul class="v-list">{lines}</ul>'


def _hits(hits: list[Hit], source: str, target: str) -> str:
    if not hits:
        return '<p class="v-empty">Nothing like it in the memory.</p>'
    rows = []
    for hit in hits:
        unit = hit.unit
        score = "contains it" if hit.score is None else f"{hit.score:.0f} %"
        who = unit.model or _WHO[unit.origin]
        rows.append(
            f'<article class="v-hit"><header><span class="v-badge v-kept">{score}</span>'
            f'<span class="v-facts">{views.escape(who)}</span></header>'
            f'<div class="v-preview">{views.passage(markup.plain(unit.source), source)}'
            f"{views.passage(markup.plain(unit.target), target)}</div></article>"
        )
    return "".join(rows)
