"""The shipped recipes."""

from __future__ import annotations

import pytest

from trainer import presets
from trainer.config import RunSettings
from translator.errors import InputError


def test_all_presets_can_be_used() -> None:
    found = presets.all()
    assert len({preset.id for preset in found}) == len(found) >= 6
    for preset in found:
        assert preset.source and preset.about.endswith(".") and preset.name
        assert preset.settings.preset == preset.id
        settings = preset.settings.with_values(
            {"model.base": "x", "data.corpus": "/y", "preference.pairs": "/z"}
        )
        settings.require_complete()
        assert RunSettings.of(settings.values()) == settings
        assert preset.settings.training.save % preset.settings.evaluation.every == 0


def test_known_recipes_have_their_known_numbers() -> None:
    qwen = presets.get("qwen3-lora").settings
    assert (qwen.method.rank, qwen.method.alpha, qwen.method.dropout) == (32, 64, 0.05)
    assert (qwen.training.learning_rate, qwen.training.epochs) == (2e-4, 3)
    assert (qwen.training.batch, qwen.training.accumulation) == (8, 8)
    factory = presets.get("llama-factory").settings
    assert (factory.data.length, factory.training.learning_rate) == (1024, 5e-5)
    assert (factory.training.batch, factory.training.accumulation) == (4, 4)
    assert (factory.training.schedule, factory.training.precision) == ("cosine", "fp16")
    stages = presets.get("long-texts").settings.stages
    assert [stage.length for stage in stages] == [1024, 8192, 65536, 131072]
    assert all(stage.parts == (1, 2, 4) and stage.replay > 0 for stage in stages[1:])


def test_an_unknown_preset_names_the_known() -> None:
    with pytest.raises(InputError, match="small-model"):
        presets.get("large-model")
