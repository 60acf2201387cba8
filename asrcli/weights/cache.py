"""What the cache of the Hugging Face hub holds, by looking at the disk: the weights of a model, all of them, or not."""

from __future__ import annotations

import os
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from asrcli.base.files import cause
from asrcli.engine import Model, Plugin
from asrcli.errors import ModelError


def hub_is_off() -> bool:
    """Return whether the environment forbids the hub, with the words that its own library understands."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def hub_cache() -> Path:
    """Return the folder in which the hub's library keeps what it downloads."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    home = os.environ.get("HF_HOME")
    if home is None:
        home = os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    return Path(home).expanduser() / "hub"


def cached(engine: type[Plugin], name: str) -> Path | None:
    """Return the folder of a downloaded model: the pinned revision, else the one that ``main`` points to.

    A revision that is not the pinned one is taken too when it is what is here: the run records which it was.
    """
    declared = engine.models.get(name)
    hub_id = declared.hub_id if declared is not None else name
    if not hub_id:
        return None
    repository = hub_cache() / ("models--" + hub_id.replace("/", "--"))
    names = [declared.revision] if declared is not None and declared.revision else []
    with suppress(OSError, ValueError):
        names.append((repository / "refs" / "main").read_text(encoding="ascii").strip())
    folders = [repository / "snapshots" / name for name in names if name]
    return next((folder for folder in folders if has_weights(folder, engine, declared)), None)


def indexed(index: Path) -> set[str]:
    """Return the names of the files that an index of weights lists. Raises `ModelError` when it is damaged."""
    import json

    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ModelError(f"'{index}' is damaged ({cause(error)}): download the model again") from error


def has_weights(folder: Path, engine: type[Plugin], declared: Model | None) -> bool:
    """Return whether a folder holds the weights of a model, as its engine declares them.

    At least one file that is like `weight_files`, every one of them that the model names, and every part that an index
    lists.
    """
    inside = folder / declared.folder if declared is not None else folder
    if not inside.is_dir():
        return False
    for index in inside.glob("*.safetensors.index.json"):
        try:
            if not all((inside / part).exists() for part in indexed(index)):
                return False
        except ModelError:
            return False
    named = [name for name in (declared.files if declared is not None else ()) if _is_weights(engine, name)]
    if any(not (folder / name).exists() for name in named if not set(name) & set("*?[")):
        return False
    files = (path for path in inside.rglob("*") if path.is_file())
    return any(_is_weights(engine, path.relative_to(inside).as_posix()) for path in files)


def _is_weights(engine: type[Plugin], name: str) -> bool:
    """Return whether a file holds weights by its path; patterns mean what they mean to the hub's library."""
    return any(fnmatch(name, pattern) for pattern in engine.weight_files)


def has_borrowed(folder: Path, declared: Model | None) -> bool:
    """Return whether the files of other repositories are there that a model needs beside its weights."""
    needed = [file for borrowed in declared.borrowed for file in borrowed.files.values()] if declared else []
    return all((folder / file).is_file() for file in needed)
