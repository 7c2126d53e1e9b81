from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models_support import CHAT, gguf, text
from translator.errors import ModelError
from translator.models import gguf_meta


def write(folder: Path, data: bytes) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return path


def test_reads_the_facts(tmp_path: Path) -> None:
    values = {**CHAT, "general.languages": ["de", "ko"], "x.f": 0.5, "x.b": True}
    info = gguf_meta.read(write(tmp_path, gguf(values)))
    assert info.architecture == "qwen2"
    assert info.name == "Tiny Chat"
    assert info.chat_template == "{{ messages }}"
    assert info.context_length == 32768
    assert info.quantization == "Q4_K_M"
    assert info.tokenizer == "gpt2"
    assert info.licence == "apache-2.0"
    assert info.languages == ("de", "ko")
    assert info.parameters == 2 * 8 * 4
    assert not info.encoder_decoder
    assert info.values["x.f"] == 0.5
    assert info.values["x.b"] is True


def test_encoder_decoders_and_telling_tokens_are_noticed(tmp_path: Path) -> None:
    values = {
        "general.architecture": "t5",
        "tokenizer.ggml.model": "t5",
        "tokenizer.ggml.tokens": ["<pad>", "<2de>", "x"],
    }
    info = gguf_meta.read(write(tmp_path, gguf(values, version=2)))
    assert info.encoder_decoder
    assert info.markers == {"<2de>"}


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = gguf()
    for length in (*range(0, 200), *range(200, len(data), 7)):
        with pytest.raises(ModelError):
            gguf_meta.read(write(tmp_path, data[:length]))
    gguf_meta.read(write(tmp_path, data))


def head(tensors: int, entries: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, entries) + rest + b"\0" * 64


HUGE = 2**63


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "too short"),
        (b"PK\3\4" + b"\0" * 40, "not a GGUF file"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + b"\0" * 40, "byte order"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0) + b"\0" * 40, "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 99, 0, 0) + b"\0" * 40, "version 99"),
        (head(HUGE, 0), "tensors"),
        (head(0, HUGE), "metadata entries"),
        (head(0, 1, struct.pack("<Q", HUGE)), "a text of"),
        (head(0, 1, text("a") + struct.pack("<I", 77)), "unknown type (77)"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 8, HUGE)), "array items"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 10, HUGE)), "array items"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 9, 1)), "array of an unknown type"),
        (head(0, 0), "no model architecture"),
        (head(1, 0, text("t") + struct.pack("<I", 2**31)), "dimensions"),
        (head(1, 0, text("t") + struct.pack("<IQIQ", 1, 8, 0, 2**40)), "cut short"),
        (head(1, 0, text("t") + struct.pack("<IQIQ", 1, HUGE, 0, 0)), "cut short"),
        (gguf({**CHAT, "general.alignment": 0}), "alignment"),
    ],
)
def test_hostile_headers_are_one_sentence(tmp_path: Path, data: bytes, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(ModelError) as error:
        gguf_meta.read(write(tmp_path, data))
    assert message in error.value.message
    assert time.monotonic() - start < 1


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Cannot read"):
        gguf_meta.read(tmp_path / "none.gguf")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_flipped_bytes_get_past_the_reader(tmp_path: Path, data: st.DataObject) -> None:
    raw = bytearray(gguf())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        gguf_meta.read(write(tmp_path, bytes(raw)))
    except ModelError as error:
        assert error.message


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_noise_is_refused(tmp_path: Path, noise: bytes) -> None:
    with pytest.raises(ModelError):
        gguf_meta.read(write(tmp_path, b"GGUF\3\0\0\0" + noise))
