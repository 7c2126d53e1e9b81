"""The corpora of this data home, the texts that they were built from, and builds at work.

``corpora/NAME`` is a corpus (:mod:`trainer.corpus`), ``texts/NAME`` what somebody sent for it,
``corpora/.work/NAME`` the settings and the status of its build (:mod:`trainer.background`).
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from trainer import background, uploads
from trainer.background import Status
from trainer.corpus import Corpus
from trainer.corpus_settings import CorpusSettings, read_settings
from trainer.readers import CORPUS
from translator.errors import InputError

REQUEST = "request.toml"
_MODULE = "trainer.corpus_job"
_STAGED = ".new-"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_DAY = 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus, or the build of one: ``corpus`` is ``None`` until there is one that can be read."""

    name: str
    folder: Path
    status: Status
    corpus: Corpus | None
    created: float  # seconds since the epoch


class Corpora:
    """The corpora below a data home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._corpora = home / "corpora"
        self._texts = home / "texts"

    def all(self) -> list[Entry]:
        """Every corpus and build, the newest first."""
        names = {p.name for p in _below(self._corpora) if (p / CORPUS).is_file()}
        names |= {p.name for p in _below(self._corpora / ".work")}
        found = [self.get(name) for name in names if _NAME.fullmatch(name)]
        return sorted(found, key=lambda entry: (-entry.created, entry.name))

    def get(self, name: str) -> Entry:
        """One of them. Raises :class:`InputError` if there is none of this name."""
        folder, work = self._corpora / name, self._work(name)
        if not _NAME.fullmatch(name) or not (folder.is_dir() or work.is_dir()):
            raise InputError("There is no such corpus.", "Choose one of the list.")
        corpus = None
        if (folder / CORPUS).is_file():
            try:
                corpus = Corpus.load(folder)
            except InputError as problem:
                status = Status("failed", message=problem.message, hint=problem.hint)
                return Entry(name, folder, status, None, folder.stat().st_mtime)
        status = background.status(work) if work.is_dir() else Status("done")
        created = (work if work.is_dir() else folder).stat().st_mtime
        return Entry(name, folder, status, corpus, status.began or created)

    def stage(self, files: Sequence[Path]) -> Path:
        """Put what was sent into a folder of its own until a corpus is built from it.

        Raises what :func:`trainer.uploads.take` raises. What nobody used for a day goes away.
        """
        for old in self._texts.glob(f"{_STAGED}*"):
            if time.time() - old.stat().st_mtime > _DAY:
                shutil.rmtree(old, ignore_errors=True)
        folder = self._texts / f"{_STAGED}{secrets.token_hex(8)}"
        uploads.take(files, folder)
        return folder

    def unstage(self, folder: Path) -> None:
        """Delete what :meth:`stage` made."""
        shutil.rmtree(folder, ignore_errors=True)

    def free_name(self, wish: str) -> str:
        """A name of small letters, digits and hyphens like the wish that no corpus has."""
        plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "corpus"
        taken = {entry.name for entry in self.all()}
        taken |= {path.name for path in _below(self._texts)}
        numbers = (f"{slug}-{number}" for number in range(2, 10_000))
        return slug if slug not in taken else next(name for name in numbers if name not in taken)

    def reserve(self, wish: str) -> tuple[str, Path]:
        """A free name, taken from now on, and the empty folder for the texts of that corpus."""
        self._texts.mkdir(parents=True, exist_ok=True)
        while True:
            name = self.free_name(wish)
            with contextlib.suppress(FileExistsError):  # somebody else was quicker
                (self._texts / name).mkdir()
                return name, self._texts / name

    def restage(self, name: str) -> tuple[CorpusSettings, Path | None]:
        """What a corpus was made of, to make another: its settings, and a copy of what was sent.

        Raises :class:`InputError` for a corpus that was not built here.
        """
        request = self._work(name) / REQUEST
        if not request.is_file():
            raise InputError("This corpus was built elsewhere.", "Its corpus.toml says how.")
        settings = CorpusSettings(**read_settings(request))
        sent = self._texts / name / "texts"
        if not sent.is_dir():
            return settings, None
        folder = self._texts / f"{_STAGED}{secrets.token_hex(8)}"
        try:
            shutil.copytree(sent, folder)
        except OSError as error:
            raise InputError("The texts cannot be copied.", "Is the disk full?") from error
        return settings, folder

    def build(self, name: str, settings: CorpusSettings) -> None:
        """Begin to build a corpus in the background. Raises :class:`InputError`."""
        work = self._work(name)
        try:
            work.mkdir(parents=True, exist_ok=True)
            (work / REQUEST).write_text(tomli_w.dumps(settings.values()), "utf-8")
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"The settings cannot be stored: {why}.") from error
        background.start(work, _MODULE, self._home)

    def stop(self, name: str) -> None:
        """Stop a build."""
        self.get(name)
        background.stop(self._work(name))

    def delete(self, name: str) -> None:
        """Delete a corpus, the texts that were sent for it and its build."""
        entry = self.get(name)
        if entry.status.running:
            raise InputError("This corpus is being built.", "Stop it first.")
        for folder in (entry.folder, self._texts / name, self._work(name)):
            shutil.rmtree(folder, ignore_errors=True)

    def _work(self, name: str) -> Path:
        return self._corpora / ".work" / name


def _below(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
