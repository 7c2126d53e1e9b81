"""Texts of the Train tab in a real Chromium: corpora built, two editions aligned and proofread."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import looking, serving
from tests.test_corpora import ENGLISH, EVIL, GERMAN, book, moses
from tests.test_proofread import stored
from translator import tmx

pytestmark = pytest.mark.browser
ID = "0123456789abcdef"
LONG = "fedcba9876543210"
SOURCE = ["One day.", "Two men came.", "They sang.", "Four.", EVIL, "The end of it."]
TARGET = [
    "Eines Tages.",
    "Zwei Männer kamen und sangen.",
    "Nur hier.",
    "Böse.",
    "Das Ende",
    "davon.",
]
BEADS = [
    ([0], [0], 0.9),
    ([1, 2], [1], 0.4),
    ([], [2], 0.95),
    ([3], [], 0.6),
    ([4], [3], 0.97),
    ([5], [4, 5], 0.9),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("align") / "home"
    stored(home, ID, SOURCE, TARGET, BEADS)
    many = [f"Sentence {n} of many." for n in range(400)]
    stored(home, LONG, many, many, [([n], [n], 0.3 if n == 333 else 0.9) for n in range(400)])
    return home


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Books are aligned meanwhile: the page may be slow to answer."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        yield page


def _open(page: Page, address: str, which: str = ID) -> None:
    page.goto(f"{address}/#align/{which}")
    expect(page.locator(".a-row").first).to_be_visible()


def _texts(page: Page) -> None:
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-list [aria-current]").wait_for()  # what was shown last is restored
    page.locator("#train-list").get_by_text("Texts").click()
    expect(page.locator("#corpus-start")).to_be_visible()


def _row(page: Page, place: int) -> Locator:
    return page.locator(".a-row").nth(place - 1)


def _shows(page: Page, place: int, source: list[str], target: list[str]) -> None:
    for side, texts in (("source", source), ("target", target)):
        expect(_row(page, place).locator(f".v-{side} .v-passage")).to_have_text(texts)


def test_keys_change_rows_and_undo_brings_them_back(page: Page, address: str) -> None:
    _open(page, address)
    expect(page.locator("#corpus-start")).to_be_hidden()
    page.keyboard.press("n")
    expect(_row(page, 2)).to_be_focused()
    page.keyboard.press("d")
    _shows(page, 2, SOURCE[1:2], TARGET[1:2])
    _shows(page, 3, SOURCE[2:3], TARGET[2:3])
    expect(_row(page, 2)).to_be_focused()
    page.keyboard.press("m")
    _shows(page, 2, SOURCE[1:3], TARGET[1:3])
    page.keyboard.press("s")
    _shows(page, 3, SOURCE[2:3], TARGET[2:3])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("u")
    _shows(page, 2, SOURCE[1:2], TARGET[1:3])
    expect(page.locator("#align-head")).to_contain_text("of 6 rows seen")
    for _ in range(4):
        page.keyboard.press("z")
    expect(page.locator("#align-head [data-do=undo]")).to_be_disabled()
    _shows(page, 2, SOURCE[1:3], TARGET[1:2])


def test_right_goes_on_and_what_is_seen_survives_a_reload(page: Page, address: str) -> None:
    _open(page, address)
    page.locator("#align-chips").get_by_text("To look at").click()
    expect(page.locator(".a-row")).to_have_count(2)
    _row(page, 1).focus()
    page.keyboard.press("Space")
    expect(page.locator(".a-row")).to_have_count(1)
    expect(_row(page, 1)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#align-rows")).to_contain_text("No row is like that.")
    page.reload()
    expect(page.locator("#align-rows")).to_contain_text("No row is like that.")
    page.locator("#align-chips").get_by_text("Dropped").click()
    _row(page, 1).hover()
    _row(page, 1).get_by_role("button", name="Bring it back").click()
    page.locator("#align-chips").get_by_text("All", exact=False).click()
    expect(page.locator(".a-row")).to_have_count(6)
    with page.expect_download() as waiting:
        page.get_by_text("Export TMX").click()
    units = list(tmx.read(waiting.value.path()))
    assert ("Two men came. They sang.", TARGET[1]) in [(u.source, u.target) for u in units]


def test_an_edit_cuts_a_sentence_and_text_never_becomes_markup(page: Page, address: str) -> None:
    _open(page, address)
    row = page.locator(".a-row").filter(has_text="onerror")
    expect(row.locator("img")).to_have_count(0)
    row.dblclick(position={"x": 140, "y": 20})
    area = page.locator(".v-editing textarea").first
    expect(area).to_be_focused()
    expect(area).to_have_value(EVIL)
    assert area.get_attribute("lang") == "en"
    area.fill("")
    page.locator(".v-editing textarea").nth(1).fill("")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".v-editing .v-wrong")).to_contain_text("Both sides are empty.")
    area.fill("Evil and evil.\nMore.")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")
    page.locator(".v-editing textarea").nth(1).fill("Böse.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".v-editing")).to_have_count(0)
    _shows(page, 5, ["Evil and evil.", "More."], ["Böse."])
    _row(page, 5).locator(".a-cut").click()
    _shows(page, 5, ["Evil and evil."], ["Böse."])
    assert page.title() == "Verso"


def test_a_long_alignment_a_page_at_a_time_the_least_sure_first(page: Page, address: str) -> None:
    _open(page, address, LONG)
    expect(page.locator(".a-row")).to_have_count(50)
    page.keyboard.press("n")
    expect(page.locator(".a-row").filter(has_text="Sentence 333 of")).to_be_focused()
    page.locator("#align-tools [name=order]").select_option("confidence")
    expect(_row(page, 1)).to_contain_text("Sentence 333 of")
    _row(page, 1).focus()
    page.keyboard.press("g")
    row = page.locator(".a-row").filter(has_text="Sentence 333 of")
    expect(row).to_be_focused()
    expect(_row(page, 1)).to_contain_text("Sentence 300 of")
    page.locator("#align-tools [name=text]").fill("sentence 39")
    expect(page.locator(".a-row")).to_have_count(11)
    page.locator("#align-head").get_by_text("Train").click()
    expect(page.locator("#align-panel")).to_be_hidden()


def test_two_editions_become_pairs_and_a_corpus(page: Page, tmp_path: Path) -> None:
    _texts(page)
    for side, text in (("a", ENGLISH), ("b", GERMAN)):
        path = book(tmp_path / f"sea.{side}.txt", text)
        page.locator(f"#align-{side} input[type=file]").set_input_files(path)
        expect(page.locator(f"#align-{side}")).to_contain_text(f"sea.{side}")
    page.locator("#align-start").click()
    card = page.locator(".v-alignment").filter(has_text="sea.a")
    expect(card.get_by_text("Proofread")).to_be_visible(timeout=120_000)
    page.locator("#corpus-editions label").filter(has_text="sea.a").click()
    expect(page.locator("#corpus-to input")).to_have_value("German · Deutsch")
    page.locator("#corpus-name").locator("input, textarea").fill("Sea")
    page.locator("#corpus-start").click()
    corpus = page.locator(".v-corpus").filter(has_text="sea")
    expect(corpus.get_by_text("Look inside")).to_be_visible(timeout=120_000)
    expect(corpus).to_contain_text("English → German")


def test_a_zip_becomes_a_corpus_that_is_chosen(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ships.zip", "w") as file:
        for path in moses(tmp_path / "in").iterdir():
            file.write(path, f"texts/{path.name}")
    _texts(page)
    page.locator("#corpus-start").click()
    expect(page.locator("#corpus-message")).to_contain_text("Choose texts first.")
    page.locator("#corpus-files input[type=file]").set_input_files(tmp_path / "ships.zip")
    expect(page.locator("#corpus-message")).to_contain_text("English → German: texts/ships.")
    page.locator("#corpus-start").click()
    corpus = page.locator(".v-corpus").filter(has_text="texts-en-de")
    expect(corpus.get_by_text("Look inside")).to_be_visible(timeout=120_000)
    corpus.get_by_text("Look inside").click()
    expect(page.locator(".v-inside")).to_contain_text("Drawn at random")
    with page.expect_download() as waiting:
        page.locator(".v-inside").get_by_text("Report").click()
    assert '"read": 40' in waiting.value.path().read_text()
    corpus.get_by_text("Build another").click()
    expect(page.locator("#corpus-message")).to_contain_text("in the form again")
    page.locator("#corpus-start").click()
    expect(page.locator("#corpus-message")).to_contain_text("“texts-en-de-2” is being built.")
    page.on("dialog", lambda dialog: dialog.accept())
    corpus = page.locator(".v-corpus[data-name=texts-en-de]")
    corpus.get_by_text("Delete").click()
    expect(corpus).to_have_count(0)
