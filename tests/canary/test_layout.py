"""Folders that are not whole, not Canary-Qwen, or hostile: refused with a reason, before anything of them runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from asr_plugins.canary.layout import read_layout
from asr_plugins.canary.tokens import Tokens
from safetensors.torch import load_file, save_file

from asrcli.engine import Engine, Weights
from asrcli.errors import ModelError

Load = Callable[..., Engine]


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(
    "missing",
    ["tokenizer.json", "tokenizer_config.json", "llm_backbone/config.json", "model.safetensors", "config.json"],
)
def test_a_missing_file_is_named_with_the_remedy(changed: Path, load: Load, missing: str) -> None:
    (changed / missing).unlink()
    with pytest.raises(ModelError, match="asr engines pull canary") as caught:
        load(changed)
    assert missing in str(caught.value)


def test_an_empty_tokenizer(changed: Path, load: Load) -> None:
    """With this one NeMo loads without a word, and every prompt is no tokens at all."""
    edit(
        changed / "tokenizer.json",
        lambda data: data["model"].update(vocab={}, merges=[]) or data.update(added_tokens=[]),
    )
    with pytest.raises(ModelError, match="does not know"):
        load(changed)


def test_a_tokenizer_of_another_model(changed: Path, load: Load) -> None:
    layout = read_layout(changed)
    with pytest.raises(ModelError, match="151669"):
        Tokens(replace(layout, llm={**layout.llm, "vocab_size": 151_936}))


def test_a_tokenizer_with_more_tokens_than_the_model(changed: Path) -> None:
    edit(changed / "llm_backbone/config.json", lambda data: data.update(vocab_size=700))
    with pytest.raises(ModelError, match="the model has 700"):
        Tokens(read_layout(changed))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
@pytest.mark.parametrize("file", ["config.json", "llm_backbone/config.json", "tokenizer.json"])
def test_damaged_files(changed: Path, load: Load, file: str, content: bytes) -> None:
    (changed / file).write_bytes(content)
    with pytest.raises(ModelError, match=file.split("/")[-1]):
        load(changed)


def spoil(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    "name",
    [
        "perception.proj.bias",
        "perception.preprocessor.featurizer.window",
        "perception.encoder.layers.3.conv.batch_norm.running_var",
        "llm.base_model.model.model.layers.2.mlp.up_proj.weight",
        "llm.base_model.model.model.layers.1.self_attn.v_proj.lora_B.default.weight",
        "embed_tokens.weight",
    ],
)
def test_a_missing_tensor(changed: Path, load: Load, name: str) -> None:
    spoil(changed, lambda tensors: tensors.pop(name))
    with pytest.raises(ModelError):
        load(changed)


@pytest.mark.parametrize(
    "name",
    [
        "perception.encoder.extra.weight",
        "perception.extra",
        "llm.base_model.model.model.layers.9.x",
        "llm.base_model.model.model.layers.2.mlp.up_proj.lora_A.default.weight",  # of a projection without LoRA
        "other",
    ],
)
def test_a_tensor_too_many(changed: Path, load: Load, name: str) -> None:
    spoil(changed, lambda tensors: tensors.update({name: torch.zeros(2)}))
    with pytest.raises(ModelError):
        load(changed)


def test_weights_without_lora(changed: Path, load: Load) -> None:
    def plain(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            if "lora_" in name:
                del tensors[name]
            elif ".base_layer" in name:
                tensors[name.replace(".base_layer", "")] = tensors.pop(name)

    spoil(changed, plain)
    with pytest.raises(ModelError, match="no LoRA"):
        load(changed)


def test_another_shape(changed: Path, load: Load) -> None:
    edit(changed / "config.json", lambda data: data["perception"]["encoder"].update(n_heads=2))
    with pytest.raises(ModelError, match="bias_u"):
        load(changed)


def test_weights_cut_off(changed: Path, load: Load) -> None:
    whole = (changed / "model.safetensors").read_bytes()
    (changed / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="download it again"):
        load(changed)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("preprocessor", {"normalize": "all_features"}),
        ("encoder", {"xscaling": True}),
        ("encoder", {"self_attention_model": "rel_pos_local_attn"}),
        ("encoder", {"att_context_size": [70, 13]}),
        ("encoder", {"conv_norm_type": "layer_norm"}),
        ("modality_adapter", {"_target_": "nemo.collections.speechlm2.modules.perception.QformerConnector"}),
    ],
)
def test_architectures_that_are_not_computed_here(changed: Path, load: Load, part: str, change: dict[str, Any]) -> None:
    edit(changed / "config.json", lambda data: data["perception"][part].update(change))
    with pytest.raises(ModelError, match=r"config\.json"):
        load(changed)


@pytest.mark.parametrize("part", ["preprocessor", "encoder", "modality_adapter"])
@pytest.mark.parametrize("target", ["os.system", "subprocess.run", "", "nemo.core.x"])
def test_code_from_elsewhere_is_not_loaded(changed: Path, load: Load, part: str, target: str) -> None:
    edit(changed / "config.json", lambda data: data["perception"][part].update(_target_=target))
    with pytest.raises(ModelError, match="not loaded"):
        load(changed)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("preprocessor", {"window": {"_target_": "os.system"}}),
        ("preprocessor", {"use_torchaudio": True}),
        ("encoder", {"d_model": "${oc.env:SECRET}"}),
        ("encoder", {"checkpoint": "/etc/passwd"}),
        ("encoder", {"_target_": "nemo.utils.cloud.maybe_download_from_cloud", "url": "http://127.0.0.1/"}),
        ("encoder", {"_target_": "nemo.collections.common.tokenizers.AutoTokenizer", "trust_remote_code": True}),
        ("encoder", {"n_layers": 10**9}),
        ("modality_adapter", {"model": "x"}),
    ],
)
def test_what_nemo_would_build_is_in_the_table(changed: Path, load: Load, part: str, change: dict[str, Any]) -> None:
    edit(changed / "config.json", lambda data: data["perception"][part].update(change))
    for backend in ("native", "nemo"):
        with pytest.raises(ModelError, match=r"config\.json' is not loaded: ") as caught:
            load(changed, backend)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [{"audio_locator_tag": "${oc.env:SECRET}"}, {"more": ["${now:%Y}"]}])
def test_no_resolver_is_evaluated_wherever_it_stands(changed: Path, change: dict[str, Any]) -> None:
    edit(changed / "config.json", lambda data: data.update(change))
    with pytest.raises(ModelError, match=r"only references such as"):
        read_layout(changed)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("llm_backbone/config.json", {"hidden_size": 60_000, "intermediate_size": 200_000}),
        ("llm_backbone/config.json", {"num_hidden_layers": 1_000, "intermediate_size": 200_000}),
        ("llm_backbone/config.json", {"num_hidden_layers": 10**9}),
        ("llm_backbone/config.json", {"head_dim": 10**12}),
        ("llm_backbone/config.json", {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6}}),
        ("config.json", {"lora": {"r": 16, "lora_alpha": 32, "target_modules": "((a+)+)+"}}),
        ("tokenizer_config.json", {"tokenizer_class": "EvilTokenizer"}),
    ],
)
def test_sizes_and_values_beyond_the_table(changed: Path, file: str, change: dict[str, Any]) -> None:
    edit(changed / file, lambda data: data.update(change))
    with pytest.raises(ModelError, match="is not loaded: "):
        read_layout(changed)


def test_only_known_keys_reach_nemo(changed: Path) -> None:
    hostile = {"trust_remote_code": True, "pretrained_s2s_model": "/etc/passwd", "use_nemo_automodel": True}
    edit(changed / "config.json", lambda data: data.update(hostile))
    edit(changed / "config.json", lambda data: data["lora"].update(auto_mapping={"parent_library": "evil"}))
    edit(changed / "config.json", lambda data: data["perception"].update(spec_augment={"_target_": "os.system"}))
    code = {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}}
    edit(changed / "tokenizer_config.json", lambda data: data.update(code))
    edit(changed / "llm_backbone/config.json", lambda data: data.update(_attn_implementation="evil/kernel"))
    layout = read_layout(changed)
    assert set(layout.salm) == {"prompt_format", "audio_locator_tag", "torch_dtype", "lora", "perception"}
    assert "auto_mapping" not in layout.salm["lora"] and "spec_augment" not in layout.salm["perception"]
    assert "auto_map" not in layout.tokenizer and "_attn_implementation" not in layout.llm


@pytest.mark.parametrize("change", [{"auto_map": {"AutoConfig": "evil.Config"}}, {"model_type": "llama"}])
def test_only_a_plain_qwen3_answers(changed: Path, load: Load, change: dict[str, Any]) -> None:
    edit(changed / "llm_backbone/config.json", lambda data: data.update(change))
    with pytest.raises(ModelError, match="Qwen3"):
        load(changed)


def test_a_name_without_a_folder() -> None:
    from asr_plugins.canary import Canary

    from asrcli.engine import Device

    with pytest.raises(ModelError, match="no weights"):
        Canary(Weights("qwen-2.5b", None), Device())
