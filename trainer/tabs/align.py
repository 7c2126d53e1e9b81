"""The addresses behind the proofreading of alignments (``assets/align.js`` calls them)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.background import BackgroundTask

from trainer import proofread_output
from trainer.alignments import Alignment
from trainer.proofread import Order, Proofreading, Shown, is_unsure
from trainer.proofread_rows import State
from trainer.tabs import align_rows, align_view
from trainer.tabs.align_view import PAGE
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError, VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

_LONGEST = 100_000  # characters of one side
_MARKS = {"right": State.RIGHT, "drop": State.DROPPED, "open": State.OPEN}


class _Asked:
    """Which rows to show, from the address."""

    def __init__(
        self,
        shown: Shown = "all",
        order: Order = "text",
        text: str = "",
        first: int = 0,
        around: int = -1,
    ) -> None:
        self.shown, self.order, self.text = shown, order, text[:200]
        self.first = first
        self.around = around  # the page with the row of this id, if it is shown


def routes(context: AppContext) -> APIRouter:
    """``/alignments/ID/…``, for the browser whose alignment it is."""
    router = APIRouter(prefix="/alignments/{alignment_id}")

    def alignment_of(alignment_id: str, request: Request) -> Alignment:
        try:
            return OwnTexts(context, owner_of(request)).alignment(alignment_id)
        except InputError as error:
            raise HTTPException(404) from error

    def asked_by_page(request: Request) -> None:
        # Other sites' pages can send simple requests to this machine, but not with this header.
        if request.headers.get("x-verso") != "align":
            raise HTTPException(403)

    def work_of(alignment_id: str, request: Request) -> Proofreading:
        try:
            return OwnTexts(context, owner_of(request)).proofreading(alignment_id)
        except InputError as error:
            raise HTTPException(404, error.message) from error

    guarded = [Depends(asked_by_page)]
    owned, opened = Depends(alignment_of), Depends(work_of)

    def page_of(one: Alignment, work: Proofreading, asked: _Asked) -> dict[str, Any]:
        rows = work.filtered(asked.shown, asked.text, asked.order)
        place = next((k for k, row in enumerate(rows) if row.row.id == asked.around), asked.first)
        first = place // PAGE * PAGE
        first = max(0, first if first < len(rows) else (len(rows) - 1) // PAGE * PAGE)
        shown = rows[first : first + PAGE]
        return {
            "head": align_view.head(one, work),
            "chips": align_view.chips(work, asked.shown),
            "tools": align_view.tools(asked.text, asked.order),
            "list": align_view.listing(shown, work, first, len(rows)),
            "first": first,
        }

    @router.get("", dependencies=guarded)
    def page(
        asked: Annotated[_Asked, Depends()],
        one: Alignment = owned,
        work: Proofreading = opened,
    ) -> dict[str, Any]:
        return page_of(one, work, asked)

    @router.get("/next", dependencies=guarded)
    def following(
        asked: Annotated[_Asked, Depends()],
        after: int = -1,
        step: int = 1,
        work: Proofreading = opened,
    ) -> dict[str, Any]:
        """The next row to look at after the row with this id, in the order shown."""
        step = 1 if step > 0 else -1
        rows = work.filtered(asked.shown, asked.text, asked.order)
        here = next((k for k, one in enumerate(rows) if one.row.id == after), -1)
        if here < 0 and step < 0:
            here = len(rows)
        places = range(here + step, len(rows) if step > 0 else -1, step)
        place = next((k for k in places if is_unsure(rows[k].row)), None)
        if place is None:
            return {"id": None, "said": views.notice("Nothing more to look at in this direction.")}
        return {"id": rows[place].row.id, "first": place // PAGE * PAGE}

    @router.get("/rows/{row_id}/form", dependencies=guarded)
    def form(row_id: int, work: Proofreading = opened) -> Any:
        try:
            return {"row": align_rows.form(work.placed(row_id), work)}
        except VersoError as problem:
            return _refused(problem)

    @router.post("/undo", dependencies=guarded)
    def undo(
        asked: Annotated[_Asked, Depends()],
        one: Alignment = owned,
        work: Proofreading = opened,
    ) -> Any:
        try:
            focus = work.undo()
        except VersoError as problem:
            return _refused(problem)
        return {"focus": focus, **page_of(one, work, asked)}

    @router.post("/rows/{row_id}/{action}", dependencies=guarded)
    def act(
        row_id: int,
        action: Literal["up", "down", "merge", "split", "cut", "edit", "right", "drop", "open"],
        asked: Annotated[_Asked, Depends()],
        side: Annotated[Literal["source", "target"], Body()] = "source",
        cut: Annotated[int, Body()] = 0,
        source: Annotated[str, Body(max_length=_LONGEST)] = "",
        target: Annotated[str, Body(max_length=_LONGEST)] = "",
        one: Alignment = owned,
        work: Proofreading = opened,
    ) -> Any:
        try:
            if action in ("up", "down"):
                focus = work.move(row_id, side, action == "up")
            elif action == "merge":
                focus = work.merge(row_id)
            elif action == "split":
                focus = work.split(row_id)
            elif action == "cut":
                focus = work.split(row_id, **{side: cut})
            elif action == "edit":
                focus = work.edit(row_id, source, target)
            else:
                focus = work.mark(row_id, _MARKS[action])
        except VersoError as problem:
            return _refused(problem)
        return {"focus": focus, **page_of(one, work, asked)}

    @router.get("/pairs.{kind}")
    def pairs(
        kind: Literal["tmx", "jsonl"], one: Alignment = owned, work: Proofreading = opened
    ) -> Response:
        folder = tempfile.TemporaryDirectory(dir=context.settings.home, prefix="export-")
        path = Path(folder.name) / f"pairs.{kind}"
        if kind == "tmx":
            proofread_output.write_tmx(path, work)
        else:
            proofread_output.write_lines(path, work, one.about.title)
        name = f"{one.about.title}.{kind}"
        return FileResponse(path, filename=name, background=BackgroundTask(folder.cleanup))

    return router


def _refused(problem: VersoError) -> JSONResponse:
    return JSONResponse({"said": views.error(problem)}, status_code=409)
