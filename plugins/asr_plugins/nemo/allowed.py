"""What a NeMo configuration that a stranger wrote may say: one table per family of models.

NeMo builds whatever class a configuration names (`_target_`), with whatever arguments stand beside it, and OmegaConf
evaluates ``${oc.env:HOME}`` and the like. So NeMo never sees the stranger's configuration: it gets a new one, made of
what these tables name, every value of the kind that they say. What is not named is left out where NeMo can do without
(data sets, optimizers, augmentation) and refused where it would be an argument of a class.

A table is made of

    range         an integer in it
    float, bool   a finite number, a truth value
    Between       a number in bounds
    str           a text
    WORD, FILE    a text of letters, digits and ``._-``; the same behind ``nemo:``, a file of the archive
    tuple         one of its members: values such as ``"hann"`` or ``None``, or one of these again
    [spec]        a list of such
    {key: spec}   a mapping, from which nothing else is taken
    Named(spec)   a mapping with names of the author's choice as keys
    Either(...)   mappings of several kinds
    Call          a class and its arguments, and no others
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

COUNT = range(1 << 16)  # widths, channels, samples
LAYERS = range(1 << 10)
TOKENS = range(-1, 1 << 20)
FRAMES = range(-1, 1 << 17)
NUMBER = (range(-(1 << 31), 1 << 31), float)
WORD, FILE = re.compile(r"[\w.-]{1,200}"), re.compile(r"nemo:[\w.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Call:
    """A class, or function, of NeMo and the arguments that it may get."""

    targets: tuple[str, ...]
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``least`` to ``most``."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping whose keys are names, such as languages."""

    values: Any


@dataclass(frozen=True, slots=True)
class Either:
    """Mappings of several kinds, told apart by the value of a key."""

    key: str
    kinds: dict[str, Any]


def _modules(name: str, *places: str) -> tuple[str, ...]:
    """Return the dotted names that a class of ``nemo.collections.asr.modules`` goes by."""
    return tuple(f"nemo.collections.asr.modules.{place}{name}" for place in ("", *places))


PREPROCESSOR = Call(
    _modules("AudioToMelSpectrogramPreprocessor", "audio_preprocessing."),
    {
        "sample_rate": range(1_000, 200_000), "window_size": Between(0, 1), "window_stride": Between(0, 1),
        "n_window_size": (COUNT, None), "n_window_stride": (COUNT, None),
        "window": ("hann", "hamming", "blackman", "bartlett", "none", None),
        "normalize": ("per_feature", "all_features", None, "", "NA"), "n_fft": (range(1, 1 << 15), None),
        "preemph": (float, None), "features": range(1, 1 << 10), "lowfreq": NUMBER, "highfreq": (*NUMBER, None),
        "log": bool, "log_zero_guard_type": ("add", "clamp"), "log_zero_guard_value": (float, "tiny", "eps"),
        "dither": float, "pad_to": range(1 << 10), "frame_splicing": range(1, 10), "exact_pad": bool,
        "pad_value": float, "mag_power": float, "nb_augmentation_prob": float, "nb_max_freq": NUMBER,
        "mel_norm": ("slaney", None), "stft_exact_pad": bool, "stft_conv": bool, "use_torchaudio": (False,),
    },
)  # fmt: skip
CONTEXT = [FRAMES]
ENCODER = Call(
    _modules("ConformerEncoder", "conformer_encoder."),
    {
        "feat_in": range(1, 1 << 10), "feat_out": FRAMES, "n_layers": LAYERS, "d_model": COUNT,
        "causal_downsampling": bool,
        "subsampling": ("vggnet", "striding", "stacking", "stacking_norm", "dw_striding", "striding_conv1d"),
        "subsampling_factor": range(1, 65), "subsampling_conv_chunking_factor": range(-1, 1 << 10),
        "subsampling_conv_channels": range(-1, 1 << 14), "reduction": ("pooling", "striding", None),
        "reduction_position": (range(-1, 1 << 10), None), "reduction_factor": range(1, 65),
        "ff_expansion_factor": range(1, 65),
        "self_attention_model": ("rel_pos", "abs_pos", "rel_pos_local_attn"), "n_heads": range(1, 1 << 10),
        "att_context_size": (CONTEXT, [CONTEXT], None), "att_context_probs": ([float], None),
        "att_chunk_context_size": (CONTEXT, [CONTEXT], None), "att_context_style": ("regular", "chunked_limited"),
        "xscaling": bool, "untie_biases": bool, "pos_emb_max_len": range(1, 20_001),
        "conv_kernel_size": range(1, 1 << 10),
        "conv_norm_type": (
            "batch_norm", "layer_norm", "instance_norm", "group_norm", "group_norm8", "group_norm16", "group_norm32",
        ),
        "conv_context_size": (CONTEXT, "causal", None), "conv_context_style": ("regular", "dcc"), "use_bias": bool,
        "dropout": float, "dropout_pre_encoder": float, "dropout_emb": float, "dropout_att": float,
        "stochastic_depth_drop_prob": float, "stochastic_depth_mode": ("linear", "uniform"),
        "stochastic_depth_start_layer": LAYERS, "global_tokens": COUNT, "global_tokens_spacing": range(1, 1 << 16),
        "global_attn_separate": bool, "use_pytorch_sdpa": bool,
        "use_pytorch_sdpa_backends": ([("MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION")], None),
        "sync_max_audio_length": bool,
    },
)  # fmt: skip
CTC_DECODER = Call(
    _modules("ConvASRDecoder", "conv_asr."),
    {
        "feat_in": (COUNT, None), "num_classes": TOKENS, "vocabulary": ([str], None), "add_blank": bool,
        "init_mode": ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", None),
    },
)  # fmt: skip
RNNT_DECODER = Call(
    _modules("RNNTDecoder", "rnnt."),
    {
        "prednet": {
            "pred_hidden": COUNT, "pred_rnn_layers": LAYERS, "t_max": (COUNT, None), "dropout": float,
            "rnn_hidden_size": range(-1, 1 << 16), "forget_gate_bias": (float, None), "weights_init_scale": float,
            "hidden_hidden_bias_scale": float, "norm_first_rnn": (bool, None),
        },
        "vocab_size": TOKENS, "normalization_mode": (None, "batch", "layer"), "random_state_sampling": bool,
        "blank_as_pad": bool,
    },
)  # fmt: skip
RNNT_JOINT = Call(
    _modules("RNNTJoint", "rnnt."),
    {
        "jointnet": {
            "encoder_hidden": COUNT, "pred_hidden": COUNT, "joint_hidden": COUNT,
            "activation": ("relu", "sigmoid", "tanh"), "dropout": float,
        },
        "num_classes": TOKENS, "num_extra_outputs": range(1 << 10), "vocabulary": ([str], None),
        "log_softmax": (bool, None), "preserve_memory": bool, "fuse_loss_wer": bool,
        "fused_batch_size": (range(-1, 1 << 16), None), "experimental_fuse_loss_wer": (bool, None),
        "masking_prob": float,
    },
)  # fmt: skip
TRANSFORMER = {
    "hidden_size": COUNT, "inner_size": range(1 << 18), "num_layers": LAYERS, "num_attention_heads": range(1, 1 << 10),
    "ffn_dropout": float, "attn_score_dropout": float, "attn_layer_dropout": float, "hidden_act": ("relu", "gelu"),
    "pre_ln": bool, "mask_future": bool,
}  # fmt: skip
TRANSFORMER_ENCODER = Call(
    _modules("TransformerEncoder", "transformer.transformer_encoders.", "transformer."),
    TRANSFORMER | {"pre_ln_final_layer_norm": bool},
)
TRANSFORMER_DECODER = Call(
    _modules("get_nemo_transformer", "transformer.", "transformer.transformer_utils.")[1:],
    {
        "model_name": (None,), "pretrained": (False,), "encoder": (False, None), "pre_ln_final_layer_norm": bool,
        "config_dict": TRANSFORMER | {
            "vocab_size": (TOKENS, "None", None), "max_sequence_length": range(1, 20_001),
            "num_token_types": range(1 << 10), "embedding_dropout": float, "learn_positional_encodings": bool,
        },
    },
)  # fmt: skip
HEAD = Call(
    ("nemo.collections.asr.parts.submodules.token_classifier.TokenClassifier",),
    {
        "hidden_size": COUNT, "num_classes": (TOKENS, "None", None), "num_layers": LAYERS,
        "activation": ("relu", "gelu", "sigmoid", "tanh"), "log_softmax": bool, "dropout": float,
        "use_transformer_init": bool,
    },
)  # fmt: skip
AED_LOSS = Call(
    ("nemo.collections.common.losses.smoothed_cross_entropy.SmoothedCrossEntropyLoss",),
    {
        "pad_id": (TOKENS, None), "label_smoothing": float, "predict_last_k": COUNT, "eps": float,
        "per_token_reduction": bool,
    },
)  # fmt: skip

_SPECIAL = "nemo.collections.common.tokenizers.canary_tokenizer."
_PIECES = {"type": ("bpe",), "model_path": FILE, "vocab_path": FILE, "spe_tokenizer_vocab": FILE}
TOKENIZER = Either(
    "type",
    {
        "bpe": _PIECES | {"custom_tokenizer": {"_target_": (f"{_SPECIAL}CanaryBPETokenizer",)}},
        "agg": {
            "type": ("agg",),
            "langs": Named(_PIECES),
            "custom_tokenizer": {"_target_": (f"{_SPECIAL}CanaryTokenizer",)},
        },
    },
)
DURATIONS = ([range(1 << 10)], None)

_COMMON = {
    "sample_rate": range(1_000, 200_000),
    "preprocessor": PREPROCESSOR,
    "encoder": ENCODER,
    "tokenizer": TOKENIZER,
    "labels": [str],
}
_CTC = _COMMON | {"decoder": CTC_DECODER}
_RNNT = _COMMON | {
    "model_defaults": {
        "enc_hidden": COUNT, "pred_hidden": COUNT, "joint_hidden": COUNT, "tdt_durations": DURATIONS,
        "num_tdt_durations": range(1 << 10),
    },
    "decoder": RNNT_DECODER,
    "joint": RNNT_JOINT,
    "decoding": {
        "model_type": ("rnnt", "tdt", "multiblank"), "durations": DURATIONS, "big_blank_durations": DURATIONS,
        "greedy": {"max_symbols": (range(1, 1 << 10), None)},
    },
    "loss": {
        "loss_name": ("default", "tdt", "warprnnt_numba", "pytorch", "multiblank_rnnt"),
        "tdt_kwargs": {
            "fastemit_lambda": float, "clamp": float, "durations": DURATIONS, "sigma": float, "omega": float,
        },
        "warprnnt_numba_kwargs": {"fastemit_lambda": float, "clamp": float},
    },
}  # fmt: skip
_HYBRID = _RNNT | {"aux_ctc": {"decoder": CTC_DECODER, "ctc_loss_weight": float}}
_AED = _COMMON | {
    "prompt_format": ("canary", "canary2"),
    "prompt_defaults": ([{"role": WORD, "slots": Named((str, bool))}], None),
    "model_defaults": {"asr_enc_hidden": COUNT, "lm_enc_hidden": COUNT, "lm_dec_hidden": COUNT},
    "transf_encoder": (TRANSFORMER_ENCODER, None),
    "transf_decoder": TRANSFORMER_DECODER,
    "head": HEAD,
    "loss": AED_LOSS,
    "label_smoothing": float,
    "decoding": {
        "beam": {
            "beam_size": range(1, 1 << 8),
            "len_pen": float,
            "length_penalty": float,
            "max_generation_delta": range(-1, 1 << 12),
        }
    },
}


def _models(names: tuple[str, ...], table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a table under the full and the short name of each class of ``nemo.collections.asr.models``."""
    places = (*names, *(name.rpartition(".")[2] for name in names))
    return {f"nemo.collections.asr.models.{place}": table for place in places}


ASR = {
    **_models(("ctc_models.EncDecCTCModel", "ctc_bpe_models.EncDecCTCModelBPE"), _CTC),
    **_models(("rnnt_models.EncDecRNNTModel", "rnnt_bpe_models.EncDecRNNTBPEModel"), _RNNT),
    **_models(
        ("hybrid_rnnt_ctc_models.EncDecHybridRNNTCTCModel", "hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel"),
        _HYBRID,
    ),
    **_models(("aed_multitask_models.EncDecMultiTaskModel",), _AED),
}  # the class of a model -> what its ``model_config.yaml`` may say

_SPEECH_LM = "nemo.collections.speechlm2.modules."
SALM = {
    "prompt_format": ("qwen",),
    "audio_locator_tag": str,
    "torch_dtype": ("bfloat16", "float16", "float32"),
    "lora": {
        "task_type": ("CAUSAL_LM",), "r": range(1, 1 << 12), "lora_alpha": NUMBER, "lora_dropout": float,
        "target_modules": [("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")],
    },
    "perception": {
        "target": (f"{_SPEECH_LM}perception.AudioPerceptionModule", f"{_SPEECH_LM}AudioPerceptionModule"),
        "output_dim": COUNT,
        "preprocessor": PREPROCESSOR,
        "encoder": ENCODER,
        "modality_adapter": Call((f"{_SPEECH_LM}perception.IdentityConnector",), {"d_model": COUNT}),
    },
}  # fmt: skip  # what the ``config.json`` of Canary-Qwen may say

# What the configuration of its language model, a Qwen3 of transformers, may say.
QWEN3 = {
    "model_type": ("qwen3",), "architectures": [("Qwen3ForCausalLM",)], "vocab_size": range(1, 1 << 20),
    "hidden_size": range(1, 1 << 16), "intermediate_size": range(1, 1 << 18), "num_hidden_layers": LAYERS,
    "num_attention_heads": range(1, 1 << 10), "num_key_value_heads": range(1, 1 << 10), "head_dim": range(2, 1 << 12),
    "hidden_act": ("silu",), "max_position_embeddings": range(1, 1 << 24), "initializer_range": float,
    "rms_norm_eps": float, "use_cache": bool, "tie_word_embeddings": bool, "rope_theta": NUMBER,
    "rope_scaling": (None,), "rope_parameters": {"rope_theta": NUMBER, "rope_type": ("default",)},
    "attention_bias": (False,), "use_sliding_window": (False,), "sliding_window": (None, range(1 << 24)),
    "max_window_layers": LAYERS, "layer_types": ([("full_attention",)], None), "attention_dropout": float,
    "bos_token_id": (TOKENS, None), "eos_token_id": (TOKENS, [TOKENS], None), "pad_token_id": (TOKENS, None),
}  # fmt: skip
_TOKEN = (str, {"content": str, "lstrip": bool, "rstrip": bool, "normalized": bool, "single_word": bool}, None)
# What ``tokenizer_config.json`` beside it may say: transformers' own classes, which read ``tokenizer.json``.
QWEN3_TOKENIZER = {
    "tokenizer_class": ("Qwen2Tokenizer", "Qwen2TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"),
    "eos_token": _TOKEN, "pad_token": _TOKEN, "bos_token": _TOKEN, "unk_token": _TOKEN,
    "additional_special_tokens": ([str], None), "add_bos_token": bool, "add_prefix_space": bool,
    "errors": ("replace",), "split_special_tokens": bool,
    "clean_up_tokenization_spaces": bool,
}  # fmt: skip
