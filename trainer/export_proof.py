"""Proof that an exported model is the one that was trained.

Three questions: does it cut texts into the same tokens; does it compute the same probabilities, up
to the rounding of its type; does it translate dev lines as well. A model that fails is not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.export_reference import Numbers, Reference, Report
from translator.engines.gguf_vocab import Tokenizer
from translator.engines.hf_tokens import text_ids
from translator.errors import ModelError

# The mean divergence from the trained model's probabilities, in nats, that rounding may cause.
# Small models suffer most: these are several times what was measured on ones of 0.3 and 0.5
# billion parameters; a layer that went wrong gives several nats.
_DIVERGENCE = {
    "F32": 0.02, "F16": 0.02, "BF16": 0.05, "Q8_0": 0.05, "Q6_K": 0.15,
    # On top of a base that may be quantized, whose own rounding of activations counts too:
    "adapter": 0.05, "merged": 0.05,
}  # fmt: skip
_COARSE = 0.5  # all types of fewer bits
MAX_LOSS = 3.0  # chrF++ that a translation of the dev lines may lose


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and how it came out.

    ``texts`` were cut into tokens. ``positions`` of ``prompts`` were predicted: ``divergence`` is
    the mean Kullback-Leibler divergence in nats, ``limit`` what is allowed, ``same_choice`` the
    share of positions with the same most probable token, ``difference`` the mean absolute
    difference of the logits (each less its mean). ``unquantized`` is the divergence of the file of
    16 bits that a quantized one was made from. chrF++ of ``lines``: by direction, as trained
    and as exported.
    """

    texts: int
    prompts: int
    positions: int
    divergence: float
    limit: float
    same_choice: float
    difference: float
    unquantized: float | None = None
    lines: int = 0
    trained: Mapping[str, float] = field(default_factory=dict)
    exported: Mapping[str, float] = field(default_factory=dict)

    @property
    def delta(self) -> float:
        """chrF++ gained or (negative) lost, the mean over directions."""
        gains = [self.exported[name] - self.trained[name] for name in self.trained]
        return sum(gains) / len(gains) if gains else 0.0

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "delta": self.delta}

    def sentence(self) -> str:
        """For a person."""
        said = (
            f"Same tokens for {self.texts} texts; logits of {self.prompts} prompts differ by "
            f"{self.difference:.3f} (divergence {self.divergence:.4f}, allowed {self.limit:g}), "
            f"{self.same_choice:.0%} of choices the same"
        )
        if not self.trained:
            return f"{said}."
        return f"{said}; chrF++ of {self.lines} dev lines {self.delta:+.1f}."


def limit(kind: str) -> float:
    """The divergence that is allowed for a type."""
    return _DIVERGENCE.get(kind, _COARSE)


def same_tokens(model: Path, reference: Reference) -> int:
    """How many texts were compared. Raises :class:`ModelError` at the first that differs."""
    texts: dict[bool, dict[str, None]] = {False: {}, True: {}}
    for probe in (*reference.probes, *reference.compared):
        for part in probe.prompt.parts:
            texts[part.special][part.text] = None
        texts[False] |= dict.fromkeys((probe.text.source, probe.text.target))
    with Tokenizer(model) as tokenizer:
        for special, group in texts.items():
            for text, ids in zip(group, tokenizer.ids(group, special=special), strict=True):
                if ids != _ids(reference.tokenizer, text, special):
                    raise ModelError(
                        f"The exported model cuts a text into other tokens: {text[:60]!r}.",
                        "It was not listed. Please report this with the name of the base.",
                    )
    return sum(map(len, texts.values()))


def _ids(tokenizer: Any, text: str, special: bool) -> list[int]:
    from translator.engines.hf_tokens import prompt_ids
    from translator.types import Prompt, PromptPart

    if not special:
        return text_ids(tokenizer, text)
    ids = prompt_ids(tokenizer, Prompt((PromptPart(text, special=True),)))
    bos = tokenizer.bos_token_id
    brought = text.startswith(tokenizer.bos_token) if tokenizer.bos_token else False
    return ids[1:] if ids and ids[0] == bos and not brought else ids


def same_numbers(
    answers: Iterable[Numbers], reference: Reference, allowed: float, report: Report
) -> Proof:
    """Compare the exported model's logits for ``reference.compared`` with the trained one's.

    Raises:
        ModelError: they differ by more than ``allowed``.
    """
    found: list[tuple[Numbers, Numbers, Numbers]] = []
    for number, answer in enumerate(answers):
        report("comparing its answers", number / len(reference.compared))
        found.append(_compared(reference.logits(number), answer))
    divergence, same, difference = (np.concatenate(values) for values in zip(*found, strict=True))
    proof = Proof(
        texts=0,
        prompts=len(found),
        positions=len(same),
        divergence=float(divergence.mean()),
        limit=allowed,
        same_choice=float(same.mean()),
        difference=float(difference.mean()),
    )
    if not proof.divergence <= allowed:
        raise ModelError(
            f"The exported model computes something else than the trained one: its probabilities "
            f"diverge by {proof.divergence:.3f} where rounding explains {allowed:g}.",
            "It was not listed. Try a finer type (Q8_0, F16).",
        )
    return proof


def _compared(trained: Numbers, exported: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """By position: divergence, whether the choice is the same, mean difference of the logits."""
    width = min(trained.shape[1], exported.shape[1])  # rows beyond the vocabulary mean nothing
    p, q = trained[:, :width].astype(np.float64), exported[:, :width].astype(np.float64)
    difference = np.abs((p - p.mean(1, keepdims=True)) - (q - q.mean(1, keepdims=True))).mean(1)
    p, q = _log_softmax(p), _log_softmax(q)
    divergence = (np.exp(p) * (p - q)).sum(1)
    same = (p.argmax(1) == q.argmax(1)).astype(np.float64)
    return divergence, same, difference


def _log_softmax(logits: Any) -> Any:
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def check_scores(proof: Proof) -> None:
    """Raise :class:`ModelError` if the exported model translates the dev lines worse."""
    if proof.delta < -MAX_LOSS:
        raise ModelError(
            f"The exported model translates worse than the trained one: {proof.delta:+.1f} chrF++ "
            f"on {proof.lines} dev lines.",
            "It was not listed. Try a finer type (Q8_0, F16).",
        )
