"""The options of ``asr bench``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.cli.commands.options import ALLOW_HOST, THREADS, VERBOSE
from asrcli.cli.groups import option
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.bench.plan import Plan
    from asrcli.outputs.targets import ReportPaths
    from asrcli.types import Options

Output = Path | None


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Which engines, beside which runs."""

    engine: list[str] | None = option(
        None, "--engine", "-e", help="ENGINE[@BACKEND][:MODEL]; several times for several."
    )
    beside: list[Path] | None = option(
        None, "--with", help="Show this earlier run, or all in a folder; without a dataset, only such."
    )
    replay: Output = option(None, help="Repeat the run of this record, and say what differs.")
    yes: bool = option(False, "--yes", help="Replay with the run's addresses and paths without asking.")
    out: Output = option(None, "--out", "-o", help="Folder for the records; default: the user's.")


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which utterances."""

    sample: int | None = option(None, min=1, help="Use this many utterances, chosen by --seed.")
    seed: int = option(0, min=0, help="Seed of the sample and the noise; default 0.")
    allow_host: list[str] | None = ALLOW_HOST
    text_column: str | None = option(None, help="Where the references are, if not found.")
    language: str | None = option(None, "--language", "-l", help="Code or name, or auto; default: the dataset's own.")


@dataclass(frozen=True, kw_only=True)
class RecognitionOptions:
    """How is recognised."""

    beam_size: int | None = option(None, min=1, help="Hypotheses kept while decoding.")
    length_penalty: float | None = option(None, help="Exponent of the length.")
    chunk_length: float | None = option(None, help="Longest piece recognised at once, seconds; default: by engine.")
    engine_option: list[str] | None = option(
        None, metavar="NAME=VALUE", help="Option of the engine alone; asr engines lists them."
    )
    vad: bool = option(True, help="Leave silence out, as transcribe does (default), or keep it.")

    def asked(self, language: str | None) -> Options:
        """Return what every engine is asked for."""
        from asrcli.base.languages import language_code
        from asrcli.engines.options import parse_engine_options
        from asrcli.types import Options

        return Options(
            language=language_code(language) if language not in (None, "auto") else None,
            beam_size=self.beam_size, length_penalty=self.length_penalty, chunk_length=self.chunk_length,
            engine_options=parse_engine_options(self.engine_option or ()),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """What is measured."""

    normalizer: str = option(
        "asr", "--normalizer", "-n", help="none, basic, whisper-en, open-asr-leaderboard or asr, the default."
    )
    repeats: int = option(3, min=1, help="Repetitions of starts, latencies and batches; default 3.")
    speed_sample: int = option(32, min=1, help="Utterances for repeats, batches, streams, callers; default 32.")
    batches: str = option("1,2,4,8,16,32", help="Batch sizes to try, or none; default 1,2,4,8,16,32.")
    concurrency: str | None = option(None, help="Requests at once: 1,4,16,64; first token, RTF and audio per second.")
    robustness: bool = option(
        False, "--robustness", help="Noise, lengths, telephone, codecs, and sounds without speech too."
    )
    robustness_sample: int = option(24, min=1, help="Utterances per row of the robustness card; default 24.")
    diarize: bool = option(
        False, "--diarize", help="Find speakers too: DER, JER, cpWER and speed; by NAME.rttm or NAME.stm beside."
    )
    diarize_model: str | None = option(None, help="Diarizer for --diarize: a name, a model, or a folder.")

    def plan(self, seed: int) -> Plan:
        """Return which figures are measured, and from how much."""
        from asrcli.bench.plan import Plan

        if self.diarize_model and not self.diarize:
            raise UsageError(f"--diarize-model {self.diarize_model} is for --diarize: add it")
        made = Plan(
            repeats=self.repeats, speed_sample=self.speed_sample, batches=_sizes(self.batches, "--batches"),
            callers=_sizes(self.concurrency, "--concurrency"), robustness=self.robustness,
            robustness_sample=self.robustness_sample, seed=seed, normalizer=self.normalizer,
            diarize=self.diarize, diarize_model=self.diarize_model,
        )  # fmt: skip
        made.check()
        return made


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """Where engines run."""

    device: str = option("auto", help="auto, cpu, cuda, cuda:1, mps; several: cuda:0,cuda:1 or cuda:all.")
    compute_type: str = option("auto", "--compute-type", "--dtype", help="auto, int8, float16, ...")
    threads: int = THREADS
    workers: int = option(0, min=0, help="Also measure 1, 2, 4, ... up to this many processes together; 0: none.")
    offline: bool = option(False, "--offline", help="Never use the network.")


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go."""

    json: Output = option(None, help="Write every figure as JSON; - is standard output.")
    csv: Output = option(None, help="Write a row per figure.")
    markdown: Output = option(None, help="Write the tables as Markdown.")
    html: Output = option(None, help="Write a report to look at, in one file.")
    plot: Output = option(None, help="Accuracy against speed: FILE.png or FILE.svg.")
    force: bool = option(False, "--force", help="Replace reports that were edited, and files of others.")
    quiet: bool = option(False, "--quiet", "-q", help="Errors only, and no tables.")
    verbose: bool = VERBOSE

    @property
    def paths(self) -> ReportPaths:
        """The files of the reports."""
        from asrcli.outputs.targets import ReportPaths

        return ReportPaths(self.json, self.csv, self.markdown, self.html, self.plot)


def _sizes(text: str | None, option: str) -> tuple[int, ...]:
    """Return numbers above zero, in order, each once."""
    if text is None or text == "none":
        return ()
    try:
        sizes = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        sizes = [0]
    if not sizes or sizes[0] < 1:
        raise UsageError(f"{option} {text}: give whole numbers above 0, separated by commas")
    return tuple(sizes)
