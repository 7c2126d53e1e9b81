"""Scores as the annotation tool Appraise exports them.

C. Federmann, "Appraise Evaluation Framework for Machine Translation", COLING 2018. Without titles,
a row has eleven cells, or twelve with error spans (since WMT 2023). An output of several systems at
once is said of ``a+b``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trainer.campaigns.types import ErrorSpan, Judgement, Protocol, Severity
from trainer.results.building import Builder, value_of
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
_TUTORIAL = re.compile(r"-tutorial\d*$")
_SEVERITIES: Mapping[str, Severity] = {"minor": "minor", "major": "major", "critical": "critical"}


@dataclass(frozen=True, slots=True)
class _Row:
    """One score. ``document`` is as it is named in the file, with what follows a ``#``."""

    reviewer: str
    system: str
    document: str
    item: str
    kind: str
    judgement: Judgement
    start: float
    end: float


def appraise(rows: Iterable[tuple[int, list[str]]], name: str) -> Study:
    """The ratings in rows of cells, each with its number. Raises :class:`InputError`.

    The later of two scores of the same reviewer for the same output counts. Scores of whole
    documents, and of documents that were repeated to fill a task (``#duplicate``), are left out.
    Where documents are named ``document#system``, items are numbered by task: their order inside
    the document says which segment they are, and documents that were not rated whole are left out.
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
        if "#duplicate" in cells.get("document", "") or _TUTORIAL.search(cells.get("system", "")):
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
    return _study(_placed(found), name, pairs, left_out)


def _title(cell: str) -> str:
    lowered = cell.strip().lower().replace(" ", "")
    return _SAME.get(lowered, lowered)


def _row(cells: dict[str, str]) -> _Row:
    marks = cells["document"].split("#")[1:]
    score = float(cells["score"])
    if not 0 <= score <= 100:
        raise ValueError(f"the score {score:g} is not 0 to 100")
    kind = cells.get("type", "TGT").strip().upper()
    bad = kind in ("BAD", "TRUE") or any(mark.startswith("bad") for mark in marks)
    start, end = (float(cells.get(side) or 0) for side in ("start", "end"))
    if not all(map(math.isfinite, (start, end))):
        raise ValueError("a time is no number")
    judgement = Judgement("", score, _spans(cells.get("spans", "")))
    return _Row(
        cells["login"], cells["system"], cells["document"], cells["item"],
        "BAD" if bad else kind, judgement, start, end,
    )  # fmt: skip


def _spans(cell: str) -> tuple[ErrorSpan, ...]:
    """The marks; one whose severity the reviewer left open is none."""
    if cell.strip() in ("", "None", "[]"):
        return ()
    found = (_span(span) for span in json.loads(cell))
    return tuple(span for span in found if span is not None)


def _span(span: object) -> ErrorSpan | None:
    if not isinstance(span, dict):
        raise TypeError(f"{span!r} is no error span")
    said = str(span.get("severity")).lower()
    if said == "undecided":
        return None
    severity = _SEVERITIES.get(said)
    if severity is None:
        raise ValueError(f"the severity {said!r} is unknown")
    kind = span.get("error_type") or ""
    category = ("/".join(map(str, kind)) if isinstance(kind, list) else str(kind)).lower()
    start, end = span.get("start_i"), span.get("end_i")
    missing = start in (None, "missing") or end in (None, "missing")
    if missing:
        return ErrorSpan(-1, -1, severity, category or "accuracy/omission", missing=True)
    if not isinstance(start, int) or not isinstance(end, int):
        raise ValueError("a span begins or ends at no number")
    return ErrorSpan(start, end, severity, category)


def _placed(rows: Sequence[_Row]) -> list[tuple[str, str, _Row]]:
    """Each score with its document and segment; those without a sure place are not there."""
    items: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if "#" in row.document:
            items.setdefault((row.reviewer, row.document), set()).add(int(row.item))
    longest: dict[str, int] = {}
    for (_, named), own in items.items():
        document = named.partition("#")[0]
        longest[document] = max(len(own), longest.get(document, 0))
    placed = []
    for row in rows:
        document, mark, _ = row.document.partition("#")
        if not mark:
            placed.append((document, row.item, row))
            continue
        own = items[row.reviewer, row.document]
        if len(own) == longest[document]:
            placed.append((document, str(sorted(own).index(int(row.item))), row))
    return placed


def _study(
    placed: Sequence[tuple[str, str, _Row]],
    name: str,
    pairs: Sequence[tuple[str, str]],
    left_out: int,
) -> Study:
    latest: dict[tuple[str, str, str, str], _Row] = {}
    controls: list[tuple[tuple[str, str, str, str], _Row]] = []
    for document, segment, row in sorted(placed, key=lambda one: one[2].end):
        of = document, segment, row.system, row.reviewer
        if row.kind == "TGT":
            latest[of] = row
        elif row.kind in ("BAD", "CHK"):
            controls.append((of, row))
        else:
            left_out += 1
    builder = Builder(_protocol(latest.values()), exact_lengths=False)
    lengths: dict[tuple[str, ...], int] = {}  # at least; the texts are not in the file
    for of, row in latest.items():
        ends = [span.end for span in row.judgement.spans]
        lengths[of[:3]] = max([*ends, lengths.get(of[:3], 0)])
    for of, row in latest.items():
        builder.answers += 1
        for system in row.system.split("+"):
            output = of[0], of[1], system, of[3]
            builder.judge(output, row.judgement, "", length=lengths[of[:3]])
        if row.end > row.start > 0:
            builder.timings.append(Timing(of[3], of[0], of[1], row.end - row.start))
    alone = 0
    for of, row in controls:
        again = value_of(builder.protocol, row.judgement, "")
        before = value_of(builder.protocol, latest[of].judgement, "") if of in latest else None
        if before is None or again is None:
            alone += 1
        elif row.kind == "BAD":
            builder.spoiled.append(Spoiled(row.reviewer, "", before, again))
        else:
            builder.repeats.append(Repeat(row.reviewer, row.system, before, again))
    notes = []
    unsure = len(pairs) - len(placed)
    for count, what in (
        (left_out, "whole documents, tutorials, references, and documents that fill up a task"),
        (unsure, "documents that were not rated whole"),
        (alone, "control items without a counterpart"),
    ):
        if count:
            notes.append(f"{count:,} scores of {what} were left out.")
    source, target = pairs[0] if pairs else ("", "")
    systems = sorted(names(score.system for score in builder.scores))
    return builder.study(name, _tag(source), _tag(target), systems, notes=notes)


def _protocol(rows: Iterable[_Row]) -> Protocol:
    """MQM has marks and no scores: Appraise writes zeros."""
    judgements = [row.judgement for row in rows]
    if not any(judgement.spans for judgement in judgements):
        return "da"
    return "esa" if any(judgement.score for judgement in judgements) else "mqm"


def _tag(code: str) -> str:
    """A language as it is written elsewhere in Verso; as it is, if it is none that Verso knows."""
    try:
        return languages.get(code).tag
    except InputError:
        return code
