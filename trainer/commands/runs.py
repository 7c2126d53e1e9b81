"""``verso runs``: what is being trained and was, and what to do about it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import duration, print_json, say, table
from translator.errors import VersoError

if TYPE_CHECKING:
    from trainer.runs import Run


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "runs", help="list and steer training runs"
    )
    parser.set_defaults(run=_list, json=False)
    actions = parser.add_subparsers(title="actions", metavar="")
    listed = actions.add_parser("list", help="all runs")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(run=_list)
    shown = _action(actions, "show", _show, "everything about a run or a search")
    shown.add_argument("--log", action="store_true", help="with the end of its log")
    shown.add_argument("--json", action="store_true", help="as JSON, with the curves")
    _action(actions, "follow", _follow, "follow a run until it ends")
    stop = _action(actions, "stop", _stop, "save a checkpoint and stop")
    stop.add_argument("--now", action="store_true", help="stop without saving")
    resume = _action(actions, "resume", _resume, "go on from the last checkpoint")
    resume.add_argument("--detach", action="store_true", help="do not wait for the end")
    clone = _action(actions, "clone", _clone, "a new run with the same settings, not started")
    clone.add_argument("--name", help="name of the new run (default: the same)")
    clone.add_argument("--start", action="store_true", help="start it, and do not wait")
    _action(actions, "delete", _delete, "delete a run with its checkpoints and weights")


def _action(actions: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=about)
    action.add_argument("id", metavar="ID", help="the run's id, its beginning, or its folder")
    action.set_defaults(run=run)
    return action


def _home() -> Path:
    from translator.settings import Settings

    return Settings.load().home


def _found(arguments: argparse.Namespace) -> Run:
    from trainer import runs

    return runs.find(_home(), arguments.id)


def _facts(run: Run) -> dict[str, Any]:
    """Settings and status of a run; a run whose file was broken by hand says so."""
    try:
        settings: dict[str, Any] = run.settings.values()
    except VersoError as error:
        settings = {"name": run.id, "error": str(error)}
    status = asdict(run.status())
    return {"id": run.id, "folder": str(run.folder), "settings": settings, "status": status}


def _list(arguments: argparse.Namespace) -> int:
    from trainer import runs

    facts = [_facts(run) for run in runs.all(_home())]
    if arguments.json:
        print_json(facts)
        return 0
    if not facts:
        say("There are no runs yet. `verso train --help` tells how to make one.")
    table(
        ("id", "base", "method", "state", "steps", "loss", "dev chrF++", "made", "search"),
        [
            (
                each["id"],
                Path(each["status"]["base"]).name,
                each["settings"].get("method", {}).get("kind", ""),
                each["status"]["state"],
                _steps(each["status"]),
                _number(each["status"]["loss"], 3),
                _number(each["status"]["chrf"], 2),
                _when(each["status"]["created"]),
                each["settings"].get("parent", ""),
            )
            for each in facts
        ],
    )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from trainer import search
    from trainer.commands.train import list_trials

    if found := search.find(_home(), arguments.id):
        list_trials(found)
        return 0
    run = _found(arguments)
    facts = _facts(run)
    if arguments.json:
        print_json(facts | {"metrics": run.metrics(), "exports": run.exports()})
        return 0
    status = run.status()
    corpus = facts["settings"].get("data", {}).get("corpus", "")
    broken = facts["settings"].get("error", "")
    lines = {
        "id": run.id,
        "folder": str(run.folder),
        "base": f"{status.base} {status.base_hash[:12]}",
        "corpus": f"{corpus} {status.corpus_hash[:12]}",
        "state": f"{status.state}, {status.stage}" if status.stage else status.state,
        "problem": f"{broken} {_problem(status)}".strip(),
        "steps": _steps(facts["status"]),
        "loss": _number(status.loss, 3),
        "dev loss": _number(status.dev_loss, 3),
        "dev chrF++": _number(status.chrf, 2),
        "best": f"step {status.best_step:,}, {_number(status.best_score, 3)}"
        if status.best_score is not None
        else "",
        "speed": f"{status.tokens_per_second:,.0f} target tokens a second"
        if status.tokens_per_second
        else "",
        "memory": f"{status.memory_mb:,.0f} MB" if status.memory_mb else "",
        "left": duration(status.eta) if status.eta and status.busy else "",
        "made": _when(status.created),
        "finished": _when(status.finished) if status.finished else "",
        "exports": ", ".join(str(row.get("id", row)) for row in run.exports()),
    }
    for name, value in lines.items():
        if value.strip():
            print(f"{name + ':':<12} {value}")
    samples = run.samples()
    for row in [row for row in samples if row["step"] == samples[-1]["step"]]:
        print(f"\n[{row['from']}] {row['source']}\n[{row['to']}] {row['hypothesis']}")
        print(f"[ref] {row['reference']}")
    if arguments.log:
        print(f"\n{run.log_tail()}")
    return 0


def _follow(arguments: argparse.Namespace) -> int:
    from trainer.commands.following import follow

    return follow(_found(arguments))


def _stop(arguments: argparse.Namespace) -> int:
    from trainer import launcher

    run = _found(arguments)
    launcher.stop(run, now=arguments.now)
    say("Stopping." if arguments.now else "It saves a checkpoint and stops.")
    say(f"`verso runs resume {run.id}` goes on.")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    from trainer import launcher, search
    from trainer.commands.following import follow
    from trainer.commands.train import run_search

    if found := search.find(_home(), arguments.id):
        return run_search(found)
    run = _found(arguments)
    saved = run.checkpoints()
    launcher.resume(run)
    say(f"Going on from {saved[-1].name}." if saved else "It has no checkpoint: from the start.")
    return 0 if arguments.detach else follow(run)


def _clone(arguments: argparse.Namespace) -> int:
    from trainer import launcher

    changes = {"name": arguments.name} if arguments.name else {}
    run = _found(arguments).clone(_home(), **changes)
    if arguments.start:
        launcher.start(run)
    else:
        say(
            f"Change {run.folder / 'run.toml'} if you like; `verso runs resume {run.id}` starts it."
        )
    print(run.id)
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    from trainer import runs

    runs.delete(_found(arguments))
    say("Deleted.")
    return 0


def _problem(status: Any) -> str:
    return f"{status.message} {status.hint}" if status.state in ("failed", "lost") else ""


def _steps(status: dict[str, Any]) -> str:
    return f"{status['step']:,} of {status['steps']:,}" if status["steps"] else ""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M") if moment else ""
