"""The values of a campaign: what is compared, by whom, and how.

Three groups of ids keep a campaign blind. A *system* (``s1``) is known to the server alone. An
*output* (``o…``) is the text of one system in one item; its id is random, so nothing that a
reviewer sees says which two outputs are of one system. A *reviewer* (``r…``) is random too: the
ratings never name a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal[
    "contrastive-esa", "esa", "da", "mqm", "pairwise", "post-edit", "deliver"
]  # fmt: skip
SIDE_BY_SIDE: frozenset[Protocol] = frozenset({"contrastive-esa", "pairwise", "deliver"})
"""Protocols whose items show all systems; an item of the others shows one output."""

Place = tuple[str, int]
"""A document, and the position of a segment in it."""
Stage = Literal["making", "open", "locked", "failed"]
Severity = Literal["minor", "major", "critical"]
Verdict = Literal["as-is", "light-edit", "heavy-edit", "redo"]
ControlKind = Literal["repeat", "degraded"]


@dataclass(frozen=True, slots=True)
class Source:
    """One segment of a document as reviewers see it; ``reference`` only if the owner shows it."""

    document: str
    position: int  # of the segment in its document, from 0
    text: str
    reference: str | None = None

    @property
    def place(self) -> Place:
        """Which segment of the campaign it is."""
        return self.document, self.position


@dataclass(frozen=True, slots=True)
class Output:
    """A translation in an item: an opaque id and its text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """What is rated at once: a segment and its outputs. A line of ``items.jsonl``.

    Nothing here says which system an output is of, or that an item is a control.
    """

    id: str
    source: Source
    outputs: tuple[Output, ...]
    tutorial: bool = False


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A system of the key: ``kind`` says where its outputs come from.

    ``reference`` is a model id, a run's checkpoint (``RUN/checkpoint-N``), or a file's name;
    ``settings`` what else decides the text (prompt style, sampling, adapter scale, hashes).
    """

    id: str
    name: str
    kind: Literal["model", "run", "memory", "file"]
    reference: str
    settings: dict[str, str | float | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """An item that tests the reviewer: of which item it is made, and what was done to it.

    ``output`` is the output of this item that was spoiled (``degraded``), of whose counterpart
    ``of_output`` in ``of_item`` it is a worse copy; both are empty for a ``repeat``.
    """

    kind: ControlKind
    of_item: str
    how: str = ""
    output: str = ""
    of_output: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What stays on the server until the lock (``key.json``); its hash is public from the start."""

    salt: str
    systems: tuple[SystemSpec, ...]
    outputs: dict[str, str]  # output id -> system id
    controls: dict[str, Control]  # item id -> control
    repeats: dict[str, str] = field(default_factory=dict)  # output id of a repeat -> first output
    items: str = ""  # SHA-256 of items.jsonl: texts cannot change places under their ids


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who rates. ``name`` is for the owner's eyes and never leaves ``reviewers.json``."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """An item as one reviewer gets it: the order of its outputs is the reviewer's own."""

    reviewer: str
    item: str
    order: tuple[str, ...]  # output ids, from left to right


@dataclass(frozen=True, slots=True)
class ErrorSpan:
    """A marked error: ``[start, end)`` in the output's text, in Unicode code points.

    ``missing`` marks an omission: it stands for the whole output and has no extent; ``start`` and
    ``end`` are then -1. ``category`` is of the MQM typology (``accuracy/omission``), or empty.
    """

    start: int
    end: int
    severity: Severity
    category: str = ""
    missing: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one reviewer said of one output; only the fields of the protocol are set."""

    output: str
    score: float | None = None  # 0 to 100
    spans: tuple[ErrorSpan, ...] = ()
    verdict: Verdict | None = None
    edit: str | None = None  # the reviewer's own text
    keystrokes: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """A line of ``ratings.jsonl``: one reviewer's whole answer for one item.

    A later line of the same reviewer and item replaces an earlier one when ratings are read; both
    stay in the file. ``id`` is made by the browser, so that a line sent twice counts once.
    """

    id: str
    time: float  # Unix time at the server
    reviewer: str
    item: str
    order: tuple[str, ...]  # output ids as they were shown, from left to right
    judgements: tuple[Judgement, ...] = ()
    choice: str | None = None  # pairwise: an output's id, "tie" or "both-bad"
    seconds: float = 0.0  # of attention: the page was seen and used
    note: str = ""


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """``campaign.toml``: all that is no secret. ``key_hash`` is the SHA-256 of ``key.json``."""

    id: str
    name: str
    created: float
    source: str  # languages, BCP-47
    target: str
    protocol: Protocol = "contrastive-esa"
    show_reference: bool = False
    instructions: str = ""  # replaces the protocol's own
    consent: str = ""  # replaces the usual line on what the answers are used for
    overlap: float = 0.2  # share of documents that every reviewer gets, for agreement
    repeats: float = 0.05  # share of items that come twice
    degraded: float = 0.05  # share of items that are spoiled on purpose
    seed: int = 1
    expires_days: int = 60  # of reviewers' links
    key_hash: str = ""
