from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.models_support import CHAT, gguf
from translator.errors import ModelError
from translator.models.registry import Registry
from translator.models.spec import ModelKind
from translator.settings import Settings


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(Settings(home=tmp_path / "home"))


def model(folder: Path, name: str = "Mine.gguf", /, **values: str | int) -> Path:
    path = folder / name
    path.write_bytes(gguf({**CHAT, **{key.replace("__", "."): v for key, v in values.items()}}))
    return path


def test_default_is_listed_first_and_has_an_alias(registry: Registry) -> None:
    assert registry.list()[0] == registry.default() == registry.get("starter")
    assert registry.get(" Starter ") == registry.get(registry.default().id.upper())


def test_a_near_miss_is_suggested(registry: Registry) -> None:
    with pytest.raises(ModelError) as error:
        registry.get("gema-3-270m")
    assert "Did you mean gemma-3-270m-q4_k_m?" in error.value.hint
    with pytest.raises(ModelError) as error:
        registry.get("§§§")
    assert "Did you mean" not in error.value.hint


def test_nothing_is_installed_at_first_but_the_dry_run(registry: Registry) -> None:
    assert [spec.id for spec in registry.list() if registry.installed(spec)] == ["pseudo"]
    with pytest.raises(ModelError) as error:
        registry.path(registry.default())
    assert "not downloaded yet" in error.value.message
    assert registry.default().id in error.value.hint
    with pytest.raises(ModelError, match="no model file"):
        registry.path(registry.get("pseudo"))
    with pytest.raises(ModelError, match="not downloaded yet"):
        registry.path(registry.get("lfm2-1.2b-koen-mt-v6.4-merged"))


def test_a_cut_off_file_is_not_installed(registry: Registry, tmp_path: Path) -> None:
    spec = registry.default()
    (tmp_path / "home/models").mkdir(parents=True)
    (tmp_path / "home/models" / spec.file).write_bytes(b"GGUF")
    assert not registry.installed(spec)
    with pytest.raises(ModelError, match="incomplete"):
        registry.path(spec)


def test_add_refers_to_the_file_where_it_is(registry: Registry, tmp_path: Path) -> None:
    path = model(tmp_path)
    spec = registry.add(path)
    assert spec.id == "mine"
    assert spec.name == "Tiny Chat"
    assert spec.kind is ModelKind.GGUF
    assert spec.style == "chat"
    assert spec.context == 4096
    assert spec.quantization == "Q4_K_M"
    assert spec.architecture == "qwen2"
    assert spec.licence.name == "apache-2.0"
    assert spec.bytes == path.stat().st_size
    assert spec.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    again = Registry(Settings(home=tmp_path / "home"))
    assert again.get("MINE") == spec
    assert again.installed(spec)
    assert again.path(spec) == path


def test_add_takes_names_and_styles_and_refreshes(registry: Registry, tmp_path: Path) -> None:
    path = model(tmp_path, "A b (ü).gguf")
    assert registry.add(path).id == "a-b"
    assert registry.add(path, name="Better", style="tagged").name == "Better"
    assert registry.get("a-b").style == "tagged"
    assert registry.add(path, id="other").id == "other"
    with pytest.raises(ModelError, match="cannot be a model's id"):
        registry.add(path, id="../x")
    with pytest.raises(ModelError, match="is taken by"):
        registry.add(path, id="Starter")
    (tmp_path / "c").mkdir()
    with pytest.raises(ModelError, match="is taken by"):
        registry.add(model(tmp_path / "c", "A b (ü).gguf"))


@pytest.mark.parametrize(
    ("changes", "file", "style"),
    [
        ({}, "x.gguf", "chat"),
        ({"tokenizer__chat_template": ""}, "x.gguf", "few-shot"),
        ({"general__name": "Hunyuan-MT"}, "x.gguf", "hy-mt"),
        ({}, "HY-MT1.5-1.8B-Q8_0.gguf", "hy-mt"),
        ({}, "translategemma-4b-it.Q8_0.gguf", "translategemma"),
        ({"tokenizer__chat_template": "{{ c['source_lang_code'] }}"}, "x.gguf", "translategemma"),
        ({"general__name": "madlad400-3b-mt"}, "x.gguf", "madlad"),
    ],
)
def test_prompt_style_is_read_off_the_file(
    registry: Registry, tmp_path: Path, changes: dict[str, str], file: str, style: str
) -> None:
    spec = registry.add(model(tmp_path, file, **changes))
    assert spec.style == style
    assert (spec.sampling.top_k == 20) == (style == "hy-mt")


def test_encoder_decoders_are_recorded(registry: Registry, tmp_path: Path) -> None:
    assert registry.add(model(tmp_path, general__architecture="t5")).encoder_decoder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"general__type": "adapter"}, "is an adapter"),
        ({"general__architecture": "clip"}, "image part"),
        ({"general__architecture": "t5encoder"}, "is an encoder"),
        ({"tokenizer__ggml__model": ""}, "no tokenizer"),
        ({"split__count": 3}, "one of 3 pieces"),
    ],
)
def test_files_that_are_no_language_models_are_refused(
    registry: Registry, tmp_path: Path, changes: dict[str, str | int], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        registry.add(model(tmp_path, **changes))
    assert registry.problems() == ()


def test_a_broken_entry_does_not_hide_the_others(registry: Registry, tmp_path: Path) -> None:
    registry.add(model(tmp_path))
    (tmp_path / "home/models/bad.toml").write_text("[[model]]\nid = 3\n")
    assert registry.get("mine")
    (problem,) = registry.problems()
    assert "bad.toml" in problem.message


def test_remove_leaves_the_users_file_alone(registry: Registry, tmp_path: Path) -> None:
    path = model(tmp_path)
    registry.add(path)
    removal = registry.remove("Mine")
    assert removal.kept == (path,)
    assert [file.name for file in removal.deleted] == ["mine.toml"]
    assert path.exists()
    with pytest.raises(ModelError):
        registry.get("mine")


def test_remove_deletes_what_was_downloaded(registry: Registry, tmp_path: Path) -> None:
    spec = registry.get("gemma-3-270m")
    folder = tmp_path / "home/models"
    with pytest.raises(ModelError, match="nothing of"):
        registry.remove(spec.id)
    (folder / f"{spec.file}.scratch1").mkdir(parents=True)
    names = [spec.file, f"{spec.file}.part0", f"{spec.file}.part0.json"]
    names += ["gemma-3-270m-q4_k_m.NOTICE.md", "accepted-terms.json", "other.gguf"]
    for name in names:
        (folder / name).write_text("{}")
    registry.remove("gemma-3-270m")
    assert sorted(path.name for path in folder.iterdir()) == ["accepted-terms.json", "other.gguf"]
    assert registry.get("gemma-3-270m") == spec


def test_a_file_that_another_entry_uses_is_kept(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "home/models"
    folder.mkdir(parents=True)
    path = model(folder)
    registry.add(path, id="one")
    registry.add(path, id="two")
    assert registry.remove("one").kept == (path,)
    assert path in registry.remove("two").deleted
    assert not path.exists()


def test_a_users_file_that_is_gone_is_named(registry: Registry, tmp_path: Path) -> None:
    path = model(tmp_path)
    spec = registry.add(path)
    path.unlink()
    assert not registry.installed(spec)
    with pytest.raises(ModelError) as error:
        registry.path(spec)
    assert str(path) in error.value.message
    assert "models remove mine" in error.value.hint
