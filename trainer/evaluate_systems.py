"""A test set and the systems' translations of it: one line is one segment, always."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from trainer.readers_text import TextFile
from translator import checks, languages, markup, segmenting
from translator.book_job import Engines
from translator.engines.base import Priority
from translator.errors import InputError
from translator.languages import Language
from translator.models.spec import ModelSpec
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import get_style
from translator.types import Block, Check, Sampling, Segment, Status, Translation

Progress = Callable[[int, int], None]  # segments done, of how many

_LINE_BREAKS = re.compile(r"\s*[\r\n]+\s*")


@dataclass(frozen=True, slots=True)
class TestSet:
    """Line N of the reference is the translation of line N of the source.

    ``documents`` names the document of each line (``None``: not known). ``files`` are the names
    of the files.
    """

    source: tuple[str, ...]
    reference: tuple[str, ...]
    source_language: Language
    target_language: Language
    documents: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A system's translations, a line for each line of the source.

    ``found`` are findings made while translating, by the number of the line (from 0): replies
    that were cut, and segments for which nothing came. ``about`` says how they were made.
    """

    name: str
    lines: tuple[str, ...]
    found: dict[int, tuple[Check, ...]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def read_lines(path: Path) -> tuple[str, ...]:
    """The lines of a text file (also ``.gz``). Only line feeds end one; empty lines count.

    Raises :class:`InputError` if the file cannot be read.
    """
    return tuple(TextFile.sniff(path).lines())


def one_line(text: str) -> str:
    """A translation with blanks for its line breaks."""
    return _LINE_BREAKS.sub(" ", text).strip()


def read_test_set(
    source: Path, reference: Path, source_tag: str, target_tag: str, documents: Path | None = None
) -> TestSet:
    """Read a test set. Raises :class:`InputError` if its files have not the same lines."""
    lines = read_lines(source)
    if not any(line.strip() for line in lines):
        raise InputError(f"{source.name} has no text.", "Choose the file to be translated.")
    given = [reference, *([documents] if documents else [])]
    others = [read_beside(path, len(lines), source.name) for path in given]
    return TestSet(
        lines,
        others[0],
        languages.get(source_tag),
        languages.get(target_tag),
        others[1] if documents else None,
        tuple(path.name for path in (source, *given)),
    )


def read_output(name: str, path: Path, test_set: TestSet) -> Output:
    """Translations from a file. Raises :class:`InputError` if it has not the source's lines."""
    lines = read_beside(path, len(test_set.source), test_set.files[0])
    return Output(name, lines, about={"file": path.name})


def read_beside(path: Path, count: int, source: str) -> tuple[str, ...]:
    """The lines of a file that goes with a ``source`` of so many lines.

    Raises :class:`InputError` if it has more or fewer.
    """
    lines = read_lines(path)
    if len(lines) != count:
        raise InputError(
            f"{path.name} has {len(lines):,} lines, {source} has {count:,}.",
            "Line N of every file must answer line N of the source; empty lines count too.",
        )
    return lines


def decoding(spec: ModelSpec, *, own: bool = False, max_new_tokens: int = 0) -> Sampling:
    """How a model is made to translate: greedily, or with the sampling of its own."""
    sampling = spec.sampling if own else replace(spec.sampling, temperature=0.0)
    return replace(sampling, max_new_tokens=max_new_tokens) if max_new_tokens else sampling


def translate(
    pool: Engines,
    spec: ModelSpec,
    test_set: TestSet,
    sampling: Sampling,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Output:
    """Translate the source with a model, through the app's prompts and engine.

    Other than in the app a reply is taken as it is: what the checks find in it is counted, not
    mended, so that scores are the model's own. Only a reply that was cut gets a second try, with
    all the tokens that are allowed.

    Raises:
        Cancelled: ``stop`` was set.
        VersoError: the model cannot be loaded or run.
    """
    began = time.monotonic()
    blocks = [
        Block(str(n), markup.without_reserved(line)) for n, line in enumerate(test_set.source)
    ]
    with pool.engine(spec.id) as engine:
        style = get_style(spec.style, engine.info)
        options = PipelineOptions(
            test_set.source_language.tag,
            test_set.target_language.tag,
            sampling,
            max_attempts=2,
            priority=Priority.BOOK,
            run_id="evaluate",
            check=_OnlyCuts(),
        )
        pipeline = Pipeline(engine, style, options, spec.id)
        segments = pipeline.segments(blocks)
        done: dict[str, Translation] = {}
        for translation in pipeline.run(segments, stop=stop):
            done[translation.segment_id] = translation
            if progress is not None:
                progress(len(done), len(segments))
        backend = engine.info.backend
    lines, found = _joined(segments, done, test_set)
    about = {
        "model_name": spec.name,
        "style": spec.style,
        "backend": backend,
        "sampling": asdict(sampling),
        "new_tokens": sum(translation.new_tokens for translation in done.values()),
        "seconds": round(time.monotonic() - began, 1),
    }
    return Output(spec.id, lines, found, about)


class _OnlyCuts:
    """A checker that wants a reply that was cut to be tried again once, unless it is a loop."""

    def __init__(self) -> None:
        self._tried: set[str] = set()

    def __call__(
        self,
        segment: Segment,
        target_text: str,
        source: str,
        target: str,
        *,
        finish_length: bool = False,
    ) -> tuple[Check, ...]:
        if not finish_length:
            return ()
        again = segment.id not in self._tried and not checks.repetition(segment.text, target_text)
        self._tried.add(segment.id)
        return (Check("truncated", "the reply was cut at the token limit", fatal=again),)


def _joined(
    segments: Sequence[Segment], done: dict[str, Translation], test_set: TestSet
) -> tuple[tuple[str, ...], dict[int, tuple[Check, ...]]]:
    parts: dict[int, list[Segment]] = {}
    for segment in segments:
        parts.setdefault(int(segment.block_id), []).append(segment)
    lines: list[str] = []
    found: dict[int, tuple[Check, ...]] = {}
    for number in range(len(test_set.source)):
        mine = parts[number]
        translations = [done[segment.id] for segment in mine]
        problems = [
            Check("truncated", check.detail, fatal=True) for t in translations for check in t.checks
        ]
        problems += [
            Check("failed", t.reason, fatal=True) for t in translations if t.status is Status.FAILED
        ]
        if problems:
            found[number] = tuple(problems)
        # A failed segment's text is its source, which must not be scored as a translation.
        texts = ["" if t.status is Status.FAILED else t.text for t in translations]
        whole = segmenting.join(mine, texts, test_set.target_language.tag)
        lines.append(one_line(whole))
    return tuple(lines), found
