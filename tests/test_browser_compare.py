"""The Compare tab in a real browser: a campaign is made, rated by two people, locked, revealed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from tests.browser import looking, pick, serving
from tests.runs_support import tiny_corpus
from tests.train_support import written_run
from trainer.campaigns.folder import Campaigns
from trainer.config import RunSettings
from translator.settings import Settings

pytestmark = pytest.mark.browser

TEXT = """The lamps of the harbour had been lit since four, and nobody was there to see them.

Far out, between two waves, a light answered.

---

The old keeper climbed the stairs slowly, counting them as he had done for thirty years.

At the top he wiped the glass with the sleeve of his coat."""
OTHER = """Im Hafen brannten seit vier die Lampen, und niemand war da, um sie zu sehen.
Weit draußen, zwischen zwei Wellen, antwortete ein Licht.
Langsam stieg der alte Wärter die Treppe hinauf und zählte sie, wie seit dreißig Jahren.
Oben wischte er mit dem Ärmel seines Mantels über das Glas.
"""
SECRETS = ("zweigelt", "pseudo")  # the systems, as no reviewer may hear of them


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """The page asks for news once a second, of an app that counts results meanwhile."""
    expect.set_options(timeout=120_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        page.set_default_timeout(120_000)
        _open_tab(page)
        yield page


def _open_tab(page: Page) -> None:
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-list .v-item").first.wait_for()


@contextmanager
def _reviewing(browser: Browser, link: str) -> Iterator[Page]:
    """A reviewer's own browser, to which nothing says what the systems are."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(120_000)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    try:
        page.goto(link)
        yield page
        for answer in answers:
            said = (answer.text() + str(answer.headers)).lower()
            assert [secret for secret in SECRETS if secret in said] == [], answer.url
    finally:
        context.close()


def _rate_all(page: Page) -> None:
    """Agree, do the example, and score everything: real German high, anything else low."""
    page.get_by_label("Yes").check()
    page.locator("#begin").click()
    expect(page.locator(".r-practice")).to_be_visible()
    _score(page)
    page.keyboard.press("Enter")
    # Where the server is slow to say how it went, the page goes on by itself.
    page.locator("#feedback:visible").or_(_spoken(page, 1)).first.wait_for(state="attached")
    if page.locator("#feedback:visible").count():
        page.keyboard.press("Control+Enter")
    number = 1
    while _arrived(page, number):
        _score(page)
        page.keyboard.press("Control+Enter")
        number += 1
    expect(page.locator(".r-end")).to_contain_text("Thank you")
    expect(page.locator("#saved")).to_have_text("Saved")


def _arrived(page: Page, number: int) -> bool:
    """Whether the next item is there, and not the end."""
    _spoken(page, number).or_(page.locator(".r-end")).first.wait_for(state="attached")
    return page.locator(".r-end").count() == 0


def _spoken(page: Page, number: int) -> Locator:
    return page.locator("#spoken").filter(has_text=f"Item {number} of")


def _score(page: Page) -> None:
    for card in page.locator(".r-card").all():
        text = card.locator(".r-text").inner_text().split("[")[0]  # then comes "[missing]"
        german = " ".join(text.split()) in OTHER
        card.locator(".r-number").fill("85" if german else "20")


def test_from_two_systems_to_a_training(
    page: Page, browser: Browser, home: Path, tmp_path: Path
) -> None:
    sent = tmp_path / "zweigelt.txt"
    sent.write_text(OTHER, "utf-8")
    # What is missing is said where it is missing.
    page.locator("#compare-start").click()
    expect(page.locator("#compare-start-message")).to_contain_text("No system is chosen")
    pick(page, "#compare-systems", "Pseudo")
    page.keyboard.press("Escape")
    page.locator("#compare-outputs input[type=file]").set_input_files(sent)
    page.locator("#compare-text textarea").fill(TEXT)
    page.locator("#compare-reviewers textarea").fill("Ada\nBlaise <b>")
    page.locator("#compare-name input, #compare-name textarea").fill("Harbour lights")
    expect(page.locator("#compare-outputs")).to_contain_text("zweigelt")
    page.locator("#compare-start").click()
    head = page.locator("#compare-head")
    expect(head.locator("h2")).to_have_text("Harbour lights")
    expect(head.locator(".v-badge")).to_have_text("open")
    expect(head).to_contain_text("2 systems")
    # The page comes back to the same campaign.
    page.reload()
    page.locator("#engine-status .v-chip").first.wait_for()
    _open_tab(page)
    expect(head.locator("h2")).to_have_text("Harbour lights")
    people = page.locator("#compare-raters li")
    expect(people).to_have_count(2)
    expect(people.nth(1)).to_contain_text("Blaise <b>")
    links = [field.input_value() for field in page.locator(".v-link input").all()]
    page.locator("[data-copy]").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == links[0]
    assert links[0].startswith(page.url.split("/?")[0].rstrip("/") + "/r/")

    for link in links:
        with _reviewing(browser, link) as reviewer:
            _rate_all(reviewer)
    expect(head).to_contain_text("Everything is rated")
    results = page.locator("#compare-results")
    expect(results.locator(".v-plots svg").first).to_be_visible()
    expect(results).to_contain_text("still blind")
    # Who made it sees letters only, until it is locked.
    assert not any(secret in results.inner_text().lower() for secret in SECRETS)
    page.once("dialog", lambda dialog: dialog.accept())
    head.get_by_role("button", name="Lock").click()
    expect(head.locator(".v-badge")).to_have_text("locked")
    with _reviewing(browser, links[0]) as reviewer:
        expect(reviewer.locator("main")).to_contain_text("Thank you")
        expect(reviewer.locator(".r-number")).to_have_count(0)
    head.get_by_role("button", name="Reveal the systems").click()
    expect(head).to_contain_text("Revealed by the owner")
    expect(results).to_contain_text("zweigelt")
    row = results.locator("tbody tr").first
    expect(row).to_contain_text("zweigelt")  # the best one
    with page.expect_download() as got:
        results.get_by_role("link", name="All as ZIP").click()
    assert got.value.suggested_filename == "Harbour-lights results.zip"
    with zipfile.ZipFile(got.value.path()) as files:
        assert {"report.html", "ratings.csv", "campaign/key.json"} <= set(files.namelist())
        assert "Ada" not in files.read("ratings.csv").decode()
    # What was preferred trains the next model.
    page.get_by_role("button", name="Train on this campaign").click()
    expect(page.locator("#train-message")).to_contain_text("is prepared")
    expect(page.locator("#train-corpus input")).to_be_visible()
    campaign = Campaigns(Settings(home)).list()[0]
    assert [row["event"] for row in campaign.log()][-1] == "revealed"
    assert (campaign.path / "training" / "preferences.jsonl").read_text("utf-8").count("\n") >= 4


def test_checkpoints_of_a_training_come_into_a_campaign(
    page: Page, home: Path, tmp_path: Path
) -> None:
    run = written_run(home, tiny_corpus(home / "corpora" / "sea"), "Sea stories", state="done")
    assert isinstance(run.settings, RunSettings)
    for step in (20, 40):
        saved = run.folder / "checkpoints" / f"checkpoint-{step}"
        saved.mkdir(parents=True)
        (saved / "trainer_state.json").write_text("{}")
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-list .v-item").filter(has_text="Sea stories").click()
    page.locator("#train-head").get_by_role("button", name="Compare blind").click()
    expect(page.locator("#compare-message")).to_contain_text("The checkpoints are chosen")
    expect(page.locator("#compare-systems .token")).to_have_text(
        ["Sea stories, step 20", "Sea stories, step 40"]
    )
