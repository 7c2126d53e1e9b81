"""The training itself: transformers' Trainer with our order, rates, loss and evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.optim.lr_scheduler import LambdaLR

from trainer import train_world
from trainer.config import RunSettings
from trainer.train_batches import InOrder
from trainer.train_dev import DevSet
from trainer.train_loss import TargetLoss
from trainer.train_model import Precision
from trainer.train_objective import Objective
from trainer.train_plan import Plan
from trainer.train_watch import Watch

_ROWS = 400  # of the curves, about


class Loop(transformers.Trainer):  # type: ignore[misc]
    """A Trainer that goes the way of a plan, as one long epoch."""

    control: Any
    lr_scheduler: Any

    def __init__(
        self,
        model: Any,
        arguments: Any,
        dataset: Any,
        objective: Objective,
        *,
        plan: Plan,
        dev: DevSet | None,
        watch: Watch,
        stopping: Callable[[], bool],
    ) -> None:
        super().__init__(
            model=model,
            args=arguments,
            train_dataset=dataset,
            data_collator=objective.collate,
            callbacks=[watch],
        )
        self.remove_callback(transformers.PrinterCallback)
        self.remove_callback(transformers.ProgressCallback)
        self.model_accepts_loss_kwargs = True  # our loss is a mean over a whole step
        self._loss_shifts_labels = not model.config.is_encoder_decoder
        self._plan = plan
        self._dev = dev
        self._watch = watch
        self._stopping = stopping
        self._objective = objective
        self._dev_loss = TargetLoss(model)
        with self._autocast():
            objective.begin(model)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return InOrder(self._plan.order)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The rates of the plan: the optimizer's own rate is 1."""
        if self.lr_scheduler is None:
            rate = self._plan.rate
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: rate(step))
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The share of a batch in the loss of a whole step."""
        assert num_items_in_batch is not None
        loss = self._objective.loss(model, inputs, int(num_items_in_batch))
        # Gradients of several processes are averaged, and this is a sum over them.
        return loss * self.accelerator.num_processes

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The batches of a step, and its target tokens over all processes."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        with self._autocast():
            batches, tokens = self._objective.prepare(
                self.model, batches, int(count), self.state.global_step
            )
        self._watch.tokens += tokens
        return batches, count

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Loss and chrF++ on the dev part, where there is one."""
        if self._dev is None:
            return {}
        began = time.monotonic()
        self._watch.evaluating(self.state)
        with self._autocast():
            found = self._dev.evaluate(self.model, self._dev_loss, self._stopping)
        metrics = {} if found is None else {"eval_loss": found.loss}
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        if found is not None:
            self._watch.evaluated(found, time.monotonic() - began, self.state, self.control)
        return metrics

    def _autocast(self) -> Any:
        """What the model computes in, for what goes past the training's own steps."""
        kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.accelerator.mixed_precision)
        return torch.autocast(self.args.device.type, dtype=kind, enabled=kind is not None)


def arguments(
    settings: RunSettings, folder: Path, plan: Plan, exact: Precision, where: torch.device,
    *, resumed: bool,
) -> Any:  # fmt: skip
    """What transformers must know."""
    training = settings.training
    return transformers.TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=1,
        per_device_train_batch_size=training.batch,
        gradient_accumulation_steps=training.accumulation,
        learning_rate=1.0,  # the schedule gives the rate itself
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        optim=training.optimizer,
        neftune_noise_alpha=training.neftune or None,
        gradient_checkpointing=training.checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if training.checkpointing else None,
        bf16=exact.name == "bf16",
        fp16=exact.name == "fp16",
        use_cpu=where.type == "cpu",
        ddp_backend="gloo" if where.type == "cpu" and train_world.size() > 1 else None,
        seed=training.seed,
        save_strategy="steps",
        save_steps=training.save,
        save_total_limit=training.keep + 1,
        eval_on_start=not resumed,
        logging_strategy="steps",
        logging_first_step=True,
        logging_steps=max(1, plan.steps // _ROWS),
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        dataloader_pin_memory=where.type == "cuda",
        disable_tqdm=True,
        report_to="none",
    )
