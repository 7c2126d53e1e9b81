"""Parallel texts to a corpus: read, clean, split, mix, write; every pair is accounted for.

A corpus is a folder that says everything of itself: ``corpus.toml`` (the settings, and a hash of
the contents), ``train.jsonl.gz``, ``dev.jsonl.gz``, ``test.jsonl.gz`` (see
:func:`trainer.corpus_files.pair_row`), ``removed.jsonl.gz`` (what was left out and why) and
``report.json``. The memory needed grows by some hundred bytes a pair, not with the texts.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.corpus_build import Build, Progress
from trainer.corpus_settings import CorpusSettings
from trainer.readers import CORPUS
from translator.errors import InputError

REPORT = "report.json"


def build(
    settings: CorpusSettings,
    out: Path,
    *,
    replace_old: bool = False,
    progress: Progress = lambda _, __: None,
) -> Corpus:
    """Build a corpus in the folder ``out``, which appears when all is done.

    Raises :class:`InputError` for inputs that cannot be read, if no pair is left, or if ``out``
    exists (``replace_old``: a corpus may be replaced).
    """
    old = (out / CORPUS).is_file()
    taken = any(out.iterdir()) if out.is_dir() else out.exists()
    if taken and not (old and replace_old):
        hint = "Choose another, or add --replace." if old else "Choose another place."
        raise InputError(f"{out} exists already.", hint)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be made: {error.strerror}.", "Choose another.") from error
    try:
        Build(settings, folder, progress).run()
        if out.exists():
            shutil.rmtree(out)
        folder.chmod(0o755)
        folder.rename(out)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"The corpus cannot be written: {why}.", "Is the disk full?") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Corpus.load(out)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that was built. ``settings`` is its ``corpus.toml``, ``hash`` that of its lines."""

    folder: Path
    settings: dict[str, Any]
    report: dict[str, Any]
    hash: str

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        """Raises :class:`InputError` if the folder is no corpus."""
        try:
            settings = tomllib.loads((folder / CORPUS).read_text("utf-8"))
            report = json.loads((folder / REPORT).read_text("utf-8"))
            return cls(folder, settings, report, settings["result"]["hash"])
        except FileNotFoundError as error:
            message = f"{folder} is no corpus."
            raise InputError(message, "Build one with verso corpus build.") from error
        except (OSError, ValueError, KeyError) as error:
            message = f"The corpus {folder} cannot be read: {error}."
            raise InputError(message, "Build it again.") from error

    def rows(self, part: str) -> Iterator[dict[str, Any]]:
        """The lines of ``train``, ``dev`` or ``test`` (:func:`trainer.corpus_files.pair_row`)."""
        with gzip.open(self.folder / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
