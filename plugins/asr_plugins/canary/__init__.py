"""Canary-Qwen (NVIDIA, SALM): a FastConformer that speaks to a Qwen3 language model, which also answers questions.

Two implementations of one model: NVIDIA's own in NeMo, and ours on PyTorch and transformers alone. ``docs/canary.md``
says what was compared between them and how.
"""

from asr_plugins.canary.engine import Canary

__all__ = ["Canary"]
