"""A small campaign that is open, in any protocol, for tests of the reviewers' side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer.campaigns import links
from trainer.campaigns.folder import Campaign, Campaigns, empty_key, new_id
from trainer.campaigns.protocols import protocol
from trainer.campaigns.tutorials import tutorial_items
from trainer.campaigns.types import (
    CampaignSettings,
    Control,
    Item,
    Output,
    Protocol,
    Source,
    SystemSpec,
)
from translator.settings import Settings

SYSTEMS = (
    SystemSpec("s1", "Zebrafinch 7B", "model", "zebrafinch-7b-q4"),
    SystemSpec("s2", "Quokka 2", "run", "run-quokka/checkpoint-200"),
    SystemSpec("s3", "Okapi cloud", "file", "/srv/okapi/outputs.jsonl"),
)
NAMES = ("Anna Secret", "Bo Hidden")
TEXTS = (
    ("a/secret-book.epub", 0, "The bridge was closed. Nobody knew why.", "Brücke zu. Warum?"),
    ("a/secret-book.epub", 1, "“Come back 🂡 tomorrow,” she said.", None),
    ("news.txt", 0, "Prices rose by 3.5 % in May.", None),
    ("news.txt", 1, "Rain is expected in the north. The south stays dry.", None),
)
GERMAN = (
    ("Die Brücke war gesperrt. Niemand wusste, warum.", "Die Brücke ist zu, keiner weiß wieso.",
     "Brücke geschlossen. Keiner wusste. Warum?"),
    ("„Komm morgen wieder 🂡“, sagte sie.", "„Komm 🂡 zurück“, sagte sie.", "Sie sagte: morgen!"),
    ("Die Preise stiegen im Mai um 3,5 %.", "Preise stiegen um 3.5 % im Mai.", "Mai: 5,3 % mehr."),
    ("Im Norden wird Regen erwartet. Der Süden bleibt trocken.", "Es regnet im Norden.",
     "Regen im Norden; der Süden bleibt trocken."),
)  # fmt: skip


def campaign(
    home: Path, name: Protocol = "contrastive-esa", target: str = "de", **settings: Any
) -> Campaign:
    """A campaign of three systems (two in ``pairwise``), two documents and two reviewers."""
    made = Campaigns(Settings(home)).create(
        CampaignSettings("", "Spring check", 0.0, "en", target, name, **settings), NAMES
    )
    systems = SYSTEMS[:2] if name == "pairwise" else SYSTEMS
    items: list[Item] = []
    outputs: dict[str, str] = {}
    controls: dict[str, Control] = {}

    def add(source: Source, texts: tuple[str, ...]) -> Item:
        shown = tuple(Output(new_id("o"), text) for text in texts[: len(systems)])
        outputs.update({one.id: spec.id for one, spec in zip(shown, systems, strict=True)})
        alone = [(one,) for one in shown]
        groups = [shown] if protocol(name).side_by_side else alone
        items.extend(Item(new_id("i"), source, group) for group in groups)
        return items[-1]

    for (document, position, text, reference), texts in zip(TEXTS, GERMAN, strict=True):
        source = Source(document, position, text, reference)
        first = add(source, texts)
    if protocol(name).side_by_side:
        again = add(source, texts)
        controls[again.id] = Control("repeat", first.id)
        spoiled = add(source, (GERMAN[0][0], *texts[1:]))
        controls[spoiled.id] = Control(
            "degraded", first.id, "another segment", spoiled.outputs[0].id, first.outputs[0].id
        )
    items = [*tutorial_items(name, "en", target), *items]
    made.open(items, replace(empty_key(), systems=systems, outputs=outputs, controls=controls))
    return made


def tokens(made: Campaign) -> list[str]:
    """The link tokens of its reviewers."""
    return [links.make(made, reviewer.id) for reviewer in made.reviewers()]


def answer_to(state: dict[str, Any], item: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """A whole answer to an item of a reviewer's state, in the protocol of the campaign."""
    name = state["campaign"]["protocol"]
    asks = protocol(name).asks
    kinds = state["categories"]

    def judged(place: int, output: dict[str, str]) -> dict[str, Any]:
        span = {"start": 0, "end": min(3, len(output["text"])), "severity": "minor",
                "category": kinds[0][0] if kinds else "", "missing": False, "note": ""}  # fmt: skip
        return {
            "output": output["id"],
            "score": 40.0 + 10 * place if "score" in asks else None,
            "spans": [span] if "spans" in asks else [],
            "verdict": "light-edit" if "verdict" in asks else None,
            "edit": output["text"] + "!" if "edit" in asks else None,
            "keystrokes": 1 if "edit" in asks else 0,
        }

    shown = item["outputs"]
    return {
        "id": f"{item['id']}-{number}",
        "item": item["id"],
        "order": [output["id"] for output in shown],
        "judgements": [judged(place, output) for place, output in enumerate(shown)],
        "choice": shown[0]["id"] if "choice" in asks else None,
        "seconds": 12.5,
        "note": "",
    }
