"""Memory that was freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import threading
from asrcli.diarization.desk import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

held = []

def fill():  # in a thread, whose memory glibc keeps apart
    everything = [bytearray(b"x" * 20_000) for _ in range(5_000)]
    held.extend(everything[::50])

thread = threading.Thread(target=fill)
thread.start()
thread.join()
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, and /proc of Linux")
def test_what_is_free_between_what_is_held_goes_back() -> None:
    """A hundred MB are freed but for every fiftieth piece of 20 kB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50_000_000
