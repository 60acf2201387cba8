"""Speech-to-text models of the transformers library by hub id or folder, and the aligner `ctc` on its CTC models.

Loading, batching, decoding and word times are our own where the library's are not strict, not independent of the batch
or not there; ``docs/transformers.md`` says which models were tried and how.
"""

from asr_plugins.transformers_models.engine import Transformers

__all__ = ["Transformers"]
