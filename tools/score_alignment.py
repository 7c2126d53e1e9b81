"""How well the sentence aligner does on texts whose alignment is known.

    python tools/score_alignment.py --from de --to fr FOLDER/*.defr
    python tools/score_alignment.py --from en --to zh-Hans --lenient --drop 0.05 FOLDER/*.zh_CN.gold

A gold file has a line ``[source lines]:[target lines]`` for each bead, numbered from 0, as in
Bleualign and Vecalign; an empty list is a sentence without a translation. The two texts lie
beside it, a sentence a line: for ``A.defr`` they are ``A.de`` and ``A.fr``, for ``A.gold``
``A.en`` and the other one, for ``B.zh.gold`` ``B.en-for-zh`` and ``B.zh``.

Strict: a bead is right when the gold has the very same one. Precision counts all beads, recall
those with two sides, as the tables of the Vecalign paper do (B. Thompson and P. Koehn, 2019).

Lenient, for gold whose beads are paragraphs or verses: a bead with two sides is right when it
stays inside one gold bead. Precision is the share of right beads, recall the share of the
sentences that should have a translation and are in a right bead. ``--drop`` leaves out that share
of the gold beads on one side or the other, chosen by ``--seed``, so that there are sentences
without a translation.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trainer.align import Bead, align
from trainer.align_text import Sentence
from translator import languages
from translator.languages import Language

Link = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """Two texts and their gold."""

    name: str
    source: list[str]
    target: list[str]
    gold: list[Link]

    @classmethod
    def read(cls, path: Path, of: str) -> Case:
        """Read a gold file and the two texts beside it."""
        source, target = _texts(path, of)
        gold = []
        for line in path.read_text("utf-8").splitlines():
            left, _, right = line.partition("]:[")
            gold.append((_numbers(left), _numbers(right)))
        return cls(path.name, _lines(source), _lines(target), gold)

    def dropped(self, share: float, chance: random.Random) -> Case:
        """The same with some gold beads left out on one side."""
        out: tuple[set[int], set[int]] = (set(), set())
        for sides in self.gold:
            if all(sides) and chance.random() < share:
                side = chance.randrange(2)
                out[side].update(sides[side])
        kept = [
            [k for k in range(len(lines)) if k not in gone]
            for lines, gone in zip((self.source, self.target), out, strict=True)
        ]
        new = [{old: k for k, old in enumerate(numbers)} for numbers in kept]
        gold = [
            (
                tuple(new[0][k] for k in left if k in new[0]),
                tuple(new[1][k] for k in right if k in new[1]),
            )
            for left, right in self.gold
        ]
        return Case(
            self.name,
            [self.source[k] for k in kept[0]],
            [self.target[k] for k in kept[1]],
            gold,
        )


def _texts(path: Path, of: str) -> tuple[Path, Path]:
    stem = path.with_suffix("")
    if path.suffix != ".gold":
        to = path.suffix.removeprefix(f".{of}")
        return stem.with_suffix(f".{of}"), stem.with_suffix(f".{to}")
    if stem.suffix:
        return stem.with_suffix(f".{of}-for-{stem.suffix[1:]}"), stem
    source = stem.with_suffix(f".{of}")
    (target,) = set(path.parent.glob(f"{stem.name}.*")) - {path, source}
    return source, target


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")[:-1]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


@dataclass
class Score:
    """Right beads of those found, and right ones of those to be found."""

    right: int = 0
    found: int = 0
    recalled: int = 0
    wanted: int = 0

    def __iadd__(self, other: Score) -> Score:
        self.right += other.right
        self.found += other.found
        self.recalled += other.recalled
        self.wanted += other.wanted
        return self

    @property
    def precision(self) -> float:
        """The share of the found beads that is right."""
        return self.right / max(1, self.found)

    @property
    def recall(self) -> float:
        """The share that was found of what should be."""
        return self.recalled / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)


def strict(found: Sequence[Link], gold: Sequence[Link]) -> Score:
    """The very same beads."""
    same = set(found) & set(gold)
    return Score(len(same), len(found), sum(all(x) for x in same), sum(all(x) for x in gold))


def lenient(found: Sequence[Link], gold: Sequence[Link]) -> Score:
    """Beads inside a gold bead."""
    home: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for number, sides in enumerate(gold):
        if all(sides):
            for side in (0, 1):
                home[side].update(dict.fromkeys(sides[side], number))
    score = Score(wanted=len(home[0]) + len(home[1]))
    for left, right in found:
        if left and right:
            homes = {home[0].get(k) for k in left} | {home[1].get(k) for k in right}
            good = len(homes) == 1 and None not in homes
            score += Score(good, 1, (len(left) + len(right)) * good)
    return score


def links(beads: Sequence[Bead]) -> list[Link]:
    """Beads as the gold has them."""
    return [(tuple(bead.source), tuple(bead.target)) for bead in beads]


Judge = Callable[[Sequence[Link], Sequence[Link]], Score]


def main() -> int:
    """Align all files and print a Markdown table."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--from", dest="of", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("--drop", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--joined", action="store_true", help="all files as one book")
    arguments = parser.parse_args()
    of, to = languages.get(arguments.of), languages.get(arguments.to)
    chance = random.Random(arguments.seed)
    cases = [Case.read(path, arguments.of) for path in arguments.gold]
    if arguments.drop:
        cases = [case.dropped(arguments.drop, chance) for case in cases]
    if arguments.joined:
        cases = [_joined(cases)]
    print("| text | sentences | precision | recall | F1 | CPU s |\n|---|---|---|---|---|---|")
    whole = Score()
    for case in cases:
        score, seconds = _score(case, of, to, lenient if arguments.lenient else strict)
        whole += score
        sizes = f"{len(case.source)} + {len(case.target)}"
        print(f"| {case.name} | {sizes} | {_cells(score)} | {seconds:.1f} |", flush=True)
    print(f"| all | | {_cells(whole)} | |")
    return 0


def _score(case: Case, of: Language, to: Language, judge: Judge) -> tuple[Score, float]:
    start = time.process_time()
    found = align([Sentence(s) for s in case.source], [Sentence(s) for s in case.target], of, to)
    return judge(links(found), case.gold), time.process_time() - start


def _cells(score: Score) -> str:
    return f"{score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f}"


def _joined(cases: Sequence[Case]) -> Case:
    source: list[str] = []
    target: list[str] = []
    gold: list[Link] = []
    for case in cases:
        n, m = len(source), len(target)
        gold += [(tuple(k + n for k in a), tuple(k + m for k in b)) for a, b in case.gold]
        source += case.source
        target += case.target
    return Case("joined", source, target, gold)


if __name__ == "__main__":
    sys.exit(main())
