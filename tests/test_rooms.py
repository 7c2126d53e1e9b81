"""Who may import whom (the rules that keep the rooms apart)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("translator/**/*.py"), *ROOT.glob("trainer/**/*.py"), ROOT / "app.py"])
FOUNDATION = {"types", "errors", "languages", "settings", "markup"}
ROOMS = ("books", "prompts", "models", "engines")


def imports(path: Path) -> Iterator[str]:
    """Full names of everything a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """`translator.books.epub` -> `books`; a plain module is its own room."""
    parts = name.split(".")
    return parts[1] if parts[0] == "translator" and len(parts) > 1 else ""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_import_directions(path: Path) -> None:
    name = relative(path)
    inside = name.removeprefix("translator/").removesuffix(".py")
    for imported in imports(path):
        top = imported.split(".")[0]
        target = room(imported)
        if name.startswith("translator/") and name != "translator/cli.py":
            assert top != "trainer", f"{name} imports {imported}"
        if top == "gradio":
            assert name == "app.py" or "/tabs/" in name, f"{name} imports gradio"
        if top in ("torch", "transformers"):
            assert name.startswith(("trainer/", "translator/engines/hf")), name
        if top == "llama_cpp":
            assert name.startswith("translator/engines/gguf"), f"{name} imports llama_cpp"
        if inside in FOUNDATION and top == "translator":
            allowed = FOUNDATION | {"detection", "ngrams"}
            assert target in allowed, f"{name} imports {imported}"
        here = inside.split("/")[0]
        if here in ROOMS and target in ROOMS and here != target:
            assert name == "translator/engines/pool.py", f"{name} imports {imported}"


def test_pipeline_sees_engines_base_only() -> None:
    for name in ("pipeline", "scheduler", "ladder"):
        path = ROOT / f"translator/{name}.py"
        if path.exists():
            for imported in imports(path):
                if room(imported) == "engines":
                    assert imported.startswith("translator.engines.base"), f"{name}: {imported}"


def test_no_import_cycles() -> None:
    """Top-level imports of our modules form no cycle."""
    graph: dict[str, set[str]] = {}
    names = {
        relative(p).removesuffix(".py").removesuffix("/__init__").replace("/", "."): p
        for p in FILES
    }
    for module, path in names.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    wanted.add(full if full in names else node.module)
            elif isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
        graph[module] = wanted & set(names) - {module}
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> None:
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, [*trail, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])
