"""The graph of the Silero model, written anew around its weights so that windows go through it together.

As it is published, each window of 32 ms is convolved alone: a matrix of a few hundred columns times one of four. Here
the same sums are products of all windows with each weight, which takes a third of the time. Probabilities differ by
less than 1e-5, and do not depend on how many windows there are in a call. (`onnx` would do the writing, but is a large
package; of protocol buffers this takes twenty lines.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BASIS = "encoder.feature_extractor.forward_basis_buffer"
WEIGHT, BIAS = "encoder.conv_layers.{}.weight", "encoder.conv_layers.{}.bias"
LSTM = ["onnx::LSTM_209", "onnx::LSTM_210", "onnx::LSTM_211"]
OUT_WEIGHT, OUT_BIAS = "decoder.conv1d.weight", "decoder.conv1d.bias"
Value = int | str | list[int]  # of an attribute
NAMES = {BASIS, OUT_WEIGHT, OUT_BIAS, *LSTM, *(name.format(layer) for name in (WEIGHT, BIAS) for layer in range(4))}

# Numbers of fields in onnx.proto, and of types.
MODEL_GRAPH = 7
NODE, CONSTANT, INPUT, OUTPUT = 1, 5, 11, 12  # of a graph
FLOAT, INT64 = 1, 7  # of elements
INTEGER, STRING, INTEGERS = 2, 3, 7  # of attributes


def rewritten(model: bytes) -> bytes:
    """Return a model with the same inputs, outputs and weights; one with other weights as it is."""
    if not all(name.encode() in model for name in NAMES):
        return model
    fields = list(_fields(memoryview(model)))
    (old,) = (graph for key, graph in fields if key == MODEL_GRAPH)
    kept = [_field(key, value) for key, value in _fields(old) if key in (CONSTANT, INPUT)]
    rest = [_field(key, value) for key, value in fields if key != MODEL_GRAPH]
    return b"".join([*rest, _field(MODEL_GRAPH, b"".join([_field(2, "silero"), *kept, _Graph().written]))])


class _Graph:
    """Writes all of the model. Names of nodes are those of their outputs; a list among inputs is a constant."""

    def __init__(self) -> None:
        self.written = b""
        self._count = 0
        # `input` is (n, 576): four frames of 256 samples, 128 apart, the last one continued by its reflection.
        halves = self._add("Reshape", self._add("Pad", "input", [0, 0, 0, 64], mode="reflect"), [-1, 5, 128])
        frames = self._add("Concat", self._part(halves, 0, 4), self._part(halves, 1, 5), axis=2)
        basis = self._add("Transpose", self._add("Squeeze", BASIS, [1]), perm=[1, 0])
        spectra = self._add("MatMul", frames, basis)
        real, imaginary = self._part(spectra, 0, 129, 2), self._part(spectra, 129, 258, 2)
        power = self._add("Add", self._add("Mul", real, real), self._add("Mul", imaginary, imaginary))
        # Convolutions of three taps over 4 frames, over 2 of them with stride 2, and over the one that is left. Where
        # nothing but padding is under a tap it is left out.
        found = self._layer(0, self._beside(self._add("Sqrt", power), frames=4, stride=1))
        found = self._layer(1, self._beside(found, frames=2, stride=2))
        found = self._layer(2, self._add("Reshape", found, [-1, 1, 128]), first=1)
        found = self._layer(3, found, first=1, last=2)
        found = self._add("LSTM", found, *LSTM, "", "h", "c", more=("hidden", "cell"), hidden_size=128)
        found = self._add("MatMul", self._add("Relu", found), self._add("Reshape", OUT_WEIGHT, [-1, 1]))
        found = self._add("Reshape", self._add("Sigmoid", self._add("Add", found, OUT_BIAS)), [-1])
        tensor = _field(2, _field(1, _field(1, FLOAT)))
        self.written += b"".join(_field(OUTPUT, _field(1, name) + tensor) for name in (found, "hidden", "cell"))

    def _layer(self, number: int, values: str, first: int = 0, last: int = 3) -> str:
        """Multiply by the taps of a convolution from `first` to before `last`, `(taps * channels, filters)`."""
        taps = self._part(self._add("Transpose", WEIGHT.format(number), perm=[0, 2, 1]), first, last)
        matrix = self._add("Transpose", self._add("Flatten", taps, axis=1), perm=[1, 0])
        return self._add("Relu", self._add("Add", self._add("MatMul", values, matrix), BIAS.format(number)))

    def _beside(self, values: str, frames: int, stride: int) -> str:
        """Put what is under the three taps beside each other, with zeros around all frames."""
        padded = self._add("Pad", values, [0, 1, 0, 0, 1, 0])
        taps = [self._part(padded, tap, tap + stride * (frames - 1) + 1, 1, stride) for tap in range(3)]
        return self._add("Concat", *taps, axis=2)

    def _part(self, values: str, first: int, last: int, axis: int = 1, step: int = 1) -> str:
        return self._add("Slice", values, [first], [last], [axis], [step])

    def _add(self, kind: str, *inputs: str | list[int], more: tuple[str, ...] = (), **attributes: Value) -> str:
        """Write a node and return the name of its first output; `more` are the names of others."""
        names = [one if isinstance(one, str) else self._constant(one) for one in inputs]
        found = self._name()
        node = [*(_field(1, name) for name in names), *(_field(2, name) for name in (found, *more)), _field(4, kind)]
        node += [_field(5, _attribute(*one)) for one in attributes.items()]
        self.written += _field(NODE, b"".join(node))
        return found

    def _constant(self, values: list[int]) -> str:
        name, data = self._name(), b"".join(value.to_bytes(8, "little", signed=True) for value in values)
        tensor = _field(1, len(values)) + _field(2, INT64) + _field(8, name) + _field(9, data)
        self.written += _field(CONSTANT, tensor)
        return name

    def _name(self) -> str:
        self._count += 1
        return f"made.{self._count}"


def _attribute(name: str, value: Value) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, INTEGER)
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, STRING)
    return _field(1, name) + b"".join(_field(8, one) for one in value) + _field(20, INTEGERS)


def _field(number: int, value: int | str | bytes | memoryview) -> bytes:
    """Write a field of a message."""
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _number(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _number(value >> 7)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field; models have none but integers and what counts its bytes."""
    at = 0
    while at < len(message):
        key, at = _read_number(message, at)
        value, at = _read_number(message, at)
        if key & 7 == 2:
            yield key >> 3, message[at : at + value]
            at += value
        else:
            yield key >> 3, value


def _read_number(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at a byte, and where the next field begins."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
