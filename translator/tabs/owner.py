"""Whose browser is it? A random cookie, so that a shared page shows each browser its own things."""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from translator.tabs.context import AppContext

COOKIE = "verso-owner"
_FILE = "owner"  # in the job's folder
_YEAR = 365 * 24 * 3600  # seconds


def owner_of(request: Any) -> str:  # a Starlette or a gradio request
    """The browser's token; empty for one that accepts no cookies."""
    return str(request.cookies.get(COOKIE, ""))


class OwnerCookie:
    """ASGI middleware: gives a browser its token when it first opens the page.

    Plain ASGI, since Starlette's ``BaseHTTPMiddleware`` would hide from gradio that a browser
    has gone, and a translation would go on for nobody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] != "/" or _known(scope):
            await self._app(scope, receive, send)
            return
        cookie = (
            f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax"
        )

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)


def _known(scope: Scope) -> bool:
    try:
        return COOKIE in SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return False


def claim(context: AppContext, job_id: str, owner: str) -> None:
    """Note whose browser brought a book; kept with the book, so it outlives a restart."""
    note_owner(context.settings.books / job_id / _FILE, owner)


def owns(context: AppContext, job_id: str, owner: str) -> bool:
    """Whether this browser may see a book: any on one's own machine, else only its own."""
    return allowed(context, context.settings.books / job_id / _FILE, owner)


def note_owner(path: Path, owner: str) -> None:
    """Write down whose a thing is, in a file that only Verso reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(owner, encoding="utf-8")


def allowed(context: AppContext, path: Path, owner: str) -> bool:
    """Whether a browser may see the thing whose owner is noted in ``path``."""
    if not context.shared:
        return True
    return (
        bool(owner)
        and path.is_file()
        and secrets.compare_digest(path.read_text(encoding="utf-8").encode(), owner.encode())
    )
