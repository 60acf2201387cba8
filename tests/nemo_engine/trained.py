"""The trained Parakeets of tests/checkpoints as `.nemo` archives, built with NeMo itself.

Their folders are in the layout of the transformers library, whose Parakeet is NeMo's FastConformer under other names.
Here the same weights are put under NeMo's names into NeMo's own modules, so that both implementations can be asked the
same.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import Any

from tests.nemo_engine.layout import Shape, ctc_config, transducer_config

NAMES = {  # parts of names, of the transformers library and of NeMo
    "encoder.subsampling.layers.": "encoder.pre_encode.conv.",
    "encoder.subsampling.linear.": "encoder.pre_encode.out.",
    "self_attn.q_proj.": "self_attn.linear_q.",
    "self_attn.k_proj.": "self_attn.linear_k.",
    "self_attn.v_proj.": "self_attn.linear_v.",
    "self_attn.o_proj.": "self_attn.linear_out.",
    "self_attn.relative_k_proj.": "self_attn.linear_pos.",
    "self_attn.bias_": "self_attn.pos_bias_",
    "conv.norm.": "conv.batch_norm.",
    "ctc_head.": "decoder.decoder_layers.0.",
    "decoder.embedding.": "decoder.prediction.embed.",
    "decoder.lstm.": "decoder.prediction.dec_rnn.lstm.",
    "decoder.decoder_projector.": "joint.pred.",
    "encoder_projector.": "joint.enc.",
    "joint.head.": "joint.joint_net.2.",  # after ReLU and dropout
}
COMPUTED = {"preprocessor.featurizer.window", "preprocessor.featurizer.fb"}  # no weights, but NeMo saves them


def archive(checkpoint: Path, folder: Path) -> Path:
    """Write a ``.nemo`` archive with the weights of a checkpoint and return its path.

    Args:
        checkpoint: one of ``tests/checkpoints/parakeet-*-digits``.
        folder: where the archive and the files of its tokenizer go.
    """
    from asr_plugins.nemo import silence
    from asr_plugins.nemo.quiet import output_held_back

    path = folder / f"{checkpoint.name}.nemo"
    with output_held_back():
        silence()
        build(checkpoint, folder).eval().save_to(str(path))
    return path


def build(checkpoint: Path, folder: Path) -> Any:
    """Return NeMo's model with the weights of a checkpoint; the files of its tokenizer go below a folder."""
    from nemo.collections.asr.models import EncDecCTCModelBPE, EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    config = json.loads((checkpoint / "config.json").read_text())
    ctc = config["model_type"] == "parakeet_ctc"
    configure, kind = (ctc_config, EncDecCTCModelBPE) if ctc else (transducer_config, EncDecRNNTBPEModel)
    pieces = tokenizer(checkpoint, folder / f"{checkpoint.name}-tokenizer")
    model = kind(cfg=OmegaConf.create(configure(pieces, shape_of(config))))
    fill(model, checkpoint)
    return model


def shape_of(config: dict[str, Any]) -> Shape:
    """Return the sizes that a ``config.json`` of the transformers library says."""
    encoder = config["encoder_config"]
    return Shape(
        layers=encoder["num_hidden_layers"],
        width=encoder["hidden_size"],
        heads=encoder["num_attention_heads"],
        expansion=ceil(encoder["intermediate_size"] / encoder["hidden_size"]),  # NeMo knows whole multiples only
        channels=encoder["subsampling_conv_channels"],
        kernel=encoder["conv_kernel_size"],
        positions=encoder["max_position_embeddings"],
        predictor=config.get("decoder_hidden_size", 0),
        durations=tuple(config.get("durations", ())),
        symbols=config.get("max_symbols_per_step", 0),
    )


def fill(model: Any, checkpoint: Path) -> None:
    """Put the weights of a checkpoint into a model of NeMo; every tensor of both must find its place."""
    from safetensors.torch import load_file

    own = model.state_dict()
    given = {nemo_name(name): tensor for name, tensor in load_file(checkpoint / "model.safetensors").items()}
    assert own.keys() - given.keys() == COMPUTED
    widened = {name: widen(tensor, own[name]) if "feed_forward" in name else tensor for name, tensor in given.items()}
    model.load_state_dict(widened | {name: own[name] for name in COMPUTED}, strict=True)


def widen(tensor: Any, like: Any) -> Any:
    """Return a tensor of a feed-forward module in NeMo's width: units more that say 0, to which nobody listens."""
    wide = like.new_zeros(like.shape)
    wide[tuple(slice(size) for size in tensor.shape)] = tensor
    return wide


def nemo_name(name: str) -> str:
    """Return NeMo's name of a tensor."""
    for theirs, nemos in NAMES.items():
        name = name.replace(theirs, nemos)
    return name


def tokenizer(checkpoint: Path, folder: Path) -> Path:
    """Write a sentencepiece model with the pieces and merges of ``tokenizer.json`` and return its folder.

    The padding of ``tokenizer.json``, its last token, is left out: it is the blank, which NeMo adds by itself.
    """
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    said = json.loads((checkpoint / "tokenizer.json").read_text())
    pieces = sorted(said["model"]["vocab"], key=said["model"]["vocab"].__getitem__)[:-1]
    kinds = ModelProto.SentencePiece
    proto = ModelProto()
    for number, piece in enumerate(pieces):
        kind = kinds.UNKNOWN if piece == "<unk>" else kinds.CONTROL if piece.startswith("<") else kinds.NORMAL
        proto.pieces.add(piece=piece, score=-number, type=kind)  # what was merged earlier is merged first
    proto.trainer_spec.model_type = proto.trainer_spec.BPE
    proto.trainer_spec.vocab_size = len(pieces)
    proto.trainer_spec.bos_id = proto.trainer_spec.eos_id = proto.trainer_spec.pad_id = -1
    proto.normalizer_spec.name = "identity"
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())
    (folder / "tokenizer.vocab").write_text("".join(f"{piece}\t{-number}\n" for number, piece in enumerate(pieces)))
    (folder / "vocab.txt").write_text("\n".join(pieces[1:]) + "\n")
    return folder
