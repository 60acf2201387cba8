"""Engine `firered` against the official code: the same random weights, the same beams, the same tokens.

    FIRERED_REPO=path/to/FireRedASR python benchmarks/firered.py [--device cpu] [--size xs] [--repeats 3]

The repository is a checkout of https://github.com/FireRedTeam/FireRedASR before ``d7c3997``; only its network classes
are imported. Without it the engine is timed alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from asr_plugins.firered.config import decoder_config, encoder_config
from asr_plugins.firered.search import SearchOptions, beam_search
from asr_plugins.firered.weights import build_decoder, build_encoder, pack, quantise

from asrcli.weights.tensors import Tensors

SIZES = {
    "xs": (512, 8, 12),
    "s": (768, 12, 16),
    "l": (1280, 20, 16),
}  # width, heads, layers of each half (paper, table 1)
VOCABULARY = 7832
TOKENS_PER_SECOND = 5  # about what Mandarin has
BEAMS = 3
ATTENTION = 2.0  # of the random projections to queries and keys
SHARPNESS = 32.0  # of the last normalisation of the random decoder
WORKLOADS = ((12, 1), (30, 1), (12, 8))  # seconds, clips at once


@dataclass(frozen=True)
class Times:
    """Seconds of one run and the tokens it found."""

    encoder: float
    search: float
    tokens: list[list[int]]

    @property
    def total(self) -> float:
        """Both parts."""
        return self.encoder + self.search


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", default="l" if torch.cuda.is_available() else "xs", choices=SIZES)
    parser.add_argument(
        "--dtypes",
        default="bfloat16" if torch.cuda.is_available() else "float32,int8",
        help="of ours: float32, bfloat16, float16, int8; the official code runs in float32",
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds per workload, of which the best counts")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dtypes = options.dtypes.split(",")
    built = {dtype: models(options, dtype) for dtype in dtypes}
    official = built[dtypes[0]][0]
    load = os.getloadavg()[0]
    where = (
        torch.cuda.get_device_name()
        if options.device == "cuda"
        else f"{platform.machine()} CPU, {options.threads} thread"
    )
    print(f"## firered: AED-{options.size.upper()}, {where}, torch {torch.__version__}, load {load:.1f}\n")
    typed = " ".join(["python -m benchmarks.firered", *sys.argv[1:]])
    print(f"`{typed}`; beam {BEAMS}, {TOKENS_PER_SECOND} tokens per second, random weights, ", end="")
    print(f"the best of {options.repeats} rounds of each.\n")
    print("| audio | dtype | ours: encoder + search | official: encoder + search | search | whole | same tokens |")
    print("|---|---|---|---|---|---|---|")
    for seconds, clips in WORKLOADS:
        features = torch.randn(clips, 100 * seconds - 2, 80, generator=torch.Generator().manual_seed(0)).to(
            options.device
        )
        runs = {dtype: ours for dtype, (_, ours) in built.items()}
        if official:
            runs["official"] = official
        best: dict[str, Times] = {}
        for name, run in [*runs.items()] * options.repeats:  # one after the other: other work slows all of them
            found = run(features, seconds)
            best[name] = min(best.get(name, found), found, key=lambda one: one.total)
        theirs = best.pop("official", None)
        for dtype, ours in best.items():
            print(row(f"{clips} x {seconds} s | {dtype}", ours, theirs), flush=True)


def row(work: str, ours: Times, official: Times | None) -> str:
    """Return one line of the table."""
    left = f"| {work} | {ours.encoder:.2f} + {ours.search:.2f} s "
    if official is None:
        return left + "| | | | |"
    same = agreement(ours.tokens, official.tokens)
    ratios = f"{official.search / ours.search:.1f} x | {official.total / ours.total:.1f} x"
    return left + f"| {official.encoder:.2f} + {official.search:.2f} s | {ratios} | {same} |"


def agreement(ours: list[list[int]], theirs: list[list[int]]) -> str:
    """Say how many tokens are the same in all clips, or after how many the first that is not."""
    if ours == theirs:
        return f"yes, {sum(map(len, ours))}"
    mine, its = next(pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1])
    same = list(takewhile(lambda two: two[0] == two[1], zip(mine, its, strict=False)))
    return f"no, after {len(same)} of {len(its)}"


def models(options: argparse.Namespace, named: str) -> tuple[Callable[..., Times] | None, Callable[..., Times]]:
    """Build both networks with the same random weights; ours in the dtype that is named."""
    width, heads, layers = SIZES[options.size]
    args: dict[str, Any] = dict(
        idim=80, odim=VOCABULARY, d_model=width, n_head=heads, n_layers_enc=layers, n_layers_dec=layers, kernel_size=33,
        pe_maxlen=5000, sos_id=3, eos_id=4, pad_id=2,
    )  # fmt: skip
    int8 = named == "int8"
    device, dtype = torch.device(options.device), torch.float32 if int8 else getattr(torch, named)
    state = random_state(argparse.Namespace(**args))
    official = None
    if repository := os.environ.get("FIRERED_REPO"):
        official = official_run(repository, args, state, device)
    tensors = Tensors(state, "random")
    encoder = build_encoder(encoder_config(args, "random"), tensors).to(device, dtype)
    decoder = build_decoder(decoder_config(args, "random"), tensors).to(device, dtype)
    if int8:
        quantise(encoder)
        quantise(decoder)
    if device.type == "cpu":
        pack(decoder)

    def run(features: torch.Tensor, seconds: int) -> Times:
        lengths = torch.full((len(features),), features.shape[1], device=device)
        search = SearchOptions(beams=BEAMS, max_tokens=TOKENS_PER_SECOND * seconds)
        with torch.inference_mode():
            encoded, spent = timed(device, lambda: encoder(features.to(dtype), lengths))
            found, searched = timed(device, lambda: beam_search(decoder, *encoded, search))
        return Times(spent, searched, [list(one[0].tokens) for one in found])

    return official, run


def official_run(repository: str, args: dict[str, Any], state: dict[str, torch.Tensor], device: torch.device) -> Any:
    """Build the official network and return the function that runs it."""
    sys.path.insert(0, os.path.join(repository, "fireredasr", "models"))
    from module.conformer_encoder import ConformerEncoder
    from module.transformer_decoder import TransformerDecoder

    shape = (args["n_head"], args["d_model"])
    encoder = ConformerEncoder(80, args["n_layers_enc"], *shape, 0.1, 0.1, args["kernel_size"], args["pe_maxlen"])
    decoder = TransformerDecoder(3, 4, 2, VOCABULARY, args["n_layers_dec"], *shape, 0.1, args["pe_maxlen"])
    for part, network in (("encoder", encoder), ("decoder", decoder)):
        weights = {name.removeprefix(f"{part}."): one for name, one in state.items() if name.startswith(part)}
        missing = network.load_state_dict(weights, strict=False).missing_keys
        assert all(name.endswith(".pe") for name in missing), missing
        network.eval().to(device)

    def run(features: torch.Tensor, seconds: int) -> Times:
        lengths = torch.full((len(features),), features.shape[1], device=device)
        with torch.inference_mode():
            (encoded, _, mask), spent = timed(device, lambda: encoder(features, lengths))
            steps = TOKENS_PER_SECOND * seconds
            found, searched = timed(
                device, lambda: decoder.batch_beam_search(encoded, mask, BEAMS, 1, steps, 1.25, 0.6, 1.0)
            )
        return Times(spent, searched, [one[0]["yseq"].tolist() for one in found])

    return run


def random_state(args: argparse.Namespace) -> dict[str, torch.Tensor]:
    """Return random weights under the official names.

    Small embeddings and sharp attention keep the search from repeating one token, which would compare nothing. A large
    last normalisation gives tokens probabilities near one half, as a trained model does: where all of the vocabulary is
    equally probable, hypotheses lie closer together than float32 can add up their scores. With attention twice as sharp
    as here, rounding grows from 1e-5 at the first token to 1e-2 at the hundredth, and one code in float32 and float64
    no longer finds the same tokens.
    """
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "firered"))
    import numpy as np
    from cases import aed_state

    state = aed_state(args, np.random.RandomState(0), ctc=False)
    for name, weight in state.items():
        if name == "decoder.tgt_word_emb.weight":
            weight *= 0.1  # the output projection is the same tensor
        elif name.startswith("decoder") and name.endswith(("w_qs.weight", "w_ks.weight")):
            weight *= ATTENTION
        elif name.startswith("decoder.layer_norm_out"):
            weight *= SHARPNESS
    return state


def timed(device: torch.device, work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns and the seconds it took: of CPU time on one thread, which other work disturbs less."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return result, clock() - start


if __name__ == "__main__":
    main()
