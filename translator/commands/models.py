"""``verso models``: which models there are, and which are here."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands import model_making, tune
from translator.commands.terminal import complain, print_json, say, size, table
from translator.models.spec import DEVICES, PRECISIONS

if TYPE_CHECKING:
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings

_SHOWN_LANGUAGES = 8


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser("models", help="list and get models")
    parser.set_defaults(run=_list, json=False)
    actions = parser.add_subparsers(title="actions", metavar="")
    listed = actions.add_parser("list", help="all models, and which are installed")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(run=_list)
    shown = actions.add_parser("show", help="everything about a model")
    shown.add_argument("id", help="id or alias")
    shown.add_argument("--json", action="store_true", help="as JSON")
    shown.set_defaults(run=_show)
    added = actions.add_parser("add", help="use a model of your own, or one of a hub")
    added.add_argument(
        "file", help="a GGUF file, a folder with config.json, or a hub's repository (owner/name)"
    )
    added.add_argument("--id", help="what to call it (default: from the file)")
    added.add_argument("--name", help="its name for people")
    added.add_argument("--style", help="its prompt style (default: read off the file)")
    added.add_argument("--base", help="the model that an adapter's folder belongs to")
    added.add_argument("--revision", default="main", help="of a hub's repository")
    added.add_argument(
        "--precision",
        default="auto",
        choices=PRECISIONS,
        help="numbers that a folder's model is loaded in (4bit and 8bit need bitsandbytes)",
    )
    added.add_argument(
        "--device", default="auto", choices=DEVICES, help="where a folder's model runs"
    )
    added.set_defaults(run=_add)
    pulled = actions.add_parser("pull", help="download a model, or check the one that is here")
    pulled.add_argument("id", nargs="?", help="id or alias (default: the starter model)")
    pulled.add_argument(
        "--accept-terms", action="store_true", help="agree to the licence without being asked"
    )
    pulled.set_defaults(run=_pull)
    model_making.add_actions(actions)
    removed = actions.add_parser("remove", help="delete a model's file or your entry")
    removed.add_argument("id", help="id or alias")
    removed.set_defaults(run=_remove)
    tune.add_parser(actions)


def _open() -> tuple[Settings, Registry]:
    from translator.models.registry import Registry
    from translator.settings import Settings

    settings = Settings.load()
    return settings, Registry(settings)


def _list(arguments: argparse.Namespace) -> int:
    _, registry = _open()
    specs = registry.list()
    if arguments.json:
        print_json([_facts(spec, registry) for spec in specs])
    else:
        table(
            ("id", "name", "here", "size", "licence", "languages", "made from"),
            [
                (
                    spec.id + (" *" if spec.default else ""),
                    spec.name,
                    "yes" if registry.installed(spec) else "no",
                    size(spec.bytes) if spec.bytes else "",
                    spec.licence.name,
                    _languages(spec),
                    spec.made_from,
                )
                for spec in specs
            ],
        )
    for problem in registry.problems():
        complain(problem)
    return 0


def _languages(spec: ModelSpec) -> str:
    shown = " ".join(spec.languages[:_SHOWN_LANGUAGES])
    more = len(spec.languages) - _SHOWN_LANGUAGES
    return f"{shown} +{more}" if more > 0 else shown


def _facts(spec: ModelSpec, registry: Registry) -> dict[str, Any]:
    return {**asdict(spec), "installed": registry.installed(spec)}


def _show(arguments: argparse.Namespace) -> int:
    _, registry = _open()
    spec = registry.get(arguments.id)
    facts = _facts(spec, registry)
    if arguments.json:
        print_json(facts)
        return 0
    here = registry.path(spec) if facts["installed"] and spec.file else ""
    lines = {
        "id": spec.id,
        "name": spec.name,
        "also called": ", ".join(spec.aliases),
        "about": " ".join(spec.description.split()),
        "installed": f"yes {here}".strip() if facts["installed"] else "no",
        "kind": spec.kind.value,
        "size": size(spec.bytes) if spec.bytes else "",
        "sha256": spec.sha256,
        "parameters": spec.parameters,
        "quantization": spec.quantization,
        "architecture": spec.architecture,
        "precision": spec.precision if spec.kind == "hf" else "",
        "device": spec.device if spec.kind == "hf" else "",
        "context": f"{spec.context} tokens",
        "prompt style": spec.style,
        "languages": " ".join(spec.languages),
        "base model": spec.base,
        "made from": ", ".join(filter(None, (spec.made_from, spec.made_how))),
        "trained with": f"corpus {spec.corpus}" if spec.corpus else "",
        "scores": ", ".join(f"{name} {value:.1f}" for name, value in spec.scores.items()),
        "licence": " ".join(filter(None, (spec.licence.name, spec.licence.url))),
        "terms": spec.licence.notice,
        "homepage": spec.homepage,
        "sampling": ", ".join(f"{name} {value:g}" for name, value in asdict(spec.sampling).items()),
    }
    for name, value in lines.items():
        if value:
            print(f"{name + ':':<14} {value}")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    from translator.commands.fetch import fetch_repository
    from translator.models import hub_snapshot

    settings, registry = _open()
    path = Path(arguments.file)
    repository = "" if path.exists() else hub_snapshot.repository(arguments.file)
    if repository:
        path = fetch_repository(repository, arguments.revision, settings)
    spec = registry.add(
        path,
        id=arguments.id or repository.rpartition("/")[2] or None,
        name=arguments.name or repository or None,
        style=arguments.style,
        base=arguments.base,
    )
    if (arguments.precision, arguments.device) != (spec.precision, spec.device):
        spec = replace(spec, precision=arguments.precision, device=arguments.device)
        registry.enter(spec)
    say(f"Added {spec.name} with the prompt style {spec.style}.")
    print(spec.id)
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    from translator.commands.fetch import fetch, missing

    settings, registry = _open()
    spec = registry.get(arguments.id) if arguments.id else registry.default()
    # An installed model is pulled too: that checks its file.
    for part in missing(spec, registry) or [spec]:
        fetch(part, settings, accept_terms=arguments.accept_terms)
    say(f"{spec.name} is ready.")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    _, registry = _open()
    removal = registry.remove(arguments.id)
    for path in removal.deleted:
        say(f"Deleted {path}")
    for path in removal.kept:
        say(f"Left alone, since it is yours: {path}")
    return 0
