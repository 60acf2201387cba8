"""``asr doctor``: devices and libraries probed, each in a process of its own: a crash in a driver becomes a line."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Literal

import typer

from asrcli.base.children import NOWHERE, python, surroundings
from asrcli.base.files import reason
from asrcli.engine import GROUP, declared, load_class
from asrcli.environments.store import environments

State = Literal["ok", "absent", "broken"]

SECONDS = 240.0  # for one probe; importing torch from a cold disk takes 20, and minutes where others are at work
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """A piece of Python that prints one line of facts and exits with 0, and what to do when it does not."""

    name: str
    code: str
    fix: str
    module: str = ""  # must be installed for the probe to make sense; "" is always
    interpreter: str = ""  # another than this one


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found."""

    name: str
    state: State  # absent: not installed, which is no fault
    facts: str  # one line: versions and devices, or what went wrong
    fix: str = ""  # what to type; "" when nothing is to be done


CUDA_LIBRARIES = (
    "pip install nvidia-cublas-cu12, then put its folder nvidia/cublas/lib on LD_LIBRARY_PATH; until then: --device cpu"
)

# The wheel of CTranslate2 4.8 opens cuBLAS 12 by name at the first use on a GPU; it no longer needs cuDNN.
CTRANSLATE2 = """
import ctypes, ctranslate2
count = ctranslate2.get_cuda_device_count()
if count:
    ctypes.CDLL("libcublas.so.12")
types = " ".join(sorted(ctranslate2.get_supported_compute_types("cuda" if count else "cpu")))
print(f"{ctranslate2.__version__}, {count} CUDA devices, {types}")
"""

DRIVER = """
from asrcli.engines.device import driver_gpus
print(f"{driver_gpus()} GPUs by the NVIDIA driver")
"""

TORCH = """
import torch
facts = [torch.__version__]
if torch.cuda.is_available():
    kernel = torch.nn.Conv1d(8, 8, 3).cuda().half()  # goes through cuDNN
    kernel(torch.zeros(1, 8, 100, device="cuda", dtype=torch.float16)).sum().item()
    facts += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
else:
    facts.append("no CUDA")
print(", ".join(facts))
"""

TORCHAUDIO = """
from asrcli.base.import_guard import guard_imports
guard_imports()
import torchaudio
whole = torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE
print(torchaudio.__version__ + ("" if whole else ", without its compiled part, which asr does not need"))
"""

VOICE = """
import os, faster_whisper, onnxruntime
model = os.path.join(os.path.dirname(faster_whisper.__file__), "assets", "silero_vad_v6.onnx")
onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
print(f"{onnxruntime.__version__}, voice activity model loads")
"""

POCKETSPHINX = """
import importlib.metadata, pocketsphinx
decoder = pocketsphinx.Decoder(loglevel="FATAL")
decoder.start_utt(); decoder.process_raw(bytes(3200)); decoder.end_utt()
print(importlib.metadata.version("pocketsphinx") + ", English model loads")
"""

AV = """
import av
print(f"{av.__version__}, {len(av.codecs_available)} codecs")
"""

DISK = """
import os, shutil
from asrcli.weights.cache import hub_cache
folder = hub_cache()
there = folder
while not there.exists():
    there = there.parent
free = shutil.disk_usage(there).free
print(f"{free / 1e9:.1f} GB free for weights in {folder}")
raise SystemExit(0 if free > 2e9 and os.access(there, os.W_OK) else 1)
"""

NETWORK = """
import os, urllib.error, urllib.request
place = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
try:
    with urllib.request.urlopen(urllib.request.Request(place, method="HEAD"), timeout=10) as answer:
        status = answer.status
except urllib.error.HTTPError as error:
    status = error.code  # an answer all the same
print(f"{place} answers {status}")
"""

PROBES = (
    Probe("driver", DRIVER, "reinstall the NVIDIA driver; nvidia-smi must work; until then: --device cpu"),
    Probe("ctranslate2", CTRANSLATE2, CUDA_LIBRARIES, "ctranslate2"),
    Probe("onnxruntime", VOICE, "pip install --force-reinstall onnxruntime faster-whisper", "onnxruntime"),
    Probe("pocketsphinx", POCKETSPHINX, "pip install --force-reinstall pocketsphinx", "pocketsphinx"),
    Probe("av", AV, "pip install --force-reinstall av", "av"),
    Probe("torch", TORCH, "install the build for your GPU from pytorch.org; until then: --device cpu", "torch"),
    Probe(
        "torchaudio",
        TORCHAUDIO,
        "its build does not match torch: pip uninstall torchaudio, or install both from one index",
        "torchaudio",
    ),
    Probe("disk", DISK, "make room, or point HF_HUB_CACHE at another disk"),
)
NETWORK_PROBE = Probe("hub", NETWORK, "check the network and proxy, or run with --offline")


def environment_probes() -> list[Probe]:
    """Return a probe for each environment that an engine has of its own: what it requires imports there."""
    probes = []
    for one in environments():
        required = load_class(one.engine).requires if one.engine in declared(GROUP) else ()
        modules = ", ".join(dict.fromkeys(("numpy", *required)))
        code = f"import {modules}\nprint('{modules}')"
        fix = f"asr engines remove {one.engine}; asr engines install {one.engine}"
        probes.append(Probe(f"engine {one.engine}", code, fix, interpreter=one.python))
    return probes


def examine(probes: Sequence[Probe] = PROBES, seconds: float = SECONDS) -> list[Finding]:
    """Run probes side by side, each in its own process and no longer than `seconds`."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda probe: _run(probe, seconds), probes))


def _run(probe: Probe, seconds: float) -> Finding:
    if probe.module and find_spec(probe.module) is None:
        return Finding(probe.name, "absent", "not installed")
    try:
        done = subprocess.run(
            python("-c", probe.code, interpreter=probe.interpreter) if probe.interpreter else python("-c", probe.code),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=NOWHERE if probe.interpreter else None,  # there nothing guards what is imported
            env=surroundings(),
        )
    except subprocess.TimeoutExpired:
        return Finding(
            probe.name, "broken", f"no answer in {seconds:.0f} s: it hangs, or the machine is busy", probe.fix
        )
    except OSError as error:
        return Finding(probe.name, "broken", f"{probe.interpreter}: {reason(error)}", probe.fix)
    said = last_line(done.stdout)
    if done.returncode == 0:
        return Finding(probe.name, "ok", said)
    complaint = last_line(done.stderr) or said or "no message"
    return Finding(probe.name, "broken", f"{_end(done.returncode)}: {complaint}", probe.fix)


def last_line(data: bytes) -> str:
    """Return the last line of what a process wrote, which is where Python says what went wrong."""
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _end(code: int) -> str:
    """Say how a process ended: by a signal with its name, or with a code."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed (signal {-code})"


MARKS = {"ok": "ok", "absent": "-", "broken": "BROKEN"}


def doctor(
    network: bool = typer.Option(False, "--network", help="See whether the model hub can be reached, too."),
    json: bool = typer.Option(False, "--json", help="Findings as JSON."),
) -> None:
    """Probe devices and libraries, and say how to mend what is broken.

    Each probe runs in a process of its own, so a crash in a driver is a line here. Exit code 0: nothing is broken
    (libraries that are not installed are no fault); 4: something is.
    """
    findings = examine((*PROBES, *environment_probes(), *([NETWORK_PROBE] if network else [])))
    if json:
        import json as encoder

        print(encoder.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        from textwrap import wrap

        width = shutil.get_terminal_size((sys.maxsize, 24)).columns  # in a file each finding is a line
        for finding in findings:
            head = f"{MARKS[finding.state]:<6}  {finding.name:<12}  "
            for text in (finding.facts, *([f"to mend it: {finding.fix}"] if finding.fix else [])):
                lines = wrap(text, max(20, width - len(head)), break_long_words=False, break_on_hyphens=False) or [""]
                print("\n".join([head + lines[0], *(f"{'':{len(head)}}{line}" for line in lines[1:])]))
                head = " " * len(head)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(4)
