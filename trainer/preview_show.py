"""A preview as text for a person."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.preview import Preview, Sample

_BAR = 40  # columns


def summary(preview: Preview) -> Iterator[str]:
    """How many examples and tokens, how long they are, and what limits do."""
    trained = preview.target_tokens
    yield f"Prompt style: {preview.style}"
    if preview.estimated > preview.examples:
        yield f"Looked at {preview.examples:,} of about {preview.estimated:,} examples."
    else:
        yield f"Examples: {preview.examples:,}"
    yield f"Tokens: {preview.tokens:,}; trained: {trained:,} ({trained / preview.tokens:.0%})"
    for reason, count in sorted(preview.unusable.items()):
        yield f"Not used, {reason}: {count:,}"
    yield from histogram(preview)
    yield f"Longest: {preview.longest:,} tokens. 99% have room in {preview.enough:,}."
    yield from limits(preview)


def histogram(preview: Preview) -> Iterator[str]:
    """Lengths of the examples, a line for each bound."""
    most = max(count for _, count in preview.lengths)
    yield "Lengths of the examples, in tokens:"
    for bound, count in preview.lengths:
        if count:
            label = f"to {bound:,}" if bound else "longer"
            yield f"{label:>9}  {count:>9,}  {'█' * max(1, round(_BAR * count / most))}"


def limits(preview: Preview) -> Iterator[str]:
    """What limits on the length do, a line each, that of the settings marked."""
    yield "  limit   too long   target text lost: dropped   cut off there"
    rows = {limit.length: limit for limit in (*preview.limits, preview.limit)}
    for length, limit in sorted(rows.items()):
        mine = "   <- your limit" if length == preview.limit.length else ""
        yield (
            f"{length:>7,}   {limit.too_long:>8.2%}   {limit.dropped:>25.2%}   "
            f"{limit.cut:>13.2%}{mine}"
        )


def sample(example: Sample, colour: bool) -> Iterator[str]:
    """An example with what is trained marked; ``colour``: for a terminal."""
    yield f"Line {example.row + 1:,}, {example.direction}"
    for text, trained in example.spans:
        tokens = example.target_tokens if trained else example.prompt_tokens
        yield f"  {'trained' if trained else 'read'} ({tokens:,} tokens):"
        for line in text.split("\n"):
            yield f"\x1b[32m    {line}\x1b[0m" if trained and colour else f"    {line}"
