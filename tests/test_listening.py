"""A recogniser that tells which words are there: what it hears matched with the text, and `asr align --listener`."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.choice import choose_verifier
from asrcli.alignment.listening import (
    ALIKE,
    JOINED,
    LEAP,
    MORE_UNTOLD,
    NEAR,
    PAIRS,
    SUBSTITUTED,
    UNTOLD,
    Match,
    Piece,
    _spoken,
    best_path,
    match,
    merged,
)
from asrcli.engine import load_plugin
from asrcli.engines import selection
from asrcli.errors import UsageError
from asrcli.types import Clip, Recording
from tests.clips import clip

DIGITS = Path(__file__).parent / "data/digits"
SEA = "we went to the sea and the day was long to be sure and then we came to the house at last"


def numbers(heard: str, text: str) -> str:
    """Return the numbers of the words of a text that are heard, with ``?`` where another was heard in their place."""
    found = match(heard.split(), text.split())
    return " ".join(f"{number}{'' if one.share else '?'}" for one in found for number in range(one.first, one.last))


@pytest.mark.parametrize(
    ("heard", "text", "found"),
    [
        ("the quick brown fox", "The quick, brown fox jumps over", "0 1 2 3"),
        ("well the er quick brown fox", "the quick brown fox", "0 1 2 3"),
        ("the quick brow fox", "the quick brown fox", "0 1 2 3"),
        ("the quick green fox runs", "the quick brown fox runs", "0 1 2? 3 4"),
        ("the quick brown uh", "the quick brown fox runs", "0 1 2"),
        ("every body knows fortytwo of them", "everybody knows forty two of them", "0 1 2 3 4 5"),
        ("Strasse und Café", "STRASSE UND CAFE\u0301", "0 1 2"),
        ("你 好 世 界", "你 好 吗 世 界", "0 1 3 4"),
        ("", "a b", ""),
        ("one two", "", ""),
        ("uno dos tres", "eins zwei drei", ""),
    ],
)
def test_words_that_are_heard(heard: str, text: str, found: str) -> None:
    assert numbers(heard, text) == found


def test_the_share_of_letters() -> None:
    shares = [one.share for one in match(["the", "colors", "ran", "green"], ["the", "colours", "never", "green"])]
    assert shares == pytest.approx([1.0, 12 / 13, 0.0, 1.0])


def test_a_paragraph_that_is_not_said_is_leapt_over_whole() -> None:
    """Its small words are in what follows, too."""
    text = SEA.split()
    heard = text[:5] + text[14:]
    found = [number for one in match(heard, text) for number in range(one.first, one.last)]
    assert found == [*range(5), *range(14, len(text))]


def test_a_passage_that_the_text_lacks_stays_whole() -> None:
    text = ["one", "two", "three", "four", "five", "six"]
    heard = [*text[:3], "two", "four", "one", "five", "three", "six", "two", *text[3:]]
    found = match(heard, text)
    assert [one.spoken for one in found] == [0, 1, 2, 10, 11, 12]


def test_of_equal_places_the_nearest() -> None:
    minute = ["nine", "eight", "two", "five"]
    assert [one.first for one in match(minute, minute * 50)] == [0, 1, 2, 3]
    assert [one.first for one in match(minute, ["zero"] * 20 + minute * 50)] == [20, 21, 22, 23]


def best_score(heard: Sequence[str], words: Sequence[str]) -> float:
    """Return the score of the best path, searched from its end by recursion."""
    from rapidfuzz.distance import Indel

    @cache
    def best(row: int, column: int, way: str) -> float:
        if row == column == 0:
            return 0.0 if way == "word" else -1e9
        found = [-1e9]
        if way == "leap":
            found += [
                best(row, at, one) - LEAP - NEAR * (column - at) for at in range(column) for one in ("word", "untold")
            ]
        elif way == "untold" and row:
            found += [best(row - 1, column, one) - UNTOLD for one in ("word", "leap", "untold")]
            found.append(best(row - 1, column, "untold") - MORE_UNTOLD)
        elif way == "word":
            for down, across in PAIRS:
                if row >= down and column >= across:
                    said, told = "".join(heard[row - down : row]), "".join(words[column - across : column])
                    share = Indel.normalized_similarity(said, told)
                    single = (down, across) == (1, 1)
                    gain = max(down, across) * (2 * share - 1) if share > (ALIKE if single else JOINED) else None
                    if gain is None and single:
                        gain = -SUBSTITUTED
                    if gain is not None:
                        found += [best(row - down, column - across, one) + gain for one in ("word", "leap", "untold")]
        return max(found)

    return max(best(len(heard), at, way) for at in range(len(words) + 1) for way in ("word", "untold"))


def score_of(path: Sequence[Match], heard: Sequence[str], words: Sequence[str]) -> float:
    """Return the score of one path."""
    from rapidfuzz.distance import Indel

    total, row, column = 0.0, 0, 0
    for one in [*path, None]:
        until = one.spoken if one else len(heard)
        if until > row:
            total -= UNTOLD + MORE_UNTOLD * (until - row - 1)
        if one is None:
            return total
        if one.first > column:
            total -= LEAP + NEAR * (one.first - column)
        said, told = "".join(heard[one.spoken : one.spoken_end]), "".join(words[one.first : one.last])
        share = Indel.normalized_similarity(said, told)
        total += max(one.spoken_end - one.spoken, one.last - one.first) * (2 * share - 1) if one.share else -SUBSTITUTED
        row, column = one.spoken_end, one.last
    raise AssertionError


texts = st.lists(st.sampled_from(["a", "b", "ab", "abc", "c"]), max_size=7)


@settings(max_examples=200)
@given(heard=texts, words=texts)
def test_no_path_is_better(heard: list[str], words: list[str]) -> None:
    if heard and words:
        score = score_of(best_path(heard, words), heard, words)
        assert score == pytest.approx(best_score(heard, words), abs=1e-9)


@given(heard=texts, words=texts)
def test_all_that_is_heard_is_said_in_order(heard: list[str], words: list[str]) -> None:
    """The aligner gets as much as was heard: words of the text in their order, and the rest as heard."""
    matches = match(heard, words)
    said = list(merged(heard, words, matches))
    assert [place for place, _, _ in said] == sorted(place for place, _, _ in said)
    told = [number for _, _, number in said if number is not None]
    assert told == [number for one in matches for number in range(one.first, one.last)] == sorted(set(told))
    assert all(word == (heard[place] if number is None else words[number]) for place, word, number in said)


# Who listens


def test_who_tells_which_words_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    qwen3, ctc = load_plugin(Aligner, "qwen3"), load_plugin(Aligner, "ctc")
    said: list[str] = []
    assert (
        choose_verifier("auto", ctc, "ja", said.append)
        == choose_verifier("none", ctc, "ja", said.append)
        == (None, None)
    )
    monkeypatch.setattr(selection, "usable", lambda engine, options: (None, ""))
    finder, listener = choose_verifier("auto", qwen3, "en", said.append)
    assert finder is not None and listener is None, "no neural network is here"
    assert choose_verifier("none", qwen3, "en", said.append) == (None, None)
    with pytest.raises(
        UsageError, match="aligner 'ctc' finds by itself which words are there: leave --listener fake out"
    ):
        choose_verifier("fake", ctc, "en", said.append)
    with pytest.raises(UsageError, match="does not speak 'ja'"):
        choose_verifier("pocketsphinx", qwen3, "ja", said.append)
    finder, listener = choose_verifier("whisper:tiny", qwen3, "en", said.append)
    assert finder is None and listener is not None and (listener[0].name, listener[1]) == ("whisper", "tiny")
    here = {"whisper": "tiny", "canary": "2.5b"}
    monkeypatch.setattr(selection, "usable", lambda engine, options: (here.get(engine.name), ""))
    finder, listener = choose_verifier("auto", qwen3, "en", said.append)
    assert finder is None and listener is not None, "any neural recogniser comes before PocketSphinx"
    monkeypatch.setattr("asrcli.alignment.choice.choose_finder", lambda aligner, language: (ctc, "any"))
    finder, listener = choose_verifier("auto", qwen3, "en", said.append)
    assert finder is not None and listener is None, "a neural aligner that finds words costs less than a recogniser"
    monkeypatch.setattr("asrcli.alignment.choice.choose_finder", lambda aligner, language: None)
    for language, name in (("en", "canary"), (None, "whisper")):  # canary speaks English only: not for any language
        _, listener = choose_verifier("auto", qwen3, language, said.append)
        assert listener is not None and listener[0].name == name


def record(path: Path, count: int) -> list[str]:
    """Write so many digit strings one after the other; return their texts."""
    pause = np.zeros(9600, np.float32)
    names = sorted(DIGITS.glob("*.wav"))[:count]
    samples = np.concatenate([part for name in names for part in (clip(name).samples, pause)])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return [name.with_suffix(".txt").read_text().strip() for name in names]


@pytest.mark.slow
def test_a_listener_in_the_shell(asr: Run, tmp_path: Path, checkpoints: Path) -> None:
    """The text is in no language that anybody could guess, and a paragraph of it is not said."""
    lines = record(tmp_path / "talk.wav", 6)
    foreign = "dobar dan svima molim sjednite i slušajte"
    (tmp_path / "talk.txt").write_text("\n".join([*lines[:3], foreign, *lines[3:]]))
    command = ("align", "talk.wav", "talk.txt", "-a", "qwen3", "-m", checkpoints / "qwen3-aligner-digits", "-f", "json")
    model = f"qwen3:{checkpoints / 'qwen3-asr-digits'}"
    done = asr(*command, "-o", "out", "--listener", model)
    assert done.code == 0, done.err
    assert f"{model} tells which words are in the audio" in done.err
    assert "7 words of the text are not in the audio, in one place from 'dobar'" in done.err
    made = json.loads((tmp_path / "out/talk.json").read_text())
    assert made["engine"] == "qwen3"
    statuses = [{word["status"] for word in segment["words"]} for segment in made["segments"]]
    assert [one == {"not_in_audio"} for one in statuses] == [False] * 3 + [True] + [False] * 3
    again = asr(*command, "-o", "out", "--listener", model)
    assert again.out == "" and "1 up to date" in again.err
    other = asr(*command, "-o", "out", "--dry-run")
    assert "finder was" in other.out, "who listens shapes the result"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["-a", "qwen3"], 3, "are in the audio"),  # by whisper:base where its packages are, or by nobody
        (["-a", "qwen3", "--listener", "none"], 3, "aligner 'qwen3' places every word: text that is missing"),
        (["-a", "pocketsphinx", "--listener", "whisper"], 2, "finds by itself which words are there"),
        (["-a", "qwen3", "--listener", "whsiper"], 2, "unknown engine 'whsiper': did you mean 'whisper'?"),
        (["-a", "qwen3", "--listener", "pocketsphinx", "-l", "de"], 2, "does not speak 'de'"),
    ],
)
def test_what_is_said_about_who_listens(asr: Run, tmp_path: Path, options: list[str], code: int, said: str) -> None:
    """The aligner's weights are not here, so nothing goes on after the lines."""
    record(tmp_path / "talk.wav", 1)
    (tmp_path / "talk.txt").write_text("nine eight two five")
    done = asr("align", "talk.wav", "talk.txt", "-f", "json", "--offline", *options)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_a_number_is_heard_as_the_text_says_it() -> None:
    """Whisper writes digits: "9-8-2-5" and "9825" for the same words."""
    sound = Clip(Recording("a.wav"), 0.0, np.zeros(16_000, np.float32))
    time = AlignedWord(0.1, 0.9)
    for written in ("9-8-2-5", "9825"):
        heard = _spoken(Piece(sound, ("It", written), (None, time)), ["so", "nine", "eight", "two", "five"], "en")
        assert heard.words == ("It", "nine", "eight", "two", "five") and heard.times == (None, *[time] * 4)
    assert _spoken(Piece(sound, ("25",), (None,)), ["nothing"], "en").words == ("twenty", "five")
