"""The key-value cache of a batch whose sequences come and go.

Rows are aligned at their right end: a shorter sequence has padding before it, which its mask
hides. So all rows take their next token at the same place, and a batch can be joined with
newcomers, or freed of those who have finished, by copying columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import (
    Cache,
    DummyLayer,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
    EncoderDecoderCache,
    LinearAttentionLayer,
)

from translator.errors import ModelError

_ROOM = 64  # tokens by which a full buffer grows


class RoomyLayer(DynamicLayer):  # type: ignore[misc] # transformers is untyped here
    """Keys and values of one layer, shape [rows, heads, tokens, size], in buffers with room.

    A step then copies one token and not, as :class:`DynamicLayer` does, everything before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rooms: tuple[Any, Any] = (None, None)
        self.dtype: Any = None
        self.device: Any = None

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Append tokens; returns all keys and values."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        keys, values = self._rooms
        self._rooms = (_extended(keys, start, key_states), _extended(values, start, value_states))
        self._show(start + key_states.shape[2])
        return self.keys, self.values

    def fill(self, parts: Sequence[tuple[RoomyLayer, Any]], width: int) -> None:
        """Take rows of other layers, the last ``width`` tokens of each; theirs are freed."""
        first = parts[0][0]
        self.dtype, self.device, self.is_initialized = first.dtype, first.device, True
        keys = _gathered([(layer.keys, rows) for layer, rows in parts], width)
        values = _gathered([(layer.values, rows) for layer, rows in parts], width)
        for layer, _ in parts:
            layer.reset()
            layer._rooms = (None, None)
        self._rooms = (keys, values)
        self.is_initialized = True
        self._show(width)

    def reorder_cache(self, beam_idx: Any) -> None:
        """Keep these rows."""
        if width := self.get_seq_length():
            self._rooms = (
                _gathered([(self.keys, beam_idx)], width),
                _gathered([(self.values, beam_idx)], width),
            )
            self._show(width)

    def _show(self, width: int) -> None:
        self.keys, self.values = (room[:, :, :width] for room in self._rooms)


def _extended(room: Any, start: int, new: Any) -> Any:
    """A buffer with new tokens from ``start`` on: this one, or a larger copy."""
    end = start + new.shape[2]
    if room is None or end > room.shape[2]:
        larger = new.new_zeros((*new.shape[:2], end + _ROOM, new.shape[3]))
        if room is not None:
            larger[:, :, :start] = room[:, :, :start]
        room = larger
    room[:, :, start:end] = new
    return room


def _gathered(parts: Sequence[tuple[Any, Any]], width: int) -> Any:
    """A new buffer of chosen rows of several, aligned at the right end of ``width`` tokens."""
    first = parts[0][0]
    shape = (sum(len(rows) for _, rows in parts), first.shape[1], width + _ROOM, first.shape[3])
    room = first.new_zeros(shape)
    row = 0
    for values, rows in parts:
        last = values[:, :, -width:]
        room[row : row + len(rows), :, width - last.shape[2] : width] = last[rows]
        row += len(rows)
    return room


def decoder_cache(config: Any) -> Cache:
    """An empty cache for a decoder-only model.

    A layer with a sliding window keeps all its tokens (its mask hides those outside), since
    rows of different lengths cannot be cut at one place.

    Raises:
        ModelError: the model keeps its state in a way that rows cannot come and go.
    """
    cache = DynamicCache(config=config)
    for index, layer in enumerate(cache.layers):
        if type(layer) in (DynamicLayer, DynamicSlidingWindowLayer):
            cache.layers[index] = RoomyLayer()
        elif type(layer) not in (LinearAttentionLayer, DummyLayer):
            raise ModelError(
                f"Models of the kind {config.model_type} cannot be batched by this engine.",
                "Choose another model, or a GGUF file of this one.",
            )
    return cache


def encoder_decoder_cache() -> EncoderDecoderCache:
    """An empty cache for a decoder that also looks at an encoder's output."""
    return EncoderDecoderCache(Cache(layer_class_to_replicate=RoomyLayer), DynamicCache())


def joined(config: Any, parts: Sequence[tuple[Cache, Any]], width: int) -> Cache:
    """One cache of chosen rows (index tensors) of several, ``width`` tokens wide.

    The parts are emptied on the way, so that hardly more than one layer is in memory twice.
    """
    result = decoder_cache(config)
    for index, layer in enumerate(result.layers):
        sources = [(cache.layers[index], rows) for cache, rows in parts]
        if isinstance(layer, RoomyLayer):
            layer.fill(sources, width)
        elif isinstance(layer, LinearAttentionLayer):
            _fill_states(layer, sources)
    return result


def _fill_states(target: Any, sources: Sequence[tuple[Any, Any]]) -> None:
    """The same for a layer that keeps a state of fixed size instead of its tokens."""
    first = sources[0][0]
    for name, value in first.__dict__.items():
        if name in ("conv_states", "recurrent_states"):
            target.__dict__[name] = {
                key: None
                if state is None
                else torch.cat([getattr(layer, name)[key][rows] for layer, rows in sources])
                for key, state in value.items()
            }
        elif isinstance(value, dict):
            target.__dict__[name] = dict(value)
        else:
            target.__dict__[name] = value
