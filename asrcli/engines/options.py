"""What is asked of an engine, held against what its class says that it can: before any weights load."""

from __future__ import annotations

import math
from collections.abc import Iterable

from asrcli.engine import GROUP, Engine, declared, load_class
from asrcli.engines.ranking import ranked
from asrcli.errors import UsageError
from asrcli.types import Options

OWN_OPTION = "--engine-option"
OF_ALL = ("language", "chunk_length")  # what no engine has to support: the pipeline sees to it
LEAST_CHUNK = 1.0  # seconds; a shorter clip holds no word with sound around it
RANGES = {  # what searches can compute with: outside libraries raise, rank by no number, or compute for days
    "beam_size": (1, 1000),
    "n_best": (1, 1000),
    "best_of": (1, 1000),
    "max_new_tokens": (1, 100_000),
    "patience": (0.1, 10.0),
    "length_penalty": (-10.0, 10.0),
    "repetition_penalty": (0.1, 10.0),
    "no_repeat_ngram_size": (0, 100),
}


def check_options(engine: type[Engine], options: Options) -> None:
    """Raise `UsageError` for the first given option that the engine does not honour, or not with this value."""
    for spelling in unsupported(engine, options):
        raise UsageError(f"engine '{engine.name}' has no {spelling}{_elsewhere(engine, options, spelling)}")
    for name, (least, most) in RANGES.items():
        if (value := getattr(options, name)) is not None and not least <= value <= most:
            raise UsageError(f"{_typed(name)} {shown(value)}: choose {shown(least)} to {shown(most)}")
    for name, value in options.engine_options or ():
        own = engine.own_options[name]
        if not own.least <= value <= own.most:
            spelling = f"{_typed_own(name)}={value:g}"
            raise UsageError(f"{spelling}: engine '{engine.name}' takes {own.least:g} to {own.most:g}")
    if options.n_best and options.n_best > (kept := engine.beams(options)):
        hypotheses = "one hypothesis" if kept == 1 else f"{kept} hypotheses"
        raise UsageError(
            f"--n-best {options.n_best}: the search of engine '{engine.name}' keeps {hypotheses}; "
            f"add --beam-size {options.n_best}, or more"
        )
    engine.check(options)


def clip_length(engine: type[Engine], options: Options) -> float:
    """Return the longest clip in seconds: as asked for, or the engine's own choice.

    Args:
        engine: the class that is meant for the weights, since models differ in what they were made for.
        options: what was asked of it.

    Raises:
        UsageError: it was not made for clips of this length.
    """
    own = engine.clip_seconds(options)
    if options.chunk_length is None:
        return own
    most = max(own, engine.max_seconds)
    if not LEAST_CHUNK <= options.chunk_length <= most:
        reach = "or more" if math.isinf(most) else f"to {most:g}"
        raise UsageError(
            f"--chunk-length {options.chunk_length:g}: engine '{engine.name}' takes up to {most:g} s at once; choose "
            f"{LEAST_CHUNK:g} {reach}, or leave it out for {own:g}"
        )
    return options.chunk_length


def unsupported(engine: type[Engine], options: Options) -> list[str]:
    """Return the given options that an engine does not honour, as they are typed."""
    found = []
    for name, value in options.given():
        if name == "engine_options":
            found += [_typed_own(own) for own, _ in value if own not in engine.own_options]
        elif name not in {*engine.supports, *OF_ALL} and (name, value) != ("task", "transcribe"):
            found.append(f"--task {value}" if name == "task" else _typed(name))
    return found  # a language is checked against those of the model, by `asrcli.engines.ranking.check_language`


def _elsewhere(engine: type[Engine], options: Options, spelling: str) -> str:
    """Return the end of the sentence that an engine has no such option: which model, which engines, which options."""
    of_others = engine.name in declared(GROUP) and spelling not in unsupported(load_class(engine.name), options)
    model = " with this model" if of_others else ""
    others = (one for one in ranked(Engine) if one.name != engine.name)
    if able := sorted(other.name for other in others if spelling not in unsupported(other, options)):
        return f"{model}; engines that do: {', '.join(able)}"
    if spelling.startswith(OWN_OPTION) and engine.own_options:
        return f"{model}; it has {', '.join(name.replace('_', '-') for name in engine.own_options)}"
    return f"{model}; leave it out"


def shown(number: float) -> str:
    """Return a number as it is typed."""
    return str(number) if isinstance(number, int) else f"{number:g}"


def _typed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _typed_own(name: str) -> str:
    return f"{OWN_OPTION} {name.replace('_', '-')}"


def parse_engine_options(words: Iterable[str]) -> tuple[tuple[str, float], ...] | None:
    """Return what ``NAME=VALUE`` words say, sorted by name, ``None`` without any; of a name given twice the last holds.

    Raises:
        UsageError: a word is not of this form, or its value no number.
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not name.strip() or not math.isfinite(number):
            raise UsageError(f"{OWN_OPTION} {word}: write a name and a number, such as eos-penalty=0.9")
        found[name.strip().replace("-", "_")] = number
    return tuple(sorted(found.items())) or None
