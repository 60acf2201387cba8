"""Choosing a device, the way down when memory runs out, and telling memory errors from others."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from asrcli.engine import Device, Engine
from asrcli.engines import device
from asrcli.errors import DeviceError, InputError, OutOfMemory, UsageError


class Kind(Engine):
    """Runs on everything."""

    name = "kind"
    requires = ("ctranslate2",)
    gpus: ClassVar[int] = 0
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cpu": ("float32", "int8"),
        "cuda": ("float16", "bfloat16", "float32", "int8_float16", "int8"),
    }

    @classmethod
    def count_devices(cls, kind: str) -> int | None:
        return cls.gpus if kind == "cuda" else None

    def __init__(self, weights: Any, device: Any) -> None: ...

    def transcribe(self, clips: Any, options: Any) -> Any: ...


class CpuOnly(Kind):
    devices = ("cpu",)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the engine find so many GPUs."""
    return lambda count: monkeypatch.setattr(Kind, "gpus", count)


def test_auto_takes_the_first_that_is_there(gpus: Any) -> None:
    gpus(0)
    assert device.choose(Kind) == Device("cpu", 0, "auto", 0)
    gpus(2)
    assert device.choose(Kind, threads=3) == Device("cuda", 0, "auto", 3)
    assert device.choose(Kind, "cuda:1", "int8") == Device("cuda", 1, "int8", 0)
    assert device.choose(Kind, "cpu", "fp32") == Device("cpu", 0, "float32", 0)


def test_a_device_that_is_not_there(gpus: Any) -> None:
    gpus(0)
    with pytest.raises(DeviceError, match=r"'cuda:0' is not there.*it finds: cpu.*asr doctor") as caught:
        device.choose(Kind, "cuda")
    assert caught.value.exit_code == 4
    gpus(2)
    with pytest.raises(DeviceError, match=r"'cuda:7' is not there.*it finds: cuda:0, cuda:1, cpu"):
        device.choose(Kind, "cuda:7")


@pytest.mark.parametrize("kind", ["gpu", "cpu:1", "cuda:x", "", "mps:0"])
def test_unknown_devices_are_usage_errors(kind: str) -> None:
    with pytest.raises(UsageError, match="unknown device"):
        device.choose(Kind, kind)


@pytest.mark.parametrize("kinds", ["cuda:0,cuda:1", "cuda:all"])
def test_several_where_one_is_used(kinds: str) -> None:
    with pytest.raises(UsageError, match=f"--device {kinds}: one device is used here; several are for asr transcribe"):
        device.choose(Kind, kinds)


def test_a_device_the_engine_cannot_use() -> None:
    with pytest.raises(UsageError, match="does not run on 'cuda', only on: cpu"):
        device.choose(CpuOnly, "cuda")


@pytest.mark.parametrize(
    ("asked", "used"), [("float16", "float32"), ("half", "float32"), ("int8_float16", "int8"), ("bfloat16", "float32")]
)
def test_a_precision_the_cpu_has_not_is_replaced_and_said(asked: str, used: str) -> None:
    said: list[str] = []
    assert device.choose(Kind, "cpu", asked, announce=said.append).dtype == used
    assert len(said) == 1 and used in said[0]
    assert device.choose(Kind, "cpu", "int8", announce=said.append).dtype == "int8" and len(said) == 1


def test_an_unknown_precision_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'int3' on cpu; choose one of: auto, float32, int8"):
        device.choose(Kind, "cpu", "int3")


def steps(start: Device) -> list[tuple[str, str]]:
    return [(step.kind, step.dtype) for step in device.ladder(Kind, start)]


def test_the_ladder_goes_down_only() -> None:
    on_cpu = [("cpu", "float32"), ("cpu", "int8")]
    assert steps(Device("cuda", 1, "auto")) == [("cuda", "int8_float16"), *on_cpu]
    assert steps(Device("cuda", 1, "float32")) == [("cuda", "float16"), ("cuda", "int8_float16"), *on_cpu]
    assert steps(Device("cuda", 1, "int8")) == on_cpu
    assert steps(Device("cpu")) == [("cpu", "int8")]
    assert steps(Device("cpu", 0, "int8")) == []
    assert next(device.ladder(Kind, Device("cuda", 1, "auto"))).index == 1


def test_every_ladder_of_every_engine_ends() -> None:
    from asrcli.engine import installed, load_class

    for name in installed():
        kind = load_class(name)
        for one in kind.devices:
            rungs = list(device.ladder(kind, Device(one)))
            assert len(rungs) == len(set(rungs)) and Device(one) not in rungs


class OutOfMemoryError(RuntimeError):
    """Called as torch's is."""


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemory("fake: 8 clips do not fit"),
        MemoryError(),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:75] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("Failed to allocate memory for requested buffer of size 1"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_memory_errors_are_recognised(error: BaseException) -> None:
    assert device.is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        InputError("out of memory.wav: no audio track"),
        RuntimeError("CUDA driver version is insufficient for CUDA runtime version"),
        OSError(errno.ENOSPC, "No space left on device"),
        ValueError("out of memory"),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_are_not(error: BaseException) -> None:
    assert not device.is_out_of_memory(error)


def test_real_allocations_that_fail() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert device.is_out_of_memory(caught.value)
    numpy = pytest.importorskip("numpy")
    with pytest.raises(MemoryError) as failed:
        numpy.empty(1 << 60, dtype=numpy.uint8)
    assert device.is_out_of_memory(failed.value)


def test_choosing_for_whisper_imports_no_torch() -> None:
    code = (
        "import sys; from asrcli.engines import device; from asrcli.engine import load_class\n"
        "print(device.choose(load_class('whisper')))\n"
        "assert 'torch' not in sys.modules and 'faster_whisper' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() in ("cpu", "cuda:0"), done.stderr


@pytest.mark.parametrize("threads", [-1, 1025, 99_999_999, 10**21])
def test_more_threads_than_any_machine_has_are_refused(threads: int) -> None:
    """A project's file may set them, and CTranslate2 and torch crash of them, ONNX Runtime fills the memory."""
    with pytest.raises(UsageError, match=f"--threads {threads}: choose 0 to 1024"):
        device.choose(Engine, "cpu", threads=threads)
