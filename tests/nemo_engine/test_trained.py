"""Engine and aligner `nemo` on trained models, beside engine `transformers` and aligner `ctc` with the same weights.

NeMo's FastConformer and the Parakeet of the transformers library are two implementations of one network, with features,
decoding and tokenizers of their own: what they agree on is neither's mistake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from asr_plugins.nemo import Nemo
from asr_plugins.nemo.aligner import NemoCtc
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.aligner import Ctc

from asrcli.engine import Device, Weights
from asrcli.types import Clip, Options, Segment, Word
from tests.clips import clip, silence

if Nemo.missing() or Transformers.missing():
    pytest.skip("needs the extras nemo and transformers", allow_module_level=True)

from tests.nemo_engine.restoring import restore
from tests.nemo_engine.trained import archive
from tests.qwen3.test_aligner import known_strings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # NeMo's own, and those of what it imports
]
TIMED = Options(word_timestamps=True)
WORST = {"ctc": 0.0, "tdt": 0.02, "rnnt": 0.08}  # word error rates on tests/data/digits
Strings = list[tuple[Clip, list[str]]]
Archives = Callable[[str], Path]


@dataclass(frozen=True)
class Pair:
    """Both engines on the same weights."""

    kind: str
    nemo: Nemo
    transformers: Transformers
    strings: Strings

    @cached_property
    def timed(self) -> tuple[list[list[Segment]], list[list[Segment]]]:
        """What each of them makes of all strings, with times."""
        clips = [one for one, _ in self.strings]
        return self.nemo.transcribe(clips, TIMED), self.transformers.transcribe(clips, TIMED)


@pytest.fixture(scope="module")
def archives(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Return a function that builds the archive of a kind, once."""
    made: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("trained")

    def get(kind: str) -> Path:
        if kind not in made:
            made[kind] = archive(checkpoints / f"parakeet-{kind}-digits", folder)
        return made[kind]

    return get


@pytest.fixture(
    scope="module", params=["tdt", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ctc", "rnnt"))]
)  # test_engine.py has it
def pair(request: pytest.FixtureRequest, archives: Archives, checkpoints: Path, strings: Strings) -> Pair:
    kind = request.param
    folder = checkpoints / f"parakeet-{kind}-digits"
    nemo = Nemo(Weights(kind, str(archives(kind))), Device(threads=1))
    return Pair(kind, nemo, Transformers(Weights(kind, str(folder)), Device(threads=1)), strings)


@pytest.fixture(scope="module")
def aligners(archives: Archives, checkpoints: Path) -> tuple[NemoCtc, Ctc]:
    folder = checkpoints / "parakeet-ctc-digits"
    nemo = NemoCtc(Weights("ctc", str(archives("ctc"))), Device(threads=1))
    return nemo, Ctc(Weights("ctc", str(folder)), Device(threads=1))


@pytest.fixture(scope="module")
def strings(digit_strings: list[tuple[Path, str]]) -> Strings:
    return [(clip(path), text.split()) for path, text in digit_strings]


def said(found: Sequence[Sequence[Segment]]) -> list[str]:
    return [" ".join(segment.text for segment in own) for own in found]


def words_of(segments: Sequence[Segment]) -> list[Word]:
    return [word for segment in segments for word in segment.words]


def errors(found: Sequence[Word | Any], times: Sequence[tuple[float, float]]) -> list[float]:
    """Return how far each edge of each word is from where it should be, in seconds."""
    pairs = zip(found, times, strict=True)
    return [off for word, (start, end) in pairs for off in (abs(word.start - start), abs(word.end - end))]


# The engine


def test_it_hears_what_the_other_implementation_hears(pair: Pair, strings: Strings) -> None:
    clips, references = [one for one, _ in strings], [" ".join(words) for _, words in strings]
    timed, theirs = pair.timed
    assert jiwer.wer(references, said(theirs)) <= WORST[pair.kind]
    for options, together in ((Options(), pair.nemo.transcribe(clips, Options())), (TIMED, timed)):
        alone = [pair.nemo.transcribe([one], options)[0] for one in clips[:6]]
        assert said(together[:6]) == said(alone) and said(together) == said(theirs)
        assert [one[0].tokens for one in together] == [one[0].tokens for one in theirs]


def test_it_is_as_sure(pair: Pair, strings: Strings) -> None:
    clips = [one for one, _ in strings[:8]]
    untimed = pair.nemo.transcribe(clips, Options()), pair.transformers.transcribe(clips, Options())
    for both in (untimed, pair.timed):
        for (ours,), (theirs,) in zip(*both, strict=True):
            assert ours.avg_logprob is not None and theirs.avg_logprob is not None
            assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=0.02)  # NeMo takes off what chance gives
            for word, other in zip(ours.words, theirs.words, strict=True):
                assert word.score == pytest.approx(other.score, abs=0.02)


@pytest.mark.parametrize("pair", ["tdt", pytest.param("rnnt", marks=pytest.mark.slow)], indirect=True)
def test_it_is_as_sure_where_nemo_leaves_the_softmax_out(
    pair: Pair, strings: Strings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does on a GPU, for transducers."""
    clips = [one for one, _ in strings[:4]]
    before = pair.nemo.transcribe(clips, TIMED)
    monkeypatch.setattr(pair.nemo._model.joint, "log_softmax", False)
    for (left,), (right,) in zip(before, pair.nemo.transcribe(clips, TIMED), strict=True):
        assert right.avg_logprob == pytest.approx(left.avg_logprob, abs=1e-4)
        assert [word.score for word in right.words] == pytest.approx([word.score for word in left.words], abs=1e-3)


def test_words_are_where_the_other_implementation_has_them(pair: Pair, strings: Strings) -> None:
    for (one, _), ours, theirs in zip(strings, *pair.timed, strict=True):
        words, others = words_of(ours), words_of(theirs)
        assert [word.text for word in words] == [word.text for word in others]
        assert words[0].start >= 0.0 and words[-1].end <= one.seconds
        assert all(word.start <= word.end for word in words)
        assert all(left.end <= right.start for left, right in pairwise(words))
        assert [(word.start, word.end) for word in words] == [(word.start, word.end) for word in others]


def test_times_do_not_depend_on_the_other_clips(pair: Pair, strings: Strings) -> None:
    """By itself NeMo mixes up the durations of TDT in a batch."""
    clips = [one for one, _ in strings[:8]]
    for one, own in zip(clips, pair.nemo.transcribe(clips, TIMED), strict=True):
        alone = words_of(pair.nemo.transcribe([one], TIMED)[0])
        assert [(word.start, word.end) for word in words_of(own)] == [(word.start, word.end) for word in alone]


def test_a_pause_is_in_no_word(pair: Pair, strings: Strings) -> None:
    """NeMo's own times of a CTC model give the pause to the word after it."""
    (first, left), (second, _) = strings[0], strings[1]
    samples = np.concatenate((first.samples, np.zeros(12_000, np.float32), second.samples))
    words = words_of(pair.nemo.transcribe([replace(first, samples=samples)], TIMED)[0])
    gaps = [after.start - before.end for before, after in pairwise(words)]
    assert len(gaps) > 5 and int(np.argmax(gaps)) == len(left) - 1 and max(gaps) > 0.6


def test_the_frames_that_nemo_names_are_inside_the_words(
    pair: Pair, archives: Archives, strings: Strings, tmp_path: Path
) -> None:
    """The same archive, restored and asked as NeMo's own documentation says; CTC says where words end alone."""
    clips = [one for one, _ in strings[:8]]
    model = restore(archives(pair.kind), tmp_path)
    theirs = model.transcribe([one.samples for one in clips], batch_size=8, timestamps=True, verbose=False)
    for one, hypothesis, segments in zip(clips, theirs, pair.nemo.transcribe(clips, TIMED), strict=True):
        assert hypothesis.text == said([segments])[0]
        for word, row in zip(words_of(segments), hypothesis.timestamp["word"], strict=True):
            assert word.text == row["word"]
            assert word.end >= min(row["end"], one.seconds) - 1e-6
            assert pair.kind == "ctc" or word.start <= row["start"] + 1e-6


def test_it_hears_in_bfloat16(archives: Archives, strings: Strings) -> None:
    engine = Nemo(Weights("tdt", str(archives("tdt"))), Device(dtype="bfloat16", threads=1))
    found = engine.transcribe([one for one, _ in strings[:8]], TIMED)
    assert jiwer.wer([" ".join(words) for _, words in strings[:8]], said(found)) < 0.1
    assert all(word.score is not None for own in found for word in words_of(own))


def test_silence_says_nothing(pair: Pair) -> None:
    assert pair.nemo.transcribe([silence(2.0), silence(0.2)], TIMED) == [[], []]
    assert pair.nemo.transcribe([], TIMED) == []


@pytest.mark.parametrize("source", ["fsdd", "flite-digits"])
def test_words_of_strings_with_known_times(pair: Pair, shared: Path, source: str) -> None:
    """People and voices, takes that the models were not trained on."""
    strings = known_strings(shared / source / "recordings", 40)
    clips = [one for one, _, _ in strings]
    found = pair.nemo.transcribe(clips, TIMED)
    assert said(found) == said(pair.transformers.transcribe(clips, TIMED))
    off: list[float] = []
    for own, (_, words, times) in zip(found, strings, strict=True):
        if [word.text for word in words_of(own)] == words:
            off += errors(words_of(own), times)
    rate = jiwer.wer([" ".join(words) for _, words, _ in strings], said(found))
    print(f"{source}, {pair.kind}: WER {rate:.1%}, {1000 * np.mean(off):.1f} ms over {len(off)} edges")
    assert len(off) > 150 and np.mean(off) < 0.05 and rate < 0.15


# The aligner


def test_the_same_log_probabilities(aligners: tuple[NemoCtc, Ctc], strings: Strings) -> None:
    """Beside longer clips NeMo rounds the features of near silence in another way."""
    nemo, other = (aligner.model for aligner in aligners)
    samples = [one.samples for one, _ in strings]
    theirs = other.emissions(samples)
    alone = [nemo.emissions([one])[0] for one in samples]
    for ours, most in ((alone, 1e-3), (nemo.emissions(samples), 2e-2)):
        assert [one.shape for one in ours] == [one.shape for one in theirs]
        assert max(float(np.abs(left - right).max()) for left, right in zip(ours, theirs, strict=True)) < most


def test_the_same_spelling(aligners: tuple[NemoCtc, Ctc], strings: Strings) -> None:
    nemo, other = (aligner.model.vocabulary for aligner in aligners)
    for word in {word for _, words in strings for word in words} | {"Good", "evening", "everybody,", "naïve", "七"}:
        assert nemo.spell(word) == other.spell(word)


def test_words_are_placed_as_with_ctc(aligners: tuple[NemoCtc, Ctc], strings: Strings) -> None:
    clips, texts = [one for one, _ in strings], [words for _, words in strings]
    for ours, theirs in zip(*(aligner.align(clips, texts, "en") for aligner in aligners), strict=True):
        for word, other in zip(ours, theirs, strict=True):
            assert word is not None and other is not None
            assert (word.start, word.end) == pytest.approx((other.start, other.end), abs=1e-3)
            assert word.score == pytest.approx(other.score, abs=1e-3) and (word.score or 0.0) > 0.3


def test_what_is_not_said_is_not_placed(aligners: tuple[NemoCtc, Ctc], strings: Strings) -> None:
    nemo, _ = aligners
    one, words = strings[0]
    foreign = ["good", "evening", "everybody", "please"]
    plain = nemo.align([one], [words], "en")[0]
    assert nemo.align([one], [[*foreign, *words]], "en") == [[None] * len(foreign) + plain]
    assert nemo.align([one], [foreign], "en") == [[None] * len(foreign)]
    assert nemo.align([silence(2.0), silence(0.05)], [words, words], "en") == [[None] * len(words)] * 2


@pytest.mark.parametrize("source", ["fsdd", "flite-digits"])
def test_edges_of_strings_with_known_times(aligners: tuple[NemoCtc, Ctc], shared: Path, source: str) -> None:
    strings = known_strings(shared / source / "recordings", 40)
    found = aligners[0].align([one for one, _, _ in strings], [words for _, words, _ in strings], "en")
    words = [word for own in found for word in own]
    times = [time for _, _, own in strings for time in own]
    placed = [(word, time) for word, time in zip(words, times, strict=True) if word is not None]
    off = errors(*zip(*placed, strict=True))
    print(f"{source}: {1000 * np.mean(off):.1f} ms over {len(off)} edges of {len(words)} words")
    assert len(placed) >= 0.97 * len(words) and np.mean(off) < 0.04


# The commands


@pytest.mark.timeout(900)  # NeMo imports 7,000 modules, which a busy machine takes minutes for
def test_commands(asr: Any, archives: Archives, digit_strings: list[tuple[Path, str]]) -> None:
    path, text = digit_strings[0]
    done = asr("transcribe", path, "-e", "nemo", "-m", archives("tdt"), "-f", "json", timeout=400)
    assert done.code == 0, done.err
    assert json.loads(done.out)["text"].strip() == text
    done = asr("align", path, path.with_suffix(".txt"), "-a", "nemo", "-m", archives("ctc"), "-f", "json", timeout=400)
    assert done.code == 0, done.err
    words = [word for segment in json.loads(done.out)["segments"] for word in segment["words"]]
    assert [word["word"].strip() for word in words] == text.split()
    assert all(left["end"] <= right["start"] for left, right in pairwise(words))
