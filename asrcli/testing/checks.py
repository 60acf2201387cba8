"""What an engine is tried with, and the checks: each raises `ContractBroken` where the contract is not kept."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import get_args

from asrcli.base.children import python, surroundings
from asrcli.base.languages import NAMES
from asrcli.capabilities import Answers, Backends, Concurrent, Streams, implementation, names_any_model
from asrcli.engine import Engine, load_class
from asrcli.engines import device
from asrcli.engines.options import check_options
from asrcli.errors import UsageError
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment, WordSource
from asrcli.weights import models

# What importing the module of an engine, and asking its card, must not bring in.
HEAVY = (
    "numpy", "av", "torch", "transformers", "ctranslate2", "faster_whisper", "onnxruntime", "huggingface_hub",
    "pocketsphinx", "nemo", "tokenizers", "sentencepiece", "peft", "safetensors", "kaldi_native_fbank", "httpx",
    "jax", "tensorflow", "sherpa_onnx", "scipy",
)  # fmt: skip
SHORT = (0.0, 0.0001, 0.05, 1.0, 5.0)  # seconds of silence
LEVELS = (20.0, 40.0, 60.0)  # decibels of noise below full scale
STEP = 0.021  # seconds by which times may differ with other neighbours: a frame
ROUNDING = 1e-6  # seconds

Check = Callable[["Case"], None]


# What the class says, without loading anything


def card(case: Case) -> None:
    """Attributes are of the right kind and fit together."""
    kind = load_class(case.engine)
    require(kind.name == case.engine, f"its name is '{kind.name}', its entry point '{case.engine}'")
    known = kind.default_model in kind.models or names_any_model(kind)
    require(known, f"default_model '{kind.default_model}' is none of models")
    require(kind.devices and set(kind.devices) <= {"cpu", "cuda", "mps"}, f"devices: {kind.devices}")
    require(set(kind.dtypes) <= set(kind.devices), f"dtypes of other devices: {sorted(kind.dtypes)}")
    require(kind.max_seconds > 0 and kind.clip_seconds(Options()) > 0, "clips have a length above 0")
    require(kind.batch_seconds and min(kind.batch_seconds.values()) > 0, "batches have a length above 0")
    require(kind.install_command().startswith("pip install "), kind.install_command())
    require(
        kind.weight_files or not any(one.hub_id for one in kind.models.values()), "weight_files: which hold weights?"
    )
    _options(kind)
    for short, model in kind.models.items():
        require(model.hub_id is None or models.HUB_ID.fullmatch(model.hub_id), f"{short}: hub id '{model.hub_id}'")
        pinned = model.revision is None or re.fullmatch("[0-9a-f]{40}", model.revision)
        require(pinned, f"{short}: revision '{model.revision}' is no commit")
        require(model.licence and model.licence != "unknown", f"{short}: say the licence")
        strange = [code for code in kind.languages(short) if code not in NAMES]
        require(not strange, f"{short}: not codes of asrcli.base.languages: {strange}")


def _options(kind: type[Engine]) -> None:
    """Check what a card says about options."""
    names = {field.name for field in fields(Options)}
    require(kind.supports <= names - {"language"}, f"supports: {sorted(kind.supports - names)}")
    require(not set(kind.own_options) & names, f"own_options beside options of that name: {sorted(kind.own_options)}")
    scorer = "words.arpa" if "language_model" in kind.supports else None  # some options are for it
    for own, option in kind.own_options.items():
        require(re.fullmatch("[a-z]+(_[a-z]+)*", own) and option.help, f"own option '{own}'")
        require(option.least <= option.default <= option.most, f"own option '{own}': its default is out of range")
        check_options(kind, Options(engine_options=((own, option.default),), language_model=scorer))
    require(kind.beams(Options()) >= 1 and kind.beams(Options(beam_size=7)) == 7, "beams: at least one, and as asked")


def importing_is_light(case: Case) -> None:
    """The class and its questions about this machine import no heavy library."""
    code = (
        "import sys; from asrcli.engine import load_class; from asrcli.weights import models\n"
        f"kind = load_class({case.engine!r}); kind.missing(); models.is_here(kind)\n"
        f"print([module for module in {HEAVY!r} if module in sys.modules])"
    )
    done = subprocess.run(python("-c", code), capture_output=True, text=True, env=surroundings())
    require(done.stdout.strip() == "[]", f"imported: {done.stdout}{done.stderr}")


def backends(case: Case) -> None:
    """Each backend is a class that knows its name."""
    kind = load_class(case.engine)
    if not issubclass(kind, Backends):
        require(not hasattr(kind, "backends"), "backends are for engines that inherit from Backends")
        return
    for backend in kind.backends:
        chosen = implementation(kind, backend)
        fits = issubclass(chosen, Backends) and chosen.backend == backend and chosen.name == kind.name
        require(fits, f"the class of backend '{backend}' is {chosen}")


# What it does with clips


def no_clips(case: Case) -> None:
    """No clips give no results."""
    require(case.loaded.transcribe([], Options()) == [], "no clips gave results")


def silent_clips(case: Case) -> None:
    """Silence of any length, and nothing at all, give one result, without segments where the case promises that."""
    for seconds in SHORT:
        _nothing(case, silence(seconds), f"{seconds:g} s of silence")


def noisy_clips(case: Case) -> None:
    """Noise gives one result, without segments where the case promises that."""
    for decibels in LEVELS:
        _nothing(case, noise(3.0, decibels), f"noise at -{decibels:g} dB")


def _nothing(case: Case, clip: Clip, called: str) -> None:
    found = case.loaded.transcribe([clip], Options())
    require(len(found) == 1, f"{called}: {len(found)} results for one clip")
    promised = case.loaded.rejects_noise if case.rejects_noise is None else case.rejects_noise
    require(not promised or found == [[]], f"{called}: transcribed as {texts(found)}")


def order(case: Case) -> None:
    """There is one result for each clip, in the order of the clips."""
    require(len(case.speech) >= 3, "a case has at least three clips of speech")
    found = case.loaded.transcribe(case.speech, Options())
    require(len(found) == len(case.speech), f"{len(found)} results for {len(case.speech)} clips")
    require(all(found), f"nothing recognised in one of: {texts(found)}")
    turned = case.loaded.transcribe(case.speech[::-1], Options())
    require(texts(turned) == texts(found)[::-1], f"in another order: {texts(turned)}, not {texts(found)[::-1]}")


def neighbours(case: Case) -> None:
    """The result for a clip does not depend on the clips beside it."""
    one, two, three = case.speech[:3]
    options = _timed(case.loaded)
    together = case.loaded.transcribe([one, noise(3.0, 10.0), two, silence(0.05), three], options)
    for clip, beside in zip((one, two, three), together[::2], strict=True):
        alone = case.loaded.transcribe([clip], options)[0]
        require(texts([alone]) == texts([beside]), f"alone {texts([alone])}, beside others {texts([beside])}")
        for left, right in zip(alone, beside, strict=True):
            near = abs(left.start - right.start) <= STEP and abs(left.end - right.end) <= STEP
            require(near, f"'{left.text}': {left.start}-{left.end}, beside others {right.start}-{right.end}")
            require(
                [word.text for word in left.words] == [word.text for word in right.words], f"words of '{left.text}'"
            )


def times(case: Case) -> None:
    """Times are inside the clip and do not go back; texts have no space around them, scores are 0 to 1."""
    options = _timed(case.loaded)
    for clip, own in zip(case.speech, case.loaded.transcribe(case.speech, options), strict=True):
        clock = 0.0
        for segment in own:
            _check_part(segment.text, segment.score, (segment.start, segment.end), (clock, clip.seconds))
            clock = segment.end
            require(segment.words or not options.word_timestamps, f"'{segment.text}': word times were asked for")
            inner = segment.start
            for word in segment.words:
                _check_part(word.text, word.score, (word.start, word.end), (inner - ROUNDING, segment.end))
                require(word.source in get_args(WordSource), f"'{word.text}': source '{word.source}'")
                inner = word.end


def _check_part(text: str, score: float | None, own: tuple[float, float], within: tuple[float, float]) -> None:
    require(text == text.strip() != "", f"'{text}' is empty or has spaces around it")
    require(
        all(type(one) is float and math.isfinite(one) for one in own), f"'{text}': times {own} are not Python's own"
    )
    inside = within[0] <= own[0] <= own[1] <= within[1] + ROUNDING
    require(inside, f"'{text}': {own[0]}-{own[1]} is not in {within[0]}-{within[1]}")
    fits = score is None or (type(score) is float and 0.0 <= score <= 1.0)
    require(fits, f"'{text}': score {score!r} is no number of Python's own from 0 to 1")


def values_go_into_json(case: Case) -> None:
    """Results hold Python's own values."""
    json.dumps([asdict(segment) for own in case.loaded.transcribe(case.speech[:1], Options()) for segment in own])


# What some engines can do


def identified_languages(case: Case) -> None:
    """The language of each clip is identified, with probabilities; or asking for it is refused."""
    engine = case.loaded
    if not engine.identifies_language:
        _refused(lambda: engine.identify_language(case.speech), "identify_language, without identifies_language")
        return
    require(engine.identify_language([]) == [], "no clips gave languages")
    for scores in engine.identify_language(case.speech):
        best = max(scores, key=lambda code: scores[code])
        require(best == case.language, f"identified '{best}', not '{case.language}'")
        require(all(type(one) is float and 0.0 <= one <= 1.0 for one in scores.values()), f"probabilities: {scores}")
        require(abs(sum(scores.values()) - 1.0) <= 0.01, f"probabilities add up to {sum(scores.values())}")


def answers(case: Case) -> None:
    """Questions are answered, each by itself; or no option promises that."""
    engine = case.loaded
    require(isinstance(engine, Answers) == ("ask" in engine.supports), "`ask` in supports and Answers go together")
    if not isinstance(engine, Answers):
        return
    require(engine.prompt_characters >= 1000, f"prompts of at most {engine.prompt_characters} characters")
    asked = ["Sum up.\n\n[1] seven three nine", "Sum up.\n\n[1] hello"]
    found = engine.generate(asked, 50)
    require(engine.generate([], 50) == [] and len(found) == 2, f"{len(found)} answers to 2 questions")
    require([engine.generate([one], 50)[0] for one in asked] == found, f"other answers one by one than {found}")
    require(found[0] != found[1], f"the same answer to different questions: '{found[0]}'")
    require(all("<think>" not in one and one.strip() == one != "" for one in found), f"answers: {found}")


def streams(case: Case) -> None:
    """A stream settles text while it is spoken, and all of it at the end."""
    engine = case.loaded
    if not isinstance(engine, Streams):
        require(not hasattr(engine, "stream"), "streaming is for engines that inherit from Streams")
        return
    clip = case.speech[0]
    stream = engine.stream(Options())
    updates = [stream.accept(clip.samples[at : at + SAMPLE_RATE]) for at in range(0, len(clip.samples), SAMPLE_RATE)]
    updates.append(stream.finish())
    require("".join(one.settled for one in updates).strip(), "a stream of speech settled nothing")
    reached = [one.settled_until for one in updates]
    require(reached == sorted(reached), f"what is settled went back: {reached}")


def callers(case: Case) -> None:
    """Several threads may call an engine that says so, and get what one gets."""
    if not isinstance(case.loaded, Concurrent):
        return  # the core calls it from one thread at a time
    alone = [texts(case.loaded.transcribe([clip], Options())) for clip in case.speech]
    with ThreadPoolExecutor(len(case.speech)) as pool:
        found = pool.map(lambda clip: texts(case.loaded.transcribe([clip], Options())), case.speech)
    require(list(found) == alone, "other results from several threads")


CHECKS: tuple[Check, ...] = (
    card, importing_is_light, backends, no_clips, silent_clips, noisy_clips, order, neighbours, times,
    values_go_into_json, identified_languages, answers, streams, callers,
)  # fmt: skip


def check_engine(case: Case) -> None:
    """Run every check.

    Raises:
        ContractBroken: for the first that fails.
    """
    for check in CHECKS:
        check(case)


def _timed(engine: Engine) -> Options:
    return Options(word_timestamps=True if "word_timestamps" in engine.supports else None)


def _refused(call: Callable[[], object], called: str) -> None:
    try:
        call()
    except UsageError:
        return
    raise ContractBroken(f"{called}: not refused with a UsageError")


class ContractBroken(AssertionError):
    """An engine does not keep the contract; the message says where."""


@dataclass
class Case:
    """What an engine is tried with.

    Args:
        engine: the name of its entry point.
        speech: at least three clips in which it recognises something.
        model: a name, folder or file, as after ``-m``; None is its default. Its weights must be on this machine.
        language: of the speech, for an engine that identifies languages.
        rejects_noise: silence and noise give no segment. Only a model that knows all there is to recognise, or an
            engine that looks for speech itself, can promise that; None is what the engine's card says.
        device: ``cpu`` or another kind.
    """

    engine: str
    speech: Sequence[Clip]
    model: str | None = None
    language: str = "en"
    rejects_noise: bool | None = None
    device: str = "cpu"

    @cached_property
    def loaded(self) -> Engine:
        """The engine, loaded once."""
        kind = load_class(self.engine)
        weights = models.resolve(kind, self.model, offline=True, pull=False, announce=lambda text: None)
        card = implementation(kind, None).for_weights(weights)
        return card(weights, device.choose(card, self.device, threads=1))


def require(condition: object, message: str) -> None:
    """Raise `ContractBroken` unless the condition holds."""
    if not condition:
        raise ContractBroken(message)


def read_clip(path: Path | str) -> Clip:
    """Return a whole recording as one clip."""
    import numpy as np

    from asrcli.audio.decode import decode

    samples = np.concatenate(list(decode(Recording(str(path)), warn=lambda text: None)))
    return Clip(Recording(str(path), seconds=len(samples) / SAMPLE_RATE), 0.0, samples)


def silence(seconds: float, name: str = "silence.wav") -> Clip:
    """Return digital silence."""
    import numpy as np

    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    return Clip(Recording(name, seconds=seconds), 0.0, samples)


def noise(seconds: float, decibels: float, seed: int = 0) -> Clip:
    """Return white noise at a level below full scale, the same every time."""
    import numpy as np

    level = 10 ** (-decibels / 20)
    samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)) * level
    return Clip(Recording("noise.wav", seconds=seconds), 0.0, np.clip(samples, -1, 1).astype(np.float32))


def texts(found: Sequence[Sequence[Segment]]) -> list[str]:
    """Return the text of each clip."""
    return [" ".join(segment.text for segment in own) for own in found]
