"""Items, key and controls from the outputs of systems."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from trainer.campaigns.controls import spoiled
from trainer.campaigns.folder import Campaigns
from trainer.campaigns.making import Made, make
from trainer.campaigns.outputs import Written
from trainer.campaigns.types import CampaignSettings, Protocol, Source, SystemSpec
from translator.settings import Settings
from translator.types import Check

OTHERS = ("Ein Satz, der woanders steht und gut klingt.",)


@pytest.mark.parametrize(
    ("text", "tag", "turn", "how"),
    [
        ("Sie kam um neun Uhr an. Es regnete sehr stark.", "de", 0, "sentence deleted"),
        ("Er zählte 48 Vögel.", "de", 1, "number changed"),
        ("Er zählte 8 Vögel.", "de", 1, "number changed"),
        ("Er kam nicht nach Hause.", "de", 2, "negation dropped"),
        ("Das ist keine Insel.", "de", 2, "negation dropped"),
        ("He didn't come home.", "en", 2, "negation dropped"),
        ("Il n'est pas venu.", "fr", 2, "negation dropped"),
        ("No vino a casa, y no llamó.", "es", 2, "negation dropped"),
        ("他没有来。", "zh-Hans", 2, "negation dropped"),
        ("彼は来ませんでした。", "ja", 2, "negation dropped"),
        ("집에 아무도 없었다.", "ko", 2, "negation dropped"),
        ("Ein Satz, der hier steht und anders klingt.", "de", 3, "another segment's translation"),
        ("Der alte Mann blickte lange auf das Meer.", "de", 4, "words in disorder"),
        ("昨天晚上他在海边坐了很久，后来慢慢走回家去了。", "zh-Hans", 5, "second half deleted"),
        ("แมวตัวหนึ่งนั่งอยู่บนหลังคาบ้านเมื่อวานนี้", "th", 5, "second half deleted"),
    ],
)
def test_ways_to_spoil(text: str, tag: str, turn: int, how: str) -> None:
    found = spoiled(text, tag, OTHERS, random.Random(1), turn)
    assert found is not None
    worse, done = found
    assert done == how
    assert worse.strip()
    assert worse != text
    assert found == spoiled(text, tag, OTHERS, random.Random(1), turn)


def test_what_spoiling_does() -> None:
    def after(text: str, tag: str, turn: int) -> str:
        found = spoiled(text, tag, (), random.Random(3), turn)
        assert found is not None
        return found[0]

    assert after("Er zählte 48 Vögel.", "de", 1) == "Er zählte 84 Vögel."
    assert after("Das ist keine Insel.", "de", 2) == "Das ist eine Insel."
    assert after("He won't come.", "en", 2) == "He will come."
    assert after("Il n'est pas venu.", "fr", 2) == "Il est venu."
    assert after("彼は来ません。", "ja", 2) == "彼は来ます。"
    assert after("Er ging, als es Abend war, nach Hause.", "de", 5) == "Er ging, als es Abend war."
    assert sorted(after("Der alte Mann blickte lange aufs Meer.", "de", 4).split()) == sorted(
        ["Der", "alte", "Mann", "blickte", "lange", "aufs", "Meer."]
    )


def test_nothing_to_spoil() -> None:
    assert spoiled("Ja.", "de", (), random.Random(1)) is None
    assert spoiled("", "de", (), random.Random(1)) is None


def _made(
    protocol: Protocol, systems: int = 2, sizes: tuple[int, ...] = (6, 6), **more: float
) -> Made:
    specs = [SystemSpec(f"s{n}", f"Zander-{n}", "model", f"z{n}") for n in range(1, systems + 1)]
    rows = [
        Source(f"d{d}", n, f"It is {d}{n}.", "Ref.") for d, s in enumerate(sizes) for n in range(s)
    ]
    outputs = {
        spec.id: {
            (row.document, row.position): Written(
                row.document, row.position,
                f"Es sind 1{row.position}{row.document[1:]} Dinge {spec.id}. Das ist nicht viel.",
            )
            for row in rows
        }
        for spec in specs
    }  # fmt: skip
    settings = CampaignSettings("c1", "x", 1.0, "en", "de", protocol, **more)  # type: ignore[arg-type]
    return make(settings, specs, rows, outputs)


def test_side_by_side_items_show_all_systems() -> None:
    made = _made("contrastive-esa", systems=3, repeats=0.1, degraded=0.2)
    plain = [i for i in made.items if not i.tutorial and i.id not in made.key.controls]
    assert [(i.source.document, i.source.position) for i in plain] == [
        (f"d{d}", n) for d in range(2) for n in range(6)
    ]
    assert all(i.source.reference is None for i in plain)
    assert made.items[0].tutorial
    for item in plain:
        assert {made.key.outputs[o.id] for o in item.outputs} == {"s1", "s2", "s3"}
        assert [o.id for o in item.outputs] == sorted(o.id for o in item.outputs)
    ids = [o.id for i in made.items for o in i.outputs]
    assert len(set(ids)) == len(ids)


def test_the_place_of_an_output_in_its_item_says_nothing() -> None:
    made = _made("contrastive-esa", sizes=(60, 60))
    first = Counter(made.key.outputs[i.outputs[0].id] for i in made.items if not i.tutorial)
    assert min(first.values()) > 30


def test_the_place_of_an_item_in_the_file_says_nothing_of_controls() -> None:
    made = _made("contrastive-esa", sizes=(60, 60), repeats=0.2, degraded=0.2)
    place = {item.id: number for number, item in enumerate(made.items)}
    distances = Counter(
        place[name] - place[control.of_item] for name, control in made.key.controls.items()
    )
    assert set(distances) == {-1, 1} and min(distances.values()) > 8  # of 48


def test_controls() -> None:
    made = _made("contrastive-esa", sizes=(10, 10), repeats=0.1, degraded=0.2)
    kinds = Counter(control.kind for control in made.key.controls.values())
    assert kinds == {"repeat": 2, "degraded": 4}
    items = {item.id: item for item in made.items}
    firsts = [control.of_item for control in made.key.controls.values()]
    assert len(set(firsts)) == len(firsts)
    spoilt: Counter[str] = Counter()
    for name, control in made.key.controls.items():
        copy, first = items[name], items[control.of_item]
        assert copy.source == first.source
        systems = made.key.outputs
        texts = {systems[o.id]: o.text for o in first.outputs}
        if control.kind == "repeat":
            assert {systems[o.id]: o.text for o in copy.outputs} == texts
            assert {made.key.repeats[o.id] for o in copy.outputs} == {o.id for o in first.outputs}
            continue
        worse = {o.id for o in copy.outputs if texts[systems[o.id]] != o.text}
        assert worse == {control.output}
        assert systems[control.output] == systems[control.of_output]
        assert control.how
        spoilt[systems[control.output]] += 1
    assert spoilt == {"s1": 2, "s2": 2}
    assert not set(made.key.repeats) & {c.output for c in made.key.controls.values()}


def test_short_campaigns_and_shares_of_nothing_have_no_controls() -> None:
    assert not _made("contrastive-esa", sizes=(3, 2), degraded=0.2).key.controls
    assert not _made("esa", degraded=0.0, repeats=0.0).key.controls


def test_failed_outputs_are_not_spoiled() -> None:
    specs = [SystemSpec("s1", "Zander", "file", "z"), SystemSpec("s2", "Barsch", "file", "b")]
    rows = [Source("d", n, f"It is {n}.") for n in range(10)]
    bad = (Check("empty", "", fatal=True),)
    outputs = {
        "s1": {("d", n): Written("d", n, f"Es sind 1{n} Dinge hier.", bad) for n in range(10)},
        "s2": {("d", n): Written("d", n, f"Es sind 2{n} Dinge hier.") for n in range(10)},
    }
    settings = CampaignSettings("c", "x", 1.0, "en", "de", repeats=0.0, degraded=0.3)
    key = make(settings, specs, rows, outputs).key
    assert [key.outputs[control.output] for control in key.controls.values()] == ["s2"] * 3


@pytest.mark.parametrize("protocol", ["esa", "da", "mqm", "post-edit"])
def test_one_output_at_a_time(protocol: Protocol) -> None:
    made = _made(protocol, repeats=0.0, degraded=0.0)
    plain = [item for item in made.items if not item.tutorial]
    assert len(plain) == 24
    assert all(len(item.outputs) == 1 for item in plain)
    assert Counter(made.key.outputs[item.outputs[0].id] for item in plain) == {"s1": 12, "s2": 12}


def test_pairs_come_equally_often() -> None:
    made = _made("pairwise", systems=3, sizes=(7, 5), repeats=0.0, degraded=0.0)
    plain = [item for item in made.items if not item.tutorial]
    pairs = Counter(tuple(sorted(made.key.outputs[o.id] for o in item.outputs)) for item in plain)
    assert pairs == {("s1", "s2"): 4, ("s1", "s3"): 4, ("s2", "s3"): 4}


@pytest.mark.parametrize("protocol", get_args(Protocol))
@pytest.mark.parametrize("systems", [2, 4])
def test_what_is_made_can_be_opened(tmp_path: Path, protocol: Protocol, systems: int) -> None:
    made = _made(protocol, systems, repeats=0.1, degraded=0.1)
    settings = CampaignSettings("", "x", 0.0, "en", "de", protocol)
    campaign = Campaigns(Settings(tmp_path)).create(settings, ["Ada", "Blaise"])
    campaign.open(made.items, made.key)
    assert campaign.stage == "open"
    given = {task.item for task in campaign.tasks()}
    assert given == {item.id for item in made.items}


def test_what_the_owner_hears() -> None:
    specs = [SystemSpec("s1", "Zander", "model", "z"), SystemSpec("s2", "Barsch", "file", "b")]
    rows = [Source("d", n, "It is.") for n in range(2)]
    outputs = {
        "s1": {
            ("d", 0): Written("d", 0, "Gleich."),
            ("d", 1): Written("d", 1, "", (Check("empty", "nothing", fatal=True),)),
        },
        "s2": {("d", 0): Written("d", 0, "Gleich."), ("d", 1): Written("d", 1, "Ich bin zander.")},
    }
    flags = make(CampaignSettings("c", "x", 1.0, "en", "de"), specs, rows, outputs).flags
    assert flags["identical"] == [{"document": "d", "position": 0, "systems": ["Zander", "Barsch"]}]
    assert [(f["system"], f["check"], f["fatal"]) for f in flags["outputs"]] == [
        ("Zander", "empty", True), ("Barsch", "names-a-system", False),
    ]  # fmt: skip
