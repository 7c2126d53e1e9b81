"""Under which licence each origin of a corpus may be used, and whom to name.

Found in a folder of parallel texts: ``licences.tsv`` or ``licences.csv``, or a table in its
``README.md``. The columns are "source" (the origin's name), "licence", and if there is one
"attribution" or "origin" (where it comes from).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.readers_text import TextFile


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of an origin; ``attribution`` is what a model card should name."""

    licence: str
    attribution: str = ""


LICENCES = ("licences.csv", "licences.tsv")
_NAME = ("source", "collection", "name")
_LICENCE = ("licence", "license", "terms")
_ATTRIBUTION = ("attribution", "origin", "credit", "url")


def licences(folder: Path) -> dict[str, Licence]:
    """The licences by origin that the files of a folder state."""
    found: dict[str, Licence] = {}
    for name in ("README.md", *LICENCES):
        file = folder / name
        if file.is_file():
            found.update(_table(_rows(TextFile.sniff(file))))
    return found


def _rows(file: TextFile) -> Iterator[list[str]]:
    """The rows of a table; those of a Markdown text are its lines that begin with a bar."""
    if file.path.suffix == ".md":
        for line in file.lines():
            bare = line.strip()
            # An empty row parts two tables.
            yield [cell.strip() for cell in bare.strip("|").split("|")] if bare[:1] == "|" else []
    else:
        delimiter = "\t" if file.path.suffix == ".tsv" else ","
        yield from csv.reader(file.lines(), delimiter=delimiter)


def _table(rows: Iterator[list[str]]) -> Iterator[tuple[str, Licence]]:
    columns: tuple[int, int, int] | None = None
    for row in rows:
        names = [cell.strip().lower() for cell in row]
        name, licence = _column(names, _NAME), _column(names, _LICENCE)
        if name >= 0 and licence >= 0:
            columns = (name, licence, _column(names, _ATTRIBUTION))
        elif not row:
            columns = None
        elif columns and len(row) > max(columns) and row[columns[0]].strip("-: "):
            terms = row[columns[1]].strip()
            attribution = row[columns[2]].strip() if columns[2] >= 0 else ""
            yield row[columns[0]].strip(), Licence(terms, attribution)


def _column(names: Sequence[str], wanted: Sequence[str]) -> int:
    return next((names.index(name) for name in wanted if name in names), -1)
