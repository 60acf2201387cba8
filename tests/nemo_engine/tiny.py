"""Tiny FastConformer models with random weights, as `.nemo` archives, built with NeMo itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "and so my fellow americans ask not what your country can do for you",
    "transcribe the following audio please. yes, it works!",
)
DURATIONS = [0, 1, 2, 3, 4]


def tokenizer(folder: Path) -> Path:
    """Train the sentencepiece model that NeMo wants, with its three files, and return the folder."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "corpus.txt"
    text.write_text("\n".join(SENTENCES * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=64,
        model_type="bpe",
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    pieces = [line.split("\t")[0] for line in (folder / "tokenizer.vocab").read_text().splitlines()]
    (folder / "vocab.txt").write_text("\n".join(pieces[1:]) + "\n")
    return folder


def _config(tokenizer_folder: Path) -> dict[str, Any]:
    data = {"manifest_filepath": None, "sample_rate": 16000, "batch_size": 1, "shuffle": False}
    return {
        "sample_rate": 16000,
        "log_prediction": False,
        "skip_nan_grad": False,
        "train_ds": dict(data),
        "validation_ds": dict(data) | {"use_start_end_token": False},
        "tokenizer": {"dir": str(tokenizer_folder), "type": "bpe"},
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "sample_rate": 16000, "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01,
            "window": "hann", "features": 80, "n_fft": 512, "log": True, "frame_splicing": 1, "dither": 1e-5,
            "pad_to": 0, "pad_value": 0.0,
        },
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConformerEncoder",
            "feat_in": 80, "feat_out": -1, "n_layers": 2, "d_model": 32, "subsampling": "dw_striding",
            "subsampling_factor": 8, "subsampling_conv_channels": 16, "causal_downsampling": False,
            "ff_expansion_factor": 2, "self_attention_model": "rel_pos", "n_heads": 4, "att_context_size": [-1, -1],
            "xscaling": True, "untie_biases": True, "pos_emb_max_len": 512, "conv_kernel_size": 9,
            "conv_norm_type": "batch_norm", "dropout": 0.0, "dropout_pre_encoder": 0.0, "dropout_emb": 0.0,
            "dropout_att": 0.0,
        },
        "optim": {"name": "adamw", "lr": 1e-3},
    }  # fmt: skip


def ctc(folder: Path) -> Path:
    """Write ``ctc.nemo`` and return its path."""
    import torch
    from nemo.collections.asr.models import EncDecCTCModelBPE
    from omegaconf import OmegaConf

    config = _config(tokenizer(folder / "tokenizer")) | {
        "ctc_reduction": "mean_batch",
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": None, "num_classes": -1, "vocabulary": [],
        },
    }  # fmt: skip
    torch.manual_seed(0)
    return _saved(EncDecCTCModelBPE(cfg=OmegaConf.create(config)), folder / "ctc.nemo")


def transducer(folder: Path, kind: str = "tdt") -> Path:
    """Write ``tdt.nemo`` or ``rnnt.nemo`` and return its path."""
    import torch
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    tdt = kind == "tdt"
    extra: dict[str, Any] = {"tdt_durations": DURATIONS, "num_tdt_durations": len(DURATIONS)} if tdt else {}
    config = _config(tokenizer(folder / "tokenizer")) | {
        "compute_eval_loss": False,
        "rnnt_reduction": "mean_volume",
        "model_defaults": {"enc_hidden": 32, "pred_hidden": 32, "joint_hidden": 32, **extra},
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "normalization_mode": None, "random_state_sampling": False, "blank_as_pad": True,
            "prednet": {"pred_hidden": 32, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": "nemo.collections.asr.modules.RNNTJoint",
            "log_softmax": None, "preserve_memory": False, "fuse_loss_wer": False, "fused_batch_size": 4,
            "num_extra_outputs": len(DURATIONS) if tdt else 0,
            "jointnet": {"joint_hidden": 32, "activation": "relu", "dropout": 0.0},
        },
        "decoding": {
            "strategy": "greedy_batch", "greedy": {"max_symbols": 5}, "beam": {"beam_size": 2},
            **({"model_type": "tdt", "durations": DURATIONS} if tdt else {}),
        },
        "loss": {
            "loss_name": "tdt",
            "tdt_kwargs": {"fastemit_lambda": 0.0, "clamp": -1.0, "durations": DURATIONS, "sigma": 0.02, "omega": 0.1},
        } if tdt else {"loss_name": "default"},
    }  # fmt: skip
    torch.manual_seed(0)
    return _saved(EncDecRNNTBPEModel(cfg=OmegaConf.create(config)), folder / f"{kind}.nemo")


def _saved(model: Any, path: Path) -> Path:
    model.eval().save_to(str(path))
    return path
