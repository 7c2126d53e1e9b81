"""``verso compare results``, ``export``, ``import``, ``train`` and ``edits``: what answers say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.compare_one import action, found
from translator.commands.terminal import print_json, say, table

if TYPE_CHECKING:
    from trainer.results.results import Results


def add_parsers(actions: Any) -> None:  # argparse's class is private
    """Add the actions."""
    results = action(actions, "results", _results, "what the ratings say so far")
    results.add_argument("--json", action="store_true", help="all numbers as JSON")
    export = action(actions, "export", _export, "all results as files in a ZIP")
    export.add_argument("-o", "--output", type=Path, metavar="FILE.zip")
    imported: argparse.ArgumentParser = actions.add_parser(
        "import",
        help="analyse ratings that were made elsewhere",
        description="JSONL as `verso compare export` writes it, a CSV of Appraise, or a TSV of MQM "
        "ratings as WMT publishes them.",
    )
    imported.add_argument("file", type=Path, metavar="FILE")
    imported.add_argument("--json", action="store_true", help="all numbers as JSON")
    imported.add_argument("-o", "--output", type=Path, metavar="FILE.zip", help="write all files")
    imported.set_defaults(run=_import)
    train = action(actions, "train", _train, "prepare a training on the answers")
    train.add_argument(
        "--kind", choices=("sft", "dpo", "both"),
        help="imitate edits and good outputs, learn from preferences, or both (default: what "
        "there is)",
    )  # fmt: skip
    train.add_argument("--base", default="", metavar="MODEL", help="model to train")
    train.add_argument("--gap", type=float, metavar="N", help="scores differ by as much (of 100)")
    train.add_argument("-o", "--output", type=Path, metavar="RUN.toml", help="the settings file")
    train.add_argument("--start", action="store_true", help="begin the training at once")
    action(actions, "edits", _edits, "put the reviewers' own texts into the memory")


def _results(arguments: argparse.Namespace) -> int:
    from trainer.results.results import results_of

    campaign = found(arguments)
    results = results_of(campaign)
    if not arguments.json and not campaign.revealed:
        say("Letters stand for the systems until the campaign is locked and revealed.")
    return _shown(results, arguments.json)


def _shown(results: Results, as_json: bool) -> int:
    from trainer.results.export import facts
    from trainer.results.methods import methods
    from trainer.results.tables import tables

    if as_json:
        print_json(facts(results))
        return 0
    for made in tables(results):
        print(f"{made.title}:")
        table(made.columns, made.rows)
        print()
    print(methods(results))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from trainer.results.export import archive
    from trainer.results.results import results_of
    from trainer.run_files import slug

    campaign = found(arguments)
    path = arguments.output or Path(f"{slug(campaign.settings.name)}.zip")
    archive(results_of(campaign), path, campaign)
    print(path)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from trainer.ratings import imports
    from trainer.results.export import archive
    from trainer.results.results import analyse

    results = analyse(imports.read(arguments.file))
    if arguments.output:
        archive(results, arguments.output)
        say(f"Written: {arguments.output}")
    return _shown(results, arguments.json)


def _train(arguments: argparse.Namespace) -> int:
    from trainer import launcher, requirements, runs
    from trainer.campaigns.loop import GAP
    from trainer.campaigns.loop_files import prepared_run
    from translator.errors import InputError
    from translator.settings import Settings

    campaign = found(arguments)
    settings = Settings.load()
    path = arguments.output or Path(f"{campaign.id}.toml")
    if path.exists() and not arguments.start:
        raise InputError(f"{path} exists already.", "Choose another name with -o.")
    gap = GAP if arguments.gap is None else arguments.gap
    prepared = prepared_run(campaign, settings, arguments.kind, base=arguments.base, gap=gap)
    if arguments.start:
        requirements.require()
        run = runs.create(prepared, settings.home)
        launcher.start(run)
        say(f"`verso runs follow {run.id}` tells how it goes.")
        print(run.id)
        return 0
    prepared.write(path, comments=True)
    if not prepared.model.base:
        say("Still to be set in it: the base, as the key is not revealed.")
    say(f"`verso train {path}` starts it.")
    print(path)
    return 0


def _edits(arguments: argparse.Namespace) -> int:
    from trainer.campaigns.loop_files import save_edits
    from translator.memory import Memory
    from translator.settings import Settings

    memory = Memory(Settings.load().memory)
    try:
        saved = save_edits(found(arguments), memory)
    finally:
        memory.close()
    for item, why in saved.refused:
        say(f"verso: {item} cannot be there: {why}")
    say(f"{saved.count:,} texts of reviewers are in the memory now.")
    return 0
