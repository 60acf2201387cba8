"""Tiny random Qwen3-ASR models with the token ids of the real ones, the same from numpy alone in every environment."""

from __future__ import annotations

import json
import wave as wave_file
from pathlib import Path

import numpy as np

VOCABULARY, BASE = 151_936, 151_643  # rows of the embedding; ids before the added tokens
MARKS = {
    "<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645, "<|audio_start|>": 151669,
    "<|audio_end|>": 151670, "<|audio_pad|>": 151676, "<asr_text>": 151704, "<timestamp>": 151705,
}  # fmt: skip
PLAIN = ("<asr_text>", "<timestamp>")  # not special in the real tokenizer either
AUDIO = dict(
    d_model=64, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=128, downsample_hidden_size=16,
    output_dim=64, num_mel_bins=128, n_window=50, n_window_infer=800,
)  # fmt: skip
TEXT = dict(
    hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    intermediate_size=128, vocab_size=VOCABULARY, rope_theta=1e6, rms_norm_eps=1e-6, hidden_act="silu",
    max_position_embeddings=65536, attention_bias=False,
)  # fmt: skip
CLASSES = 400  # of the aligner: 32 s

SEEDS = (1, 2, 3)
SECONDS = (1.0, 2.37, 4.5, 8.0)
REQUESTS = (("", None), ("Qwen, Tongyi", "English"), ("", "Chinese"), ("a context of many words", None))
NEW_TOKENS = 30
WORDS = ("seven", "three", "don't", "nine", "zero", "a", "stateoftheart", "two")


def wave(seconds: float, seed: int) -> np.ndarray:
    """Return tones that come and go in noise, float32."""
    random = np.random.RandomState(seed)
    time = np.arange(round(seconds * 16_000)) / 16_000
    tones = sum(np.sin(2 * np.pi * (hertz + 80 * time) * time) * np.sin(np.pi * (k + 1) * time) ** 2
                for k, hertz in enumerate(random.uniform(100, 3000, 6)))  # fmt: skip
    return (0.1 * tones + 0.01 * random.standard_normal(len(time))).astype(np.float32)


def write_original(folder: Path, seed: int, aligner: bool = False) -> Path:
    """Write a folder in the original layout and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder)
    _write_config(folder, aligner)
    from safetensors.numpy import save_file

    save_file(weights(seed, aligner), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def weights(seed: int, aligner: bool) -> dict[str, np.ndarray]:
    """Return random weights under the original names, stored as float16."""
    drawn = _Drawn(seed)
    _draw_encoder(drawn)
    _draw_decoder(drawn)
    if aligner:
        drawn.matrix("lm_head", CLASSES, TEXT["hidden_size"], bias=False)
    return drawn.found


class _Drawn:
    """Random tensors by name."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.RandomState(seed)
        self.found: dict[str, np.ndarray] = {}

    def draw(self, name: str, *shape: int, scale: float = 0.08, mean: float = 0.0) -> None:
        self.found[f"thinker.{name}"] = (mean + scale * self.random.standard_normal(shape)).astype(np.float16)

    def norm(self, name: str, width: int, bias: bool) -> None:
        self.draw(f"{name}.weight", width, scale=0.1, mean=1.0)
        if bias:
            self.draw(f"{name}.bias", width)

    def matrix(self, name: str, out: int, into: int, bias: bool) -> None:
        self.draw(f"{name}.weight", out, into, scale=0.16)
        if bias:
            self.draw(f"{name}.bias", out)


def _draw_encoder(drawn: _Drawn) -> None:
    width, inner, channels = AUDIO["d_model"], AUDIO["encoder_ffn_dim"], AUDIO["downsample_hidden_size"]
    for number in (1, 2, 3):
        drawn.draw(f"audio_tower.conv2d{number}.weight", channels, 1 if number == 1 else channels, 3, 3, scale=0.2)
        drawn.draw(f"audio_tower.conv2d{number}.bias", channels)
    drawn.matrix("audio_tower.conv_out", width, channels * 16, bias=False)
    for number in range(AUDIO["encoder_layers"]):
        layer = f"audio_tower.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            drawn.matrix(f"{layer}.self_attn.{part}", width, width, bias=True)
        drawn.norm(f"{layer}.self_attn_layer_norm", width, bias=True)
        drawn.norm(f"{layer}.final_layer_norm", width, bias=True)
        drawn.matrix(f"{layer}.fc1", inner, width, bias=True)
        drawn.matrix(f"{layer}.fc2", width, inner, bias=True)
    drawn.norm("audio_tower.ln_post", width, bias=True)
    drawn.matrix("audio_tower.proj1", width, width, bias=True)
    drawn.matrix("audio_tower.proj2", AUDIO["output_dim"], width, bias=True)


def _draw_decoder(drawn: _Drawn) -> None:
    hidden, inner, head = TEXT["hidden_size"], TEXT["intermediate_size"], TEXT["head_dim"]
    queries, keys = TEXT["num_attention_heads"] * head, TEXT["num_key_value_heads"] * head
    drawn.draw("model.embed_tokens.weight", VOCABULARY, hidden)
    for number in range(TEXT["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        drawn.matrix(f"{layer}.self_attn.q_proj", queries, hidden, bias=False)
        drawn.matrix(f"{layer}.self_attn.k_proj", keys, hidden, bias=False)
        drawn.matrix(f"{layer}.self_attn.v_proj", keys, hidden, bias=False)
        drawn.matrix(f"{layer}.self_attn.o_proj", hidden, queries, bias=False)
        drawn.norm(f"{layer}.self_attn.q_norm", head, bias=False)
        drawn.norm(f"{layer}.self_attn.k_norm", head, bias=False)
        drawn.norm(f"{layer}.input_layernorm", hidden, bias=False)
        drawn.norm(f"{layer}.post_attention_layernorm", hidden, bias=False)
        drawn.matrix(f"{layer}.mlp.gate_proj", inner, hidden, bias=False)
        drawn.matrix(f"{layer}.mlp.up_proj", inner, hidden, bias=False)
        drawn.matrix(f"{layer}.mlp.down_proj", hidden, inner, bias=False)
    drawn.norm("model.norm", hidden, bias=False)


def _write_config(folder: Path, aligner: bool) -> None:
    scaling = {"interleaved": True, "mrope_interleaved": True, "mrope_section": [4, 2, 2], "rope_type": "default"}
    audio = dict(AUDIO, model_type="qwen3_asr_audio_encoder", conv_chunksize=500, max_source_positions=1500)
    text = dict(TEXT, model_type="qwen3_asr_text", tie_word_embeddings=not aligner, rope_scaling=scaling)
    thinker = {
        "audio_config": audio,
        "text_config": text,
        "audio_token_id": MARKS["<|audio_pad|>"],
        "audio_start_token_id": MARKS["<|audio_start|>"],
        "audio_end_token_id": MARKS["<|audio_end|>"],
        "dtype": "float32",
        "model_type": "qwen3_forced_aligner" if aligner else "qwen3_asr_thinker",
    }
    config = {"architectures": ["Qwen3ASRForConditionalGeneration"], "model_type": "qwen3_asr", "dtype": "float32"}
    config |= {"support_languages": ["English", "Chinese", "German"], "thinker_config": thinker}
    if aligner:
        thinker["classify_num"] = CLASSES
        config |= {"timestamp_token_id": MARKS["<timestamp>"], "timestamp_segment_time": 80}
    (folder / "config.json").write_text(json.dumps(config))
    features = dict(
        feature_extractor_type="WhisperFeatureExtractor", feature_size=128, hop_length=160, n_fft=400, chunk_length=30,
        sampling_rate=16000, padding_value=0.0, return_attention_mask=True, processor_class="Qwen3ASRProcessor",
    )  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(features))
    template = (
        "{%- for m in messages if m.role == 'system' -%}<|im_start|>system\n{{ m.content }}<|im_end|>\n{%- endfor -%}"
        "{{ '\n' }}<|im_start|>user\n<|audio_start|><|audio_pad|><|audio_end|><|im_end|>\n"
        "{%- if add_generation_prompt %}{{ '\n' }}<|im_start|>assistant\n{% endif -%}"
    )
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))


def _write_tokenizer(folder: Path) -> None:
    """Write a byte-level tokenizer with a few merges, filled up to the size of the real one."""
    symbols = sorted(byte_symbols())
    merges, words = [], []
    for word in ("language", "Ġlanguage", "ĠEnglish", "ĠChinese", "system", "user", "assistant"):
        for end in range(2, len(word) + 1):
            if word[:end] not in words:
                words.append(word[:end])
                merges.append(f"{word[: end - 1]} {word[end - 1]}")
    tokens = [*symbols, *words]
    tokens += [f"Ġ~{number}~" for number in range(BASE - len(tokens))]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    names = {number: name for name, number in MARKS.items()}
    added = {
        str(number): {
            "content": names.get(number, f"<|unused_{number}|>"), "lstrip": False, "rstrip": False,
            "normalized": False, "single_word": False, "special": names.get(number) not in PLAIN,
        }
        for number in range(BASE, max(names) + 1)
    }  # fmt: skip
    audio = dict(audio_token="<|audio_pad|>", audio_bos_token="<|audio_start|>", audio_eos_token="<|audio_end|>")
    settings = dict(
        added_tokens_decoder=added, extra_special_tokens=audio, **audio, tokenizer_class="Qwen2Tokenizer",
        pad_token="<|endoftext|>", eos_token="<|im_end|>", bos_token=None, unk_token=None, errors="replace",
        add_prefix_space=False, split_special_tokens=False, model_max_length=131072,
        processor_class="Qwen3ASRProcessor", clean_up_tokenization_spaces=False,
    )  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def byte_symbols() -> list[str]:
    """Return the 256 characters that stand for bytes in GPT-2's vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in plain] + [chr(256 + number) for number in range(256 - len(plain))]


def digit_wave(path: Path) -> np.ndarray:
    """Return a recording of 8 kHz at 16 kHz, by its spectrum: the same in every environment."""
    with wave_file.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    return (2 * np.fft.irfft(np.fft.rfft(samples), 2 * len(samples))).astype(np.float32)
