"""The list of corpora and of builds at work, as HTML."""

from __future__ import annotations

from trainer.background import Status
from trainer.corpora import Entry
from translator.tabs import views
from translator.wording import plural

_EMPTY = (
    '<div class="v-card v-welcome"><h3>No texts yet</h3><p>Choose sentence pairs on the left: '
    "Moses files (<em>talks.en</em> beside <em>talks.de</em>), TMX, TSV, CSV, JSONL, or a ZIP of "
    "them. They are cleaned and split into train, dev and test, and every pair that is left out "
    "is listed with its reason. Of two editions of a book, sentence pairs are made below.</p></div>"
)


def listing(entries: list[Entry], chosen: str) -> str:
    """All corpora; ``chosen`` is the folder of the one to train on."""
    if not entries:
        return _EMPTY
    return "".join(_card(entry, str(entry.folder) == chosen) for entry in entries)


def _card(entry: Entry, chosen: bool) -> str:
    corpus = entry.corpus
    current = ' aria-current="true"' if chosen else ""
    badge = '<span class="v-badge v-kept">chosen</span>' if chosen and corpus else ""
    facts = body = ""
    buttons = ""
    if corpus:
        report = corpus.report
        pair = report["languages"]
        both = ", both directions" if corpus.settings.get("both") else ""
        lines = report["lines"]
        facts = views.figures(
            (
                "; ".join(views.language_pair(pair["from"], to) for to in pair["to"]) + both,
                f"{plural(lines['train'], 'line')} to train on",
                f"{lines['dev']:,} dev",
                f"{lines['test']:,} test",
            )
        )
        left = sum(row["pairs"] for row in report["removed"].values())
        body = f'<p class="v-sentence">{_left_out(left, report["read"])}</p>'
        if not chosen:
            buttons = views.button("Train on this", "choose", entry.name, kind="v-primary")
        buttons += views.button("Look inside", "look", entry.name)
    body += running(entry.status) if entry.status.state != "done" or not corpus else ""
    if entry.status.running:
        buttons += views.button("Stop", "stop", entry.name)
    else:
        buttons += views.button("Build another", "again", entry.name)
        buttons += views.button(
            "Delete", "delete", entry.name, kind="v-danger",
            confirm=f"Delete the corpus “{entry.name}” and the texts that were sent for it?",
        )  # fmt: skip
    return (
        f'<article class="v-card v-corpus" data-name="{views.escape(entry.name)}"{current}>'
        f"<header><h3>{views.escape(entry.name)}</h3>{badge}</header>{facts}{body}"
        f'<div class="v-buttons">{buttons}</div></article>'
    )


def running(status: Status) -> str:
    """How far some work is, or how it ended."""
    if status.running:
        return (
            f'<p class="v-sentence">{views.escape(status.text)} …</p>'
            + views.progress(status.fraction, status.text)
        )  # fmt: skip
    if status.state == "failed":
        return views.notice(status.message, status.hint, kind="error")
    return views.notice("Stopped.")


def _left_out(left: int, read: int) -> str:
    if not left:
        return f"All {read:,} pairs that were read are in it."
    return f"{left:,} of {read:,} pairs were left out ({left / max(read, 1):.1%})."
