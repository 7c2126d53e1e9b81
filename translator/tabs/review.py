"""The addresses behind the review panel (``assets/review.js`` calls them)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Request
from fastapi.responses import JSONResponse

from translator.editing import written
from translator.errors import VersoError
from translator.prompts import StyleInfo, get_style
from translator.records import Job, JobState
from translator.review import Filter, Review, Row, Summary
from translator.tabs import review_rows, review_view, views
from translator.tabs.context import AppContext
from translator.tabs.files import own_job
from translator.tabs.review_view import PAGE
from translator.wording import plural

_LONGEST = 100_000  # characters of one translation


def routes(context: AppContext) -> APIRouter:
    """``/books/ID/review/…``, for the browser whose book it is."""
    router = APIRouter(prefix="/books/{job_id}/review")

    def job_of(job_id: str, request: Request) -> Job:
        # Other sites' pages can send simple requests to this machine, but not with this header.
        if request.headers.get("x-verso") != "review":
            raise HTTPException(403)
        return own_job(context, job_id, request)

    owned, filtered = Depends(job_of), Depends(_filter)

    def review_of(job: Job) -> Review:
        return Review(context.jobs.store, job.id)

    def row_of(job: Job, number: int) -> Row:
        row = review_of(job).row(number)
        if row is None:
            raise HTTPException(404)
        return row

    def head_of(job_id: str, summary: Summary | None = None) -> dict[str, Any]:
        job = context.jobs.store.job(job_id)
        summary = summary or review_of(job).summary()
        counts = context.jobs.store.counts(job_id)
        head = review_view.head(job, _name(context, job.model), summary, counts)
        return {
            "head": head,
            "stamp": f"{summary.stamp}-{job.state.value}",
            "busy": job.state in (JobState.QUEUED, JobState.RUNNING),
            "ended": review_view.ended(job, counts),
        }

    @router.get("")
    def page(first: int = 0, job: Job = owned, asked: Filter = filtered) -> dict[str, Any]:
        review = review_of(job)
        summary, chapters = review.summary(), review.chapters()
        total = review.count(asked)
        first = max(0, first if first < total else (total - 1) // PAGE * PAGE)
        rows = review.rows(asked, first, PAGE)
        return {
            **head_of(job.id, summary),
            "chips": review_view.chips(summary, asked),
            "tools": review_view.tools(summary, chapters, asked, _takes_notes(context, job)),
            "list": review_view.listing(rows, job, chapters, first, total),
            "first": first,
        }

    @router.get("/head")
    def head(job: Job = owned) -> dict[str, Any]:
        return head_of(job.id)

    @router.get("/next")
    def following(
        after: int = -1, step: int = 1, job: Job = owned, asked: Filter = filtered
    ) -> dict[str, Any]:
        review = review_of(job)
        number = review.flagged_after(after, asked, step)
        if number is None:
            said = "Nothing more to look at in this direction."
            return {"number": None, "said": views.notice(said)}
        return {"number": number, "first": review.count(asked, number) // PAGE * PAGE}

    @router.get("/segments/{number}")
    def row(number: int, job: Job = owned) -> dict[str, Any]:
        return {"row": review_rows.row(row_of(job, number), job)}

    @router.get("/segments/{number}/form")
    def form(number: int, job: Job = owned) -> dict[str, Any]:
        one = row_of(job, number)
        # On a shared page, texts that are only like this one may come from others' books.
        found = [
            replace(match, model=_name(context, match.model))
            for match in context.jobs.editor.matches(
                job, one.entry.segment.text, exact=context.shared
            )
        ]
        return {"row": review_rows.form(one, job, found, _takes_notes(context, job))}

    @router.post("/segments/{number}")
    def edit(
        number: int,
        text: Annotated[str, Body(embed=True, max_length=_LONGEST)],
        job: Job = owned,
    ) -> Any:
        one = row_of(job, number)
        ended, segment = one.entry.translation, one.entry.segment
        try:
            tagged = written(text, segment.text, ended.text if ended else "")
            context.jobs.edit(job.id, segment.id, tagged)
        except VersoError as problem:
            return _refused(problem)
        return {"row": review_rows.row(row_of(job, number), job), **head_of(job.id)}

    @router.post("/again")
    def again(
        number: Annotated[int | None, Body()] = None,
        note: Annotated[str, Body(max_length=300)] = "",
        job: Job = owned,
        asked: Filter = filtered,
    ) -> Any:
        numbers = review_of(job).numbers(asked) if number is None else [number]
        rest = context.jobs.store.missing(job.id)
        try:
            count = context.jobs.retry(job.id, numbers, " ".join(note.split()))
        except VersoError as problem:
            return _refused(problem)
        begun = context.jobs.store.job(job.id)
        said = f"{plural(count, 'segment')} will be translated again."
        return {"said": views.notice(said, _when(begun, rest)), **head_of(job.id)}

    @router.post("/write")
    def write(job: Job = owned) -> Any:
        try:
            context.jobs.write(job.id)
        except VersoError as problem:
            return _refused(problem)
        return {"said": "", **head_of(job.id)}

    return router


def _filter(shown: str = "all", check: str = "", section: str = "\n", text: str = "") -> Filter:
    return Filter(shown, check, None if section == "\n" else section, text[:200])


def _when(job: Job, rest: int) -> str:
    """When segments that are asked for again will be done, if ``rest`` others wait already."""
    if job.state in (JobState.PAUSED, JobState.CANCELLED):
        return "That happens when the book goes on: resume it on its card."
    if rest and job.state is JobState.RUNNING:
        return "It is their turn when the rest of the book is done."
    return "The book is written again afterwards." if job.written is not None else ""


def _refused(problem: VersoError) -> JSONResponse:
    return JSONResponse({"said": views.error(problem)}, status_code=409)


def _name(context: AppContext, model_id: str) -> str:
    try:
        return context.registry.get(model_id).name if model_id else ""
    except VersoError:
        return model_id  # removed since


def _takes_notes(context: AppContext, job: Job) -> bool:
    try:
        return get_style(context.registry.get(job.model).style, StyleInfo()).takes_notes
    except VersoError:
        return False
