"""Hostile values and keys at every place of the configurations that NeMo and Canary-Qwen get: refused, or left out."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asr_plugins.nemo.allowed import QWEN3, QWEN3_TOKENIZER, SALM
from asr_plugins.nemo.checked import checked, model_config

from asrcli.errors import ModelError
from tests.nemo_engine.layout import Shape, ctc_config, transducer_config

Place = tuple[str | int, ...]
SHAPE, MODELS = Shape(2, 32, durations=(0, 1, 2)), "nemo.collections.asr.models."
VALUES: list[Any] = [
    "${oc.env:HOME}", "${oc.decode:${oc.env:HOME}}", "$${oc.env:HOME}", "\\${oc.env:HOME}", "${ oc.env:HOME }",
    "${oc.create:x}", "${oc.select:a}", "a${model.sample_rate}b", "${file:/etc/passwd}", "${.}", "${..target}",
    "${model}", "${__class__}",
    {"_target_": "os.system", "command": "true"},
    {"_target_": "nemo.utils.cloud.maybe_download_from_cloud", "url": "http://x"},
    {"_target_": "nemo.collections.asr.modules.ConvASRDecoder", "_args_": [1]},
    {"_target_": "builtins.eval", "_partial_": True},
    {"_target_": "torch.load", "f": "x", "_recursive_": True, "_convert_": "all"},
]  # fmt: skip
KEYS: dict[str, Any] = {
    "_target_": "os.system", "_args_": [1], "_partial_": True, "_recursive_": False, "_convert_": "all",
    "trust_remote_code": True, "auto_map": {"AutoModel": "x.Y"}, "cls": "os.system", "${oc.env:HOME}": 1,
}  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def configurations(checkpoints: Path) -> Iterator[tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]]:
    """Yield each configuration with what checks it."""
    tokenizer = {"type": "bpe", "dir": None, "model_path": "nemo:tok.model", "vocab_path": "nemo:vocab.txt"}
    for made, name in (
        (ctc_config, "ctc_bpe_models.EncDecCTCModelBPE"),
        (transducer_config, "rnnt_bpe_models.EncDecRNNTBPEModel"),
    ):
        config = made(Path("x"), SHAPE) | {"target": MODELS + name, "tokenizer": tokenizer}
        yield config, lambda one: model_config(one, "x")
    folder = checkpoints / "canary-qwen-digits"
    yield read(folder / "config.json"), lambda one: checked(one, SALM, "x")
    yield read(folder / "llm_backbone/config.json"), lambda one: checked(one, QWEN3, "x")
    yield read(folder / "tokenizer_config.json"), lambda one: checked(one, QWEN3_TOKENIZER, "x")


def places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every place in a configuration, of lists the first two."""
    yield at, value
    inside = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*at, key))


def with_value(config: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(config)
    inside: Any = found
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return found


def said(value: Any) -> Iterator[str]:
    """Yield the keys and the texts of a configuration."""
    for place, one in places(value):
        yield from (str(part) for part in place[-1:])
        if isinstance(one, str):
            yield one


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_that_runs_or_reads_gets_through_at_any_place(checkpoints: Path) -> None:
    tried = refused = 0
    for config, check in configurations(checkpoints):
        known = set(said(check(copy.deepcopy(config))))
        for place, inside in places(config):
            values = [with_value(config, place, value) for value in VALUES] if place else []
            keys = [with_value(config, (*place, key), KEYS[key]) for key in KEYS] if isinstance(inside, dict) else []
            for hostile in values + keys:
                tried += 1
                try:
                    came = set(said(check(hostile)))
                except ModelError as error:
                    assert "\n" not in str(error), place
                    refused += 1
                    continue
                assert came <= known, (place, came - known)
    assert tried > 4000 and refused > tried // 2, (tried, refused)
