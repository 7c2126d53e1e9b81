"""The files of a corpus folder: pairs as JSON lines, and those that wait for a decision."""

from __future__ import annotations

import gzip
import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trainer.pairs import Pair, Unusable

_LEVEL = 6
_json = json.JSONEncoder(ensure_ascii=False).encode
_fields = attrgetter(*(field.name for field in fields(Pair)))


class LinesWriter:
    """JSON lines, compressed. The same lines give the same bytes, whenever they are written."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb")
        # Neither a name nor a time in the header.
        self._file = gzip.GzipFile("", "wb", _LEVEL, self._raw, mtime=0)
        self.count = 0
        self.hash = hashlib.sha256()  # of the lines, not of their compression

    def write(self, row: dict[str, Any]) -> None:
        """Add a line."""
        line = _json(row).encode("utf-8", "replace") + b"\n"
        self._file.write(line)
        self.hash.update(line)
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._raw.close()


def pair_row(pair: Pair, *, turned: bool = False) -> dict[str, Any]:
    """A pair as a line of a corpus; ``turned``: as a translation the other way."""
    sides = {"source": pair.source, "target": pair.target, "from": pair.of, "to": pair.to}
    if turned:
        sides = {"source": pair.target, "target": pair.source, "from": pair.to, "to": pair.of}
    return sides | {
        "origin": pair.origin, "domain": pair.domain, "licence": pair.licence,
        "document": pair.document, "file": pair.file, "line": pair.line,
    }  # fmt: skip


class Removals:
    """What does not get into a corpus: a line each in a file, and counts."""

    def __init__(self, path: Path) -> None:
        self._lines = LinesWriter(path)
        self.counts: Counter[str] = Counter()
        self.by_origin: dict[str, Counter[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._lines.__exit__(*error)

    def add(self, pair: Pair | Unusable, rule: str, detail: str) -> None:
        """Note that a rule removed a pair, and why."""
        self.counts[rule] += 1
        if isinstance(pair, Pair):
            self.by_origin.setdefault(rule, Counter())[pair.origin] += 1
            row = pair_row(pair)
        else:
            self.by_origin.setdefault(rule, Counter())[pair.file] += 1
            row = {"text": pair.text, "file": pair.file, "line": pair.line}
        self._lines.write({"rule": rule, "detail": detail, **row})


class Spool:
    """Pairs on disk, read again in any order; only their places are in memory (8 bytes each)."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._places = array("Q")
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, pair: Pair) -> None:
        """Append a pair. All must be added before any is read."""
        line = _json(_fields(pair)).encode("utf-8", "surrogatepass") + b"\n"
        self._places.append(self._end)
        self._end += self._file.write(line)

    def __getitem__(self, index: int) -> Pair:
        self._file.seek(self._places[index])
        return _pair(self._file.readline())

    def __iter__(self) -> Iterator[Pair]:
        self._file.seek(0)
        for line in self._file:
            yield _pair(line)


def _pair(line: bytes) -> Pair:
    return Pair(*json.loads(line.decode("utf-8", "surrogatepass")))
