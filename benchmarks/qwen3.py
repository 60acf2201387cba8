"""Engine `qwen3` against plain ``generate`` of transformers: the same weights, the same clips, the same tokens.

    python -m benchmarks.qwen3 [--device cpu] [--sizes tiny,middle] [--repeats 3] [--threads 1]

Both hear the clips from samples to token ids. Answers have a fixed length, because random weights know no end.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from asr_plugins.qwen3 import answers
from asr_plugins.qwen3.model import AsrModel, Request, after, before

CHECKPOINT = Path(__file__).parent.parent / "tests/checkpoints/qwen3-asr-digits"
# Audio: width, layers, heads, inner, channels; text: width, layers, heads, key heads, head width, inner, vocabulary.
SIZES = {
    "tiny": None,  # the trained digit model
    "middle": ((384, 6, 6, 1536, 96), (512, 12, 8, 4, 64, 1536, 32_000)),
    "0.6b": ((896, 18, 14, 3584, 480), (1024, 28, 16, 8, 128, 3072, 151_936)),
    "1.7b": ((1024, 24, 16, 4096, 480), (2048, 28, 16, 8, 128, 6144, 151_936)),
}
TOKENS_PER_SECOND = 4  # of English speech, about
WORKLOADS = ((10, 1), (30, 1), (10, 8))  # seconds, clips at once


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cuda = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--sizes", default="0.6b,1.7b" if cuda else "tiny,middle", help=f"of {', '.join(SIZES)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    from transformers.utils import logging

    logging.disable_progress_bar()
    answers.LEAST_REPEATED = 1_000_000  # random weights run in circles: let them
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{platform.machine()} CPU"
    print(f"## qwen3: {where}, {options.threads} thread, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}\n")
    typed = " ".join(["python -m benchmarks.qwen3", *sys.argv[1:]])
    print(f"`{typed}`; {TOKENS_PER_SECOND} tokens per second, greedy.\n")
    print("| model | audio | ours | `generate` | ratio | same tokens |\n|---|---|---|---|---|---|")
    for size in options.sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            measure(size, write_model(size, Path(folder)), options)
    if options.device != "cuda":
        print("\nNot measured on a GPU.")


def measure(size: str, folder: Path, options: argparse.Namespace) -> None:
    """Print a line for each workload; ours and theirs take turns."""
    dtype = torch.bfloat16 if options.device == "cuda" else torch.float32
    ours, theirs = our_run(folder, options.device, dtype), their_run(folder, options.device, dtype)
    for seconds, count in WORKLOADS:
        random = np.random.default_rng(0)
        clips = [random.standard_normal(seconds * 16_000).astype(np.float32) * 0.1 for _ in range(count)]
        runs = [partial(run, clips, TOKENS_PER_SECOND * seconds) for run in (ours, theirs)]
        turns = [[timed(options.device, run) for run in runs] for _ in range(options.repeats)]
        best, reference = (min(turn[who][1] for turn in turns) for who in (0, 1))
        same = "yes" if turns[0][0][0] == turns[0][1][0] else "NO"
        times = f"{best:.3f} s | {reference:.3f} s | {reference / best:.2f} x"
        print(f"| {size} | {count} x {seconds} s | {times} | {same} |", flush=True)


def our_run(folder: Path, device: str, dtype: torch.dtype) -> Callable[[Sequence[np.ndarray], int], Any]:
    """Return a function that hears clips with the engine's model."""
    model = AsrModel(folder, torch.device(device), dtype)
    model.greedy.ends = frozenset()

    def run(clips: Sequence[np.ndarray], tokens: int) -> list[list[int]]:
        return [list(one.tokens) for one in model.transcribe([Request(clip, "", "en", tokens) for clip in clips])]

    return run


def their_run(folder: Path, device: str, dtype: torch.dtype) -> Callable[[Sequence[np.ndarray], int], Any]:
    """Return a function that does what the documentation of transformers shows."""
    from transformers import AutoProcessor, Qwen3ASRForConditionalGeneration

    model = Qwen3ASRForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval().to(device)
    processor = AutoProcessor.from_pretrained(folder)
    model.generation_config.eos_token_id = None

    @torch.inference_mode()
    def run(clips: Sequence[np.ndarray], tokens: int) -> list[list[int]]:
        text = [before("") + "<|audio_pad|>" + after("en")] * len(clips)
        inputs = processor(text=text, audio=list(clips), sampling_rate=16_000, padding=True, return_tensors="pt")
        inputs = inputs.to(device, dtype)
        ids = model.generate(**inputs, max_new_tokens=tokens, do_sample=False, pad_token_id=0)
        return [row.tolist() for row in ids[:, inputs["input_ids"].shape[1] :]]

    return run


def write_model(size: str, folder: Path) -> Path:
    """Write a random model of a size with the tokenizer of the digit model; return its folder."""
    shape = SIZES[size]
    if shape is None:
        return CHECKPOINT
    from transformers import Qwen3ASRConfig, Qwen3ASRForConditionalGeneration

    (width, layers, heads, inner, channels), text = shape
    audio = dict(
        d_model=width, encoder_layers=layers, encoder_attention_heads=heads, encoder_ffn_dim=inner,
        downsample_hidden_size=channels, output_dim=text[0], model_type="qwen3_asr_encoder",
    )  # fmt: skip
    names = (
        "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
        "intermediate_size", "vocab_size",
    )  # fmt: skip
    language_model = dict(zip(names, text, strict=True), model_type="qwen3", tie_word_embeddings=True)
    torch.manual_seed(0)
    config = Qwen3ASRConfig(audio_config=audio, text_config=language_model, audio_token_id=450, timestamp_token_id=452)
    model = Qwen3ASRForConditionalGeneration(config)
    for weight in model.model.language_model.layers.parameters():
        if weight.dim() == 2:
            torch.nn.init.normal_(weight, std=0.06)  # the library's 0.02 gives one token for ever
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "processor_config.json", "chat_template.jinja"):
        shutil.copy(CHECKPOINT / name, folder)
    return folder


def timed(device: str, work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns and the seconds it took: of CPU time on one thread, which other work disturbs less."""
    if device == "cuda":
        torch.cuda.synchronize()
    clock = time.process_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    result = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return result, clock() - start


if __name__ == "__main__":
    main()
