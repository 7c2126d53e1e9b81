"""Measure whether a book's names are the same throughout: plain, with context, with names first.

    python tools/measure_names.py BOOK --chapter 4 --from en --to de [--segments 40] [--model ID]

Translates the segments of one chapter (its number in ``verso book BOOK --list-chapters``) that hold
a name of the book, in turn in each way, with an installed model. For each name the rendering is the
run of words (characters, where words are not separated) that most of the translations with the name
have and the others do not; the share of the translations that have it is the name's consistency.
The figure is the mean over all occurrences. Run it on a quiet machine: the seconds are printed too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from translator import book_names, languages, markup
from translator.books.base import open_book
from translator.chapters import chapters
from translator.context import SourceContext
from translator.engines.pool import EnginePool
from translator.glossary import Glossary
from translator.models.registry import Registry
from translator.names import propose
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import get_style
from translator.settings import Settings
from translator.types import Status

_WORDS = 4  # longest rendering
_CHARACTERS = 10


def readable(text: str) -> str:
    """A text as a reader sees it, with plain blanks."""
    return " ".join(markup.plain(text).split())


def runs(text: str, least: int, spaced: bool) -> set[str]:
    """All that may be the rendering of a name in a text: so many words (characters) or more."""
    if not spaced:
        sizes = range(least, _CHARACTERS + 1)
        return {text[i : i + n] for n in sizes for i in range(len(text) - n + 1)}
    words = [word.strip('.,;:!?“”„"»«()…') for word in text.split()]
    found = {
        tuple(words[i : i + n]) for n in range(least, _WORDS + 1) for i in range(len(words) - n + 1)
    }
    return {" ".join(run) for run in found if all(run) and run[-1][0].isupper()}


def consistency(
    names: Iterable[str], pairs: Sequence[tuple[str, str]], spaced: bool
) -> Mapping[str, tuple[str, int, int]]:
    """For each name its rendering, how many translations have it, and how many should."""
    result = {}
    for name in names:
        least = len(name.split()) if spaced else 2  # a title is part of a name
        inside = [runs(target, least, spaced) for source, target in pairs if name in source]
        others = (runs(target, least, spaced) for source, target in pairs if name not in source)
        outside = Counter(run for each in others for run in each)
        counts = Counter(run for each in inside for run in each)
        if len(inside) > 1:
            best = max(counts, key=lambda r: (counts[r] - outside[r], len(r)), default="")
            result[name] = (best, counts[best], len(inside))
    return result


def main() -> None:
    """Translate in three ways and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("book", type=Path)
    parser.add_argument("--chapter", type=int, required=True)
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--segments", type=int, default=40)
    parser.add_argument("--longest", type=int, default=400, help="characters of a segment")
    asked = parser.parse_args()

    settings = Settings.load()
    registry = Registry(settings)
    spec = registry.get(asked.model) if asked.model else registry.default()
    target = languages.get(asked.to)
    blocks = open_book(asked.book).blocks()
    chapter = chapters(blocks)[asked.chapter - 1]
    names = [readable(proposal.name) for proposal in propose(blocks, asked.source)]
    pool = EnginePool(settings, registry)
    with pool.engine(spec.id) as engine, tempfile.TemporaryDirectory() as folder:
        style = get_style(spec.style, engine.info)
        plain = PipelineOptions(asked.source, target.tag, spec.sampling, run_id="measure")

        def pipeline(options: PipelineOptions) -> Pipeline:
            return Pipeline(engine, style, options, spec.id)

        segments = pipeline(plain).segments(blocks[chapter.start : chapter.end])
        wanted = [
            segment
            for segment in segments
            if len(segment.text) <= asked.longest
            and any(name in readable(segment.text) for name in names)
        ][: asked.segments]
        print(f"{chapter.title}: {len(wanted)} segments with names, {spec.id}, to {target.name}")
        began = time.monotonic()
        terms = book_names.settled(Path(folder), blocks, plain, pipeline, threading.Event())
        print(f"names: {len(terms)} translated in {time.monotonic() - began:.0f} s")
        glossary = Glossary(terms, asked.source, target.tag)
        ways = {
            "plain": plain,
            "context": replace(plain, context=SourceContext(segments, engine.count_tokens)),
            "names": replace(plain, terms=glossary.terms_of),
        }
        for way, options in ways.items():
            began = time.monotonic()
            ended = {result.segment_id: result for result in pipeline(options).run(wanted)}
            seconds = time.monotonic() - began
            pairs = [(readable(s.text), readable(ended[s.id].text)) for s in wanted]
            found = consistency(names, pairs, target.spaced)
            same = sum(has for _, has, _ in found.values())
            should = sum(count for _, _, count in found.values())
            failed = sum(result.status is Status.FAILED for result in ended.values())
            prompt = sum(result.prompt_tokens for result in ended.values())
            new = sum(result.new_tokens for result in ended.values())
            print(
                f"{way}: {same} of {should} occurrences alike ({same / should:.1%}), {failed} "
                f"failed, {prompt:,} prompt and {new:,} new tokens, {seconds:.0f} s"
            )
            for name, (rendering, has, count) in found.items():
                print(f"  {name} → {rendering}: {has}/{count}")
    pool.close()


if __name__ == "__main__":
    main()
