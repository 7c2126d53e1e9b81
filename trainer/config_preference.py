"""Settings of training by preferences and rewards: the ``[preference]`` table of a run file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from trainer.config_fields import Part, setting
from translator.errors import InputError

REWARDS: Final = ("chrf", "length", "language", "numbers", "tags", "repetition", "comet")
# COMET has to be asked for: it is not installed everywhere, and slow without a card.
_USUAL: Final = {
    "chrf": 2.0, "length": 0.5, "language": 0.5, "numbers": 0.5, "tags": 0.5, "repetition": 0.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PreferencePart(Part):
    """How a model is trained beyond imitating: by pairs, or by rewards for its own translations."""

    kind: Literal["none", "dpo", "grpo", "mrt"] = setting(
        "none",
        "none: imitation alone. dpo: from pairs. grpo, mrt: from rewards of own translations.",
    )
    pairs: str = setting("", "dpo: the file of pairs, as a campaign writes it (JSONL).")
    margin: float = setting(0.0, "dpo: pairs with a smaller margin are left out.", least=0)
    beta: float = setting(
        0.1, "dpo: how strongly it is held to the model it began as.", least=0.001, most=10
    )
    sft_weight: float = setting(
        0.0, "Weight of imitating the preferred (dpo) or the reference translation.", least=0
    )
    group: int = setting(8, "grpo, mrt: translations of one source.", least=2, most=64)
    temperature: float = setting(
        1.0, "grpo, mrt: chance in these translations.", least=0.05, most=2
    )
    max_new_tokens: int = setting(
        96, "grpo, mrt: the longest of them; what is cut there does not count.", least=4
    )
    sharpness: float = setting(
        0.005, "mrt: exponent of the translations' probabilities.", least=0.0001, most=1
    )
    rewards: Mapping[str, float] = setting(
        lambda: dict(_USUAL), "grpo, mrt: weights of the rewards.", least=0
    )
    comet: str = setting(
        "Unbabel/wmt22-comet-da", "Model of the reward comet: a name, or a checkpoint on disk."
    )

    @property
    def samples(self) -> bool:
        """Whether the model translates while it is trained."""
        return self.kind in ("grpo", "mrt")

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        unknown = [name for name in self.rewards if name not in REWARDS]
        if unknown:
            message = f"There is no reward {unknown[0]!r}."
            raise InputError(message, f"The rewards are {', '.join(REWARDS)}.")
        if self.samples and not any(self.rewards.values()):
            raise InputError("No reward has a weight.", "Set preference.rewards.")
