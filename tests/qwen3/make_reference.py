"""Write what the official package says of the random models of `random_models` and of the trained ones.

    pip install qwen-asr==0.0.6   # in an environment of its own
    python -m tests.qwen3.make_reference --asr DIR --aligner DIR --strings DIR --out tests/qwen3

The folders are the tiny trained models in the original layout and the digit strings of the tests.
Made with qwen-asr 0.0.6 (transformers 4.57.6, torch 2.13, CPU, float32, PyTorch's attention). All clips are at most 8 s
long: beyond that the official code with this attention lets windows see each other (QwenLM/Qwen3-ASR issue 213), and
so differs from itself with flash attention, from transformers 5, and from us.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from qwen_asr import Qwen3ASRModel, Qwen3ForcedAligner

from tests.qwen3 import random_models as cases

BATCH = 8


def main() -> None:
    """Write ``official.npz``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("asr", "aligner", "strings", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    options = parser.parse_args()
    np.savez_compressed(options.out / "official.npz", **random_reference(), **digits_reference(options))


@torch.inference_mode()
def random_reference() -> dict[str, np.ndarray]:
    """Return prompts, encoder outputs, tokens and times of the random models."""
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
    return found


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


@torch.inference_mode()
def digits_reference(options: argparse.Namespace) -> dict[str, np.ndarray]:
    """Return the answers of the trained models: each clip alone, with its language, and in batches; and the times.

    The package has the ids of the real end tokens in its code; the tiny vocabulary has others.
    """
    paths = sorted(options.strings.glob("*.wav"))
    clips = [(cases.digit_wave(path), 16_000) for path in paths]
    model = Qwen3ASRModel.from_pretrained(
        str(options.asr), dtype=torch.float32, attn_implementation="sdpa", max_new_tokens=64
    )
    ends = model.processor.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    generate, written = model.model.generate, []

    def listen(**inputs):
        answer = generate(**inputs, eos_token_id=ends)
        for row in answer.sequences[:, inputs["input_ids"].shape[1] :].tolist():
            written.append(row[: next((at for at, token in enumerate(row) if token in ends), len(row))])
        return answer

    model.model.generate = listen
    ways = {"alone": (1, None), "language": (1, "English"), "batch": (BATCH, None)}
    found: dict[str, np.ndarray] = {}
    for way, (size, language) in ways.items():
        written.clear()
        told = [
            one for at in range(0, len(clips), size) for one in model.transcribe(clips[at : at + size], "", language)
        ]
        found[f"digits-{way}-texts"] = np.array([one.text for one in told])
        for number, tokens in enumerate(written):
            found[f"digits-{way}-{number}"] = np.array(tokens, np.int32)
    aligner = Qwen3ForcedAligner.from_pretrained(str(options.aligner), dtype=torch.float32)
    for number, (clip, path) in enumerate(zip(clips, paths, strict=True)):
        items = aligner.align(clip, path.with_suffix(".txt").read_text().strip(), "English")[0]
        found[f"digits-times-{number}"] = np.array([(one.start_time, one.end_time) for one in items])
    return found


if __name__ == "__main__":
    main()
