"""Whisper on the tiny trained checkpoint: words, times, batches, the ladder of temperatures, loading and converting."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jiwer
import numpy as np
import pytest
from asr_plugins.whisper import Whisper
from asr_plugins.whisper import engine as engine_module
from asr_plugins.whisper.decode import Decoder
from asr_plugins.whisper.encodings import MOST, Encodings
from asr_plugins.whisper.engine import with_all_merges
from asr_plugins.whisper.windows import DOUBTFUL, closed, compression_ratio
from asr_plugins.whisper.words import Piece, Span, before, certainty, drawn_out, parted, split_pieces, tighten
from tokenizers import Tokenizer
from tokenizers.models import BPE, WordLevel
from tokenizers.pre_tokenizers import ByteLevel

from asrcli.engine import Device
from asrcli.errors import MissingExtra, ModelError, OutOfMemory, UsageError
from asrcli.types import Clip, Flag, Options, Recording, Region, Segment, Word
from asrcli.weights import models
from asrcli.weights.hashes import hash_local
from tests.clips import clip

ROOT = Path(__file__).parent.parent
CHECKPOINT = Path(__file__).parent / "checkpoints/whisper-digits-ct2"
WORDS = Options(language="en", word_timestamps=True)


def load(folder: Path = CHECKPOINT, dtype: str = "auto") -> Whisper:
    weights = models.resolve(Whisper, str(folder), offline=True, pull=False, announce=print)
    return Whisper(weights, Device("cpu", 0, dtype, 1))


@pytest.fixture(scope="module")
def whisper() -> Iterator[Whisper]:
    yield load()


@pytest.fixture(scope="module")
def strings(digit_strings: list[tuple[Path, str]]) -> tuple[list[Clip], list[str]]:
    return [clip(path) for path, _ in digit_strings], [text for _, text in digit_strings]


def texts(found: Sequence[Sequence[Segment]]) -> list[str]:
    return [" ".join(segment.text for segment in own) for own in found]


# What it hears


@pytest.mark.parametrize("count", [2, pytest.param(24, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(beam_size=1),
        *(pytest.param(one, marks=pytest.mark.slow) for one in (WORDS, Options(language="en", batched=False))),
    ],
    ids=["batched", "greedy", "words", "in sequence"],
)
def test_hears_digits(whisper: Whisper, strings: tuple[list[Clip], list[str]], options: Options, count: int) -> None:
    clips, references = (one[:count] for one in strings)
    assert jiwer.wer(references, texts(whisper.transcribe(clips, options))) < 0.10


@pytest.mark.slow
def test_batches_hear_what_faster_whisper_hears(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    clips = strings[0][:2]
    by_hand = []
    for one in clips:
        found, _ = whisper._model.transcribe(one.samples, language="en")
        by_hand.append(" ".join(segment.text.strip() for segment in found))
    assert texts(whisper.transcribe(clips, Options(language="en"))) == by_hand


def human_strings(folder: Path, count: int) -> Iterator[tuple[Clip, str, list[tuple[float, float]]]]:
    """Join takes 3 and 4 of one speaker, which the model was not trained on, with short pauses."""
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    rng = np.random.default_rng(7)
    speakers = sorted({path.stem.split("_")[1] for path in folder.glob("*_3.wav")})
    for _ in range(count):
        speaker = speakers[rng.integers(len(speakers))]
        parts, spoken, edges = [np.zeros(int(rng.uniform(0.1, 0.3) * 16000), np.float32)], [], []
        for digit in rng.integers(0, 10, int(rng.integers(3, 7))):
            samples = clip(folder / f"{digit}_{speaker}_{rng.integers(3, 5)}.wav").samples
            begin = sum(map(len, parts)) / 16000
            edges.append((begin, begin + len(samples) / 16000))
            parts += [samples, np.zeros(int(rng.uniform(0.05, 0.3) * 16000), np.float32)]
            spoken.append(names[digit])
        yield Clip(Recording("string"), 0.0, np.concatenate(parts)), " ".join(spoken), edges


@pytest.mark.slow
@pytest.mark.parametrize("count", [4, 60])
def test_hears_people(whisper: Whisper, shared: Path, count: int) -> None:
    clips, references, edges = zip(*human_strings(shared / "fsdd/recordings", count), strict=True)
    found = whisper.transcribe(clips, WORDS)
    assert jiwer.wer(list(references), texts(found)) < 0.10
    # Words lie where they are said: the takes are cut close, so their edges are known.
    off = []
    for own, true, reference in zip(found, edges, references, strict=True):
        words = [word for segment in own for word in segment.words]
        if [word.text for word in words] == reference.split():
            off += [
                abs(word.start - begin) + abs(word.end - end) for word, (begin, end) in zip(words, true, strict=True)
            ]
    assert len(off) > count * 5 / 3 and np.mean(off) / 2 < 0.12


def test_names_the_language(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    for scores in whisper.identify_language(strings[0][:2]):
        assert scores["en"] > 0.9 and len(scores) == 99
    [[segment, *_]] = whisper.transcribe(strings[0][:1], Options())
    assert segment.language == "en"


@pytest.mark.parametrize("dtype", ["int8", pytest.param("float32", marks=pytest.mark.slow)])
def test_every_precision_hears(strings: tuple[list[Clip], list[str]], dtype: str) -> None:
    clips, references = strings
    assert jiwer.wer(references[:2], texts(load(dtype=dtype).transcribe(clips[:2], Options()))) < 0.10


def test_the_precision_in_use_is_the_one_that_auto_stands_for(whisper: Whisper) -> None:
    assert whisper._model.model.compute_type == "int8_float32"
    for kind in ("cpu", "cuda"):
        assert engine_module.compute_type(Device(kind)) == Whisper.dtypes[kind][0]
    assert load(dtype="float32")._model.model.compute_type == "float32"


def test_long_clips_in_sequence(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    assert Whisper.clip_seconds(Options()) == 30.0
    options = Options(language="en", condition_on_previous_text=True, word_timestamps=True)
    assert Whisper.clip_seconds(options) == 600.0
    samples = np.concatenate([one.samples for one in strings[0]])[: 45 * 16000]
    [found] = whisper.transcribe([Clip(Recording("long"), 0.0, samples)], options)
    assert found and found[-1].end > 30.0 and found[-1].end <= 45.0


@pytest.mark.slow
def test_the_text_ends_at_the_token_limit(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    [cut] = whisper.transcribe(strings[0][:1], Options(language="en", max_new_tokens=3))
    assert cut[-1].flags == (Flag.TRUNCATED.value,) and len(cut[-1].tokens) == 3
    [whole] = whisper.transcribe(strings[0][:1], Options(language="en", max_new_tokens=30))
    assert whole[-1].flags == ()


@pytest.mark.slow  # quick with the command: test_search_options.py
def test_sampling_is_repeatable() -> None:
    code = (
        "from tests.test_whisper import load, clip, Options; from pathlib import Path\n"
        "clips = [clip(path) for path in sorted(Path('tests/data/digits').glob('*.wav'))[:3]]\n"
        "options = Options(language='en', temperature=(3.0,), best_of=1, max_new_tokens=20, seed=5)\n"
        "found = load().transcribe(clips, options)\n"
        "print([segment.tokens for own in found for segment in own])"
    )
    command = [sys.executable, "-c", code]
    runs = {subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout for _ in range(2)}
    assert len(runs) == 1 and len(runs.pop()) > 30


# The decoding of a batch, with the network played by a script


@dataclass
class Script:
    """Plays faster-whisper's model: every call of generate takes the next answers."""

    answers: list[
        list[Any]
    ]  # per call, per window: tokens, mean log probability, no speech; or a list of such hypotheses
    real: Any
    calls: list[dict[str, Any]] = field(default_factory=list)
    sure: Sequence[float] = ()  # of each word of a window
    frames: list[int] = field(default_factory=list)  # that the encoder got

    def __post_init__(self) -> None:
        self.hf_tokenizer = self.real.hf_tokenizer
        self.feature_extractor = self.real.feature_extractor
        self.get_prompt = self.real.get_prompt
        self.model = SimpleNamespace(is_multilingual=True, generate=self.generate)

    def encode(self, features: Any) -> Any:
        import ctranslate2

        self.frames.append(features.shape[-1])
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(features[:, :1, :4]))

    def find_alignment(self, tokenizer: Any, tokens: Any, encoded: Any, frames: Any) -> list[list[dict[str, Any]]]:
        """Spread words evenly over what holds sound, as sure as `sure` says; none without it."""
        found = []
        for own, count in zip(tokens, frames, strict=True):
            words, parts = tokenizer.split_to_word_tokens([*own, tokenizer.eot])
            step = count / 100 / (len(words) - 1)
            found.append(
                [
                    {"word": word, "tokens": part, "start": at * step, "end": (at + 1) * step, "probability": sure}
                    for at, (word, part, sure) in enumerate(zip(words, parts, self.sure, strict=False))
                ]
            )
        return found

    def generate(self, encoded: Any, prompts: Any, **options: Any) -> list[Any]:
        self.calls.append({"windows": len(prompts), "prompt": prompts[0], **options})
        results = []
        for answer in self.answers.pop(0):
            hypotheses = answer if isinstance(answer, list) else [answer]
            ids = [[self.hf_tokenizer.token_to_id(token) for token in one[0]] for one in hypotheses]
            assert all(None not in own for own in ids) and len(prompts) == encoded.shape[0]
            scores = [one[1] * (len(own) + 1) / len(own) for one, own in zip(hypotheses, ids, strict=True)]
            results.append(SimpleNamespace(sequences_ids=ids, scores=scores, no_speech_prob=hypotheses[0][2]))
        return results


def stamp(seconds: float) -> str:
    return f"<|{seconds:.2f}|>"


ONE = [stamp(0.0), "Ġone", stamp(1.0)]
LOOP = [stamp(0.0), *["Ġone"] * 60, stamp(9.0)]


def tone(seconds: float, speech: tuple[Region, ...] = ()) -> Clip:
    wave = np.sin(np.arange(round(seconds * 16000)) * 0.3).astype(np.float32) * 0.3
    return Clip(Recording("tone"), 0.0, wave, speech)


def decode(
    whisper: Whisper,
    answers: Any,
    clips: Sequence[Clip],
    sure: Sequence[float] = (),
    fitted: bool = False,
    **options: Any,
) -> tuple[list[list[Segment]], Script]:
    script = Script(answers, whisper._model, sure=sure)
    found = Decoder(script, Options(language="en", **options), windows=8, fitted=fitted).transcribe(clips)
    assert not script.answers, "every answer was asked for"
    return found, script


def test_only_what_failed_is_decoded_again(whisper: Whisper) -> None:
    answers = [
        [(ONE, -0.3, 0.0), (ONE, -2.0, 0.0), (LOOP, -0.1, 0.0)],  # fine, unlikely, a loop
        [(ONE, -0.5, 0.0), (LOOP, -0.1, 0.0)],
        [(ONE, -0.9, 0.0)],
    ]
    found, script = decode(whisper, answers, [tone(5), tone(6), tone(7)])
    assert [call["windows"] for call in script.calls] == [3, 2, 1]
    assert [own[0].temperature for own in found] == [0.0, 0.2, 0.4]
    assert script.calls[0]["beam_size"] == 5 and script.calls[1]["num_hypotheses"] == 5
    assert [call["sampling_temperature"] for call in script.calls] == [1.0, 0.2, 0.4]
    # What passes is still doubtful below a likelihood of 0.45.
    assert [own[0].flags for own in found] == [(), (), (Flag.LOW_CONFIDENCE.value,)]


@pytest.mark.parametrize(("seconds", "frames"), [(1.0, 1500), (9.95, 1500), (12.5, 1800), (29.0, 3000)])
def test_a_clip_that_comes_again_is_decoded_quickly(whisper: Whisper, seconds: float, frames: int) -> None:
    """Little silence behind it, the likeliest word each time, no second try, and no loop to the end of the decoder."""
    clip = replace(tone(seconds), growing=True)
    found, script = decode(whisper, [[(LOOP, -2.0, 0.0)]], [clip])
    assert script.frames == [frames] and script.calls[0]["beam_size"] == 1
    assert script.calls[0]["max_length"] == min(448, 2 * (20 + round(10 * seconds)))
    assert found[0][0].temperature == 0.0
    assert decode(whisper, [[(ONE, -0.1, 0.0)]], [clip], beam_size=3, max_new_tokens=9)[1].calls[0]["beam_size"] == 3
    mixed = decode(whisper, [[(ONE, -0.1, 0.0)] * count for count in (1, 1, 2)], [tone(1), clip, tone(2), tone(1)])[1]
    assert mixed.frames == [3000, frames, 3000] and [call["beam_size"] for call in mixed.calls] == [5, 1, 5]


def test_windows_are_as_wide_as_their_clips_need(whisper: Whisper) -> None:
    """Those of one width go together, whatever lies between them; what a window leaves over needs less."""
    clips = [tone(28), tone(2), tone(11.5), tone(3), tone(9.9), tone(12)]
    answers = [[(ONE, -0.1, 0.0)] * count for count in (3, 2, 1)]
    found, script = decode(whisper, answers, clips, fitted=True)
    assert script.frames == [1500, 2000, 3000] and texts(found) == ["one"] * 6
    assert [call["windows"] for call in script.calls] == [3, 2, 1] and {one["beam_size"] for one in script.calls} == {5}
    unfinished = [stamp(0.0), "Ġone", stamp(20.0), stamp(20.0)]
    _, script = decode(whisper, [[(unfinished, -0.1, 0.0)], [(ONE, -0.1, 0.0)]], [tone(28)], fitted=True)
    assert script.frames == [3000, 1500]


def test_a_fitted_window_that_fails_gets_30_seconds(whisper: Whisper) -> None:
    """Before anything is sampled; one that has them goes up the ladder at once."""
    bad = (LOOP, -0.1, 0.0)
    answers = [[bad, (ONE, -0.1, 0.0)], [bad], [(ONE, -0.2, 0.0)]]
    found, script = decode(whisper, answers, [tone(5), tone(6)], fitted=True)
    assert texts(found) == ["one", "one"] and script.frames == [1500, 3000]
    assert [call["sampling_temperature"] for call in script.calls] == [1.0, 1.0, 0.2]
    _, script = decode(whisper, [[bad], [(ONE, -0.2, 0.0)]], [tone(26)], fitted=True)
    assert script.frames == [3000] and script.calls[1]["sampling_temperature"] == 0.2


def test_an_unlikely_text_of_a_fitted_window_is_not_sampled(whisper: Whisper) -> None:
    """What is sampled is hardly ever likelier than what the search finds; a loop goes up the ladder to its end."""
    unlikely, worse, loop = (ONE, -1.2, 0.0), (["Ġtwo"], -1.5, 0.0), (LOOP, -0.1, 0.0)
    found, script = decode(whisper, [[unlikely]], [tone(5)], fitted=True)
    assert script.frames == [1500] and texts(found) == ["one"]
    found, script = decode(whisper, [[loop], [unlikely]], [tone(5)], fitted=True)
    assert script.frames == [1500, 3000] and texts(found) == ["one"]
    found, script = decode(whisper, [[loop], [loop], [loop], [loop], [worse]], [tone(5)], fitted=True)
    assert script.frames == [1500, 3000] and texts(found) == ["two"]
    assert [call["sampling_temperature"] for call in script.calls] == [1.0, 1.0, 0.2, 0.4, 0.6]
    asked = [[unlikely], [worse], [worse]]
    assert texts(decode(whisper, asked, [tone(5)], fitted=True, temperature=(0.0, 0.2, 0.4))[0]) == ["one"], "as asked"


def test_what_is_decoded_with_30_seconds_keeps_the_better_text(whisper: Whisper) -> None:
    many = ([stamp(0.0), *["Ġone", "Ġtwo"] * 40, stamp(4.0)], -0.1, 0.0)
    found, _ = decode(
        whisper, [[many], [many], [(["Ġtwo"], -1.5, 0.0)]], [tone(4)], fitted=True, compression_ratio_threshold=1000.0
    )
    assert found[0][0].text.startswith("one two one")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (9.0, [(1.0, 1.5), (1.5, 2.0), (7.0, 8.0)]),
        (3.0, [(1.0, 1.5), (1.5, 2.0), (2.0, 3.0)]),  # drawn over what comes next
        (1.7, [(1.0, 1.5), (1.5, 1.6), (1.6, 1.7)]),
        (0.5, [(0.5, 0.5)] * 3),
    ],
)
def test_words_end_where_the_next_window_begins(limit: float, expected: list[tuple[float, float]]) -> None:
    words = [Word("we", 1.0, 1.5), Word("were", 1.5, 2.0), Word("all", 7.0, 8.0, score=0.9)]
    found = before(words, limit)
    assert [(one.start, one.end) for one in found] == [pytest.approx(pair) for pair in expected]
    assert [one.text for one in found] == ["we", "were", "all"] and found[-1].score == 0.9
    assert before([], limit) == ()


def test_of_loops_the_one_that_repeats_less_is_kept(whisper: Whisper) -> None:
    """A loop is the likelier the longer it is: twenty times the same sentence was kept before four times."""
    longer, shorter = ((stamp(0.0), *["Ġone", "Ġtwo"] * many, stamp(4.0)) for many in (60, 30))
    found, _ = decode(whisper, [[(list(longer), -0.1, 0.0)], [(list(shorter), -0.5, 0.0)], [(list(longer), -0.1, 0.0)]],
                      [tone(25)], temperature=(0.0, 0.2, 0.4))  # fmt: skip
    assert found[0][0].text.split().count("one") == 30 and Flag.REPEAT_LOOP.value in found[0][0].flags


def test_of_the_samples_the_likeliest_that_passes_is_kept(whisper: Whisper) -> None:
    """The likeliest of five is a loop where one is; the samples beside it went unread."""
    loop, unlikely, fine, worse = (LOOP, -0.1, 0.0), (ONE, -1.2, 0.0), (["Ġtwo"], -0.8, 0.0), (ONE, -0.9, 0.0)
    answers = [[loop], [[loop, unlikely, fine, worse]]]
    found, script = decode(whisper, answers, [tone(25)])
    assert texts(found) == ["two"] and [call["sampling_temperature"] for call in script.calls] == [1.0, 0.2]
    answers = [[loop], [[loop, unlikely]]]
    assert texts(decode(whisper, answers, [tone(25)], temperature=(0.0, 0.2))[0]) == ["one"], "none passes"


@pytest.mark.parametrize("change", [{"again": True}, {"growing": True}])
def test_what_was_recognised_before_or_comes_again_is_tried_once(whisper: Whisper, change: dict[str, bool]) -> None:
    clip = replace(tone(5), **change)
    found, script = decode(whisper, [[(LOOP, -0.1, 0.0)]], [clip], fitted=True, temperature=(0.0,))
    assert script.frames == [1500] and found[0][0].flags == (Flag.REPEAT_LOOP.value,)


def test_a_loop_in_a_fitted_window_ends_early(whisper: Whisper) -> None:
    """At three times what people say, whatever else is in the batch; what is no loop has all tokens of 30 s then."""
    many = ([stamp(0.0), *["Ġone", "Ġtwo"] * 40, stamp(4.0)], -0.1, 0.0)
    loose = {"compression_ratio_threshold": 1000.0}
    answers = [[(ONE, -0.1, 0.0), many], [many], [many]]
    found, script = decode(whisper, answers, [tone(9), tone(4)], fitted=True, **loose)
    lengths = [2 * (20 + 36), 2 * (20 + 90), 2 * 83]  # as many as people say, all, and one more than there were
    assert [call["max_length"] for call in script.calls] == lengths and script.frames == [1500, 3000]
    assert len(found[1][0].tokens) == 82 and found[1][0].flags == ()
    _, script = decode(whisper, [[many], [many]], [tone(9)], fitted=True, **loose)
    assert script.frames == [1500], "it is not too many of a longer clip"
    cut, _ = decode(whisper, [[many], [many]], [replace(tone(4), again=True)], fitted=True, **loose)
    assert cut[0][-1].flags == (Flag.TRUNCATED.value,), "which does not count"


def test_a_loop_is_known_after_as_many_tokens_as_people_say(whisper: Whisper) -> None:
    """What is none is decoded to its end, and from then on, as some scripts take many tokens, begun with as many."""
    loop = ([stamp(0.0), *["Ġone"] * 59], -0.1, 0.0)
    found, script = decode(whisper, [[loop], [(ONE, -0.1, 0.0)]], [tone(9.9)], fitted=True)
    assert [call["max_length"] for call in script.calls] == [2 * 60, 2 * 60] and texts(found) == ["one"]
    dense = ([stamp(0.0), *["Ġone", "Ġtwo"] * 35], -0.1, 0.0)
    answers, loose = [[dense], [dense], [dense]], {"compression_ratio_threshold": 1000.0}
    found, script = decode(whisper, answers, [tone(9.9), tone(20)], fitted=True, **loose)
    assert [call["max_length"] for call in script.calls] == [2 * 60, 2 * 119, 2 * 125]
    assert [len(own[0].tokens) for own in found] == [71, 71] and not found[0][0].flags
    assert decode(whisper, [[loop], [(ONE, -0.1, 0.0)]], [tone(9.9)])[1].calls[0]["max_length"] == 448


def test_where_decoding_stops_first_changes_no_text(
    whisper: Whisper, strings: tuple[list[Clip], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, limits, search = strings[0][:4], list[int](), Decoder._search
    whole = texts(whisper.transcribe(clips, Options(language="en")))

    def recorded(self: Decoder, batch: Any, encoded: Any, temperature: float, wanted: int) -> Any:
        limits.append(wanted)
        return search(self, batch, encoded, temperature, wanted)

    monkeypatch.setattr(Decoder, "_search", recorded)
    monkeypatch.setattr("asr_plugins.whisper.decode.MOST_TOKENS", 1)
    monkeypatch.setattr("asr_plugins.whisper.decode.USUAL_PACE", 0.1)
    assert texts(whisper.transcribe(clips, Options(language="en"))) == whole and min(limits) < 5 < max(limits)


@pytest.mark.slow
def test_fitted_windows_hear_the_same_alone_and_together(
    whisper: Whisper, strings: tuple[list[Clip], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU; neither does whether the language was asked for change the text."""
    clips = strings[0][:3]
    clips = [*clips, replace(clips[0], samples=np.concatenate([one.samples for one in strings[0][:5]]))]
    widths: list[int] = []
    encode = whisper._model.encode
    monkeypatch.setattr(
        whisper._model, "encode", lambda features: widths.append(features.shape[-1]) or encode(features)
    )
    together = whisper.transcribe(clips, Options(language="en"))
    assert min(widths) == 1500 < max(widths) <= 3000 and all(texts(together))
    scores = whisper.identify_language(clips)
    assert scores == [whisper.identify_language([one])[0] for one in clips]
    alone = [whisper.transcribe([one], Options(language="en"))[0] for one in clips]
    assert texts(alone) == texts(together)


def test_quick_decoding_hears_digits(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    clips, references = (one[:8] for one in strings)
    quick = [whisper.transcribe([replace(one, growing=True)], Options())[0] for one in clips]
    assert jiwer.wer(references, texts(quick)) < 0.10


def test_each_segment_is_as_sure_as_its_words(whisper: Whisper) -> None:
    """One window has one likelihood, and yet one of its segments may be the only one to doubt."""
    two = [stamp(0.0), "Ġone", "Ġtwo", stamp(2.0), stamp(2.0), "Ġthree", "Ġfour", stamp(4.0)]
    found, _ = decode(whisper, [[(two, -0.2, 0.0)]], [tone(4)], sure=(0.9, 0.9, 0.5, 0.32))
    assert [one.score for one in found[0]] == [0.9, 0.4]
    assert [one.flags for one in found[0]] == [(), (Flag.LOW_CONFIDENCE.value,)]
    assert not any(one.words for one in found[0]), "nobody asked for them"


def test_one_odd_word_among_many_is_no_doubt(whisper: Whisper) -> None:
    """A name that was guessed right has one per cent, and the geometric mean of the sentence is 0.52."""
    text = [stamp(0.0), *(f"Ġ{word}" for word in ("one", "two", "three", "four", "five", "six", "seven")), stamp(4.0)]
    found, _ = decode(whisper, [[(text, -0.2, 0.0)]], [tone(4)], sure=(0.01, *[0.99] * 6))
    assert [one.flags for one in found[0]] == [()] and found[0][0].score == pytest.approx(0.514, abs=0.01)
    found, _ = decode(whisper, [[(text, -0.2, 0.0)]], [tone(4)], sure=[0.65] * 7)
    assert [one.flags for one in found[0]] == [(Flag.LOW_CONFIDENCE.value,)], "half heard"


def test_the_user_chooses_below_which_score_a_segment_is_doubtful(whisper: Whisper) -> None:
    def flags(sure: float, likely: float, **options: Any) -> tuple[str, ...]:
        text = [stamp(0.0), *["Ġone"] * 4, stamp(4.0)]
        found, _ = decode(whisper, [[(text, likely, 0.0)]], [tone(5)], sure=[sure] * 4, **options)
        return found[0][0].flags

    doubtful = (Flag.LOW_CONFIDENCE.value,)
    assert flags(0.55, -0.2) == doubtful
    assert flags(0.72, -0.2) == flags(0.9, -0.9) == (), "an unlikely window says nothing of a segment that is sure"
    low, high = {"engine_options": (("low_confidence", 0.4),)}, {"engine_options": (("low_confidence", 0.8),)}
    assert flags(0.55, -0.2, **low) == ()
    assert flags(0.72, -0.2, **high) == doubtful and flags(0.9, -0.2, **high) == ()


def test_speech_between_words_parts_a_segment(whisper: Whisper) -> None:
    """What was said there is missing: it becomes a gap between two segments."""
    words = [Word("we", 0.0, 0.4), Word("had.", 0.5, 1.0), Word("It", 4.0, 4.2), Word("was", 4.3, 4.5)]
    spans = [Span(" we", (1,)), Span(" had.", (2, 3)), Span(" It", (4,)), Span(" was", (5,))]
    piece = Piece("we had. It was", 0.0, 4.5, (9, 1, 2, 3, 4, 5, 9), words=tuple(words), spans=tuple(spans))
    assert list(parted(piece, [])) == list(parted(piece, [Region(0, 1.5), Region(3.8, 5)])) == [piece], "a pause"
    first, second = parted(piece, [Region(0, 2.3), Region(2.5, 5)])
    assert (first.text, first.start, first.end, first.tokens) == ("we had.", 0.0, 1.0, (1, 2, 3))
    assert (second.text, second.start, second.end, second.tokens) == ("It was", 4.0, 4.5, (4, 5))


@pytest.mark.parametrize(
    ("sure", "doubtful"),
    [
        ([0.9] * 20, False),
        ([0.9] * 20 + [0.4] * 6 + [0.9] * 20, True),  # six words are lost in a long sentence
        ([0.9] * 20 + [0.35] * 3 + [0.9] * 20, True),  # or three
        ([0.9] * 20 + [0.4] * 4 + [0.9] * 20, False),  # odd names, and right
        ([0.7, 0.3, 0.4, 0.9, 0.9, 0.9, 0.9], False),
        ([0.5, 0.6, 0.5], True),
        ([0.03, 0.83], False),  # "Thursday afternoon.", and right
        ([0.56, 0.57], False),  # a heading, and right: words by themselves are less sure
        ([0.1, 0.3], True),
    ],
)
def test_six_doubtful_words_make_a_long_segment_doubtful(sure: list[float], doubtful: bool) -> None:
    words = tuple(Word("x", at, at + 1, one) for at, one in enumerate(sure))
    found = certainty(words)
    assert (found < DOUBTFUL) == doubtful
    assert found <= sum(sure) / len(sure) or len(sure) < 4


def said(*words: tuple[str, float, float]) -> list[Word]:
    return [Word(*one) for one in words]


PRICE = said(("The", 2.3, 2.9), ("price", 2.9, 5.7), ("of", 5.8, 6.1), ("sugar", 6.1, 6.4))
SLOWLY = said(("Ever", 0.2, 0.9), ("tried.", 0.9, 1.6), ("Ever", 2.6, 3.3), ("failed.", 3.3, 4.1))


@pytest.mark.parametrize(
    ("words", "speech", "drawn"),
    [
        (PRICE, ((2.2, 5.0), (5.1, 9.0)), True),  # over the sentence before, which was left out
        (PRICE, ((2.2, 2.8), (5.3, 9.0)), False),  # over a pause
        (PRICE, (), False),  # nobody looked for speech
        (SLOWLY, ((0.0, 1.8), (2.4, 4.3)), False),
        (said(("in", 0.0, 0.2), ("1965", 0.2, 1.6), ("and", 1.6, 1.8)), ((0.0, 2.0),), False),
        (said(("No.", 0.2, 2.5)), ((0.0, 2.6),), False),  # nobody knows how slowly it is said
        (said(*((word, at, at + 0.9) for at, word in enumerate("this is me so slow".split()))), ((0.0, 5.0),), False),
        (said(("slowly", 0, 1.2), ("down", 1.2, 2), ("here", 2, 2.8), ("again", 2.8, 6)), ((0, 6),), True),
    ],
)
def test_words_drawn_out_over_others_are_told(words: list[Word], speech: tuple[Any, ...], drawn: bool) -> None:
    assert (drawn_out(words, [Region(*one) for one in speech]) > 0.1) == drawn


def test_a_segment_with_words_drawn_out_is_flagged(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model writes four words for ten seconds of speech, as if one went on for most of these, however sure it is.

    What it is sure of may be read slowly.
    """
    text = [stamp(0.0), *["Ġone"] * 4, stamp(9.0)]
    align, flags = Script.find_alignment, []
    monkeypatch.setattr(Script, "find_alignment", lambda *given: [late(own) for own in align(*given)])
    for seconds, sure in ((10.0, 0.9), (10.0, 0.98), (3.0, 0.98), (3.0, 0.8), (2.0, 0.9)):
        clip = tone(10, (Region(0.0, seconds),))
        flags.append(decode(whisper, [[(text, -0.2, 0.0)]], [clip], sure=[sure] * 4)[0][0][0].flags)
    drawn = (Flag.RATE_ANOMALY.value,)
    assert flags == [drawn, drawn, (), drawn, ()]


def late(words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return words of 0.4 s whose last one goes on for all the rest."""
    last = len(words) - 1
    return [{**one, "start": 0.4 * at, "end": 10.0 if at == last else 0.4 * (at + 1)} for at, one in enumerate(words)]


def test_when_everything_fails_the_likeliest_without_a_loop_is_kept(whisper: Whisper) -> None:
    answers = [[(LOOP, -0.1, 0.0)], [(ONE, -2.5, 0.0)], [(ONE, -1.5, 0.0)], [(LOOP, -0.2, 0.0)]]
    found, _ = decode(whisper, answers, [tone(5)], temperature=(0.0, 0.2, 0.4, 0.6))
    assert found[0][0].temperature == 0.4 and found[0][0].avg_logprob == pytest.approx(-1.5)
    looped, _ = decode(whisper, [[(LOOP, -0.1, 0.0)]], [tone(10)], temperature=(0.0,))
    assert looped[0][0].flags == (Flag.REPEAT_LOOP.value,)


def test_unlikely_text_without_speech_is_silence(whisper: Whisper) -> None:
    assert decode(whisper, [[(ONE, -1.5, 0.9)]], [tone(5)])[0] == [[]], "and is not decoded again"
    assert texts(decode(whisper, [[(ONE, -0.5, 0.9)]], [tone(5)])[0]) == ["one"], "likely text is kept"
    assert decode(whisper, [[(ONE, -0.5, 0.5)]], [tone(5)], no_speech_threshold=0.4, logprob_threshold=-0.4)[0] == [[]]


def test_what_a_window_leaves_over_is_decoded_next(whisper: Whisper) -> None:
    unfinished = [stamp(0.0), "Ġone", stamp(4.0), stamp(4.0)]
    found, _ = decode(whisper, [[(unfinished, -0.1, 0.0)], [(ONE, -0.1, 0.0)]], [tone(10)])
    assert [(segment.text, segment.start, segment.end) for segment in found[0]] == [
        ("one", 0.0, 4.0),
        ("one", 4.0, 5.0),
    ]
    quiet = (Region(0.0, 4.2),)
    assert texts(decode(whisper, [[(unfinished, -0.1, 0.0)]], [tone(10, quiet)])[0]) == ["one"], "no speech is left"
    assert texts(decode(whisper, [[(unfinished, -0.1, 0.0)]], [tone(4.5)])[0]) == ["one"], "too little is left"


@pytest.mark.slow
def test_languages_share_a_batch(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    mixed = [replace(one, language=code) for one, code in zip(strings[0][:3], ("en", "de", "en"), strict=True)]
    found = whisper.transcribe(mixed, Options(word_timestamps=True))
    assert [own[0].language for own in found if own][:1] == ["en"]
    for one, own in zip(mixed, found, strict=True):
        alone = whisper.transcribe([one], Options(word_timestamps=True))[0]
        assert [(segment.text, segment.start) for segment in own] == [
            (segment.text, segment.start) for segment in alone
        ]
        assert all(segment.language == one.language and segment.words for segment in own)


def test_many_clips_go_in_several_batches(whisper: Whisper) -> None:
    answers = [[(ONE, -0.1, 0.0)] * 8, [(ONE, -0.1, 0.0)] * 3]
    found, script = decode(whisper, answers, [tone(2)] * 11)
    assert texts(found) == ["one"] * 11 and [call["windows"] for call in script.calls] == [8, 3]


def test_prompt_and_hotwords_come_before_the_task(whisper: Whisper) -> None:
    _, script = decode(whisper, [[(ONE, -0.1, 0.0)]], [tone(2)], prompt="one two", hotwords=("nine",), task="translate")
    tokens = [whisper._model.hf_tokenizer.id_to_token(token) for token in script.calls[0]["prompt"]]
    assert tokens == [
        "<|startofprev|>", "Ġnine", "Ġone", "Ġtwo", ".", "<|startoftranscript|>", "<|en|>", "<|translate|>",
    ]  # fmt: skip


def test_a_tokenizer_without_its_first_merge_gets_it() -> None:
    """As in the published file of base, in which no merge makes the token of a space and "t"."""
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("Ġ", "a")]
    tokens = ["Ġ", "t", "h", "e", "a", *("".join(pair) for pair in merges)]

    def made(pairs: list[tuple[str, str]]) -> Tokenizer:
        tokenizer = Tokenizer(BPE({token: number for number, token in enumerate(tokens)}, pairs))
        tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
        return tokenizer

    whole, broken = made(merges), made(merges[1:])
    assert broken.encode(" the a").tokens == ["Ġ", "t", "he", "Ġa"], "what it is about"
    mended = with_all_merges(broken)
    assert mended.encode(" the a").tokens == whole.encode(" the a").tokens == ["Ġthe", "Ġa"]
    assert with_all_merges(whole) is whole and with_all_merges(mended) is mended
    other = Tokenizer(WordLevel({"Ġt": 0, "x": 1}, "x"))
    assert with_all_merges(other).encode("Ġt").ids == [0]


@pytest.mark.parametrize(
    ("prompt", "closes"),
    [
        (" Mister John ", "Mister John."), ("He said so.", "He said so."), ("Did he?”", "Did he?”"), ("(No!)", "(No!)"),
        ("Names: Anna, Ben", "Names: Anna, Ben."), ("会议记录", "会议记录。"), ("会议。", "会议。"), ("회의", "회의."),
        ("क्या।", "क्या।"), ("...", "..."), ('"', '"'),
    ],
)  # fmt: skip
def test_a_prompt_ends_with_a_sentence(prompt: str, closes: str) -> None:
    """Whisper goes on with a sentence that the prompt leaves open, past words that the recording says again."""
    assert closed(prompt) == closes


def test_options_reach_the_search(whisper: Whisper) -> None:
    given = {
        "beam_size": 3,
        "patience": 2.0,
        "length_penalty": 0.5,
        "repetition_penalty": 1.1,
        "no_repeat_ngram_size": 4,
    }
    _, script = decode(whisper, [[(ONE, -0.1, 0.0)]], [tone(2)], suppress_tokens=(7,), max_new_tokens=40, **given)
    call = script.calls[0]
    assert {name: call[name] for name in given} == given
    assert 7 in call["suppress_tokens"] and call["max_length"] == 80
    found = decode(whisper, [[(ONE, -0.1, 0.0)]], [tone(2)], length_penalty=1.0)[0]
    assert found[0][0].avg_logprob == pytest.approx(-0.1)


# Tokens to text and times


def pieces(*tokens: str, seconds: float = 10.0) -> list[tuple[str, float, float, bool]]:
    from faster_whisper.tokenizer import Tokenizer
    from tokenizers import Tokenizer as Tokens

    tokenizer = Tokenizer(Tokens.from_file(str(CHECKPOINT / "tokenizer.json")), True, "transcribe", "en")
    ids = [tokenizer.tokenizer.token_to_id(token) for token in tokens]
    found = split_pieces(ids, tokenizer, seconds)
    return [(piece.text, round(piece.start, 2), round(piece.end, 2), piece.goes_on) for piece in found]


def test_timestamps_cut_the_text() -> None:
    assert pieces(stamp(0.5), "Ġone", stamp(1.0), stamp(1.5), "Ġtwo", stamp(2.0)) == [
        ("one", 0.5, 1.0, False),
        ("two", 1.5, 2.0, False),
    ]
    assert pieces(stamp(0.0), "Ġone", stamp(1.0), stamp(1.0)) == [("one", 0.0, 1.0, True)]


def test_text_left_open_is_kept_to_the_end() -> None:
    assert pieces(stamp(0.0), "Ġone", stamp(1.0), stamp(1.2), "Ġtwo", seconds=4.0)[1] == ("two", 1.2, 4.0, False)
    assert pieces("Ġone", "Ġtwo", seconds=4.0) == [("one two", 0.0, 4.0, False)]
    assert pieces() == [] and pieces(stamp(0.0)) == [] and pieces(stamp(0.0), stamp(0.0)) == []


def test_timestamps_after_the_end_are_moved_into_the_clip() -> None:
    assert pieces(stamp(3.0), "Ġone", stamp(29.0), seconds=4.0) == [("one", 3.0, 4.0, False)]
    assert pieces(stamp(8.0), "Ġone", stamp(9.0), seconds=4.0) == [("one", 4.0, 4.0, False)]


def test_words_let_go_of_the_pause_before_them() -> None:
    samples = np.zeros(3 * 16000, dtype=np.float32)
    samples[8000:16000] = samples[32000:40000] = 0.3
    words = tighten([Word("one", 0.0, 1.2), Word("two", 1.2, 3.0)], samples)
    assert [(word.start, word.end) for word in words] == [(0.5, 1.0), (2.0, 2.5)]
    loud = np.full(3 * 16000, 0.3, dtype=np.float32)
    assert tighten([Word("one", 0.0, 1.2)], loud) == (Word("one", 0.0, 1.2),)
    assert tighten([Word("x", 2.9, 2.9)], samples) == (Word("x", 2.9, 2.9),) and tighten([], samples) == ()


def test_compression_finds_loops() -> None:
    assert compression_ratio("") == 0.0
    assert compression_ratio("the quick brown fox jumps over the lazy dog") < 1.2
    assert compression_ratio(" again" * 50) > 2.4


# Loading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKPOINT, tmp_path / "model"))


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json", "vocabulary.json"])
def test_a_folder_with_a_file_missing_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name) as caught:
        load(folder)
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)


def test_a_damaged_model_is_refused(folder: Path) -> None:
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:100_000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)
    (folder / "model.bin").write_bytes(b"not a model at all")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)


def test_a_damaged_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)


def test_weights_that_do_not_fit_are_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import faster_whisper

    def full(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(faster_whisper, "WhisperModel", full)
    with pytest.raises(OutOfMemory):
        load()


def test_an_english_model_speaks_english_only(folder: Path, strings: tuple[list[Clip], list[str]]) -> None:
    # CTranslate2 takes a model for multilingual when the empty token is in its vocabulary.
    vocabulary = json.loads((folder / "vocabulary.json").read_text())
    vocabulary[vocabulary.index("")] = "<|nothing|>"
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    english = load(folder)
    assert english.identify_language(strings[0][:2]) == [{"en": 1.0}] * 2
    assert len(english.transcribe(strings[0][:2], Options())) == 2
    with pytest.raises(UsageError, match=r"'de'.*only: en"):
        english.transcribe(strings[0][:1], Options(language="de"))


def test_a_language_nobody_speaks(whisper: Whisper, strings: tuple[list[Clip], list[str]]) -> None:
    with pytest.raises(UsageError, match="'tlh'"):
        whisper.transcribe(strings[0][:1], Options(language="tlh"))


# Folders of the transformers library


@pytest.fixture
def transformers_folder(checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("transformers")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copytree(checkpoints / "whisper-digits", tmp_path / "hf"))


@pytest.mark.slow
def test_a_transformers_folder_is_converted_once(
    transformers_folder: Path, strings: tuple[list[Clip], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from asr_plugins.whisper import convert

    clips, references = strings
    assert jiwer.wer(references[:2], texts(load(transformers_folder).transcribe(clips[:2], Options()))) < 0.10
    monkeypatch.setattr(convert, "_convert", lambda *paths: pytest.fail("converted again"))
    load(transformers_folder)
    kept = list((transformers_folder.parent / "cache/asr/whisper-ct2").iterdir())
    assert [path.name for path in kept] == [hash_local(transformers_folder)], "and nothing half done beside it"


@pytest.mark.slow
def test_an_older_transformers_folder_is_converted(
    transformers_folder: Path, strings: tuple[list[Clip], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    tokenizer = json.loads((transformers_folder / "tokenizer.json").read_text())
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]]
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    (transformers_folder / "vocab.json").write_text(json.dumps(tokenizer["model"]["vocab"]))
    (transformers_folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    (transformers_folder / "added_tokens.json").write_text(json.dumps(special))
    (transformers_folder / "tokenizer.json").unlink()
    clips, references = strings
    assert jiwer.wer(references[:2], texts(load(transformers_folder).transcribe(clips[:2], Options()))) < 0.10
    assert capfd.readouterr() == ("", ""), "no bars where nobody looks"


@pytest.mark.slow
def test_a_conversion_that_fails_leaves_nothing(transformers_folder: Path) -> None:
    (transformers_folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be converted"):
        load(transformers_folder)
    assert list((transformers_folder.parent / "cache/asr/whisper-ct2").iterdir()) == []


def test_conversion_needs_its_extra(transformers_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else real(name))
    with pytest.raises(MissingExtra, match=r"pip install 'asrcli\[convert\]'"):
        load(transformers_folder)


def test_pickled_weights_are_not_converted(transformers_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("touch owned",)

    monkeypatch.chdir(transformers_folder.parent)
    (transformers_folder / "model.safetensors").unlink()
    (transformers_folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(ModelError, match="not safe to load"):
        load(transformers_folder)
    assert not (transformers_folder.parent / "owned").exists()


@pytest.mark.slow
def test_a_clip_is_encoded_once_for_its_language_and_its_text(
    digit_strings: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load()
    clips = [clip(path) for path, _ in digit_strings[:2]]
    plain = engine.transcribe(clips, Options())
    rows: list[int] = []
    encode = engine._model.encode
    monkeypatch.setattr(engine._model, "encode", lambda features: rows.append(len(features)) or encode(features))
    engine.identify_language(clips[:1])
    voted = [replace(one, language="en") for one in clips]
    assert engine.transcribe(voted, Options()) == plain
    assert rows == [1, 1]
    rows.clear()
    assert engine.transcribe(voted, Options()) == plain and sum(rows) == 2, "each is taken once"


def test_encodings_are_bounded() -> None:
    kept = Encodings()
    sounds = [np.zeros(3, np.float32) for _ in range(MOST + 1)]
    for sound in sounds:
        kept.put(sound, np.zeros((1, 1), np.float32))
    assert [kept.take(sound) is None for sound in sounds] == [True] + [False] * MOST
    assert all(kept.take(sound) is None for sound in sounds)
