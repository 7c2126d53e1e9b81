"""The outputs of a campaign's systems, segment by segment; what is there is not made again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from trainer.campaigns import systems
from trainer.campaigns.outputs import Outputs, Written
from trainer.campaigns.types import Source, SystemSpec
from trainer.evaluate_systems import one_line
from translator import checks, markup, segmenting
from translator.context import SourceContext
from translator.engines.base import Engine, Priority
from translator.engines.pool import EnginePool
from translator.memory import Memory
from translator.models.spec import ModelSpec
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import get_style
from translator.settings import Settings
from translator.types import Block, Check, Segment, Status, Translation

Report = Callable[[str, float | None], None]


def generate(
    folder: Path,
    system: SystemSpec,
    sources: Sequence[Source],
    languages: tuple[str, str],
    settings: Settings,
    report: Report,
) -> None:
    """Make what a system has not written yet of a campaign, and keep it in the folder.

    ``report`` gets what is done and the fraction of this system's work; to stop, it raises.
    Replies go through the app's prompts, checks and retries. Where all of these fail, the last
    reply stands, with its findings: a reviewer rates what a system does, not what a source says.

    Raises :class:`VersoError` if the model cannot be loaded or run.
    """
    outputs = Outputs(folder, system.id)
    there = outputs.all()
    wanted = [row for row in sources if row.place not in there]
    if not wanted:
        return
    if system.kind == "memory":
        outputs.add(_remembered(wanted, languages, settings))
        return
    done = len(there)
    total = len(sources)

    def tell(more: int = 0) -> None:
        nonlocal done
        done += more
        report(f"{system.name}: {done:,} of {total:,} segments", done / total)

    with tempfile.TemporaryDirectory(prefix="model-", dir=folder) as made:
        report(f"{system.name}: loading", done / total)
        spec = systems.model_of(system, settings, Path(made), report)
        models = systems.Models(settings, [spec])
        with closing(EnginePool(settings, models)) as pool, pool.engine(spec.id) as engine:
            work = _Work(engine, spec, system, sources, languages)
            for written in work.outputs(wanted, tell):
                outputs.add([written])
                tell(1)


class _Work:
    """One model at work on the segments of a campaign."""

    def __init__(
        self,
        engine: Engine,
        spec: ModelSpec,
        system: SystemSpec,
        sources: Sequence[Source],
        languages: tuple[str, str],
    ) -> None:
        self._checker = _Recorder()
        self._target = languages[1]
        self._context: SourceContext | None = None
        options = PipelineOptions(
            *languages,
            systems.sampling_of(system, spec),
            str(system.settings.get("style", "")),
            priority=Priority.BOOK,
            run_id=f"campaign-{system.id}",
            context=self._before if spec.reads_context else None,
            check=self._checker,
        )
        style = get_style(spec.style, engine.info)
        self._pipeline = Pipeline(engine, style, options, spec.id)
        blocks = [
            Block(_id(row), markup.without_reserved(row.text), section=row.document)
            for row in sources
        ]
        self._segments = self._pipeline.segments(blocks)
        self._context = SourceContext(self._segments, engine.count_tokens)

    def outputs(self, wanted: Sequence[Source], alive: Callable[[], None]) -> Iterator[Written]:
        """A row for each wanted segment, as they are done. ``alive`` is called now and then."""
        rows = {_id(row): row for row in wanted}
        parts: dict[str, list[Segment]] = {}
        for segment in self._segments:
            if segment.block_id in rows:
                parts.setdefault(segment.block_id, []).append(segment)
        block_of = {segment.id: name for name, mine in parts.items() for segment in mine}
        done: dict[str, Translation] = {}
        asked = [segment for mine in parts.values() for segment in mine]
        for translation in self._pipeline.run(asked, on_partial=lambda _segment, _text: alive()):
            done[translation.segment_id] = translation
            name = block_of[translation.segment_id]
            if all(segment.id in done for segment in parts[name]):
                yield self._joined(rows[name], parts[name], done)

    def _before(self, segment: Segment) -> tuple[tuple[str, str], ...]:
        assert self._context is not None
        return self._context(segment)

    def _joined(
        self, source: Source, parts: Sequence[Segment], done: dict[str, Translation]
    ) -> Written:
        """The output for a segment from the translations of its parts."""
        found: list[Check] = []
        texts: list[str] = []
        for part in parts:
            translation = done[part.id]
            found += translation.checks
            failed = translation.status is Status.FAILED
            texts.append(self._checker.last.get(part.id, "") if failed else translation.text)
            if failed and not any(check.fatal for check in translation.checks):
                found.append(Check("failed", translation.reason, fatal=True))
        whole = markup.plain(segmenting.join(parts, texts, self._target))
        return Written(
            source.document,
            source.position,
            one_line(whole),
            tuple(dict.fromkeys(found)),
            round(sum(done[part.id].seconds for part in parts), 3),
        )


class _Recorder:
    """The app's checks, with a memory of what they last looked at for each segment."""

    def __init__(self) -> None:
        self.last: dict[str, str] = {}

    def __call__(
        self,
        segment: Segment,
        target_text: str,
        source: str,
        target: str,
        *,
        finish_length: bool = False,
    ) -> tuple[Check, ...]:
        self.last[segment.id] = target_text
        return checks.check(segment, target_text, source, target, finish_length=finish_length)


def _remembered(
    wanted: Sequence[Source], languages: tuple[str, str], settings: Settings
) -> list[Written]:
    """The memory's best for each segment; nothing where it has nothing like it."""
    memory = Memory(settings.memory)
    try:
        rows = []
        for row in wanted:
            text = markup.without_reserved(row.text)
            matches = memory.similar(text, *languages, limit=1, minimum=systems.MEMORY_SCORE)
            if not matches:
                check = Check("empty", "the memory has nothing like it", fatal=True)
                rows.append(Written(row.document, row.position, "", (check,)))
                continue
            best = matches[0]
            found = (
                (Check("fuzzy", f"a match of {best.score:.0f} percent"),)
                if best.score < 100
                else ()
            )
            rows.append(
                Written(row.document, row.position, markup.plain(best.unit.target).strip(), found)
            )
        return rows
    finally:
        memory.close()


def _id(row: Source) -> str:
    return f"{row.document}#{row.position}"
