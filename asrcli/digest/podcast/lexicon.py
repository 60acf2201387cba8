"""How the field's names are said. Spelling stays on paper; only the voice reads these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asrcli.base.whole import read_text
from asrcli.digest.podcast.numbers import say_numeric
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
    "≈": "about", "×": "times", "khz": "kilohertz", "hz": "hertz", "db": "decibels", "gb": "gigabytes",
    "mb": "megabytes", "kbps": "kilobits per second", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta",
    "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu", "σ": "sigma", "τ": "tau",
}  # fmt: skip
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
    for known in (word.lower(), word.lower().rstrip(",;:")):  # "e.g.," is "e.g."
        if known in entries:
            return entries[known] + ("," if known != word.lower() else "")
    pause = "".join(char for char in tail if char in ",.;:!?")
    said = say_core(core, entries)
    return said + pause if said else ""


def say_core(core: str, entries: Mapping[str, str]) -> str:
    """Say a word without its punctuation: by the lexicon, as a number, or part by part."""
    if core.lower() in entries:
        return entries[core.lower()]
    if number := say_numeric(core):
        return number
    if not any(char.isalnum() for char in core):
        return ""
    parts = [part for part in re.split(r"[-/_]+", core) if part]
    if parts != [core]:
        return " ".join(say_core(part, entries) for part in parts)
    return " ".join(_UNSPEAKABLE.sub(" ", core).split())


def load_lexicon(path: Path) -> dict[str, str]:
    """Read ``written TAB said`` lines.

    Raises:
        UsageError: a line has another shape.
    """
    if not path.is_file():
        return {}
    entries = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            written, tab, said = line.partition("\t")
            if not tab or not written.strip():
                raise UsageError(f"{path}:{number}: write the word, a tab, and how it is said")
            entries[written.strip().lower()] = " ".join(_UNSPEAKABLE.sub(" ", said).split())
    return entries
