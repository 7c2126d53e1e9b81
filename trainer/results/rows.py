"""The ratings of a study as files: JSON lines that Verso reads again, and CSV for a spreadsheet.

While the systems are letters, what they wrote is left out: it would tell who knows their hand.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from trainer.campaigns.protocols import BOTH_BAD, TIE
from trainer.results.building import LEVELS
from trainer.results.study import Output, Study
from trainer.statistics.data import Mark

# What a spreadsheet would run as a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_VERDICTS = {value: name for name, value in LEVELS.items()}
_COLUMNS = (
    "document", "segment", "system", "reviewer", "place", "score", "minor", "major", "critical",
    "missing", "verdict", "keystrokes", "seconds", "source", "target", "reference",
)  # fmt: skip


def jsonl(study: Study) -> str:
    """All ratings as :mod:`trainer.ratings.imports` reads them."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(study))


def rows(study: Study) -> Iterator[dict[str, Any]]:
    """The lines of :func:`jsonl`."""
    yield {
        "kind": "study",
        "name": study.name,
        "from": study.source,
        "to": study.target,
        "protocol": study.protocol,
        "systems": list(study.systems),
        "final": study.final,
    }
    for text in study.texts.values():
        yield {
            "kind": "text",
            "document": text.document,
            "segment": text.segment,
            "source": text.source,
            "reference": text.reference,
            "outputs": dict(text.outputs) if study.final else {},
        }
    if study.protocol == "pairwise":
        for choice in study.preferences:
            yield {
                "kind": "choice",
                "document": choice.document,
                "segment": choice.segment,
                "reviewer": choice.reviewer,
                "first": choice.first,
                "second": choice.second,
                "winner": choice.winner or (BOTH_BAD if choice.both_bad else TIE),
                "seconds": study.seconds.get(
                    (choice.document, choice.segment, "", choice.reviewer), 0.0
                ),
            }
    else:
        yield from _judgements(study)
    for repeat in study.repeats:
        yield {"kind": "repeat", **asdict(repeat)}
    for spoiled in study.spoiled:
        yield {"kind": "spoiled", **asdict(spoiled)}


def _judgements(study: Study) -> Iterator[dict[str, Any]]:
    """A line for each rated output, with whatever was said of it."""
    marks = _marks(study.marks)
    efforts = {_of(effort): effort for effort in study.efforts}
    lengths = {_of(looked): looked.length for looked in study.looked}
    for score in study.scores:
        of = _of(score)
        row: dict[str, Any] = {
            "kind": "judgement",
            "document": score.document,
            "segment": score.segment,
            "system": score.system,
            "reviewer": score.reviewer,
            "seconds": study.seconds.get(of, 0.0),
        }
        if score.place is not None:
            row["place"] = score.place
        text = study.texts.get((score.document, score.segment))
        if text and study.final:
            row["target"] = text.outputs.get(score.system, "")
        elif of in lengths:
            row["length"] = lengths[of]
        if study.looked:
            row["spans"] = [
                {
                    "start": mark.start,
                    "end": mark.end,
                    "severity": mark.severity,
                    "category": mark.category,
                    "missing": mark.start < 0,
                }
                for mark in marks.get(of, ())
            ]
        match study.protocol:
            case "deliver":
                row["verdict"] = _VERDICTS[score.value]
            case "post-edit" if study.final and of in efforts:
                row |= {"edit": efforts[of].edit, "keystrokes": efforts[of].keystrokes}
            case "mqm":
                pass  # the score follows from the spans
            case _:
                row["score"] = score.value
        yield row


def table(study: Study) -> str:
    """A row for each rated output, for a spreadsheet or a statistics program."""
    marks = _marks(study.marks)
    efforts = {_of(effort): effort for effort in study.efforts}
    found = []
    for score in study.scores:
        of = _of(score)
        mine = marks.get(of, ())
        text = study.texts.get((score.document, score.segment))
        effort = efforts.get(of)
        found.append(
            [
                *of,
                "" if score.place is None else score.place + 1,
                score.value,
                *(
                    sum(mark.severity == severity for mark in mine) if study.looked else ""
                    for severity in ("minor", "major", "critical")
                ),
                sum(mark.start < 0 for mark in mine) if study.looked else "",
                _VERDICTS[score.value] if study.protocol == "deliver" else "",
                effort.keystrokes if effort else "",
                study.seconds.get(of, study.seconds.get((of[0], of[1], "", of[3]), "")),
                text.source if text else "",
                text.outputs.get(score.system, "") if text and study.final else "",
                (text.reference or "") if text else "",
            ]
        )
    return csv_text(_COLUMNS, found)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, without a cell that a spreadsheet would take for a formula.

    Such a text gets an apostrophe before it; numbers stay numbers.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_harmless(column) for column in columns])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _of(rated: Any) -> Output:
    return rated.document, rated.segment, rated.system, rated.reviewer


def _marks(marks: Iterable[Mark]) -> dict[Output, list[Mark]]:
    found: dict[Output, list[Mark]] = {}
    for mark in marks:
        found.setdefault(_of(mark), []).append(mark)
    return found
