"""The choice of a CPU library by what the machine can really run."""

from __future__ import annotations

from pathlib import Path

from translator.engines.gguf_cpu import (
    VARIANTS,
    best_installed,
    cpu_flags,
    installed_variants,
    is_x86,
    variants_to_build,
    write_manifest,
)

AVX2 = frozenset(["sse4_2", "avx", "f16c", "fma", "avx2", "bmi2"])
SKYLAKE = AVX2 | frozenset(["avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"])
SAPPHIRE = SKYLAKE | frozenset(
    ["avx512vbmi", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"]
)


def names(flags: frozenset[str]) -> list[str]:
    return [v.name for v in variants_to_build(flags)]


def test_every_machine_gets_its_best_and_the_portable_library() -> None:
    assert names(AVX2) == ["avx2"]
    assert names(SKYLAKE) == ["avx512", "avx2"]
    assert names(SAPPHIRE) == ["avx512bf16", "avx2"]
    assert names(frozenset({"sse4_2"})) == ["sse42"]


def test_amx_is_never_built_though_advertised() -> None:
    for variant in VARIANTS:
        assert not any("AMX" in option for option in variant.options)
        assert "GGML_NATIVE" not in variant.options


def test_libraries_that_moved_to_an_older_machine(tmp_path: Path) -> None:
    write_manifest(tmp_path, variants_to_build(SAPPHIRE))
    best = best_installed(tmp_path, AVX2)
    assert best is not None and best.name == "avx2"
    assert best_installed(tmp_path, frozenset({"sse4_2"})) is None


def test_without_a_manifest_llama_cpp_is_in_one_piece(tmp_path: Path) -> None:
    assert installed_variants(tmp_path) == []


def test_flags_are_read_from_the_kernel(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nflags\t\t: fpu avx2 fma\n\nprocessor\t: 1\nflags\t\t: x\n")
    assert cpu_flags(info) == {"fpu", "avx2", "fma"}


def test_this_machine_runs_what_is_installed() -> None:
    import llama_cpp

    folder = Path(llama_cpp.__file__).parent / "lib"
    if is_x86():
        assert installed_variants(folder), "make run builds the variants"
        assert best_installed(folder, cpu_flags()) is not None
