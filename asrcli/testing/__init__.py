"""The contract of engines as checks: for the built-in engines, and for everybody else's.

The test of a plugin needs no more than this; it runs under pytest, and `check_engine` without it::

    import pytest
    from asrcli.testing import CHECKS, Case, Check, read_clip

    CASE = Case("loudness", speech=tuple(read_clip(path) for path in ("one.wav", "two.wav", "three.wav")))

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_contract(check: Check) -> None:
        check(CASE)

No check is skipped: one about something that an engine does not do makes sure that its card does not promise it.
"""

from asrcli.testing.checks import CHECKS, Case, Check, ContractBroken, check_engine, noise, read_clip, silence

__all__ = ["CHECKS", "Case", "Check", "ContractBroken", "check_engine", "noise", "read_clip", "silence"]
