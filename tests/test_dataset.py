"""Corpora as token ids: what is trained, what is left out, and that nothing is lost in silence."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dataset_support import corpus, pairs
from tests.tiny_hf import TEMPLATE, write_tokenizer
from trainer.config import DataPart, Stage
from trainer.corpus import Corpus
from trainer.dataset import Prepared, prepare
from trainer.dataset_documents import Line, examples
from trainer.dataset_examples import IGNORED, Example, Renderer, Text, end_id, style_for
from trainer.dataset_rows import packed, row
from trainer.pairs import Pair
from translator.engines.hf_tokens import prompt_ids, text_ids
from translator.errors import InputError
from translator.types import TranslationTask

FAST = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
DATA = DataPart(corpus="corpus", length=256)
STYLES = ("tagged", "tagged-context", "chat", "few-shot", "hy-mt")
TEXTS = st.text(max_size=60) | st.sampled_from(
    ["<|im_end|>", "a <|im_start|>user\nb", "<en> <de>\n", "The sea.\n\nDas Meer.", " x ", "\0"]
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tokenizer(tmp_path_factory.mktemp("t5"), ends_texts=True)


def trained(tokenizer: Any, found: Prepared) -> list[str]:
    """The trained text of each row, its end tokens as |."""
    end = tokenizer.eos_token
    return [
        tokenizer.decode([n for n in one["labels"] if n != IGNORED]).replace(end, "|")
        for one in found.dataset
    ]


@pytest.mark.parametrize("style", STYLES)
@FAST
@given(source=TEXTS, target=TEXTS, before=st.lists(st.tuples(TEXTS, TEXTS), max_size=2))
def test_the_target_and_its_end_are_trained_and_nothing_else(
    tokenizer: Any, style: str, source: str, target: str, before: list[tuple[str, str]]
) -> None:
    rendering = style_for(tokenizer, style, "")
    text = Text(source, target, "en", "de", tuple(before))
    example = Renderer(tokenizer, rendering, 64).example(text)
    task = TranslationTask(source, "en", "de", context=tuple(before))
    assert example.prompt == prompt_ids(tokenizer, rendering.render(task))
    assert example.target[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")
    lead = " " if style == "few-shot" else ""
    assert example.target[:-1] == text_ids(tokenizer, lead + target)
    control = {tokenizer.convert_tokens_to_ids(t) for t in ("<|im_end|>", "<|im_start|>")}
    assert not control & set(example.target[:-1])
    one = row(Line(7, text, "", ("a", 1), ("", "", "de")), example, encoder_decoder=False)
    assert one["input_ids"] == example.prompt + example.target
    assert one["length"] == len(one["input_ids"]) == len(one["labels"])
    assert [n for n in one["labels"] if n != IGNORED] == example.target
    assert one["labels"][: len(example.prompt)] == [IGNORED] * len(example.prompt)


def test_a_reply_ends_as_the_chat_template_says(tokenizer: Any) -> None:
    assert tokenizer.eos_token == "<|im_end|>"
    tokenizer.eos_token = "<|endoftext|>"
    try:
        chat, tagged = (style_for(tokenizer, name, "") for name in ("chat", "tagged"))
        assert tokenizer.convert_ids_to_tokens(end_id(tokenizer, chat)) == "<|im_end|>"
        assert tokenizer.convert_ids_to_tokens(end_id(tokenizer, tagged)) == "<|endoftext|>"
        plain = TEMPLATE.replace("<|im_end|>", "")
        tokenizer.chat_template = plain
        chat = style_for(tokenizer, "chat", "")
        assert tokenizer.convert_ids_to_tokens(end_id(tokenizer, chat)) == "<|endoftext|>"
    finally:
        tokenizer.eos_token, tokenizer.chat_template = "<|im_end|>", TEMPLATE


def test_the_style_is_the_wanted_or_the_trained_one(tokenizer: Any) -> None:
    assert style_for(tokenizer, "", "chat").id == "chat"
    assert style_for(tokenizer, "", "few-shot").id == "tagged"
    assert style_for(tokenizer, "few-shot", "chat").id == "few-shot"


def test_a_corpus_becomes_rows_in_its_order(tokenizer: Any, tmp_path: Path) -> None:
    found = pairs(30)
    style = style_for(tokenizer, "tagged", "")
    made = prepare(corpus(tmp_path / "c", found), "train", tokenizer, style, DATA, tmp_path / "k")
    assert trained(tokenizer, made) == [f"{pair.target}|" for pair in found]
    assert [one["row"] for one in made.dataset] == list(range(30))
    assert tokenizer.decode(made.dataset[3]["input_ids"]) == (
        f"<en> <de>\n{found[3].source}\n{found[3].target}<|im_end|>"
    )
    counts = made.report.all
    assert (counts.lines, counts.examples, made.report.rows) == (30, 30, 30)
    assert counts.tokens == sum(made.dataset["length"]) == sum(map(len, made.dataset["labels"]))
    assert counts.longest == max(made.dataset["length"])
    assert sum(made.report.lengths) == 30
    assert made.report.directions == {"en>de": counts}


def test_it_is_made_once(tokenizer: Any, tmp_path: Path) -> None:
    texts = corpus(tmp_path / "c", pairs(20))
    style = style_for(tokenizer, "tagged", "")
    first = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    (texts.folder / "train.jsonl.gz").unlink()
    again = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    assert again.folder == first.folder and again.report == first.report
    assert again.dataset[5] == first.dataset[5]
    chat = style_for(tokenizer, "chat", "")
    for others in (
        (replace(texts, hash="0"), "train", tokenizer, style, DATA),
        (texts, "train", tokenizer, chat, DATA),
        (texts, "train", tokenizer, style, replace(DATA, length=99)),
    ):
        with pytest.raises(FileNotFoundError):  # no older file answers
            prepare(*others, tmp_path / "k")
    assert [p.name for p in (tmp_path / "k").iterdir()] == [first.folder.name]


def test_what_nobody_uses_is_forgotten(tokenizer: Any, tmp_path: Path) -> None:
    texts = corpus(tmp_path / "c", pairs(5))
    style = style_for(tokenizer, "tagged", "")
    old, used = (
        prepare(texts, "train", tokenizer, style, replace(DATA, length=n), tmp_path / "k").folder
        for n in (100, 101)
    )
    (tmp_path / "k" / ".half").mkdir()
    for path in (old / "report.json", used / "report.json", tmp_path / "k" / ".half"):
        os.utime(path, (0, 0))
    prepare(texts, "train", tokenizer, style, replace(DATA, length=101), tmp_path / "k")
    assert old.exists()
    new = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k").folder
    assert {path.name for path in (tmp_path / "k").iterdir()} == {used.name, new.name}


def test_what_is_too_long_is_dropped_or_refused(tokenizer: Any, tmp_path: Path) -> None:
    found = pairs(30)
    texts = corpus(tmp_path / "c", found)
    style = style_for(tokenizer, "tagged", "")
    wide = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    data = replace(DATA, length=sorted(wide.dataset["length"])[17])
    made = prepare(texts, "train", tokenizer, style, data, tmp_path / "k")
    kept = [one for one in wide.dataset if one["length"] <= data.length]
    assert made.dataset.to_list() == kept
    counts = made.report.all
    assert counts.too_long == counts.dropped == 30 - len(kept) == 30 - counts.examples > 0
    assert counts.dropped_target_tokens + counts.target_tokens == wide.report.all.target_tokens
    assert any("dropped" in line for line in made.report.sentences())
    refusing = replace(data, too_long="refuse")
    with pytest.raises(InputError, match=f"{counts.too_long} of 30 lines of train are longer"):
        prepare(texts, "train", tokenizer, style, refusing, tmp_path / "k")
    fine = prepare(texts, "train", tokenizer, style, replace(DATA, too_long="refuse"), tmp_path)
    assert fine.dataset.to_list() == wide.dataset.to_list()


def test_what_is_too_long_is_split_at_sentences(tokenizer: Any, tmp_path: Path) -> None:
    names = ("Anna", "Boris", "Clara", "Dora", "Emil", "Frieda", "Gustav", "Hanna")
    sides = [
        (
            f"On day {n} {name} saw {n * 37} ships.",
            f"Am Tag {n} sah {name} {n * 37} Schiffe.",
        )
        for n, name in enumerate(names, 11)
    ]
    whole = Pair(" ".join(a for a, _ in sides), " ".join(b for _, b in sides), "en", "de", "a", 1)
    texts = corpus(tmp_path / "c", [whole])
    style = style_for(tokenizer, "tagged", "")
    data = replace(DATA, length=110, too_long="split")
    made = prepare(texts, "train", tokenizer, style, data, tmp_path / "k")
    parts = [text.rstrip("|") for text in trained(tokenizer, made)]
    assert len(parts) > 1 and " ".join(parts) == whole.target
    for one, part in zip(made.dataset, parts, strict=True):
        source = tokenizer.decode(one["input_ids"]).split("\n")[1]
        inside = [(a, b) for a, b in sides if b in part]
        assert " ".join(b for _, b in inside) == part and " ".join(a for a, _ in inside) == source
    assert made.report.all.split == len(parts) and not made.report.all.dropped


@FAST
@given(sizes=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=200))
def test_packed_examples_stay_whole(sizes: list[tuple[int, int]]) -> None:
    """Every example is in one row, between its own beginning and end."""
    text = Text("", "", "en", "de")
    kept = [
        (Line(n, text, "", ("", n), ("", "", "")), Example([n * 2] * a, [n * 2 + 1] * b))
        for n, (a, b) in enumerate(sizes)
    ]
    found = []
    for one in packed(kept, 40):
        assert one["length"] == len(one["input_ids"]) == len(one["labels"]) <= 40
        starts = [n for n, at in enumerate(one["position_ids"]) if at == 0]
        for start, stop in zip(starts, [*starts[1:], one["length"]], strict=True):
            ids = one["input_ids"][start:stop]
            assert one["position_ids"][start:stop] == list(range(stop - start))
            number = ids[0] // 2
            example = kept[number][1]
            assert ids == example.prompt + example.target
            assert one["labels"][start:stop] == [IGNORED] * len(example.prompt) + example.target
            found.append(number)
    assert sorted(found) == list(range(len(sizes)))


def test_packing_saves_rows(tokenizer: Any, tmp_path: Path) -> None:
    texts = corpus(tmp_path / "c", pairs(40))
    style = style_for(tokenizer, "tagged", "")
    data = replace(DATA, packing=True)
    made = prepare(texts, "train", tokenizer, style, data, tmp_path / "k")
    alone = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    assert made.report.rows == len(made.dataset) < 20 == made.report.all.examples / 2
    assert sum(made.dataset["length"]) == sum(alone.dataset["length"])
    dev = prepare(texts, "dev", tokenizer, style, data, tmp_path / "k")
    assert "position_ids" not in dev.dataset.column_names and len(dev.dataset) == 40


def test_documents_come_in_parts_with_what_is_before(tokenizer: Any, tmp_path: Path) -> None:
    found = pairs(24, document=12)
    texts = corpus(tmp_path / "c", found, both=True)
    style = style_for(tokenizer, "chat", "")
    stage = Stage(name="long", length=2000, parts=(1, 2, 4))
    made = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k", stage=stage)
    assert len(made.dataset) == (1 + 2 + 4) * 2 * 2  # two documents, two directions
    german = [
        text.rstrip("|")
        for text, one in zip(trained(tokenizer, made), made.dataset, strict=True)
        if one["direction"] == "en>de"
    ]
    for number in range(2):
        mine = found[12 * number : 12 * number + 12]
        whole = "\n".join(pair.target for pair in mine)
        one, two, four = (
            german[7 * number + a : 7 * number + b] for a, b in ((0, 1), (1, 3), (3, 7))
        )
        assert one == [whole] and "\n".join(two) == whole and "\n".join(four) == whole
    row = next(one for one in made.dataset if one["row"] and one["direction"] == "en>de")
    text = tokenizer.decode(row["input_ids"])
    first, second = german[1:3]
    assert f"<|im_start|>assistant\n{first}<|im_end|>" in text
    assert text.endswith(f"<|im_start|>assistant{second}<|im_end|>")


@pytest.mark.parametrize("style,told", [("tagged", 1), ("tagged-context", 0)])
def test_a_style_without_context_says_so(
    tokenizer: Any, tmp_path: Path, style: str, told: int
) -> None:
    texts = corpus(tmp_path / "c", pairs(8, document=8))
    rendering = style_for(tokenizer, style, "")
    stage = Stage(length=900, parts=(2,))
    made = prepare(texts, "train", tokenizer, rendering, DATA, tmp_path / "k", stage=stage)
    assert len(made.report.notes) == told and len(made.dataset) == 2
    first, second = (tokenizer.decode(one["input_ids"]) for one in made.dataset)
    assert second.startswith(first) == (not told)


@pytest.mark.parametrize("length", [80, 150, 400])
def test_long_documents_become_several(tokenizer: Any, tmp_path: Path, length: int) -> None:
    found = pairs(40, document=40)
    texts = corpus(tmp_path / "c", found)
    style = style_for(tokenizer, "tagged", "")
    stage = Stage(length=length, parts=(1,))
    made = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k", stage=stage)
    whole = "\n".join(pair.target for pair in found)
    assert "\n".join(text.rstrip("|") for text in trained(tokenizer, made)) == whole
    assert max(made.dataset["length"]) <= length
    fill = made.report.all.tokens / (length * len(made.dataset))
    assert fill > 0.6 or length == 80


@FAST
@given(
    words=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=30),
    length=st.integers(16, 400),
    style=st.sampled_from(["tagged", "tagged-context"]),
)
def test_no_line_of_a_document_is_lost(
    tokenizer: Any, words: list[tuple[int, int]], length: int, style: str
) -> None:
    """Whatever the lengths: all lines, once in each way of cutting, within the limit or alone."""
    unit = tuple(
        Line(n, Text(f"{n} sea" * a, f"{n} Meer" * b, "en", "de"), "d", ("a", n), ("", "", "de"))
        for n, (a, b) in enumerate(words)
    )
    renderer = Renderer(tokenizer, style_for(tokenizer, style, ""), length)
    for count in (1, 3):
        found = list(examples(renderer, unit, (count,)))
        assert "\n".join(text.target for _, text, _ in found) == "\n".join(
            line.text.target for line in unit
        )
        assert "\n".join(text.source for _, text, _ in found) == "\n".join(
            line.text.source for line in unit
        )
        for _, text, example in found:
            assert example == renderer.example(text)
            assert renderer.fits(example) or "\n" not in text.target
            assert len(text.context) < count


def test_documents_skip_repeated_lines(tokenizer: Any, tmp_path: Path) -> None:
    found = [pair for pair in pairs(10, document=5) for _ in range(3)]
    style = style_for(tokenizer, "tagged", "")
    made = prepare(
        corpus(tmp_path / "c", found), "train", tokenizer, style, DATA, tmp_path / "k",
        stage=Stage(length=600, parts=(1,)),
    )  # fmt: skip
    documents = groupby(pairs(10, document=5), lambda pair: pair.document)
    assert trained(tokenizer, made) == [
        "\n".join(pair.target for pair in each) + "|" for _, each in documents
    ]


def test_directions_weights_and_a_limit(tokenizer: Any, tmp_path: Path) -> None:
    found = pairs(60)
    one_way = corpus(tmp_path / "one", found)
    style = style_for(tokenizer, "tagged", "")

    def directions(texts: Corpus, *wanted: str) -> list[str]:
        data = replace(DATA, directions=wanted)
        made = prepare(texts, "train", tokenizer, style, data, tmp_path / "k")
        return list(made.dataset["direction"])

    assert directions(one_way) == ["en>de"] * 60
    assert directions(one_way, "de>en") == ["de>en"] * 60
    assert directions(one_way, "en>de", "de>en") == ["en>de", "de>en"] * 60
    assert directions(corpus(tmp_path / "two", found, both=True), "de>en") == ["de>en"] * 60
    with pytest.raises(InputError, match="Nothing of train is left"):
        directions(one_way, "en>fr")

    data = replace(DATA, weights={"web": 2.0, "book": 0.5})
    made = prepare(one_way, "train", tokenizer, style, data, tmp_path / "k")
    rows = list(made.dataset["row"])
    assert sorted(n for n in rows if n % 3 == 0) == sorted(2 * list(range(0, 60, 3)))
    assert len([n for n in rows if n % 3]) == len({n for n in rows if n % 3}) == 20
    assert made.report.unusable == {"left out by the weights or the limit": 20}
    few = prepare(one_way, "train", tokenizer, style, replace(DATA, limit=9), tmp_path / "k")
    assert len(few.dataset) == 9
    dev = prepare(one_way, "dev", tokenizer, style, replace(DATA, limit=9), tmp_path / "k")
    assert len(dev.dataset) == 60


def test_an_encoder_and_a_decoder_have_their_own_room(t5: Any, tmp_path: Path) -> None:
    found = pairs(10)
    style = style_for(t5, "tagged", "")
    made = prepare(
        corpus(tmp_path / "c", found), "train", t5, style, DATA, tmp_path / "k",
        encoder_decoder=True,
    )  # fmt: skip
    for one, pair in zip(made.dataset, found, strict=True):
        assert t5.decode(one["labels"]) == f"{pair.target}<|endoftext|>"
        assert t5.decode(one["input_ids"]) == f"<en> <de>\n{pair.source}\n<|endoftext|>"
        assert one["length"] == max(len(one["labels"]), len(one["input_ids"]))
    with pytest.raises(InputError, match="packed"):
        prepare(
            corpus(tmp_path / "c", found), "train", t5, style, replace(DATA, packing=True),
            tmp_path / "k", encoder_decoder=True,
        )  # fmt: skip


def test_what_a_reply_begins_with_stands_before_the_target(t5: Any) -> None:
    """NLLB's decoder is given the target language first."""
    style = style_for(t5, "nllb", "")
    example = Renderer(t5, style, 64, encoder_decoder=True).example(
        Text("Sea.", "Meer.", "en", "de")
    )
    assert t5.decode(example.prompt) == "eng_LatnSea.<|endoftext|>"
    assert t5.decode(example.target) == "deu_LatnMeer.<|endoftext|>"


def test_a_translation_that_no_reply_could_have_is_left_out(tokenizer: Any, tmp_path: Path) -> None:
    odd = [
        Pair("One line.", "Zwei\nZeilen.", "en", "de", "a", 1),
        Pair("Blank.", " ", "en", "de", "a", 2),
    ]
    style = style_for(tokenizer, "tagged", "")
    texts = corpus(tmp_path / "c", [*pairs(5), *odd])
    made = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    assert len(made.dataset) == 5
    assert made.report.unusable == {
        "the translation has a line break where a reply ends": 1,
        "a side is empty": 1,
    }
