"""The dimensions of the networks, read from the ``args`` of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asrcli.errors import ModelError

SUBSAMPLING = 4  # two convolutions of stride 2: 10 ms feature frames to 40 ms encoder frames
SHIFT = 0.01  # seconds between feature frames
FRAME = SUBSAMPLING * SHIFT  # seconds per encoder frame

# Of the searches, as the authors recommend them (README and second-generation API).
BEAMS = 3
SMOOTHING = 1.25
END_PENALTY = 1.0


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The Conformer encoder."""

    bins: int
    width: int
    heads: int
    layers: int
    kernel: int  # of the depthwise convolution, in encoder frames


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The Transformer decoder."""

    width: int
    heads: int
    layers: int
    vocabulary: int
    positions: int  # longest token sequence
    sos: int
    eos: int
    pad: int


def encoder_config(args: Mapping[str, object], source: str) -> EncoderConfig:
    """Read the encoder's dimensions.

    Args:
        args: name -> value, as the training wrote them.
        source: the file they come from, for messages.

    Raises:
        ModelError: a value is missing, no positive integer, or two do not fit together.
    """
    config = EncoderConfig(
        bins=size_of(args, "idim", source),
        width=size_of(args, "d_model", source),
        heads=size_of(args, "n_head", source),
        layers=size_of(args, "n_layers_enc", source),
        kernel=size_of(args, "kernel_size", source),
    )
    if config.width % config.heads or config.width % 2:
        raise ModelError(f"{source}: d_model {config.width} is not even, or not a multiple of n_head {config.heads}")
    if config.kernel % 2 == 0:
        raise ModelError(f"{source}: kernel_size {config.kernel} is even; the published networks have an odd one")
    return config


def decoder_config(args: Mapping[str, object], source: str, outputs: str = "odim") -> DecoderConfig:
    """Read the decoder's dimensions and special tokens; arguments and errors as in `encoder_config`.

    ``outputs`` is the name of the size of the vocabulary.
    """
    config = DecoderConfig(
        width=size_of(args, "d_model", source),
        heads=size_of(args, "n_head", source),
        layers=size_of(args, "n_layers_dec", source),
        vocabulary=size_of(args, outputs, source),
        positions=size_of(args, "pe_maxlen", source),
        sos=size_of(args, "sos_id", source, least=0),
        eos=size_of(args, "eos_id", source, least=0),
        pad=size_of(args, "pad_id", source, least=0),
    )
    for token in (config.sos, config.eos, config.pad):
        if token >= config.vocabulary:
            raise ModelError(f"{source}: special token {token} is outside the vocabulary of {config.vocabulary}")
    return config


def size_of(args: Mapping[str, object], name: str, source: str, least: int = 1) -> int:
    """Return a whole number of a checkpoint's ``args``; raises `ModelError` for anything else."""
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ModelError(f"{source}: args.{name} is {value!r}, not an integer of at least {least}")
    return value
