"""Who rates what, in which order, and with the outputs in which places.

- Whole documents are handed out, and whoever has one sees all systems of it: differences between
  documents and reviewers then cancel in every comparison of systems.
- A share of the documents goes to everybody, for agreement; each other one to one reviewer, the
  largest first to whoever has least (Graham's LPT rule: loads differ by one document at most).
- Places are balanced by Latin squares in permuted blocks: of each run of as many items as there
  are systems, every system stands once at every place. Of the rows that are left in a block, the
  one is taken that shows systems where the other reviewers of the item did not see them.
- Documents come in an order of the reviewer's own, their segments in reading order. Where an item
  shows one output, all documents come once, then again with another system, and so on.
- Whoever comes late gets what would have been theirs; the others keep what they have.
- Controls stand alone between documents, repeats after their first and far from it.

Nothing here can be foretold from public settings: the key's salt is part of the seed.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from trainer.campaigns.types import Item, Key, Task

FAR = 20  # items between a control and its first, where the campaign is long enough
_TRIES = 60  # orders of documents that are looked at for it


def assign(
    items: Sequence[Item], key: Key, reviewers: Sequence[str], overlap: float, seed: int
) -> list[Task]:
    """The tasks of all reviewers, each one's in the order of the work; tutorials come first.

    ``overlap`` is the share of documents that everybody gets (at least one if it is above 0).
    """
    chance = random.Random(f"{seed} {key.salt}")
    documents = _documents(items, key)
    sizes = {name: len(found) for name, found in documents.items()}
    shares = _shares(sizes, reviewers, overlap, chance)
    places = _Places(key, chance)
    tasks = []
    for reviewer in reviewers:
        mine = {name: documents[name] for name in shares[reviewer]}
        tasks += _tasks(reviewer, items, mine, key, places, chance)
    return tasks


def assign_late(
    items: Sequence[Item],
    key: Key,
    tasks: Sequence[Task],
    reviewer: str,
    overlap: float,
    seed: int,
    rated: Collection[str] = (),
) -> list[Task]:
    """The tasks of somebody who comes when others are at work, whose ``tasks`` stay as they are.

    It is as much as if the reviewer had been there from the beginning: the documents that
    everybody gets, and a share of the others. Those come first of which the fewest items are in
    ``rated``: they are the ones that somebody who went away has left.
    """
    chance = random.Random(f"{seed} {key.salt}")
    documents = _documents(items, key)
    names = _by_chance(documents, chance)
    count = _overlapping(overlap, len(names))
    chance = random.Random(f"{seed} {key.salt} {reviewer}")
    there = len({task.reviewer for task in tasks})
    wanted = sum(len(documents[name]) for name in names[count:]) / (there + 1)
    shares = {
        name: sum(item.id in rated for item in documents[name]) / len(documents[name])
        for name in _by_chance(names[count:], chance)
    }
    mine = names[:count]
    load = 0
    for name in sorted(shares, key=shares.__getitem__):  # stable: ties by chance
        if load >= wanted:
            break
        mine.append(name)
        load += len(documents[name])
    places = _Places(key, chance)
    places.know(items, tasks)
    chosen = {name: documents[name] for name in mine}
    return _tasks(reviewer, items, chosen, key, places, chance)


def _documents(items: Sequence[Item], key: Key) -> dict[str, list[Item]]:
    """The items of each document; a control belongs to that of its first."""
    by_id = {item.id: item for item in items}
    documents: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if not item.tutorial:
            control = key.controls.get(item.id)
            home = by_id[control.of_item] if control else item
            documents[home.source.document].append(item)
    return documents


def _tasks(
    reviewer: str,
    items: Sequence[Item],
    documents: Mapping[str, Sequence[Item]],
    key: Key,
    places: _Places,
    chance: random.Random,
) -> list[Task]:
    """One reviewer's tasks: the tutorials, then these documents."""
    firsts = {name: control.of_item for name, control in key.controls.items()}
    tasks = [
        Task(reviewer, item.id, tuple(output.id for output in item.outputs))
        for item in items
        if item.tutorial
    ]
    for item in _sequence(documents, key, firsts, chance):
        tasks.append(Task(reviewer, item.id, places.order(reviewer, item)))
    return tasks


def _by_chance(names: Iterable[str], chance: random.Random) -> list[str]:
    found = sorted(names)
    chance.shuffle(found)
    return found


def _overlapping(overlap: float, documents: int) -> int:
    """How many of the documents everybody gets."""
    return max(1, round(overlap * documents)) if overlap > 0 else 0


def _shares(
    sizes: Mapping[str, int], reviewers: Sequence[str], overlap: float, chance: random.Random
) -> dict[str, list[str]]:
    """The documents of each reviewer."""
    names = _by_chance(sizes, chance)
    count = _overlapping(overlap, len(names))
    shares = dict.fromkeys(reviewers, names[:count])
    loads = Counter(dict.fromkeys(reviewers, 0))
    people = list(reviewers)
    for name in sorted(names[count:], key=lambda name: -sizes[name]):  # stable: ties by chance
        chance.shuffle(people)
        one = min(people, key=lambda reviewer: loads[reviewer])
        shares[one] = [*shares[one], name]
        loads[one] += sizes[name]
    return shares


def _sequence(
    documents: Mapping[str, Sequence[Item]],
    key: Key,
    firsts: Mapping[str, str],
    chance: random.Random,
) -> list[Item]:
    """One reviewer's items in the order of the work."""
    controls = [item for items in documents.values() for item in items if item.id in firsts]
    best: list[Item] = []
    best_distance = -1
    for _ in range(_TRIES if controls else 1):
        blocks = _blocks(documents, key, firsts, chance)
        order, distance = _with_controls(blocks, controls, firsts, chance)
        if distance > best_distance:
            best, best_distance = order, distance
        if best_distance >= FAR:
            break
    return best


def _blocks(
    documents: Mapping[str, Sequence[Item]],
    key: Key,
    firsts: Mapping[str, str],
    chance: random.Random,
) -> list[list[Item]]:
    """Documents in an order by chance; of one-output items a document comes once a system."""
    rounds: dict[str, list[list[Item]]] = {}
    systems = sorted(system.id for system in key.systems)
    chance.shuffle(systems)
    names = sorted(documents)
    chance.shuffle(names)
    for turn, name in enumerate(names):
        plain = [item for item in documents[name] if item.id not in firsts]
        plain.sort(key=lambda item: item.source.position)
        by_system: dict[str, list[Item]] = defaultdict(list)
        for item in plain:
            alone = len(item.outputs) == 1
            by_system[key.outputs[item.outputs[0].id] if alone else ""].append(item)
        order = systems[turn % len(systems) :] + systems[: turn % len(systems)]
        rounds[name] = [by_system[one] for one in ("", *order) if by_system.get(one)]
    blocks: list[tuple[str, list[Item]]] = []
    for number in range(max((len(found) for found in rounds.values()), default=0)):
        now = [name for name in names if number < len(rounds[name])]
        chance.shuffle(now)
        if blocks and len(now) > 1 and now[0] == blocks[-1][0]:
            now.append(now.pop(0))  # not the same document twice in a row
        blocks += [(name, rounds[name][number]) for name in now]
    return [block for _, block in blocks]


def _with_controls(
    blocks: Sequence[Sequence[Item]],
    controls: Sequence[Item],
    firsts: Mapping[str, str],
    chance: random.Random,
) -> tuple[list[Item], int]:
    """Controls set between the blocks, and the least distance of one from its first, in items."""
    ends: list[int] = []  # how many items stand before each gap
    where: dict[str, int] = {}
    count = 0
    for block in blocks:
        for item in block:
            where[item.id] = count
            count += 1
        ends.append(count)
    gaps: dict[int, list[Item]] = defaultdict(list)
    for item in sorted(controls, key=lambda item: where[firsts[item.id]]):
        far = [end for end in ends if end - where[firsts[item.id]] > FAR]
        gaps[chance.choice(far) if far else count].append(item)
    order: list[Item] = []
    for block, end in zip(blocks, ends, strict=True):
        order += [*block, *gaps[end]]
    places = {item.id: place for place, item in enumerate(order)}
    distances = (places[item.id] - places[firsts[item.id]] for item in controls)
    return order, min(distances, default=FAR)


class _Places:
    """Orders of outputs, balanced for each reviewer and between the reviewers of an item."""

    def __init__(self, key: Key, chance: random.Random) -> None:
        self._systems = key.outputs
        self._firsts = {name: control.of_item for name, control in key.controls.items()}
        self._chance = chance
        self._left: dict[tuple[str, tuple[str, ...]], list[tuple[str, ...]]] = {}
        self._seen: Counter[tuple[str, str, int]] = Counter()  # item, system, place

    def know(self, items: Sequence[Item], tasks: Sequence[Task]) -> None:
        """Others were given these orders."""
        tutorials = {item.id for item in items if item.tutorial}
        for task in tasks:
            if task.item not in tutorials:
                self._saw(task.item, [self._systems[output] for output in task.order])

    def order(self, reviewer: str, item: Item) -> tuple[str, ...]:
        """The ids of the item's outputs from left to right."""
        by_system = {self._systems[output.id]: output.id for output in item.outputs}
        if len(by_system) < len(item.outputs):  # two outputs of one system: nothing to balance
            ids = [output.id for output in item.outputs]
            self._chance.shuffle(ids)
            return tuple(ids)
        systems = tuple(sorted(by_system))
        left = self._left.setdefault((reviewer, systems), [])
        if not left:
            left += self._square(systems)
        first = self._firsts.get(item.id, item.id)
        cost = {row: sum(self._seen[first, one, i] for i, one in enumerate(row)) for row in left}
        row = min(left, key=cost.__getitem__)
        left.remove(row)
        self._saw(item.id, row)
        return tuple(by_system[one] for one in row)

    def _saw(self, item: str, systems: Sequence[str]) -> None:
        first = self._firsts.get(item, item)
        self._seen.update((first, one, place) for place, one in enumerate(systems))

    def _square(self, systems: Sequence[str]) -> list[tuple[str, ...]]:
        """A Latin square with its rows, columns and names by chance."""
        size = len(systems)
        names, columns, rows = list(systems), list(range(size)), list(range(size))
        for each in (names, columns, rows):
            self._chance.shuffle(each)
        return [tuple(names[(row + column) % size] for column in columns) for row in rows]
