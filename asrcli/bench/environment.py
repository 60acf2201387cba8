"""The environment recorded with a run, by name and value: all that could explain why another run differs."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path

import asrcli
from asrcli.base.children import surroundings
from asrcli.bench.gauges import Gpus
from asrcli.engine import Engine

# Modules whose distribution has another name.
DISTRIBUTIONS = {"faster_whisper": "faster-whisper", "kaldi_native_fbank": "kaldi-native-fbank", "nemo": "nemo_toolkit"}
ALWAYS = ("av", "numpy", "onnxruntime")  # they decode, and find speech
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
SECONDS_FOR_GIT = 10.0


def machine(gpus: Gpus) -> dict[str, str]:
    """Return what the machine is."""
    limits = gpus.power_limits()
    facts = {
        "system": platform.platform(),
        "cpu": cpu_name(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": memory_size(),
        "gpu": ", ".join(gpus.names()),
        "gpu_driver": gpus.driver() or "",
        "gpu_power_limit": ", ".join(f"{limit:g} W" for limit in limits or []),
        **{name: os.environ.get(name, "") for name in THREADS},
    }
    return {name: value for name, value in facts.items() if value}


def cpu_name() -> str:
    """Return the name of the processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_size() -> str:
    """Return the memory of the machine."""
    with suppress(AttributeError, OSError, ValueError):
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    return ""


def software(engine: type[Engine]) -> dict[str, str]:
    """Return the versions of everything that takes part in transcribing."""
    names = [DISTRIBUTIONS.get(module.split(".")[0], module.split(".")[0]) for module in engine.requires]
    home = engine.environment()
    path = [*(map(str, home.folder.glob("lib/python*/site-packages")) if home else ()), *sys.path]
    every = dict.fromkeys([*ALWAYS, *names, *below(names, path)])
    packages = ((name, next(iter(distributions(name=name, path=path)), None)) for name in every)
    known = {f"version {name}": one.version for name, one in packages if one and one.version}
    return {"asr": asrcli.__version__, "python": platform.python_version(), **git_state(), **known}


def below(names: list[str], path: list[str]) -> list[str]:
    """Return what these packages require themselves: the library that computes is often one of those."""
    from packaging.requirements import Requirement

    found: list[str] = []
    for name in names:
        for package in list(distributions(name=name, path=path))[:1]:
            found += [Requirement(one).name for one in package.requires or [] if "extra ==" not in one]
    return found


def git_state() -> dict[str, str]:
    """Return commit and cleanliness of the checkout that this program runs from; nothing when it is installed."""
    folder = Path(asrcli.__file__).parent.parent
    if not (folder / ".git").exists():
        return {}

    def ask(*words: str) -> str:
        """Return what git answers, without the space around it."""
        command = ["git", "-C", str(folder), *words]
        found: bytes = subprocess.check_output(
            command, stderr=subprocess.DEVNULL, timeout=SECONDS_FOR_GIT, env=surroundings()
        )
        return found.decode().strip()

    with suppress(OSError, subprocess.SubprocessError):
        changed = ask("status", "--porcelain", "--untracked-files=no")
        return {"git_commit": ask("rev-parse", "HEAD"), "git_changes": "yes" if changed else "none"}
    return {}
