"""Whose system a sentence is about: the names that the authors give, and what marks a subject as theirs."""

from __future__ import annotations

import re
from collections.abc import Collection

from asrcli.digest.statements.words import HEADS, KINDS, any_of

# Written like names, and never the name of one system.
_GENERIC = frozenset(
    "ASR ST AST S2ST S2TT SLT LLM LLMS SLM SLMS LALM LALMS LMM MLLM TTS CTC AED RNN RNN-T RNNT CNN LSTM VAD DNN HMM "
    "GMM SSL SLU NLU NLP NLI AVSR VSR WER CER DER EER RTF SNR GPU CPU NPU SOTA E2E AI ML DL RL KD LM LMS RAG OOD CoT "
    "GRPO SFT DPO LoRA PEFT MoE SE SV SD KWS MT NMT BCI EEG EMG MRI API UAV IoT ATC L2 MOS VC SVS DIARIZATION English "
    "Mandarin Chinese Whisper Wav2vec HuBERT WavLM Conformer Transformer Qwen Llama Canary Parakeet GPT BERT Mamba "
    "Zipformer Kaldi".lower().split()
)
_SYSTEMS = frozenset(
    "whisper wav2vec wav2vec2 hubert wavlm qwen llama canary parakeet gpt mamba kaldi owsm seamlessm4t".split()
)
_THINGS = "toolkit corpus dataset benchmark family series suite library codec speech recognition".split()
_NAME = re.compile(r"[A-Za-z][\w.+-]*[\w+]")
_LIKE_A_NAME = re.compile(r"[A-Z].*[A-Z]|[a-z][A-Z]|[A-Z]\w*\d|^[A-Z][\w.]*-[A-Z0-9]")
# Only the authors introduce what is theirs: what others released is not.
_INTRODUCE = re.compile(
    r"\b(?i:we|(?:this|our|the present)\s+(?:paper|work|report|study|article))\s+(?:\w+ly\s+|also\s+|further\s+|"
    r"then\s+|first\s+)?(?i:propose|present|introduce|develop|release|describe|design|build|built|open-source|call|"
    r"name|dub|term)(?:s|d|ed)?\b(?P<what>[^.;:]{0,200}(?:\.(?=\d)[^.;:]{0,60})?)"
)
_A_NAME = r"(?P<name>[A-Z][\w.+-]*\w|[a-z]+[A-Z][\w.+-]*|[a-z]+\d[\w.+-]*)"
_CALLED = re.compile(rf"\b(?:called|named|dubbed|termed|namely|coined),?\s+(?:the\s+)?{_A_NAME}")
_DIRECT = re.compile(
    rf"\s+(?:(?:an?|the|our|it|this (?:model|system|method|"
    rf"approach))\s+)?(?:{any_of([*KINDS, *HEADS, *_THINGS])}\s+){{0,4}}{_A_NAME}(?=\s*(?:$|[,(]|\s(?:and|as|which|"
    rf"that|to|for|using|with|based|in|on)\b|\s{any_of([*HEADS, *_THINGS])}|\s(?:an?|the)\s))"
)
_BESIDE = re.compile(rf"^[^,()]{{1,90}}(?:\s*\({_A_NAME}\)|,\s+{_A_NAME.replace('name>', 'other>')}(?:,|$))")
# A title that says so is about a system of anybody's.
_JUDGES = re.compile(
    r"\b(?:evaluat\w+|analy\w+|audit\w*|study|studies|studying|review\w*|survey\w*|revisit\w*|really|benchmarking|"
    r"critical\w*|replicat\w*|reproduc\w*|lessons|compar\w+|what|how|why|does|is|can|attack\w*|probing|understanding|"
    r"inside|investigat\w*|independent\w*)\b|\?",
    re.I,
)
# What follows these is what the new thing is made from, or for.
_OTHERS = re.compile(
    r"\b(?:that|which|using|with|for|based|built|derived|fine-?tuned|adapted|trained|to|by|from|on|in|of|over|"
    r"around|against|versus|between|comparing|\w+ing)\s"
)
_OWN = re.compile(
    r"\b(?:our|ours|we|(?:the|this|a) (?:newly |here )?(?:proposed|presented|resulting)|proposed|"
    r"this (?:\w+ )?(?:approach|method|model|system|framework|pipeline|architecture|recipe|strategy|technique)|"
    r"the (?:final |full |complete |overall |submitted |end-to-end |adapted |fine-?tuned |finetuned |distilled |"
    r"quanti[sz]ed )*(?:approach|method|model|system|framework|pipeline|architecture))\b",
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

    A name stands before the colon of the title, or directly after "we propose", "called" and the like. The word "it"
    is among them when the abstract introduces something that it can mean.
    """
    found: set[str] = set()
    for match in _INTRODUCE.finditer(text):
        found.add("it")
        what = match["what"]
        direct = what[: stop.start()] if (stop := _OTHERS.search(what)) else what
        for pattern in (_DIRECT.match(what), _CALLED.search(what), _BESIDE.match(direct)):
            if pattern:
                found |= {word for word in pattern.groupdict().values() if word and is_own_name(word)}
    head, _, rest = title.partition(":")
    alone = found <= {"it"} and len(head.split()) == 1 and is_own_name(head) and not _JUDGES.search(rest)
    if alone and (found or re.search(rf"\b{re.escape(head)},? (?:is an?|is our|our|the first)\b", text)):
        found |= {head, "it"}
    return frozenset(word if word == "it" else word.lower().rstrip(".") for word in found)


def introduces(sentence: str) -> bool:
    """Tell whether a sentence introduces a system: "We propose a streaming recogniser ..."."""
    made = rf"\s+(?:an?|the|our)?\s*(?:(?!(?:of|on|for|with|in|to|by|from|and)\b)[\w-]+,?\s+){{0,6}}{any_of(HEADS)}"
    return any(re.match(made, found["what"]) for found in _INTRODUCE.finditer(sentence))


def is_own_name(word: str) -> bool:
    """Tell whether what was introduced is a name, even one that is a word of the language ("Kestrel")."""
    return is_name(word) or (word.istitle() and len(word) > 2 and word.lower() not in _GENERIC)


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
    """Tell whether a subject, the words of a clause before its verb, is the authors' own system."""
    if _OTHER.search(" ".join(word for word in subject.split() if not holds_name(word, names))):
        return False
    if _OWN.search(subject) or holds_name(subject, names):
        return True
    return (
        "it" in names
        and re.fullmatch(r"\W*(?:\w+,?\s+){0,3}(?:it|they)\s*(?:also|even|further|thereby)?\s*", subject, re.I)
        is not None
    )
