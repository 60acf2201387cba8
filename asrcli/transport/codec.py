"""Values as JSON with named fields, and the samples in them as raw float32 behind it.

By name, because a value whose fields have moved since must not be read in their order. What comes back is built from
the annotations of the classes that the reader expects: the other side names no class but those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

SAMPLES = "<f4"
MOST_NUMBER = 1 << 64
Built = TypeVar("Built")


class ProtocolError(Exception):
    """What came is not what is spoken here."""


class Samples:
    """Stands for an array of samples in annotations: `asrcli.types.Samples` is a type for type checkers only."""


def encode(message: Any) -> tuple[bytes, list[memoryview]]:
    """Return a dataclass as its name and fields in JSON, and the samples that it holds, in the order of the fields."""
    samples: list[memoryview] = []
    head = {"is": type(message).__name__, "with": _plain(message, samples)}
    return json.dumps(head, separators=(",", ":")).encode(), samples


def _plain(value: Any, samples: list[memoryview]) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name), samples) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one, samples) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_plain(one, samples) for one in value]
    if getattr(value, "ndim", None) == 0:  # a number of numpy or torch, which an engine should have turned into one
        return value.item()
    if getattr(value, "ndim", None) == 1:
        import numpy as np

        array = np.ascontiguousarray(value, dtype=SAMPLES)
        samples.append(memoryview(array.data).cast("B"))
        return len(array)
    raise ProtocolError(f"{type(value).__name__} cannot be sent to another process")


def decode(head: bytes | bytearray, body: bytearray, kinds: Sequence[type]) -> Any:
    """Return the message that was sent, which is of one of these dataclasses.

    Raises:
        ProtocolError: it is none of them.
    """
    try:
        found = json.loads(bytes(head))
        kind = {one.__name__: one for one in kinds}[found["is"]]
        return _build(kind, found["with"], _Cutter(body))
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        names = ", ".join(one.__name__ for one in kinds)
        raise ProtocolError(f"expected one of {names}: {type(error).__name__} {error}") from error


def build(kind: type[Built], values: Any) -> Built:
    """Return a dataclass of decoded JSON, with every value of the kind that its annotation names.

    Raises:
        LookupError, TypeError, ValueError, RecursionError: it is not that.
    """
    found: Built = _build(kind, values, _Cutter(bytearray()))
    return found


class _Cutter:
    """Takes one array after the other from the bytes behind a message."""

    def __init__(self, body: bytearray) -> None:
        self.body, self.at = body, 0

    def __call__(self, count: int) -> Any:
        import numpy as np

        if not 0 <= count <= (memoryview(self.body).nbytes - self.at) // 4:  # of bytes, or of samples already
            raise ValueError(f"{count} samples are not there")
        found = np.frombuffer(self.body, SAMPLES, count, self.at)
        self.at += 4 * count
        return found


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, localns={"Samples": Samples})


def _build(hint: Any, data: Any, samples: _Cutter) -> Any:
    if hint is Samples:
        return samples(data)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if data is None and NoneType in inner:
            return None
        return _build(next(one for one in inner if one is not NoneType), data, samples)
    if origin is tuple:
        each = _each(inner, _of(list, data))
        return tuple(_build(one, item, samples) for one, item in each)
    if origin is list:
        return [_build(inner[0], item, samples) for item in _of(list, data)]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _build(inner[1], item, samples) for key, item in _of(dict, data).items()}
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _build(hints[name], item, samples) for name, item in _of(dict, data).items()})
    return _simple(hint, data)


def _simple(hint: Any, data: Any) -> Any:
    """Return a text or a number, of the kind that is expected: whoever uses it does not look again."""
    if hint in (int, float):
        if isinstance(data, int) and abs(data) >= MOST_NUMBER:
            raise ValueError("a number without an end")
        if hint is int and isinstance(data, float) and not data.is_integer():
            raise ValueError(f"{data} where a whole number belongs")
        return _of((int, float), data)
    return _of(hint, data) if isinstance(hint, type) else data


def _of(kind: type | tuple[type, ...], data: Any) -> Any:
    if not isinstance(data, kind):
        raise TypeError(f"{type(data).__name__} where something else belongs")
    return data


def _each(inner: tuple[Any, ...], data: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the items of a tuple with what each of them is."""
    if len(inner) == 2 and inner[1] is Ellipsis:
        yield from ((inner[0], item) for item in data)
    else:
        yield from zip(inner, data, strict=True)
