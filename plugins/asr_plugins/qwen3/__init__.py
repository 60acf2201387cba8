"""Qwen3-ASR (recogniser, with streaming) and Qwen3-ForcedAligner, in both published layouts of their weights.

The networks are our own, so that windows are encoded in batches, the cache can be kept between the pieces of a stream
and a decode step can be a CUDA graph; the classes of transformers and the official package are what the tests compare
them with (``docs/qwen3.md``).
"""

from asr_plugins.qwen3.engine import Qwen3

__all__ = ["Qwen3"]
