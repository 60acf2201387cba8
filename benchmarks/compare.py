"""How fast `asr compare` is: against the other scorers, in one run on one machine.

``python -m benchmarks.compare`` prints a Markdown section. The texts are made up with a seed: 20,000 utterances of 200
speakers and two systems, and one pair of 10,000 words.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

UTTERANCES = 20_000
SEED = 20261121
COMMON = (
    "the of and to in a is that it he was for on are as with his they i at be this have from or had by but what some "
    "we can out other were all there when up use your how said an each she which do their time if will way about"
)
STARTS = "ban con der fil gor hap jin kel mor nar pol rus sat tor vel wex"
ENDS = "a el ing ion est er ly ous ment ness able ic ity"


def vocabulary() -> list[str]:
    """Return words from frequent to rare."""
    return COMMON.split() + [a + b for a in STARTS.split() for b in ENDS.split()]


def disturbed(words: list[str], rate: float, chance: random.Random, known: list[str]) -> list[str]:
    """Return words with substitutions, deletions and insertions."""
    heard = []
    for word in words:
        throw = chance.random()
        if throw < 0.53 * rate:
            heard.append(chance.choice(known))
        elif throw >= 0.82 * rate:
            heard += [word, chance.choice(known)] if throw < rate else [word]
    return heard + ([heard[-1]] * 6 if heard and chance.random() < 0.001 else [])


def write_data(folder: Path) -> tuple[list[list[str]], list[list[list[str]]]]:
    """Write a reference and two systems as JSON Lines and as trn; return their words."""
    chance, known = random.Random(SEED), vocabulary()
    weights = [1 / (rank + 3) for rank in range(len(known))]
    references = [chance.choices(known, weights, k=max(1, int(chance.gauss(18.5, 8)))) for _ in range(UTTERANCES)]
    systems = [[disturbed(words, rate, chance, known) for words in references] for rate in (0.09, 0.083)]
    for name, key, texts in (
        ("ref", "text", references),
        ("a", "pred_text", systems[0]),
        ("b", "pred_text", systems[1]),
    ):
        rows = [
            {"id": f"u{place}", key: " ".join(words), "speaker": f"s{place % 200}"} for place, words in enumerate(texts)
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        lines = [f"{' '.join(words)} (s{place % 200}-u{place})\n" for place, words in enumerate(texts)]
        (folder / f"{name}.trn").write_text("".join(lines))
    cased = [{"id": f"u{place}", "text": written(words)} for place, words in enumerate(references)]
    (folder / "cased.jsonl").write_text("".join(json.dumps(row) + "\n" for row in cased))
    return references, systems


def written(words: list[str]) -> str:
    """Return words as people write them: a capital, a comma after every seventh word, and a full stop."""
    marked = [f"{word}," if place % 7 == 6 else word for place, word in enumerate(words)]
    return " ".join(marked).capitalize() + "."


def timed(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the best time of several, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def child(command: list[str]) -> tuple[float, float]:
    """Run a program; return its wall time and the processor time of all its processes, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_memory(command: list[str]) -> float | None:
    """Run a program; return the most memory that all its processes had together, in MB.

    The proportional set size, looked at every 10 ms: what processes share counts once. ``None`` where the system does
    not tell it.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.01)
    return peak / 1024


def tree_memory(process: int) -> int:
    """Return the proportional set size of a process and its children in KiB."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has ended
        return 0
    own = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return own + sum(tree_memory(int(one)) for one in children)


def main() -> None:
    """Print the section."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        references, systems = write_data(folder)
        os.chdir(folder)
        print("## asr compare\n")
        machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
        words = sum(map(len, references))
        print(
            f"{machine}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; {UTTERANCES:,} utterances, "
            f"{words:,} words, seed {SEED}. `python -m benchmarks.compare`\n"
        )
        whole_program(folder)
        scorers(references, systems[0], folder)
        long_pair()
        normalisers(references)


def whole_program(folder: Path) -> None:
    """Time the program from JSON Lines to a finished report, cold."""
    print("From JSON Lines to a finished report (totals, intervals, tests, confusions, ranking), cold; best of five by")
    print("wall time, processor time and memory of all processes together:\n")
    print("| report | wall | processor | peak memory |")
    print("|---|--:|--:|--:|")
    asr = [sys.executable, "-c", "from asrcli.cli.main import main; main()", "compare"]
    plain, cased = ["ref.jsonl", "a.jsonl", "b.jsonl"], ["cased.jsonl", "a.jsonl", "b.jsonl"]
    for label, words in (
        ("tables", plain),
        ("tables and utterances by difference", [*plain, "--show", "different:20"]),
        ("tables, references with capitals and punctuation", cased),
        ("tables, no normaliser", [*plain, "-n", "none"]),
        ("tables and HTML", [*plain, "--html", "r.html"]),
    ):
        command = [*asr, *words]
        wall, processor = min(child(command) for _ in range(5))
        memory = peak_memory(command)
        print(f"| {label} | {wall:.2f} s | {processor:.2f} s | {'–' if memory is None else f'{memory:.0f} MB'} |")
    print()


def scorers(references: list[list[str]], heard: list[list[str]], folder: Path) -> None:
    """Time the scorers on one system."""
    from asrcli.scoring.alignment import Convention, align, count_all

    texts = [[" ".join(words) for words in side] for side in (references, heard)]
    rows: list[tuple[str, float]] = []
    rows.append(("asr, levenshtein, with alignments", timed(lambda: count_all(align(*split(texts))))))
    rows.append(("asr, sclite paths", timed(lambda: count_all(align(*split(texts), Convention.SCLITE)))))
    rows.append(
        ("asr, compounds merged", timed(lambda: count_all(align(*split(texts), Convention.OPEN_ASR_LEADERBOARD))))
    )
    rows += peers(texts, folder)
    print("| scorer, one system, from texts to counts | seconds | utterances per second | times asr (levenshtein) |")
    print("|---|--:|--:|--:|")
    for label, seconds in rows:
        print(f"| {label} | {seconds:.2f} | {UTTERANCES / seconds:,.0f} | {seconds / rows[0][1]:.1f} |")
    print()


def split(texts: list[list[str]]) -> list[list[list[str]]]:
    """Return the words of both sides."""
    return [[text.split() for text in side] for side in texts]


def peers(texts: list[list[str]], folder: Path) -> list[tuple[str, float]]:
    """Time the other scorers that are installed."""
    rows = []
    try:
        import jiwer

        rows.append(
            (
                f"jiwer {jiwer.__version__ if hasattr(jiwer, '__version__') else ''}",
                timed(lambda: jiwer.process_words(*texts), 1),
            )
        )
    except ImportError:
        pass
    try:
        import kaldialign

        words = split(texts)
        rows.append(
            (
                "kaldialign, compounds merged",
                timed(lambda: kaldialign.batch_error_rate(*words, merge_compounds=True), 1),
            )
        )
    except ImportError:
        pass
    try:
        from meeteval.wer import siso_word_error_rate

        rows.append(
            ("meeteval siso", timed(lambda: [siso_word_error_rate(*pair) for pair in zip(*texts, strict=True)], 1))
        )
    except ImportError:
        pass
    program = shutil.which("sclite") or "/usr/lib/sctk/bin/sclite"
    if Path(program).exists():
        command = [program, "-r", "ref.trn", "trn", "-h", "a.trn", "trn", "-i", "spu_id", "-o", "sum"]
        rows.append(("sclite", timed(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True), 1)))
    return rows


def long_pair() -> None:
    """Time one pair of 10,000 words with compounds, against kaldialign."""
    from asrcli.scoring.alignment import Convention, align, count_all

    chance, known = random.Random(SEED), [*vocabulary(), "white", "paper", "whitepaper", "n", "an"]
    said = chance.choices(known, k=10_000)
    heard = [
        piece
        for word in disturbed(said, 0.09, chance, known)
        for piece in (["white", "paper"] if word == "whitepaper" else [word])
    ]
    mine = timed(lambda: align([said], [heard], Convention.OPEN_ASR_LEADERBOARD))
    print(f"One pair of 10,000 words with compounds merged: {mine:.2f} s", end="")
    try:
        import kaldialign
    except ImportError:
        print(".\n")
        return
    theirs = timed(lambda: kaldialign.edit_distance(said, heard, merge_compounds=True), 1)
    same = kaldialign.edit_distance(said, heard, merge_compounds=True)["total"]
    assert same == count_all(align([said], [heard], Convention.OPEN_ASR_LEADERBOARD)).errors
    print(f"; kaldialign {theirs:.2f} s, {theirs / mine:.0f} times as long.\n")


def normalisers(references: list[list[str]]) -> None:
    """Time the English normalisers against themselves without the memory of words."""
    from asrcli.text.english import EnglishNormalizer
    from asrcli.text.english_rules import leaderboard_rules, whisper_rules

    texts = [" ".join(words).capitalize() + "." for words in references[:5000]]
    print("| English normaliser | with the memory | rule by rule | ratio |")
    print("|---|--:|--:|--:|")
    for name, rules in (("whisper-en", whisper_rules()), ("open-asr-leaderboard", leaderboard_rules())):
        normalizer = EnglishNormalizer(rules)
        quick = timed(lambda one=normalizer: [one(text) for text in texts])  # type: ignore[misc]
        plain = timed(lambda one=normalizer: [one.apply(text.lower()) for text in texts], 1)  # type: ignore[misc]
        print(
            f"| {name} | {len(texts) / quick:,.0f} texts per second | {len(texts) / plain:,.0f} | {plain / quick:.1f} |"
        )
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError:
        return
    package = EnglishTextNormalizer()
    theirs = timed(lambda: [package(text) for text in texts], 1)
    print(f"| whisper_normalizer (the package) | | {len(texts) / theirs:,.0f} | |")


if __name__ == "__main__":
    main()
