"""The engine as the core uses it: trained tiny models, every input format, options, limits and mistakes."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from asr_plugins.firered.features import FeatureExtractor, FeatureStream

from asrcli.engine import Weights, installed, load_class
from asrcli.engines.options import check_options
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
@pytest.mark.parametrize(
    ("beams", "together", "count"),
    [(3, 8, 9), *(pytest.param(*one, 24, marks=pytest.mark.slow) for one in ((1, 1), (1, 8), (3, 1), (3, 8)))],
)
def test_digits(engines, digits, name, beams, together, count):
    assert error_rate(engines[name], digits[:count], Options(beam_size=beams), together) < 0.1


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
    ("name", "dtype"),
    [
        ("aed2", "int8"),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in (("llm", "bfloat16"), ("aed", "int8"), ("aed2", "bfloat16"))
        ),
    ],
)
def test_lower_precision(folders, load, digits, name, dtype):
    assert error_rate(load(folders[name], dtype=dtype), digits, Options(), 8) < 0.1


@pytest.mark.slow
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


def test_longer_than_trained_is_said(engines, clip, digits, logged):
    long = np.resize(digits[0][0].samples, 31 * SAMPLE_RATE)
    engines["llm"].transcribe([clip(long)], Options(beam_size=1, max_new_tokens=2))
    assert any("trained on at most 30 s" in line for line in logged)


def test_card_of_the_llm_models(folders, load):
    """What a class says is true of the weights, known before they are loaded."""
    engine = load_class("firered")
    cards = {name: engine.for_weights(Weights(name, str(folder))) for name, folder in folders.items()}
    assert [cards[name].clip_seconds(Options()) for name in NAMES] == [60, 60, 30]
    check_options(cards["llm"], Options(repetition_penalty=1.5))
    check_options(cards["aed2"], Options(word_timestamps=True))
    with pytest.raises(UsageError, match="--word-timestamps"):
        check_options(cards["llm"], Options(word_timestamps=True))


@pytest.mark.slow
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
    monkeypatch.setattr("asr_plugins.firered.aed.align", lambda log_probs, tokens, blank: None)
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


@pytest.mark.slow
def test_options_change_the_search(engines, digits):
    clips = [one for one, _ in digits[:8]]
    plain = [one[0].avg_logprob for one in engines["aed2"].transcribe(clips, Options(beam_size=1))]
    assert texts(engines["aed2"], clips, Options(length_penalty=0.0)) == texts(engines["aed2"], clips)
    assert plain == pytest.approx(
        [one[0].avg_logprob for one in engines["aed2"].transcribe(clips, Options(beam_size=1))]
    )
    repeated = texts(engines["llm"], clips, Options(repetition_penalty=3.0, beam_size=1))
    assert repeated != texts(engines["llm"], clips, Options(beam_size=1))


OWN = (("eos_penalty", 0.7), ("softmax_smoothing", 1.0))


@pytest.mark.parametrize("name", ["aed2", pytest.param("aed", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("own", "expected"), [((), (1.25, 1.0)), (OWN, (1.0, 0.7)), (OWN[:1], (1.25, 0.7))])
def test_alternatives_are_the_readings_of_the_search(engines, digits, name, own, expected):
    """The search itself is held against the official code in test_parity.py."""
    from asr_plugins.firered.search import SearchOptions

    engine, clips = engines[name], [one for one, _ in digits[:3]]
    options = Options(beam_size=5, n_best=4, length_penalty=0.3, engine_options=own or None)
    searched = SearchOptions(5, 4, 0, expected[0], 0.3, expected[1])
    for clip in clips:
        ((segment,),) = engine.transcribe([clip], options)
        (reading,) = engine.aed.transcribe([clip.samples], searched, timed=False)
        assert [(one.tokens, one.search_score, one.token_logprobs) for one in segment.alternatives] == [
            (one.tokens, one.score, one.log_probs) for one in reading.hypotheses
        ]
        assert [one.text for one in segment.alternatives] == [
            engine.aed.vocabulary.text(one.tokens) for one in reading.hypotheses
        ]
        assert len({one.tokens for one in segment.alternatives}) == 4
        assert (segment.alternatives[0].text, segment.alternatives[0].tokens) == (segment.text, segment.tokens)


def test_an_end_penalty_moves_the_end(engines, digits):
    """Under 1 the end costs less, so texts are shorter or the same; far under it they are cut."""
    clips = [one for one, _ in digits[:8]]
    lengths = [
        [len(one[0].tokens) if one else 0 for one in engines["aed2"].transcribe(clips, Options(engine_options=own))]
        for own in ((("eos_penalty", 0.1),), None)
    ]
    assert all(short <= long for short, long in zip(*lengths, strict=True)) and sum(lengths[0]) < sum(lengths[1])


@pytest.mark.parametrize(
    ("beams", "penalty"), [(1, None), *(pytest.param(4, one, marks=pytest.mark.slow) for one in (0.7, None))]
)
def test_alternatives_of_the_llm_score_as_its_network(engines, digits, beams, penalty):
    """One pass over prompt and answer gives the log probabilities that the search has gathered step by step."""
    import torch

    model = engines["llm"].llm
    clips = [one for one, _ in digits[:3]]
    found = engines["llm"].transcribe(clips, Options(beam_size=beams, n_best=beams, length_penalty=penalty))
    for clip, (segment,) in zip(clips, found, strict=True):
        assert len(segment.alternatives) == beams == len({one.tokens for one in segment.alternatives})
        assert segment.alternatives[0].text == segment.text
        for one in segment.alternatives:
            row = torch.tensor([*one.tokens, model._end])
            with torch.inference_mode():
                features = torch.from_numpy(model.features(clip.samples))[None]
                speech = model._adapt(*model.encoder(features, torch.tensor([features.shape[1]])))
                prompt, _ = model.prompt(speech)
                said = torch.cat((prompt, model.llm.get_input_embeddings()(row)[None]), 1)
                logits = model.llm(inputs_embeds=said).logits[0, prompt.shape[1] - 1 : -1].float()
            scores = torch.log_softmax(logits, -1).gather(1, row[:, None])[:, 0]
            np.testing.assert_allclose(one.token_logprobs, scores[:-1], atol=1e-4)
            # Score with its length, the end included (transformers, BeamSearchScorer); greedy search has no penalty.
            expected = float(scores.sum()) / len(row) ** (penalty or 0.0)
            assert one.search_score == pytest.approx(expected, abs=1e-4)
        ranked = [one.search_score for one in segment.alternatives]
        assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize("name", [pytest.param(one, marks=() if one == "llm" else pytest.mark.slow) for one in NAMES])
def test_alternatives_change_no_text_and_come_only_when_asked_for(engines, digits, name):
    clips = [one for one, _ in digits[:8]]
    plain, listed = (engines[name].transcribe(clips, Options(n_best=asked)) for asked in (None, 3))
    assert [one.text for (one,) in plain] == [one.text for (one,) in listed]
    assert {len(one.alternatives) for (one,) in plain} == {0} and {len(one.alternatives) for (one,) in listed} == {3}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("aed2", Options(prompt="x"), "engine 'firered' has no --prompt; engines that do: "),
        ("aed2", Options(repetition_penalty=2.0), "has no --repetition-penalty with this model; engines that do: "),
        ("llm", Options(engine_options=OWN), "has no --engine-option eos-penalty with this model; leave it out"),
        ("aed2", Options(engine_options=(("eos", 1.0),)), "option eos; it has softmax-smoothing, eos-penalty"),
        ("aed2", Options(engine_options=(("eos_penalty", 0.0),)), "eos-penalty=0: engine 'firered' takes 0.1 to 10"),
        ("aed2", Options(engine_options=(("softmax_smoothing", 11.0),)), "=11: engine 'firered' takes 0.1 to 10"),
        ("aed2", Options(n_best=4), "--n-best 4: the search of engine 'firered' keeps 3 hypotheses; add --beam-size 4"),
        ("llm", Options(n_best=2, beam_size=1), "keeps one hypothesis; add --beam-size 2, or more"),
    ],
)
def test_options_are_checked(folders, name, options, message):
    """Before the weights are loaded, against the card of the kind of model that the folder holds."""
    card = load_class("firered").for_weights(Weights(name, str(folders[name])))
    with pytest.raises(UsageError) as caught:
        check_options(card, options)
    assert message in str(caught.value)


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


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (16000, 98)])
def test_frame_count(samples, frames):
    assert len(FeatureStream(80).feed(np.zeros(samples, np.float32))) == frames


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
    expected = FeatureStream(80).feed(sixteen_bit)
    lower = FeatureStream(80).feed(decode(rewrite(sixteen_bit, tmp_path / "copy", "8 kHz")))
    frames = min(len(lower), len(expected))
    loud = expected[:frames, :50] > 10  # bins up to about 3 kHz where there is sound
    assert loud.sum() > 1000
    assert np.abs(lower[:frames, :50] - expected[:frames, :50])[loud].mean() < 0.1


def test_features_known_values(shared, decode):
    """Values measured with torchaudio's and Kaldi's own filter banks (docs/firered.md)."""
    found = FeatureStream(80).feed(decode(shared / "audio/mandarin/IT0011W0001.wav"))
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


def test_words_do_not_reach_into_pauses(engines, digits, clip):
    """Two strings with four seconds between them: no word lasts longer than a second, and none is in the silence."""
    (first, _), (second, _) = digits[:2]
    noise = np.random.default_rng(0).normal(0, 1e-3, 4 * SAMPLE_RATE).astype(np.float32)
    whole = clip(np.concatenate((first.samples, noise, second.samples)))
    (segment,) = engines["aed2"].transcribe([whole], Options(word_timestamps=True))[0]
    assert len(segment.words) >= 6
    assert all(word.end - word.start < 1.0 for word in segment.words)
    assert all(word.end < first.seconds + 0.05 or word.start > first.seconds + 3.95 for word in segment.words)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.1])
def test_edges_are_those_of_the_sound_however_late_the_model_is(engines, shared, monkeypatch, shift):
    """Within 40 ms of the edges of single recordings, in noise of 70 dB below full scale."""
    import asr_plugins.firered as module

    from tests.qwen3.test_aligner import known_strings

    own = module.clip_times
    monkeypatch.setattr(
        module,
        "clip_times",
        lambda times, seconds: [(max(0.0, a + shift), max(0.0, b + shift)) for a, b in own(times, seconds)],
    )
    apart = []
    for sound, words, truth in known_strings(shared / "fsdd/recordings", 20):
        noise = np.random.default_rng(1).normal(0, 3e-4, len(sound.samples)).astype(np.float32)
        noisy = replace(sound, samples=sound.samples + noise)
        found = engines["aed2"].transcribe([noisy], Options(word_timestamps=True))[0]
        if found and found[0].text.split() == words:
            for word, edges in zip(found[0].words, truth, strict=True):
                apart += [abs(word.start - edges[0]), abs(word.end - edges[1])]
    assert len(apart) > 100
    assert sum(apart) / len(apart) < 0.04
