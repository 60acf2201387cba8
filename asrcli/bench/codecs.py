"""Speech through the codecs of telephones and the net, by the encoders that PyAV has here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from asrcli.types import Samples


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec at one rate."""

    name: str
    encoders: tuple[str, ...]  # FFmpeg's names, the first that is there is used
    suffix: str
    rate: int  # Hz
    bits: int | None = None  # a second; None where the codec has only one


CODECS = (
    Codec("G.711 µ-law", ("pcm_mulaw",), ".wav", 8000),
    Codec("GSM", ("libgsm_ms", "libgsm"), ".wav", 8000, 13_000),
    Codec("AMR 12.2 kbit/s", ("libopencore_amrnb",), ".amr", 8000, 12_200),
    Codec("Opus 12 kbit/s", ("libopus",), ".opus", 16_000, 12_000),
    Codec("MP3 32 kbit/s", ("libmp3lame",), ".mp3", 16_000, 32_000),
)


def encoder_of(codec: Codec) -> str | None:
    """Return the encoder that is there for a codec; ``None`` without one."""
    import av

    for name in codec.encoders:
        try:
            av.codec.Codec(name, "w")
        except ValueError:  # av's UnknownCodecError is one
            continue
        return name
    return None


def encode(samples: Samples, path: Path, codec: Codec, encoder: str) -> Path:
    """Write samples through a codec.

    Args:
        samples: mono, 16 kHz.
        path: the file; its suffix decides the container.
        codec: which.
        encoder: of `encoder_of`.
    """
    import av
    import numpy as np

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="flt", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.pts = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:  # no random serial numbers
        stream = container.add_stream(encoder, rate=codec.rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if codec.bits is not None:
            stream.bit_rate = codec.bits
        kind = stream.codec_context.format.name
        resampler = av.AudioResampler(format=kind, layout="mono", rate=codec.rate)
        graph = av.AudioFifo()
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            graph.write(piece)
        size = stream.codec_context.frame_size or 1024
        while graph.samples:
            packet_frame = graph.read(size, partial=True)
            container.mux(stream.encode(packet_frame))
        container.mux(stream.encode(None))
    return path
