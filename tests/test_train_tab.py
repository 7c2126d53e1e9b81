"""What the Train tab is made of, without a browser."""

from __future__ import annotations

import math
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.runs_support import tiny_corpus
from tests.train_support import add_steps, written_run
from trainer import presets, requirements, runs
from trainer.config import RunSettings
from trainer.config_fields import settings_of
from trainer.tabs import train_curves, train_fields, train_needs, train_preview, train_view
from trainer.tabs.charts import Mark, Series, chart, smooth
from trainer.tabs.export_panel import proof
from trainer.tabs.requirements_panel import RequirementsPanel
from trainer.tabs.tasks import Report, Task, Tasks
from trainer.tabs.train import Trainings
from translator.errors import InputError
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings
from translator.tabs import views
from translator.tabs.context import AppContext

HOSTILE = '<img src=x onerror=alert(1)> "quoted" & ${evil}'


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_corpus(tmp_path_factory.mktemp("corpora") / "sea")


def _context(home: Path, *, shared: bool = False) -> AppContext:
    """A context that knows its folders and models only."""
    nothing: Any = None
    settings = Settings(home)
    return AppContext(settings, Registry(settings), nothing, nothing, nothing, shared)


def test_a_chart_places_its_points() -> None:
    points = [(0.0, 3.0), (50.0, 1.0), (100.0, 2.0)]
    shown = chart("Loss", [Series("training", points)], end=200, from_zero=True)
    # The top is the highest value and 6 % more; a step of 200 is the right edge.
    top = 3.0 * 1.06
    for x, y in points:
        assert f"{x / 2:.2f},{100 * (top - y) / top:.2f}" in shown
    assert shown.count('class="v-strip') == 3
    assert 'data-said="step 50: training 1"' in shown
    assert 'aria-label="Loss: training from 3 at step 0 to 2 at step 100"' in shown


def test_a_chart_without_points_says_so() -> None:
    nan = [(1.0, math.nan), (2.0, math.inf)]
    shown = chart("Loss", [Series("training", nan)], empty="Soon.")
    assert "Soon." in shown and "polyline" not in shown
    one = chart("Loss", [Series("training", [(1.0, 2.0)])], marks=[Mark(1, "best"), Mark(9, "far")])
    assert "v-point" in one and "best" in one and "far" not in one


def test_a_long_curve_is_drawn_with_few_points_and_all_its_shape() -> None:
    points = [(float(n), math.sin(n / 800)) for n in range(20_000)]
    shown = chart("Loss", [Series("training", points)])
    drawn = shown.split('points="')[1].split('"')[0].split()
    assert len(drawn) <= 240 and shown.count('class="v-strip') <= 122
    heights = [float(place.split(",")[1]) for place in drawn]
    assert max(heights) - min(heights) > 85
    assert drawn[-1].startswith("100.00,")


def test_smoothing_starts_at_the_first_value_and_keeps_a_constant() -> None:
    assert smooth([(1, 5.0), (2, 5.0), (3, 5.0)]) == [(1, 5.0), (2, 5.0), (3, pytest.approx(5.0))]
    kept = smooth([(n, 1.0 if n % 2 else 3.0) for n in range(400)])
    assert abs(kept[-1][1] - 2.0) < 0.2


def test_every_preset_survives_the_page() -> None:
    with gr.Blocks():
        fields = train_fields.Fields()
        fields.show(*train_fields.ALL)
    for preset in presets.all():
        given = fields.filled(preset.settings)
        assert preset.settings.with_values(fields.given(given)) == preset.settings
    weighted = RunSettings().with_values(
        {"data.weights": {"bible": 0.5, "old texts": 2.0}, "method.targets": ["q_proj", "v_proj"]}
    )
    assert weighted.with_values(fields.given(fields.filled(weighted))) == weighted


def test_every_field_of_the_settings_is_on_the_page() -> None:
    asked = {"base", "corpus", "directions"}
    for name in ("model", "data", "method", "training", "evaluation", "preference", "machine"):
        part = type(getattr(RunSettings(), name))
        for field in settings_of(part):
            assert f"{name}.{field.name}" in train_fields.ALL or field.name in asked


def test_fields_refuse_what_they_cannot_read() -> None:
    with gr.Blocks():
        fields = train_fields.Fields()
        fields.show(*train_fields.ALL)
    given = fields.filled(RunSettings())
    given[fields.take("data.weights")] = "bible much"
    with pytest.raises(InputError, match="no weight"):
        fields.given(given)
    given[fields.take("data.weights")] = ""
    given[fields.take("training.batch")] = None  # emptied: the default
    assert RunSettings().with_values(fields.given(given)) == RunSettings()


def test_curves_of_rewards_come_first_and_each_has_its_own(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus, state="training", step=20, steps=40)
    assert "Reward" not in train_curves.curves([{"step": 1, "loss": 1.0}], run.status())
    signals = {"reward": 0.5, "reward.chrf": 0.25, "reward.tags": 1.0, "cut": 0.1}
    rows = [{"step": step, "loss": 0.1, "signals": signals} for step in (10, 20)]
    shown = train_curves.curves(rows, run.status())
    titles = re.findall(r"<figcaption><strong>(.*?)</strong>", shown)
    assert titles == [
        "Reward of its own translations", "Loss on the dev set", "chrF++ on the dev set",
        "chrF++ to the reference", "Tags kept", "Cut at the limit", "Learning rate",
    ]  # fmt: skip
    assert "now from 0.250 at step 10 to 0.250 at step 20" in shown


def test_text_of_a_user_never_becomes_markup(tmp_path: Path, corpus: Path) -> None:
    run = written_run(
        tmp_path, corpus, HOSTILE, state="failed", message=HOSTILE, hint=HOSTILE, stage=HOSTILE
    )
    add_steps(run, 0, 3, every=1)
    run.add_line(
        runs.SAMPLES,
        {"step": 3, "from": 'de" onclick="x', "to": "de", "source": HOSTILE,
         "reference": HOSTILE, "hypothesis": HOSTILE},
    )  # fmt: skip
    (run.folder / runs.LOG).write_text(HOSTILE, "utf-8")
    settings, status = run.settings, run.status()
    shown = (
        train_view.listing([(run, settings, status)], run.id)
        + train_view.head(run, settings, status)
        + train_view.facts(settings, status)
        + train_curves.curves(run.metrics(since=-1), status)
        + train_curves.samples(run.samples(), None)
        + train_curves.log(run)
        + train_curves.settings_list(run, settings, shared=False)
        + chart(HOSTILE, [Series(HOSTILE, [(1, 1)])], marks=[Mark(1, HOSTILE)])
        + train_preview.html(_preview(HOSTILE))
    )
    assert "<img" not in shown and 'onclick="x' not in shown and "&lt;img" in shown


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("prepared", ["Start", "Clone", "Delete"]),
        ("stopped", ["Start again", "Clone", "Delete"]),
        ("failed", ["Start again", "Clone", "Delete"]),
        ("done", ["Clone", "Delete"]),
    ],
)
def test_what_can_be_done_with_a_run(
    tmp_path: Path, corpus: Path, state: str, buttons: list[str]
) -> None:
    run = written_run(tmp_path, corpus, state=state, step=4, steps=10)
    shown = train_view.head(run, run.settings, run.status())
    assert [part.rsplit(">", 1)[1] for part in shown.split("</button>")[:-1]] == buttons


def test_a_stopped_run_with_a_checkpoint_resumes(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus, state="stopped", step=4, steps=10)
    folder = run.folder / "checkpoints" / "checkpoint-4"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")
    shown = train_view.head(run, run.settings, run.status())
    assert ">Resume<" in shown and "Stopped at step 4" in shown


def test_the_curves_of_a_run(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus, state="done", steps=30, best_step=20, best_score=31.0)
    add_steps(run, 0, 30, 30, every=10)
    shown = train_curves.curves(run.metrics(since=-1), run.status())
    assert shown.count("<figure") == 3 and shown.count("v-point v-two") == 8
    assert shown.count("best") == 2
    row = {
        "step": 30,
        "time": 0,
        "dev_loss": 1,
        "chrf_mean": 30,
        "chrf": {"en>de": 20, "de>en": 40},
    }
    both = train_curves.curves([row], run.status())
    assert "English → German" in both and "German → English" in both and "mean" in both


def test_samples_of_any_evaluation(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus)
    add_steps(run, 0, 600, every=300)
    last = train_curves.samples(run.samples(), None)
    assert "Das Meer war ruhig in jener Nacht." in last.split("Translation</th>")[1]
    assert 'data-id="600" aria-pressed="true"' in last and ">Before<" in last
    first = train_curves.samples(run.samples(), 0)
    assert 'data-id="0" aria-pressed="true"' in first and "<div" in first
    assert first.count("<tr>") == last.count("<tr>") == 3


def test_trials_stand_below_their_search(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus)
    trial = replace(run.settings, parent="rates-1", name="rates 1")
    rows = [
        (run, trial, run.status()),
        (run, trial, run.status()),
        (run, run.settings, run.status()),
    ]
    shown = train_view.listing(rows, train_view.NEW)
    assert shown.count("Search rates-1") == 1 and shown.count("v-child") == 2
    assert 'data-id="new" aria-current="true"' in shown
    assert train_view.place(run.id) == '<i data-shown="run"></i>'


def test_runs_belong_to_their_browser_where_the_page_is_shared(
    tmp_path: Path, corpus: Path
) -> None:
    run = written_run(tmp_path, corpus)
    (run.folder / "owner").write_text("me")
    trainings = Trainings(_context(tmp_path, shared=True))
    assert [one.id for one in trainings.all("me")] == [run.id]
    assert trainings.get(run.id, "me") is not None
    assert trainings.all("they") == [] and trainings.get(run.id, "they") is None
    assert trainings.all("") == [] and trainings.get(run.id, "") is None
    own = Trainings(_context(tmp_path))
    assert own.get(run.id, "") is not None
    for name in ("", "..", f"../runs/{run.id}", "none"):
        assert own.get(name, "") is None


def test_a_broken_settings_file_does_not_hide_the_others(tmp_path: Path, corpus: Path) -> None:
    run = written_run(tmp_path, corpus)
    (run.folder / runs.SETTINGS).write_text("[model\n")
    settings = train_view.read_settings(run)
    assert settings is None
    shown = train_view.listing([(run, settings, run.status())], run.id)
    shown += train_view.head(run, settings, run.status())
    assert "cannot be read" in shown and run.id in shown


def test_which_models_can_be_trained(tmp_path: Path) -> None:
    qwen = ModelSpec("q", "Q", ModelKind.GGUF, "q.gguf", architecture="qwen2", parameters="1.5B")
    assert train_needs.trainable(qwen) and train_needs.parameters(qwen) == 1_500_000_000
    assert not train_needs.trainable(replace(qwen, architecture="t5", encoder_decoder=True))
    assert not train_needs.trainable(replace(qwen, adapter="a.gguf"))
    assert not train_needs.trainable(replace(qwen, kind=ModelKind.PSEUDO))
    assert train_needs.trainable(replace(qwen, kind=ModelKind.HF))
    context = _context(tmp_path)
    assert "gemma-3-270m-q4_k_m" in [value for _, value in train_needs.choices(context)]
    gemma = train_needs.said(context, "gemma-3-270m-q4_k_m", "lora")
    assert "not on this machine yet" in gemma and "270M" in gemma
    assert train_needs.said(context, "", "lora") == ""
    assert "no such model" in train_needs.said(context, "nothing", "lora")
    assert "hub" in train_needs.said(context, "google/mt5-small", "full")
    assert "folder" in train_needs.said(context, str(tmp_path), "full")


def test_missing_packages_are_offered_to_the_machine_s_own_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "missing", lambda: ("torch", "peft"))
    said = []
    for shared in (False, True):
        with gr.Blocks() as page, gr.Tab("Train") as tab:
            panel = RequirementsPanel(_context(tmp_path, shared=shared), page, tab)
        said.append(panel.html())
    own, others = said
    size = views.size(requirements.download_size())
    assert "torch, peft" in own and size in own and 'data-action="install"' in own
    assert "torch, peft" in others and "data-action" not in others


def test_the_proof_of_an_export() -> None:
    found = {
        "texts": 60, "prompts": 20, "positions": 300, "divergence": 0.0123, "limit": 0.5,
        "same_choice": 0.97, "difference": 0.1, "lines": 40, "trained": {"en>de": 43.21},
        "exported": {"en>de": 42.9}, "delta": -0.31,
    }  # fmt: skip
    shown = proof(found)
    assert shown.count("<li>") == 3 and "97% of 300 next words" in shown
    assert "English → German 43.2 → 42.9" in shown
    assert proof({**found, "texts": 0, "lines": 0}).count("<li>") == 1
    assert proof({}) == ""


def test_work_in_the_background_says_how_it_goes() -> None:
    tasks, going, go_on = Tasks(), threading.Event(), threading.Event()

    def work(report: Report) -> str:
        report("first")
        report("second", 0.5)
        going.set()
        assert go_on.wait(10)
        return "made"

    assert tasks.start("a", work, "begins") and going.wait(10)
    seen = tasks.get("a")
    assert seen == Task("running", "second", 0.5, lines=("first", "second"))
    assert not tasks.start("a", work)
    tasks.forget("a")
    assert tasks.get("a") is seen
    go_on.set()
    assert _ended(tasks, "a").result == "made"
    tasks.forget("a")
    assert tasks.get("a") is None


def test_work_that_fails_says_why() -> None:
    tasks = Tasks()

    def refuse(report: Report) -> None:
        raise InputError("It cannot be.", "Try later.")

    tasks.start("b", refuse)
    error = _ended(tasks, "b").error
    assert error is not None and error.message == "It cannot be."


def _ended(tasks: Tasks, key: str) -> Task:
    end = time.monotonic() + 10
    while (seen := tasks.get(key)) is None or seen.state == "running":
        assert time.monotonic() < end
        time.sleep(0.01)
    return seen


def _preview(text: str) -> dict[str, Any]:
    limit = {"length": 64, "too_long": 0.25, "dropped": 0.4, "cut": 0.1}
    return {
        "style": text, "examples": 8, "estimated": 80, "tokens": 200, "target_tokens": 100,
        "longest": 90, "enough": 128, "limit": limit, "limits": [limit], "unusable": {text: 2},
        "lengths": [[32, 0], [64, 6], [128, 2], [0, 0]],
        "samples": [
            {"spans": [[text, False], [text, True]], "direction": "en>de", "row": 1,
             "prompt_tokens": 12, "target_tokens": 9}
        ],
    }  # fmt: skip


def test_a_preview_says_what_is_learned_and_what_is_lost() -> None:
    shown = train_preview.html(_preview("A line."))
    assert "A line.<mark>A line.</mark>" in shown
    assert "25.0% of the examples are longer than 64 tokens" in shown and "40.0%" in shown
    assert shown.count("v-over") == 1 and shown.count("<i class") == 2
    assert "8 examples of about 80, drawn" in shown and "50% of 200 tokens" in shown
    assert "English → German: 12 tokens are read, 9 trained" in shown
    assert train_preview.html({}) == ""
