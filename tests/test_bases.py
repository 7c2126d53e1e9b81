"""Bases: GGUF models written out for training compute and tokenize as llama.cpp does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny_trained
from tests.tiny_gguf import OTHER, SAMPLE, write_model
from trainer import bases, export_gguf, export_lora, gguf_config, gguf_tokenizer
from trainer.architectures import Family, of_config, of_gguf
from trainer.bases import Base
from trainer.export_weights import Adapter, Trained
from translator.engines.gguf import GgufOptions
from translator.engines.gguf_logits import logits
from translator.engines.gguf_quantize import quantize
from translator.engines.gguf_vocab import Tokenizer
from translator.engines.hf_tokens import text_ids
from translator.errors import EngineError, InputError, ModelError
from translator.model_making import Order, Workshop
from translator.models import gguf_file, trim
from translator.models.registry import Registry
from translator.settings import Settings

pytest.importorskip("torch")
TEXTS = [
    *(SAMPLE + OTHER).splitlines(),
    "<s> </s> <|im_end|> <end_of_turn>  x",
    "1234 e\u0301\n\n\t I'LL  \u2581 👩\u200d👧",
]
FACTS = {"general.name": "Tiny"}


@dataclass
class Trial:
    """A tiny model of transformers, its GGUF file, and the base made of that."""

    folder: Path
    family: Family
    original: Path
    gguf: Path
    base: Base
    settings: Settings
    ids: list[int]

    def asked(self, model: Path, adapter: Path | None = None) -> Any:
        options = GgufOptions(model, slots=1, threads=1, adapter=str(adapter or ""))
        return next(logits(options, [(self.ids, len(self.ids))], self.folder))


@pytest.fixture(scope="module", params=tiny_trained.KINDS)
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp(request.param)
    original = tiny_trained.write(folder / "original", request.param)
    family = of_config(request.param, "it")
    path = folder / "tiny.gguf"
    export_gguf.write_new(Trained(original), family, path, FACTS, lambda _: None)
    settings = Settings(folder / "home", threads=1)
    base = bases.resolve(str(path), settings)
    ids = text_ids(AutoTokenizer.from_pretrained(original), SAMPLE)[:60]
    return Trial(folder, family, original, path, base, settings, ids)


def near(ours: Any, theirs: Any, share: float = 0.03) -> None:
    """16 bits of rounding: a few hundredths where logits differ by several."""
    width = min(ours.shape[1], theirs.shape[1])
    assert theirs.std() > 0.5
    assert np.abs(ours[:, :width] - theirs[:, :width]).max() < share * theirs.std()


def test_a_model_written_as_gguf_computes_the_same(trial: Trial) -> None:
    near(trial.asked(trial.gguf), tiny_trained.logits(trial.original, trial.ids))


def test_a_gguf_model_written_out_computes_the_same(trial: Trial) -> None:
    near(tiny_trained.logits(trial.base.folder, trial.ids), trial.asked(trial.gguf))
    assert (
        trial.base.architecture
        == json.loads((trial.original / "config.json").read_text())["model_type"]
    )


def test_tokens_are_llama_cpps(trial: Trial) -> None:
    from transformers import AutoTokenizer

    there = AutoTokenizer.from_pretrained(trial.original)
    back = AutoTokenizer.from_pretrained(trial.base.folder)
    with Tokenizer(trial.gguf) as tokenizer:
        for text, ids in zip(TEXTS, tokenizer.ids(TEXTS), strict=True):
            assert text_ids(back, text) == ids, text
            assert text_ids(there, text) == ids, text
            # To SentencePiece, this character is a space.
            assert back.decode(ids) in (text, text.replace("\u2581", " ")), text
    assert back.eos_token == there.eos_token


def test_an_adapter_computes_what_was_trained(trial: Trial) -> None:
    folder = tiny_trained.write_adapter(trial.base.folder, trial.folder / "adapter")
    theirs = tiny_trained.logits(trial.base.folder, trial.ids, folder)
    assert np.abs(theirs - trial.asked(trial.gguf)).max() > 1  # it does something
    file, path = gguf_file.read(trial.gguf), trial.folder / "adapter.gguf"
    export_lora.write(Adapter(folder), file, trial.family, path, FACTS)
    near(trial.asked(trial.gguf, path), theirs)
    merged = trial.folder / "merged.gguf"
    trained = Trained(trial.base.folder, Adapter(folder))
    export_gguf.write_over(trained, file, trial.family, merged, FACTS, lambda _: None, keep=False)
    near(trial.asked(merged), theirs)
    # What is in the base's file and not of weights is there again, byte by byte.
    after = gguf_file.read(merged).entries
    assert {key for key in after if after[key] != file.entries.get(key)} <= {"general.file_type"}


@pytest.mark.parametrize("options", [{"use_rslora": True}, {"alpha_pattern": {"q_proj": 3}}])
@pytest.mark.parametrize("trial", ["llama"], indirect=True)
def test_other_scales_are_folded(trial: Trial, options: dict[str, Any], tmp_path: Path) -> None:
    folder = tiny_trained.write_adapter(trial.base.folder, tmp_path / "adapter", **options)
    path = tmp_path / "adapter.gguf"
    export_lora.write(Adapter(folder), gguf_file.read(trial.gguf), trial.family, path, FACTS)
    theirs = tiny_trained.logits(trial.base.folder, trial.ids, folder)
    near(trial.asked(trial.gguf, path), theirs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]}, "whole"),
        ({"target_modules": ["embed_tokens"]}, "embedding"),
    ],
)
@pytest.mark.parametrize("trial", ["qwen2"], indirect=True)
def test_what_no_gguf_adapter_can_do_is_refused(
    trial: Trial, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    adapter = Adapter(tiny_trained.write_adapter(trial.base.folder, tmp_path / "a", **options))
    with pytest.raises(ModelError, match=words) as error:
        export_lora.check(adapter, gguf_file.read(trial.gguf), trial.family)
    assert "merged" in error.value.hint


@pytest.mark.parametrize("trial", ["qwen2", "gemma3_text"], indirect=True)
def test_an_adapter_fits_the_trimmed_model(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trim, "_COMMON", 0)  # a tiny vocabulary is all common
    settings = Settings(tmp_path, threads=1)
    made = Workshop(settings, Registry(settings)).trim(
        Order(str(trial.gguf)), ["en", "de"], [SAMPLE]
    )
    assert made.tokens < made.tokens_before
    trimmed = Registry(settings).path(made.spec)
    kept = trim.kept_rows(gguf_file.read(trimmed))
    assert kept is not None
    folder = tiny_trained.write_adapter(trial.base.folder, tmp_path / "adapter")
    path = tmp_path / "adapter.gguf"
    export_lora.write(Adapter(folder), gguf_file.read(trial.gguf), trial.family, path, FACTS)
    whole = trial.asked(trial.gguf, path)
    new = {int(old): number for number, old in enumerate(kept)}
    asked = ([new[token] for token in trial.ids], len(trial.ids))
    options = GgufOptions(trimmed, slots=1, threads=1, adapter=str(path))
    found = next(logits(options, [asked], tmp_path))
    np.testing.assert_allclose(found, whole[:, kept], atol=1e-4)


# --- where a base comes from -----------------------------------------------------------------


@pytest.mark.parametrize("trial", ["qwen2"], indirect=True)
def test_a_base_is_written_out_once(trial: Trial) -> None:
    note = trial.base.folder / "verso-base.json"
    before = note.stat().st_mtime_ns
    again = bases.resolve(str(trial.gguf), trial.settings)
    assert again == trial.base
    assert note.stat().st_mtime_ns == before
    assert [path.name for path in trial.base.folder.parent.iterdir() if path.is_dir()] == [
        trial.base.folder.name
    ]


@pytest.mark.parametrize("trial", ["qwen2"], indirect=True)
def test_a_folder_is_a_base(trial: Trial) -> None:
    base = bases.resolve(str(trial.original), trial.settings)
    assert base.folder == trial.original.resolve()
    assert base.gguf is None
    assert base.hash == bases.of_folder(trial.original).hash


def test_a_quantized_model_is_written_out(tmp_path: Path) -> None:
    source, path = tmp_path / "f16.gguf", tmp_path / "q8.gguf"
    write_model(source, bpe=True)
    quantize(source, path, "Q8_0", lambda _: None, threads=1)
    base = bases.resolve(str(path), Settings(tmp_path / "home"))
    from safetensors.torch import load_file

    ours = load_file(base.folder / "model.safetensors")["model.embed_tokens.weight"].float()
    file = gguf_file.read(source)
    tensor = next(t for t in file.tensors if t.name == "token_embd.weight")
    raw = np.memmap(source, mode="r", offset=tensor.offset, shape=(tensor.size,))
    theirs = raw.view("<f2").reshape(tensor.rows, -1).astype(np.float32)
    assert 0 < np.abs(ours.numpy() - theirs).max() < 0.01


def test_what_is_no_base_is_refused(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home")
    with pytest.raises(InputError, match="No base"):
        bases.resolve(" ", settings)
    with pytest.raises(ModelError, match="no model named"):
        bases.resolve("nothing", settings)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError):
        bases.resolve(str(tmp_path / "empty"), settings)
    with pytest.raises(ModelError, match="not downloaded"):
        bases.resolve("gemma-3-270m-q4_k_m", settings)
    with pytest.raises(ModelError, match="cannot be trained"):
        bases.resolve("pseudo", settings)


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    write_model(path, bpe=True)
    path.write_bytes(path.read_bytes().replace(b"llama", b"falco"))
    with pytest.raises(ModelError, match="falco"):
        bases.resolve(str(path), Settings(tmp_path / "home"))
    assert not [p for p in (tmp_path / "home" / "bases").iterdir() if p.is_dir()]
    with pytest.raises(ModelError, match="falco"):
        of_gguf("falco", "x")


def test_a_text_is_split_in_a_known_way(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    write_model(path, bpe=True)
    path.write_bytes(path.read_bytes().replace(b"qwen2", b"qwenX"))
    with pytest.raises(ModelError, match="qwenX"):
        gguf_tokenizer.convert(gguf_file.read(path))


def test_llama3s_context_is_stretched_as_transformers_does() -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {
        "rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    }  # fmt: skip
    config = LlamaConfig(
        hidden_size=256, num_attention_heads=4, rope_parameters=rope,
        max_position_embeddings=131072,
    )  # fmt: skip
    stretched, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    plain = 1.0 / 500000.0 ** (np.arange(0, 64, 2) / 64)
    numbers = {key: value for key, value in rope.items() if isinstance(value, float)}
    factors = gguf_config.llama3_factors(numbers, 500000.0, 64)
    np.testing.assert_allclose(plain / factors, stretched.numpy(), rtol=1e-4)
    assert factors.max() == 32 and factors.min() == 1


def test_a_model_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF nothing")
    with pytest.raises(EngineError):
        next(logits(GgufOptions(path, threads=1), [([1], 1)], tmp_path))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
