"""Run the official code on the cases of `cases.py` and write what it answers to ``tests/data/firered``.

    python make_reference.py --first PATH --second PATH --aed DIR --aed2 DIR --llm DIR --strings DIR --out DIR

PATH are copies of the official repositories FireRedASR (commit 1eadb81) and FireRedASR2S (commit 72096c2), the other
folders the tiny trained models and digit strings of the tests. Needs torchaudio, kaldiio and peft. The files hold
numbers only; no code of the repositories.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
import cases

AED_SEEDS, LLM_SEEDS = range(26), range(8)
LLM_OPTIONS = ((3, 1.0, 0.0), (3, 3.0, 1.0), (1, 1.0, 1.0), (4, 1.2, 0.5))  # beams, repetition and length penalty


def main() -> None:
    """Write one npz per generation and kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("first", "second", "aed", "aed2", "llm", "strings", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    options = parser.parse_args()
    sys.path[:0] = [str(options.first), str(options.second)]
    torch.set_num_threads(1)
    torch.load = functools.partial(torch.load, weights_only=False)  # our own files; the official code predates 2.6
    patch_template()
    np.savez_compressed(options.out / "aed-first.npz", **aed_reference(1))
    np.savez_compressed(options.out / "aed-second.npz", **aed_reference(2))
    np.savez_compressed(options.out / "llm.npz", **llm_reference(options.llm))
    np.savez_compressed(options.out / "digits.npz", **digits_reference(options))


def patch_template() -> None:
    """Make transformers 5 return lists where the official code expects them."""
    from transformers import PreTrainedTokenizerBase as Base

    old = Base.apply_chat_template
    Base.apply_chat_template = lambda self, *a, **k: old(self, *a, **{"return_dict": False, **k})


def last_topk(function, *args):
    """Return the result of `function` and the values of the last topk it computed: the scores it does not return."""
    values, original = [], torch.topk

    def topk(*given, **named):
        found = original(*given, **named)
        values.append(found[0])
        return found

    torch.topk = topk
    try:
        return function(*args), values[-1]
    finally:
        torch.topk = original


@torch.no_grad()
def aed_reference(generation: int) -> dict[str, np.ndarray]:
    """Return encoder output, tokens, scores, confidences and (second generation) frames of the tokens."""
    if generation == 1:
        from fireredasr.models.fireredasr_aed import FireRedAsrAed
    else:
        from fireredasr2s.fireredasr2.models.fireredasr_aed import FireRedAsrAed
    out: dict[str, np.ndarray] = {}
    for seed in AED_SEEDS:
        case = cases.aed_case(seed, ctc=generation == 2)
        model = FireRedAsrAed.from_args(case.args).eval()
        missing = model.load_state_dict(case.state, strict=False).missing_keys
        assert all(name.endswith(".pe") for name in missing), missing
        lengths = torch.tensor([len(one) for one in case.features])
        padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in case.features], batch_first=True)
        encoded, encoded_lengths, mask = model.encoder(padded, lengths)
        hypotheses, scores = last_topk(model.decoder.batch_beam_search, encoded, mask, *case.search)
        for place, best in enumerate(hypotheses):
            key = f"{seed}-{place}"
            valid = int(encoded_lengths[place])
            out[f"{key}-encoded"] = encoded[place, :valid][:: max(1, valid // 3), :8].numpy()
            out[f"{key}-tokens"] = pack([one["yseq"].tolist() for one in best])
            out[f"{key}-scores"] = scores[place].numpy()
            if generation == 2:
                out[f"{key}-confidence"] = np.array([one["confidence"].item() for one in best])
                times = official_times(model, encoded[place, :valid], best[0]["yseq"])
                if times is not None:
                    out[f"{key}-times"] = times
    return out


def official_times(model, encoded, tokens):
    """Return (tokens, 2) seconds by the official alignment, before its shift; None where it fails."""
    import torchaudio

    if not len(tokens) or (tokens == 0).any() or len(tokens) > len(encoded):
        return None
    try:
        path, _ = torchaudio.functional.forced_align(model.ctc(encoded[None]), tokens[None], blank=0)
    except RuntimeError:  # more tokens than the frames can hold
        return None
    return np.array(model.ctc.ctc_alignment_to_timestamp(path[0].tolist(), 4, blank_id=0)).T


def pack(rows: list[list[int]]) -> np.ndarray:
    """Return rows of different length as one array, filled with -1."""
    packed = np.full((len(rows), max(1, *map(len, rows))), -1, np.int16)
    for place, row in enumerate(rows):
        packed[place, : len(row)] = row
    return packed


@torch.no_grad()
def llm_reference(folder: Path) -> dict[str, np.ndarray]:
    """Return what the official LLM code of both generations writes, clip by clip: its batches see padding as speech."""
    out: dict[str, np.ndarray] = {}
    for seed in LLM_SEEDS:
        beams, repetition, length = LLM_OPTIONS[seed % 4]
        random = np.random.RandomState(2000 + seed)
        with tempfile.TemporaryDirectory() as copied:
            model, ids = official_llm(folder, Path(copied), seed, generation=1 + seed // 4 % 2)
            for place, frames in enumerate(cases.FRAMES[seed % 2]):
                features = torch.from_numpy(random.standard_normal((1, frames, 80)).astype(np.float32))
                speech, _ = model.encoder_projector(*model.encoder(features, torch.tensor([frames]))[:2])
                mask = torch.ones_like(ids)
                written = model.transcribe(
                    features, torch.tensor([frames]), ids, mask, beams, 0, 0, repetition, length, 1.0
                )
                embedded = model.llm.get_input_embeddings()(ids)
                merged, _, _ = model._merge_input_ids_with_speech_features(speech, embedded, ids, mask)
                out[f"{seed}-{place}-tokens"] = written[0].numpy().astype(np.int16)
                out[f"{seed}-{place}-prompt"] = merged[0, :: max(1, merged.shape[1] // 4), :8].numpy()
    return out


def official_llm(folder: Path, copied: Path, seed: int, generation: int):
    """Return an official model with the random weights of this seed, and the tokens of its prompt."""
    if generation == 1:
        from fireredasr.models.fireredasr import load_firered_llm_model_and_tokenizer as load
        from fireredasr.tokenizer.llm_tokenizer import LlmTokenizerWrapper
    else:
        from fireredasr2s.fireredasr2.asr import load_firered_llm_model_and_tokenizer as load
        from fireredasr2s.fireredasr2.tokenizer.llm_tokenizer import LlmTokenizerWrapper
    shutil.copytree(folder, copied, dirs_exist_ok=True)
    package = torch.load(copied / "model.pth.tar")
    package["model_state_dict"] = cases.llm_state(package["model_state_dict"], seed)
    torch.save(package, copied / "random.pth.tar")
    paths = (copied / "random.pth.tar", copied / "asr_encoder.pth.tar", copied / "Qwen2-7B-Instruct")
    model, tokenizer = load(*map(str, paths))
    ids = LlmTokenizerWrapper.preprocess_texts([""], tokenizer, 128, decode=True)[0]
    return model.eval(), ids


def digits_reference(options) -> dict[str, np.ndarray]:
    """Return the texts of the trained models for the digit strings, one clip at a time, with confidence and times."""
    from fireredasr.models.fireredasr import FireRedAsr
    from fireredasr2s.fireredasr2 import FireRedAsr2, FireRedAsr2Config

    first = {
        **dict(use_gpu=0, beam_size=3, nbest=1, decode_max_len=0, softmax_smoothing=1.25, aed_length_penalty=0.6),
        **dict(eos_penalty=1.0, decode_min_len=0, repetition_penalty=1.0, llm_length_penalty=0.0, temperature=1.0),
    }
    config = FireRedAsr2Config(use_gpu=False, return_timestamp=True)
    runs = {
        "aed": lambda model: lambda wav: model.transcribe(["x"], [wav], first)[0],
        "llm": lambda model: lambda wav: model.transcribe(["x"], [wav], first)[0],
        "aed2": lambda model: lambda wav: model.transcribe(["x"], [wav])[0],
    }
    models = {
        "aed": FireRedAsr.from_pretrained("aed", str(options.aed)),
        "llm": FireRedAsr.from_pretrained("llm", str(options.llm)),
        "aed2": FireRedAsr2.from_pretrained("aed", str(options.aed2), config),
    }
    wavs = sorted(options.strings.glob("*.wav"))
    out: dict[str, np.ndarray] = {}
    for name, model in models.items():
        results = [runs[name](model)(str(wav)) for wav in wavs]
        out[f"{name}-texts"] = np.array([one["text"] for one in results])
        if name == "aed2":
            out["aed2-confidence"] = np.array([one["confidence"] for one in results])
            for index, one in enumerate(results):
                out[f"aed2-times-{index}"] = np.array([word[1:] for word in one["timestamp"]])
    return out


if __name__ == "__main__":
    main()
