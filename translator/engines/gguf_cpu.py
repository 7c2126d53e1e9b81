"""Which build of llama.cpp's CPU code this machine can run.

``make run`` builds llama.cpp's CPU backend as separate libraries: one that any AVX2 machine
runs, and one with the instruction sets of the machine it is built on. The best usable one is
loaded at start. The library is chosen from what the kernel reports as usable, never compiled
with ``-march=native``: some virtual machines advertise AMX without granting its registers, and
code built for it dies in its first matrix product. AMX is therefore never used.
"""

from __future__ import annotations

import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "verso-cpu.json"
_X86 = ("x86_64", "amd64")


@dataclass(frozen=True, slots=True)
class CpuVariant:
    """A build of the CPU backend: llama.cpp's CMake options and the CPU flags they need."""

    name: str
    options: tuple[str, ...]
    needs: frozenset[str]

    @property
    def file(self) -> str:
        """Name of the library below llama_cpp's library folder."""
        return f"libggml-cpu-{self.name}.so"


def _variant(name: str, options: str, needs: str, base: CpuVariant | None = None) -> CpuVariant:
    return CpuVariant(
        name,
        (base.options if base else ()) + tuple(f"GGML_{o}" for o in options.split()),
        (base.needs if base else frozenset()) | frozenset(needs.split()),
    )


_SSE = _variant("sse42", "SSE42", "sse4_2")
_AVX2 = _variant("avx2", "AVX F16C FMA AVX2 BMI2", "avx f16c fma avx2 bmi2", _SSE)
_AVX_VNNI = _variant("avxvnni", "AVX_VNNI", "avx_vnni", _AVX2)
_AVX512 = _variant("avx512", "AVX512", "avx512f avx512cd avx512vl avx512dq avx512bw", _AVX2)
_AVX512_VNNI = _variant("avx512vnni", "AVX512_VBMI AVX512_VNNI", "avx512vbmi avx512_vnni", _AVX512)
_AVX512_BF16 = _variant("avx512bf16", "AVX512_BF16", "avx512_bf16", _AVX512_VNNI)

# Best first.
VARIANTS = (_AVX512_BF16, _AVX512_VNNI, _AVX512, _AVX_VNNI, _AVX2, _SSE)


def is_x86() -> bool:
    """Whether variants are a question at all; elsewhere llama.cpp's own build is right."""
    return platform.machine().lower() in _X86 and platform.system() == "Linux"


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPU's flags as the kernel reports them; AVX-512 is listed only when it is enabled."""
    match = re.search(r"^flags\s*:\s*(.*)$", cpuinfo.read_text(), re.MULTILINE)
    return frozenset(match[1].split()) if match else frozenset()


def variants_to_build(flags: frozenset[str]) -> list[CpuVariant]:
    """The machine's best variant, and the AVX2 one, so that the library can move."""
    usable = [v for v in VARIANTS if v.needs <= flags]
    best = usable[0] if usable else _SSE
    return [best] if best in (_AVX2, _SSE) else [best, _AVX2]


def write_manifest(folder: Path, variants: list[CpuVariant]) -> None:
    """Note beside the libraries which variants are there, best first."""
    names = [v.name for v in VARIANTS if v in variants]
    (folder / MANIFEST).write_text(json.dumps({"variants": names}) + "\n", encoding="utf-8")


def installed_variants(folder: Path) -> list[CpuVariant]:
    """The variants in ``folder``, best first; empty when llama.cpp was built in one piece."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        return []
    names = json.loads(manifest.read_text(encoding="utf-8"))["variants"]
    return [v for v in VARIANTS if v.name in names]


def best_installed(folder: Path, flags: frozenset[str]) -> CpuVariant | None:
    """The best variant in ``folder`` that this machine can run."""
    return next((v for v in installed_variants(folder) if v.needs <= flags), None)


def machine() -> str:
    """The processor's name, and how the system calls itself."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {platform.system()}"
    return f"{platform.processor() or platform.machine()}, {platform.system()}"
