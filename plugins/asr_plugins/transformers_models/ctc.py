"""CTC models (Graves et al. 2006): the probability of each token in each frame, and the best tokens in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from asr_plugins.transformers_models.catalogue import Kind
from asr_plugins.transformers_models.features import long_enough, make_batch
from asr_plugins.transformers_models.loading import load_model, load_part
from asr_plugins.transformers_models.vocabulary import Span, Vocabulary, read_vocabulary
from asrcli.errors import UsageError
from asrcli.types import SAMPLE_RATE, Samples
from asrcli.weights.plain import loading, quiet

# MMS (Pratap et al. 2023) is one network for a thousand languages, with small layers and letters for each: the layers
# are in ``adapter.CODE.safetensors`` beside the network, the letters in ``vocab.json`` under the same code.
# ISO 639-3 for the codes that asr uses, as MMS names them; where it has several scripts, the first that is there.
CODES = """
af:afr am:amh ar:ara as:asm az:azj-script_latin az:azj-script_cyrillic ba:bak be:bel bg:bul bn:ben bo:bod br:bre bs:bos
ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin fil:tgl fo:fao fr:fra gl:glg gu:guj
ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye id:ind is:isl it:ita ja:jpn jw:jav ka:kat kk:kaz km:khm kn:kan ko:kor
la:lat lb:ltz ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal mn:mon mr:mar ms:zlm mt:mlt my:mya ne:npi nl:nld
nn:nno no:nob oc:oci pa:pan pl:pol ps:pus pt:por ro:ron ru:rus sa:san sd:snd si:sin sk:slk sl:slv sn:sna so:som sq:sqi
sr:srp-script_latin sr:srp-script_cyrillic su:sun sv:swe sw:swh ta:tam te:tel tg:tgk th:tha tk:tuk tl:tgl tr:tur tt:tat
uk:ukr ur:urd-script_arabic uz:uzb-script_latin uz:uzb-script_cyrillic vi:vie yi:yid yo:yor yue:yue-script_traditional
zh:cmn-script_simplified
"""


class CtcModel:
    """A network that gives one distribution over its tokens per frame, in float32 whatever its ``dtype``.

    Raises:
        ModelError: the checkpoint is not complete.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self.folder = folder
        self.network = load_model(folder, Kind.CTC, device, dtype)
        self.extractor = load_part(folder, "AutoFeatureExtractor")
        self.tokenizer = load_part(folder, "AutoTokenizer")
        config = self.network.config
        self.adapter: str | None = None  # the language that is in place, of a model with one for each
        self.vocabulary = self._vocabulary()
        self.frame_seconds = frame_samples(self.network, self.extractor) / SAMPLE_RATE
        # wav2vec 2.0 "base" normalises over the whole clip (group norm): padding beside a clip would change it, and the
        # library takes no mask for these models. They recognise one clip at a time.
        self.one_by_one = getattr(config, "feat_extract_norm", None) == "group"
        self.device, self.dtype = device, self.network.dtype

    def _vocabulary(self) -> Vocabulary:
        config = self.network.config
        blank = config.pad_token_id if config.pad_token_id is not None else self.tokenizer.pad_token_id
        return read_vocabulary(self.folder, self.tokenizer, blank, config.vocab_size)

    def speak(self, language: str | None) -> None:
        """Make ready for a language; does nothing for a model that has one set of letters for all it speaks.

        Raises:
            UsageError: a model that must know the language is not told, or lacks it.
        """
        if getattr(self.network.config, "adapter_attn_dim", None) is None:
            return
        adapter = find_adapter(self.folder, language)
        if adapter != self.adapter:
            load_adapter(self.network, self.tokenizer, self.folder, adapter)
            self.adapter, self.vocabulary = adapter, self._vocabulary()

    def emissions(self, samples: Sequence[Samples]) -> list[NDArray[Any]]:
        """Return for each clip the log probabilities of its frames, float32 (frames, tokens).

        Clips too short for a word have no frames. The result for a clip does not depend on the clips beside it.
        """
        found: list[NDArray[Any]] = [np.zeros((0, len(self.vocabulary)), np.float32)] * len(samples)
        usable = [place for place, one in enumerate(samples) if long_enough(one)]
        for places in [[place] for place in usable] if self.one_by_one else [usable]:
            if places:
                rows = self._run([samples[place] for place in places])
                for place, row in zip(places, rows, strict=True):
                    found[place] = row
        return found

    def _run(self, samples: Sequence[Samples]) -> list[NDArray[Any]]:

        batch = make_batch(self.extractor, samples, self.device, self.dtype)
        with torch.inference_mode(), quiet():
            logits = self.network(**batch.inputs(masked=not self.one_by_one)).logits
            log_probs = torch.log_softmax(logits.float(), -1).cpu().numpy()
        counts = output_frames(self.network, batch.mask.sum(-1)).tolist()
        return [row[: int(count)] for row, count in zip(log_probs, counts, strict=True)]


def output_frames(network: Any, lengths: Any) -> Any:
    """Return how many frames the network gives for inputs of these lengths, a tensor (clips,)."""
    for name in ("_get_subsampling_output_length", "_get_feat_extract_output_lengths"):
        if (count := getattr(network, name, None)) is not None:
            return count(lengths).long()
    return lengths


def frame_samples(network: Any, extractor: Any) -> int:
    """Return the samples of sound per frame of the network's output."""
    config = network.config
    encoder = getattr(config, "encoder_config", config)
    for one in (config, encoder):
        if (ratio := getattr(one, "inputs_to_logits_ratio", None)) is not None:
            return int(ratio)
    return int(extractor.hop_length) * int(getattr(encoder, "subsampling_factor", 1))


def best_tokens(log_probs: NDArray[Any], blank: int) -> list[Span]:
    """Return the most probable token of each frame, equal neighbours as one, without blanks.

    A token's score is its highest probability.

    Args:
        log_probs: (frames, tokens).
        blank: number of the blank token.
    """
    if not len(log_probs):
        return []
    path = log_probs.argmax(-1)
    best = np.exp(log_probs.max(-1))
    edges = np.flatnonzero(np.diff(path)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.append(edges, len(path))
    return [
        Span(int(path[first]), int(first), int(past), float(min(1.0, best[first:past].max())))
        for first, past in zip(starts, ends, strict=True)
        if path[first] != blank
    ]


def find_adapter(folder: Path, language: str | None) -> str:
    """Return the code of the adapter for a language.

    Raises:
        UsageError: the language is not named, or its adapter is not in the folder.
    """
    here = sorted(path.name.split(".")[1] for path in folder.glob("adapter.*.safetensors"))
    shown = ", ".join(here[:8]) + (", ..." if len(here) > 8 else "") if here else "none"
    if language is None:
        raise UsageError(f"'{folder.name}' has letters of its own for each language: give --language (here: {shown})")
    pairs = [pair.split(":") for pair in CODES.split()]
    wanted = [adapter for code, adapter in pairs if code == language] or [language]
    for adapter in wanted:
        if adapter in here:
            return adapter
    raise UsageError(
        f"'{folder}' has no adapter for language '{language}', only: {shown}; "
        f"download adapter.{wanted[0]}.safetensors into it"
    )


def load_adapter(network: Any, tokenizer: Any, folder: Path, adapter: str) -> None:
    """Put the layers and the letters of a language in place.

    Raises:
        ModelError: the adapter is damaged, or the vocabulary has no letters for it.
    """
    with loading(f"the adapter '{adapter}' of '{folder}' cannot be loaded"):
        network.config._name_or_path = str(folder)
        network.load_adapter(adapter, force_load=True, local_files_only=True, use_safetensors=True)
        network.eval().requires_grad_(False)
        tokenizer.set_target_lang(adapter)
