"""FireRedASR and FireRedASR2: attention decoder (AED) and large language model (LLM), Mandarin, dialects and English.

The networks are our own, written from the papers (arXiv 2501.14350 and 2603.10420) and the layout of the published
weights; ``docs/firered.md`` says what was compared with the official code and how.
"""

from asr_plugins.firered.engine import FireRed

__all__ = ["FireRed"]
