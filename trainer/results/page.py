"""The results as one HTML file that needs nothing else, and as a LaTeX table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from trainer.evaluate_tables import Table
from trainer.results.drawing import Plot
from trainer.results.examples import Example, Rated
from trainer.results.methods import methods
from trainer.results.plots import drawn
from trainer.results.results import Results
from trainer.results.tables import number, system_table, tables
from trainer.statistics.data import Mark
from translator import languages
from translator.errors import InputError

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "^": r"\textasciicircum{}", "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%",
    "–": "--", "−": "$-$", "±": r"$\pm$", "\n": " ",
}  # fmt: skip

_LONG = 24  # characters of a cell that may break

_CSS = """
:root { color-scheme: light dark; --paper: #faf8f3; --ink: #1e2321; --soft: #5a625e;
  --rule: #dedacd; --accent: #17605a; --minor: #fbf1da; --major: #f6cfc8; }
@media (prefers-color-scheme: dark) { :root { --paper: #141716; --ink: #e9e7e0; --soft: #a6aca7;
  --rule: #353b38; --accent: #74c7ba; --minor: #4a3d1c; --major: #5c2b26; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
p { overflow-wrap: anywhere; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1, h2, blockquote { font-family: "Iowan Old Style", Palatino, "Noto Serif", Georgia, serif; }
h1 { font-size: 2rem; margin: 0 0 .25rem; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
p.lead { color: var(--soft); margin-top: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th { text-align: start; font-weight: 600; color: var(--soft); }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th, td:not(.long) { white-space: nowrap; } td.long { min-width: 11rem; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure svg { min-width: 34rem; }
figcaption { color: var(--soft); font-size: .92rem; }
section.example { border-top: 1px solid var(--rule); padding: 1rem 0; }
section.example p { margin: .3rem 0; } .label { color: var(--soft); font-size: .88rem; }
blockquote { margin: .2rem 0 .9rem; font-size: 1.06rem; white-space: pre-wrap; }
mark { color: inherit; background: var(--minor); border-radius: 3px; }
mark.major, mark.critical { background: var(--major); }
"""


def html(results: Results, pictures: Sequence[tuple[Plot, str]] | None = None) -> str:
    """A report in one file: numbers, pictures, examples, method.

    ``pictures`` are as :func:`trainer.results.plots.drawn` gives them; it is asked if there are
    none.
    """
    study = results.study
    shown = drawn(results) if pictures is None else pictures
    found = tables(results)  # the first says what came out
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(study.name)}</title><style>{_CSS}</style></head><body><main>",
        f"<h1>{escape(study.name)}</h1>",
        f'<p class="lead">{escape(results.summary)}</p>',
        *map(_table, found[:1]),
        *(_figure(plot.title, svg) for plot, svg in shown),
        *map(_table, found[1:]),
        *_examples(results.examples, study.source, study.target),
        "<h2>Method</h2>",
        f"<p>{escape(methods(results))}</p>",
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def latex(results: Results) -> str:
    """The main table for a paper (packages: booktabs)."""
    table = system_table(results)
    columns = "l" + "r" * (len(table.columns) - 1)
    lines = [
        r"\begin{table}[t]",
        r"\centering",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(tex(column) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(tex(cell) for cell in row) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{tex(table.title)}.}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def tex(text: str) -> str:
    """A text that LaTeX sets as it is, whatever characters are in it."""
    return "".join(_LATEX.get(character, character) for character in text)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    look = ' class="long"' if len(text) > _LONG else ""
    return f"<td{look}>{escape(text)}</td>"


def _figure(title: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>"


def _examples(examples: Sequence[Example], source: str, target: str) -> list[str]:
    if not examples:
        return []
    parts = ["<h2>Where the systems differ most</h2>"]
    for example in examples:
        text = example.text
        parts.append('<section class="example">')
        where = f"{text.document}, segment {text.segment}"
        parts.append(f'<p class="label">{escape(where)}</p>')
        parts.append(_quote(escape(text.source), source))
        if text.reference:
            parts.append('<p class="label">Reference</p>' + _quote(escape(text.reference), target))
        for output in example.outputs:
            label = f"{output.system}: {number(output.score)}"
            parts.append(f'<p class="label">{escape(label)}</p>' + _quote(marked(output), target))
        parts.append("</section>")
    return parts


def _quote(inner: str, language: str) -> str:
    return f"<blockquote{_said_in(language)}>{inner}</blockquote>"


def _said_in(language: str) -> str:
    try:
        found = languages.get(language)
    except InputError:
        return ' dir="auto"'
    return f' lang="{found.tag}" dir="{found.direction}"'


def marked(output: Rated) -> str:
    """An output's text with the errors that anybody marked, the graver one where two overlap."""
    grave = [0] * len(output.text)
    for mark in output.marks:
        for at in range(max(mark.start, 0), min(mark.end, len(grave))):
            grave[at] = max(grave[at], _gravity(mark))
    parts, start = [], 0
    for at in range(1, len(grave) + 1):
        if at == len(grave) or grave[at] != grave[start]:
            piece = escape(output.text[start:at])
            look = ("", "minor", "major", "critical")[grave[start]]
            parts.append(f'<mark class="{look}">{piece}</mark>' if look else piece)
            start = at
    missing = sum(mark.start < 0 for mark in output.marks)
    note = f' <mark class="major">[missing{f" ×{missing}" if missing > 1 else ""}]</mark>'
    return "".join(parts) + (note if missing else "")


def _gravity(mark: Mark) -> int:
    return ("minor", "major", "critical").index(mark.severity) + 1
