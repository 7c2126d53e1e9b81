"""What is said of a corpus before a model is trained with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_support import corpus, pairs
from tests.tiny_gguf import write_model
from tests.tiny_hf import write_tokenizer
from trainer import preview_show
from trainer.config import DataPart, Stage
from trainer.dataset import prepare
from trainer.dataset_examples import style_for
from trainer.preview import Preview, preview
from translator.cli import main
from translator.errors import InputError

DATA = DataPart(corpus="corpus", length=256)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def look(tokenizer: Any, folder: Path, data: DataPart = DATA, **options: Any) -> Preview:
    style = style_for(tokenizer, "tagged", "")
    return preview(corpus(folder / "c", pairs(60)), tokenizer, style, data, **options)


def test_it_says_what_preparing_will_do(tokenizer: Any, tmp_path: Path) -> None:
    """The shares for each limit are those that a dataset with this limit has."""
    texts = corpus(tmp_path / "c", pairs(60))
    style = style_for(tokenizer, "tagged", "")
    wide = prepare(texts, "train", tokenizer, style, DATA, tmp_path / "k")
    lengths = sorted(wide.dataset["length"])
    for length in (lengths[5], lengths[40], lengths[-1]):
        data = replace(DATA, length=length)
        found = preview(texts, tokenizer, style, data)
        made = prepare(texts, "train", tokenizer, style, data, tmp_path / "k").report
        assert found.limit.length == length
        assert found.limit.too_long == pytest.approx(made.all.dropped / 60)
        lost = made.all.dropped_target_tokens / wide.report.all.target_tokens
        assert found.limit.dropped == pytest.approx(lost)
        over = sum(max(0, n - length) for n in lengths)
        assert found.limit.cut == pytest.approx(over / wide.report.all.target_tokens)
        assert found.tokens == wide.report.all.tokens and found.longest == lengths[-1]
        assert sum(count for _, count in found.lengths) == found.examples == 60
    few = preview(texts, tokenizer, style, DATA, looked_at=30)
    assert 15 < few.examples < 45 and 40 < few.estimated < 80
    assert found.enough == next(n for n in (64, 128, 256) if lengths[-1] <= n)


def test_samples_show_what_is_trained(tokenizer: Any, tmp_path: Path) -> None:
    found = look(tokenizer, tmp_path, samples=5)
    assert len({sample.row for sample in found.samples}) == 5
    for sample in found.samples:
        pair = pairs(60)[sample.row]
        assert sample.spans == (
            (f"<en> <de>\n{pair.source}\n", False),
            (f"{pair.target}<|im_end|>", True),
        )
        assert sample.direction == "en>de" and sample.target_tokens > 5


def test_documents_have_no_other_limits(tokenizer: Any, tmp_path: Path) -> None:
    found = look(tokenizer, tmp_path, stage=Stage(length=300, parts=(1,)))
    assert found.limits == () and found.limit.too_long == 0 and found.longest <= 300
    with pytest.raises(InputError, match="Nothing of train"):
        look(tokenizer, tmp_path, replace(DATA, directions=("en>fr",)))


def test_it_reads_well(tokenizer: Any, tmp_path: Path) -> None:
    found = look(tokenizer, tmp_path, replace(DATA, length=64))
    lines = "\n".join(preview_show.summary(found))
    assert "Examples: 60" in lines and "<- your limit" in lines and "█" in lines
    sample = list(preview_show.sample(found.samples[0], True))
    assert sum("\x1b[32m" in line for line in sample) == 1


def test_the_command_needs_the_vocabulary_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSO_HOME", str(tmp_path / "home"))
    write_model(tmp_path / "tiny.gguf", bpe=True)
    texts = corpus(tmp_path / "c", pairs(20))
    command = ["corpus", "preview", str(texts.folder), "--base", str(tmp_path / "tiny.gguf")]
    assert main([*command, "--style", "tagged", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["style"] == "tagged" and found["examples"] == 20
    assert not (tmp_path / "home" / "bases").exists()
    assert main(command) == 0
    assert "Prompt style: chat" in capsys.readouterr().out
    assert main([*command[:3], "--base", "nothing"]) == 1
