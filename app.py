"""The page: settings, services and tabs put together, and the server that shows them."""

from __future__ import annotations

import os

# Before gradio is imported: nothing is measured, counted or sent anywhere.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from trainer.campaigns import reviewer_app
from trainer.tabs import compare, compare_files, corpus_panel, train
from translator.errors import VersoError
from translator.settings import Settings, assets_dir
from translator.tabs import (
    books,
    desktop,
    files,
    header,
    model_choice,
    models,
    review,
    term_files,
    terms,
    translate,
)
from translator.tabs.context import AppContext
from translator.tabs.downloads import Downloads
from translator.tabs.owner import OwnerCookie

PORT = 7860
_SCRIPTS = ("page", "panel", "review", "align")  # in assets
_STYLES = ("page", "review", "align", "train", "compare")
_LARGEST_UPLOAD = "200mb"
_CACHE_AGE = 24 * 3600  # seconds after which uploaded and downloaded copies are deleted
_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def serve(
    host: str = "127.0.0.1",
    port: int = PORT,
    desktop_window: bool = False,
    open_browser: bool = True,
    settings: Settings | None = None,
) -> None:
    """Show the page until it is stopped (Ctrl+C, SIGTERM, or the desktop window is closed).

    ``port`` 0 takes a free one. Raises :class:`VersoError` when the address is not free.
    """
    listener = _listen(host, port)
    url = _url(host, listener.getsockname()[1])
    with _services(settings or Settings.load(), shared=not _is_loopback(host)) as context:
        server = uvicorn.Server(
            uvicorn.Config(build(context, host), log_level="warning", timeout_graceful_shutdown=2)
        )
        _preload(context)
        print(f"Verso is at {url} (Ctrl+C stops it)", flush=True)
        if context.shared:
            print("Everyone who can reach this address can use it.", flush=True)
        # Uvicorn raises the signal that ended it once more: as an exception it leaves time to
        # put things away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            if desktop_window:
                desktop.run(server, listener, url, context)
            else:
                if open_browser:
                    desktop.open_when_ready(server, url)
                server.run(sockets=[listener])


def build(context: AppContext, host: str = "127.0.0.1") -> FastAPI:
    """The whole web application: the page, and the routes of finished books."""
    os.environ["GRADIO_TEMP_DIR"] = str(context.settings.home / "cache")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(files.routes(context))
    app.include_router(review.routes(context))
    app.include_router(term_files.routes(context))
    app.include_router(corpus_panel.routes(context))
    app.include_router(compare_files.routes(context))
    app.include_router(reviewer_app.routes(context))
    app.add_middleware(OwnerCookie)
    if not context.shared:
        # Another site's page whose name resolves to this machine is not let in.
        app.add_middleware(
            TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]", host]
        )
    assets = assets_dir()
    # In the head, not as gradio's css: that is rewritten, and media queries get lost.
    script, style = (
        "\n".join((assets / f"{name}.{kind}").read_text(encoding="utf-8") for name in names)
        for kind, names in (("js", _SCRIPTS), ("css", _STYLES))
    )
    gr.mount_gradio_app(
        app,
        _page(context),
        path="/",
        footer_links=[],
        run_history=False,
        favicon_path=str(assets / "icon.svg"),
        show_error=True,
        max_file_size=_LARGEST_UPLOAD,
        ssr_mode=False,
        pwa=True,
        theme=_theme(),
        head=f"<style>{style}</style><script>{script}</script>",
    )
    return app


def _page(context: AppContext) -> gr.Blocks:
    with gr.Blocks(
        title="Verso", analytics_enabled=False, delete_cache=(_CACHE_AGE, _CACHE_AGE)
    ) as page:
        # The key is not a secret: it only has to be the same after a restart.
        preferences = gr.BrowserState({}, storage_key="verso-preferences", secret="verso")
        header.build(context, page)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Translate", id="translate") as translate_tab:
                model = translate.build(context, page, preferences, translate_tab)
            with gr.Tab("Books", id="books") as books_tab:
                books_timer = books.build(context, page, preferences, books_tab)
            with gr.Tab("Terms", id="terms") as terms_tab:
                terms.build(context, page, terms_tab)
            with gr.Tab("Train", id="train") as train_tab:
                trained = train.build(context, page, train_tab, tabs, model)
            with gr.Tab("Compare", id="compare") as compare_tab:
                compare_timer = compare.build(context, page, compare_tab, tabs, trained)
            with gr.Tab("Models", id="models") as models_tab:
                models_timer = models.build(context, page, models_tab)
        timers = {
            "books": books_timer, "train": trained.timer, "compare": compare_timer,
            "models": models_timer,
        }  # fmt: skip

        def switch(event: gr.SelectData) -> list[gr.Timer]:
            shown = str(event.value).lower()
            return [gr.Timer(active=name == shown) for name in timers]

        tabs.select(
            switch,
            None,
            list(timers.values()),
            show_progress="hidden",
            api_visibility="private",
        )
    return page


def _theme() -> gr.themes.Base:
    return gr.themes.Base(font=_SANS, font_mono=_MONO, text_size=gr.themes.sizes.text_lg)


@contextlib.contextmanager
def _services(settings: Settings, shared: bool) -> Iterator[AppContext]:
    from translator.engines.pool import EnginePool
    from translator.jobs import BookJobs
    from translator.models.registry import Registry

    registry = Registry(settings)
    pool = EnginePool(settings, registry)
    jobs = BookJobs(settings, pool, registry)
    downloads = Downloads(settings.models)
    try:
        jobs.start()
        yield AppContext(settings, registry, pool, jobs, downloads, shared)
    finally:
        downloads.close()
        jobs.stop()
        pool.close()


def _preload(context: AppContext) -> None:
    """Begin to load the model that the page begins with; the page is there meanwhile."""
    model_id = model_choice.preferred(context)
    if context.registry.installed(context.registry.get(model_id)):
        context.pool.preload(model_id)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # before the address is said: who follows it waits, and is not refused
    except OSError as error:
        listener.close()
        raise VersoError(
            f"Cannot listen on {host}, port {port}: {error.strerror}.",
            f"Is Verso running already? Open {_url(host, port)}, or choose another --port.",
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
