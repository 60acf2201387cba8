"""How every command is made: its ``-h``, the width of its help, and which values are not converted."""

from __future__ import annotations

from typing import Any, cast

import typer

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def app(**settings: Any) -> typer.Typer:
    """Return a Typer app, to which settings of ``typer.Typer`` are added."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=CONTEXT, **settings)


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
        try:
            return self.whole().coerce(value, param=param, ctx=ctx)
        except typer.BadParameter as error:
            if kind.annotation not in (int, float):
                raise
            said = f"'{value}' is not a {'whole ' * (kind.annotation is int)}number{_range(kind.parameter_info)}"
            raise typer.BadParameter(said, ctx=ctx, param=param) from error


def _range(bounds: Any) -> str:
    """Return the range of a number in words; "" where it has none."""
    least, most = bounds.min, bounds.max
    if least is not None and most is not None:
        return f" from {least:.12g} to {most:.12g}"
    return f" of at least {least:.12g}" if least is not None else f" of at most {most:.12g}" if most is not None else ""
