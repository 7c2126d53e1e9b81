"""Two editions of a book, aligned: the form and the list of alignments, in the Train tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from trainer.alignments import Alignment
from trainer.tabs import align_view, corpus_cards
from trainer.tabs.own_texts import OwnTexts
from translator.books.base import SUFFIXES
from translator.errors import VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_POLL = 1.0  # seconds
_HEAD = (
    '<div class="v-section"><h2>Two editions of a book</h2><p>Their sentences are put side by '
    "side. Proofread what is unsure, then export the pairs or build a corpus from them.</p></div>"
)
_EMPTY = (
    '<p class="v-empty">Choose the same book in two languages: EPUB, PDF, Word, HTML, Markdown, '
    "FB2 or text.</p>"
)


def build(context: AppContext, page: gr.Blocks, tab: gr.Tab | None) -> gr.State:
    """Put the panel into the Blocks that is open.

    Returns a state that changes whenever another alignment can be used.
    """
    gr.HTML(_HEAD)
    with gr.Row(elem_classes="v-books"):
        with gr.Column(elem_classes="v-form", min_width=280):
            a = _book("One edition", "align-a")
            b = _book("The other edition", "align-b")
            with gr.Row(elem_classes="v-twos"):
                source = _language("Language of the first", "align-from")
                target = _language("Language of the second", "align-to")
            start = gr.Button("Align", variant="primary", elem_id="align-start")
            message = gr.HTML(elem_id="align-message")
        with gr.Column(elem_classes="v-shelf", min_width=280):
            listing = gr.HTML(
                elem_id="align-list", js_on_load=views.ACTIONS_JS, elem_classes="v-listing"
            )
    gr.HTML(align_view.SHELL, elem_id="align")
    ready = gr.State("")
    timer = gr.Timer(_POLL, active=False)

    def own(request: gr.Request) -> OwnTexts:
        return OwnTexts(context, owner_of(request))

    def shown(known: str, request: gr.Request) -> dict[Any, Any]:
        every = own(request).alignments()
        usable = " ".join(one.id for one in every if one.ready)
        return {
            listing: "".join(map(_card, every)) or _EMPTY,
            timer: gr.Timer(active=any(one.status.running for one in every)),
            ready: usable if usable != known else gr.skip(),
        }

    def begin(
        one: str | None, other: str | None, of: str, to: str, known: str, request: gr.Request
    ) -> dict[Any, Any]:
        if not one or not other:
            return {message: views.notice("Choose both editions first.")}
        try:
            own(request).align(Path(one), Path(other), of, to)
        except VersoError as problem:
            return {message: views.error(problem)}
        return {message: "", a: None, b: None, **shown(known, request)}

    def act(
        event: gr.EventData, of: str, to: str, known: str, request: gr.Request
    ) -> dict[Any, Any]:
        texts, alignment_id = own(request), str(event.id)
        try:
            if event.action == "again":
                texts.align_again(alignment_id, of, to)
            elif event.action == "stop":
                texts.stop_aligning(alignment_id)
            elif event.action == "delete":
                texts.delete_alignment(alignment_id)
        except VersoError as problem:
            return {message: views.error(problem), **shown(known, request)}
        return {message: "", **shown(known, request)}

    seen = [listing, timer, ready]
    start.click(begin, [a, b, source, target, ready], [message, a, b, *seen], **_QUIET)
    listing.click(act, [source, target, ready], [message, *seen], **_QUIET)
    timer.tick(shown, ready, seen, **_QUIET)
    for event in (page.load, *([tab.select] if tab else [])):
        event(shown, ready, seen, **_QUIET)
    return ready


def _book(label: str, elem_id: str) -> gr.File:
    return gr.File(
        label=label,
        file_types=list(SUFFIXES),
        elem_id=elem_id,
        elem_classes="v-upload",
        height=140,
    )


def _language(label: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        views.language_choices(("Detect language", "")), value="", label=label, elem_id=elem_id,
        min_width=120,
    )  # fmt: skip


def _card(one: Alignment) -> str:
    buttons = body = ""
    if one.ready:
        address = f"alignments/{one.id}"
        buttons = (
            f'<a class="v-button v-primary" href="#align/{one.id}">Proofread</a>'
            f'<a class="v-button" href="{address}/pairs.tmx" download>TMX</a>'
            f'<a class="v-button" href="{address}/pairs.jsonl" download>JSONL</a>'
        )
    if one.status.state != "done":
        body = corpus_cards.running(one.status)
    if one.status.running:
        buttons += views.button("Stop", "stop", one.id)
    else:
        if not one.ready:
            buttons += views.button("Align again", "again", one.id, kind="v-primary")
        buttons += views.button(
            "Delete", "delete", one.id, kind="v-danger",
            confirm=f"Delete “{one.about.title}” with all that was proofread?",
        )  # fmt: skip
    known = one.about.source and one.about.target
    facts = views.figures(
        (views.language_pair(one.about.source, one.about.target) if known else "",)
    )
    return (
        f'<article class="v-card v-alignment" data-id="{one.id}"><header>'
        f"<h3>{views.escape(one.about.title)}</h3></header>{facts}{body}"
        f'<div class="v-buttons">{buttons}</div></article>'
    )
