"""NIST's stm: segments of recordings, each with its speaker, times and text, as references and as manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from asrcli.datasets.kaldi import CHANNELS
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.types import Utterance

IGNORED = "ignore_time_segment_in_scoring"


def read_stm(path: Path, *, ignored: bool = False) -> list[Utterance]:
    """Read NIST's stm: ``recording channel speaker start end [<labels>] text``; or what in it is not to be scored."""
    found: dict[str, Utterance] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        cells = line.split(maxsplit=5)
        try:
            recording, channel, speaker, start, end = *cells[:3], float(cells[3]), float(cells[4])
        except (IndexError, ValueError):
            raise InputError(
                f"{path} line {number}: not 'recording channel speaker start end text': {line[:60]}"
            ) from None
        text = cells[5] if len(cells) > 5 else ""
        labels = (re.match(r"<[^<>]*>", text) or [""])[0]
        rest = text[len(labels) :].strip()
        check_text(text, path, number)
        if not 0 <= start <= end:
            raise InputError(f"{path} line {number}: from {start:g} to {end:g} is no stretch of time")
        if (rest.lower() == IGNORED) != ignored:
            continue
        key = f"{recording}-{channel}-{start:.3f}-{end:.3f}"
        if key in found and found[key].group != speaker:  # two people at once
            key += f"-{speaker}"
        if key in found:
            raise InputError(f"{path} line {number}: the segment '{key}' was there already")
        fields = (("recording", recording), ("channel", channel), *((("labels", labels[1:-1]),) if labels else ()))
        found[key] = Utterance(
            key, rest, group=speaker, start=start, end=end, seconds=end - start, fields=fields
        )  # fmt: skip
    return list(found.values())


def as_manifest(segments: list[Utterance]) -> list[Utterance]:
    """Return segments with their recordings as audio, and the channel, from 0, of recordings that have several.

    Where all segments of a recording are of channel 1, that is the recording as a whole.
    """
    fields = [dict(one.fields) for one in segments]
    several = {own["recording"] for own in fields if own["channel"] != "1"}
    found = []
    for one, own in zip(segments, fields, strict=True):
        letter = CHANNELS.get(own.pop("channel").upper())
        number = dict(one.fields)["channel"] if letter is None else str(int(letter) + 1)
        if own["recording"] in several and number.isdecimal() and int(number):
            own["channel"] = str(int(number) - 1)
        found.append(replace(one, audio=own["recording"], fields=tuple(own.items())))
    return found


def write_stm(path: Path, texts: Mapping[str, str]) -> str:
    """Return the segments of a file with what was recognised; one without a result has no line."""
    lines = []
    for one in read_stm(path):
        own = dict(one.fields)
        labels = f" <{own['labels']}>" if "labels" in own else ""
        if one.id in texts:
            text = " ".join(texts[one.id].split())
            times = f"{one.start:.3f} {one.end:.3f}"
            lines.append(f"{own['recording']} {own['channel']} {one.group} {times}{labels} {text}".rstrip() + "\n")
    return "".join(lines)
