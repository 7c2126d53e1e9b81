"""The reviewer's page in a real Chromium, over the reviewers' own server."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import LOCAL
from tests.campaign_support import NAMES
from tests.rate_support import campaign, reviewers_served, token
from trainer.campaigns.folder import Campaign
from trainer.campaigns.types import Protocol, Rating
from trainer.ratings.log import RatingsLog

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rate")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with reviewers_served(home) as url:
        yield url


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Other tests may have the machine."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@contextmanager
def _reviewing(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A reviewer's own browser. No script fails, nothing is refused by the security policy, no
    request leaves this machine, and the page knows no name of a system."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    broken: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.extend([said.text] * ("Content Security" in said.text)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(url)
        yield page
        assert [name for name in NAMES if name in page.content()] == []
    finally:
        context.close()
    assert broken == []
    assert [url for url in asked if not LOCAL.match(url)] == []


def _begin(page: Page, item: int = 2) -> None:
    """Past the welcome, to an item. The first one, or two where one is shown at a time, are the
    examples."""
    page.get_by_label("Yes").check()
    page.locator("#begin").click()
    for _ in range(item - 1):
        page.locator("h1").click()
        page.keyboard.press("n")
    expect(page.locator(".r-item")).to_be_visible()


def _saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def _answers(one: Campaign) -> list[Rating]:
    """What was answered, without the examples."""
    real = {item.id for item in one.items() if not item.tutorial}
    return [
        rating for rating in RatingsLog(one.path / "ratings.jsonl").all() if rating.item in real
    ]


def _text_of(one: Campaign, output: str) -> str:
    return next(o.text for item in one.items() for o in item.outputs if o.id == output)


def _marked(one: Campaign, rating: Rating, place: int = 0) -> list[tuple[str, str]]:
    judgement = next(j for j in rating.judgements if j.output == rating.order[place])
    text = _text_of(one, judgement.output)
    return [
        ("[missing]" if span.missing else text[span.start : span.end], span.severity)
        for span in judgement.spans
    ]


def _word(page: Page, word: str, card: int = 0) -> Locator:
    text = page.locator(".r-card .r-text").nth(card)
    return text.locator("[data-at]").filter(has_text=word).first


def _drag(page: Page, start: Locator, end: Locator) -> None:
    for k, box in enumerate((start.bounding_box(), end.bounding_box())):
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        if k == 0:
            page.mouse.down()
    page.mouse.up()


def _score(page: Page, *scores: int) -> None:
    for box, score in zip(page.locator(".r-number").all(), scores, strict=True):
        box.fill(str(score))


def test_all_of_it_by_keyboard(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "contrastive-esa")
    with _reviewing(browser, address + token(one)) as page:
        expect(page.locator(".r-welcome h2")).to_have_text("The Keeper")
        page.keyboard.press("Tab")  # past the head's own buttons
        page.locator("[name=consent]").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".r-practice")).to_be_visible()
        _score(page, 10, 100, 40)
        page.keyboard.press("Enter")
        expect(page.locator("#feedback")).to_be_focused()
        expect(page.locator("#feedback p").first).to_be_visible()
        page.keyboard.press("Control+Enter")
        for number in range(1, 5):
            expect(page.locator("#spoken")).to_have_text(f"Item {number} of 4")
            page.locator(".r-card .r-text").first.focus()
            page.keyboard.press("ArrowRight")  # shows the cursor on the first word
            page.keyboard.press("ArrowRight")
            page.keyboard.press("2")
            page.keyboard.press("m")
            page.keyboard.press("b")
            expect(page.locator(".r-card .r-text").nth(1)).to_be_focused()
            page.keyboard.press("Shift+End")
            page.keyboard.press("Space")
            page.keyboard.press("s")
            page.keyboard.type("55")
            page.keyboard.press("Enter")  # the first has no score yet
            if page.locator(".r-lacks").count():
                expect(page.locator("#said")).to_contain_text("Give translation A a score.")
                expect(page.locator(".r-number").first).to_be_focused()
            page.keyboard.type("70")
            page.keyboard.press("Control+Enter")
        expect(page.locator(".r-end")).to_contain_text("Thank you")
        _saved(page)
    answers = _answers(one)
    assert len(answers) == 4
    assert one.consent(one.reviewers()[0].id) is True
    for rating in answers:
        first, second = (_text_of(one, output) for output in rating.order)
        words = [mark for mark, _ in _marked(one, rating)]
        assert [severity for _, severity in _marked(one, rating)] == ["major", "minor"]
        assert words[1] == "[missing]"
        assert words[0] in first and " " not in words[0]
        assert _marked(one, rating, 1) == [(second, "minor")]
        assert [judgement.score for judgement in rating.judgements] == [70, 55]
        assert rating.seconds > 0


def test_marks_by_pointer(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "contrastive-esa")
    with _reviewing(browser, address + token(one)) as page:
        _begin(page, item=5)  # an emoji stands at its beginning
        order = [text.inner_text() for text in page.locator(".r-card .r-text").all()]
        a = next(k for k, text in enumerate(order) if "spät dran" in text)
        _drag(page, _word(page, "spät", a), _word(page, "dran", a))
        mark = page.locator(".r-card").nth(a).locator("mark")
        expect(mark).to_have_class("r-minor")
        mark.click()
        expect(mark).to_have_class("r-major")
        _word(page, "lächelte", a).dblclick()
        expect(mark).to_have_count(2)
        _drag(page, _word(page, "niemandem", a), _word(page, "lächelte", a))  # made longer
        expect(mark.nth(1)).to_have_text("niemandem und lächelte")
        missing = page.locator(".r-missing").nth(a)
        missing.click()
        expect(missing).to_have_class("r-missing r-minor")
        _word(page, "Du", a).dblclick()
        for _ in range(2):
            mark.first.click()
        expect(mark).to_have_count(2)
        _score(page, 60, 80)
        page.locator("#save").click()
        expect(page.locator("#count")).to_have_text("1 of 4")
        _saved(page)
    (rating,) = _answers(one)
    assert _marked(one, rating, a) == [
        ("spät dran", "major"),
        ("niemandem und lächelte", "minor"),
        ("[missing]", "minor"),
    ]


def test_chinese_is_marked_by_characters_and_counted_in_code_points(
    browser: Browser, home: Path, address: str
) -> None:
    one = campaign(home, "contrastive-esa", "zh-Hans", show_reference=True)
    with _reviewing(browser, address + token(one)) as page:
        _begin(page, item=5)
        expect(page.locator(".r-reference p")).to_have_attribute("lang", "zh-Hans")
        texts = [text.inner_text() for text in page.locator(".r-card .r-text").all()]
        a = next(k for k, text in enumerate(texts) if "来晚" in text)
        _drag(page, _word(page, "来", a), _word(page, "晚", a))
        expect(page.locator("mark")).to_have_text("来晚")
        page.keyboard.press("h")
        alone = page.locator(".r-card").nth(1 - a).locator(".r-differs")
        assert "迟到" in "".join(alone.all_inner_texts())
        _score(page, 1, 2)
        page.locator("#save").click()
        expect(page.locator("#count")).to_have_text("1 of 4")
        _saved(page)
    (rating,) = _answers(one)
    assert _marked(one, rating, a) == [("来晚", "minor")]


def test_right_to_left_arrows_go_where_they_point(
    browser: Browser, home: Path, address: str
) -> None:
    one = campaign(home, "esa", "ar")
    with _reviewing(browser, address + token(one)) as page:
        _begin(page)
        text = page.locator(".r-card .r-text")
        expect(text).to_have_attribute("dir", "rtl")
        words = text.inner_text().split()
        text.focus()
        page.keyboard.press("ArrowLeft")
        expect(text.locator(".r-cursor")).to_have_text(words[0])
        page.keyboard.press("ArrowLeft")
        expect(text.locator(".r-cursor")).to_have_text(words[1])
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        expect(text.locator("mark")).to_have_text(words[0])


def test_a_finger_marks_sideways(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "contrastive-esa", systems=3)
    with _reviewing(browser, address + token(one), **PHONE) as page:
        _begin(page, item=1)
        page.locator("#progress").tap()
        page.locator(".r-tick").nth(3).tap()
        text = page.locator(".r-card .r-text").first
        text.scroll_into_view_if_needed()
        pieces = text.locator("[data-at]")
        start, end = pieces.nth(0).bounding_box(), pieces.nth(2).bounding_box()
        assert start is not None and end is not None
        session = page.context.new_cdp_session(page)
        y = start["y"] + start["height"] / 2
        for kind, x in (
            ("touchStart", start["x"] + 4),
            ("touchMove", start["x"] + 30),
            ("touchMove", end["x"] + 8),
            ("touchEnd", None),
        ):
            points = [] if x is None else [{"x": x, "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        expect(text.locator("mark")).to_have_count(1)
        text.locator("mark").tap()
        expect(text.locator("mark")).to_have_class("r-major")
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_a_connection_nothing_is_lost(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "da")
    with _reviewing(browser, address + token(one)) as page:
        _begin(page, item=3)
        page.context.set_offline(True)
        for score in (11, 22):
            _score(page, score)
            page.locator("#save").click()
            expect(page.locator(".r-number")).to_have_value("")
        expect(page.locator("#saved")).to_contain_text("Offline. Kept here:")
        _score(page, 33)  # begun only
        page.locator("#save").focus()
        url, stored = page.url, page.context.storage_state()
        assert _answers(one) == []
    # The browser was closed meanwhile, and comes back.
    with _reviewing(browser, url.split("#")[0], storage_state=stored) as page:
        expect(page.locator("#count")).to_have_text("2 of 8")
        _saved(page)
        page.locator("#begin").click()
        page.locator("#progress").click()
        expect(page.locator(".r-tick.r-done")).to_have_count(2)
        expect(page.locator(".r-tick.r-begun")).to_have_count(1)
    assert [rating.judgements[0].score for rating in _answers(one)] == [11, 22]


def test_half_an_answer_goes_on_elsewhere(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "contrastive-esa")
    url = address + token(one)
    with _reviewing(browser, url) as page:
        _begin(page, item=3)
        _word(page, "Wärter").dblclick()
        _score(page, 44, 55)
        page.keyboard.press("p")  # in a score a letter is a key, not text
        _saved(page)
    with _reviewing(browser, url + "#3", **PHONE) as page:
        expect(page.locator("mark")).to_have_text("Wärter")
        expect(page.locator(".r-number").nth(1)).to_have_value("55")
        page.locator("#save").click()
        expect(page.locator("#count")).to_have_text("1 of 4")
        _saved(page)
    (rating,) = _answers(one)
    assert [judgement.score for judgement in rating.judgements] == [44, 55]


def _rate_esa(page: Page) -> None:
    _word(page, "Nacht").dblclick()
    _score(page, 77)


def _rate_mqm(page: Page) -> None:
    page.locator(".r-missing").click()
    _word(page, "Nacht").dblclick()
    page.locator("#save").click()
    expect(page.locator("#said")).to_contain_text("Choose a kind")
    row = page.locator(".r-errors li").first
    row.get_by_label("How grave").select_option("critical")
    row.get_by_label("Kind of error").select_option("accuracy/mistranslation")


def _rate_pairwise(page: Page) -> None:
    page.locator("#save").click()
    expect(page.locator("#said")).to_contain_text("Choose one")
    page.keyboard.press("b")


def _rate_post_edit(page: Page) -> None:
    area = page.locator(".r-edit")
    area.press("Control+End")
    area.press_sequentially(" Ja.")
    expect(page.locator(".r-changes ins")).to_have_text(" Ja.")


def _rate_deliver(page: Page) -> None:
    page.keyboard.press("1")
    page.keyboard.press("b")
    page.keyboard.press("3")


RATE = {
    "esa": _rate_esa,
    "da": lambda page: _score(page, 5),
    "mqm": _rate_mqm,
    "pairwise": _rate_pairwise,
    "post-edit": _rate_post_edit,
    "deliver": _rate_deliver,
}


@pytest.mark.parametrize("protocol", RATE)
def test_each_protocol(browser: Browser, home: Path, address: str, protocol: Protocol) -> None:
    one = campaign(home, protocol)
    with _reviewing(browser, address + token(one)) as page:
        first = next(k for k, item in enumerate(one.items()) if not item.tutorial)
        _begin(page, item=first + 1)
        RATE[protocol](page)
        page.locator("#save").click()
        expect(page.locator("#count")).to_contain_text("1 of")
        _saved(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    (rating,) = _answers(one)
    said = rating.judgements[0] if rating.judgements else None
    if said is None:
        assert rating.choice == rating.order[1]
        return
    text = _text_of(one, said.output)
    match protocol:
        case "esa":
            assert (said.score, _marked(one, rating)) == (77, [("Nacht", "minor")])
        case "da":
            assert (said.score, said.spans) == (5, ())
        case "mqm":
            assert _marked(one, rating) == [("Nacht", "critical"), ("[missing]", "minor")]
            kinds = [span.category for span in said.spans]
            assert kinds == ["accuracy/mistranslation", "accuracy/omission"]
        case "post-edit":
            assert (said.edit, said.keystrokes) == (f"{text} Ja.", 4)
        case "deliver":
            assert [one.verdict for one in rating.judgements] == ["as-is", "heavy-edit"]


def test_time_is_attention_and_consent_can_be_thought_over(
    browser: Browser, home: Path, address: str
) -> None:
    one = campaign(home, "da")
    with _reviewing(browser, address + token(one)) as page:
        page.clock.install()
        page.reload()
        _begin(page, item=3)
        page.clock.run_for(20_000)
        page.mouse.move(300, 300)
        page.clock.run_for(40_000)
        page.mouse.move(310, 300)
        page.clock.run_for(3_600_000)  # a break, of which a minute counts
        _score(page, 5)
        page.locator("#save").click()
        expect(page.locator("#count")).to_have_text("1 of 8")
        page.locator("#how").click()
        dialog = page.locator("#instructions")
        expect(dialog.get_by_label("Yes")).to_be_checked()
        dialog.get_by_label("No").check()
        page.keyboard.press("Escape")
        _saved(page)
    (rating,) = _answers(one)
    assert 115 < rating.seconds < 180
    assert one.consent(one.reviewers()[0].id) is False


def test_differences_and_changes_hold_for_any_text(
    browser: Browser, home: Path, address: str
) -> None:
    chance = random.Random(7)
    letters = ["a", "b", "c ", " ", ". ", "ü", "😀", "𠮷", "中", "文", "ا", "👩‍👧", "e\u0301"]
    pairs = [
        ["".join(chance.choices(letters, k=chance.randrange(30))) for _ in range(2)]
        for _ in range(150)
    ]
    pairs += [["same text", "same text"], ["", "new"], ["old", ""], ["x y", "y x"]]
    with _reviewing(browser, address + token(campaign(home, "da"))) as page:
        found = page.evaluate(
            """async ([pairs, base]) => {
              const text = await import(`${base}assets/rate_text.js`);
              return pairs.flatMap((pair) => ["en", "zh"].map((lang) =>
                [pair, text.changes(...pair, lang), text.differences(pair, lang)]));
            }""",
            [pairs, address],
        )
    for (before, after), parts, differences in found:
        read = {
            side: "".join(p["text"] for p in parts if p["kind"] in ("same", side))
            for side in ("gone", "new")
        }
        assert read == {"gone": before, "new": after}
        left = [
            "".join(
                character
                for place, character in enumerate(text)
                if not any(one["start"] <= place < one["end"] for one in mine)
            )
            for text, mine in zip((before, after), differences, strict=True)
        ]
        assert "".join(left[0].split()) == "".join(left[1].split())


def test_reading_along_and_finding_the_way(browser: Browser, home: Path, address: str) -> None:
    one = campaign(home, "contrastive-esa")
    with _reviewing(browser, address + token(one)) as page:
        _begin(page, item=3)
        page.locator(".r-here [data-at]").filter(has_text="keeper").hover()
        read = page.locator(".r-card").nth(0).locator(".r-read")
        lit = "".join(read.all_inner_texts())
        assert "114" in lit and "dreißig" not in lit
        page.locator("h1").hover()
        expect(read).to_have_count(0)
        page.locator("summary").filter(has_text="dark and stormy").click()
        expect(page.locator(".r-others:visible")).to_contain_text("Nacht")
        page.get_by_role("button", name="Go to this one").first.click()
        expect(page.locator(".r-here")).to_contain_text("dark and stormy")
        for key, dialog in (("?", "#keys"), ("o", "#overview"), ("i", "#instructions")):
            page.keyboard.press(key)
            expect(page.locator(dialog)).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.locator(dialog)).to_be_hidden()


def test_what_the_server_refuses_is_said_and_stays(
    browser: Browser, home: Path, address: str
) -> None:
    one = campaign(home, "da")
    refuse = itertools.chain([True], itertools.repeat(False))
    with _reviewing(browser, address + token(one)) as page:
        page.route(
            "**/answers",
            lambda route: (
                route.fulfill(status=422, json={"error": "Not so.", "hint": "Do."})
                if next(refuse)
                else route.continue_()
            ),
        )
        _begin(page, item=3)
        _score(page, 5)
        page.locator("#save").click()
        expect(page.locator("#said")).to_have_text("Not so. Do.")
        _saved(page)
        page.reload()
        expect(page.locator(".r-number")).to_have_value("5")
        expect(page.locator("#count")).to_have_text("0 of 8")
        page.locator("#save").click()
        expect(page.locator("#count")).to_have_text("1 of 8")
        one.lock("owner")
        _score(page, 6)
        page.locator("#save").click()
        expect(page.locator(".r-end")).to_contain_text("This comparison is closed.")
        expect(page.locator(".r-end")).to_contain_text("1 of your answers came too late")
        page.reload()
        expect(page.locator(".r-end")).to_contain_text("Thank you")
        page.goto(f"{address}nobody")
        expect(page.get_by_role("alert")).to_be_visible()
