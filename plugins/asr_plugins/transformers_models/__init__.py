"""Speech-to-text models of the transformers library: CTC, transducers and sequence-to-sequence, by hub id or folder.

Loading, batching, decoding and word times are our own where the library's are not strict, not independent of the batch
or not there; ``docs/transformers.md`` says which models were tried and how.
"""

from asr_plugins.transformers_models.engine import Transformers

__all__ = ["Transformers"]
