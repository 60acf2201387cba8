"""``asr digest``: the field's news every morning, with proof for every sentence."""

from __future__ import annotations

from asrcli.cli.commands.digest import daily, look, publish
from asrcli.cli.commands.digest.options import app

__all__ = ["app", "daily", "look", "publish"]

# A verb registers itself when its module is imported; the help lists them as used in a day, whatever came first.
MODULES = [one.__name__ for one in (daily, look, publish)]
app.registered_commands.sort(key=lambda command: MODULES.index(str(command.callback and command.callback.__module__)))
