"""Examples as rows of an Arrow file, one to a row or several packed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trainer.dataset_documents import Line
from trainer.dataset_examples import Example

Kept = tuple[Line, Example]
Row = dict[str, Any]

_TOKENS = 200_000  # written at once
_OPEN = 64  # rows that are packed at the same time


def row(line: Line, example: Example, *, encoder_decoder: bool) -> Row:
    """An example by itself."""
    found = example.row(encoder_decoder=encoder_decoder)
    length = max(map(len, found.values()))
    return {**found, "length": length, "direction": line.direction, "row": line.number}


def packed(kept: Iterable[Kept], length: int) -> Iterator[Row]:
    """Examples put into rows of up to ``length`` tokens, each whole.

    Each goes into the fullest of some open rows that has room (best fit). ``position_ids`` begin
    at 0 again with each example, ``direction`` and ``row`` are those of the first.
    """
    held: list[Row] = []
    for line, example in kept:
        new = row(line, example, encoder_decoder=False)
        new["position_ids"] = list(range(new["length"]))
        fitting = [old for old in held if old["length"] + new["length"] <= length]
        if fitting:
            old = max(fitting, key=lambda row: int(row["length"]))
            for name in ("input_ids", "labels", "position_ids"):
                old[name] += new[name]
            old["length"] += new["length"]
            continue
        if len(held) == _OPEN:
            fullest = max(range(len(held)), key=lambda at: int(held[at]["length"]))
            yield held.pop(fullest)
        held.append(new)
    yield from held


def write(rows: Iterable[Row], path: Path, *, positions: bool) -> int:
    """Write an Arrow stream that ``datasets.Dataset.from_file`` maps; returns how many rows."""
    import pyarrow as pa

    ids = pa.list_(pa.int32())
    kinds = {
        "input_ids": ids, "labels": ids, "length": pa.int32(), "direction": pa.string(),
        "row": pa.int64(),
    }  # fmt: skip
    schema = pa.schema((kinds | {"position_ids": ids} if positions else kinds).items())
    count = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for batch in _batches(rows):
            stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows together, few enough that their tokens do not fill the memory."""
    batch: list[Row] = []
    tokens = 0
    for each in rows:
        batch.append(each)
        tokens += each["length"]
        if tokens >= _TOKENS:
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch
