"""Vocabulary trimming, on tiny models with vocabularies that were learned from two texts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models_support import CHAT
from tests.models_support import gguf as header_only
from tests.tiny_gguf import OTHER, SAMPLE, WIDTH, write_adapter, write_model
from translator.cli import main
from translator.engines.base import Done, Request, stream
from translator.engines.gguf_model import LlamaModel, ModelOptions
from translator.engines.gguf_vocab import Tokenizer
from translator.engines.pool import EnginePool
from translator.errors import Cancelled, InputError, ModelError
from translator.model_making import Order, Trimmed, Workshop
from translator.models import gguf_file, trim, vocabulary
from translator.models.registry import Registry
from translator.models.spec import Licence
from translator.prompts import get_style
from translator.settings import Settings
from translator.types import Sampling, TranslationTask


@dataclass
class Pair:
    """A tiny model, its trimmed self, and both tokenizers."""

    home: Settings
    whole: Path
    path: Path
    made: Trimmed
    kept: npt.NDArray[np.int64]
    before: Tokenizer
    after: Tokenizer

    def back(self, ids: list[int]) -> list[int]:
        """Tokens of the trimmed model as those of the whole one."""
        return [int(self.kept[number]) for number in ids]


@pytest.fixture(scope="module", params=["sentencepiece", "bpe"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    bpe = request.param == "bpe"
    whole = folder / "tiny.gguf"
    write_model(whole, bpe=bpe, tied=not bpe)
    home = Settings(folder / "home", threads=1, slots=1)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(trim, "_COMMON", 0)  # a tiny vocabulary is all common
    monkey.setattr(trim, "_ROWS", 1)
    made = Workshop(home, Registry(home)).trim(Order(str(whole)), ["en", "de"], [SAMPLE])
    monkey.undo()
    path = Registry(home).path(made.spec)
    kept = trim.kept_rows(gguf_file.read(path))
    assert kept is not None
    with Tokenizer(whole) as before, Tokenizer(path) as after:
        yield Pair(home, whole, path, made, kept, before, after)


# --- which tokens stay -----------------------------------------------------------------------


def test_only_needed_tokens_stay(pair: Pair) -> None:
    assert pair.after.size == len(pair.kept) == pair.made.tokens
    assert pair.before.size == pair.made.tokens_before
    old = [raw.decode() for raw in strings(pair.whole, "tokens")]
    new = [raw.decode() for raw in strings(pair.path, "tokens")]
    assert new == [old[number] for number in pair.kept]
    gone = set(old) - set(new)
    assert len(gone) > 100
    assert {"<unused3>", "[PAD1]", "<|reserved_special_token_0|>"} & set(old) <= gone
    assert not gone & {"<end_of_turn>", "\n\n", "<|im_start|>", "<|im_end|>", "</s>", "<unk>"}


def test_the_sample_is_read_as_the_same_tokens(pair: Pair) -> None:
    lines = [*SAMPLE.splitlines(), *(f" {line}" for line in SAMPLE.splitlines())]
    for before, after in zip(pair.before.ids(lines), pair.after.ids(lines), strict=True):
        assert pair.back(after) == before
    assert pair.made.whole_lines == 1.0


def test_other_text_takes_more_tokens_and_loses_nothing(pair: Pair) -> None:
    lines = OTHER.splitlines()
    before, after = list(pair.before.ids(lines)), list(pair.after.ids(lines))
    assert sum(map(len, after)) > sum(map(len, before))
    assert pair.after.bytes_of(after) == [line.encode() for line in lines]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=60))
def test_any_text_can_be_read_and_written(pair: Pair, text: str) -> None:
    [ids] = pair.after.ids([text])
    [expected] = pair.before.bytes_of(list(pair.before.ids([text])))
    [data] = pair.after.bytes_of([ids])
    assert data == expected  # normalization, if the model has any, is its own
    assert data == text.encode("utf-8", "replace")


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from([*SAMPLE.split(), *OTHER.split(), "12", "…"]), max_size=12))
def test_texts_of_kept_tokens_are_read_alike(pair: Pair, words: list[str]) -> None:
    text = " ".join(words)
    [before], [after] = pair.before.ids([text]), pair.after.ids([text])
    if set(before) <= {*pair.kept.tolist()}:
        assert pair.back(after) == before


def test_without_text_whole_scripts_stay(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trim, "_ROWS", 1)
    tokens = vocabulary.Vocabulary(gguf_file.read(pair.whole))
    nothing = np.zeros(pair.before.size, dtype=np.int64)
    latin = trim.choose(tokens, ["en"], None, nothing, 1)
    both = trim.choose(tokens, ["en", "ja"], None, nothing, 1)
    assert len(latin.kept) < len(both.kept) < pair.before.size
    italian = [ids for line in OTHER.splitlines()[:1] for ids in pair.before.ids([line])]
    assert {*italian[0]} <= {*latin.kept.tolist()}


def test_characters_of_kept_tokens_stay(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training reads a trimmed model with another tokenizer, which begins with characters."""
    monkeypatch.setattr(trim, "_COMMON", 0)
    monkeypatch.setattr(trim, "_ROWS", 1)
    monkeypatch.setattr(vocabulary.Vocabulary, "characters", lambda *_: set())  # as for "▸"
    tokens = vocabulary.Vocabulary(gguf_file.read(pair.whole))
    counts = vocabulary.used(pair.before.ids(SAMPLE.splitlines()), pair.before.size)
    kept = {*trim.choose(tokens, ["en"], counts, counts, 1).kept.tolist()}
    numbers = {token: number for number, token in enumerate(tokens.tokens)}
    characters = {char for number in kept & tokens.of_text() for char in tokens.tokens[number]}
    assert len(characters) > 30
    assert {numbers[char] for char in characters if char in numbers} <= kept


def test_a_round_number_of_tokens_stays(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp's fast kernels need one; what fills it up is closed like the rest."""
    monkeypatch.setattr(trim, "_COMMON", 0)
    tokens = vocabulary.Vocabulary(gguf_file.read(pair.whole))
    ids = list(pair.before.ids(SAMPLE.splitlines()))
    counts = vocabulary.used(ids, pair.before.size)
    for seen in (counts, None):
        monkeypatch.setattr(trim, "_ROWS", 1)
        exact = {*trim.choose(tokens, ["en"], seen, counts, 1).kept.tolist()}
        monkeypatch.setattr(trim, "_ROWS", 8)
        filled = {*trim.choose(tokens, ["en"], seen, counts, 1).kept.tolist()}
        assert exact <= filled and len(filled) - len(exact) < 8
        assert len(filled) % 8 == 0 or tokens.of_text() <= filled
        assert tokens.closed(filled) == filled
        assert not any("unused" in tokens.tokens[number] for number in filled)


# --- the file --------------------------------------------------------------------------------


def strings(path: Path, name: str) -> list[bytes]:
    return gguf_file.read(path).entries[f"tokenizer.ggml.{name}"].strings()


def test_rows_and_metadata_as_another_reader_sees_them(pair: Pair) -> None:
    old, new = gguf.GGUFReader(pair.whole), gguf.GGUFReader(pair.path)
    assert [t.name for t in new.tensors] == [t.name for t in old.tensors]
    for before, after in zip(old.tensors, new.tensors, strict=True):
        by_token = before.name in ("token_embd.weight", "output.weight")
        expected = before.data[pair.kept] if by_token else before.data
        np.testing.assert_array_equal(after.data, expected)
    for key, field in old.fields.items():
        if key.endswith("_token_id"):
            assert pair.kept[new.fields[key].contents()] == field.contents()
        elif not key.startswith(("GGUF.", "tokenizer.ggml.")) and key not in (
            "general.name",
            "llama.vocab_size",
        ):
            assert new.fields[key].contents() == field.contents(), key
    assert new.fields["llama.vocab_size"].contents() == len(pair.kept)
    assert new.fields["verso.trim.tokens"].contents() == pair.before.size


def test_merges_keep_their_order(pair: Pair) -> None:
    if "tokenizer.ggml.merges" not in gguf_file.read(pair.whole).entries:
        return
    old, new = strings(pair.whole, "merges"), strings(pair.path, "merges")
    tokens = {*strings(pair.path, "tokens")}
    assert new == [m for m in old if {*m.split(b" "), m.replace(b" ", b"")} <= tokens]
    assert 0 < len(new) < len(old)


def test_an_unchanged_copy_has_the_same_bytes(pair: Pair, tmp_path: Path) -> None:
    file = gguf_file.read(pair.whole)
    copy = tmp_path / "copy.gguf"
    parts = [gguf_file.Part(tensor) for tensor in file.tensors]
    gguf_file.write(copy, pair.whole, file.entries, parts, lambda _: None)
    assert copy.read_bytes().rstrip(b"\0") == pair.whole.read_bytes().rstrip(b"\0")


def test_a_trimmed_model_can_be_trimmed_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trim, "_COMMON", 0)
    monkeypatch.setattr(trim, "_ROWS", 1)
    registry = Registry(pair.home)
    short = SAMPLE.splitlines()[1]
    made = Workshop(pair.home, registry).trim(Order(pair.made.spec.id, id="again"), ["de"], [short])
    kept = trim.kept_rows(gguf_file.read(registry.path(made.spec)))
    assert kept is not None and {*kept} < {*pair.kept}
    old, new = strings(pair.whole, "tokens"), strings(registry.path(made.spec), "tokens")
    assert new == [old[number] for number in kept]
    removal = registry.remove("again")
    assert removal.deleted and not removal.kept


# --- the model -------------------------------------------------------------------------------


def logits(path: Path, prompt: str, adapter: str = "") -> npt.NDArray[np.float32]:
    model = LlamaModel(ModelOptions(str(path), 128, slots=1, adapter=adapter), lambda _: None)
    tokens = model.tokenize(prompt, special=False)
    model.read(0, tokens, 0, logits=True)
    row: npt.NDArray[np.float32] = model.logits(1)[0].copy()
    return row


def test_logits_of_kept_tokens_are_the_same(pair: Pair) -> None:
    for line in SAMPLE.splitlines():
        before, after = logits(pair.whole, line), logits(pair.path, line)
        np.testing.assert_array_equal(after, before[pair.kept])


def test_an_adapter_fits_both(pair: Pair, tmp_path: Path) -> None:
    adapter = tmp_path / "lora.gguf"
    rows = {f"blk.{n}.attn_q.weight": (WIDTH, WIDTH) for n in (0, 1)}
    write_adapter(adapter, rows | {"blk.0.ffn_up.weight": (2 * WIDTH, WIDTH)})
    prompt = SAMPLE.splitlines()[0]
    before, after = (logits(path, prompt, str(adapter)) for path in (pair.whole, pair.path))
    np.testing.assert_array_equal(after, before[pair.kept])
    assert np.abs(after - logits(pair.path, prompt)).max() > 0.01


def test_an_adapter_of_the_output_layer_is_refused(pair: Pair, tmp_path: Path) -> None:
    adapter = tmp_path / "lora.gguf"
    write_adapter(adapter, {"output.weight": (pair.before.size, WIDTH)})
    with pytest.raises(ModelError) as refused:
        logits(pair.path, "story", str(adapter))
    assert "trimming has cut" in refused.value.hint


def test_it_runs_in_the_app(pair: Pair) -> None:
    spec = Registry(pair.home).get(pair.made.spec.id)
    assert spec == pair.made.spec
    pool = EnginePool(pair.home, Registry(pair.home))
    with pool.engine(spec.id) as engine:
        style = get_style(spec.style, engine.info)
        prompt = style.render(TranslationTask("The sea was calm.", "en", "de"))
        *_, last = stream(engine, Request("1", prompt, Sampling(max_new_tokens=8)))
    pool.close()
    assert isinstance(last, Done) and last.new_tokens > 0


# --- the registry, the command ---------------------------------------------------------------


def test_terms_and_style_are_inherited(tmp_path: Path) -> None:
    home = Settings(tmp_path / "home")
    registry = Registry(home)
    source = tmp_path / "tiny.gguf"
    write_model(source, bpe=True)
    spec = registry.add(source, style="tagged")
    licence = Licence("Tiny Terms", "https://example.org", "Be kind.", must_accept=True)
    registry.enter(replace(spec, licence=licence, context=777))
    made = Workshop(home, registry).trim(Order("tiny"), ["de", "en"], [SAMPLE]).spec
    assert (made.id, made.name) == ("tiny-de-en", "Tiny (de, en)")
    assert made.licence == licence
    assert (made.style, made.context, made.languages) == ("tagged", 777, ("de", "en"))
    assert made.made_from == "tiny" and "trimmed to" in made.made_how
    assert registry.installed(made)


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, text = tmp_path / "tiny.gguf", tmp_path / "text.txt"
    write_model(source, bpe=False)
    text.write_text(SAMPLE, encoding="utf-8")
    target = tmp_path / "small" / "tiny.gguf"
    command = ["models", "trim", str(source), "--languages", "en,German", "--text", str(text)]
    assert main([*command, "-o", str(target), "--id", "small"]) == 0
    out = capsys.readouterr()
    assert out.out == "small\n" and "100.0% of the lines" in out.err
    assert target.stat().st_size < source.stat().st_size
    assert [path.name for path in target.parent.iterdir()] == ["tiny.gguf"]
    assert main(["models", "list"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("small\t"))
    assert row.split("\t")[-1] == "tiny" and "en de" in row
    assert main(["models", "show", "small"]) == 0
    assert "vocabulary trimmed to" in capsys.readouterr().out
    assert main([*command, "--id", "small"]) == 1
    assert "taken" in capsys.readouterr().err
    assert main([*command, "-o", str(target), "--id", "other"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["models", "trim", str(source), "--languages", "en,xx-nowhere"]) == 1


def test_what_cannot_be_trimmed_is_refused(tmp_path: Path) -> None:
    home = Settings(tmp_path / "home")
    workshop = Workshop(home, Registry(home))
    path = tmp_path / "model.gguf"
    path.write_bytes(header_only({**CHAT, "tokenizer.ggml.model": "bert"}))
    with pytest.raises(ModelError, match="tokenizer of the kind 'bert'"):
        workshop.trim(Order(str(path)), ["en"], [])
    assert not [*home.models.glob("*")]
    with pytest.raises(InputError):
        workshop.trim(Order(str(path)), [], [])
    with pytest.raises(ModelError, match="no GGUF file"):
        workshop.trim(Order("pseudo"), ["en"], [])


def test_a_stop_leaves_nothing(tmp_path: Path) -> None:
    home = Settings(tmp_path / "home")
    source = tmp_path / "tiny.gguf"
    write_model(source, bpe=True)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        Workshop(home, Registry(home)).trim(Order(str(source), stop=stop), ["en"], [SAMPLE])
    assert not [*home.models.glob("*")]


def test_pieces_of_a_token() -> None:
    ranks = {"a b": 1.0, "c d": 0.0, "ab cd": 2.0}
    made = vocabulary.passed("abcd", lambda left, right: ranks.get(f"{left} {right}"))
    assert made == ["cd", "ab", "abcd"]
