"""``verso memory``: the translation memory, in and out."""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from translator.commands.terminal import say


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "memory",
        help="import and export the translation memory",
        description="The translation memory as TMX 1.4, which other translation tools read and "
        "write.",
    )
    parser.set_defaults(run=_show)
    actions = parser.add_subparsers(title="actions", metavar="")
    taken = actions.add_parser("import", help="add the translations of a TMX file")
    taken.add_argument("file", type=Path, metavar="FILE.tmx")
    taken.set_defaults(run=_import)
    given = actions.add_parser("export", help="write all translations, or those of two languages")
    given.add_argument("file", type=Path, metavar="FILE.tmx")
    given.add_argument("--from", dest="source", default="", metavar="LANG", help="source language")
    given.add_argument("--to", default="", metavar="LANG", help="target language")
    given.set_defaults(run=_export)


def _show(arguments: argparse.Namespace) -> int:
    from translator.memory import Memory
    from translator.settings import Settings

    with closing(Memory(Settings.load().memory)) as memory:
        counts = memory.counts()
    for (source, target), numbers in counts.items():
        parts = ", ".join(f"{number:,} {origin}" for origin, number in numbers.items())
        print(f"{source} → {target}: {parts}")
    if not counts:
        say("The translation memory is empty.")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from translator import tmx
    from translator.memory import Memory
    from translator.settings import Settings

    skipped: Counter[str] = Counter()
    with closing(Memory(Settings.load().memory)) as memory:
        count = memory.add(tmx.read(arguments.file, skipped))
    say(f"Taken into the memory: {count:,}.")
    for reason, number in skipped.items():
        say(f"Left out ({reason}): {number:,}.")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from translator import languages, tmx
    from translator.errors import InputError
    from translator.memory import Memory
    from translator.settings import Settings

    source = languages.get(arguments.source).tag if arguments.source else ""
    target = languages.get(arguments.to).tag if arguments.to else ""
    with closing(Memory(Settings.load().memory)) as memory:
        units = memory.units(source, target)
        first = next(units, None)
        if first is None:
            raise InputError("The memory has no such translations.", "Nothing was written.")
        sources = {of for of, to in memory.counts() if target in ("", to)}
        header = source or (sources.pop() if len(sources) == 1 else "*all*")
        count = tmx.write(arguments.file, memory.units(source, target), header)
    say(f"Written: {count:,}.")
    print(arguments.file)
    return 0
