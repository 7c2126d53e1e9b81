"""Minimum risk training: the translations that the model draws, weighed against each other.

S. Shen et al., "Minimum Risk Training for Neural Machine Translation", ACL 2016: the expected
risk over a set of different translations y of a source, under Q(y) ~ P(y)^sharpness. It came from
encoder-decoder models; it does for all.
"""

from __future__ import annotations

import torch

from trainer.train_grpo import Grpo
from trainer.train_writing import Reply


class MinimumRisk(Grpo):
    """Draws and judges as GRPO does; the loss is the expected risk. Notes it, as 1 - reward."""

    def _kept(self, replies: list[Reply]) -> list[int]:
        """Each translation once."""
        seen: dict[tuple[int, ...], int] = {}
        for at in super()._kept(replies):
            seen.setdefault(tuple(replies[at].ids), at)
        return list(seen.values())

    def _policy_loss(
        self, logs: torch.Tensor, advantage: torch.Tensor, reward: torch.Tensor, group: torch.Tensor
    ) -> torch.Tensor:
        """The sum over the sources. What a source's risks have in common changes no gradient, so
        the advantages stand for them."""
        total = logs.new_zeros(())
        for number in group.unique():
            own = group == number
            share = torch.softmax(self._wanted.sharpness * logs[own], dim=0)
            total = total - (share * advantage[own]).sum()
            risk = 1.0 - float((share.detach() * reward[own]).sum())
            self._note({"risk": risk})
        return total
