"""Small corpora for tests of what is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import tomli_w

from trainer.corpus import REPORT, Corpus
from trainer.corpus_files import LinesWriter, pair_row
from trainer.pairs import Pair
from trainer.readers import CORPUS


def pairs(count: int, document: int = 8) -> list[Pair]:
    """Pairs of growing length, some in one document."""
    return [
        Pair(
            f"The old sailor told us story {n}{' of the sea' * (n % 5)}.",
            f"Der alte Seemann erzählte Geschichte {n}{' vom Meer' * (n % 5)}.",
            "en", "de", "a", n + 1, "book" if n % 3 else "web", "", "", f"d{n // document}",
        )
        for n in range(count)
    ]  # fmt: skip


def corpus(folder: Path, found: list[Pair], *, both: bool = False) -> Corpus:
    folder.mkdir(exist_ok=True)
    with LinesWriter(folder / "train.jsonl.gz") as lines:
        for pair in found:
            lines.write(pair_row(pair))
            if both:
                lines.write(pair_row(pair, turned=True))
    (folder / "dev.jsonl.gz").write_bytes((folder / "train.jsonl.gz").read_bytes())
    counts = {"train": lines.count, "dev": lines.count}
    settings = {"both": both, "result": {"hash": lines.hash.hexdigest()}}
    (folder / CORPUS).write_text(tomli_w.dumps(settings), "utf-8")
    (folder / REPORT).write_text(json.dumps({"lines": counts}), "utf-8")
    return Corpus.load(folder)
