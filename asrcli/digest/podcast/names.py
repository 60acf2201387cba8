"""Names that are put together, and addresses, in the parts that a voice can say."""

from __future__ import annotations

import re

from asrcli.digest.podcast.numbers import digits, whole

_ADDRESS = re.compile(
    r"[(\[<\"']*(?:(?P<scheme>https?://)(?:www\.)?|www\.)?"
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?P<top>[a-z]{2,6}))"
    r"(?P<path>/[^\s)\]>\"']*?)?(?P<tail>[)\]>\"']*[.,;:!?]*)"
)
_MAIL = re.compile(r"(?P<who>[\w.+-]+)@(?P<host>[\w-]+(?:\.[\w-]+)+)(?P<tail>[.,;:]*)")
_PAPER = re.compile(r"\(?(?i:arxiv):(?P<month>\d{4})\.(?P<number>\d{4,5})(?:v(?P<version>\d+))?(?P<tail>\)?[.,;:]*)")
_NUMBER = re.compile(r"(\d{4})\.(\d{4,5})")
_INITIALS = re.compile(r"(?:[A-Za-z]\.){1,4}[A-Za-z]")
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
    if _INITIALS.fullmatch(word):
        return [" ".join(word.replace(".", "").upper())]
    if several := re.fullmatch(r"(.*[A-Za-z])(\d+)s", word):
        return [several[1], f"{whole(int(several[2]))}s"]
    spaced = _DOT.sub(" dot ", _TO.sub(" to ", word))
    return [piece for part in spaced.split() for piece in _BETWEEN.split(part) if piece]


def spelled(word: str) -> str:
    """Return an acronym without a vowel letter by letter, "" for other words."""
    found = _SPELLED.fullmatch(word)
    return " ".join(found[1]) + found[2] if found else ""
