"""How the field's names are said. Spelling stays on paper; only the voice reads these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asrcli.errors import UsageError

LEXICON = {
    "asr": "A S R", "wer": "word error rate", "cer": "character error rate", "rtf": "R T F", "rtfx": "R T F X",
    "tts": "T T S", "llm": "L L M", "llms": "L L Ms", "slm": "S L M", "lalm": "L A L M", "ctc": "C T C",
    "rnn-t": "R N N T", "tdt": "T D T", "vad": "V A D", "gpu": "G P U", "cpu": "C P U", "rl": "R L", "lora": "low-rah",
    "moe": "mixture of experts", "wav2vec": "wave to vec", "wav2vec2": "wave to vec two", "hubert": "Hubert",
    "wavlm": "wave L M", "w2v-bert": "wave to vec bert", "arxiv": "archive", "librispeech": "libri speech",
    "gigaspeech": "giga speech", "voxpopuli": "vox populi", "fleurs": "flurs", "whisperx": "whisper X",
    "nemo": "nee mo", "qwen": "kwen", "qwen3-asr": "kwen three A S R", "gguf": "G G U F", "onnx": "onnix",
    "sota": "state of the art", "e.g.": "for example", "i.e.": "that is", "vs.": "versus", "et al.": "and others",
    "ms": "milliseconds", "hf": "hugging face", "%": "percent", "&": "and", "+": "plus", "=": "equals", "~": "about",
    "≈": "about", "×": "times",
}  # fmt: skip
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
UNITS = {
    "k": "thousand",
    "m": "million",
    "b": "billion",
    "t": "trillion",
    "%": "percent",
    "x": "times",
    "h": "hours",
    "ms": "milliseconds",
}
_NUMBER = re.compile(
    r"^(?P<sign>[-−–+]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?(?P<unit>ms|[kKMBTxXh%])?$"
)
_EDGE = re.compile(r"^([\"'“”‘’(\[{]*)(.*?)([\"'“”‘’)\]},.;:!?…]*)$", re.S)
# espeak-ng reads [[...]] as phonemes, and SSML-capable voices read <...> as markup.
_UNSPEAKABLE = re.compile(r"[\[\]<>{}\\^_|`*$#@]+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word as written, and as it is said ("" when it is not said)."""

    written: str
    said: str


def say(text: str, own: Mapping[str, str] | None = None) -> tuple[Spoken, ...]:
    """Return every word of a text with what a voice is to say."""
    entries = {**LEXICON, **(own or {})}
    return tuple(Spoken(word, say_word(word, entries)) for word in text.split())


def say_word(word: str, entries: Mapping[str, str]) -> str:
    """Return how one word is said, its closing punctuation kept for the pause it makes."""
    found = _EDGE.match(word)
    _, core, tail = found.groups() if found else ("", word, "")
    if word.lower() in entries:
        return entries[word.lower()]
    pause = "".join(char for char in tail if char in ",.;:!?")
    said = say_core(core, entries)
    return said + pause if said else ""


def say_core(core: str, entries: Mapping[str, str]) -> str:
    """Say a word without its punctuation: by the lexicon, as a number, or part by part."""
    if core.lower() in entries:
        return entries[core.lower()]
    number = _NUMBER.match(core)
    if number:
        return say_number(number)
    if not any(char.isalnum() for char in core):
        return ""
    parts = [part for part in re.split(r"[-/_]+", core) if part]
    if parts != [core]:
        return " ".join(say_core(part, entries) for part in parts)
    return " ".join(_UNSPEAKABLE.sub(" ", core).split())


def say_number(found: re.Match[str]) -> str:
    """Say a number with its unit: "1.7B" is "one point seven billion"."""
    words = ["minus"] if found["sign"] in ("-", "−", "–") and found["sign"] else []
    words.append(
        say_whole(int(found["whole"].replace(",", "")))
        if len(found["whole"]) < 18
        else " ".join(ONES[int(d)] for d in found["whole"] if d.isdigit())
    )
    if found["part"]:
        words += ["point", *(ONES[int(digit)] for digit in found["part"])]
    unit = found["unit"]
    return " ".join([*words, UNITS[unit.lower()]] if unit else words)


def say_whole(number: int) -> str:
    """Say a whole number in words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{ONES[number // 100]} hundred" + (f" {say_whole(number % 100)}" if number % 100 else "")
    for size, name in SCALES:
        if number >= size:
            rest = number % size
            return f"{say_whole(number // size)} {name}" + (f" {say_whole(rest)}" if rest else "")
    raise AssertionError(number)


def load_lexicon(path: Path) -> dict[str, str]:
    """Read ``written TAB said`` lines.

    Raises:
        UsageError: a line has another shape.
    """
    if not path.is_file():
        return {}
    entries = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            written, tab, said = line.partition("\t")
            if not tab or not written.strip():
                raise UsageError(f"{path}:{number}: write the word, a tab, and how it is said")
            entries[written.strip().lower()] = " ".join(_UNSPEAKABLE.sub(" ", said).split())
    return entries
