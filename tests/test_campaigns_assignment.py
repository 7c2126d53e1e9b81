"""Who rates what in which order: the promises, for campaigns of many shapes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign_support import items_and_key
from trainer.campaigns.assignment import FAR, assign, assign_late
from trainer.campaigns.types import Item, Key, Protocol, Task


@dataclass
class Shape:
    items: dict[str, Item]
    key: Key
    reviewers: list[str]
    overlap: float
    tasks: list[Task]

    def of(self, reviewer: str) -> list[Item]:
        """A reviewer's items in order, without the tutorial."""
        mine = [self.items[task.item] for task in self.tasks if task.reviewer == reviewer]
        return [item for item in mine if not item.tutorial]

    def plain(self, reviewer: str) -> list[Item]:
        return [item for item in self.of(reviewer) if item.id not in self.key.controls]

    def documents(self, reviewer: str) -> set[str]:
        return {item.source.document for item in self.of(reviewer)}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=12))
    systems = draw(st.integers(2, 4))
    protocol: Protocol = draw(st.sampled_from(("contrastive-esa", "esa")))
    repeats, degraded = draw(st.integers(0, 3)), draw(st.integers(0, 2))
    items, key = items_and_key(
        sizes, systems, protocol, repeats, degraded, tutorial=draw(st.booleans())
    )
    reviewers = [f"r{number}" for number in range(draw(st.integers(1, 5)))]
    overlap = draw(st.sampled_from((0.0, 0.2, 0.5, 1.0)))
    tasks = assign(items, key, reviewers, overlap, draw(st.integers(0, 9)))
    return Shape({item.id: item for item in items}, key, reviewers, overlap, tasks)


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_everything_is_rated_and_whole_documents_stay_together(shape: Shape) -> None:
    holders = defaultdict(list)
    for reviewer in shape.reviewers:
        mine = shape.of(reviewer)
        assert len({item.id for item in mine}) == len(mine)
        for document in shape.documents(reviewer):
            holders[document].append(reviewer)
            whole = {i.id for i in shape.items.values() if i.source.document == document}
            assert {item.id for item in mine if item.source.document == document} == whole
    every = {item.source.document for item in shape.items.values() if not item.tutorial}
    assert holders.keys() == every
    shared = max(1, round(shape.overlap * len(every))) if shape.overlap else 0
    if len(shape.reviewers) > 1:
        assert sorted(len(found) for found in holders.values()) == sorted(
            [len(shape.reviewers)] * shared + [1] * (len(every) - shared)
        )


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_loads_differ_by_one_document_at_most(shape: Shape) -> None:
    loads = [len(shape.of(reviewer)) for reviewer in shape.reviewers]
    documents = Counter(item.source.document for item in shape.items.values() if not item.tutorial)
    assert max(loads) - min(loads) <= max(documents.values())


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_segments_come_in_reading_order_and_tutorials_first(shape: Shape) -> None:
    for reviewer in shape.reviewers:
        runs: dict[tuple[str, str], list[int]] = defaultdict(list)
        for item in shape.plain(reviewer):
            alone = shape.key.outputs[item.outputs[0].id] if len(item.outputs) == 1 else ""
            runs[item.source.document, alone].append(item.source.position)
        assert all(places == sorted(places) for places in runs.values())
        kinds = [shape.items[t.item].tutorial for t in shape.tasks if t.reviewer == reviewer]
        assert kinds == sorted(kinds, reverse=True)
        # A document is not interrupted, not even by a control.
        whole = shape.of(reviewer)
        starts = Counter(
            (item.source.document, len(item.outputs) == 1 and shape.key.outputs[item.outputs[0].id])
            for before, item in zip([None, *whole], whole, strict=False)
            if item.id not in shape.key.controls
            and (
                before is None
                or before.id in shape.key.controls
                or before.source.document != item.source.document
                or before.source.position + 1 != item.source.position
            )
        )
        assert all(count == 1 for count in starts.values())


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_each_system_stands_at_each_place_equally_often(shape: Shape) -> None:
    for reviewer in shape.reviewers:
        places: Counter[tuple[str, int]] = Counter()
        widths = set()
        for task in shape.tasks:
            item = shape.items[task.item]
            if task.reviewer == reviewer:
                assert sorted(task.order) == sorted(output.id for output in item.outputs)
                if not item.tutorial:
                    widths.add(len(task.order))
                    places.update((shape.key.outputs[o], i) for i, o in enumerate(task.order))
        if widths - {1}:
            (width,) = widths
            systems = [system.id for system in shape.key.systems]
            counts = [places[system, place] for system in systems for place in range(width)]
            assert max(counts) - min(counts) <= 1


def test_reviewers_of_one_item_see_its_systems_at_different_places() -> None:
    items, key = items_and_key((10,) * 6, systems=2)
    tasks = assign(items, key, ["r1", "r2"], 1.0, 1)
    firsts = defaultdict(list)
    for task in tasks:
        firsts[task.item].append(key.outputs[task.order[0]])
    turned = sum(first != second for first, second in firsts.values())
    assert turned >= 45  # of 60; 30 would be chance

    items, key = items_and_key((20,) * 4, systems=4)
    tasks = assign(items, key, ["r1", "r2", "r3", "r4"], 1.0, 1)
    at: Counter[tuple[str, str, int]] = Counter()
    for task in tasks:
        at.update((task.item, key.outputs[o], place) for place, o in enumerate(task.order))
    clashes = sum(count - 1 for count in at.values())
    # Usually 226, with a deviation of 11. Chance makes 405: 80 items of 4 systems, each
    # 4 - 4 (1 - 0.75^4).
    assert clashes < 300


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_a_control_comes_after_its_first(shape: Shape) -> None:
    for reviewer in shape.reviewers:
        places = {item.id: place for place, item in enumerate(shape.of(reviewer))}
        for item_id, control in shape.key.controls.items():
            if item_id in places:
                assert places[item_id] > places[control.of_item]


def test_in_a_campaign_of_some_length_controls_are_far_and_scattered() -> None:
    items, key = items_and_key((5,) * 20, systems=3, repeats=5, degraded=5)
    tails = 0
    for seed in range(10):
        tasks = assign(items, key, ["r1", "r2"], 1.0, seed)
        for reviewer in ("r1", "r2"):
            order = [task.item for task in tasks if task.reviewer == reviewer]
            places = {item: place for place, item in enumerate(order)}
            for item, control in key.controls.items():
                assert places[item] - places[control.of_item] >= FAR
            tails += sum(places[item] >= 100 for item in key.controls)
    assert tails < 100  # of 200: they are no block at the end


def test_one_output_at_a_time_every_system_leads_some_documents() -> None:
    items, key = items_and_key((2,) * 12, systems=3, protocol="esa")
    by_id = {item.id: item for item in items}
    order = [by_id[task.item] for task in assign(items, key, ["r1"], 0.0, 1)]
    system = [key.outputs[item.outputs[0].id] for item in order]
    document = [item.source.document for item in order]
    # Each third of the work shows each document once, and each system equally often.
    for start in (0, 24, 48):
        assert Counter(system[start : start + 24]) == {"s1": 8, "s2": 8, "s3": 8}
        assert set(Counter(document[start : start + 24]).values()) == {2}
    assert document[23] != document[24]


def test_the_same_seed_and_key_give_the_same_tasks_and_another_salt_others() -> None:
    items, key = items_and_key((3,) * 8, systems=3, repeats=2)
    reviewers = ["r1", "r2", "r3"]
    tasks = assign(items, key, reviewers, 0.25, 1)
    assert assign(items, key, reviewers, 0.25, 1) == tasks
    assert assign(items, key, reviewers, 0.25, 2) != tasks
    assert assign(items, replace(key, salt="other"), reviewers, 0.25, 1) != tasks


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_who_comes_late_gets_the_common_documents_and_a_share(shape: Shape) -> None:
    items = list(shape.items.values())
    late = assign_late(items, shape.key, shape.tasks, "late", shape.overlap, _seed(shape))
    both = replace(shape, tasks=[*shape.tasks, *late], reviewers=[*shape.reviewers, "late"])
    mine = both.documents("late")
    whole = [item for item in items if item.source.document in mine and not item.tutorial]
    assert {item.id for item in both.of("late")} == {item.id for item in whole}
    everybody = set.intersection(*(shape.documents(one) for one in shape.reviewers))
    if len(shape.reviewers) > 1:
        assert everybody <= mine
    sizes = Counter(item.source.document for item in items if not item.tutorial)
    rest = sum(sizes[name] for name in sizes if name not in everybody)
    if len(shape.reviewers) > 1:
        load = sum(sizes[name] for name in mine - everybody)
        assert rest / (len(shape.reviewers) + 1) <= load
        assert load < rest / (len(shape.reviewers) + 1) + max(sizes.values())
    for task in late:
        assert sorted(task.order) == sorted(one.id for one in shape.items[task.item].outputs)


def _seed(shape: Shape) -> int:
    """The seed that the shape's tasks were made with."""
    items = list(shape.items.values())
    return next(
        seed
        for seed in range(10)
        if assign(items, shape.key, shape.reviewers, shape.overlap, seed) == shape.tasks
    )


def test_who_comes_late_gets_first_what_nobody_rated() -> None:
    items, key = items_and_key([3] * 12)
    tasks = assign(items, key, ["a", "b"], 0.25, 1)
    shared = {task.item for task in tasks if task.reviewer == "a"} & {
        task.item for task in tasks if task.reviewer == "b"
    }
    rated = {task.item for task in tasks if task.reviewer == "a"}
    late = {task.item for task in assign_late(items, key, tasks, "c", 0.25, 1, rated)}
    assert shared < late and not late & (rated - shared)
    assert len(late - shared) == 9  # a third of the 9 other documents


def test_who_comes_late_sees_other_places_than_the_others() -> None:
    items, key = items_and_key([8] * 3)
    tasks = assign(items, key, ["a"], 1.0, 1)
    late = {t.item: t.order for t in assign_late(items, key, tasks, "b", 1.0, 1)}
    assert all(late[task.item] == task.order[::-1] for task in tasks)
