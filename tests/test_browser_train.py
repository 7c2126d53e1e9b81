"""The Train tab in a real browser, over run folders that the test writes as a trainer would."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import looking, pick, serving
from tests.runs_support import tiny_corpus
from tests.tiny_gguf import write_model
from tests.train_support import add_steps, written_run
from trainer import runs
from trainer.config import RunSettings
from trainer.runs import STOP
from translator.models.registry import Registry
from translator.settings import Settings

pytestmark = pytest.mark.browser

LIST = "#train-list .v-item"
_LONG = 240_000  # ms: a tiny training takes seconds, on a busy machine minutes


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def corpus(home: Path) -> Path:
    return tiny_corpus(home / "corpora" / "sea-stories")


@pytest.fixture(scope="module")
def base(home: Path) -> str:
    """The name of a tiny model with random weights."""
    file = home / "models" / "tiny.gguf"
    file.parent.mkdir()
    write_model(file, bpe=True)
    return Registry(Settings(home)).add(file, id="tiny", name="Tiny").name


@pytest.fixture(scope="module")
def address(home: Path, corpus: Path, base: str) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """The page asks for news once a second, of an app that shares its processors with trainings."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        _open_tab(page)
        yield page


def _open_tab(page: Page) -> None:
    page.get_by_role("tab", name="Train").click()
    page.locator(LIST).first.wait_for()


def _open(page: Page, name: str) -> Locator:
    page.locator(LIST).filter(has_text=name).click()
    head = page.locator("#train-head")
    expect(head.locator("h2")).to_have_text(name)
    return head


def _saved(home: Path) -> list[RunSettings]:
    return [run.settings for run in runs.all(home)]


def test_curves_follow_a_training_without_a_reload(page: Page, home: Path, corpus: Path) -> None:
    run = written_run(home, corpus, "Live one")
    with run.hold():
        run.write_status(state="training", step=1, steps=60, eta=125.0, tokens_per_second=812.4)
        add_steps(run, 0, 1, 60, every=20)
        head = _open(page, "Live one")
        expect(head.locator(".v-badge")).to_have_text("training")
        expect(page.locator("#train-facts")).to_contain_text("of 60")
        expect(page.locator("#train-facts")).to_contain_text("2 min 05 s")
        samples = page.locator("#train-samples")
        expect(samples.locator(".v-pill")).to_have_text(["Before"])
        add_steps(run, 2, 41, 60, every=20)
        (run.folder / runs.LOG).write_text("loaded <the> base\nstep 41\n", "utf-8")
        run.write_status(
            step=41, loss=1.9, dev_loss=2.0, chrf=28.1, best_step=40, best_score=28.1,
            memory_mb=1930.0,
        )  # fmt: skip
        expect(page.locator("#train-facts")).to_contain_text("41")
        expect(page.locator("#train-facts")).to_contain_text("1.9 GB")
        charts = page.locator("#train-curves .v-chart")
        expect(charts).to_have_count(3)
        expect(charts.nth(1).locator(".v-point")).to_have_count(3)
        expect(charts.nth(0)).to_contain_text("best")
        charts.nth(1).locator(".v-strip").nth(1).hover()
        said = charts.nth(1).locator(".v-strip").nth(1).get_attribute("data-said") or ""
        assert said.startswith("step 20: dev ")
        # Samples: the last evaluation, or any that is asked for; an asked one stays.
        expect(samples.locator(".v-pill")).to_have_text(["Before", "Step 20", "Step 40"])
        expect(samples.locator("td").nth(2)).to_contain_text("Das Meer war ruhig in")
        samples.get_by_role("button", name="Before").click()
        expect(samples.locator("[aria-pressed=true]")).to_have_text("Before")
        expect(samples.locator("td").nth(2)).to_have_text("Das Meer")
        page.locator("#train-log-fold button.label-wrap").click()
        expect(page.locator("#train-log")).to_contain_text("loaded <the> base")
        # The page comes back to the same training.
        page.reload()
        page.locator("#engine-status .v-chip").first.wait_for()
        _open_tab(page)
        expect(page.locator("#train-head h2")).to_have_text("Live one")
        # Stop: the trainer sees the wish, saves and ends.
        page.get_by_role("button", name="Stop and save").click()
        expect(head.locator(".v-badge")).to_have_text("stopping")
        assert (run.folder / STOP).exists()
        saved = run.folder / "checkpoints" / "checkpoint-41"
        saved.mkdir(parents=True)
        (saved / "trainer_state.json").write_text("{}")
        run.write_status(state="stopped", finished=time.time())
    expect(head.locator(".v-badge")).to_have_text("stopped")
    expect(head).to_contain_text("Resume goes on from there")
    expect(head.get_by_role("button", name="Resume")).to_be_visible()


def test_a_killed_training_says_so(page: Page, home: Path, corpus: Path) -> None:
    written_run(home, corpus, "Killed", state="training", step=3, steps=9, pid=1)
    head = _open(page, "Killed")
    expect(head.locator(".v-badge")).to_have_text("interrupted")
    expect(head.get_by_role("alert")).to_contain_text("has ended without a word")
    expect(head.get_by_role("button", name="Start again")).to_be_visible()


def test_a_clone_is_filled_in_to_be_changed(page: Page, home: Path, corpus: Path) -> None:
    run = written_run(home, corpus, "Original", state="done")
    changed = run.settings.with_values(
        {"model.base": "tiny", "training.learning-rate": 3e-5, "method.rank": 7,
         "data.directions": ["de>en"], "stages": [{"name": "short", "length": 128}]}
    )  # fmt: skip
    changed.write(run.folder / runs.SETTINGS)
    _open(page, "Original").get_by_role("button", name="Clone").click()
    expect(page.locator("#train-message")).to_contain_text("to be changed")
    expect(page.locator("#train-name input, #train-name textarea")).to_have_value("Original again")
    expect(page.locator("#train-training-learning-rate input")).to_have_value("0.00003")
    expect(page.locator("#train-directions").get_by_label("German → English")).to_be_checked()
    expect(page.locator("#train-directions").get_by_label("English → German")).not_to_be_checked()
    # What is folded away counts as well, and the stages that have no field.
    page.locator("#train-preview-start").click()
    expect(page.locator("#train-preview")).to_contain_text(re.compile("Looking|examples"))
    wanted = {"method": {**changed.values()["method"]}, "stages": changed.values()["stages"]}
    file = next((home / "previews").glob("*/run.toml"))
    given = RunSettings.load(file).values()
    assert {name: given[name] for name in wanted} == wanted
    page.locator("#train-more button.label-wrap").click()
    expect(page.locator("#train-method-rank input")).to_have_value("7")


def test_a_training_is_deleted(page: Page, home: Path, corpus: Path) -> None:
    run = written_run(home, corpus, "Not wanted", state="done")
    head = _open(page, "Not wanted")
    page.once("dialog", lambda dialog: dialog.accept())
    head.get_by_role("button", name="Delete").click()
    expect(page.locator("#train-start")).to_be_visible()
    expect(page.locator("#train-list")).not_to_contain_text("Not wanted")
    assert not run.folder.exists()


def test_what_is_missing_for_a_start_is_said(page: Page, home: Path) -> None:
    page.locator(LIST).filter(has_text="New training").click()
    before = len(_saved(home))
    pick(page, "#train-base", "Gemma 3 270M")
    expect(page.locator("#train-needs")).to_contain_text("not on this machine yet")
    page.locator("#train-start").click()
    expect(page.locator("#train-start-message")).to_contain_text("Download it in the Models tab")
    page.locator("#train-directions").get_by_label("English → German").uncheck()
    page.locator("#train-start").click()
    assert len(_saved(home)) == before


def test_a_recipe_fills_the_settings_in(page: Page) -> None:
    page.locator(LIST).filter(has_text="New training").click()
    pick(page, "#train-preset", "All weights")
    expect(page.locator("#train-recipe")).to_contain_text("ALMA")
    expect(page.locator("#train-training-learning-rate input")).to_have_value("0.00002")
    expect(page.locator("#train-method-kind input")).to_have_value("All weights")
    pick(page, "#train-preset", "Long texts")
    expect(page.locator("#train-recipe")).to_contain_text("In stages")


def test_an_exported_model_is_used_in_translate(page: Page, home: Path, corpus: Path) -> None:
    run = written_run(home, corpus, "Exported", state="done", step=9, steps=9)
    run.adapter.mkdir()
    row = {
        "id": "tiny", "name": "Exported <model>", "kind": "merged", "file": "tiny.gguf",
        "quantization": "Q8_0", "checkpoint": 0, "time": 0.0, "proof": {
            "texts": 12, "prompts": 5, "positions": 80, "divergence": 0.01, "limit": 0.05,
            "same_choice": 0.95, "difference": 0.1, "lines": 5, "trained": {"en>de": 40.0},
            "exported": {"en>de": 39.9}, "delta": -0.1,
        },
    }  # fmt: skip
    run.add_export(row)
    run.add_export({**row, "id": "gone", "name": "Removed model"})
    _open(page, "Exported")
    made = page.locator("#export-state article")
    expect(made).to_have_count(2)
    expect(made.first).to_contain_text("removed since")
    expect(made.first.get_by_role("button")).to_have_count(0)
    expect(made.last).to_contain_text("English → German 40.0 → 39.9")
    made.last.get_by_role("button", name="Use it in Translate").click()
    expect(page.locator("#translate-source")).to_be_visible()
    expect(page.locator("#translate-model input")).to_have_value("Tiny")


@pytest.mark.timeout(900)
def test_from_texts_to_a_model_of_the_app(page: Page, home: Path, base: str) -> None:
    page.locator(LIST).filter(has_text="New training").click()
    expect(page.locator("#train-corpus input")).to_have_value("sea-stories · 35 pairs")
    pick(page, "#train-base", base)
    page.locator("#train-name input, #train-name textarea").fill("First <steps>")
    page.locator("#train-more button.label-wrap").click()
    wanted = {
        "training.learning-rate": 0.01, "training.steps": 80, "training.batch": 4,
        "training.accumulation": 1, "training.save": 40, "evaluation.every": 40,
        "evaluation.lines": 5, "evaluation.max-new-tokens": 32,
    }  # fmt: skip
    for name, number in wanted.items():
        page.locator(f"#train-{name.replace('.', '-')} input").fill(str(number))
    page.locator("#train-model-style input, #train-model-style textarea").fill("tagged")
    page.locator("#train-preview-start").click()
    expect(page.locator("#train-preview mark").first).to_contain_text("Wir sahen", timeout=_LONG)
    page.locator("#train-start").click()
    head = page.locator("#train-head")
    expect(head.locator("h2")).to_have_text("First <steps>", timeout=_LONG)
    settings = _saved(home)[0]
    values = settings.values()
    for name, number in wanted.items():
        part, _, field = name.partition(".")
        assert values[part][field] == number
    assert settings.data.directions == ("en>de",) and settings.model.base == "tiny"
    expect(head.locator(".v-badge")).to_have_text("done", timeout=_LONG)
    expect(page.locator("#train-facts")).to_contain_text("of 80")
    expect(page.locator("#train-samples .v-pill").last).to_have_text("Step 80")
    pick(page, "#export-type", "F16")
    page.locator("#export-start").click()
    made = page.locator("#export-state article")
    expect(made).to_contain_text("First <steps> F16", timeout=_LONG)
    expect(made.locator(".v-proof")).to_contain_text("chrF++ of")
    made.get_by_role("button", name="Use it in Translate").click()
    expect(page.locator("#translate-source")).to_be_visible()
    expect(page.locator("#translate-model input")).to_have_value("First <steps> F16")
