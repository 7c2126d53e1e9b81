"""Tells the run folder how the training goes, and the training what is wished there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import torch
from transformers import TrainerCallback

from trainer import train_world
from trainer.config import RunSettings
from trainer.runs import METRICS, SAMPLES, Run
from trainer.train_dev import Found
from trainer.train_plan import Plan
from trainer.train_writing import Line
from translator.errors import InputError

_PERIOD = 1.0  # seconds between two writings of the status
_SMOOTH = 0.9  # of the mean time of a step
_WEIGHTS = ("adapter_*", "model*.safetensors*", "config.json", "generation_config.json")


class Watch(TrainerCallback):  # type: ignore[misc]
    """Writes status, metrics and samples; decides when to evaluate, to save and to stop.

    ``tokens`` is counted up by the trainer: target tokens of all processes. ``looks``: there is
    something to evaluate with.
    """

    def __init__(
        self, run: Run, settings: RunSettings, plan: Plan, tokenizer: Any, *, looks: bool = True
    ) -> None:
        self._looks = looks
        self.tokens = 0
        self.stopped = False
        self._run = run
        self._settings = settings
        self._plan = plan
        self._tokenizer = tokenizer
        self._best: float | None = None
        self._best_step = 0
        self._waited = 0  # evaluations since the best one
        self._step_time = 0.0  # seconds
        self._evaluation_time = 0.0  # seconds
        self._began = 0.0
        self._told = 0.0
        self._logged = (0, 0.0)  # tokens, and seconds of training, at the last row
        self._seconds = 0.0
        self._noted: dict[str, list[float]] = {}

    def note(self, numbers: dict[str, float]) -> None:
        """Take numbers for the curves; a row has their means since the last one."""
        for name, number in numbers.items():
            self._noted.setdefault(name, []).append(number)

    def recall(self, step: int) -> None:
        """Take up what is known of a run up to a step, from its metrics."""
        for row in self._run.metrics():
            if row["step"] > step:
                break
            self.tokens = row.get("tokens", self.tokens)
            if "dev_loss" in row and row["step"]:
                self._judge(row["step"], row["dev_loss"], row.get("chrf_mean"))
        self._logged = (self.tokens, 0.0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say that it begins."""
        self._tell(state="training", step=state.global_step, steps=state.max_steps)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock of a step."""
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Decide what comes after this step."""
        seconds = time.monotonic() - self._began
        self._seconds += seconds
        smooth = _SMOOTH if self._step_time else 0.0
        self._step_time = smooth * self._step_time + (1 - smooth) * seconds
        step, last = state.global_step, state.global_step >= state.max_steps
        every = self._settings.evaluation.every
        self.stopped = train_world.of_first(self._run.stopping) and not last
        control.should_training_stop = control.should_training_stop or self.stopped or last
        due = last or (bool(every) and step % every == 0)
        control.should_evaluate = due and self._looks and not self.stopped
        control.should_save = last or self.stopped or step % self._settings.training.save == 0
        # A row at every checkpoint: what is counted goes on from there.
        control.should_log = control.should_log or control.should_save or control.should_evaluate
        if time.monotonic() > self._told + _PERIOD:
            self._tell(state="training", **self._at(state))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """A row of the curves. Raises :class:`InputError` if the training went astray."""
        if "loss" not in logs:
            return
        tokens, seconds = self._logged
        speed = (self.tokens - tokens) / max(1e-9, self._seconds - seconds)
        self._logged = (self.tokens, self._seconds)
        signals = self._signals()
        row = {
            "step": state.global_step,
            "time": time.time(),
            "loss": logs["loss"],
            "learning_rate": logs["learning_rate"],
            "tokens_per_second": round(speed, 1),
            "grad_norm": logs.get("grad_norm"),
            "tokens": self.tokens,
        } | ({"signals": signals} if signals else {})
        if not train_world.is_first():
            return
        self._run.add_line(METRICS, row)
        print(
            f"step {row['step']}/{state.max_steps}  loss {row['loss']:.4f}  "
            f"rate {row['learning_rate']:.2e}  {speed:.0f} tokens/s"
            + "".join(f"  {name} {number:.3f}" for name, number in signals.items())
        )
        self._tell(
            **self._at(state), loss=row["loss"], learning_rate=row["learning_rate"],
            tokens_per_second=row["tokens_per_second"],
        )  # fmt: skip
        if row["loss"] != row["loss"]:
            raise InputError(
                f"The loss is no number any more after step {state.global_step}.",
                "Set training.learning-rate lower, or training.precision to fp32.",
            )

    def evaluating(self, state: Any) -> None:
        """An evaluation begins."""
        self._tell(state="evaluating", **self._at(state))

    def evaluated(self, found: Found, seconds: float, state: Any, control: Any) -> None:
        """Take up the result of an evaluation; what is before the first step is no candidate."""
        self._evaluation_time = seconds
        step, chrf = state.global_step, found.chrf_mean
        if step and self._judge(step, found.loss, chrf):
            state.best_global_step = step  # transformers keeps the checkpoint of this step
            control.should_save = True
        patience = self._settings.evaluation.patience
        if patience and self._waited >= patience:
            print(f"No gain in {self._waited} evaluations: that was enough.")
            control.should_training_stop = control.should_save = True
        if not train_world.is_first():
            return
        row = {"step": step, "time": time.time(), "dev_loss": found.loss}
        self._run.add_line(METRICS, row | {"chrf": found.chrf, "chrf_mean": chrf})
        for line, text in self._samples(found):
            sample = {
                "step": step, "from": line.task.source, "to": line.task.target,
                "source": line.task.text, "reference": line.reference, "hypothesis": text,
            }  # fmt: skip
            self._run.add_line(SAMPLES, sample)
        shown = "" if chrf is None else f"  dev chrF++ {chrf:.2f}"
        print(f"step {step}/{state.max_steps}  dev loss {found.loss:.4f}{shown}")
        self._tell(
            state="training", **self._at(state), dev_loss=found.loss, chrf=chrf,
            best_step=self._best_step, best_score=self._best,
        )  # fmt: skip

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Give out the weights of the best checkpoint; of the last, until an evaluation chose."""
        if not train_world.is_first():
            return
        step = state.global_step
        last = self.stopped or (not self._looks and step >= state.max_steps)
        if step == self._best_step or (not self._best_step and last):
            folder = Path(args.output_dir) / f"checkpoint-{step}"
            full = self._settings.method.kind == "full"
            _publish(folder, self._run.model if full else self._run.adapter, self._tokenizer)

    def _signals(self) -> dict[str, float]:
        """The means of what was noted since the last row, over all processes."""
        together: dict[str, list[float]] = {}
        for noted in train_world.gathered(self._noted):
            for name, numbers in noted.items():
                together.setdefault(name, []).extend(numbers)
        self._noted = {}
        return {name: sum(each) / len(each) for name, each in together.items()}

    def _judge(self, step: int, loss: float, chrf: float | None) -> bool:
        """Whether an evaluation is the best so far."""
        by_loss = self._settings.evaluation.metric == "loss" or chrf is None
        score = loss if by_loss else chrf
        assert score is not None
        better = self._best is None or (score < self._best if by_loss else score > self._best)
        if better:
            self._best, self._best_step, self._waited = score, step, 0
        else:
            self._waited += 1
        return better

    def _samples(self, found: Found) -> list[tuple[Line, str]]:
        """The first translations of each direction."""
        taken: dict[tuple[str, str], list[tuple[Line, str]]] = {}
        for line, text in found.translations:
            each = taken.setdefault((line.task.source, line.task.target), [])
            if len(each) < self._settings.evaluation.samples:
                each.append((line, text))
        return [sample for each in taken.values() for sample in each]

    def _at(self, state: Any) -> dict[str, Any]:
        """Where the training is, as the status says it."""
        step, every = state.global_step, self._settings.evaluation.every
        left = state.max_steps - step
        looks = 1 + (left // every if every else 0)
        return {
            "step": step,
            "steps": state.max_steps,
            "epoch": round(self._plan.epoch(step), 3),
            "stage": self._plan.place(max(0, step - 1))[0].name,
            "tokens": self.tokens,
            "eta": left * self._step_time + looks * self._evaluation_time if left else 0.0,
            "memory_mb": round(_memory() / 1e6),
        }

    def _tell(self, **fields: Any) -> None:
        if train_world.is_first():
            self._run.write_status(**fields)
            self._told = time.monotonic()


def _memory() -> int:
    """The most that the device gave, or what the process has now; in bytes."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)


def _publish(checkpoint: Path, place: Path, tokenizer: Any) -> None:
    """Copy the weights of a checkpoint; a reader finds the old ones or the new ones."""
    new, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for pattern in _WEIGHTS:
        for path in checkpoint.glob(pattern):
            shutil.copyfile(path, new / path.name)
    tokenizer.save_pretrained(str(new))
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
