"""A loaded model as the batcher sees it: prompts in, batches out, adapters switched by name."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from translator.engines.hf_decoding import DecoderBatch, EncodedBatch
from translator.engines.hf_load import Loaded
from translator.engines.hf_text import Detokenizer
from translator.engines.hf_tokens import prompt_ids, reply_ids, text_lengths
from translator.errors import EngineError, ModelError
from translator.types import Prompt

MOST_SLOTS = 256
_CPU_SLOTS = 16
_PROMPT_TOKENS = {"cuda": 16384, "mps": 4096, "cpu": 2048}  # read at once
_CACHE_SHARE = 0.5  # of a GPU's free memory; the rest is for what a step works with


class HfModel:
    """Wraps what :func:`.hf_load.load` gives.

    ``context``: tokens that one request may use. ``slots`` 0: as many as memory allows.
    ``budget``: bytes for the key-value cache on a CPU (0: no limit).
    """

    def __init__(self, loaded: Loaded, *, context: int, slots: int = 0, budget: int = 0) -> None:
        self._loaded = loaded
        self._peft: Any = None
        self._adapters: dict[str, str] = {}  # folder: name
        self._made = 0  # names of adapters, used once each
        self._active = ""
        self.text = Detokenizer(loaded.tokenizer)
        self.ends = loaded.ends
        self.never = list(loaded.never)
        self.device = loaded.device
        self.context = min(context, loaded.context) if loaded.context else context
        self.slots = slots or self._affordable(budget)
        self.prompt_budget = _PROMPT_TOKENS[loaded.device]
        self.joins = not loaded.encoder_decoder

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """The tokens of a prompt."""
        loaded = self._loaded
        return prompt_ids(loaded.tokenizer, prompt, encoder=loaded.encoder_decoder)

    def reply_ids(self, prompt: Prompt) -> list[int]:
        """The tokens that its reply begins with."""
        return reply_ids(self._loaded.tokenizer, prompt)

    def lengths(self, texts: list[str]) -> list[int]:
        """The number of tokens of each text."""
        return text_lengths(self._loaded.tokenizer, texts)

    def room(self, prompt: int) -> int:
        """How many new tokens a prompt of so many tokens leaves; below 1: it is too long."""
        if self._loaded.encoder_decoder:
            return self.context - 1 if prompt <= self.context else 0
        return self.context - prompt

    def read(self, prompts: Sequence[Sequence[int]]) -> DecoderBatch | EncodedBatch:
        """Read prompts together."""
        if self._loaded.encoder_decoder:
            return EncodedBatch(self._loaded.model, prompts, self._loaded.start)
        return DecoderBatch(self._loaded.model, prompts)

    # --- adapters --------------------------------------------------------------------------

    def attach(self, folder: str) -> None:
        """Load an adapter beside those that are there.

        Raises:
            ModelError: it is damaged, or was not trained on this model.
        """
        if not folder or folder in self._adapters:
            return
        name = Path(folder).name
        if not (Path(folder) / "adapter_model.safetensors").is_file():
            raise ModelError(
                f"The adapter {name} has no adapter_model.safetensors.",
                "Files of other kinds can run code when they are loaded.",
            )
        from peft import PeftConfig, PeftModel

        key = f"adapter{self._made}"
        self._made += 1
        try:
            if self._peft is None:
                config = PeftConfig.from_pretrained(folder, local_files_only=True)
                self._peft = PeftModel(self._loaded.model, config, adapter_name=key)
            found = self._peft.load_adapter(folder, adapter_name=key, local_files_only=True)
            fits = not found.unexpected_keys and not any(key in name for name in found.missing_keys)
        except (RuntimeError, ValueError, KeyError, TypeError, OSError, SafetensorError):
            fits = False
        if not fits and self._peft is not None and key in self._peft.peft_config:
            self._peft.delete_adapter(key)
        if fits:
            self._adapters[folder] = key
        self._switch(self._active)
        if not fits:
            raise ModelError(
                f"The adapter {name} does not fit this model.",
                "An adapter runs only on the base model it was trained on.",
            )

    def use(self, adapter: str) -> None:
        """Answer with this adapter (its folder) from now on; empty: the base model alone."""
        if adapter != self._active:
            self.attach(adapter)
            self._switch(adapter)
            self._active = adapter

    def _switch(self, adapter: str) -> None:
        if self._peft is None:
            return
        self._peft.eval()
        tuner = self._peft.base_model
        if adapter:
            tuner.enable_adapter_layers()
            self._peft.set_adapter(self._adapters[adapter])
        else:
            tuner.disable_adapter_layers()

    # --- memory and trouble ----------------------------------------------------------------

    def free_memory(self) -> None:
        """Give back what the device's allocator keeps for later."""
        if self.device == "cpu":
            return
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
        else:
            torch.mps.empty_cache()

    def too_little_memory(self) -> EngineError:
        """A single request does not fit."""
        return EngineError(
            f"There is not enough memory on {self.device.upper()} for this text, even alone.",
            "Close other programs, choose a smaller model, or load this one in 4 bits.",
        )

    def overflow(self) -> EngineError:
        """The model computed no numbers."""
        return EngineError(
            f"The model's numbers overflow in {self._loaded.precision}.",
            "Load it with the precision fp32 (or bf16, where the device has it).",
        )

    def _affordable(self, budget: int) -> int:
        sides = 2 if self._loaded.encoder_decoder else 1
        request = self.context * self._loaded.token_bytes * sides
        if self.device == "cuda":
            free, _ = torch.cuda.mem_get_info()
            return max(1, min(MOST_SLOTS, int(free * _CACHE_SHARE) // request))
        wide = 2 if self._loaded.precision == "fp32" else 1
        if budget:
            return max(1, min(_CPU_SLOTS, budget // (request * wide)))
        return _CPU_SLOTS
