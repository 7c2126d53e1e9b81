"""The training process: ``python -m trainer.train RUN_FOLDER [--resume]``.

All that it is told is in the run folder, and all that it has to say goes there. Started by
several processes together (torchrun, ``accelerate launch``) they share one training.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from trainer import train_world
from trainer.runs import Run
from translator.errors import InputError, VersoError

_MEMORY_HINT = "Set training.batch lower (accumulation higher), or training.checkpointing to true."


def main(argv: Sequence[str] | None = None) -> int:
    """Train a run to its end, or until somebody stops it."""
    parser = argparse.ArgumentParser(prog="trainer.train", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    wanted = parser.parse_args(argv)
    run = Run(wanted.folder.resolve())
    with ExitStack() as stack:
        try:
            if train_world.is_first():
                stack.enter_context(run.hold())
        except VersoError as error:
            print(error, file=sys.stderr)
            return 1
        try:
            stopped = train(run, resume=wanted.resume)
        except VersoError as error:
            return _failed(run, error.message, error.hint)
        except Exception as error:
            traceback.print_exc()
            if _is_memory(error):
                return _failed(run, "The memory of this machine was not enough.", _MEMORY_HINT)
            return _failed(run, f"{type(error).__name__}: {error}", "The log says where.")
        if train_world.is_first():
            _end(run, "stopped" if stopped else "done", eta=None if stopped else 0.0)
        train_world.leave()
    return 0


def train(run: Run, *, resume: bool) -> bool:
    """Train; returns whether it was stopped. Raises :class:`VersoError` for what cannot be."""
    settings = run.settings
    _tell(run, state="starting", pid=os.getpid(), started=time.time(), message="Loading.", hint="")

    import torch
    import transformers

    from trainer import train_loop, train_lora, train_model, train_objective, train_plan
    from trainer.train_work import Work

    if settings.machine.threads:
        torch.set_num_threads(settings.machine.threads)
    transformers.set_seed(settings.training.seed)
    transformers.utils.logging.disable_progress_bar()
    work = Work.of(run, settings, lambda text, share: _progress(run, text, share))
    where = train_model.device()
    exact = train_model.precision(settings.training.precision, where)
    model = train_model.load(work.base, settings, exact, where)
    train_lora.quicken(model)
    plan = train_plan.plan(settings, work.lengths, train_world.size())
    checkpoint = _checkpoint(run) if resume else None
    _describe(run, work, model, plan, exact, where, checkpoint)
    watch = work.watch(plan)
    if checkpoint:
        watch.recall(_step(checkpoint))
    arguments = train_loop.arguments(
        settings, run.folder, plan, exact, where, resumed=checkpoint is not None
    )
    loop = train_loop.Loop(
        model,
        arguments,
        work.dataset,
        train_objective.objective(work, model, plan, watch.note),
        plan=plan,
        dev=work.dev(),
        watch=watch,
        stopping=lambda: run.stopping,
    )
    loop.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return watch.stopped


def _describe(
    run: Run, work: Any, model: Any, plan: Any, exact: Any, where: Any, checkpoint: Path | None
) -> None:
    """Say what is going to be done, in the log and in the status."""
    learning = sum(each.numel() for each in model.parameters() if each.requires_grad)
    every = sum(each.numel() for each in model.parameters())
    if train_world.is_first():
        for line in work.account():
            print(line)
        print(
            f"{learning:,} of {every:,} weights are trained, in {exact.name} on {where.type}: "
            f"{plan.steps:,} steps of {plan.together} examples."
        )
        if checkpoint:
            print(f"Going on from {checkpoint.name}.")
    _tell(
        run, base=work.base.id, base_hash=work.base.hash, style=work.style.id,
        corpus_hash=work.corpus.hash, rows=len(work.dataset), steps=plan.steps, message="",
        resumed_from=_step(checkpoint) if checkpoint else 0,
    )  # fmt: skip


def _checkpoint(run: Run) -> Path | None:
    """The last complete one."""
    found = run.checkpoints()
    return found[-1] if found else None


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(
        words in str(error) for words in ("out of memory", "can't allocate memory")
    )


def _progress(run: Run, text: str, share: float) -> None:
    _tell(run, message=f"{text}: {share:.0%}")


def _tell(run: Run, **fields: Any) -> None:
    if train_world.is_first():
        run.write_status(**fields)


def _failed(run: Run, message: str, hint: str) -> int:
    print(f"{message} {hint}", file=sys.stderr)
    if train_world.is_first():
        _end(run, "failed", message=InputError(message, hint).message, hint=hint)
    return 1


def _end(run: Run, state: str, **fields: Any) -> None:
    run.write_status(state=state, pid=0, finished=time.time(), **fields)


if __name__ == "__main__":
    sys.exit(main())
