"""The engine `nemo` on tiny FastConformer models with random weights, which NeMo itself builds and saves here."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from asr_plugins.nemo import MODELS, Nemo, NemoCanary, NemoPlain

from asrcli.engine import Weights
from asrcli.engines import device
from asrcli.errors import ModelError, UsageError
from asrcli.types import Options
from asrcli.weights import models
from tests.clips import clip, noise, silence
from tests.nemo_engine.restoring import extract, restore

if Nemo.missing():
    pytest.skip(f"{', '.join(Nemo.missing())} is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # NeMo's own, and those of what it imports
DIGITS = Path(__file__).parent.parent / "data/digits"


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from asr_plugins.nemo import silence as quiet

    from tests.nemo_engine import tiny

    quiet()
    folder = tmp_path_factory.mktemp("nemo")
    return {"ctc": tiny.ctc(folder), **{kind: tiny.transducer(folder, kind) for kind in ("tdt", "rnnt")}}


@pytest.fixture(scope="module", params=["tdt", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ctc", "rnnt"))])
def engine(request: pytest.FixtureRequest, archives: dict[str, Path]) -> Nemo:
    weights = models.resolve(Nemo, str(archives[request.param]), offline=True, pull=False, announce=print)
    assert len(weights.revision or "") == 16
    return Nemo(weights, device.choose(Nemo, "cpu", threads=1))


def test_words_are_in_order_inside_the_clip_and_make_up_the_text(engine: Nemo) -> None:
    clips = [clip(DIGITS / f"string{number:02}.wav") for number in range(3)] + [noise(1.3, 26)]
    for one, segments in zip(clips, engine.transcribe(clips, Options(word_timestamps=True)), strict=True):
        for segment in segments:
            assert " ".join(word.text for word in segment.words) == segment.text
            edges = [edge for word in segment.words for edge in (word.start, word.end)]
            assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= one.seconds
            assert all(word.score is not None and 0 <= word.score <= 1 for word in segment.words)
            assert segment.avg_logprob is None or segment.avg_logprob <= 0


@pytest.mark.slow
def test_batch_equals_single_with_and_without_times(engine: Nemo) -> None:
    clips = [noise(seconds, 26, seed) for seed, seconds in enumerate((1.3, 3.0, 0.7))]
    texts = [
        [[segment.text for segment in one] for one in engine.transcribe(clips, Options(word_timestamps=times))]
        for times in (None, True, None)
    ]
    alone = [[segment.text for segment in engine.transcribe([one], Options())[0]] for one in clips]
    assert texts == [alone] * 3


def test_the_text_is_that_of_nemo(engine: Nemo, archives: dict[str, Path], tmp_path: Path) -> None:
    """The same archive, restored and asked as NeMo's own documentation says."""
    kind = "ctc" if engine.layout == "ctc" else "tdt" if "tdt_durations" in engine._model.cfg.model_defaults else "rnnt"
    sounds = [noise(seconds, 26, seed) for seed, seconds in enumerate((2.0, 1.1))]
    model = restore(archives[kind], tmp_path / "parts")
    theirs = model.transcribe([one.samples for one in sounds], batch_size=2, timestamps=True, verbose=False)
    ours = engine.transcribe(sounds, Options(word_timestamps=True))
    for hypothesis, segments in zip(theirs, ours, strict=True):
        assert " ".join(segment.text for segment in segments) == hypothesis.text.strip()
        assert [word.text for segment in segments for word in segment.words] == hypothesis.text.split()


def test_the_aligner_finds_what_the_model_itself_says(archives: dict[str, Path]) -> None:
    """A random model agrees with nobody but itself: aligned with its own words, it puts them where it heard them."""
    from asr_plugins.nemo.aligner import NemoCtc

    weights = models.resolve(NemoCtc, str(archives["ctc"]), offline=True, pull=False, announce=print)
    aligner = NemoCtc(weights, device.choose(NemoCtc, "cpu", threads=1))
    clips = [clip(DIGITS / f"string{number:02}.wav") for number in range(2)] + [silence(0.02)]
    heard = aligner.recognise(clips, [], None)
    texts = [[word.text for word in own] or ["nothing"] for own in heard]
    together = aligner.align(clips, texts, "en")
    assert together[:2] == [aligner.align([one], [text], "en")[0] for one, text in zip(clips[:2], texts, strict=False)]
    assert together[2] == [None]
    for own, placed in zip(heard[:2], together, strict=False):
        for word, place in zip(own, placed, strict=True):
            assert place is not None and place.start < word.end + 0.1 and place.end > word.start - 0.1
    with pytest.raises(ModelError, match="alignment needs a CTC model"):
        NemoCtc(Weights("tdt", str(archives["tdt"])), device.choose(NemoCtc, "cpu"))


def test_very_short_clips_do_not_fail(engine: Nemo) -> None:
    assert len(engine.transcribe([silence(0.05), silence(0.3)], Options())) == 2


def test_an_archive_of_other_weights_is_one_line(archives: dict[str, Path], tmp_path: Path) -> None:
    import tarfile

    broken = tmp_path / "broken.nemo"
    folder = tmp_path / "parts"
    extract(archives["ctc"], folder)
    import torch

    weights = torch.load(folder / "model_weights.ckpt", weights_only=True)
    weights.pop("encoder.layers.0.norm_out.weight")
    torch.save(weights, folder / "model_weights.ckpt")
    with tarfile.open(broken, "w") as tar:
        for part in folder.iterdir():
            tar.add(part, part.name)
    with pytest.raises(ModelError, match=r"broken\.nemo' cannot be loaded by NeMo"):
        Nemo(Weights(str(broken), str(broken)), device.choose(Nemo, "cpu"))


# Canary: a stand-in for NeMo's model shows what it is asked; its own weights need gigabytes


class Multitask:
    """Answers with the prompt it was given."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def transcribe(self, audio: list[Any], **options: Any) -> list[Any]:
        self.calls.append(options)
        text = f"{options['source_lang']}>{options['target_lang']}"
        rows = [{"word": text, "start_offset": 1, "end_offset": 5}]
        return [
            SimpleNamespace(text=text, score=-1.0, y_sequence=[1, 2], timestamp={"word": rows}, word_confidence=None)
            for _ in audio
        ]


def canary(languages: tuple[str, ...]) -> tuple[NemoCanary, Multitask]:
    engine, model = NemoCanary.__new__(NemoCanary), Multitask()
    engine.languages_spoken, engine.layout, engine._model, engine._frame_seconds = languages, "aed", model, 0.08
    return engine, model


def test_canary_is_told_the_language_and_translates() -> None:
    from dataclasses import replace

    engine, model = canary(("de", "en", "es", "fr"))
    clips = [replace(silence(1.0), language=language) for language in ("de", None, "de", "fr")]
    heard = engine.transcribe(clips, Options(word_timestamps=True))
    assert [one[0].text for one in heard] == ["de>de", "en>en", "de>de", "fr>fr"]
    assert [one[0].language for one in heard] == ["de", "en", "de", "fr"]
    assert len(model.calls) == 3 and all(call["timestamps"] for call in model.calls)
    assert heard[0][0].words[0].start == pytest.approx(0.08)
    engine.transcribe(clips[:1], Options(task="translate"))
    assert model.calls[-1]["task"] == "ast" and model.calls[-1]["target_lang"] == "en"
    with pytest.raises(UsageError, match="does not speak 'ja'"):
        engine.transcribe(clips[:1] and [replace(clips[0], language="ja")], Options())


def test_the_card_follows_the_decoder(archives: dict[str, Path]) -> None:
    def card(name: str, path: str | None) -> type:
        return Nemo.for_weights(Weights(name, path, None, MODELS.get(name)))

    assert card("canary-1b-flash", "/somewhere") is card("canary-1b-flash", None) is NemoCanary
    assert card("parakeet-ctc-1.1b", "/somewhere") is card("parakeet-ctc-1.1b", None) is NemoPlain
    assert card("own", str(archives["tdt"])) is NemoPlain
    assert card("own", None) is Nemo, "what any of them can is let through until the weights are here"
    assert "task" in NemoCanary.supports and "task" in Nemo.supports and "task" not in NemoPlain.supports


def test_canary_is_let_through_to_translate(asr: Any) -> None:
    words = ("transcribe", DIGITS / "string00.wav", "-e", "nemo", "-l", "de", "--translate")
    done = asr(*words, "-m", "canary-1b-flash", "--dry-run")
    assert done.code == 0, done.err
    done = asr(*words, "-m", "canary-1b-flash")
    assert done.code == 3 and "asr engines pull nemo:canary-1b-flash" in done.err


def test_graphs_are_left_after_an_error(engine: Nemo, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def hear(clips: Any, times: bool, options: Options) -> list[Any]:
        nonlocal calls
        calls += 1
        if engine._graphs:
            raise RuntimeError("CUDA failure! 35")
        return [SimpleNamespace(text="", score=None, y_sequence=np.array([]), timestamp={}, word_confidence=None)]

    monkeypatch.setattr(engine, "_decode", hear)
    monkeypatch.setattr(engine, "_graphs", True)
    assert engine.transcribe([silence(1.0)], Options()) == [[]]
    assert calls == 2 and not engine._graphs


@pytest.mark.slow
@pytest.mark.timeout(900)  # NeMo imports 7,000 modules, which a busy machine takes minutes for
def test_the_command_says_nothing_of_nemo(asr: Any, archives: dict[str, Path]) -> None:
    words = ("-e", "nemo", "-m", archives["tdt"], "-f", "json", "--word-timestamps")
    done = asr("transcribe", DIGITS / "string00.wav", *words, timeout=400)
    assert done.code == 0, done.err
    (segment,) = json.loads(done.out)["segments"]
    assert done.err.count("\n") == bool(segment["flags"]), done.err  # weights are random, and the text may be unsure


def test_a_hostile_archive_ends_the_command_with_3(asr: Any, tmp_path: Path) -> None:
    from tests.nemo_engine.test_archive import payload

    payload(tmp_path / "evil.nemo")
    done = asr("transcribe", DIGITS / "string00.wav", "-e", "nemo", "-m", tmp_path / "evil.nemo")
    assert done.code == 3 and "os.system" in done.err.replace("posix", "os") and done.out == ""
    assert "Traceback" not in done.err
    missing = asr("transcribe", DIGITS / "string00.wav", "-e", "nemo", "-m", "./no.nemo")
    assert missing.code == 2 and "no folder or .nemo file './no.nemo'" in missing.err
