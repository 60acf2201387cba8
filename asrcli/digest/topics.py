"""The taxonomy: a list of rules, so that the same paper falls under the same topic on every day."""

from __future__ import annotations

import re

# The first rule that matches the title decides, then the first that matches the text. Special topics stand before
# broad ones.
_RULES = (
    ("Speaker diarisation", r"diari[sz]ation|who spoke when|speaker[- ]attributed"),
    ("Streaming and real time", r"\bstreaming\b|low[- ]latency|real[- ]time|simultaneous|full[- ]duplex"),
    ("Code-switching", r"code[- ]switch|code[- ]mix"),
    ("Low-resource and multilingual", r"low[- ]resource|under[- ]resourced|multilingual|cross[- ]lingual|"
     r"dialect|endangered|indigenous|indic\b|african"),
    ("Atypical and child speech", r"dysarthr|aphasi|stutter|disordered|impaired speech|child(?:ren)?(?:'s)?\b|"
     r"elderly|patholog|atypical"),
    ("Medical and domain speech", r"medical|clinical|air traffic|legal|court|domain[- ]specific|call[- ]cent"),
    ("Speech translation", r"speech translation|speech-to-speech|interpret"),
    ("Spoken language models", r"speech language model|spoken language model|audio language model|speech llm|"
     r"speech large|large audio|audio llm|\blalms?\b|\bslms?\b|spoken dialogue|voice assistant|voice agent"),
    ("Robustness and noise", r"robust|noise|noisy|reverber|far[- ]field|enhancement|separation|overlapp|"
     r"multi[- ]talker|cocktail"),
    ("Adversarial and privacy", r"adversarial|backdoor|privacy|deepfake|anti[- ]spoof|jailbreak|unlearn"),
    ("Bias and fairness", r"\bbias|fairness|demographic|accent"),
    ("Alignment and timestamps", r"forced align|timestamp|word[- ]level align"),
    ("Contextual biasing and correction", r"biasing|hotword|named entit|error correction|post-?correction|"
     r"rescoring|retrieval[- ]augmented"),
    ("Self-supervised representations", r"self[- ]supervised|wav2vec|hubert|wavlm|representation learning|"
     r"tokeni[sz]er|codec|discrete unit"),
    ("Efficiency", r"quanti[sz]|pruning|distill|compress|efficient|on[- ]device|edge\b|speculative"),
    ("Datasets and benchmarks", r"dataset|corpus|corpora|benchmark|leaderboard|evaluation"),
    ("Wake words and voice activity", r"keyword spotting|wake[- ]?word|voice activity"),
    ("Speech synthesis", r"text-to-speech|\btts\b|speech synthesis|voice cloning|voice conversion"),
    ("Recognition", r"speech recognition|\basr\b|transcription|transduc|\bctc\b|conformer|whisper|decoder"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern, re.I)) for name, pattern in _RULES)
OTHER = "Other"
TOPICS = (*(name for name, _ in _RULES), OTHER)


def topic_of(title: str, text: str) -> str:
    """Return the topic of a paper."""
    for words in (title, text):
        for name, pattern in _COMPILED:
            if pattern.search(words):
                return name
    return OTHER
