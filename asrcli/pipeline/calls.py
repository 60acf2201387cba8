"""What is asked of engines and of the models beside them, for a run: outside of its lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial

from asrcli.engines.recogniser import Recogniser, Results
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.again import only_trusted, recognise_again, second_pass
from asrcli.pipeline.assembly import doubt, settle
from asrcli.pipeline.punctuation import punctuate
from asrcli.pipeline.settings import Settings
from asrcli.pipeline.tongues import in_own_language
from asrcli.types import Clip, Options, Segment


class Calls:
    """Calls of recognisers, each in a thread of its own, and of models that all of them share."""

    def __init__(self, options: Options, settings: Settings, votes: bool) -> None:
        self.options, self.settings, self.votes = options, settings, votes  # on the language of a recording
        self._companions = threading.Lock()  # models beside the engine recognise one at a time

    def identify(self, recogniser: Recogniser, clips: Sequence[Clip]) -> list[dict[str, float]] | Exception:
        """Return the probability of each language for each clip, or why there is none."""
        try:
            if (identifier := self.settings.identifier) is None:
                return recogniser.identify_language(clips)
            with self._companions:
                return identifier.identify_language(clips)
        except (EngineUnavailable, DeviceError):  # no recording is to blame, and another recogniser may do it
            raise
        except Exception as error:  # the per-input boundary
            return error

    def recognise(self, recogniser: Recogniser, clips: Sequence[Clip]) -> tuple[Results, float]:
        """Return what was recognised in each clip, complete, and how long the engine took."""
        begun = time.perf_counter()
        results = recogniser.transcribe(clips, self.options)
        results = [self._settled(recogniser, clip, one) for clip, one in zip(clips, results, strict=True)]
        spent = time.perf_counter() - begun
        return [self._complete(clip, result) for clip, result in zip(clips, results, strict=True)], spent

    def _settled(
        self, recogniser: Recogniser, clip: Clip, result: list[Segment] | Exception
    ) -> list[Segment] | Exception:
        """Move segments to the recording's clock, and recognise again what lacks text for the speech in it."""
        if isinstance(result, Exception):
            return result
        if self.settings.cut.vad is None:
            segments = settle(clip, result, self.options, None)
            trusted = recogniser.choice.engine.rejects_noise or not segments
            return list(segments if trusted else doubt(clip, segments))
        segments = settle(clip, result, self.options, clip.speech)
        if not clip.speech:
            return list(only_trusted(segments))
        again = second_pass(recogniser, self.options)
        segments = recognise_again(clip, segments, self.settings.cut, again)
        if not self.votes or self.options.task == "translate":
            return list(segments)
        return in_own_language(clip, segments, partial(self.identify, recogniser), again, self.settings.languages)

    def _complete(self, clip: Clip, segments: list[Segment] | Exception) -> list[Segment] | Exception:
        """Give segments punctuation and word times where asked for."""
        if isinstance(segments, Exception):
            return segments
        with self._companions:
            return self._with_companions(clip, segments)

    def _with_companions(self, clip: Clip, segments: list[Segment]) -> list[Segment] | Exception:
        if self.settings.punctuator is not None:
            segments = list(punctuate(segments, self.settings.punctuator))
        if self.settings.words is None:
            return segments
        try:
            return list(self.settings.words(clip, segments))
        except (EngineUnavailable, DeviceError):
            raise
        except Exception as error:  # the per-input boundary
            return error
