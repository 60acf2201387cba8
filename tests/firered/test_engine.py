"""The engine as the core uses it: trained tiny models, every input format, options, limits and mistakes."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
from asr_plugins.firered.features import FeatureExtractor, filter_banks, frame_count

from asrcli.engine import Weights, check_options, installed, load_class
from asrcli.errors import DeviceError, InputError, UsageError
from asrcli.types import SAMPLE_RATE, Flag, Options

NAMES = ["aed", "aed2", "llm"]
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def errors(reference, hypothesis):
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, heard in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != heard))
    return row[-1]


def error_rate(engine, utterances, options, together):
    wrong = 0
    for start in range(0, len(utterances), together):
        group = utterances[start : start + together]
        for (_, words), segments in zip(group, engine.transcribe([clip for clip, _ in group], options), strict=True):
            wrong += errors(words, " ".join(one.text for one in segments).lower().split())
    return wrong / sum(len(words) for _, words in utterances)


def texts(engine, clips, options=None):
    return [" ".join(one.text for one in segments) for segments in engine.transcribe(clips, options or Options())]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("together", [1, 8])
def test_digits(engines, digits, name, beams, together):
    assert error_rate(engines[name], digits, Options(beam_size=beams), together) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("together", [1, 8])
def test_human_digits(engines, shared, decode, clip, name, beams, together):
    """Strings of human digits (FSDD takes 3 and 4, which no training saw), silence between them."""
    takes = defaultdict(list)
    for path in sorted((shared / "fsdd/recordings").glob("*_[34].wav")):
        digit, speaker, _ = path.stem.split("_")
        takes[speaker, int(digit)].append(path)
    random = np.random.RandomState(0)
    speakers = sorted({speaker for speaker, _ in takes})
    utterances = []
    for _ in range(48):
        speaker = speakers[random.randint(len(speakers))]
        said = random.randint(0, 10, random.randint(3, 7))
        parts = [np.zeros(2400, np.float32)]
        for digit in said:
            choice = takes[speaker, int(digit)]
            parts += [decode(choice[random.randint(len(choice))]), np.zeros(random.randint(800, 4800), np.float32)]
        utterances.append((clip(np.concatenate(parts)), [WORDS[digit] for digit in said]))
    assert error_rate(engines[name], utterances, Options(beam_size=beams), together) < 0.1


@pytest.mark.parametrize(
    ("name", "dtype"), [("aed", "int8"), ("aed2", "int8"), ("aed2", "bfloat16"), ("llm", "bfloat16")]
)
def test_lower_precision(folders, load, digits, name, dtype):
    assert error_rate(load(folders[name], dtype=dtype), digits, Options(), 8) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_invariant(engines, digits, clip, name):
    """A clip gives the same segments whatever lies beside it, and in whatever order."""
    clips = [one for one, _ in digits[:6]] + [clip(digits[0][0].samples[:7000]), clip(np.zeros(300))]
    alone = [engines[name].transcribe([one], Options())[0] for one in clips]
    for order in (range(8), range(7, -1, -1)):
        batch = engines[name].transcribe([clips[place] for place in order], Options())
        for place, segments in zip(order, batch, strict=True):
            assert [(one.text, one.tokens, one.flags) for one in segments] == [
                (one.text, one.tokens, one.flags) for one in alone[place]
            ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seconds", [0, 0.02, 0.025, 0.06, 0.3, 1, 3])
def test_silence(engines, clip, name, seconds):
    assert engines[name].transcribe([clip(np.zeros(int(seconds * SAMPLE_RATE)))], Options()) == [[]]


@pytest.mark.parametrize("name", NAMES)
def test_no_clips(engines, name):
    assert engines[name].transcribe([], Options()) == []


@pytest.mark.parametrize("seconds", [200, 200.04, 230])
@pytest.mark.parametrize("name", NAMES)
def test_too_long(engines, clip, name, seconds):
    with pytest.raises(InputError, match=rf"test\.wav: a clip of {int(seconds)} s is too long") as caught:
        engines[name].transcribe([clip(np.zeros(int(seconds * SAMPLE_RATE)))], Options())
    assert caught.value.exit_code == 1


def test_longer_than_trained_is_said(engines, clip, digits, caplog):
    long = np.resize(digits[0][0].samples, 31 * SAMPLE_RATE)
    engines["llm"].transcribe([clip(long)], Options(beam_size=1, max_new_tokens=2))
    assert "trained on at most 30 s" in caplog.text


def test_card_of_the_llm_models(folders, load):
    """What a class says is true of the weights, known before they are loaded."""
    engine = load_class("firered")
    cards = {name: engine.for_weights(Weights(name, str(folder))) for name, folder in folders.items()}
    assert [cards[name].clip_seconds(Options()) for name in NAMES] == [60, 60, 30]
    check_options(cards["llm"], Options(repetition_penalty=1.5))
    check_options(cards["aed2"], Options(word_timestamps=True))
    with pytest.raises(UsageError, match="--word-timestamps"):
        check_options(cards["llm"], Options(word_timestamps=True))


def test_word_times(engines, digits):
    """Words are in order within the clip, and make up the text."""
    for clip, words in digits:
        (segment,) = engines["aed2"].transcribe([clip], Options(word_timestamps=True))[0]
        assert [word.text for word in segment.words] == words
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= clip.seconds
        assert (segment.start, segment.end) == (times[0], times[-1])
        assert all(0 < word.score <= 1 for word in segment.words)


def test_no_times_without_being_asked(engines, digits):
    (segment,) = engines["aed2"].transcribe([digits[0][0]], Options())[0]
    assert segment.words == ()
    assert (segment.start, segment.end) == (0.0, digits[0][0].seconds)


def test_failed_alignment_invents_no_times(engines, digits, monkeypatch):
    monkeypatch.setattr("asr_plugins.firered.aed.align", lambda emitted, tokens: None)
    (segment,) = engines["aed2"].transcribe([digits[0][0]], Options(word_timestamps=True))[0]
    assert segment.words == ()
    assert "unaligned" in segment.flags


@pytest.mark.parametrize("name", NAMES)
def test_token_limit_is_said(engines, digits, name):
    (segment,) = engines[name].transcribe([digits[0][0]], Options(max_new_tokens=2))[0]
    assert len(segment.tokens) == 2
    assert Flag.TRUNCATED in segment.flags


@pytest.mark.parametrize("name", NAMES)
def test_own_token_limit_in_a_batch(engines, digits, clip, name):
    """Noise that never ends stops at its own length, not at that of a longer clip beside it."""
    noise = clip(np.random.RandomState(0).standard_normal(12000) * 0.3)
    alone = engines[name].transcribe([noise], Options())
    batch = engines[name].transcribe([digits[3][0], noise], Options())
    assert [one.tokens for one in batch[1]] == [one.tokens for one in alone[0]]


def test_options_change_the_search(engines, digits):
    clips = [one for one, _ in digits]
    plain = [one[0].avg_logprob for one in engines["aed2"].transcribe(clips, Options(beam_size=1))]
    assert texts(engines["aed2"], clips, Options(length_penalty=0.0)) == texts(engines["aed2"], clips)
    assert plain == pytest.approx(
        [one[0].avg_logprob for one in engines["aed2"].transcribe(clips, Options(beam_size=1))]
    )
    repeated = texts(engines["llm"], clips, Options(repetition_penalty=3.0, beam_size=1))
    assert repeated != texts(engines["llm"], clips, Options(beam_size=1))


def test_options_are_checked(engines, digits):
    engine = load_class("firered")
    with pytest.raises(UsageError, match="--prompt"):
        check_options(engine, Options(prompt="x"))
    with pytest.raises(UsageError, match="--repetition-penalty"):
        engines["aed"].transcribe([digits[0][0]], Options(repetition_penalty=2.0))


@pytest.mark.parametrize("device", [{"kind": "cuda"}, {"kind": "mps"}])
def test_device_not_there(folders, load, device):
    import torch

    if device["kind"] == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(DeviceError) as caught:
        load(folders["aed2"], **device)
    assert caught.value.exit_code == 4


def test_dtype_not_there(folders, load):
    with pytest.raises(UsageError, match="float32, bfloat16, int8"):
        load(folders["aed2"], dtype="float64")
    with pytest.raises(UsageError, match="AED models only"):
        load(folders["llm"], dtype="int8")


def test_listing_imports_nothing_heavy():
    assert "firered" in installed()
    code = (
        "import sys; from asrcli.engine import load_class; one = load_class('firered'); one.missing(); "
        "print([name for name in ('torch', 'numpy', 'transformers', 'kaldi_native_fbank') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("samples", [0, 399, 400, 559, 560, 16000])
def test_frame_count(samples):
    assert len(filter_banks(np.zeros(samples, np.float32), 80)) == frame_count(samples)


@pytest.fixture(params=["digits", "IT0011W0001", "BAC009S0764W0121"])
def sixteen_bit(request, decode, digits):
    """Return the samples of a 16-bit recording at 16 kHz: digits of the repository, or Mandarin of the shared data."""
    if request.param == "digits":
        return (np.round(digits[0][0].samples * 32767) / 32768).astype(np.float32)
    return decode(request.getfixturevalue("shared") / f"audio/mandarin/{request.param}.wav")


@pytest.mark.parametrize("form", ["float32", "24-bit", "stereo", "flac"])
def test_features_of_other_formats(sixteen_bit, folders, decode, tmp_path, form):
    """The scale is that of 16-bit integers whatever the file holds (FireRedASR2S issue 61)."""
    extract = FeatureExtractor(folders["aed2"] / "cmvn.ark", 80)
    rewritten = rewrite(sixteen_bit, tmp_path / "copy", form)
    np.testing.assert_allclose(extract(decode(rewritten)), extract(sixteen_bit), atol=2e-3)


def test_features_of_half_the_rate(sixteen_bit, decode, tmp_path):
    """An 8 kHz copy has the same lower bands; what lies above 4 kHz is lost."""
    expected = filter_banks(sixteen_bit, 80)
    lower = filter_banks(decode(rewrite(sixteen_bit, tmp_path / "copy", "8 kHz")), 80)
    frames = min(len(lower), len(expected))
    loud = expected[:frames, :50] > 10  # bins up to about 3 kHz where there is sound
    assert loud.sum() > 1000
    assert np.abs(lower[:frames, :50] - expected[:frames, :50])[loud].mean() < 0.1


def test_features_known_values(shared, decode):
    """Values measured with torchaudio's and Kaldi's own filter banks (docs/firered.md)."""
    found = filter_banks(decode(shared / "audio/mandarin/IT0011W0001.wav"), 80)
    assert found.shape == (197, 80)
    assert found.mean() == pytest.approx(12.387136, abs=1e-3)
    np.testing.assert_allclose(found[0, :4], [-1.27109, -1.56076, 0.66494, 2.23251], atol=5e-3)


def rewrite(samples, path, form):
    """Write samples (mono, 16 kHz) in another form."""
    import wave

    import av

    if form == "stereo":
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, 16000, 0, "NONE", ""))
            file.writeframes(np.repeat(np.round(samples * 32768).astype("<i2"), 2).tobytes())
        return path
    codec, layout, rate, suffix = {
        "float32": ("pcm_f32le", "mono", 16000, ".wav"),
        "24-bit": ("pcm_s24le", "mono", 16000, ".wav"),
        "flac": ("flac", "mono", 16000, ".flac"),
        "8 kHz": ("pcm_s16le", "mono", 8000, ".wav"),
    }[form]
    path = path.with_suffix(suffix)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = 16000
        resampler = av.AudioResampler(stream.format.name, layout, rate)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            one.pts = None
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return path
