"""Random models of FireRedVAD, FireRedLID and FireRedPunc in their official layouts, made the same way anywhere.

Both the tests and `make_companions_reference.py`, which runs the official code on the same folders, read this file.
"""

from __future__ import annotations

import argparse
import json
import struct
from pathlib import Path

import numpy as np
import torch

LABELS = ("<pad>", "<unk>", "<sos>", "<eos>", "zh", "en", "ja", "yue", "mandarin", "sichuan")
SIGNS = ("<space>", "，", "。", "？", "！")
TEXTS = (
    "今 天 天 气 很 好 我 们 去 公 园 吧",
    "hello how are you today",
    "我 说 ok 你 呢",
    "don't stop there are seven words",
    "魑 魅 好",
)
VAD_SHAPES = {"VAD": (4, 5, 2, 3, 1), "Stream-VAD": (3, 4, 1, 0, 0)}  # R, N1, S1, N2, S2


def sound(number: int) -> np.ndarray:
    """Return bursts of noise of different loudness (n,), 16-bit integers, 1.3 to 4.5 s."""
    random = np.random.RandomState(100 + number)
    levels = np.repeat(10 ** random.uniform(0.5, 3.8, 18), 1600 * (1 + number % 3))[: 21_000 + 13_337 * (number % 4)]
    return np.clip(random.standard_normal(len(levels)) * levels, -32768, 32767).astype(np.int16)


def vad_folder(folder: Path, name: str) -> Path:
    """Write a model for whole recordings (``VAD``) or for streams (``Stream-VAD``)."""
    random = np.random.RandomState(7)
    blocks, before, before_stride, after, after_stride = VAD_SHAPES[name]
    args = argparse.Namespace(
        idim=80, odim=1, R=blocks, M=2, H=24, P=16, N1=before, S1=before_stride, N2=after, S2=after_stride, dropout=0.1
    )
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, outputs: int, inputs: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs)
        if bias:
            shapes[f"{name}.bias"] = (outputs,)

    linear("dfsmn.fc1.0", 24, 80)
    linear("dfsmn.fc2.0", 16, 24)
    memories = ["dfsmn.fsmn1"]
    for number in range(blocks - 1):
        linear(f"dfsmn.fsmns.{number}.fc1.0", 24, 16)
        linear(f"dfsmn.fsmns.{number}.fc2", 16, 24, bias=False)
        memories.append(f"dfsmn.fsmns.{number}.fsmn")
    for memory in memories:
        shapes[f"{memory}.lookback_filter.weight"] = (16, 1, before)
        if after:
            shapes[f"{memory}.lookahead_filter.weight"] = (16, 1, after)
    linear("dfsmn.dnns.0", 24, 16)
    linear("dfsmn.dnns.3", 24, 24)
    linear("out", 1, 24)
    state = {key: _tensor(random, shape) for key, shape in shapes.items()}
    return _save(folder, args, state)


def lid_folder(folder: Path, state: dict[str, torch.Tensor], args: argparse.Namespace) -> Path:
    """Write a language identifier with the encoder of an AED case and a decoder of its own."""
    random = np.random.RandomState(11)
    args = argparse.Namespace(**{**vars(args), "lid_odim": len(LABELS), "sos_id": 2, "eos_id": 3, "pad_id": 0})
    own: dict[str, torch.Tensor] = {}
    for name, tensor in sorted(state.items()):
        if name.startswith("encoder."):
            own[name] = tensor
        elif name.startswith("decoder."):
            shape = (len(LABELS), tensor.shape[1]) if name.endswith(("emb.weight", "prj.weight")) else tensor.shape
            own[name.replace("decoder.", "lid_decoder.", 1)] = _tensor(random, tuple(shape))
    own["lid_decoder.tgt_word_prj.weight"] = own["lid_decoder.tgt_word_emb.weight"]
    _save(folder, args, own)
    (folder / "dict.txt").write_text("".join(f"{label} {number}\n" for number, label in enumerate(LABELS)))
    return folder


def punc_folder(folder: Path) -> Path:
    """Write a punctuation model over the characters and words of `TEXTS`."""
    from transformers import BertConfig, BertModel

    random = np.random.RandomState(13)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = [char for char in sorted({char for text in TEXTS for char in text.split()}) if char not in "魑魅"]
    pieces = ["don", "'", "t", "wor", "##ds", "sev", "##en"]
    vocabulary = special + [one for one in known if one not in ("don't", "words", "seven")] + pieces
    bert = folder / "chinese-lert-base"
    bert.mkdir(parents=True)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=9,
    )  # fmt: skip
    (bert / "config.json").write_text(json.dumps(config.to_dict()))
    (bert / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (bert / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}))
    (folder / "chinese-bert-wwm-ext_vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "out_dict").write_text("\n".join(SIGNS) + "\n")
    network = BertModel(config, add_pooling_layer=False)
    state = {f"bert.{name}": _tensor(random, tuple(one.shape)) for name, one in sorted(network.state_dict().items())}
    state |= {name: one * 0.05 for name, one in state.items() if name.endswith("bias")}  # the words shall decide
    state["bert.embeddings.word_embeddings.weight"] *= 8
    state |= {name: one + 1 for name, one in state.items() if name.endswith("LayerNorm.weight")}
    state["classifier.weight"] = _tensor(random, (len(SIGNS), 32)) * 3
    state["classifier.weight"] -= state["classifier.weight"].mean(1, keepdim=True)
    state["classifier.bias"] = torch.zeros(len(SIGNS))
    args = argparse.Namespace(
        odim=len(SIGNS), cls_id=2, ignore_index=-100, classifier_dropout=0.1, pretrained_bert="x", bert=None
    )
    package = {"args": args, "model_state_dict": state}
    torch.save(package, folder / "model.pth.tar")
    return folder


def _tensor(random: np.random.RandomState, shape: tuple[int, ...]) -> torch.Tensor:
    scale = 1.0 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.3
    return torch.from_numpy((random.standard_normal(shape) * scale * 1.5).astype(np.float32))


def _save(folder: Path, args: argparse.Namespace, state: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"args": args, "model_state_dict": state}, folder / "model.pth.tar")
    means, count = np.linspace(8.0, 14.0, 80), 1000.0
    rows = np.vstack([np.append(means * count, count), np.append((means**2 + 9.0) * count, 0.0)])
    header = b"\0BDM \x04" + struct.pack("<i", 2) + b"\x04" + struct.pack("<i", 81)
    (folder / "cmvn.ark").write_bytes(header + rows.astype("<f8").tobytes())
    return folder
