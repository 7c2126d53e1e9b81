"""What happened while a corpus was built: everything that a reader of a paper would ask."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from trainer.corpus_files import Removals
from trainer.corpus_settings import CorpusSettings
from trainer.pairs import Pair
from trainer.readers import Reader
from trainer.readers_licences import Licence
from translator import lengths

# Upper bounds of the classes of a length histogram, in letters of an alphabet.
BOUNDS = (10, 20, 40, 60, 80, 100, 150, 200, 300, 500, 1000, 2000)


class Report:
    """Counts, filled in while a corpus is built."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers
        self._seen = [0] * len(readers)
        self._index = {id(reader): i for i, reader in enumerate(readers)}
        self.read = 0
        self.held_out: dict[str, int] = {}
        self.wanted: dict[str, int] = {}
        self.mix: list[dict[str, Any]] = []
        self.lines: dict[str, int] = {}
        self._parts: dict[str, _Part] = {}
        self._licences: Counter[tuple[str, str]] = Counter()

    def saw(self, reader: Reader) -> None:
        """Count what a reader gave."""
        self.read += 1
        self._seen[self._index[id(reader)]] += 1

    def wrote(self, part: str, pair: Pair, times: int) -> None:
        """Count a pair that went into a part of the corpus."""
        self._parts.setdefault(part, _Part()).add(pair, times)
        self._licences[pair.origin, pair.licence] += 1

    def data(
        self,
        settings: CorpusSettings,
        changed: Mapping[str, int],
        removals: Removals,
        licences: Mapping[str, Licence],
    ) -> dict[str, Any]:
        """The report as JSON."""
        parts = {name: self._parts.get(name, _Part()).data() for name in self.lines}
        return {
            "languages": {"from": settings.source, "to": list(settings.targets)},
            "inputs": [
                {
                    "name": reader.name,
                    "pairs": seen,
                    "encodings": list(reader.encodings),
                    "files": [_file(path) for path in reader.files],
                }
                for reader, seen in zip(self._readers, self._seen, strict=True)
            ],
            "read": self.read,
            "normalized": dict(sorted(changed.items())),
            "removed": {
                rule: {
                    "pairs": count,
                    "share": round(count / self.read, 6),
                    "by_origin": dict(sorted(removals.by_origin[rule].items())),
                }
                for rule, count in removals.counts.most_common()
            },
            "held_out": self.held_out,
            "wanted": self.wanted,
            "written": {name: part["pairs"] for name, part in parts.items()},
            "lines": self.lines,
            "parts": parts,
            "mix": sorted(self.mix, key=lambda row: -row["written"]),
            "licences": [
                {
                    "origin": origin,
                    "licence": licence,
                    "attribution": licences.get(origin, Licence("")).attribution,
                    "pairs": count,
                }
                for (origin, licence), count in sorted(self._licences.items())
            ],
        }


class _Part:
    """Counts of train, dev or test."""

    def __init__(self) -> None:
        self._pairs = 0
        self._with_repeats = 0
        self._documents: set[str] = set()
        self._by: dict[str, Counter[str]] = {k: Counter() for k in ("language", "domain", "origin")}
        self._letters = Counter[str]()
        self._lengths: dict[str, Counter[int]] = {"source": Counter(), "target": Counter()}

    def add(self, pair: Pair, times: int) -> None:
        self._pairs += 1
        self._with_repeats += times
        self._documents.add(pair.document)
        for name, value in (
            ("language", pair.to),
            ("domain", pair.domain),
            ("origin", pair.origin),
        ):
            self._by[name][value] += 1
        for side, text in (("source", pair.source), ("target", pair.target)):
            size = lengths.size(text)
            self._letters[side] += len(text)
            self._lengths[side][next((b for b in BOUNDS if size <= b), 0)] += 1

    def data(self) -> dict[str, Any]:
        return {
            "pairs": self._pairs,
            "with_repeats": self._with_repeats,
            "documents": len(self._documents),
            "characters": {side: self._letters[side] for side in ("source", "target")},
            **{f"by_{name}": dict(counts.most_common()) for name, counts in self._by.items()},
            "lengths": {
                side: [[bound, counts[bound]] for bound in (*BOUNDS, 0)]
                for side, counts in self._lengths.items()
            },
        }


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}


def write_toml(path: Path, values: dict[str, Any]) -> None:
    """A settings file with a line that says what it is."""
    head = (
        "# A corpus that Verso built. To build it again: verso corpus build --config FILE -o OUT\n"
    )
    path.write_text(head + tomli_w.dumps(values), "utf-8")
