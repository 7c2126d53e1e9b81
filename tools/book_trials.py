"""Give every book in a folder to ``verso book`` with the dry run, and make a table of it.

    python tools/book_trials.py FOLDER --output table.md

A row a book: segments, coverage, errors of epubcheck before and after and those that Verso
introduced, seconds of processor time and the largest memory of any one process, both without
epubcheck. ``table.json`` has the same. Exit code 1 when a book is not covered or an error was
introduced.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from translator.books.base import SUFFIXES, output_suffix  # noqa: E402

_COLUMNS = {
    "book": "book",
    "segments": "segments",
    "translated": "translated",
    "kept": "kept",
    "failed": "failed",
    "coverage": "coverage",
    "before": "epubcheck before",
    "after": "after",
    "introduced": "introduced",
    "seconds": "seconds",
    "megabytes": "peak MB",
    "said": "said",
}
# Linux counts a process's own memory only; the readers' and epubcheck's processes come apart.
_RUN = """
import resource, runpy, sys
code = 1
try:
    sys.argv = ["verso", *sys.argv[1:]]
    runpy.run_module("translator.cli", run_name="__main__")
except SystemExit as end:
    code = end.code
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, {children})]
seconds = sum(u.ru_utime + u.ru_stime for u in dict.fromkeys(used))
print(f"used {seconds:.1f} {max(u.ru_maxrss for u in used)}", file=sys.stderr)
sys.exit(code)
"""


@dataclass
class Row:
    """What happened to a book. ``None``: not known or not asked for."""

    book: str
    segments: int | None = None
    translated: int | None = None
    kept: int | None = None
    failed: int | None = None
    coverage: float | None = None
    before: int | None = None
    after: int | None = None
    introduced: int | None = None
    seconds: float = 0.0  # of processor time
    megabytes: int = 0
    said: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing was lost; a book that was refused with a sentence has no table."""
        return bool(self.said) or (self.coverage == 1.0 and not self.introduced)


def trial(path: Path, name: str, target: str, validate: bool, folder: Path) -> Row:
    """Translate one book with the dry run."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    output = folder / f"out{output_suffix(path)}"
    command = ["book", str(path), "--to", target, "--model", "pseudo", "-o", str(output)]
    command += ["--report", str(report), *(["--validate"] if validate else [])]
    # A validator's memory is Java's, not Verso's.
    children = "resource.RUSAGE_SELF" if validate else "resource.RUSAGE_CHILDREN"
    done = subprocess.run(
        [sys.executable, "-c", _RUN.replace("{children}", children), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "VERSO_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    *lines, used = done.stderr.splitlines()
    _, seconds, peak = used.split()
    row = Row(name, seconds=float(seconds), megabytes=int(peak) >> 10)
    if not report.exists():
        complaints = [line for line in lines if line.startswith("verso: ")]
        row.said = complaints[0].removeprefix("verso: ") if complaints else ""
        return row
    data = json.loads(report.read_text(encoding="utf-8"))
    counts, checked = data["segments"], data["validation"]
    row.segments, row.coverage = counts["total"], data["coverage"]
    row.translated, row.kept, row.failed = (
        counts[status] for status in ("translated", "kept", "failed")
    )
    row.before, row.after, row.introduced = (
        checked[when] for when in ("before", "after", "introduced")
    )
    return row


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| " + " | ".join(_COLUMNS.values()) + " |", "|" + "---|" * len(_COLUMNS)]
    for row in rows:
        lines.append("| " + " | ".join(map(_cell, asdict(row).values())) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return value.replace("|", "/") if isinstance(value, str) else f"{value:,}"


def main() -> int:
    """Run all trials."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, default=Path("book_table.md"))
    parser.add_argument("--to", default="de", help="books in this language go into --other")
    parser.add_argument("--other", default="fr")
    parser.add_argument("--no-validate", dest="validate", action="store_false")
    asked = parser.parse_args()
    rows = []
    books = sorted(p for p in asked.folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    for path in (p for p in books if p.stem.lower() != "readme"):
        name = str(path.relative_to(asked.folder))
        target = asked.other if path.stem.endswith(f".{asked.to}") else asked.to
        with tempfile.TemporaryDirectory() as folder:
            rows.append(trial(path, name, target, asked.validate, Path(folder)))
        print(json.dumps(asdict(rows[-1])), flush=True)
        asked.output.write_text(table(rows), encoding="utf-8")
        listed = json.dumps([asdict(row) for row in rows], indent=1)
        asked.output.with_suffix(".json").write_text(listed + "\n", encoding="utf-8")
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
