"""What libraries do when they are imported, and shall not: heed files of the current folder, fail over torchaudio.

numba and matplotlib take settings from the current folder, and NeMo, through nv_one_logger, names of classes to call:
beside recordings of a stranger such a file would run what it likes. For these libraries it is not there, and the user's
own settings in their usual places count as before.

The wheel of torchaudio is linked to CUDA. Beside a torch for the CPU alone its library cannot be loaded
(``libc10_cuda.so: cannot open shared object file``), and importing torchaudio fails, and with it everything that
imports it: pyannote.audio, NeMo, parts of transformers. None of them needs that library for what is done here, and
torchaudio itself works without it where the file is missing. A library that cannot be loaded counts as missing.

All of this is in this process only; nothing that is installed is touched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, cast

UNSEEN = frozenset({"matplotlibrc", ".numba_config.yaml"})  # by these names, without a folder, they look for them
ONE_LOGGER = "ONE_LOGGER_EXPORTER_CONFIG_PATH"  # goes before the current folder, if it names what is there


def guard_imports() -> None:
    """Guard imports from now on; costs nothing, and once is enough."""
    if not os.path.exists(os.environ.get(ONE_LOGGER, "")):
        os.environ[ONE_LOGGER] = os.devnull
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@contextmanager
def _around_settings(module: ModuleType) -> Iterator[None]:
    """Let those files not be there, for other threads too, which have no such names; for all the folder is the same."""
    exists = os.path.exists
    os.path.exists = lambda path: path not in UNSEEN and exists(path)
    try:
        yield
    finally:
        os.path.exists = exists
    if hasattr(module, "_config_fname"):  # numba looks again whenever it compiles
        module._config_fname = ""  # type: ignore[attr-defined]


@contextmanager
def _around_torchaudio(module: ModuleType) -> Iterator[None]:
    """Make its `_load_lib` answer False, as for a file that is not there, where it would raise `OSError`."""
    yield
    load = getattr(module, "_load_lib", None)
    if load is None:
        return  # a version that does this otherwise: nothing to guard

    def guarded(name: str) -> bool:
        """Load a library of torchaudio, and tell whether that worked."""
        try:
            return bool(load(name))
        except OSError:
            return False

    module._load_lib = guarded  # type: ignore[attr-defined]


GUARDED: dict[str, Callable[[ModuleType], Any]] = {
    "matplotlib": _around_settings,
    "numba.core.config": _around_settings,
    "torchaudio._extension.utils": _around_torchaudio,
}


class _Finder:
    """Finds the guarded modules, and leaves all others to the finders after it."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of a guarded module, with a loader that guards it; None for all others."""
        if name not in GUARDED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = cast(Any, _GuardedLoader(spec.loader))
        return spec


class _GuardedLoader:
    """Loads a module within its guard."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:  # what reads a package's data asks its loader
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> Any:
        """Create the module as its own loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module within its guard."""
        with GUARDED[module.__name__](module):
            self.loader.exec_module(module)
