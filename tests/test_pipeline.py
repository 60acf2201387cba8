"""The pipeline through the library, with the fake engine: batches, order, fallbacks, checks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.fake import Fake
from hypothesis import given
from hypothesis import strategies as st
from support.command import write_silence, write_wav

import asrcli
from asrcli.audio import decode as audio
from asrcli.audio.cut import CutOptions
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser, Results, vote
from asrcli.errors import AsrError, DeviceError, InputError, UsageError
from asrcli.formats import Layout, render
from asrcli.pipeline.batches import Closed, SecondsQueue, choose_batch
from asrcli.pipeline.events import Finished
from asrcli.pipeline.run import _recognise, run
from asrcli.pipeline.settings import Settings
from asrcli.pipeline.work import other_language
from asrcli.runs.plan import Plan, Request
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment, Transcript


def transcribe(path: Path, **more: object) -> Transcript:
    """Return the one transcript, engine `fake`, everything heard."""
    (one,) = asrcli.transcribe(path, engine="fake", vad=False, **more)  # type: ignore[arg-type]
    return one


def test_long_recording_is_cut_and_put_together(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(40)]
    made = transcribe(write_wav(tmp_path / f"{'-'.join(words)}.wav", 200.0))
    assert made.text.split() == words
    assert len(made.segments) >= 7
    starts = [segment.start for segment in made.segments]
    assert starts == sorted(starts)
    assert made.segments[-1].end <= made.seconds == pytest.approx(200.0, abs=0.01)


def test_words_have_times_of_the_recording(tmp_path: Path) -> None:
    made = transcribe(write_wav(tmp_path / "a-b-c-d-e-f-g-h.wav", 80.0), word_timestamps=True)
    words = [word for segment in made.segments for word in segment.words]
    assert [word.text for word in words] == list("abcdefgh")
    for number, word in enumerate(words):
        assert abs(word.start - number * 10) < 10.1 and word.start <= word.end


def test_small_memory_gives_the_same_text(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a-b-c-d-e-f.wav", 170.0)
    said: list[str] = []
    with_little = transcribe(path, model="oom=2", on_note=said.append)
    assert with_little.text == transcribe(path).text
    assert any("out of memory" in text and "going on with" in text for text in said)


def test_no_memory_on_the_gpu_goes_to_the_cpu(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a-b-c.wav", 65.0)
    said: list[str] = []
    made = transcribe(path, model="oom-on=cuda", device="cuda", on_note=said.append)
    assert made.text == "a b c"
    assert any("int8" in text for text in said) and any("cpu" in text for text in said), said


def test_no_memory_anywhere_is_a_device_error(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="smaller --model"):
        transcribe(write_wav(tmp_path / "a.wav"), model="oom=0")


def test_failure_is_one_input_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("good", "bad", "fine"):
        write_wav(tmp_path / f"{name}.wav")
    failed: dict[str, Exception] = {}
    made = list(
        asrcli.transcribe(
            tmp_path,
            engine="fake",
            model="fail=bad",
            vad=False,
            on_error=lambda name, error: failed.update({name: error}),
        )
    )
    assert sorted(one.text for one in made) == ["fine", "good"]
    assert [Path(name).name for name in failed] == ["bad.wav"]
    with pytest.raises(AsrError, match="told to fail"):
        list(asrcli.transcribe(tmp_path / "bad.wav", engine="fake", model="fail=bad", vad=False))


def test_missing_input_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lost"):
        list(asrcli.transcribe(tmp_path / "lost.wav", engine="fake"))
    with pytest.raises(UsageError, match="flavour"):
        list(asrcli.transcribe(write_wav(tmp_path / "a.wav"), engine="fake", flavour="vanilla"))


def test_silent_truncation_is_found(digit_strings: list[tuple[Path, str]], tmp_path: Path) -> None:
    """An engine that hears two seconds and says nothing about the rest leaves speech without text."""
    import wave

    out = tmp_path / "one-two-three-four-five.wav"
    with wave.open(str(out), "wb") as joined:
        for path, _ in digit_strings[:6]:
            with wave.open(str(path), "rb") as part:
                if joined.getnframes() == 0 and path == digit_strings[0][0]:
                    joined.setparams(part.getparams())
                joined.writeframes(part.readframes(part.getnframes()))
    (whole,) = asrcli.transcribe(out, engine="fake")
    assert whole.gaps == ()
    (cut,) = asrcli.transcribe(out, engine="fake", model="truncate=2")
    assert cut.gaps and sum(gap.seconds for gap in cut.gaps) > 5
    assert all(0 <= gap.start < gap.end <= cut.seconds + 0.1 for gap in cut.gaps)


def test_suspicious_text_is_flagged(digit_strings: list[tuple[Path, str]]) -> None:
    (looping,) = asrcli.transcribe(digit_strings[0][0], engine="fake", model="loop=20")
    assert "repeat_loop" in looping.segments[0].flags
    (plain,) = asrcli.transcribe(digit_strings[0][0], engine="fake")
    assert plain.segments[0].flags == ()


def test_silence_gives_no_text_and_is_no_gap(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "quiet.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 20))
    (made,) = asrcli.transcribe(tmp_path / "quiet.wav", engine="fake", model="invent=thanks")
    assert (made.text, made.gaps, made.seconds) == ("", (), 20.0)


def test_channels(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "left-right.wav", 2.0, channels=2)
    split = transcribe(path, channels="split")
    assert [segment.speaker for segment in split.segments] == ["channel 0", "channel 1"]
    assert transcribe(path, channels="1").segments[0].speaker is None
    with pytest.raises(InputError, match="channel"):
        transcribe(path, channels="5")


def test_start_and_end_keep_the_recordings_clock(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a-b-c-d-e-f-g-h-i-j.wav", 100.0)
    made = transcribe(path, start=30.0, end=60.0, word_timestamps=True)
    assert made.text.split() == ["d", "e", "f"]
    assert made.segments[0].start == pytest.approx(30.0, abs=0.1)


def test_language_is_voted_and_may_be_restricted(tmp_path: Path) -> None:
    german = write_wav(tmp_path / "de-wort.wav")
    assert (transcribe(german).language, transcribe(german).language_score) == ("de", 0.9)
    assert transcribe(german, languages=("en",)).language == "en"
    assert transcribe(german, language="fr").language == "fr"


def test_vote_is_weighted_by_seconds() -> None:
    assert vote([{"de": 0.9, "en": 0.1}, {"en": 0.6, "de": 0.4}], [10.0, 1.0])[0] == "de"
    assert vote([{"de": 0.9, "en": 0.1}, {"en": 0.6, "de": 0.4}], [1.0, 10.0])[0] == "en"
    assert vote([{"de": 0.9, "en": 0.1}], [1.0], ["en", "fr"]) == ("en", 0.1)


@given(st.lists(st.floats(0.1, 30.0), min_size=1, max_size=40), st.floats(1.0, 200.0), st.integers(1, 16))
def test_batches_keep_their_bounds(lengths: list[float], budget: float, most: int) -> None:
    chosen = choose_batch(lengths, budget, most)
    assert 0 in chosen, "the oldest clip is never passed over"
    assert len(set(chosen)) == len(chosen) <= most
    if len(chosen) > 1:
        assert len(chosen) * max(lengths[index] for index in chosen) <= budget + 1e-9


@given(st.lists(st.floats(0.1, 30.0), min_size=1, max_size=40), st.floats(10.0, 200.0))
def test_batches_are_neighbours_in_length(lengths: list[float], budget: float) -> None:
    chosen = choose_batch(lengths, budget, 64)
    inside = [lengths[index] for index in chosen]
    outside = [length for index, length in enumerate(lengths) if index not in chosen]
    assert not any(min(inside) < length < max(inside) for length in outside)


@pytest.mark.parametrize("pauses", [(0.0, 0.0), (0.05, 0.0), (0.0, 0.05)])
def test_with_a_seed_batches_do_not_depend_on_the_speed_of_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: tuple[float, float]
) -> None:
    """What is sampled depends on what was sampled before: on batches and their order."""
    paths = [write_wav(tmp_path / f"{name}.wav", 70.0) for name in ("a", "b")]
    batches: list[list[tuple[str, float]]] = []
    whole, hear = audio.decode, Fake.transcribe

    def decode(recording: Recording, warn: Callable[[str], None]) -> Iterator[np.ndarray]:
        for block in whole(recording, warn):
            yield block
            time.sleep(pauses["ab".index(Path(recording.path).stem)])

    def transcribe_noting(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        batches.append([(Path(clip.recording.path).stem, clip.start) for clip in clips])
        return hear(self, clips, options)

    monkeypatch.setattr(audio, "decode", decode)
    monkeypatch.setattr(Fake, "transcribe", transcribe_noting)
    list(asrcli.transcribe(paths, engine="fake", vad=False, language="en", seed=1))
    (only,) = batches
    assert "".join(name for name, _ in sorted(only)) == "aaabbb"


def as_json(transcript: Transcript) -> str:
    return render(transcript, "json", Layout())


def test_two_recognisers_at_once_give_the_same_transcripts(tmp_path: Path) -> None:
    recordings = [Recording(str(write_silence(tmp_path / f"{a}-{b}-c-d.wav", 10.0))) for a in "xyz" for b in "uvw"]
    choice = Choice(Fake, Weights("default", None), Device("cpu"))
    settings = Settings(cut=CutOptions(max_seconds=3.0, vad=None), batch_size=2)
    both_at_work = threading.Barrier(2, timeout=60)

    class Meeting(LocalRecogniser):
        """Waits in its first batch until the other one has a batch too."""

        calls = 0

        def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
            self.calls += 1
            if self.calls == 1:
                both_at_work.wait()
            return super().transcribe(clips, options)

    def transcripts(recognisers: Sequence[LocalRecogniser]) -> dict[int, str]:
        events = run(recordings, recognisers, Options(), settings)
        return {one.index: as_json(one.transcript) for one in events if isinstance(one, Finished)}

    two = [Meeting(choice), Meeting(choice)]
    alone, together = transcripts([LocalRecogniser(choice)]), transcripts(two)
    assert len(alone) == 9 and together == alone
    assert all(one.calls > 0 for one in two)


def test_a_transcriber_loads_once_and_serves_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_silence(tmp_path / f"{name}-b-c.wav", 40.0) for name in ("one", "two", "three", "four")]
    alone = {str(path): as_json(transcribe(path, beam_size=2)) for path in paths}
    loads: list[object] = []
    load = Fake.__init__

    def loading(self: Fake, weights: Weights, device: Device) -> None:
        loads.append(self)
        load(self, weights, device)

    monkeypatch.setattr(Fake, "__init__", loading)
    begin = threading.Barrier(4, timeout=60)

    def work(path: Path) -> list[tuple[str, str]]:
        begin.wait()
        found = [one for _ in range(3) for one in transcriber.transcribe(path, vad=False, beam_size=2)]
        return [(one.recording.path, as_json(one)) for one in found]

    with asrcli.Transcriber("fake") as transcriber:
        assert len(loads) == 1
        with ThreadPoolExecutor(4) as pool:
            made = [one for found in pool.map(work, paths) for one in found]
    assert made == [(str(path), alone[str(path)]) for path in paths for _ in range(3)]
    assert len(loads) == 1


def test_a_transcriber_hears_what_the_engine_announces_and_loads_again(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a-b-c-d-e-f.wav", 170.0)
    said: list[str] = []
    transcriber = asrcli.Transcriber("fake", "oom=2", on_note=said.append)
    (first,) = transcriber.transcribe(path, vad=False)
    assert [text for text in said if "going on with" in text]
    transcriber.close()
    (second,) = transcriber.transcribe(path, vad=False)
    assert second.text == first.text == "a b c d e f"
    with pytest.raises(UsageError, match="'device' is given to Transcriber"):
        list(transcriber.transcribe(path, device="cpu"))
    with pytest.raises(UsageError, match="patience"):
        list(transcriber.transcribe(path, patience=2.0))


def test_what_works_beside_the_engine_of_a_transcriber_has_its_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request] = []

    def execute(planned: Plan, recogniser: object) -> Iterator[object]:
        asked.append(planned.request)
        return iter(())

    monkeypatch.setattr("asrcli.api.execute", execute)
    transcriber = asrcli.Transcriber("fake", offline=True, threads=3)
    list(transcriber.transcribe(write_wav(tmp_path / "a.wav")))
    assert (asked[0].offline, asked[0].threads) == (True, 3)


def test_queue_bounds_the_seconds_that_wait() -> None:
    waiting: SecondsQueue[int] = SecondsQueue(10.0)
    most = 0.0

    def feed() -> None:
        for number in range(50):
            waiting.put(number, 3.0)

    thread = threading.Thread(target=feed)
    thread.start()
    taken: list[int] = []
    while len(taken) < 50:
        most = max(most, waiting._seconds)
        taken += waiting.take(random.Random(len(taken)).uniform(0, 8), wait=True)
    thread.join(60)
    assert taken == list(range(50)) and most <= 10.0


def test_closing_the_queue_frees_a_waiting_thread() -> None:
    waiting: SecondsQueue[int] = SecondsQueue(1.0)
    waiting.put(1, 5.0)
    ended: list[bool] = []

    def feed() -> None:
        try:
            waiting.put(2, 5.0)
        except Closed:
            ended.append(True)

    thread = threading.Thread(target=feed)
    thread.start()
    waiting.close()
    thread.join(60)
    assert ended == [True]


def test_ending_early_stops_the_threads(tmp_path: Path) -> None:
    for number in range(20):
        write_wav(tmp_path / f"{number}.wav")
    happenings = asrcli.transcribe(tmp_path, engine="fake", model="sleep=0.05", vad=False)
    next(iter(happenings))
    happenings.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("asr-"):
            thread.join(60)
            assert not thread.is_alive()


def test_a_run_is_over_when_its_engine_threads_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they free while Python ends is freed by native libraries, which abort the process then."""
    ended: list[bool] = []

    def slow(*given: Any) -> None:
        _recognise(*given)
        time.sleep(0.2)
        ended.append(True)

    monkeypatch.setattr("asrcli.pipeline.run._recognise", slow)
    assert list(asrcli.transcribe(write_wav(tmp_path / "a.wav"), engine="fake", vad=False))
    assert ended == [True]


def test_samples_reach_the_engine_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asr_plugins.fake import Fake

    path = write_wav(tmp_path / "tone.wav", 3.0)
    seen = []
    hear = Fake.transcribe

    def spy(self: Fake, clips: list, options: object) -> list:  # type: ignore[type-arg]
        seen.extend(clip.samples for clip in clips)
        return hear(self, clips, options)  # type: ignore[arg-type]

    monkeypatch.setattr(Fake, "transcribe", spy)
    transcribe(path)
    import wave

    with wave.open(str(path), "rb") as file:
        written = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
    assert np.array_equal(np.concatenate(seen), written.astype(np.float32))


def test_failing_language_identification_is_one_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asr_plugins.fake import Fake

    guess = Fake.identify_language

    def fail(self: Fake, clips: list) -> list[dict[str, float]]:  # type: ignore[type-arg]
        if len(clips) > 1:
            raise MemoryError
        if "bad" in clips[0].recording.path:
            raise ValueError("no language in this")
        return guess(self, clips)

    monkeypatch.setattr(Fake, "identify_language", fail)
    write_wav(tmp_path / "bad.wav"), write_wav(tmp_path / "de-gut.wav", 65.0)
    failed: dict[str, Exception] = {}
    (made,) = asrcli.transcribe(tmp_path, engine="fake", vad=False, on_error=failed.__setitem__)
    assert made.language == "de" and [Path(name).name for name in failed] == ["bad.wav"]


def test_a_clip_that_is_surely_in_another_language_is_said() -> None:
    sound = np.zeros(10 * SAMPLE_RATE, np.float32)
    clips = [Clip(Recording("a.wav"), start, sound) for start in (0.0, 10.0, 65.0)]
    sure, unsure, other = {"en": 0.97, "zh": 0.02}, {"en": 0.3, "zh": 0.6}, {"zh": 0.95}
    said = other_language([sure, unsure, other], clips, "en")
    assert said is not None and said.startswith("at 1:05 it sounds like 'zh', and all of it is taken for 'en'")
    assert other_language([sure, unsure, sure], clips, "en") is None
