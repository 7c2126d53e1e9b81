"""Rewards for translations that the model itself draws: group relative policy optimization.

Z. Shao et al., "DeepSeekMath", 2024, in the form of Dr. GRPO (Z. Liu et al., "Understanding
R1-Zero-Like Training: A Critical Perspective", 2025): the log-probability of a translation is
weighted by how much better than the others of its source it is; the sum over its tokens is not
divided by their number, which would let long bad translations off lightly, and the advantage not
by the spread of its group. Each draw is used for one step only, so there is no ratio to an older
model to be clipped, and no model to be held to. Translations that reached the limit of tokens are
compared with but not trained (overlong filtering: DAPO, Q. Yu et al., 2025).

How the measures of a translation come together is in :mod:`trainer.rewards`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from trainer import train_world
from trainer.dataset_examples import Example
from trainer.rewards import Hypothesis, Numbers, Rewards
from trainer.train_batches import Batch, PlacedBatch
from trainer.train_loss import TargetLoss
from trainer.train_objective import Note
from trainer.train_plan import Plan
from trainer.train_writing import Line, Reply, Writer, line_of

if TYPE_CHECKING:
    from trainer.train_work import Work


class Grpo:
    """An :class:`trainer.train_objective.Objective`: what is drawn, and the loss of it.

    A batch after :meth:`prepare` has a row for each translation that is trained, with
    ``advantage``, ``reward`` and ``group`` (the number of its source in the batch), and in
    ``references`` what is imitated beside.
    """

    def __init__(self, work: Work, model: Any, plan: Plan, note: Note) -> None:
        wanted = work.settings.preference
        self.collate = PlacedBatch(work.collate)
        self._wanted = wanted
        self._seed = work.settings.training.seed
        self._together = plan.together
        self._two = work.base.encoder_decoder
        self._lines = _lines(work, plan)
        self._writer = Writer(work.style, work.tokenizer, wanted.max_new_tokens)
        self._rewards = Rewards.of(wanted.rewards, wanted.comet)
        self._target_loss = TargetLoss(model)
        self._note = note

    def begin(self, model: Any) -> None:
        """Nothing to look at: each step compares what the model of that step draws."""

    def prepare(
        self, model: Any, batches: list[Batch], tokens: int, step: int
    ) -> tuple[list[Batch], int]:
        """Draw translations of the sources of a step, and judge them together."""
        lines = [[self._lines[int(place)] for place in batch["place"]] for batch in batches]
        replies = [self._drawn(model, each, (step, number)) for number, each in enumerate(lines)]
        scores = self._rewards.score(
            [
                Hypothesis(reply.text, at.task.text, at.reference, at.task.source, at.task.target)
                for each, drawn in zip(lines, replies, strict=True)
                for at, reply in zip(self._repeated(each), drawn, strict=True)
            ]
        )
        every = [reply for drawn in replies for reply in drawn]
        self._tell(every, scores)
        advantages = self._rewards.advantages(scores, self._wanted.group)
        totals = self._rewards.total(scores)
        made, at = [], 0
        for batch, each, drawn in zip(batches, lines, replies, strict=True):
            own = slice(at, at + len(drawn))
            made.append(self._batch(each, drawn, advantages[own], totals[own], batch))
            at += len(drawn)
        trained = sum(len(reply.ids) for reply in every if reply.finished)
        return made, sum(train_world.gathered(trained))

    def loss(self, model: Any, batch: Batch, tokens: int) -> torch.Tensor:
        """The sum over the translations, by those of a step times the most tokens of one."""
        inputs = dict(batch)
        references: Any = inputs.pop("references", None)
        judged = {name: inputs.pop(name) for name in ("advantage", "reward", "group")}
        logs = self._target_loss.logs(model, inputs, self._wanted.temperature)
        total = self._policy_loss(logs, **judged) / self._together
        if references is not None:
            imitated = self._target_loss(model, references) / tokens
            total = total + self._wanted.sft_weight * imitated
        return total

    def _policy_loss(
        self, logs: torch.Tensor, advantage: torch.Tensor, reward: torch.Tensor, group: torch.Tensor
    ) -> torch.Tensor:
        """The sum over the sources; ``logs`` are of whole translations."""
        whole = self._wanted.group * self._wanted.max_new_tokens
        return -(advantage * logs).sum() / whole

    def _kept(self, replies: list[Reply]) -> list[int]:
        """Places of the translations of one source that are trained."""
        return [at for at, reply in enumerate(replies) if reply.finished]

    def _drawn(self, model: Any, lines: list[Line], place: tuple[int, int]) -> list[Reply]:
        """A group for each line. The chance depends on the place in the training alone, so a run
        that is gone on with draws the same."""
        training = model.training
        model.eval()
        seed = np.random.SeedSequence([self._seed, *place, train_world.rank()])
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(seed.generate_state(1)[0]))
            found = self._writer.write(model, self._repeated(lines), self._wanted.temperature)
        model.train(training)
        return found

    def _repeated(self, lines: list[Line]) -> list[Line]:
        return [line for line in lines for _ in range(self._wanted.group)]

    def _batch(
        self,
        lines: list[Line],
        replies: list[Reply],
        advantages: Numbers,
        totals: Numbers,
        references: Batch,
    ) -> Batch:
        size = self._wanted.group
        kept = [
            number * size + at
            for number in range(len(lines))
            for at in self._kept(replies[number * size : (number + 1) * size])
        ]
        weights = advantages[kept]
        if not kept:  # every process has to go through the model: one row that counts for nothing
            kept, weights = [0], np.zeros(1)
        rows = [
            Example(lines[at // size].prompt, replies[at].ids).row(encoder_decoder=self._two)
            for at in kept
        ]
        batch = self.collate.collate(rows) | {
            "advantage": torch.tensor(weights, dtype=torch.float32),
            "reward": torch.tensor(totals[kept], dtype=torch.float32),
            "group": torch.tensor([at // size for at in kept]),
        }
        if self._wanted.sft_weight:
            anchor: Any = {name: each for name, each in references.items() if name != "place"}
            batch["references"] = anchor
        return batch

    def _tell(self, replies: list[Reply], scores: Numbers) -> None:
        """Numbers for the curves."""
        names = self._rewards.measures
        self._note(
            {"reward": float(self._rewards.total(scores).mean())}
            | {f"reward.{n}": float(mean) for n, mean in zip(names, scores.mean(0), strict=True)}
            | {"cut": float(np.mean([not reply.finished for reply in replies]))}
            | {"length": float(np.mean([len(reply.ids) for reply in replies]))}
        )


def _lines(work: Work, plan: Plan) -> dict[int, Line]:
    """The lines that come up in a training, by their place in its dataset."""
    places = {int(place) for place in plan.order}
    rows = {place: work.dataset[place] for place in sorted(places)}
    numbers = {row["row"] for row in rows.values()}
    texts = {n: row for n, row in enumerate(work.corpus.rows("train")) if n in numbers}
    return {place: line_of(row, texts[row["row"]], work.style) for place, row in rows.items()}
