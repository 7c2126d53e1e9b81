"""A small search over chosen settings: trials are runs, and losing ones are stopped early.

A search is a folder ``searches/<id>`` with ``search.toml`` (the settings, the fields, the number
of trials) and ``study.log`` (optuna's journal). Its trials are usual runs whose ``parent`` is the
search's id. A search that was killed goes on where it was; a trial that went on meanwhile, too.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import tomli_w

from trainer import launcher, runs
from trainer.config import RunSettings
from trainer.run_files import write_atomically
from trainer.runs import Run
from trainer.search_fields import Field
from trainer.supervisor import TRAINER
from translator.errors import Cancelled, InputError, VersoError

SEARCHES: Final = "searches"
SETTINGS: Final = "search.toml"
_STARTUP = 2  # trials that are never stopped: the others are compared with them
_EVERY = 1.0  # seconds between looks at a trial


@dataclass(frozen=True, slots=True)
class Trial:
    """One try: its run, its values by field, its best score (``None`` so far), and how it is:
    ``running``, ``done``, ``stopped`` (it was losing) or ``failed``."""

    number: int
    run: str
    values: dict[str, Any]
    score: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Search:
    """A search folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name; the ``parent`` of its runs."""
        return self.folder.name

    @property
    def home(self) -> Path:
        """The data home."""
        return self.folder.parent.parent

    def read(self) -> tuple[RunSettings, tuple[Field, ...], int]:
        """Settings, fields and the number of trials."""
        try:
            values = tomllib.loads((self.folder / SETTINGS).read_text("utf-8"))
            fields = tuple(Field.of(name, value) for name, value in values["fields"].items())
            return RunSettings.of(values["settings"]), fields, values["trials"]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"The search {self.id} cannot be read: {error}.") from error

    def trials(self) -> list[Trial]:
        """All trials so far, the best first."""
        maximize = self.read()[0].evaluation.metric == "chrf"
        found = [
            Trial(
                trial.number,
                trial.user_attrs.get("run", ""),
                dict(trial.params),
                trial.user_attrs.get("score"),
                _STATES[trial.state.name],
            )
            for trial in _study(self).trials
            if trial.state.name in _STATES
        ]
        worst = -math.inf if maximize else math.inf

        def rank(trial: Trial) -> float:
            return worst if trial.score is None else trial.score

        return sorted(found, key=rank, reverse=maximize)

    def run(
        self,
        on_trial: Callable[[Trial], None],
        stop: threading.Event,
        *,
        trainer: Sequence[str] = TRAINER,
    ) -> None:
        """Try until all trials are over; ``on_trial`` hears of each one's beginning and end.

        Raises :class:`Cancelled` if ``stop`` was set: the trial that runs is then saved and ended,
        and the next call goes on.
        """
        settings, fields, count = self.read()
        study = _study(self)
        if not study.trials:
            for values in _grid(fields, count, settings.training.seed):
                study.enqueue_trial(values)
        for frozen in study.trials:
            if frozen.state.name == "RUNNING":
                _Attempt(self, study, frozen.number, on_trial, stop, trainer).follow()
        while sum(trial.state.name != "WAITING" for trial in study.trials) < count:
            chosen = study.ask({field.name: _distribution(field) for field in fields})
            name = f"{settings.name} {chosen.number + 1}"
            tried = replace(settings.with_values(chosen.params), name=name, parent=self.id)
            chosen.set_user_attr("run", runs.create(tried, self.home).id)
            _Attempt(self, study, chosen.number, on_trial, stop, trainer).follow()


def create(settings: RunSettings, fields: Sequence[Field], trials: int, home: Path) -> Search:
    """A new search. Raises :class:`InputError` for fields that cannot be searched."""
    settings.require_complete()
    if not fields:
        raise InputError("There is no field to search.", "Name one, as in method.rank=8,16.")
    if trials < 1:
        raise InputError(f"{trials} trials are too few.", "The least is 1.")
    for field in fields:
        field.check(settings)
    if all(field.values for field in fields):
        trials = min(trials, math.prod(len(field.values) for field in fields))
    settings = settings.with_values({"training.keep": 1})
    folder = runs.new_folder(home / SEARCHES, settings.name)
    values = {
        "trials": trials,
        "fields": {field.name: field.written for field in fields},
        "settings": settings.values(),
    }
    write_atomically(folder / SETTINGS, tomli_w.dumps(values))
    return Search(folder)


def find(home: Path, name: str) -> Search | None:
    """The search with this id, or the only one that begins so."""
    found = [path.parent for path in (home / SEARCHES).glob(f"*/{SETTINGS}")]
    fitting = [path for path in found if path.name == name] or [
        path for path in found if path.name.startswith(name)
    ]
    return Search(fitting[0]) if len(fitting) == 1 else None


class _Attempt:
    """Follows one trial's run to its end, and stops it when it is losing."""

    def __init__(
        self,
        search: Search,
        study: Any,
        number: int,
        on_trial: Callable[[Trial], None],
        stop: threading.Event,
        trainer: Sequence[str],
    ) -> None:
        import optuna

        self._search = search
        self._study = study
        self._trial = optuna.trial.Trial(study, study.trials[number]._trial_id)
        self._number = number
        self._on_trial = on_trial
        self._stop = stop
        self._trainer = trainer
        self._metric = search.read()[0].evaluation.metric
        self._reported = 0

    def follow(self) -> None:
        """Start the run, or find it again, and see it through."""
        from optuna.trial import TrialState

        run = self._run()
        if run is None:  # deleted, or never made
            self._tell(None, TrialState.FAIL)
            return
        status = run.status()
        if not status.busy and status.state not in ("done", "failed"):
            launcher.start(run, resume=status.state != "prepared", trainer=self._trainer)
        self._say()
        while True:
            status = run.status()
            best = self._report(run)
            if status.state in ("done", "failed"):
                ended = status.state == "done" and best is not None
                self._tell(best, TrialState.COMPLETE if ended else TrialState.FAIL)
                return
            if not status.busy:
                message = f"The trial {run.id} was interrupted. {status.message}"
                raise VersoError(message, f"`verso runs resume {self._search.id}` goes on.")
            if self._trial.should_prune():
                self._halt(run)
                self._tell(best, TrialState.PRUNED)
                return
            if self._stop.wait(_EVERY):
                self._halt(run, now=False)
                hint = f"`verso runs resume {self._search.id}` goes on."
                raise Cancelled("The search was stopped.", hint)

    def _run(self) -> Run | None:
        name = self._trial.user_attrs.get("run", "")
        folder = self._search.home / runs.RUNS / name
        return Run(folder) if name and (folder / runs.SETTINGS).is_file() else None

    def _report(self, run: Run) -> float | None:
        """Tell optuna of new evaluations; gives the best so far."""
        name = "chrf_mean" if self._metric == "chrf" else "dev_loss"
        known: float | None = self._trial.user_attrs.get("score")
        best = known
        choose = max if self._metric == "chrf" else min
        for row in run.metrics():
            value = row.get(name)
            if value is None or not math.isfinite(value) or not row["step"]:
                continue
            best = value if best is None else choose(best, value)
            if row["step"] > self._reported:
                self._reported = row["step"]
                self._trial.report(value, row["step"])
        if best != known:
            self._trial.set_user_attr("score", best)
        return best

    def _halt(self, run: Run, now: bool = True) -> None:
        """End the run and wait until its process is gone."""
        try:
            launcher.stop(run, now=now)
        except InputError:
            return  # it has ended by itself
        waiting = threading.Event()
        while run.is_held():
            waiting.wait(_EVERY / 4)

    def _tell(self, value: float | None, state: Any) -> None:
        self._study.tell(self._number, value if state.name == "COMPLETE" else None, state=state)
        self._say()

    def _say(self) -> None:
        self._on_trial(next(t for t in self._search.trials() if t.number == self._number))


_STATES = {
    "RUNNING": "running",
    "COMPLETE": "done",
    "PRUNED": "stopped",
    "FAIL": "failed",
}


def _study(search: Search) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    log = str(search.folder / "study.log")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = search.read()[0]
    return optuna.create_study(
        study_name=search.id,
        storage=JournalStorage(JournalFileBackend(log, JournalFileOpenLock(log))),
        sampler=optuna.samplers.TPESampler(seed=settings.training.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP),
        direction="maximize" if settings.evaluation.metric == "chrf" else "minimize",
        load_if_exists=True,
    )


def _grid(fields: Sequence[Field], count: int, seed: int) -> list[dict[str, Any]]:
    """Different values for each trial, in a random order, where all fields are lists."""
    if not all(field.values for field in fields):
        return []
    grid = list(itertools.product(*(field.values for field in fields)))
    chosen = random.Random(seed).sample(grid, count)
    return [dict(zip((field.name for field in fields), values, strict=True)) for values in chosen]


def _distribution(field: Field) -> Any:
    from optuna import distributions

    if field.values:
        return distributions.CategoricalDistribution(list(field.values))
    if field.whole:
        return distributions.IntDistribution(int(field.low), int(field.high), log=field.logarithmic)
    return distributions.FloatDistribution(field.low, field.high, log=field.logarithmic)
