"""The process in which transformers runs."""

from __future__ import annotations

from collections.abc import Callable

from translator.engines import hf_load
from translator.engines.hf_batch import Batcher
from translator.engines.hf_model import HfModel
from translator.engines.serving import Message, Service, serve


def load(message: Message, on_loading: Callable[[float], None]) -> Service:
    """Load the model that the first message names. Raises :class:`VersoError`."""
    loaded = hf_load.load(hf_load.LoadOptions(**message["options"]), on_loading)
    model = HfModel(loaded, **message["use"])
    tokenizer = loaded.tokenizer
    facts: Message = {
        "context": model.context,
        "slots": model.slots,
        "chat_template": _template(tokenizer.chat_template),
        "bos_text": tokenizer.bos_token or "",
        "eos_text": tokenizer.eos_token or "",
        "instruction_sets": [],
        "backend": loaded.backend,
    }
    return Service(Batcher(model), facts, model.lengths, model.attach)


def _template(stored: str | dict[str, str] | None) -> str:
    """The chat template; of several that a tokenizer has, the default one."""
    if isinstance(stored, dict):
        return stored.get("default", "")
    return stored or ""


if __name__ == "__main__":
    raise SystemExit(serve(load))
