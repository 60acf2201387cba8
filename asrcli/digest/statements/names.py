"""Whose system a sentence is about: the names that the authors give, and what marks a subject as theirs."""

from __future__ import annotations

import re
from collections.abc import Collection

# Written like names, and never the name of one system.
_GENERIC = frozenset(
    "ASR ST AST S2ST S2TT SLT LLM LLMS SLM SLMS LALM LALMS LMM MLLM TTS CTC AED RNN RNN-T RNNT CNN LSTM VAD DNN "
    "HMM GMM SSL "
    "SLU NLU NLP NLI AVSR VSR WER CER DER EER RTF SNR GPU CPU NPU SOTA E2E AI ML DL RL KD LM LMS RAG OOD CoT "
    "GRPO SFT DPO "
    "LoRA PEFT MoE SE SV SD KWS MT NMT BCI EEG EMG MRI API UAV IoT ATC L2 MOS VC SVS DIARIZATION English "
    "Mandarin Chinese "
    "Whisper Wav2vec HuBERT WavLM Conformer Transformer Qwen Llama Canary Parakeet GPT BERT Mamba Zipformer "
    "Kaldi".lower().split()
)
_SYSTEMS = frozenset(
    [
        "whisper",
        "wav2vec",
        "wav2vec2",
        "hubert",
        "wavlm",
        "qwen",
        "llama",
        "canary",
        "parakeet",
        "gpt",
        "mamba",
        "kaldi",
        "owsm",
        "seamlessm4t",
    ]
)
_NAME = re.compile(r"[A-Za-z][\w.+-]*[\w+]")
_LIKE_A_NAME = re.compile(r"[A-Z].*[A-Z]|[a-z][A-Z]|[A-Z]\w*\d|^[A-Z][\w.]*-[A-Z0-9]")
_INTRODUCE = re.compile(
    r"\b(?:propos(?:e|es|ed)|present(?:s|ed)?|introduc(?:e|es|ed)|develop(?:s|ed)?|releas(?:e|es|ed)|describ(?:e|es)|"
    r"call(?:ed)?|name(?:d|ly)?|dub(?:bed)?|term(?:ed)?)\b(?P<what>[^.;:]{0,160})",
    re.I,
)
# What follows these is what the new thing is made from, or for.
_OTHERS = re.compile(
    r"\b(?:that|which|using|with|for|based|built|derived|fine-?tuned|adapted|trained|to|by|from|on|in|of|over|by|"
    r"leverag\w+|combin\w+|extend\w+|integrat\w+)\b"
)
_OWN = re.compile(
    r"\b(?:our|ours|we|(?:the|this|a) (?:newly |here )?(?:proposed|presented|resulting)|proposed|"
    r"this (?:\w+ )?(?:approach|method|model|system|framework|pipeline|architecture|recipe|strategy|technique)|"
    r"the (?:final |full |complete |overall |submitted |end-to-end |adapted |fine-?tuned |finetuned |distilled |"
    r"quanti[sz]ed )*"
    r"(?:approach|method|model|system|framework|pipeline|architecture))\b",
    re.I,
)
_OTHER = re.compile(
    r"\b(?:baselines?|teacher|humans?|annotators?|transcribers?|transcriptionists?|listeners?|raters?|prior|"
    r"previous(?:ly)?|"
    r"earlier|existing|original|et al|competitors?|competing|commercial|winning|winner|top|published|other|others|"
    r"conventional|traditional|standard|vanilla|unadapted|pre-?trained|zero-shot|off-the-shelf|participants?|teams?|"
    r"best of|first version|predecessors?|preliminary|pilot|seed|recent|current|most|many|several|some|each)\b",
    re.I,
)


def names_of(title: str, text: str) -> frozenset[str]:
    """Return the names, in lower case, that the authors give to what is theirs.

    A name stands before the colon of the title, or directly after "we propose", "called" and the like. The word "it" is
    among them when the abstract introduces something that it can mean.
    """
    found = {"it"} if re.search(r"\b(?:propos|introduc|present|develop|releas)\w*\b", text, re.I) else set()
    found |= set(re.findall(r"(?<![\w-])([A-Z][\w.+-]*[A-Z0-9][\w+-]*): (?:An? |The )", text))
    head, colon, _ = title.partition(":")
    if colon and len(head.split()) <= 4:
        found |= {word for word in _NAME.findall(head) if is_name(word) or len(head.split()) == 1}
    for match in _INTRODUCE.finditer(text):
        what = match["what"]
        direct = what[: stop.start()] if (stop := _OTHERS.search(what)) else what
        found |= {word for word in _NAME.findall(direct) if is_name(word)}
        if plain_name := re.match(r"\s+([A-Z][a-z]\w+)(?:,|\s\()", what):
            found.add(plain_name[1])
        if short := re.search(r"\(([A-Z][\w.+-]*[\w+])\)", what):
            found |= {short[1]} if is_name(short[1]) else set()
    return frozenset(word.lower().rstrip(".") for word in found)


def is_name(word: str) -> bool:
    """Tell whether a word is written like the name of a system."""
    bare = word.lower().rstrip(".")
    if bare in _GENERIC or bare.endswith(
        ("-based", "-style", "-like", "-aware", "-free", "-trained", "-tuned", "-level")
    ):
        return False
    return bool(_LIKE_A_NAME.search(word)) and len(word) > 2


def holds_name(words: str, names: Collection[str]) -> bool:
    """Tell whether one of the names, or a variant ("Name-Large"), is among words."""
    return any(
        (name != "it" and one == name) or (len(name) > 3 and one.startswith(name) and not one[len(name)].isalpha())
        or (len(name) > 3 and one.startswith(f"{name}s"))
        for one in (word.lower().rstrip(".") for word in _NAME.findall(words))
        for name in names
    )  # fmt: skip


def foreign_name(words: str, names: Collection[str]) -> bool:
    """Tell whether words name a system that is not among the authors' own."""
    return any(
        (is_name(word) or word.lower() in _SYSTEMS or word.lower() == "authors") and not holds_name(word, names)
        for word in _NAME.findall(words)
    )


def is_own(subject: str, names: Collection[str]) -> bool:
    """Tell whether a subject is the authors' own system.

    Args:
        subject: the words before a verb, from the beginning of its clause.
        names: what `names_of` found.
    """
    if _OTHER.search(" ".join(word for word in subject.split() if not holds_name(word, names))):
        return False
    if _OWN.search(subject) or holds_name(subject, names):
        return True
    return (
        "it" in names
        and re.fullmatch(r"\W*(?:\w+,?\s+){0,3}(?:it|they)\s*(?:also|even|further|thereby)?\s*", subject, re.I)
        is not None
    )
