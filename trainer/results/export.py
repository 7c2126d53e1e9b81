"""All results as files, for people and for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from trainer.campaigns.files import LOG
from trainer.campaigns.folder import ITEMS, KEY, RATINGS, SETTINGS, Campaign
from trainer.campaigns.loop import answers_of
from trainer.campaigns.loop_files import texts_of
from trainer.results.drawing import alone
from trainer.results.methods import methods
from trainer.results.page import html, latex
from trainer.results.plots import drawn
from trainer.results.results import Results
from trainer.results.rows import csv_text, jsonl, table
from trainer.results.tables import system_table, tables
from translator import __version__
from translator.books.base import atomic_output

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # of what a ZIP can say: the same results are the same bytes
_APART = ("study", "examples", "automatic")


def archive(results: Results, path: Path, campaign: Campaign | None = None) -> None:
    """Write all files into one ZIP, whole or not at all.

    Of a ``campaign`` whose key was revealed, the key is in it with what proves that it is the one
    published at the start, and the reviewers' answers as they were given; so is what those of them
    say to a model who agreed (see :mod:`trainer.campaigns.loop`). The names of reviewers are in no
    file.

    Raises:
        InputError: the file cannot be written.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files(results, campaign):
            file.writestr(zipfile.ZipInfo(name, _EARLIEST), data, zipfile.ZIP_DEFLATED)
    with atomic_output(path) as target:
        target.write(out.getvalue())


def files(results: Results, campaign: Campaign | None = None) -> Iterator[tuple[str, str | bytes]]:
    """Every file of the archive: its name and what is in it; what takes longest comes last."""
    yield "results.json", json.dumps(facts(results), ensure_ascii=False, indent=1) + "\n"
    yield "methods.txt", methods(results) + "\n"
    if not results.empty:
        systems = system_table(results)
        yield "systems.tex", latex(results)
        yield "systems.csv", csv_text(systems.columns, systems.rows)
    yield "ratings.csv", table(results.study)
    yield "ratings.jsonl", jsonl(results.study)
    if campaign is not None and results.study.final:
        for name, text in texts_of(answers_of(campaign)).items():
            yield f"training/{name}", text
        for name in (SETTINGS, ITEMS, KEY, RATINGS, LOG):
            source = campaign.path / name
            if source.exists():
                yield f"campaign/{name}", source.read_bytes()
    pictures = drawn(results)
    yield "report.html", html(results, pictures)
    for plot, svg in pictures:
        yield f"plots/{plot.name}.svg", alone(svg)
        yield f"plots/{plot.name}.pdf", plot.pdf()


def facts(results: Results) -> dict[str, Any]:
    """The results as JSON: every number, and what is not known as ``null``."""
    study = results.study
    return {
        "verso": __version__,
        "name": study.name,
        "from": study.source,
        "to": study.target,
        "protocol": study.protocol,
        "systems": list(study.systems),
        "final": study.final,
        "key_sha256": study.key_hash or None,
        "documents": len(study.documents),
        "segments": len(study.segments),
        "reviewers": len(study.reviewers),
        "answers": study.answers,
        "expected": study.expected,
        **{
            field.name: _plain(getattr(results, field.name))
            for field in fields(results)
            if field.name not in _APART
        },
        "automatic": [_plain(score) for score in results.automatic.scores],
        "examples": [
            {
                "document": example.text.document,
                "segment": example.text.segment,
                "source": example.text.source,
                "reference": example.text.reference,
                "gap": example.gap,
                "outputs": [_plain(output) for output in example.outputs],
            }
            for example in results.examples
        ],
        "notes": [*study.notes, *results.automatic.notes],
        "tables": [
            {
                "title": made.title,
                "columns": list(made.columns),
                "rows": [list(r) for r in made.rows],
            }
            for made in tables(results)
        ],
        "methods": methods(results),
    }


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {
            " / ".join(key) if isinstance(key, tuple) else key: _plain(of)
            for key, of in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
