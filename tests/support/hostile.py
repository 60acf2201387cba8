"""Folders of weights with something hostile in them, drawn from a seed: values, keys, bytes, files, pickles, pipes."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.fuzz import seeded

PLANTED = "planted"  # a folder beside the model, with a file of each name that a configuration may ask for
NUMBERS = [0, -1, 1, 7, 999, 10**6, 10**9, 2**31, 10**12, 2**63, 10**30, 1e308, -1e308, float("nan"), float("inf"), 0.5]
WORDS = [
    "", "x", "evil.Class", "evil--evil.Class", "evil/model", "../planted", "../planted/secret", "/dev/zero",
    "/dev/stdin",
    "http://203.0.113.1/x", "${oc.env:SECRET}", "${now:%Y}", "torch.load", "os.system", "nemo.core.connectors.x",
    "flash_attention_2", "kernels-community/evil", "float64", "int4", "bitsandbytes", "\0", "\x1b[2J", "\ud800",
    "%s" * 99, "a" * 100_000, "{{ ''.__class__.__mro__ }}", "LlamaTokenizer", "T5Config", "whisper", "(a+)+$",
]  # fmt: skip
KEYS = {
    "auto_map": {
        "AutoConfig": "evil.C",
        "AutoModel": "evil.M",
        "AutoTokenizer": ["evil.T", None],
        "AutoProcessor": "evil.P",
    },
    "trust_remote_code": True,
    "_attn_implementation": "evil/kernels",
    "attn_implementation": "evil/kernels",
    "_name_or_path": "../planted",
    "tokenizer_class": "evil.T",
    "processor_class": "evil.P",
    "model_type": "evil",
    "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    "_target_": "os.system",
    "chat_template": "{% for a in range(10**9) %}{{ a }}{% endfor %}",
    "tokenizer_file": "../planted/secret",
    "vocab_file": "../planted/secret",
    "merges_file": "/dev/zero",
    "torch_dtype": "os.system",
    "dtype": "float64",
    "architectures": ["evil.M", 7, None],
    "use_kernels": True,
    "adapter": "../planted",
    "base_model_name_or_path": "evil/m",
    "feature_extractor_type": "evil.F",
    "image_processor_type": "evil.F",
    "init_kwargs": {"x": 1},
    "local_files_only": False,
    "gguf_file": "../planted/secret",
    "device_map": "auto",
    "subfolder": "../planted",
    "_commit_hash": "../../planted",
    "max_position_embeddings": 10**9,
    "vocab_size": 10**9,
    "num_hidden_layers": 10**6,
    "is_decoder": True,
    "layer_types": ["evil"] * 9,
    "rope_scaling": {"rope_type": "evil", "factor": 1e308},
    "id2label": {"0": 10**30},
    "text_config": None,
    "audio_config": [],
    "encoder_config": "x",
    "perception": None,
    "thinker_config": {},
    "suppress_ids": [-1, 10**9],
    "alignment_heads": [[10**6, 10**6]],
    "lang_ids": [10**9],
    "n_fft": 10**9,
    "feature_size": 10**9,
    "sampling_rate": 10**12,
    "hop_length": 0,
    "chunk_length": 10**9,
    "n_samples": 10**12,
}
FILES = {
    "adapter_config.json": b'{"base_model_name_or_path": "evil/model", "peft_type": "LORA", "auto_mapping": {}}',
    "evil.py": b"import os; open(os.environ['MARKER'], 'w')",
    "tokenization_evil.py": b"raise SystemExit",
    "custom_generate/generate.py": b"import os; open(os.environ['MARKER'], 'w')",
    "added_tokens.json": b'{"a": 1000000000}',
    "special_tokens_map.json": b'{"pad_token": {"content": 7}}',
    "generation_config.json": b'{"max_length": "x", "a": NaN}',
    "chat_template.jinja": b"{% for a in range(10**9) %}{{ a }}{% endfor %}",
    "pytorch_model.bin": b"\x80\x02c",
    "vocab.json": b"[]",
    "preprocessor_config.json": b'{"feature_size": 100000000, "auto_map": {"AutoFeatureExtractor": "evil.F"}}',
    "processor_config.json": b'{"auto_map": {"AutoProcessor": "evil.P"}}',
    "model.safetensors.index.json": b'{"weight_map": {"a": "../x"}}',
    "tokenizer.model": b"\x0a" * 99,
    "spiece.model": b"\xff" * 99,
    "merges.txt": b"a\n" * 9,
    "vocabulary.txt": b"a\n" * 9,
    "torch.py": b"import os; open(os.environ['MARKER'], 'w')",
    "tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer"}',
}
BROKEN = [
    b"", b"{", b"[" * 200_000, b'{"a":' * 100_000, b"null", b"[]", b"7", b'"x"', b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}",
    b'{"a": ' + b"9" * 10_000 + b"}", b"NaN", b"{}", b'{"a": 1, "a": 2}', b"\0" * 1000, b"\x80\x04." * 9,
]  # fmt: skip


class Runs:
    """Does harm when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch $MARKER",)


def spoil(folder: Path, seed: str) -> str:
    """Put one to three hostile things into a folder and return what they are."""
    draw = random.Random(seeded(seed))
    return "; ".join(_spoil(folder, draw) for _ in range(draw.choice([1, 1, 1, 2, 3])))


def _spoil(folder: Path, draw: random.Random) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if not files:
        return "nothing is left to spoil"
    texts = [path for path in files if path.suffix in (".json", ".yaml", ".nemo")]
    rare = [_broken, _extra, _special, _header, _pickled]
    kind = draw.choice([_values] * 8 + [_keys] * 4 + [_bytes] * 3 + rare)
    path = draw.choice(texts if kind in (_values, _keys, _broken) and texts else files)
    return f"{kind.__name__[1:]} {path.relative_to(folder)}: {kind(path, draw)}"


def _values(path: Path, draw: random.Random) -> str:
    """Change values wherever they stand."""
    return _changed(path, lambda data: [_change(data, draw) for _ in range(draw.randint(1, 3))])


def _keys(path: Path, draw: random.Random) -> str:
    """Add keys that some library understands, at the top or deeper."""

    def add(data: Any) -> list[str]:
        places = [data, *[one for one in _inside(data) if isinstance(one, dict)]]
        names = draw.sample(sorted(KEYS), draw.randint(1, 4))
        place = draw.choice(places[:9]) if isinstance(data, dict) else {}
        place.update({name: KEYS[name] for name in names})
        return names

    return _changed(path, add)


def _bytes(path: Path, draw: random.Random) -> str:
    data = bytearray(path.read_bytes())
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(max(1, min(len(data), draw.choice([64, 2000, len(data)]))))
        length = draw.choice([1, 1, 4, 8, 64])
        match draw.randrange(4):
            case 0:
                data[at : at + length] = draw.randbytes(length)
            case 1:
                data[at : at + length] = draw.choice([b"\xff", b"\0", b"\x7f"]) * length
            case 2:
                del data[at : at + length]
            case 3:
                del data[at:]
    _write(path, bytes(data))
    return f"{len(data)} bytes"


def _broken(path: Path, draw: random.Random) -> str:
    data = draw.choice(BROKEN)
    _write(path, data)
    return repr(data[:20])


def _extra(path: Path, draw: random.Random) -> str:
    name = draw.choice(sorted(FILES))
    place = path.parent / name
    place.parent.mkdir(exist_ok=True)
    _write(place, FILES[name])
    return name


def _special(path: Path, draw: random.Random) -> str:
    what = draw.choice(["fifo", "device", "socket", "folder", "gone", "secret", "dangling"])
    path.unlink(missing_ok=True)
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to(draw.choice(["/dev/zero", "/dev/tty", "/dev/random"]))
    elif what == "socket":
        os.mknod(path, 0o140600)
    elif what == "folder":
        path.mkdir()
    elif what != "gone":
        path.symlink_to("/nowhere/at/all" if what == "dangling" else "../planted/text")
    return what


def _header(path: Path, draw: random.Random) -> str:
    """Lie in the header of a safetensors file, or of what is none."""
    data = path.read_bytes()
    try:
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + size])
    except (struct.error, ValueError):
        _write(path, struct.pack("<Q", draw.choice([2**63, 2**40, 10**9, 9])) + data[8:])
        return "length"
    name = draw.choice(sorted(header))
    one = header[name]
    what = draw.choice(["shape", "offsets", "dtype", "name", "gone", "length", "overlap", "many"])
    if what == "shape":
        one["shape"] = draw.choice([[2**40], [2**32, 2**32], [-1], [0, 7], [1] * 5000, ["x"]])
    elif what in ("offsets", "overlap"):
        one["data_offsets"] = draw.choice([[0, 2**62], [2**62, 0], [0, 4], [-4, 4]])
    elif what == "dtype":
        one["dtype"] = draw.choice(["F64", "I8", "BOOL", "evil", "F4", 7])
    elif what == "many":
        header |= {
            f"{name}.{number}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(20_000)
        }
    else:
        header[f"{name}\x1b[2J" if what == "name" else "__metadata__"] = header.pop(name)
    text = json.dumps(header).encode()
    _write(path, struct.pack("<Q", 2**50 if what == "length" else len(text)) + text + data[8 + size :])
    return f"{what} of {name}"


def _pickled(path: Path, draw: random.Random) -> str:
    """Put a pickle that runs something in the place of a file: bare, or in torch's zip."""
    data = pickle.dumps(Runs(), protocol=2)
    if draw.random() < 0.5:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as made:
            made.writestr("archive/data.pkl", data)
            made.writestr("archive/version", "3")
            made.writestr("archive/byteorder", "little")
        data = packed.getvalue()
    for weights in path.parent.glob("*.safetensors"):
        weights.unlink()
    _write(path, data)
    _write(path.parent / "pytorch_model.bin", data)
    return "and no safetensors"


def _write(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file():
        return
    path.unlink(missing_ok=True)  # the file may be a link to the one that all cases share
    path.write_bytes(data)


def _inside(data: Any) -> Iterator[Any]:
    children = data.values() if isinstance(data, dict) else data[:50] if isinstance(data, list) else ()
    for child in children:
        yield child
        yield from _inside(child)


def _change(data: Any, draw: random.Random) -> str:
    """Change one value somewhere, most often one of a mapping near the top, and return which."""
    place, names = data, ""
    while True:
        keys: list[Any] = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return names
        key = draw.choice(keys[:200])
        names += f".{key}"
        if isinstance(place[key], (dict, list)) and place[key] and draw.random() < 0.8:
            place = place[key]
            continue
        if draw.random() < 0.1:
            del place[key]
            return names + " gone"
        place[key] = _hostile(place[key], draw)
        return f"{names} = {repr(place[key])[:40]}"


def _hostile(value: Any, draw: random.Random) -> Any:
    """Return something in the place of a value, mostly of its kind, so that it gets past the first look."""
    if isinstance(value, bool):
        return draw.choice([not value, not value, 7, None, "x"])
    if isinstance(value, (int, float)) and draw.random() < 0.8:
        near = [value * 2, value + 1, -value, value * 1000, value // 2 if isinstance(value, int) else value / 2]
        return draw.choice(NUMBERS + near * 2)
    if isinstance(value, str) and draw.random() < 0.8:
        return draw.choice(WORDS)
    return draw.choice(
        [None, [], {}, [[]], {"x": 1}, draw.choice(NUMBERS), draw.choice(WORDS), [draw.choice(NUMBERS)] * 9]
    )


def _changed(path: Path, change: Callable[[Any], Any], write: bool = True) -> str:
    """Read a configuration, change it in place, and write it back in its own form."""
    if path.suffix == ".nemo":
        return _changed_archive(path, change)
    data = path.read_bytes()
    try:
        found = json.loads(data) if path.suffix == ".json" else _yaml(data)
    except (ValueError, RecursionError):
        found = {}
    if not isinstance(found, (dict, list)):
        found = {}
    said = change(found)
    if write:
        _write(path, json.dumps(found).encode())  # which is YAML too
    return str(said)[:120]


def _changed_archive(path: Path, change: Callable[[Any], Any]) -> str:
    kept = []
    try:
        with tarfile.open(path) as tar:
            kept = [(one.name, opened.read()) for one in tar if (opened := tar.extractfile(one)) is not None]
    except (tarfile.TarError, OSError, EOFError):
        return "no archive any more"
    said = ""
    with tarfile.open(path, "w") as tar:
        for name, data in kept:
            if name.endswith("model_config.yaml"):
                config = _yaml(data)
                said = str(change(config))
                data = json.dumps(config).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return said[:120]


def _yaml(data: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(data)
    except yaml.YAMLError:
        return {}


def configurations(folder: Path) -> list[Path]:
    """Return the files of a folder that say sizes; a tokenizer's are entries of tables."""
    found = (path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".nemo"))
    return sorted(path for path in found if path.name not in ("tokenizer.json", "vocab.json", "vocabulary.json"))


def places_of_numbers(path: Path) -> list[tuple[Any, ...]]:
    """Return where the numbers of a configuration stand, the first of a table with many."""
    found: list[tuple[Any, ...]] = []

    def walk(data: Any, place: tuple[Any, ...]) -> None:
        if isinstance(data, (dict, list)):
            rows = list(data.items()) if isinstance(data, dict) else list(enumerate(data))
            for key, one in rows if len(rows) < 60 else rows[:2]:
                walk(one, (*place, key))
        elif isinstance(data, (int, float)) and not isinstance(data, bool):
            found.append(place)

    _changed(path, lambda data: walk(data, ()), write=False)
    return found


def set_number(path: Path, place: tuple[Any, ...], value: int) -> None:
    """Change one number of a configuration."""

    def change(data: Any) -> None:
        for key in place[:-1]:
            data = data[key]
        data[place[-1]] = value

    _changed(path, change)
