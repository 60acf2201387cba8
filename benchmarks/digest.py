"""A large day of the digest: 100 papers and 150 models, from recorded answers, without network and language model.

python -m benchmarks.digest [FOLDER]    (FOLDER: keep the answers and the digest there)
"""

from __future__ import annotations

import hashlib
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "digest"))

DAY = date(2026, 4, 17)
SETTINGS = 'categories = ["eess.AS"]\nreleases = ["openai/whisper"]\nhacker_news = ["speech recognition"]\n'
TOPICS = (
    "streaming",
    "multilingual low-resource",
    "diarisation",
    "code-switching",
    "dysarthric",
    "speech language model",
    "noise-robust",
    "on-device",
)
SENTENCES = (
    "Automatic speech recognition of {topic} recordings remains hard when little transcribed speech is at hand.",
    "We propose {name}, an encoder that shares its layers across {count} languages and needs no forced alignment.",
    "Experiments on LibriSpeech and FLEURS show a WER of {wer}% with {size}M parameters; the baseline has {worse}%.",
    "Trained on {hours},000 hours of speech, it runs at an RTFx of {speed} on one processor core.",
    "An ablation study shows that half of the gain comes from the tokeniser and the other half from the data.",
    "However, the model fails on overlapping speech, and its time stamps drift in long recordings.",
    "Code, weights and transcripts are released under an open licence.",
)


def write_answers(folder: Path, papers: int = 100, models: int = 150) -> None:
    """Write the answers of a large day."""
    from recordings import (
        STORY,
        Made,
        arxiv_answers,
        arxiv_api,
        arxiv_feed,
        hub_answers,
        model,
        record,
        release_answer,
        story_answers,
    )

    chance = random.Random(8)
    made = []
    for number in range(papers):
        topic, name = chance.choice(TOPICS), f"Model{number}"
        values = {
            "topic": topic,
            "name": name,
            "count": chance.randint(2, 99),
            "wer": f"{chance.uniform(1, 20):.1f}",
            "size": chance.randint(10, 900),
            "worse": f"{chance.uniform(20, 40):.1f}",
            "hours": chance.randint(1, 99),
            "speed": chance.randint(20, 900),
        }
        abstract = " ".join(sentence.format(**values) for sentence in SENTENCES)
        made.append(Made(f"2604.{number:05}", f"{name}: {topic} speech recognition with shared layers", abstract))
    suffixes = ("", "-gguf", "-onnx", "-int8", "-mlx-4bit", "-coreml")
    hub = [
        model(
            f"owner{n % 37}/whisper-base-{'abcdefghijklm'[n // 6 % 13]}{suffixes[n % 6]}",
            chance.randint(0, 50),
            chance.randint(0, 3),
        )
        for n in range(models)
    ]
    answers = [
        *arxiv_answers(arxiv_feed(made, DAY), arxiv_api(made)),
        *hub_answers(hub),
        release_answer(),
        *story_answers([STORY]),
    ]
    record(folder, answers)


def run_once(folder: Path, out: Path) -> tuple[float, float]:
    """Run the command; return seconds of wall clock and its largest memory in MB."""
    command = [
        sys.executable,
        "-m",
        "asrcli",
        "digest",
        "run",
        "--replay",
        str(folder),
        "--date",
        str(DAY),
        "--out",
        str(out),
    ]
    command[1:3] = ["-c", "from asrcli.cli.main import main; main()"]
    measured = [sys.executable, "-c", MEASURE, json.dumps(command)]
    begun = time.perf_counter()
    done = subprocess.run(measured, capture_output=True, text=True, timeout=120, check=True)
    return time.perf_counter() - begun, float(done.stdout.strip().splitlines()[-1])


MEASURE = """
import json, resource, subprocess, sys
subprocess.run(json.loads(sys.argv[1]), check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def hashes(out: Path) -> str:
    """Return one hash over every page."""
    files = sorted(path for path in out.rglob("*") if path.is_file() and path.suffix != ".sqlite")
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def main() -> None:
    """Print the section."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        answers, out = base / "answers", base / "digest"
        out.mkdir(parents=True, exist_ok=True)
        (out / "digest.toml").write_text(SETTINGS)
        write_answers(answers)
        times, memory = zip(*(run_once(answers, out) for _ in range(1)), strict=True)
        first = hashes(out)
        again, _ = run_once(answers, out)
        same = "yes" if hashes(out) == first else "NO"
        edition = json.loads((out / f"daily/{DAY}.json").read_text())
    print("## Digest\n")
    print(
        f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}; "
        "`asr digest run --replay`, synthetic answers, no network.\n"
    )
    print(
        "| papers | models | families | first run | rerun | largest memory | rerun byte-identical |"
        "\n|---|---|---|---|---|---|---|"
    )
    counts = (len(edition["papers"]), edition["counts"]["models"], len(edition["models"]))
    print(
        f"| {counts[0]} | {counts[1]} | {counts[2]} | {times[0]:.2f} s | {again:.2f} s | {memory[0]:.0f} MB | {same} |"
    )


if __name__ == "__main__":
    main()
