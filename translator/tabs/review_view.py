"""The review panel around its rows: head, filters, pages."""

from __future__ import annotations

from pathlib import Path

from translator import markup
from translator.prompts import UNKNOWN
from translator.records import Counts, Job, JobState
from translator.review import SHOWN, Chapter, Filter, Row, Summary
from translator.tabs import review_rows, views
from translator.wording import plural

PAGE = 50  # rows
_LONGEST_TITLE = 60

# What the script fills; it is empty and hidden until a review is opened.
SHELL = (
    '<section id="review-panel" aria-label="Review" hidden>'
    '<div id="review-head"></div><div id="review-said" aria-live="polite"></div>'
    '<div id="review-chips"></div><div id="review-tools"></div>'
    '<div id="review-list"></div></section>'
)

_PARTS = {"opf": "Title and description", "ncx": "Contents"}
_LABELS = {
    "all": "All",
    "flagged": "To look at",
    "failed": "Failed",
    "translated": "Translated",
    "kept": "Left as is",
    "edited": "Edited",
    "waiting": "Waiting",
}


def head(job: Job, model: str, summary: Summary, counts: Counts) -> str:
    """The book, how it stands, and what can be done with the whole of it."""
    source = "" if job.source_language == UNKNOWN else views.language_name(job.source_language)
    facts = views.figures(
        (
            f"{source or 'Unknown language'} → {views.language_name(job.target_language)}",
            model,
            plural(summary.shown["all"], "segment"),
        )
    )
    said, buttons = _state(job, summary, counts)
    return (
        '<header><a class="v-button" href="#" data-do="close">← Books</a>'
        f"<div><h3>{views.escape(job.title)}</h3>{facts}</div>"
        f'<div class="v-buttons">{buttons}</div></header><div class="v-state">{said}</div>'
    )


def _state(job: Job, summary: Summary, counts: Counts) -> tuple[str, str]:
    """How the job stands, and the buttons for that."""
    links = ""
    if job.written is not None and Path(job.output).is_file():
        links = (
            f'<a class="v-button" href="books/{job.id}/book" download>Download book</a>'
            f'<a class="v-button" href="books/{job.id}/report" download>Report</a>'
        )
    write = '<button type="button" class="v-button v-primary" data-do="write">{}</button>'
    said = ""
    if job.state is JobState.RUNNING or job.state is JobState.QUEUED:
        doing = (job.phase or "starting").capitalize()
        if job.state is JobState.QUEUED:
            doing = "Waits for its turn"
        done = f"{counts.done:,} of {counts.total:,} segments" if counts.total else ""
        fraction = counts.words_done / counts.words if counts.words else None
        said = views.figures((doing, done)) + views.progress(fraction, "Progress")
    elif job.state is JobState.FAILED:
        said = views.notice(job.error, "Everything translated so far is kept.", kind="error")
    elif job.state is not JobState.DONE:
        said = views.notice(
            f"This book is {job.state.value}.", "Resume it on its card to finish and write it."
        )
    elif summary.unwritten:
        said = views.notice(
            f"{plural(summary.unwritten, 'edit')} "
            f"{'is' if summary.unwritten == 1 else 'are'} not in the written book yet.",
            kind="warning",
        )
        links = write.format("Write the book again") + links
    return said, links


def ended(job: Job, counts: Counts) -> str:
    """How the work on a book ended, for those who watched it."""
    if job.state is not JobState.DONE:
        return ""
    if not counts.failed:
        return views.notice("The book is written, with every translation in it.")
    return views.notice(
        f"The book is written, but {plural(counts.failed, 'segment')} could not be translated.",
        kind="warning",
    )


def chips(summary: Summary, asked: Filter) -> str:
    """What to show, with how many there are of each."""
    return "".join(
        f'<button type="button" class="v-chip" data-shown="{name}" '
        f'aria-pressed="{str(name == asked.shown).lower()}">{_LABELS[name]}'
        f"<b>{summary.shown[name]:,}</b></button>"
        for name in SHOWN
        if summary.shown[name] or name in ("all", "flagged", asked.shown)
    )


def tools(summary: Summary, chapters: list[Chapter], asked: Filter, takes_notes: bool) -> str:
    """The narrower filters, and what is done to all that they show."""
    checks = _select(
        "check",
        "Finding",
        [("", "Any or none")]
        + [(n, f"{review_rows.check_name(n)} ({c:,})") for n, c in summary.checks.items()],
        asked.check,
    )
    parts = [
        (chapter.section, f"{_title(chapter, n)} ({chapter.segments:,})")
        for n, chapter in enumerate(chapters, 1)
    ]
    where = ""
    if len(parts) > 1:
        every = ("\n", "Whole book")  # no section has a line end for a name
        chosen = "\n" if asked.section is None else asked.section
        where = _select("section", "Chapter", [every, *parts], chosen)
    note = (
        '<label>Note to the model<input id="review-note" maxlength="300" '
        'placeholder="optional, e.g. more formal"></label>'
        if takes_notes
        else ""
    )
    return (
        f'{checks}{where}<label>Text<input type="search" name="text" maxlength="200" '
        f'value="{views.escape(asked.text)}" placeholder="in source or target"></label>'
        f'<div class="v-these">{note}<button type="button" class="v-button" data-do="these">'
        "Translate these again</button></div>"
    )


def listing(rows: list[Row], job: Job, chapters: list[Chapter], first: int, total: int) -> str:
    """A page of segments, with the titles of the chapters between them."""
    if not rows:
        return '<p class="v-empty">No segment is like that.</p>'
    titles = {chapter.section: _title(chapter, n) for n, chapter in enumerate(chapters, 1)}
    parts: list[str] = []
    section: str | None = None
    for one in rows:
        if one.entry.segment.section != section and len(chapters) > 1:
            section = one.entry.segment.section
            parts.append(f'<h4 class="v-chapter">{views.escape(titles.get(section, ""))}</h4>')
        parts.append(review_rows.row(one, job))
    last = first + len(rows)
    turn = '<button type="button" class="v-button" data-first="{}"{}>{}</button>'
    where = f"<span>{plural(total, 'segment')}</span>"
    if total > PAGE:
        where = (
            turn.format(max(0, first - PAGE), "" if first else " disabled", "Previous")
            + f"<span>{first + 1:,}–{last:,} of {total:,}</span>"
            + turn.format(last, "" if last < total else " disabled", "Next")
        )
    pager = (
        f'<nav class="v-pager" aria-label="Pages" data-total="{total}">{where}'
        + '<span class="v-keys"><kbd>n</kbd> next to look at <kbd>p</kbd> the one before '
        "<kbd>Enter</kbd> edit</span></nav>"
    )
    return f'{pager}<div class="v-rows">{"".join(parts)}</div>{pager if total > PAGE else ""}'


def _title(chapter: Chapter, number: int) -> str:
    title = " ".join(markup.plain(chapter.title).split())
    if len(title) > _LONGEST_TITLE:
        title = title[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"
    name = chapter.section.rsplit("/", 1)[-1]
    return title or _PARTS.get(name.rsplit(".", 1)[-1], name) or f"Part {number}"


def _select(name: str, label: str, choices: list[tuple[str, str]], chosen: str) -> str:
    options = "".join(
        f'<option value="{views.escape(value)}"{" selected" if value == chosen else ""}>'
        f"{views.escape(text)}</option>"
        for value, text in choices
    )
    return f'<label>{label}<select name="{name}">{options}</select></label>'
