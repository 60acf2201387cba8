"""The options of ``asr transcribe`` about how it recognises: engine, text, speakers, silence, decoding, machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asrcli.cli.commands.options import OFFLINE, THREADS
from asrcli.cli.groups import option


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Which engine, and what it is to do with the speech."""

    section: ClassVar[str] = "Engine and language"
    engine: str = option("auto", "--engine", "-e", help="ENGINE or ENGINE:MODEL; auto: the best with weights here.")
    model: str | None = option(None, "--model", "-m", help="Name, hub id, or folder of weights.")
    fast: bool = option(False, "--fast", help="The quickest with weights here; the same as --engine fast.")
    backend: str | None = option(None, help="Implementation, of an engine with several.")
    language: str | None = option(None, "--language", "-l", help="Code or name; default: identified.")
    languages: str | None = option(None, help="Find the language among these: de,en.")
    identify_with: str | None = option(None, help="Model that identifies the language: firered, firered:FOLDER.")
    task: str | None = option(None, help="transcribe, or translate into English.")
    translate: bool = option(False, "--translate", help="The same as --task translate.")
    ask: list[str] | None = option(None, help="Question about what was said; several: --ask ... --ask ...")
    prompt: str | None = option(None, "--prompt", "--initial-prompt", help="Text that came before.")
    hotwords: str | None = option(None, help="Words to expect, separated by commas.")


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """What the text of a result has."""

    section: ClassVar[str] = "Results"
    word_timestamps: bool | None = option(None, help="Times of words; default: as the format needs.")
    aligner: str | None = option(
        None, help="Aligner that times the words: NAME[:MODEL], or engine; default: the better one."
    )
    punctuate: bool = option(False, "--punctuate", help="Put punctuation into texts that have none.")
    punctuation_model: str | None = option(None, help="For --punctuate: firered, the default, or firered:FOLDER.")
    numbers: str = option("as-is", help="Write numbers as words or digits; as-is: as the engine does, the default.")
    script: str | None = option(None, help="Write Chinese as hans (simplified) or hant (traditional).")


@dataclass(frozen=True, kw_only=True)
class DiarizationOptions:
    """Who speaks."""

    section: ClassVar[str] = "Speakers"
    diarize: bool = option(False, "--diarize", help="Find who speaks: a speaker for every word.")
    diarize_model: str | None = option(None, help="campplus, or hub id or folder of a pyannote pipeline.")
    speakers: int | None = option(None, min=1, help="How many speakers there are.")
    min_speakers: int | None = option(None, min=1, help="Least number of speakers.")
    max_speakers: int | None = option(None, min=1, help="Greatest number of speakers.")
    voices: str | None = option(None, help="Name the speakers by this folder: a recording of each, NAME.wav.")
    same_speakers: bool = option(False, "--same-speakers", help="One person has one name in all recordings of the run.")
    rttm_in: str | None = option(None, help="Take the speakers from this RTTM file, or a folder of them.")


@dataclass(frozen=True, kw_only=True)
class SubtitleOptions:
    """How subtitles are shaped."""

    section: ClassVar[str] = "Subtitles"
    subs: str | None = option(None, help="Subtitle profile: default, netflix, bbc, ...")
    max_line_width: int | None = option(None, min=1, help="Characters in a line.")
    max_line_count: int | None = option(None, min=1, help="Lines in a cue.")
    max_words_per_line: int | None = option(None, min=1, help="Words in a line.")
    max_cps: float | None = option(None, help="Reading speed, characters a second.")
    min_duration: float | None = option(None, help="Shortest cue, seconds.")
    max_duration: float | None = option(None, help="Longest cue, seconds.")
    min_gap: float | None = option(None, help="Gap between cues, seconds.")
    highlight_words: bool | None = option(None, help="Mark each word as it is said.")


@dataclass(frozen=True, kw_only=True)
class SilenceOptions:
    """What counts as speech."""

    section: ClassVar[str] = "Silence"
    vad: bool = option(True, "--vad/--no-vad", "--vad-filter/--no-vad-filter", help="Leave silence out.")
    vad_model: str = option("silero", help="silero, firered, or firered:FOLDER; --vad firered means the same.")
    vad_threshold: float | None = option(None, min=0, max=1, help="Probability that is speech, 0 to 1.")
    vad_min_speech_duration_ms: int | None = option(None, min=0, help="Shorter speech is ignored.")
    vad_min_silence_duration_ms: int | None = option(None, min=0, help="Shorter silence does not part speech.")


@dataclass(frozen=True, kw_only=True)
class DecodingOptions:
    """How the engine decodes."""

    section: ClassVar[str] = "Decoding, as far as the engine can"
    language_model: str | None = option(None, help="ARPA or KenLM file of word n-grams, for CTC models.")
    beam_size: int | None = option(None, min=1, help="Hypotheses kept while decoding.")
    n_best: int | None = option(None, min=1, help="List this many readings of each segment, in JSON.")
    best_of: int | None = option(None, min=1, help="Samples per temperature above zero.")
    patience: float | None = option(None, help="Patience factor of beam search.")
    length_penalty: float | None = option(None, help="Exponent of the length.")
    repetition_penalty: float | None = option(None, help="Penalty on repeated tokens, above 1.")
    no_repeat_ngram_size: int | None = option(None, help="Never repeat this many tokens.")
    temperature: str | None = option(None, help="One, or several tried in order: 0,0.2,0.4.")
    temperature_increment_on_fallback: str | None = option(
        None, help="Step to higher temperatures, up to 1.0, when a result fails; None: no step."
    )
    compression_ratio_threshold: float | None = option(
        None, help="A result whose text compresses better than this fails."
    )
    logprob_threshold: float | None = option(None, help="A result with a lower mean log probability fails.")
    no_speech_threshold: float | None = option(
        None, help="Probability of no speech above which unsure text is dropped."
    )
    condition_on_previous_text: bool | None = option(None, help="Give each window the text before it as context.")
    carry_initial_prompt: bool | None = option(None, help="Give the prompt to every window.")
    hallucination_silence_threshold: float | None = option(None, help="Skip text in silences longer than this.")
    prepend_punctuations: str | None = option(None, help="Punctuation that belongs to the next word.")
    append_punctuations: str | None = option(None, help="Punctuation that belongs to the word before.")
    suppress_tokens: str | None = option(None, help="Token ids never to write; -1: the usual symbols.")
    max_new_tokens: int | None = option(None, min=1, help="Tokens per clip.")
    seed: int | None = option(None, min=0, max=2**32 - 2, help="Seed for sampling at temperatures above 0.")
    engine_option: list[str] | None = option(
        None, metavar="NAME=VALUE", help="Option of this engine alone; asr engines lists them."
    )
    chunk_length: float | None = option(
        None, "--chunk-length", "--chunk-size", help="Longest piece recognised at once, seconds; default: by engine."
    )
    batched: bool | None = option(None, help="Many clips at once (default), or in sequence.")
    batch_size: int | None = option(None, min=1, help="Greatest number of clips at once.")


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """Where the engine runs."""

    section: ClassVar[str] = "Machine"
    device: str = option("auto", help="auto, cpu, cuda, cuda:1, mps; several: cuda:0,cuda:1 or cuda:all.")
    device_index: int | None = option(None, help="Which GPU; the same as --device cuda:N.")
    compute_type: str = option("auto", "--compute-type", "--dtype", help="auto, int8, float16, ...")
    fp16: bool | None = option(None, help="The same as --compute-type float16.")
    threads: int = THREADS
    workers: int = option(0, min=0, help="Run the engine in this many processes; 0: in this one, on one device.")
    ray: str | None = option(None, help="Workers on a cluster of Ray: auto, HOST:PORT, or local to start one.")
    worker_timeout: float | None = option(None, help="Seconds for loading, and for a call; default: as it has been.")
    worker_memory: float | None = option(None, help="Gigabytes at which a worker is replaced; default: its share.")
    model_dir: str | None = option(None, help="Folder that downloaded models are kept in.")
    offline: bool = OFFLINE

    @property
    def place(self) -> str:
        """The device, or several."""
        return self.device if self.device_index is None else f"cuda:{self.device_index}"

    @property
    def dtype(self) -> str:
        """What numbers the engine computes with."""
        return "float16" if self.fp16 and self.compute_type == "auto" else self.compute_type
