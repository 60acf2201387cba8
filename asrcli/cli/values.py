"""Values of options that need no conversion: those that have their type already, as defaults and texts do.

Typer converts every value with pydantic, which takes 55 ms to import and 0.2 ms for each option: a fifth of a run with
250 files that are up to date.
"""

from __future__ import annotations

from typing import Any, cast


class Sparing:
    """A command, beside Typer's class of it, whose parameters take values that have their type as they are."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, that of ``--help`` too."""
        parameters: list[Any] = cast(Any, super()).get_params(ctx)
        for parameter in parameters:
            if not isinstance(parameter.get_runtime_param, Conversion):
                parameter.get_runtime_param = Conversion(parameter.get_runtime_param)
        return parameters


class Conversion:
    """What stands in for Typer's conversion of one parameter, and asks for it only where there is something to do."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole  # returns Typer's

    def __call__(self) -> Conversion:
        """Return what converts; Typer asks for it when there is a value."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a value in the type of its option; raises `typer.BadParameter` for what is none."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        kind = param.type_descriptor
        if kind.parameter_info.parser is None and not kind.is_path and not kind.is_choice:
            if kind.annotation == list[str] and isinstance(value, list | tuple) and {*map(type, value)} <= {str}:
                return list(value)
            source = ctx.get_parameter_source(param.name)
            if type(value) is kind.annotation and (kind.annotation is str or (source and source.name == "DEFAULT")):
                return value
        return self.whole().coerce(value, param=param, ctx=ctx)
