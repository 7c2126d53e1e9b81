"""The loss where it counts: the output layer sees only the places whose token is trained.

The prompt's tokens and the filling have no label, and for a vocabulary of 262,144 tokens the
output layer is most of the work of a small model. So their hidden states are left out before it.
Loss and gradient are computed together, some rows at a time, and the probabilities of all tokens
are never in memory at once (as in "Cut Your Losses in Large-Vocabulary Language Models",
Wijmans et al., 2024, and the Liger kernels, Hsu et al., 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from trainer.dataset_examples import IGNORED

_ELEMENTS = 2**25  # logits that are in memory at once
_TINY = 1e-38  # the least probability that fp32 can hold
_FLAT = 2.0**-16  # probabilities below are lost in the rounding of a sum of 16-bit numbers


class TargetLoss:
    """Computes the loss of a model's labelled places. ``smoothing``: label smoothing."""

    def __init__(self, model: Any, smoothing: float = 0.0) -> None:
        self._head = model.get_output_embeddings()
        self._shift = not model.config.is_encoder_decoder
        self._smoothing = smoothing
        self._direct = _ends_with(model, self._head)

    def __call__(self, model: Callable[..., Any], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """The loss, summed over the labels that are not -100.

        ``model`` is the one that this was made for, or what wraps it for several processes:
        its whole ``forward`` is called, so that gradients are exchanged.
        """
        inputs, chosen, wanted = self._places(inputs)
        if self._direct:

            def loss(hidden: torch.Tensor) -> torch.Tensor:
                weight, bias = self._head.weight, self._head.bias
                found = linear_loss(hidden[chosen], weight, bias, wanted, self._smoothing)
                return found.reshape(1, 1, 1)

            with self._head_as(loss):
                found: torch.Tensor = model(**inputs, use_cache=False).logits
            return found.reshape(-1)[0]  # Marian adds an empty bias, one for each token

        original = self._head.forward
        with self._head_as(lambda hidden: original(hidden[chosen])):
            logits = model(**inputs, use_cache=False).logits
        return functional.cross_entropy(
            logits.float(), wanted, reduction="sum", label_smoothing=self._smoothing
        )

    def logs(
        self, model: Callable[..., Any], inputs: dict[str, torch.Tensor], temperature: float = 1.0
    ) -> torch.Tensor:
        """The logarithm of each row's probability: the sum over its labels that are not -100.

        ``temperature``: that of the distribution the labels were drawn from.
        """
        inputs, chosen, wanted = self._places(inputs)
        found: list[torch.Tensor] = []

        def log(hidden: torch.Tensor) -> torch.Tensor:
            weight, bias = self._head.weight, self._head.bias
            found.append(linear_logs(hidden[chosen], weight, bias, wanted, temperature))
            # Taken from the list: what a model adds to its logits would not fit these.
            return found[0].sum().reshape(1, 1, 1)

        if self._direct:
            with self._head_as(log):
                model(**inputs, use_cache=False)
        else:
            original = self._head.forward
            with self._head_as(lambda hidden: original(hidden[chosen])):
                logits = model(**inputs, use_cache=False).logits
            found.append(_logs(logits, wanted, temperature))
        rows = torch.zeros(len(chosen), dtype=torch.float32, device=wanted.device)
        return rows.index_add(0, chosen.nonzero()[:, 0], found[0])

    def _places(
        self, inputs: dict[str, torch.Tensor]
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """The inputs without labels, the places that foretell a label, and those labels."""
        inputs = dict(inputs)
        labels = inputs.pop("labels")
        if self._shift:  # what a place foretells is the next token
            labels = functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
        chosen = labels != IGNORED
        return inputs, chosen, labels[chosen]

    @contextmanager
    def _head_as(self, forward: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
        """Let the output layer do something else meanwhile."""
        original = self._head.forward
        self._head.forward = forward
        try:
            yield
        finally:
            self._head.forward = original


def _ends_with(model: Any, head: Any) -> bool:
    """Whether a model's logits are what a plain linear layer gives, and nothing is done to them
    afterwards (as Gemma 2 does, which caps them). Tried out with two tokens.
    """
    if type(head) is not torch.nn.Linear:
        return False
    given: list[torch.Tensor] = []
    hook = head.register_forward_hook(lambda _, __, output: given.append(output))
    ids = torch.tensor([[1, 2]], device=head.weight.device)  # 0 may be an empty filling
    more = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    training = model.training
    try:
        model.eval()
        with torch.no_grad():
            logits = model(input_ids=ids, use_cache=False, **more).logits
    finally:
        hook.remove()
        model.train(training)
    return bool(torch.equal(logits, given[0]))


def linear_loss(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    labels: torch.Tensor,
    smoothing: float = 0.0,
) -> torch.Tensor:
    """The summed cross entropy of ``hidden @ weight.T + bias`` with labels, without a row too many.

    ``hidden`` is (rows, size), ``weight`` (vocabulary, size), ``labels`` (rows). Multiplies in the
    type of autocast if that is on, else in the weight's; sums in fp32.
    """
    device = hidden.device.type
    kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
    needed = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    with torch.autocast(device, enabled=False):
        found: torch.Tensor = _LinearLoss.apply(
            hidden, weight, bias, labels, smoothing, kind, needed
        )
    return found


def linear_logs(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    labels: torch.Tensor,
    temperature: float = 1.0,
) -> torch.Tensor:
    """The log-probability of each label under ``hidden @ weight.T + bias``; shapes as above.

    Other than a sum, these go into something curved, so their slopes are not known in advance:
    the logits are computed once more for the gradient, some rows at a time.
    """
    device = hidden.device.type
    kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype

    def log(state: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        offset = None if bias is None else bias.to(kind)
        return _logs(
            functional.linear(state.to(kind), weight.to(kind), offset), wanted, temperature
        )

    rows = max(1, _ELEMENTS // weight.shape[0])
    found = [
        checkpoint(log, hidden[at : at + rows], labels[at : at + rows], use_reentrant=False)
        for at in range(0, len(labels), rows)
    ]
    return torch.cat(found) if found else hidden.new_zeros(0, dtype=torch.float32)


def _logs(logits: torch.Tensor, wanted: torch.Tensor, temperature: float) -> torch.Tensor:
    logits = logits.float() / temperature
    return logits.gather(1, wanted[:, None])[:, 0] - logits.logsumexp(1)


class _LinearLoss(torch.autograd.Function):  # type: ignore[misc]
    """Computes the gradients along with the loss: the logits of a few rows serve for both."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        labels: torch.Tensor,
        smoothing: float,
        kind: torch.dtype,
        needed: bool,
    ) -> torch.Tensor:
        vocabulary = weight.shape[0]
        table, offset = weight.to(kind), None if bias is None else bias.to(kind)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for_hidden = torch.empty_like(hidden) if needed and ctx.needs_input_grad[0] else None
        for_weight = for_bias = None
        if needed and ctx.needs_input_grad[1]:
            for_weight = torch.zeros_like(weight, dtype=torch.float32)
        if needed and bias is not None and ctx.needs_input_grad[2]:
            for_bias = torch.zeros_like(bias, dtype=torch.float32)
        rows = max(1, _ELEMENTS // vocabulary)
        for start in range(0, len(labels), rows):
            part = slice(start, start + rows)
            state, wanted = hidden[part].to(kind), labels[part, None]
            logits = functional.linear(state, table, offset)
            slope = torch.softmax(logits, dim=-1, dtype=torch.float32)
            log = slope.gather(1, wanted).clamp_min(_TINY).log()
            total -= (1 - smoothing) * log.sum()
            if smoothing:  # the mean of all logarithms
                all_ = log + logits.mean(1, True, dtype=torch.float32) - logits.gather(1, wanted)
                total -= smoothing * all_.sum()
            if not needed:
                continue
            slope.scatter_add_(1, wanted, torch.full_like(log, smoothing - 1))
            if smoothing:
                slope -= smoothing / vocabulary
            if for_bias is not None:
                for_bias += slope.sum(dim=0)
            steep = table
            columns = None
            if kind != torch.float32 and not smoothing:
                columns = _columns(slope, wanted)
            if columns is not None:
                slope, steep = slope[:, columns], table[columns]
            slope = slope.to(kind)
            if for_hidden is not None:
                for_hidden[part] = slope @ steep
            if for_weight is not None and columns is not None:
                for_weight.index_add_(0, columns, (slope.T @ state).float())
            elif for_weight is not None:
                for_weight += slope.T @ state
        ctx.save_for_backward(for_hidden, for_weight, for_bias)
        ctx.kind = weight.dtype
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> Any:
        (slope,) = slopes
        hidden, weight, bias = ctx.saved_tensors
        return (
            None if hidden is None else hidden * slope.to(hidden.dtype),
            None if weight is None else (weight * slope).to(ctx.kind),
            None if bias is None else (bias * slope).to(ctx.kind),
            None, None, None, None,
        )  # fmt: skip


def _columns(slope: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor | None:
    """The tokens that have a part in the gradient of some row; ``None`` if that is most of them.

    Of a large vocabulary that is a hundredth: the rest is less probable than what the 16-bit
    numbers of the gradient can tell from nothing (the gradient filter of "Cut Your Losses").
    """
    taken = slope.amax(dim=0) > _FLAT
    taken[wanted[:, 0]] = True
    columns = taken.nonzero()[:, 0]
    return columns if 4 * len(columns) < len(taken) else None
