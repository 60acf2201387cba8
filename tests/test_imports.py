"""Who imports whom: the rules of CONTRIBUTING, read from the source."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from asrcli.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "asrcli").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins/asr_plugins").rglob("*.py"))
CONTRACT = {"engine", "aligner", "companions", "types", "errors"}
FOR_PLUGINS = CONTRACT | {"models", "hashes", "pickles", "device", "languages"}
# The aligner of `nemo` is that one over another network; the NeMo backend of `canary` keeps NeMo quiet the same way.
BUILDS_ON = {"asr_plugins.nemo": "asr_plugins.transformers_models", "asr_plugins.canary": "asr_plugins.nemo"}
COMMAND_MODULES = {entry.module for entry in COMMANDS.values()}
LEAVES = {"audio", "vad", "cut", "text", "writers", "media", "flags", "languages", "types", "errors", "engine", "files"}
UPPER = {"pipeline", "jobs", "execution", "selection", "recogniser", "api", "main", "commands", "config", "console"}


def imports(source: str, *, only_module_level: bool = False) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports; what only a type checker sees is left out."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
        elif not (only_module_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def heavy() -> set[str]:
    """Return what ruff is told to forbid at module level, so that there is one list."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]
    return set(settings["banned-module-level-imports"])


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def inside(imported: str, package: str) -> bool:
    return imported == package or imported.startswith(f"{package}.")


def test_the_reader_of_imports_sees_what_it_should() -> None:
    source = (
        "import numpy\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    import av\n"
        "try:\n    import scipy.signal\nexcept ImportError:\n    pass\n"
        "class A:\n    import lxml\ndef f():\n    from asrcli.runs.plan import plan\n"
    )
    assert set(imports(source, only_module_level=True)) == {
        "numpy",
        "typing.TYPE_CHECKING",
        "av",
        "scipy.signal",
        "lxml",
    }
    assert "asrcli.runs.plan.plan" in set(imports(source))
    assert "torch" not in set(imports(source))


def networks() -> set[Path]:
    """Return the modules of plugins that pyproject.toml lets import torch: classes of layers, loaded with weights."""
    ignores = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["per-file-ignores"]
    found: set[Path] = set()
    for pattern in (pattern for pattern in ignores if pattern.startswith("plugins/")):
        folder, _, stems = pattern.removesuffix("}.py").partition("{")
        found |= {ROOT / f"{folder}{stem}.py" for stem in stems.split(",")}
    assert all(path.exists() for path in found)
    return found


@pytest.mark.parametrize("path", [*CORE, *PLUGINS], ids=name)
def test_nothing_heavy_at_module_level(path: Path) -> None:
    if path in networks():
        return
    found = list(imports(path.read_text(), only_module_level=True))
    assert {one.partition(".")[0] for one in found} & heavy() == set()
    assert not any(inside(one, "rich") for one in found)
    for network in networks():
        module = ".".join(network.relative_to(ROOT / "plugins").with_suffix("").parts)
        assert not any(inside(one, module) for one in found), f"{module} is imported where weights are loaded"


@pytest.mark.parametrize("path", CORE, ids=name)
def test_the_core_knows_no_plugin(path: Path) -> None:
    assert [one for one in imports(path.read_text()) if inside(one, "asr_plugins")] == []


@pytest.mark.parametrize("path", PLUGINS, ids=name)
def test_a_plugin_sees_the_contract_and_itself(path: Path) -> None:
    below = path.relative_to(ROOT / "plugins/asr_plugins").parts
    own = f"asr_plugins.{below[0].removesuffix('.py')}"
    for one in imports(path.read_text()):
        if inside(one, "asrcli"):
            assert one.split(".")[1] in FOR_PLUGINS, one
        if inside(one, "asr_plugins"):
            assert inside(one, own) or inside(one, BUILDS_ON.get(own, own)), one


@pytest.mark.parametrize("path", sorted((ROOT / "asrcli/commands").glob("*.py")), ids=name)
def test_a_command_imports_no_other_command(path: Path) -> None:
    own = f"asrcli.cli.commands.{path.stem}"
    others = [one for one in imports(path.read_text()) for module in COMMAND_MODULES - {own} if inside(one, module)]
    assert others == []


@pytest.mark.parametrize("path", CORE, ids=name)
def test_nothing_below_imports_commands_or_the_program(path: Path) -> None:
    if path.parent.name == "commands" or path.name in ("main.py", "__main__.py"):
        return
    found = [
        one for one in imports(path.read_text()) if inside(one, "asrcli.cli.commands") or inside(one, "asrcli.cli.main")
    ]
    assert found == []


@pytest.mark.parametrize("path", [path for path in CORE if path.relative_to(ROOT / "asrcli").parts[0] != ""], ids=name)
def test_leaves_import_nothing_above_them(path: Path) -> None:
    first = path.relative_to(ROOT / "asrcli").parts[0].removesuffix(".py")
    if first in LEAVES:
        above = [one for one in imports(path.read_text()) if inside(one, "asrcli") and one.split(".")[1] in UPPER]
        assert above == []


def test_no_module_imports_itself_in_a_circle() -> None:
    """The graph of imports at module level has no cycle, so that every module can be read, and imported, alone."""
    modules = {str(path.relative_to(ROOT).with_suffix("")).replace("/", "."): path for path in CORE}
    modules = {module.removesuffix(".__init__"): path for module, path in modules.items()}
    graph = {
        module: {_module_of(one, modules) for one in imports(path.read_text(), only_module_level=True)} - {None, module}
        for module, path in modules.items()
    }
    while ready := [module for module, wanted in graph.items() if not wanted & set(graph)]:
        for module in ready:
            del graph[module]
    assert graph == {}


def _module_of(imported: str, modules: dict[str, Path]) -> str | None:
    """Return the module that an imported name is, or is in; ``asrcli.formats.FORMATS`` is in ``asrcli.formats``."""
    if imported in modules:
        return imported
    parent = imported.rpartition(".")[0]
    return parent if parent in modules else None
