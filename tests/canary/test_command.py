"""Canary through the command: formats of recordings, long ones, questions, wrong options, up to date or not."""

from __future__ import annotations

import json
import random
import subprocess
import wave
from pathlib import Path
from typing import Any

import av
import jiwer
import numpy as np
import pytest
from asr_plugins.canary import CanaryNemo

from asrcli import transcribe
from asrcli.audio import decode as audio
from asrcli.types import Options, Recording
from tests.clips import clip
from tests.fake_hub import serve

Strings = list[tuple[Path, str]]


def samples_of(path: Path) -> np.ndarray:
    return np.concatenate(list(audio.decode(Recording(str(path)), warn=lambda text: None)))


def convert(source: Path, target: Path, rate: int, layout: str, codec: str) -> Path:
    """Write a recording again at another rate, with other channels, in another codec."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=1024 if codec == "aac" else None)
        for frame in [*read.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return target


def run(paths: list[Path], folder: Path, **more: Any) -> list[str]:
    found = list(transcribe(paths, engine="canary", model=str(folder), backend="native", **more))
    return [one.text for one in sorted(found, key=lambda one: one.recording.path)]


@pytest.mark.parametrize(
    ("rate", "layout", "codec", "suffix"),
    [
        (8_000, "mono", "pcm_s16le", "wav"),
        pytest.param(44_100, "stereo", "pcm_s16le", "wav", marks=pytest.mark.slow),
        pytest.param(48_000, "stereo", "flac", "flac", marks=pytest.mark.slow),
        pytest.param(44_100, "mono", "aac", "m4a", marks=pytest.mark.slow),
    ],
)
def test_recordings_of_every_kind(
    tmp_path: Path, folder: Path, digit_strings: Strings, rate: int, layout: str, codec: str, suffix: str
) -> None:
    chosen = digit_strings[:4]
    made = [convert(path, tmp_path / f"{path.stem}.{suffix}", rate, layout, codec) for path, _ in chosen]
    heard = run(made, folder)
    assert jiwer.wer([text for _, text in chosen], heard) < 0.1


def write(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # NeMo's own
@pytest.mark.parametrize(
    ("backend", "minutes"), [("native", 1), ("native", 10), pytest.param("nemo", 10, marks=pytest.mark.timeout(900))]
)
def test_a_long_recording_comes_back_whole(
    tmp_path: Path,
    folder: Path,
    digit_strings: Strings,
    native: Any,
    backend: str,
    minutes: int,
) -> None:
    """Digit strings one after the other: no speech without text, and no more errors than for short recordings."""
    if backend == "nemo" and CanaryNemo.missing():
        pytest.skip(f"{', '.join(CanaryNemo.missing())} is not installed")
    choose = random.Random(minutes)
    pieces: list[np.ndarray] = []
    said: list[str] = []
    while sum(map(len, pieces)) < minutes * 60 * 16_000:
        path, text = choose.choice(digit_strings)
        pieces += [samples_of(path), np.zeros(choose.randint(8_000, 24_000), np.float32)]
        said.append(text)
    whole = np.concatenate(pieces)
    long = write(tmp_path / "long.wav", whole)
    # The tiny model was trained on strings of some digits.
    (found,) = transcribe(long, engine="canary", model=str(folder), backend=backend, chunk_length=4.0)
    assert found.seconds == pytest.approx(len(whole) / 16_000, abs=0.1)
    assert found.gaps == () and [(one.text, one.flags) for one in found.segments if one.flags] == []
    assert max(one.end - one.start for one in found.segments) <= 4.0
    assert jiwer.wer(" ".join(said), found.text) < 0.05
    (bare,) = native.listener.transcribe([whole[: 40 * 16_000]], [128])  # as the model card does it
    assert not bare.finished


def test_silence_gives_nothing(tmp_path: Path, folder: Path) -> None:
    quiet = write(tmp_path / "quiet.wav", np.random.default_rng(0).standard_normal(80_000) * 1e-3)
    assert run([quiet], folder) == [""]


# The command


def canary(asr: Any, folder: Path, *words: Any) -> Any:
    return asr("transcribe", *words, "-e", "canary", "-m", folder, "--backend", "native", OMP_NUM_THREADS="1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-l", "de"], "does not speak 'de', only: en"),
        (["--beam-size", "3"], "has no --beam-size"),
        (["--task", "translate"], "has no --task translate"),
        (["--ask", " "], "write a question"),
        (["--ask", "What?", "--channels", "split"], "asr ask"),
        (["--ask", "What?", "-f", "srt"], "no place for answers"),
    ],
)
def test_what_it_cannot_do_is_refused_before_loading(
    asr: Any, folder: Path, digit_strings: Strings, words: list[str], said: str
) -> None:
    done = canary(asr, folder, digit_strings[0][0], *words)
    assert (done.code, done.out) == (2, "") and said in done.err and done.err.count("\n") == 1


def test_backends_are_checked(asr: Any, folder: Path, digit_strings: Strings) -> None:
    path = digit_strings[0][0]
    done = asr("transcribe", path, "-e", "canary", "-m", folder, "--backend", "tensorrt")
    assert done.code == 2 and "no backend 'tensorrt', only: nemo, native" in done.err
    done = asr("transcribe", path, "-e", "whisper", "--backend", "native")
    assert done.code == 2 and "one implementation only" in done.err


@pytest.mark.slow
def test_questions_are_answered_beside_the_text(asr: Any, tmp_path: Path, folder: Path, digit_strings: Strings) -> None:
    (path, text), (other, _) = digit_strings[:2]
    words = [path, other, "-f", "txt,json", "-o", "out", "--ask", "What is this about?", "--ask", "Sum up"]
    words += ["--word-timestamps"]  # by the default aligner
    done = canary(asr, folder, *words)
    assert done.code == 0, done.err
    out = tmp_path / "out"
    assert (out / f"{path.stem}.txt").read_text() == f"{text}\n"
    found = json.loads((out / f"{path.stem}.json").read_text())
    assert [one["question"] for one in found["answers"]] == ["What is this about?", "Sum up"]
    assert dict(found["options"])["backend"] == "native" and found["text"].strip() == text
    assert [word["source"] for word in found["segments"][0]["words"]] == ["aligned"] * len(text.split())
    page = (out / f"{path.stem}.answers.md").read_text()
    for answer in found["answers"]:
        assert answer["text"].startswith("summary: ") and answer["text"] in page
        for span in answer["spans"]:
            assert 0 <= span["start"] < span["end"] <= found["seconds"]
    assert "2 up to date" in canary(asr, folder, *words).err
    other_backend = asr("transcribe", *words, "-e", "canary", "-m", folder, "--backend", "nemo", "--dry-run")
    assert other_backend.code == 3 or "backend was native, now nemo" in other_backend.out
    again = canary(asr, folder, *words, "--ask", "And?", "--dry-run").out.splitlines()
    assert [line.split("\t")[0] for line in again] == ["up to date", "make", "make"] * 2  # text does not hang on it


# Pulling


@pytest.mark.slow
def test_pull_makes_the_folder_whole_and_works_offline(
    asr: Any, tmp_path: Path, folder: Path, digit_strings: Strings, load: Any
) -> None:
    """The published repository has no tokenizer and no configuration of its language model."""
    published = {name: (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt")
    model = {name: (folder / name).read_bytes() for name in names}
    model |= {"config.json": (folder / "llm_backbone/config.json").read_bytes(), "model.safetensors": b"of Qwen"}
    environment = {"HF_HUB_OFFLINE": "0", "HF_HUB_CACHE": str(tmp_path / "hub")}
    with serve({"nvidia/canary-qwen-2.5b": published, "Qwen/Qwen3-1.7B": model}) as hub:
        done = asr("engines", "pull", "canary", HF_ENDPOINT=hub.url, **environment)
        assert done.code == 0, done.err
        place = Path(done.out.strip())
        assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()) == sorted(
            [*published, *names, "llm_backbone/config.json"]
        )
        assert hub.sent["model.safetensors"] == 1, "the weights of the language model stay where they are"
        (place / "llm_backbone/config.json").unlink()  # a pull that was cut off
        done = asr("transcribe", digit_strings[0][0], "-e", "canary", "--offline", HF_ENDPOINT=hub.url, **environment)
        assert done.code == 3 and "asr engines pull canary" in done.err
        assert asr("engines", "pull", "canary", HF_ENDPOINT=hub.url, **environment).code == 0
        assert hub.sent["model.safetensors"] == 1
    done = asr("engines", "--json", HF_HUB_CACHE=environment["HF_HUB_CACHE"])
    (card,) = [one for one in json.loads(done.out) if one["name"] == "canary"]
    assert card["models"][0]["here"]
    (segment,) = load(place).transcribe([clip(digit_strings[0][0])], Options())[0]
    assert segment.text == digit_strings[0][1]


def test_pull_says_which_file_a_companion_lacks(asr: Any, tmp_path: Path, folder: Path) -> None:
    published = {name: (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}
    with serve({"nvidia/canary-qwen-2.5b": published, "Qwen/Qwen3-1.7B": {"vocab.json": b"{}"}}) as hub:
        done = asr(
            "engines", "pull", "canary", HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="0", HF_HUB_CACHE=str(tmp_path / "hub")
        )
    assert done.code == 3 and "Qwen/Qwen3-1.7B has no tokenizer.json" in done.err


def test_no_heavy_module_for_help() -> None:
    import sys

    code = (
        "import sys; sys.argv = ['asr', 'ask', '--help']\n"
        "from asrcli.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'torch', 'transformers', 'httpx2') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "[]" and "QUESTION" in done.stdout
