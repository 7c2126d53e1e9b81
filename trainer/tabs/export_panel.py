"""Out of training: the form of an export, how it goes, and the models that were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from trainer import background, export_job, requirements
from trainer.runs import Run
from trainer.tabs.train_view import pair, read_settings
from translator.engines.gguf_quantize import TYPES
from translator.errors import InputError
from translator.tabs import model_choice, views
from translator.tabs.context import AppContext

_KINDS = [
    ("A model of its own (GGUF)", "merged"),
    ("An adapter on its base (GGUF)", "adapter"),
    ("Safetensors, for other programs", "safetensors"),
]
_BEST = ("The best one", 0)
_HEAD = (
    "<h3>Make it a model of the app</h3><p>The best checkpoint is written as a model and proved: "
    "same tokens, same answers as in training, chrF++ on the dev set. Only then it is listed.</p>"
)


class ExportPanel:
    """The components; ``state`` shows progress and results, and its buttons are clicked."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        with gr.Column(elem_classes="v-card v-editor", elem_id="export"):
            gr.HTML(_HEAD)
            with gr.Row(elem_classes="v-fields"):
                self._kind = gr.Dropdown(_KINDS, value="merged", label="As", elem_id="export-kind")
                self._type = gr.Dropdown(
                    list(TYPES), value="Q4_K_M", label="Quantization",
                    info="Fewer bits: smaller and faster, a little less exact",
                    elem_id="export-type",
                )  # fmt: skip
                self._checkpoint = gr.Dropdown(
                    [_BEST], value=0, label="Checkpoint", elem_id="export-checkpoint"
                )
                self._name = gr.Textbox(
                    label="Name", max_length=80, max_lines=1, elem_id="export-name"
                )
            with gr.Row(elem_classes="v-begin"):
                self.start_button = gr.Button("Export", variant="primary", elem_id="export-start")
            self.state = gr.HTML(elem_id="export-state", js_on_load=views.ACTIONS_JS)
        self._kind.change(
            lambda kind: gr.update(visible=kind == "merged"), self._kind, self._type,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`start` reads."""
        return {self._kind, self._type, self._checkpoint, self._name}

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`opened` changes."""
        return [self._name, self._checkpoint]

    def opened(self, run: Run) -> dict[Any, Any]:
        """Updates for a run that comes in sight."""
        settings = read_settings(run)
        steps = [int(path.name.rpartition("-")[2]) for path in run.checkpoints()]
        choices = [_BEST, *((f"Step {step:,}", step) for step in steps)]
        return {
            self._name: settings.name if settings else run.id,
            self._checkpoint: gr.update(choices=choices, value=0),
        }

    def start(self, run: Run, given: Mapping[Any, Any]) -> None:
        """Begin an export. Raises :class:`InputError`."""
        name = str(given[self._name] or "").strip()
        if not name:
            raise InputError("The model has no name yet.", "Write one.")
        requirements.require()
        wish = export_job.Wish(
            str(given[self._kind]),
            str(given[self._type]),
            name,
            int(given[self._checkpoint] or 0),
        )
        export_job.start(run, wish, self._context.settings.home)

    def stop(self, run: Run) -> None:
        """Stop the export of a run."""
        background.stop(export_job.folder(run))

    def html(self, run: Run) -> str:
        """Progress of the export that runs, or how the last one ended, and what was made."""
        now = background.status(export_job.folder(run))
        said = ""
        if now.running:
            said = views.progress(now.fraction, "Export") + views.figures((now.text,))
            said += f'<div class="v-buttons">{views.button("Stop", "stop", run.id)}</div>'
        elif now.state == "failed":
            said = views.notice(now.message, now.hint, kind="error")
        made = "".join(self._made(row) for row in reversed(run.exports()))
        can = run.adapter.is_dir() or run.model.is_dir() or bool(run.checkpoints())
        return f'<div class="v-exports" data-can="{"yes" if can else "no"}">{said}{made}</div>'

    def _made(self, row: Mapping[str, Any]) -> str:
        listed = self._context.registry.holder(str(row["id"]))
        usable = listed is not None and listed in model_choice.usable(self._context)
        facts = views.figures(
            (
                str(row.get("quantization", "")),
                views.size(listed.bytes) if listed is not None and listed.bytes else "",
                "" if listed is not None else "removed since",
            )
        )
        use = views.button("Use it in Translate", "use", str(row["id"]), kind="v-primary")
        where = "" if self._context.shared else f'<p class="v-path">{views.escape(row["file"])}</p>'
        return (
            f'<article class="v-made-model"><header><h4>{views.escape(row["name"])}</h4>{facts}'
            f"</header>{proof(row.get('proof') or {})}{where}"
            f'<div class="v-buttons">{use if usable else ""}</div></article>'
        )


def proof(found: Mapping[str, Any]) -> str:
    """What was compared before a model was listed (:class:`trainer.export_proof.Proof`)."""
    if not found:
        return ""
    lines = []
    if found["texts"]:
        lines.append(f"{found['texts']:,} texts are cut into the same tokens.")
    lines.append(
        f"{found['same_choice']:.0%} of {found['positions']:,} next words are the same as in "
        f"training; the probabilities diverge by {found['divergence']:.3f} "
        f"(up to {found['limit']:g} is rounding)."
    )
    if found["lines"]:
        scores = ", ".join(
            f"{pair(name)} {found['trained'][name]:.1f} → {found['exported'][name]:.1f}"
            for name in found["trained"]
        )
        lines.append(f"chrF++ of {found['lines']:,} dev lines: {scores}.")
    items = "".join(f"<li>{views.escape(line)}</li>" for line in lines)
    return f'<ul class="v-proof">{items}</ul>'
