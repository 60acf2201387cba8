"""Whisper through CTranslate2 (faster-whisper): clips from many recordings are decoded as one batch; needs no torch."""

from asr_plugins.whisper.engine import Whisper

__all__ = ["Whisper"]
