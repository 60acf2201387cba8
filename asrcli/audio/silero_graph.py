"""The graph of the Silero model, written anew around its weights so that windows go through it together.

As it is published, each window of 32 ms is convolved alone: a matrix of a few hundred columns times one of four. Here
the same sums are products of all windows with each weight, which takes a third of the time. Probabilities differ by
less than 1e-5, and do not depend on how many windows there are in a call. (`onnx` would do the writing, but is a large
package; of protocol buffers this takes twenty lines.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

BASIS = "encoder.feature_extractor.forward_basis_buffer"
WEIGHT, BIAS = "encoder.conv_layers.{}.weight", "encoder.conv_layers.{}.bias"
LSTM = ["onnx::LSTM_209", "onnx::LSTM_210", "onnx::LSTM_211"]
OUT_WEIGHT, OUT_BIAS = "decoder.conv1d.weight", "decoder.conv1d.bias"
NAMES = {BASIS, OUT_WEIGHT, OUT_BIAS, *LSTM, *(name.format(layer) for name in (WEIGHT, BIAS) for layer in range(4))}

# Numbers of fields in onnx.proto, and of types.
MODEL_GRAPH = 7
NODE, CONSTANT, INPUT, OUTPUT = 1, 5, 11, 12  # of a graph
FLOAT, INT64 = 1, 7  # of elements
INTEGER, STRING, INTEGERS = 2, 3, 7  # of attributes


def rewritten(model: bytes) -> bytes:
    """Return a model with the same inputs, outputs and weights; one with other weights as it is."""
    fields = list(_fields(memoryview(model)))
    old = [field for key, graph in fields if key == MODEL_GRAPH for field in _fields(graph)]
    names = {str(name, "utf-8") for key, one in old if key == CONSTANT for inner, name in _fields(one) if inner == 8}
    if not names >= NAMES:
        return model
    graph = _Graph()
    graph.write()
    kept = [_field(key, value) for key, value in old if key in (CONSTANT, INPUT)]
    rest = [_field(key, value) for key, value in fields if key != MODEL_GRAPH]
    return b"".join([*rest, _field(MODEL_GRAPH, b"".join([_field(2, "silero"), *kept, graph.written]))])


class _Graph:
    """Writes nodes; a list among the inputs of one is a constant."""

    def __init__(self) -> None:
        self.written = b""
        self._names = 0

    def write(self) -> None:
        """Write all of the model."""
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
        found, hidden, cell = self._node("LSTM", found, *LSTM, "", "h", "c", outputs=3, hidden_size=128)
        found = self._add("MatMul", self._add("Relu", found), self._add("Reshape", OUT_WEIGHT, [-1, 1]))
        found = self._add("Sigmoid", self._add("Add", found, OUT_BIAS))
        tensor = _field(2, _field(1, _field(1, FLOAT)))
        for name in (self._add("Reshape", found, [-1]), hidden, cell):
            self.written += _field(OUTPUT, _field(1, name) + tensor)

    def _layer(self, number: int, values: str, first: int = 0, last: int = 3) -> str:
        """Multiply by the taps of a convolution from `first` to before `last`, `(taps * channels, filters)`."""
        taps = self._part(self._add("Transpose", WEIGHT.format(number), perm=[0, 2, 1]), first, last)
        matrix = self._add("Flatten", taps, axis=1)
        product = self._add("MatMul", values, self._add("Transpose", matrix, perm=[1, 0]))
        return self._add("Relu", self._add("Add", product, BIAS.format(number)))

    def _beside(self, values: str, frames: int, stride: int) -> str:
        """Put what is under the three taps beside each other, with zeros around all frames."""
        padded = self._add("Pad", values, [0, 1, 0, 0, 1, 0])
        taps = [self._part(padded, tap, tap + stride * (frames - 1) + 1, 1, stride) for tap in range(3)]
        return self._add("Concat", *taps, axis=2)

    def _part(self, values: str, first: int, last: int, axis: int = 1, step: int = 1) -> str:
        return self._add("Slice", values, [first], [last], [axis], [step])

    def _add(self, kind: str, *inputs: str | Sequence[int], **attributes: Any) -> str:
        return self._node(kind, *inputs, **attributes)[0]

    def _node(self, kind: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> list[str]:
        """Write a node and return the names of its outputs."""
        node = b"".join(_field(1, one if isinstance(one, str) else self._constant(one)) for one in inputs)
        names = [self._name() for _ in range(outputs)]
        node += b"".join(_field(2, name) for name in names) + _field(4, kind)
        self.written += _field(NODE, node + b"".join(_field(5, _attribute(*one)) for one in attributes.items()))
        return names

    def _constant(self, values: Sequence[int]) -> str:
        name = self._name()
        data = b"".join(value.to_bytes(8, "little", signed=True) for value in values)
        self.written += _field(CONSTANT, _field(1, len(values)) + _field(2, INT64) + _field(8, name) + _field(9, data))
        return name

    def _name(self) -> str:
        self._names += 1
        return f"made.{self._names}"


def _attribute(name: str, value: int | str | Sequence[int]) -> bytes:
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
    written = b""
    while value > 127:
        written += bytes([value & 127 | 128])
        value >>= 7
    return written + bytes([value])


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
