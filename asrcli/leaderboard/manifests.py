"""The Open ASR Leaderboard's own manifests: their names, and run records written as such.

A manifest is JSON Lines named ``MODEL_owner-name_DATASET_path_name_split.jsonl``; a row has ``audio_filepath``,
``duration``, ``time``, ``text`` and ``pred_text``, texts as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import basename
from pathlib import Path
from typing import Any

from asrcli.base.lines import json_lines
from asrcli.datasets import hub
from asrcli.datasets.columns import CHUNK, PARENT
from asrcli.datasets.results import RunRecord, read_run, system_name
from asrcli.errors import UsageError
from asrcli.text.normalisers import Normalizer, build
from asrcli.types import Utterance

NORMALIZER = "open-asr-leaderboard"
FILE = re.compile(r"MODEL_(?P<model>.+?)_*DATASET_(?P<dataset>.+)\.jsonl?")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")  # owner/name
# A file's name has "-" for the "/" of a hub id; owners with a "-" of their own (normalizer/model_ids.py, d1e99b25).
HYPHENATED = "ARTPARK-IISc AutoArk-AI OpenMOSS-Team abr-ai distil-whisper efficient-speech ibm-granite zai-org".split()
NO_OWNER = {  # names that were written without their owner
    "omniASR_CTC_7B_v2": "facebook/omniASR-CTC-7B-v2",
    "omniASR_LLM_7B_v2": "facebook/omniASR-LLM-7B-v2",
    "stt_en_conformer_transducer_small": "nvidia/stt_en_conformer_transducer_small",
}


def model_label(engine: str, model: str | None, backend: str | None = None) -> str:
    """Return the id on the hub that a run was made with, or ``engine:model`` for short names and folders."""
    return model if model and HUB_ID.fullmatch(model) else system_name(engine, model, backend)


def hub_id(name: str) -> str:
    """Return the id on the hub that a name in a manifest's file was made from."""
    if name in NO_OWNER:
        return NO_OWNER[name]
    owner = next((owner for owner in HYPHENATED if name.startswith(f"{owner}-")), name.partition("-")[0])
    return f"{owner}/{name[len(owner) + 1 :]}" if len(name) > len(owner) + 1 else name


def official_name(dataset: str) -> str:
    """Return the name that the leaderboard's manifests have for a data set of `asr bench`: ``path_name_split``.

    Two underscores stand together where a data set has no name beside its path. What is not on the hub stays as it is.
    """
    short = dataset in hub.SHORT_NAMES
    if not short and hub.HUB_NAME.fullmatch(dataset) is None:
        return dataset
    place = hub.place_of(dataset if short else f"hf:{dataset}")
    return f"{place.repository.replace('/', '-')}_{place.config or ''}_{place.split}"


def manifest_name(model: str, dataset: str) -> str:
    """Return the name of a manifest's file."""
    safe = re.sub(r"[^\w.-]+", "-", official_name(dataset)).strip("-") or "dataset_test"
    return f"MODEL_{re.sub(r'[^-+.0-9A-Za-z_]+', '-', model)}_DATASET_{safe}.jsonl"


def manifests_of(
    runs: Sequence[Path], folder: Path, model: str | None = None, dataset: str | None = None
) -> dict[Path, str]:
    """Return the manifests that run records become, by the file they belong in.

    Args:
        model: the id on the hub; ``None`` takes that of the record.
        dataset: ``path_name_split``; ``None`` takes the record's.

    Raises:
        InputError: a file is no run record.
        UsageError: a model has no id of the hub, or two runs are the same manifest.
    """
    texts: dict[Path, str] = {}
    for path in runs:
        record = read_run(path)
        name = model or record.model or ""
        if HUB_ID.fullmatch(name) is None:
            raise UsageError(f"{path}: the model is '{name}': name it as on the hub with --model owner/name")
        target = folder / manifest_name(name, dataset or record.dataset or "")
        if target in texts:
            raise UsageError(f"{path}: {target} is there already from another run; tell them apart with --dataset")
        texts[target] = manifest_text(record)
    return texts


def is_scored(one: Utterance, normalize: Normalizer) -> bool:
    """Return whether the leaderboard scores an utterance: not when its reference is empty once it is normalised."""
    english = (one.language or "en").lower().startswith("en")
    text = normalize(one.text) if english else one.text
    return text.strip().lower() not in hub.IGNORED


def manifest_text(record: RunRecord) -> str:
    """Return a run as a manifest of the leaderboard: raw texts of what it scores, in the order of the run."""
    normalize = build(NORMALIZER, "en")
    rows = []
    for number, (one, hypothesis, time) in enumerate(
        zip(record.utterances, record.hypotheses, record.times, strict=True)
    ):
        if not is_scored(one, normalize):
            continue
        row: dict[str, Any] = {
            "audio_filepath": basename(one.id) or f"sample_{number}",  # the leaderboard's: no path of this machine
            "duration": one.seconds,
            "time": time,
            "text": one.text,
            "pred_text": hypothesis or "",
        }
        fields = dict(one.fields)
        if PARENT in fields:
            row |= {PARENT: fields[PARENT], CHUNK: int(float(fields.get(CHUNK, "0")))}
        rows.append(row)
    return json_lines(rows)
