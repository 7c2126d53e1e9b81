"""Settings come from the environment, and nonsense there is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from translator.errors import InputError
from translator.settings import Settings, assets_dir, data_home


def test_home_is_the_environments_or_the_platforms(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VERSO_HOME", str(tmp_path))
    assert data_home() == tmp_path
    monkeypatch.delenv("VERSO_HOME")
    assert "verso" in str(data_home())


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "0"])
def test_a_number_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VERSO_SLOTS", value)
    with pytest.raises(InputError) as error:
        Settings.load()
    assert "VERSO_SLOTS" in error.value.message and error.value.hint


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSO_THREADS", "")
    monkeypatch.delenv("VERSO_SLOTS", raising=False)
    settings = Settings.load()
    assert settings.threads == 0 and settings.slots == 0


def test_assets_are_found() -> None:
    assert (assets_dir() / "models.toml").is_file()
