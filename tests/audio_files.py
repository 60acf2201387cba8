"""Make audio and video files of many formats for tests, with PyAV; nothing here is read from outside."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0, level: float = 0.5) -> Array:
    """Return a sine `(n,)`, float32."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def chirp(seconds: float, rate: int = 16_000, level: float = 0.5) -> Array:
    """Return a sweep from 100 Hz to 3 kHz: every moment of it sounds different, so a shift in time is visible."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * (100 * time + 1450 * time**2 / seconds))).astype(np.float32)


def write_riff(path: Path, data: bytes, header: tuple[int, int, int, int], size: int | None = None) -> Path:
    """Write a RIFF WAVE by hand: `header` is format tag, channels, rate, bits; `size` overrides the declared size."""
    tag, channels, rate, bits = header
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    size = len(data) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 36 + size) + body)
    return path


def write_wav(path: Path, samples: Array, rate: int = 16_000, kind: str = "s16") -> Path:
    """Write `(n,)` or `(n, channels)` floats in [-1, 1] as 8, 16, 24, 32-bit integers or 32, 64-bit floats."""
    frames = samples.reshape(len(samples), -1).astype(np.float64)
    if kind == "u8":
        data = np.clip(np.round(frames * 128 + 128), 0, 255).astype("u1").tobytes()
    elif kind in ("f32", "f64"):
        data = frames.astype({"f32": "<f4", "f64": "<f8"}[kind]).tobytes()
    else:
        bits = int(kind[1:])
        whole = np.clip(np.round(frames * 2.0 ** (bits - 1)), -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1).astype("<i8")
        data = whole.reshape(-1, 1).view("u1")[:, : bits // 8].tobytes()
    tag = 3 if kind.startswith("f") else 1
    return write_riff(path, data, (tag, frames.shape[1], rate, int(kind[1:])))


def encode(path: Path, samples: Array, rate: int, codec: str, **options: str) -> Path:
    """Encode `(n,)` or `(n, channels)` with `codec` into the container that the name's ending asks for.

    `bit_rate` is the codec's; all other options go to the container.
    """
    frames = samples.reshape(len(samples), -1).astype(np.float32)
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}.get(frames.shape[1], f"{frames.shape[1]} channels")
    bit_rate = options.pop("bit_rate", None)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if codec in ("wavpack", "tta"):  # would take 8 bits if not told
            stream.format = {"wavpack": "s16p", "tta": "s16"}[codec]
        if bit_rate:
            stream.bit_rate = int(bit_rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(frames.reshape(1, -1)), format="flt", layout=layout)
        frame.sample_rate = rate
        frame.pts = 0
        frame.time_base = Fraction(1, rate)
        if not stream.codec_context.is_open:
            stream.codec_context.open()
        sized = stream.codec_context.frame_size or 4096
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate, frame_size=sized)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def write_video(path: Path, frames: int = 10) -> Path:
    """Write a video with no audio track."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20 % 256, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path
