"""Pairs of sound and text to finished outputs: planned before anything loads, made once, written whole."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli import state
from asrcli.alignment import choice as choices
from asrcli.alignment import reference as references
from asrcli.alignment.language import guess_language
from asrcli.alignment.result import FOREIGN, Summary, missing_runs, spell, summarise, transcript_of
from asrcli.alignment.script import SUFFIXES, Script, read_script
from asrcli.alignment.windows import Windows
from asrcli.console import clock
from asrcli.errors import AsrError, CheckFailed, DeviceError, EngineUnavailable, InputError, UsageError
from asrcli.execution import Done, JobEvent, JobFailed, Note, Probed, probe_all, write_output
from asrcli.inputs import EXTENSIONS, STDIN, Found, walk
from asrcli.jobs import SHAPED, Job, Output
from asrcli.outputs import Naming, check_collisions, check_folder, check_template
from asrcli.types import Recording, Transcript
from asrcli.vad import VadOptions
from asrcli.writers import FORMATS, Layout

if TYPE_CHECKING:
    from asrcli.aligner import Aligner

MIN_COVERAGE = 0.5  # of the words; half of them missing is no alignment
MAX_WORD_SECONDS = 5.0  # nobody stretches a word so long


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and the text of it."""

    audio: Found
    text: str


@dataclass(frozen=True, slots=True)
class AlignRequest:
    """Everything that a run was asked for."""

    pairs: tuple[Pair, ...]
    aligner: str = "auto"
    model: str | None = None
    language: str | None = None
    formats: tuple[str, ...] = ()  # () writes nothing: the caller takes the transcripts
    layout: Layout | None = None  # None keeps cues of subtitles, and shapes those of other texts
    naming: Naming = field(default_factory=Naming)
    vad: VadOptions | None = field(default_factory=VadOptions)
    min_coverage: float = MIN_COVERAGE
    max_word_seconds: float = MAX_WORD_SECONDS
    reference: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    offline: bool = False
    force: bool = False

    @property
    def settles_early(self) -> bool:
        """Whether segments are final before the whole input is done."""
        return True


@dataclass(frozen=True, slots=True)
class AlignPlan:
    """What a run will do."""

    request: AlignRequest
    aligner: type[Aligner]
    model: str | None
    jobs: tuple[Job, ...]
    texts: dict[str, str]  # of each recording
    recipe: state.Recipe
    notices: tuple[str, ...]


def find_pairs(audio: str, text: str | None) -> list[Pair]:
    """Return the pairs that two arguments stand for: two files, or folders whose files have the same stems.

    Raises:
        UsageError: nothing there to be paired.
    """
    if not os.path.isdir(audio):
        if text is None:
            raise UsageError(f"'{audio}' needs its text: asr align {audio} TEXT, or - for standard input")
        if os.path.isdir(text):
            text = _text_of(Path(text), Path(audio).stem) or os.path.join(text, Path(audio).stem + SUFFIXES[0])
        return [Pair(Found(audio), text)]
    if text is not None and not os.path.isdir(text):
        raise UsageError(f"'{audio}' is a folder and '{text}' is not: name a folder of texts with the same names")
    pairs, alone = [], []
    for path in walk(audio):
        below = os.path.relpath(os.path.dirname(path), audio)
        beside = Path(text or audio, below)
        own = _text_of(beside, Path(path).stem)
        if own:
            pairs.append(Pair(Found(path, audio), own))
        else:
            alone.append(path)
    if not pairs:
        kinds = ", ".join(SUFFIXES)
        raise UsageError(
            f"no recording in '{audio}' has a text of the same name ({kinds}) in '{text or audio}'"
            if alone
            else f"no audio or video files in folder '{audio}'"
        )
    return pairs + [Pair(Found(path, audio), "") for path in alone]


def _text_of(folder: Path, stem: str) -> str | None:
    paths = [folder / (stem + suffix) for suffix in SUFFIXES if suffix not in EXTENSIONS]
    return next((str(path) for path in paths if path.is_file()), None)


def plan(request: AlignRequest) -> AlignPlan:
    """Check everything that can be checked without weights, and find what has to be made.

    Raises:
        UsageError: an aligner, format, template or name that cannot work.
        EngineUnavailable: nothing here can align the language.
    """
    language = request.language or _common_language(request.pairs)
    aligner, model = choices.choose_aligner(request.aligner, request.model, language)
    model = model or aligner.default_model
    notices = [f"aligner {aligner.name}:{model}"] if request.aligner == "auto" else []
    naming = replace(request.naming, engine=aligner.name, model=model)
    check_template(naming.template, request.formats)
    if request.reference:
        references.check_reference(request.reference)
    recipe = {
        "command": "align",
        "engine": aligner.name,
        "model": model,
        "language": str(request.language),
        "vad": "off" if request.vad is None else str(asdict(request.vad)),
        "min_coverage": str(request.min_coverage),
        "max_word_seconds": str(request.max_word_seconds),
    }
    writes = bool(request.formats) and not naming.to_stdout
    if writes:
        check_folder(naming.state_folder)
    jobs = tuple(_plan_job(pair, request, naming, recipe) if writes else Job(pair.audio) for pair in request.pairs)
    check_collisions([(job.name, output.path) for job in jobs for output in job.outputs])
    texts = {pair.audio.path: pair.text for pair in request.pairs}
    return AlignPlan(replace(request, naming=naming), aligner, model, jobs, texts, recipe, tuple(notices))


def _common_language(pairs: Sequence[Pair]) -> str | None:
    """Return the language the first texts are plainly in, when they agree; standard input is not read for it."""
    found = set()
    for pair in [one for one in pairs if one.text not in ("", STDIN)][:20]:
        try:
            script = read_script(pair.text)
        except AsrError:
            continue
        found.add(script.language or guess_language(script.text))
    return found.pop() if len(found) == 1 else None


def _recipe(recipe: state.Recipe, text: str, name: str, layout: Layout | None) -> state.Recipe:
    shape = {} if layout is None else {f"layout.{key}": str(value) for key, value in asdict(layout).items()}
    digest = state.digest_of(text) if os.path.isfile(text) else "none"
    return {**recipe, "text": digest, "format": name, **(shape if name in SHAPED else {})}


def _plan_job(pair: Pair, request: AlignRequest, naming: Naming, recipe: state.Recipe) -> Job:
    ledger = state.ledger(naming.state_folder)
    outputs = []
    for name in request.formats:
        path = naming.path(pair.audio, FORMATS[name].extension)
        if os.path.exists(path) and os.path.exists(pair.text) and os.path.samefile(path, pair.text):
            raise UsageError(f"the output '{path}' would overwrite the text itself: choose another --output-dir")
        if not request.force and naming.file is None:
            ledger.refuse_foreign(path)
        stale: str | None
        if request.force or request.reference:
            stale = "--force" if request.force else "--reference compares anew"
        elif STDIN in (pair.audio.path, pair.text) or not os.path.exists(pair.audio.path):
            stale = "the input has no date"
        else:
            stale = ledger.stale(path, pair.audio.path, _recipe(recipe, pair.text, name, request.layout))
        outputs.append(Output(name, path, stale))
    return Job(pair.audio, tuple(outputs))


def execute(planned: AlignPlan) -> Generator[JobEvent, None, None]:
    """Do what is planned, one recording after the other; yield what happens.

    Raises:
        EngineUnavailable, DeviceError: the aligner cannot be loaded.
    """
    request = planned.request
    readable: list[tuple[Job, float | None]] = []
    for job, info in probe_all([job for job in planned.jobs if not job.up_to_date]):
        if isinstance(info, Exception):
            yield JobFailed(job, info)
        else:
            readable.append((job, info.seconds if info else None))
    yield Probed(tuple(readable))
    if not readable:
        return
    notes: list[str] = []
    chosen = choices.prepare_aligner(
        planned.aligner,
        planned.model,
        device=request.device,
        dtype=request.dtype,
        threads=request.threads,
        offline=request.offline,
        announce=notes.append,
    )
    yield from (Note(text) for text in notes)
    aligner = chosen.load()
    errors = references.BoundaryError((), 0, 0)
    compared = 0
    for job, _ in readable:
        try:
            transcript = align_pair(job.name, planned.texts[job.name], aligner, request)
            transcript = replace(transcript, model=chosen.weights.name, revision=chosen.weights.revision)
            yield from _finish(planned, job, transcript)
            if request.reference:
                error = _compare(request.reference, job.name, transcript)
                if isinstance(error, InputError):  # the alignment is done all the same
                    yield Note(str(error), job)
                    continue
                errors, compared = errors + error, compared + 1
                yield Note(f"against {request.reference}: {error}", job)
        except (EngineUnavailable, DeviceError):
            raise
        except Exception as error:  # the per-input boundary
            yield JobFailed(job, error)
    if compared > 1:
        yield Note(f"all {compared} against {request.reference}: {errors}")


def _compare(folder: str, audio: str, transcript: Transcript) -> references.BoundaryError | InputError:
    """Return how far a recording's words are from its reference, or why nobody can say."""
    try:
        known = references.find_reference(folder, Path(audio).stem)
    except InputError as error:
        return error
    return references.boundary_error(known, references.words_of(transcript))


def align_pair(audio: str, text: str, aligner: Aligner, request: AlignRequest) -> Transcript:
    """Align one recording with its text.

    Raises:
        InputError: one of them cannot be read.
        CheckFailed: the text is plainly in a language that the aligner does not speak.
    """
    from asrcli.alignment.sound import Tape, survey

    if not text:
        raise InputError(f"{audio}: no text of this name ({', '.join(SUFFIXES)})")
    if audio == STDIN:
        raise InputError("standard input is read once and sound twice: give the recording as a file")
    script = read_script(text)
    language = _language(script, request, aligner, text)
    recording = Recording(audio)
    warnings: list[str] = []
    found = survey(recording, request.vad, warnings.append)
    spelling = spell(script, language)
    placed = Windows(spelling.spoken, Tape(recording), found.speech, aligner, language).run()
    transcript = transcript_of(spelling, placed, recording, found, aligner.name)
    return replace(transcript, language=language, warnings=tuple(warnings))


def _language(script: Script, request: AlignRequest, aligner: Aligner, text: str) -> str | None:
    """Return the language to align in; the text may plainly be in another one than was asked for."""
    plain = guess_language(script.text)
    asked = request.language
    if asked and plain and plain != asked and {plain, asked} != {"zh", "yue"}:
        raise CheckFailed(f"the text '{text}' is plainly in '{plain}', not in '{asked}': give --language {plain}")
    language = asked or script.language or plain
    spoken = aligner.languages(request.model or aligner.default_model)
    if language and spoken and language not in spoken:
        raise CheckFailed(
            f"the text '{text}' is in '{language}', which aligner '{aligner.name}' does not speak, only: "
            + ", ".join(spoken)
        )
    return language or (spoken[0] if len(spoken) == 1 else None)


def _finish(planned: AlignPlan, job: Job, transcript: Transcript) -> Iterator[JobEvent]:
    """Write the outputs, say what does not fit together, and check what was asked for."""
    request = planned.request
    problem = failed_check(transcript, request)
    written = []
    text, ledger = planned.texts[job.name], state.ledger(request.naming.state_folder)
    layout = layout_for(request.layout, text)
    for output in job.outputs:
        if output.stale:
            written.append(output.path)
            # A result that a check has failed is there to be looked at, and never up to date.
            recipe = _recipe(planned.recipe, text, output.format, request.layout) if problem is None else None
            yield from write_output(job, output, transcript, layout, ledger, recipe)
    yield from (Note(text, job) for text in doubts(transcript))
    if problem is None:
        yield Done(job, transcript, tuple(written))
    else:
        kept = f"; see {written[0]}" if written else ""
        yield JobFailed(job, CheckFailed(f"{job.name}: {problem}{kept}"))


def layout_for(asked: Layout | None, text: str) -> Layout:
    """Return how cues are shaped: as asked for, else as they are in subtitles, else by the default."""
    return asked or Layout(by_segment=Path(text).suffix.lower() in (".srt", ".vtt"))


def doubts(transcript: Transcript) -> Iterator[str]:
    """Yield a line about the words that were not found."""
    runs = missing_runs(transcript)
    if runs:
        longest, length = max(runs, key=lambda run: run[1])
        total = sum(count for _, count in runs)
        where = "in one place" if len(runs) == 1 else f"in {len(runs)} places, the longest of {length} words"
        yield (
            f"{total} words of the text are not in the audio, {where} from '{longest.text}' at {clock(longest.start)}"
        )


def failed_check(transcript: Transcript, request: AlignRequest) -> str | None:
    """Return a sentence about the first check that does not hold, or ``None``."""
    summary: Summary = summarise(transcript)
    share = f"{summary.found} of {summary.words} words ({summary.coverage:.0%}) are in the audio"
    if summary.coverage < min(FOREIGN, request.min_coverage):
        return f"{share}: another text, or speech in another language than '{transcript.language or 'unknown'}'"
    if summary.coverage < request.min_coverage:
        return f"{share}, less than --min-coverage {request.min_coverage:g}"
    longest = summary.longest
    if longest is not None and longest.end - longest.start > request.max_word_seconds:
        return (
            f"the word '{longest.text}' at {clock(longest.start)} is {longest.end - longest.start:.1f} s long, "
            f"more than --max-word-seconds {request.max_word_seconds:g}"
        )
    return None
