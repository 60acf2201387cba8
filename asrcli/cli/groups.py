"""Groups of options: a command takes frozen dataclasses, and each of their fields is an option of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import fields
from datetime import date
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

import typer
from typer.models import OptionInfo

from asrcli.errors import UsageError


def option(default: Any, *names: str, help: str, **more: Any) -> Any:
    """Declare an option; its help says itself what holds without it."""
    return typer.Option(default, *names, help=help, show_default=False, **more)


def grouped(command: Callable[..., None], *, sections: bool = False) -> Callable[..., None]:
    """Give a command, in the place of each parameter that is a dataclass, the options that are its fields.

    Args:
        sections: ``--help`` lists the options below the attribute ``section`` of their group.
    """
    parameters: list[Parameter] = []
    groups: dict[str, Any] = {}
    hints = get_type_hints(command, include_extras=True)
    for parameter in signature(command).parameters.values():
        kind: Any = hints[parameter.name]
        if hasattr(kind, "__dataclass_fields__"):
            groups[parameter.name] = kind
            parameters += _parameters(kind, kind.section if sections else None)
        else:
            parameters.append(parameter.replace(annotation=kind, kind=Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**values: Any) -> None:
        """Build the groups from the options that Typer has read, and run the command."""
        made = {name: kind(**{one.name: values.pop(one.name) for one in fields(kind)}) for name, kind in groups.items()}
        command(**values, **made)

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameters(kind: type[Any], section: str | None) -> Iterator[Parameter]:
    """Yield a parameter for each option of a group."""
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        default: Any = one.default
        if section and isinstance(default, OptionInfo):
            default = copy(default)
            default.rich_help_panel = section
        yield Parameter(one.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[one.name])


def words(text: str | None) -> tuple[str, ...]:
    """Return the words of a list with commas."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def day_in(text: str, name: str = "--date") -> date:
    """Return the day that an option names; raise `UsageError` where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{name} {text!r} is not a day: write YYYY-MM-DD") from error


def refuse(options: Mapping[str, object], why: str) -> None:
    """Raise `UsageError` for the first of these options that was given: it would be passed over."""
    for name, value in options.items():
        if value not in (None, False, (), []):
            raise UsageError(f"{name} {why}")
