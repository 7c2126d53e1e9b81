"""The Terms tab and the choices for a new book, in a real browser."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import looking, pick, serving
from tests.epubs import make_epub
from translator.books.base import open_book
from translator.glossary import Term
from translator.glossary_export import write
from translator.glossary_files import load_terms
from translator.memory import Unit
from translator.tmx import write as write_tmx

pytestmark = pytest.mark.browser

CARD = "#books-list .v-book"
TABLE = "#terms-table"
SAID = "“Ahab saw the whale,” said Captain Ahab, and then Ahab saw Ahab once more."
BODIES = {
    "one.xhtml": f"<h1>Loomings</h1><p>{SAID} Some years ago we went to sea with Ahab.</p>",
    "two.xhtml": "<h1>The Carpet-Bag</h1><p>I stuffed a shirt or two into my old bag.</p>",
    "three.xhtml": "<h1>References</h1><p>Melville, H.: The Whale. London 1851.</p>",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        yield page


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def _row(page: Page, number: int, table: str = TABLE) -> Locator:
    return page.locator(f"{table} tr[data-row]").nth(number)


def _fill(row: Locator, source: str, target: str) -> None:
    row.locator("[name=source]").fill(source)
    row.locator("[name=target]").fill(target)


def _new(page: Page, name: str) -> None:
    _tab(page, "Terms")
    page.get_by_role("button", name="New glossary").click()
    page.locator("#terms-name textarea, #terms-name input").first.fill(name)


def _save(page: Page, said: str) -> None:
    page.locator(TABLE).get_by_role("button", name="Save").click()
    expect(page.locator("#terms-message")).to_contain_text(said)


def _choose(page: Page, button: str, path: Path) -> None:
    """Choose a file as a person does, after a click."""
    with page.expect_file_chooser() as waiting:
        page.locator(button).click()
    waiting.value.set_files(path)


def _job(home: Path, title: str) -> dict[str, Any]:
    """The stored options of a book's job."""
    with sqlite3.connect(home / "verso.db") as store:
        found = store.execute("SELECT options FROM jobs WHERE title = ?", (title,)).fetchone()
    options: dict[str, Any] = json.loads(found[0])
    return options


def test_a_glossary_from_the_first_row_to_the_export(page: Page, home: Path) -> None:
    _new(page, "Whales")
    _fill(_row(page, 0), "whale", "Wal|Walfisch")
    _row(page, 0).locator("[name=target]").press("Enter")
    expect(_row(page, 1).locator("[name=source]")).to_be_focused()
    _row(page, 1).locator("[name=source]").fill("Ahab")
    _row(page, 1).locator("[name=keep]").check()
    expect(_row(page, 1).locator("[name=target]")).to_have_value("Ahab")
    page.get_by_role("button", name="Add a row").click()
    _fill(_row(page, 2), "whale", "Fisch")
    _save(page, "Row 3: “whale” stands in row 1 already")
    assert not (home / "glossaries").exists()
    _row(page, 2).get_by_role("button", name="Delete this row").click()
    _save(page, "“Whales” is saved: 2 terms")
    terms = [Term(("whale",), ("Wal", "Walfisch")), Term(("Ahab",), ("Ahab",))]
    assert load_terms(home / "glossaries" / "Whales.csv", "en", "de") == terms
    for label in ("CSV", "TBX"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=f"Export {label}").click()
        assert waiting.value.suggested_filename == f"Whales.{label.lower()}"
        copy = home / f"copy.{label.lower()}"
        waiting.value.save_as(copy)
        assert load_terms(copy, "en", "de") == terms


def test_a_glossary_is_imported_renamed_and_deleted(page: Page, tmp_path: Path) -> None:
    _tab(page, "Terms")
    terms = tmp_path / "sea names.tbx"
    write(terms, [Term(("ship",), ("Schiff",), "a big boat")], "en", "de")
    _choose(page, "#terms-import", terms)
    expect(page.locator("#terms-message")).to_contain_text("“sea names” is saved: 1 term")
    expect(_row(page, 0).locator("[name=note]")).to_have_value("a big boat")
    page.locator("#terms-name textarea, #terms-name input").first.fill("Ships")
    _fill(_row(page, 0), "ship", "Kahn")
    expect(page.locator(TABLE)).to_contain_text("Not saved yet")
    _save(page, "“Ships” is saved")
    expect(page.locator("#terms-list")).not_to_contain_text("sea names")
    page.reload()
    _tab(page, "Terms")
    page.locator("#terms-list").get_by_role("button", name="Ships").click()
    expect(_row(page, 0).locator("[name=target]")).to_have_value("Kahn")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator(TABLE).get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#terms-message")).to_contain_text("“Ships” is deleted")
    expect(page.locator("#terms-list")).not_to_contain_text("Ships")


def test_a_file_that_is_no_glossary_is_refused(page: Page, tmp_path: Path) -> None:
    _tab(page, "Terms")
    bad = tmp_path / "bad.csv"
    bad.write_text("only one column\nand one more\n", encoding="utf-8")
    _choose(page, "#terms-import", bad)
    expect(page.locator("#terms-message [role=alert]")).to_contain_text("one column")


def test_the_memory_is_imported_and_searched(page: Page, tmp_path: Path) -> None:
    _tab(page, "Terms")
    expect(page.locator("#memory-counts")).to_contain_text("Empty so far")
    file = tmp_path / "old.tmx"
    texts = {"The old whale swims.": "Der alte Wal schwimmt.", "Good night.": "Gute Nacht."}
    write_tmx(file, [Unit(source, target, "en", "de") for source, target in texts.items()], "en")
    _choose(page, "#memory-import", file)
    expect(page.locator("#memory-message")).to_contain_text("2 translations imported")
    expect(page.locator("#memory-counts")).to_contain_text("2 imported")
    query = page.locator("#memory-query textarea, #memory-query input").first
    query.fill("The old whales swim.")
    found = page.locator("#memory-found .v-hit")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Der alte Wal schwimmt.")
    expect(found.locator(".v-badge")).to_have_text("95 %")
    query.fill("Nacht")
    expect(found).to_contain_text("contains it")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export TMX").click()
    assert "Gute Nacht." in Path(waiting.value.path()).read_text(encoding="utf-8")


def _upload(page: Page, book: Path) -> None:
    _tab(page, "Books")
    page.locator("#books-file input[type=file]").set_input_files(book)
    pick(page, "#books-model", "Pseudo")
    expect(page.locator("#books-about")).to_contain_text("English")
    page.locator("#books-more button.label-wrap").first.click()


def _done(page: Page, title: str) -> Locator:
    page.locator("#books-start").click()
    expect(page.locator("#books-message")).to_contain_text("You may close this page")
    card = page.locator(CARD).filter(has_text=title)
    expect(card).to_contain_text("none missing", timeout=30_000)
    return card


def test_names_of_a_book_become_its_glossary(page: Page, home: Path, tmp_path: Path) -> None:
    _upload(page, make_epub(tmp_path / "ahab.epub", BODIES, title="Ahab's Whale"))
    page.locator("#books-names").click()
    table = "#books-names-table"
    expect(_row(page, 0, table).locator("[name=source]")).to_have_value("Ahab")
    page.get_by_role("button", name="Use these for this book").click()
    expect(page.locator("#books-message")).to_contain_text("No name is decided yet")
    _row(page, 0, table).locator("[name=target]").fill("Ahabius")
    page.get_by_role("button", name="Use these for this book").click()
    expect(page.locator("#books-message")).to_contain_text("is chosen for this book")
    expect(page.locator("#books-glossaries")).to_contain_text("Ahab's Whale · English → German")
    _done(page, "Ahab's Whale")
    saved = home / "glossaries" / "Ahab's Whale.csv"
    assert [term.targets for term in load_terms(saved, "en", "de")] == [("Ahabius",)]
    assert [Path(path) for path in _job(home, "Ahab's Whale")["glossaries"]] == [saved]
    brought = list((home / "books").glob("*/glossary-000.csv"))
    assert [path.read_bytes() for path in brought] == [saved.read_bytes()]
    # The next book begins without it.
    expect(page.locator("#books-glossaries")).not_to_contain_text("Ahab's Whale")


def test_every_choice_reaches_the_job(page: Page, home: Path, tmp_path: Path) -> None:
    _upload(page, make_epub(tmp_path / "all.epub", BODIES, title="All Choices"))
    pick(page, "#books-output", "Plain text")
    chapters = page.locator("#books-chapters")
    expect(chapters).to_contain_text("The Carpet-Bag · 12 words")
    chapters.get_by_label("Loomings").uncheck()
    page.locator("#books-skip").get_by_label("References").check()
    pick(page, "#books-style", "Literary")
    page.locator("#books-brief textarea").fill("For children.\nFriendly.")
    memory = tmp_path / "known.tmx"
    source = "I stuffed a shirt or two into my old bag."
    write_tmx(memory, [Unit(source, "Ich stopfte ein Hemd in meine Tasche.", "en", "de")], "en")
    page.locator("#books-memory input[type=file]").set_input_files(memory)
    terms = tmp_path / "bags.csv"
    terms.write_text("bag,Tasche\n", encoding="utf-8")
    _choose(page, "#books-glossary-file", terms)
    expect(page.locator("#books-glossaries")).to_contain_text("bags · English → German")
    page.locator("#books-remember input").uncheck()
    pick(page, "#books-context", "Yes")
    page.locator("#books-refine input").check()
    expect(page.locator("#books-memory")).to_contain_text("known")
    card = _done(page, "All Choices")
    options = _job(home, "All Choices")
    said = {
        "suffix": ".txt", "chapters": [2, 3], "skip": ["references"], "style": "literary",
        "brief": "For children. Friendly.", "remember": False, "context": True, "refine": True,
        "bilingual": "none",
    }  # fmt: skip
    assert {name: options[name] for name in said} == said
    assert [Path(path).name for path in options["glossaries"]] == ["bags.csv"]
    with page.expect_download() as waiting:
        card.get_by_text("Download book").click()
    assert waiting.value.suggested_filename == "all.de.txt"
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert "Ich stopfte ein Hemd in meine Tasche." in text  # of the memory
    assert SAID in text and "Melville, H.: The Whale." in text  # left as they are
    assert "Carpet-Bag" not in text  # translated


def test_an_edition_and_no_chapter(page: Page, tmp_path: Path) -> None:
    _upload(page, make_epub(tmp_path / "two.epub", BODIES, title="Editions"))
    pick(page, "#books-output", "Word")
    expect(page.locator("#books-edition")).to_be_hidden()
    expect(page.locator("#books-about")).to_contain_text("Pictures, links and formatting are not")
    pick(page, "#books-output", "EPUB")
    pick(page, "#books-edition", "above each")
    page.locator("#books-chapters input").first.uncheck()  # all of them
    page.locator("#books-start").click()
    expect(page.locator("#books-message")).to_contain_text("No chapter is chosen")
    page.locator("#books-chapters input").first.check()
    card = _done(page, "Editions")
    with page.expect_download() as waiting:
        card.get_by_text("Download book").click()
    assert waiting.value.suggested_filename == "two.de-bilingual.epub"
    written = [block.text for block in open_book(waiting.value.path()).blocks()]
    assert any(SAID in text for text in written)


def test_a_text_takes_a_glossary(page: Page) -> None:
    _new(page, "Text terms")
    _fill(_row(page, 0), "sailor", "Matrose")
    _save(page, "is saved")
    _tab(page, "Translate")
    pick(page, "#translate-model", "Pseudo")
    page.locator("#translate-advanced button.label-wrap").first.click()
    pick(page, "#translate-glossaries", "Text terms")
    text = "Le marin dort dans la vieille maison au bord de la mer."
    page.locator("#translate-source textarea").fill(text)
    page.locator("#translate-start").click()
    message = page.locator("#translate-message")
    expect(message).to_contain_text("has the languages en, de, not fr and de")
    page.locator("#translate-source textarea").fill("The sailor sleeps in the old house.")
    page.locator("#translate-start").click()
    expect(page.locator("#translate-target textarea")).not_to_have_value("")
    expect(message).to_have_text("")


def test_on_a_shared_address_glossaries_belong_to_a_browser(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        serving(tmp_path_factory.mktemp("shared"), host="0.0.0.0") as address,
        looking(browser, address) as mine,
    ):
        _new(mine, "Secret words")
        _fill(_row(mine, 0), "whale", "Wal")
        _save(mine, "is saved")
        link = f"{address}/glossaries/Secret%20words.csv"
        assert mine.request.get(link).status == 200
        assert mine.request.get(f"{address}/memory.tmx").status == 404
        expect(mine.locator("#memory-counts")).to_have_count(0)
        with looking(browser, address) as theirs:
            _tab(theirs, "Terms")
            expect(theirs.get_by_role("button", name="New glossary")).to_be_visible()
            expect(theirs.locator("#terms-list")).not_to_contain_text("Secret")
            assert theirs.request.get(link).status == 404
