"""All settings of a training run: one TOML file, read, checked, changed and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w

from trainer import settings_text
from trainer.config_fields import Part, explained, file_name, plain, setting, settings_of
from trainer.config_preference import PreferencePart
from translator import languages
from translator.errors import InputError

_OPTIONAL = ("preset", "parent", "stages")
_HEAD = "# A training run of Verso. To start it: verso train FILE\n"


@dataclass(frozen=True, slots=True)
class ModelPart(Part):
    """What is trained."""

    base: str = setting("", "The model: its id, a folder, or a hub repository (owner/name).")
    style: str = setting("", 'Prompt style. Empty: the one the base was trained with, or "tagged".')
    start: str = setting("", "A run (id or folder) whose trained weights are gone on with.")
    revision: str = setting("main", "Revision of a hub repository.")


@dataclass(frozen=True, slots=True)
class DataPart(Part):
    """What it is trained with."""

    corpus: str = setting("", "The corpus folder, as verso corpus build writes it.")
    weights: Mapping[str, float] = setting(
        dict,
        "How often the pairs of an origin, domain or language come; 0 leaves them out.",
        least=0,
    )
    directions: tuple[str, ...] = setting((), 'As in ["en>de"]. Empty: all of the corpus.')
    length: int = setting(512, "The longest example, prompt and translation, in tokens.", least=16)
    too_long: Literal["drop", "split", "refuse"] = setting(
        "drop", "Longer examples: drop them, split them at sentences, or refuse to start."
    )
    packing: bool = setting(False, "Put several short examples into one row.")
    limit: int = setting(0, "The most examples to train with; 0 is all.", least=0)

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        tags = []
        for direction in self.directions:
            source, arrow, target = direction.partition(">")
            if not arrow:
                raise InputError(f"{direction!r} is no direction.", "Write it as en>de.")
            tags.append(f"{languages.get(source.strip()).tag}>{languages.get(target.strip()).tag}")
        object.__setattr__(self, "directions", tuple(dict.fromkeys(tags)))


@dataclass(frozen=True, slots=True)
class MethodPart(Part):
    """Which weights are trained."""

    kind: Literal["lora", "qlora", "full"] = setting(
        "lora", "lora: a small adapter. qlora: the same over a 4-bit base. full: all weights."
    )
    rank: int = setting(16, "Rank of the adapter.", least=1, most=1024)
    alpha: float = setting(32.0, "Scale of the adapter (alpha / rank, or alpha / sqrt(rank)).")
    dropout: float = setting(0.0, "Dropout of the adapter's input.", least=0, most=0.9)
    targets: str | tuple[str, ...] = setting(
        "all-linear", "Names of the layers that get an adapter, or all-linear."
    )
    rslora: bool = setting(False, "Scale by alpha / sqrt(rank): steadier at a high rank.")
    dora: bool = setting(False, "Train magnitudes too (DoRA); such an adapter is always merged.")


@dataclass(frozen=True, slots=True)
class TrainingPart(Part):
    """How it is trained."""

    learning_rate: float = setting(2e-4, "Peak learning rate.", least=0, most=1)
    schedule: Literal["cosine", "linear", "constant"] = setting(
        "cosine", "How the learning rate falls after the warm-up."
    )
    warmup: float = setting(0.03, "Share of the steps with a rising rate.", least=0, most=1)
    weight_decay: float = setting(0.0, "Decay of the weights (decoupled).", least=0, most=1)
    max_grad_norm: float = setting(1.0, "Longer gradients are scaled down; 0: never.", least=0)
    batch: int = setting(8, "Examples at once on each device.", least=1)
    accumulation: int = setting(2, "Batches to one step.", least=1)
    epochs: float = setting(2.0, "How often all examples are seen.", least=0)
    steps: int = setting(0, "Steps; 0: as many as the epochs make.", least=0)
    neftune: float = setting(0.0, "Noise on the embeddings (NEFTune's alpha); 0: off.", least=0)
    label_smoothing: float = setting(0.0, "Label smoothing.", least=0, most=0.9)
    checkpointing: bool = setting(False, "Gradient checkpointing: less memory, slower.")
    precision: Literal["auto", "bf16", "fp16", "fp32"] = setting(
        "auto", "auto: bf16 where the machine computes it, else fp32."
    )
    optimizer: str = setting("adamw_torch", "Optimizer, by transformers' name.")
    group_by_length: bool = setting(True, "Examples of like length together: less padding.")
    save: int = setting(100, "Steps between checkpoints.", least=1)
    keep: int = setting(2, "Checkpoints kept beside the best one.", least=1)
    seed: int = setting(1, "Seed of the order, dropout and new weights.", least=0)


@dataclass(frozen=True, slots=True)
class EvaluationPart(Part):
    """How it is watched."""

    every: int = setting(100, "Steps between evaluations; 0: at the end only.", least=0)
    lines: int = setting(
        48, "Dev lines of each direction that are translated for chrF++; 0: loss only.", least=0
    )
    metric: Literal["chrf", "loss"] = setting("chrf", "What the best checkpoint is chosen by.")
    patience: int = setting(0, "Stop after so many evaluations without a gain; 0: off.", least=0)
    samples: int = setting(4, "Translations kept at each evaluation, each direction.", least=0)
    max_new_tokens: int = setting(256, "The longest translation, in tokens.", least=1)

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if self.metric == "chrf" and not self.lines:
            raise InputError(
                "chrF++ needs translated dev lines, and evaluation.lines is 0.",
                "Set evaluation.metric to loss, or some lines.",
            )


@dataclass(frozen=True, slots=True)
class Stage(Part):
    """A stage of a curriculum; stages follow one another and go on with the same weights."""

    name: str = setting("", "A word for the curves.")
    length: int = setting(512, "The longest example of this stage, in tokens.", least=16)
    epochs: float = setting(1.0, "How often its examples are seen.", least=0)
    steps: int = setting(0, "Steps; 0: as many as the epochs make.", least=0)
    parts: tuple[int, ...] = setting(
        (), "Cut documents into so many parts, the earlier ones as context. Empty: single lines.",
        least=1,
    )  # fmt: skip
    learning_rate: float = setting(0.0, "Peak learning rate; 0: that of training.", least=0, most=1)
    replay: float = setting(
        0.0, "Share of the examples that come from earlier stages.", least=0, most=0.9
    )


@dataclass(frozen=True, slots=True)
class MachinePart(Part):
    """What of this machine is used."""

    threads: int = setting(0, "Threads; 0: as many as there are.", least=0)
    processes: int = setting(1, "Processes that share the work (accelerate).", least=1)


@dataclass(frozen=True, slots=True)
class RunSettings(Part):
    """A run.toml. ``preset`` and ``parent`` say where the settings came from."""

    name: str = setting("run", "A name for the run.")
    preset: str = setting("", "The preset that these settings began as.")
    parent: str = setting("", "The search that this run is a trial of.")
    model: ModelPart = setting(ModelPart, "What is trained.")
    data: DataPart = setting(DataPart, "What it is trained with.")
    method: MethodPart = setting(MethodPart, "Which weights are trained.")
    training: TrainingPart = setting(TrainingPart, "How it is trained.")
    evaluation: EvaluationPart = setting(EvaluationPart, "How it is watched.")
    preference: PreferencePart = setting(PreferencePart, "Preferences and rewards.")
    stages: tuple[Stage, ...] = setting((), "Stages of a curriculum.")
    machine: MachinePart = setting(MachinePart, "What of this machine is used.")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file; folders in it are relative to it and come back absolute.

        Raises :class:`InputError` for a file that cannot be read and for settings that cannot be.
        """
        return cls.of(settings_text.read(path)).within(path.resolve().parent)

    def within(self, folder: Path) -> Self:
        """With folders that are relative to ``folder`` as absolute ones."""
        corpus = _path(self.data.corpus, folder)
        model = replace(
            self.model,
            base=_folder(self.model.base, folder),
            start=_folder(self.model.start, folder),
        )
        pairs = replace(self.preference, pairs=_path(self.preference.pairs, folder))
        return replace(self, data=replace(self.data, corpus=corpus), model=model, preference=pairs)

    def write(self, path: Path, *, comments: bool = False) -> None:
        """Write the file; ``comments``: with a sentence before each setting."""
        path.write_text(_HEAD + (self._explained() if comments else self.text()), "utf-8")

    def text(self) -> str:
        """The settings as TOML."""
        values = self.values()
        # An empty one would only ask what it is for.
        kept = {name: v for name, v in values.items() if v or name not in _OPTIONAL}
        if self.preference == PreferencePart():
            del kept["preference"]
        return tomli_w.dumps(kept, multiline_strings=False)

    def _explained(self) -> str:
        simple = {name: plain(getattr(self, name)) for name in ("name", "preset")}
        parts = [tomli_w.dumps({name: value for name, value in simple.items() if value}).rstrip()]
        for each in settings_of(type(self)):
            part = getattr(self, each.name)
            if isinstance(part, Part) and part != PreferencePart():
                parts.append(f"[{file_name(each.name)}]\n{explained(part)}")
        parts += [f"[[stages]]\n{explained(stage)}" for stage in self.stages]
        return "\n\n".join(parts) + "\n"

    def with_values(self, changes: Mapping[str, Any]) -> Self:
        """With some values changed, by their names in a file: ``"training.learning-rate"``,
        ``"data.weights.bible"``, ``"name"``; ``"stages"`` takes all stages.

        Raises :class:`InputError` for a name or a value that cannot be.
        """
        values: dict[str, Any] = self.values()
        for name, value in changes.items():
            table: Any = values
            *above, last = file_name(name).split(".", 2)
            if above[:1] == ["data"] and above[1:] == ["weights"]:
                last = name.split(".", 2)[2]  # names of origins keep their underscores
            for step in above:
                table = table.get(step)
                if not isinstance(table, dict):
                    raise InputError(f"There is no setting {name!r}.", f"There is no {step}.")
            table[last] = plain(value)
        return type(self).of(values)

    def require_complete(self) -> None:
        """Raise :class:`InputError` if what every run needs is missing."""
        if not self.model.base:
            raise InputError("No base model is named.", "Set model.base.")
        if not self.data.corpus:
            raise InputError("No corpus is named.", "Set data.corpus to a corpus folder.")
        if self.preference.kind == "dpo" and not self.preference.pairs:
            raise InputError(
                "No preferences are named.",
                "Set preference.pairs to a file; verso compare train makes one of a campaign.",
            )
        whole = self.data.too_long == "split" or self.data.packing or self.stages
        if self.preference.kind != "none" and whole:
            raise InputError(
                "Preferences and rewards are for whole texts, one by one.",
                "Set data.too-long to drop and data.packing to false, and leave out stages.",
            )


def _path(text: str, folder: Path) -> str:
    return str((folder / Path(text).expanduser()).resolve()) if text else ""


def _folder(text: str, folder: Path) -> str:
    """A name that may be an id or a folder: absolute if it says, or there is, a folder."""
    said = text.startswith((".", "/", "~")) or Path(text).is_absolute()
    return _path(text, folder) if text and (said or (folder / text).is_dir()) else text
