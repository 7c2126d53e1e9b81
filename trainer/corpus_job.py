"""``python -m trainer.corpus_job FOLDER``: build what a folder asks for (see corpora)."""

from __future__ import annotations

import sys
from pathlib import Path

from trainer import corpus
from trainer.background import Reporter
from trainer.corpora import REQUEST
from trainer.corpus_settings import CorpusSettings, read_settings


def run(folder: Path) -> None:
    """Build ``corpora/NAME`` from ``corpora/.work/NAME``; how it goes stands in its status."""
    with Reporter(folder) as report:

        def progress(stage: str, pairs: int) -> None:
            report(f"{stage}: {pairs:,} pairs" if pairs else stage)

        progress("Reading and cleaning", 0)
        settings = CorpusSettings(**read_settings(folder / REQUEST))
        out = folder.parent.parent / folder.name
        corpus.build(settings, out, replace_old=True, progress=progress)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
