"""A corpus as text for a person: counts, lengths, samples, and what a model card must name."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from trainer.corpus import Corpus
from translator import languages

_BAR = 40  # columns


def summary(corpus: Corpus) -> Iterator[str]:
    """What is in the corpus and what was removed."""
    report = corpus.report
    to = ", ".join(languages.get(tag).name for tag in report["languages"]["to"])
    yield f"{languages.get(report['languages']['from']).name} to {to}, hash {corpus.hash[:12]}"
    yield f"Read: {report['read']:,} pairs from {len(report['inputs'])} inputs"
    for rule, row in report["removed"].items():
        yield f"  removed, {rule}: {row['pairs']:,} ({row['share']:.2%})"
    for what, count in report["normalized"].items():
        yield f"  texts tidied, {what}: {count:,}"
    for name, part in report["parts"].items():
        letters = part["characters"]
        yield (
            f"{name}: {part['pairs']:,} pairs, {report['lines'][name]:,} lines, "
            f"{part['documents']:,} documents, {letters['source']:,} and "
            f"{letters['target']:,} characters"
        )
        wanted = report["wanted"].get(name, 0)
        if part["pairs"] < 0.8 * wanted:
            yield f"  fewer than the {wanted:,} wanted: the other documents are too large"
    for kind in ("language", "domain", "origin"):
        counts = report["parts"]["train"][f"by_{kind}"]
        if len(counts) > 1:
            shown = ", ".join(f"{name or 'unnamed'} {count:,}" for name, count in counts.items())
            yield f"train by {kind}: {shown}"


def histogram(corpus: Corpus) -> Iterator[str]:
    """Lengths of the source texts of train, in letters of an alphabet."""
    rows = corpus.report["parts"]["train"]["lengths"]["source"]
    most = max((count for _, count in rows), default=0)
    yield "Lengths of the source texts in train (letters of an alphabet):"
    for bound, count in rows:
        if count:
            label = f"to {bound:,}" if bound else "longer"
            yield f"{label:>9}  {count:>9,}  {'█' * max(1, round(_BAR * count / most))}"


def samples(corpus: Corpus, count: int, seed: int) -> list[dict[str, Any]]:
    """Lines of train, drawn at random, in their order."""
    total = corpus.report["lines"]["train"]
    wanted = set(random.Random(seed).sample(range(total), min(count, total)))
    return [row for number, row in enumerate(corpus.rows("train")) if number in wanted]


def licence_list(corpus: Corpus) -> Iterator[str]:
    """A list of what was used under which terms, in Markdown, for a model card."""
    for row in corpus.report["licences"]:
        terms = row["licence"] or "licence not stated"
        source = f" ({row['attribution']})" if row["attribution"] else ""
        yield f"- {row['origin']}{source}: {terms}, {row['pairs']:,} pairs"
