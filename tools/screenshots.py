"""Make the README's pictures: the real page, a real model, nothing touched up.

Uses the default model of your Verso (``verso models pull starter``), its newest training, if
there is one, and writes ``assets/screenshots/*.png``. The reviewer's page shows texts of its tests.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, expect  # noqa: E402

from tests.browser import looking, open_chromium, paste, pick, serving  # noqa: E402
from tests.epubs import make_epub  # noqa: E402
from tests.rate_support import campaign, reviewers_served, token  # noqa: E402
from trainer import runs  # noqa: E402
from translator.models.registry import Registry  # noqa: E402
from translator.settings import Settings, assets_dir  # noqa: E402

LARGEST = 300_000  # bytes of one picture
PATIENCE = 300_000  # milliseconds for a slow machine

TEXT = (
    "The lighthouse keeper wrote every evening, even when nothing had happened. He wrote down "
    "the wind, the ships and the height of the tide, and below that one sentence for himself.\n\n"
    "On the last day of October he wrote: The sea was so quiet that I could hear the lamp burn."
)
CHAPTERS = {
    "one.xhtml": "<h1>The Lamp</h1>"
    + "".join(
        f"<p>{line}</p>"
        for line in (
            "Nobody in the village remembered who had built the lighthouse.",
            "It had always stood there, white in summer and grey in winter.",
            "The keeper was a tall man who spoke little and read a great deal.",
            "Every spring a boat brought him flour, oil, and a box of <em>old newspapers</em>.",
            "He read them slowly, one each day, as if they had been printed that morning.",
            "So the news on the island was always exactly one year late.",
            "When the war ended, he was the last to hear of it, and the first to celebrate.",
            "The children said that the lamp could be seen from the other side of the world.",
            "He told them that this was true, but only on very clear nights.",
            "In the year of the great storm, the boat did not come.",
            "He began to read the oldest newspapers again, from the first page to the last.",
            "By Christmas he knew the price of wool in seven cities by heart.",
        )
    )
}


def main() -> None:
    """Make all pictures."""
    target = assets_dir() / "screenshots"
    target.mkdir(parents=True, exist_ok=True)
    settings = Settings.load()
    registry = Registry(settings)
    model = registry.path(registry.default())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "models").mkdir()
        (home / "models" / model.name).symlink_to(model)
        book = make_epub(home / "keeper.epub", CHAPTERS, title="The Lighthouse Keeper")
        trained = _newest_run(settings.home, home)
        with open_chromium() as browser, serving(home) as address:
            _translate(browser, address, target / "translate.png")
            _phone(browser, address, target / "phone.png")
            _books(browser, address, book, target / "books.png")
            _review(browser, address, book, target / "review.png")
            if trained:
                _training(browser, address, target / "train.png")
            _rating(browser, home / "reviewers", target / "rate.png")


def _newest_run(settled: Path, home: Path) -> bool:
    """Copy the newest training that has ended, without its weights; whether there is one."""
    ended = [run for run in runs.all(settled) if run.status().state in ("done", "stopped")]
    if ended:
        newest = max(ended, key=lambda run: run.status().finished)
        weights = shutil.ignore_patterns("checkpoints", "adapter", "model", "*.lock")
        shutil.copytree(newest.folder, home / "runs" / newest.id, ignore=weights)
    return bool(ended)


def _translate(browser: Browser, address: str, path: Path) -> None:
    with looking(browser, address, viewport={"width": 1440, "height": 1060}) as page:
        pick(page, "#translate-to", "Spanish")
        paste(page, "#translate-source", TEXT)
        page.locator("#translate-start").click()
        facts = page.locator("#translate-facts")
        expect(facts).to_contain_text("Done in", timeout=PATIENCE)
        page.locator("#translate-segments-fold button").first.click()
        page.wait_for_timeout(2500)
        _save(page.screenshot(), path)


def _phone(browser: Browser, address: str, path: Path) -> None:
    with looking(
        browser, address, viewport={"width": 390, "height": 844}, color_scheme="dark"
    ) as page:
        pick(page, "#translate-to", "French")
        paste(page, "#translate-source", TEXT.split("\n\n")[1])
        page.locator("#translate-start").click()
        facts = page.locator("#translate-facts")
        expect(facts).to_contain_text("Done in", timeout=PATIENCE)
        page.wait_for_timeout(2500)
        _save(page.screenshot(), path)


def _books(browser: Browser, address: str, book: Path, path: Path) -> None:
    with looking(
        browser, address, viewport={"width": 1440, "height": 1000}, color_scheme="dark"
    ) as page:
        page.get_by_role("tab", name="Books").click()
        pick(page, "#books-to", "Spanish")
        page.locator("#books-file input[type=file]").set_input_files(book)
        expect(page.locator("#books-about")).to_contain_text("segments")
        page.locator("#books-start").click()
        page.locator("#books-list .v-preview .v-passage").nth(5).wait_for(timeout=PATIENCE)
        bar = page.locator("#books-list .v-bar")
        page.wait_for_function(
            "bar => Number(bar.ariaValueNow) > 40", arg=bar.element_handle(), timeout=PATIENCE
        )
        page.wait_for_timeout(600)  # the bar moves smoothly
        _save(page.screenshot(), path)


def _review(browser: Browser, address: str, book: Path, path: Path) -> None:
    with looking(browser, address, viewport={"width": 1440, "height": 900}) as page:
        page.get_by_role("tab", name="Books").click()
        pick(page, "#books-to", "German")
        page.locator("#books-file input[type=file]").set_input_files(book)
        expect(page.locator("#books-about")).to_contain_text("segments")
        page.locator("#books-start").click()
        card = page.locator("#books-list .v-book[data-state=done]")
        card.wait_for(timeout=PATIENCE)
        card.get_by_role("link", name="Review").click()
        page.locator(".v-row").first.wait_for()
        page.wait_for_timeout(1500)
        _save(page.screenshot(), path)


def _training(browser: Browser, address: str, path: Path) -> None:
    with looking(browser, address, viewport={"width": 1440, "height": 1060}) as page:
        page.get_by_role("tab", name="Train").click()
        page.locator("#train-list .v-runs button").first.click()
        expect(page.locator("#train-curves .v-chart").first).to_be_visible()
        page.wait_for_timeout(1500)
        _save(page.screenshot(), path)


def _rating(browser: Browser, home: Path, path: Path) -> None:
    one = campaign(home, "contrastive-esa", systems=3)
    with reviewers_served(home) as address:
        context = browser.new_context(viewport={"width": 1440, "height": 800})
        page = context.new_page()
        page.goto(address + token(one))
        page.get_by_label("Yes").check()
        page.locator("#begin").click()
        page.keyboard.press("n")  # past the example
        page.keyboard.press("n")
        for word, severity in (("Torwart", "2"), ("141", "2"), ("zählend", "1")):
            page.locator("[data-at]").filter(has_text=word).first.dblclick()
            page.keyboard.press(severity)
        for card in page.locator(".r-card").all():
            worse = "Torwart" in card.locator(".r-text").inner_text()
            card.locator(".r-number").fill("41" if worse else "88")
        page.wait_for_timeout(800)
        _save(page.screenshot(), path)
        context.close()


def _save(png: bytes, path: Path) -> None:
    if len(png) > LARGEST:
        raise SystemExit(f"{path.name} has {len(png):,} bytes, more than {LARGEST:,}.")
    path.write_bytes(png)
    print(f"{path.relative_to(ROOT)}: {len(png):,} bytes")


if __name__ == "__main__":
    main()
