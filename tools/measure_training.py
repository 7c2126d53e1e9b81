"""Tokens a second of a training: transformers' plain Trainer against Verso's, on the same data.

    python tools/measure_training.py --base FOLDER_OR_ID --corpus CORPUS [--steps 4] [--batch 16]

Both train the same LoRA on the same examples on this machine. The plain one is
``transformers.Trainer`` with bf16 as anybody would call it: the whole model in fp32 under autocast,
logits of every place, examples in a random order, padded to the longest of a batch. Verso's is
:class:`trainer.train_loop.Loop`. Counted are target tokens (those that are trained) and seconds
inside of steps. Each runs in a process of its own; processor time tells more than the clock on a
busy machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trainer.config import RunSettings
from trainer.dataset_examples import IGNORED

WAYS = ("plain", "verso")


def main() -> None:
    """Measure both ways, or (``--way``) one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--length", type=int, default=384)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--way", choices=WAYS)
    wanted = parser.parse_args()
    if wanted.way:
        print(json.dumps(measure(wanted)))
        return
    rows = {}
    for way in WAYS:
        done = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--way", way],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        row = rows[way] = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{way}: {row['tokens']} target tokens in {row['seconds']:.1f} s, "
            f"{row['tokens'] / row['seconds']:.1f} a second "
            f"({row['tokens'] / row['cpu']:.1f} a second of one processor), "
            f"{row['memory_mb']:.0f} MB",
            flush=True,
        )
    gains = [
        rows["verso"]["tokens"] / rows["verso"][by] * rows["plain"][by] / rows["plain"]["tokens"]
        for by in ("seconds", "cpu")
    ]
    print(f"{gains[0]:.2f} times as fast by the clock, {gains[1]:.2f} by processor time")


def measure(wanted: argparse.Namespace) -> dict[str, float]:
    """One way: target tokens, seconds and processor seconds of its steps, the most memory (MB)."""
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        loop = (_verso if wanted.way == "verso" else _plain)(wanted, Path(folder), clock)
        loop.add_callback(clock.callback())
        loop.train()
    return clock.row()


def _parts(wanted: argparse.Namespace, folder: Path) -> tuple[Any, Any, Any, Any]:
    """Data, arguments, plan and precision of a run with one epoch over few examples."""
    from trainer import runs, train_loop, train_model, train_plan
    from trainer.train_work import Work

    values = {
        "model": {"base": wanted.base, "style": "tagged"},
        "data": {
            "corpus": str(Path(wanted.corpus).resolve()),
            "length": wanted.length,
            "limit": (wanted.steps + 1) * wanted.batch,
        },
        "method": {"rank": wanted.rank, "alpha": 2.0 * wanted.rank},
        "training": {
            "batch": wanted.batch, "accumulation": 1, "steps": wanted.steps + 1,
            "learning-rate": 1e-4, "precision": wanted.precision,
        },
        "evaluation": {"every": 0, "lines": 0, "metric": "loss"},
    }  # fmt: skip
    run = runs.create(RunSettings.of(values), folder)
    work = Work.of(run, run.settings, lambda _, __: None)
    where = train_model.device()
    exact = train_model.precision(wanted.precision, where)
    plan = train_plan.plan(run.settings, work.lengths, 1)
    arguments = train_loop.arguments(run.settings, folder, plan, exact, where, resumed=True)
    arguments.save_strategy = "no"
    return work, arguments, plan, exact


def _verso(wanted: argparse.Namespace, folder: Path, clock: _Clock) -> Any:
    from trainer import train_loop, train_lora, train_model
    from trainer.train_objective import Imitation
    from trainer.train_watch import Watch

    work, arguments, plan, exact = _parts(wanted, folder)
    model = train_model.load(work.base, work.settings, exact, train_model.device())
    train_lora.quicken(model)
    loop = train_loop.Loop(
        model, arguments, work.dataset, Imitation(model, clock.counting(work.collate), 0.0),
        plan=plan, dev=work.dev(), watch=work.watch(plan), stopping=lambda: False,
    )  # fmt: skip
    loop.remove_callback(Watch)
    return loop


def _plain(wanted: argparse.Namespace, folder: Path, clock: _Clock) -> Any:
    import transformers

    from trainer import train_model

    work, arguments, _, __ = _parts(wanted, folder)
    exact = train_model.Precision("fp32")
    model = train_model.load(work.base, work.settings, exact, train_model.device())
    arguments.learning_rate = 1e-4
    columns = ["input_ids", "labels"]
    return transformers.Trainer(
        model, arguments, clock.counting(work.collate), work.dataset.select_columns(columns)
    )


class _Clock:
    """Tokens and time of steps; the first one, which prepares kernels, does not count."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._steps: list[tuple[float, float]] = []
        self._began = (0.0, 0.0)

    def counting(self, collate: Any) -> Any:
        """The same batches, and their target tokens noted."""

        def counted(rows: Any) -> Any:
            batch = collate(rows)
            self._tokens.append(int((batch["labels"] != IGNORED).sum()))
            return batch

        return counted

    def callback(self) -> Any:
        """For a Trainer."""
        import transformers

        class Callback(transformers.TrainerCallback):  # type: ignore[misc]
            def on_step_begin(_, *__: Any, **___: Any) -> None:
                self._began = time.monotonic(), time.process_time()

            def on_step_end(_, *__: Any, **___: Any) -> None:
                wall, cpu = self._began
                self._steps.append((time.monotonic() - wall, time.process_time() - cpu))

        return Callback()

    def row(self) -> dict[str, float]:
        """What was measured."""
        seconds, cpu = (sum(each) for each in zip(*self._steps[1:], strict=True))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tokens = sum(self._tokens[1 : len(self._steps)])
        return {"tokens": tokens, "seconds": seconds, "cpu": cpu, "memory_mb": most}


if __name__ == "__main__":
    main()
