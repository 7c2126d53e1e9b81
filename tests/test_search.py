"""Searches: fields, trials as runs under one parent, losing ones stopped, and going on."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.runs_support import FAKE, tiny_corpus, wait_for
from trainer import runs, search
from trainer.config import RunSettings
from trainer.search import Trial
from trainer.search_fields import Field
from trainer.settings_text import value_of
from translator.errors import Cancelled, InputError


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's trials take half a second."""
    monkeypatch.setattr(search, "_EVERY", 0.05)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_corpus(tmp_path_factory.mktemp("texts") / "corpus")


def settings(corpus: Path) -> RunSettings:
    return RunSettings.of({"name": "hunt", "model": {"base": "base"}}).with_values(
        {
            "data.corpus": str(corpus),
            "training.steps": 20,
            "training.save": 5,
            "machine.threads": 5,
            "evaluation.every": 5,
        }
    )


def test_fields_are_lists_or_ranges() -> None:
    assert Field.parse("method.rank=8, 16,32").values == (8, 16, 32)
    assert Field.parse("training.schedule=cosine,linear").values == ("cosine", "linear")
    rate = Field.parse("training.learning-rate=1e-5..1e-3")
    assert (rate.low, rate.high, rate.logarithmic, rate.whole) == (1e-5, 1e-3, True, False)
    rank = Field.parse("method.rank=8..32")
    assert (rank.whole, rank.logarithmic) == (True, False)
    for field in (rate, rank, Field("a", (True, 2, "x"))):
        assert Field.of(field.name, field.written) == field
    for wrong in ("rank", "=1", "rank=", "rank=9..2", "rank=a..b", "rank=true..3"):
        with pytest.raises(InputError):
            Field.parse(wrong)
    assert [value_of(text) for text in ("1e-4", "12", "true", "en>de", '["q"]')] == [
        1e-4, 12, True, "en>de", ["q"],
    ]  # fmt: skip


def test_only_what_exists_is_searched(tmp_path: Path, corpus: Path) -> None:
    for wrong in ("training.speed=1,2", "method.rank=0,8", "training.learning-rate=1e-3..5"):
        with pytest.raises(InputError):
            search.create(settings(corpus), [Field.parse(wrong)], 3, tmp_path)
    with pytest.raises(InputError, match="no field"):
        search.create(settings(corpus), [], 3, tmp_path)
    assert not (tmp_path / search.SEARCHES).exists()


def test_every_value_of_a_list_is_tried_once_and_losers_are_stopped(
    tmp_path: Path, corpus: Path
) -> None:
    # The stand-in's score grows with its learning rate.
    field = Field("training.learning-rate", (0.05, 0.5, 0.9, 0.001, 0.0))
    made = search.create(
        settings(corpus).with_values({"machine.threads": 25}), [field], 99, tmp_path
    )
    told: list[Trial] = []
    made.run(told.append, threading.Event(), trainer=FAKE)
    trials = made.trials()
    assert sorted(trial.values["training.learning-rate"] for trial in trials) == sorted(
        field.values
    )
    assert trials[0].values == {"training.learning-rate": 0.9}
    assert trials[0].state == "done"
    assert trials[0].score is not None
    assert [t.state for t in told if t.number == trials[0].number] == ["running", "done"]
    states = {trial.values["training.learning-rate"]: trial.state for trial in trials}
    assert "stopped" in states.values(), "none was seen to lose"
    # What was stopped came after two others, and was worse than half of those before it.
    for trial in trials:
        if trial.state == "stopped":
            rates = [t.values["training.learning-rate"] for t in trials if t.number < trial.number]
            assert len(rates) >= 2
            assert trial.values["training.learning-rate"] < statistics.median(rates)
    found = runs.all(tmp_path)
    assert {run.settings.parent for run in found} == {made.id}
    assert {run.id for run in found} == {trial.run for trial in trials}


def test_a_search_that_was_stopped_goes_on(tmp_path: Path, corpus: Path) -> None:
    fields = [Field.parse("training.learning-rate=1e-3..1e-1"), Field.parse("method.rank=4,8")]
    made = search.create(settings(corpus), fields, 3, tmp_path)
    stop = threading.Event()

    def soon(trial: Trial) -> None:
        if trial.number == 1:
            stop.set()

    with pytest.raises(Cancelled, match="goes on"):
        made.run(soon, stop, trainer=FAKE)
    first = runs.all(tmp_path)
    assert len(first) == 2
    again = search.find(tmp_path, made.id[:6])
    assert again == made
    again.run(lambda _: None, threading.Event(), trainer=FAKE)
    trials = again.trials()
    assert len(trials) == 3
    assert {trial.state for trial in trials} <= {"done", "stopped"}
    assert {run.id for run in first} <= {trial.run for trial in trials}, "none was begun anew"
    assert trials == sorted(trials, key=lambda trial: trial.score or 0, reverse=True)


def test_a_killed_search_finds_its_trial_again(tmp_path: Path, corpus: Path) -> None:
    long = settings(corpus).with_values({"training.steps": 100, "machine.threads": 20})
    made = search.create(long, [Field("method.rank", (4,))], 1, tmp_path)
    code = (
        "import sys, threading\nfrom pathlib import Path\nfrom trainer.search import Search\n"
        "from tests.runs_support import FAKE\n"
        "made = Search(Path(sys.argv[1]))\n"
        "made.run(lambda trial: None, threading.Event(), trainer=FAKE)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(made.folder)],
        cwd=Path(__file__).parent.parent,
        start_new_session=True,
    )
    while not (found := runs.all(tmp_path)):
        assert process.poll() is None
        time.sleep(0.05)
    wait_for(found[0], lambda status: status.step > 3)
    process.kill()
    process.wait()
    (running,) = made.trials()
    assert (running.state, running.run) == ("running", found[0].id)
    made.run(lambda _: None, threading.Event(), trainer=FAKE)
    (done,) = made.trials()
    assert (done.state, done.run) == ("done", found[0].id)
    assert [row["step"] for row in found[0].metrics() if "loss" in row] == list(range(1, 101))


def test_a_failed_trial_does_not_end_the_search(tmp_path: Path, corpus: Path) -> None:
    made = search.create(settings(corpus), [Field("training.seed", (13, 2))], 2, tmp_path)
    made.run(lambda _: None, threading.Event(), trainer=FAKE)
    assert {trial.values["training.seed"]: trial.state for trial in made.trials()} == {
        13: "failed",
        2: "done",
    }
