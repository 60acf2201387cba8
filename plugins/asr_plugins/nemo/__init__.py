"""NVIDIA's Canary, Parakeet and FastConformer models through NeMo."""

from asr_plugins.nemo.engine import Nemo

__all__ = ["Nemo"]
