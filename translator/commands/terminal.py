"""Talking to a person at a terminal, or to a pipe."""

from __future__ import annotations

import csv
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from translator.errors import VersoError, one_line

if TYPE_CHECKING:
    from rich.console import Console


def complain(error: VersoError) -> None:
    """Say what is wrong and what to do, on standard error."""
    say(f"verso: {error.message}")
    if error.hint:
        say(f"  {error.hint}")


def say(line: str) -> None:
    """A line on standard error: standard output holds results only."""
    print(one_line(line), file=sys.stderr, flush=True)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """While inside, Ctrl+C sets the event; the second one raises :class:`KeyboardInterrupt`.

    So work can end at a good place: an exception out of nowhere would also hit libraries that
    are not made for it.
    """
    stop = threading.Event()

    def handle(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def is_terminal() -> bool:
    """Whether a person can be asked: both the question and the answer go through a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, default: bool) -> bool:
    """A yes-or-no question on the terminal; no answer (end of file) is no."""
    print(f"{question} [{'Y/n' if default else 'y/N'}] ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        say("")
        return False
    answer = line.strip().lower()
    return answer in ("y", "yes") if answer else default


def errors_console() -> Console:
    """A rich console on standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for a person, tab-separated values for a program."""
    if not sys.stdout.isatty():
        writer = csv.writer(sys.stdout, "excel-tab", lineterminator="\n")
        writer.writerows([columns, *rows])
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def print_json(data: Any) -> None:
    """JSON on standard output."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def size(count: int) -> str:
    """A number of bytes for people, e.g. ``1.12 GB``."""
    if count >= 1_000_000_000:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1_000_000 else f"{count / 1e3:.0f} kB"


def duration(seconds: float) -> str:
    """A time span for people, e.g. ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
