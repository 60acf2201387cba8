"""Let libraries import torchaudio where its compiled part does not fit the torch that is installed.

The wheel of torchaudio is linked to CUDA. Beside a torch for the CPU alone its library cannot be loaded
(``libc10_cuda.so: cannot open shared object file``), and importing torchaudio fails, and with it everything that
imports it: pyannote.audio, NeMo, parts of transformers. None of them needs that library for what is done here, and
torchaudio itself works without it where the file is missing. The guard makes a library that cannot be loaded count as
missing, in this process only; nothing that is installed is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, cast

GUARDED = "torchaudio._extension.utils"  # its `_load_lib` returns False for a file that is not there


def guard_torchaudio() -> None:
    """Guard the import of torchaudio from now on; costs nothing, and once is enough."""
    if GUARDED not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds one module, and leaves all others to the finders after it."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if name != GUARDED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = cast(Any, _GuardedLoader(spec.loader))
        return spec


class _GuardedLoader:
    """Loads the module as it is, then makes its `_load_lib` answer False where it would raise `OSError`."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> Any:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        load = getattr(module, "_load_lib", None)
        if load is None:
            return  # a version that does this otherwise: nothing to guard

        def guarded(name: str) -> bool:
            try:
                return bool(load(name))
            except OSError:
                return False

        module._load_lib = guarded  # type: ignore[attr-defined]  # torchaudio calls it by this name
