"""Training as real detached processes (a stand-in trainer): stop, resume, kill, wait for a turn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runs_support import FAKE, make_run, tiny_corpus, wait_for
from trainer import launcher, runs
from trainer.runs import Run, Status
from trainer.supervisor import TRAINER, command_line
from translator.errors import InputError, VersoError

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_corpus(tmp_path_factory.mktemp("texts") / "corpus")


@pytest.fixture
def home(tmp_path: Path) -> Any:
    yield tmp_path
    for run in runs.all(tmp_path):  # nothing of a failed test goes on
        with suppress(InputError):  # it has ended
            launcher.stop(run, now=True)


def start(run: Run, resume: bool = False) -> None:
    launcher.start(run, resume, trainer=FAKE)


def over(status: Status) -> bool:
    return not status.busy


def steps(run: Run) -> list[int]:
    return [row["step"] for row in run.metrics() if "loss" in row]


def test_a_run_trains_to_its_end(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus)
    start(run)
    assert run.status().busy
    assert launcher.is_alive(run)
    with pytest.raises(InputError, match="is being trained"):
        start(run)
    status = wait_for(run, over)
    assert (status.state, status.step, status.pid) == ("done", 40, 0)
    assert steps(run) == list(range(1, 41))
    with pytest.raises(InputError, match="is finished"):
        start(run)
    with pytest.raises(InputError, match="is not running"):
        launcher.stop(run)


def test_stop_saves_and_resume_goes_on(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=60, training__save=1000)
    start(run)
    wait_for(run, lambda status: status.step >= 7)
    launcher.stop(run)
    assert run.status().state in ("stopping", "stopped")
    status = wait_for(run, over)
    assert status.state == "stopped"
    assert [path.name for path in run.checkpoints()] == [f"checkpoint-{status.step}"]
    start(run, resume=True)
    assert not run.stopping, "the wish was granted"
    done = wait_for(run, over)
    assert (done.state, done.resumed_from) == ("done", status.step)
    assert steps(run) == list(range(1, 61)), "no step twice, none left out"


def test_a_killed_trainer_loses_the_steps_since_its_checkpoint(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus)
    start(run)
    status = wait_for(run, lambda status: status.step >= 13)
    os.kill(status.pid, signal.SIGKILL)
    status = wait_for(run, over)
    assert (status.state, status.message) == ("lost", "The training process was killed (SIGKILL).")
    assert "memory" in status.hint
    saved = max(int(path.name.split("-")[1]) for path in run.checkpoints())
    assert status.step - saved <= 5
    start(run, resume=True)
    done = wait_for(run, over)
    assert (done.state, done.resumed_from) == ("done", saved)
    assert steps(run) == list(range(1, 41))


def test_a_killed_supervisor_leaves_the_trainer_alone(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=120)
    start(run)
    status = wait_for(run, lambda status: status.step >= 3)
    os.kill(_parent(status.pid), signal.SIGKILL)
    wait_for(run, lambda now: now.step > status.step + 2)
    with pytest.raises(InputError, match="is being trained"):
        start(run, resume=True)
    launcher.stop(run)
    assert wait_for(run, over).state == "stopped"


def test_a_supervisor_that_is_asked_to_end_lets_the_trainer_save(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=2000, training__save=5000)
    start(run)
    status = wait_for(run, lambda status: status.step >= 3)
    os.kill(_parent(status.pid), signal.SIGTERM)
    assert wait_for(run, over).state == "stopped"
    assert len(run.checkpoints()) == 1


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_training_survives_the_app(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=80)
    app = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys, time\nfrom pathlib import Path\nfrom trainer import launcher, runs\n"
            "from tests.runs_support import FAKE\n"
            "launcher.start(runs.Run(Path(sys.argv[1])), trainer=FAKE)\ntime.sleep(60)",
            str(run.folder),
        ],
        cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip
    wait_for(run, lambda status: status.step >= 2)
    os.killpg(app.pid, signal.SIGKILL)  # and whatever a terminal would take along
    app.wait()
    assert wait_for(run, over).state == "done"
    assert steps(run) == list(range(1, 81))


def test_an_error_is_told_with_its_last_line(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__seed=13)
    start(run)
    status = wait_for(run, over)
    assert (status.state, status.step) == ("failed", 9)
    assert status.hint == "RuntimeError: the tenth step is one too many"
    assert "Traceback" in run.log_tail()
    start(run, resume=True)  # it may be mended meanwhile
    assert wait_for(run, over).resumed_from == 5


def test_stop_now_does_not_wait_for_a_checkpoint(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, machine__threads=3000)
    start(run)
    wait_for(run, lambda status: status.state == "training")
    launcher.stop(run, now=True)
    status = wait_for(run, lambda s: over(s) and not run.is_held(), 20)
    assert (status.state, status.message) == ("stopped", "Stopped without saving.")


def test_runs_wait_for_their_turn_in_order(home: Path, corpus: Path) -> None:
    first, second, third, fourth = (
        make_run(home, corpus, name=name, training__steps=steps)
        for name, steps in (("a", 5000), ("b", 30), ("c", 30), ("d", 30))
    )
    for run in (first, second, third, fourth):
        start(run)
    wait_for(first, lambda status: status.step >= 1)
    assert [run.status().state for run in (second, third, fourth)] == ["queued"] * 3
    launcher.stop(third)
    assert wait_for(third, over).message == "Stopped before it began."
    launcher.stop(first)
    assert wait_for(fourth, over).state == "done"
    times = [run.status() for run in (first, second, fourth)]
    assert [status.state for status in times] == ["stopped", "done", "done"]
    assert times[0].finished < times[1].started <= times[1].finished < times[2].started


def test_nothing_is_left_in_the_process_table(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=2)
    start(run)
    wait_for(run, lambda s: over(s) and not run.is_held())
    end = time.monotonic() + 10
    while any(str(run.folder) in line or "defunct" in line for line in _own_children()):
        assert time.monotonic() < end, _own_children()
        time.sleep(0.05)


def _own_children() -> list[str]:
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith("ps ")]


def test_another_corpus_is_another_run(home: Path, tmp_path: Path) -> None:
    folder = tiny_corpus(tmp_path / "own")
    run = make_run(home, folder)
    for path in folder.iterdir():
        path.unlink()
    for path in tiny_corpus(tmp_path / "other", 60).iterdir():
        path.rename(folder / path.name)
    with pytest.raises(InputError, match="is not what it was when this run began"):
        start(run)
    assert run.status().state == "prepared"


def test_a_trainer_that_cannot_start_says_so(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus)
    launcher.start(run, trainer=("-m", "tests.no_such_trainer"))
    status = wait_for(run, over)
    assert status.state == "failed"
    assert "No module named tests.no_such_trainer" in status.hint
    broken = make_run(home, corpus, name="broken")
    (broken.folder / runs.SETTINGS).write_text("[training]\nsteps = 'many'\n")
    with pytest.raises(VersoError, match="steps is 'many'"):
        start(broken)


def test_settings_that_were_broken_while_it_waited(home: Path, corpus: Path) -> None:
    first = make_run(home, corpus, name="first", training__steps=5000)
    second = make_run(home, corpus, name="second")
    start(first)
    start(second)
    (second.folder / runs.SETTINGS).write_text("[training]\nsteps = 'many'\n")
    launcher.stop(first)
    status = wait_for(second, over)
    assert (status.state, status.message) == ("failed", "steps is 'many'.")


def test_several_processes_share_a_run(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus)
    command, environment = command_line(run, True, TRAINER, 2)
    assert command[1:] == [
        "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "trainer.train", str(run.folder), "--resume",
    ]  # fmt: skip
    assert environment["VERSO_HOME"] == str(home)
    assert command_line(run, False, TRAINER, 1)[0][1:] == [*TRAINER, str(run.folder)]
