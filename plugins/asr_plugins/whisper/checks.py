"""A look into a CTranslate2 folder before the library opens it: it trusts sizes and token numbers, and writes by them.

With a number in ``lang_ids`` or ``suppress_ids_begin`` that is no token, or a layer in ``alignment_heads`` that is not
there, it writes outside its memory (CTranslate2 4.8).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from asrcli.errors import ModelError
from asrcli.weights.plain import read_json

FORMAT = 6  # of model.bin, of every CTranslate2 that knows Whisper
SPEC = "WhisperSpec"
ITEMS = ("<f", "<b", "<h", "<i", "<e", "<H")  # float32, int8, int16, int32, float16, bfloat16, by number
MOST_VARIABLES, MOST_NAME, MOST_DIMENSIONS = 20_000, 300, 4
IDS = ("lang_ids", "suppress_ids", "suppress_ids_begin")
# What preprocessor_config.json may say of sound; the networks are for this and nothing else.
FRONT = {
    "feature_size": range(80, 129, 48),
    "sampling_rate": range(16_000, 16_001),
    "hop_length": range(160, 161),
    "chunk_length": range(1, 31),
    "n_fft": range(400, 401),
}


# Variables by the end of their names, and their shapes: w the width, t tokens, m mel bands, i the width inside a block.
SHAPES = (
    ("embeddings/weight", "tw"), ("projection/weight", "tw"), ("projection/bias", "t"),
    ("position_encodings/encodings", "?w"), ("conv1/weight", "wm3"), ("conv2/weight", "ww3"), ("conv1/bias", "w"),
    ("conv2/bias", "w"), ("layer_norm/gamma", "w"), ("layer_norm/beta", "w"),
    ("self_attention/linear_0/weight", "3w"), ("self_attention/linear_0/bias", "3"),
    ("self_attention/linear_1/weight", "ww"), ("self_attention/linear_1/bias", "w"),
    ("attention/linear_0/weight", "ww"), ("attention/linear_0/bias", "w"), ("attention/linear_1/weight", "2w"),
    ("attention/linear_1/bias", "2"), ("attention/linear_2/weight", "ww"), ("attention/linear_2/bias", "w"),
    ("ffn/linear_0/weight", "iw"), ("ffn/linear_0/bias", "i"), ("ffn/linear_1/weight", "wi"),
    ("ffn/linear_1/bias", "w"),
)  # fmt: skip
LONGEST = 100_000  # positions


@dataclass(frozen=True, slots=True)
class Sizes:
    """What ``model.bin`` says of its network."""

    tokens: int
    layers: int  # of the decoder
    heads: int  # of a layer of the decoder
    mels: int


@dataclass(frozen=True, slots=True)
class Variable:
    """The shape of a variable of ``model.bin``, and its value when it is one whole number."""

    shape: tuple[int, ...]
    value: int | None = None


def check_folder(folder: Path) -> None:
    """Raise `ModelError` for a folder that CTranslate2 or faster-whisper cannot be trusted with."""
    sizes = read_sizes(folder / "model.bin")
    _check_config(read_json(folder / "config.json"), sizes, folder / "config.json")
    front = folder / "preprocessor_config.json"
    said = read_json(front) if front.is_file() else {}
    for name, known in FRONT.items():
        if name in said and (not isinstance(said[name], int) or said[name] not in known):
            raise ModelError(f"'{front}' is not loaded: {name} is {str(said[name])[:40]}, which no Whisper has")
    if (mels := said.get("feature_size", 80)) != sizes.mels:
        raise ModelError(f"'{folder}' is not loaded: {front.name} has {mels} mel bands, and model.bin {sizes.mels}")


def _check_config(config: Mapping[str, Any], sizes: Sizes, path: Path) -> None:
    for name in IDS:
        numbers = config.get(name)
        for number in numbers if isinstance(numbers, list) else [] if numbers is None else [numbers]:
            if not _is_below(number, sizes.tokens):
                raise ModelError(f"'{path}' is not loaded: {name} has {str(number)[:40]}, which is no token")
    if config.get("lang_ids") == []:
        raise ModelError(f"'{path}' is not loaded: it has lang_ids and no language in them")
    heads = config.get("alignment_heads")
    for pair in heads if isinstance(heads, list) else [] if heads is None else [heads]:
        fits = isinstance(pair, list) and len(pair) == 2
        if not fits or not _is_below(pair[0], sizes.layers) or not _is_below(pair[1], sizes.heads):
            raise ModelError(f"'{path}' is not loaded: alignment_heads has {str(pair)[:40]}, which is no head")


def _is_below(number: Any, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < most


def read_sizes(path: Path) -> Sizes:
    """Return the sizes of a network, from the names and shapes in ``model.bin``; the weights are passed over.

    Raises:
        ModelError: it is damaged, or its parts do not fit together, or it is no Whisper.
    """
    try:
        with path.open("rb") as file:
            found = _variables(file, path.stat().st_size)
        tokens, width = found["decoder/embeddings/weight"].shape
        _, mels, _ = found["encoder/conv1/weight"].shape
        heads = [found[f"{part}/num_heads"].value or 0 for part in ("encoder", "decoder")]
        if any(count < 1 or width % count for count in heads):
            raise ValueError(f"{heads} heads of a width of {width}")
        _check_shapes(found, {"t": tokens, "w": width, "m": mels, "3": 3 * width, "2": 2 * width})
        layers = {name.split("/")[1] for name in found if name.startswith("decoder/layer_")} - {"layer_norm"}
        if layers != {f"layer_{number}" for number in range(len(layers))}:
            raise ValueError("layers without their numbers")
        return Sizes(tokens, len(layers), heads[1], mels)
    except (ValueError, KeyError, struct.error) as error:
        raise ModelError(
            f"'{path}' cannot be loaded as a Whisper model: the binary is damaged or of another kind ({error})"
        ) from error


def _check_shapes(found: Mapping[str, Variable], sizes: Mapping[str, int]) -> None:
    """Raise `ValueError` unless every variable has the shape that the network gives it: the library looks at few."""
    for name, variable in found.items():
        if variable.shape != _wanted(name, found, sizes):
            raise ValueError(f"{name[:60]!r} has the shape {variable.shape}")


def _wanted(name: str, found: Mapping[str, Variable], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the shape that a variable must have."""
    if name.endswith("_scale"):  # one for each row, or one for all
        return found[name.removesuffix("_scale")].shape[: len(found[name].shape)][:1]
    form = next((form for end, form in SHAPES if f"/{name}".endswith(f"/{end}")), "")
    inner = found[name.rpartition("ffn/")[0] + "ffn/linear_0/weight"].shape[0] if "i" in form else 0
    positions = min((*found[name].shape, LONGEST)[0], LONGEST)
    known = {**sizes, "i": inner, "?": positions} | ({"3": 3} if len(form) == 3 else {})
    return tuple(known[letter] for letter in form)


def _variables(file: IO[bytes], size: int) -> dict[str, Variable]:
    """Return what each variable is; raises `ValueError` or `struct.error` where sizes do not fit together."""
    version = _number(file, "<I")
    spec, _, count = _text(file), _number(file, "<I"), _number(file, "<I")
    if version != FORMAT or spec != SPEC or count > MOST_VARIABLES:
        raise ValueError(f"format {version}, {spec[:40]!r}, {count} variables")
    found = {}
    for _ in range(count):
        name, rank = _text(file), _number(file, "<B")
        if rank > MOST_DIMENSIONS:
            raise ValueError(f"{name[:60]!r} has {rank} dimensions")
        shape = tuple(_number(file, "<I") for _ in range(rank))
        kind, taken = _number(file, "<B"), _number(file, "<I")
        if kind >= len(ITEMS) or math.prod(shape) * struct.calcsize(ITEMS[kind]) != taken or file.tell() + taken > size:
            raise ValueError(f"{name[:60]!r} of shape {shape} has {taken} bytes of {size}")
        if shape:
            file.seek(taken, 1)
        found[name] = Variable(shape, None if shape else _number(file, ITEMS[kind]))
    for _ in range(_number(file, "<I")):
        _text(file)
        if (target := _text(file)) not in found:
            raise ValueError(f"a name for {target[:60]!r}, which is not there")
    if file.read(1):
        raise ValueError("bytes behind its end")
    return found


def _number(file: IO[bytes], form: str) -> int:
    value = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return int(value) if math.isfinite(value) else 0


def _text(file: IO[bytes]) -> str:
    length = _number(file, "<H")
    data = file.read(length)
    if not 0 < length <= MOST_NAME or len(data) != length or data[-1:] != b"\0":
        raise ValueError(f"a name of {length} bytes")
    return data[:-1].decode("ascii")
