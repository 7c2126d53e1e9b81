"""The dry run: everything visibly changed, nothing lost, at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator import markup
from translator.engines.base import Done, Failure, Finish, Request, stream
from translator.engines.pseudo import CLOSE, OPEN, PseudoEngine, is_pseudo, pseudo
from translator.prompts import StyleInfo, get_style
from translator.types import Prompt, PromptPart, TranslationTask


def test_letters_get_accents_and_the_segment_brackets() -> None:
    assert pseudo("Yes", "de") == f"{OPEN}Ýéš{CLOSE}"
    assert pseudo("The whale", "zh-Hans") == f"{OPEN}Ţĥé ŵĥáļé{CLOSE}"


def test_length_grows_as_the_target_does() -> None:
    text = "The ship had been at sea for three long years before it came home."
    assert 1.1 < len(pseudo(text, "de")) / len(text) < 1.35
    assert len(pseudo(text, "ja")) == len(text) + 2
    chinese = "那天早晨，老港口一片寂静，只有海鸥醒着。"
    assert len(pseudo(chinese, "en")) / len(chinese) > 1.8


@given(st.text(), st.sampled_from(["de", "ja", "ar", "ko", "xx"]))
def test_every_text_can_be_told_from_its_source(text: str, target: str) -> None:
    result = pseudo(text, target)
    assert is_pseudo(result)
    assert is_pseudo(f" {result} {result}\n")
    assert not is_pseudo(result + "x")
    assert not is_pseudo("x" + result)
    assert not is_pseudo(result.removesuffix(CLOSE))


@pytest.mark.parametrize("text", ["", "Plain text", "⟪Plain⟫", "⟪Ţĥé⟫ end", "42"])
def test_other_texts_are_not_taken_for_pseudo(text: str) -> None:
    assert not is_pseudo(text)


@pytest.mark.parametrize("family", markup.FAMILIES)
def test_tags_and_placeholders_survive(family: markup.TagFamily) -> None:
    text = f"a {markup.opening(1)}b{markup.closing(1)}{markup.single(23)}"
    assert pseudo(text, "en") == f"{OPEN}{text.translate(str.maketrans('ab', 'áƀ'))}{CLOSE}"
    shown = markup.show(text, family)
    assert markup.problems(text, markup.hide(pseudo(shown, "de"), family, text)) == ""


def test_the_engine_answers_the_style() -> None:
    engine = PseudoEngine()
    prompt = get_style("pseudo", StyleInfo()).render(TranslationTask("Yes", "und", "de"))
    (done,) = stream(engine, Request("r", prompt))
    assert isinstance(done, Done)
    assert (done.text, done.finish) == (f"{OPEN}Ýéš{CLOSE}", Finish.STOP)
    (failure,) = stream(engine, Request("r", Prompt((PromptPart("Hello"),))))
    assert isinstance(failure, Failure)


def test_a_library_takes_a_moment() -> None:
    text = "The ship had been at sea for three long years before it came home. " * 3
    began = time.perf_counter()
    for _ in range(10_000):
        pseudo(text, "de")
    assert time.perf_counter() - began < 2
