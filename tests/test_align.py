"""The sentence aligner: every sentence in one bead, in order; short texts; long ones; real gold."""

from __future__ import annotations

import os
import random
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.align import Bead, align
from trainer.align_text import Sentence, words
from translator import languages

ROOT = Path(__file__).resolve().parent.parent
EN, DE, ZH = (languages.get(tag) for tag in ("en", "de", "zh"))
DATA = os.environ.get("VERSO_DATA")


def plain(*texts: str) -> list[Sentence]:
    return [Sentence(text) for text in texts]


def links(beads: list[Bead]) -> list[tuple[list[int], list[int]]]:
    return [(list(bead.source), list(bead.target)) for bead in beads]


def invented(count: int, seed: int) -> tuple[list[Sentence], list[Sentence]]:
    """A text in two made-up languages that share no word, number or sign."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnoprstuvwz"
    lexicon = [
        tuple("".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(2))
        for _ in range(400)
    ]
    weights = [1 / (rank + 1) for rank in range(len(lexicon))]
    pairs = [chance.choices(lexicon, weights, k=chance.randint(4, 25)) for _ in range(count)]
    source = [Sentence(" ".join(word for word, _ in pair)) for pair in pairs]
    for pair in pairs:
        chance.shuffle(pair)
    return source, [Sentence(" ".join(word for _, word in pair)) for pair in pairs]


SENTENCES = st.lists(
    st.builds(Sentence, st.text(max_size=60), st.booleans(), st.booleans()), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, SENTENCES)
def test_every_sentence_is_in_exactly_one_bead(a: list[Sentence], b: list[Sentence]) -> None:
    beads = align(a, b, EN, ZH)
    assert [i for bead in beads for i in bead.source] == list(range(len(a)))
    assert [j for bead in beads for j in bead.target] == list(range(len(b)))
    assert all(bead.source or bead.target for bead in beads)
    assert all(0.0 <= bead.confidence <= 1.0 for bead in beads)


def test_short_story() -> None:
    source = plain(
        "In the spring of 1834 Martha dug a well.",
        "It was forty feet deep.",
        "“Is there water?” asked her brother.",
        "There was none.",
        "They waited nine days, and then the rain came.",
        "Nobody had expected it!",
    )
    target = plain(
        "Im Frühjahr 1834 grub Martha einen Brunnen, der vierzig Fuß tief war.",
        "„Ist Wasser da?“, fragte ihr Bruder.",
        "Es gab keines.",
        "Sie warteten neun Tage.",
        "Dann kam der Regen.",
        "Niemand hatte ihn erwartet!",
    )
    assert links(align(source, target, EN, DE)) == [
        ([0, 1], [0]), ([2], [1]), ([3], [2]), ([4], [3, 4]), ([5], [5]),
    ]  # fmt: skip


def test_words_are_learned_where_nothing_looks_alike() -> None:
    source, target = invented(300, seed=3)
    lost, added = range(120, 160), range(210, 213)
    del target[lost.start : lost.stop]
    extra, _ = invented(3, seed=4)
    target[added.start - 40 : added.start - 40] = extra
    beads = align(source, target, EN, DE)
    alone = {i for bead in beads if not bead.linked for i in bead.source}
    assert len(alone & set(lost)) >= 36
    offsets = [(range(120), 0), (range(160, 210), -40), (range(210, 300), -37)]
    expected = {((i,), (i + by,)) for part, by in offsets for i in part}
    found = {(tuple(bead.source), tuple(bead.target)) for bead in beads}
    assert len(expected & found) >= 0.95 * len(expected)


def test_unrelated_texts_are_not_sure() -> None:
    source, _ = invented(80, seed=5)
    _, target = invented(80, seed=6)
    related_source, related_target = invented(80, seed=5)

    def sure(a: list[Sentence], b: list[Sentence]) -> int:
        beads = align(a, b, EN, DE)
        return sum(len(bead.source) for bead in beads if bead.linked and bead.confidence > 0.8)

    assert sure(related_source, related_target) > 70
    assert sure(source, target) < 20


def test_paragraphs_and_headings_decide_between_equals() -> None:
    """Seven sentences of the same words; only the structure says which one is missing."""
    marks = [True, False, False, True, False, True, False]
    source = [Sentence("alpha beta gamma delta", opens=mark) for mark in marks]
    target = [Sentence("omega sigma lambda rho", opens=mark) for mark in marks]
    del target[4]
    lone = [bead for bead in align(source, target, EN, DE) if len(bead.source) != len(bead.target)]
    assert len(lone) == 1
    assert {3, 4} & set(lone[0].source)


def test_words_of_scripts() -> None:
    assert words(Sentence("Der 1. Éclair: 042!")) == {
        "wder", "01", "weclair", "042", "=:", "=!",
    }  # fmt: skip
    assert words(Sentence("山の2頭“山”")) == {"x山", "xの", "02", "x頭", '="'}
    assert words(Sentence("서울에서")) == {"w서울"}
    assert "=heading" in words(Sentence("", heading=True))


def test_long_texts_take_linear_time() -> None:
    def seconds(count: int) -> float:
        source, target = invented(count, seed=count)
        began = time.process_time()
        beads = align(source, target, EN, DE)
        assert sum(bead.source == bead.target for bead in beads) > 0.98 * count
        return time.process_time() - began

    assert seconds(1600) < 8 * seconds(400) + 1


def test_progress_is_told_and_may_stop() -> None:
    told: list[float] = []
    source, target = invented(20, seed=1)
    align(source, target, EN, DE, told.append)
    assert all(a < b for a, b in pairwise(told)) and told[0] > 0 and told[-1] < 1

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        align(source, target, EN, DE, stop)


@pytest.mark.skipif(not DATA, reason="VERSO_DATA is not set")
@pytest.mark.parametrize(
    ("pattern", "of", "to", "judge", "least"),
    [
        ("textberg-de-fr/test*.defr", "de", "fr", "strict", 0.85),
        ("bible-en-zh/Mark.zh_CN.gold", "en", "zh", "lenient", 0.90),
        ("handbook-blocks/en-ja/00*.gold", "en", "ja", "lenient", 0.93),
    ],
)
def test_gold(pattern: str, of: str, to: str, judge: str, least: float) -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import score_alignment as tool

    score = tool.Score()
    chance = random.Random(1)
    for path in sorted((Path(str(DATA)) / "align").glob(pattern)):
        case = tool.Case.read(path, of)
        if judge == "lenient":
            case = case.dropped(0.05, chance)
        beads = align(
            plain(*case.source), plain(*case.target), languages.get(of), languages.get(to)
        )
        score += getattr(tool, judge)(tool.links(beads), case.gold)
    assert score.f1 > least
