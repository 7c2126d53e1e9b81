"""``verso models quantize`` and ``verso models trim``: models made out of models."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import errors_console, interruptible, say, size

if TYPE_CHECKING:
    from translator.model_making import Order, Workshop
    from translator.models.spec import ModelSpec


def add_actions(actions: Any) -> None:  # argparse's class is private
    """Add the two actions to ``verso models``."""
    quantized = actions.add_parser(
        "quantize",
        help="write a model in another quantization",
        description="Write a model in another quantization, e.g. Q8_0, Q6_K, Q5_K_M, Q4_K_M, "
        "Q4_0, IQ4_NL, F16 or BF16, and list it as a model of its own.",
    )
    quantized.add_argument("model", help="id of a model, or a GGUF file; best in F16 or BF16")
    quantized.add_argument("type", nargs="+", help="one or more types")
    quantized.add_argument(
        "--allow-requantize",
        action="store_true",
        help="take a model that is quantized already, although that costs quality",
    )
    _add_place(quantized)
    quantized.set_defaults(run=_quantize)
    trimmed = actions.add_parser(
        "trim",
        help="write a model with the tokens of some languages only",
        description="Write a smaller and faster model that has only the tokens that some "
        "languages need, and list it as a model of its own. Any other text can still be read and "
        "written, in smaller pieces.",
    )
    trimmed.add_argument("model", help="id of a model, or a GGUF file")
    trimmed.add_argument(
        "--languages", required=True, metavar="LANG,…", help="e.g. en,de,fr (source and target)"
    )
    trimmed.add_argument(
        "--text",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="text files in these languages, some MB each: only tokens that occur there are kept",
    )
    trimmed.add_argument(
        "--min-count", type=int, default=1, metavar="N", help="keep tokens that occur N times"
    )
    _add_place(trimmed)
    trimmed.set_defaults(run=_trim)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: in Verso's models folder"
    )
    parser.add_argument("--id", default="", help="what to call it (default: from the model)")


def _quantize(arguments: argparse.Namespace) -> int:
    from translator.errors import InputError

    if len(arguments.type) > 1 and (arguments.output or arguments.id):
        raise InputError("-o and --id go with one type only.", "Leave them out, or run it again.")
    with _workshop(arguments) as (workshop, order):
        if arguments.allow_requantize:
            say("Requantizing rounds values twice: the result is worse than one from F16.")
        for kind in arguments.type:
            spec = workshop.quantize(order, kind, allow_requantize=arguments.allow_requantize)
            _finish(spec)
    return 0


def _trim(arguments: argparse.Namespace) -> int:
    from translator.errors import InputError

    tags = [tag for tag in arguments.languages.split(",") if tag.strip()]
    texts = [_text(path) for path in arguments.text]
    if arguments.min_count < 1:
        raise InputError("--min-count must be at least 1.")
    if not texts:
        say(
            "Without --text, whole scripts are kept: English and Vietnamese share one. With a few "
            "MB of text in the languages that you need, the model gets much smaller."
        )
    with _workshop(arguments) as (workshop, order):
        made = workshop.trim(order, tags, texts, min_count=arguments.min_count)
    say(f"Kept {made.tokens:,} of {made.tokens_before:,} tokens.")
    if texts:
        say(f"{made.whole_lines:.1%} of the lines are read as the same tokens as before.")
    _finish(made.spec)
    return 0


def _text(path: Path) -> str:
    from translator.books.decoding import decode_text
    from translator.errors import InputError

    try:
        return decode_text(path.read_bytes(), path.name).text
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


def _finish(spec: ModelSpec) -> None:
    say(f"Made {spec.name} ({size(spec.bytes)}).")
    if spec.licence.notice:
        say(f"It stays under the {spec.licence.name}: {' '.join(spec.licence.notice.split())}")
    print(spec.id)


@contextmanager
def _workshop(arguments: argparse.Namespace) -> Iterator[tuple[Workshop, Order]]:
    """The workshop, and an order that shows a progress bar and ends with Ctrl+C."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from translator.model_making import Order, Workshop
    from translator.models.registry import Registry
    from translator.settings import Settings

    settings = Settings.load()
    console = errors_console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with (
        interruptible() as stop,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("starting", total=1.0)
        order = Order(
            arguments.model,
            arguments.output,
            arguments.id,
            lambda done, what: bar.update(task, completed=done, description=what),
            stop,
        )
        yield Workshop(settings, Registry(settings)), order
