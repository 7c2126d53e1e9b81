"""``verso export``: from a training run to a model of the app."""

from __future__ import annotations

import argparse
from typing import Any

from translator.commands.terminal import errors_console, interruptible, print_json, say, size


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "export",
        help="make a model of the app out of a training run",
        description="Writes what a run has trained as a model, proves that it computes what was "
        "trained, and lists it. Prints its id. Nothing leaves this machine.",
    )
    parser.add_argument("run_id", metavar="RUN", help="the run's id, its beginning, or its folder")
    parser.add_argument(
        "--checkpoint", type=int, default=0, metavar="N", help="its step (default: the best one)"
    )
    parser.add_argument(
        "--quantize", metavar="TYPE", help="F16, Q8_0, Q5_K_M, ... (default: Q4_K_M)"
    )
    kinds = parser.add_mutually_exclusive_group()
    for kind, about in {
        "merged": "a GGUF model of its own (the default)",
        "adapter": "a GGUF adapter that is loaded with its base",
        "safetensors": "a folder for transformers and other programs",
    }.items():
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, help=about)
    parser.add_argument("--name", default="", help="its name for people (default: the run's)")
    parser.add_argument("--json", action="store_true", help="print the model and its proof as JSON")
    parser.set_defaults(run=_export, kind="merged")


def _export(arguments: argparse.Namespace) -> int:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from trainer import requirements, runs
    from translator.errors import InputError
    from translator.settings import Settings

    settings = Settings.load()
    run = runs.find(settings.home, arguments.run_id)
    if arguments.quantize and arguments.kind != "merged":
        raise InputError("--quantize goes with --merged only.", "Leave one of them out.")
    requirements.require()
    from trainer.export import Order, export

    order = Order(
        arguments.kind, arguments.quantize or "Q4_K_M", arguments.name, arguments.checkpoint
    )
    console = errors_console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with (
        interruptible() as stop,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("starting", total=1.0)
        made = export(
            run,
            order,
            settings,
            lambda what, done: bar.update(task, completed=done, description=what),
            stop,
        )
    if arguments.json:
        print_json({"id": made.spec.id, "file": str(made.path), "proof": made.proof.facts()})
        return 0
    say(made.proof.sentence())
    bytes_ = made.path.stat().st_size if made.path.is_file() else made.spec.bytes
    say(f"Made {made.spec.name} ({size(bytes_)}): {made.path}")
    if made.spec.licence.notice:
        terms = " ".join(made.spec.licence.notice.split())
        say(f"It stays under the {made.spec.licence.name}: {terms}")
    print(made.spec.id)
    return 0
