"""Pairs from tables (TSV, CSV) and from JSON lines.

A table may have a header with two languages, or the words "source" and "target"; without one the
first column is the source, the second the target. A JSON line is an object with "source" and
"target" or with the languages' tags, at the top or under "translation". Columns or fields
"origin", "domain", "licence" and "document" are taken over. What reviewers of a campaign wrote has
a form of its own (:mod:`trainer.readers_campaign`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from trainer.pairs import Pair, Unusable
from trainer.readers import Reader, tag_of
from trainer.readers_campaign import campaign_reader, is_campaign
from trainer.readers_text import TextFile, bare_name
from translator.errors import InputError

_SOURCE = ("source", "src", "source_text", "original")
_TARGET = ("target", "tgt", "trg", "target_text", "translation")
_EXTRA = {
    "origin": "origin", "collection": "origin", "domain": "domain", "licence": "licence",
    "license": "licence", "document": "document", "doc": "document",
}  # fmt: skip
_MAX_CELL = 1 << 20  # characters


def table_reader(path: Path, name: str, of: str, to: str) -> list[Reader]:
    """A reader of the file, or none if it is a table of other languages."""
    file = TextFile.sniff(path)
    suffix = Path(bare_name(path)).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        if is_campaign(_json(next(file.lines(), ""))):
            return [campaign_reader(path, name, of, to)]
        rows = list(islice(_json_pairs(file, name, of, to), 100))
        if not any(isinstance(row, Pair) for row in rows):
            return []
        return [Reader(name, (path,), lambda: _json_pairs(file, name, of, to), (file.named(),))]
    delimiter = "\t" if suffix in (".tsv", ".tab") else _delimiter(file)
    first = next(_rows(file, delimiter), (0, []))[1]
    columns = _columns(first, of, to)
    if columns is None:
        return []

    def read() -> Iterator[Pair | Unusable]:
        header = columns != _PLAIN
        yield from _table_pairs(_rows(file, delimiter), columns, header, name, of, to)

    return [Reader(name, (path,), read, (file.named(),))]


_PLAIN = {"source": 0, "target": 1}


def _columns(first: Sequence[str], of: str, to: str) -> dict[str, int] | None:
    """Where the columns are, by the first row; ``None`` if it names other languages only."""
    names = [cell.strip().lower() for cell in first]
    extra = {_EXTRA[n]: i for i, n in reversed(list(enumerate(names))) if n in _EXTRA}
    tags = [tag_of(cell) for cell in first]
    if of in tags and to in tags:
        return {**extra, "source": tags.index(of), "target": tags.index(to)}
    source = next((names.index(n) for n in _SOURCE if n in names), -1)
    target = next((names.index(n) for n in _TARGET if n in names), -1)
    if source >= 0 and target >= 0:
        return {**extra, "source": source, "target": target}
    if sum(map(bool, tags)) >= 2:
        return None
    return _PLAIN if len(first) >= 2 else None


def _table_pairs(
    rows: Iterator[tuple[int, list[str]]],
    columns: dict[str, int],
    header: bool,
    name: str,
    of: str,
    to: str,
) -> Iterator[Pair | Unusable]:
    if header:
        next(rows, None)
    needed = max(columns["source"], columns["target"])
    for number, row in rows:
        if len(row) <= needed:
            if row:
                yield Unusable(name, number, "too few columns", "\t".join(row))
            continue
        extra = {k: row[i].strip() for k, i in columns.items() if i < len(row)}
        source, target = row[columns["source"]], row[columns["target"]]
        yield _pair(source, target, of, to, name, number, extra)


def _pair(
    source: str, target: str, of: str, to: str, name: str, number: int, extra: dict[str, str]
) -> Pair:
    document = extra.get("document", "")
    return Pair(
        source, target, of, to, name, number, extra.get("origin") or name,
        extra.get("domain", ""), extra.get("licence", ""), document and f"{name}#{document}",
    )  # fmt: skip


def _rows(file: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows. A TSV row is a line and quotes are text; a CSV cell may have line breaks."""
    if delimiter == "\t":
        for number, line in enumerate(file.lines(), 1):
            yield number, line.split("\t") if line else []
        return
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader((f"{line}\n" for line in file.lines()), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(
            f"{file.path.name} cannot be read as a table: {error} (line {reader.line_num}).",
            "A quotation mark may be missing there.",
        ) from error


def _delimiter(file: TextFile) -> str:
    """What parts the cells of a CSV file, by its first line."""
    first = next(file.lines(), "")
    return max(",;\t|", key=first.count)


def _json_pairs(file: TextFile, name: str, of: str, to: str) -> Iterator[Pair | Unusable]:
    for number, line in enumerate(file.lines(), 1):
        if not line.strip():
            continue
        row = _json(line)
        if row is None:
            yield Unusable(name, number, "no JSON", line)
            continue
        pair = _json_pair(row, name, number, of, to)
        if pair is None:
            yield Unusable(name, number, "no pair of these languages", line)
        else:
            yield pair


def _json(line: str) -> Any:
    """The value of a line; ``None`` if it is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _json_pair(row: object, name: str, number: int, of: str, to: str) -> Pair | None:
    if not isinstance(row, dict):
        return None
    texts = row["translation"] if isinstance(row.get("translation"), dict) else row
    source = _text(texts, of, _SOURCE)
    target = _text(texts, to, _TARGET)
    if source is None or target is None:
        return None
    # A row may say its own languages, as those of a corpus do; either direction will do.
    said = tag_of(str(row.get("from") or of)), tag_of(str(row.get("to") or to))
    if said == (to, of):
        source, target = target, source
    elif said != (of, to):
        return None
    extra = {
        known: value.strip()
        for field, known in _EXTRA.items()
        if isinstance(value := row.get(field), str)
    }
    return _pair(source, target, of, to, name, number, extra)


def _text(row: dict[str, object], tag: str, names: Sequence[str]) -> str | None:
    fields = [field for field in row if tag_of(field) == tag] + list(names)
    return next((text for field in fields if isinstance(text := row.get(field), str)), None)
