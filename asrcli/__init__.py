"""One command, and one library, for every open speech recogniser.

    from asrcli import transcribe
    for transcript in transcribe(["talk.mp3"], engine="whisper", model="base"):
        print(transcript.text)

The names below are the public API. They load when they are first used, so that ``import asrcli`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asrcli.api import Transcriber, transcribe
    from asrcli.errors import AsrError
    from asrcli.types import Options, Recording, Segment, Transcript, Word

__version__ = "0.1.0"
__all__ = [
    "AsrError",
    "Options",
    "Recording",
    "Segment",
    "Transcriber",
    "Transcript",
    "Word",
    "__version__",
    "transcribe",
]

_HOMES = {"transcribe": "asrcli.api", "Transcriber": "asrcli.api", "AsrError": "asrcli.errors"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'asrcli' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "asrcli.types")), name)
