"""Fixtures that several test files share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from tests.browser import open_chromium
from tests.command_support import Verso
from tests.jobs_support import MakeJobs, jobs_with
from translator.cli import main
from translator.engines.base import Engine
from translator.engines.gguf import GgufEngine, GgufOptions
from translator.jobs import BookJobs
from translator.models.catalogue import load
from translator.models.download import pull
from translator.settings import assets_dir

# The same examples in every run of the suite; VERSO_FUZZ looks for new ones.
settings.register_profile("suite", derandomize="VERSO_FUZZ" not in os.environ)
settings.load_profile("suite")

SMALL = "qwen2.5-coder-0.5b-instruct-q4_k_m"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test ever touches the data of the person who runs it."""
    monkeypatch.setenv("VERSO_HOME", str(tmp_path / "verso-home"))


@pytest.fixture(scope="session")
def real_models() -> Path:
    """A folder with the verified 0.5B model, fetched once and kept between runs.

    ``VERSO_TEST_MODELS`` names another folder.
    """
    folder = Path(
        os.environ.get("VERSO_TEST_MODELS") or platformdirs.user_cache_path("verso") / "test-models"
    )
    spec = next(spec for spec in load(assets_dir() / "models.toml") if spec.id == SMALL)
    pull(spec, folder)
    return folder


@pytest.fixture(scope="session")
def small_engine(real_models: Path) -> Iterator[GgufEngine]:
    """The 0.5B model, loaded once for all tests that only read."""
    engine = GgufEngine(GgufOptions(real_models / f"{SMALL}.gguf", context=512, slots=31))
    yield engine
    engine.close()


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[MakeJobs]:
    """Makes the jobs of one data home, as several processes would; they are closed at the end."""
    made: list[BookJobs] = []

    def make(engine: Engine) -> BookJobs:
        made.append(jobs_with(engine, tmp_path / "home"))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for a file of tests."""
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def verso(capsys: pytest.CaptureFixture[str]) -> Verso:
    """See :class:`Verso`."""

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        ended = main(arguments)
        said = capsys.readouterr()
        assert ended == code, said
        return said.out, said.err

    return run
