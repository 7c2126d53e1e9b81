"""The alignments of this data home: two editions each, aligned in the background, proofread.

One folder each: ``about.json``, the two books, ``status.json`` (:mod:`trainer.background`), and
when they are aligned the files of :mod:`trainer.proofread`.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import threading
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from trainer import background
from trainer.background import Status
from trainer.proofread import ALIGNMENT, Proofreading
from translator.books.base import SUFFIXES, atomic_output
from translator.errors import InputError

ABOUT = "about.json"
_MODULE = "trainer.align_job"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class About:
    """What was asked for. ``a`` and ``b`` are file names within the folder; ``source`` and
    ``target`` are tags, empty until the texts have told them; ``created`` is in seconds since the
    epoch."""

    title: str
    a: str
    b: str
    source: str
    target: str
    created: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """One alignment as it is now."""

    id: str
    folder: Path
    about: About
    status: Status

    @property
    def ready(self) -> bool:
        """Whether it can be proofread."""
        return (self.folder / ALIGNMENT).is_file() and not self.status.running


class Alignments:
    """The alignments in a folder. Use :func:`alignments_in`: a proofreading is open once only."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "alignments"
        self._lock = threading.Lock()
        self._open: dict[str, Proofreading] = {}

    def all(self) -> list[Alignment]:
        """Every alignment, the newest first."""
        found = []
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                with contextlib.suppress(InputError, OSError):  # no alignment, or deleted just now
                    found.append(self.get(path.name))
        return sorted(found, key=lambda one: -one.about.created)

    def get(self, alignment_id: str) -> Alignment:
        """One of them. Raises :class:`InputError` if there is none with this id."""
        folder = self._folder / alignment_id
        if not _ID.fullmatch(alignment_id) or not (folder / ABOUT).is_file():
            raise InputError("There is no such alignment.")
        about = read_about(folder)
        return Alignment(alignment_id, folder, about, background.status(folder))

    def create(self, a: Path, b: Path, source: str = "", target: str = "") -> str:
        """Copy two books and begin to align them; returns the id.

        Raises :class:`InputError` for files that are no books.
        """
        for path in (a, b):
            if path.suffix.lower() not in SUFFIXES:
                raise InputError(
                    f"{path.name} is no book that Verso reads.", f"It reads {', '.join(SUFFIXES)}."
                )
        alignment_id = secrets.token_hex(8)
        folder = self._folder / alignment_id
        names = (f"a-{a.name[-80:]}", f"b-{b.name[-80:]}")
        title = f"{a.stem} · {b.stem}" if a.stem != b.stem else a.stem
        try:
            folder.mkdir(parents=True)
            for path, name in zip((a, b), names, strict=True):
                shutil.copyfile(path, folder / name)
            about = About(title, names[0], names[1], source, target, time.time())
            write_about(folder, about)
            background.start(folder, _MODULE, self._home)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            why = error.strerror or str(error)
            raise InputError(f"The books cannot be stored: {why}.") from error
        return alignment_id

    def again(self, alignment_id: str, source: str = "", target: str = "") -> None:
        """Align anew what was stopped or has failed, with other languages where they are named.

        Raises :class:`InputError`.
        """
        one = self.get(alignment_id)
        about = replace(
            one.about, source=source or one.about.source, target=target or one.about.target
        )
        write_about(one.folder, about)
        background.start(one.folder, _MODULE, self._home)

    def stop(self, alignment_id: str) -> None:
        """Stop aligning."""
        background.stop(self.get(alignment_id).folder)

    def delete(self, alignment_id: str) -> None:
        """Delete an alignment with its books and all that was done to it."""
        one = self.get(alignment_id)
        background.stop(one.folder)
        with self._lock:
            self._open.pop(alignment_id, None)
        shutil.rmtree(one.folder, ignore_errors=True)

    def proofreading(self, alignment_id: str) -> Proofreading:
        """The rows of one. Raises :class:`InputError` if it is not ready."""
        one = self.get(alignment_id)
        if not one.ready:
            raise InputError("These editions are not aligned yet.", "Wait a little.")
        with self._lock:
            known = self._open.get(alignment_id)
            if known is None or not known.is_current():
                self._open[alignment_id] = Proofreading(one.folder)
            return self._open[alignment_id]


def read_about(folder: Path) -> About:
    """What an alignment's folder says of itself."""
    return About(**json.loads((folder / ABOUT).read_text("utf-8")))


def write_about(folder: Path, about: About) -> None:
    """Write it there."""
    with atomic_output(folder / ABOUT) as file:
        file.write(json.dumps(asdict(about)).encode())


@cache
def alignments_in(home: Path) -> Alignments:
    """The one :class:`Alignments` of a data home."""
    return Alignments(home)
