"""The texts of the Train tab: sent files become a corpus, corpora are chosen and looked into."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import APIRouter

from trainer import corpus_look
from trainer.tabs import align, align_panel, corpus_cards, corpus_form, corpus_inside
from trainer.tabs.own_texts import OwnTexts
from translator.errors import VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_POLL = 1.0  # seconds
_HEAD = (
    '<div class="v-section v-first"><h2>Texts</h2><p>Parallel texts become a corpus: '
    "read, cleaned, split. A model learns from one of them.</p></div>"
)


def routes(context: AppContext) -> APIRouter:
    """The addresses behind the panel and behind the proofreading of alignments."""
    router = APIRouter()
    router.include_router(align.routes(context))
    router.include_router(corpus_inside.routes(context))
    return router


def build(context: AppContext, page: gr.Blocks, tab: gr.Tab | None = None) -> gr.State:
    """Put the panel into the Blocks that is open.

    Returns the state that holds the folder of the corpus to train on, empty while none is chosen;
    only this panel sets it, so it is always one that this browser may use.
    """
    chosen = gr.State("")
    gr.HTML(_HEAD)
    with gr.Row(elem_classes="v-books"):
        with gr.Column(elem_classes="v-form", min_width=280):
            form = corpus_form.build(context)
            message = gr.HTML(elem_id="corpus-message")
        with gr.Column(elem_classes="v-shelf", min_width=280):
            listing = gr.HTML(
                elem_id="corpus-list", js_on_load=views.ACTIONS_JS, elem_classes="v-listing"
            )
            inside = gr.HTML(
                elem_id="corpus-inside", js_on_load=views.ACTIONS_JS, elem_classes="v-listing"
            )
    aligned = align_panel.build(context, page, tab)
    timer = gr.Timer(_POLL, active=False)

    def own(request: gr.Request) -> OwnTexts:
        return OwnTexts(context, owner_of(request))

    def shown(folder: str, request: gr.Request) -> dict[Any, Any]:
        """The list as it is now, with the newest corpus chosen where none is."""
        entries = own(request).corpora()
        folders = [str(entry.folder) for entry in entries if entry.corpus]
        # A training that is cloned may learn from a corpus that lies elsewhere.
        elsewhere = bool(folder) and Path(folder).parent != context.settings.home / "corpora"
        kept = folder if folder in folders or elsewhere else next(iter(folders), "")
        return {
            chosen: kept if kept != folder else gr.skip(),
            listing: corpus_cards.listing(entries, kept),
            timer: gr.Timer(active=any(entry.status.running for entry in entries)),
        }

    def opened(folder: str, editions: list[str] | None, request: gr.Request) -> dict[Any, Any]:
        every = own(request).alignments()
        return {**shown(folder, request), form.editions: corpus_form.offered(every, editions)}

    def receive(paths: list[str] | None, staged: str, request: gr.Request) -> dict[Any, Any]:
        texts = own(request)
        if staged:
            texts.unstage(Path(staged))
        if not paths:
            return {form.staged: "", message: ""}
        try:
            folder = texts.stage([Path(path) for path in paths])
        except VersoError as problem:
            return {form.staged: "", message: views.error(problem)}
        return {form.staged: str(folder), **told([folder])}

    def told(inputs: list[Path]) -> dict[Any, Any]:
        """The languages that texts tell, put into the form, and what of them can be read."""
        tags = corpus_look.languages_of(inputs)[:2]
        if len(tags) < 2:
            return {message: ""}
        source, target = tags
        return {form.source: source, form.target: target, message: _found(inputs, source, target)}

    def search(folder: str) -> dict[Any, Any]:
        try:
            path = corpus_form.folder_of(context, folder)
        except VersoError as problem:
            return {message: views.error(problem)}
        return told([path]) if path else {message: ""}

    def look(staged: str, folder: str, source: str, target: str) -> dict[Any, Any]:
        try:
            named = corpus_form.folder_of(context, folder)
        except VersoError as problem:
            return {message: views.error(problem)}
        inputs = [path for path in (Path(staged) if staged else None, named) if path]
        return {message: _found(inputs, source, target) if inputs else ""}

    def edition(chosen: list[str], request: gr.Request) -> dict[Any, Any]:
        """Editions that are chosen tell the languages."""
        every = [one.about for one in own(request).alignments() if one.id in chosen]
        if not every:
            return {message: ""}
        return {form.source: every[0].source, form.target: every[0].target}

    def begin(given: dict[Any, Any], request: gr.Request) -> dict[Any, Any]:
        texts = own(request)
        try:
            name, settings = corpus_form.settings(context, form, given, texts)
            texts.build(name, settings)
        except VersoError as problem:
            return {message: views.error(problem)}
        said = views.notice(f"“{name}” is being built.", "You may close this page meanwhile.")
        return {
            message: said,
            form.files: None,
            form.staged: "",
            form.name: "",
            **shown(given[chosen], request),
        }

    def act(event: gr.EventData, folder: str, request: gr.Request) -> dict[Any, Any]:
        texts, name = own(request), str(event.id)
        changes: dict[Any, Any] = {message: ""}
        try:
            if event.action == "choose":
                folder = str(texts.corpus(name).folder)
                said = views.notice(f"“{name}” is chosen.", "A new training learns from it.")
                changes = {chosen: folder, message: said}
            elif event.action == "look":
                return {inside: corpus_inside.inside(texts.corpus(name)), message: ""}
            elif event.action == "again":
                settings, staged = texts.restage(name)
                said = views.notice(f"The texts of “{name}” are in the form again.")
                return {message: said, **corpus_form.again(context, form, settings, staged)}
            elif event.action == "stop":
                texts.stop_build(name)
            elif event.action == "delete":
                texts.delete_corpus(name)
                changes[inside] = ""
        except VersoError as problem:
            return {message: views.error(problem)}
        return {**shown(folder, request), **changes}

    languages = [form.source, form.target, message]
    gr.on(
        [form.files.upload, form.files.delete, form.files.clear],
        receive,
        [form.files, form.staged],
        [form.staged, *languages],
        **_QUIET,
    )
    form.folder.blur(search, form.folder, languages, **_QUIET)
    form.editions.input(edition, form.editions, languages, **_QUIET)
    gr.on(
        [form.source.input, form.target.input],
        look,
        [form.staged, form.folder, form.source, form.target],
        message,
        **_QUIET,
    )
    form.start.click(
        begin,
        form.inputs | {chosen},
        [message, form.files, form.staged, form.name, chosen, listing, timer],
        **_QUIET,
    )
    listing.click(
        act, chosen, [message, chosen, listing, inside, timer, *form.inputs - {form.name}], **_QUIET
    )
    inside.click(lambda: "", None, inside, **_QUIET)
    timer.tick(shown, chosen, [chosen, listing, timer], **_QUIET)
    loads = [page.load, *([tab.select] if tab else []), aligned.change]
    for event in loads:
        event(opened, [chosen, form.editions], [chosen, listing, timer, form.editions], **_QUIET)
    return chosen


def _found(inputs: Iterable[Path], source: str, target: str) -> str:
    try:
        names = corpus_look.readable(inputs, source, target)
    except VersoError as problem:
        return views.error(problem)
    pair = views.language_pair(source, target)
    if not names:
        return views.notice(
            f"There are no parallel texts {pair} in it.",
            f"Moses files end in a language, as in talks.{source} and talks.{target}; TMX, TSV, "
            "CSV and JSONL are read too.",
            kind="warning",
        )
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return views.notice(f"{pair}: {', '.join(names[:3])}{more}.")
