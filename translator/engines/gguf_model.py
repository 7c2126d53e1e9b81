"""A thin, typed skin over llama.cpp's C API: one model, one context, many sequences.

Only what the batcher needs, and nothing that decides anything. Struct layouts change between
releases of llama-cpp-python, so the version is pinned (``tools/build_llama.py``).

The KV cache is not unified: every sequence has cells of its own, so attention costs nothing
for the neighbours and a sequence's cells lie in order, whoever else is decoding. The price is
that one ``decode`` may only hold consecutive sequence numbers (else llama.cpp splits it and
reads all weights again): the batcher keeps its sequences dense.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from translator.engines.gguf_load import cache_bytes, load_model, metadata, start_backend
from translator.engines.gguf_tokens import piece, tokenize
from translator.errors import EngineError, ModelError
from translator.types import Sampling

PROMPT_CHUNK = 128  # tokens; bounds the wait of other sequences while a prompt is read


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How to load a model.

    ``context`` is tokens a sequence, ``slots`` how many requests may decode at once. Some more
    sequences are made: one place that books leave free, and the rows that fill up a decode.
    """

    path: str
    context: int = 2048
    slots: int = 31
    threads: int = 2
    adapter: str = ""
    adapter_scale: float = 1.0
    kv_budget: int = 0  # bytes the KV cache may take; 0: no limit
    repack: bool | None = None  # llama.cpp's other layout of weights; ``None``: except on x86
    flash_attention: bool = True
    small_cache: bool = False  # keys and values in 8 bits instead of 16


ROW_GROUP = 16
_SMALL = 34 / 64  # Q8_0 takes 34 bytes for 32 values, f16 64


def padded_rows(running: int, places: int) -> int:
    """Rows of a decode whose rounding does not depend on how many sequences take part.

    llama.cpp's matrix kernels work in tiles of 16 rows, and treat what is left over, or fewer
    than eight rows, in other ways; a full tile takes hardly longer than half of one. With few
    ``places`` all of them are always decoded, but at least two: attention has a path of its
    own for a single row.
    """
    if places < ROW_GROUP:
        return max(places, 2)
    return -(-running // ROW_GROUP) * ROW_GROUP


class LlamaModel:
    """A loaded model with a context for ``sequences`` independent sequences."""

    def __init__(self, options: ModelOptions, progress: Callable[[float], None]) -> None:
        self.backend = start_backend()
        self._model = load_model(options.path, progress, repack=options.repack)
        self.vocab = llama.llama_model_get_vocab(self._model)
        self.vocab_size = llama.llama_vocab_n_tokens(self.vocab)
        trained = llama.llama_model_n_ctx_train(self._model)
        self.context = min(options.context, trained) if trained > 0 else options.context
        token_bytes = cache_bytes(self._model) * (_SMALL if options.small_cache else 1.0)
        self.slots = _affordable(token_bytes * self.context, options)
        self.places = self.slots + 1  # the last one is kept free for a person
        self.sequences = padded_rows(self.places, self.places)
        self._ctx = self._new_context(options)
        self._memory = llama.llama_get_memory(self._ctx)
        self._batch = llama.llama_batch_init(max(PROMPT_CHUNK, self.sequences), 0, 1)
        for i in range(max(PROMPT_CHUNK, self.sequences)):
            self._batch.n_seq_id[i] = 1
        self._adapter = self._apply_adapter(options)
        add_bos = llama.llama_vocab_get_add_bos(self.vocab)
        self.bos = llama.llama_vocab_bos(self.vocab)
        self.add_bos = bool(add_bos) and self.bos >= 0
        self.filler = max(self.bos, 0)

    def _new_context(self, options: ModelOptions) -> Any:
        params = llama.llama_context_default_params()
        params.n_ctx = self.context * self.sequences
        params.n_seq_max = self.sequences
        params.kv_unified = False
        params.n_batch = params.n_ubatch = max(PROMPT_CHUNK, self.sequences)
        params.n_threads = params.n_threads_batch = options.threads
        params.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_AUTO
            if options.flash_attention
            else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        if options.small_cache:
            params.type_k = params.type_v = llama.GGML_TYPE_Q8_0
        params.no_perf = True
        context = llama.llama_init_from_model(self._model, params)
        if not context:
            raise EngineError(
                "There is not enough memory for this model's context.",
                "Close other programs, choose a smaller model, or set VERSO_SLOTS=4.",
            )
        self.context = llama.llama_n_ctx_seq(context)
        return context

    def _apply_adapter(self, options: ModelOptions) -> Any:
        if not options.adapter:
            return None
        adapter = llama.llama_adapter_lora_init(self._model, options.adapter.encode())
        if not adapter:
            hint = "An adapter runs only on the base model it was trained on."
            if self.metadata("verso.trim.tokens"):
                hint += (
                    " One that changes the embedding or output layer fits only the untrimmed "
                    "model, since trimming has cut their rows."
                )
            raise ModelError(
                f"The adapter {Path(options.adapter).name} does not fit this model.", hint
            )
        array = (llama.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(options.adapter_scale)
        if llama.llama_set_adapters_lora(self._ctx, array, 1, scales):
            raise ModelError(f"The adapter {Path(options.adapter).name} could not be applied.")
        return adapter

    # --- text and tokens -------------------------------------------------------------------

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Tokens of ``text``; control tokens are recognised only if ``special``."""
        return tokenize(self.vocab, text, special=special)

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; a control token stands for none."""
        return piece(self.vocab, token)

    def token_text(self, token: int) -> str:
        """The text of a token, control tokens included (for chat templates)."""
        return llama.llama_vocab_get_text(self.vocab, token).decode() if token >= 0 else ""

    def ends_reply(self, token: int) -> bool:
        """Whether the token ends a reply (end of sequence, end of turn, ...)."""
        return bool(llama.llama_vocab_is_eog(self.vocab, token))

    @property
    def eos(self) -> int:
        """The end-of-sequence token, or a negative number."""
        return int(llama.llama_vocab_eos(self.vocab))

    def metadata(self, key: str) -> str:
        """A metadata value of the GGUF file, or an empty string."""
        return metadata(self._model, key)

    # --- decoding --------------------------------------------------------------------------

    def read(self, sequence: int, tokens: Sequence[int], start: int, *, logits: bool) -> None:
        """Evaluate ``tokens`` of one sequence from position ``start``, in chunks of its own.

        At most :data:`PROMPT_CHUNK` tokens; row 0 of the logits is then the last token's.
        """
        batch = self._batch
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.seq_id[i][0] = sequence
            batch.logits[i] = 0
        batch.logits[len(tokens) - 1] = logits
        self._decode(len(tokens))

    def step(self, rows: Sequence[tuple[int, int, int]], wanted: int) -> None:
        """One (sequence, token, position) for each row; logits for the first ``wanted`` rows.

        Sequence numbers must be consecutive for this to be one pass over the weights.
        """
        batch = self._batch
        for i, (sequence, token, position) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.seq_id[i][0] = sequence
            batch.logits[i] = i < wanted
        self._decode(len(rows))

    def _decode(self, count: int) -> None:
        self._batch.n_tokens = count
        code = llama.llama_decode(self._ctx, self._batch)
        if code:
            # 1: no room in the KV cache, which the batcher's accounting rules out.
            raise EngineError(
                f"llama.cpp could not evaluate the text (code {code}).",
                "Try again; if it stays, restart Verso.",
            )

    def logits(self, rows: int) -> npt.NDArray[np.float32]:
        """Logits of the last evaluation, shape [rows, vocabulary]; valid until the next one."""
        pointer = llama.llama_get_logits(self._ctx)
        return np.ctypeslib.as_array(pointer, (rows, self.vocab_size))

    def sample(self, sampler: Any, row: int) -> int:
        """Choose (and accept) a token with a sampler chain from a batch row's logits."""
        return int(llama.llama_sampler_sample(sampler, self._ctx, row))

    # --- sequences -------------------------------------------------------------------------

    def forget(self, sequence: int) -> None:
        """Empty a sequence."""
        llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def save(self, sequence: int) -> Any:
        """A copy of a sequence's state (its KV cells), as an array of bytes."""
        size = llama.llama_state_seq_get_size(self._ctx, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = llama.llama_state_seq_get_data(self._ctx, buffer, size, sequence)
        if written != size:
            raise EngineError("llama.cpp could not save a sequence.", "Restart Verso.")
        return buffer

    def restore(self, sequence: int, state: Any) -> None:
        """Replace a sequence by a saved state."""
        self.forget(sequence)
        if not llama.llama_state_seq_set_data(self._ctx, state, len(state), sequence):
            raise EngineError("llama.cpp could not restore a sequence.", "Restart Verso.")

    # --- sampling --------------------------------------------------------------------------

    def new_sampler(self, sampling: Sampling, seed: int) -> Any:
        """A sampler chain, or ``None`` for plain greedy (an argmax over all rows is cheaper)."""
        greedy = sampling.temperature <= 0
        if greedy and sampling.repetition_penalty == 1.0:
            return None
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        add = llama.llama_sampler_chain_add
        if sampling.repetition_penalty != 1.0:
            add(
                chain,
                llama.llama_sampler_init_penalties(
                    self.vocab_size, 64, sampling.repetition_penalty, 0.0, 0.0
                ),
            )
        if greedy:
            add(chain, llama.llama_sampler_init_greedy())
            return chain
        if sampling.top_k > 0:
            add(chain, llama.llama_sampler_init_top_k(sampling.top_k))
        if sampling.top_p < 1.0:
            add(chain, llama.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0.0:
            add(chain, llama.llama_sampler_init_min_p(sampling.min_p, 1))
        add(chain, llama.llama_sampler_init_temp(sampling.temperature))
        add(chain, llama.llama_sampler_init_dist(seed))
        return chain

    def free_sampler(self, sampler: Any) -> None:
        """Free a chain from :meth:`new_sampler`."""
        if sampler is not None:
            llama.llama_sampler_free(sampler)


def _affordable(place_bytes: float, options: ModelOptions) -> int:
    """How many slots fit into the KV budget, halved until they do."""
    slots = max(options.slots, 1)
    while slots > 1 and options.kv_budget and (slots + 1) * place_bytes > options.kv_budget:
        slots //= 2
    return slots
