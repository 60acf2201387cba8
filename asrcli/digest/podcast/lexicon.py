"""How the field's names are said. Spelling stays on paper; only the voice reads these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asrcli.base.whole import read_text
from asrcli.digest.latex import as_text
from asrcli.digest.podcast.quantities import (
    ALIKE,
    COUNTED,
    GREEK,
    PER,
    SIGNS,
    decimal,
    digits,
    say_quantity,
    unit,
    unit_words,
    whole,
)
from asrcli.errors import UsageError

_ADDRESS = re.compile(
    r"[(\[<\"']*(?:(?P<scheme>https?://)(?:www\.)?|www\.)?"
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?P<top>[a-z]{2,6}))"
    r"(?P<path>/[^\s)\]>\"']*?)?(?P<tail>[)\]>\"']*[.,;:!?]*)"
)
_MAIL = re.compile(r"(?P<who>[\w.+-]+)@(?P<host>[\w-]+(?:\.[\w-]+)+)(?P<tail>[.,;:]*)")
_PAPER = re.compile(r"\(?(?i:arxiv):(?P<month>\d{4})\.(?P<number>\d{4,5})(?:v(?P<version>\d+))?(?P<tail>\)?[.,;:]*)")
_NUMBER = re.compile(r"(\d{4})\.(\d{4,5})")
_DOTTED = re.compile(r"(?:[A-Za-z]\.){1,4}[A-Za-z]")
_BETWEEN = re.compile(
    r"(?<=[A-Za-z][a-z]{2})(?=[A-Z][A-Za-z]{2})"  # FastConformer, FireRedASR
    r"|(?<=[a-z])(?=[A-Z]{3})"  # BiLSTM, mBART
    r"|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})"  # ASRBench
    r"|(?<=[A-Za-z])(?=\d|v\d)|(?<=\d)(?=[A-Za-z])(?!x[A-Z])|(?<=\dx)(?=[A-Z])"  # Qwen3, ASRv2, 3D, 8xA100
    r"|(?<=%)(?=[A-Za-z])|(?<=[A-Za-z])(?=%)"  # %WER
)
_TO = re.compile(r"(?<=[a-z]{2})2(?=[a-z]{2}|[A-Z][a-z])|(?<=^[A-Z])2(?=[A-Z]{1,3}$)")  # speech2text, S2T
_DOT = re.compile(r"\.(?=[a-z]{2,})")  # tiny.en, .wav
_SPELLED = re.compile(r"([B-DF-HJ-NP-TV-XZ]{2,6})(s?)")  # no vowel: nobody says it as a word


def address(word: str) -> tuple[list[str], str] | None:
    """Return an address of the web, of mail or of arXiv as words to say, and its punctuation; ``None`` for others."""
    if found := _PAPER.fullmatch(word):
        said = f"{digits(found['month'])}, {digits(found['number'])}"
        if found["version"]:
            said += f", version {whole(int(found['version']))}"
        return ["archive", said], found["tail"]
    if found := _MAIL.fullmatch(word):
        return [found["who"], "at", found["host"]], found["tail"]
    found = _ADDRESS.fullmatch(word)
    if not found or not (found["scheme"] or found["path"] or word.lower().startswith("www.")):
        return None
    steps = [found["host"]]
    for step in filter(None, re.split(r"[/?#&=]+", found["path"] or "")):
        number = _NUMBER.fullmatch(step)  # of a paper
        steps += ["slash", f"{digits(number[1])}, {digits(number[2])}" if number else step]
    return steps, found["tail"]


def pieces(word: str) -> list[str]:
    """Return the parts of a name without hyphens: "FastConformer", "Qwen2.5", "A100s", "speech2text", "tiny.en"."""
    if _DOTTED.fullmatch(word):
        return [" ".join(word.replace(".", "").upper())]
    if several := re.fullmatch(r"(.*[A-Za-z])(\d+)s", word):
        return [several[1], f"{whole(int(several[2]))}s"]
    spaced = _DOT.sub(" dot ", _TO.sub(" to ", word))
    return [piece for part in spaced.split() for piece in _BETWEEN.split(part) if piece]


def spelled(word: str) -> str:
    """Return an acronym without a vowel letter by letter, "" for other words."""
    found = _SPELLED.fullmatch(word)
    return " ".join(found[1]) + found[2] if found else ""


# Entries with a capital count as they are written, the others in any case.
LEXICON = {
    "asr": "A S R", "wer": "word error rate", "cer": "character error rate", "rtf": "R T F", "rtfx": "R T F X",
    "tts": "T T S", "llm": "L L M", "slm": "S L M", "lalm": "L A L M", "ctc": "C T C", "cpwer": "C P word error rate",
    "tcpwer": "T C P word error rate", "DER": "D E R", "EER": "E E R", "JER": "J E R", "AUC": "A U C", "SER": "S E R",
    "rnn-t": "R N N T", "tdt": "T D T", "vad": "V A D", "gpu": "G P U", "cpu": "C P U", "rl": "R L", "lora": "low-rah",
    "AI": "A I", "API": "A P I", "UK": "U K", "US": "U S", "USA": "U S A", "EU": "E U", "AED": "A E D", "AMI": "A M I",
    "UI": "U I", "URL": "U R L", "OOV": "O O V", "IPA": "I P A", "moe": "mixture of experts", "wav": "wave",
    "wav2vec": "wave to vec", "wav2vec2": "wave to vec two", "hubert": "Hubert", "chime": "chime", "wavlm": "wave L M",
    "w2v": "wave to vec", "arxiv": "archive", "librispeech": "libri speech", "gigaspeech": "giga speech",
    "voxpopuli": "vox populi", "fleurs": "flurs", "whisperx": "whisper X", "aishell": "A I shell", "openai": "Open A I",
    "seq2seq": "seek to seek", "cpp": "c p p", "c++": "C plus plus", "c#": "C sharp", "A*": "A star",
    "N/A": "not available", "nemo": "nee mo", "qwen": "kwen", "gguf": "G G U F", "onnx": "onnix", "latex": "lay tech",
    "dicow": "dee cow", "sota": "state of the art", "hf": "hugging face", "%": "percent", "&": "and", "+": "plus",
    "@": "at",
}  # fmt: skip
ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "vs.": "versus", "vs": "versus", "et al.": "and others", "cf.": "compare",
    "w.r.t.": "with respect to", "wrt": "with respect to", "etc.": "et cetera.", "resp.": "respectively",
    "approx.": "approximately", "fig.": "figure", "figs.": "figures", "tab.": "table", "sec.": "section",
    "eq.": "equation", "eqs.": "equations", "a.k.a.": "also known as", "avg.": "average", "w/o": "without",
    "w/": "with", "ca.": "about", "incl.": "including",
}  # fmt: skip
WIDEST = 4  # words that are said together, as "April 17, 2026" and "3 x 3"
_EDGE = re.compile(r"^([\"'“”‘’(\[{]*)(.*?)([\"'“”‘’)\]},.;:!?…]*)$", re.S)
# espeak-ng reads [[...]] as phonemes, and SSML-capable voices read <...> as markup.
_UNSPEAKABLE = re.compile(r"[\[\]<>{}\\^_|`*$#@]+")
_SIGN = re.compile("(" + "|".join(sorted(map(re.escape, SIGNS), key=len, reverse=True)) + ")")
# What one of the first two of several words has to hold.
_JOINED = re.compile(r"\d|[$€£¥₹#]|^(?:No\.|et|[Pp]ython|[Vv]ersion|[Rr]elease)$")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_INITIALS = re.compile(r"\(?(?:[A-Za-z]\.){2,}[,;:)]*")
_WITHIN = re.compile(r"(?:[()\[\]{}|*&:;+]|,(?!(?<=\d,)\d{3}(?!\d)))+")  # but not in "10,000-hour"
_PARTS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8"}
_ASIDE = re.compile(r"(?P<opens>\()?(?!\(?\w{1,2}\)\W*$)[^()]*[\w%][^()]*(?P<closes>\))?")
# Five digits and more of a name are its date or number, and no quantity; "16000" and "100000" are.
_CODE = re.compile(r"\d{3,}(?!00)\d{2}|\d{8}")
_DASHES = {"-", "–", "—", "―", "--", "---"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as written, with those that belong to it, and as it is said ("" when nothing of the text is)."""

    written: str
    said: str


def say(text: str, own: Mapping[str, str] | None = None) -> tuple[Spoken, ...]:
    """Return every word of a text with what a voice is to say."""
    entries = {**GREEK, **unit_words(), **LEXICON, **ABBREVIATIONS, **SIGNS}
    if own:
        entries = {written: said for written, said in entries.items() if written.lower() not in own} | dict(own)
    words = as_text(text).split()
    found: list[Spoken] = []
    at = 0
    while at < len(words):
        count, said = say_several(words[at : at + WIDEST], entries)
        written = " ".join(words[at : at + count])
        at += count
        aside = _ASIDE.fullmatch(written)
        breaks = (written in _DASHES and at < len(words)) or (aside and aside["opens"])
        if breaks and found and found[-1].said[-1:].isalnum():
            found[-1] = Spoken(found[-1].written, f"{found[-1].said},")
        if aside and aside["closes"] and at < len(words) and said[-1:].isalnum():
            said += ","
        found.append(Spoken(written, said))
    return tuple(found)


def say_several(words: list[str], entries: Mapping[str, str]) -> tuple[int, str]:
    """Return how many words are said together, and how."""
    if any(_JOINED.search(word) for word in words[:2]):
        for count in range(len(words), 1, -1):
            before, core, tail = edges(" ".join(words[:count]))
            if tail.startswith(".") and f"{core}.".lower() in ABBREVIATIONS:  # et al.
                core, tail = f"{core}.", tail[1:]
            if not re.search(r"[(\[{]", before) and (said := entries.get(core.lower()) or say_quantity(core)):
                return count, said + pauses(tail)
    return 1, say_word(words[0], entries)


def edges(word: str) -> tuple[str, str, str]:
    """Return what stands before a word, the word, and the punctuation behind it."""
    found = _EDGE.match(word)
    assert found is not None
    return found[1], found[2], found[3]


def pauses(tail: str) -> str:
    """Return the punctuation that makes a voice pause."""
    return "".join(char for char in tail if char in ",.;:!?")


def say_word(word: str, entries: Mapping[str, str]) -> str:
    """Return how one word is said, its closing punctuation kept for the pause it makes."""
    for written in (word, word.rstrip(",;:"), word.strip("()[],;:")):  # "e.g.," is "e.g."
        if said := entries.get(written) or entries.get(written.lower()):
            return said.rstrip(".") + word[-1] if word[-1] in ",;:" and len(word) > 1 else said
    if _INITIALS.fullmatch(word) or (word[0] in "'’" and say_quantity(word.rstrip(",.;:"))):  # U.S., '90s
        return say_core(word.strip("(),.;:"), entries) + pauses(word[-1] if word[-1] != "." else "")
    if word[0] == "@" and len(word) > 1:
        return f"at {say_word(word[1:], entries)}"
    if order := re.fullmatch(r"O\((.+)\)([,.;:]*)", word):
        return f"O of {say_core(order[1], entries)}{order[2]}"
    if place := address(word):
        return " ".join(say_core(step, entries) for step in place[0]).replace(" ,", ",") + pauses(place[1])
    _, core, tail = edges(word)
    said = say_core(core, entries)
    return said + pauses(tail) if said else ""


def say_core(core: str, entries: Mapping[str, str]) -> str:
    """Say a word without its punctuation: by the lexicon, as a quantity, or part by part."""
    core = plain_number_signs(re.sub(r"^<(.*)>$", r"\1", core))
    if said := known(core, entries) or say_quantity(core):
        return said
    if not any(char.isalnum() for char in core):
        return ""
    sides = [part for part in _SIGN.split(core) if part]
    if len(sides) > 1 and not core.startswith("-"):
        return " ".join(filter(None, (say_core(part, entries) for part in sides)))
    if inside := _WITHIN.search(core):  # (LM)-based, C++, 4,7
        both = core[: inside.start()], core[inside.end() :]
        first, last = (say_core(side, entries) for side in both)
        signs = [entries[char] for char in inside[0] if char in "+&"]
        comma = "," if inside[0] in ",:" and first and last else ""
        return " ".join(filter(None, [first + comma, *signs, last]))
    if rate := re.fullmatch(r"([^\W\d]+)/([A-Za-z]+)", core):  # tokens/s
        things, per = rate.groups()
        if per in PER and (things in COUNTED or things in ALIKE or (things.endswith("s") and len(things) > 3)):
            return f"{unit(things).strip() if things in COUNTED else say_core(things, entries)} per {PER[per]}"
    return say_parts(core, entries)


def known(core: str, entries: Mapping[str, str]) -> str:
    """Return what the lexicon says, of an abbreviation in the plural and with 's too; "" where it says nothing."""
    if said := entries.get(core) or entries.get(core.lower()):
        return said
    found = re.fullmatch(r"([A-Za-z]*[A-Z]{2})(['’]?s)", core)
    said = known(found[1], entries) if found else ""
    return f"{said}{found[2]}" if found and said else ""


def say_parts(core: str, entries: Mapping[str, str]) -> str:
    """Say what hyphens, strokes and underscores join; two things of several words on both sides of a stroke apart."""
    sides = [side for side in core.split("/") if side]
    if len(sides) > 1:
        said = [say_core(side, entries) for side in sides]
        return (", " if all(" " in side for side in said) else " ").join(filter(None, said))
    parts = [part for part in re.split(r"[-–_]+", core) if part]
    if "–" in core and len(parts) == 2 and all(map(say_quantity, parts)):  # 10^4–10^5
        return " to ".join(map(say_quantity, parts))
    if parts != [core]:
        named, said = False, []
        for part in parts:
            size = re.fullmatch(r"(\d+(?:\.\d+)?)([bBmM])", part) if named else None  # Qwen3-ASR-1.7B
            code = _CODE.fullmatch(part) if named else None
            whole = f"{decimal(size[1])} {size[2].upper()}" if size else say_core(part, entries)
            said.append(digits(part) if code else whole)
            named = named or part[0].isalpha()
        return " ".join(filter(None, said))
    several = pieces(core)
    if several not in ([], [core]):
        told = (digits(piece) if _CODE.fullmatch(piece) else say_core(piece, entries) for piece in several)
        return " ".join(filter(None, told))
    return spelled(core) or " ".join(_UNSPEAKABLE.sub(" ", core).split())


def plain_number_signs(core: str) -> str:
    """Return raised digits and written fractions as they are typed elsewhere: "10⁻³" as "10^-3", "2½" as "2 1/2"."""
    core = re.sub("(?<=\\w)[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^" + found[0].translate(_RAISED), core)
    return re.sub("[½⅓⅔¼¾⅛]", lambda found: " " + _PARTS[found[0]], core).strip()


def load_lexicon(path: Path) -> dict[str, str]:
    """Read ``written TAB said`` lines; raise `UsageError` where a line has another shape."""
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
