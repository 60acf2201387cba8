"""The source as syntax trees, for tests that read it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """Return what a module holds; parsed once for all tests of a worker."""
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all nodes of a module; walked once for all tests of a worker."""
    return list(ast.walk(tree(path)))
