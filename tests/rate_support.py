"""Campaigns for the reviewers' side: texts that people read, or names to look for; a server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.campaign_support import campaign_in, specs
from trainer.campaigns import links
from trainer.campaigns.folder import Campaign, empty_key, new_id
from trainer.campaigns.protocols import protocol
from trainer.campaigns.reviewer_app import reviewer_server
from trainer.campaigns.tutorials import tutorial_items
from trainer.campaigns.types import (
    SIDE_BY_SIDE,
    Control,
    Item,
    Output,
    Protocol,
    Source,
    SystemSpec,
)
from translator.settings import Settings

ENGLISH = [
    "It was a dark and stormy night, and the lamps of the harbour had been lit since four.",
    "The old keeper climbed the 114 steps slowly, counting them. He had done so for thirty "
    "years. At the top he wiped the glass, as he always did, with the sleeve of his coat.",
    "Far out, between two waves, a light answered.",
    "“You are late,” he said to nobody, and smiled. 😀",
]
TARGETS: dict[str, list[Sequence[str]]] = {
    "de": [
        (
            "Es war eine dunkle, stürmische Nacht, und im Hafen brannten seit vier die Lampen.",
            "Es war eine finstere Nacht, und die Laternen des Hafens waren seit vier angezündet.",
            "Es war ein stürmischer Abend und die Lampen wurden um vier angezündet.",
            "Es war dunkle und stürmische Nacht, die Lampen beim Hafen leuchteten seit vier.",
        ),
        (
            "Der alte Wärter stieg langsam die 114 Stufen hinauf und zählte sie. Das tat er seit "
            "dreißig Jahren. Oben wischte er wie immer mit dem Ärmel über das Glas.",
            "Langsam erklomm der alte Wärter die 114 Stufen und zählte sie. Seit dreißig Jahren "
            "machte er das so. Oben wischte er das Glas wie stets mit dem Mantelärmel ab.",
            "Der alte Torwart kletterte die 141 Schritte langsam, sie zählend. Er hatte das "
            "dreißig Jahre getan. Oben wischte er das Glas mit dem Ärmel seines Mantels.",
            "Der alte Wächter stieg langsam die Stufen hoch. Oben wischte er das Glas ab.",
        ),
        (
            "Weit draußen, zwischen zwei Wellen, antwortete ein Licht.",
            "Fern draußen antwortete zwischen zwei Wellen ein Licht.",
            "Weit weg, zwischen zwei Wellen, ein Licht antwortete.",
            "Draußen zwischen den Wellen gab ein Licht Antwort.",
        ),
        (
            "😀 „Du bist spät dran“, sagte er zu niemandem und lächelte.",
            "😀 „Ihr kommt spät“, sagte er ins Leere und lächelte.",
            "😀 „Du bist zu spät“, sagte er zu keinem und lachte.",
            "😀 „Sie sind spät“, sagte er zu niemand und lächelte.",
        ),
    ],
    "zh-Hans": [
        (
            "那是一个漆黑的暴风雨之夜，港口的灯四点就亮了。",
            "那晚又黑又有暴雨，港里的灯从四点亮起。",
        ),
        (
            "老看守人慢慢爬上114级台阶，一边数着。三十年来他一直如此。",
            "老看守慢慢登上141级台阶，数着数。他这样做了三十年。",
        ),
        ("远处，两道浪之间，有一点光回应了。", "远方浪间，一盏灯作答。"),
        ("𠮷“你来晚了。”他自言自语，笑了。", "𠮷“你迟到了。”他对谁也没说，微笑。"),
    ],
    "ar": [
        (
            "كانت ليلة مظلمة وعاصفة، وكانت مصابيح الميناء مضاءة منذ الرابعة.",
            "كان الليل مظلمًا وعاصفًا، وأضيئت مصابيح الميناء في الرابعة.",
        ),
        ("صعد الحارس العجوز الدرجات الـ 114 ببطء وهو يعدها.", "تسلق الحارس 114 درجة ببطء."),
        ("بعيدًا، بين موجتين، أجاب ضوء.", "من بعيد، رد ضوء بين موجتين."),
        ("قال لا لأحد: «تأخرت»، وابتسم.", "قال: «أنت متأخر» وابتسم."),
    ],
}
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
    home: Path,
    name: Protocol,
    target: str = "de",
    systems: int = 2,
    show_reference: bool = False,
) -> Campaign:
    """An open campaign of one short text, for the reviewers Anna and Ben; both get all of it."""
    key, items = empty_key(), tutorial_items(name, "en", target)
    outputs: dict[str, str] = {}
    for place, (source, texts) in enumerate(zip(ENGLISH, TARGETS[target], strict=True)):
        shown = [Output(new_id("o"), text) for text in texts[:systems]]
        outputs |= {output.id: f"s{number}" for number, output in enumerate(shown, 1)}
        reference = texts[0] if show_reference else None
        whole = Source("keeper", place, source, reference)
        groups = [shown] if name in SIDE_BY_SIDE else [[output] for output in shown]
        items += [Item(new_id("i"), whole, tuple(group)) for group in groups]
    known = replace(key, systems=specs(systems), outputs=outputs)
    return campaign_in(
        home,
        items=(items, known),
        protocol=name,
        target=target,
        overlap=1.0,
        name="The Keeper",
        show_reference=show_reference,
    )


def named_campaign(
    home: Path, name: Protocol = "contrastive-esa", target: str = "de", **settings: Any
) -> Campaign:
    """An open campaign with names and paths to look for in what reviewers get.

    Three systems (two in ``pairwise``), two documents, two reviewers, a tutorial and controls.
    """
    systems = SYSTEMS[:2] if name == "pairwise" else SYSTEMS
    items = tutorial_items(name, "en", target)
    outputs: dict[str, str] = {}
    controls: dict[str, Control] = {}

    def add(source: Source, texts: Sequence[str]) -> Item:
        shown = tuple(Output(new_id("o"), text) for text in texts[: len(systems)])
        outputs.update({one.id: spec.id for one, spec in zip(shown, systems, strict=True)})
        groups = [shown] if name in SIDE_BY_SIDE else [(one,) for one in shown]
        items.extend(Item(new_id("i"), source, group) for group in groups)
        return items[-1]

    for (document, position, text, reference), texts in zip(TEXTS, GERMAN, strict=True):
        source = Source(document, position, text, reference)
        first = add(source, texts)
    if name in SIDE_BY_SIDE:
        again = add(source, texts)
        controls[again.id] = Control("repeat", first.id)
        spoiled = add(source, (GERMAN[0][0], *texts[1:]))
        controls[spoiled.id] = Control(
            "degraded", first.id, "another segment", spoiled.outputs[0].id, first.outputs[0].id
        )
    key = replace(empty_key(), systems=systems, outputs=outputs, controls=controls)
    settings = {"name": "Spring check", "protocol": name, "target": target, **settings}
    return campaign_in(home, NAMES, (items, key), **settings)


def token(one: Campaign, reviewer: int = 0) -> str:
    """The link of a reviewer: what stands after ``/r/``."""
    return links.make(one, one.reviewers()[reviewer].id)


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


@contextmanager
def reviewers_served(home: Path) -> Iterator[str]:
    """The reviewers' own server on a free port; gives the address that tokens follow."""
    server = reviewer_server(Settings(home), "127.0.0.1", 0)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # who comes early waits, and is not refused
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/r/"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
