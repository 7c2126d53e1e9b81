"""The way back from a campaign to the next model: files, the memory, a run, and the next campaign.

In the campaign's folder ``training`` are ``answers.jsonl`` (edits and scores, as ``verso corpus
build`` reads them), ``preferences.jsonl``, and ``chosen.jsonl`` (what was preferred to something).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer import corpus, presets, runs
from trainer.campaigns.folder import Campaign
from trainer.campaigns.loop import GAP, Answers, Row, answers_of, usable_pairs
from trainer.campaigns.plan import MOST
from trainer.campaigns.types import SystemSpec
from trainer.cleaning import Rules
from trainer.config import RunSettings
from trainer.corpus_settings import CorpusSettings
from trainer.readers_campaign import GOOD
from trainer.run_files import slug, write_atomically
from translator import markup
from translator.errors import InputError
from translator.memory import Memory, Origin, Unit
from translator.memory_units import numbered, renumbered
from translator.models.registry import Registry
from translator.models.spec import ModelKind
from translator.settings import Settings

FOLDER = "training"
ANSWERS = "answers.jsonl"
PREFERENCES = "preferences.jsonl"
CHOSEN = "chosen.jsonl"

Kind = Literal["sft", "dpo", "both"]
_FEW = 20  # pairs: fewer than these are all trained with, and none is left to evaluate on


@dataclass(frozen=True, slots=True)
class Saved:
    """What went into the memory. ``refused``: an edit's item, and why it cannot be there."""

    count: int
    refused: tuple[tuple[str, str], ...]


def write_files(
    campaign: Campaign, gap: float = GAP, without: Collection[str] = (), folder: Path | None = None
) -> Answers:
    """Write what a locked campaign says, into ``folder`` or its own one.

    Raises :class:`InputError` before the lock, or if the disk does not take it.
    """
    answers = answers_of(campaign, gap, without)
    place = folder or campaign.path / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in texts_of(answers).items():
            write_atomically(place / name, text)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"The data cannot be written: {why}.", "Is the disk full?") from error
    return answers


def texts_of(answers: Answers) -> dict[str, str]:
    """The files' names and what is in them."""
    return {
        ANSWERS: _lines([*answers.edits, *answers.ratings]),
        PREFERENCES: _lines(answers.preferences),
        CHOSEN: _lines(_chosen(answers)),
    }


def save_edits(campaign: Campaign, memory: Memory, without: Collection[str] = ()) -> Saved:
    """Put what reviewers wrote into the translation memory, where it stands for every model.

    Of several edits of one text the last one counts, and none replaces a later one by a person.
    Raises :class:`InputError` before the lock.
    """
    units: dict[str, Unit] = {}
    refused = []
    for row in answers_of(campaign, without=without).edits:
        problem = markup.problems(row["source"], row["target"])
        if problem:
            refused.append((row["item"], f"The tags differ from the source: {problem}."))
            continue
        source, numbers = numbered(row["source"])
        units[source] = Unit(
            source, renumbered(row["target"], numbers), row["from"], row["to"], Origin.PERSON,
            model=f"campaign:{row['campaign']}/{row['item']}/{row['reviewer']}",
            created=row["time"],
        )  # fmt: skip
    memory.add(units.values())
    return Saved(len(units), tuple(refused))


def prepared_run(
    campaign: Campaign,
    settings: Settings,
    kind: Kind | None = None,
    *,
    base: str = "",
    gap: float = GAP,
    without: Collection[str] = (),
) -> RunSettings:
    """A run that trains on a campaign: its files are written and its corpus is built.

    ``kind``: ``sft`` imitates edits and what was rated at least 80, ``dpo`` learns from
    preferences, ``both`` does that with a term that imitates the preferred text; by itself
    ``both`` where there are preferences. Without a ``base`` it is the first system that can be
    trained, once the key is revealed; before that the run has none yet.

    Raises:
        InputError: it is not locked, or has nothing of that kind to train with.
    """
    answers = write_files(campaign, gap, without)
    kind = kind or ("both" if answers.preferences else "sft")
    if kind != "sft" and not answers.preferences:
        raise InputError(
            "Nobody who agreed preferred one translation to another.",
            "Choose a smaller gap of scores, or train on edits.",
        )
    built = _corpus(campaign, answers, settings)
    changes: dict[str, object] = {
        "name": slug(campaign.settings.name),
        "data.corpus": str(built.folder),
        "data.directions": [f"{campaign.settings.source}>{campaign.settings.target}"],
        **_start(campaign, base, settings),
    }
    if kind != "sft":
        changes["preference.kind"] = "dpo"
        changes["preference.pairs"] = str(built.folder / PREFERENCES)
    if kind == "dpo":
        changes["preference.sft-weight"] = 0.0
    return _recipe("none" if kind == "sft" else "dpo").with_values(changes)


def systems_of_run(run: runs.Run, settings: Settings) -> tuple[SystemSpec, ...]:
    """A run's best checkpoints as systems of the next campaign, and the model to beat first.

    That is the model the app translates with if none is chosen. Of many checkpoints the best one
    and the latest others come. Raises :class:`InputError` if the run has no checkpoint yet.
    """
    steps = [int(path.name.rpartition("-")[2]) for path in run.checkpoints()]
    if not steps:
        raise InputError("This training has no checkpoint yet.", "Wait for the first one.")
    best = run.status().best_step
    first = [best] if best in steps else []
    others = sorted((step for step in steps if step != best), reverse=True)
    chosen = sorted([*first, *others][: MOST - 1])
    registry = Registry(settings)
    found = [SystemSpec("s1", "", "model", registry.default().id)]
    for number, step in enumerate(chosen, 2):
        found.append(SystemSpec(f"s{number}", "", "run", f"{run.id}/checkpoint-{step}"))
    return tuple(found)


def _chosen(answers: Answers) -> list[Row]:
    """What was preferred, once each, as pairs that any tool can read."""
    found: dict[tuple[str, str], Row] = {}
    for row in answers.preferences:
        kept = {name: row[name] for name in ("source", "document", "campaign", "item", "reviewer")}
        pair = {**kept, "target": row["chosen"], "origin": f"campaign:{row['campaign']}"}
        found.setdefault((row["source"], row["chosen"]), pair)
    return list(found.values())


def _corpus(campaign: Campaign, answers: Answers, settings: Settings) -> corpus.Corpus:
    """The corpus of these answers with the preferences beside it, built once: what a run was
    prepared with stays, also if other answers are chosen later or the campaign is deleted."""
    documents = usable_pairs(answers, GOOD)
    name = ANSWERS if documents else CHOSEN
    documents = documents or [row["document"] for row in _chosen(answers)]
    if not documents:
        raise InputError(
            "No edit, no good score and no preference of a reviewer who agreed is there.",
            "Reviewers say on their page whether their answers may train models.",
        )
    written = campaign.path / FOLDER
    path, preferences = written / name, (written / PREFERENCES).read_bytes()
    digest = hashlib.sha256(path.read_bytes() + preferences).hexdigest()[:8]
    folder = settings.home / "corpora" / f"{slug(campaign.settings.name)}-{digest}"
    if (folder / PREFERENCES).is_file():
        return corpus.Corpus.load(folder)
    # Documents stay whole, so there is no part smaller than the smallest of them.
    least = max(len(documents) // 10, min(Counter(documents).values()))
    dev = least if _FEW <= len(documents) >= 4 * least else 0
    wanted = CorpusSettings(
        inputs=(str(path),), source=campaign.settings.source, targets=(campaign.settings.target,),
        dev=dev, test=0,
        # Two reviewers' texts of one segment are both worth having.
        rules=Rules(near_duplicate=0),
    )  # fmt: skip
    built = corpus.build(wanted, folder, replace_old=True)
    write_atomically(folder / PREFERENCES, preferences.decode())
    return built


def _start(campaign: Campaign, base: str, settings: Settings) -> dict[str, object]:
    """What the run begins with: a model, or the trained weights of a run."""
    if base or not campaign.revealed:
        return {"model.base": base}
    registry = Registry(settings)
    for system in campaign.key().systems:
        if system.kind == "run":
            run = system.reference.partition("/")[0]
            return {"model.base": str(system.settings.get("base", "")), "model.start": run}
        spec = registry.holder(system.reference) if system.kind == "model" else None
        if spec is not None and spec.kind in (ModelKind.GGUF, ModelKind.HF):
            return {"model.base": spec.id}
    return {"model.base": ""}


def _recipe(preference: str) -> RunSettings:
    """The shipped recipe for the smallest machine that trains so."""
    every = [preset.settings for preset in presets.all()]
    return next((one for one in every if one.preference.kind == preference), every[0])


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
