"""The fastest way to run a model: measured on a real one, kept, and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SMALL
from translator.engines import gguf_tuning
from translator.engines.gguf import GgufOptions
from translator.engines.gguf_tuning import SLOTS, Tuning, Tunings, tune


@pytest.mark.model
def test_a_real_model_is_tuned(real_models: Path) -> None:
    said: list[str] = []
    tuning = tune(real_models / f"{SMALL}.gguf", 2, context=512, kv_budget=0, said=said.append)
    assert tuning.slots in SLOTS and tuning.threads == 2
    assert 0 < tuning.cost < tuning.alone  # together it must be faster than alone
    assert len(said) >= 3


def fake_steps(cost: dict[str, float], room: int = 63, same: bool = True) -> object:
    """Steps whose seconds are the product of the factors of all settings that are switched on."""

    def steps(options: GgufOptions, rows: tuple[int, ...]) -> dict[str, object]:
        factor = 1.0
        for name, value in cost.items():
            factor *= value if getattr(options, name) else 1.0
        places = min(2 * room + 1 if options.small_cache else room, 63)
        return {
            "rows": {str(n): factor * (0.03 + 0.005 * n) for n in rows if n <= places + 1},
            "prompt": 0.005 * factor,
            "load": 1.0,
            "same": same or not options.repack,
            "slots": places,
        }

    return steps


def tuned(monkeypatch: pytest.MonkeyPatch, steps: object) -> Tuning:
    monkeypatch.setattr(gguf_tuning, "steps", steps)
    monkeypatch.setattr(gguf_tuning, "is_x86", lambda: True)
    return tune(Path("model.gguf"), 2, context=1536, kv_budget=1 << 30)


def test_a_clear_gain_is_taken_and_noise_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    faster = tuned(monkeypatch, fake_steps({"repack": 0.8, "flash_attention": 1.0}))
    assert faster.repack and faster.flash_attention
    noise = tuned(monkeypatch, fake_steps({"repack": 0.99, "flash_attention": 1.02}))
    assert not noise.repack and noise.flash_attention
    slower = tuned(monkeypatch, fake_steps({"repack": 1.3, "flash_attention": 1.3}))
    assert not slower.repack and not slower.flash_attention


def test_what_cannot_be_repeated_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tuned(monkeypatch, fake_steps({"repack": 0.5}, same=False)).repack


def test_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    small = tuned(monkeypatch, fake_steps({}, room=31))
    assert (small.slots, small.small_cache) == (63, True)
    tiny = tuned(monkeypatch, fake_steps({}, room=3))
    assert tiny.slots in (3, 7)


def test_tunings_are_kept_for_the_same_circumstances(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"x" * 10)
    tunings = Tunings(tmp_path / "home" / "tunings.json")
    assert tunings.get(model, 2) is None
    tuning = Tuning(31, 2, repack=False, cost=0.01)
    tunings.put(model, 2, tuning)
    assert Tunings(tmp_path / "home" / "tunings.json").get(model, 2) == tuning
    assert tunings.get(model, 4) is None
    model.write_bytes(b"x" * 11)  # another file under the same name
    assert tunings.get(model, 2) is None


def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "tunings.json"
    path.write_text("{")
    model = tmp_path / "model.gguf"
    tunings = Tunings(path)
    assert tunings.get(model, 2) is None
    tunings.put(model, 2, Tuning(15, 2, repack=True))
    assert tunings.get(model, 2) == Tuning(15, 2, repack=True)
