"""The form that CONTRIBUTING asks of functions: nesting, parameters and docstrings, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.source import nodes

ROOT = Path(__file__).parent.parent
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.AsyncFor, ast.AsyncWith, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def definitions() -> tuple[tuple[str, Definition], ...]:
    """Return all functions and classes of the core and the plugins, those inside others too, and where they are."""
    modules = sorted([*(ROOT / "asrcli").rglob("*.py"), *(ROOT / "plugins/asr_plugins").rglob("*.py")])
    return tuple(
        (f"{path.relative_to(ROOT)}:{one.lineno} {one.name}", one)
        for path in modules
        for one in nodes(path)
        if isinstance(one, Definition)
    )


def functions() -> Iterator[tuple[str, Function]]:
    return ((where, one) for where, one in definitions() if not isinstance(one, ast.ClassDef))


def nesting(node: ast.AST) -> int:
    """Return how deep blocks lie in one another below a node; an elif is an if within an else, and counts so."""
    inner = [child for child in ast.iter_child_nodes(node) if not isinstance(child, Definition)]
    return max((isinstance(child, BLOCKS) + nesting(child) for child in inner), default=0)


def test_nesting_is_counted_with_elif() -> None:
    source = (
        "def f():\n for a in b:\n  if a: pass\n  elif b: pass\n  else:\n   with c: pass\n def g():\n  while d: pass\n"
    )
    (function,) = ast.parse(source).body
    assert nesting(function) == 4


def test_blocks_nest_at_most_three_deep() -> None:
    assert [where for where, one in functions() if nesting(one) > 3] == []


def test_functions_take_at_most_six_values() -> None:
    """With `self`. Options of commands are one parameter each, because that is what Typer reads."""
    wrong = []
    for where, one in functions():
        count = len([*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs])
        if count > 6 and "/commands/" not in where:
            wrong.append(where)
    assert wrong == []


def test_what_has_no_underscore_has_a_docstring() -> None:
    """Also within functions and private classes: who reads these has nothing else that says what they are for."""
    assert [where for where, one in definitions() if not one.name.startswith("_") and not ast.get_docstring(one)] == []
