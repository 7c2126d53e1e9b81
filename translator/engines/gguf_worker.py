"""The process in which llama.cpp runs."""

from __future__ import annotations

from collections.abc import Callable

from translator.engines.gguf_batch import Batcher
from translator.engines.gguf_load import instruction_sets
from translator.engines.gguf_model import LlamaModel, ModelOptions
from translator.engines.serving import Message, Service, serve


def load(message: Message, on_loading: Callable[[float], None]) -> Service:
    """Load the model that the first message names. Raises :class:`VersoError`."""
    model = LlamaModel(ModelOptions(**message["options"]), on_loading)
    facts = {
        "context": model.context,
        "slots": model.slots,
        "chat_template": model.metadata("tokenizer.chat_template"),
        "bos_text": model.token_text(model.bos),
        "eos_text": model.token_text(model.eos),
        "instruction_sets": instruction_sets(),
        "backend": model.backend,
    }
    batcher = Batcher(model, reproducible=message["reproducible"])
    return Service(
        batcher,
        facts,
        lambda texts: [len(model.tokenize(text, special=False)) for text in texts],
    )


if __name__ == "__main__":
    raise SystemExit(serve(load))
