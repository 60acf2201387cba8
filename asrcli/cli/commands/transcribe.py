"""``asr transcribe``: options in, jobs done, results and lines out."""

from __future__ import annotations

import os
from functools import partial

import typer

from asrcli.cli.commands import options as common
from asrcli.cli.commands import transcribe_options as own
from asrcli.cli.groups import grouped, words


@partial(grouped, sections=True)
def transcribe(
    context: typer.Context,
    engine: own.EngineOptions,
    sources: common.InputOptions,
    clip: common.ClipOptions,
    sound: common.SoundOptions,
    results: common.OutputOptions,
    text: own.TextOptions,
    runs: common.RunOptions,
    diarization: own.DiarizationOptions,
    subtitles: own.SubtitleOptions,
    live: common.LiveOptions,
    silence: own.SilenceOptions,
    decoding: own.DecodingOptions,
    machine: own.MachineOptions,
    reports: common.ReportOptions,
) -> None:
    """Turn recordings into text and subtitles.

    Results go to standard output, or with --output-dir into a folder, where a second run makes only what is not up to
    date. Every input that fails is one line, the others go on, and the exit code says so.

    Examples: asr transcribe talk.mp3 · asr transcribe recordings -f srt,json -o out · cat talk.mp3 | asr transcribe -
    """
    from asrcli.base.languages import language_code
    from asrcli.cli.commands import requests
    from asrcli.places.addresses import settle
    from asrcli.runs.plan import Request
    from asrcli.text.writing import Writing
    from asrcli.workers.wanted import Limits, Workers

    settle(sources.allow_host, offline=machine.offline)
    part = sources.part
    reports = reports.of(part)
    if machine.model_dir:
        os.environ["HF_HUB_CACHE"] = machine.model_dir
    with reports.console() as console:
        options = requests.recognition(engine, text, decoding)
        found, formats = requests.inputs_and_formats(sources, results, reports, options)
        if part:
            requests.say_shard(part, len(found), console)
        first, last = clip.seconds()
        wanted = Request(
            inputs=found, start=first, end=last, channels=requests.channel_choice(sound.channels),
            track=requests.track_choice(sound.track), jumps=sound.jumps,
            engine=requests.engine_choice(engine.engine, engine.fast), model=engine.model, backend=engine.backend,
            options=options, batch_size=decoding.batch_size,
            languages=tuple(language_code(one) for one in words(engine.languages)),
            identifier=engine.identify_with, formats=formats, layout=requests.layout(subtitles, formats, context),
            naming=results.naming, force=runs.force, vad=requests.voice_activity(silence),
            punctuation=requests.punctuation(text), aligner=text.aligner, writing=Writing(text.numbers, text.script),
            speakers=requests.speaker_options(diarization, sources),
            device=machine.place, dtype=machine.dtype,
            threads=machine.threads, offline=machine.offline,
            workers=Workers(machine.workers, Limits.of(machine.worker_timeout, machine.worker_memory), machine.ray),
        )  # fmt: skip
        if live.given:
            from asrcli.cli.commands.streaming import run_live

            raise typer.Exit(run_live(wanted, sources, runs, reports, live, console))
        from asrcli.cli.commands.running import run

        raise typer.Exit(run(wanted, sources, results, runs, reports, console))
