"""What is to be said about an alignment: words that were not found, and text and sound that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asrcli.alignment.result import FOREIGN, Summary, summarise
from asrcli.alignment.script import guess_language
from asrcli.base.console import brief, clock
from asrcli.base.counts import count_of
from asrcli.errors import CheckFailed

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.alignment.script import Script
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.types import Transcript


def doubts(transcript: Transcript) -> Iterator[str]:
    """Yield a line about the words that were not found."""
    if transcript.leaps:
        words = [word for segment in transcript.segments for word in segment.words]
        longest = max(transcript.leaps, key=lambda leap: leap.words)
        total = sum(leap.words for leap in transcript.leaps)
        count = len(transcript.leaps)
        where = "in one place" if count == 1 else f"in {count} places, the longest of {count_of(longest.words, 'word')}"
        yield (
            f"{count_of(total, 'word')} of the text {'is' if total == 1 else 'are'} not in the audio, "
            f"{where} from '{brief(words[longest.word].text)}' "
            f"at {clock(longest.start)} (confidence {longest.confidence:.2f})"
        )


def failed_check(transcript: Transcript, request: AlignRequest, scored: bool = True) -> str | None:
    """Return a sentence about the first check that does not hold, or ``None``; ``scored`` as in `summarise`."""
    summary: Summary = summarise(transcript, scored, request.vad is not None)
    if not transcript.speech and request.min_coverage > 0:
        return "no speech is detected in it (--no-vad aligns it all the same)"
    share = f"{summary.sure} of {count_of(summary.words, 'word')} ({summary.coverage:.0%}) are surely in the audio"
    if summary.coverage < min(FOREIGN, request.min_coverage):
        return f"{share}: another text, or speech in another language than '{transcript.language or 'unknown'}'"
    if summary.coverage < request.min_coverage:
        return f"{share}, less than --min-coverage {request.min_coverage:g}"
    longest = summary.longest
    if longest is not None and longest.end - longest.start > request.max_word_seconds:
        return (
            f"the word '{brief(longest.text)}' at {clock(longest.start)} is {longest.end - longest.start:.1f} s long, "
            f"more than --max-word-seconds {request.max_word_seconds:g}"
        )
    return None


def language_of(script: Script, request: AlignRequest, aligner: type[Aligner], text: str) -> str | None:
    """Return the language to align in.

    Args:
        request: it may say which language.
        aligner: it may speak one language only.
        text: the name of the text, for messages.

    Raises:
        CheckFailed: the text is plainly in another language than was asked for, or than the aligner speaks.
    """
    plain = guess_language(script.text)
    asked = request.language
    if asked and plain and plain != asked and {plain, asked} != {"zh", "yue"}:
        raise CheckFailed(f"the text '{text}' is plainly in '{plain}', not in '{asked}': give --language {plain}")
    language = asked or script.language or plain
    spoken = aligner.languages(request.model or aligner.default_model)
    if language and spoken and language not in spoken:
        raise CheckFailed(
            f"the text '{text}' is in '{language}', which aligner '{aligner.name}' does not speak, only: "
            + ", ".join(spoken)
        )
    return language or (spoken[0] if len(spoken) == 1 else None)
