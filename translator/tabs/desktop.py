"""Show the page: in the browser, or in a window of its own."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from translator.records import JobState

if TYPE_CHECKING:
    import uvicorn

    from translator.tabs.context import AppContext

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge",
             "microsoft-edge", "chrome")  # fmt: skip
_APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"),
    Path(r"C:\Program Files\Google\Chrome\Application\chrome.exe"),
    Path(r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe"),
)


def open_when_ready(server: uvicorn.Server, url: str) -> None:
    """Open the default browser as soon as the server answers."""
    threading.Thread(
        target=lambda: _wait(server) and webbrowser.open(url), name="verso-browser", daemon=True
    ).start()


def run(server: uvicorn.Server, listener: socket.socket, url: str, context: AppContext) -> None:
    """Serve, with the page in a window, until the window is closed and no book is running.

    The window is pywebview's where it is installed, else a Chromium without its bars, else a tab
    of the default browser (then Ctrl+C stops the server).
    """
    window = _window(url, context.settings.home / "window")
    if window is None:
        print("No browser that can make a window was found; opening a tab instead.", flush=True)
        open_when_ready(server, url)
        server.run(sockets=[listener])
        return
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="verso-server", daemon=True
    )
    thread.start()
    try:
        if _wait(server):
            window()
        if _busy(context):
            print("A book is still being translated (Ctrl+C stops; it goes on next time).")
        while _busy(context):
            time.sleep(1)
    finally:
        server.should_exit = True
        thread.join(5)


def _busy(context: AppContext) -> bool:
    return any(job.state in (JobState.QUEUED, JobState.RUNNING) for job in context.jobs.jobs())


def _wait(server: uvicorn.Server) -> bool:
    while not server.started:
        if server.should_exit:
            return False
        time.sleep(0.05)
    return True


def _window(url: str, profile: Path) -> Callable[[], object] | None:
    """Shows the page and returns when its window is closed; ``None`` where nothing can."""
    if importlib.util.find_spec("webview"):
        return lambda: _webview(url)
    found = [shutil.which(name) for name in _BROWSERS]
    found += [str(path) for path in _APPLICATIONS if path.is_file()]
    browser = next((path for path in found if path), None)
    if browser is None:
        return None
    # A profile of its own: else the command hands over to a running browser and ends at once.
    command = [browser, f"--app={url}", f"--user-data-dir={profile}", "--no-first-run"]
    return lambda: subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


def _webview(url: str) -> None:
    import webview

    webview.create_window("Verso", url, width=1280, height=860)
    webview.start()
