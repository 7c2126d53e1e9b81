"""Settings of a training run: reading, checking, changing and writing them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import RunSettings, Stage
from trainer.config_fields import file_name, settings_of
from translator.errors import InputError

FILE = """
name = "first"
[model]
base = "gemma-3-270m-q4_k_m"
start = "../runs/x"
[data]
corpus = "corpora/one"
directions = ["english>de", "de > en"]
weights = {bible_old = 2, law = 0}
too-long = "split"
[method]
rank = 8.0
targets = ["q_proj", "v_proj"]
[training]
learning-rate = 1e-4
steps = 1e3
[[stages]]
name = "long"
length = 8192
parts = [1, 2, 4]
replay = 0.25
"""


def written(folder: Path, text: str = FILE) -> Path:
    path = folder / "run.toml"
    path.write_text(text, "utf-8")
    return path


def test_reads_a_file_with_its_folders_and_kinds(tmp_path: Path) -> None:
    settings = RunSettings.load(written(tmp_path))
    assert settings.data.corpus == str(tmp_path / "corpora" / "one")
    assert settings.model.start == str(tmp_path.parent / "runs" / "x")
    assert settings.model.base == "gemma-3-270m-q4_k_m", "an id is no folder"
    assert settings.data.directions == ("en>de", "de>en")
    assert settings.data.weights == {"bible_old": 2.0, "law": 0.0}
    assert (settings.method.rank, type(settings.method.rank)) == (8, int)
    assert settings.method.targets == ("q_proj", "v_proj")
    assert settings.training.steps == 1000
    assert settings.stages == (Stage("long", 8192, parts=(1, 2, 4), replay=0.25),)
    assert settings.evaluation.metric == "chrf", "what is not said has its default"


def test_a_base_beside_the_file_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    text = "[model]\nbase = 'base'\n"
    assert RunSettings.load(written(tmp_path, text)).model.base == str(tmp_path / "base")
    hub = "[model]\nbase = 'owner/name'\n"
    assert RunSettings.load(written(tmp_path, hub)).model.base == "owner/name"


@pytest.mark.parametrize("comments", [False, True])
def test_writes_what_it_reads(tmp_path: Path, comments: bool) -> None:
    settings = RunSettings.load(written(tmp_path))
    again = tmp_path / "again.toml"
    settings.write(again, comments=comments)
    assert RunSettings.load(again) == settings
    if comments:
        assert "# Peak learning rate.\nlearning-rate = 0.0001\n" in again.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "There is no setting 'colour'. Known: name, preset,"),
        ("[training]\nlr = 1", "There is no setting 'lr'. Known: learning-rate,"),
        ("[training]\nlearning-rate = 'high'", "learning-rate is 'high'. It should be a number."),
        ("[training]\nepochs = nan", "epochs is nan. It should be a number."),
        ("[training]\nbatch = 1.5", "batch is 1.5. It should be a whole number."),
        ("[training]\nbatch = 0", "batch is 0. The least is 1."),
        ("[training]\nwarmup = 2", "warmup is 2.0. The most is 1."),
        ("[training]\ncheckpointing = 1", "checkpointing is 1. It should be true or false."),
        ("[method]\nkind = 'dora'", "kind is 'dora'. It should be one of lora, qlora, full."),
        ("[method]\nrank = true", "rank is True. It should be a number."),
        ("[data]\nweights = {a = -1}", "weights is {'a': -1.0}. The least is 0."),
        ("[data]\ndirections = ['en-de']", "'en-de' is no direction. Write it as en>de."),
        ("[data]\ndirections = ['en>klingon']", "klingon"),
        ("[[stages]]\nparts = [0]", "parts is (0,). The least is 1."),
        ("model = 3", "model is 3. It should be a table."),
        ("[evaluation]\nlines = 0", "Set evaluation.metric to loss, or some lines."),
        ("[preference]\nrewards = {beauty = 1}", "There is no reward 'beauty'. The rewards are"),
        ("[preference]\nkind = 'grpo'\nrewards = {chrf = 0}", "No reward has a weight."),
        ("[preference]\nkind = 'ppo'", "kind is 'ppo'. It should be one of none, dpo, grpo, mrt."),
        ("[training", "run.toml is no valid TOML"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        RunSettings.load(written(tmp_path, text))
    assert said in str(caught.value)


def test_changes_by_name() -> None:
    settings = RunSettings().with_values(
        {
            "name": "second",
            "training.learning-rate": 1e-5,
            "training.weight_decay": 0.1,
            "data.weights.my_texts.old": 3,
            "method.targets": "q_proj",
            "stages": [{"name": "short", "length": 100}],
        }
    )
    assert settings.name == "second"
    assert settings.training.learning_rate == 1e-5
    assert settings.training.weight_decay == 0.1
    assert settings.data.weights == {"my_texts.old": 3.0}
    assert settings.method.targets == "q_proj"
    assert settings.stages[0].length == 100
    assert settings.with_values({"data.weights.law": 1}).data.weights == {
        "my_texts.old": 3.0,
        "law": 1.0,
    }
    for name in ("training.speed", "speed", "speed.of.light", "training.seed.x"):
        with pytest.raises(InputError, match="There is no setting"):
            settings.with_values({name: 1})


def test_a_run_needs_a_base_and_a_corpus() -> None:
    with pytest.raises(InputError, match="No base model"):
        RunSettings().require_complete()
    with pytest.raises(InputError, match="No corpus"):
        RunSettings().with_values({"model.base": "x"}).require_complete()


def test_preferences_are_for_whole_texts_and_need_pairs(tmp_path: Path) -> None:
    text = '[preference]\nkind = "dpo"\npairs = "pairs.jsonl"\n'
    settings = RunSettings.load(written(tmp_path, text))
    assert settings.preference.pairs == str(tmp_path / "pairs.jsonl")
    assert settings.preference.rewards["chrf"] == 2.0, "what is not said has its default"
    settings = settings.with_values({"model.base": "x", "data.corpus": "/y"})
    settings.require_complete()
    for name, value in (("data.too-long", "split"), ("data.packing", True), ("stages", [{}])):
        with pytest.raises(InputError, match="whole texts"):
            settings.with_values({name: value}).require_complete()
    with pytest.raises(InputError, match="No preferences are named"):
        settings.with_values({"preference.pairs": ""}).require_complete()
    assert "preference" not in RunSettings().text(), "nothing to say for plain fine-tuning"
    changed = settings.with_values({"preference.rewards.chrf": 3})
    assert RunSettings.of(tomllib.loads(changed.text())) == changed


def test_every_setting_says_what_it_is() -> None:
    for part in RunSettings().values():
        value = getattr(RunSettings(), part.replace("-", "_"))
        for each in settings_of(type(value)) if hasattr(value, "values") else ():
            about = each.metadata["about"]
            assert about.endswith("."), f"{part}.{file_name(each.name)}"
            assert len(about) < 90


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@settings(max_examples=40)
@given(
    st.fixed_dictionaries(
        {
            "name": texts,
            "data.corpus": texts.map(lambda text: "/" + text.replace("/", "") if text else ""),
            "data.weights": st.dictionaries(texts, st.floats(0, 100)),
            "training.learning-rate": st.floats(0, 1),
            "training.seed": st.integers(0, 2**31),
            "method.targets": st.lists(texts, min_size=1).map(tuple),
        }
    )
)
def test_any_values_survive_a_file(values: dict[str, Any]) -> None:
    made = RunSettings().with_values(values)
    assert RunSettings.of(tomllib.loads(made.text())) == made
