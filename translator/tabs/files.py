"""The addresses under which a finished book and its report are fetched."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse

from translator.errors import InputError
from translator.records import Job
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of, owns


def routes(context: AppContext) -> APIRouter:
    """``/books/ID/book`` and ``/books/ID/report``, for the browser whose book it is."""
    router = APIRouter()

    @router.get("/books/{job_id}/book")
    def book(job_id: str, request: Request) -> FileResponse:
        job = own_job(context, job_id, request)
        output = Path(job.output)
        if job.written is None or not output.is_file():
            raise HTTPException(404, "This book is not finished, or was moved away.")
        return FileResponse(output, filename=output.name)

    @router.get("/books/{job_id}/report")
    def report(job_id: str, request: Request) -> FileResponse:
        job = own_job(context, job_id, request)
        path = context.jobs.report_path(job.id)
        if not path.is_file():
            raise HTTPException(404, "There is no report yet.")
        name = f"{Path(job.output).stem}.report.json"
        return FileResponse(path, filename=name, media_type="application/json")

    return router


def own_job(context: AppContext, job_id: str, request: Request) -> Job:
    """The job with this very id, if this browser may see it; else there is no such page."""
    try:
        job = context.jobs.store.job(job_id)
    except InputError as error:
        raise HTTPException(404) from error
    if job.id != job_id or not owns(context, job_id, owner_of(request)):
        raise HTTPException(404)
    return job
