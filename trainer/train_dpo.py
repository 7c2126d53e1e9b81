"""Direct preference optimization: the preferred translation more likely than the rejected one.

R. Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward
Model", NeurIPS 2023. An imitation of the preferred translation, by its mean over tokens, can be
added: it keeps the model from making both less likely (CPO, H. Xu et al., ICML 2024; RPO, R. Y.
Pang et al., "Iterative Reasoning Preference Optimization", NeurIPS 2024).

The model it is held to is the one that the run began with: its probabilities are computed once,
before the first step, and kept in the run folder. So no second model is in memory, whatever the
method and the start.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from trainer import train_world
from trainer.dataset_examples import IGNORED
from trainer.train_batches import Batch, PairBatch
from trainer.train_loss import TargetLoss
from trainer.train_objective import Note
from trainer.train_plan import Plan

if TYPE_CHECKING:
    from trainer.train_work import Work

REFERENCE = "reference-{}.npy"  # log-probabilities of all pairs (pairs, 2), and of what they are


class Dpo:
    """An :class:`trainer.train_objective.Objective`. Notes margin, accuracy and probabilities."""

    def __init__(self, work: Work, model: Any, plan: Plan, note: Note) -> None:
        self.collate = PairBatch(work.collate)
        self._run = work.run
        self._rows = work.dataset
        self._file = work.run.folder / REFERENCE.format(_digest(work))
        self._batch = work.settings.training.batch
        self._beta = work.settings.preference.beta
        self._imitate = work.settings.preference.sft_weight
        self._together = plan.together
        self._logs = TargetLoss(model).logs
        self._note = note
        self._reference = torch.empty(0)

    def begin(self, model: Any) -> None:
        """Compute what the model says of all pairs, or read it if the run has been here before."""
        if train_world.of_first(self._file.is_file()):
            self._reference = torch.from_numpy(np.load(self._file))
            return
        if train_world.is_first():
            self._run.write_status(message="Asking the model what it says of the pairs so far.")
        self._reference = self._all(model)
        if train_world.is_first():
            self._run.write_status(message="")
            half = self._file.with_name(f".{self._file.name}")
            np.save(half, self._reference.numpy())
            half.replace(self._file)

    def prepare(
        self, model: Any, batches: list[Batch], tokens: int, step: int
    ) -> tuple[list[Batch], int]:
        """As they are."""
        return batches, tokens

    def loss(self, model: Any, batch: Batch, tokens: int) -> torch.Tensor:
        """The sum over the pairs of a batch, by the pairs of a step."""
        inputs = dict(batch)
        place = inputs.pop("place")
        reference = self._reference[place.cpu()].to(place.device)
        chosen, rejected = self._logs(model, inputs).chunk(2)
        gains = torch.stack([chosen, rejected], dim=1) - reference
        margins = self._beta * (gains[:, 0] - gains[:, 1])
        total = -functional.logsigmoid(margins).sum()
        length = (inputs["labels"] != IGNORED).sum(dim=1)[: len(place)]
        if self._imitate:
            total = total - self._imitate * (chosen / length).sum()
        self._note(
            {
                "margin": float(margins.detach().mean()),
                "accuracy": float((margins > 0).float().mean()),
                "chosen": float((chosen.detach() / length).mean()),
            }
        )
        return total / self._together

    def _all(self, model: Any) -> torch.Tensor:
        """The log-probabilities of both translations of each pair."""
        training = model.training
        model.eval()
        own = range(train_world.rank(), len(self._rows), train_world.size())
        order = sorted(own, key=lambda place: int(self._rows[place]["length"]), reverse=True)
        found: list[tuple[int, list[float]]] = []
        with torch.no_grad():
            for at in range(0, len(order), self._batch):
                places = order[at : at + self._batch]
                inputs = self.collate([self._rows[place] for place in places])
                inputs = {name: each.to(model.device) for name, each in inputs.items()}
                del inputs["place"]
                both = torch.stack(self._logs(model, inputs).chunk(2), dim=1)
                found += zip(places, both.tolist(), strict=True)
        model.train(training)
        every = sorted(each for part in train_world.gathered(found) for each in part)
        return torch.tensor([each for _, each in every])


def _digest(work: Work) -> str:
    """A name for what the numbers are of."""
    ids = repr([(row["chosen"], row["rejected"]) for row in work.dataset])
    return hashlib.sha256(ids.encode()).hexdigest()[:12]
