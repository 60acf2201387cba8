"""The clips recognised of a recording while it is under way, so that a run that was killed goes on where it was.

``.asr/journal/ID.jsonl`` beside the outputs has one line per clip; it is removed when the recording is finished. Of
outputs elsewhere, whose objects do not grow, it lies in the user's folder for states.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from asrcli.base.lines import append, read_lines
from asrcli.outputs.ledger import STATE
from asrcli.outputs.recipes import Recipe
from asrcli.pipeline.assembly import ClipKey, RecognisedClip
from asrcli.pipeline.events import Known
from asrcli.places import remote
from asrcli.places.addresses import is_address
from asrcli.transport.codec import build
from asrcli.types import Segment


def state_of(folder: str) -> Path:
    """Return where a run that writes into a folder keeps what grows by lines: there, or here when it is elsewhere."""
    if not is_address(folder):
        return Path(folder or ".") / STATE
    from platformdirs import user_state_path

    return user_state_path("asr")


class Journal:
    """The clips transcribed of one recording, kept until its outputs are written."""

    def __init__(self, folder: str, source: str, recipe: Recipe) -> None:
        # The digest of the content would read every recording twice; size and time are enough for a run cut short.
        parts = [*_seen(source), sorted(recipe.items()), *([folder] if is_address(folder) else [])]
        name = hashlib.blake2b(json.dumps(parts).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        self.path = state_of(folder) / "journal" / f"{name}.jsonl"

    def known(self) -> Known:
        """Return what an interrupted run had transcribed."""
        clips: dict[ClipKey, tuple[Segment, ...]] = {}
        language: str | None = None
        score: float | None = None
        for line in read_lines(self.path):
            with suppress(LookupError, TypeError, ValueError, AttributeError):  # not as we write it: transcribed again
                if "clip" in line:
                    first, length = map(int, line["clip"])
                    clips[first, length] = tuple(build(Segment, one) for one in line["segments"])
                    continue
                if "language" in line:
                    language, score = str(line["language"]), float(line["score"])
        return Known(clips, language, score)

    def add_clip(self, add_clip: RecognisedClip) -> None:
        """Keep one clip."""
        append(self.path, {"clip": list(add_clip.key), "segments": [asdict(one) for one in add_clip.segments]})

    def voted(self, language: str, score: float) -> None:
        """Keep the language, so that the clips to come are transcribed in the same one."""
        append(self.path, {"language": language, "score": score})

    def remove(self) -> None:
        """Forget everything: the outputs are written."""
        with suppress(OSError):
            self.path.unlink()


def _seen(source: str) -> tuple[str, int, int, str]:
    """Return what tells a recording from others, and from itself with another content.

    Raises:
        OSError, InputError: it has gone.
    """
    if is_address(source):
        facts = remote.facts_of(source)
        if facts is None or not facts.tag:
            raise OSError("nothing tells it from itself with another content")
        return source, facts.size, 0, facts.tag
    known = os.stat(source)
    return os.path.abspath(source), known.st_size, known.st_mtime_ns, ""
