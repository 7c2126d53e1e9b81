"""Run folders: what a reader sees while, and after, a process writes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs_support import make_run, tiny_corpus
from trainer import runs
from trainer.corpus import Corpus
from trainer.runs import LOG, METRICS, SAMPLES, STATUS, Run
from translator.errors import InputError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_corpus(tmp_path_factory.mktemp("texts") / "corpus")


@pytest.fixture
def run(tmp_path: Path, corpus: Path) -> Run:
    return make_run(tmp_path, corpus, name="Erster Lauf: Größe!")


def test_a_new_run_says_everything_of_itself(run: Run, corpus: Path, tmp_path: Path) -> None:
    assert run.folder.parent == tmp_path / "runs"
    assert run.id.startswith("erster-lauf-grosse-2")
    assert run.settings.data.corpus == str(corpus)
    status = run.status()
    assert (status.state, status.busy) == ("prepared", False)
    assert status.corpus_hash == Corpus.load(corpus).hash
    assert status.created > 0


def test_ids_are_never_taken_twice(tmp_path: Path, corpus: Path) -> None:
    made = [make_run(tmp_path, corpus, name="same") for _ in range(3)]
    assert len({run.id for run in made}) == 3
    assert [run.id for run in runs.all(tmp_path)] == [run.id for run in reversed(made)]


def test_nothing_is_made_of_incomplete_settings(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(InputError, match="is no corpus"):
        make_run(tmp_path, corpus, data__corpus=str(tmp_path))
    with pytest.raises(InputError, match="No base"):
        make_run(tmp_path, corpus, model__base="")
    assert runs.all(tmp_path) == []


def test_finds_by_id_beginning_and_folder(tmp_path: Path, corpus: Path) -> None:
    one, two = make_run(tmp_path, corpus, name="alpha"), make_run(tmp_path, corpus, name="alps")
    assert runs.find(tmp_path, one.id) == one
    assert runs.find(tmp_path, "alps") == two
    assert runs.find(tmp_path / "elsewhere", str(one.folder)) == one
    with pytest.raises(InputError, match="2 runs begin with 'alp'"):
        runs.find(tmp_path, "alp")
    with pytest.raises(InputError, match="no run 'beta'"):
        runs.find(tmp_path, "beta")
    with pytest.raises(InputError, match="no run folder"):
        runs.find(tmp_path, "../alpha")


def test_status_is_changed_in_part_and_read_whole(run: Run) -> None:
    run.write_status(state="done", step=7, chrf=31.5)
    run.write_status(message="Good.")
    status = run.status()
    assert (status.state, status.step, status.chrf, status.message) == ("done", 7, 31.5, "Good.")
    with pytest.raises(TypeError):
        run.write_status(mood="fine")
    # Written by a newer Verso, and broken by hand.
    values = json.loads((run.folder / STATUS).read_text()) | {"aura": 1}
    (run.folder / STATUS).write_text(json.dumps(values))
    assert run.status().step == 7
    (run.folder / STATUS).write_text("{")
    assert run.status().state == "failed"


def test_a_run_that_nobody_holds_is_lost(run: Run) -> None:
    run.write_status(state="training", step=3)
    status = run.status()
    assert (status.state, status.step) == ("lost", 3)
    assert "Resume" in status.hint
    with run.hold():
        assert run.is_held()
        assert run.status().state == "training"
        (run.folder / runs.STOP).touch()
        assert run.status().state == "stopping"
    assert not run.is_held()


def test_a_lock_ends_with_its_process(run: Run) -> None:
    code = (
        "import sys, pathlib; from trainer.runs import Run\n"
        "run = Run(pathlib.Path(sys.argv[1]))\n"
        "with run.hold():\n  print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert run.is_held()
    with (
        pytest.raises(InputError, match="is being trained by another process"),
        run.hold(launching=False, patience=0.1),
    ):
        raise AssertionError("held twice")
    with pytest.raises(InputError, match="Stop it first"):
        runs.delete(run)
    holder.kill()
    holder.communicate()
    assert not run.is_held()


def test_curves_are_those_of_the_last_try(run: Run) -> None:
    for step in (10, 20, 30):
        run.add_line(METRICS, {"step": step, "loss": 3 - step / 100})
    run.add_line(METRICS, {"step": 30, "dev_loss": 2.5})
    with (run.folder / METRICS).open("ab") as file:
        file.write(b'{"step": 40, "lo')  # killed while writing
    for step in (20, 30):  # resumed from step 10
        run.add_line(METRICS, {"step": step, "loss": 9})
    assert [(row["step"], row.get("loss")) for row in run.metrics()] == [
        (10, 2.9),
        (20, 9),
        (30, 9),
    ]
    assert [row["step"] for row in run.metrics(since=20)] == [30]


def test_samples_keep_any_text(run: Run) -> None:
    row = {"step": 1, "source": 'a\nb\u2028"c"', "hypothesis": "東京 \ud800"}
    run.add_line(SAMPLES, row)
    run.add_line(SAMPLES, row | {"step": 2})
    first, second = run.samples()
    assert first["source"] == row["source"]
    assert second["step"] == 2


def test_the_log_shows_what_a_terminal_would(run: Run) -> None:
    assert run.log_tail() == ""
    text = "first\r\n 10%|#\r 20%|##\nBäume\n" + "x" * 100_000 + "\nlast\n"
    (run.folder / LOG).write_bytes(b"\xff" + text.encode())
    assert run.log_tail(1) == "last"
    (run.folder / LOG).write_bytes(text[: text.index("x")].encode())
    assert run.log_tail() == "first\n 20%|##\nBäume"


def test_checkpoints_are_the_complete_ones_in_order(run: Run) -> None:
    for step in (100, 20, 3):
        folder = run.folder / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").touch()
    (run.folder / "checkpoints" / "checkpoint-200").mkdir()
    assert [path.name for path in run.checkpoints()] == [
        "checkpoint-3",
        "checkpoint-20",
        "checkpoint-100",
    ]


def test_exports_are_noted(run: Run) -> None:
    assert run.exports() == []
    run.add_export({"id": "a"})
    run.add_export({"id": "b"})
    assert [row["id"] for row in run.exports()] == ["a", "b"]


def test_a_clone_begins_anew(run: Run, tmp_path: Path) -> None:
    run.write_status(state="done", step=40)
    clone = run.clone(tmp_path, name="again")
    assert clone.settings.training == run.settings.training
    assert clone.settings.name == "again"
    assert clone.status().step == 0


def test_deletes_a_run(run: Run, tmp_path: Path) -> None:
    runs.delete(run)
    assert not run.folder.exists()
    assert runs.all(tmp_path) == []
