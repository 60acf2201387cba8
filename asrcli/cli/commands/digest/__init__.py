"""``asr digest``: the field's news every morning, with proof for every sentence."""

from __future__ import annotations

from asrcli.cli.commands.digest import daily, look, publish
from asrcli.cli.commands.digest.options import app

__all__ = ["app", "daily", "look", "publish"]

# A verb registers itself when its module is imported; the help lists them as used in a day, whatever came first.
MODULES = (daily, look, publish)
app.registered_commands.sort(
    key=lambda command: (
        next(place for place, one in enumerate(MODULES) if one.__name__ == command.callback.__module__)
        if command.callback
        else -1
    )
)
