"""The Books and Models tabs in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import looking, pick, serving
from tests.epubs import make_epub
from translator.books.base import open_book

pytestmark = pytest.mark.browser

CARD = "#books-list .v-book"
BODIES = {
    "one.xhtml": "<h1>Loomings</h1><p>Call me <em>Ishmael</em>. Some years ago I went to sea.</p>",
    "two.xhtml": "<h1>The Carpet-Bag</h1><p>I stuffed a shirt or two into my old bag.</p>",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        page.get_by_role("tab", name="Books").click()
        yield page


def _begin(page: Page, book: Path) -> None:
    page.locator("#books-file input[type=file]").set_input_files(book)
    pick(page, "#books-model", "Pseudo")
    expect(page.locator("#books-about")).to_contain_text("word")
    page.locator("#books-start").click()
    expect(page.locator("#books-message")).to_contain_text("You may close this page")


def test_a_book_from_upload_to_download(page: Page, tmp_path: Path) -> None:
    expect(page.locator("#books-list")).to_contain_text("No books yet")
    _begin(page, make_epub(tmp_path / "whale.epub", BODIES, title="The Whale"))
    card = page.locator(CARD).first
    expect(card).to_contain_text("The Whale")
    expect(card).to_contain_text("English → German")
    expect(card).to_contain_text("none missing", timeout=30_000)
    with page.expect_download() as waiting:
        card.get_by_text("Download book").click()
    assert waiting.value.suggested_filename == "whale.de.epub"
    translated = open_book(waiting.value.path())
    assert translated.language == "de"
    assert any("Ĺööɱíñğš" in b.text or "Ļööɱíñğš" in b.text for b in translated.blocks())
    with page.expect_download() as waiting:
        card.get_by_text("Report").click()
    report = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert report["coverage"] == 1.0 and report["segments"]["failed"] == 0

    page.reload()
    page.get_by_role("tab", name="Books").click()
    expect(page.locator(CARD).first).to_contain_text("The Whale")


def test_what_is_known_before_the_start(page: Page, tmp_path: Path) -> None:
    page.locator("#books-file input[type=file]").set_input_files(
        make_epub(tmp_path / "whale.epub", BODIES, title="The Whale")
    )
    about = page.locator("#books-about")
    expect(about).to_contain_text("The Whale")
    expect(about).to_contain_text("EPUB")
    expect(about).to_contain_text("segments")
    page.locator("#books-more button.label-wrap").first.click()
    pick(page, "#books-edition", "Side by side")


def test_a_broken_book_is_an_error_in_place(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.epub"
    bad.write_bytes(b"PK\x03\x04 this is no archive")
    page.locator("#books-file input[type=file]").set_input_files(bad)
    expect(page.locator("#books-about [role=alert]")).to_be_visible()


def test_start_without_a_book_says_what_to_do(page: Page) -> None:
    page.locator("#books-start").click()
    expect(page.locator("#books-message")).to_contain_text("Choose a book first")


def test_a_book_is_deleted_after_a_question(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "doomed.txt"
    text.write_text("A short text that nobody will ever read again.\n", encoding="utf-8")
    _begin(page, text)
    card = page.locator(CARD).filter(has_text="doomed")
    expect(card).to_contain_text("none missing", timeout=30_000)
    page.once("dialog", lambda dialog: dialog.dismiss())
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)


def test_models_say_what_they_cost_and_need(page: Page) -> None:
    page.get_by_role("tab", name="Models").click()
    starter = page.locator("[data-model='qwen2.5-coder-1.5b-instruct-q4_k_m']")
    expect(starter).to_contain_text("1.1 GB")
    expect(starter).to_contain_text("Apache-2.0")
    expect(starter).to_contain_text("not downloaded")
    gemma = page.locator("[data-model='gemma-3-270m-q4_k_m']")
    expect(gemma).to_contain_text("Gemma Terms of Use")
    expect(gemma.get_by_role("button")).to_have_text("Accept the terms and download")


def test_a_file_that_is_no_model_is_refused(page: Page, tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("not a model", encoding="utf-8")
    page.get_by_role("tab", name="Models").click()
    page.locator("#models-add-fold button").first.click()
    page.get_by_label("Path of the file").fill(str(tmp_path / "text.gguf"))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#models-message [role=alert]")).to_be_visible()


def test_on_a_shared_address_each_browser_sees_its_own_books(
    browser: Browser, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        serving(tmp_path_factory.mktemp("shared"), host="0.0.0.0") as address,
        looking(browser, address) as mine,
    ):
        mine.get_by_role("tab", name="Books").click()
        _begin(mine, make_epub(tmp_path / "secret.epub", BODIES, title="My Secret"))
        card = mine.locator(CARD).first
        expect(card).to_contain_text("none missing", timeout=30_000)
        link = f"{address}/{card.get_by_text('Download book').get_attribute('href')}"
        assert mine.request.get(link).status == 200
        with looking(browser, address) as theirs:
            theirs.get_by_role("tab", name="Books").click()
            expect(theirs.locator("#books-list")).to_contain_text("No books yet")
            assert theirs.request.get(link).status == 404
            theirs.get_by_role("tab", name="Models").click()
            expect(theirs.locator("#models-add-fold")).to_have_count(0)


def test_another_sites_name_is_not_let_in(page: Page, address: str) -> None:
    answer = page.request.get(address, headers={"host": "evil.example"})
    assert answer.status == 400
