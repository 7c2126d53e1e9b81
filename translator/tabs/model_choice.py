"""The model dropdown and its download panel, as the Translate and Books tabs share them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from translator.engines.hf import missing_packages
from translator.models.spec import ModelKind, ModelSpec
from translator.models.terms import accepted
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.downloads import Download, DownloadState


def usable(context: AppContext) -> list[ModelSpec]:
    """The models that can run here: those of transformers need its packages."""
    no_hf = bool(missing_packages())
    return [spec for spec in context.registry.list() if not (no_hf and spec.kind is ModelKind.HF)]


def choices(context: AppContext) -> list[tuple[str, str]]:
    """All of them for a dropdown, installed ones first."""
    known = [(spec, context.registry.installed(spec)) for spec in usable(context)]
    known.sort(key=lambda pair: not pair[1])
    return [(views.model_label(spec, there), spec.id) for spec, there in known]


def preferred(context: AppContext, wanted: str | None = None) -> str:
    """The model to begin with: the one used last, the default, any that is there."""
    specs = usable(context)
    default = context.registry.default()
    if wanted in {spec.id for spec in specs}:
        return str(wanted)
    for spec in (default, *specs):
        if spec.kind is not ModelKind.PSEUDO and context.registry.installed(spec):
            return spec.id
    return default.id


def describe_download(seen: Download | None) -> str:
    """Progress or end of a download, in HTML."""
    if seen is None:
        return ""
    if seen.state is DownloadState.RUNNING:
        fraction = seen.done / seen.total if seen.total else None
        left = (seen.total - seen.done) / seen.speed if seen.speed and seen.total else 0.0
        return views.progress(fraction, "Download") + views.figures(
            (
                f"{views.size(seen.done)} of {views.size(seen.total)}" if seen.total else "",
                f"{views.size(int(seen.speed))} a second" if seen.speed else "",
                f"about {views.duration(left)} left" if left else "",
                seen.label,
            )
        )
    if seen.state is DownloadState.FAILED and seen.error:
        return views.error(seen.error)
    if seen.state is DownloadState.STOPPED:
        return views.notice("Stopped.", "What has arrived is kept; the download can go on later.")
    return ""


def describe_offer(spec: ModelSpec) -> str:
    """What a person should know before downloading a model."""
    licence = views.escape(spec.licence.name or "licence not stated")
    if spec.licence.url:
        licence = (
            f'<a href="{views.escape(spec.licence.url)}" target="_blank" rel="noreferrer">'
            f"{licence}</a>"
        )
    text = (
        f"<p><strong>{views.escape(spec.name)} is not on this machine yet.</strong> "
        f"{views.size(spec.bytes)}, {licence}. {views.escape(spec.description)}</p>"
    )
    if spec.licence.must_accept:
        text += f'<p class="v-terms">{views.escape(spec.licence.notice)}</p>'
    return text


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The components, for the tab to wire up."""

    model: gr.Dropdown
    refresh: Callable[[str], dict[Any, Any]]  # updates of ``outputs`` for a model id
    outputs: list[Any]


def dropdown(context: AppContext, tab: str) -> gr.Dropdown:
    """The dropdown alone, to be placed anywhere before :func:`panel`."""
    return gr.Dropdown(
        choices(context), value=preferred(context), label="Model", elem_id=f"{tab}-model"
    )


def panel(context: AppContext, model: gr.Dropdown, tab: str) -> ModelChoice:
    """What appears while the chosen model is not there: terms, download, progress, stop."""
    with gr.Column(visible=False, elem_classes="v-download", elem_id=f"{tab}-download") as box:
        offer = gr.HTML(elem_id=f"{tab}-offer")
        consent = gr.Checkbox(label="I have read and accept these terms", visible=False)
        state = gr.HTML()
        with gr.Row():
            start = gr.Button("Download", variant="primary", elem_id=f"{tab}-download-start")
            stop = gr.Button("Stop the download", visible=False)
    timer = gr.Timer(0.5, active=False)
    outputs = [model, box, offer, consent, state, start, stop, timer]

    def refresh(model_id: str) -> dict[Any, Any]:
        spec = context.registry.get(model_id)
        seen = context.downloads.get(spec.id)
        running = seen is not None and seen.state is DownloadState.RUNNING
        there = context.registry.installed(spec) and not running
        agreed = accepted(spec.licence, context.settings.models)
        resumed = seen is not None and not running
        return {
            model: gr.update(choices=choices(context)),
            box: gr.update(visible=not there),
            offer: "" if there else describe_offer(spec),
            consent: gr.update(visible=not there and not running and not agreed),
            state: describe_download(seen),
            start: gr.update(visible=not running, value="Resume" if resumed else "Download"),
            stop: gr.update(visible=running),
            timer: gr.update(active=running),
        }

    def begin(model_id: str, agreed: bool) -> dict[Any, Any]:
        spec = context.registry.get(model_id)
        if not agreed and not accepted(spec.licence, context.settings.models):
            return {state: views.notice("Please read and accept the terms first.", kind="warning")}
        context.downloads.start(spec, accept_terms=agreed)
        return refresh(model_id)

    def end(model_id: str) -> dict[Any, Any]:
        context.downloads.stop(model_id)
        return refresh(model_id)

    def tick(model_id: str) -> dict[Any, Any]:
        seen = context.downloads.get(context.registry.get(model_id).id)
        if seen is not None and seen.state is DownloadState.RUNNING:
            return {state: describe_download(seen)}
        return refresh(model_id)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    start.click(begin, [model, consent], outputs, **quiet)
    stop.click(end, model, outputs, **quiet)
    timer.tick(tick, model, outputs, **quiet)
    return ModelChoice(model, refresh, outputs)
