"""How often the checks cry wolf over human translations, and what they find in spoiled ones.

    python tools/measure_checks.py --dev DIR [--blocks DIR] [--corpus DIR] [--curve]

Prints Markdown tables. All texts are optional, at least one is needed:

--dev     translations of one text into several languages: ``NAME.en``, ``NAME.de`` ..., line by
          line, with ``NAME.docs`` naming the document of each line (NTREX). Judged line by line,
          and as paragraphs of 2 to 6 lines of a document, as a book's segments are.
--blocks  ``en-XX/CHAPTER.en``, ``.XX`` and ``.gold`` with the lines of each paragraph; those
          that stand in the target as in the source are left out.
--corpus  Moses files as for ``tools/calibrate_checks.py``; only lines that it does not use.
--curve   what other thresholds of the check for missing sentences would give.

The same seed gives the same samples.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from calibrate_checks import HELD_OUT, lines
from spoil import FAULTS, Pair, delete_sentence

from translator import languages, lengths, omissions
from translator.checks import check
from translator.types import Check, Segment

SIZES = (2, 3, 4, 5, 6)
_THRESHOLDS = (-4.0, -3.0, -2.5, -2.2, -1.9, -1.6, -1.3, -1.0, 0.0, 1.0)


def findings(pair: Pair) -> tuple[Check, ...]:
    """All checks of a pair."""
    segment = Segment("m/0", "m", 0, pair.source)
    return check(segment, pair.target, pair.of, pair.to, finish_length=pair.cut)


@dataclass
class Dev:
    """Lines in several languages, with the document of each."""

    lines: dict[str, list[str]]
    documents: list[str]

    @classmethod
    def read(cls, folder: Path) -> Dev:
        """Read NTREX's layout."""
        lines = {
            languages.get(path.suffix[1:]).tag: path.read_text("utf-8").splitlines()
            for path in sorted(folder.iterdir())
            if path.suffix not in (".docs", ".md")
        }
        return cls(lines, next(folder.glob("*.docs")).read_text("utf-8").splitlines())

    def directions(self) -> list[tuple[str, str]]:
        """Both directions with English, and some without."""
        others = [tag for tag in self.lines if tag != "en"]
        more = [("de", "fr"), ("zh-Hans", "ja"), ("ru", "es")]
        return [
            *(("en", tag) for tag in others),
            *((tag, "en") for tag in others),
            *((a, b) for a, b in more if {a, b} <= self.lines.keys()),
        ]

    def pairs(self, of: str, to: str, size: int) -> Iterator[Pair]:
        """Each run of ``size`` lines of one document, joined."""
        start = 0
        while start + size <= len(self.documents):
            if self.documents[start] != self.documents[start + size - 1]:
                start += 1
                continue
            rows = slice(start, start + size)
            others = tuple((tag, join(text[rows], tag)) for tag, text in self.lines.items())
            texts = dict(others)
            yield Pair(texts[of], texts[to], of, to, others=others)
            start += size


def join(lines: Iterable[str], tag: str) -> str:
    """Lines as a paragraph."""
    return (" " if languages.get(tag).spaced else "").join(lines)


def blocks(folder: Path) -> Iterator[Pair]:
    """Paragraphs of aligned chapters, in both directions."""
    for gold in sorted(folder.glob("en-*/*.gold")):
        name = gold.parent.name.partition("-")[2]
        texts = [
            gold.with_suffix(suffix).read_text("utf-8").splitlines()
            for suffix in (".en", f".{name}")
        ]
        tag = languages.get(name).tag
        for bead in gold.read_text("utf-8").splitlines():
            ids = [
                [int(i) for i in side.strip("[]").split(",") if i.strip()]
                for side in bead.split(":")[:2]
            ]
            source, target = (
                join([text[i] for i in side], language)
                for text, side, language in zip(texts, ids, ("en", tag), strict=True)
            )
            if source and target and not is_untranslated(source, target):
                yield Pair(source, target, "en", tag)
                yield Pair(target, source, tag, "en")


def is_untranslated(source: str, target: str) -> bool:
    """Whether an edition left a paragraph in the source language: not a false alarm."""
    words = source.split()
    return len(words) > 7 and sum(w in target for w in words) > 0.7 * len(words)


def corpus(folder: Path, each: int, rng: random.Random) -> Iterator[Pair]:
    """Some lines of each pair that the calibration did not see, in both directions."""
    for path in sorted(folder.glob("en-*.src.gz")):
        name = path.name.removesuffix(".src.gz")
        tag = languages.get(name.partition("-")[2]).tag
        held_out = [
            (english, other)
            for i, (_, english, other) in enumerate(lines(folder, name))
            if i % HELD_OUT == 0 and english and other
        ]
        for english, other in rng.sample(held_out, min(each, len(held_out))):
            yield Pair(english, other, "en", tag)
            yield Pair(other, english, tag, "en")


def table(head: list[str], rows: Iterable[list[str]]) -> None:
    """Print Markdown."""
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def percent(part: int, whole: int) -> str:
    """With one decimal."""
    return f"{100 * part / whole:.2f}" if whole else "–"


def alarms(name: str, pairs: Iterable[Pair]) -> list[str]:
    """A row of the table of false alarms."""
    counts: Counter[str] = Counter()
    total = alarmed = fatal = 0
    start = time.process_time()
    for pair in pairs:
        found = findings(pair)
        total += 1
        alarmed += bool(found)
        fatal += any(finding.fatal for finding in found)
        counts.update({finding.name for finding in found})
    cost = 1000 * (time.process_time() - start) / max(total, 1)
    names = ", ".join(f"{n} {percent(k, total)}" for n, k in counts.most_common())
    return [name, str(total), percent(alarmed, total), percent(fatal, total), names, f"{cost:.2f}"]


def faults(dev: Dev, rng: random.Random, each: int) -> Iterator[list[str]]:
    """What is found in translations spoiled in known ways, all sizes of paragraphs together."""
    pool = [p for of, to in dev.directions() for size in SIZES for p in dev.pairs(of, to, size)]
    for name, spoil in FAULTS.items():
        rng.shuffle(pool)
        total = found = fatal = 0
        names: Counter[str] = Counter()
        for pair, other in zip(pool, reversed(pool), strict=True):
            spoiled = spoil(pair, other, rng)
            if spoiled is None:
                continue
            new = {f.name for f in findings(spoiled)} - {f.name for f in findings(pair)}
            total += 1
            found += bool(new)
            fatal += any(f.fatal for f in findings(spoiled))
            names.update(new)
            if total == each:
                break
        by = ", ".join(f"{n} {100 * k // total}" for n, k in names.most_common(3))
        yield [name, str(total), percent(found, total), percent(fatal, total), by]


def deletions(
    paragraphs: Iterable[tuple[int, Pair]], rng: random.Random
) -> Iterator[tuple[str, int, bool, bool]]:
    """Direction, size, whether a whole paragraph is alarmed, whether a deletion is found."""
    for size, pair in paragraphs:
        spoiled = delete_sentence(pair, pair, rng)
        if spoiled is not None:
            direction = f"{pair.of} → {pair.to}"
            yield direction, size, bool(findings(pair)), bool(findings(spoiled))


def curve(dev: Dev, rng: random.Random) -> Iterator[list[str]]:
    """False alarms and detection of the check for missing sentences alone, by threshold."""
    whole, spoiled = [], []
    for of, to in dev.directions():
        for size in SIZES:
            for pair in dev.pairs(of, to, size):
                worse = delete_sentence(pair, pair, rng)
                if worse is not None:
                    whole.append(score(pair))
                    spoiled.append(score(worse))
    for threshold in _THRESHOLDS:
        alarms, hits = (sum(s > threshold for s in scores) for scores in (whole, spoiled))
        yield [f"{threshold:.1f}", percent(alarms, len(whole)), percent(hits, len(spoiled))]


def score(pair: Pair) -> float:
    """The score that the check for missing sentences compares with its threshold."""
    of, to = languages.get(pair.of), languages.get(pair.to)
    ratio = lengths.usual(of, to, lengths.is_prose(pair.source))
    before, after = omissions.split(pair.source, of.tag), omissions.split(pair.target, to.tag)
    return omissions.missing(before, after, ratio) if before and after else 0.0


def main() -> None:
    """Print the tables for the texts that were given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--dev", "--blocks", "--corpus"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--most", type=int, default=20000, help="texts of each kind")
    parser.add_argument("--each", type=int, default=1000, help="texts for each fault")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    dev = Dev.read(args.dev) if args.dev else None

    def some(pairs: Iterable[Pair]) -> list[Pair]:
        pool = list(pairs)
        return rng.sample(pool, min(args.most, len(pool)))

    rows = []
    if dev:
        singles = [p for of, to in dev.directions() for p in dev.pairs(of, to, 1)]
        rows.append(alarms("dev, lines", some(singles)))
        paragraphs = [
            (size, p)
            for of, to in dev.directions()
            for size in SIZES
            for p in dev.pairs(of, to, size)
        ]
        rng.shuffle(paragraphs)
        rows.append(alarms("dev, paragraphs", [p for _, p in paragraphs[: args.most]]))
    if args.blocks:
        rows.append(alarms("handbook, paragraphs", some(blocks(args.blocks))))
    if args.corpus:
        rows.append(alarms("corpus, held-out lines", some(corpus(args.corpus, 2000, rng))))
    print("## False alarms on human translations")
    table(["texts", "n", "with findings %", "fatal %", "by check %", "ms each"], rows)
    if not dev:
        return
    print("\n## Spoiled translations (dev, paragraphs)")
    table(["fault", "n", "found %", "fatal %", "by %"], faults(dev, rng, args.each))
    print("\n## A sentence deleted (dev, paragraphs; all checks together)")
    samples = list(deletions(paragraphs[: args.most], rng))
    for column, head in ((1, "lines"), (0, "direction")):
        keys = list(dict.fromkeys(sample[column] for sample in samples))
        table(
            [head, "n", "found %", "false alarms %"],
            [
                [
                    str(key),
                    str(len(group)),
                    percent(sum(g[3] for g in group), len(group)),
                    percent(sum(g[2] for g in group), len(group)),
                ]
                for key in [*keys, "all"]
                for group in [[s for s in samples if key in ("all", s[column])]]
            ],
        )
    if args.curve:
        print("\n## Thresholds of the check for missing sentences alone")
        table(["score above", "false alarms %", "found %"], curve(dev, rng))


if __name__ == "__main__":
    main()
