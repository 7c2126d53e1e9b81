from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.errors import ModelError
from translator.models import catalogue
from translator.models.spec import (
    HubSource,
    Licence,
    ModelKind,
    ModelSpec,
    UrlSource,
    WheelSource,
)
from translator.settings import assets_dir
from translator.types import Sampling

SHIPPED = catalogue.load(assets_dir() / "models.toml")
MINIMAL = '[[model]]\nid = "m"\nname = "M"\nkind = "gguf"\nfile = "m.gguf"\n'


def test_shipped_catalogue_has_one_default_that_is_the_starter() -> None:
    (default,) = [spec for spec in SHIPPED if spec.default]
    assert "starter" in default.aliases
    assert default.bytes == 1_117_320_768
    assert isinstance(default.sources[0], HubSource)
    wheels = default.sources[1]
    assert isinstance(wheels, WheelSource)
    assert len(wheels.parts) == 22


def test_every_file_of_the_catalogue_can_be_verified_or_says_so() -> None:
    for spec in SHIPPED:
        if any(isinstance(source, WheelSource) for source in spec.sources):
            assert spec.sha256 and spec.bytes, spec.id
        if spec.sha256:
            assert spec.bytes, spec.id
        if spec.kind is ModelKind.GGUF:
            assert spec.sources and spec.licence.name and spec.homepage, spec.id


def test_gemma_models_ask_for_their_terms() -> None:
    for spec in SHIPPED:
        assert spec.licence.must_accept == spec.licence.name.startswith(("Gemma", "Tencent"))
        if spec.licence.must_accept:
            assert spec.licence.url and spec.licence.notice


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: spec.id)
def test_dump_and_parse_are_inverse(spec: ModelSpec) -> None:
    assert catalogue.parse(catalogue.dump(spec), "x") == (spec,)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(name=words.filter(bool), notice=words, temperature=st.floats(0, 2), top_k=st.integers(0, 99))
def test_any_text_survives_the_toml(name: str, notice: str, temperature: float, top_k: int) -> None:
    spec = ModelSpec(
        "x",
        name,
        ModelKind.GGUF,
        file=str(Path("/somewhere") / "a b.gguf"),
        licence=Licence("L", notice=notice),
        sampling=Sampling(temperature=temperature, top_k=top_k),
        aliases=("y",),
        adapter_scale=0.5,
        encoder_decoder=True,
    )
    assert catalogue.parse(catalogue.dump(spec), "x") == (spec,)


def test_every_field_of_a_spec_can_be_written() -> None:
    spec = ModelSpec(
        id="a",
        name="A",
        kind=ModelKind.GGUF,
        file="a.gguf",
        bytes=3,
        sha256="0" * 64,
        sources=(
            HubSource("o/r", "f", "rev"),
            WheelSource((("p", "1", "m"),), (("p", "1", "n"),)),
            UrlSource("https://example.org/f"),
        ),
        licence=Licence("L", "u", "n", True),
        languages=("de",),
        style="few-shot",
        sampling=Sampling(1, 0.5, 2, 0.5, 0.1, 1.1, 7),
        context=99,
        parameters="1B",
        quantization="Q4_0",
        architecture="t5",
        encoder_decoder=True,
        base="b",
        adapter="c.gguf",
        adapter_scale=2.0,
        precision="4bit",
        device="cuda",
        description="d",
        homepage="h",
        aliases=("z",),
        default=True,
        reads_context=True,
        made_from="y",
        made_how="shrunk",
        corpus="c0ffee",
        scores={"chrF++ en>de": 41.5},
    )
    plain = ModelSpec("a", "A", ModelKind.GGUF)
    for field in dataclasses.fields(ModelSpec):
        if field.name not in ("id", "name", "kind"):
            assert getattr(spec, field.name) != getattr(plain, field.name), field.name
    assert catalogue.parse(catalogue.dump(spec), "x") == (spec,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[model]\n", "not valid TOML"),
        ("[[modle]]\n", "unknown key 'modle'"),
        (MINIMAL + "stlye = 'chat'\n", "unknown key 'stlye'"),
        (MINIMAL + "bytes = '3'\n", "'bytes' must be of type int"),
        (MINIMAL + "default = 1\n", "'default' must be of type bool"),
        (MINIMAL + "sha256 = 'ABC'\n", "64 hexadecimal digits"),
        (MINIMAL + "languages = [1]\n", "list of strings"),
        (MINIMAL.replace('"gguf"', '"ggml"'), "not one of gguf, hf, remote, pseudo"),
        (MINIMAL.replace('"M"', '""'), "'name' is missing"),
        (MINIMAL.replace('"m"', '"../m"'), "has characters"),
        (MINIMAL.replace("m.gguf", "../m.gguf"), "plain file name"),
        (MINIMAL + "[[model.source]]\nkind = 'ftp'\n", "not one of hub, wheels, url"),
        (MINIMAL + "[[model.source]]\nkind = 'hub'\n", "'repo' is missing"),
        (MINIMAL + "[[model.source]]\nkind = 'wheels'\nparts = [['a', 'b']]\n", "[project,"),
        (MINIMAL + MINIMAL, "used twice"),
        (MINIMAL + "licence = 'MIT'\n", "'licence' must be of type dict"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        catalogue.parse(text, "mine.toml")
    assert message in error.value.message
    assert error.value.message.startswith("mine.toml")


def test_a_downloaded_file_is_never_placed_outside_the_models_folder() -> None:
    source = "[[model.source]]\nkind = 'url'\nurl = 'https://example.org/x'\n"
    with pytest.raises(ModelError, match="plain file name"):
        catalogue.parse(MINIMAL.replace("m.gguf", "/etc/m.gguf") + source, "x")


def test_unreadable_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Cannot read"):
        catalogue.load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="Cannot read"):
        catalogue.load(tmp_path / "bad.toml")
