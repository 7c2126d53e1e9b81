"""The real app in a process of its own, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL = re.compile(r"^(https?://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:)")
_START = "import app; app.serve({host!r}, 0, open_browser=False)"
_SERVE_SECONDS = 90


def chromium() -> str:
    """Where Chromium is; its absence is an error, since a page untried is a page broken."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("Chromium is missing; on Debian: apt-get install chromium")
    return found


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(home: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """The app on a free port with this data home; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _START.format(host=host)],
        cwd=ROOT,
        env={**os.environ, "VERSO_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + _SERVE_SECONDS
        url = ""
        while not url:
            said = re.search(r"Verso is at (\S+)", "".join(lines))
            url = said[1] if said else ""
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The app did not start:\n" + "".join(lines))
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        sys.stdout.write("".join(lines))  # pytest shows it when a test fails


@contextmanager
def looking(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """The page as a new visitor sees it, interactive.

    Afterwards: no script failed, and no request left this machine.
    """
    context = _context(browser, address, options)
    page = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    try:
        page.goto(address)
        # Filled by the server, so the page is connected.
        page.locator("#engine-status .v-chip").first.wait_for(timeout=120_000)
        yield page
    finally:
        if context is browser.contexts[0] and not options:
            page.close()
        else:
            context.close()
    assert [url for url in asked if not LOCAL.match(url)] == []
    assert broken == []


def _context(browser: Browser, address: str, options: dict[str, Any]) -> BrowserContext:
    """A visitor who has never been here.

    The browser's first one is used again, without what it remembers, since the scripts of the page
    are then in its cache: that is half of the time of many tests.
    """
    first = next(iter(browser.contexts), None)
    if first is not None and not first.pages and not options:
        first.clear_cookies()
        page = first.new_page()
        page.goto(f"{address}/manifest.json")
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.close()
        return first
    usual = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"}
    context = browser.new_context(**{**usual, **options})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


def pick(page: Page, dropdown: str, text: str) -> None:
    """Choose an entry of a dropdown by typing into it, as a person does."""
    box = page.locator(f"{dropdown} input")
    box.click()
    box.fill(text)
    page.locator(f"{dropdown} [role=option]").filter(has_text=text).first.click()


def paste(page: Page, textbox: str, text: str) -> None:
    """Paste over what is there. (Playwright's ``fill`` takes minutes for a long text.)"""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    area(page, textbox).focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+V")


def value(page: Page, textbox: str) -> str:
    """What a text area holds."""
    return area(page, textbox).input_value()


def area(page: Page, textbox: str) -> Locator:
    """The text area of a component."""
    return page.locator(f"{textbox} textarea")
