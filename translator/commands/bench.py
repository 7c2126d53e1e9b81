"""``verso bench``: the speed of a model on this machine, beside the plain way to use it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.fetch import ensure
from translator.commands.terminal import say

if TYPE_CHECKING:
    from translator.bench.report import Result
    from translator.engines.gguf import GgufOptions
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings

QUIET = 0.5  # load average above which the machine is said to be busy
LONGEST = 700  # characters of a segment


def add_parser(commands: Any) -> None:
    """Add the command."""
    from translator.bench import WIDTHS

    parser: argparse.ArgumentParser = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="Translate the same segments with a plain llama.cpp loop, with Verso's "
        "engine at several widths and, where it is installed, with llama-server, greedily; "
        "measure the limits of the machine, the wait for a first word and all that is not the "
        "model. Takes a while, and wants a quiet machine.",
    )
    parser.add_argument("--model", metavar="ID", help="a GGUF model of `verso models list`")
    parser.add_argument("--book", type=Path, metavar="FILE", help="default: a text of Verso's own")
    parser.add_argument("--from", dest="source", default="en", metavar="LANG")
    parser.add_argument("--to", default="de", metavar="LANG")
    parser.add_argument("--segments", type=int, default=256, metavar="N", help="at most")
    parser.add_argument("--max-new-tokens", type=int, default=256, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS), metavar="N")
    parser.add_argument(
        "--server", type=Path, metavar="PROGRAM",
        help="a llama-server to compare with (default: the one on PATH)",
    )  # fmt: skip
    parser.add_argument(
        "--requests", type=int, default=20, metavar="N",
        help="how often a person asks while a book runs; 0: leave it out",
    )  # fmt: skip
    parser.add_argument(
        "--no-overhead", action="store_true", help="leave out what is not the model"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from translator.bench.run import Plan, run
    from translator.models.registry import Registry
    from translator.settings import Settings, assets_dir
    from translator.types import Sampling

    settings = Settings.load()
    registry = Registry(settings)
    spec = registry.get(arguments.model) if arguments.model else registry.default()
    ensure(spec, registry, settings)
    load = os.getloadavg()[0]
    if load > QUIET:
        say(f"The machine is busy (load {load:.1f}): the figures will be too low.")
    book = arguments.book or assets_dir() / "bench.txt"
    found = arguments.server or shutil.which("llama-server")
    result = run(
        Plan(
            spec.id,
            spec.style,
            _options(spec, registry, settings),
            _texts(book, arguments.segments),
            arguments.source,
            arguments.to,
            Sampling(max_new_tokens=arguments.max_new_tokens),
            arguments.widths,
            arguments.repeats,
            Path(found) if found else None,
            arguments.requests,
            None if arguments.no_overhead else book,
            say,
        )
    )
    _print(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.facts(), indent=2) + "\n", encoding="utf-8")
    return 0


def _options(spec: ModelSpec, registry: Registry, settings: Settings) -> GgufOptions:
    """As the app runs the model."""
    from translator.engines.child import usable_threads
    from translator.engines.pool import gguf_options

    options = gguf_options(spec, registry, settings)
    return replace(options, threads=options.threads or usable_threads())


def _texts(book: Path, count: int) -> list[str]:
    from translator import markup
    from translator.books.base import open_book
    from translator.errors import InputError

    blocks = open_book(book).blocks()
    texts = [markup.plain(b.text) for b in blocks if b.keep is None and len(b.text) <= LONGEST]
    if not texts:
        raise InputError("There is no text to measure with.", "Choose another --book.")
    return texts[:count]


def _print(result: Result) -> None:
    from rich.console import Console
    from rich.table import Table

    facts = result.facts()
    table = Table(title=f"{facts['model']} · {facts['machine']} · {facts['backend']}")
    for column in ("", "segments", "tokens/s", "x loop", "peak MB", "same texts"):
        table.add_column(column, justify="right" if column else "left")
    for system in facts["systems"]:
        table.add_row(
            system["name"],
            str(system["segments"]),
            f"{system['tokens_per_second']:.1f}",
            f"{system['tokens_per_second'] / result.loop.speed:.2f}",
            str(system["peak_mb"]),
            f"{system['same_texts']} of {system['compared_texts']}",
        )
    console = Console()
    console.print(table)
    for line in _lines(facts):
        console.print(line, highlight=False)


def _lines(facts: dict[str, Any]) -> list[str]:
    limits, ratios = facts["limits"], facts["ratios"]
    decode = ", ".join(f"{n}: {v}" for n, v in limits["decode_tokens_per_second"].items())
    lines = [
        f"Decoding alone, tokens a second by sequences: {decode}.",
        f"Limit for batches: prompts at {limits['prompt_tokens_per_second']} tokens a second; "
        f"batched decoding reaches {ratios['prompt_share']:.0%} of it.",
        f"Limit for one sequence: {limits['bandwidth_gb_per_second']} GB a second from memory, so "
        f"{limits['single_stream_tokens_per_second']} tokens a second; decoding reaches "
        f"{ratios['single_stream_share']:.0%} of it.",
        f"Loading the model takes {limits['load_seconds']} s.",
    ]
    if ratios["llama_server"] is not None:
        lines.append(f"Against llama-server with equal slots: {ratios['llama_server']}.")
    if wait := facts.get("first_text_seconds"):
        lines.append(
            f"First text for a person: {wait['idle_p50']} s (95 %: {wait['idle_p95']} s), beside "
            f"a book {wait['book_running_p50']} s (95 %: {wait['book_running_p95']} s)."
        )
    if overhead := facts.get("overhead"):
        grown = ", ".join(
            f"{times}x {cost['seconds']} s and {cost['peak_mb']} MB"
            for times, cost in overhead["growth"].items()
        )
        lines += [
            f"Without a model (dry run): {overhead['seconds']} s, {overhead['peak_mb']} MB; a "
            f"text of {grown}.",
            f"`verso --help`: {overhead['help_seconds']} s.",
        ]
    return lines
