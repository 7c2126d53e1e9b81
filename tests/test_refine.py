"""The second look: what it may change, what it costs, and that a kill loses nothing of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.fake_engine import Act, Crash, Fail, FakeEngine, Say
from tests.jobs_support import jobs_with, scripted, small_epub, small_text, stored
from tests.test_cli import verso
from translator import markup
from translator.engines.base import Request
from translator.engines.pseudo import pseudo
from translator.errors import Cancelled
from translator.jobs import BookOptions
from translator.pipeline import Pipeline, PipelineOptions
from translator.progress import Meter
from translator.prompts import StyleInfo, get_style
from translator.records import Entry
from translator.refine import NO_BETTER, REFINED, UNCHANGED, FirstRound, drafts, summary
from translator.types import (
    Check,
    Provenance,
    Segment,
    Status,
    Translation,
    TranslationTask,
)

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
SOURCE = "The house stands by the blue sea, and nobody has lived there for many years."
DRAFT = "Das Haus steht an dem blauen Meer, und niemand hat dort für viele Jahre gelebt."
BETTER = "Das Haus steht am blauen Meer, und seit vielen Jahren hat dort niemand gewohnt."
REFINE = BookOptions("de", "en", "pseudo", refine=True)


def look(
    act: Act, *, source: str = SOURCE, text: str = DRAFT, checks: tuple[Check, ...] = ()
) -> Translation:
    """The result of a second look at a draft by an engine that acts so."""
    segment = Segment("s/0", "s", 0, source)
    draft = Translation(
        "s/0", Status.TRANSLATED, text, checks=checks, model="m", provenance=Provenance.MODEL,
        attempts=1, prompt_tokens=10, new_tokens=5,
    )  # fmt: skip
    with FakeEngine(lambda *_: act) as engine:
        style = get_style("chat", StyleInfo(CHATML))
        options = PipelineOptions("en", "de", refine=True)
        (result,) = Pipeline(engine, style, options, "m").refine([(segment, draft)])
    return result


def test_the_prompt_shows_source_and_draft() -> None:
    style = get_style("chat", StyleInfo(CHATML))
    task = TranslationTask(SOURCE, "en", "de", "formal", terms=(("sea", "Meer"),), draft=DRAFT)
    prompt = style.render(task)
    assert f"English: {SOURCE}\n\nGerman: {DRAFT}<|im_end|>" in prompt.text
    assert "editor" in prompt.text and "polite" in prompt.text and "sea = Meer" in prompt.text
    shared = "".join(part.text for part in prompt.parts[: prompt.shared])
    assert "editor" in shared and "Meer" not in shared
    assert "Source: " in style.render(TranslationTask(SOURCE, "und", "de", draft=DRAFT)).text


def test_a_better_text_takes_the_place_of_the_draft_and_both_are_counted() -> None:
    result = look(Say(BETTER))
    assert (result.text, result.reason) == (BETTER, REFINED)
    assert result.attempts == 2 and result.new_tokens > 5 and result.prompt_tokens > 10
    assert result.provenance is Provenance.MODEL


@pytest.mark.parametrize(
    "act",
    [
        Say(""),
        Say(SOURCE),
        Say("Das Haus " * 60, cut=True),
        Say("Das Haus."),
        Say("Es tut mir leid, aber dabei kann ich leider nicht helfen."),
        Say("Вот дом у синего моря, и никто там не жил уже много лет подряд."),
        Fail(),
        Crash(),
    ],
    ids=["empty", "source", "loop", "shortened", "refusal", "language", "error", "crash"],
)
def test_nothing_worse_is_taken(act: Act) -> None:
    result = look(act)
    assert result.text == DRAFT and result.status is Status.TRANSLATED
    assert result.reason.startswith(NO_BETTER) and result.reason != NO_BETTER


def test_a_finding_that_the_draft_did_not_have_is_worse() -> None:
    source = "In 1887 there were 42 houses by the sea, and 7 of them were blue."
    draft = "Im Jahr 1887 gab es 42 Häuser am Meer, und 7 von ihnen waren blau."
    worse = "Im Jahr 1878 gab es am Meer 42 Häuser, von denen 7 blau gestrichen waren."
    assert look(Say(worse), source=source, text=draft).text == draft
    had = (Check("numbers", "1887"),)
    assert look(Say(worse), source=source, text=draft, checks=had).text == worse


def test_the_same_again_is_said_so() -> None:
    assert look(Say(DRAFT + " ")).reason == UNCHANGED


def test_tags_are_shown_in_the_draft_and_have_to_come_back() -> None:
    one = f"{markup.opening(1)}%s{markup.closing(1)}"
    source = f"The {one % 'house'} stands by the sea, and nobody has lived there for many years."
    draft = f"Das {one % 'Haus'} steht an dem Meer, und niemand hat dort für viele Jahre gelebt."
    assert look(Say(BETTER), source=source, text=draft).text == draft
    new = "Das <1>Haus</1> steht am Meer, und seit vielen Jahren hat dort niemand gewohnt."
    result = look(Say(new), source=source, text=draft)
    assert result.reason == REFINED and f"Das {one % 'Haus'} steht am Meer" in result.text


def test_what_waits_for_a_look() -> None:
    def entry(**values: object) -> Entry:
        base = Translation("s", Status.TRANSLATED, "x", model="m", provenance=Provenance.MODEL)
        fields = {name: getattr(base, name) for name in base.__slots__}
        return Entry(Segment("s", "s", 0, "y"), Translation(**{**fields, **values}))

    waiting = [entry(), entry(provenance=Provenance.MEMORY)]
    others = [
        Entry(Segment("s", "s", 0, "y"), None),
        entry(status=Status.KEPT),
        entry(status=Status.FAILED),
        entry(provenance=Provenance.PERSON),
        entry(provenance=Provenance.MEMORY, model=""),  # a person's, from a TMX file
        *(entry(reason=reason) for reason in (REFINED, UNCHANGED, f"{NO_BETTER} (length)")),
    ]
    assert drafts([*waiting, *others]) == waiting
    assert summary([*waiting, *others]) == "The second look changed 1 of 3 translations."
    assert summary(waiting) == ""


def answers(request: Request, text: str, count: int) -> Act:
    """Drafts as the dry run makes them; a second look changes about every other one."""
    if "-again/" in request.id and len(text) % 2:
        return Say(pseudo(text, "de") + " !")
    return Say(pseudo(text, "de"))


def test_a_book_whose_run_is_stopped_again_and_again(tmp_path: Path) -> None:
    book = small_epub(tmp_path / "b.epub", 15)
    with scripted(answers) as engine:
        jobs = jobs_with(engine, tmp_path / "whole")
        report = jobs.run(jobs.create(book, REFINE, queue=False))
        assert report.coverage == 1.0
        assert any("The second look changed" in note for note in report.notes)
        whole = Path(report.job.output).read_bytes()
        jobs.close()

    stop = threading.Event()
    seen = 0

    def stopping(request: Request, text: str, count: int) -> Act:
        nonlocal seen
        if "-again/" in request.id:
            seen += 1
            if seen % 6 == 0:
                stop.set()
            if stop.is_set():
                time.sleep(0.3)  # the runner looks now and then whether it is to stop
        return answers(request, text, count)

    with scripted(stopping) as engine:
        jobs = jobs_with(engine, tmp_path / "parts")
        job_id = jobs.create(book, REFINE, queue=False)
        before: dict[str, Translation] = {}
        stops = 0
        while True:
            stop.clear()
            try:
                jobs.run(job_id, None, stop)
                break
            except Cancelled:
                stops += 1
                now = stored(jobs, job_id)
                # All drafts were stored before the first look, and no look is taken back.
                assert len(now) == len(jobs.store.entries(job_id))
                assert all(now[key] == before[key] for key in before if before[key].reason)
                before = now
        assert stops >= 2
        result = jobs.store.job(job_id)
        assert Path(result.output).read_bytes() == whole
        jobs.close()


def test_the_report_says_what_was_looked_at(tmp_path: Path) -> None:
    text = "The house is big and blue."
    with scripted(lambda r, t, c: Say(pseudo(t, "de") + "!" * ("-again/" in r.id))) as engine:
        jobs = jobs_with(engine, tmp_path / "home")
        job_id = jobs.create(small_text(tmp_path / "b.txt", text), REFINE, queue=False)
        jobs.run(job_id)
        data = jobs.report(job_id)
        assert data is not None
        assert data["items"][0]["reason"] == REFINED
        assert data["items"][0]["target"] == pseudo(text, "de") + "!"
        assert "The second look changed 1 of 1 translations." in data["notes"]
        jobs.close()


def test_the_estimate_counts_both_times() -> None:
    now = 0.0
    segments = [Segment(f"s{n}", f"s{n}", 0, "x" * 84) for n in range(10)]
    once, twice = (kind(segments, 1, lambda: now) for kind in (Meter, FirstRound))
    assert once.eta is twice.eta is None
    for n in range(5):
        now += 1.0
        for meter in (once, twice):
            meter.add(Translation(f"s{n}", Status.TRANSLATED, "y", provenance=Provenance.MODEL))
    assert once.eta is not None and 4 <= once.eta <= 5
    assert twice.eta == pytest.approx(2 * once.eta + now)


def test_command_line(tmp_path: Path) -> None:
    book = small_text(tmp_path / "b.txt", "The house is big and blue.")
    common = ("book", str(book), "--to", "de", "--from", "en", "--model", "pseudo")
    assert "changed 0 of 1" in verso(*common, "--refine").stderr.decode()
