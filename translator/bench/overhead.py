"""What everything that is not the model costs: whole commands, each in a fresh process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from translator.books.base import output_suffix
from translator.errors import VersoError

TIMES = (1, 10, 100)
_STARTS = 5
# The process reads its peak itself.
_PROGRAM = """
import os
import sys
from translator.cli import main
from translator.process_memory import peak_memory
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print(f"peak {peak_memory(os.getpid())}", file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and peak memory (MB) of a command."""

    seconds: float
    peak_mb: int


def pseudo_book(book: Path) -> Cost:
    """A dry run over a book, file to file, with its report.

    Raises:
        VersoError: the command failed.
    """
    with tempfile.TemporaryDirectory(prefix="verso-bench-") as scratch:
        out = Path(scratch) / f"out{output_suffix(book)}"
        return command(
            ["book", str(book), "--from", "en", "--to", "de", "--model", "pseudo", "-o", str(out),
             "--report", f"{scratch}/report.json"],
            Path(scratch) / "home",
        )  # fmt: skip


def growth(text: str) -> dict[int, Cost]:
    """Dry runs over a text of so many times the length."""
    costs = {}
    with tempfile.TemporaryDirectory(prefix="verso-bench-") as scratch:
        for times in TIMES:
            book = Path(scratch) / f"{times}.txt"
            # Numbered, since equal segments are asked only once.
            parts = [f"{n} {part}" for n in range(times) for part in text.split("\n\n")]
            book.write_text("\n\n".join(parts), encoding="utf-8")
            costs[times] = pseudo_book(book)
    return costs


def start_up() -> float:
    """Seconds of ``verso --help``, the median of a few."""
    with tempfile.TemporaryDirectory(prefix="verso-bench-") as scratch:
        runs = [command(["--help"], Path(scratch)).seconds for _ in range(_STARTS)]
    return statistics.median(runs)


def command(arguments: list[str], home: Path) -> Cost:
    """Run ``verso`` with a data home of its own.

    Raises:
        VersoError: it ended with an error.
    """
    environment = {**os.environ, "VERSO_HOME": str(home)}
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
    )
    seconds = time.monotonic() - start
    if done.returncode:
        raise VersoError(
            f"`verso {' '.join(arguments)}` ended with code {done.returncode}.",
            "Run it by itself to see why.",
        )
    return Cost(seconds, int(done.stderr.split()[-1]))
