"""Folders of open books, and what killed processes leave behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from translator.books.scratch import Scratch, sweep

_LIVE = """
from translator.books.scratch import Scratch
scratch = Scratch()
print(scratch.path, flush=True)
input()
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _old(folder: Path) -> None:
    long_ago = time.time() - 86_400
    os.utime(folder, (long_ago, long_ago))


def test_a_folder_goes_with_its_owner() -> None:
    scratch = Scratch()
    path = scratch.path
    (path / "page.png").write_bytes(b"x")
    del scratch
    gc.collect()
    assert not path.exists()


def test_only_the_folders_of_the_dead_are_swept() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _LIVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        path = Path(child.stdout.readline().strip())
        _old(path)
        sweep()
        assert path.is_dir()
        child.kill()
        child.wait()
    assert path.is_dir()
    _old(path)
    sweep()
    assert not path.exists()
