"""``verso models tune``: find the fastest way to run a model on this machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import say

if TYPE_CHECKING:
    from pathlib import Path

    from translator.models.spec import ModelSpec
    from translator.settings import Settings


def add_parser(actions: Any) -> None:
    """Add the action to those of ``verso models``."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "tune",
        help="measure the fastest way to run a model here (about half a minute, once)",
        description="Try the ways in which llama.cpp can run a model on this machine, and keep "
        "the fastest for whole books. Best while nothing else runs.",
    )
    parser.add_argument("id", nargs="?", help="id or alias (default: the starter model)")
    parser.add_argument("--again", action="store_true", help="even if it was measured before")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from translator.errors import ModelError
    from translator.models.registry import Registry
    from translator.models.spec import ModelKind
    from translator.settings import Settings

    settings = Settings.load()
    registry = Registry(settings)
    spec = registry.get(arguments.id) if arguments.id else registry.default()
    if spec.kind is not ModelKind.GGUF:
        raise ModelError(f"{spec.name} has nothing to tune.", "Choose a GGUF model.")
    tune_model(spec, registry.path(spec), settings, again=arguments.again)
    return 0


def tune_model(spec: ModelSpec, path: Path, settings: Settings, *, again: bool) -> None:
    """Tune a model and say what was found, or what is known. Raises :class:`VersoError`."""
    from translator.engines.child import usable_threads
    from translator.engines.gguf_tuning import Tunings, tune
    from translator.engines.pool import KV_SHARE, REQUEST_CONTEXT, free_memory

    threads = settings.threads or usable_threads()
    tunings = Tunings(settings.tunings)
    tuning = None if again else tunings.get(path, threads)
    if tuning is None:
        tuning = tune(
            path,
            threads,
            context=min(spec.context, REQUEST_CONTEXT),
            kv_budget=int(free_memory() * KV_SHARE),
            said=lambda way: say(f"Measuring {spec.name}: {way}"),
        )
        tunings.put(path, threads, tuning)
    say(
        f"{spec.name} on this machine: {tuning.slots} segments at once, {1 / tuning.cost:.0f} "
        f"tokens a second for a book, {1 / tuning.alone:.0f} for a short text."
    )
