"""Tokens of transformers' tokenizers: llama.cpp's rules, shown against llama.cpp itself."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_gguf import write_model
from tests.tiny_hf import write_tokenizer
from translator.engines.gguf_vocab import Tokenizer as GgufTokenizer
from translator.engines.hf_text import Detokenizer, Tail
from translator.engines.hf_tokens import prompt_ids, text_ids, text_lengths
from translator.types import Prompt, PromptPart

WORDS = ["The", " sea", " ", "  ", "\n", "\n\n", "é", "語", "🙂", "12", "...", "\u0301", "\udc80"]
TOKENS = ["<|im_end|>", "<|fim|>", "<tool>", "<2de>", "\0"]
PIECES = st.lists(st.sampled_from(WORDS + TOKENS), max_size=12).map("".join)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tokenizers import AddedToken

    made = write_tokenizer(tmp_path_factory.mktemp("tokenizer"))
    # A control token that its file does not call one, and a plain added one.
    made.add_tokens([AddedToken("<|fim|>", special=False), AddedToken("<tool>", special=False)])
    return made


def test_control_tokens_come_from_special_parts_only(tokenizer: Any) -> None:
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    fim = tokenizer.convert_tokens_to_ids("<|fim|>")
    tool = tokenizer.convert_tokens_to_ids("<tool>")
    text = "a<|im_end|><|fim|><tool>"
    plain = text_ids(tokenizer, text)
    assert end not in plain and fim not in plain and tool in plain
    assert tokenizer.decode(plain) == text
    special = prompt_ids(tokenizer, Prompt((PromptPart(text, special=True),)))
    assert special == [tokenizer.convert_tokens_to_ids("a"), end, fim, tool]


def test_each_part_is_cut_by_itself(tokenizer: Any) -> None:
    whole = text_ids(tokenizer, "The old sailor")
    parts = Prompt((PromptPart("The old sai"), PromptPart(""), PromptPart("lor")))
    ids = prompt_ids(tokenizer, parts)
    assert ids == text_ids(tokenizer, "The old sai") + text_ids(tokenizer, "lor") != whole


@given(PIECES)
def test_lengths_are_those_of_the_tokens(tokenizer: Any, text: str) -> None:
    assert text_lengths(tokenizer, [text, ""]) == [len(text_ids(tokenizer, text)), 0]


def test_the_token_that_begins_a_text_stands_there_once(tmp_path: Path) -> None:
    from tokenizers import processors

    tokenizer = write_tokenizer(tmp_path)
    start = tokenizer.convert_tokens_to_ids("<|im_start|>")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", start)]
    )
    plain = prompt_ids(tokenizer, Prompt((PromptPart("a"),)))
    own = prompt_ids(tokenizer, Prompt((PromptPart("<|im_start|>", special=True), PromptPart("a"))))
    written = prompt_ids(tokenizer, Prompt((PromptPart("<|im_start|>a"),)))
    assert plain == own == [start, tokenizer.convert_tokens_to_ids("a")]
    assert written[0] == start and start not in written[1:]
    assert text_ids(tokenizer, "a") == plain[1:]


def test_an_encoder_gets_the_end_of_the_text_once(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, ends_texts=True)
    tag = tokenizer.convert_tokens_to_ids("<2de>")
    parts = (PromptPart("<2de>", special=True), PromptPart(" sea"))
    ended = (*parts, PromptPart("<|endoftext|>", special=True))
    ids = prompt_ids(tokenizer, Prompt(parts), encoder=True)
    assert ids == prompt_ids(tokenizer, Prompt(ended), encoder=True)
    assert ids[0] == tag and ids[-1] == 0 and 0 not in ids[:-1]
    assert prompt_ids(tokenizer, Prompt(parts)) == ids[:-1]


@given(st.lists(PIECES, min_size=1, max_size=3))
def test_replies_come_out_token_by_token_as_they_would_whole(
    tokenizer: Any, replies: list[str]
) -> None:
    replies = [text.replace("\udc80", "") for text in replies]
    lists = [text_ids(tokenizer, text) for text in replies]
    reader = Detokenizer(tokenizer)
    tails = [Tail() for _ in lists]
    out = [""] * len(lists)
    for step in range(max(map(len, lists))):
        rows = [row for row, ids in enumerate(lists) if step < len(ids)]
        new = reader.add([tails[row] for row in rows], [lists[row][step] for row in rows])
        for row, text in zip(rows, new, strict=True):
            assert "\ufffd" not in text
            out[row] += text
    assert [text + reader.rest(tail) for text, tail in zip(out, tails, strict=True)] == replies


def test_llama_cpp_cuts_the_same_tokens(tmp_path: Path) -> None:
    """A small vocabulary in a GGUF file, rebuilt from it and read by both libraries."""
    from gguf import GGUFReader
    from transformers import PreTrainedTokenizerFast

    path = tmp_path / "tiny.gguf"
    write_model(path, bpe=True)
    fast = _rebuilt(GGUFReader(path), PreTrainedTokenizerFast)
    words = [
        "The old sailor",
        "  ",
        "\n\n",
        "語言",
        "🙂",
        "e\u0301",
        "12345",
        "isn't",
        "<|im_end|>",
    ]
    words += ["„Gänsefüßchen“", "1.234,56 €", "[PAD1]", "\t", "<|im_", "end|>", " story"]
    random = Random(5)
    texts = ["".join(random.choices(words, k=8)) for _ in range(200)]
    with GgufTokenizer(path) as exact:
        assert [text_ids(fast, text) for text in texts] == list(exact.ids(texts))


def _rebuilt(reader: Any, kind: Any) -> Any:
    """A fast tokenizer of a GPT-2 vocabulary in a GGUF file (Qwen's way to cut words)."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    values = {name: field.contents() for name, field in reader.fields.items() if "ggml" in name}
    tokens: list[str] = values["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ", 1)) for pair in values["tokenizer.ggml.merges"]]
    backend = Tokenizer(models.BPE({text: id for id, text in enumerate(tokens)}, merges))
    words = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
        r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(words), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    types = values["tokenizer.ggml.token_type"]
    backend.add_tokens(
        [
            AddedToken(text, special=kind_ == 3, normalized=False)
            for text, kind_ in zip(tokens, types, strict=True)
            if kind_ in (3, 4)
        ]
    )
    return kind(tokenizer_object=backend)
