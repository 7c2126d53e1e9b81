"""Scores as the annotation tool Appraise exports them.

C. Federmann, "Appraise Evaluation Framework for Machine Translation", COLING 2018. Without titles,
a row has eleven cells, or twelve with error spans (since WMT 2023). An output of several systems at
once is said of ``a+b``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trainer.campaigns.types import ErrorSpan, Judgement, Severity
from trainer.results.building import Builder
from trainer.results.study import Study
from trainer.statistics.data import Repeat, Spoiled, Timing, names
from translator import languages
from translator.errors import InputError

_TITLES = ("login", "system", "item", "type", "from", "to", "score", "document", "whole", "start",
           "end")  # fmt: skip
_TITLES_SPANS = (*_TITLES[:9], "spans", *_TITLES[9:])
# Titles that people have given to the same columns.
_SAME = {
    "username": "login", "user": "login", "userid": "login", "annotator": "login",
    "systemid": "system", "itemid": "item", "segmentid": "item", "itemtype": "type",
    "segmenttype": "type", "is_bad": "type", "srclang": "from", "source_lang": "from",
    "src": "from", "trglang": "to", "tgtlang": "to", "target_lang": "to", "tgt": "to",
    "documentid": "document", "docid": "document", "isdocument": "whole",
    "iscompletedocument": "whole", "unk_col_always_false": "whole", "mqm": "spans",
    "span_errors": "spans", "error_spans": "spans", "start_time": "start", "starttime": "start",
    "end_time": "end", "endtime": "end",
}  # fmt: skip
_SEVERITIES: Mapping[str, Severity] = {"minor": "minor", "major": "major", "critical": "critical"}


@dataclass(frozen=True, slots=True)
class _Row:
    """One score. ``segment`` is unique in the document."""

    reviewer: str
    system: str
    document: str
    segment: str
    kind: str
    score: float
    spans: tuple[ErrorSpan, ...] | None
    start: float
    end: float


def appraise(rows: Iterable[tuple[int, list[str]]], name: str) -> Study:
    """The ratings in rows of cells, each with its number. Raises :class:`InputError`.

    The later of two scores of the same reviewer for the same output counts. Scores of whole
    documents, and of documents that were repeated to fill a task (``#duplicate``), are left out.
    """
    titles: tuple[str, ...] = ()
    found: list[_Row] = []
    pairs: list[tuple[str, str]] = []
    left_out = 0
    for number, row in rows:
        if not titles:
            named = tuple(_title(cell) for cell in row)
            if "score" in named:
                titles = named
                continue
            titles = _TITLES_SPANS if len(row) == len(_TITLES_SPANS) else _TITLES
        cells = dict(zip(titles, row, strict=False))
        if cells.get("whole", "").strip().lower() in ("true", "1"):
            left_out += 1
            continue
        if "#duplicate" in cells.get("document", ""):
            left_out += 1
            continue
        try:
            found.append(_row(cells))
        except KeyError as error:
            raise InputError(f"Row {number} has no column {error.args[0]}.") from error
        except (ValueError, TypeError) as error:
            raise InputError(
                f"Row {number} is none of Appraise: {error}.",
                f"Its cells are: {', '.join(_TITLES_SPANS)}.",
            ) from error
        pairs.append((cells.get("from", ""), cells.get("to", "")))
    return _study(found, name, pairs, left_out)


def _title(cell: str) -> str:
    lowered = cell.strip().lower().replace(" ", "")
    return _SAME.get(lowered, lowered)


def _row(cells: dict[str, str]) -> _Row:
    document, _, mark = cells["document"].partition("#")
    score = float(cells["score"])
    if not 0 <= score <= 100:
        raise ValueError(f"the score {score:g} is not 0 to 100")
    kind = cells.get("type", "TGT").strip().upper()
    bad = kind in ("BAD", "TRUE") or mark.startswith("bad")
    start, end = (float(cells.get(side) or 0) for side in ("start", "end"))
    if not all(map(math.isfinite, (start, end))):
        raise ValueError("a time is no number")
    spans = _spans(cells["spans"]) if "spans" in cells else None
    return _Row(
        cells["login"], cells["system"], document, cells["item"], "BAD" if bad else kind, score,
        spans, start, end,
    )  # fmt: skip


def _spans(cell: str) -> tuple[ErrorSpan, ...]:
    if cell.strip() in ("", "None", "[]"):
        return ()
    return tuple(_span(span) for span in json.loads(cell))


def _span(span: object) -> ErrorSpan:
    if not isinstance(span, dict):
        raise TypeError(f"{span!r} is no error span")
    severity = _SEVERITIES.get(str(span.get("severity")).lower())
    if severity is None:
        raise ValueError(f"the severity {span.get('severity')!r} is unknown")
    category = str(span.get("error_type") or "")
    start, end = span.get("start_i"), span.get("end_i")
    missing = start in (None, "missing") or end in (None, "missing")
    if missing:
        return ErrorSpan(-1, -1, severity, category or "accuracy/omission", missing=True)
    if not isinstance(start, int) or not isinstance(end, int):
        raise ValueError("a span begins or ends at no number")
    return ErrorSpan(start, end, severity, category)


def _study(rows: list[_Row], name: str, pairs: list[tuple[str, str]], left_out: int) -> Study:
    latest: dict[tuple[str, str, str, str], _Row] = {}
    controls: list[_Row] = []
    for row in sorted(rows, key=lambda row: row.end):
        if row.kind == "TGT":
            latest[row.document, row.segment, row.system, row.reviewer] = row
        elif row.kind in ("BAD", "CHK"):
            controls.append(row)
        else:
            left_out += 1
    builder = Builder("esa" if any(row.spans is not None for row in rows) else "da")
    lengths: dict[tuple[str, str, str], int] = {}  # at least; the texts are not in the file
    for row in latest.values():
        ends = [span.end for span in row.spans or ()]
        output = row.document, row.segment, row.system
        lengths[output] = max([*ends, lengths.get(output, 0)])
    for row in latest.values():
        judgement = Judgement("", row.score, row.spans or ())
        builder.answers += 1
        for system in row.system.split("+"):
            of = row.document, row.segment, system, row.reviewer
            output = row.document, row.segment, row.system
            builder.judge(of, judgement, "", length=lengths[output])
        if row.end > row.start > 0:
            seconds = row.end - row.start
            builder.timings.append(Timing(row.reviewer, row.document, row.segment, seconds))
    alone = 0
    for row in controls:
        first = latest.get((row.document, row.segment, row.system, row.reviewer))
        if first is None:
            alone += 1
        elif row.kind == "BAD":
            builder.spoiled.append(Spoiled(row.reviewer, "", first.score, row.score))
        else:
            builder.repeats.append(Repeat(row.reviewer, row.system, first.score, row.score))
    notes = []
    if left_out:
        what = "whole documents, documents that fill up a task, and references"
        notes.append(f"{left_out} scores of {what} were left out.")
    if alone:
        notes.append(f"{alone} scores of control items have no counterpart and were left out.")
    source, target = pairs[0] if pairs else ("", "")
    systems = sorted(names(score.system for score in builder.scores))
    return builder.study(name, _tag(source), _tag(target), systems, notes=notes)


def _tag(code: str) -> str:
    """A language as it is written elsewhere in Verso; as it is, if it is none that Verso knows."""
    try:
        return languages.get(code).tag
    except InputError:
        return code
