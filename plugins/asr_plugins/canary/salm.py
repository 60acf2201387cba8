"""The NeMo backend: Canary-Qwen by NVIDIA's own code (class SALM of nemo_toolkit 3.0).

The model is built from the checked configuration and filled here, since NeMo's own loader passes over missing weights
and would follow whatever a configuration names.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from asr_plugins.canary.layout import LLM_CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS, Layout
from asr_plugins.canary.native import batches
from asr_plugins.canary.tokens import INSTRUCTION, Tokens, without_markers
from asr_plugins.nemo.quiet import output_held_back
from asr_plugins.qwen3.decoding import End, Written
from asrcli.base.files import brief, cause
from asrcli.errors import EngineUnavailable, ModelError
from asrcli.types import Samples

TIED = "llm.base_model.model.lm_head.weight"  # is the embedding, and not in the file


class SalmModel:
    """Recognises clips and answers prompts; the same as `asr_plugins.canary.native.NativeModel`.

    Args:
        tokens: its tokenizer, which NeMo's has to agree with.
        dtype: of weights and activations.

    Raises:
        EngineUnavailable: NeMo does not import.
        ModelError: the weights do not fit.
    """

    def __init__(self, layout: Layout, tokens: Tokens, device: torch.device, dtype: torch.dtype) -> None:
        self.tokens, self.device = tokens, device
        self.ends = (tokens.end, tokens.pad)
        with output_held_back():
            self.model = _load(layout)
            self.model.eval().to(dtype).to(device)
        self.model.perception.preprocessor.featurizer.dither = 0.0
        if self.model.audio_locator_tag_id != tokens.tag or self.model.text_pad_id != tokens.pad:
            raise ModelError(
                f"'{layout.folder}': NeMo reads another tokenizer there than tokenizer.json; copy it again"
            )
        self.instruction = f"{INSTRUCTION}{layout.audio_tag}"

    def transcribe(self, clips: Sequence[Samples], limits: Sequence[int]) -> list[Written]:
        """Return the text of each clip of at least two feature frames, of at most this many tokens."""
        audio = pad_sequence([torch.from_numpy(clip) for clip in clips], batch_first=True).to(self.device)
        with output_held_back():
            found = self.model.generate(
                prompts=[[{"role": "user", "content": self.instruction}] for _ in clips],
                audios=audio,
                audio_lens=torch.tensor([len(clip) for clip in clips], device=self.device),
                generation_config=self._settings(max(limits)),
            )
        return [cut(row, limit, self.ends) for row, limit in zip(found.tolist(), limits, strict=True)]

    def answer(self, texts: Sequence[str], limit: int) -> list[Written]:
        """Return the plain language model's answer to each text, by NeMo's prompt of Qwen3 without thinking."""
        ids = [self._prompt(text) for text in texts]
        written: dict[int, Written] = {}
        for rows in batches([len(one) + limit for one in ids]):
            longest = max(len(ids[row]) for row in rows)
            padded = torch.full((len(rows), longest), self.tokens.pad)
            for place, row in enumerate(rows):
                padded[place, longest - len(ids[row]) :] = ids[row]
            with output_held_back(), self.model.llm.disable_adapter():
                found = self.model.generate(prompts=padded.to(self.device), generation_config=self._settings(limit))
            for row, one in zip(rows, found[:, longest:].tolist(), strict=True):  # the prompt comes back, too
                written[row] = cut(one, limit, self.ends)
        return [written[row] for row in range(len(texts))]

    def _prompt(self, text: str) -> Tensor:
        from nemo.collections.common.prompts import PromptFormatter

        turns = [{"role": "user", "content": without_markers(text)}]
        ids: Tensor = PromptFormatter.resolve("qwen3")(self.model.tokenizer).encode_dialog(
            turns, enable_thinking=False
        )["input_ids"]
        return ids

    def _settings(self, limit: int) -> Any:
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=limit + 1,  # shows whether the text ends there
            do_sample=False,
            bos_token_id=None,
            eos_token_id=list(self.ends),
            pad_token_id=self.tokens.pad,
        )


def cut(row: Sequence[int], limit: int, ends: Collection[int]) -> Written:
    """Return what one row of a batch says: up to its end, and no longer than it would be alone."""
    for at, token in enumerate(row[: limit + 1]):
        if token in ends:
            return Written(tuple(row[:at]), End.DONE, None)
    return Written(tuple(row[:limit]), End.LIMIT, None)


def _lay_out(layout: Layout, folder: Path) -> dict[str, Any]:
    """Write the checked configurations into a folder, beside the tokenizer, and return what NeMo needs besides."""
    texts = {LLM_CONFIG: layout.llm, TOKENIZER_CONFIG: layout.tokenizer}
    for name, config in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(config), encoding="utf-8")
    shutil.copyfile(layout.folder / TOKENIZER, folder / TOKENIZER)
    return {
        "tokenizer_path": str(folder),
        "pretrained_llm": str((folder / LLM_CONFIG).parent),
        "pretrained_asr": "nvidia/canary-1b-flash",  # not fetched, since
        "pretrained_weights": False,  # all of them are in the one file
        "freeze_params": [],  # of training
        "prevent_freeze_params": [],
    }


def _load(layout: Layout) -> Any:
    """Build NeMo's model and fill it from the checkpoint, strictly."""
    try:
        from nemo.collections.speechlm2.models import SALM
        from nemo.utils import logging
    except (ImportError, OSError) as error:  # OSError: a library of another CUDA, such as torchaudio's
        raise EngineUnavailable(
            f"NeMo does not import ({type(error).__name__}: {cause(error)}); --backend native needs no NeMo"
        ) from error
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    logging.setLevel(logging.ERROR)
    path = layout.folder / WEIGHTS
    with TemporaryDirectory(prefix="asr-canary-") as made:
        model = SALM({**layout.salm, **_lay_out(layout, Path(made))})
    try:
        missing, unexpected = model.load_state_dict(load_file(path), strict=False)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(f"'{path}' cannot be loaded ({brief(error)}); download it again") from error
    tied = model.llm.base_model.model.lm_head.weight is model.embed_tokens.weight
    wrong = sorted({*missing} - ({TIED} if tied else set())) + sorted(unexpected)
    if wrong:
        raise ModelError(f"'{path}' does not fit: '{wrong[0]}' and {len(wrong) - 1} more are missing or too many")
    return model
