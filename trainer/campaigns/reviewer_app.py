"""The addresses that reviewers come to, ``/r/TOKEN``, and a server that has nothing else.

Whoever has a link is that reviewer (:mod:`trainer.campaigns.links`): there is nothing to log in
to. A link that is wrong, expired or revoked gets one and the same answer.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from trainer.campaigns import links
from trainer.campaigns.desk import Closed, Desk
from trainer.campaigns.files import NotSaved
from trainer.campaigns.folder import Campaigns
from translator.errors import InputError
from translator.settings import Settings, assets_dir

if TYPE_CHECKING:
    import uvicorn

    from translator.tabs.context import AppContext

HEADER = "rate"  # what x-verso says
LARGEST = 1_000_000  # bytes of a request
_DEEPEST = 20  # lists and objects within each other; an answer has 5
_ASSET = re.compile(r"rate[a-z_]*\.(?:js|css)|icon\.svg")
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",  # the address is the key to the page
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cache-control": "no-store",
}
_WRONG = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Review</title><link rel="icon" href="assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="assets/rate.css">
<link rel="stylesheet" href="assets/rate_pages.css"></head>
<body><main><div class="r-welcome r-end" role="alert"><h2>{said}</h2><p>{hint}</p></div></main>
</body></html>
"""


class _WrongLink(InputError):
    """There is no reviewer with this link."""


_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_Take = Callable[[Desk, Any], dict[str, Any]]


class _Route(APIRoute):
    """A route whose answers, refusals too, carry the headers and are words for a person."""

    def get_route_handler(self) -> _Handler:
        """Wrap the usual handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                response = await handle(request)
            except _WrongLink as wrong:
                response = _refused(404, wrong)
            except Closed as closed:
                response = _refused(409, closed, locked=closed.locked)
            except NotSaved as trouble:  # the page keeps it and tries again
                response = _refused(503, trouble)
            except InputError as problem:
                response = _refused(422, problem)
            except HTTPException as refused:
                response = _refused(refused.status_code, InputError(refused.detail))
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handled


def routes(context: AppContext) -> APIRouter:
    """``/r/TOKEN/…`` on the owner's own page."""
    return _routes(context.settings)


def _routes(settings: Settings) -> APIRouter:
    campaigns = Campaigns(settings)
    router = APIRouter(prefix="/r", route_class=_Route)

    def desk_of(token: str) -> Desk:
        try:
            campaign, reviewer = links.check(campaigns, token)
            return Desk(campaigns.get(campaign), reviewer)
        except InputError as error:
            raise _WrongLink(error.message, error.hint) from error

    async def posted(token: str, request: Request, take: _Take) -> Response:
        # Other sites' pages can send simple requests to this machine, but not with this header.
        if request.headers.get("x-verso") != HEADER:
            raise HTTPException(403, "This did not come from the reviewer's page.")
        desk = await run_in_threadpool(desk_of, token)
        data = _json(await _body(request))
        return JSONResponse(await run_in_threadpool(take, desk, data))

    @router.get("/assets/{name}")
    def asset(name: str) -> Response:
        path = assets_dir() / name
        if not _ASSET.fullmatch(name) or not path.is_file():
            raise HTTPException(404, "There is no such file.")
        return FileResponse(path, headers={"cache-control": "no-cache"})

    @router.get("/{token}")
    def page(token: str) -> Response:
        try:
            desk_of(token)
        except _WrongLink as wrong:
            return HTMLResponse(_wrong_page(wrong), 404)
        return FileResponse(assets_dir() / "rate.html", media_type="text/html")

    @router.get("/{token}/state")
    def state(token: str) -> Response:
        return JSONResponse(desk_of(token).state())

    @router.get("/{token}/consent")
    def consent(token: str) -> Response:
        about = desk_of(token).about()
        return JSONResponse({name: about[name] for name in ("consent", "consented")})

    @router.post("/{token}/answers")
    async def answer(token: str, request: Request) -> Response:
        return await posted(token, request, Desk.answer)

    @router.post("/{token}/drafts")
    async def draft(token: str, request: Request) -> Response:
        return await posted(token, request, Desk.draft)

    @router.post("/{token}/consent")
    async def agree(token: str, request: Request) -> Response:
        return await posted(token, request, Desk.consent)

    return router


def reviewer_app(settings: Settings) -> FastAPI:
    """An application with the reviewers' addresses and nothing else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(_routes(settings))

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        said = "There is nothing here. Open the link that you were sent, all of it."
        if error.status_code != 404:
            said = str(error.detail)
        return HTMLResponse(html.escape(said), error.status_code, headers=_HEADERS)

    return app


def reviewer_server(settings: Settings, host: str, port: int) -> uvicorn.Server:
    """A server for reviewers in the network: from it, nobody reaches the owner's page.

    Run it with ``server.run()``, or with sockets of one's own.
    """
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            reviewer_app(settings),
            host=host,
            port=port,
            log_level="warning",  # addresses are secrets: no access log
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )


def _wrong_page(wrong: _WrongLink) -> str:
    return _WRONG.format(said=html.escape(wrong.message), hint=html.escape(wrong.hint))


def _refused(status: int, problem: InputError, **more: Any) -> JSONResponse:
    return JSONResponse({"error": problem.message, "hint": problem.hint, **more}, status)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, "This is too long to be sent.")
    return bytes(body)


def _json(body: bytes) -> Any:
    """What a browser sent: without NaN, and half a surrogate pair becomes U+FFFD."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, allow_nan=False)
        value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        if _depth(value) > _DEEPEST:
            raise ValueError("nested too deeply")
    except (ValueError, RecursionError) as error:
        raise InputError("This cannot be read.", "Load the page again.") from error
    return value


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0
