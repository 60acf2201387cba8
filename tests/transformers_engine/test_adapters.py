"""MMS: the language picks the adapter and the letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.aligner import Ctc
from asr_plugins.transformers_models.ctc import CODES, find_adapter

from asrcli.base.languages import NAMES
from asrcli.engine import Device, Weights
from asrcli.errors import ModelError, UsageError
from asrcli.types import Options
from tests.clips import noise
from tests.transformers_engine import tiny

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.mms(tmp_path_factory.mktemp("mms") / "mms-tiny")


def load(folder: Path) -> Transformers:
    return Transformers(Weights("mms", str(folder)), Device(threads=1))


@pytest.mark.slow
def test_each_language_has_the_library_s_own_output(folder: Path) -> None:
    engine = load(folder)
    assert engine.ctc is not None
    sound = noise(1.5, 20)
    for language, code in (("de", "deu"), ("en", "eng"), ("de", "deu")):
        engine.ctc.speak(language)
        (ours,) = engine.ctc.emissions([sound.samples])
        oracle = transformers.Wav2Vec2ForCTC.from_pretrained(
            folder, target_lang=code, ignore_mismatched_sizes=True
        ).eval()
        oracle.load_adapter(code, force_load=True)
        extractor = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder)
        inputs = extractor(sound.samples, sampling_rate=16_000, return_tensors="pt")
        with torch.inference_mode():
            theirs = torch.log_softmax(oracle(**inputs).logits[0], -1).numpy()
        assert np.abs(ours - theirs).max() < 1e-3
        letters = {token for token in engine.ctc.vocabulary.numbers if len(token) == 1 and token != "|"}
        assert letters == set(tiny.MMS_LETTERS[code])


def test_clips_of_two_languages_each_have_their_letters(folder: Path) -> None:
    from dataclasses import replace

    engine = load(folder)
    clips = [replace(noise(2.0, 20, seed), language=code) for seed, code in enumerate(["de", "en", "de"])]
    together = engine.transcribe(clips, Options())
    alone = [engine.transcribe([one], Options())[0] for one in clips]
    assert [[one.text for one in found] for found in together] == [[one.text for one in found] for found in alone]
    assert all(found for found in together)


def test_the_aligner_speaks_the_language_it_is_told(folder: Path) -> None:
    aligner = Ctc(Weights("mms", str(folder)), Device(threads=1))
    for language, word in (("de", "größe"), ("en", "don't")):
        aligner.align([noise(2.0, 20)], [[word]], language)
        assert -1 not in aligner.model.vocabulary.spell(word)


def test_a_language_without_an_adapter_is_refused(folder: Path) -> None:
    engine = load(folder)
    with pytest.raises(UsageError, match=r"no adapter for language 'fr', only: deu, eng; download adapter\.fra\."):
        engine.transcribe([noise(1.0, 20)], Options(language="fr"))
    with pytest.raises(UsageError, match="give --language"):
        engine.transcribe([noise(1.0, 20)], Options())
    assert find_adapter(folder, "deu") == "deu"


def test_a_damaged_adapter_is_one_line(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "damaged"
    shutil.copytree(folder, copy)
    (copy / "adapter.deu.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="adapter 'deu'"):
        load(copy).transcribe([noise(1.0, 20)], Options(language="de"))


def test_codes_are_those_of_the_toolbox() -> None:
    assert {pair.split(":")[0] for pair in CODES.split()} <= set(NAMES)
