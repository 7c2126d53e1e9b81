"""``verso translate``: a text, from the command line, a pipe or an interactive prompt."""

from __future__ import annotations

import argparse
import codecs
import sys
import threading
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from translator.commands.options import (
    add_translation_options,
    model_of,
    sampling_of,
    saved_glossaries,
)
from translator.commands.terminal import errors_console, interruptible, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from translator.streaming import TextResult
    from translator.translator import Translator

FAILED_SEGMENTS = 3
_SHOWN_FAILURES = 10


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "translate",
        help="translate a text",
        description="Translate a text. Without TEXT it is read from standard input; on a "
        "terminal an interactive prompt opens instead.",
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the text; -: standard input")
    add_translation_options(parser)
    parser.add_argument("--json", action="store_true", help="the result and its segments as JSON")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from translator import languages
    from translator.commands.fetch import ensure
    from translator.models.registry import Registry
    from translator.settings import Settings

    settings = Settings.load()
    registry = Registry(settings)
    # Typing errors come to light before a model is fetched or loaded, or a long text is read.
    languages.get(arguments.to)
    if arguments.source != "auto":
        languages.get(arguments.source)
    spec = model_of(arguments, registry)
    if arguments.text is None and sys.stdin.isatty():
        from translator.commands.prompt import Prompt
        from translator.engines.pool import EnginePool

        ensure(spec, registry, settings, download=arguments.download)
        with closing(EnginePool(settings, registry)) as pool:
            return Prompt(arguments, settings, registry, spec, pool).run()
    text = _read_input() if arguments.text in (None, "-") else arguments.text
    if not text.strip():
        return 0
    glossaries = saved_glossaries(arguments, settings)
    ensure(spec, registry, settings, download=arguments.download)
    from translator.translator import Translator

    with Translator(spec.id, settings=settings) as translator, interruptible() as stop:
        return _translate(translator, text, arguments, glossaries, stop)


def _read_input() -> str:
    """Standard input: UTF-8, or UTF-16 where it says so."""
    from translator.errors import InputError

    data = sys.stdin.buffer.read()
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "The input is not UTF-8 text.",
            "Convert it first, e.g. with iconv; `verso book` reads .txt files in any encoding.",
        ) from error


def _translate(
    translator: Translator,
    text: str,
    arguments: argparse.Namespace,
    glossaries: Sequence[Path],
    stop: threading.Event,
) -> int:
    from translator.commands.streamed import print_stream

    updates = translator.stream(
        text,
        to=arguments.to,
        source=arguments.source,
        style=arguments.style,
        brief=arguments.brief,
        glossaries=glossaries,
        sampling=sampling_of(arguments),
        stop=stop,
    )
    if sys.stdout.isatty() and not arguments.json:
        result = print_stream(updates, f"Loading {translator.model.name}")
    else:
        console = errors_console()
        with console.status(f"Loading {translator.model.name}") as status:
            for update in updates:
                if update.total:
                    status.update(f"Translating: {update.done} of {update.total} segments")
        assert update.result is not None
        result = update.result
        if arguments.json:
            print_json(as_dict(result))
        else:
            print(result.text.rstrip("\r\n"))
    return report_failures(result)


def as_dict(result: TextResult) -> dict[str, Any]:
    """The result as ``--json`` prints it."""
    from translator.report import readable

    return {
        "text": result.text,
        "source": result.source,
        "target": result.target,
        "model": result.model,
        "failed": result.failed,
        "seconds": round(result.seconds, 3),
        "new_tokens": result.new_tokens,
        "segments": [
            {
                "id": pair.segment.id,
                "status": pair.translation.status.value,
                "reason": pair.translation.reason,
                "checks": [asdict(check) for check in pair.translation.checks],
                "source": readable(pair.segment.text),
                "target": readable(pair.translation.text),
            }
            for pair in result.segments
        ],
    }


def report_failures(result: TextResult) -> int:
    """Name the segments that failed; return the exit code."""
    from translator.types import Status

    if not result.failed:
        return 0
    say(
        f"verso: {result.failed} of {len(result.segments)} segments could not be translated "
        "and stand in the source language:"
    )
    failed = [p for p in result.segments if p.translation.status is Status.FAILED]
    for pair in failed[:_SHOWN_FAILURES]:
        say(f"  {pair.segment.id} ({pair.translation.reason}): {pair.segment.text[:60]}")
    if len(failed) > _SHOWN_FAILURES:
        say(f"  and {len(failed) - _SHOWN_FAILURES} more")
    return FAILED_SEGMENTS
