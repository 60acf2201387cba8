"""Every reading of a number is tried: one that is said digit by digit is found as one that is said as a count."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from asrcli.aligner import Aligner
from asrcli.alignment.readings import readings
from asrcli.alignment.result import spell
from asrcli.alignment.script import Piece, Script
from asrcli.alignment.windows import Pairing
from asrcli.engine import Device, Weights, load_plugin
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.types import Transcript

DIGITS = Path(__file__).parent / "data/digits"
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("9825", "en", "nine eight two five"),
        ("9825", "en", "ninety eight twenty five"),
        ("9825", "en", "nine thousand eight hundred twenty five"),
        ("9825", "en", "nine thousand eight hundred and twenty five"),
        ("1905", "en", "nineteen oh five"),
        ("1905", "en", "one thousand nine hundred five"),
        ("1900", "en", "nineteen hundred"),
        ("2,500", "en", "twenty five hundred"),
        ("007", "en", "oh oh seven"),
        ("(404)", "en", "four oh four"),
        ("100", "en", "a hundred"),
        ("$25", "en", "twenty five dollars"),
        ("0", "en", "oh"),
        ("747s", "en", "seven forty seven s"),
        ("2025", "zh", "二 零 二 五"),
        ("2025", "zh", "二 千 零 二 十 五"),
        ("200", "zh", "两 百"),
    ],
)
def test_ways_to_say_a_number(written: str, language: str, said: str) -> None:
    assert tuple(said.split()) in readings(written, language)


def test_a_word_without_a_number_has_one_reading() -> None:
    assert readings("well-known", "en") == (("well-known",),)
    assert all(len(set(readings(word, "en"))) == len(readings(word, "en")) for word in ("9825", "1905", "11", "0"))


def test_the_readings_that_were_heard_are_spelled() -> None:
    script = Script((Piece("room 9825 on"), Piece("floor 11 now")))
    spelling = spell(script, "en", {1: ("nine", "eight", "two", "five")})
    assert spelling.spoken == ("room", "nine", "eight", "two", "five", "on", "floor", "eleven", "now")
    assert [[(one.first, one.last) for one in own] for own in spelling.tokens] == [
        [(0, 1), (1, 5), (5, 6)],
        [(6, 7), (7, 8), (8, 9)],
    ]


def aligned(sound: Sequence[Path], text: str, aligners: Pairing, place: Path) -> Transcript:
    """Align a text with recordings that are said one after the other."""
    parts = []
    for path in sound:
        with wave.open(str(path)) as file:
            parts += [np.frombuffer(file.readframes(file.getnframes()), "<i2"), np.zeros(6000, "<i2")]
            rate = file.getframerate()
    with wave.open(str(place / "talk.wav"), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(np.concatenate(parts).tobytes())
    (place / "talk.txt").write_text(text)
    return align_pair(str(place / "talk.wav"), str(place / "talk.txt"), aligners, AlignRequest(pairs=(), language="en"))


@pytest.mark.parametrize("name", ["ctc", *(pytest.param(one, marks=pytest.mark.slow) for one in ("alone", "listener"))])
def test_digits_one_by_one_by_models_of_digits(name: str, checkpoints: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tests.test_not_in_audio import aligners_of

    texts = sorted(DIGITS.glob("*.txt"))[:3]
    said = [path.read_text().split() for path in texts]
    written = ["".join(str(NAMES.index(word)) for word in own) for own in said]
    made = aligned(
        [path.with_suffix(".wav") for path in texts],
        f"{written[0]} {' '.join(said[1])} {written[2]}",
        Pairing(aligners_of("listener", checkpoints).aligner) if name == "alone" else aligners_of(name, checkpoints),
        tmp_path,
    )
    words = [word for segment in made.segments for word in segment.words]
    assert all(word.source != "interpolated" for word in words)
    if name != "alone":  # one that places every word says nothing of whether it is there
        assert [word.status for word in words] == ["ok"] * len(words)
    assert words[0].end - words[0].start > 1.0 and words[-1].end - words[-1].start > 1.0


@pytest.mark.slow
def test_digits_one_by_one_by_pocketsphinx(tmp_path: Path) -> None:
    said = "The number of the room is nine eight two five and it is on the second floor."
    try:
        subprocess.run(["flite", "-voice", "slt", "-t", said, "-o", str(tmp_path / "said.wav")], check=True)
    except FileNotFoundError:
        pytest.skip("needs flite: apt-get install flite")
    kind = load_plugin(Aligner, "pocketsphinx")
    aligners = Pairing(kind(Weights("en-us", None), Device()))
    made = aligned(
        [tmp_path / "said.wav"], "The number of the room is 9825 and it is on the 2nd floor.", aligners, tmp_path
    )
    words = {word.text: word for word in made.segments[0].words}
    assert words["9825"].status == "ok" and words["9825"].end - words["9825"].start > 0.9


def test_digits_joined_by_hyphens_may_be_said_one_by_one() -> None:
    assert ("nine", "eight", "two", "five") in readings("9-8-2-5", "en")
    assert readings("555-0199,", "en")[1] == ("five", "five", "five", "zero", "one", "nine", "nine")
    assert readings("5-7", "en")[0] == ("five", "to", "seven"), "a range all the same"
