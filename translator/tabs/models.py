"""The Models tab: what there is, what it costs, what is in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from translator.engines.hf import missing_packages
from translator.errors import VersoError
from translator.models.spec import ModelKind, ModelSpec
from translator.models.terms import accepted
from translator.tabs import engine_view, views
from translator.tabs.context import AppContext
from translator.tabs.downloads import DownloadState
from translator.tabs.model_choice import describe_download

if TYPE_CHECKING:
    from translator.engines.pool import LoadedModel

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(context: AppContext, page: gr.Blocks, tab: gr.Tab) -> gr.Timer:
    """Put the tab's components and events into the Blocks that is open.

    Returns the timer that keeps the list fresh, for the page to switch on and off.
    """
    if not context.shared:
        # A path names a file of this machine, so only its own user may give one.
        with gr.Accordion("Add a model of yours", open=False, elem_id="models-add-fold"):
            gr.HTML(
                '<p class="v-empty">A GGUF file, or a folder with config.json and safetensors. It '
                "stays where it is; its chat template and licence are read from it.</p>"
            )
            with gr.Row(elem_classes="v-settings"):
                path = gr.Textbox(
                    label="Path of the file or folder",
                    placeholder="/home/me/models/model.gguf",
                    scale=3,
                )
                name = gr.Textbox(label="Name", placeholder="as the file says", scale=1)
                add = gr.Button("Add", variant="primary", scale=0, min_width=90)
    message = gr.HTML(elem_id="models-message")
    listing = gr.HTML(elem_id="models-list", js_on_load=views.ACTIONS_JS, elem_classes="v-listing")
    timer = gr.Timer(1.0, active=False)

    def show() -> str:
        return _listing(context)

    def act(event: gr.EventData) -> tuple[str, str]:
        action, model_id = str(event.action), str(event.id)
        try:
            said = _act(context, action, model_id)
        except VersoError as problem:
            said = views.error(problem)
        return said, show()

    def add_file(where: str, called: str) -> tuple[str, str, Any]:
        if not where.strip():
            return views.notice("Give the path of a file or a folder first."), show(), gr.skip()
        try:
            spec = context.registry.add(Path(where.strip()), name=called.strip() or None)
        except VersoError as problem:
            return views.error(problem), show(), gr.skip()
        return views.notice(f"{spec.name} was added as {spec.id}."), show(), ""

    listing.click(act, None, [message, listing], **_QUIET)
    timer.tick(show, None, listing, **_QUIET)
    tab.select(show, None, listing, **_QUIET)
    page.load(show, None, listing, **_QUIET)
    if not context.shared:
        add.click(add_file, [path, name], [message, listing, path], **_QUIET)
    return timer


def _act(context: AppContext, action: str, model_id: str) -> str:
    spec = context.registry.get(model_id)
    if action in ("download", "accept"):
        context.downloads.start(spec, accept_terms=action == "accept")
        return ""
    if action == "stop":
        context.downloads.stop(spec.id)
        return ""
    if action == "load":
        context.pool.preload(spec.id)
        return ""
    if action == "unload":
        context.pool.unload(spec.id)
        return views.notice(f"{spec.name} left the memory.")
    if action == "remove":
        context.pool.unload(spec.id)
        removal = context.registry.remove(spec.id)
        kept = f"{removal.kept[0]} is yours and stays." if removal.kept else ""
        return views.notice(f"{spec.name} was removed.", kept)
    raise VersoError(f"Unknown action {action!r}.")


def _listing(context: AppContext) -> str:
    problems = "".join(views.error(problem) for problem in context.registry.problems())
    specs = sorted(
        context.registry.list(),
        key=lambda spec: (not context.registry.installed(spec), spec.kind is ModelKind.HF),
    )
    return problems + "".join(_card(context, spec) for spec in specs)


def _card(context: AppContext, spec: ModelSpec) -> str:
    installed = context.registry.installed(spec)
    seen = context.downloads.get(spec.id)
    running = seen is not None and seen.state is DownloadState.RUNNING
    held = engine_view.in_memory(context, spec.id)
    badge, engine = _state(spec, installed and not running, held)
    agreed = accepted(spec.licence, context.settings.models)
    terms = ""
    if spec.licence.must_accept and not agreed and not installed:
        terms = f'<p class="v-terms">{views.escape(spec.licence.notice)}</p>'
    home = (
        f'<a href="{views.escape(spec.homepage)}" target="_blank" rel="noreferrer">Model card</a>'
        if spec.homepage
        else ""
    )
    download = "" if installed and not running else describe_download(seen)
    return (
        f'<article class="v-card v-model" data-model="{views.escape(spec.id)}">'
        f"<header><h3>{views.escape(spec.name)}</h3>{badge}</header>"
        f"<p>{views.escape(spec.description)} {home}</p>"
        f"{views.figures(_facts(spec))}{_origin(context, spec)}{engine}{terms}{download}"
        f'<div class="v-buttons">{_buttons(context, spec, installed, running, agreed, held)}</div>'
        "</article>"
    )


def _facts(spec: ModelSpec) -> list[str]:
    count = len(spec.languages)
    return [
        views.size(spec.bytes) if spec.bytes else "",
        spec.parameters,
        spec.quantization,
        spec.licence.name,
        f"{count} languages" if count > 3 else ", ".join(map(views.language_name, spec.languages)),
        "adapter" if spec.base else "",
    ]


def _origin(context: AppContext, spec: ModelSpec) -> str:
    """Which model this one was made from, and how."""
    if not spec.made_from:
        return ""
    known = context.registry.holder(spec.made_from)
    name = known.name if known is not None else spec.made_from
    how = f": {spec.made_how}" if spec.made_how else ""
    return f'<p class="v-made">Made from {views.escape(name)}{views.escape(how)}.</p>'


def _state(spec: ModelSpec, installed: bool, held: LoadedModel | None) -> tuple[str, str]:
    """The badge, and what the engine says of itself while the model is in memory."""
    if spec.kind is ModelKind.PSEUDO:
        return '<span class="v-badge v-kept">always there</span>', ""
    if spec.kind is ModelKind.HF and missing_packages():
        return '<span class="v-badge">needs the packages of the Train tab</span>', ""
    if held is not None:
        word = {"ready": "in memory", "loading": "loading", "failed": "failed"}[held.state]
        kind = "v-failed" if held.state == "failed" else "v-kept"
        return f'<span class="v-badge {kind}">{word}</span>', engine_view.describe(held)
    if not installed:
        return '<span class="v-badge">not downloaded</span>', ""
    return '<span class="v-badge v-kept">on this machine</span>', ""


def _buttons(
    context: AppContext,
    spec: ModelSpec,
    installed: bool,
    running: bool,
    agreed: bool,
    held: LoadedModel | None,
) -> str:
    if spec.kind is ModelKind.PSEUDO or (spec.kind is ModelKind.HF and missing_packages()):
        return ""
    if running:
        return views.button("Stop", "stop", spec.id)
    if not installed:
        seen = context.downloads.get(spec.id)
        verb = "Resume" if seen and seen.state is not DownloadState.FINISHED else "Download"
        if agreed:
            return views.button(verb, "download", spec.id, kind="v-primary")
        return views.button(f"Accept the terms and {verb.lower()}", "accept", spec.id)
    buttons = ""
    if held is not None and held.state == "ready":
        busy = "It is translating: that ends with an error. Unload it?" if held.users else ""
        buttons += views.button("Unload", "unload", spec.id, confirm=busy)
    elif held is None:
        buttons += views.button("Load", "load", spec.id)
    ask = f"Remove {spec.name}? Its files in Verso's folder are deleted."
    return buttons + views.button("Remove", "remove", spec.id, kind="v-danger", confirm=ask)
