"""What is asked of an alignment, and what has to be made: decided before anything loads."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from asrcli.alignment import choice as choices
from asrcli.alignment import reference as references
from asrcli.alignment.script import guess_language, holds_cues, read_raw, read_script, retimed
from asrcli.audio.inputs import STDIN, lines_of_passed_over
from asrcli.audio.vad import VadOptions
from asrcli.base.encoding import decode_text
from asrcli.base.whole import MOST
from asrcli.errors import AsrError
from asrcli.formats import Layout
from asrcli.outputs.identity import digest_of
from asrcli.outputs.recipes import Recipe
from asrcli.outputs.targets import File, reads
from asrcli.pipeline.settings import by_plugin, by_vad
from asrcli.places.addresses import is_address
from asrcli.runs.align_pairs import Pair
from asrcli.runs.jobs import FORCED, Job, RunRequest, plan_outputs
from asrcli.runs.plan import model_file
from asrcli.types import Recording

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.engine import Device
    from asrcli.types import Transcript

MIN_COVERAGE = 0.5  # of the words; half of them missing is no alignment
MAX_WORD_SECONDS = 5.0  # nobody stretches a word so long


@dataclass(frozen=True, slots=True)
class AlignRequest(RunRequest):
    """Everything that a run was asked for."""

    pairs: tuple[Pair, ...]
    aligner: str = "auto"
    listener: str = "auto"  # verifier for an aligner that cannot reject words: auto, none, ENGINE[:MODEL]
    model: str | None = None
    language: str | None = None
    layout: Layout | None = None  # None keeps cues of subtitles, and shapes those of other texts
    highlight_words: bool | None = None  # None: in ASS only, whose karaoke is what people align for
    vad: VadOptions | None = field(default_factory=VadOptions)
    min_coverage: float = MIN_COVERAGE
    max_word_seconds: float = MAX_WORD_SECONDS
    reference: str | None = None
    chunk_length: float | None = None  # seconds; the longest stretch aligned at once, None: what the aligner does best
    channel: int | None = None  # None is the mix of all

    verb: ClassVar[str] = "align"

    @property
    def settles_early(self) -> bool:
        """Whether segments are final before the whole input is done."""
        return False

    @property
    def anew(self) -> str | None:
        """Why everything is made again, whatever lies there; ``None`` makes what is not up to date."""
        return FORCED if self.force else "--reference compares anew" if self.reference else None

    def layout_for(self, job: Job, format: str) -> Layout:
        """Return how cues are shaped: as asked for, else as they are in subtitles, else by the default."""
        cues = self.layout is None and holds_cues(job.text)
        layout = self.layout or Layout(by_segment=cues, keep_breaks=cues)
        marked = self.highlight_words
        return replace(layout, highlight_words=format == "ass" if marked is None else marked)

    def own_text(self, job: Job, transcript: Transcript, format: str) -> str | None:
        """Return subtitles in their own format with new times and all else as it is; ``None`` where that is not it."""
        same = os.path.splitext(job.text)[1].lower() == f".{format}" and format in ("srt", "vtt", "ass", "lrc")
        if not same or self.layout or self.highlight_words:
            return None
        raw = read_raw(job.text)
        done = retimed(decode_text(raw), job.text, transcript.segments)
        return f"\ufeff{done}" if done and raw.startswith(codecs.BOM_UTF8) else done

    @property
    def track_language(self) -> str | None:
        """The language whose sound track is used where a file marks one."""
        return self.language

    def recording(self, path: str) -> Recording:
        """Return what is used of an input; its track is known by a number by now."""
        track = None if self.track is None else int(self.track)
        return Recording(path, self.channel, start=self.start, end=self.end, track=track, jumps=self.jumps)


@dataclass(frozen=True, slots=True)
class AlignPlan:
    """What a run will do."""

    request: AlignRequest
    aligner: type[Aligner]
    model: str
    finder: choices.Finder | None  # verifies which words are in the audio, where the aligner places them all
    listener: choices.Listener | None  # or a recogniser that does
    second: choices.Listener | None  # a recogniser that is asked before a text is called another one
    jobs: tuple[Job, ...]
    recipe: Recipe
    notices: tuple[str, ...]

    def shaped_by(self, device: Device, again: bool) -> Iterator[tuple[str, str]]:
        """Yield name and value of all that shapes the times; ``again``: the second recogniser was asked, too."""
        request = self.request
        yield from by_plugin(self.aligner, device)
        yield "listener", _verifier_name(None, self.second) if again else _verifier_name(self.finder, self.listener)
        yield from by_vad(request.vad)
        if request.chunk_length:
            yield "chunk_length", f"{request.chunk_length:g}"
        if request.language:
            yield "language", request.language

    @property
    def read(self) -> list[File]:
        """The files that are read, as far as they have names."""
        names, folder = [job.name for job in self.jobs], self.request.reference
        found = reads("the input", *names) + model_file(self.request.model)
        found += reads("the text", *(job.text for job in self.jobs if job.text))
        stems = [Path(name).stem for name in names]
        return found + reads("the reference", *(references.files_for(folder, stems) if folder else ()))


def plan(request: AlignRequest) -> AlignPlan:
    """Check everything that can be checked without weights, and find what has to be made.

    Raises:
        UsageError: an aligner, format, template or name that cannot work.
        EngineUnavailable: nothing here can align the language.
    """
    language = request.language or _common_language(request.pairs)
    aligner, named = choices.choose_aligner(request.aligner, request.model, language)
    model = named or aligner.default_model
    notices: list[str] = []
    finder, listener = choices.choose_verifier(request.listener, aligner, language, notices.append)
    choices.check_window(request.chunk_length, aligner, finder)
    request = replace(request, naming=request.naming.by(aligner.name, model))
    if request.reference:
        references.check_reference(request.reference)
    recipe = {**_run_recipe(request, aligner, model), "finder": _verifier_name(finder, listener)}
    jobs = plan_outputs([_job(pair, recipe) for pair in request.pairs], request)
    notices += lines_of_passed_over(pair.audio.root for pair in request.pairs)
    notices += _notices(request, aligner, model, finder, listener)
    second = choices.choose_second(request.listener, aligner, language)
    return AlignPlan(request, aligner, model, finder, listener, second, jobs, recipe, tuple(notices))


def _job(pair: Pair, recipe: Recipe) -> Job:
    """Return what has to be made of a pair; its text is part of how."""
    digest = "none"
    with suppress(OSError):  # reading it says what is wrong with it
        if is_address(pair.text) or (os.path.isfile(pair.text) and os.path.getsize(pair.text) <= MOST):
            digest = digest_of(pair.text)
    return Job(pair.audio, recipe={**recipe, "text": digest}, text=pair.text)


def _verifier_name(finder: choices.Finder | None, listener: choices.Listener | None) -> str:
    """Return the name of the verifier."""
    if listener:
        engine, model = listener
        return f"{engine.name}:{model or engine.default_model}"
    return f"{finder[0].name}:{finder[1]}" if finder else "none"


def _notices(
    request: AlignRequest,
    aligner: type[Aligner],
    model: str,
    finder: choices.Finder | None,
    listener: choices.Listener | None,
) -> Iterator[str]:
    if request.aligner == "auto":
        yield f"aligner {aligner.name}:{model}"
    if finder or listener:
        yield f"{_verifier_name(finder, listener)} tells which words are in the audio"
    elif not aligner.rejects:
        why = ", and nothing here verifies which are in the audio (--language CODE or --listener ENGINE:MODEL)"
        known = "" if request.listener == "none" else why
        yield f"aligner '{aligner.name}' places every word{known}: text that is missing there may be overlooked"


def _run_recipe(request: AlignRequest, aligner: type[Aligner], model: str) -> Recipe:
    """Return what shapes all outputs of a run."""
    return {
        "command": "align",
        "engine": aligner.name,
        "model": model,
        "language": str(request.language),
        "vad": "off" if request.vad is None else str(asdict(request.vad)),
        "min_coverage": str(request.min_coverage),
        "max_word_seconds": str(request.max_word_seconds),
        "highlight_words": str(request.highlight_words),
        "channel": str(request.channel),
        **({"chunk_length": f"{request.chunk_length:g}"} if request.chunk_length else {}),
        **({"track": request.track} if request.track else {}),
        **({"jumps": "True"} if request.jumps else {}),
        "stretch": f"{request.start}-{request.end}",
    }


def _common_language(pairs: Sequence[Pair]) -> str | None:
    """Return the language the first texts are plainly in, when they agree; standard input is not read for it."""
    found: set[str | None] = set()
    for pair in [one for one in pairs if one.text not in ("", STDIN)][:20]:
        try:
            script = read_script(pair.text)
        except AsrError:
            continue
        found.add(script.language or guess_language(script.text))
    found.discard(None)
    return found.pop() if len(found) == 1 else None
