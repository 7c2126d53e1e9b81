"""``verso bench``: the speed of a model on this machine, beside the plain way to use it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.fetch import ensure
from translator.commands.terminal import say

if TYPE_CHECKING:
    from translator.bench.report import Result
    from translator.bench.speed import Trial
    from translator.types import Prompt, Sampling

QUIET = 0.5  # load average above which the machine is said to be busy
LONGEST = 700  # characters of a segment


def add_parser(commands: Any) -> None:
    """Add the command."""
    from translator.bench import WIDTHS

    parser: argparse.ArgumentParser = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="Translate the same segments with a plain llama.cpp loop and with Verso's "
        "engine at several widths, greedily, and compare.",
    )
    parser.add_argument("--model", metavar="ID", help="a GGUF model of `verso models list`")
    parser.add_argument("--book", type=Path, metavar="FILE", help="default: a text of Verso's own")
    parser.add_argument("--from", dest="source", default="en", metavar="LANG")
    parser.add_argument("--to", default="de", metavar="LANG")
    parser.add_argument("--segments", type=int, default=64, metavar="N", help="at most")
    parser.add_argument("--max-new-tokens", type=int, default=256, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS), metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from translator.models.registry import Registry
    from translator.settings import Settings

    settings = Settings.load()
    registry = Registry(settings)
    spec = registry.get(arguments.model) if arguments.model else registry.default()
    ensure(spec, registry, settings)
    load = os.getloadavg()[0]
    if load > QUIET:
        say(f"The machine is busy (load {load:.1f}): the figures will be too low.")
    result = _measure(arguments, registry.path(spec), spec.style, spec.id, settings.threads, load)
    _print(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.facts(), indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(
    arguments: argparse.Namespace, model: Path, style: str, name: str, threads: int, load: float
) -> Result:
    from translator.bench.report import Result
    from translator.bench.speed import Series
    from translator.engines.gguf import GgufEngine, GgufOptions, usable_threads
    from translator.engines.gguf_baseline import prompt_speed
    from translator.prompts import get_style
    from translator.types import Sampling, TranslationTask

    sampling = Sampling(max_new_tokens=arguments.max_new_tokens)
    texts = _texts(arguments.book, arguments.segments)
    engine = GgufEngine(GgufOptions(model, context=1536, slots=1, threads=threads))
    info = engine.info
    engine.close()
    prompt_style = get_style(style, info)
    prompts = [
        prompt_style.render(TranslationTask(text, arguments.source, arguments.to)) for text in texts
    ]
    loop = Series("plain loop")
    widths = {width: Series(f"{width} together") for width in arguments.widths}
    for number in range(arguments.repeats):
        say(f"Round {number + 1} of {arguments.repeats}: plain loop")
        loop.trials.append(_loop_trial(model, prompts, sampling, threads or usable_threads()))
        for width, series in widths.items():
            say(f"Round {number + 1} of {arguments.repeats}: {series.name}")
            series.trials.append(_engine_trial(model, prompts, sampling, threads, width))
    return Result(
        name, info, len(prompts), arguments.repeats, loop, [*widths.values()],
        prompt_speed(model, threads or usable_threads()), load,
    )  # fmt: skip


def _loop_trial(model: Path, prompts: Sequence[Prompt], sampling: Sampling, threads: int) -> Trial:
    from translator.bench.speed import Trial
    from translator.engines.gguf_baseline import plain_loop

    done = plain_loop(
        model, [p.text for p in prompts], sampling.max_new_tokens, threads, prompts[0].stop
    )
    return Trial(
        "plain loop", done["seconds"], done["new_tokens"], done["peak_mb"], tuple(done["texts"])
    )


def _engine_trial(
    model: Path, prompts: Sequence[Prompt], sampling: Sampling, threads: int, width: int
) -> Trial:
    from translator.bench.speed import engine_trial, run_engine
    from translator.engines.gguf import GgufEngine, GgufOptions
    from translator.types import Sampling

    engine = GgufEngine(GgufOptions(model, context=1536, slots=width, threads=threads))
    try:
        for _ in run_engine(engine, prompts[:2], Sampling(max_new_tokens=4)):
            pass  # warm-up
        return engine_trial(str(width), engine, prompts, sampling, lambda: engine.pid)
    finally:
        engine.close()


def _texts(book: Path | None, count: int) -> list[str]:
    from translator import markup
    from translator.books.base import open_book
    from translator.errors import InputError
    from translator.settings import assets_dir

    blocks = open_book(book or assets_dir() / "bench.txt").blocks()
    texts = [markup.plain(b.text) for b in blocks if b.keep is None and len(b.text) <= LONGEST]
    if not texts:
        raise InputError("There is no text to measure with.", "Choose another --book.")
    return texts[:count]


def _print(result: Result) -> None:
    from rich.console import Console
    from rich.table import Table

    facts = result.facts()
    table = Table(title=f"{facts['model']} · {facts['machine']} · {facts['backend']}")
    for column in ("", "tokens/s", "x loop", "peak MB", "same texts"):
        table.add_column(column, justify="right" if column else "left")
    for system in facts["systems"]:
        table.add_row(
            system["name"],
            f"{system['tokens_per_second']:.1f}",
            f"{system['tokens_per_second'] / result.loop.speed:.2f}",
            str(system["peak_mb"]),
            f"{system['same_texts']} of {result.segments}",
        )
    table.add_row("limit: prompt evaluation", f"{result.limit:.1f}", "", "", "")
    Console().print(table)
