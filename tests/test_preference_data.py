"""Pairs of a preferred and a rejected translation: what is read, and what becomes of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

from tests.tiny_hf import write_tokenizer
from trainer import preference_data
from trainer.config import DataPart
from trainer.config_preference import PreferencePart
from trainer.dataset_examples import IGNORED, Renderer, style_for
from translator.errors import InputError

ROW = {
    "source": "The sea was calm.", "chosen": "Das Meer war ruhig.", "rejected": "Meer ruhig.",
    "from": "en", "to": "de", "campaign": "c", "item": "i", "reviewer": "r1",
    "kind": "preference", "margin": 30.0,
}  # fmt: skip


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "preferences.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def rows(path: Path, tokenizer: Any, **preference: Any) -> Any:
    renderer = Renderer(tokenizer, style_for(tokenizer, "tagged", ""), 96)
    part = PreferencePart("dpo", str(path), **preference)
    return preference_data.rows(part, DataPart(directions=("en>de",)), renderer)


def test_both_translations_stand_behind_the_same_prompt(tmp_path: Path, tokenizer: Any) -> None:
    found, report = rows(written(tmp_path, ROW), tokenizer)
    assert report.kept == len(found) == 1
    texts = {}
    for name in ("chosen", "rejected"):
        row = found[0][name]
        prompt = [i for i, label in zip(row["input_ids"], row["labels"], strict=True)
                  if label == IGNORED]  # fmt: skip
        target = row["labels"][len(prompt) :]
        assert row["input_ids"] == prompt + target
        assert target[-1] == tokenizer.eos_token_id
        texts[name] = (prompt, tokenizer.decode(target, skip_special_tokens=True))
    assert texts["chosen"][0] == texts["rejected"][0]
    assert texts["chosen"][1] == ROW["chosen"]
    assert texts["rejected"][1] == ROW["rejected"]


def test_prompts_of_other_tools_stand_as_they_are(tmp_path: Path, tokenizer: Any) -> None:
    plain = {"prompt": "<|im_start|>To German: sea\n", "chosen": "Meer", "rejected": "See"}
    talk = {
        "prompt": [{"role": "user", "content": "To German: sea"}],
        "chosen": [{"role": "assistant", "content": "Meer"}],
        "rejected": [{"role": "assistant", "content": "See"}],
    }
    found, _ = rows(written(tmp_path, plain, talk), tokenizer)
    one, two = (tokenizer.decode(row["chosen"]["input_ids"]) for row in found)
    assert one == "<|im_start|>To German: sea\nMeer<|im_end|>"
    asked = tokenizer.apply_chat_template(
        talk["prompt"], tokenize=False, add_generation_prompt=True
    )
    assert two == f"{asked}Meer<|im_end|>"


def test_every_line_that_is_left_out_has_a_reason(tmp_path: Path, tokenizer: Any) -> None:
    path = written(
        tmp_path,
        ROW | {"source": "A line\u2028in two."},  # no end of a line of JSON
        "{",
        ROW | {"kind": "edit"},
        ROW | {"chosen": " "},
        ROW | {"rejected": ROW["chosen"]},
        ROW | {"margin": "much"},
        ROW | {"margin": 5},
        ROW | {"to": "klingon"},
        ROW | {"from": "de", "to": "en"},
        ROW | {"source": ""},
        ROW | {"source": "very " * 100},
    )
    found, report = rows(path, tokenizer, margin=20)
    assert len(found) == 1
    assert dict(report.left_out) == {
        "no JSON": 1,
        "no preference": 1,
        "a translation is missing": 1,
        "both translations are the same": 1,
        "the margin is no number": 1,
        "the margin is too small": 1,
        "a language is missing or unknown": 1,
        "another direction": 1,
        "neither a source nor a prompt": 1,
        "too long": 1,
    }
    assert next(report.sentences()) == "1 pairs of a preferred and a rejected translation."


def test_nothing_left_says_why(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(InputError, match=r"No pair .* \(no JSON: 1\)"):
        rows(written(tmp_path, "{"), tokenizer)
    with pytest.raises(InputError, match=r"gone.jsonl cannot be read"):
        rows(tmp_path / "gone.jsonl", tokenizer)
