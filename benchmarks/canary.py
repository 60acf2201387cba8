"""Engine `canary`: NeMo's own generate loop against ours, on the same weights and the same clips, in one run.

    python benchmarks/canary.py [--size mid] [--device cpu] [--threads 1] [--repeats 3]

The weights are random and of the size named (`true` is that of Canary-Qwen-2.5B and needs 25 GB); the tokenizer is that
of tests/checkpoints. Where a clip's text ends is set by its length, 4.3 tokens a second (200 words a minute of 1.3
tokens), since random weights do not come to an end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from asr_plugins.canary.layout import read_layout
from asr_plugins.canary.native import NativeModel
from asr_plugins.canary.tokens import Tokens
from asr_plugins.nemo.quiet import output_held_back
from asr_plugins.qwen3.decoding import Written

from asrcli.base.import_guard import guard_imports

CHECKPOINT = Path(__file__).parent.parent / "tests/checkpoints/canary-qwen-digits"
# Encoder: width, layers, heads, subsampling channels. Language model: width, layers, heads, key heads, inner, rows.
SIZES = {
    "tiny": (64, 4, 4, 32, 96, 3, 4, 2, 256, 704),
    "mid": (256, 8, 4, 128, 512, 8, 8, 4, 1536, 16_384),
    "true": (1024, 32, 8, 256, 2048, 28, 16, 8, 6144, 151_680),
}
TOKENS_PER_SECOND = 4.3
WORKLOADS = {
    "1 clip of 10 s": [10.0],
    "8 clips of 10 s": [10.0] * 8,
    "8 clips of 3 to 30 s": [3.0, 5.0, 8.0, 11.0, 14.0, 18.0, 23.0, 30.0],
}
ANSWERS = {"1 prompt of 1,500 tokens": 1, "4 prompts of 1,500 tokens": 4}
ANSWER_TOKENS = 60


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    sizes = ["true"] if torch.cuda.is_available() else ["tiny", "mid"]
    parser.add_argument("--size", nargs="+", default=sizes, choices=SIZES)
    parser.add_argument("--dtype", default="bfloat16" if torch.cuda.is_available() else "float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    guard_imports()
    torch.set_num_threads(options.threads)
    gpu = options.device == "cuda"
    where = torch.cuda.get_device_name() if gpu else f"{platform.machine()} CPU, {options.threads} thread"
    print(f"## canary: {where}, {options.dtype}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}\n")
    typed = " ".join(["python -m benchmarks.canary", *sys.argv[1:]])
    print(f"`{typed}`; random weights, best of {options.repeats}, by turns.\n")
    print("| size | work | ours | NeMo | ratio | same tokens |\n|---|---|---|---|---|---|")
    for size in options.size:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = models(Path(folder), size, options)
        measure(size, ours, theirs, options)


def measure(size: str, ours: Any, theirs: Any, options: Any) -> None:
    """Print the rows of one size."""
    random = np.random.default_rng(0)
    for name, seconds in WORKLOADS.items():
        clips = [(random.standard_normal(round(16_000 * one)) * 0.05).astype(np.float32) for one in seconds]
        limits = [round(TOKENS_PER_SECOND * one) for one in seconds]
        run = lambda model, clips=clips, limits=limits: model.transcribe(clips, limits)  # noqa: E731
        report(f"{size} | {name}", options, run, ours, theirs)
    words = ["seven", "three", "nine", "zero", "one", "two"]
    for name, count in ANSWERS.items():
        texts = [" ".join(random.choice(words, 1450)) for _ in range(count)]
        report(f"{size} | {name}", options, lambda model, texts=texts: model.answer(texts, ANSWER_TOKENS), ours, theirs)


def report(name: str, options: Any, run: Callable[[Any], Sequence[Written]], ours: Any, theirs: Any) -> None:
    """Time both on one piece of work, by turns, and print a row."""
    best = {id(ours): float("inf"), id(theirs): float("inf")}
    found = {}
    for _ in range(options.repeats):
        for model in (ours, theirs):
            begun = time.perf_counter()
            found[id(model)] = run(model)
            if options.device == "cuda":
                torch.cuda.synchronize()
            best[id(model)] = min(best[id(model)], time.perf_counter() - begun)
    pairs = list(zip(found[id(ours)], found[id(theirs)], strict=True))
    same = sum(one.tokens == other.tokens for one, other in pairs)
    mine, other = best[id(ours)], best[id(theirs)]
    print(f"| {name} | {mine:.2f} s | {other:.2f} s | {other / mine:.2f} | {same} of {len(pairs)} |", flush=True)


def models(folder: Path, size: str, options: Any) -> tuple[Any, Any]:
    """Return the native model and NeMo's, with the same random weights."""
    make_folder(folder, SIZES[size])
    layout = read_layout(folder)
    tokens = Tokens(layout)
    device, dtype = torch.device(options.device), getattr(torch, options.dtype)
    with output_held_back():
        from asr_plugins.canary.salm import SalmModel

        theirs = SalmModel(layout, tokens, device, dtype)
    ours = NativeModel(layout, tokens, device, dtype)
    ours.ends = theirs.ends = (tokens.end,)
    return ours, theirs


def make_folder(folder: Path, sizes: Sequence[int]) -> None:
    """Write a folder in the published layout with random weights, made by NeMo."""
    shutil.copytree(CHECKPOINT, folder, dirs_exist_ok=True)
    width, layers, heads, channels, llm_width, llm_layers, llm_heads, key_heads, inner, rows = sizes
    salm = json.loads((folder / "config.json").read_text())
    salm["perception"]["encoder"] |= {
        "d_model": width, "n_layers": layers, "n_heads": heads, "subsampling_conv_channels": channels
    }  # fmt: skip
    salm["perception"]["modality_adapter"]["d_model"] = width
    salm["perception"]["output_dim"] = llm_width
    salm["lora"] |= {"r": 128, "lora_alpha": 256} if width > 64 else {}
    (folder / "config.json").write_text(json.dumps(salm))
    path = folder / "llm_backbone/config.json"
    llm = json.loads(path.read_text()) | {
        "hidden_size": llm_width, "num_hidden_layers": llm_layers, "num_attention_heads": llm_heads, "vocab_size": rows,
        "num_key_value_heads": key_heads, "head_dim": 128 if width > 256 else 64, "intermediate_size": inner,
        "layer_types": ["full_attention"] * llm_layers, "max_position_embeddings": 40_960,
    }  # fmt: skip
    path.write_text(json.dumps(llm))
    with output_held_back():
        from nemo.collections.speechlm2.models import SALM
        from safetensors.torch import save_file

        torch.manual_seed(0)
        extra = {"tokenizer_path": str(folder), "pretrained_llm": str(path.parent), "pretrained_weights": False}
        model = SALM({**salm, **extra})
        for name, parameter in model.named_parameters():
            if "lora_B" in name:  # zero to begin with, and then LoRA would do nothing
                torch.nn.init.normal_(parameter, std=0.01)
        state = {name: one.contiguous() for name, one in model.state_dict().items() if "lm_head" not in name}
    with torch.no_grad():
        state["embed_tokens.weight"][2] = 0  # the end token never wins
    save_file(
        {name: one.bfloat16() if one.is_floating_point() else one for name, one in state.items()},
        folder / "model.safetensors",
    )


if __name__ == "__main__":
    main()
