"""Configurations of FastConformer models as NeMo wants them, for any shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model."""

    layers: int
    width: int
    heads: int = 4
    expansion: int = 2  # of the feed-forward modules
    channels: int = 16  # of the convolutions that make one frame of eight
    kernel: int = 9
    positions: int = 512  # frames with a relative position from the start; NeMo adds more when it must
    predictor: int = 32  # width of a transducer's LSTM and of its joint network
    durations: tuple[int, ...] = ()  # of TDT; RNN-T has none
    symbols: int = 5  # tokens of a transducer in one frame


def ctc_config(tokenizer: Path, shape: Shape) -> dict[str, Any]:
    """Return the configuration of an ``EncDecCTCModelBPE``.

    Args:
        tokenizer: the folder with ``tokenizer.model``, ``tokenizer.vocab`` and ``vocab.txt``.
        shape: the sizes.
    """
    return _config(tokenizer, shape) | {
        "ctc_reduction": "mean_batch",
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": None, "num_classes": -1, "vocabulary": [],
        },
    }  # fmt: skip


def transducer_config(tokenizer: Path, shape: Shape) -> dict[str, Any]:
    """Return the configuration of an ``EncDecRNNTBPEModel``, TDT where the shape has durations."""
    durations = list(shape.durations)
    extra: dict[str, Any] = {"tdt_durations": durations, "num_tdt_durations": len(durations)} if durations else {}
    wide = shape.predictor
    return _config(tokenizer, shape) | {
        "compute_eval_loss": False,
        "rnnt_reduction": "mean_volume",
        "model_defaults": {"enc_hidden": shape.width, "pred_hidden": wide, "joint_hidden": wide, **extra},
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "normalization_mode": None, "random_state_sampling": False, "blank_as_pad": True,
            "prednet": {"pred_hidden": wide, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": "nemo.collections.asr.modules.RNNTJoint",
            "log_softmax": None, "preserve_memory": False, "fuse_loss_wer": False, "fused_batch_size": 4,
            "num_extra_outputs": len(durations),
            "jointnet": {"joint_hidden": wide, "activation": "relu", "dropout": 0.2},
        },
        "decoding": {
            "strategy": "greedy_batch", "greedy": {"max_symbols": shape.symbols}, "beam": {"beam_size": 2},
            **({"model_type": "tdt", "durations": durations} if durations else {}),
        },
        "loss": {
            "loss_name": "tdt",
            "tdt_kwargs": {"fastemit_lambda": 0.0, "clamp": -1.0, "durations": durations, "sigma": 0.02, "omega": 0.1},
        } if durations else {"loss_name": "default"},
    }  # fmt: skip


def _config(tokenizer: Path, shape: Shape) -> dict[str, Any]:
    data = {"manifest_filepath": None, "sample_rate": 16000, "batch_size": 1, "shuffle": False}
    return {
        "sample_rate": 16000,
        "log_prediction": False,
        "skip_nan_grad": False,
        "train_ds": dict(data),
        "validation_ds": dict(data) | {"use_start_end_token": False},
        "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "sample_rate": 16000, "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01,
            "window": "hann", "features": 80, "n_fft": 512, "log": True, "frame_splicing": 1, "dither": 1e-5,
            "pad_to": 0, "pad_value": 0.0,
        },
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConformerEncoder",
            "feat_in": 80, "feat_out": -1, "n_layers": shape.layers, "d_model": shape.width,
            "subsampling": "dw_striding", "subsampling_factor": 8, "subsampling_conv_channels": shape.channels,
            "causal_downsampling": False, "ff_expansion_factor": shape.expansion, "self_attention_model": "rel_pos",
            "n_heads": shape.heads, "att_context_size": [-1, -1], "xscaling": True, "untie_biases": True,
            "pos_emb_max_len": shape.positions, "conv_kernel_size": shape.kernel, "conv_norm_type": "batch_norm",
            "dropout": 0.0, "dropout_pre_encoder": 0.0, "dropout_emb": 0.0, "dropout_att": 0.0,
        },
        "optim": {"name": "adamw", "lr": 1e-3},
    }  # fmt: skip
