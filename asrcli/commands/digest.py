"""``asr digest``: the field's news every morning, with proof for every sentence."""

from __future__ import annotations

from asrcli.digest.verbs import app, daily, look, publish

__all__ = ["app", "daily", "look", "publish"]
