"""The proofreading of an alignment around its rows: head, filters, pages."""

from __future__ import annotations

from trainer.alignments import Alignment
from trainer.proofread import LEAST, Placed, Proofreading
from trainer.tabs import align_rows
from translator.tabs import views
from translator.wording import plural

PAGE = 50  # rows
SHOWN = {
    "all": "All",
    "unsure": "To look at",
    "alone": "One side only",
    "changed": "Changed",
    "dropped": "Dropped",
}

# What the script fills; it is empty and hidden until an alignment is opened.
SHELL = (
    '<section id="align-panel" aria-label="Proofread an alignment" hidden>'
    '<div id="align-head"></div><div id="align-said" aria-live="polite"></div>'
    '<div id="align-chips"></div><div id="align-tools"></div>'
    '<div id="align-rows"></div></section>'
)


def head(one: Alignment, work: Proofreading) -> str:
    """The two editions, how many pairs there are, and what can be done with them."""
    counts = work.counts()
    seen = counts["right"] + counts["changed"] + counts["dropped"]
    facts = views.figures(
        (
            f"{work.source.language.name} → {work.target.language.name}",
            plural(len(work.pairs()), "pair"),
            f"{seen:,} of {counts['all']:,} rows seen",
        )
    )
    address = f"alignments/{one.id}"
    undo = (
        f'<button type="button" class="v-button" data-do="undo"{_off(not work.steps)}>Undo</button>'
    )
    links = (
        f'<a class="v-button" href="{address}/pairs.tmx" download>Export TMX</a>'
        f'<a class="v-button" href="{address}/pairs.jsonl" download>Export JSONL</a>'
    )
    return (
        '<header><a class="v-button" href="#" data-do="close">← Train</a>'
        f"<div><h3>{views.escape(one.about.title)}</h3>{facts}</div>"
        f'<div class="v-buttons">{undo}{links}</div></header>'
    )


def chips(work: Proofreading, shown: str) -> str:
    """What to show, with how many there are of each."""
    counts = work.counts()
    return "".join(
        f'<button type="button" class="v-chip" data-shown="{name}" '
        f'aria-pressed="{str(name == shown).lower()}">{label}<b>{counts[name]:,}</b></button>'
        for name, label in SHOWN.items()
        if counts[name] or name in ("all", "unsure", shown)
    )


def tools(text: str, order: str) -> str:
    """The search, the order, and what is exported."""
    return (
        '<label>Text<input type="search" name="text" maxlength="200" '
        f'value="{views.escape(text)}" placeholder="in either language"></label>'
        '<label>Order<select name="order">'
        f'<option value="text"{_selected(order == "text")}>As in the book</option>'
        f'<option value="confidence"{_selected(order == "confidence")}>Least sure first</option>'
        "</select></label>"
        '<p class="a-note">Exported: pairs that you saw, and the others from '
        f"{LEAST:.0%} sure on.</p>"
    )


def listing(rows: list[Placed], work: Proofreading, first: int, total: int) -> str:
    """A page of rows."""
    if not rows:
        return '<p class="v-empty">No row is like that.</p>'
    turn = '<button type="button" class="v-button" data-first="{}"{}>{}</button>'
    last = first + len(rows)
    where = f"<span>{plural(total, 'row')}</span>"
    if total > PAGE:
        where = (
            turn.format(max(0, first - PAGE), _off(not first), "Previous")
            + f"<span>{first + 1:,}–{last:,} of {total:,}</span>"
            + turn.format(last, _off(last >= total), "Next")
        )
    keys = "".join(
        f"<span><kbd>{key}</kbd>{what}</span>"
        for key, what in (
            ("Space", "right"), ("n", "next to look at"), ("← →", "side"), ("u", "first up"),
            ("d", "last down"), ("m", "merge"), ("s", "split"), ("x", "drop"), ("Enter", "edit"),
            ("g", "show in the text"), ("z", "undo"),
        )
    )  # fmt: skip
    pager = f'<nav class="v-pager" aria-label="Pages">{where}</nav>'
    return (
        f'{pager if total > PAGE else ""}<div class="v-rows">'
        f"{''.join(align_rows.row(one, work) for one in rows)}</div>{pager}"
        f'<p class="v-keys a-keys">{keys}</p>'
    )


def _off(off: bool) -> str:
    return " disabled" if off else ""


def _selected(chosen: bool) -> str:
    return " selected" if chosen else ""
