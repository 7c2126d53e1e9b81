"""The library's front door: text in, translation out, whole or as a stream of updates."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from translator import languages
from translator.brief import checked_instruction
from translator.errors import InputError
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import UNKNOWN, StyleInfo, get_style
from translator.resources import glossary_for, with_glossary
from translator.settings import Settings
from translator.streaming import SegmentResult, TextResult, TextStream, TextUpdate, UpdateKind
from translator.types import Sampling

if TYPE_CHECKING:
    from translator.engines.pool import EnginePool
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec

__all__ = [
    "SegmentResult",
    "TextResult",
    "TextUpdate",
    "Translator",
    "UpdateKind",
    "merged_sampling",
]

_TEXTS = itertools.count(1)


class Translator:
    """Translates texts with one model. May be used from several threads.

    ``model`` is an id or alias (``None``: the default model). Without a ``pool`` the translator
    makes its own and unloads the model in :meth:`close`. The model is loaded at the first use.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        settings: Settings | None = None,
        pool: EnginePool | None = None,
    ) -> None:
        from translator.models.registry import Registry

        self._settings = settings or Settings.load()
        self._registry: Registry = Registry(self._settings)
        self.model: ModelSpec = self._registry.get(model) if model else self._registry.default()
        self._own_pool = pool is None
        self._pool = pool
        self._lock = threading.Lock()

    def translate(
        self,
        text: str,
        *,
        to: str,
        source: str = "auto",
        style: str = "",
        brief: str = "",
        sampling: Sampling | Mapping[str, float] | None = None,
        glossaries: Sequence[Path] = (),
        stop: threading.Event | None = None,
    ) -> TextResult:
        """Translate a text of any length.

        ``to`` and ``source`` are tags or names; ``style`` is "", "literary", "formal", "plain" or
        an instruction, ``brief`` what the model should know of the text. ``sampling`` replaces the
        model's own, a mapping only the fields it names.
        ``glossaries`` are CSV, TSV or TBX files.
        Raises :class:`VersoError` for anything that a user can mend; a segment that could not be
        translated does not raise, it is counted in ``failed``.
        """
        result = None
        for update in self.stream(
            text, to=to, source=source, style=style, brief=brief, sampling=sampling,
            glossaries=glossaries, stop=stop,
        ):  # fmt: skip
            result = update.result
        assert result is not None
        return result

    def stream(
        self,
        text: str,
        *,
        to: str,
        source: str = "auto",
        style: str = "",
        brief: str = "",
        sampling: Sampling | Mapping[str, float] | None = None,
        glossaries: Sequence[Path] = (),
        stop: threading.Event | None = None,
    ) -> Iterator[TextUpdate]:
        """Like :meth:`translate`, as it happens; the last update carries the result.

        Languages and options are checked before the iterator is returned. Leaving the loop
        stops the work; ``stop`` does too, then :class:`Cancelled` is raised after the updates
        for what was complete.
        """
        target = languages.get(to)
        tag, detection = self._source(text, source, target)
        options = PipelineOptions(
            tag,
            target.tag,
            merged_sampling(self.model.sampling, sampling),
            checked_instruction(self.model, style, brief),
            run_id=f"text{next(_TEXTS)}",
        )
        if glossaries and text.strip():
            options = with_glossary(options, glossary_for(glossaries, tag, target.tag))
        return TextStream(text, options, detection, self.model.id, self._segment_run).updates(stop)

    def close(self) -> None:
        """Unload the model, unless the pool belongs to somebody else."""
        with self._lock:
            if self._own_pool and self._pool is not None:
                self._pool.close()
                self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _source(
        self, text: str, source: str, target: languages.Language
    ) -> tuple[str, languages.Detection | None]:
        if source.strip().lower() in ("", "auto"):
            detection = languages.detect(text)
            found = detection.language
        else:
            detection = None
            found = languages.get(source)
        if found is None:
            assert detection is not None
            if get_style(self.model.style, StyleInfo()).needs_source and text.strip():
                raise InputError(
                    f"The language of this text is not clear ({detection.reason}).",
                    "Choose it (on the command line: --from en).",
                )
            return UNKNOWN, detection
        if found.tag == target.tag:
            said = "seems to be" if detection else "is said to be"
            raise InputError(
                f"The text {said} in {found.name} already.",
                "Choose another target language, or correct the source language.",
            )
        return found.tag, detection

    def _segment_run(self, options: PipelineOptions, use: Callable[[Pipeline], None]) -> None:
        """Call ``use`` with a pipeline on the loaded model."""
        with self._lock:
            if self._pool is None:
                from translator.engines.pool import EnginePool

                self._pool = EnginePool(self._settings, self._registry)
            pool = self._pool
        with pool.engine(self.model.id) as engine:
            style = get_style(self.model.style, engine.info)
            use(Pipeline(engine, style, options, self.model.id))


_LIMITS: dict[str, tuple[float, float]] = {
    "max_new_tokens": (1, 1_000_000),
    "temperature": (0, 10),
    "top_k": (0, 1_000_000),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "repetition_penalty": (0.1, 10),
    "seed": (0, 2**32 - 1),
}


def merged_sampling(own: Sampling, asked: Sampling | Mapping[str, float] | None) -> Sampling:
    """The model's own sampling with what the user asked for in its place.

    Raises :class:`InputError` for an unknown field or a value out of range.
    """
    if asked is None:
        return own
    if isinstance(asked, Mapping):
        known = {field.name: field.type for field in fields(Sampling)}
        for name in asked:
            if name not in known:
                raise InputError(
                    f"Unknown sampling option: {name!r}.", f"Known: {', '.join(known)}."
                )
        whole = {name for name, kind in known.items() if kind == "int"}
        values = {name: int(v) if name in whole else float(v) for name, v in asked.items()}
        asked = replace(own, **values)  # type: ignore[arg-type]  # names and kinds are checked
    for name, (low, high) in _LIMITS.items():
        if not low <= getattr(asked, name) <= high:
            raise InputError(
                f"{name.replace('_', ' ')} must be between {low:g} and {high:g}.",
                f"It was {getattr(asked, name):g}.",
            )
    return asked
