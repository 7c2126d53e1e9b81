"""The loss of target places, and LoRA's short way: the same numbers as the long way gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.tiny_hf import write_causal, write_encoder_decoder  # noqa: E402
from trainer import train_lora  # noqa: E402
from trainer.train_batches import CausalBatch, EncoderDecoderBatch  # noqa: E402
from trainer.train_loss import TargetLoss, linear_loss  # noqa: E402

# Three, two and one tokens are trained.
ROWS: list[dict[str, Any]] = [
    {"input_ids": [5, 6, 7, 8, 9, 2], "labels": [-100, -100, -100, 8, 9, 2]},
    {"input_ids": [11, 12, 13], "labels": [-100, 12, 13]},
    {"input_ids": [20, 21, 22, 23, 24, 25, 26, 27, 28], "labels": [-100] * 8 + [28]},
]


def _causal(folder: Path, kind: str) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(write_causal(folder, kind)))


def _adapted(model: Any, **options: Any) -> Any:
    import peft

    torch.manual_seed(3)
    settings = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False,
        task_type="CAUSAL_LM", **options,
    )  # fmt: skip
    return peft.get_peft_model(model, settings)


def _gradients(model: Any, loss: Any) -> dict[str, Any]:
    model.zero_grad()
    loss.backward()
    return {n: each.grad.clone() for n, each in model.named_parameters() if each.grad is not None}


def _assert_same(first: dict[str, Any], second: dict[str, Any], tolerance: float = 1e-4) -> None:
    assert first.keys() == second.keys()
    for name, gradient in first.items():
        size = second[name].norm()
        assert (gradient - second[name]).norm() <= tolerance * size + 1e-5, name


@pytest.mark.parametrize("kind", ["qwen2", "gemma3_text", "lfm2"])
def test_a_causal_model_has_the_loss_of_all_its_logits(tmp_path: Path, kind: str) -> None:
    model = _causal(tmp_path, kind)
    batch = CausalBatch(pad=0)(ROWS)
    ours = TargetLoss(model)(model, batch)
    full = model(**batch, use_cache=False).loss * 6
    assert ours.item() == pytest.approx(full.item(), rel=1e-5)
    _assert_same(_gradients(model, ours), _gradients(model, full))


@pytest.mark.parametrize("kind", ["t5", "marian"])
def test_an_encoder_decoder_too(tmp_path: Path, kind: str) -> None:
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(str(write_encoder_decoder(tmp_path, kind))).eval()
    rows = [{"input_ids": row["input_ids"], "labels": row["input_ids"][::-1]} for row in ROWS]
    batch = EncoderDecoderBatch(pad=0, start=0)(rows)
    ours = TargetLoss(model)(model, batch)
    full = model(**batch, use_cache=False).loss * 18
    assert ours.item() == pytest.approx(full.item(), rel=1e-5)
    _assert_same(_gradients(model, ours), _gradients(model, full))


def test_logits_that_are_changed_after_the_output_layer_count_as_changed(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "gemma2", vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, head_dim=16, final_logit_softcapping=1.0,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    batch = CausalBatch(pad=0)(ROWS)
    full = model(**batch, use_cache=False).loss * 6
    assert float(TargetLoss(model)(model, batch)) == pytest.approx(full.item(), rel=1e-5)


def test_label_smoothing_and_bias_as_pytorch_has_them() -> None:
    torch.manual_seed(1)
    hidden = torch.randn(300, 16, requires_grad=True)
    weight = torch.randn(50, 16, requires_grad=True)
    bias = torch.randn(50, requires_grad=True)
    labels = torch.randint(0, 50, (300,))
    ours = linear_loss(hidden, weight, bias, labels, 0.1)
    logits = torch.nn.functional.linear(hidden, weight, bias)
    plain = torch.nn.functional.cross_entropy(logits, labels, reduction="sum", label_smoothing=0.1)
    assert ours.item() == pytest.approx(float(plain), rel=1e-5)
    inputs = (hidden, weight, bias)
    for mine, theirs in zip(
        torch.autograd.grad(ours, inputs), torch.autograd.grad(plain, inputs), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_what_is_left_out_in_16_bits_is_less_than_their_rounding() -> None:
    torch.manual_seed(2)
    hidden = torch.randn(64, 32)
    weight = torch.randn(20_000, 32)
    labels = (hidden @ weight.T).argmax(dim=1)  # a model that knows: few tokens are probable

    def gradient(kind: Any) -> Any:
        own = hidden.to(kind).clone().requires_grad_()
        linear_loss(own, weight.to(kind), None, (labels + 1) % 20_000).backward()
        return own.grad.float()

    exact, rounded = gradient(torch.float32), gradient(torch.bfloat16)
    assert (exact - rounded).norm() < 0.02 * exact.norm()


def test_lora_by_the_short_way_is_lora(tmp_path: Path) -> None:
    model = _adapted(_causal(tmp_path, "qwen2"), use_rslora=True)
    batch = CausalBatch(pad=0)(ROWS)
    loss = TargetLoss(model)
    long = loss(model, batch)
    expected = _gradients(model, long)
    assert train_lora.quicken(model) == 14
    short = loss(model, batch)
    assert float(short) == pytest.approx(float(long), rel=1e-5)
    _assert_same(_gradients(model, short), expected)
    with torch.no_grad(), model.disable_adapter():
        assert float(loss(model, batch)) != pytest.approx(float(long), rel=1e-3)


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_dropout": 0.5}])
def test_other_kinds_of_adapters_go_their_own_way(tmp_path: Path, options: dict[str, Any]) -> None:
    assert train_lora.quicken(_adapted(_causal(tmp_path, "qwen2"), **options)) == 0


def test_packed_examples_do_not_see_each_other(tmp_path: Path) -> None:
    model = _causal(tmp_path, "gemma3_text").eval()
    loss = TargetLoss(model)
    alone = sum(float(loss(model, CausalBatch(pad=0)([row]))) for row in ROWS)
    packed = {name: [token for row in ROWS for token in row[name]] for name in ROWS[0]}
    packed["position_ids"] = [at for row in ROWS for at in range(len(row["input_ids"]))]
    other = packed | {"input_ids": packed["input_ids"]}
    together = float(loss(model, CausalBatch(pad=0)([packed, other])))
    assert together == pytest.approx(2 * alone, rel=1e-4)
