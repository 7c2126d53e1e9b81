"""The rows of a proofreading as HTML, and the form that a row becomes. All text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.proofread import UNSURE, Placed, Proofreading
from trainer.proofread_rows import Row, Side, State
from translator.languages import Language
from translator.tabs import views

_WORDS = {State.RIGHT: "right", State.CHANGED: "changed", State.DROPPED: "dropped"}


def row(one: Placed, work: Proofreading) -> str:
    """A row: its sentences on both sides, how sure it is, and what can be done."""
    return _article(
        one,
        _cell(one.row, "source", work.source.language)
        + _cell(one.row, "target", work.target.language)
        + f'<div class="v-how">{_how(one.row)}{_actions(one.row)}</div>',
        css=" ".join(
            name
            for name, on in (
                ("v-flagged", one.row.state is State.OPEN and one.row.confidence < UNSURE),
                ("a-dropped", one.row.state is State.DROPPED),
                ("a-alone", not one.row.linked),
            )
            if on
        ),
    )


def form(one: Placed, work: Proofreading) -> str:
    """A row with both sides in text areas, a sentence a line."""
    fields = _area(one.row.source, "source", work.source.language) + _area(
        one.row.target, "target", work.target.language
    )
    buttons = (
        '<div class="v-buttons"><button type="button" class="v-button v-primary" data-do="save">'
        'Save<kbd>Ctrl+Enter</kbd></button><button type="button" class="v-button" data-do="leave">Leave<kbd>Esc</kbd>'
        "</button>"
    )
    return _article(
        one,
        f'{fields}<div class="v-how">A sentence a line.</div><div class="a-foot">'
        f'<div class="v-wrong" aria-live="polite"></div>{buttons}</div>',
        css="v-editing",
    )


def _article(one: Placed, body: str, css: str) -> str:
    return (
        f'<article class="v-row a-row {css}" id="bead-{one.row.id}" data-id="{one.row.id}" '
        f'data-state="{one.row.state.value}" tabindex="0" aria-label="Row {one.at + 1}">'
        f'<div class="v-number">{one.at + 1:,}</div>{body}</article>'
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
            + _button("up", "↑", "First sentence to the row above", side)
            + _button("down", "↓", "Last sentence to the row below", side)
            + "</div>"
        )
    return f'<div class="v-{side} a-cell" data-side="{side}">{"".join(parts)}{tools}</div>'


def _how(row: Row) -> str:
    if row.state is not State.OPEN:
        css = {State.DROPPED: "v-failed", State.RIGHT: "v-kept"}.get(row.state, "v-edited")
        return f'<span class="v-badge {css}">{_WORDS[row.state]}</span>'
    percent = round(100 * row.confidence)
    said = "v-check" if row.confidence < UNSURE else "v-origin"
    what = "sure" if row.linked else "sure that it stands alone"
    return f'<span class="{said}">{percent} % {what}</span>'


def _actions(row: Row) -> str:
    buttons = []
    if row.state is not State.RIGHT and row.linked:
        buttons.append(_button("right", "Right", "This pair is right (Space)"))
    if max(len(row.source), len(row.target)) > 1:
        buttons.append(_button("split", "Split", "Split where the lengths fit best (s)"))
    buttons.append(_button("merge", "Merge", "Merge with the row below (m)"))
    buttons.append(_button("edit", "Edit", "Edit the texts (Enter)"))
    if row.state is State.DROPPED:
        buttons.append(_button("open", "Bring back", "Bring back (x)"))
    else:
        buttons.append(_button("drop", "Drop", "Leave it out of what is exported (x)"))
    return f'<div class="a-actions">{"".join(buttons)}</div>'


def _button(do: str, label: str, title: str, side: str = "") -> str:
    which = f' data-side="{side}"' if side else ""
    name = f' aria-label="{views.escape(title)}"' if side else ""
    return (
        f'<button type="button" class="a-button" data-do="{do}"{which}{name} tabindex="-1" '
        f'title="{views.escape(title)}">{label}</button>'
    )


def _area(sentences: Sequence[str], side: Side, language: Language) -> str:
    text = views.escape("\n".join(sentences))
    return (
        f'<div class="v-{side} v-edit"><textarea class="v-passage" data-side="{side}" '
        f'lang="{views.escape(language.tag)}" dir="{language.direction}" spellcheck="true" '
        f'aria-label="{side.capitalize()}">\n{text}</textarea></div>'
    )
