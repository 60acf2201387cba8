"""Recognise again what was recognised without text, or with far too little of it.

Recognisers end early: Whisper closes a window after one sentence and says nothing of the speech behind it. Text for
each second of detected speech tells it. Such a stretch is cut into shorter clips and recognised once more, and what of
it still lacks text in shorter ones yet; what stays without text is a gap, or a segment flagged as too slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from asrcli.audio.cut import CutOptions, cut
from asrcli.base.join import is_unspaced
from asrcli.errors import EngineUnavailable
from asrcli.pipeline.assembly import settle, short_in_a_row
from asrcli.pipeline.flags import gaps, merge
from asrcli.pipeline.parts import parted, without_repeats
from asrcli.text.normalisers import FILLERS
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Region, Segment

if TYPE_CHECKING:
    from asrcli.engines.recogniser import Recogniser
    from asrcli.types import Samples

    Recognise = Callable[[Sequence[Clip]], Sequence[Sequence[Segment]]]  # settled; () where a clip failed

# Letters a second of detected speech, over at least so many seconds. People who read or talk say 10 to 18, the slowest
# of the real recordings at hand 6; below 4 there is speech without text, below 7 there may be.
SLOWEST = 4.0
SLOW = 7.0
LEAST_SPEECH = 4.0
# And so few letters a second are none over less speech: a lone "So" for a sentence of three seconds.
NEXT_TO_NONE, LESS_SPEECH = 2.0, 2.5
MORE = 1.3  # times as many letters, for a second pass to take the place of a text
SYLLABLE = 2.5  # letters that a character of a script without spaces is worth
DIGIT = 4.0  # letters that a digit is worth
LEAST_GAP = 1.0  # seconds of speech that no segment covers, in one region or in a row of short ones
TARGETS = (15.0, 5.0)  # seconds of a clip of the second pass: an engine that ends early has less to leave out
# Seconds of speech in a slow text of which a second pass makes no text either: words are lost there.
UNCONFIRMED = 2.0
# Short words by themselves are hard to recognise: of 120 spoken digits Whisper tiny.en writes nothing for three. With
# silence around them and at an ordinary level it recognises all three; what it writes then may be flagged as doubtful.
# Of six hesitations between sentences it writes three with the sound around them, and all six with silence.
ONE_WORD = 2.0  # seconds of detected speech, pads included
SET_OFF = 0.5  # seconds of silence on each side
PEAK = 0.7
# What is recognised in a second pass, or where voice activity found no speech, counts only when the engine has next to
# no doubt: a gap says more than words that nobody said.
SURE = 0.6  # score of a segment
SPEAKS = 0.3  # Whisper's probability of no speech
HESITATIONS = FILLERS - {"oh"}  # no words that "no" and others are taken for
BESIDE = 1.0  # seconds from a sentence to a hesitation that is part of it
# A second pass counts only when nothing is wrong with it.
DOUBTS = frozenset({Flag.REPEAT_LOOP, Flag.LOW_CONFIDENCE, Flag.NO_SPEECH, Flag.PROMPT_ECHO, Flag.TRUNCATED})


def recognise_again(
    clip: Clip, segments: Sequence[Segment], options: CutOptions, recognise: Recognise
) -> tuple[Segment, ...]:
    """Return the segments of a clip, with those of a second pass where the first lacks text.

    Args:
        clip: with its speech.
        segments: settled, on the recording's clock.
        options: how the recording was cut.
        recognise: recognises clips and settles what it finds.
    """
    if not segments and is_short(clip):
        return recognise_alone(clip, recognise)
    kept = [part for one in segments for part in parted(one, clip.speech)]
    pieces: list[Clip] = []
    hesitations: list[Region] = []

    def noted(own: Sequence[Clip]) -> Sequence[Sequence[Segment]]:
        """Recognise clips, and note which they were."""
        pieces.extend(own)
        return recognise(own)

    for stretch, old in stretches(clip, kept):
        pieces.clear()
        new = _in_pieces(clip, stretch, [old] if old else [], (options, noted), TARGETS)
        if old is None:
            new = without_repeats(new, kept, stretch)
            new = [_within(one, stretch) for one in new] if stretch.seconds <= ONE_WORD else new
        if kept and old is None and new and all(map(_hesitates, new)):
            hesitations.append(stretch)
            continue
        if letters(new) > (MORE * letters([old]) if old else 0):
            under = merge(Region(one.start, one.end) for one in new)  # what none covers is a gap, no fault of these
            if lacks_text(new, [part for one in under for part in _within_speech(clip.speech, one)]):
                new = [_flagged(one) for one in new]  # each may be too short to be judged alone
            kept = [one for one in kept if one is not old] + new
        elif old and pieces and gaps(_within_speech(clip.speech, stretch), new, UNCONFIRMED):
            kept = [_flagged(one) if one is old else one for one in kept]
    kept = [doubted_if_slow(one, clip.speech) for one in kept]
    for stretch in hesitations:
        kept = _lasting(kept, stretch)
    return tuple(sorted(kept, key=lambda one: (one.start, one.end)))


def is_short(clip: Clip) -> bool:
    """Return whether a clip holds no more speech than a word or two."""
    return sum(one.seconds for one in clip.speech) <= ONE_WORD


def recognise_alone(clip: Clip, recognise: Recognise) -> tuple[Segment, ...]:
    """Return what is recognised of a clip that had no text with silence around it, doubtful or not."""
    doubts = DOUBTS - {Flag.LOW_CONFIDENCE}
    found = [one for own in recognise([_set_off(clip)]) for one in own if doubts.isdisjoint(one.flags)]
    return tuple(_within(one, clip) for one in found)


def _set_off(clip: Clip) -> Clip:
    """Return a clip at an ordinary level, with silence on both sides."""
    import numpy as np

    silence = np.zeros(round(SET_OFF * SAMPLE_RATE), np.float32)
    loud = _raised(clip.samples, clip.samples)
    return replace(clip, start=clip.start - SET_OFF, samples=np.concatenate([silence, loud, silence]))


def _raised(samples: Samples, wanted: Samples) -> Samples:
    """Return samples with those that are wanted at an ordinary level; what is louder beside them is cut off."""
    import numpy as np

    peak = float(np.abs(wanted).max(initial=0.0))
    raised: Samples = np.clip(samples * np.float32(PEAK / max(peak, 1e-6)), -1, 1)
    return raised


def _within(segment: Segment, place: Clip | Region) -> Segment:
    """Return a segment whose times lie in a clip or stretch: those of one that is set off may not."""
    start, end = (min(max(time, place.start), place.end) for time in (segment.start, segment.end))
    words = tuple(
        replace(one, start=min(max(one.start, start), end), end=min(max(one.end, start), end)) for one in segment.words
    )
    return replace(segment, start=start, end=end, words=words)


def _in_pieces(
    clip: Clip, stretch: Region, known: Sequence[Segment], how: tuple[CutOptions, Recognise], targets: Sequence[float]
) -> list[Segment]:
    """Return what is recognised of a stretch in pieces, and of pieces that lack text in shorter ones.

    Args:
        clip: with its speech.
        stretch: of it.
        known: what was recognised there before.
        how: how the recording was cut, and what recognises clips.
        targets: seconds of the pieces, and of the pieces of those.
    """
    if not targets:
        return []
    options, recognise = how
    pieces = _pieces(clip, stretch, options, targets[0])
    if not pieces:
        lacking = lacks_text(known, _within_speech(clip.speech, stretch), SLOW)
        return _in_pieces(clip, stretch, known, how, targets[1:]) if lacking else []
    new: list[Segment] = []
    for piece, found in zip(pieces, recognise(pieces), strict=True):
        own = [counted for one in found if (counted := _counted(one)) is not None]
        # Where nothing was heard, shorter pieces gave nothing either (docs/experiments.md).
        if own and lacks_text(own, piece.speech, SLOW):
            closer = _in_pieces(piece, Region(piece.start, piece.end), own, how, targets[1:])
            own = closer if letters(closer) > MORE * letters(own) else own
        new += own
    return new


def _hesitates(segment: Segment) -> bool:
    return segment.text.strip(".,…!?").casefold() in HESITATIONS


def _lasting(segments: Sequence[Segment], hesitation: Region) -> list[Segment]:
    """Return segments of which the one beside a hesitation lasts through it: engines are taught to leave it out."""
    distances = [max(one.start - hesitation.end, hesitation.start - one.end) for one in segments]
    beside = distances.index(min(distances))
    if distances[beside] > BESIDE:
        return list(segments)
    one = segments[beside]
    longer = replace(one, start=min(one.start, hesitation.start), end=max(one.end, hesitation.end))
    return [*segments[:beside], longer, *segments[beside + 1 :]]


def _counted(segment: Segment) -> Segment | None:
    """Return a segment of a second pass that counts; of a hesitation alone the only doubt is how to write it."""
    if _hesitates(segment) and {Flag.LOW_CONFIDENCE}.issuperset(segment.flags):
        return replace(segment, flags=())
    sure = segment.score is None or segment.score >= SURE
    return segment if sure and DOUBTS.isdisjoint(segment.flags) else None


def _within_speech(speech: Sequence[Region], stretch: Region | Segment) -> list[Region]:
    """Return the speech in a stretch."""
    return [
        Region(max(one.start, stretch.start), min(one.end, stretch.end))
        for one in speech
        if one.end > stretch.start and one.start < stretch.end
    ]


def lacks_text(
    segments: Sequence[Segment], speech: Sequence[Region], rate: float = SLOWEST, least_speech: float = LEAST_SPEECH
) -> bool:
    """Return whether segments have too little text, in letters a second, for all this speech."""
    spoken = sum(one.seconds for one in speech)
    return spoken >= least_speech and letters(segments) < rate * spoken


def _flagged(segment: Segment) -> Segment:
    return replace(segment, flags=tuple(dict.fromkeys((*segment.flags, Flag.RATE_ANOMALY.value))))


def second_pass(recogniser: Recogniser, options: Options) -> Recognise:
    """Return what recognises clips again and settles what it finds.

    Nothing is sampled unless that was asked for: what would have to be would be doubtful, and not count.
    """
    if not options.temperature and "temperature" in recogniser.choice.engine.supports:
        options = replace(options, temperature=(0.0,))

    def recognise(pieces: Sequence[Clip]) -> list[Sequence[Segment]]:
        """Return the settled segments of each clip; none where the engine failed."""
        try:
            found = recogniser.transcribe(pieces, options)
        except EngineUnavailable:
            return [()] * len(pieces)  # what was recognised first stands; the next batch will tell
        return [
            () if isinstance(one, Exception) else settle(piece, one, options, piece.speech)
            for piece, one in zip(pieces, found, strict=True)
        ]

    return recognise


def only_trusted(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments of a clip without detected speech that are said all the same; all are flagged `no_speech`."""
    doubts = DOUBTS - {Flag.NO_SPEECH}
    return tuple(
        one
        for one in segments
        if doubts.isdisjoint(one.flags)
        and (one.score is None or one.score >= SURE)
        and (one.avg_logprob is None or one.avg_logprob >= log(SURE))
        and (one.no_speech_prob is None or one.no_speech_prob <= SPEAKS)
    )


def stretches(clip: Clip, segments: Sequence[Segment]) -> list[tuple[Region, Segment | None]]:
    """Return where speech has no text, and the segments that have too little for the speech in them."""
    found: list[tuple[Region, Segment | None]] = [
        (Region(one.start, one.end), one) for one in segments if is_slow(one, clip.speech, SLOW)
    ]
    bare: list[Region] = []
    for gap in merge([*gaps(clip.speech, segments, LEAST_GAP), *short_in_a_row(clip.speech, segments)]):
        between = any(bare[-1].end <= one.start < gap.start for one in segments) if bare else True
        if between:
            bare.append(gap)
        else:
            bare[-1] = Region(bare[-1].start, gap.end)
    # Where the engine doubts that somebody speaks, nothing longer than a hesitation ever counted (docs/experiments.md).
    doubted = any((one.no_speech_prob or 0.0) > SPEAKS for one in segments)
    return [*found, *((one, None) for one in bare if not doubted or one.seconds <= ONE_WORD)]


def doubted_if_slow(segment: Segment, speech: Sequence[Region]) -> Segment:
    """Return a segment, flagged where words are missing in it whatever is said: too little text for its speech."""
    slow = is_slow(segment, speech) or is_slow(segment, speech, NEXT_TO_NONE, LESS_SPEECH)
    return _flagged(segment) if slow else segment


def is_slow(segment: Segment, speech: Sequence[Region], *limits: float) -> bool:
    """Return whether a segment has too little text for the speech detected in it, by the limits of `lacks_text`."""
    return lacks_text([segment], _within_speech(speech, segment), *limits)


def letters(segments: Sequence[Segment]) -> float:
    """Return how many letters there are; digits and the characters of scripts without spaces count for more."""
    return sum(_worth(char) for one in segments for char in one.text if char.isalnum())


def _worth(char: str) -> float:
    if char.isdigit():
        return DIGIT
    return SYLLABLE if is_unspaced(char) or "\uac00" <= char <= "\ud7a3" else 1.0


def _pieces(clip: Clip, stretch: Region, options: CutOptions, target: float) -> list[Clip]:
    """Return the stretch cut into short clips, or set off; none where that would be the same clip once more."""
    start = max(0, round((stretch.start - options.pad - clip.start) * SAMPLE_RATE))
    end = round((stretch.end + options.pad - clip.start) * SAMPLE_RATE)
    inside = slice(*(max(0, round((time - clip.start) * SAMPLE_RATE)) for time in (stretch.start, stretch.end)))
    if stretch.seconds <= ONE_WORD:
        alone = replace(clip, start=stretch.start, samples=clip.samples[inside], speech=(stretch,), again=True)
        return [_set_off(alone)]
    samples = _raised(clip.samples[start:end], clip.samples[inside])
    recording = replace(clip.recording, start=clip.start + start / SAMPLE_RATE)
    shorter = replace(options, target=min(target, options.max_seconds, options.target or target))
    pieces = [
        Clip(clip.recording, one.start, one.samples, one.speech, clip.language, again=True)
        for one in cut([samples], recording, shorter)
    ]
    same = len(pieces) == 1 and len(pieces[0].samples) > len(clip.samples) - SAMPLE_RATE / 2
    return [] if same else pieces
