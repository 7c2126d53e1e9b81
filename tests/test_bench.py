"""`verso bench` with a real model, on little text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator.bench.speed import sample
from translator.cli import main
from translator.engines.gguf_cpu import machine


@pytest.mark.model
def test_bench_compares_with_the_plain_loop(
    real_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(real_models)
    monkeypatch.setenv("VERSO_HOME", str(home))
    report = tmp_path / "bench.json"
    model = "qwen2.5-coder-0.5b-instruct-q4_k_m"
    sizes = ["--segments", "3", "--max-new-tokens", "6", "--repeats", "1", "--widths", "1", "16"]
    sizes += ["--requests", "2"]
    assert main(["bench", "--model", model, "--json", str(report), *sizes]) == 0
    facts = json.loads(report.read_text())
    assert [system["name"] for system in facts["systems"]] == [
        "plain loop", "plain loop, default threads", "1 together", "16 together",
    ]  # fmt: skip
    assert all(system["tokens_per_second"] > 0 for system in facts["systems"])
    ratios = facts["ratios"]
    assert ratios["plain_loop"] > 0 < ratios["untuned_loop"] and ratios["llama_server"] is None
    assert 0 < facts["ratios"]["prompt_share"] < 1.5
    assert 0 < facts["ratios"]["single_stream_share"] < 1.5
    assert facts["segments"] == 3 and facts["machine"] == machine()
    wait = facts["first_text_seconds"]
    assert 0 < wait["idle_p50"] <= wait["idle_p95"] and wait["book_running_p95"] > 0
    overhead = facts["overhead"]
    assert overhead["seconds"] > 0 and overhead["peak_mb"] > 10
    assert list(overhead["growth"]) == ["1", "10", "100"]


def test_a_trial_gets_segments_for_its_width() -> None:
    everything = list(range(1000))
    assert len(sample(everything, 1)) == 24
    chosen = sample(everything, 63)
    assert len(chosen) == 252 and min(chosen) == 0 and max(chosen) == 999
    assert all(chosen[number] == number for number in chosen)
    assert sample([7], 63) == {0: 7}
