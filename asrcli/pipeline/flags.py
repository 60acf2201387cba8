"""Say what is suspicious about a segment, and which speech no segment covers.

Nothing here changes a text. Every threshold is a constant with its reason; the tests hold what must be flagged and what
must not be, in several languages.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from asrcli.base.join import is_unspaced
from asrcli.types import Flag, Region

if TYPE_CHECKING:
    from asrcli.types import Options, Segment

# A loop: the same n-gram at least three times running, filling at least this many tokens of words (characters where a
# script writes no spaces). People do say "no no no no no" and "thank you" three times; hardly nine words of the kind.
LOOP_REPEATS = 3
LOOP_WORDS = 9
LOOP_CHARACTERS = 18
LOOP_SHARE = 0.5  # of the segment: a refrain inside a long true text is no loop

# openai-whisper decodes again above 2.4 (`compression_ratio_threshold`, transcribe.py). The ratio grows with length: it
# is taken over pieces as long as one of Whisper's windows, and short loops do not reach it, hence the n-gram test.
COMPRESSION_RATIO = 2.4
COMPRESSION_BYTES = 1000  # 224 tokens of English, the most that Whisper writes in a window
LOOP_SIZE = 60  # words; nobody has seen a decoder repeat more than a few sentences

NO_SPEECH_OVERLAP = 0.2  # share of the segment that detected speech covers; peers.md, section 5, item 6

# Letters per second. Pellegrino et al. (2011, Language 87:3) measure 5.2 (Mandarin) to 7.8 (Japanese) syllables per
# second of reading; a syllable is one Han character, one kana, one Hangul syllable, and two to four letters of an
# alphabet. The limits are twice the highest and a tenth of the lowest rate, so that only nonsense falls outside.
ALPHABET_RATE = (0.5, 40.0)  # 5 to 8 syllables of about 2.5 letters are 12 to 20 letters per second
SYLLABLE_RATE = (0.3, 16.0)
RATE_SECONDS = 1.0  # shorter segments have times too coarse to judge
RATE_SLOW_SECONDS = 10.0  # a single "Yes." in three seconds of silence is a loose time, not a wrong text

# An echo of the prompt: this many words (or characters without spaces) of the prompt in a row, being most of the text.
ECHO_WORDS = 4
ECHO_CHARACTERS = 8
ECHO_SHARE = 0.8

# openai-whisper counts a decoding below -1.0 as failed (`logprob_threshold`, transcribe.py). The score is the mean word
# probability; exp(-1.0) is 0.37.
AVG_LOGPROB = -1.0
SCORE = 0.37


def flag_segment(segment: Segment, speech: Sequence[Region] | None, options: Options) -> Segment:
    """Return the segment with what is suspicious about it added to its flags, each flag once.

    Args:
        segment: with times on the same clock as `speech`.
        speech: detected speech; ``None`` when it was not looked for, ``()`` when none was found.
        options: its prompt and hotwords are what a text may echo.
    """
    found = list(segment.flags)
    if is_loop(segment.text):
        found.append(Flag.REPEAT_LOOP)
    if speech is not None and not _is_spoken(segment, speech):
        found.append(Flag.NO_SPEECH)
    if _is_rate_anomalous(segment):
        found.append(Flag.RATE_ANOMALY)
    if _is_echo(segment.text, options):
        found.append(Flag.PROMPT_ECHO)
    if _is_doubtful(segment):
        found.append(Flag.LOW_CONFIDENCE)
    return replace(segment, flags=tuple(dict.fromkeys(str(flag) for flag in found)))


def gaps(speech: Sequence[Region], segments: Iterable[Region | Segment], min_seconds: float) -> tuple[Region, ...]:
    """Return the stretches of detected speech, at least so long, that no segment covers."""
    found: list[Region] = []
    covered = merge(Region(segment.start, segment.end) for segment in segments)
    position = 0
    for region in merge(speech):
        start = region.start
        while position < len(covered) and covered[position].end <= start:
            position += 1
        for cover in covered[position:]:
            if cover.start >= region.end:
                break
            found.append(Region(start, cover.start))
            start = max(start, cover.end)
        found.append(Region(start, region.end))
    return tuple(gap for gap in found if gap.seconds > 0 and gap.seconds >= min_seconds)


def merge(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Return the union of regions as regions in order that do not touch; empty ones are left out."""
    merged: list[Region] = []
    for region in sorted((one for one in regions if one.seconds > 0), key=lambda one: one.start):
        if merged and region.start <= merged[-1].end:
            merged[-1] = Region(merged[-1].start, max(merged[-1].end, region.end))
        else:
            merged.append(region)
    return tuple(merged)


def is_loop(text: str) -> bool:
    """Return whether the text repeats itself as a decoder does that has run into a loop."""
    data = text.strip().encode("utf-8", errors="replace")
    pieces = (data[start : start + COMPRESSION_BYTES] for start in range(0, len(data), COMPRESSION_BYTES))
    if any(len(piece) / len(zlib.compress(piece)) > COMPRESSION_RATIO for piece in pieces):
        return True
    tokens = tokenise(text)
    least = LOOP_CHARACTERS if _is_unspaced_text(tokens) else LOOP_WORDS
    longest = min(LOOP_SIZE, len(tokens) // LOOP_REPEATS)
    return any(_loops(tokens, size, least) for size in range(1, longest + 1))


def _loops(tokens: Sequence[str], size: int, least: int) -> bool:
    """Return whether an n-gram of this size repeats without a break, long enough to be no figure of speech."""
    same = [tokens[place] == tokens[place - size] for place in range(size, len(tokens))]
    longest = max(accumulate(same, lambda run, hit: run + 1 if hit else 0, initial=0)) + size
    return longest // size >= LOOP_REPEATS and longest >= least and longest >= LOOP_SHARE * len(tokens)


def tokenise(text: str) -> list[str]:
    """Return the words in lower case without punctuation; a character is a word where a script writes no spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    marked = "".join(f" {char} " if is_unspaced(char) else char for char in folded)
    return re.findall(r"\w[\w'’]*", marked)


def _is_unspaced_text(tokens: Sequence[str]) -> bool:
    return sum(len(token) == 1 and is_unspaced(token) for token in tokens) * 2 > len(tokens)


def _is_spoken(segment: Segment, speech: Sequence[Region]) -> bool:
    length = segment.end - segment.start
    if length <= 0:
        return any(region.start <= segment.start <= region.end for region in speech)
    overlap = sum(max(0.0, min(one.end, segment.end) - max(one.start, segment.start)) for one in merge(speech))
    return overlap >= NO_SPEECH_OVERLAP * length


def _is_rate_anomalous(segment: Segment) -> bool:
    length = segment.end - segment.start
    letters = [char for char in segment.text if char.isalnum()]
    if length < RATE_SECONDS or not letters:
        return False
    # In digits, too, a character is about a syllable or more: "2026" is five.
    syllables = sum(is_unspaced(char) or "\uac00" <= char <= "\ud7a3" for char in letters)
    slowest, fastest = SYLLABLE_RATE if syllables * 2 > len(letters) else ALPHABET_RATE
    rate = len(letters) / length
    return rate > fastest or (rate < slowest and length >= RATE_SLOW_SECONDS)


def _is_echo(text: str, options: Options) -> bool:
    said = tokenise(text)
    least = ECHO_CHARACTERS if _is_unspaced_text(said) else ECHO_WORDS
    sources = [tokenise(options.prompt or ""), tokenise(" ".join(options.hotwords or ()))]
    return len(said) >= least and any(
        _longest_common_run(said, source) >= max(least, ECHO_SHARE * len(said)) for source in sources if source
    )


def _longest_common_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest stretch that two lists share."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.find_longest_match(0, len(first), 0, len(second)).size


def _is_doubtful(segment: Segment) -> bool:
    if segment.avg_logprob is not None:
        return segment.avg_logprob < AVG_LOGPROB  # one odd word brings the score of a right sentence below any limit
    return segment.score is not None and segment.score < SCORE
