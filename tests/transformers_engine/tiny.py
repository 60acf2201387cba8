"""Tiny random models of the families that the engine loads, with the real classes and file layouts of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers

LETTERS = " '|abcdefghijklmnopqrstuvwxyz"
WAV2VEC2 = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "vocab_size": 32,
    "pad_token_id": 0,
}
STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}


def lively(network: Any) -> Any:
    """Make the outputs of a random network vary from frame to frame, as those of a trained one do."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if weights.dim() > 1 and ("head" in name or "joint" in name or "proj_out" in name):
                weights.copy_(torch.randn(weights.shape, generator=generator))
    return network


def letters_vocabulary(folder: Path) -> None:
    """Write a tokenizer of letters in the style of wav2vec 2.0 in capitals."""
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    transformers.Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), unk_token="<unk>", pad_token="<pad>", word_delimiter_token="|"
    ).save_pretrained(folder)


def ctc(folder: Path, family: str) -> Path:
    """Write a CTC model of a family."""
    torch.manual_seed(0)
    made = {
        "wav2vec2-group": lambda: transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(**WAV2VEC2)),
        "wav2vec2-layer": lambda: transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(**WAV2VEC2, **STABLE)),
        "hubert": lambda: transformers.HubertForCTC(transformers.HubertConfig(**WAV2VEC2, **STABLE)),
        "wavlm": lambda: transformers.WavLMForCTC(transformers.WavLMConfig(**WAV2VEC2, **STABLE)),
        "wav2vec2-bert": lambda: transformers.Wav2Vec2BertForCTC(
            transformers.Wav2Vec2BertConfig(
                hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=32,
                feature_projection_input_dim=160, pad_token_id=0, conv_depthwise_kernel_size=5,
            )
        ),
    }[family]()  # fmt: skip
    with torch.no_grad():
        made.lm_head.bias[1:4] = -100.0  # <s>, </s>, <unk>: no trained model writes them
    lively(made).save_pretrained(folder)
    letters_vocabulary(folder)
    if family == "wav2vec2-bert":
        extractor: Any = transformers.SeamlessM4TFeatureExtractor(padding_value=1)
    else:
        masked = family != "wav2vec2-group"
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=masked)
    extractor.save_pretrained(folder)
    return folder


MMS_LETTERS = {"deu": "abcdefghijklmnopqrstuvwxyzäöüß", "eng": "abcdefghijklmnopqrstuvwxyz'"}


def mms(folder: Path) -> Path:
    """Write a wav2vec 2.0 with adapters for German and English, in the layout of facebook/mms-1b-all."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    letters = {
        code: {token: number for number, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *own])}
        for code, own in MMS_LETTERS.items()
    }
    (folder / "vocab.json").write_text(json.dumps(letters))
    for number, code in enumerate(MMS_LETTERS):
        torch.manual_seed(number)
        facts = WAV2VEC2 | {"vocab_size": len(letters[code]), "adapter_attn_dim": 8}
        network = lively(transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(**facts, **STABLE)))
        with torch.no_grad():
            network.lm_head.bias[1:4] = -100.0
        save_file(
            {name: weights.contiguous() for name, weights in network._get_adapters().items()},
            folder / f"adapter.{code}.safetensors",
        )
    network.save_pretrained(folder)  # with the English adapter, as the real one
    tokenizer = transformers.Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), unk_token="<unk>", pad_token="<pad>", word_delimiter_token="|", target_lang="eng"
    )
    tokenizer.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(letters))
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    extractor.save_pretrained(folder)
    return folder


def encoder_config() -> dict[str, Any]:
    """Return the dimensions of a Parakeet encoder."""
    return {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "subsampling_conv_channels": 16, "num_mel_bins": 80, "dropout": 0.0, "layerdrop": 0.0,
        "activation_dropout": 0.0, "attention_dropout": 0.0, "initializer_range": 0.2,
    }  # fmt: skip


def transducer(kind: str, seed: int = 0, cap: int = 3) -> Any:
    """Return a random transducer that emits often; kind ``rnnt`` or ``tdt``."""
    torch.manual_seed(seed)
    common = {
        "vocab_size": 20, "pad_token_id": 1, "blank_token_id": 19, "decoder_hidden_size": 16,
        "num_decoder_layers": 2, "max_symbols_per_step": cap, "encoder_config": encoder_config(),
    }  # fmt: skip
    if kind == "rnnt":
        network: Any = transformers.ParakeetForRNNT(transformers.ParakeetRNNTConfig(**common))
    else:
        network = transformers.ParakeetForTDT(transformers.ParakeetTDTConfig(**common, durations=[0, 1, 2, 4]))
    return lively(network).eval()


def moonshine(folder: Path, tokenizer: Path) -> Path:
    """Write a Moonshine; its tokenizer is that of another folder."""
    torch.manual_seed(0)
    config = transformers.MoonshineConfig(
        vocab_size=55, hidden_size=32, intermediate_size=64, encoder_num_hidden_layers=1, decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2, decoder_num_attention_heads=2, max_position_embeddings=64,
        bos_token_id=54, decoder_start_token_id=54, eos_token_id=2, pad_token_id=1,
        tie_word_embeddings=False,
    )  # fmt: skip
    lively(transformers.MoonshineForConditionalGeneration(config)).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


TEMPLATE = (
    "{% for part in messages[0].content %}{% if part.type == 'text' %}"
    "{{ '<pad>' if part.source_language == 'de' else '<unk>' }}"
    "{{ '<pad>' if part.target_language == 'de' else '<unk>' }}{% endif %}{% endfor %}"
)


def canary(folder: Path, tokenizer: Path) -> Path:
    """Write a Canary; its tokenizer is that of another folder, its template a short one of our own."""
    torch.manual_seed(0)
    config = transformers.CanaryConfig(
        encoder_config=encoder_config(),
        decoder_config={
            "vocab_size": 55, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 128,
        },
        vocab_size=55, pad_token_id=1, bos_token_id=54, eos_token_id=2, decoder_start_token_id=54,
        tie_word_embeddings=False,
    )  # fmt: skip
    lively(transformers.CanaryForConditionalGeneration(config)).save_pretrained(folder)
    words = transformers.AutoTokenizer.from_pretrained(tokenizer)
    extractor = transformers.ParakeetFeatureExtractor(feature_size=80)
    transformers.CanaryProcessor(extractor, words, chat_template=TEMPLATE).save_pretrained(folder)
    return folder
