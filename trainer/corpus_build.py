"""How a corpus is built: read, clean, split, mix, write (see :mod:`trainer.corpus`)."""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import cleaning_similar, corpus_report, readers, split
from trainer.cleaning import Cleaner
from trainer.cleaning_overlap import HeldOut, held_out_texts
from trainer.corpus_files import LinesWriter, Removals, Spool, pair_row
from trainer.corpus_settings import RESULT, CorpusSettings
from trainer.pairs import Pair, Unusable
from trainer.readers_licences import Licence, licences
from trainer.readers_units import memory_reader
from translator.errors import InputError
from translator.settings import Settings

Flags = NDArray[np.bool_]  # for each clean pair
Parts = NDArray[np.int8]  # of each clean pair: its part, or -1
Progress = Callable[[str, int], None]  # what is done, and how many pairs so far

_BATCH = 2000  # pairs whose signatures are computed at once
_MOST_DEV = 1000


class Build:
    """One run: three passes over the pairs, the second and third over those that are clean."""

    def __init__(self, settings: CorpusSettings, folder: Path, progress: Progress) -> None:
        self._settings = settings
        self._folder = folder
        self._progress = progress
        self._cleaner = Cleaner(settings.rules)
        self._licences: dict[str, Licence] = {}
        self._keys = array("Q")  # of each pair's texts and languages
        self._bands: list[cleaning_similar.Hashes] = []
        self._batch: list[str] = []
        self._documents = _Names()
        self._groups = _Names()  # origin, domain and target language

    def run(self) -> dict[str, Any]:
        settings = self._settings
        found = self._readers()
        report = corpus_report.Report(found)
        with ExitStack() as stack:
            removals = stack.enter_context(Removals(self._folder / "removed.jsonl.gz"))
            spool = stack.enter_context(Spool(self._folder / "spool"))
            self._read(found, spool, removals, report)
            left = self._without_duplicates(spool, removals)
            parts = self._without_leaks(spool, self._parts(left, report), removals)
            times = self._times(parts, report)
            digest = self._write(spool, parts, times, removals, report)
        (self._folder / "spool").unlink()
        data = report.data(settings, self._cleaner.changed, removals, self._licences)
        text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
        (self._folder / "report.json").write_text(text, "utf-8")
        corpus_report.write_toml(
            self._folder / readers.CORPUS,
            {**settings.values(), RESULT: {"hash": digest, **data["written"]}},
        )
        return data

    def _readers(self) -> list[readers.Reader]:
        settings = self._settings
        found: list[readers.Reader] = []
        useless = dict.fromkeys(settings.inputs)
        for target in settings.targets:
            before = len(found)
            for given in settings.inputs:
                path = Path(given)
                if more := readers.find(path, settings.source, target):
                    useless.pop(given, None)
                    found += more
                    self._licences.update(licences(path if path.is_dir() else path.parent))
            if settings.memory:
                found += memory_reader(Settings.load().memory, settings.source, target)
            if len(found) == before:
                names = (*settings.inputs, *(["the translation memory"] * settings.memory))
                raise readers.nothing(", ".join(names), settings.source, target)
        if useless:
            raise readers.nothing(next(iter(useless)), settings.source, *settings.targets)
        for origin, terms in settings.licences.items():
            known = self._licences.get(origin, Licence(""))
            self._licences[origin] = replace(known, licence=terms)
        return found

    def _read(
        self,
        found: list[readers.Reader],
        spool: Spool,
        removals: Removals,
        report: corpus_report.Report,
    ) -> None:
        """The first pass: rules that need one pair only."""
        held_out = HeldOut(self._settings.rules.held_out)
        if self._settings.rules.held_out:
            for given in self._settings.held_out:
                report.held_out[given] = held_out.add(held_out_texts(Path(given)))
        for reader in found:
            for item in reader.read():
                report.saw(reader)
                if report.read % 10_000 == 0:
                    self._progress("Reading and cleaning", report.read)
                if isinstance(item, Unusable):
                    removals.add(item, "unreadable", item.why)
                    continue
                pair = self._cleaner.clean(self._named(item))
                finding = self._finding(pair, held_out)
                if finding is None:
                    self._keep(pair, spool)
                else:
                    removals.add(pair, *finding)
        self._flush()
        self._progress("Reading and cleaning", report.read)

    def _named(self, pair: Pair) -> Pair:
        """With a document and a licence, if the reader knew none."""
        document = pair.document
        if not document:
            block = (pair.line - 1) // self._settings.block
            document = f"{pair.file}#{pair.origin}:{block}"
        licence = pair.licence
        if known := self._licences.get(pair.origin):
            licence = licence or known.licence
        return replace(pair, document=document, licence=licence)

    def _finding(self, pair: Pair, held_out: HeldOut) -> tuple[str, str] | None:
        if self._weight(pair.origin, pair.domain, pair.to) == 0.0:
            return "weight", "left out by a weight of 0"
        finding = self._cleaner.finding(pair)
        return finding or (_overlap(pair, held_out, "held-out") if held_out else None)

    def _weight(self, *names: str) -> float:
        weights = self._settings.weights
        return math.prod(weights.get(name, 1.0) for name in set(names)) if weights else 1.0

    def _keep(self, pair: Pair, spool: Spool) -> None:
        spool.add(pair)
        self._keys.append(split.hashed(pair.of, pair.to, pair.source, pair.target))
        self._documents.add(pair.document)
        self._groups.add("\t".join((pair.origin, pair.domain, pair.to)))
        if self._settings.rules.near_duplicate:
            self._batch.append(cleaning_similar.letters(pair.source, pair.target))
            if len(self._batch) == _BATCH:
                self._flush()

    def _flush(self) -> None:
        self._bands.append(cleaning_similar.signatures(self._batch))
        self._batch = []

    def _without_duplicates(self, spool: Spool, removals: Removals) -> Flags:
        """Which pairs are left (as booleans) after exact and near duplicates of earlier ones."""
        rules = self._settings.rules
        left = np.ones(len(spool), bool)
        if rules.duplicate and len(spool):
            keys = np.frombuffer(self._keys, np.uint64)
            order = np.argsort(keys, kind="stable")
            again = order[1:][keys[order][1:] == keys[order][:-1]]
            left[again] = False
            for index in np.sort(again):
                removals.add(spool[int(index)], "duplicate", "both texts came before")
        if rules.near_duplicate and len(spool):
            self._progress("Comparing", 0)
            rows = np.flatnonzero(left)
            bands = np.concatenate(self._bands)[rows]

            def text_of(row: int) -> str:
                pair = spool[int(rows[row])]
                return cleaning_similar.letters(pair.source, pair.target)

            near = cleaning_similar.near_duplicates(bands, rules.near_duplicate, text_of)
            for row, like in sorted(near):
                index = int(rows[row])
                earlier = spool[int(rows[like])]
                removals.add(spool[index], "near-duplicate", f"{earlier.file}:{earlier.line}")
                left[index] = False
        self._bands = []
        return left

    def _parts(self, left: Flags, report: corpus_report.Report) -> Parts:
        """The part of each pair that is left, -1 for the others."""
        settings = self._settings
        documents = self._documents.array()
        counts = np.bincount(documents[left], minlength=len(self._documents.names))
        sizes = {n: int(c) for n, c in zip(self._documents.names, counts, strict=True) if c}
        if not sizes:
            raise InputError(
                "No pair is left after cleaning.", "Are the texts in the languages you named?"
            )
        languages = len(settings.targets)
        usual = _usual_dev(sum(sizes.values()) // languages, settings.block)
        dev, test = (usual if n < 0 else n for n in (settings.dev, settings.test))
        report.wanted = {"dev": dev * languages, "test": test * languages}
        part_of = split.split(sizes, dev * languages, test * languages, settings.seed)
        by_document = np.array([part_of.get(n, -1) for n in self._documents.names], np.int8)
        return np.where(left, by_document[documents], -1)

    def _without_leaks(self, spool: Spool, parts: Parts, removals: Removals) -> Parts:
        """Pairs of train that share text with dev or test are taken out."""
        words = self._settings.rules.held_out
        own = HeldOut(words)
        if words:
            for held in np.flatnonzero(parts > split.TRAIN):
                pair = spool[int(held)]
                own.add((pair.source, pair.target))
        if not own:
            return parts
        self._progress("Looking for dev and test in train", 0)
        parts = parts.copy()
        for index, pair in enumerate(spool):
            if parts[index] == split.TRAIN and (finding := _overlap(pair, own, "in-dev-or-test")):
                removals.add(pair, *finding)
                parts[index] = -1
        return parts

    def _times(self, parts: Parts, report: corpus_report.Report) -> split.Counts:
        """How often each pair of train is written."""
        settings = self._settings
        groups = self._groups.array().astype(np.int64)
        sizes = np.bincount(groups[parts == split.TRAIN], minlength=len(self._groups.names))
        rows = [dict(zip(_GROUP, name.split("\t"), strict=True)) for name in self._groups.names]
        by_name: Counter[str] = Counter()
        for row, size in zip(rows, sizes, strict=True):
            by_name[row[settings.balance]] += int(size)
        factors = split.tempered(by_name, settings.temperature)
        weights = [
            factors.get(row[settings.balance], 0.0) * self._weight(*row.values()) for row in rows
        ]
        quotas = split.quotas([int(n) for n in sizes], weights, settings.limit, settings.repeats)
        report.mix = [
            {**row, "pairs": int(size), "written": quota}
            for row, size, quota in zip(rows, sizes, quotas, strict=True)
            if size
        ]
        keys = split.shuffled(np.frombuffer(self._keys, np.uint64), settings.seed)
        return split.times(np.where(parts == split.TRAIN, groups, -1), keys, quotas)

    def _write(
        self,
        spool: Spool,
        parts: Parts,
        times: split.Counts,
        removals: Removals,
        report: corpus_report.Report,
    ) -> str:
        """The last pass: the files of the parts; returns the hash of their contents."""
        self._progress("Writing", 0)
        with ExitStack() as stack:
            files = [
                stack.enter_context(LinesWriter(self._folder / f"{name}.jsonl.gz"))
                for name in split.NAMES
            ]
            for index, pair in enumerate(spool):
                part = int(parts[index])
                if part < 0:
                    continue
                often = int(times[index]) if part == split.TRAIN else 1
                if not often:
                    removals.add(pair, "mix", "more than the weights and the limit ask for")
                    continue
                report.wrote(split.NAMES[part], pair, often)
                for _ in range(often):
                    files[part].write(pair_row(pair))
                    if self._settings.both:
                        files[part].write(pair_row(pair, turned=True))
            digests = [file.hash.hexdigest() for file in files]
            report.lines = {n: f.count for n, f in zip(split.NAMES, files, strict=True)}
        return hashlib.sha256("".join(digests).encode()).hexdigest()


def _usual_dev(pairs: int, block: int) -> int:
    """How many pairs of a language go to dev, and as many to test, where nobody says."""
    return min(_MOST_DEV, max(pairs // 20, block)) if pairs >= 10 * block else 0


_GROUP = ("origin", "domain", "language")


class _Names:
    """Names as small numbers, one for each pair."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self._numbers = array("I")

    def add(self, name: str) -> None:
        self._numbers.append(self.names.setdefault(name, len(self.names)))

    def array(self) -> NDArray[np.uint32]:
        return np.frombuffer(self._numbers, np.uint32)


def _overlap(pair: Pair, held_out: HeldOut, rule: str) -> tuple[str, str] | None:
    for side, text in (("source", pair.source), ("target", pair.target)):
        if found := held_out.finding(text):
            return rule, f"{side}: {found}"
    return None
