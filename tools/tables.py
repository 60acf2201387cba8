"""The blocks of the documents that come from the program, between two marks that the pattern `BLOCK` shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from asrcli.engine import Engine
from asrcli.errors import EXIT_CODES
from asrcli.formats import PROFILES
from asrcli.types import Options
from tools.interface import engines, root

HOME = Path(__file__).parent.parent
DOCUMENTS = (HOME / "README.md", HOME / "docs/engines.md", HOME / "docs/subtitles.md")
SHOWN = 3  # models of an engine in its row
BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str) -> str:
    """Return a document with every marked block as the program says it now.

    Raises:
        KeyError: a block has a name that nothing writes.
    """
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found["name"]]() + found[3], text)


def exit_codes() -> str:
    """Return the exit codes as a table."""
    return _table(("code", "meaning"), [(str(code), text) for code, text in EXIT_CODES.items()])


def commands() -> str:
    """Return the commands as a table."""
    return _table(("command", "what it does"), [(f"`{one.title}`", one.summary) for one in root().children])


def engine_cards() -> str:
    """Return what each engine of this distribution is, from its class."""
    rows = [_card(name, engine) for name, engine in engines().items()]
    return _table(("engine", "to install", "models", "languages", "licence of the weights", "runs on"), rows)


def engine_options() -> str:
    """Return which engine honours which option."""
    real = {name: engine for name, engine in engines().items() if name != "fake"}
    rows = []
    for option in Options.__dataclass_fields__:
        if option == "language":
            continue  # every engine takes it, and refuses what its model does not speak
        able = [name for name, engine in real.items() if option in engine.supports]
        if able:
            rows.append((f"`--{option.replace('_', '-')}`", *("yes" if name in able else "" for name in real)))
    lengths = {name: (engine.clip_seconds(Options()), engine.max_seconds) for name, engine in real.items()}
    cells = (f"{own:g}" if own == most else f"{own:g}, to {most:g}" for own, most in lengths.values())
    rows.append(("`--chunk-length`, seconds", *cells))
    for option in dict.fromkeys(own for engine in real.values() for own in engine.own_options):
        cells = ("yes" if option in engine.own_options else "" for engine in real.values())
        rows.append((f"`--engine-option {option.replace('_', '-')}`", *cells))
    return _table(("option", *real), rows)


def subtitle_profiles() -> str:
    """Return what cues keep to in each profile that shapes them."""
    limits = ("characters in a line", "lines", "characters a second", "seconds", "gap, seconds", "shorter gaps close")
    rows = []
    for name, one in PROFILES.items():
        if one.by_segment:
            continue
        shape = f"`{name}`", f"{one.max_line_width}", f"{one.max_lines}", f"{one.max_cps:g}" if one.max_cps else "any"
        closed = f"below {one.close_gap:g} s" if one.close_gap else ""
        rows.append((*shape, f"{one.min_duration:.2g} to {one.max_duration:g}", f"{one.min_gap:.2g}", closed))
    return _table(("`--subs`", *limits), rows)


def _card(name: str, engine: type[Engine]) -> tuple[str, ...]:
    extra = f"`pip install 'asrcli[{engine.extra}]'`" if engine.extra else "in the base install"
    spoken = {code for model in engine.models for code in engine.languages(model)}
    anything = any(not engine.languages(model) for model in engine.models)
    languages = "any" if anything else ", ".join(sorted(spoken)) if len(spoken) <= 4 else f"{len(spoken)}"
    licences = sorted({card.licence for card in engine.models.values()})
    shown = list(engine.models) if len(engine.models) <= SHOWN + 1 else list(engine.models)[:SHOWN]
    models = ", ".join(f"`{model}`" for model in shown)
    if more := len(engine.models) - len(shown):
        page = f"docs/{name}.md"
        models += f" and [{more} more]({page})" if (HOME / page).exists() else f" and {more} more"
    if engine.loads_folders:
        models += ", folders, hub ids"
    if not engine.models:
        return (f"`{name}`", extra, "the server's", "the server's", "the server's", "a server")
    return (f"`{name}`", extra, models, languages, ", ".join(licences), ", ".join(engine.devices))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "engines": engine_cards,
    "engine-options": engine_options,
    "exit-codes": exit_codes,
    "subtitle-profiles": subtitle_profiles,
}
