"""One batch of sequences on its way through a model: read together, then a token at a time."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from translator.engines.hf_cache import decoder_cache, encoder_decoder_cache, joined


class DecoderBatch:
    """Sequences of a decoder-only model. ``logits`` are of each row's next token."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]]) -> None:
        self._model = model
        self._config = model.config.get_text_config()
        self._takes = _parameters(model)
        self._last = int(getattr(self._config, "max_position_embeddings", None) or 2**31) - 1
        self._lengths = [len(prompt) for prompt in prompts]
        width = max(self._lengths)
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts])
        self._mask = _right_aligned(self._lengths, model.device)
        positions = (self._mask.long().cumsum(dim=1) - 1).clamp(min=0)
        self._cache = decoder_cache(self._config)
        self.logits = self._forward(ids.to(model.device), positions)

    def step(self, tokens: Sequence[int]) -> None:
        """Read a token of each row."""
        device = self._model.device
        # A row that has finished may be carried along past the end of the model's positions.
        positions = torch.tensor(self._lengths, device=device).clamp(max=self._last)[:, None]
        self._lengths = [length + 1 for length in self._lengths]
        self._mask = torch.cat([self._mask, self._mask.new_ones((len(tokens), 1))], dim=1)
        self.logits = self._forward(torch.tensor(tokens, device=device)[:, None], positions)

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all other rows."""
        self.join([(self, rows)])

    def join(self, parts: Sequence[tuple[DecoderBatch, Sequence[int]]]) -> None:
        """Become these rows of several batches (of which this may be one); the rest is freed."""
        device = self._model.device
        lengths = [batch._lengths[row] for batch, rows in parts for row in rows]
        width = max(lengths)
        chosen = [(batch, torch.tensor(rows, device=device)) for batch, rows in parts]
        self._cache = joined(self._config, [(b._cache, rows) for b, rows in chosen], width)
        self.logits = torch.cat([batch.logits[rows] for batch, rows in chosen])
        self._lengths = lengths
        self._mask = _right_aligned(lengths, device)

    def _forward(self, ids: Any, positions: Any) -> Any:
        arguments: dict[str, Any] = {}
        if "position_ids" in self._takes:
            arguments["position_ids"] = positions
        if "logits_to_keep" in self._takes:
            arguments["logits_to_keep"] = 1
        padded = min(self._lengths) != max(self._lengths)
        output = self._model(
            input_ids=ids,
            # Without padding there is nothing to hide, and attention has a faster way.
            attention_mask=self._mask if padded else None,
            past_key_values=self._cache,
            use_cache=True,
            **arguments,
        )
        return output.logits[:, -1].float()


class EncodedBatch:
    """Sequences of an encoder-decoder model. Their replies begin together and stay so."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], start: int) -> None:
        self._model = model
        width = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([list(p) + [0] * (width - len(p)) for p in prompts])
        self._mask = _right_aligned([len(p) for p in prompts], model.device).flip(1)
        encoder = model.get_encoder()
        self._encoded = encoder(
            input_ids=ids.to(model.device), attention_mask=self._mask.long()
        ).last_hidden_state
        self._cache = encoder_decoder_cache()
        self.logits: Any = None
        self.step([start] * len(prompts))

    def step(self, tokens: Sequence[int]) -> None:
        """Read a token of each row."""
        output = self._model(
            encoder_outputs=BaseModelOutput(last_hidden_state=self._encoded),
            attention_mask=self._mask.long(),
            decoder_input_ids=torch.tensor(tokens, device=self._model.device)[:, None],
            past_key_values=self._cache,
            use_cache=True,
        )
        self.logits = output.logits[:, -1].float()

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all other rows."""
        chosen = torch.tensor(rows, device=self._model.device)
        self._cache.reorder_cache(chosen)
        self._encoded = self._encoded[chosen]
        self._mask = self._mask[chosen]
        self.logits = self.logits[chosen]


def _right_aligned(lengths: Sequence[int], device: Any) -> Any:
    """True where a token is, shape [rows, width]."""
    places = torch.arange(max(lengths), device=device)
    return places[None, :] >= max(lengths) - torch.tensor(lengths, device=device)[:, None]


def _parameters(model: Any) -> frozenset[str]:
    return frozenset(inspect.signature(model.forward).parameters)
