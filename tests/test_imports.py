"""Who imports whom: the rules of CONTRIBUTING, read from the source."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.source import tree

from asrcli.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "asrcli").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins/asr_plugins").rglob("*.py"))
FOR_PLUGINS = (
    "engine",
    "capabilities",
    "aligner",
    "diarizer",
    "companions",
    "types",
    "errors",
    "weights",
    "engines.device",
    "base.children",
    "base.languages",
    "base.files",
    "base.secret",
    "base.http",
)
# The aligner of `nemo` is that one over another network; the NeMo backend of `canary` keeps NeMo quiet the same way.
# `firered` looks for the edges of words in the sound as the CTC models do.
BUILDS_ON = {
    "asr_plugins.campplus": ("asr_plugins.firered.features",),
    "asr_plugins.canary": ("asr_plugins.nemo", "asr_plugins.qwen3"),
    "asr_plugins.firered": ("asr_plugins.transformers_models.edges", "asr_plugins.transformers_models.viterbi"),
    "asr_plugins.nemo": ("asr_plugins.transformers_models",),
}
COMMAND_MODULES = {entry.module for entry in COMMANDS.values()}
FRONT = {"", "__init__", "__main__"}  # the package itself: its version, and the doors to what is below


@cache
def imports(source: str | Path, *, only_module_level: bool = False, typing: bool = False) -> tuple[str, ...]:
    """Return the dotted name of everything that a module imports; what only a type checker sees if asked for."""
    return tuple(found(tree(source) if isinstance(source, Path) else ast.parse(source), only_module_level, typing))


def found(top: ast.AST, only_module_level: bool, typing: bool) -> Iterator[str]:
    pending = deque([top])
    while pending:
        node = pending.popleft()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not typing:
            pending += node.orelse
        elif isinstance(node, ast.expr):
            continue  # holds no import
        elif not (only_module_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            pending += ast.iter_child_nodes(node)


def package(dotted: str) -> str:
    """Return the package or flat module below `asrcli` that a name is in; "" for `asrcli` itself."""
    first = dotted.split(".")[1]
    home = ROOT / "asrcli" / first
    return first if home.is_dir() or home.with_suffix(".py").is_file() else ""


def layers() -> dict[str, int]:
    """Return the layer of each package, as the table in CONTRIBUTING.md says."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", text.partition("<!-- layers")[2].partition("<!-- end -->")[0], re.M)
    return {name: int(layer) for layer, names in rows for name in re.findall(r"`(\w+)`", names)}


def package_graph() -> dict[str, set[str]]:
    """Return which packages of `asrcli` each one imports, also inside functions and for types."""
    graph: dict[str, set[str]] = {}
    for path in CORE:
        own = path.relative_to(ROOT / "asrcli").parts[0].removesuffix(".py")
        found = {package(one) for one in imports(path, typing=True) if one.startswith("asrcli.")}
        graph.setdefault(own, set()).update(found - {own} - FRONT)
    return {own: found for own, found in graph.items() if own not in FRONT}


def test_packages_import_only_the_layers_above_them() -> None:
    layer, graph = layers(), package_graph()
    assert set(graph) == set(layer), "the table of layers in CONTRIBUTING.md names every package, and no other"
    assert [(own, one) for own, found in graph.items() for one in found if layer[one] >= layer[own]] == []


def test_packages_have_no_circle() -> None:
    graph = package_graph()
    while ready := [own for own, wanted in graph.items() if not wanted & set(graph)]:
        for own in ready:
            del graph[own]
    assert graph == {}


def test_options_travel_as_typed_values() -> None:
    """A dict of everything that a command was given goes around the type checker."""
    assert [name(path) for path in CORE for call in calls(path) if call in ("locals", "vars")] == []


def calls(path: Path) -> Iterator[str]:
    """Yield the names of the functions that are called in a module, without what stands before a dot."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


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
    """Return the modules that pyproject.toml lets import torch: classes of layers, loaded with weights."""
    ignores = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["per-file-ignores"]
    found: set[Path] = set()
    for pattern in (pattern for pattern in ignores if pattern.startswith("plugins/")):
        folder, _, stems = pattern.removesuffix("}.py").partition("{")
        found |= {ROOT / f"{folder}{stem}.py" for stem in stems.split(",")}
    assert all(path.exists() for path in found)
    return found


def test_nothing_heavy_at_module_level() -> None:
    forbidden, later = heavy(), networks()
    below = [path.relative_to(ROOT / "plugins" if path in PLUGINS else ROOT) for path in later]
    modules = [".".join(path.with_suffix("").parts) for path in below]
    wrong = []
    for path in {*CORE, *PLUGINS} - later:
        for one in imports(path, only_module_level=True):
            if one.partition(".")[0] in {*forbidden, "rich"} or any(inside(one, module) for module in modules):
                wrong.append((name(path), one))
    assert wrong == []


def test_the_core_knows_no_plugin() -> None:
    assert [
        (name(path), one) for path in CORE for one in imports(path, typing=True) if inside(one, "asr_plugins")
    ] == []


def test_a_plugin_sees_the_contract_and_itself() -> None:
    wrong = []
    for path in PLUGINS:
        below = path.relative_to(ROOT / "plugins/asr_plugins").parts
        own = f"asr_plugins.{below[0].removesuffix('.py')}"
        seen = (*(f"asrcli.{one}" for one in FOR_PLUGINS), own, *BUILDS_ON.get(own, ()))
        for one in imports(path, typing=True):
            ours = inside(one, "asrcli") or inside(one, "asr_plugins")
            if ours and not any(inside(one, allowed) for allowed in seen):
                wrong.append((name(path), one))
    assert wrong == []


def test_a_command_imports_no_other_command() -> None:
    wrong = []
    for path in (ROOT / "asrcli/cli/commands").glob("*.py"):
        others = COMMAND_MODULES - {f"asrcli.cli.commands.{path.stem}"}
        wrong += [(path.stem, one) for one in imports(path) if any(inside(one, module) for module in others)]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle() -> None:
    """The graph of imports at module level has no cycle, so that every module can be read, and imported, alone."""
    modules = {str(path.relative_to(ROOT).with_suffix("")).replace("/", "."): path for path in CORE}
    modules = {module.removesuffix(".__init__"): path for module, path in modules.items()}
    graph = {
        module: {_module_of(one, modules) for one in imports(path, only_module_level=True)} - {None, module}
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
