"""Word times from any CTC model: a Viterbi search of our own over the frames that the model gives."""

from asr_plugins.ctc.aligner import Ctc

__all__ = ["Ctc"]
