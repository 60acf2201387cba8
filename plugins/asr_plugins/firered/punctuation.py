"""FireRedPunc: which sign stands after each word, from a BERT tagger (LERT, Cui et al. 2022, arXiv 2211.05344)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from asr_plugins.firered.checkpoint import MODEL, read_pickle
from asr_plugins.firered.config import size_of
from asrcli.companions import Punctuator
from asrcli.engine import Model, Weights
from asrcli.errors import ModelError
from asrcli.weights.configs import plain_config
from asrcli.weights.plain import plain_folder, read_json

BERT = "chinese-lert-base"  # folder with the shape and the tokenizer of the network
INPUTS = "chinese-bert-wwm-ext_vocab.txt"  # the numbers of the tokens as trained
OUTPUTS = "out_dict"  # the signs
NONE = " "  # the tag for no sign
MOST_POSITIONS = 1 << 16


class FireRedPunc(Punctuator):
    """Chinese and English; the tag of a word is that of its last piece."""

    name = "firered"
    requires = ("torch", "transformers")
    extra = "firered"
    weight_files = ("*.pth.tar", "*.safetensors")
    models: ClassVar[Mapping[str, Model]] = {
        "punc": Model(
            "FireRedTeam/FireRedPunc",
            None,
            102_000_000,
            None,
            ("zh", "en"),
            "Apache-2.0",
            "punc",
            (MODEL, INPUTS, OUTPUTS, f"{BERT}/*.json", f"{BERT}/*.txt"),
        )
    }
    default_model = "punc"

    def __init__(self, weights: Weights) -> None:
        from transformers import BertTokenizer

        folder = Path(weights.path or "")
        self.numbers = {token: number for number, token in enumerate(_lines(folder / INPUTS))}
        self.signs = [line or NONE for line in (NONE if one == "<space>" else one for one in _lines(folder / OUTPUTS))]
        if NONE not in self.signs:
            raise ModelError(f"{folder / OUTPUTS} has no tag for words without a sign; download the model again")
        with plain_folder(folder / BERT) as plain:
            self.tokenizer = BertTokenizer.from_pretrained(str(plain), local_files_only=True)
        args, tensors = read_pickle(folder / MODEL)
        self.first = size_of(args, "cls_id", str(folder / MODEL), least=0)
        self.network, self.longest = _build(folder, tensors, len(self.signs))

    def marks(self, texts: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the sign after each word, at most `longest` pieces tagged at once, as the authors do."""
        return [self._marks(words) for words in texts]

    def _marks(self, words: Sequence[str]) -> list[str]:
        unknown = self.numbers.get("[UNK]", 0)
        pieces = [self.tokenizer.tokenize(word.lower()) or ["[UNK]"] for word in words]
        numbers = [self.numbers.get(piece, unknown) for own in pieces for piece in own]
        tags = [
            tag for at in range(0, len(numbers), self.longest) for tag in self._tags(numbers[at : at + self.longest])
        ]
        found, last = [], -1
        for own in pieces:
            last += len(own)
            sign = self.signs[tags[last]]
            found.append("" if sign == NONE else sign)
        return found

    def _tags(self, numbers: Sequence[int]) -> list[int]:
        import torch

        bert, classifier = self.network
        with torch.inference_mode():
            inputs = torch.tensor([[self.first, *numbers]])
            hidden = bert(inputs, torch.ones_like(inputs)).last_hidden_state[:, 1:]
            tags: list[int] = classifier(hidden).argmax(-1)[0].tolist()
        return tags


def _build(folder: Path, tensors: Mapping[str, Any], outputs: int) -> tuple[tuple[Any, Any], int]:
    """Return the network (BERT, classifier) and how many pieces it tags at once."""
    import torch
    from transformers import BertConfig, BertModel

    shape = folder / BERT / "config.json"
    config = plain_config(BertConfig, read_json(shape), shape)
    if config.max_position_embeddings > MOST_POSITIONS:
        raise ModelError(f"'{shape}' is not loaded: it declares {config.max_position_embeddings} positions")
    with torch.device("meta"):
        bert = BertModel(config, add_pooling_layer=False)
        classifier = torch.nn.Linear(config.hidden_size, outputs)
    state = {name: tensor for name, tensor in tensors.items() if not name.endswith("position_ids")}
    try:
        for network, prefix in ((bert, "bert."), (classifier, "classifier.")):
            own = {name.removeprefix(prefix): one for name, one in state.items() if name.startswith(prefix)}
            own = {name: one for name, one in own.items() if not name.startswith("pooler.")}
            network.load_state_dict(own, strict=True, assign=True)
    except RuntimeError as error:
        raise ModelError(f"{folder / MODEL} does not fit {BERT}: {str(error).splitlines()[-1].strip()}") from error
    # Made from the shape alone, and not in the file.
    bert.embeddings.position_ids = torch.arange(config.max_position_embeddings)[None]
    bert.embeddings.token_type_ids = torch.zeros_like(bert.embeddings.position_ids)
    for network in (bert, classifier):
        network.eval().requires_grad_(False)
    return (bert, classifier), config.max_position_embeddings - 1


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip().split(" ")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}); download the model again") from error
