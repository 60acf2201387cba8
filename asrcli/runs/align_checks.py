"""What is to be said about an alignment: words that were not found, and text and sound that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asrcli.alignment.language import guess_language
from asrcli.alignment.result import FOREIGN, Summary, missing_runs, summarise
from asrcli.base.console import clock
from asrcli.errors import CheckFailed

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.alignment.script import Script
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.types import Transcript


def doubts(transcript: Transcript) -> Iterator[str]:
    """Yield a line about the words that were not found."""
    runs = missing_runs(transcript)
    if runs:
        longest, length = max(runs, key=lambda run: run[1])
        total = sum(count for _, count in runs)
        where = "in one place" if len(runs) == 1 else f"in {len(runs)} places, the longest of {length} words"
        yield (
            f"{total} words of the text are not in the audio, {where} from '{longest.text}' at {clock(longest.start)}"
        )


def failed_check(transcript: Transcript, request: AlignRequest) -> str | None:
    """Return a sentence about the first check that does not hold, or ``None``."""
    summary: Summary = summarise(transcript)
    if not transcript.speech and request.min_coverage > 0:
        return "nobody speaks in it (--no-vad looks for the words all the same)"
    share = f"{summary.found} of {summary.words} words ({summary.coverage:.0%}) are in the audio"
    if summary.coverage < min(FOREIGN, request.min_coverage):
        return f"{share}: another text, or speech in another language than '{transcript.language or 'unknown'}'"
    if summary.coverage < request.min_coverage:
        return f"{share}, less than --min-coverage {request.min_coverage:g}"
    longest = summary.longest
    if longest is not None and longest.end - longest.start > request.max_word_seconds:
        return (
            f"the word '{longest.text}' at {clock(longest.start)} is {longest.end - longest.start:.1f} s long, "
            f"more than --max-word-seconds {request.max_word_seconds:g}"
        )
    return None


def language_of(script: Script, request: AlignRequest, aligner: type[Aligner], text: str) -> str | None:
    """Return the language to align in.

    Args:
        script: the text.
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
