"""Other quantizations of a model, made by llama.cpp in a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from tests.tiny_gguf import SAMPLE, write_model
from translator.cli import main
from translator.engines import gguf_quantize
from translator.engines.child import child_environment
from translator.engines.gguf_vocab import Tokenizer
from translator.engines.pool import EnginePool
from translator.errors import Cancelled, DownloadError, EngineError, InputError, ModelError
from translator.model_making import Order, Workshop
from translator.models import gguf_meta
from translator.models.registry import Registry
from translator.settings import Settings


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "tiny-f16.gguf"
    write_model(path, bpe=True)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", threads=1, slots=1)


def test_every_type_can_be_made(source: Path, home: Settings) -> None:
    workshop = Workshop(home, Registry(home))
    told: list[float] = []
    order = Order(str(source), progress=lambda fraction, what: told.append(fraction))
    for kind in gguf_quantize.TYPES:
        if kind == "F16":
            continue
        spec = workshop.quantize(order, kind)
        assert spec.id == f"tiny-{kind.lower()}"
        assert spec.name == f"Tiny {kind}"
        info = gguf_meta.read(Registry(home).path(spec))
        assert info.quantization == spec.quantization == kind
        assert spec.made_from == "tiny-f16"
        assert spec.made_how.startswith(f"quantized from F16 to {kind} by Verso")
    assert max(told) == 1.0
    made = [s for s in Registry(home).list() if s.made_from]
    assert {s.quantization for s in made} == {*gguf_quantize.TYPES} - {"F16"}
    assert min(s.bytes for s in made) < source.stat().st_size * 0.8


def test_the_result_runs(source: Path, home: Settings) -> None:
    registry = Registry(home)
    spec = Workshop(home, registry).quantize(Order(str(source)), "q8_0")
    pool = EnginePool(home, registry)
    with pool.engine(spec.id) as engine, Tokenizer(source) as tokenizer:
        assert engine.count_tokens([SAMPLE]) == [len(ids) for ids in tokenizer.ids([SAMPLE])]
    pool.close()
    removal = registry.remove(spec.id)
    assert len(removal.deleted) == 2 and not removal.kept
    assert source.exists()


def test_quantizing_twice_must_be_allowed(source: Path, home: Settings) -> None:
    workshop = Workshop(home, Registry(home))
    q8 = workshop.quantize(Order(str(source)), "Q8_0")
    q4 = workshop.quantize(Order(q8.id), "Q4_0")
    assert (q4.made_from, q4.name) == (q8.id, "Tiny Q4_0")
    with pytest.raises(ModelError, match="quantized already") as refused:
        workshop.quantize(Order(q4.id, id="other"), "Q5_0")
    assert "--allow-requantize" in refused.value.hint
    spec = workshop.quantize(Order(q4.id), "Q5_0", allow_requantize=True)
    assert spec.made_how.startswith("quantized from Q4_0 to Q5_0")


def test_what_cannot_be_done_is_said_before_any_work(source: Path, home: Settings) -> None:
    workshop = Workshop(home, Registry(home))
    with pytest.raises(InputError, match="Unknown type 'Q9'") as unknown:
        workshop.quantize(Order(str(source)), "q9")
    assert "Q4_K_M" in unknown.value.hint
    with pytest.raises(InputError, match="F16 already"):
        workshop.quantize(Order(str(source)), "F16")
    with pytest.raises(ModelError, match="is taken"):
        workshop.quantize(Order(str(source), id="starter"), "Q8_0")
    with pytest.raises(InputError, match="cannot be a model's id"):
        workshop.quantize(Order(str(source), id="../x"), "Q8_0")
    with pytest.raises(ModelError, match="There is no model named"):
        workshop.quantize(Order("nowhere.gguf"), "Q8_0")
    with pytest.raises(ModelError, match="is there already"):
        workshop.quantize(Order(str(source), output=source), "Q8_0")
    with pytest.raises(ModelError, match="not downloaded yet"):
        workshop.quantize(Order("starter"), "Q8_0", allow_requantize=True)
    assert not home.models.exists()


def test_a_full_disk(source: Path, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.models.files._SPARE", 2**62)
    with pytest.raises(DownloadError, match="not enough room"):
        Workshop(home, Registry(home)).quantize(Order(str(source)), "Q8_0")
    assert not [*home.models.iterdir()]


def test_a_stop_leaves_nothing(source: Path, home: Settings) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        Workshop(home, Registry(home)).quantize(Order(str(source), stop=stop), "Q8_0")
    assert not [*home.models.iterdir()]


def test_a_damaged_file_is_llama_cpps_to_name(source: Path, tmp_path: Path) -> None:
    data = bytearray(source.read_bytes())
    data[data.index(b"blk.0.attn_q.weight")] = ord("x")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(data[:2000])
    with pytest.raises(ModelError, match=r"cannot write broken\.gguf as Q8_0: \w+"):
        gguf_quantize.quantize(broken, tmp_path / "out.gguf", "Q8_0", lambda _: None)


def test_a_native_crash_is_one_error(source: Path, tmp_path: Path) -> None:
    # A job that the child does not understand ends it, as a crash would.
    with pytest.raises(EngineError, match="stopped while it wrote"):
        gguf_quantize.quantize(source, tmp_path / "out.gguf", "NO_SUCH", lambda _: None)


def test_two_at_once_do_not_mix(source: Path, home: Settings) -> None:
    home.models.mkdir(parents=True)
    workshop = Workshop(home, Registry(home))
    with (
        FileLock(home.models / "tiny-q8_0.gguf.lock"),
        pytest.raises(ModelError, match="Another Verso is writing"),
    ):
        workshop.quantize(Order(str(source)), "Q8_0")
    assert workshop.quantize(Order(str(source)), "Q8_0").bytes
    assert sorted(p.name for p in home.models.iterdir()) == ["tiny-q8_0.gguf", "tiny-q8_0.toml"]


def test_the_child_ends_with_its_parent(source: Path, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "translator.engines.gguf_quantize"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )
    # The job's source is a pipe that never gives anything: llama.cpp waits for ever.
    os.mkfifo(tmp_path / "endless.gguf")
    job = {"source": str(tmp_path / "endless.gguf"), "target": "x", "kind": "Q8_0", "threads": 1}
    assert child.stdin is not None
    child.stdin.write(json.dumps(job).encode() + b"\n")
    child.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(5)
    child.stdin.close()
    assert child.wait(60) == 1


def test_the_command(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["models", "quantize", str(source), "Q8_0", "Q4_K_M"]) == 0
    out = capsys.readouterr()
    assert out.out.split() == ["tiny-q8_0", "tiny-q4_k_m"]
    assert "Made Tiny Q8_0" in out.err
    assert main(["models", "quantize", "tiny-q4_k_m", "Q5_0"]) == 1
    assert "--allow-requantize" in capsys.readouterr().err
    assert main(["models", "quantize", "tiny-q4_k_m", "Q5_0", "--allow-requantize"]) == 0
    assert "rounds values twice" in capsys.readouterr().err
    assert main(["models", "quantize", str(source), "Q6_K", "Q5_0", "--id", "x"]) == 1
    assert main(["models", "list"]) == 0
    assert "tiny-q4_k_m" in capsys.readouterr().out
