"""The text that is to be aligned: plain text, subtitles or a transcript, as pieces with their words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asrcli.audio.inputs import STDIN
from asrcli.base.encoding import decode_text, not_utf8
from asrcli.base.files import reason
from asrcli.base.join import is_unspaced
from asrcli.base.whole import read_whole
from asrcli.errors import InputError
from asrcli.formats import FORMATS, PICTURES, SUBTITLES, UNREAD
from asrcli.formats.cues import Cue
from asrcli.places import remote
from asrcli.places.addresses import is_address
from asrcli.types import Segment

SUFFIXES = (".txt", ".lab", *SUBTITLES, ".json")  # of texts, in the order in which a folder is searched
PLAIN = ("", ".txt", ".lab")
SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)|(?<=[。！？])[”」』）]*(?=\S)")
TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|No|vs|etc|[A-Z])\.$")
MARKUP = re.compile(r"\s*(?:<(?:\?xml|!doctype|html|\w+[^<>]*>)|[{\[]\s*[\"{\[\]}])", re.IGNORECASE)
LONGEST_LINE = 200  # characters; a longer line of plain text is a paragraph, and parted into sentences

SCRIPTS = (
    ("ja", "\u3040-\u30ff"), ("ko", "\uac00-\ud7af"), ("zh", "\u4e00-\u9fff\u3400-\u4dbf"), ("ru", "\u0400-\u04ff"),
    ("ar", "\u0600-\u06ff"), ("hi", "\u0900-\u097f"), ("th", "\u0e00-\u0e7f"), ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
)  # fmt: skip
SMALL_WORDS = {
    "en": "the of and to in that it was is you for with not be are this have on at by from they but had as we",
    "de": "der die und das ist nicht ich zu ein den von mit sie es auf dem eine auch als sich im wir wird",
    "fr": "le la les des et est une dans que qui pour pas sur il elle nous vous au ne ce plus avec sont du",
    "es": "el los las y en que una por con para no se su al lo como más pero muy esta del es un",
    "it": "il di che e la per un non sono una con si gli della mi ha come anche ma le nel del questo",
    "pt": "o os as e que não uma para com do da em um se na no mais por dos foi ao como mas ele",
    "nl": "de het een en van ik te dat die in is niet op met zijn voor er maar hij ook aan was",
}
LEAST_WORDS = 20  # of the text, before its small words say anything
PLAIN_SHARE = 0.08  # of all words; in running text the words above are 25 to 45 %
LEAD = 2.0  # times as many as the next language


@dataclass(frozen=True, slots=True)
class Piece:
    """One cue, segment, line or sentence: what becomes a segment."""

    text: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A text to be aligned."""

    pieces: tuple[Piece, ...]
    language: str | None = None  # when the file says it
    cues: bool = False  # subtitles, whose cues are kept

    @property
    def text(self) -> str:
        """All of it, a piece a line."""
        return "\n".join(piece.text for piece in self.pieces)


def read_script(path: str) -> Script:
    """Read a text from a file, or from standard input for ``-``; its name says how it is written.

    Raises:
        InputError: it cannot be read, or holds no words.
    """
    try:
        raw = read_raw(path)
        _check_kind(raw, path)
        text = decode_text(raw)
    except OSError as error:
        raise InputError(f"cannot read the text '{path}': {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the text '{path}' {not_utf8(raw, error)}") from error
    script = parse_script(text, path)
    if not any(written_words(piece.text) for piece in script.pieces):
        raise InputError(f"the text '{path}' holds no words")
    return script


def _check_kind(raw: bytes, path: str) -> None:
    """Raise `InputError` for what is no text: pictures, EBU's STL, tables that we write ourselves."""
    suffix = Path(path).suffix.lower()
    if suffix in PICTURES or raw.startswith((b"\x00\x00\x01\xba", b"PG")):
        raise InputError(f"the text '{path}': subtitles that are pictures hold no text; read them with OCR first")
    if suffix in UNREAD or raw[3:6] == b"STL":
        others = "ffmpeg -i FILE new.srt, or an editor of subtitles, makes others of them"
        raise InputError(f"the text '{path}': such subtitles are not read; {others}")

    tables = {f".{one.extension.lower()}" for one in FORMATS.values()} - {*SUFFIXES, ".answers.md"}
    if path.lower().endswith(tuple(tables)):
        raise InputError(f"the text '{path}' is a table of times, which is not read: give {', '.join(SUFFIXES)}")


def holds_cues(path: str) -> bool:
    """Return whether a text is subtitles, by its name or, of a plain text here, by its first lines."""
    from asrcli.formats.captions import format_of

    suffix = Path(path).suffix.lower()
    if suffix in SUBTITLES or suffix not in PLAIN or not Path(path).is_file():
        return suffix in SUBTITLES
    try:
        return format_of(decode_text(read_whole(path))) is not None
    except (OSError, UnicodeDecodeError):
        return False


def read_raw(path: str) -> bytes:
    """Return the bytes of a text, here or elsewhere.

    Raises:
        OSError, InputError: it cannot be read.
    """
    return remote.read_text(path) if is_address(path) else read_whole(path)


def parse_script(text: str, path: str) -> Script:
    """Return what a text holds; ``path`` is its name, or ``-`` where only the content tells."""
    from asrcli.formats import captions

    suffix = Path(path).suffix.lower()
    if suffix in (".json", ".json3") or (path == STDIN and text.lstrip().startswith("{")):
        return _parse_json(text, path)
    kind = captions.kind_of(text, suffix)
    if kind in SUBTITLES or (not kind.startswith(".") and kind):
        try:
            cues = captions.read_cues(text, kind)
        except InputError as error:
            raise InputError(f"the text '{path}': {error}") from None
        pieces = (Piece("\n".join(filter(None, map(str.strip, cue.lines))), cue.speaker) for cue in cues)
        return Script(tuple(piece for piece in pieces if piece.text), cues=True)
    if suffix not in PLAIN and MARKUP.match(text):
        raise InputError(f"the text '{path}' is neither plain text nor of a format that is read: {', '.join(SUFFIXES)}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return Script(tuple(Piece(piece) for line in lines for piece in sentences(line)))


def retimed(text: str, path: str, segments: Sequence[Segment]) -> str | None:
    """Return subtitles with the times of the segments that their cues became, and all else as it is.

    ``None`` where cues and segments do not go together: captions that roll, which are no more than their words.
    """
    from asrcli.formats import captions, lyrics, reading

    kind = Path(path).suffix.lower()
    cues = captions.read_cues(text, kind)
    if captions.kind_of(text, kind) != kind:  # it is called otherwise than it is written
        return None
    times: list[tuple[float, float] | None] = []
    left = list(segments)[::-1]
    for cue in cues:
        said = "\n".join(line.strip() for line in cue.lines if line.strip())
        if said and left and left[-1].text == said:
            segment = left.pop()
            times.append((segment.start, segment.end) if segment.end > segment.start else None)
        else:
            times.append(None)
    vtt = kind == ".vtt"
    if left or (kind in (".srt", ".vtt") and len(cues) != len(reading.blocks(text, vtt=vtt))):
        return None
    known = [number for number, one in enumerate(times) if one is not None]
    for number in range(len(cues)) if known else ():
        times[number] = times[number] or _beside(number, cues, times, known)
    if kind == ".lrc":
        return lyrics.retimed_lyrics(text, times)
    return captions.retimed_events(text, times) if kind == ".ass" else reading.retimed(text, times, vtt=vtt)


def _beside(
    number: int, cues: Sequence[Cue], times: Sequence[tuple[float, float] | None], known: Sequence[int]
) -> tuple[float, float]:
    """Return the times of a cue of which nothing was found: it goes with its neighbour, and passes no other cue.

    Of a recording that was cut, what was cut out is so left with the pause at the cut.
    """
    cue = cues[number]
    near = min(known, key=lambda other: (abs(other - number), other))
    shift = (times[near] or (0.0, 0.0))[0] - cues[near].start
    earliest, latest = 0.0, math.inf
    if number and (before := times[number - 1]):
        earliest = before[1] if cue.start >= cues[number - 1].end else before[0]
    following = next((other for other in known if other > number), None)
    if following is not None and (after := times[following]):
        latest = after[0] if cue.end <= cues[following].start else after[1]
    start = max(earliest, min(cue.start + shift, latest))
    return start, max(start, min(cue.end + shift, latest))


def _parse_json(text: str, path: str) -> Script:
    import json

    from asrcli.formats.json import parse_transcript

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the text '{path}' is not JSON that can be read: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"the text '{path}' is no transcript: 'segments' or 'text' must be there")
    if "recording" in data:
        try:
            transcript = parse_transcript(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"the text '{path}' is no transcript: {type(error).__name__}: {error}") from None
        pieces = tuple(Piece(segment.text, segment.speaker) for segment in transcript.segments)
        return Script(pieces, transcript.language)
    if isinstance(data.get("events"), list):  # YouTube's json3
        shown = [row.get("segs") for row in data["events"] if isinstance(row, dict)]
        said = [
            "".join(str(one.get("utf8", "")) for one in own if isinstance(one, dict))
            for own in shown
            if isinstance(own, list)
        ]
        return Script(tuple(Piece(piece.strip()) for piece in said if piece.strip()), cues=True)
    rows = data.get("segments")
    if isinstance(rows, list):
        texts = [(str(row.get("text", "")).strip(), row.get("speaker")) for row in rows if isinstance(row, dict)]
        return Script(tuple(Piece(own, speaker) for own, speaker in texts if own), data.get("language"))
    if isinstance(data.get("text"), str):
        return Script(tuple(Piece(piece) for piece in sentences(data["text"].strip())), data.get("language"))
    raise InputError(f"the text '{path}' is no transcript: 'segments' or 'text' must be there")


def sentences(line: str) -> list[str]:
    """Part a paragraph into sentences; a line of ordinary length stays whole."""
    if len(line) <= LONGEST_LINE:
        return [line]
    found: list[str] = []
    at = 0
    for gap in SENTENCE.finditer(line):
        if not TITLE.search(line[at : gap.start()]):
            found.append(line[at : gap.end()].strip())
            at = gap.end()
    return [piece for piece in [*found, line[at:].strip()] if piece]


def written_words(text: str) -> list[str]:
    """Return the words of a text as written, with their punctuation; in scripts without spaces, the characters.

    Signs between such characters go to the character before them.
    """
    words: list[str] = []
    for token in text.split():
        if not any(is_unspaced(char) for char in token):
            words.append(token)
            continue
        latin = ""
        for char in token:
            if not is_unspaced(char):
                latin += char
                continue
            if latin:
                words.append(latin)
                latin = ""
            if char.isalnum() or not words:
                words.append(char)
            else:
                words[-1] += char
        words += [latin] if latin else []
    return words


def silent_words(words: Sequence[str]) -> frozenset[int]:
    """Return which words of a cue name a sound in brackets, as ``[soft music]``: nobody says it."""
    from asrcli.formats.reading import is_sound

    silent: set[int] = set()
    opened: int | None = None
    for place, word in enumerate(words):
        opened = place if word.startswith("[") else opened
        if opened is not None and "]" in word:
            note = " ".join(words[opened : place + 1])
            if note.rstrip(".,:;!?").endswith("]") and is_sound(note[1 : note.rindex("]")]):
                silent.update(range(opened, place + 1))
            opened = None
    return frozenset(silent)


def guess_language(text: str) -> str | None:
    """Return the code of the language a text is plainly in; ``None`` when that is not plain.

    It is told by its script, and among Latin ones by the commonest small words.
    """
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return None
    joined = "".join(letters)
    for code, block in SCRIPTS:
        share = len(re.findall(f"[{block}]", joined)) / len(joined)
        if share > (0.1 if code == "ja" else 0.3):
            return code
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) < LEAST_WORDS:
        return None
    counted = Counter(words)
    ranked = sorted(
        ((sum(counted[word] for word in small.split()) / len(words), code) for code, small in SMALL_WORDS.items()),
        reverse=True,
    )
    (best, code), (second, _) = ranked[:2]
    return code if best >= PLAIN_SHARE and best >= LEAD * second else None
