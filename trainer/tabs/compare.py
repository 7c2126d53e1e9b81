"""The Compare tab: a new campaign, and all campaigns with their reviewers and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from trainer.campaigns.folder import Campaign
from trainer.campaigns.loop_files import Saved
from trainer.tabs import compare_view, own_campaigns, train_view
from trainer.tabs.compare_new import NewCampaign
from trainer.tabs.compare_results import ResultsPanel
from trainer.tabs.compare_view import NEW, Seen
from trainer.tabs.own_campaigns import OwnCampaigns
from trainer.tabs.train import Trainings, TrainTab
from translator.errors import InputError, VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_UP = "() => document.querySelector('#compare-work')?.scrollIntoView({block: 'nearest'})"


@dataclass(frozen=True, slots=True)
class Shown:
    """What an open page shows, so that nothing is drawn again unless it changed."""

    campaign: str = ""
    html: Mapping[str, str] = field(default_factory=dict)


def build(
    context: AppContext, page: gr.Blocks, tab: gr.Tab, tabs: gr.Tabs, trained: TrainTab
) -> gr.Timer:
    """Put the tab's components and events into the Blocks that is open.

    ``tabs`` and ``trained`` are those of the page and its Train tab: checkpoints come from there,
    and what a campaign teaches goes there.

    Returns the timer that keeps the campaigns fresh, for the page to switch on and off.
    """
    chosen = gr.BrowserState(NEW, storage_key="verso-campaign", secret="verso")
    shown = gr.State(Shown())
    with gr.Row(elem_classes="v-books v-training v-comparison"):
        with gr.Column(min_width=240):
            listing = gr.HTML(
                elem_id="compare-list", js_on_load=views.ACTIONS_JS, elem_classes="v-run-list"
            )
        with gr.Column(elem_classes="v-work", min_width=280, elem_id="compare-work"):
            message = gr.HTML(elem_id="compare-message")
            mark = gr.HTML(elem_id="compare-place")
            with gr.Column(elem_id="compare-new", elem_classes="v-work"):
                new = NewCampaign(context, page, tab)
            with gr.Column(elem_id="compare-campaign", elem_classes="v-work"):
                head = gr.HTML(elem_id="compare-head", js_on_load=views.ACTIONS_JS)
                raters = gr.HTML(elem_id="compare-raters", js_on_load=compare_view.LINKS_JS)
                results = gr.HTML(elem_id="compare-results")
                lessons = gr.HTML(elem_id="compare-lessons", js_on_load=views.ACTIONS_JS)
                learnt = gr.HTML(elem_id="compare-learnt")  # what became of such a click
                flags = gr.HTML(elem_id="compare-flags")
                with gr.Accordion("Systems and key", open=False, elem_id="compare-seal-fold"):
                    seal = gr.HTML(elem_id="compare-seal")
    counts = ResultsPanel()
    timer = gr.Timer(1.0, active=False)
    places = {
        "list": listing, "place": mark, "head": head, "raters": raters, "results": results,
        "lessons": lessons, "flags": flags, "seal": seal,
    }  # fmt: skip
    outputs = [*places.values(), shown, chosen, message, learnt]

    def drawn(was: Shown, campaign_id: str, owner: str) -> dict[Any, Any]:
        """Updates of what has changed since ``was``."""
        own = OwnCampaigns(context, owner)
        every = _listed(own.all())
        campaign = own.find(campaign_id)
        html = {
            "list": compare_view.listing(every, campaign_id if campaign else NEW),
            # Its own part: a late answer, whose list has moved on, must not turn the page back.
            "place": compare_view.place(campaign_id if campaign else NEW),
        }
        if campaign:
            try:
                one = own_campaigns.seen(campaign)
            except VersoError as problem:  # its files were broken by hand
                html |= {
                    **dict.fromkeys(places.keys() - html.keys(), ""),
                    "head": views.error(problem),
                }
            else:
                html |= {**_parts(context, one), "results": counts.html(campaign, one)}
        known = was.html if was.campaign == campaign_id else {}
        changes = {places[name]: text for name, text in html.items() if known.get(name) != text}
        return {**changes, shown: Shown(campaign_id, {**known, **html})}

    def opened(was: Shown, place: str, owner: str, said: str = "") -> dict[Any, Any]:
        """A campaign or (as for one that is gone) the form comes in sight."""
        if OwnCampaigns(context, owner).find(place) is None:
            place = NEW
        return {chosen: place, message: said, learnt: "", **drawn(was, place, owner)}

    def refresh(was: Shown, place: str, request: gr.Request) -> dict[Any, Any]:
        # Never says what is chosen, unless it must: a click may be on its way meanwhile.
        owner = owner_of(request)
        if place != NEW and OwnCampaigns(context, owner).find(place) is None:
            return opened(was, NEW, owner)  # deleted elsewhere
        return drawn(was, place, owner)

    def choose(event: gr.EventData, was: Shown, request: gr.Request) -> dict[Any, Any]:
        return opened(was, str(event.id), owner_of(request))

    def act(event: gr.EventData, was: Shown, place: str, request: gr.Request) -> dict[Any, Any]:
        owner = owner_of(request)
        try:
            OwnCampaigns(context, owner).act(str(event.action), place, str(event.id))
        except VersoError as problem:
            return {**drawn(was, place, owner), message: views.error(problem)}
        if event.action == "delete":
            return opened(was, NEW, owner)
        return {message: "", **drawn(was, place, owner)}

    def begin(given: dict[Any, Any], request: gr.Request) -> Iterator[dict[Any, Any]]:
        owner = owner_of(request)
        yield {new.message: views.notice("Reading the texts …")}
        try:
            campaign_id = OwnCampaigns(context, owner).create(new.plan(given, owner))
        except VersoError as problem:
            yield {new.message: views.error(problem)}
            return
        yield {**new.cleared(), **opened(given[shown], campaign_id, owner)}

    def enter(event: gr.EventData, was: Shown, request: gr.Request) -> dict[Any, Any]:
        """The checkpoints of a training come into a new campaign, against the model of the app."""
        if event.action != "compare":
            return {message: gr.skip()}
        owner = owner_of(request)
        run = Trainings(context).get(str(event.id), owner)
        try:
            if run is None:
                raise InputError("This training is not there any more.")
            entered = new.systems.entered(run, owner)
        except VersoError as problem:
            return {trained.message: views.error(problem)}
        said = views.notice("The checkpoints are chosen.", "Now the texts, and who rates them.")
        return {
            tabs: gr.Tabs(selected="compare"),
            timer: gr.Timer(active=True),
            **entered,
            **opened(was, NEW, owner, said),
        }

    def learn(event: gr.EventData, place: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """The answers go into the memory, or into a training that is prepared."""
        own = OwnCampaigns(context, owner_of(request))
        yield {learnt: views.notice("Reading the answers …")}
        try:
            if event.action == "remember":
                yield {learnt: _remembered(own.remember(place))}
                return
            settings = own.teach(place)
        except VersoError as problem:
            yield {learnt: views.error(problem)}
            return
        said = views.notice(
            f"A training on “{settings.name}” is prepared.", "Look at it, then start it below."
        )
        yield {
            learnt: "",
            tabs: gr.Tabs(selected="train"),
            trained.timer: gr.Timer(active=True),  # a click on the tab would see to it
            trained.chosen: train_view.NEW,
            **trained.new.filled(settings),
            trained.message: said,
        }

    there = [shown, chosen]
    for event in (timer.tick, page.load, tab.select):
        event(refresh, there, outputs, **_QUIET)
    listing.click(choose, shown, outputs, **_QUIET).then(None, None, None, js=_UP)
    for buttons in (head, raters):
        buttons.click(act, there, outputs, **_QUIET)
    trained.head.click(
        enter, shown, [*outputs, *new.systems.outputs, tabs, timer, trained.message], **_QUIET
    )
    taught = [learnt, tabs, trained.timer, trained.chosen, trained.message, *trained.new.outputs]
    lessons.click(learn, chosen, taught, **_QUIET)
    new.start.click(begin, {*new.inputs, shown}, [*outputs, *new.outputs], **_QUIET).then(
        None, None, None, js=_UP
    )
    return timer


def _listed(campaigns: list[Campaign]) -> list[Seen]:
    found = []
    for campaign in campaigns:
        try:
            found.append(own_campaigns.seen(campaign, whole=False))
        except (InputError, OSError):
            continue  # deleted just now, or its files were broken by hand
    return found


def _remembered(saved: Saved) -> str:
    if not saved.count and not saved.refused:
        return views.notice("Nobody who agreed has edited anything.")
    said = f"{plural(saved.count, 'translation')} went into the memory."
    refused = f"{len(saved.refused):,} did not fit: {saved.refused[0][1]}" if saved.refused else ""
    return views.notice(said, refused, kind="warning" if refused else "info")


def _parts(context: AppContext, one: Seen) -> dict[str, str]:
    """What is shown of a campaign."""
    reach = (
        "Everyone who has a link can rate; nobody else can. This page is open to your network, so "
        "the links work there as they are."
        if context.shared
        else "These links work on this machine. For reviewers elsewhere, "
        "<code>verso compare serve --host 0.0.0.0</code> shows them the rating pages and nothing "
        "else; put its address in place of this one."
    )
    return {
        "head": compare_view.head(one),
        "raters": compare_view.raters(one, reach=reach),
        "lessons": compare_view.lessons(one),
        "flags": compare_view.flags(one),
        "seal": compare_view.seal(one),
    }
