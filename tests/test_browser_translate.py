"""The Translate tab in a real browser, with the dry run and with a real model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import area, looking, paste, pick, serving, value

pytestmark = pytest.mark.browser

SOURCE, TARGET, FACTS = "#translate-source", "#translate-target", "#translate-facts"
MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
ENGLISH = (
    "It was the best of times, it was the worst of times.\n\n"
    "There were a king with a large jaw and a queen with a plain face."
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looking(browser, address) as page:
        yield page


def test_nothing_downloaded_is_said_with_a_way_out(page: Page) -> None:
    offer = page.locator("#translate-offer")
    expect(offer).to_contain_text("not on this machine yet")
    expect(offer).to_contain_text("Apache-2.0")
    expect(page.locator("#translate-download-start")).to_be_visible()
    area(page, SOURCE).fill(ENGLISH)
    page.locator("#translate-start").click()
    expect(page.locator("#translate-message [role=status]")).to_contain_text("Download it below")


def test_terms_are_shown_and_asked_for_before_a_download(page: Page) -> None:
    pick(page, "#translate-model", "Gemma 3 270M")
    expect(page.locator("#translate-offer .v-terms")).to_contain_text("Gemma Terms of Use")
    page.locator("#translate-download-start").click()
    expect(page.locator("#translate-download")).to_contain_text("accept the terms first")


def test_paste_detect_translate_count_and_table(page: Page) -> None:
    pick(page, "#translate-model", "Pseudo")
    expect(page.locator("#translate-download")).to_be_hidden()
    paste(page, SOURCE, ENGLISH)
    expect(page.locator("#translate-detected")).to_have_text("Detected English")
    expect(page.locator("#translate-count")).to_have_text(f"{len(ENGLISH)} characters")
    page.keyboard.press("Control+Enter")
    expect(page.locator(FACTS)).to_contain_text("Done in")
    first, second = value(page, TARGET).split("\n\n")
    assert first.startswith("⟪Íţ ŵáš") and second.endswith("⟫")
    assert area(page, TARGET).evaluate("e => [e.lang, e.dir]") == ["de", "ltr"]
    assert area(page, SOURCE).evaluate("e => [e.lang, e.dir]") == ["en", "ltr"]
    page.locator("#translate-segments-fold button").first.click()
    rows = page.locator("#translate-segments tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("There were a king")
    expect(rows.nth(1).locator(".v-badge")).to_have_text("translated")


def test_swap_takes_texts_and_languages(page: Page) -> None:
    pick(page, "#translate-model", "Pseudo")
    pick(page, "#translate-to", "Hebrew")
    area(page, SOURCE).fill(ENGLISH)
    expect(page.locator("#translate-detected")).to_have_text("Detected English")
    page.locator("#translate-start").click()
    expect(page.locator(FACTS)).to_contain_text("Done in")
    result = value(page, TARGET)
    assert area(page, TARGET).get_attribute("dir") == "rtl"
    page.locator("#translate-swap").click()
    expect(area(page, SOURCE)).to_have_value(result)
    expect(area(page, TARGET)).to_have_value(ENGLISH)
    assert page.locator("#translate-from input").input_value() == "Hebrew · עברית"
    assert page.locator("#translate-to input").input_value() == "English"
    assert area(page, SOURCE).get_attribute("dir") == "rtl"


def test_swap_without_a_known_language_says_so(page: Page) -> None:
    area(page, SOURCE).fill("1234")
    page.locator("#translate-swap").click()
    expect(page.locator("#translate-message")).to_contain_text("Choose the source language first")


def test_target_is_remembered_in_the_browser(page: Page) -> None:
    pick(page, "#translate-to", "Korean")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("#translate-to input")).to_have_value("Korean · 한국어")


def test_same_language_is_an_error_in_place(page: Page) -> None:
    pick(page, "#translate-model", "Pseudo")
    pick(page, "#translate-to", "English")
    area(page, SOURCE).fill(ENGLISH)
    page.locator("#translate-start").click()
    alert = page.locator("#translate-message [role=alert]")
    expect(alert).to_contain_text("in English already")
    expect(page.locator("#translate-start")).to_be_visible()


def test_a_very_long_text_is_translated_whole(page: Page) -> None:
    pick(page, "#translate-model", "Pseudo")
    paragraphs = [f"Paragraph number {n} says a little of this and of that." for n in range(3000)]
    paste(page, SOURCE, "\n\n".join(paragraphs))
    page.locator("#translate-start").click()
    expect(page.locator(FACTS)).to_contain_text("Done in", timeout=60_000)
    assert len(value(page, TARGET).split("\n\n")) == 3000


def test_advanced_settings_are_the_models_own(page: Page) -> None:
    page.locator("#translate-advanced button").first.click()
    longest = page.locator("#translate-max-new-tokens input")
    expect(longest).to_have_value("1024")
    pick(page, "#translate-model", "HY-MT1.5")
    expect(page.locator("#translate-advanced")).to_contain_text("temperature 0.7")


def test_the_page_fits_a_phone(browser: Browser, address: str) -> None:
    with looking(browser, address, viewport={"width": 390, "height": 844}) as page:
        for tab in ("Books", "Models", "Translate"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(300)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, f"{tab} is {width} pixels wide"
        source, target = area(page, SOURCE).bounding_box(), area(page, TARGET).bounding_box()
        assert source and target and target["y"] > source["y"] + source["height"] - 1


def test_controls_have_names(page: Page) -> None:
    for tab in ("Translate", "Books", "Models"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, input, textarea, a')]
            .filter(e => e.offsetParent && !(e.innerText || '').trim() && !e.title
              && !e.getAttribute('aria-label') && !(e.labels && [...e.labels].some(
                l => l.innerText.trim() || l.textContent.trim())))
            .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert nameless == [], tab


@pytest.mark.model
def test_a_real_model_streams_and_stops(
    browser: Browser, real_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("real-home")
    (home / "models").mkdir()
    (home / "models" / MODEL).symlink_to(real_models / MODEL)
    with serving(home) as address, looking(browser, address) as page:
        chip = page.locator("#engine-status .v-ready").first
        expect(chip).to_contain_text("0.5B", timeout=180_000)
        area(page, SOURCE).fill(ENGLISH)
        page.keyboard.press("Control+Enter")
        steps: list[str] = []
        while "Done in" not in page.locator(FACTS).inner_text():
            now = value(page, TARGET)
            if now and (not steps or now != steps[-1]):
                steps.append(now)
            page.wait_for_timeout(50)
        assert len(steps) >= 4, "the text came at once"
        assert re.search(r"\d tokens a second", page.locator(FACTS).inner_text())
        final = value(page, TARGET)
        assert "\n\n" in final and len(final) > 40

        paste(page, SOURCE, "\n\n".join(f"In the year {n}, {ENGLISH}" for n in range(1500, 1600)))
        page.locator("#translate-start").click()
        expect(page.locator(FACTS)).to_contain_text("of 200 segments", timeout=60_000)
        page.keyboard.press("Escape")
        expect(page.locator(FACTS)).to_contain_text("Stopped after", timeout=30_000)
        expect(page.locator("#translate-start")).to_be_visible()
        expect(page.locator("#engine-status .v-ready").first).to_be_visible(timeout=30_000)

        # A page that is closed frees the engine too.
        page.locator("#translate-start").click()
        expect(page.locator("#engine-status .v-working").first).to_be_visible(timeout=30_000)
        expect(page.locator(FACTS)).to_contain_text("of 200 segments", timeout=60_000)
        with looking(browser, address) as other:
            page.close()
            expect(other.locator("#engine-status .v-ready").first).to_be_visible(timeout=60_000)
