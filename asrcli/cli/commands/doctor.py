"""``asr doctor``: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import sys

import typer

MARKS = {"ok": "ok", "absent": "-", "broken": "BROKEN"}


def doctor(
    network: bool = typer.Option(False, "--network", help="See whether the model hub can be reached, too."),
    json: bool = typer.Option(False, "--json", help="Findings as JSON."),
) -> None:
    """Probe devices and libraries, and say how to mend what is broken.

    Each probe runs in a process of its own, so a crash in a driver is a line here. Exit code 0: nothing is broken
    (libraries that are not installed are no fault); 4: something is.
    """
    from asrcli.cli.doctor import NETWORK_PROBE, PROBES, environment_probes, examine

    findings = examine((*PROBES, *environment_probes(), *([NETWORK_PROBE] if network else [])))
    if json:
        import json as encoder
        from dataclasses import asdict

        print(encoder.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        import shutil
        from textwrap import wrap

        width = shutil.get_terminal_size((sys.maxsize, 24)).columns  # in a file each finding is a line
        for finding in findings:
            head = f"{MARKS[finding.state]:<6}  {finding.name:<12}  "
            for text in (finding.facts, *([f"to mend it: {finding.fix}"] if finding.fix else [])):
                lines = wrap(text, max(20, width - len(head)), break_long_words=False, break_on_hyphens=False) or [""]
                print("\n".join([head + lines[0], *(f"{'':{len(head)}}{line}" for line in lines[1:])]))
                head = " " * len(head)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(4)
