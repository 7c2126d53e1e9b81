"""The Train tab: texts, a new training, and all trainings with their curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from trainer import launcher, runs
from trainer.config import RunSettings
from trainer.runs import Run, Status
from trainer.tabs import corpus_panel, train_curves, train_view
from trainer.tabs.export_panel import ExportPanel
from trainer.tabs.train_new import NewTraining
from translator.errors import InputError, VersoError
from translator.tabs import model_choice, views
from translator.tabs.context import AppContext
from translator.tabs.owner import allowed, note_owner, owner_of

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_MOST = 60  # runs in the list
_OWNER = "owner"  # in the run's folder
_UP = "() => document.querySelector('#train-work')?.scrollIntoView({block: 'nearest'})"


@dataclass(frozen=True, slots=True)
class Shown:
    """What an open page shows of the chosen run: stamps of what stands there, so that nothing is
    drawn again unless it changed."""

    run: str = ""
    stamps: Mapping[str, object] = field(default_factory=dict)


class Trainings:
    """The runs that a browser may see, and what it may do with them."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._home = context.settings.home

    def all(self, owner: str) -> list[Run]:
        """The latest first."""
        found = [run for run in runs.all(self._home) if self._owns(run, owner)]
        return found[:_MOST]

    def get(self, run_id: str, owner: str) -> Run | None:
        """One by its id, if it is there."""
        run = Run(self._home / runs.RUNS / run_id)
        there = (
            bool(run_id) and Path(run_id).name == run_id and (run.folder / runs.SETTINGS).is_file()
        )
        return run if there and self._owns(run, owner) else None

    def create(self, settings: RunSettings, owner: str) -> Run:
        """Make a run and start it. Raises :class:`VersoError`."""
        run = runs.create(settings, self._home)
        note_owner(run.folder / _OWNER, owner)
        launcher.start(run)
        return run

    def act(self, action: str, run: Run) -> None:
        """Do what a button says. Raises :class:`VersoError`."""
        if action == "start":
            launcher.start(run)
        elif action == "resume":
            launcher.resume(run)
        elif action == "stop":
            launcher.stop(run)
        elif action == "delete":
            runs.delete(run)
        else:
            raise VersoError(f"Unknown action {action!r}.")

    def _owns(self, run: Run, owner: str) -> bool:
        return allowed(self._context, run.folder / _OWNER, owner)


@dataclass(frozen=True, slots=True)
class TrainTab:
    """What other parts of the page need: the timer that keeps the runs fresh, to switch on and off;
    ``head``, whose clicks with the action "compare" are for the Compare tab; the form, and the
    state that brings it in sight when it is set to ``train_view.NEW``."""

    timer: gr.Timer
    head: gr.HTML
    message: gr.HTML
    new: NewTraining
    chosen: gr.BrowserState


def build(
    context: AppContext, page: gr.Blocks, tab: gr.Tab, tabs: gr.Tabs, model: gr.Dropdown
) -> TrainTab:
    """Put the tab's components and events into the Blocks that is open.

    ``tabs`` and ``model`` are those of the page and of its Translate tab, where a finished model
    is tried.
    """
    trainings = Trainings(context)
    chosen = gr.BrowserState(train_view.NEW, storage_key="verso-training", secret="verso")
    shown = gr.State(Shown())
    asked = gr.State(None)  # the evaluation whose samples are looked at; None: the last
    with gr.Row(elem_classes="v-books v-training"):
        with gr.Column(min_width=240):
            listing = gr.HTML(
                elem_id="train-list", js_on_load=views.ACTIONS_JS, elem_classes="v-run-list"
            )
        with gr.Column(elem_classes="v-work", min_width=280, elem_id="train-work"):
            message = gr.HTML(elem_id="train-message")
            mark = gr.HTML(elem_id="train-place")
            with gr.Column(elem_id="train-texts"):
                corpus = corpus_panel.build(context, page, tab)
            with gr.Column(elem_id="train-new", elem_classes="v-work"):
                new = NewTraining(context, page, tab, corpus)
            with gr.Column(elem_id="train-run", elem_classes="v-work"):
                head = gr.HTML(elem_id="train-head", js_on_load=views.ACTIONS_JS)
                facts = gr.HTML(elem_id="train-facts")
                curves = gr.HTML(elem_id="train-curves")
                export = ExportPanel(context)
                with gr.Accordion("Sample translations", open=True, elem_id="train-samples-fold"):
                    samples = gr.HTML(elem_id="train-samples", js_on_load=views.ACTIONS_JS)
                with gr.Accordion("Log", open=False, elem_id="train-log-fold"):
                    log = gr.HTML(elem_id="train-log")
                with gr.Accordion("Settings", open=False, elem_id="train-settings-fold"):
                    values = gr.HTML(elem_id="train-values")
    timer = gr.Timer(1.0, active=False)
    places = {
        "list": listing, "place": mark, "head": head, "facts": facts, "curves": curves,
        "samples": samples, "log": log, "values": values, "export": export.state,
    }  # fmt: skip
    outputs = [*places.values(), shown, chosen, asked, message, *export.outputs]

    def called(base: str) -> str:
        spec = context.registry.holder(base)
        return spec.name if spec else train_view.base_name(base)

    def drawn(was: Shown, run_id: str, step: int | None, owner: str) -> dict[Any, Any]:
        """Updates of what has changed since ``was``; ``step`` is that of the samples."""
        mine = [(run, train_view.read_settings(run), run.status()) for run in trainings.all(owner)]
        changes: dict[Any, Any] = {}
        run = trainings.get(run_id, owner)
        if was.run != run_id:
            was = Shown(run_id)
            changes |= export.opened(run) if run else {}
        parts = {
            "list": _now(train_view.listing(mine, run_id, called)),
            # Its own part: a late answer, whose list has moved on, must not turn the page back.
            "place": (run_id, lambda: train_view.place(run_id)),
        }
        if run:
            found = next((one for one in mine if one[0].id == run_id), None)
            _, settings, status = found or (run, train_view.read_settings(run), run.status())
            parts |= _parts(context, run, settings, status, step)
            parts["head"] = _now(train_view.head(run, settings, status, called))
            parts["export"] = _now(export.html(run))
        stamps = dict(was.stamps)
        for name, (stamp, make) in parts.items():
            if name not in stamps or stamps[name] != stamp:
                changes[places[name]] = make()
                stamps[name] = stamp
        changes[shown] = Shown(run_id, stamps)
        return changes

    def opened(was: Shown, place: str, owner: str, said: str = "") -> dict[Any, Any]:
        """A run, the texts or (as for a run that is gone) the new training comes in sight."""
        if trainings.get(place, owner) is None and place != train_view.TEXTS:
            place = train_view.NEW
        return {chosen: place, asked: None, message: said, **drawn(was, place, None, owner)}

    def refresh(was: Shown, place: str, step: int | None, request: gr.Request) -> dict[Any, Any]:
        # Never says what is chosen, unless it must: a click may be on its way meanwhile.
        owner = owner_of(request)
        if place not in train_view.PLACES and trainings.get(place, owner) is None:
            return opened(was, train_view.NEW, owner)  # deleted elsewhere
        return drawn(was, place, step, owner)

    def choose(event: gr.EventData, was: Shown, request: gr.Request) -> dict[Any, Any]:
        return opened(was, str(event.id), owner_of(request))

    def act(
        event: gr.EventData, was: Shown, run_id: str, step: int | None, request: gr.Request
    ) -> dict[Any, Any]:
        owner = owner_of(request)
        try:
            run = trainings.get(str(event.id), owner)
            if run is None:
                raise InputError("This training is not there any more.")
            if event.action == "compare":
                return {message: ""}  # the Compare tab listens too
            if event.action == "clone":
                said = views.notice(f"The settings of “{run.settings.name}”, to be changed.")
                return {**new.filled(run.settings), **opened(was, train_view.NEW, owner, said)}
            trainings.act(str(event.action), run)
        except VersoError as problem:
            return {**drawn(was, run_id, step, owner), message: views.error(problem)}
        if trainings.get(run_id, owner) is None:
            return opened(was, train_view.NEW, owner)
        return {message: "", **drawn(was, run_id, step, owner)}

    def pick(event: gr.EventData, was: Shown, run_id: str, request: gr.Request) -> dict[Any, Any]:
        step = int(event.id)
        return {asked: step, **drawn(was, run_id, step, owner_of(request))}

    def begin(given: dict[Any, Any], request: gr.Request) -> Iterator[dict[Any, Any]]:
        owner = owner_of(request)
        yield {new.message: views.notice("Starting …")}
        try:
            run = trainings.create(new.settings(given, owner), owner)
        except VersoError as problem:
            yield {new.message: views.error(problem)}
            return
        said = views.notice("Started.", "You may close this page: the training goes on.")
        yield {new.message: "", **opened(given[shown], run.id, owner, said)}

    def make(given: dict[Any, Any], request: gr.Request) -> dict[Any, Any]:
        owner, run_id = owner_of(request), given[chosen]
        run = trainings.get(run_id, owner)
        try:
            if run is None:
                raise InputError("This training is not there any more.")
            export.start(run, given)
        except VersoError as problem:
            return {message: views.error(problem)}
        return {message: "", **drawn(given[shown], run_id, given[asked], owner)}

    def use(
        event: gr.EventData, was: Shown, run_id: str, step: int | None, request: gr.Request
    ) -> dict[Any, Any]:
        owner = owner_of(request)
        run = trainings.get(run_id, owner)
        if event.action == "use" and context.registry.holder(str(event.id)):
            chosen_model = gr.update(choices=model_choice.choices(context), value=str(event.id))
            return {tabs: gr.Tabs(selected="translate"), model: chosen_model}
        if event.action == "stop" and run:
            export.stop(run)
        return drawn(was, run_id, step, owner)

    there = [shown, chosen, asked]
    for event in (timer.tick, page.load, tab.select):
        event(refresh, there, outputs, **_QUIET)
    listing.click(choose, shown, outputs, **_QUIET).then(None, None, None, js=_UP)
    head.click(act, there, [*outputs, *new.outputs], **_QUIET)
    samples.click(pick, [shown, chosen], outputs, **_QUIET)
    new.start.click(begin, {*new.inputs, shown}, [*outputs, *new.outputs], **_QUIET).then(
        None, None, None, js=_UP
    )
    export.start_button.click(make, {*export.inputs, *there}, outputs, **_QUIET)
    export.state.click(use, there, [*outputs, tabs, model], **_QUIET)
    return TrainTab(timer, head, message, new, chosen)


_Part = tuple[object, Callable[[], str]]  # a stamp that changes when the part does, and its HTML


def _now(html: str) -> _Part:
    return html, lambda: html


def _parts(
    context: AppContext, run: Run, settings: RunSettings | None, status: Status, step: int | None
) -> dict[str, _Part]:
    """What is shown of a run; what costs something to draw is only drawn when its file changed."""
    of_curves = (_stamp(run, runs.METRICS), status.state, status.best_step, status.steps)
    parts = {
        "facts": _now(train_view.facts(settings, status)),
        "curves": (of_curves, lambda: train_curves.curves(run.metrics(since=-1), status)),
        "samples": (
            (_stamp(run, runs.SAMPLES), step),
            lambda: train_curves.samples(run.samples(), step),
        ),
        "log": (_stamp(run, runs.LOG), lambda: train_curves.log(run)),
    }
    if settings is not None:
        parts["values"] = _now(train_curves.settings_list(run, settings, shared=context.shared))
    return parts


def _stamp(run: Run, name: str) -> tuple[int, int]:
    try:
        found = (run.folder / name).stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
