"""The walls of the house: who may import whom. The order is that of DESIGN: each stands only on what is below it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. A module may import its own package and what stands before it here.
CORE = [
    "types",
    "errors",
    "escape",
    "settings",
    "observe",
    "watched",
    "surface",
    "store",
    "model",
    "live",
    "roles",
    "parameters",
    "access",
    "context",
    "summary",
    "quota",
    "safety",
    "said",
    "showing",
    "commands",
    "chat",
    "dispatch",
    "hub",
]
PLATFORM_LIBRARIES = {"telegram": "telegram", "discord": "discord", "web": "fastapi"}
OWN_TO_WEB = {"fastapi", "starlette", "uvicorn"}


def imports(path: Path) -> set[str]:
    """The modules that a file imports at run time, in full: `from core import roles` is "core.roles"."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            packages = node.module in {"core", "bots"}
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if packages else {node.module}
    return found


def sources(package: str) -> list[Path]:
    return sorted(p for p in (ROOT / package).rglob("*.py") if p != ROOT / package / "__init__.py")


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources("core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_imports_only_what_stands_below(path: Path) -> None:
    own = layer(path)
    assert own in CORE, f"{own} has no place in the order of layers"
    below = set(CORE[: CORE.index(own) + 1])
    if own == "errors":
        below.discard("types")
    for name in imports(path):
        top, _, rest = name.partition(".")
        assert top not in {"bots", "tests", *PLATFORM_LIBRARIES.values(), *OWN_TO_WEB}, f"core imports {name}"
        if top == "core" and rest:
            assert rest.split(".")[0] in below, f"{own} imports core.{rest}, which stands above it"


@pytest.mark.parametrize("path", sources("bots"), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_platform_imports_one_library_and_no_other_platform(path: Path) -> None:
    package = path.relative_to(ROOT / "bots").parts[0]
    names = imports(path)
    assert not any(name.split(".")[0] == "tests" for name in names)
    others = set(PLATFORM_LIBRARIES) - {package}
    if package in PLATFORM_LIBRARIES:
        assert not any(name.startswith(tuple(f"bots.{other}" for other in others)) for name in names)
        banned = {PLATFORM_LIBRARIES[other] for other in others} | (OWN_TO_WEB if package != "web" else set())
        assert not {name.split(".")[0] for name in names} & banned


def test_the_order_names_every_layer_that_exists() -> None:
    assert {layer(path) for path in sources("core")} == set(CORE)


def test_the_standard_library_is_not_shadowed() -> None:
    ours = {path.stem for path in (ROOT / "core").glob("*.py")} | {path.stem for path in (ROOT / "bots").glob("*.py")}
    assert "types" in ours
    assert "core" not in sys.stdlib_module_names
