"""Write what the official package says of the random models of `random_models`; run in an environment of its own.

    pip install qwen-asr==0.0.6 && python -m tests.qwen3.make_reference tests/qwen3

Made with qwen-asr 0.0.6 (transformers 4.57.6, torch 2.13, CPU, float32, PyTorch's attention). All clips are at most 8 s
long: beyond that the official code with this attention lets windows see each other (QwenLM/Qwen3-ASR issue 213), and
so differs from itself with flash attention, from transformers 5, and from us.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from qwen_asr import Qwen3ASRModel, Qwen3ForcedAligner

from tests.qwen3 import random_models as cases


@torch.inference_mode()
def main(out: Path) -> None:
    """Write ``official.npz``."""
    found: dict[str, np.ndarray] = {}
    for seed in cases.SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            model = Qwen3ASRModel.from_pretrained(
                str(cases.write_original(Path(folder), seed)), dtype=torch.float32, attn_implementation="sdpa"
            )
            for number, (seconds, (context, language)) in enumerate(zip(cases.SECONDS, cases.REQUESTS, strict=True)):
                found |= {f"asr-{seed}-{number}-{name}": value for name, value in
                          asr(model, cases.wave(seconds, seed), context, language).items()}  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            aligner = Qwen3ForcedAligner.from_pretrained(
                str(cases.write_original(Path(folder), seed, aligner=True)), dtype=torch.float32
            )
            for number, seconds in enumerate(cases.SECONDS):
                words = cases.WORDS[: 2 * (number + 1)]
                items = aligner.align((cases.wave(seconds, seed), 16_000), " ".join(words), "English")[0]
                found[f"align-{seed}-{number}"] = np.array([(one.start_time, one.end_time) for one in items])
    np.savez_compressed(out / "official.npz", **found)


def asr(model: Qwen3ASRModel, samples: np.ndarray, context: str, language: str | None) -> dict[str, np.ndarray]:
    """Return prompt, encoder output and new tokens of one clip."""
    text = model._build_text_prompt(context=context, force_language=language)
    inputs = model.processor(text=[text], audio=[samples], return_tensors="pt", padding=True)
    mask = inputs["feature_attention_mask"].sum(-1)
    heard = model.model.thinker.get_audio_features(
        inputs["input_features"], feature_attention_mask=inputs["feature_attention_mask"], audio_feature_lengths=mask
    )
    ids = model.model.generate(**inputs, max_new_tokens=cases.NEW_TOKENS).sequences
    prompt = inputs["input_ids"].shape[1]
    return {
        "prompt": inputs["input_ids"][0].numpy().astype(np.int32),
        "heard": heard[:: max(1, len(heard) // 4), :8].numpy(),
        "tokens": ids[0, prompt:].numpy().astype(np.int32),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
