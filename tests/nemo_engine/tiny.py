"""Tiny FastConformer models with random weights, as `.nemo` archives, built with NeMo itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.nemo_engine.layout import Shape, ctc_config, transducer_config

SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "and so my fellow americans ask not what your country can do for you",
    "transcribe the following audio please. yes, it works!",
)
SHAPE = Shape(layers=2, width=32)


def tokenizer(folder: Path) -> Path:
    """Train the sentencepiece model that NeMo wants, with its three files, and return the folder."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "corpus.txt"
    text.write_text("\n".join(SENTENCES * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=64,
        model_type="bpe",
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    pieces = [line.split("\t")[0] for line in (folder / "tokenizer.vocab").read_text().splitlines()]
    (folder / "vocab.txt").write_text("\n".join(pieces[1:]) + "\n")
    return folder


def ctc(folder: Path) -> Path:
    """Write ``ctc.nemo`` and return its path."""
    import torch
    from nemo.collections.asr.models import EncDecCTCModelBPE
    from omegaconf import OmegaConf

    config = ctc_config(tokenizer(folder / "tokenizer"), SHAPE)
    torch.manual_seed(0)
    return _saved(EncDecCTCModelBPE(cfg=OmegaConf.create(config)), folder / "ctc.nemo")


def transducer(folder: Path, kind: str = "tdt") -> Path:
    """Write ``tdt.nemo`` or ``rnnt.nemo`` and return its path."""
    import torch
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    shape = replace(SHAPE, durations=(0, 1, 2, 3, 4)) if kind == "tdt" else SHAPE
    config = transducer_config(tokenizer(folder / "tokenizer"), shape)
    torch.manual_seed(0)
    return _saved(EncDecRNNTBPEModel(cfg=OmegaConf.create(config)), folder / f"{kind}.nemo")


def _saved(model: Any, path: Path) -> Path:
    model.eval().save_to(str(path))
    return path
