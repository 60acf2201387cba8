"""From a script to the files of an episode: sound with chapters, WebVTT with word times, show notes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.whole import read_text
from asrcli.digest.podcast.lexicon import load_lexicon, say
from asrcli.digest.podcast.script import BREAK, PAUSE, Script, script_markdown
from asrcli.digest.podcast.speech import Line, Speech, Voice
from asrcli.digest.versions import Files
from asrcli.errors import InputError, UsageError
from asrcli.formats.subtitles import timestamp, vtt_text
from asrcli.reports.table import json_text
from asrcli.types import Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# container, codec, bits per second, rate the codec wants (None: the voice's own), media type
FORMATS = {
    "mp3": ("mp3", "libmp3lame", 64_000, None, "audio/mpeg"),
    "opus": ("ogg", "libopus", 32_000, 48_000, "audio/ogg"),
    "m4a": ("ipod", "aac", 64_000, None, "audio/mp4"),
}
CUE_WORDS = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter with its times."""

    title: str
    url: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said in one go, with word times from the start of the show."""

    speaker: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Show:
    """A spoken script."""

    samples: NDArray[np.int16]
    rate: int
    marks: tuple[Mark, ...]
    cues: tuple[Cue, ...]

    @property
    def seconds(self) -> float:
        """The length."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True)
class Episode:
    """The facts a feed needs, as kept in DATE.episode.json."""

    day: str
    title: str
    file: str
    media_type: str
    bytes: int
    seconds: float
    voice: str
    papers: int


def lines_of(script: Script, lexicon: dict[str, str]) -> list[Line]:
    """Return every turn as the voice is to say it; a turn with nothing to say is left out."""
    return [Line(turn.speaker, say(turn.text, lexicon)) for turn in script.turns]


def perform(script: Script, voice: Voice, lexicon: dict[str, str] | None = None) -> Show:
    """Speak a script and put its turns together, as loud as podcasts are."""
    import numpy as np

    spoken = balanced(voice.speak(lines_of(script, lexicon or {})), [turn.speaker for turn in script.turns])
    rate = spoken[0].rate
    pieces: list[Any] = []
    marks: list[Mark] = []
    cues: list[Cue] = []
    at, number = 0, 0  # in samples, so that no rounding adds up
    for chapter in script.chapters:
        begin = at
        for turn in chapter.turns:
            speech = spoken[number]
            cues.append(Cue(turn.speaker, shifted(speech, at / rate)))
            silence = int((BREAK if turn is chapter.turns[-1] else PAUSE) * rate)
            pieces += [speech.samples, np.zeros(silence, dtype=np.int16)]
            at += len(speech.samples) + silence
            number += 1
        marks.append(Mark(chapter.title, chapter.url, begin / rate, at / rate))
    return Show(levelled(np.concatenate(pieces), rate), rate, tuple(marks), tuple(cues))


def balanced(spoken: Sequence[Speech], speakers: Sequence[str]) -> list[Speech]:
    """Return the turns with the louder voice as soft as the other: flite's two are 5 LU apart."""
    import numpy as np

    turns = list(zip(spoken, speakers, strict=True))
    said = {who: [one.samples for one, name in turns if name == who] for who in sorted(set(speakers))}
    levels = {who: loudness(np.concatenate(own), spoken[0].rate) for who, own in said.items()}
    audible = [level for level in levels.values() if level > SILENT]
    gains = {who: 10 ** (min(0.0, min(audible) - level) / 20) if audible else 1.0 for who, level in levels.items()}
    return [replace(one, samples=(one.samples * gains[who]).astype(np.int16)) for one, who in turns]


def shifted(speech: Speech, by: float) -> tuple[Word, ...]:
    """Move word times from the turn to the show."""
    return tuple(replace(word, start=word.start + by, end=word.end + by) for word in speech.words)


def encode(show: Show, kind: str, title: str) -> bytes:
    """Return the sound file with chapters inside."""
    import av

    container, codec, bits, rate, _ = FORMATS[kind]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        output.metadata["title"] = title
        output.set_chapters([chapter_of(number, mark) for number, mark in enumerate(show.marks)])
        stream = output.add_stream(codec, rate=rate or show.rate, layout="mono")
        stream.bit_rate = bits
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate or show.rate)
        for piece in [*resampler.resample(frame_of(show.samples, show.rate)), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def frame_of(samples: NDArray[np.int16], rate: int) -> Any:
    """Return sound as PyAV takes it."""
    import av
    import numpy as np

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def chapter_of(number: int, mark: Mark) -> dict[str, Any]:
    """Return a chapter as PyAV takes it."""
    return {
        "id": number,
        "start": int(mark.start * 1000),
        "end": int(mark.end * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": mark.title},
    }


def json_chapters(show: Show) -> str:
    """Return JSON chapters 1.2 (podcastindex.org)."""
    chapters = [
        {"startTime": round(mark.start, 3), "endTime": round(mark.end, 3), "title": mark.title}
        | ({"url": mark.url} if mark.url else {})
        for mark in show.marks
    ]
    return json_text({"version": "1.2.0", "chapters": chapters})


def web_vtt(show: Show) -> str:
    """Return the transcript: cues of about a line, the voice's name, a time stamp before every word with its own."""
    blocks = ["WEBVTT"]
    for cue in show.cues:
        for at in range(0, len(cue.words), CUE_WORDS):
            words = cue.words[at : at + CUE_WORDS]
            # WebVTT wants every time stamp in a cue to be greater than those before it.
            starts = [timestamp(word.start) for word in words]
            marks = ["", *(f"<{start}>" if start > before else "" for before, start in pairwise(starts))]
            timed = " ".join(mark + vtt_text(word.text) for mark, word in zip(marks, words, strict=True))
            begin, end = words[0].start, max(words[-1].end, words[0].start + 0.001)
            blocks.append(f"{timestamp(begin)} --> {timestamp(end)}\n<v {cue.speaker.title()}>{timed}")
    return "\n\n".join(blocks) + "\n"


def write_episode(
    out: Path, script: Script, voice: Voice, kind: str, files: Files | None = None
) -> tuple[Episode, Show]:
    """Speak a script and write every file of the episode; the feed is written by `write_feed`."""
    if kind not in FORMATS:
        raise UsageError(f"--format {kind!r} is not one of {', '.join(FORMATS)}")
    files = files or Files()
    show = perform(script, voice, load_lexicon(out / "lexicon.tsv"))
    sound = encode(show, kind, script.title)
    folder, day = out / "podcast", script.day
    name = f"{day}.{kind}"
    media, papers = FORMATS[kind][4], len(script.chapters) - 2  # without the opening and the close
    episode = Episode(day, script.title, name, media, len(sound), round(show.seconds, 3), voice.name, papers)
    facts = json_text(asdict(episode))
    for ending, content in (
        (kind, sound),
        ("chapters.json", json_chapters(show)),
        ("vtt", web_vtt(show)),
        ("script.md", script_markdown(script)),
        ("episode.json", facts),
    ):
        files.write(folder / f"{day}.{ending}", content)
    return episode, show


def load_episodes(out: Path) -> list[Episode]:
    """Return the facts of every episode in a folder, newest first.

    Raises:
        InputError: one of the files has another shape.
    """
    found = []
    for path in sorted((out / "podcast").glob("*.episode.json"), reverse=True):
        try:
            found.append(Episode(**json.loads(read_text(path))))
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{path}: not the facts of an episode ({error})") from error
    return found


TARGET = -16.0  # LUFS, what podcast directories ask for
PEAK = 0.84  # of full scale, -1.5 dB: encoders add a little
SILENT = -60.0  # LUFS, under which nothing is made louder
CLOSE = 0.3  # LU


def loudness(samples: NDArray[np.int16], rate: int) -> float:
    """Return the integrated loudness of one channel in LUFS, -70 for silence and what is shorter than 0.4 s."""
    frames = filtered(samples, rate, [("ebur128", "metadata=1")])
    told = [frame.metadata["lavfi.r128.I"] for frame in frames if "lavfi.r128.I" in frame.metadata]
    return float(told[-1]) if told else -70.0  # a last piece of less than 0.1 s has no figure


def levelled(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Return the sound, of the same length, at `TARGET`; silence stays silence."""
    import numpy as np

    gain = 0.0
    made = samples
    for _ in range(3):  # what the limiter takes away is given back by the next
        found = loudness(made, rate)
        if found < SILENT or abs(TARGET - found) < CLOSE:
            break
        gain += TARGET - found
        limiter = f"limit={PEAK}:level=false:attack=5:release=50:latency=1"
        chain = [("volume", f"{gain:.2f}dB:precision=float"), ("alimiter", limiter), ("aformat", "sample_fmts=s16")]
        pieces = [frame.to_ndarray()[0] for frame in filtered(samples, rate, chain)]
        made = np.concatenate(pieces)[: len(samples)].astype(np.int16)
        made = np.pad(made, (0, len(samples) - len(made)))
    return made


def filtered(samples: NDArray[np.int16], rate: int, chain: list[tuple[str, str]]) -> list[Any]:
    """Return what comes out of a chain of ffmpeg's filters, as frames."""
    import av

    graph = av.filter.Graph()
    last = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
    for name, options in [*chain, ("abuffersink", "")]:
        made = graph.add(name, options)
        last.link_to(made)
        last = made
    graph.configure()
    graph.push(frame_of(samples, rate))
    graph.push(None)
    found: list[Any] = []
    while True:
        try:
            found.append(graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return found
