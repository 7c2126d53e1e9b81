"""``python -m trainer.align_job FOLDER``: align the two books of a folder (see alignments)."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from trainer.align import align
from trainer.align_books import read_edition, require_alike
from trainer.align_output import write_json
from trainer.alignments import read_about, write_about
from trainer.background import Reporter
from trainer.proofread import ALIGNMENT


def run(folder: Path) -> None:
    """Write the alignment beside the books; how it goes stands in the folder's status."""
    with Reporter(folder) as report:
        about = read_about(folder)
        report("Reading the first edition", 0.02)
        a = read_edition(folder / about.a, about.source)
        report("Reading the second edition", 0.1)
        b = read_edition(folder / about.b, about.target)
        require_alike(a, b)
        beads = align(
            a.sentences,
            b.sentences,
            a.language,
            b.language,
            lambda share: report("Aligning the sentences", 0.2 + 0.8 * share),
        )
        write_json(folder / ALIGNMENT, a, b, beads)
        write_about(folder, replace(about, source=a.language.tag, target=b.language.tag))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
