"""``verso export``, whole: from a run folder to a model that the app runs, or a refusal."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import tiny_trained
from tests.runs_support import make_run, tiny_corpus
from trainer import bases, export_gguf, export_metadata, export_proof, export_reference
from trainer.architectures import Family, of_config
from trainer.export import Exported, Order, export
from trainer.export_weights import Trained
from trainer.runs import METRICS, Run
from translator.cli import main
from translator.engines.base import Done, Request, stream
from translator.engines.gguf import GgufOptions
from translator.engines.gguf_logits import logits
from translator.engines.pool import EnginePool
from translator.errors import Cancelled, InputError, ModelError
from translator.models import gguf_file, gguf_meta
from translator.models.registry import Registry
from translator.prompts import get_style
from translator.settings import Settings
from translator.types import Sampling, TranslationTask

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Few lines."""
    monkey = pytest.MonkeyPatch()
    monkey.setattr(export_reference, "LINES", 2)
    monkey.setattr(export_reference, "PROMPTS", 3)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    monkey.undo()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a tiny model of transformers, the same as a GGUF model, and a run on each."""
    folder = tmp_path_factory.mktemp("export")
    settings = Settings(folder / "home", threads=1, slots=1)
    original = tiny_trained.write(folder / "tiny", "qwen2")
    path = folder / "tiny.gguf"
    export_gguf.write_new(
        Trained(original), of_config("qwen2", ""), path, {"general.name": "Tiny"}, lambda _: None
    )
    Registry(settings).add(path, id="tiny", name="Tiny")
    corpus = tiny_corpus(folder / "corpus")
    for name, base in {"on-gguf": "tiny", "on-folder": str(original)}.items():
        found = bases.resolve(base, settings)
        run = make_run(
            settings.home, corpus, name=name, model__base=base, model__style="tagged",
            evaluation__max_new_tokens=6,  # random models never stop by themselves
        )  # fmt: skip
        tiny_trained.write_adapter(found.folder, run.adapter)
        run.write_status(state="done", base_hash=found.hash)
    return settings


@pytest.fixture
def home(prepared: Settings, tmp_path: Path) -> Settings:
    """A copy, so that what a test makes is its own."""
    shutil.copytree(prepared.home, tmp_path / "home")
    return Settings(tmp_path / "home", threads=1, slots=1)


def run_of(settings: Settings, name: str) -> Run:
    return next(Run(path) for path in (settings.home / "runs").glob(f"{name}-*") if path.is_dir())


def replies(settings: Settings, made: Exported) -> str:
    """What the app's own engine writes with the new model."""
    pool = EnginePool(settings, Registry(settings))
    try:
        with pool.engine(made.spec.id) as engine:
            prompt = get_style(made.spec.style, engine.info).render(
                TranslationTask("The old sailor.", "en", "de")
            )
            request = Request("1", prompt, Sampling(max_new_tokens=6))
            *_, last = stream(engine, request)
            assert isinstance(last, Done)
            return last.text
    finally:
        pool.close()


@pytest.mark.parametrize("name", ["on-gguf", "on-folder"])
def test_a_merged_model_is_made_proved_and_listed(home: Settings, name: str) -> None:
    run = run_of(home, name)
    said: list[str] = []
    made = export(run, Order(quantization="Q8_0"), home, lambda what, _: said.append(what))
    assert made.path.parent == home.models
    assert gguf_meta.read(made.path).quantization == "Q8_0"
    spec = Registry(home).get(made.spec.id)
    assert spec == made.spec
    assert spec.id == f"{name}-q8_0"
    assert (spec.style, spec.languages) == ("tagged", ("en", "de"))
    assert spec.corpus == run.status().corpus_hash
    assert spec.made_from and run.id in spec.made_how
    proof = made.proof
    assert spec.scores == {"chrF++ en>de": round(proof.exported["en>de"], 2)}
    assert proof.texts > 3 and proof.prompts == 3 and proof.positions > 2
    assert 0 <= proof.divergence < 0.02 and proof.same_choice > 0.8
    (row,) = run.exports()
    assert row["id"] == spec.id and row["proof"]["delta"] == proof.delta
    assert {"merging", "quantizing to Q8_0", "comparing its answers"} <= set(said)
    assert not (run.folder / "exporting").exists()
    assert replies(home, made)
    if name == "on-gguf":  # the tokenizer is the base's, byte by byte
        base = gguf_file.read(Registry(home).path(Registry(home).get("tiny"))).entries
        mine = gguf_file.read(made.path).entries
        tokenizer = {key for key in base if key.startswith("tokenizer.")}
        assert tokenizer and all(mine[key] == base[key] for key in tokenizer)


def test_an_adapter_runs_on_its_base(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    merged = export(run, Order(quantization="F16"), home)
    made = export(run, Order("adapter", name="Seemann"), home)
    assert made.spec.id == "seemann-adapter"
    assert (made.spec.base, made.spec.file) == ("tiny", "")
    assert replies(home, made) == replies(home, merged)
    removal = Registry(home).remove(made.spec.id)
    assert made.path in removal.deleted and not made.path.exists()
    assert Registry(home).path(Registry(home).get("tiny")).exists()


def test_no_adapter_without_a_gguf_base(home: Settings) -> None:
    with pytest.raises(ModelError, match="no GGUF file"):
        export(run_of(home, "on-folder"), Order("adapter"), home)


def test_safetensors_are_a_model_for_transformers(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    made = export(run, Order("safetensors"), home)
    base = bases.resolve("tiny", home)
    ids = list(range(20, 50))
    ours = tiny_trained.logits(made.path, ids)
    theirs = tiny_trained.logits(base.folder, ids, run.adapter)
    assert abs(ours - theirs).max() < 0.05
    assert made.spec.kind == "hf"
    assert Registry(home).get("on-gguf").file == made.path.name


def test_full_training_is_exported_too(home: Settings) -> None:
    run = run_of(home, "on-folder")
    settings = run.settings.with_values({"method.kind": "full"})
    settings.write(run.folder / "run.toml")
    shutil.rmtree(run.adapter)
    tiny_trained.write(run.model, "qwen2", seed=5)
    made = export(run, Order(quantization="F16"), home)
    assert made.proof.divergence < 0.001
    with pytest.raises(ModelError, match="no adapter"):
        export(run, Order("adapter"), home)


def test_a_checkpoint_can_be_chosen(home: Settings, tmp_path: Path) -> None:
    run = run_of(home, "on-gguf")
    folder = run.folder / "checkpoints" / "checkpoint-20"
    tiny_trained.write_adapter(bases.resolve("tiny", home).folder, folder, seed=9)
    (folder / "trainer_state.json").write_text("{}")
    with pytest.raises(InputError, match="no checkpoint 10") as error:
        export(run, Order(checkpoint=10), home)
    assert "20" in error.value.hint
    (home.models / "on-gguf-f16.gguf").touch()  # of somebody else
    made = export(run, Order(quantization="F16", checkpoint=20), home)
    assert made.spec.id == "on-gguf-f16-2"
    assert run.exports()[0]["checkpoint"] == 20
    ids = list(range(20, 50))
    options = GgufOptions(made.path, slots=1, threads=1)
    ours = next(logits(options, [(ids, 30)], tmp_path))
    theirs = tiny_trained.logits(bases.resolve("tiny", home).folder, ids, folder)
    assert abs(ours - theirs).max() < 0.1


def test_what_training_has_scored_is_not_translated_again(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    run.write_status(best_step=7)
    run.add_line(METRICS, {"step": 7, "time": 1, "loss": 2.0})
    row = {"step": 7, "time": 1, "dev_loss": 2.0, "chrf": {"en>de": 2.5}, "chrf_mean": 2.5}
    run.add_line(METRICS, row)
    said: list[str] = []
    made = export(run, Order(quantization="F16"), home, lambda what, _: said.append(what))
    assert made.proof.trained == {"en>de": 2.5}
    assert "translating with the trained model" not in said


# --- refusals: nothing is listed, nothing is left ------------------------------------------------


def assert_nothing_made(settings: Settings, run: Run) -> None:
    assert [path.name for path in settings.models.iterdir()] == ["tiny.toml"]
    assert not run.exports()
    assert not (run.folder / "exporting").exists()


def test_a_layer_that_went_wrong_is_found(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(home, "on-gguf")
    right = Family.to_gguf

    def wrong(self: Family, name: str, values: Any, heads: int) -> Any:
        values = right(self, name, values, heads)
        return values[::-1].copy() if name == "blk.1.ffn_gate.weight" else values

    monkeypatch.setattr(Family, "to_gguf", wrong)
    with pytest.raises(ModelError, match="computes something else"):
        export(run, Order(quantization="Q8_0"), home)
    assert_nothing_made(home, run)


def test_other_tokens_are_found(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(home, "on-folder")
    right = export_metadata.entries

    def wrong(family: Family, trained: Trained) -> dict[str, gguf_file.Entry]:
        entries = right(family, trained)
        merges = entries["tokenizer.ggml.merges"].strings()
        return entries | {"tokenizer.ggml.merges": gguf_file.strings(merges[:100])}

    monkeypatch.setattr(export_metadata, "entries", wrong)
    with pytest.raises(ModelError, match="other tokens"):
        export(run, Order(quantization="F16"), home)
    assert_nothing_made(home, run)


def test_worse_translations_are_found(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(home, "on-gguf")
    run.write_status(best_step=7)
    run.add_line(
        METRICS, {"step": 7, "time": 1, "dev_loss": 1.0, "chrf": {"en>de": 60.0}, "chrf_mean": 60.0}
    )
    with pytest.raises(ModelError, match="translates worse"):
        export(run, Order(quantization="F16"), home)
    assert_nothing_made(home, run)
    assert export_proof.MAX_LOSS < 10


def test_a_base_that_changed_is_found(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    run.write_status(base_hash="0" * 64)
    with pytest.raises(ModelError, match="not the model any more"):
        export(run, Order(), home)
    assert_nothing_made(home, run)


def test_stopping_leaves_nothing(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    stop = threading.Event()

    def report(what: str, _fraction: float) -> None:
        if what == "merging":
            stop.set()

    with pytest.raises(Cancelled):
        export(run, Order(quantization="Q8_0"), home, report, stop)
    assert_nothing_made(home, run)


def test_orders_that_make_no_sense_are_refused(home: Settings) -> None:
    run = run_of(home, "on-gguf")
    with pytest.raises(InputError, match="Unknown type"):
        export(run, Order(quantization="Q9"), home)
    shutil.rmtree(run.adapter)
    with pytest.raises(InputError, match="nothing to export"):
        export(run, Order(), home)
    assert_nothing_made(home, run)


def test_the_command(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERSO_HOME", str(home.home))
    monkeypatch.setenv("VERSO_THREADS", "1")
    assert main(["export", "on-gguf", "--quantize", "q8_0", "--name", "Ärger", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["id"] == "arger-q8_0"
    assert Path(told["file"]).is_file()
    assert told["proof"]["same_choice"] > 0.5
    assert main(["models", "show", told["id"]]) == 0
    assert "chrF++ en>de" in capsys.readouterr().out
    assert main(["export", "on-gguf", "--adapter", "--quantize", "Q8_0"]) == 1
    assert main(["export", "nothing"]) == 1
