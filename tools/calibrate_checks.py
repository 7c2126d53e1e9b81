"""Measure how long translations are, language by language, and write the table of the checks.

    python tools/calibrate_checks.py CORPUS_DIR > assets/lengths.toml

CORPUS_DIR holds parallel texts with English in the Moses format: ``en-XX.en.gz`` and
``en-XX.XX.gz``, line by line. Line i of every text is used for the table when i % 8 is not 0;
``tools/measure_checks.py`` judges the checks on lines that are.

For each language the table gives four numbers about y = ln(size of XX / size of English), with
sizes as in ``translator/lengths.py``: its mean; the variance of its mean between kinds of text;
and the a and b of its variance a + b / size within them (least squares over ranges of size; a
spread is half the distance from the 16th to the 84th percentile, so that bad lines do not count).
"""

from __future__ import annotations

import argparse
import gzip
import math
import statistics
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from translator import languages
from translator.lengths import is_prose, size

_EDGES = (30, 45, 60, 80, 100, 130, 170, 220, 300, 450, 900)
_LEAST = 150  # pairs in a range of sizes, or in a kind of text, for it to count
HELD_OUT = 8  # one line of so many is not used
_LEAST_DRIFT = 0.003  # a corpus has fewer kinds of text and translators than the world

# Languages without parallel texts: ln of the letters for each English one in translated news.
_DENSITY = {
    "fa": -0.05, "he": -0.22, "ar": -0.07, "it": 0.11, "nl": 0.09, "pl": 0.07, "vi": 0.08,
    "el": 0.14, "hu": 0.08, "fi": 0.05,
}  # fmt: skip

Pair = tuple[float, float]  # size (geometric mean of both), ln ratio


def lines(folder: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Kind of text, English and translation of each line of a pair of texts."""
    tag = name.partition("-")[2]
    texts = [
        gzip.decompress((folder / f"{name}.{part}.gz").read_bytes()).decode("utf-8").split("\n")
        for part in ("src", "en", tag)
    ]
    for source, english, other in zip(*texts, strict=True):
        yield source.partition("\t")[2], english, other


def spread(values: list[float]) -> float:
    """A standard deviation that a few wild values do not change."""
    cuts = statistics.quantiles(values, n=25)
    return (cuts[20] - cuts[3]) / 2


def row(kinds: dict[str, list[Pair]]) -> list[float]:
    """Mean, variance between kinds of text, and the two terms of the variance within them."""
    means = {
        kind: statistics.median(y for x, y in found if x >= _EDGES[1])
        for kind, found in kinds.items()
        if sum(x >= _EDGES[1] for x, _ in found) >= _LEAST
    }
    middle = statistics.fmean(means.values())
    drift = max(_LEAST_DRIFT, statistics.pvariance(means.values()))
    points = []
    within = [(x, y - mean) for kind, mean in means.items() for x, y in kinds[kind]]
    for low, high in pairwise(_EDGES):
        ys = [y for x, y in within if low <= x < high]
        if len(ys) >= _LEAST:
            points.append((2 / (low + high), spread(ys) ** 2))
    slope, base = statistics.linear_regression(*zip(*points, strict=True))
    return [round(v, 4) for v in (middle, drift, max(base, 0.002), slope)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    folder: Path = parser.parse_args().corpus
    tables: dict[str, dict[str, list[float]]] = {"prose": {}, "list": {}}
    for path in sorted(folder.glob("en-*.src.gz")):
        name = path.name.removesuffix(".src.gz")
        kinds: dict[str, dict[str, list[Pair]]] = {"prose": {}, "list": {}}
        for i, (kind, english, other) in enumerate(lines(folder, name)):
            if i % HELD_OUT == 0 or not english or not other:
                continue
            x, y = size(english), size(other)
            sort = "prose" if is_prose(english) else "list"
            kinds[sort].setdefault(kind, []).append((math.sqrt(x * y), math.log(y / x)))
        tag = languages.get(name.partition("-")[2]).tag
        for sort, found in kinds.items():
            tables[sort][tag] = row(found)
    print("# Made by tools/calibrate_checks.py, which says what the numbers are.")
    for sort, rows in tables.items():
        rows["other"] = [
            round(statistics.fmean(column), 4) for column in zip(*rows.values(), strict=True)
        ]
        print(f"\n[{sort}]  # mean, drift, base, noise")
        for tag, values in rows.items():
            print(f"{tag} = {values}")
    print("\n[density]")
    for tag, value in _DENSITY.items():
        print(f"{tag} = [{value}]")


if __name__ == "__main__":
    main()
