"""Damage real files at random: each one is decoded or refused in one sentence; nothing crashes, hangs or is not finite.

Decoding runs in a process of its own (this file, run as a program): a fault in a codec would take the tests down.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

import numpy as np
import pytest

if __name__ != "__main__":
    from support.fuzz import seeded

SECONDS_PER_FILE = 20
MEMORY_BYTES = 6 << 30  # address space; a header that asks for more must not get it
CASES_PER_SEED = 360  # of 14 recordings: 5,040 files


def serve() -> None:
    """Decode the files named on standard input, one a line; answer each with one line."""
    import resource

    from asrcli.audio.decode import decode, probe
    from asrcli.errors import InputError
    from asrcli.types import Recording

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    print("ready", flush=True)
    for line in sys.stdin:
        path = line.rstrip("\n")
        answer = "ok"
        for start in (0.0, 3.0):
            try:
                probe(path)
                for block in decode(Recording(path, start=start), lambda text: None, 1.0):
                    if block.dtype != np.float32 or not np.isfinite(block).all() or np.abs(block).max(initial=0) > 1:
                        answer = "fault: samples that are not finite or beyond full scale"
            except InputError as error:
                answer = "refused" if path in str(error) else f"fault: no file name in: {error}"
            except BaseException as error:
                answer = f"fault: {type(error).__name__}: {error}".replace("\n", " ")
                break
        print(answer, flush=True)


class Worker:
    """The decoding process, restarted when it dies or hangs."""

    def __init__(self, seconds: float = SECONDS_PER_FILE) -> None:
        self.seconds = seconds
        self.process: subprocess.Popen[str] | None = None

    def ask(self, path: Path) -> str:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert self.process.stdout is not None
            assert _line(self.process.stdout, 120) == "ready"  # imports count for no file
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
        answer = _line(self.process.stdout, self.seconds)
        if answer:
            return answer
        try:
            status = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "fault: hangs"
        else:
            return f"fault: died with {status}"
        finally:
            self.close()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            with contextlib.suppress(BrokenPipeError):
                self.process.communicate()
            self.process = None


def _line(stream: IO[str], seconds: float) -> str:
    ready, _, _ = select.select([stream], [], [], seconds)
    return stream.readline().rstrip("\n") if ready else ""


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Return a damaged copy: one to four of flips, noise, extreme fields, cuts, doubled or swapped pieces."""
    out = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        if len(out) < 16:
            break
        # Headers are where parsers live: half of the damage goes there.
        at = int(random.integers(0, min(len(out), 512) if random.random() < 0.5 else len(out)))
        length = int(random.integers(1, 64))
        match int(random.integers(0, 7)):
            case 0:
                out[at] ^= 1 << int(random.integers(0, 8))
            case 1:
                out[at : at + length] = random.bytes(len(out[at : at + length]))
            case 2:
                field = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"]
                out[at : at + 4] = field[int(random.integers(0, len(field)))][: len(out[at : at + 4])]
            case 3:
                del out[max(at, 8) :]
            case 4:
                del out[at : at + length]
            case 5:
                out[at:at] = out[at : at + 16 * length]
            case 6:
                other = int(random.integers(0, len(out)))
                out[at : at + length], out[other : other + length] = out[other : other + length], out[at : at + length]
    return bytes(out)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, digit_strings: list[tuple[Path, str]]) -> list[Path]:
    """Return a real recording of speech in 14 formats."""
    from asrcli.audio.decode import decode
    from asrcli.types import Recording
    from tests.audio_files import encode, write_wav

    folder = tmp_path_factory.mktemp("seeds")
    takes = [np.concatenate(list(decode(Recording(str(path)), print))) for path, _ in digit_strings[:2]]
    speech = np.concatenate(takes)[: 8 * 16_000]
    stereo = np.stack([speech, speech[::-1]], axis=1)
    files = [write_wav(folder / f"{kind}.wav", stereo, kind=kind) for kind in ("u8", "s24", "f32", "f64")]
    for name, codec, rate in (
        ("a.flac", "flac", 16_000),
        ("a.mp3", "libmp3lame", 16_000),
        ("a.ogg", "libopus", 48_000),
        ("a.m4a", "aac", 16_000),
        ("a.mp4", "alac", 16_000),
        ("a.mkv", "aac", 16_000),
        ("a.webm", "libopus", 48_000),
        ("a.aiff", "pcm_s16be", 16_000),
        ("a.ts", "aac", 16_000),
        ("a.wv", "wavpack", 16_000),
    ):
        samples = np.repeat(stereo, 3, axis=0)[: 8 * 48_000] if rate == 48_000 else stereo
        files.append(encode(folder / name, samples, rate, codec))
    return files


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_damaged_files_are_decoded_or_refused(seeds: list[Path], tmp_path: Path) -> None:
    worker = Worker()
    faults: list[str] = []
    answers: dict[str, int] = {}
    try:
        for seed in seeds:
            data = seed.read_bytes()
            for case in range(CASES_PER_SEED):
                path = tmp_path / f"{seed.name}-{case}"
                # The name is the seed of the random numbers, so that a fault can be made again.
                path.write_bytes(
                    mutate(data, np.random.default_rng([case, *seeded(seed.name).encode()])) if case else data
                )
                answer = worker.ask(path)
                answers[answer] = answers.get(answer, 0) + 1
                if answer.startswith("fault"):
                    faults.append(f"{path}: {answer}")
                else:
                    path.unlink()
    finally:
        worker.close()
    assert not faults, "\n".join(faults)
    assert sum(answers.values()) >= 500
    # The damage is neither harmless nor deadly: both outcomes are common.
    assert answers["ok"] > 100 and answers["refused"] > 50, answers


@pytest.mark.slow
def test_a_hang_and_a_crash_are_noticed(tmp_path: Path) -> None:
    """The harness itself: a named pipe without a writer hangs, and a dead process is reported."""
    worker = Worker(seconds=3)
    os.mkfifo(tmp_path / "pipe")
    try:
        assert worker.ask(tmp_path / "pipe") == "fault: hangs"
        assert worker.ask(tmp_path / "missing") == "refused"
        assert worker.process is not None
        worker.process.kill()
        worker.process.wait()
        assert worker.ask(tmp_path / "missing") == "fault: died with -9"
    finally:
        worker.close()


if __name__ == "__main__":
    serve()
