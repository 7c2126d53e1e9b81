"""The facade: languages decided, texts put together again, updates in order, errors said."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.fake_engine import Act, FakeEngine, Say
from translator import TextUpdate, Translator, UpdateKind
from translator.engines.base import Engine, Request
from translator.engines.pseudo import PseudoEngine, is_pseudo
from translator.errors import Cancelled, InputError, ModelError
from translator.settings import Settings
from translator.translator import merged_sampling
from translator.types import Sampling, Status

if TYPE_CHECKING:
    from translator.engines.pool import EnginePool

ENGLISH = "The old harbour was quiet that morning, and only the gulls were awake."
LONG = "\n\n".join(f"{ENGLISH} It was day {i}, and {ENGLISH.lower()}" for i in range(60))


class OnePool:
    """A pool with one engine that a test made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def engine(self, model_id: str) -> Iterator[Engine]:
        yield self._engine


def translator(home: Path, engine: Engine | None = None, model: str = "pseudo") -> Translator:
    pool = cast("EnginePool", OnePool(engine or PseudoEngine()))
    return Translator(model, settings=Settings(home), pool=pool)


def test_translates_a_text_whose_language_it_finds(tmp_path: Path) -> None:
    result = translator(tmp_path).translate(ENGLISH, to="German")
    assert (result.source, result.target, result.model) == ("en", "de", "pseudo")
    assert result.detection is not None
    assert is_pseudo(result.text)
    assert result.failed == 0
    assert [pair.segment.text for pair in result.segments] == [ENGLISH]


def test_makes_and_closes_a_pool_of_its_own(tmp_path: Path) -> None:
    with Translator("pseudo", settings=Settings(tmp_path)) as made:
        assert is_pseudo(made.translate(ENGLISH, to="fr").text)
        assert is_pseudo(made.translate("Bonjour à tous les amis.", to="en", source="fr").text)


def test_a_long_text_keeps_its_form(tmp_path: Path) -> None:
    text = f"Title\n\n{LONG}\n\n42\n  last line of it\n"
    result = translator(tmp_path).translate(text, to="zh-Hant", source="en")
    assert result.detection is None
    assert result.text.count("\n") == text.count("\n")
    assert result.text.split("\n")[-3:-1] == ["42", "  ⟪ļášţ ļíñé öƒ íţ⟫"]
    assert {pair.translation.status for pair in result.segments} == {
        Status.TRANSLATED,
        Status.KEPT,
    }


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_to_translate_needs_no_model(tmp_path: Path, text: str) -> None:
    class NoPool:
        def engine(self, model_id: str) -> None:
            raise AssertionError

    made = Translator("pseudo", settings=Settings(tmp_path), pool=cast("EnginePool", NoPool()))
    assert made.translate(text, to="de").text == text


def test_the_text_may_not_be_in_the_target_language(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="English already"):
        translator(tmp_path).stream(ENGLISH, to="en")
    with pytest.raises(InputError, match="Unknown language"):
        translator(tmp_path).stream(ENGLISH, to="Klingonish")
    simplified = translator(tmp_path).translate("图书馆的门开了。", source="zh-Hans", to="zh-Hant")
    assert simplified.target == "zh-Hant"


def test_an_unclear_language_is_left_open_or_asked_for(tmp_path: Path) -> None:
    unclear = "xq zk 8"
    assert translator(tmp_path).translate(unclear, to="de").source == "und"
    with pytest.raises(InputError, match="not clear"):
        translator(tmp_path, model="gemma-3-270m-q4_k_m").stream(unclear, to="de")


def test_updates_show_the_text_in_order(tmp_path: Path) -> None:
    updates = list(translator(tmp_path).stream(LONG, to="de"))
    assert updates[0].kind is UpdateKind.START
    assert updates[0].source == "en"
    finished = [u for u in updates if u.kind is UpdateKind.SEGMENT]
    assert len(finished) == updates[-1].total == updates[-1].done
    assert all(u.segment is not None and u.segment_text in u.text for u in finished)
    last = updates[-1]
    assert last.kind is UpdateKind.DONE
    assert last.result is not None
    assert last.text == last.result.text == finished[-1].text
    assert last.new_tokens == last.result.new_tokens > 0


def few_shot_text(request: Request) -> str:
    text = request.prompt.parts[-1].text
    return text.removeprefix("English: ").removesuffix("\nGerman:")


GERMAN = "Der alte Hafen war an jenem Morgen still, und nur die Möwen waren wach."


def test_partial_text_streams(tmp_path: Path) -> None:
    def script(request: Request, text: str, count: int) -> Act:
        return Say(" " + GERMAN)

    with FakeEngine(script, text_of=few_shot_text) as engine:
        made = translator(tmp_path, engine, "gemma-3-270m-q4_k_m")
        updates = list(made.stream(ENGLISH, to="de"))
    assert updates[-1].text == GERMAN
    assert all(GERMAN.startswith(u.text) for u in updates)


def test_a_failed_segment_is_counted_not_raised(tmp_path: Path) -> None:
    with FakeEngine(lambda request, text, count: Say(text), text_of=few_shot_text) as engine:
        made = translator(tmp_path, engine, "gemma-3-270m-q4_k_m")
        result = made.translate(ENGLISH, to="de")
    assert result.failed == 1
    assert result.text == ENGLISH
    assert result.segments[0].translation.status is Status.FAILED


def test_a_stop_keeps_what_was_complete(tmp_path: Path) -> None:
    stop = threading.Event()
    hold = threading.Event()
    got: list[TextUpdate] = []

    def script(request: Request, text: str, count: int) -> Act:
        return Say(" " + GERMAN)

    with FakeEngine(script, text_of=few_shot_text, slots=2) as engine:
        made = translator(tmp_path, engine, "gemma-3-270m-q4_k_m")
        with pytest.raises(Cancelled):
            for update in made.stream(LONG, to="de", stop=stop):
                got.append(update)
                if update.done == 3:
                    engine.hold = hold
                    stop.set()
        hold.set()
    assert 3 <= got[-1].done < got[-1].total


def test_leaving_the_loop_stops_the_work(tmp_path: Path) -> None:
    with FakeEngine(
        lambda request, text, count: Say(" " + GERMAN), text_of=few_shot_text
    ) as engine:
        made = translator(tmp_path, engine, "gemma-3-270m-q4_k_m")
        for update in made.stream(LONG, to="de"):
            if update.done:
                break
        threads = [t for t in threading.enumerate() if t.name == "verso-text"]
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in threads)


def test_errors_of_the_engine_reach_the_caller(tmp_path: Path) -> None:
    class Broken:
        @contextmanager
        def engine(self, model_id: str) -> Iterator[Engine]:
            raise ModelError("The model is not here.")
            yield PseudoEngine()

    made = Translator("pseudo", settings=Settings(tmp_path), pool=cast("EnginePool", Broken()))
    with pytest.raises(ModelError, match="not here"):
        made.translate(ENGLISH, to="de")


def test_sampling_is_merged_field_by_field() -> None:
    own = Sampling(max_new_tokens=500, temperature=0.5, seed=3)
    merged = merged_sampling(own, {"temperature": 1, "top_k": 20.0})
    assert merged == Sampling(max_new_tokens=500, temperature=1.0, top_k=20, seed=3)
    assert isinstance(merged.top_k, int)
    assert merged_sampling(own, Sampling(seed=1)) == Sampling(seed=1)
    assert merged_sampling(own, None) is own
    for wrong in ({"heat": 1}, {"temperature": -1}, {"max_new_tokens": 0}, {"top_p": 2}):
        with pytest.raises(InputError):
            merged_sampling(own, wrong)


def test_the_package_is_cheap_to_import() -> None:
    code = (
        "import sys, translator, translator.errors;"
        "bad = {'jinja2', 'numpy', 'httpx', 'langdetect'} & set(sys.modules);"
        "assert not bad, bad; assert translator.Translator"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(ImportError):
        from translator import Nothing  # noqa: F401
