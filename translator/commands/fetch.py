"""Get a model onto this machine, with a progress bar and after a look at its terms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from translator.commands.terminal import ask, errors_console, interruptible, is_terminal, say, size

if TYPE_CHECKING:
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings


def ensure(
    spec: ModelSpec, registry: Registry, settings: Settings, *, download: bool = False
) -> None:
    """Make sure that a model can be used; offer to download it where somebody can answer.

    Raises :class:`ModelError`, with the hint how to get it, when it stays missing.
    """
    if registry.installed(spec):
        return
    for part in missing(spec, registry):
        bytes = f" ({size(part.bytes)})" if part.bytes else ""
        about = f"{part.name} is not downloaded yet{bytes}."
        wanted = part.sources and (
            download or (is_terminal() and ask(f"{about} Download it now?", default=True))
        )
        if not wanted:
            registry.path(spec)  # raises
        fetch(part, settings)


def missing(spec: ModelSpec, registry: Registry) -> list[ModelSpec]:
    """What has to be downloaded for a model: itself, its base, or both."""
    needed = [registry.get(spec.base)] if spec.base else []
    if spec.file or (spec.kind == "hf" and spec.adapter):
        needed.append(spec)
    return [part for part in needed if not registry.installed(part)]


def fetch_repository(repository: str, revision: str, settings: Settings) -> Path:
    """Download a hub's repository; returns its folder. Raises :class:`VersoError`."""
    from translator.models.hub_snapshot import folder_name
    from translator.models.spec import HubSource, ModelKind, ModelSpec

    folder = folder_name(repository)
    source = HubSource(repository, revision=revision)
    spec = ModelSpec(folder, repository, ModelKind.HF, file=folder, sources=(source,))
    fetch(spec, settings)
    return settings.models / folder


def fetch(spec: ModelSpec, settings: Settings, *, accept_terms: bool = False) -> None:
    """Download a model, or check the file that is there. Raises :class:`VersoError`."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from translator.models import terms
    from translator.models.download import pull

    if not terms.accepted(spec.licence, settings.models) and not accept_terms and is_terminal():
        licence = spec.licence
        say(f"{spec.name} comes under the {licence.name}.")
        for line in filter(None, (licence.notice, licence.url)):
            say(line)
        accept_terms = ask("Do you accept these terms?", default=False)
    console = errors_console()
    if not console.is_terminal:
        here = (settings.models / (spec.file or spec.adapter)).exists()
        about = f" ({size(spec.bytes)})" if spec.bytes else ""
        say(f"{'Checking' if here else 'Downloading'} {spec.name}{about}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with (
        interruptible() as stop,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task(spec.name, total=spec.bytes or None)
        pull(
            spec,
            settings.models,
            progress=lambda done, total, label: bar.update(
                task, completed=done, total=total or None, description=label or spec.name
            ),
            stop=stop,
            accept_terms=accept_terms,
        )
