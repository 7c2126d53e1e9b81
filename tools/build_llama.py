"""Install llama-cpp-python with a llama.cpp that is built for this machine and still portable.

The Python package is installed without its native part (seconds), then the llama.cpp sources
of the same package are built here: only the libraries that Verso uses, with the CPU backend as
loadable variants (see ``translator/engines/gguf_cpu.py``). Run by ``make``; safe to run again.
On other systems than Linux on x86-64 the package's own build is used as it is.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from translator.engines.gguf_cpu import (
    CpuVariant,
    cpu_flags,
    installed_variants,
    is_x86,
    variants_to_build,
    write_manifest,
)

VERSION = "0.3.36"
PACKAGE = f"llama-cpp-python=={VERSION}"

# Native code of the build machine is never asked for (GGML_NATIVE); unused parts are left out.
OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "BUILD_SHARED_LIBS": "ON",
    "CMAKE_INSTALL_RPATH": "$ORIGIN",
    "CMAKE_BUILD_WITH_INSTALL_RPATH": "ON",
    "GGML_NATIVE": "OFF",
    "GGML_BACKEND_DL": "ON",
    "LLAMA_BUILD_COMMON": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_TOOLS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_SERVER": "OFF",
    "LLAMA_BUILD_APP": "OFF",
}


def main() -> int:
    """Build unless the right version and variants are already there."""
    if not is_x86():
        return pip("install", PACKAGE)
    wanted = variants_to_build(cpu_flags())
    folder = installed_folder()
    if folder and set(wanted) <= set(installed_variants(folder / "lib")):
        print(f"llama.cpp is ready ({', '.join(v.name for v in wanted)}).")
        return 0
    missing = [tool for tool in ("cmake", "cc", "c++") if not shutil.which(tool)]
    if missing:
        print(
            f"Missing: {', '.join(missing)}. Install them first, on Debian or Ubuntu with: "
            "sudo apt install build-essential cmake",
            file=sys.stderr,
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="verso-llama-") as scratch:
        build(Path(scratch), wanted)
    return 0


def installed_folder() -> Path | None:
    """Folder of the installed package, if it is the version that Verso is written for."""
    spec = importlib.util.find_spec("llama_cpp")
    if not spec or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    init = (folder / "__init__.py").read_text(encoding="utf-8")
    return folder if f'"{VERSION}"' in init else None


def build(scratch: Path, wanted: list[CpuVariant]) -> None:
    """Fetch the source package, install its Python part, build and copy the libraries."""
    print(
        f"Building llama.cpp for this machine ({', '.join(v.name for v in wanted)}); "
        "this takes a few minutes, once.",
        flush=True,
    )
    pip(
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        "llama-cpp-python",
        "--dest",
        str(scratch),
        PACKAGE,
    )
    archive = next(scratch.glob("llama_cpp_python-*.tar.gz"))
    pip(
        "install",
        "--quiet",
        "--force-reinstall",
        "--no-deps",
        str(archive),
        env={"CMAKE_ARGS": "-DLLAMA_BUILD=OFF -DLLAVA_BUILD=OFF"},
    )
    pip("install", "--quiet", PACKAGE)  # what it depends on
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    sources = next(scratch.glob("llama_cpp_python-*/")) / "vendor" / "llama.cpp"
    folder = installed_folder()
    if folder is None:
        raise SystemExit(f"{PACKAGE} was installed but cannot be found.")
    target = folder / "lib"
    target.mkdir(exist_ok=True)
    for number, variant in enumerate(wanted):
        out = scratch / variant.name
        compile_variant(sources, out, variant, everything=number == 0)
        shutil.copy2(out / "bin" / "libggml-cpu.so", target / variant.file)
        if number == 0:
            for library in (out / "bin").glob("lib*.so*"):
                if library.name != "libggml-cpu.so":
                    shutil.copy2(library, target / library.name, follow_symlinks=False)
    write_manifest(target, wanted)
    print("llama.cpp is built.", flush=True)


def compile_variant(sources: Path, out: Path, variant: CpuVariant, *, everything: bool) -> None:
    """Configure and build: everything for the first variant, the CPU backend for the others."""
    options = OPTIONS | dict.fromkeys(variant.options, "ON")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    log = out.with_suffix(".log")
    with log.open("w", encoding="utf-8") as output:
        for command in (
            [
                "cmake",
                *generator,
                "-S",
                str(sources),
                "-B",
                str(out),
                *(f"-D{key}={value}" for key, value in options.items()),
            ],
            [
                "cmake",
                "--build",
                str(out),
                "--parallel",
                str(os.cpu_count() or 1),
                "--target",
                "llama" if everything else "ggml-cpu",
            ],
        ):
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                output.flush()
                tail = "\n".join(
                    log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
                )
                raise SystemExit(f"{tail}\nBuilding llama.cpp ({variant.name}) failed.")


def pip(*arguments: str, env: dict[str, str] | None = None) -> int:
    """Run this interpreter's pip; a failure ends the build with pip's own message above it."""
    command = [sys.executable, "-m", "pip", *arguments]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        raise SystemExit(f"pip {arguments[0]} failed.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
