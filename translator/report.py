"""What became of every segment of a book, counted in the written file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from translator import markup
from translator.errors import InputError
from translator.records import Entry, Job
from translator.types import Provenance, Status, Translation
from translator.validation import Validation


@dataclass(frozen=True, slots=True)
class Report:
    """The ledger of a book. ``problems`` are about the book as a whole, a sentence each."""

    job: Job
    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation: Validation = field(default_factory=Validation)

    def count(self, status: Status) -> int:
        """How many segments ended so."""
        return sum(_ended(entry).status is status for entry in self.entries)

    @property
    def coverage(self) -> float:
        """The share of the segments that did not fail, from 0 to 1."""
        total = len(self.entries)
        return 1.0 - self.count(Status.FAILED) / total if total else 1.0

    @property
    def complete(self) -> bool:
        """Whether nothing failed and nothing is wrong with the file."""
        return not self.problems and not self.count(Status.FAILED)

    def as_dict(self) -> dict[str, Any]:
        """The contents of ``report.json``. Markup is shown as tags such as ``<1>word</1>``."""
        job = self.job
        checked = self.validation
        return {
            "input": job.input,
            "output": job.output,
            "source_language": job.source_language,
            "target_language": job.target_language,
            "model": job.model,
            "segments": {
                "total": len(self.entries),
                **{status.value: self.count(status) for status in Status},
            },
            "coverage": self.coverage,
            "problems": list(self.problems),
            "notes": list(self.notes),
            "items": [_item(entry) for entry in self.entries],
            "validation": {
                "before": checked.before,
                "after": checked.after,
                "introduced": checked.introduced,
                "reason": checked.reason,
            },
        }


def against_file(entries: Sequence[Entry], wrong: Mapping[str, str]) -> list[Entry]:
    """The entries as the written file has them.

    ``wrong`` says by block id what is wrong in the file: every segment of such a block failed,
    whatever was stored of it.
    """
    seen = []
    for entry in entries:
        reason = wrong.get(entry.segment.block_id)
        ended = _ended(entry)
        if reason is not None and ended.status is not Status.FAILED:
            ended = replace(ended, status=Status.FAILED, reason=reason, provenance=Provenance.NONE)
            entry = replace(entry, translation=ended)
        seen.append(entry)
    return seen


def write_json(data: Mapping[str, Any], paths: Iterable[Path]) -> None:
    """Write a report to each of the paths; each file appears complete or not at all."""
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    for path in paths:
        temporary = path.with_name(f".{path.name}.tmp")  # a killed run's is used again
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise InputError(
                f"The report cannot be written to {path}: {error.strerror}.",
                "Choose another place for it.",
            ) from error


def readable(text: str, *others: str) -> str:
    """A tagged text for people: placeholders as tags that none of the texts uses itself."""
    if not markup.has_placeholders(text):
        return text
    family = markup.choose_family("".join((text, *others))) or markup.FAMILIES[0]
    return markup.show(text, family)


def _ended(entry: Entry) -> Translation:
    if entry.translation is None:
        raise ValueError(f"segment {entry.segment.id} is not finished")
    return entry.translation


def _item(entry: Entry) -> dict[str, Any]:
    ended = _ended(entry)
    source = entry.segment.text
    return {
        "id": entry.segment.id,
        "status": ended.status.value,
        "reason": ended.reason,
        "checks": [
            {"name": check.name, "detail": check.detail, "fatal": check.fatal}
            for check in ended.checks
        ],
        "source": readable(source, ended.text),
        "target": readable(ended.text, source),
    }
