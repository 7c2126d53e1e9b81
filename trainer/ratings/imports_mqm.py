"""MQM annotations as WMT publishes them: one error a line.

M. Freitag et al., "Experts, Errors, and Context: A Large-Scale Study of Human Evaluation for
Machine Translation", TACL 2021. An output without errors has one line of severity "no-error" (or
"Neutral"); a span in the source, between ``<v>`` and ``</v>``, is an omission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trainer.campaigns.types import ErrorSpan, Judgement, Severity
from trainer.results.building import Builder
from trainer.results.study import Study, Text
from trainer.statistics.data import names
from translator.errors import InputError

_OPEN, _CLOSE = "<v>", "</v>"
_SEGMENTS = ("globalsegid", "seg_id", "segid", "segment", "docsegid", "doc_seg_id", "doc_id")
_SEVERITIES: Mapping[str, Severity] = {"minor": "minor", "major": "major", "critical": "critical"}
_NONE = ("no-error", "no error", "neutral", "")


def mqm(rows: Iterable[tuple[int, list[str]]], name: str) -> Study:
    """The ratings in rows of cells, each with its number, the first being the titles.

    Raises:
        InputError: a title is missing, or a severity is unknown.
    """
    titles: list[str] = []
    errors: dict[tuple[str, str, str, str], list[ErrorSpan]] = {}
    texts: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    for number, row in rows:
        if not titles:
            titles = [cell.strip().lower() for cell in row]
            missing = [t for t in ("system", "rater", "category", "severity") if t not in titles]
            segment = next((title for title in _SEGMENTS if title in titles), None)
            if missing or segment is None:
                raise InputError(
                    f"The table has no column {missing[0] if missing else 'seg_id'}.",
                    "Its first line names the columns: system, doc, seg_id, rater, source, target, "
                    "category, severity.",
                )
            continue
        cells = dict(zip(titles, row, strict=False))
        document = cells.get("doc", "") or "document"
        try:
            of = document, cells[segment or ""], cells["system"], cells["rater"]
            severity = cells["severity"].strip().lower()
        except KeyError as error:
            raise InputError(f"Row {number} is too short.") from error
        spans = errors.setdefault(of, [])
        source, target = cells.get("source", ""), cells.get("target", "")
        texts.setdefault(of, (_bare(source), _bare(target)))
        if severity in _NONE:
            continue
        if severity not in _SEVERITIES:
            raise InputError(f"Row {number} has the unknown severity {severity!r}.")
        category = cells["category"].strip().lower()
        # Of the whole output, and of the weight that critical errors have here.
        grave = category.startswith("non-translation")
        spans.append(_span(target, "critical" if grave else _SEVERITIES[severity], category))
    builder = Builder("mqm")
    for of, spans in errors.items():
        source, target = texts[of]
        builder.judge(of, Judgement("", spans=tuple(spans)), target, source=source)
        builder.know(Text(of[0], of[1], source, None, {of[2]: target}))
    builder.answers = len(errors)
    return builder.study(name, "", "", sorted(names(score.system for score in builder.scores)))


def _bare(text: str) -> str:
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def _span(target: str, severity: Severity, category: str) -> ErrorSpan:
    """The span that a target marks; nothing marked is something missing."""
    start, close = target.find(_OPEN), target.find(_CLOSE)
    if start < 0 or close < start:
        return ErrorSpan(-1, -1, severity, category, missing=True)
    return ErrorSpan(start, close - len(_OPEN), severity, category)
