"""Which device and precision to use, and the way down when memory runs out.

Whether a GPU is really there is asked of the library that will use it: by the engine, where it can tell, else torch is
asked for an engine that needs torch anyway, and only when the NVIDIA driver answers.
"""

from __future__ import annotations

import ctypes
import errno
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from asrcli.base.files import cause
from asrcli.engine import Device, Engine, Plugin
from asrcli.errors import AsrError, DeviceError, OutOfMemory, UsageError

ALL_GPUS = "cuda:all"
MOST_THREADS = 1024  # of the CPU; CTranslate2, torch and ONNX Runtime crash or fill the memory where there are far more
ALIASES = {
    "fp16": "float16",
    "half": "float16",
    "fp32": "float32",
    "float": "float32",
    "bf16": "bfloat16",
    "default": "auto",
}

# Bytes per weight, which is what decides whether a model fits; "int8_float16" stores int8 and computes in float16.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int16": 2, "int8": 1}

# What libraries say when a batch does not fit: torch (CUDA, MPS, CPU), CTranslate2, cuBLAS, cuDNN, ONNX Runtime, C++.
OUT_OF_MEMORY = re.compile(
    r"out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|std::bad_alloc|can't allocate memory"
    r"|cannot allocate memory|failed to allocate memory|not enough memory",
    re.IGNORECASE,
)


def choose(
    engine: type[Plugin],
    kind: str = "auto",
    dtype: str = "auto",
    threads: int = 0,
    announce: Callable[[str], None] | None = None,
    elsewhere: bool = False,
) -> Device:
    """Return the device and precision for an engine.

    Args:
        engine: its `devices` and `dtypes` say what it can do.
        kind: ``auto`` (the first of the engine's devices that is there), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        dtype: ``auto`` leaves the choice to the engine, which knows the size of its model.
        threads: CPU threads; 0 leaves it to the library.
        announce: gets one sentence when the precision asked for does not exist on the device and another is used.
        elsewhere: the device is one of another machine, and this one need not have it.

    Raises:
        UsageError: a kind or dtype nobody knows, or one the engine cannot use, or too many threads.
        DeviceError: the device is not on this machine.
    """
    if not 0 <= threads <= MOST_THREADS:
        raise UsageError(f"--threads {threads}: choose 0 to {MOST_THREADS}")
    kind, index = _parse(engine, kind)
    if kind == "auto":
        kind = next((one for one in engine.devices if available(engine, one) > 0), engine.devices[-1])
    elif not elsewhere and available(engine, kind) <= index:
        there = ", ".join(_present(engine)) or "none that it can use"
        wanted = f"{kind}:{index}" if kind == "cuda" else kind
        raise DeviceError(
            f"device '{wanted}' is not there for {engine.role} '{engine.name}'; it finds: {there} (see: asr doctor)"
        )
    return Device(kind, index, _precision(engine, kind, ALIASES.get(dtype, dtype), announce), threads)


def named(engine: type[Plugin], kinds: str) -> list[str]:
    """Return the devices that ``cuda:0,cuda:1`` or ``cuda:all`` names, each as `choose` takes it.

    Raises:
        UsageError: one is named twice.
        DeviceError: all GPUs are wanted, and there is none.
    """
    found: list[str] = []
    for one in [kind.strip() for kind in kinds.split(",")]:
        if one != ALL_GPUS:
            found.append(one)
            continue
        gpus = min(available(engine, "cuda"), driver_gpus() if not engine.requires else sys.maxsize)
        if not gpus:
            raise DeviceError(f"--device {ALL_GPUS}: {engine.role} '{engine.name}' finds no GPU here (see: asr doctor)")
        found += [f"cuda:{index}" for index in range(gpus)]
    if twice := next((one for one in found if found.count(one) > 1), None):
        raise UsageError(f"--device {kinds}: {twice} is named twice; --workers says how many engines run there")
    return found


def first_device(kinds: str) -> str:
    """Return the first of several devices, for what runs on one."""
    first = kinds.split(",")[0].strip()
    return "cuda:0" if first == ALL_GPUS else first


def torch_place(plugin: type[Plugin], device: Device) -> tuple[Any, Any]:
    """Return torch's device and dtype for a chosen device, ``auto`` resolved, and set torch's number of threads.

    Raises:
        DeviceError: the device cannot be used.
        UsageError: it has no such dtype.
    """
    import torch

    called = f"{plugin.role} '{plugin.name}'"
    accepted = plugin.dtypes.get(device.kind)
    if accepted is None:
        raise DeviceError(f"{called} runs on {' and '.join(plugin.devices)}, not on '{device.kind}'")
    if device.kind == "cuda" and not torch.cuda.is_available():
        raise DeviceError("no CUDA device is usable by torch; use --device cpu")
    dtype = accepted[0] if device.dtype == "auto" else device.dtype
    if dtype not in accepted:
        raise UsageError(f"{called} has no dtype '{dtype}' on {device.kind}; choose from: {', '.join(accepted)}")
    if device.threads:
        torch.set_num_threads(device.threads)
    return torch.device(str(device)), getattr(torch, dtype)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Set torch's number of threads, for this thread of the program alone; 0 leaves it as it is.

    Small networks are better not shared out: beside other work on two cores two threads wait for each other, and take
    ten times as much of the processor as one (0.27 and 3.1 s for 8 s of sound by the diarizer `campplus`).
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    # It is also what new threads begin with, such as that of the recogniser: another thread sets that back.
    other = threading.Thread(target=torch.set_num_threads, args=(before,))
    other.start()
    other.join()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _parse(engine: type[Plugin], kind: str) -> tuple[str, int]:
    """Split ``cuda:1`` and check that the engine knows the kind."""
    match = re.fullmatch(r"(auto|cpu|cuda|mps)(?::(\d+))?", kind)
    if "," in kind or kind == ALL_GPUS:
        raise UsageError(f"--device {kind}: one device is used here; several are for asr transcribe")
    if match is None or (match[2] and match[1] != "cuda"):
        raise UsageError(f"unknown device '{kind}'; choose one of: auto, cpu, cuda, cuda:1, mps")
    if match[1] != "auto" and match[1] not in engine.devices:
        raise UsageError(
            f"{engine.role} '{engine.name}' does not run on '{match[1]}', only on: {', '.join(engine.devices)}"
        )
    return match[1], int(match[2] or 0)


def _present(engine: type[Plugin]) -> list[str]:
    """Return the devices of this machine that the engine can use, as they are spelled on the command line."""
    found = []
    for kind in engine.devices:
        count = available(engine, kind)
        found += [f"cuda:{index}" for index in range(count)] if kind == "cuda" else [kind] * min(count, 1)
    return found


def available(engine: type[Plugin], kind: str) -> int:
    """Return how many devices of a kind the libraries of an engine can use; 0 is none.

    The engine is asked first. One that requires no library, the client of a server, is believed: it has any number.
    """
    if kind == "cpu":
        return 1
    if issubclass(engine, Engine) and engine.environment() is not None:  # its libraries are not here to be asked
        return driver_gpus() if kind == "cuda" else 0
    if (count := engine.count_devices(kind)) is not None:
        return count
    if not engine.requires:
        return 64
    libraries = {module.split(".")[0] for module in engine.requires}
    if kind == "mps":
        return _torch_mps() if "torch" in libraries else 0
    if driver_gpus() == 0:
        return 0
    return _torch_gpus() if "torch" in libraries else driver_gpus()


@cache
def driver_gpus() -> int:
    """Return how many GPUs the NVIDIA driver reports, through its own library; 0 without a driver."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return count.value
    return 0


@cache
def _torch_gpus() -> int:
    try:
        import torch
    except ImportError:
        return 0
    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0


@cache
def _torch_mps() -> int:
    try:
        import torch
    except ImportError:
        return 0
    return int(torch.backends.mps.is_available())


def _precision(engine: type[Plugin], kind: str, dtype: str, announce: Callable[[str], None] | None) -> str:
    """Return a dtype that the engine accepts on this kind of device."""
    accepted = engine.dtypes.get(kind, ())
    if dtype == "auto" or dtype in accepted:
        return dtype
    known = {one for dtypes in engine.dtypes.values() for one in dtypes}
    if dtype not in known | set(BYTES):
        shown = ", ".join(("auto", *accepted))
        raise UsageError(
            f"{engine.role} '{engine.name}' has no compute type '{dtype}' on {kind}; choose one of: {shown}"
        )
    if not accepted:
        raise UsageError(f"{engine.role} '{engine.name}' has no choice of compute type; leave out '{dtype}'")
    other = next((one for one in accepted if one.startswith("int8") and dtype.startswith("int8")), accepted[0])
    if announce is not None:
        announce(f"{engine.role} '{engine.name}' has no {dtype} on {kind}: using {other}")
    return other


def ladder(engine: type[Plugin], device: Device) -> Iterator[Device]:
    """Yield what to try after a device ran out of memory: smaller precisions there, then those of the CPU."""
    accepted = engine.dtypes.get(device.kind, ())
    current = device.dtype if device.dtype != "auto" else (accepted[0] if accepted else "float32")
    for dtype in accepted:
        if weight_bytes(dtype) < weight_bytes(current):
            yield replace(device, dtype=dtype)
            current = dtype
    if device.kind != "cpu" and "cpu" in engine.devices:
        smallest = 99
        for dtype in engine.dtypes.get("cpu", ("auto",)):
            if weight_bytes(dtype) < smallest:
                smallest = weight_bytes(dtype)
                yield Device("cpu", 0, dtype, device.threads)


def weight_bytes(dtype: str) -> int:
    """Return the bytes that one weight takes; an unknown name counts as float32."""
    return BYTES.get(dtype.split("_")[0], 4)


@contextmanager
def telling_of_memory() -> Iterator[None]:
    """Raise `OutOfMemory` for all that libraries say when memory is short, and everything else as it is."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(cause(error)) from error
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of any library says that something did not fit; imports none of them."""
    if isinstance(error, OutOfMemory | MemoryError):
        return True
    if isinstance(error, AsrError):
        return False
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if any(base.__name__ == "OutOfMemoryError" for base in type(error).__mro__):  # torch's, wherever it lives
        return True
    return isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(cause(error)) is not None
