"""What a training strives for: imitating translations, preferring some, or earning rewards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import torch

from trainer.train_batches import Batch, Collate
from trainer.train_loss import TargetLoss

if TYPE_CHECKING:
    from trainer.train_plan import Plan
    from trainer.train_work import Work

Note = Callable[[dict[str, float]], None]  # takes numbers for the curves


class Objective(Protocol):
    """The part of a training that is different from one kind to the other."""

    @property
    def collate(self) -> Collate:
        """Makes batches of rows."""
        ...

    def begin(self, model: Any) -> None:
        """Look at the model as the run found it, also when it is gone on with."""
        ...

    def prepare(
        self, model: Any, batches: list[Batch], tokens: int, step: int
    ) -> tuple[list[Batch], int]:
        """The batches of a step as :meth:`loss` takes them, and the target tokens in them.

        ``tokens``: the labels of the batches as they came, over all processes.
        """
        ...

    def loss(self, model: Any, batch: Batch, tokens: int) -> torch.Tensor:
        """The share of a batch in the loss of a step, all processes together."""
        ...


class Imitation:
    """The mean loss over the target tokens of a step."""

    def __init__(self, model: Any, collate: Collate, smoothing: float) -> None:
        self.collate = collate
        self._loss = TargetLoss(model, smoothing)

    def begin(self, model: Any) -> None:
        """Nothing to look at."""

    def prepare(
        self, model: Any, batches: list[Batch], tokens: int, step: int
    ) -> tuple[list[Batch], int]:
        """As they are."""
        return batches, tokens

    def loss(self, model: Any, batch: Batch, tokens: int) -> torch.Tensor:
        """The sum over a batch, by the tokens of the step."""
        return self._loss(model, batch) / tokens


def objective(work: Work, model: Any, plan: Plan, note: Note) -> Objective:
    """What the settings of a run ask for. Raises :class:`InputError` for what cannot be had."""
    preference = work.settings.preference
    if preference.kind == "none":
        return Imitation(model, work.collate, work.settings.training.label_smoothing)
    _without_dropout(model)
    if preference.kind == "dpo":
        from trainer.train_dpo import Dpo

        return Dpo(work, model, plan, note)
    from trainer.train_grpo import Grpo
    from trainer.train_mrt import MinimumRisk

    return (Grpo if preference.kind == "grpo" else MinimumRisk)(work, model, plan, note)


def _without_dropout(model: Any) -> None:
    """Probabilities are compared with each other: they must not differ by chance."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "attention_dropout", "activation_dropout"):
            if isinstance(getattr(module, name, None), float):  # as Marian's layers have it
                setattr(module, name, 0.0)
