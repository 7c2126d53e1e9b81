"""The rows of a proofreading as HTML, and the form that a row becomes. All text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.proofread import Placed, Proofreading, is_unsure
from trainer.proofread_rows import Row, Side, State
from translator.languages import Language
from translator.tabs import views

# Strokes in a square of 16.
_ICONS = {
    "right": "M2.5 8.5 6.5 12.5 13.5 3.5",
    "split": "M2 8h12M8 5.5V1.5M5.5 4 8 1.5 10.5 4M8 10.5v4M5.5 12 8 14.5 10.5 12",
    "merge": "M2 8h12M8 1v4.5M5.5 3.5 8 6 10.5 3.5M8 15v-4.5M5.5 12.5 8 10 10.5 12.5",
    "edit": "M2.5 13.5 3.3 10.3 11 2.6a1.5 1.5 0 0 1 2.2 2.2L5.6 12.6Z",
    "drop": "M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5",
    "open": "M3 3v4h4M3.5 7A5.2 5.2 0 1 1 3.2 10",
    "up": "M8 13.5v-11M3.5 7 8 2.5 12.5 7",
    "down": "M8 2.5v11M3.5 9 8 13.5 12.5 9",
}


def row(one: Placed, work: Proofreading) -> str:
    """A row: its sentences on both sides, how sure it is, and what can be done."""
    css = {
        "v-flagged": is_unsure(one.row),
        "a-dropped": one.row.state is State.DROPPED,
        "a-alone": not one.row.linked,
    }
    return _article(
        one,
        _cell(one.row, "source", work.source.language)
        + _cell(one.row, "target", work.target.language)
        + _actions(one.row),
        css=" ".join(name for name, on in css.items() if on),
    )


def form(one: Placed, work: Proofreading) -> str:
    """A row with both sides in text areas, a sentence a line."""
    fields = _area(one.row.source, "source", work.source.language) + _area(
        one.row.target, "target", work.target.language
    )
    buttons = (
        '<div class="v-buttons"><button type="button" class="v-button v-primary" data-do="save">'
        'Save<kbd>Ctrl+Enter</kbd></button><button type="button" class="v-button" data-do="leave">'
        "Leave<kbd>Esc</kbd></button></div>"
    )
    return _article(
        one,
        f'{fields}<div class="a-foot"><p>A sentence a line.</p>'
        f'<div class="v-wrong" aria-live="polite"></div>{buttons}</div>',
        css="v-editing",
    )


def _article(one: Placed, body: str, css: str) -> str:
    return (
        f'<article class="v-row a-row {css}" id="bead-{one.row.id}" data-id="{one.row.id}" '
        f'data-state="{one.row.state.value}" tabindex="0" aria-label="Row {one.at + 1}">'
        '<div class="v-number"><button type="button" class="a-number" data-do="show" '
        f'tabindex="-1" title="Show it in the text (g)">{one.at + 1:,}</button>{_how(one.row)}'
        f"</div>{body}</article>"
    )


def _cell(row: Row, side: Side, language: Language) -> str:
    sentences: Sequence[str] = row.source if side == "source" else row.target
    parts = []
    for number, sentence in enumerate(sentences):
        if number:
            parts.append(
                f'<button type="button" class="a-cut" data-do="cut" data-side="{side}" '
                f'data-cut="{number}" tabindex="-1" title="Split the row here" '
                'aria-label="Split the row here"></button>'
            )
        parts.append(views.passage(sentence, language.tag))
    if not sentences:
        parts = ['<div class="a-none">nothing</div>']
        tools = ""
    else:
        tools = (
            '<div class="a-move">'
            + _button("up", "First sentence to the row above (u)", side)
            + _button("down", "Last sentence to the row below (d)", side)
            + "</div>"
        )
    return f'<div class="v-{side} a-cell" data-side="{side}">{"".join(parts)}{tools}</div>'


def _how(row: Row) -> str:
    """What a person said of it, else how sure the aligner is."""
    if row.state is not State.OPEN:
        return f'<span class="a-how a-{row.state.value}">{row.state.value}</span>'
    what = "these belong together" if row.linked else "this stands alone"
    return f'<span class="a-how" title="How likely {what}">{round(100 * row.confidence)} %</span>'


def _actions(row: Row) -> str:
    many = max(len(row.source), len(row.target)) > 1
    buttons = [
        _button("right", "This pair is right (Space)") if row.linked else "",
        _button("edit", "Edit the texts (Enter)"),
        _button("merge", "Merge with the row below it in the text (m)"),
        _button("split", "Split where the lengths fit best (s)") if many else "",
        _button("open", "Bring it back (x)")
        if row.state is State.DROPPED
        else _button("drop", "Leave it out of what is exported (x)"),
    ]
    return f'<div class="a-actions">{"".join(buttons)}</div>'


def _button(do: str, title: str, side: str = "") -> str:
    which = f' data-side="{side}"' if side else ""
    return (
        f'<button type="button" class="a-button" data-do="{do}"{which} tabindex="-1" '
        f'title="{title}" aria-label="{title}"><svg viewBox="0 0 16 16" aria-hidden="true">'
        f'<path d="{_ICONS[do]}"/></svg></button>'
    )


def _area(sentences: Sequence[str], side: Side, language: Language) -> str:
    text = views.escape("\n".join(sentences))
    return (
        f'<div class="v-{side} v-edit"><textarea class="v-passage" data-side="{side}" '
        f'lang="{views.escape(language.tag)}" dir="{language.direction}" spellcheck="true" '
        f'aria-label="{side.capitalize()}">\n{text}</textarea></div>'
    )
