"""Recognising a recording while it is made: ``asr transcribe --stream``.

    sources -> session (a thread that reads, a thread that recognises) -> listener (utterances) -> recognition ->
    updates

An utterance goes to the engine's own `Stream` where it has one; every other engine recognises the unsettled audio again
and again, and what two hypotheses agree on is settled (`agreement`).
"""
