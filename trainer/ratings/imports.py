"""Ratings made elsewhere, in the form in which Verso analyses its own.

Three kinds of files are known:

- ``.jsonl``: Verso's own, which ``verso compare export`` writes too. A line is an object whose
  ``kind`` says of what (see below); other fields are ignored.
- ``.csv``: what Appraise exports, with or without a line of titles: login, system, item, type
  (TGT, or BAD and CHK for controls), two languages, score, document, whether the score is of a
  whole document, error spans as JSON (not in all versions), start and end time.
- ``.tsv``: one error a line under titles, as MQM annotations of WMT are published: system, doc, a
  segment's number, rater, source, target (the error between ``<v>`` and ``</v>``), category,
  severity.

The kinds of lines in JSONL:

- ``study``: ``name``, ``from``, ``to``, ``protocol``. Optional, the first line.
- ``judgement`` (or no ``kind``): ``document``, ``segment``, ``system``, ``reviewer``, and of
  ``score``, ``spans``, ``verdict``, ``edit`` what the protocol has; optional ``place`` (0 for the
  leftmost output), ``source``, ``target`` (or its ``length`` in code points), ``reference``,
  ``keystrokes``, ``seconds`` (of the whole answer).
- ``choice``: ``document``, ``segment``, ``reviewer``, ``first`` and ``second`` (systems as shown
  from left to right), ``winner`` (one of the two, ``tie`` or ``both-bad``), ``seconds``.
- ``repeat``: ``reviewer``, ``system``, ``first``, ``second``: two scores of the same output.
- ``spoiled``: ``reviewer``, ``how``, ``intact``, ``spoiled``: scores of an output and of its
  worse copy.
- ``text``: ``document``, ``segment``, ``source``, ``reference``, ``outputs`` by system.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from trainer.ratings.imports_appraise import appraise
from trainer.ratings.imports_mqm import mqm
from trainer.ratings.imports_rows import verso
from trainer.results.study import Study
from translator.errors import InputError

_MOST = 1 << 20  # characters of a cell: a document in one piece


def read(path: Path) -> Study:
    """The ratings in a file, of the kind that its suffix says.

    Raises:
        InputError: the file cannot be read or holds no ratings of this kind.
    """
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            study = verso(_lines(path), path.stem)
        case ".csv":
            study = appraise(_cells(path, ","), path.stem)
        case ".tsv":
            study = mqm(_cells(path, "\t"), path.stem)
        case suffix:
            raise InputError(
                f"{suffix or 'A name without a suffix'} is no file of ratings.",
                "Known: .jsonl (Verso's own), .csv (Appraise) and .tsv (MQM).",
            )
    if not study.scores:
        raise InputError(f"{path.name} holds no ratings.")
    return study


def _lines(path: Path) -> Iterator[tuple[int, object]]:
    """The values of a file of JSON lines, each with its number."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is no JSON, one object a line: {error}.") from error
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error


def _cells(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, each with its number."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    before = csv.field_size_limit(_MOST)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter=delimiter, quoting=quoting), 1):
                if any(cell.strip() for cell in row):
                    yield number, row
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path.name} is no table in UTF-8: {error}.") from error
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
    finally:
        csv.field_size_limit(before)
