"""FireRedVAD, FireRedLID and FireRedPunc against the official code, and in the commands.

The reference values are in ``tests/data/firered/companions.npz``; `make_companions_reference.py` made them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.firered.detection import FireRedVad, _frames_of
from asr_plugins.firered.features import FeatureStream
from asr_plugins.firered.identification import FireRedLid
from asr_plugins.firered.punctuation import FireRedPunc
from support.command import Run

from asrcli.audio.silero import WINDOW
from asrcli.engine import Weights
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE
from tests.firered import companion_cases

DIGITS = Path(__file__).parent.parent / "data/digits"


def samples(number: int) -> np.ndarray:
    return companion_cases.sound(number).astype(np.float32) / 32768


@pytest.fixture(scope="module", params=list(companion_cases.VAD_SHAPES))
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, FireRedVad]:
    folder = companion_cases.vad_folder(tmp_path_factory.mktemp("vad") / request.param, request.param)
    return request.param, FireRedVad(Weights("vad", str(folder)))


@pytest.fixture(scope="module")
def punctuator(tmp_path_factory: pytest.TempPathFactory) -> FireRedPunc:
    return FireRedPunc(Weights("punc", str(companion_cases.punc_folder(tmp_path_factory.mktemp("punc")))))


def windows(frames: np.ndarray, count: int) -> list[float]:
    """Gather the official probabilities of frames as the contract says, written the plain way."""
    middles = 160 * np.arange(len(frames)) + 200
    found = []
    for number in range(count):
        own = frames[(middles >= 512 * number) & (middles < 512 * (number + 1))]
        found.append(float(own.mean()) if len(own) else float(frames[-1]))
    return found


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("step", [1, 3, 10, 1000])
def test_speech_probabilities_are_the_official_ones_however_they_come(detector, reference, number, step):
    name, model = detector
    official = reference("companions")[f"{name}-{number}"]
    sound = samples(number)
    whole = sound[: len(sound) // WINDOW * WINDOW]
    stream = model.stream()
    pieces = [stream.feed(whole[at : at + step * WINDOW]) for at in range(0, len(whole), step * WINDOW)]
    rest = np.pad(sound[len(whole) :], (0, WINDOW - (len(sound) - len(whole))))
    pieces.append(stream.finish(rest))
    found = np.concatenate(pieces)
    # Padding makes a frame or two that the official code, which stops before the end, does not have.
    sure = (len(official) * 160 - 800) // WINDOW
    assert len(found) == len(whole) // WINDOW + 1
    np.testing.assert_allclose(found[: sure - 2], windows(official, sure)[: sure - 2], atol=2e-5)


def test_a_model_that_does_not_look_ahead_answers_at_once(tmp_path: Path) -> None:
    model = FireRedVad(Weights("vad", str(companion_cases.vad_folder(tmp_path / "Stream-VAD", "Stream-VAD"))))
    stream = model.stream()
    answered = [len(stream.feed(samples(3)[at * WINDOW : (at + 1) * WINDOW])) for at in range(20)]
    assert sum(answered) >= 18


def test_every_frame_belongs_to_one_window() -> None:
    edges = [_frames_of(number) for number in range(200)]
    assert edges[0][0] == 0 and all(left[1] == right[0] for left, right in pairwise(edges))


def test_features_do_not_depend_on_the_pieces() -> None:
    sound = samples(2)
    stream = FeatureStream(80)
    pieces = [stream.feed(sound[at : at + 777]) for at in range(0, len(sound), 777)]
    np.testing.assert_array_equal(np.concatenate(pieces), FeatureStream(80).feed(sound))


@pytest.mark.parametrize("number", range(4))
def test_the_language_is_the_official_one(cases, reference, clip, tmp_path: Path, number: int) -> None:
    case = cases.aed_case(0, ctc=False)
    model = FireRedLid(Weights("lid", str(companion_cases.lid_folder(tmp_path / "lid", case.state, case.args))))
    token, confidence = reference("companions")[f"lid-{number}"]
    log_probs = model.label_log_probs([clip(samples(number))])[0]
    assert int(log_probs.argmax()) == int(token)
    assert float(log_probs.max().exp()) == pytest.approx(confidence, abs=1e-4)
    guess, nothing = model.identify_language([clip(samples(number)), clip(samples(number)[:300])])
    assert set(guess) == {"zh", "en", "ja", "yue"} and sum(guess.values()) == pytest.approx(1.0, abs=1e-5)
    assert nothing == {}


@pytest.mark.parametrize("number", range(len(companion_cases.TEXTS)))
def test_signs_are_the_official_ones(punctuator: FireRedPunc, reference, number: int) -> None:
    words = companion_cases.TEXTS[number].split()
    signs = ["", *companion_cases.SIGNS[1:]]
    official = [signs[tag] for tag in reference("companions")[f"punc-{number}"]]
    assert punctuator.marks([words]) == [official]


def test_the_answers_differ(reference) -> None:
    """The comparisons above would say nothing about models that answer always the same."""
    assert min(np.ptp(reference("companions")[f"{name}-3"]) for name in companion_cases.VAD_SHAPES) > 0.05
    assert np.ptp([reference("companions")[f"lid-{number}"][1] for number in range(4)]) > 0.001
    tags = np.concatenate([reference("companions")[f"punc-{number}"] for number in range(len(companion_cases.TEXTS))])
    assert len(set(tags.tolist())) >= 3


# What is wrong with a folder is one line


def test_other_sounds_than_speech(tmp_path: Path) -> None:
    import torch

    folder = companion_cases.vad_folder(tmp_path / "events", "VAD")
    with torch.serialization.safe_globals([__import__("argparse").Namespace]):
        package = torch.load(folder / "model.pth.tar", weights_only=True)
    package["args"].odim = 3
    torch.save(package, folder / "model.pth.tar")
    with pytest.raises(ModelError, match="tells 3 kinds of sound apart"):
        FireRedVad(Weights("vad", str(folder)))
    package["args"].R = "many"
    torch.save(package, folder / "model.pth.tar")
    with pytest.raises(ModelError, match=r"args\.R is 'many'"):
        FireRedVad(Weights("vad", str(folder)))


def test_labels_and_networks_that_do_not_belong_together(cases, tmp_path: Path) -> None:
    case = cases.aed_case(0, ctc=False)
    folder = companion_cases.lid_folder(tmp_path / "lid", case.state, case.args)
    (folder / "dict.txt").write_text("zh 0\nen 1\n")
    with pytest.raises(ModelError, match="has 2 labels, but the network 10"):
        FireRedLid(Weights("lid", str(folder)))


def test_a_punctuation_model_without_its_parts(tmp_path: Path) -> None:
    folder = companion_cases.punc_folder(tmp_path / "punc")
    (folder / "out_dict").unlink()
    with pytest.raises(ModelError, match="out_dict cannot be read"):
        FireRedPunc(Weights("punc", str(folder)))


# In the commands


@pytest.mark.slow
def test_the_command_with_all_three(asr: Run, cases, checkpoints: Path, tmp_path: Path) -> None:
    case = cases.aed_case(0, ctc=False)
    lid = companion_cases.lid_folder(tmp_path / "lid", case.state, case.args)
    punc = companion_cases.punc_folder(tmp_path / "punc")
    vad = companion_cases.vad_folder(tmp_path / "FireRedVAD" / "VAD", "VAD").parent
    done = asr(
        "transcribe", DIGITS / "string00.wav", "-e", "firered", "-m", checkpoints / "firered2-aed-digits",
        "--vad", f"firered:{vad}", "--vad-threshold", "0.01", "--punctuate", "--punctuation-model", f"firered:{punc}",
        "--identify-with", f"firered:{lid}", "-f", "json", "--word-timestamps",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["language"] in ("zh", "en", "ja", "yue") and 0 < found["language_score"] <= 1
    text = found["text"]
    spoken = (DIGITS / "string00.txt").read_text().split()
    assert [word.strip(",.?!，。？！").lower() for word in text.split()] == spoken
    assert text[0].isupper() and any(sign in text for sign in ",.?!，。？！")
    assert [word["word"].strip() for word in found["word_segments"]] == text.split()


def test_wrong_names_are_found_before_anything_loads(asr: Run) -> None:
    wrong = asr("transcribe", DIGITS / "string00.wav", "-e", "fake", "--vad-model", "fired")
    assert wrong.code == 2 and "unknown voice-activity model 'fired': did you mean 'firered'?" in wrong.err
    absent = asr("transcribe", DIGITS / "string00.wav", "-e", "fake", "--vad", "firered", "--offline")
    assert absent.code == 3 and "is not on this machine" in absent.err
    assert asr("transcribe", "--vad", DIGITS / "string00.wav", "-e", "fake").code == 0
    assert SAMPLE_RATE == 16_000
