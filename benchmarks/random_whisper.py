"""Whisper models of the true shapes with random weights, for CTranslate2: the speed is real, the text is not."""

from __future__ import annotations

import json
from pathlib import Path

from asrcli.base.import_guard import guard_imports

# width, layers of encoder and decoder, heads: openai-whisper's model cards
SHAPES = {"tiny": (384, 4, 6), "base": (512, 6, 8), "small": (768, 12, 12)}
TEXT_TOKENS = 50257  # the last one empty: CTranslate2 takes that as the sign of a multilingual model
TIMESTAMPS = 1501


def make(name: str, folder: Path) -> Path:
    """Write a model into ``folder/name``, unless it is there, and return that folder; needs the `convert` extra."""
    target = folder / name
    if (target / "model.bin").exists():
        return target
    import torch
    from ctranslate2.converters import TransformersConverter

    guard_imports()
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    width, layers, heads = SHAPES[name]
    specials = special_tokens()
    config = WhisperConfig(
        vocab_size=TEXT_TOKENS + len(specials),
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(config)
    settings = model.generation_config
    settings._from_model_config = False  # or the saved settings are thrown away on loading
    first = TEXT_TOKENS
    for key, value in {
        "suppress_tokens": [],
        "begin_suppress_tokens": [220],
        "alignment_heads": [[layers - 1, head] for head in range(2)],
        "lang_to_id": {token: first + place for place, token in enumerate(specials) if 2 <= place < 101},
    }.items():
        setattr(settings, key, value)  # update() drops keys that it does not know
    source = folder / f"{name}-transformers"
    model.save_pretrained(source)
    _tokenizer(specials, source)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(source)
    copied = ["tokenizer.json", "preprocessor_config.json"]
    TransformersConverter(str(source), copy_files=copied).convert(str(target), quantization="float16")
    return target


def special_tokens() -> list[str]:
    """Return Whisper's special tokens in the order of their ids, which start at `TEXT_TOKENS`."""
    from asr_plugins.whisper.catalogue import LANGUAGES

    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    names = ["endoftext", "startoftranscript", *LANGUAGES, *tasks]
    return [f"<|{one}|>" for one in names] + [f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)]


def _tokenizer(specials: list[str], folder: Path) -> None:
    """Write a tokenizer of the true size: bytes, invented words, and the special tokens with their true ids."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import WhisperTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, *(f"Ġw{number}" for number in range(TEXT_TOKENS - 1 - len(alphabet))), ""]
    bpe = Tokenizer(models.BPE(vocab={word: place for place, word in enumerate(words)}, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    end = "<|endoftext|>"
    WhisperTokenizerFast(
        tokenizer_object=bpe, bos_token=end, eos_token=end, unk_token=end, pad_token=end
    ).save_pretrained(folder)
    found = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    assert [token["id"] for token in found if token["content"] == "<|startoftranscript|>"] == [TEXT_TOKENS + 1]
