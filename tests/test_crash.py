"""The crash trial of ``tools/crash_trial.py``, over a small book."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs_support import small_epub
from translator.books.base import atomic_output

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.timeout(240)
def test_killed_five_times_at_random_moments(tmp_path: Path) -> None:
    book = small_epub(tmp_path / "book.epub")
    done = subprocess.run(
        [sys.executable, "tools/crash_trial.py", str(book), "--kills", "5", "--seconds", "3"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    result = json.loads(done.stdout)
    assert done.returncode == 0, result
    assert result["kills"] == 5
    assert result["identical"]
    assert result["same_segments"]
    assert not result["changed_after_stored"]
    assert not result["temporary_files"]


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    left = tmp_path / ".book.epub.a1b2c3d4~"
    own = [tmp_path / name for name in (".book.epub.backup~", "book.epub~", ".book.epub.x.y")]
    for other in (left, *own):
        other.write_text("old")
    with atomic_output(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert not left.exists()
    assert all(other.exists() for other in own)
