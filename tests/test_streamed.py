"""What is printed while a text grows is never taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tests.fake_engine import Act, Say
from tests.jobs_support import OnePool, as_pseudo, scripted
from translator.commands.streamed import Frontier, print_stream
from translator.engines.base import Request
from translator.engines.pool import EnginePool
from translator.engines.pseudo import pseudo
from translator.streaming import TextUpdate, UpdateKind
from translator.translator import Translator

PARAGRAPHS = [f"Paragraph {n} has a few words, and then some more of them." for n in range(12)]
TEXT = "\n\n".join([*PARAGRAPHS[:6], "* * *", " ".join(PARAGRAPHS) * 12, *PARAGRAPHS[6:]]) + "\n"


def updates_of(text: str, seed: int) -> Iterator[TextUpdate]:
    """A translation whose segments grow in turns, piece by piece."""
    with scripted(as_pseudo) as engine:
        engine.seed = seed
        pool = cast(EnginePool, OnePool(engine))
        yield from Translator("pseudo", pool=pool).stream(text, to="de", source="en")


@pytest.mark.parametrize("seed", range(5))
def test_printed_text_stays(seed: int) -> None:
    frontier, printed, parts = Frontier(), "", 0
    for update in updates_of(TEXT, seed):
        if update.kind is UpdateKind.DONE:
            assert update.result is not None
            assert update.result.text.startswith(printed)
            # Only the line end after the last segment is left.
            assert update.result.text.removeprefix(printed) == "\n"
        new = frontier.feed(update)
        parts += bool(new)
        printed += new
        assert frontier.printed == printed
    assert parts > 2


def test_terminal_gets_the_text_once(capsys: pytest.CaptureFixture[str]) -> None:
    result = print_stream(updates_of(TEXT, 1), "Loading")
    assert capsys.readouterr().out == result.text
    assert print_stream(updates_of("", 1), "Loading").text == ""
    assert capsys.readouterr().out == ""


def test_part_that_began_anew_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A model that loses the tags is asked again; what was printed of it was wrong."""

    def updates() -> Iterator[TextUpdate]:
        first = TextUpdate(UpdateKind.PARTIAL, "Wrong words", "en", None, 0, "Wrong words")
        yield first
        *_, last = updates_of("Right words", 0)
        yield from [*updates_of("Right words", 0)][:-1]
        yield last

    result = print_stream(updates(), "Loading")
    out, err = capsys.readouterr()
    assert out == f"Wrong words\n{pseudo('Right words', 'de')}\n"
    assert result.text == pseudo("Right words", "de")
    assert "again" in err


def test_long_block_streams_with_the_right_gaps() -> None:
    def answer(request: Request, text: str, count: int) -> Act:
        return Say(text.replace("words", "Wörter"))

    text = " ".join(PARAGRAPHS) * 12
    with scripted(answer) as engine:
        pool = cast(EnginePool, OnePool(engine))
        frontier, printed = Frontier(), ""
        for update in Translator("pseudo", pool=pool).stream(text, to="de", source="en"):
            printed += frontier.feed(update)
            if update.result is not None:
                assert len(update.result.segments) > 3
                assert printed == update.result.text == text.replace("words", "Wörter")
