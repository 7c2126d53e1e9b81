"""The values that travel through Verso: document -> blocks -> segments -> translations.

Everything here is immutable data without behaviour that needs another module. Inline markup
inside ``text`` fields is in Verso's canonical tagged form, see :mod:`translator.markup`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a block or segment ended. There is no fourth."""

    TRANSLATED = "translated"
    KEPT = "kept"  # left as it is on purpose; ``reason`` says why
    FAILED = "failed"  # no acceptable translation; ``reason`` says why


class BlockKind(StrEnum):
    """What a block is in its document. Readers of every format use the same names."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST_ITEM = "list-item"
    CELL = "cell"
    CAPTION = "caption"
    NOTE = "note"
    ALT = "alt"  # alt and title attributes, aria labels
    TOC = "toc"  # nav and NCX labels
    METADATA = "metadata"  # dc:title, dc:description, <title>
    CUE = "cue"  # a subtitle
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One translatable unit of a document.

    ``id`` is stable: reading the same file again gives the same ids in the same order.
    ``keep`` is the reason why the block must not be translated (``None``: translate it).
    ``section`` names the file or chapter the block belongs to. ``level`` is that of a heading,
    1 the highest (0: not known). ``role`` is what the file itself calls the part around the
    block, if that is a :class:`translator.part_titles.PartKind`.
    """

    id: str
    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    section: str = ""
    keep: str | None = None
    level: int = 0
    role: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """What goes to the model at once: a block, or a part of a long block.

    Joining ``before + text + after`` over the parts of a block gives the block's exact text.
    ``before`` and ``after`` hold only white space; ``text`` neither starts nor ends with it.
    """

    id: str
    block_id: str
    part: int
    text: str
    before: str = ""
    after: str = ""
    kind: BlockKind = BlockKind.PARAGRAPH
    section: str = ""
    keep: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One finding about a translation. ``fatal`` findings make the segment fail or retry."""

    name: str  # short and stable, e.g. "empty", "placeholders", "truncated", "wrong-language"
    detail: str = ""
    fatal: bool = False


class Provenance(StrEnum):
    """Where a translation came from."""

    MODEL = "model"
    MEMORY = "memory"
    PERSON = "person"
    NONE = "none"  # kept or failed


@dataclass(frozen=True, slots=True)
class Translation:
    """The result for one segment. ``text`` is the source text when the status is not translated."""

    segment_id: str
    status: Status
    text: str
    reason: str = ""
    checks: tuple[Check, ...] = ()
    model: str = ""
    style: str = ""
    provenance: Provenance = Provenance.NONE
    attempts: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. ``temperature == 0`` is greedy and deterministic.

    ``seed`` counts only when the temperature is above zero: each sequence then has its own
    random stream, derived from the seed and the request's id, so neighbours never change it.
    """

    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_k: int = 0  # 0: off
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A piece of a prompt. Only ``special`` parts may contain control tokens.

    Text of a user is never special: a book that contains ``<|im_end|>`` stays a book.
    """

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered request.

    The first ``shared`` parts are the same for every request of the same kind (template head,
    instruction, examples): an engine evaluates them once and shares their KV cache.
    ``stop`` strings end the reply and are not part of it. ``reply`` is what the reply begins
    with, given to the model and no part of the text (the target language, for some models).
    """

    parts: tuple[PromptPart, ...]
    shared: int = 0
    stop: tuple[str, ...] = ()
    reply: tuple[PromptPart, ...] = ()

    @property
    def text(self) -> str:
        """The whole prompt as one string (for logs, previews and remote engines)."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class TranslationTask:
    """What a prompt style needs to know to ask for one segment."""

    text: str  # as shown to the model: tags already in the model-facing form
    source: str  # BCP-47
    target: str  # BCP-47
    style: str = ""  # "", "literary", "formal", "plain" or a free instruction
    note: str = ""  # an extra sentence for a retry, e.g. what was wrong before
    has_tags: bool = False
    terms: tuple[tuple[str, str], ...] = ()  # glossary entries that apply
    context: tuple[tuple[str, str], ...] = field(default=())  # previous (source, target) pairs
    draft: str = ""  # a translation to be looked at again
