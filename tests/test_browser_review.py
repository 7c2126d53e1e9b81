"""The review of a book in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import looking, serving
from tests.epubs import make_epub
from tests.fake_engine import Act, Fail
from tests.jobs_support import as_pseudo, jobs_with, scripted, small_text
from translator import markup
from translator.books.base import open_book
from translator.engines.base import Request
from translator.jobs import BookJobs, BookOptions
from translator.types import Check

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="document.title=1"> & "quoted" ⟨1⟩'
BODIES = {
    "one.xhtml": "<h1>Loomings</h1><p>Call me <em>Ishmael</em>, said the <b>sailor</b> to us.</p>"
    "<p>Some years ago I went to sea, in 1851.</p>"
    f"<p>{HOSTILE.replace('&', '&amp;').replace('<', '&lt;')}</p>",
    "two.xhtml": "<h1>The Carpet-Bag</h1><p>I stuffed a shirt or two into my old bag.</p>",
}


def _script(request: Request, text: str, count: int) -> Act:
    return Fail() if "stuffed" in text else as_pseudo(request, text, count)


def _fill(home: Path, folder: Path) -> dict[str, str]:
    """A book with a failed segment and one with a finding, one in Arabic, and a long one."""
    with scripted(_script) as engine:
        jobs = jobs_with(engine, home)

        def made(path: Path, target: str = "de") -> str:
            job_id = jobs.create(path, BookOptions(target, "en", "pseudo"), queue=False)
            jobs.run(job_id)
            return job_id

        whale = made(make_epub(folder / "whale.epub", BODIES, title="The Whale"))
        _add_finding(jobs, whale)
        many = (f"This is paragraph number {n} of a long book." for n in range(3000))
        ids = {
            "whale": whale,
            "arabic": made(small_text(folder / "sea.txt", "The sea is blue.", "It is deep."), "ar"),
            "long": made(small_text(folder / "long.txt", *many)),
        }
        jobs.memory.edit("Some years ago I went to sea, in 1852.", "Vor Jahren, 1852.", "en", "de")
        jobs.close()
    return ids


def _add_finding(jobs: BookJobs, job_id: str) -> None:
    entry = next(e for e in jobs.store.entries(job_id) if "1851" in e.segment.text)
    assert entry.translation
    checks = (Check("numbers", "missing 1851"),)
    jobs.store.save(job_id, replace(entry.translation, checks=checks))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("review")


@pytest.fixture(scope="module")
def ids(folder: Path) -> dict[str, str]:
    return _fill(folder / "home", folder)


@pytest.fixture(scope="module")
def address(folder: Path, ids: dict[str, str]) -> Iterator[str]:
    with serving(folder / "home") as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        yield page


def _open(page: Page, title: str) -> None:
    page.get_by_role("tab", name="Books").click()
    card = page.locator("#books-list .v-book").filter(has_text=title)
    card.get_by_role("link", name="Review").click()
    expect(page.locator(".v-row").first).to_be_visible()


def _row(page: Page, text: str) -> Locator:
    return page.locator("#review-list .v-row").filter(has_text=text)


def test_from_the_card_through_the_filters_and_back(page: Page) -> None:
    _open(page, "The Whale")
    expect(page.locator("#books-start")).to_be_hidden()
    expect(page.locator("#review-head h3")).to_have_text("The Whale")
    source = _row(page, "1851").locator(".v-source .v-passage")
    assert source.get_attribute("lang") == "en"
    page.locator("#review-chips").get_by_role("button", name="Failed").click()
    expect(page.locator(".v-row")).to_have_count(1)
    expect(page.locator(".v-row")).to_contain_text("The engine failed")
    page.reload()
    expect(page.locator(".v-row")).to_have_count(1)
    expect(page.locator("#review-panel")).to_be_visible()
    page.locator("#review-chips").get_by_role("button", name="All").click()
    page.locator("#review-tools [name=check]").select_option("numbers")
    expect(page.locator(".v-row")).to_have_count(1)
    expect(page.locator(".v-row .v-check")).to_have_text("Numbers: missing 1851")
    page.locator("#review-tools [name=check]").select_option("")
    page.locator("#review-tools [name=section]").select_option(label="The Carpet-Bag (3)")
    expect(page.locator(".v-row")).to_have_count(3)
    page.locator("#review-tools [name=text]").fill("SHIRT or")
    expect(page.locator(".v-row")).to_have_count(1)
    page.get_by_role("link", name="← Books").click()
    expect(page.locator("#review-panel")).to_be_hidden()
    expect(page.locator("#books-start")).to_be_visible()


def test_text_of_a_book_never_becomes_markup(page: Page) -> None:
    _open(page, "The Whale")
    row = _row(page, "onerror")
    expect(row.locator("img")).to_have_count(0)
    row.click()
    area = page.locator(".v-editing textarea")
    expect(area).to_be_focused()
    expect(page.locator(".v-editing img")).to_have_count(0)
    page.keyboard.press("Escape")
    assert page.title() == "Verso"


def test_an_edit_from_the_row_to_the_written_book(page: Page, ids: dict[str, str]) -> None:
    _open(page, "The Whale")
    _row(page, "Ishmael").click()
    form = page.locator(".v-editing")
    area = form.locator("textarea")
    assert area.get_attribute("lang") == "de"
    expect(form.locator(".v-chips button")).to_have_count(4)
    area.fill("Nennt mich ⟨1⟩Ismael⟨/1⟩, sagte der ⟨2⟩Seemann.")
    expect(form.locator(".v-missing")).to_have_text("⟨/2⟩")
    page.keyboard.press("Control+Enter")
    expect(form.get_by_role("alert")).to_contain_text("The tag ⟨/2⟩ is missing.")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    form.get_by_role("button", name="⟨/2⟩").click()
    expect(area).to_have_value("Nennt mich ⟨1⟩Ismael⟨/1⟩, sagte der ⟨2⟩Seemann⟨/2⟩.")
    page.keyboard.press("Control+Enter")
    row = _row(page, "Ismael")
    expect(row.locator(".v-edited")).to_be_visible()
    expect(row).to_be_focused()
    head = page.locator("#review-head")
    expect(head).to_contain_text("1 edit is not in the written book yet.")
    head.get_by_role("button", name="Write the book again").click()
    expect(head).not_to_contain_text("not in the written book", timeout=30_000)
    expect(head.get_by_role("button")).to_have_count(0)
    with page.expect_download() as waiting:
        head.get_by_text("Download book").click()
    texts = [markup.plain(b.text) for b in open_book(waiting.value.path()).blocks()]
    assert "Nennt mich Ismael, sagte der Seemann." in texts


def test_keys_and_the_memory(page: Page) -> None:
    _open(page, "The Whale")
    page.keyboard.press("n")
    expect(_row(page, "1851")).to_be_focused()
    page.keyboard.press("Enter")
    form = page.locator(".v-editing")
    match = form.locator(".v-matches li")
    expect(match).to_contain_text("% alike")
    expect(match).to_contain_text("edited by a person")
    match.get_by_role("button", name="Use").click()
    expect(form.locator("textarea")).to_have_value("Vor Jahren, 1852.")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")
    expect(form).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(_row(page, "1851")).to_be_focused()
    page.keyboard.press("n")
    expect(_row(page, "stuffed")).to_be_focused()
    page.keyboard.press("p")
    expect(_row(page, "1851")).to_be_focused()


def test_failed_ones_are_named_and_tried_again(page: Page) -> None:
    page.get_by_role("tab", name="Books").click()
    card = page.locator("#books-list .v-book").filter(has_text="The Whale")
    expect(card).to_contain_text("I stuffed a shirt or two into my old bag.")
    card.get_by_role("button", name="Retry this one").click()
    expect(card).to_contain_text("none missing", timeout=30_000)


def test_one_segment_again_from_its_form(page: Page) -> None:
    _open(page, "The Whale")
    _row(page, "1851").click()
    page.locator(".v-editing").get_by_role("button", name="Translate again").click()
    expect(page.locator("#review-said")).to_contain_text("1 segment will be translated again")
    expect(_row(page, "1851").locator(".v-check")).to_have_count(0, timeout=30_000)


def test_a_language_from_right_to_left(page: Page) -> None:
    _open(page, "sea")
    row = _row(page, "blue")
    assert row.locator(".v-target .v-passage").get_attribute("dir") == "rtl"
    assert row.locator(".v-source .v-passage").get_attribute("dir") == "ltr"
    row.click()
    assert page.locator(".v-editing textarea").get_attribute("dir") == "rtl"


def test_a_long_book_a_page_at_a_time(page: Page) -> None:
    _open(page, "long")
    expect(page.locator(".v-row")).to_have_count(50)
    expect(page.locator(".v-pager").first).to_contain_text("1–50 of 3,000")
    page.locator(".v-pager").first.get_by_role("button", name="Next").click()
    expect(_row(page, "number 99 of")).to_be_visible()
    expect(page.locator(".v-row")).to_have_count(50)
    page.locator("#review-tools [name=text]").fill("number 2999")
    expect(page.locator(".v-row")).to_have_count(1)
    page.reload()
    expect(page.locator(".v-row")).to_have_count(1)


def test_only_the_page_and_the_owner_reach_it(
    browser: Browser, page: Page, address: str, ids: dict[str, str], folder: Path
) -> None:
    own = {"x-verso": "review"}
    place = f"books/{ids['whale']}/review"
    assert page.request.get(f"{address}/{place}").status == 403
    assert page.request.post(f"{address}/{place}/write", data={}).status == 403
    assert page.request.get(f"{address}/{place}", headers=own).status == 200
    assert page.request.get(f"{address}/{place}/segments/9999", headers=own).status == 404
    with serving(folder / "home", host="0.0.0.0") as shared, looking(browser, shared) as theirs:
        for path in ("", "/head", "/next", "/segments/1", "/segments/1/form"):
            assert theirs.request.get(f"{shared}/{place}{path}", headers=own).status == 404
        for path in ("/segments/1", "/again", "/write"):
            answer = theirs.request.post(f"{shared}/{place}{path}", headers=own, data={"text": "x"})
            assert answer.status == 404
