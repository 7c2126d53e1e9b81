"""``verso``: the command line."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from trainer.commands import align, compare, corpus, evaluate, export, runs, train
from translator import __version__
from translator.commands import bench, book, glossary, jobs, memory, models, serve, translate
from translator.commands.terminal import complain
from translator.errors import Cancelled, VersoError

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    top = argparse.ArgumentParser(
        prog="verso",
        description="Translate texts and whole books on this machine.",
        epilog="Exit codes: 0 all good, 1 an error that you can mend, 2 wrong usage, "
        "3 finished with failed segments.",
    )
    top.add_argument("--version", action="version", version=f"verso {__version__}")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="")
    for module in (
        translate, book, jobs, models, memory, glossary, corpus, align, train, runs, export,
        evaluate, compare, serve, bench,
    ):  # fmt: skip
        module.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors of a user never show a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Translations are UTF-8 whatever the locale says; a name that is not may be in an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except Cancelled as stopped:
        complain(stopped)
        return INTERRUPTED
    except VersoError as error:
        complain(error)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; what Python still flushes must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
