"""The embedded aligner: its features and scores against the library's own, its times against known ones."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from ctypes.util import find_library
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner, left_over
from asr_plugins.pocketsphinx_aligner.acoustic import STEP, AcousticModel, cepstra, features
from asr_plugins.pocketsphinx_aligner.pronunciation import IPA, SPEECH, Pronouncer, by_rule, from_ipa, plain
from hypothesis import given, settings
from hypothesis import strategies as st
from pocketsphinx import Decoder, get_model_path

from asrcli.alignment.reference import BoundaryError, boundary_error, read_textgrid
from asrcli.compare.nist import read_ctm
from asrcli.engine import Device, Weights
from asrcli.types import Clip, Word
from tests.clips import clip, noise, silence

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
KNOWN = sorted((HERE / "data/alignment").glob("*.ctm"))
MODEL = Path(get_model_path()) / "en-us"


@pytest.fixture(scope="module")
def aligner() -> PocketSphinxAligner:
    return PocketSphinxAligner(Weights("en-us", None), Device())


def words_in(name: str) -> list[str]:
    return [re.sub(r"[^\w']", "", word) for word in (EXAMPLES / f"{name}.txt").read_text().split()]


def example(name: str) -> Clip:
    return clip(EXAMPLES / f"{name}.wav")


def placed(aligner: PocketSphinxAligner, sound: Clip, words: list[str]) -> list[Word]:
    """Return the words that were placed."""
    found = aligner.align([sound], [words], "en")[0]
    return [Word(text, one.start, one.end, one.score) for text, one in zip(words, found, strict=True) if one]


# The model, against the library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return samples, and the cepstra and senone scores that PocketSphinx computes of them, without noise removal."""
    folder = tmp_path_factory.mktemp("oracle")
    settings_file = folder / "feat.params"
    settings_file.write_text((MODEL / "en-us/feat.params").read_text().replace("-remove_noise yes", "-remove_noise no"))
    samples = example("station-awb").samples
    decoder = Decoder(
        samprate=16000, loglevel="FATAL", lm=None, featparams=str(settings_file), compallsen=True,
        mfclogdir=str(folder), senlogdir=str(folder),
    )  # fmt: skip
    decoder.set_align_text("hello")
    decoder.start_utt()
    decoder.process_raw((samples * 32768).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    del decoder  # closes its logs
    raw = next(folder.glob("*.mfc")).read_bytes()
    mel = np.frombuffer(raw, ">f4", offset=4).reshape(-1, 13)
    raw = next(folder.glob("*.sen")).read_bytes()
    rows = np.frombuffer(raw, "<i2", offset=raw.index(b"endhdr\n") + 11).reshape(len(mel), -1)
    assert struct.unpack_from("<H", raw, raw.index(b"endhdr\n") + 11)[0] == rows.shape[1] - 1
    return samples, mel, rows[:, 1:]


@pytest.mark.slow
def test_cepstra_are_those_of_the_library(library: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    samples, mel, _ = library
    ours = cepstra(samples)
    np.testing.assert_allclose(ours, mel[: len(ours)], atol=2e-3)


@pytest.mark.slow
def test_scores_are_those_of_the_library(library: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The library sums the four best Gaussians of a mixture and rounds; here all are summed."""
    samples, _, rows = library
    model = AcousticModel(MODEL / "en-us")
    scores = model.score(features(samples), np.arange(rows.shape[1], dtype=np.int32))
    ours = (scores.max(axis=1, keepdims=True) - scores) / STEP
    close = [np.corrcoef(own, theirs)[0, 1] for own, theirs in zip(ours[5:-5], rows[5:], strict=False)]
    assert np.median(close) > 0.95
    assert min(close) > 0.75


# Times, against known ones


@pytest.mark.parametrize("known", KNOWN, ids=lambda path: path.stem)
def test_words_lie_where_the_voice_put_them(aligner: PocketSphinxAligner, known: Path) -> None:
    reference = [word for _, word in read_ctm(known)]
    error = boundary_error(reference, placed(aligner, example(known.stem), words_in(known.stem)))
    assert error.words == len(reference) and not error.unmatched
    assert error.mean <= 0.020, str(error)
    assert error.within(0.050) == 1.0, str(error)


def test_words_lie_where_espeak_put_them(aligner: PocketSphinxAligner) -> None:
    """The times are those that espeak-ng's library tells of the words it makes (data/alignment/make_espeak.py)."""
    recording = HERE / "data/alignment/espeak/market-en-us.ogg"
    reference = [word for _, word in read_ctm(recording.with_suffix(".ctm"))]
    error = boundary_error(reference, placed(aligner, clip(recording), [word.text for word in reference]))
    assert error.words == len(reference) and not error.unmatched
    assert error.mean <= 0.020, str(error)
    assert error.within(0.100) == 1.0, str(error)


@pytest.mark.slow
@pytest.mark.skipif(find_library("espeak-ng") is None, reason="needs espeak-ng's library")
@pytest.mark.parametrize("voice", ["en-us+f3", "en-us", "en-gb-scotland"])
def test_words_lie_where_espeak_puts_them_now(aligner: PocketSphinxAligner, tmp_path: Path, voice: str) -> None:
    """Each voice speaks in a process of its own: the library keeps what it was told last."""
    made = subprocess.run(
        [sys.executable, HERE / "data/alignment/make_espeak.py", tmp_path, voice], check=True, timeout=60
    )
    assert made.returncode == 0
    (recording,) = tmp_path.glob("*.ogg")
    reference = [word for _, word in read_ctm(recording.with_suffix(".ctm"))]
    error = boundary_error(reference, placed(aligner, clip(recording), [word.text for word in reference]))
    assert error.words == len(reference) > 15
    assert error.mean <= 0.040, str(error)
    assert error.within(0.100) >= 0.90, str(error)


@pytest.mark.slow
def test_spontaneous_speech_lies_where_people_put_it(aligner: PocketSphinxAligner, shared: Path) -> None:
    folder = shared / "audio/alignment"
    words = (folder / "cold_corpus.lab").read_text().split()
    found = placed(aligner, clip(folder / "cold_corpus.wav"), words)
    error = boundary_error(read_textgrid(folder / "cold_corpus.TextGrid"), found)
    assert error.words == len(words)
    assert error.mean <= 0.040, str(error)
    assert error.within(0.100) >= 0.90, str(error)


def test_phones_fill_their_word(aligner: PocketSphinxAligner) -> None:
    found = aligner.align([example("garden-awb")], [words_in("garden-awb")], "en")[0]
    children = found[1]
    assert children is not None
    assert [phone.text for phone in children.phones] == ["CH", "IH", "L", "D", "R", "AH", "N"]
    assert (children.phones[0].start, children.phones[-1].end) == (children.start, children.end)
    assert all(one.end == two.start for one, two in pairwise(children.phones))


# What is not there


def test_words_that_are_not_in_the_sound_have_no_time(aligner: PocketSphinxAligner) -> None:
    words = words_in("station-awb") + words_in("lights-slt")
    found = aligner.align([example("station-awb")], [words], "en")[0]
    assert all(found[: len(words_in("station-awb"))])
    assert not any(found[len(words_in("station-awb")) :])


@pytest.mark.parametrize("sound", [silence(3.0), noise(3.0, 20)], ids=["silence", "noise"])
def test_no_word_is_found_where_nobody_speaks(aligner: PocketSphinxAligner, sound: Clip) -> None:
    assert aligner.align([sound], [words_in("garden-awb")], "en") == [[None] * 13]


def test_a_mumbled_word_is_kept_and_doubtful(aligner: PocketSphinxAligner) -> None:
    words = words_in("garden-awb")
    words[5] = "kitchen"  # the voice says "garden"
    found = aligner.align([example("garden-awb")], [words], "en")[0]
    assert all(one is not None for at, one in enumerate(found) if at != 5)
    assert found[5] is None or (found[5].score or 0.0) <= 0.25


def test_nothing_is_asked_and_nothing_heard(aligner: PocketSphinxAligner) -> None:
    assert aligner.align([example("lights-slt"), silence(0.01)], [[], ["one"]], "en") == [[], [None]]
    assert aligner.recognise([silence(0.01)], ["one"], "en") == [[]]


def test_a_clip_is_aligned_alone(aligner: PocketSphinxAligner) -> None:
    clips, texts = (
        [example(name) for name in ("lights-slt", "garden-awb")],
        [words_in("lights-slt"), ["The", "children"]],
    )
    together = aligner.align(clips, texts, "en")
    assert together == [*aligner.align(clips[:1], texts[:1], "en"), *aligner.align(clips[1:], texts[1:], "en")]


def test_times_do_not_go_back(aligner: PocketSphinxAligner) -> None:
    found = placed(aligner, example("doctor-rms"), words_in("doctor-rms"))
    assert all(0 <= one.start < one.end <= two.start for one, two in pairwise(found))
    assert found[-1].end <= example("doctor-rms").seconds


def test_it_hears_parts_of_a_text_in_any_order(aligner: PocketSphinxAligner) -> None:
    text = [*words_in("weather-rms"), *words_in("lights-slt"), *words_in("garden-awb")]
    heard = aligner.recognise([example("lights-slt")], text, "en")[0]
    assert [word.text for word in heard] == words_in("lights-slt")
    swapped = [*words_in("lights-slt")[6:], *words_in("lights-slt")[:6]]
    assert [word.text for word in aligner.recognise([example("lights-slt")], swapped, "en")[0]] == words_in(
        "lights-slt"
    )


# Pronunciations


@pytest.fixture(scope="module")
def pronouncer() -> Pronouncer:
    return Pronouncer(MODEL / "cmudict-en-us.dict", espeak=False)


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("cold", "K OW L D"),
        ("transcribers", "T R AE N S K R AY B ER Z"),  # an ending
        ("leaderboards", "L IY D ER B AO R D Z"),  # two words and an ending
        ("well-known", "W EH L N OW N"),
        ("GPU", "JH IY P IY Y UW"),  # said letter by letter
        ("naïve", "N AY IY V"),
        ("Doctor’s", "D AA K T ER Z"),
        ("blorke", "B L AO R K"),  # by rule
        ("zake", "Z EY K"),
        ("фа", SPEECH),
        ("—", SPEECH),
    ],
)
def test_every_word_is_said_somehow(pronouncer: Pronouncer, word: str, phones: str) -> None:
    assert " ".join(pronouncer.pronunciations(word)[0]) == phones


def test_hesitations_may_be_any_speech(pronouncer: Pronouncer) -> None:
    assert (SPEECH,) in pronouncer.pronunciations("Um,")


@settings(max_examples=200)
@given(word=st.text(min_size=1, max_size=30))
def test_no_word_is_without_a_pronunciation(pronouncer: Pronouncer, word: str) -> None:
    known = set(IPA.values()) | {"NG", "HH", SPEECH, "OY", "JH", "CH"}
    assert all(ways and set(ways) <= known for ways in pronouncer.pronunciations(word))
    assert by_rule(plain(word))


def test_unknown_words_are_aligned(aligner: PocketSphinxAligner) -> None:
    words = words_in("station-awb")
    words[5] = "stashen"  # a word outside the dictionary, said the same way
    found = aligner.align([example("station-awb")], [words], "en")[0]
    whole = aligner.align([example("station-awb")], [words_in("station-awb")], "en")[0]
    assert found[5] is not None and whole[5] is not None
    assert abs(found[5].start - whole[5].start) < 0.03 and abs(found[5].end - whole[5].end) < 0.03


def test_ipa_becomes_phones() -> None:
    assert from_ipa("tɹænskɹˈaɪbɚ") == tuple(["T", "R", "AE", "N", "S", "K", "R", "AY", "B", "ER"])
    assert from_ipa("dʒˈʌdʒ") == ("JH", "AH", "JH")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_says_what_rules_do_not_know() -> None:
    (phones,) = Pronouncer(MODEL / "cmudict-en-us.dict").pronunciations("Zhukovsky")
    assert phones[0] == "ZH" and phones[-3:] == ("S", "K", "IY")


def test_left_over_words_have_neighbours() -> None:
    assert left_over([None, 1, None, None, 1, 1, None]) == [(2, 4)]


def test_an_error_of_nothing_is_nothing() -> None:
    assert BoundaryError((), 0, 0).mean == 0.0
