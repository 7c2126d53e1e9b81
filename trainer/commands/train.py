"""``verso train``: from a settings file, or a preset, to a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import interruptible, say, table

if TYPE_CHECKING:
    from trainer.config import RunSettings
    from trainer.search import Search, Trial

_TRIALS = 10


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="fine-tune a model on this machine",
        description="Starts a training run as a process of its own and follows it. Ctrl+C saves "
        "and stops; closing the terminal leaves it running.",
        epilog="A settings file to begin with: verso train --new run.toml --preset small-model "
        "--base MODEL --corpus FOLDER",
    )
    parser.add_argument("settings", nargs="?", type=Path, metavar="RUN.toml", help="settings file")
    parser.add_argument("--preset", metavar="ID", help="begin with a recipe (see --presets)")
    parser.add_argument("--base", metavar="MODEL", help="model to train: id, folder or hub name")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="corpus to train with")
    parser.add_argument("--name", help="name of the run")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="change a setting, as in training.learning-rate=1e-4; may be given again",
    )  # fmt: skip
    parser.add_argument("--detach", action="store_true", help="start, and do not wait for the end")
    parser.add_argument(
        "--follow", dest="detach", action="store_false", help="wait for the end (the default)"
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--new", type=Path, metavar="FILE", help="only write a settings file")
    others.add_argument("--presets", action="store_true", help="list the recipes")
    others.add_argument("--install", action="store_true", help="install what training needs")
    others.add_argument(
        "--watch", type=Path, metavar="FOLDER",
        help="train with every corpus that appears in FOLDER, until Ctrl+C",
    )  # fmt: skip
    others.add_argument(
        "--search", action="append", metavar="NAME=VALUES",
        help="try values, as in training.learning-rate=1e-5..1e-3 or method.rank=8,16,32; may be "
        "given again",
    )  # fmt: skip
    parser.add_argument(
        "--trials", type=int, default=_TRIALS, metavar="N",
        help=f"how many tries a search has (default: {_TRIALS})",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from trainer import runs
    from translator.settings import Settings

    if arguments.presets:
        return _list_presets()
    if arguments.install:
        return _install()
    settings = _settings(arguments)
    if arguments.new:
        return _write(settings, arguments.new)
    home = Settings.load().home
    if arguments.watch:
        return _watch(settings, arguments.watch, home)
    if arguments.search:
        return _search(settings, arguments, home)

    from trainer import launcher, requirements
    from trainer.commands.following import follow

    requirements.require()
    run = runs.create(settings, home)
    launcher.start(run)
    say(f"Run {run.id}: {run.folder}")
    if arguments.detach:
        say(f"`verso runs show {run.id}` tells how it goes.")
        print(run.id)
        return 0
    return follow(run)


def _settings(arguments: argparse.Namespace) -> RunSettings:
    """From the preset or the file, with what was said on the command line."""
    from trainer import presets, settings_text
    from trainer.config import RunSettings
    from translator.errors import InputError

    if arguments.settings and arguments.preset:
        raise InputError("A settings file and a preset were given.", "Leave one out.")
    if arguments.settings:
        settings = RunSettings.load(arguments.settings)
    elif arguments.preset:
        settings = presets.get(arguments.preset).settings
    else:
        raise InputError(
            "Neither a settings file nor a preset was given.",
            "See `verso train --help`; `verso train --presets` lists recipes.",
        )
    changes = settings_text.changes(arguments.set)
    given = {"name": arguments.name, "model.base": arguments.base, "data.corpus": arguments.corpus}
    changes |= {name: str(value) for name, value in given.items() if value}
    settings = settings.with_values(changes)
    if settings.name == RunSettings().name and settings.model.base:
        settings = settings.with_values({"name": Path(settings.model.base).name})
    return settings.within(Path.cwd())


def _write(settings: RunSettings, path: Path) -> int:
    from translator.errors import InputError

    if path.exists():
        raise InputError(f"{path} exists already.", "Choose another name.")
    try:
        settings.write(path, comments=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    missing = [
        name
        for name, value in (("base", settings.model.base), ("corpus", settings.data.corpus))
        if not value
    ]
    if missing:
        say(f"Still to be set in it: {' and '.join(missing)}.")
    print(path)
    return 0


def _list_presets() -> int:
    from trainer import presets

    rows = [(preset.id, preset.about, preset.source) for preset in presets.all()]
    table(("preset", "what it is for", "where it is from"), rows)
    return 0


def _install() -> int:
    from trainer import requirements
    from translator.commands.terminal import size

    names = requirements.missing()
    if not names:
        say("Everything that training needs is installed.")
        return 0
    say(f"Installing {', '.join(names)}: about {size(requirements.download_size())}.")
    with interruptible() as stop:
        requirements.install(say, stop)
    say("Everything that training needs is installed.")
    return 0


def _watch(settings: RunSettings, folder: Path, home: Path) -> int:
    from trainer import requirements, watch
    from translator.errors import InputError

    requirements.require()
    if not settings.model.base:
        raise InputError("No base model is named.", "Set model.base, or add --base.")
    say(f"Waiting for corpora in {folder}. Ctrl+C ends it; what is being trained goes on.")
    with interruptible() as stop:
        watch.watch(folder, settings, home, stop, lambda run: print(run.id, flush=True))
    return 0


def _search(settings: RunSettings, arguments: argparse.Namespace, home: Path) -> int:
    from trainer import requirements, search
    from trainer.search_fields import Field

    requirements.require()
    fields = [Field.parse(text) for text in arguments.search]
    return run_search(search.create(settings, fields, arguments.trials, home))


def run_search(search: Search) -> int:
    """Run, or go on with, a search to its end, and list its trials."""
    say(f"Search {search.id}. Ctrl+C saves and stops it.")

    def tell(trial: Trial) -> None:
        score = "" if trial.score is None else f", {trial.score:.3f}"
        said = ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
                         for name, value in trial.values.items())  # fmt: skip
        say(f"trial {trial.number + 1} {trial.state}: {said}{score}")

    with interruptible() as stop:
        search.run(tell, stop)
    list_trials(search)
    return 0


def list_trials(search: Search) -> None:
    """The trials of a search as a table, the best first."""
    trials = search.trials()
    names = list(trials[0].values) if trials else []
    table(
        ("run", *names, "score", "state"),
        [
            (
                trial.run,
                *(f"{trial.values[name]:.4g}" if isinstance(trial.values[name], float)
                  else str(trial.values[name]) for name in names),
                "" if trial.score is None else f"{trial.score:.3f}",
                trial.state,
            )
            for trial in trials
        ],
    )  # fmt: skip
