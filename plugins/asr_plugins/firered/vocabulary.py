"""Tokens and text: the dictionary, the joining rule, which tokens make one word, and their times by the CTC branch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from asr_plugins.firered.config import FRAME
from asrcli.errors import ModelError

WORD_START = "▁"
LATIN = re.compile(r"[a-zA-Z']+")
UNSPOKEN = frozenset({"<blank>", "<sil>", "<sos>", "<eos>", "<pad>"})

BLANK = 0  # of the CTC branch
LATENESS = 0.06  # seconds that CTC peaks come late; the authors' own figure, taken off all times
LAST_TAIL = 0.025  # seconds that the last frame's window reaches beyond its start
LONG = 2.0  # a token longer than this many mean lengths has a pause after it ...
TRIMMED = 1.5  # ... and keeps this many


class Vocabulary:
    """The tokens of a model: Chinese characters and English pieces, by number.

    Args:
        path: the model's ``dict.txt``, one ``token number`` per line; a line with one field has its line number.
        size: how many tokens the network knows.
        lower: write English in lower case, as the second generation does; the first writes capitals.

    Raises:
        ModelError: the file is missing, damaged or of another size than the network.
    """

    def __init__(self, path: Path, size: int, lower: bool) -> None:
        self.tokens = read_tokens(path)
        self.lower = lower
        if len(self.tokens) != size:
            raise ModelError(
                f"{path} has {len(self.tokens)} tokens, but the network has {size}; they do not belong together"
            )

    def text(self, tokens: Sequence[int]) -> str:
        """Join tokens: pieces that start a word bring a space, Chinese characters none."""
        pieces = [self.tokens[token] for token in tokens]
        joined = "".join(piece for piece in pieces if piece not in UNSPOKEN)
        text = joined.replace(WORD_START, " ").strip()
        return text.lower() if self.lower else text

    def words(self, tokens: Sequence[int]) -> list[tuple[str, int, int]]:
        """Group tokens into words: text, first token, one past the last token.

        A Latin piece with a word start takes the Latin pieces after it; everything else is a word of its own.
        """
        words: list[tuple[str, int, int]] = []
        open_word = False
        for position, token in enumerate(tokens):
            piece = self.tokens[token]
            if piece in UNSPOKEN:
                open_word = False
                continue
            bare = piece.removeprefix(WORD_START)
            starts = piece.startswith(WORD_START)
            latin = LATIN.fullmatch(bare) is not None
            if latin and open_word and not starts:
                text, first, _ = words[-1]
                words[-1] = (text + bare, first, position + 1)
                continue
            words.append((bare, position, position + 1))
            open_word = latin or (starts and not bare)
        spoken = [(text.lower() if self.lower else text, first, past) for text, first, past in words]
        return [word for word in spoken if word[0].strip()]


def read_tokens(path: Path) -> list[str]:
    """Read ``dict.txt``; raise `ModelError` where it is missing, no UTF-8, or the numbers do not run from 0."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}); it holds the tokens: download it again"
        ) from error
    tokens = []
    for number, line in enumerate(lines):
        fields = line.split()
        token = fields[0] if fields else " "
        if len(fields) > 2 or (len(fields) == 2 and fields[1] != str(number)):
            raise ModelError(f"{path} line {number + 1} is {line!r}; expected a token and the number {number}")
        tokens.append(" " if token == "<space>" else token)  # noqa: S105 - a dictionary entry, no password
    return tokens


def token_times(spans: Sequence[tuple[int, int]], frames: int) -> list[tuple[float, float]]:
    """Turn frames into start and end in seconds, before the shift for lateness.

    A token lasts until the next one starts, unless that makes it far longer than the others: then a pause follows it.

    Args:
        spans: first and one past the last frame of each token, at least one token.
        frames: encoded frames of the utterance.
    """
    starts = [(first + 1) * FRAME for first, _ in spans]
    ends = [*starts[1:], frames * FRAME + LAST_TAIL]
    mean = sum(end - start for start, end in zip(starts, ends, strict=True)) / len(spans)
    times = []
    for start, end, (first, past) in zip(starts, ends, spans, strict=True):
        if end - start > LONG * mean:
            end = start + max(TRIMMED * mean, (past - first) * FRAME)
        times.append((start, end))
    return times


def clip_times(times: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """Take the lateness off and keep all times within the clip, never going back.

    The official code also moves a start that follows a pause back to the end before it, which swallows the pause
    (FireRedASR2S issue 58). That is left out.
    """
    clipped = []
    for start, end in times:
        start = min(max(start - LATENESS, 0.0), seconds)
        clipped.append((start, min(max(end - LATENESS, start), seconds)))
    return clipped
