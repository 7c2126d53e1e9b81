"""The systems of a new campaign: what this machine can compare, and files from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from trainer import runs
from trainer.campaigns.loop_files import systems_of_run
from trainer.campaigns.plan import FEWEST, MOST, system
from trainer.campaigns.types import SystemSpec
from trainer.campaigns.uploaded import SUFFIXES
from trainer.runs import Run
from trainer.tabs.train_view import read_settings
from translator.errors import InputError
from translator.tabs import model_choice
from translator.tabs.context import AppContext
from translator.tabs.owner import allowed
from translator.wording import plural

_OWNER = "owner"  # in a run's folder
_LATEST = 60  # runs whose checkpoints are offered: as many as the Train tab lists
_MEMORY = "memory:"


class Systems:
    """The components, in the Blocks that is open, and what they mean. A value of the list is
    ``model:ID``, ``run:RUN`` (its best checkpoint), ``run:RUN/checkpoint-N`` or ``memory:``."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self.chosen = gr.Dropdown(
            [], label="On this machine", multiselect=True, max_choices=MOST,
            elem_id="compare-systems",
        )  # fmt: skip
        self._sent = gr.File(
            label="Outputs from elsewhere: TXT, JSONL or TMX, a file a system",
            file_count="multiple",
            file_types=list(SUFFIXES),
            elem_id="compare-outputs",
            elem_classes="v-upload",
            height=140,
        )

    def more(self) -> None:
        """The fields that most people leave alone, in the place where they are to stand."""
        with gr.Row(elem_classes="v-fields"):
            self._scales = gr.Textbox(
                label="Adapters also at a scale of", info="0.5 1.5: a system each",
                max_length=30, max_lines=1, elem_id="compare-scales",
            )  # fmt: skip
            self._greedy = gr.Checkbox(
                label="No model draws by chance", info="Each takes the likeliest word",
                elem_id="compare-greedy",
            )  # fmt: skip

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`of` reads."""
        return {self.chosen, self._sent, self._scales, self._greedy}

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`cleared` and :meth:`offered` change."""
        return [self.chosen, self._sent]

    def cleared(self) -> dict[Any, Any]:
        """For the next campaign; the systems stay, for they come again."""
        return {self._sent: None}

    def offered(self, owner: str, chosen: list[str] | None) -> Any:  # an update
        """The list as it is now."""
        choices = self._choices(owner)
        known = {value for _, value in choices}
        return gr.update(choices=choices, value=[value for value in chosen or () if value in known])

    def entered(self, run: Run, owner: str) -> dict[Any, Any]:
        """Updates that choose the checkpoints of a run, and the model that they should beat.

        Raises :class:`InputError` if it has none.
        """
        choices = self._choices(owner)
        known = {value for _, value in choices}
        wanted = (
            f"{one.kind}:{one.reference}" for one in systems_of_run(run, self._context.settings)
        )
        value = [value for value in wanted if value in known]
        return {self.chosen: gr.update(choices=choices, value=value)}

    def of(self, given: Mapping[Any, Any], owner: str) -> tuple[SystemSpec, ...]:
        """The wishes. Raises :class:`InputError`."""
        known = {value for _, value in self._choices(owner)}
        own: dict[str, Any] = {"greedy": True} if given[self._greedy] else {}
        wishes: list[tuple[str, str, dict[str, Any]]] = []
        for value in given[self.chosen] or ():
            kind, _, reference = str(value).partition(":")
            if value not in known:
                raise InputError("One of the systems is gone.", "Choose again in step 1.")
            wishes.append((kind, reference, {} if value == _MEMORY else own))
            if self._has_adapter(kind, reference):
                scales = _scales(str(given[self._scales] or ""))
                wishes += [(kind, reference, {**own, "scale": scale}) for scale in scales]
        for path in map(Path, given[self._sent] or ()):
            wishes.append(("file", str(path), {"name": path.stem}))
        if not FEWEST <= len(wishes) <= MOST:
            said = f"{plural(len(wishes), 'system')} cannot be compared."
            raise InputError(
                said if wishes else "No system is chosen.",
                f"Choose {FEWEST} to {MOST} in step 1, outputs from elsewhere included.",
            )
        return tuple(
            system(kind, reference, number, **own)
            for number, (kind, reference, own) in enumerate(wishes, 1)
        )

    def _choices(self, owner: str) -> list[tuple[str, str]]:
        registry = self._context.registry
        models = [
            (spec.name, f"model:{spec.id}")
            for spec in model_choice.usable(self._context)
            if registry.installed(spec)
        ]
        return [*models, ("Translation memory", _MEMORY), *self._checkpoints(owner)]

    def _checkpoints(self, owner: str) -> list[tuple[str, str]]:
        mine = (
            run
            for run in runs.all(self._context.settings.home)
            if allowed(self._context, run.folder / _OWNER, owner)
        )
        found: list[tuple[str, str]] = []
        for run in [run for run in mine if kept(run)][:_LATEST]:
            settings = read_settings(run)
            name = settings.name if settings else run.id
            found += [(f"{name}, {label}", f"run:{reference}") for label, reference in kept(run)]
        return found

    def _has_adapter(self, kind: str, reference: str) -> bool:
        if kind == "model":
            return bool(self._context.registry.get(reference).adapter)
        settings = read_settings(
            Run(self._context.settings.home / runs.RUNS / reference.split("/")[0])
        )
        return kind == "run" and settings is not None and settings.method.kind != "full"


def kept(run: Run) -> list[tuple[str, str]]:
    """The checkpoints of a run that can be compared, by what they are called: the best first."""
    best = [("best checkpoint", run.id)] if run.adapter.is_dir() or run.model.is_dir() else []
    steps = [int(path.name.rpartition("-")[2]) for path in run.checkpoints()]
    return best + [(f"step {step:,}", f"{run.id}/checkpoint-{step}") for step in steps]


def _scales(text: str) -> list[float]:
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError as error:
        raise InputError(f"{text!r} are no scales.", "Write numbers, as in 0.5 1.5.") from error
