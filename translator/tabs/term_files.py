"""The addresses under which glossaries and the translation memory are fetched."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from translator import glossary_export, tmx
from translator.errors import InputError
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.owner import owner_of

_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".tbx": "application/xml"}


def routes(context: AppContext) -> APIRouter:
    """``/glossaries/NAME.csv`` (``.tsv``, ``.tbx``) for their owner, ``/memory.tmx`` on one's own
    machine.
    """
    router = APIRouter()

    @router.get("/glossaries/{file}")
    def glossary(file: str, request: Request) -> Response:
        suffix = Path(file).suffix
        try:
            saved = OwnGlossaries(context, owner_of(request)).get(file.removesuffix(suffix))
            data = glossary_export.encode(suffix, saved.terms, saved.source, saved.target)
        except InputError as error:
            raise HTTPException(404, error.message) from error
        named = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(file)}"}
        return Response(data, media_type=_TYPES[suffix], headers=named)

    @router.get("/memory.tmx")
    def memory() -> FileResponse:
        if context.shared:
            raise HTTPException(404)
        folder = tempfile.TemporaryDirectory(dir=context.settings.home, prefix="export-")
        path = Path(folder.name) / "memory.tmx"
        sources = {source for source, _ in context.jobs.memory.counts()}
        header = sources.pop() if len(sources) == 1 else "*all*"
        tmx.write(path, context.jobs.memory.units(), header)
        return FileResponse(path, filename=path.name, background=BackgroundTask(folder.cleanup))

    return router
