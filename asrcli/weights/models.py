"""Where weights come from: a local folder, the cache of the Hugging Face hub, or a download.

What is in the cache is found by looking at the disk, without the hub's library and without the network. A download
takes safetensors and CTranslate2 files only. Nothing is unpickled here, and no code from a repository is ever run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.errors import ModelError, UsageError
from asrcli.weights.hashes import hash_local

if TYPE_CHECKING:
    from asrcli.engine import Borrowed, Model, Plugin, Weights

# What a repository is asked for when its model declares nothing else. "model.bin" is CTranslate2's own format; every
# other *.bin is left where it is, because it is a pickle. Tokenizers are json, txt or SentencePiece models.
FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "model.bin", "vocabulary.*")
WEIGHTS = (
    "*.safetensors", "model.bin", "*.pth.tar", "*/*.pth.tar", "*.nemo", "*.gguf", "*.onnx",
    "segmentation/pytorch_model.bin",
)  # fmt: skip

# What stands before the name of a plugin that is no engine, for asr engines pull.
PULLED_AS = {
    "aligner": "aligner:",
    "voice-activity model": "vad:",
    "punctuation model": "punctuation:",
    "language identifier": "language:",
}
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SECONDS_TO_ANSWER = 10.0  # of the hub, before a download counts as failed

Announce = Callable[[str], None]


def resolve(engine: type[Plugin], model: str | None, *, offline: bool, pull: bool, announce: Announce) -> Weights:
    """Return weights that are on this machine, downloading them when allowed.

    Args:
        engine: the engine or aligner whose `models` names are understood.
        model: a short name, a folder, a hub id ``owner/name``, or ``None`` for the engine's default.
        offline: never touch the network; ``HF_HUB_OFFLINE=1`` means the same.
        pull: weights that are not here may be downloaded.
        announce: gets one sentence before a download.

    Raises:
        UsageError: the engine has no such model.
        ModelError: the weights are not here and may not or cannot be downloaded.
    """
    from asrcli.engine import Weights

    name = model or engine.default_model
    declared = engine.models.get(name)
    if engine.any_model or (declared is not None and declared.hub_id is None):
        return Weights(name, None, None, declared)
    if declared is None and (place := _local(engine, name)) is not None:
        return Weights(name, str(place), hash_local(place), None)
    hub_id, revision = _hub_place(engine, name, declared)
    found = cached(hub_id, revision)
    if found is None or not has_borrowed(found, declared):
        if offline or not pull or hub_is_off():
            why = " and may not be downloaded now" if offline or hub_is_off() else ""
            raise ModelError(
                f"{_called(engine, name, declared)} is not on this machine{why}: {_pull_command(engine, name)}"
            )
        found = download(engine, name, announce)
    return Weights(name, str(found), found.name, declared)


def pull(engine: type[Plugin], model: str | None, announce: Announce) -> Weights:
    """Download a model, or complete one that is partly here; returns it.

    Raises:
        UsageError: the engine has no such model, or its weights come inside a package.
        ModelError: the download failed.
    """
    from asrcli.engine import Weights

    name = model or engine.default_model
    declared = engine.models.get(name)
    if engine.any_model or (declared is not None and declared.hub_id is None):
        raise UsageError(f"the weights of '{engine.name}:{name}' are not on a hub: there is nothing to pull")
    if hub_is_off():
        raise ModelError(f"cannot pull '{engine.name}:{name}': HF_HUB_OFFLINE is set")
    found = download(engine, name, announce)
    return Weights(name, str(found), found.name, declared)


def local_path(plugin: type[Plugin], weights: Weights) -> Path:
    """Return the folder or file that weights are in.

    Raises:
        ModelError: there is none.
    """
    if weights.path is None:
        called = f"{plugin.role} '{plugin.name}'"
        place = f"{plugin.loads_files[0]} file" if plugin.loads_files else "folder"
        raise ModelError(f"{called} has no weights for '{weights.name}': name a model or a {place}")
    return Path(weights.path)


def is_here(engine: type[Plugin], model: str | None = None) -> bool:
    """Return whether a model can be loaded without a download; looks at the disk only."""
    name = model or engine.default_model
    declared = engine.models.get(name)
    if engine.any_model or (declared is not None and declared.hub_id is None):
        return True
    if declared is None and Path(name).is_dir():
        return engine.loads_folders
    if declared is None and Path(name).is_file():
        return name.endswith(engine.loads_files)
    hub_id = declared.hub_id if declared is not None else name
    found = cached(hub_id, declared.revision if declared is not None else None) if hub_id else None
    return found is not None and has_borrowed(found, declared)


def installed_size(engine: type[Plugin], model: str | None = None) -> int | None:
    """Return the bytes a model takes on this machine; ``None`` when it is not here or comes inside a package."""
    name = model or engine.default_model
    declared = engine.models.get(name)
    hub_id = declared.hub_id if declared is not None else name
    folder = cached(hub_id, declared.revision if declared is not None else None) if hub_id else None
    if folder is None:
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


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


def cached(hub_id: str, revision: str | None = None) -> Path | None:
    """Return the folder of a downloaded repository: the pinned revision, else the one that ``main`` points to.

    A revision that is not the pinned one is taken too when it is what is here: the run records which it was.
    """
    repository = hub_cache() / ("models--" + hub_id.replace("/", "--"))
    names = [revision] if revision else []
    with suppress(OSError, ValueError):
        names.append((repository / "refs" / "main").read_text(encoding="ascii").strip())
    folders = [repository / "snapshots" / name for name in names if name]
    return next((folder for folder in folders if has_weights(folder)), None)


def has_weights(folder: Path) -> bool:
    """Return whether a folder holds weights: at least one file of them, and every part that an index lists."""
    import json

    if not folder.is_dir():
        return False
    for index in folder.glob("*.safetensors.index.json"):
        try:
            parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError):
            return False
        if not all((folder / part).exists() for part in parts):
            return False
    return any(path.exists() for pattern in WEIGHTS for path in folder.glob(pattern))


def has_borrowed(folder: Path, declared: Model | None) -> bool:
    """Return whether the files of other repositories are there that a model needs beside its weights."""
    needed = [file for borrowed in declared.borrowed for file in borrowed.files.values()] if declared else []
    return all((folder / file).is_file() for file in needed)


def download(engine: type[Plugin], name: str, announce: Announce) -> Path:
    """Fetch a model from the hub into its cache and return its folder.

    Several processes may do this at once: the hub's library locks each file, so it is transferred once. A token is
    read from ``HF_TOKEN`` only, never from a command line. The bar is shown on a terminal only.

    Raises:
        ModelError: no network, no access, no such repository, no space.
    """
    declared = engine.models.get(name)
    hub_id, revision = _hub_place(engine, name, declared)
    size = f" ({declared.size_mb} MB)" if declared is not None and declared.size_mb else ""
    announce(f"downloading {hub_id}{size} from the Hugging Face hub into {hub_cache()}")
    folder = _snapshot(hub_id, revision, (declared.files if declared is not None else ()) or FILES)
    if not has_weights(folder):
        raise ModelError(
            f"{hub_id} has no safetensors or CTranslate2 weights that {engine.role} '{engine.name}' could load"
        )
    for borrowed in declared.borrowed if declared is not None else ():
        announce(f"adding {', '.join(borrowed.files)} from {borrowed.hub_id}")
        _borrow(folder, borrowed)
    return folder


def _snapshot(hub_id: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Fetch the files of a repository that match into the hub's cache."""
    from huggingface_hub import constants, get_session, snapshot_download
    from huggingface_hub.errors import HTTPError  # of the HTTP library that the installed version uses

    try:
        # Its library tries six times before it gives up, half a minute, with two lines each: ask once ourselves.
        get_session().head(constants.ENDPOINT, timeout=SECONDS_TO_ANSWER)
        found = snapshot_download(
            hub_id,
            revision=revision,
            allow_patterns=list(patterns),
            ignore_patterns=["*.bin.index.json", "model.fp32*", "onnx/*"],  # second copies of the weights
            token=os.environ.get("HF_TOKEN") or False,
            etag_timeout=SECONDS_TO_ANSWER,
            tqdm_class=_bar(),
        )
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot download {hub_id}: {explain(error)}") from error
    return Path(found)


def _borrow(folder: Path, borrowed: Borrowed) -> None:
    """Copy files of another repository to their place beside the weights, each in one step."""
    import shutil

    source = _snapshot(borrowed.hub_id, borrowed.revision, list(borrowed.files))
    for theirs, ours in borrowed.files.items():
        if not (source / theirs).is_file():
            raise ModelError(f"{borrowed.hub_id} has no {theirs}, which belongs beside the weights in '{folder}'")
        target = folder / ours
        temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / theirs, temporary)
        temporary.replace(target)


def explain(error: Exception) -> str:
    """Return the reason for a failed download and what to do about it, in a few words."""
    kind = type(error).__name__
    first_line = str(error).strip().split("\n")[0]
    known = {
        "GatedRepoError": "its owner gives access on request; ask on its page, then set HF_TOKEN to a token of yours",
        "RepositoryNotFoundError": "the hub has no such repository, or HF_TOKEN gives no access to it",
        "RevisionNotFoundError": "the hub no longer has the pinned revision",
        "LocalEntryNotFoundError": "the hub cannot be reached; check the network, or copy the folder here and name it",
        "ConnectError": "the hub cannot be reached; check the network, or copy the folder here and name it",
        "ConnectTimeout": "the hub cannot be reached; check the network, or copy the folder here and name it",
    }
    return known.get(kind, f"{first_line} ({kind})")


def _bar() -> type[Any]:
    """Return the class of the progress bar: one that stays silent when stderr is not a terminal."""
    import sys

    from huggingface_hub.utils import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs["disable"] = kwargs.get("disable") or not sys.stderr.isatty()
            super().__init__(*args, **kwargs)

    return Bar


def _local(engine: type[Plugin], name: str) -> Path | None:
    """Return the folder, or the single file, that a name means, if it means one."""
    path = Path(name).expanduser()
    if path.is_file() and path.name.endswith(engine.loads_files):
        return path
    if path.is_dir():
        if not engine.loads_folders:
            raise UsageError(f"{engine.role} '{engine.name}' loads no folders; its models: {', '.join(engine.models)}")
        return path
    is_file_name = bool(engine.loads_files) and name.endswith(engine.loads_files)
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or is_file_name:
        kinds = f" or {' or '.join(engine.loads_files)} file" if engine.loads_files else ""
        raise UsageError(f"there is no folder{kinds} '{name}' to load a model from")
    return None


def _hub_place(engine: type[Plugin], name: str, declared: Model | None) -> tuple[str, str | None]:
    """Return hub id and revision of a short name or a foreign hub id."""
    if declared is not None and declared.hub_id is not None:
        return declared.hub_id, declared.revision
    if engine.loads_folders and HUB_ID.fullmatch(name):
        return name, None
    from difflib import get_close_matches

    close = get_close_matches(name, engine.models, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(repr(one) for one in close)}?" if close else f"it has: {', '.join(engine.models)}"
    )
    raise UsageError(f"{engine.role} '{engine.name}' has no model '{name}'; {hint}")


def _called(engine: type[Plugin], name: str, declared: Model | None) -> str:
    size = f" ({declared.size_mb} MB)" if declared is not None and declared.size_mb else ""
    return f"model '{name}'{size} of {engine.role} '{engine.name}'"


def _pull_command(engine: type[Plugin], name: str) -> str:
    return f"asr engines pull {PULLED_AS.get(engine.role, '')}{engine.name}:{name}"
