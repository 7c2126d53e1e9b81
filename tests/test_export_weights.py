"""Merging an adapter is what PEFT does; safetensors files that Verso writes are read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny_trained
from trainer import export_safetensors, safetensors_file
from trainer.export_weights import Adapter, Trained, check_fits
from trainer.safetensors_file import Output
from translator.errors import ModelError

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_trained.write(tmp_path_factory.mktemp("base"), "qwen2", tied=False)


_KINDS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "patterns": {
        "target_modules": ["q_proj", "up_proj"],
        "rank_pattern": {"q_proj": 3},
        "alpha_pattern": {"layers.0.self_attn.q_proj": 5},
    },
    "saved": {"target_modules": ["v_proj"], "modules_to_save": ["lm_head"]},
    "embedding": {"target_modules": ["embed_tokens", "lm_head", "o_proj"]},
}


@pytest.mark.parametrize("kind", _KINDS)
def test_merging_is_what_peft_does(kind: str, base: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = tiny_trained.write_adapter(base, tmp_path / "adapter", **_KINDS[kind])
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, str(folder)).merge_and_unload().state_dict()
    trained = Trained(base, Adapter(folder))
    check_fits(trained)
    assert set(trained.names) == set(merged)
    before = Trained(base)
    for name in trained.names:
        ours = np.concatenate(list(trained.chunks(name)))
        np.testing.assert_allclose(ours, merged[name].numpy(), atol=1e-5, err_msg=name)
        same = np.array_equal(ours, np.concatenate(list(before.chunks(name))))
        assert same != trained.changed(name), name


def test_an_adapter_of_another_kind_is_refused(base: Path, tmp_path: Path) -> None:
    folder = tiny_trained.write_adapter(base, tmp_path / "adapter")
    config = json.loads((folder / "adapter_config.json").read_text())
    for change in ({"peft_type": "IA3"}, {"bias": "all"}, {"fan_in_fan_out": True}):
        (folder / "adapter_config.json").write_text(json.dumps(config | change))
        with pytest.raises(ModelError, match="cannot be exported"):
            Adapter(folder)


def test_an_adapter_of_another_model_is_refused(base: Path, tmp_path: Path) -> None:
    other = tiny_trained.write(tmp_path / "other", "lfm2")
    adapter = Adapter(tiny_trained.write_adapter(other, tmp_path / "adapter"))
    with pytest.raises(ModelError, match="which its base does not have"):
        check_fits(Trained(base, adapter))


def test_a_merged_folder_is_the_model(base: Path, tmp_path: Path) -> None:
    folder = tiny_trained.write_adapter(base, tmp_path / "adapter")
    out = tmp_path / "out"
    out.mkdir()
    written: list[int] = []
    trained = Trained(base, Adapter(folder))
    export_safetensors.write(trained, out, written.append)
    assert written == sorted(written)
    ids = list(range(20, 60))
    ours = tiny_trained.logits(out, ids)
    np.testing.assert_allclose(ours, tiny_trained.logits(base, ids, folder), atol=1e-4)
    assert (out / "model.safetensors").stat().st_size >= export_safetensors.size(trained)
    assert not list(out.glob("adapter*"))


def test_files_hold_what_was_written(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    values = np.linspace(-3, 3, 24, dtype=np.float32).reshape(6, 4)
    halves = [values[:2], values[2:]]
    outputs = [Output(kind, kind, (6, 4), lambda: halves) for kind in ("F32", "F16", "BF16")]
    path = tmp_path / "x.safetensors"
    safetensors_file.write(path, outputs, lambda _: None)
    found = load_file(path)
    theirs = torch.from_numpy(values)
    assert torch.equal(found["F32"], theirs)
    assert torch.equal(found["F16"], theirs.half())
    assert torch.equal(found["BF16"], theirs.bfloat16())
