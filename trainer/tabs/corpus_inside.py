"""What is in a corpus: counts, what was left out with examples, lengths, samples, licences."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse

from trainer import corpus_show
from trainer.corpora import Entry
from trainer.corpus import REPORT, Corpus
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

REMOVED = "removed.jsonl.gz"
_FILES = {REPORT: "application/json", REMOVED: "application/gzip"}
_EXAMPLES = 3  # of each rule
_LOOKED_AT = 20_000  # removed pairs
_SAMPLES = 6
_LONGEST = 300  # characters of a text

# What a rule of the report is called on the page.
_RULES = {
    "empty": "one side is empty",
    "letters": "no letters",
    "untranslated": "not translated",
    "markup": "left-over tags or broken characters",
    "too-long": "too long",
    "length-ratio": "lengths do not fit",
    "wrong-language": "wrong language",
    "numbers": "numbers differ",
    "duplicate": "duplicate",
    "near-duplicate": "nearly a duplicate",
    "held-out": "shares text with a held-out set",
    "in-dev-or-test": "shares text with dev or test",
    "mix": "more than the weights ask for",
    "weight": "a weight of 0",
    "unreadable": "cannot be read",
}


def routes(context: AppContext) -> APIRouter:
    """``/corpora/NAME/report.json`` and ``…/removed.jsonl.gz``, for the browser whose it is."""
    router = APIRouter()

    @router.get("/corpora/{name}/{file}")
    def fetch(name: str, file: str, request: Request) -> FileResponse:
        if file not in _FILES:
            raise HTTPException(404)
        try:
            entry = OwnTexts(context, owner_of(request)).corpus(name)
        except InputError as error:
            raise HTTPException(404) from error
        path = entry.folder / file
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, filename=f"{entry.name}.{file}", media_type=_FILES[file])

    return router


def inside(entry: Entry) -> str:
    """A card about a corpus. Raises :class:`InputError` if there is none yet."""
    if entry.corpus is None:
        raise InputError("This corpus is not built yet.")
    corpus = entry.corpus
    report = corpus.report
    links = "".join(
        f'<a class="v-button" href="corpora/{views.escape(entry.name)}/{file}" download>{label}</a>'
        for file, label in ((REPORT, "Report"), (REMOVED, "All that was left out"))
    )
    return (
        f'<article class="v-card v-inside"><header><h3>Inside {views.escape(entry.name)}</h3>'
        f"{views.button('Close', 'close', '')}</header>"
        + _parts(report)
        + _removed(corpus)
        + _lengths(report)
        + _samples(corpus)
        + _licences(report)
        + f'<div class="v-buttons">{links}</div></article>'
    )


def _parts(report: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{name}</th><td>{part['pairs']:,}</td><td>{part['documents']:,}</td>"
        f"<td>{part['characters']['source']:,}</td><td>{part['characters']['target']:,}</td></tr>"
        for name, part in report["parts"].items()
    )
    return (
        '<div class="v-tablet"><table><thead><tr><th>Part</th><th>Pairs</th><th>Documents</th>'
        "<th>Source characters</th><th>Target characters</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _removed(corpus: Corpus) -> str:
    removed = corpus.report["removed"]
    if not removed:
        return '<h4>Left out</h4><p class="v-sentence">Nothing.</p>'
    examples = _examples(corpus)
    folds = "".join(
        f"<details><summary><span>{views.escape(_RULES.get(rule, rule))}</span>"
        f"<b>{row['pairs']:,}</b><span>{row['share']:.2%}</span></summary>"
        + "".join(examples[rule])
        + "</details>"
        for rule, row in removed.items()
    )
    return f'<h4>Left out</h4><div class="v-rules">{folds}</div>'


def _examples(corpus: Corpus) -> dict[str, list[str]]:
    """The first removed pairs of each rule."""
    found: dict[str, list[str]] = defaultdict(list)
    with gzip.open(corpus.folder / REMOVED, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number >= _LOOKED_AT:
                break
            row = json.loads(line)
            if len(found[row["rule"]]) < _EXAMPLES:
                found[row["rule"]].append(_example(row))
    return found


def _example(row: dict[str, Any]) -> str:
    where = f"{row['file']}, line {row['line']}" if row["line"] else row["file"]
    detail = f"like {row['detail']}" if row["rule"] == "near-duplicate" else row["detail"]
    said = views.figures((detail, where))
    if "text" in row:
        return said + views.passage(_short(row["text"]), "")
    return said + _pair(row)


def _lengths(report: dict[str, Any]) -> str:
    rows = report["parts"]["train"]["lengths"]
    most = max((count for side in rows.values() for _, count in side), default=0) or 1
    bars = "".join(
        f'<div title="{_label(bound)}: {a:,} source, {b:,} target texts">'
        f'<i style="height:{a / most:.1%}"></i><i style="height:{b / most:.1%}"></i>'
        f"<span>{bound or 'more'}</span></div>"
        for (bound, a), (_, b) in zip(rows["source"], rows["target"], strict=True)
    )
    return (
        '<h4>Lengths of the texts to train on <span class="v-sides"><i></i>source <i></i>target'
        "</span></h4>"
        f'<div class="v-histogram" role="img" aria-label="How many texts have which length, '
        f'in letters">{bars}</div>'
    )


def _label(bound: int) -> str:
    return f"up to {bound:,} letters" if bound else "longer"


def _samples(corpus: Corpus) -> str:
    rows = corpus_show.samples(corpus, _SAMPLES, seed=1)
    return "<h4>Drawn at random</h4>" + "".join(map(_pair, rows))


def _pair(row: dict[str, Any]) -> str:
    return (
        f'<div class="v-preview">{views.passage(_short(row["source"]), row["from"])}'
        f"{views.passage(_short(row['target']), row['to'])}</div>"
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"


def _licences(report: dict[str, Any]) -> str:
    items = "".join(
        f"<li><strong>{views.escape(row['origin'])}</strong>"
        + views.figures(
            (
                f"{row['pairs']:,} pairs",
                row["licence"] or "licence not stated",
                row["attribution"],
            )
        )
        + "</li>"
        for row in report["licences"]
    )
    return f'<h4>Origins</h4><ul class="v-list">{items}</ul>'
