"""Style and brief: they reach the prompt and the memory's key, or the person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_engine import FakeEngine, Say
from tests.test_cli import complaint, verso
from translator.brief import LONGEST, checked_instruction, instruction
from translator.errors import InputError
from translator.memory import Memory
from translator.models.spec import ModelKind, ModelSpec
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import StyleInfo, get_style
from translator.types import Segment, Status, TranslationTask

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
BRIEF = "A diary of a sailor, for  children\nof ten"


def spec(style: str) -> ModelSpec:
    return ModelSpec("m", "The model", ModelKind.GGUF, style=style)


@pytest.mark.parametrize("style", ["chat", "few-shot", "hy-mt"])
@pytest.mark.parametrize("register", ["literary", "formal", "plain", "Like Kafka"])
def test_both_reach_the_prompt(style: str, register: str) -> None:
    prompts = get_style(style, StyleInfo(CHATML))
    asked = checked_instruction(spec(style), register, BRIEF)
    with_both = prompts.render(TranslationTask("Text.", "en", "de", asked)).text
    assert "About the text: A diary of a sailor, for children of ten." in with_both
    only_style = prompts.render(TranslationTask("Text.", "en", "de", register)).text
    without = prompts.render(TranslationTask("Text.", "en", "de")).text
    assert len(with_both) > len(only_style) > len(without)


@pytest.mark.parametrize("style", ["tagged", "translategemma", "madlad"])
def test_models_that_see_the_text_alone_refuse(style: str) -> None:
    for asked in (("", BRIEF), ("formal", "")):
        with pytest.raises(InputError, match="it was trained to see the text alone"):
            checked_instruction(spec(style), *asked)
    with pytest.raises(InputError, match="cannot look at a draft again"):
        checked_instruction(spec(style), "", "", refine=True)
    assert checked_instruction(spec(style), "", " ") == ""


def test_the_dry_run_takes_everything() -> None:
    assert "sailor" in checked_instruction(spec("pseudo"), "formal", BRIEF, refine=True)


def test_too_long() -> None:
    with pytest.raises(InputError, match="2,001 characters"):
        checked_instruction(spec("chat"), "", "x" * (LONGEST + 1))


def test_a_style_alone_stays_its_name() -> None:
    assert instruction(" literary ", "") == "literary"


def test_another_brief_is_asked_anew(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.db")
    engine = FakeEngine(lambda request, text, count: Say("Das Haus steht am blauen Meer."))
    segment = Segment("s/0", "s", 0, "The house stands by the blue sea.")

    def attempts(style: str, brief: str) -> int:
        options = PipelineOptions(
            "en", "de", style=instruction(style, brief), memory=memory, model_key="m"
        )
        style_object = get_style("chat", StyleInfo(CHATML))
        (result,) = Pipeline(engine, style_object, options, "m").run([segment])
        assert result.status is Status.TRANSLATED
        return result.attempts

    asked = [("", ""), ("formal", ""), ("", BRIEF), ("formal", BRIEF), ("formal", "Other.")]
    assert [attempts(*pair) for pair in asked] == [1, 1, 1, 1, 1]
    assert [attempts(*pair) for pair in asked] == [0, 0, 0, 0, 0]
    engine.close()
    memory.close()


def test_command_line(tmp_path: Path) -> None:
    book = tmp_path / "house.txt"
    book.write_text("The house stands by the blue sea.\n", encoding="utf-8")
    common = ("book", str(book), "--to", "de", "--from", "en", "--model", "pseudo")
    verso(*common, "--brief", BRIEF)
    message, hint = complaint(*common, "--brief", "x" * 3000)
    assert "3,000" in message and "2,000" in hint
    said = verso("translate", "The house.", "--to", "de", "--model", "pseudo", "--brief", BRIEF)
    assert said.stdout
