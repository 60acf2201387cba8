"""Hearing a recording while it is made: ``asr transcribe --stream``.

    sources -> session (a thread that reads, a thread that hears) -> endpoints (utterances) -> hearing -> updates

An utterance goes to the engine's own `Stream` where it has one; every other engine hears the unsettled audio again and
again, and what two hypotheses agree on is settled (`agreement`).
"""
