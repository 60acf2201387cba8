"""Tokens and text: the dictionary, the joining rule, and which tokens make one word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from asrcli.errors import ModelError

WORD_START = "▁"
LATIN = re.compile(r"[a-zA-Z']+")
UNSPOKEN = frozenset({"<blank>", "<sil>", "<sos>", "<eos>", "<pad>"})


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
    """Read ``dict.txt``.

    Raises:
        ModelError: it is missing, no UTF-8, or the numbers do not run from 0.
    """
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
