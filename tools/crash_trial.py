"""Kill ``verso book`` at random moments, again and again, and prove that nothing was lost.

    python tools/crash_trial.py BOOK --kills 20

One run is left alone. Another one, with a data folder of its own, is killed (SIGKILL, the whole
process) and started again with the same command each time. The dry run answers slowly at first,
so that kills come between segments; the last third of the kills comes after all is translated,
while the book is written and read again. Afterwards:

- the book has the same bytes as that of the run left alone (dry run only),
- every segment that was stored is still stored, word for word, and each one is there once,
- no temporary file and no process is left over.

With ``--model`` a real model is killed in the same way. Exit code 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Row = tuple[str, str, str | None, str | None]  # id, source, status, target
_SLOW_SHARE = 2 / 3  # of the kills come while the engine is slow


def slow_cli(arguments: Sequence[str]) -> int:
    """``verso`` whose dry run waits before each answer: seconds, then the command line."""
    from translator import cli
    from translator.engines.base import Request, Sink
    from translator.engines.pseudo import PseudoEngine

    pause = float(arguments[0])
    submit = PseudoEngine.submit

    def wait(engine: PseudoEngine, request: Request, sink: Sink) -> None:
        time.sleep(pause)
        submit(engine, request, sink)

    if pause:
        PseudoEngine.submit = wait  # type: ignore[method-assign,assignment]
    return cli.main(arguments[1:])


@dataclass
class Trial:
    """A book that is translated with interruptions, in ``folder``."""

    folder: Path
    book: Path
    target: str
    model: str
    moments: Counter[str] = field(default_factory=Counter)
    stored: dict[str, Row] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    processes: int = 0

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir(parents=True)

    @property
    def output(self) -> Path:
        """Where the translation goes."""
        suffix = ".epub" if self.book.suffix == ".pdf" else self.book.suffix
        return self.folder / "out" / f"book{suffix}"

    def start(self, pause: float) -> subprocess.Popen[bytes]:
        """Start or go on, in a process group of its own."""
        self.output.parent.mkdir(exist_ok=True)
        command = ["book", str(self.book), "--to", self.target, "--model", self.model]
        command += ["-o", str(self.output), "--no-memory"]
        home = {"VERSO_HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp")}
        return subprocess.Popen(
            [sys.executable, __file__, "--child", str(pause), *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self, pause: float) -> float:
        """Run to the end; returns the seconds it took. Raises when it does not end well."""
        began = time.monotonic()
        process = self.start(pause)
        _, said = process.communicate()
        if process.returncode not in (0, 3):
            raise SystemExit(f"The run ended with {process.returncode}:\n{said.decode()}")
        return time.monotonic() - began

    def kill(self, pause: float, after: float) -> bool:
        """Kill a run after some seconds; ``False`` when its job had ended before."""
        process = self.start(pause)
        try:
            process.wait(after)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.stderr is not None
        process.stderr.close()
        if self._ask("SELECT 1 FROM jobs WHERE state = 'done'"):
            return False  # killed on its way out: the same command would be a new job
        self.moments[self.phase()] += 1
        self.processes += _left_over(process.pid)
        self.compare()
        return True

    def compare(self) -> None:
        """Note what was stored once and is not stored any more, or otherwise."""
        now = {row[0]: row for row in self.rows() if row[2] is not None}
        self.lost += [i for i, row in self.stored.items() if now.get(i) != row]
        self.stored = now

    def phase(self) -> str:
        """What the killed run was doing, as far as the store knows."""
        found = self._ask("SELECT phase FROM jobs")
        return str(found[0][0] or "starting") if found else "starting, reading the book"

    def rows(self) -> list[Row]:
        """All segments of the job, in document order."""
        return self._ask("SELECT id, source, status, target FROM segments ORDER BY ordinal")

    def _ask(self, query: str) -> list[Row]:
        path = self.folder / "home" / "verso.db"
        if not path.exists():
            return []
        db = sqlite3.connect(path)
        try:
            return db.execute(query).fetchall()
        except sqlite3.OperationalError:  # killed before there were tables
            return []
        finally:
            db.close()

    def orphans(self) -> list[str]:
        """Files that nobody will ever look at again."""
        left = [p for p in self.output.parent.iterdir() if p != self.output]
        left += (self.folder / "tmp").iterdir()
        left += (self.folder / "home").glob("books/*/.*")
        return [str(p.relative_to(self.folder)) for p in left]


def _left_over(group: int) -> int:
    """1 if a process of the group is still there after three seconds."""
    for _ in range(30):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return 0
        time.sleep(0.1)
    return 1


def trial(
    folder: Path, book: Path, target: str, model: str, kills: int, seconds: float, seed: int
) -> dict[str, object]:
    """Run both and compare. ``seconds`` are what translating lasts when nobody kills it.

    A book that is finished before all kills came is begun anew for the rest of them.
    """
    whole = Trial(folder / "whole", book, target, model)
    took = whole.finish(0.0)
    segments = whole.rows()
    random_source = random.Random(seed)
    slow = round(kills * _SLOW_SHARE) if model == "pseudo" else kills
    pause = seconds / len(segments) if model == "pseudo" else 0.0
    trials: list[Trial] = []
    done = 0
    while done < kills:
        killed = Trial(folder / f"killed{len(trials)}", book, target, model)
        trials.append(killed)
        alive = True
        while alive and done < kills:
            fast = done >= slow
            length = took if fast else took + seconds / slow if pause else took / kills
            alive = killed.kill(0.0 if fast else pause, random_source.uniform(0.05, length))
            done += alive
        if alive:
            killed.finish(0.0)
        killed.compare()
    expected = [row[:2] for row in segments]
    same = [
        [row[:2] for row in t.rows()] == expected and all(row[2] for row in t.rows())
        for t in trials
    ]
    return {
        "book": book.name,
        "model": model,
        "segments": len(segments),
        "kills": done,
        "moments": dict(sum((t.moments for t in trials), Counter())),
        "books": len(trials),
        "identical": all(t.output.read_bytes() == whole.output.read_bytes() for t in trials),
        "same_segments": all(same),
        "changed_after_stored": [i for t in trials for i in t.lost],
        "temporary_files": [name for t in trials for name in t.orphans()],
        "processes_left": sum(t.processes for t in trials),
    }


def main() -> int:
    """Run the trial and print its result as JSON."""
    if sys.argv[1:2] == ["--child"]:
        return slow_cli(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("book", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="of slow translating")
    parser.add_argument("--to", default="de")
    parser.add_argument("--model", default="pseudo")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = trial(
            Path(name), asked.book.resolve(), asked.to, asked.model, asked.kills, asked.seconds,
            asked.seed,
        )  # fmt: skip
    print(json.dumps(result, indent=1))
    good = result["same_segments"] and not result["changed_after_stored"]
    good = good and not result["temporary_files"] and not result["processes_left"]
    return 0 if good and (result["identical"] or asked.model != "pseudo") else 1


if __name__ == "__main__":
    sys.exit(main())
