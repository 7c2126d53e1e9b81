"""A card for each book: how far it is or how it ended, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from translator import markup
from translator.errors import VersoError
from translator.prompts import UNKNOWN
from translator.records import Counts, Job, JobState
from translator.review import Filter, Review, unwritten_edits
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owns
from translator.tabs.review_rows import why_failed
from translator.wording import plural

_MOST = 50
_PREVIEW = 3
_NAMED = 3  # failed segments
_LONGEST = 160  # characters of one
_WORDS = {
    JobState.QUEUED: "waiting",
    JobState.RUNNING: "translating",
    JobState.PAUSED: "paused",
    JobState.CANCELLED: "cancelled",
    JobState.DONE: "done",
    JobState.FAILED: "stopped by an error",
}
_EMPTY = (
    '<div class="v-card v-welcome"><h3>No books yet</h3><p>Choose a file on the left and press '
    "Start. The book appears here with its progress, and later to be fetched. Closing this page "
    "does not stop it.</p></div>"
)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What a card must know of all jobs: who waits, in their order, and edits not written yet."""

    queue: list[str]
    edits: dict[str, int]


class BookCards:
    """Draws the list of books."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        # A report holds every segment of its book: read it once, not at every tick.
        self._problems = lru_cache(maxsize=_MOST)(self._read_problems)

    def all(self, owner: str) -> str:
        """The cards of all books that this browser may see, the newest first."""
        every = self._context.jobs.jobs()
        jobs = [job for job in every if owns(self._context, job.id, owner)]
        if not jobs:
            return _EMPTY
        shelf = _Shelf(
            [job.id for job in every if job.state is JobState.QUEUED],
            unwritten_edits(self._context.jobs.store, [job.id for job in jobs]),
        )
        jobs.sort(key=lambda job: job.created, reverse=True)
        more = ""
        if len(jobs) > _MOST:
            more = f'<p class="v-empty">{len(jobs) - _MOST} older books are not shown.</p>'
        return "".join(self._card(job, shelf) for job in jobs[:_MOST]) + more

    def _card(self, job: Job, shelf: _Shelf) -> str:
        kind = {JobState.DONE: "v-kept", JobState.FAILED: "v-failed"}.get(job.state, "")
        source = "" if job.source_language == UNKNOWN else job.source_language
        languages = (
            f"{views.language_name(source) if source else 'Unknown language'} → "
            f"{views.language_name(job.target_language)}"
        )
        return (
            f'<article class="v-card v-book" data-job="{views.escape(job.id)}" '
            f'data-state="{job.state.value}"><header><h3>{views.escape(job.title)}</h3>'
            f'<span class="v-badge {kind}">{_WORDS[job.state]}</span></header>'
            + views.figures((languages, plural(job.words, "word"), self._model(job)))
            + self._body(job, shelf)
            + "</article>"
        )

    def _model(self, job: Job) -> str:
        try:
            return self._context.registry.get(job.model).name
        except VersoError:
            return job.model  # removed since

    def _body(self, job: Job, shelf: _Shelf) -> str:
        counts = self._context.jobs.store.counts(job.id)
        if job.state is JobState.RUNNING:
            return self._running(job, counts)
        after = f" after {counts.done:,} of {counts.total:,} segments" if counts.total else ""
        if job.state is JobState.QUEUED:
            place = shelf.queue.index(job.id)
            said = "Waits for its turn" if place == 0 else f"Number {place + 1} in the queue"
            if counts.done:
                said = f"{said}; goes on{after}"
            buttons = views.button("Pause", "pause", job.id) + views.button(
                "Cancel", "cancel", job.id
            )
            return f'<p class="v-sentence">{said}.</p>{_row(buttons + _review(job, counts))}'
        if job.state is JobState.DONE:
            return self._done(job, counts, shelf.edits.get(job.id, 0))
        bar = views.progress(counts.done / counts.total, "Progress") if counts.total else ""
        buttons = (
            views.button("Resume", "resume", job.id, kind="v-primary")
            + _review(job, counts)
            + _delete(job)
        )
        if job.state is JobState.FAILED:
            said = views.notice(
                job.error or "It ended with an error.",
                "Everything translated so far is kept; Resume tries again.",
                kind="error",
            )
            return said + bar + _row(buttons)
        how = "Paused" if job.state is JobState.PAUSED else "Cancelled"
        return (
            f'<p class="v-sentence">{how}{after}; what is translated is kept.</p>{bar}'
            f"{_row(buttons)}"
        )

    def _running(self, job: Job, counts: Counts) -> str:
        fraction = counts.words_done / counts.words if counts.words else None
        bar = views.progress(fraction, "Progress")
        stopping = bool(job.wish)
        facts = views.figures(
            (
                "Stopping" if stopping else (job.phase or "starting").capitalize(),
                f"{counts.done:,} of {counts.total:,} segments" if counts.total else "",
                f"{job.speed:,.1f} tokens a second" if job.speed else "",
                _left(job.eta),
                f"{counts.failed} failed" if counts.failed else "",
            )
        )
        preview = "".join(
            views.passage(markup.plain(entry.segment.text), job.source_language)
            + views.passage(markup.plain(entry.translation.text), job.target_language)
            for entry in self._context.jobs.store.recent(job.id, _PREVIEW)
            if entry.translation is not None
        )
        if preview:
            preview = f'<div class="v-preview" aria-label="Translated last">{preview}</div>'
        buttons = ""
        if not stopping:
            buttons = views.button("Pause", "pause", job.id) + views.button(
                "Cancel", "cancel", job.id
            )
        return bar + facts + preview + _row(buttons + _review(job, counts))

    def _done(self, job: Job, counts: Counts, edits: int) -> str:
        took = ""
        if job.started is not None and job.finished is not None and job.speed:
            took = f" in {views.duration(job.finished - job.started)}"
        kept = f", {counts.kept:,} left as they are" if counts.kept else ""
        if counts.failed:
            said = views.notice(
                f"Finished{took}, but {plural(counts.failed, 'segment')} of {counts.total:,} "
                "could not be translated.",
                "They stand in the source language:",
                kind="warning",
            ) + self._failed(job, counts.failed)
        else:
            said = (
                f'<p class="v-sentence">Finished{took}: {counts.translated:,} segments '
                f"translated{kept}, none missing.</p>"
            )
        for problem in self._problems(job.id, job.finished or 0.0):
            said += views.notice(problem, kind="warning")
        buttons = _download(job)
        if counts.failed:
            these = "this one" if counts.failed == 1 else f"these {counts.failed:,}"
            buttons += views.button(f"Retry {these}", "retry", job.id)
        if edits:
            said += views.notice(
                f"{plural(edits, 'edit')} {'is' if edits == 1 else 'are'} not in the written "
                "book yet.",
                kind="warning",
            )
            buttons = views.button("Write the book again", "write", job.id) + buttons
        return said + _row(buttons + _review(job, counts) + _delete(job))

    def _failed(self, job: Job, count: int) -> str:
        """The first failed segments with their reasons."""
        failed = Review(self._context.jobs.store, job.id).rows(Filter("failed"), 0, _NAMED)
        items = "".join(
            f"<li>{views.passage(_beginning(row.entry.segment.text), job.source_language)}"
            f'<span class="v-reason">{views.escape(why_failed(row.entry.translation))}</span></li>'
            for row in failed
            if row.entry.translation is not None
        )
        more = f"<li>and {count - len(failed):,} more</li>" if count > len(failed) else ""
        return f'<ul class="v-failures">{items}{more}</ul>'

    def _read_problems(self, job_id: str, finished: float) -> tuple[str, ...]:
        """What is wrong with the written book as a whole. ``finished`` tells runs apart."""
        report = self._context.jobs.report(job_id)
        return tuple(map(str, report["problems"])) if report else ()


def _left(eta: float | None) -> str:
    if eta is None:
        return ""
    return f"about {views.duration(eta)} left" if eta >= 10 else "a few seconds left"


def _download(job: Job) -> str:
    return (
        f'<a class="v-button v-primary" href="books/{job.id}/book" download>Download book</a>'
        f'<a class="v-button" href="books/{job.id}/report" download>Report</a>'
    )


def _review(job: Job, counts: Counts) -> str:
    return f'<a class="v-button" href="#review/{job.id}">Review</a>' if counts.total else ""


def _beginning(text: str) -> str:
    shown = markup.plain(text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST].rsplit(" ", 1)[0] + " …"


def _row(buttons: str) -> str:
    return f'<div class="v-buttons">{buttons}</div>'


def _delete(job: Job) -> str:
    return views.button(
        "Delete",
        "delete",
        job.id,
        kind="v-danger",
        confirm=f"Delete “{job.title}” with its translation?",
    )
