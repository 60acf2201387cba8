"""Make the configuration that NeMo gets out of the one that a stranger wrote, by the tables of `allowed`.

Nothing is evaluated: ``${model.x}`` is replaced here by the value beside it, anything else with ``${`` is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from asr_plugins.nemo.allowed import ASR, Between, Call, Either, Named
from asrcli.errors import ModelError

REFERENCE = re.compile(r"\$\{\.?(?:model\.)?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")
MOST_HOPS = 10  # from reference to reference
# What NeMo wants to be there and nobody uses here, and how it shall decode.
OURS: dict[str, Any] = {"train_ds": None, "validation_ds": {"use_start_end_token": False}, "log_prediction": False}
STRATEGIES = {
    "CTC": None,
    "RNNT": {"strategy": "greedy_batch", "greedy": {}},
    "MultiTask": {"strategy": "beam", "beam": {"beam_size": 1}},
}


class Refused(Exception):
    """A value that no table allows; the text says where it stands and what it is."""


def model_config(config: Mapping[str, Any], source: object) -> dict[str, Any]:
    """Return what NeMo may see of the configuration of a recogniser; ``source`` is for messages.

    Raises:
        ModelError: it names a class, an argument, a value or a reference that is in no table.
    """
    target = config.get("target")
    if not isinstance(target, str) or target not in ASR:
        raise ModelError(f"'{source}' is not loaded: its class {target!r} is no recogniser that engine 'nemo' knows")
    clean = checked(config, ASR[target], source) | OURS | {"target": target}
    name = target.rpartition(".")[2]
    ours = next(own for part, own in STRATEGIES.items() if part in name and (part != "CTC" or "RNNT" not in name))
    if ours is not None:
        clean["decoding"] = {"beam": {}, **ours, **clean.get("decoding", {})}
    return clean


def checked(config: Mapping[str, Any], table: Mapping[str, Any], source: object) -> dict[str, Any]:
    """Return what a table names of a configuration, each value checked.

    Raises:
        ModelError: a value is not what the table allows.
    """
    try:
        found: dict[str, Any] = _take(_resolved(config, config), table, "")
    except Refused as error:
        raise ModelError(f"'{source}' is not loaded: {error}") from error
    return found


def _resolved(value: Any, root: Mapping[str, Any], hops: int = 0) -> Any:
    """Return a value with its references replaced by what they refer to."""
    if isinstance(value, Mapping):
        return {key: _resolved(one, root, hops) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, root, hops) for one in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    found = REFERENCE.fullmatch(value)
    if found is None or hops == MOST_HOPS:
        raise Refused(f"it has '{value[:80]}', and only references such as ${{model.sample_rate}} are followed")
    place: Any = root
    for part in found[1].split("."):
        if not isinstance(place, Mapping) or part not in place:
            return None  # of a section that is not in the archive, such as the trainer's
        place = place[part]
    if isinstance(place, Mapping):
        raise Refused(f"it has '{value[:80]}', which is a whole section")
    return _resolved(place, root, hops + 1)


def _take(value: Any, wanted: Any, place: str) -> Any:
    """Return a value when it is what is wanted, made of nothing but that."""
    if isinstance(wanted, tuple):
        return _one_of(value, wanted, place)
    if isinstance(wanted, Either):
        return _either(value, wanted, place)
    if isinstance(wanted, Call):
        return _call(value, wanted, place)
    if isinstance(wanted, dict):
        if not isinstance(value, Mapping):
            raise _wrong(value, place)
        return {key: _take(value[key], wanted[key], _inside(place, key)) for key in wanted if key in value}
    if isinstance(wanted, Named):
        if not isinstance(value, Mapping) or not all(isinstance(key, str) and key.isidentifier() for key in value):
            raise _wrong(value, place)
        return {key: _take(one, wanted.values, _inside(place, key)) for key, one in value.items()}
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise _wrong(value, place)
        return [_take(one, wanted[0], place) for one in value]
    return _plain(value, wanted, place)


def _one_of(value: Any, wanted: tuple[Any, ...], place: str) -> Any:
    for one in wanted:
        try:
            return _take(value, one, place)
        except Refused:
            if isinstance(value, Mapping) and isinstance(one, (Call, dict)):
                raise  # it says what is wrong inside
    raise _wrong(value, place)


def _either(value: Any, wanted: Either, place: str) -> Any:
    kind = value.get(wanted.key) if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in wanted.kinds:
        raise _wrong(kind, _inside(place, wanted.key))
    return _take(value, wanted.kinds[kind], place)


def _call(value: Any, wanted: Call, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, place)
    if value.get("_target_") not in wanted.targets:
        raise Refused(f"{place} would run {value.get('_target_')!r}, and not {wanted.targets[0]}")
    for key in value:
        if key != "_target_" and key not in wanted.arguments:
            raise Refused(f"{place} has an argument {key!r}, which {wanted.targets[0]} is not known to have")
    return {"_target_": value["_target_"], **_take(value, wanted.arguments, place)}


def _plain(value: Any, wanted: Any, place: str) -> Any:
    """Return a value that is a number, a text, a truth value or nothing."""
    real = wanted is float or isinstance(wanted, Between)
    if real and isinstance(value, str) and re.fullmatch(r"[-+\d.]+[eE][-+]?\d+", value):
        value = float(value)  # 1e-5 is a text for YAML
    if not _fits(value, wanted):
        raise _wrong(value, place)
    return value


def _fits(value: Any, wanted: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match wanted:
        case range():
            return isinstance(value, int) and number and value in wanted
        case Between(least, most):
            return number and math.isfinite(value) and least <= value <= most
        case re.Pattern():
            return isinstance(value, str) and wanted.fullmatch(value) is not None
    if wanted is float:
        return number and math.isfinite(value)
    return isinstance(value, wanted) if isinstance(wanted, type) else type(value) is type(wanted) and value == wanted


def _wrong(value: Any, place: str) -> Refused:
    return Refused(f"{place or 'it'} is {repr(value)[:80]}, which is not known to be safe there")


def _inside(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def least_weights(config: Mapping[str, Any]) -> int:
    """Return how many weights the greatest matrices of a checked configuration have together, at the least."""
    encoder, decoder, joint = (config.get(part) or {} for part in ("encoder", "decoder", "joint"))
    width = encoder.get("d_model", 0)
    channels = encoder.get("subsampling_conv_channels", 0)
    total = encoder.get("n_layers", 0) * width * (width * (4 * encoder.get("ff_expansion_factor", 4) + 4))
    total += max(channels, 0) ** 2 if "dw" in encoder.get("subsampling", "") else 0
    total += encoder.get("n_layers", 0) * width * encoder.get("conv_kernel_size", 1)
    total += width * max(decoder.get("num_classes", 0), 0)
    predictor = decoder.get("prednet", {}).get("pred_hidden", 0)
    total += 8 * decoder.get("prednet", {}).get("pred_rnn_layers", 0) * predictor**2
    total += joint.get("jointnet", {}).get("joint_hidden", 0) * (predictor + width if joint else 0)
    for part in ("transf_encoder", "transf_decoder"):
        own = config.get(part) or {}
        own = own.get("config_dict", own)
        wide = own.get("hidden_size", 0)
        total += own.get("num_layers", 0) * (4 * wide * wide + 2 * wide * own.get("inner_size", 0))
    head = config.get("head") or {}
    classes = head.get("num_classes")
    return int(total + (head.get("hidden_size", 0) * classes if isinstance(classes, int) else 0))
