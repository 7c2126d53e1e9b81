"""Campaigns with texts that people read, and the server that reviewers come to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.campaign_support import campaign_in, specs
from trainer.campaigns import links
from trainer.campaigns.folder import Campaign, empty_key, new_id
from trainer.campaigns.reviewer_app import reviewer_server
from trainer.campaigns.tutorials import tutorial_items
from trainer.campaigns.types import SIDE_BY_SIDE, Item, Output, Protocol, Source
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


def campaign(
    home: Path,
    protocol: Protocol,
    target: str = "de",
    systems: int = 2,
    show_reference: bool = False,
) -> Campaign:
    """An open campaign of one short text, for the reviewers Anna and Ben; both get all of it."""
    key, items = empty_key(), tutorial_items(protocol, "en", target)
    outputs: dict[str, str] = {}
    for place, (source, texts) in enumerate(zip(ENGLISH, TARGETS[target], strict=True)):
        shown = [Output(new_id("o"), text) for text in texts[:systems]]
        outputs |= {output.id: f"s{number}" for number, output in enumerate(shown, 1)}
        reference = texts[0] if show_reference else None
        whole = Source("keeper", place, source, reference)
        groups = [shown] if protocol in SIDE_BY_SIDE else [[output] for output in shown]
        items += [Item(new_id("i"), whole, tuple(group)) for group in groups]
    known = type(key)(key.salt, specs(systems), outputs, {}, {})
    return campaign_in(
        home,
        items=(items, known),
        protocol=protocol,
        target=target,
        overlap=1.0,
        name="The Keeper",
        show_reference=show_reference,
    )


def token(one: Campaign, reviewer: int = 0) -> str:
    """The link of a reviewer: what stands after ``/r/``."""
    return links.make(one, one.reviewers()[reviewer].id)


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
