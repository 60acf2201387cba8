"""FireRedASR-LLM: the encoder's frames, through an adapter, in the place of one token of a Qwen2 prompt.

Each clip brings its own number of frames; clips of a batch are padded on the left and the padding is masked, so that a
clip gives the same text alone and in a batch. (The official code shows the padding to the model as speech.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asr_plugins.firered.aed import pad
from asr_plugins.firered.checkpoint import LLM_FOLDER, Checkpoint
from asr_plugins.firered.config import BEAMS, encoder_config
from asr_plugins.firered.features import FeatureExtractor
from asr_plugins.firered.weights import build_encoder, build_linear, report_unused
from asrcli.base.files import brief
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import ModelError
from asrcli.types import Samples
from asrcli.weights.configs import check_no_adapter, check_size, plain_config
from asrcli.weights.plain import check_no_pointer, loading, plain_folder, quiet, read_json
from asrcli.weights.tensors import Tensors

BEFORE = "<|im_start|>user\n"  # the prompt of the training, with the speech between the two halves
AFTER = "请转写音频为文字<|im_end|>\n<|im_start|>assistant\n"
SPLICED = 2  # encoder frames that make one frame for the language model: 80 ms
LORA_ALPHA = 16  # fixed in the official code, not written in the files
LORA = "llm.base_model.model."
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """How to write the answer. The defaults are those of the second-generation API.

    The first generation recommended a repetition penalty of 3.0, which damages real repeats, such as digits.
    """

    beams: int = BEAMS
    nbest: int = 1
    max_tokens: int = 0  # 0: as many as the utterance has frames of 80 ms
    repetition_penalty: float = 1.0
    length_penalty: float = 0.0
    scored: bool = False  # with scores, for which the scores of all tokens of all steps are kept


@dataclass(frozen=True, slots=True)
class Answer:
    """What the language model wrote for one clip."""

    text: str
    tokens: tuple[int, ...]  # without the end token
    finished: bool  # the model ended it; otherwise the limit did
    score: float = 0.0  # what the search ranks by: the sum of the log probabilities over length ** length penalty
    log_probs: tuple[float, ...] = ()  # of each token, after the repetition penalty; () when not asked for


class LlmModel:
    """Recognises clips with the language model.

    Raises:
        ModelError: weights or tokenizer are missing or do not belong together.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> None:
        tensors, source = checkpoint.tensors, checkpoint.tensors.source
        encoder = encoder_config(checkpoint.encoder_args, source)
        self.features = FeatureExtractor(checkpoint.folder / "cmvn.ark", encoder.bins)
        self.device, self.dtype = device, dtype
        self.tokenizer = load_tokenizer(checkpoint.folder / LLM_FOLDER)
        self.llm = load_qwen2(checkpoint.folder / LLM_FOLDER, tensors, dtype).to(device)
        self.encoder = build_encoder(encoder, tensors).to(device, dtype)
        hidden = int(self.llm.config.hidden_size)
        self.adapter1 = build_linear(tensors, "encoder_projector.linear1", hidden, SPLICED * encoder.width)
        self.adapter2 = build_linear(tensors, "encoder_projector.linear2", hidden, hidden)
        self.adapter1.to(device, dtype)
        self.adapter2.to(device, dtype)
        report_unused(tensors)
        with torch.inference_mode():
            self.before, self.after = self._embed(BEFORE), self._embed(AFTER)

    def transcribe(self, clips: Sequence[Samples], options: LlmOptions) -> list[tuple[Answer, ...]]:
        """Return the best answers for each clip in [-1, 1], the best first; () for less than two encoder frames."""
        features = [self.features(clip) for clip in clips]
        usable = [index for index, one in enumerate(features) if len(one)]
        answers: list[tuple[Answer, ...]] = [()] * len(clips)
        if not usable:
            return answers
        with torch.inference_mode():
            padded, lengths = pad([features[index] for index in usable], self.device, self.dtype)
            speech = self._adapt(*self.encoder(padded, lengths))
            spoken = [place for place, frames in enumerate(speech) if len(frames)]
            if not spoken:
                return answers
            for place, found in zip(spoken, self._generate([speech[place] for place in spoken], options), strict=True):
                answers[usable[place]] = found
        return answers

    def prompt(self, speech: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the prompts with speech (each (frames, hidden)) as embeddings, padded on the left, and their mask."""
        rows = [torch.cat((self.before, frames, self.after)) for frames in speech]
        longest = max(len(row) for row in rows)
        embeddings = torch.stack([F.pad(row, (0, 0, longest - len(row), 0)) for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=self.device)
        return embeddings, mask

    def _embed(self, text: str) -> Tensor:
        ids = self.tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids[0]
        embedded: Tensor = self.llm.get_input_embeddings()(ids.to(self.device))
        return embedded

    def _adapt(self, encoded: Tensor, lengths: Tensor) -> list[Tensor]:
        """Splice pairs of frames and project them; one tensor (frames, hidden) per clip, without an odd last frame."""
        batch, frames, width = encoded.shape
        spliced = encoded[:, : frames - frames % SPLICED].reshape(batch, -1, SPLICED * width)
        adapted = self.adapter2(F.relu(self.adapter1(spliced)))
        return [one[: length // SPLICED] for one, length in zip(adapted, lengths.tolist(), strict=True)]

    def _generate(self, speech: Sequence[Tensor], options: LlmOptions) -> list[tuple[Answer, ...]]:
        from transformers import (
            GenerationConfig,
            LogitsProcessorList,
            RepetitionPenaltyLogitsProcessor,
            StoppingCriteriaList,
        )

        limits = [options.max_tokens or len(frames) for frames in speech]
        embeddings, mask = self.prompt(speech)
        nbest = min(options.nbest, options.beams)
        config = GenerationConfig(
            max_new_tokens=max(limits),
            num_beams=options.beams,
            num_return_sequences=nbest,
            do_sample=False,
            length_penalty=options.length_penalty if options.beams > 1 else None,
            bos_token_id=self.tokenizer.convert_tokens_to_ids("<|im_start|>"),
            eos_token_id=self._end,
            pad_token_id=self.tokenizer.convert_tokens_to_ids("<|endoftext|>"),
            return_dict_in_generate=True,
            output_scores=options.scored,
        )
        # Through the configuration the penalty would skip as many tokens as the clip has padding in front.
        penalty = options.repetition_penalty
        processors = [RepetitionPenaltyLogitsProcessor(penalty)] if penalty != 1.0 else []
        written = self.llm.generate(
            inputs_embeds=embeddings,
            attention_mask=mask,
            generation_config=config,
            logits_processor=LogitsProcessorList(processors),
            stopping_criteria=StoppingCriteriaList([OwnLimit(torch.tensor(limits, device=self.device))]),
        )
        answers = [self._answer(row) for row in written.sequences.tolist()]
        if options.scored:
            answers = list(self._scored(answers, written))
        return [tuple(answers[start : start + nbest]) for start in range(0, len(answers), nbest)]

    def _scored(self, answers: Sequence[Answer], written: Any) -> Iterator[Answer]:
        """Yield the answers with their scores, as the search counted them."""
        beams = getattr(written, "beam_indices", None)  # without them logits were kept, and not log probabilities
        scores = self.llm.compute_transition_scores(
            written.sequences, written.scores, beams, normalize_logits=beams is None
        ).tolist()
        ranked = scores if beams is None else written.sequences_scores.tolist()
        for answer, row, rank in zip(answers, scores, ranked, strict=True):
            score = sum(row[: len(answer.tokens) + answer.finished]) if beams is None else rank
            yield replace(answer, score=score, log_probs=tuple(row[: len(answer.tokens)]))

    @property
    def _end(self) -> int:
        return int(self.tokenizer.convert_tokens_to_ids("<|im_end|>"))

    def _answer(self, row: Sequence[int]) -> Answer:
        finished = self._end in row
        padding = self.tokenizer.convert_tokens_to_ids("<|endoftext|>")
        tokens = tuple(row[: row.index(self._end)] if finished else [one for one in row if one != padding])
        text = self.tokenizer.decode(tokens, skip_special_tokens=True).strip().lower()
        return Answer(text, tokens, finished)


class OwnLimit:
    """Stops each utterance of a batch at its own number of tokens, as if it were alone."""

    def __init__(self, limits: Tensor) -> None:
        self.limits = limits  # (utterances,)

    def __call__(self, tokens: Tensor, scores: Any, **_: Any) -> Tensor:
        """Return which rows are full; `tokens` (utterances x candidates, generated tokens)."""
        repeated = self.limits.repeat_interleave(tokens.shape[0] // len(self.limits))
        return tokens.shape[1] >= repeated


def load_tokenizer(folder: Path) -> Any:
    """Load the tokenizer of the Qwen2 folder, offline and without code from it.

    Raises:
        ModelError: it is missing or has not the tokens of the prompt.
    """
    from transformers import AutoTokenizer

    if not folder.is_dir():
        raise ModelError(f"{folder} is missing: put the folder of Qwen/Qwen2-7B-Instruct there, or a link to it")
    with loading(f"{folder} has no readable tokenizer"), plain_folder(folder, "qwen2") as plain:
        tokenizer = AutoTokenizer.from_pretrained(str(plain), local_files_only=True, trust_remote_code=False)
    known = tokenizer.get_vocab()
    for token in ("<|im_start|>", "<|im_end|>", "<|endoftext|>"):
        if token not in known:
            raise ModelError(f"{folder}: the tokenizer does not know '{token}'; it is not that of Qwen2")
    return tokenizer


def load_qwen2(folder: Path, tensors: Tensors, dtype: torch.dtype) -> Any:
    """Load the language model from safetensors and add the LoRA weights of the checkpoint to it.

    Raises:
        ModelError: the weights are missing, damaged, pickled, or another architecture.
    """
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    for file in sorted(folder.glob("*.safetensors")):
        check_no_pointer(file)
    try:
        data = read_json(folder / "config.json")
        kind = data.get("model_type")
        if kind != "qwen2":
            raise ModelError(f"{folder} holds a '{kind}' model; FireRedASR-LLM needs Qwen2-7B-Instruct")
        check_no_adapter(folder)
        config = plain_config(Qwen2Config, data, folder / "config.json")
        check_size(lambda: Qwen2ForCausalLM(config), folder)
        with quiet():
            model = Qwen2ForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                attn_implementation="sdpa",
            )
    except ModelError:
        raise
    except Exception as error:  # of the library and of Rust, in a dozen kinds
        if is_out_of_memory(error):
            raise
        raise ModelError(f"{folder} cannot be loaded ({brief(error)}); download it again") from error
    # The folder's own settings (sampling, top_k, a repetition penalty) are for chat.
    model.generation_config = GenerationConfig()
    merge_lora(model, tensors)
    return model.eval().requires_grad_(False)


def merge_lora(model: nn.Module, tensors: Tensors) -> None:
    """Add every low-rank update to the weight it belongs to, in float32: W += alpha / r B A (arXiv 2106.09685).

    Raises:
        ModelError: the checkpoint has no LoRA weights, or not for every projection.
    """
    for name, module in model.named_modules():
        if name.rsplit(".", 1)[-1] not in PROJECTIONS:
            continue
        down = tensors.take(f"{LORA}{name}.lora_A.default.weight").float()
        up = tensors.take(f"{LORA}{name}.lora_B.default.weight", len(module.weight), len(down)).float()
        merged = module.weight.float() + (LORA_ALPHA / len(down)) * (up @ down)
        module.weight.data = merged.to(module.weight.dtype)
