"""A new campaign: what is compared, on which texts, by whom, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import gradio as gr

from trainer.campaigns.plan import Plan
from trainer.campaigns.protocols import PROTOCOLS, protocol
from trainer.campaigns.types import CampaignSettings, Protocol
from trainer.tabs.compare_systems import Systems
from trainer.tabs.compare_texts import Texts
from translator.errors import InputError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_USUAL = CampaignSettings("", "", 0.0, "en", "de")
_WELCOME = (
    '<p class="v-empty v-welcome-line">People who know both languages rate translations side by '
    "side, without knowing which system made which. Choose two systems and some text, name the "
    "reviewers, and each gets a personal link. Their answers show which system is better, by how "
    "much and how surely, and can train the next model.</p>"
)


class NewCampaign:
    """The components and what they say. ``outputs`` are those that :meth:`cleared` changes."""

    def __init__(self, context: AppContext, page: gr.Blocks, tab: gr.Tab) -> None:
        gr.HTML(_WELCOME)
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(
                views.step(
                    1,
                    "Systems",
                    "Two to four: models, checkpoints of a training, the memory, files.",
                )
            )
            self.systems = Systems(context)
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(
                views.step(
                    2,
                    "Texts",
                    "What is translated. Reviewers read it in the order of the document.",
                )
            )
            self.texts = Texts()
        with gr.Column(elem_classes="v-stage"):
            gr.HTML(views.step(3, "Reviewers", "Who rates, and how."))
            self._protocol = gr.Dropdown(
                [(protocol(name).title, name) for name in PROTOCOLS],
                value="contrastive-esa",
                label="How they rate",
                elem_id="compare-protocol",
            )
            self._about = gr.HTML(_about("contrastive-esa"), elem_id="compare-protocol-about")
            self._reviewers = gr.Textbox(
                label="Reviewers",
                info="A name a line. Only you see the names; ratings carry a random id.",
                lines=3,
                max_lines=12,
                max_length=4000,
                placeholder="Ada\nBlaise",
                elem_id="compare-reviewers",
            )
            self._more()
        with gr.Row(elem_classes="v-fields"):
            self._name = gr.Textbox(
                label="Name", info="Reviewers see it: name no system in it", max_length=80,
                max_lines=1, placeholder="English → German", elem_id="compare-name",
            )  # fmt: skip
        with gr.Row(elem_classes="v-begin"):
            self.start = gr.Button("Make the campaign", variant="primary", elem_id="compare-start")
        self.message = gr.HTML(elem_id="compare-start-message")
        self._protocol.change(_about, self._protocol, self._about, **_QUIET)
        for event in (page.load, tab.select):
            event(self._offer, self.systems.chosen, self.systems.chosen, **_QUIET)

    def _more(self) -> None:
        with gr.Accordion("More choices", open=False, elem_id="compare-more"):
            with gr.Row(elem_classes="v-fields"):
                self._overlap = gr.Slider(
                    0, 100, 100 * _USUAL.overlap, step=5, label="Rated by everyone, % of documents",
                    info="Agreement is measured on these", elem_id="compare-overlap",
                )  # fmt: skip
                self._repeats = gr.Slider(
                    0, 20, 100 * _USUAL.repeats, step=1, label="Shown twice, % of items",
                    info="How a reviewer agrees with themself", elem_id="compare-repeats",
                )  # fmt: skip
                self._degraded = gr.Slider(
                    0, 20, 100 * _USUAL.degraded, step=1, label="Spoiled on purpose, % of items",
                    info="A careful reader rates these lower", elem_id="compare-degraded",
                )  # fmt: skip
            self.systems.more()
            with gr.Row(elem_classes="v-fields"):
                self._days = gr.Number(
                    _USUAL.expires_days, label="Links work for, days", minimum=1, maximum=3650,
                    precision=0, elem_id="compare-days",
                )  # fmt: skip
                self._seed = gr.Number(
                    _USUAL.seed, label="Seed", info="Of all that is drawn by chance", precision=0,
                    minimum=0, elem_id="compare-seed",
                )  # fmt: skip
            self._instructions = gr.Textbox(
                label="Instructions of your own",
                info="Instead of those of the protocol",
                lines=3, max_length=8000, elem_id="compare-instructions",
            )  # fmt: skip
            self._consent = gr.Textbox(
                label="What reviewers agree to",
                info="Instead of the usual line on what the answers are used for",
                lines=2, max_length=2000, elem_id="compare-consent",
            )  # fmt: skip

    def _offer(self, chosen: list[str] | None, request: gr.Request) -> Any:  # an update
        return self.systems.offered(owner_of(request), chosen)

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`plan` reads."""
        return {
            self._protocol, self._reviewers, self._overlap, self._repeats,
            self._degraded, self._days, self._seed, self._instructions, self._consent, self._name,
            *self.systems.inputs, *self.texts.inputs,
        }  # fmt: skip

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`cleared` changes."""
        return [self._name, self.message, *self.systems.outputs, *self.texts.outputs]

    def cleared(self) -> dict[Any, Any]:
        """For the next campaign; systems, reviewers and protocol stay, for they come again."""
        return {
            self._name: "", self.message: "", **self.systems.cleared(), **self.texts.cleared(),
        }  # fmt: skip

    def plan(self, given: Mapping[Any, Any], owner: str) -> Plan:
        """What the page says. Raises :class:`InputError`, with what is missing.

        Files that were sent are named by where gradio has put them.
        """
        systems = self.systems.of(given, owner)
        names = re.split(r"[\n,;]", str(given[self._reviewers] or ""))
        reviewers = tuple(dict.fromkeys(name.strip()[:80] for name in names if name.strip()))
        texts = self.texts.of(given)
        if not reviewers:
            raise InputError("No reviewer is named.", "Write a name a line in step 3.")
        source, target = str(given[self.texts.source]), str(given[self.texts.target])
        return Plan(
            name=str(given[self._name] or "").strip() or views.language_pair(source, target),
            source=source,
            target=target,
            protocol=given[self._protocol],
            reviewers=reviewers,
            show_reference=self.texts.shows_reference(given),
            instructions=str(given[self._instructions] or "").strip(),
            consent=str(given[self._consent] or "").strip(),
            overlap=float(given[self._overlap]) / 100,
            repeats=float(given[self._repeats]) / 100,
            degraded=float(given[self._degraded]) / 100,
            seed=int(given[self._seed] or 0),
            expires_days=int(given[self._days] or _USUAL.expires_days),
            texts=texts,
            systems=systems,
        )


def _about(name: Protocol) -> str:
    return f'<p class="v-recipe">{views.escape(protocol(name).summary)}</p>'
