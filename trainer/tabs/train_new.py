"""A new training: texts, model, recipe, and settings; each step only as much as it needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from trainer import presets
from trainer.config import RunSettings
from trainer.corpus import Corpus
from trainer.tabs import train_needs
from trainer.tabs.own_texts import OwnTexts
from trainer.tabs.requirements_panel import RequirementsPanel
from trainer.tabs.train_fields import FIRST, GROUPS, Fields
from trainer.tabs.train_preview import PreviewPanel
from translator.errors import InputError, VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class NewTraining:
    """The components and what they say. ``outputs`` are those that :meth:`filled` changes."""

    def __init__(self, context: AppContext, page: gr.Blocks, tab: gr.Tab, corpus: gr.State) -> None:
        self._context = context
        self._chosen = corpus  # by the panel of texts; the dropdown here follows, and leads
        self._fields = Fields()
        RequirementsPanel(context, page, tab)
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(
                views.step(1, "Texts", "A corpus to learn from. “Texts” on the left makes one.")
            )
            with gr.Row(elem_classes="v-fields"):
                self.corpus = gr.Dropdown([], label="Corpus", elem_id="train-corpus")
                self._directions = gr.CheckboxGroup(
                    [], label="Directions", visible=False, elem_id="train-directions"
                )
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(views.step(2, "Model", "What is trained, and by which recipe."))
            self._model_step(page)
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(
                views.step(3, "Settings", "The recipe has filled them in. These four matter most.")
            )
            with gr.Row(elem_classes="v-fields"):
                self._fields.show(*FIRST)
            with gr.Accordion("All settings", open=False, elem_id="train-more"):
                for part, title, names in GROUPS:
                    with gr.Column(elem_classes="v-choices"):
                        gr.HTML(f"<h4>{title}</h4>")
                        with gr.Row(elem_classes="v-fields"):
                            self._fields.show(*(f"{part}.{name}" for name in names))
            preview = PreviewPanel(context)
        with gr.Row(elem_classes="v-begin"):
            self.start = gr.Button("Start training", variant="primary", elem_id="train-start")
        self.message = gr.HTML(elem_id="train-start-message")
        self._wire(page, tab)
        preview.wire(self.inputs, self.settings)

    def _model_step(self, page: gr.Blocks) -> None:
        context = self._context
        offered = train_needs.choices(context)
        with gr.Row(elem_classes="v-fields"):
            self._base = gr.Dropdown(
                offered,
                value=offered[0][1] if offered else None,
                label="Base model",
                info=None if context.shared else "Or a folder, a GGUF file, owner/name of a hub",
                allow_custom_value=not context.shared,
                elem_id="train-base",
            )
            self._preset = gr.Dropdown(
                [(preset.name, preset.id) for preset in presets.all()],
                value=presets.all()[0].id,
                label="Recipe",
                elem_id="train-preset",
            )
            self._name = gr.Textbox(
                label="Name", placeholder="of the texts and the model", max_length=80,
                max_lines=1, elem_id="train-name",
            )  # fmt: skip
        self._recipe = gr.HTML(elem_id="train-recipe")
        self._needs = gr.HTML(elem_id="train-needs")
        # What the fields do not show, as the stages of a curriculum: a preset or a cloned run.
        self._origin = gr.State(RunSettings())

    def _wire(self, page: gr.Blocks, tab: gr.Tab) -> None:
        method = self._fields.take("method.kind")
        gr.on(
            [self._base.change, method.change, page.load],
            self._said_needs,
            [self._base, method],
            self._needs,
            **_QUIET,
        )
        self._preset.input(self._follow, self._preset, self.outputs, **_QUIET)
        page.load(self._follow, self._preset, self.outputs, **_QUIET)
        page.load(self._offer, self._base, self._base, **_QUIET)
        for event in (page.load, tab.select, self._chosen.change):
            event(self._offer_texts, self._chosen, [self.corpus, self._directions], **_QUIET)
        self.corpus.input(self._choose, self.corpus, [self._chosen, self._directions], **_QUIET)

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`settings` reads."""
        return {
            self.corpus, self._base, self._preset, self._name, self._directions, self._origin,
            *self._fields.components,
        }  # fmt: skip

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`filled` changes."""
        return [
            self._chosen, self.corpus, self._base, self._preset, self._name, self._directions,
            self._origin, self._recipe, self.message, *self._fields.components,
        ]  # fmt: skip

    def settings(self, given: Mapping[Any, Any], owner: str) -> RunSettings:
        """What the page says. Raises :class:`InputError`, with the step that lacks something."""
        corpus, base = str(given[self.corpus] or ""), str(given[self._base] or "").strip()
        if not corpus:
            raise InputError("No corpus is chosen.", "“Texts” on the left makes one of your texts.")
        if self._context.shared and corpus not in self._texts(owner):
            raise InputError("There is no such corpus.", "Choose one of the list.")
        if not base:
            raise InputError("No model is chosen.", "Choose the base model in step 2.")
        spec = self._context.registry.holder(base)
        if spec is None and self._context.shared:
            raise InputError("There is no such model.", "Choose one of the list.")
        if spec is not None and not self._context.registry.installed(spec):
            raise InputError(
                f"{spec.name} is not on this machine yet.", "Download it in the Models tab first."
            )
        known = [value for _, value in _directions(corpus)]
        directions = [one for one in given[self._directions] or () if one in known]
        if known and not directions:
            raise InputError("No direction is chosen.", "Choose one or both in step 1.")
        name = str(given[self._name] or "").strip() or f"{Path(corpus).name} {_short(base)}"
        preset = str(given[self._preset] or "")
        origin: RunSettings = given[self._origin]
        fields = self._fields.given(given)
        if self._context.shared:
            fields["model.start"] = ""  # it could name a run of somebody else
            for name in ("pairs", "comet"):  # and these a file
                fields[f"preference.{name}"] = getattr(origin.preference, name)
        return origin.with_values(
            {
                **fields,
                "name": name,
                "preset": preset,
                "parent": "",
                "model.base": base,
                "data.corpus": corpus,
                "data.directions": directions,
            }
        )

    def filled(self, settings: RunSettings) -> dict[Any, Any]:
        """Updates that show the settings of a run, to be changed."""
        known = _directions(settings.data.corpus)
        wanted = settings.data.directions or [value for _, value in known]
        return {
            **self._fields.filled(settings),
            self._origin: settings,
            self._chosen: settings.data.corpus,
            self.corpus: gr.update(
                choices=[(Path(settings.data.corpus).name, settings.data.corpus)],
                value=settings.data.corpus,
            ),
            self._base: settings.model.base,
            self._preset: settings.preset or None,
            self._name: f"{settings.name} again",
            self._directions: gr.update(choices=known, value=list(wanted), visible=bool(known)),
            self._recipe: "",
            self.message: "",
        }

    def _follow(self, preset_id: str | None) -> dict[Any, Any]:
        if not preset_id:
            return {self._recipe: ""}
        preset = presets.get(preset_id)
        return {
            **self._fields.filled(preset.settings),
            self._origin: preset.settings,
            self._recipe: _recipe(preset),
        }

    def _said_needs(self, base: str | None, method: str) -> str:
        return train_needs.said(self._context, base or "", method)

    def _offer(self, base: str | None) -> Any:  # an update
        offered = train_needs.choices(self._context)
        there = base or (offered[0][1] if offered else None)
        return gr.update(choices=offered, value=there)

    def _texts(self, owner: str) -> dict[str, str]:
        """Labels of the corpora that this browser may use, by their folders."""
        return {
            str(entry.folder): _label(entry.name, entry.corpus)
            for entry in OwnTexts(self._context, owner).corpora()
            if entry.corpus
        }

    def _offer_texts(self, chosen: str, request: gr.Request) -> dict[Any, Any]:
        texts = self._texts(owner_of(request))
        if chosen and chosen not in texts:
            texts[chosen] = Path(chosen).name  # of a run that began elsewhere
        offered = gr.update(
            choices=[(label, folder) for folder, label in texts.items()],
            value=chosen or None,
            info="" if texts else "There is none yet: make one under “Texts”.",
        )
        return {self.corpus: offered, self._directions: _offered(chosen)}

    def _choose(self, folder: str | None, request: gr.Request) -> dict[Any, Any]:
        if folder not in self._texts(owner_of(request)):
            return {self._directions: _offered(folder or "")}
        return {self._chosen: folder, self._directions: _offered(str(folder))}


def _directions(corpus: str) -> list[tuple[str, str]]:
    """The directions that a corpus can teach, its own first."""
    if not corpus:
        return []
    try:
        found = Corpus.load(Path(corpus)).report["languages"]
    except VersoError:
        return []  # the texts' own step says what is wrong
    there = [(found["from"], to) for to in found["to"]]
    return [
        (views.language_pair(a, b), f"{a}>{b}")
        for a, b in (*there, *((to, source) for source, to in there))
    ]


def _offered(corpus: str) -> Any:  # an update
    known = _directions(corpus)
    return gr.update(choices=known, value=[value for _, value in known[:1]], visible=bool(known))


def _label(name: str, corpus: Corpus) -> str:
    pairs = corpus.report["written"]["train"]
    return f"{name} · {plural(pairs, 'pair')}"


def _short(base: str) -> str:
    return base.rstrip("/").rsplit("/", 1)[-1].removesuffix(".gguf")


def _recipe(preset: presets.Preset) -> str:
    source = f" <cite>{views.escape(preset.source)}</cite>" if preset.source else ""
    stages = ""
    if preset.settings.stages:
        names = ", then ".join(
            f"{stage.name or stage.length} ({stage.length:,} tokens)"
            for stage in preset.settings.stages
        )
        stages = f" In stages: {views.escape(names)}."
    return f'<p class="v-recipe">{views.escape(preset.about)}{stages}{source}</p>'
