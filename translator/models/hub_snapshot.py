"""A whole model from a hub: the files that transformers needs, all of one version.

Weights are taken as safetensors only, and no program files: nothing that is downloaded can run.
The files gather in a folder beside the model's own, which gets its name when all are there.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from translator.errors import DownloadError, ModelError
from translator.models import http_source
from translator.models.files import check_space, delete, sha256
from translator.models.partial import Partial, SourceFailed, Transfer
from translator.models.spec import HubSource
from translator.settings import Settings

_NOTE = "verso-snapshot.json"
_PATIENCE = 30.0  # seconds
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_WANTED = re.compile(
    r"(model|adapter_model|pytorch_model)[\w.-]*\.safetensors|[\w.-]+\.json|[\w.-]+\.jinja"
    r"|[\w.-]*\.(model|spm|tiktoken)|(vocab|merges)\.txt|(LICEN[CS]E|NOTICE)[\w.-]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Listing:
    commit: str
    files: tuple[_File, ...]


def snapshot(
    repository: str, revision: str, settings: Settings, report: Callable[[str, float], None]
) -> Path:
    """Download a repository into the models folder, unless it is there; returns its folder.

    ``report`` gets what is done, and the fraction of it.

    Raises:
        DownloadError: the hub does not give it, or the disk is full.
        ModelError: it has no weights that can be used.
    """
    target = settings.models / folder_name(repository)

    def progress(done: int, total: int, label: str) -> None:
        report(f"downloading {repository} {label}", done / total if total else 0.0)

    transfer = Transfer(repository, 0, progress, threading.Event(), _PATIENCE)
    fetch((HubSource(repository, revision=revision),), target, transfer)
    return target


def repository(text: str) -> str:
    """The text if it is the name of a hub's repository (``owner/name``), else nothing."""
    return text if _REPOSITORY.fullmatch(text) and not text.endswith(".gguf") else ""


def folder_name(repository: str) -> str:
    """The name of a repository's folder: ``owner/name`` becomes ``owner--name``."""
    return repository.replace("/", "--")


def complete(folder: Path) -> bool:
    """Whether a model's or an adapter's folder is there, with all that a snapshot brought."""
    if not any((folder / name).is_file() for name in ("config.json", "adapter_config.json")):
        return False
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        sizes = {str(name): int(size) for name, size in note["files"].items()}
    except FileNotFoundError:
        return any(folder.glob("*.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return all(_has(folder / name, size) for name, size in sizes.items())


def fetch(sources: tuple[HubSource, ...], target: Path, transfer: Transfer) -> None:
    """Download from the first source that has the model; finished files are kept on a stop.

    Raises :class:`DownloadError`, :class:`ModelError` and :class:`~translator.errors.Cancelled`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f"{target.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            transfer.report(0, "waiting: another Verso is downloading this model")
    try:
        if complete(target):
            return
        failures: list[str] = []
        for source in sources:
            try:
                _fetch(source, target, transfer)
                return
            except SourceFailed as failure:
                failures.append(f"the hub's {source.repo} {failure}")
        raise DownloadError(
            f"Could not download {transfer.name}: {'; '.join(failures)}.",
            "Check the connection and try again; what has arrived is kept.",
        )
    finally:
        lock.release()


def _fetch(source: HubSource, target: Path, transfer: Transfer) -> None:
    listing = _list(source, transfer)
    total = sum(file.size for file in listing.files)
    gathering = target.with_name(f"{target.name}.partial")
    if gathering.exists() and _commit(gathering) != listing.commit:
        delete(gathering)
    gathering.mkdir(exist_ok=True)
    note = {
        "repository": source.repo,
        "commit": listing.commit,
        "files": {file.name: file.size for file in listing.files},
    }
    (gathering / _NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    here = sum(file.size for file in listing.files if _has(gathering / file.name, file.size))
    check_space(target.parent, total - here, transfer.name)
    done = 0
    for file in listing.files:
        if not _has(gathering / file.name, file.size):
            _fetch_file(source, listing.commit, file, gathering, done, total, transfer)
        done += file.size
        transfer.total = total
        transfer.report(done, file.name)
    if target.exists():
        delete(target)
    gathering.replace(target)


def _fetch_file(
    source: HubSource,
    commit: str,
    file: _File,
    folder: Path,
    done: int,
    total: int,
    transfer: Transfer,
) -> None:
    def progress(part: int, _total: int, _label: str) -> None:
        transfer.total = total
        transfer.report(done + part, file.name)

    one = Transfer(transfer.name, file.size, progress, transfer.stop, transfer.patience)
    where = HubSource(source.repo, file.name, commit)
    partial = Partial(folder / file.name, 0, repr(where))
    http_source.fetch(http_source.hub_url(where), partial, one, http_source.hub_headers())
    if partial.size != file.size:
        partial.discard()
        raise SourceFailed(f"gave {file.name} with another size than it states")
    if file.sha256 and sha256(partial.path, one) != file.sha256:
        partial.discard()
        raise SourceFailed(f"gave wrong bytes for {file.name} (their SHA-256 differs)")
    partial.finish(folder / file.name)


def _list(source: HubSource, transfer: Transfer) -> _Listing:
    """What the repository has, of the files that are wanted."""
    transfer.report(0, "looking at the hub")
    url = f"{http_source.hub()}/api/models/{source.repo}/revision/{quote(source.revision, safe='')}"
    values = http_source.read_json(f"{url}?blobs=true", transfer, http_source.hub_headers())
    try:
        files = tuple(_file(one) for one in values["siblings"] if _wanted(one["rfilename"]))
        listing = _Listing(str(values["sha"]), files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceFailed("answered with a list of files that cannot be read") from error
    names = {file.name for file in files}
    if not {"config.json", "adapter_config.json"} & names:
        raise ModelError(
            f"{source.repo} is no model of transformers: it has no config.json.",
            "If it holds GGUF files, download one and use `verso models add FILE`.",
        )
    if not any(name.endswith(".safetensors") for name in names):
        raise ModelError(
            f"{source.repo} has no safetensors weights.",
            "Weights of other kinds can run code when they are loaded, so Verso takes none.",
        )
    return listing


def _file(entry: Any) -> _File:
    large = entry.get("lfs") or {}
    return _File(
        str(entry["rfilename"]),
        int(large.get("size") or entry["size"]),
        str(large.get("sha256") or ""),
    )


def _wanted(name: str) -> bool:
    return _WANTED.fullmatch(name) is not None and name != _NOTE


def _commit(folder: Path) -> str:
    try:
        return str(json.loads((folder / _NOTE).read_text(encoding="utf-8"))["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
